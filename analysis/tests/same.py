#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the package read traces as the tool does?

usage: same.py TOOL TRACE...            each event type as `osinstr csv`, health as `osinstr validate`
       same.py TOOL --damage COUNT SEED TRACE...   the same of so many damaged copies
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import osinstr  # noqa: E402
from osinstr.frame import csv_lines  # noqa: E402

failures = 0


def tool(*args):
    return subprocess.run([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def result(what, differences):
    global failures
    failures += bool(differences)
    print(f"{'not ok' if differences else 'ok'} - {what}")
    for line in differences[:6]:
        print(f"# {line}")


def first_difference(expected, got):
    for a, b in zip(expected.splitlines() + ["(end)"], got.splitlines() + ["(end)"]):
        if a != b:
            return f"expected {a!r}, got {b!r}"
    return "one is longer"


def csv_differences(trace):
    differences, events = [], 0
    for kind in trace.types:
        if kind.known:
            expected = tool("csv", "--event", kind.name, trace.path).stdout
            got = "".join(csv_lines(trace, kind.name))
            events += expected.count("\n") - 1
            if got != expected:
                differences.append(f"{kind.name}: {first_difference(expected, got)}")
    return differences, events


def health_differences(path):
    """The words of `validate`; of a trace that cannot be read at all, the reason."""
    done = tool("validate", path)
    try:
        got = osinstr.open(path).health.text(path)
    except osinstr.TraceError as error:
        got = f"osinstr validate: {error}\n"
    expected = done.stdout if done.returncode < 2 else done.stderr
    return [] if got == expected else [first_difference(expected, got)]


def sound(path):
    name = os.path.basename(path)
    trace = osinstr.open(path)
    differences, events = csv_differences(trace)
    result(f"{name}: {events} events of {len(trace.types)} types are those of osinstr csv", differences)
    result(f"{name}: health is that of osinstr validate", health_differences(path))


def flip(data, rng):
    if data:
        data[rng.randrange(min(len(data), rng.choice([64, 512, 1 << 20])))] ^= 1 << rng.randrange(8)
    return data


def cut(data, rng):
    return data[:rng.randrange(len(data) + 1)]


def lose(data, rng):
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(300):]


def repeat(data, rng):
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[max(at - rng.randrange(900), 0):]


def spoil(folder, rng):
    for _ in range(rng.choice([1, 1, 2, 4])):
        name = os.path.join(folder, rng.choice(sorted(os.listdir(folder)) or ["meta"]))
        if not os.path.exists(name):
            continue
        if rng.random() < 0.06:
            os.unlink(name)
            continue
        with open(name, "rb") as file:
            data = bytearray(file.read())
        with open(name, "wb") as file:
            file.write(rng.choice([flip, flip, flip, cut, cut, lose, repeat])(data, rng))


def damaged(paths, count, seed):
    rng, differences, readable = random.Random(seed), [], 0
    with tempfile.TemporaryDirectory() as work:
        for n in range(count):
            copy = os.path.join(work, "copy")
            os.mkdir(copy)
            source = rng.choice(paths)
            for name in os.listdir(source):
                if name == "meta" or name.startswith("cpu"):
                    shutil.copy(os.path.join(source, name), copy)
            spoil(copy, rng)
            wrong = health_differences(copy)
            if not wrong and n % 3 == 0 and tool("validate", "--quiet", copy).returncode < 2:
                readable += 1
                wrong = csv_differences(osinstr.open(copy))[0]
            differences += [f"copy {n} of {os.path.basename(source)}: {line}" for line in wrong]
            shutil.rmtree(copy)
    result(f"{count} damaged copies: health is that of osinstr validate, and of {readable} each event", differences)


TOOL = sys.argv[1]
if sys.argv[2] == "--damage":
    damaged(sys.argv[5:], int(sys.argv[3]), int(sys.argv[4]))
else:
    for folder in sys.argv[2:]:
        sound(folder)
sys.exit(failures > 0)
