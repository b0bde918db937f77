# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs no guest: checksums, columns, tests of significance, profiles, comparisons, refusals."""
import gzip
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
ANALYSIS = os.path.dirname(HERE)
GOLDEN = os.path.join(os.path.dirname(ANALYSIS), "tests", "golden")
sys.path.insert(0, ANALYSIS)
import osinstr  # noqa: E402
from osinstr import columns, crc, predict, stats  # noqa: E402
from osinstr.comparison import compare  # noqa: E402
from osinstr.errors import Malformed  # noqa: E402


# ---- checksums ----

def test_crc_of_the_specification():
    assert crc.crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("longest", [3, 60, 511, 513, 30000])
def test_crcs_of_many_are_those_of_each(longest):
    rng = np.random.default_rng(longest)
    messages = [rng.bytes(int(n)) for n in rng.integers(0, longest + 1, 20)]

    def slowly(data):
        register = crc.ALL
        for byte in data:
            register = crc._TABLE[(register ^ byte) & 255] ^ register >> 8
        return register ^ crc.ALL
    assert crc.crc32c_many(messages) == [slowly(message) for message in messages]


# ---- columns ----

def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def packed(values, width, base):
    bits = sum((value - base & (1 << width) - 1) << i * width for i, value in enumerate(values))
    size = (len(values) * width + 7) // 8
    exceptions, at = [], 0
    for i, value in enumerate(values):
        high = value - base >> width
        if high:
            exceptions.append(varint(i - at) + varint(high))
            at = i + 1
    return varint(base) + bytes([width]) + varint(len(exceptions)) + bits.to_bytes(size, "little") + b"".join(exceptions)


def dictionary(values, base, width):
    table = sorted(set(values))
    steps = [varint(b - a) for a, b in zip([base, *table], table)]
    bits = sum(table.index(value) << i * width for i, value in enumerate(values))
    size = (len(values) * width + 7) // 8
    return varint(base) + varint(len(table)) + b"".join(steps) + bytes([width]) + bits.to_bytes(size, "little")


def decode(bodies, counts):
    """Columns of several blocks: (encoding, body) each."""
    data = b"".join(body for _, body in bodies)
    ends = np.cumsum([len(body) for _, body in bodies])
    starts = ends - [len(body) for _, body in bodies]
    n = np.array(counts, np.int64)
    buffer = np.frombuffer(data + bytes(64), np.uint8)
    out = np.full(n.sum(), 99, np.uint64)
    parts = columns.Columns(np.array([e for e, _ in bodies], np.uint8), starts, ends, np.cumsum(n) - n, n)
    columns.decode(buffer, parts.read(buffer), out)
    return out.tolist()


@pytest.mark.parametrize("width", range(0, 65))
def test_packed_columns_of_every_width(width):
    rng = np.random.default_rng(width)
    bodies, expected, counts = [], [], []
    for n in (1, 7, 8, 9, 100):
        values = [3 + int.from_bytes(rng.bytes(8), "little") % (1 << width) for _ in range(n)]
        if 0 < width < 60:
            values[n // 2] += 5 << width
        values = [value & (1 << 64) - 1 if width == 64 else value for value in values]
        base = 0 if width == 64 else 3
        bodies.append((columns.PACKED, packed(values, width, base)))
        expected += values
        counts.append(n)
    assert decode(bodies, counts) == expected


def test_varint_columns_of_every_length():
    values = [1 << bit for bit in range(64)] + [0, (1 << 64) - 1]
    body = varint(0) + b"".join(varint(value) for value in values)
    assert decode([(columns.VARINT, body), (columns.VARINT, varint(7) + varint(1))], [66, 1]) == values + [8]


@pytest.mark.parametrize("width", range(0, 9))
def test_dictionaries(width):
    rng = np.random.default_rng(width)
    table = np.unique(rng.integers(10, 1 << 40, 1 << width)).tolist()
    values = [table[i % len(table)] for i in range(300)]
    bodies = [(columns.DICTIONARY, dictionary(values, 10, width)), (columns.DICTIONARY, dictionary([5] * 9, 5, width))]
    assert decode(bodies, [300, 9]) == values + [5] * 9


@pytest.mark.parametrize("encoding, body, n", [
    (columns.PACKED, b"\0\x41\0" + bytes(90), 8), (columns.PACKED, b"\0\x08\0\1", 2), (columns.PACKED, b"\0\0\1\5\1", 2),
    (columns.PACKED, b"\0\0\0\0", 2), (columns.VARINT, b"\0\1\x81", 2), (columns.VARINT, b"\0\1\2\3", 2),
    (columns.VARINT, b"\0" + b"\xff" * 9 + b"\2", 1), (columns.DICTIONARY, b"\0\1\0\1\xff", 8),
    (columns.DICTIONARY, b"\0\0\0", 1), (columns.DICTIONARY, b"\0\1\0\x09\0", 1), (columns.PACKED, b"", 1)])
def test_columns_that_make_no_sense(encoding, body, n):
    with pytest.raises(Malformed):
        decode([(encoding, body)], [n])


def test_keyed_against_the_definition():
    rng = np.random.default_rng(1)
    for keys_up_to, share in ((4, 0.01), (40, 0.3), (5000, 0.9)):
        counts = np.array([1, 50, 700])
        starts = np.cumsum(counts) - counts
        keys = rng.integers(0, keys_up_to, counts.sum()).astype(np.uint64)
        steps = np.where(rng.random(counts.sum()) < share, rng.integers(0, 1 << 63, counts.sum()), 0).astype(np.uint64)
        steps[starts] = 0
        firsts = np.array([7, 8, 9], np.uint64)
        expected = []
        for block in range(3):
            slots = {}
            for i in range(starts[block], starts[block] + counts[block]):
                key = int(keys[i])
                slot = (key ^ key >> 10 ^ key >> 20) & 1023
                slots[slot] = (slots.get(slot, int(firsts[block])) + int(steps[i])) % (1 << 64)
                expected.append(slots[slot])
        changes = np.flatnonzero(steps)
        out = np.empty(counts.sum(), np.uint64)
        predict.undo_keyed(out, changes, steps[changes], firsts, keys, predict.Layout(starts, counts))
        assert out.tolist() == expected


# ---- significance: figures of scipy 1.10 ----

def test_welch():
    assert stats.welch([1, 2, 3, 4], [2, 4, 6, 9]).p == pytest.approx(0.16470208, abs=1e-7)
    assert stats.student_p(2.0, 10) == pytest.approx(0.07338803, abs=1e-7)
    assert stats.welch([5, 5], [5, 5]).p == 1 and stats.welch([5, 5], [6, 6]).p == 0


def test_mann_whitney():
    a, b = np.array([1.0, 2, 2, 3, 5]), np.array([2.0, 4, 4, 6, 7, 8])
    assert stats.mann_whitney(a, b).p == pytest.approx(0.07934368, abs=1e-7)
    doubled = stats.mann_whitney(a, b, np.full(5, 2.0), np.full(6, 2.0))
    assert doubled.p == pytest.approx(stats.mann_whitney(np.repeat(a, 2), np.repeat(b, 2)).p)
    assert stats.mann_whitney(a, a).effect == 0.5


def test_adjusted():
    assert stats.adjusted([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, 0.04, 0.04]


# ---- other files of a run ----

def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def test_profile(tmp_path):
    def sample(path, self_of, calls):
        where = message(1, b"".join(varint(place) for place in path)) if path else b""
        return message(2, where + message(2, varint(self_of) + varint(calls)))
    names = ["", "task", "f", "g", "mod"]
    data = sample([], 3, 0) + sample([2, 1], 10, 1) + sample([3, 2, 1], 5, 2) + sample([2, 3, 2, 1], 7, 1)
    data += message(3, b"\x08\x01\x28\x04")
    for number in (1, 2, 3):
        data += message(4, varint(8) + varint(number) + b"\x10\x01\x18" + varint(number * 1000) + message(4, b"\x08" + varint(number)))
        data += message(5, varint(8) + varint(number) + b"\x18" + varint(number))
    data += b"".join(message(6, name.encode()) for name in names)
    with gzip.open(tmp_path / "profile.pb.gz", "wb") as file:
        file.write(data)
    tree = osinstr.profile(tmp_path)
    assert tree.total.tolist()[0] == 25 and [tree.name(n) for n in tree.hottest_path()] == ["task", "f", "g", "f"]
    rows = {row.name: (row.self, row.total, row.calls, row.module) for row in tree.by_function().itertuples()}
    assert rows == {"task": (0, 22, 0, "mod"), "f": (17, 22, 2, "mod"), "g": (5, 12, 2, "mod")}


@pytest.mark.parametrize("name, content, load", [
    ("profile.pb.gz", b"nonsense", osinstr.profile), ("profile.pb.gz", gzip.compress(b"nonsense"), osinstr.profile),
    ("summary.json", b"{", osinstr.summary), ("summary.json", b"[]", osinstr.summary),
    ("histograms.csv", b"a,b\n1,2\n", osinstr.histograms), ("blocks.csv", b"", osinstr.blocks),
    ("other", b"", osinstr.open), ("meta", b"", osinstr.open), ("summary.json", b"{}", osinstr.heatmap)])
def test_refusals(tmp_path, name, content, load):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(osinstr.TraceError) as error:
        load(tmp_path)
    assert "\n" not in str(error.value)


def test_a_newer_major_version_is_refused(tmp_path):
    shutil.copytree(os.path.join(GOLDEN, "trace-1.0"), tmp_path / "newer")
    data = bytearray((tmp_path / "newer" / "meta").read_bytes())
    data[8] = 2
    data[20:24] = crc.crc32c(bytes(data[:20])).to_bytes(4, "little")
    (tmp_path / "newer" / "meta").write_bytes(data)
    with pytest.raises(osinstr.TraceError, match="format 2.0"):
        osinstr.open(tmp_path / "newer")


def test_times_and_columns_can_be_chosen():
    trace = osinstr.open(os.path.join(GOLDEN, "trace-1.0"))
    whole = trace.events("sched_switch")
    times = whole["ts_ns"]
    part = trace.events("sched_switch", ["next_pid", "ts_ns"], start=int(times[10]), stop=int(times[20]))
    expected = whole[(times >= times[10]) & (times <= times[20])].reset_index(drop=True)[["next_pid", "ts_ns"]]
    assert part.astype("uint64").equals(expected.astype("uint64"))
    for wrong in (lambda: trace.events("nothing"), lambda: trace.events("sched_switch", ["nothing"])):
        with pytest.raises(osinstr.TraceError):
            wrong()


# ---- comparing ----

def hotpath(path, **functions):
    os.makedirs(path)
    rows = [{"function": name, "module": "[kernel]", "self": value} for name, value in functions.items()]
    with open(os.path.join(path, "summary.json"), "w") as file:
        json.dump({"report": "hotpath", "unit": "ns", "functions": rows}, file)
    return str(path)


def irq(path, values):
    os.makedirs(path)
    with open(os.path.join(path, "summary.json"), "w") as file:
        json.dump({"report": "irq-latency", "unit": "ns"}, file)
    with open(os.path.join(path, "histograms.csv"), "w") as file:
        file.write("tag,low_ns,high_ns,count\n")
        for value in sorted(set(values)):
            file.write(f"handler.irq1.x.cpu_all,{value},{value},{values.count(value)}\n")
    return str(path)


def test_a_slower_function_is_found_among_several_runs(tmp_path):
    rng = np.random.default_rng(3)

    def runs(name, slow):
        return [hotpath(tmp_path / f"{name}{i}", slow=slow + int(rng.normal(0, 20)),
                        **{f"f{n}": 1000 + int(rng.normal(0, 20)) for n in range(20)}) for i in range(4)]
    found = compare(runs("a", 1000), runs("b", 1200))
    assert [row.name for row in found.rows if row.significant] == ["slow [kernel]"]
    assert found.rows[0].name == "slow [kernel]" and found.rows[0].test == "welch"
    assert not any(row.significant for row in compare(found.runs_a, found.runs_a).rows)


def test_slower_interrupts_are_found_in_one_run(tmp_path):
    rng = np.random.default_rng(4)
    a = irq(tmp_path / "a", rng.integers(100, 200, 500).tolist())
    b = irq(tmp_path / "b", rng.integers(110, 210, 500).tolist())
    row = compare([a], [b]).rows[0]
    assert row.significant and row.test == "mann-whitney" and row.effect > 0.5
    row = compare([a], [a]).rows[0]
    assert not row.significant and row.difference == 0 and row.p > 0.9


def test_one_run_of_counts_has_no_p(tmp_path):
    found = compare([hotpath(tmp_path / "a", f=1)], [hotpath(tmp_path / "b", f=2)])
    assert found.rows[0].p is None and found.rows[0].difference == 1 and "no p" in found.notes[0]


def script(name, *args):
    return subprocess.run([os.path.join(ANALYSIS, name), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_script_compare(tmp_path):
    a, b = hotpath(tmp_path / "a", f=1, g=5), hotpath(tmp_path / "b", f=2, g=5)
    done = script("compare", a, b)
    assert done.returncode == 0 and "+100.0%" in done.stdout and not done.stderr
    rows = json.loads(script("compare", "--json", a, "versus", b).stdout)["rows"]
    assert [(row["name"], row["difference"]) for row in rows] == [("f [kernel]", 1.0), ("g [kernel]", 0.0)]
    assert script("compare", "--csv", a, b).stdout.splitlines()[1].startswith("instructions of functions,f [kernel],count,1.0,2.0")
    for wrong in ((a,), (a, b, b), (a, "versus"), ("versus", a), (a, str(tmp_path)), (a, irq(tmp_path / "c", [1]))):
        done = script("compare", *wrong)
        assert done.returncode == 2 and not done.stdout and done.stderr.count("\n") == 1, wrong
    assert script("compare", "--help").returncode == 0


def test_the_script_export_csv(tmp_path):
    done = script("export-csv", "-o", str(tmp_path / "out"), os.path.join(GOLDEN, "trace-1.0"))
    assert done.returncode == 0 and not done.stderr
    assert sorted(os.listdir(tmp_path / "out")) == ["irq_entry.csv", "sched_switch.csv", "tick.csv"]
    for wrong in ((str(tmp_path),), ("-e", "nothing", os.path.join(GOLDEN, "trace-1.0"))):
        done = script("export-csv", *wrong)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert script("export-csv", "--help").returncode == 0
