#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What heatmap says, against other witnesses.

usage: check.py log DIR ELF NM LOG TIME      all cells, against a log of every instruction's address; TIME: of one
       check.py phases DIR                   the guest tests/guests/phases.c: how much each function has, and in which order
       check.py total DIR COUNT [SHARE]      the cells' sum is COUNT, or at most SHARE of it away
       check.py vcpus DIR FILE SHARE         the same for each vCPU; FILE: "vcpu N COUNT" lines
       check.py columns DIR FILE             the sums of columns, against FILE: "TIME COUNT" lines
       check.py blocks DIR BLOCKS.CSV        the rows' sums, against hotpath's blocks by function
       check.py numpy DIR                    NumPy maps the array, and it has what the table has
       check.py again DIR OTHER              another run of the same is the same; see there
       check.py like DIR OTHER               another run of wider buckets has the same, joined
"""
import csv
import json
import os
import re
import subprocess
import sys
from array import array
from bisect import bisect_right
from collections import Counter

wrong = 0


def expect(what, found, wanted):
    global wrong
    if found != wanted:
        wrong += 1
        if wrong <= 10:
            print(f"# {what}: {found}, not {wanted}")


def summary_of(directory):
    with open(f"{directory}/summary.json", encoding="utf-8") as file:
        return json.load(file)


def width_of(directory):
    summary = summary_of(directory)
    return summary["bucket_" + summary["unit"]]


def read_cells(directory, idle=False):
    """{(time, vcpu, row): value}"""
    cells = {}
    with open(f"{directory}/heatmap.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if idle or row["row"] != "[idle]":
                key = int(row["t_ns"]), int(row["vcpu"]), row["row"]
                expect(f"{key} twice", key in cells, False)
                cells[key] = int(row["value"])
    return cells


def read_rows(directory):
    with open(f"{directory}/rows.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- a log of every instruction ---------------------------------------------------------
def functions_of(elf, nm):
    symbols = []
    for line in subprocess.run([nm, "-n", elf], check=True, capture_output=True, text=True).stdout.splitlines():
        address, kind, name = line.split()
        if kind in "Tt" and not name.startswith("$"):
            symbols.append((int(address, 16), name))
    return symbols


def blocks_of(addresses):
    """(first instruction's number, length): a block ends where control does not go on, or once did not."""
    jumps = {a for a, b in zip(addresses, addresses[1:]) if b != a + 4}
    first = 0
    for i, address in enumerate(addresses):
        if address in jumps or address % 4096 == 4092 or i + 1 == len(addresses):
            yield first, i + 1 - first
            first = i + 1


def check_log(directory, elf, nm, log, time):
    addresses, wanted, time = array("Q"), Counter(), int(time)
    with open(log, "rb") as file:
        addresses.frombytes(file.read())
    symbols, width = functions_of(elf, nm), width_of(directory)
    starts = [s[0] for s in symbols]
    for first, n in blocks_of(addresses):
        name = symbols[bisect_right(starts, addresses[first]) - 1][1]
        wanted[first * time // width * width, 0, name] += n
    found = read_cells(directory)
    for key in wanted.keys() | found.keys():
        expect(key, found.get(key, 0), wanted[key])


def check_phases(directory):
    cells, width = read_cells(directory), width_of(directory)
    rows = {row["name"]: int(row["total"]) for row in read_rows(directory)}
    a, b = 4 * 250000 + 1, 7 * 100000 + 1
    expect("phase_a", rows["phase_a"], a + 10 * (4 * 10000 + 1))
    expect("phase_b", rows["phase_b"], b + 10 * (7 * 10000 + 1))
    for time in range(width, a - width, width): # instructions are time
        expect(f"only phase_a at {time}", cells.get((time, 0, "phase_a")), width)
    for time in range((a // width + 2) * width, a + b - width, width):
        expect(f"phase_b at {time}", width - cells.get((time, 0, "phase_b"), 0) < 8, True)
        expect(f"phase_a at {time}", cells.get((time, 0, "phase_a"), 0), 0)


# ---- sums ------------------------------------------------------------------------------------
def near(found, wanted, share):
    return abs(found - wanted) <= wanted * float(share)


def check_total(directory, count, share=0):
    total, summary = sum(read_cells(directory).values()), summary_of(directory)
    expect("instructions in the summary", summary["instructions"], total)
    expect("rows", sum(int(r["total"]) for r in read_rows(directory) if r["name"] != "[idle]"), total)
    if not near(total, int(count), share):
        expect("instructions", total, int(count))


def check_vcpus(directory, file, share):
    found, text = Counter(), open(file, encoding="utf-8").read()
    for (_, vcpu, _), value in read_cells(directory).items():
        found[vcpu] += value
    counted = {int(v): int(n) for v, n in re.findall(r"^vcpu (\d+) (\d+)$", text, re.M)}
    expect("vCPUs", sorted(found), sorted(counted))
    for vcpu, count in counted.items():
        if not near(found[vcpu], count, share):
            expect(f"vCPU {vcpu}", found[vcpu], count)


def check_columns(directory, file):
    found = Counter()
    for (time, _, _), value in read_cells(directory).items():
        found[time] += value
    with open(file, encoding="utf-8") as lines:
        wanted = dict(map(int, line.split()) for line in lines)
    expect("columns enough", len(wanted) > 20, True)
    for time in wanted.keys() | found.keys():
        expect(f"column {time}", found[time], wanted.get(time, 0))


def check_blocks(directory, file):
    wanted, found = Counter(), Counter()
    with open(file, newline="", encoding="utf-8") as blocks:
        for row in csv.DictReader(blocks):
            wanted[row["module"] == "[kernel]" and row["symbol"] or "[not the kernel's]"] += int(row["instructions"])
    for row in read_rows(directory):
        if row["name"] != "[idle]":
            found[row["name"] if row["module"] == "[kernel]" else "[not the kernel's]"] += int(row["total"])
    wanted = +wanted
    expect("functions enough", len(wanted) > 3000, True)
    for name in wanted.keys() | found.keys():
        expect(name, found[name], wanted[name])


# ---- files --------------------------------------------------------------------------------------
def check_numpy(directory):
    import numpy
    matrix = numpy.load(f"{directory}/heatmap.npy", mmap_mode="r")
    rows, cells, width = read_rows(directory), read_cells(directory, idle=True), width_of(directory)
    names = [row["name"] for row in rows]
    expect("rows of the array", matrix.shape[1], len(rows))
    expect("rows' numbers", [int(row["row"]) for row in rows], list(range(len(rows))))
    expect("rows' totals", [int(row["total"]) for row in rows], [int(n) for n in matrix.sum(axis=(0, 2), dtype="u8")])
    expect("cells", int(numpy.count_nonzero(matrix)), len(cells))
    found = Counter()
    for vcpu, row, bucket in zip(*map(list, numpy.nonzero(matrix))):
        found[int(bucket) * width, int(vcpu), names[row]] += int(matrix[vcpu, row, bucket])
    expect("what is in the array", found == Counter(cells), True)


def check_like(directory, other):
    wide, joined = width_of(other), Counter()
    for (time, vcpu, row), value in read_cells(directory).items():
        joined[time // wide * wide, vcpu, row] += value
    found = read_cells(other)
    for key in joined.keys() | found.keys():
        expect(key, found.get(key, 0), joined[key])
    expect("joined", summary_of(other)["joined"] > 0, True)


def check_again(directory, other):
    """QEMU cuts a very long block in two if its translation does not fit, which depends on where its memory is: then a
    part of it may be in the next bucket."""
    cells, others = read_cells(directory, idle=True), read_cells(other, idle=True)
    expect("rows", read_rows(directory) == read_rows(other), True)
    moved = {}
    for key in cells.keys() | others.keys():
        difference = cells.get(key, 0) - others.get(key, 0)
        if difference:
            moved[key] = difference
    expect("cells that differ", len(moved) <= 4, True)
    for (time, vcpu, row), difference in moved.items():
        width = width_of(directory)
        beside = {moved.get((time + step, vcpu, row)) for step in (width, -width)}
        expect(f"{row} at {time}, {difference} more", abs(difference) < 512 and -difference in beside, True)


checks = {"again": check_again, "log": check_log, "phases": check_phases, "total": check_total, "vcpus": check_vcpus, "columns": check_columns,
          "blocks": check_blocks, "numpy": check_numpy, "like": check_like}
if len(sys.argv) < 3 or sys.argv[1] not in checks:
    sys.exit(__doc__)
checks[sys.argv[1]](*sys.argv[2:])
sys.exit(wrong > 0)
