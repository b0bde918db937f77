#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts of blocks and edges against what is known of them.

usage: check-blocks.py loops BLOCKS.CSV TIMES      tests/guests/loops.S, each function run TIMES times
       check-blocks.py edges EDGES.CSV TIMES       its edges
       check-blocks.py flow EDGES.CSV BLOCKS.CSV VCPUS    what comes in runs and goes out
       check-blocks.py graph FUNCTION.DOT BLOCKS   the same of a graph with so many blocks
       check-blocks.py sums SUMMARY.JSON BLOCKS.CSV    totals are the sums of each table
       check-blocks.py each BLOCKS.CSV FUNCTIONS SHARE    counted one by one; the functions that touch
                                                          devices or fault differ by at most SHARE
"""
import csv
import json
import re
import sys
from collections import Counter

wrong = 0


def expect(what, found, wanted):
    global wrong
    if found != wanted:
        print(f"# {what}: {found}, not {wanted}")
        wrong += 1


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# offset: (instructions, executions in one run)
LOOPS = {
    "count_down": {0: (2, 1000 + 20 * 5), 8: (1, 1 + 20)},
    "count_inside": {0: (5, 1), 8: (3, 499), 20: (2, 1)},
    "diamond": {0: (3, 1), 4: (2, 399), 12: (2, 300), 20: (3, 100), 24: (2, 300), 32: (2, 1)},
    "recurse": {0: (1, 31), 4: (3, 30), 16: (3, 30), 24: (1, 1)},
    "calls": {0: (6, 1), 12: (3, 19), 24: (2, 20), 32: (3, 1)},
    "over_page": {0: (3, 1), 4: (2, 99), 12: (3, 100), 24: (1, 1)},
}


def check_loops(path, times):
    found = {(r["symbol"], int(r["offset"], 16)): r for r in rows(path) if r["symbol"] in LOOPS}
    expect("blocks", len(found), sum(len(blocks) for blocks in LOOPS.values()))
    for symbol, blocks in LOOPS.items():
        for offset, (insns, runs) in blocks.items():
            row = found.get((symbol, offset))
            what = f"{symbol}+{offset:#x}"
            if row:
                expect(what, (int(row["insns"]), int(row["bytes"])), (insns, 4 * insns))
                expect(what, int(row["executions"]), runs * times)
                expect(what, int(row["instructions"]), insns * runs * times)
            else:
                expect(what, "missing", "there")


# (from, to, kind): in one run; what other functions do with these is left out
EDGES = {
    ("count_down", 0, "count_down", 0, "taken"): 999 + 20 * 4,
    ("count_down", 0, "count_down", 8, "next"): 21,
    ("count_down", 8, "calls", 24, "return"): 20,
    ("count_inside", 0, "count_inside", 8, "taken"): 1,
    ("count_inside", 8, "count_inside", 8, "taken"): 498,
    ("count_inside", 8, "count_inside", 20, "next"): 1,
    ("diamond", 0, "diamond", 20, "taken"): 1,
    ("diamond", 4, "diamond", 20, "taken"): 99,
    ("diamond", 4, "diamond", 12, "next"): 300,
    ("diamond", 12, "diamond", 24, "jump"): 300,
    ("diamond", 20, "diamond", 4, "taken"): 100,
    ("diamond", 24, "diamond", 4, "taken"): 299,
    ("diamond", 24, "diamond", 32, "next"): 1,
    ("recurse", 0, "recurse", 4, "next"): 30,
    ("recurse", 0, "recurse", 24, "taken"): 1,
    ("recurse", 4, "recurse", 0, "call"): 30,
    ("recurse", 24, "recurse", 16, "return"): 1,
    ("recurse", 16, "recurse", 16, "return"): 29,
    ("calls", 0, "count_down", 0, "indirect call"): 1,
    ("calls", 12, "count_down", 0, "indirect call"): 19,
    ("calls", 24, "calls", 12, "taken"): 19,
    ("calls", 24, "calls", 32, "next"): 1,
    ("over_page", 0, "over_page", 12, "next"): 1,
    ("over_page", 4, "over_page", 12, "next"): 99,
    ("over_page", 12, "over_page", 4, "taken"): 99,
    ("over_page", 12, "over_page", 24, "next"): 1,
}


def check_edges(path, times):
    found = Counter()
    for r in rows(path):
        if r["from_symbol"] in LOOPS and r["to_symbol"] in LOOPS:
            found[r["from_symbol"], int(r["from_offset"], 16), r["to_symbol"],
                  int(r["to_offset"], 16), r["kind"]] += int(r["count"])
    for edge in EDGES.keys() | found.keys():
        expect(" ".join(map(str, edge)), found[edge], EDGES.get(edge, 0) * times)


def check_flow(edges, blocks, vcpus):
    """An exception takes an edge from the block it came after; its return gives it back, and has none
    itself. So as many ways out are missing as there were exceptions, and one where each vCPU ended."""
    into, out, exceptions = Counter(), Counter(), Counter()
    for r in rows(edges):
        into[r["to_id"]] += int(r["count"])
        (exceptions if r["kind"] == "exception" else out)[r["from_id"]] += int(r["count"])
    blocks = {r["id"]: int(r["executions"]) for r in rows(blocks)}
    expect("blocks", set(blocks), {i for i in into if i})
    missing, returns = 0, 0
    for block, runs in blocks.items():
        expect(f"into block {block}", into[block], runs)
        missing += runs - out[block]
        returns += runs - out[block] > exceptions[block] + 1
        expect(f"out of block {block}: no more than ran", out[block] <= runs, True)
    print(f"# {len(blocks)} blocks, {sum(blocks.values())} executions, {exceptions.total()} "
          f"exceptions, {returns} blocks that return from them")
    expect("ways out that are missing", missing, exceptions.total() + vcpus)
    expect("blocks that return from exceptions", returns <= 10, True)


def check_graph(path, blocks):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    runs = {m[1]: int(m[2]) for m in re.finditer(r"^  (b\d+) \[.*?label=\"0x\w+ - 0x\w+: (\d+)\\l",
                                                 text, re.M)}
    into, out = Counter(), Counter()
    for m in re.finditer(r"^  (\w+) -> (\w+) \[label=\"(\d+)", text, re.M):
        out[m[1]] += int(m[3])
        into[m[2]] += int(m[3])
    expect("blocks", len(runs), blocks)
    expect("exits", into["exit"], out["entry"])
    for block, count in runs.items():
        expect(f"into {block}", into[block], count)
        expect(f"out of {block}", out[block], count)


def check_sums(path, blocks):
    with open(path, encoding="utf-8") as file:
        summary = json.load(file)
    for table in ("functions", "modules", "tasks"):
        if table in summary:
            expect(table, sum(r["instructions"] for r in summary[table]), summary["instructions"])
    blocks = rows(blocks)
    for column in ("instructions", "executions"):
        expect(column, sum(int(r[column]) for r in blocks), summary[column])
    expect("blocks", len(blocks), summary["blocks"])
    hot = sorted((int(r["instructions"]) for r in blocks), reverse=True)[:20]
    expect("hottest blocks", [r["instructions"] for r in summary["hot_blocks"]], hot)
    for row in summary.get("tasks", []):
        expect(row["comm"], row["kernel"] + row["user"], row["instructions"])
    expect("anything ran", summary["instructions"] > 0, True)


def check_each(blocks, functions, share):
    found, wanted = Counter(), Counter()
    for r in rows(blocks):
        found[r["symbol"] or "[unknown]"] += int(r["instructions"])
    with open(functions, encoding="utf-8") as file:
        for line in file:
            name, count = line.split()
            wanted[name] += int(count)
    same, off, all_of_them = 0, 0, sum(wanted.values())
    for name in wanted.keys() | found.keys():
        same += wanted[name] if wanted[name] == found[name] else 0
        off += abs(found[name] - wanted[name])
        if found[name] < wanted[name]:
            expect(f"{name} at least", found[name], wanted[name])
    print(f"# {all_of_them} instructions, {100 * same / all_of_them:.3f} % of them in functions that "
          f"agree exactly, the others have {off} more")
    expect("share that differs", off <= share * all_of_them, True)


def main():
    what, first, *rest = sys.argv[1:]
    if what == "loops":
        check_loops(first, int(rest[0]))
    elif what == "edges":
        check_edges(first, int(rest[0]))
    elif what == "flow":
        check_flow(first, rest[0], int(rest[1]))
    elif what == "graph":
        check_graph(first, int(rest[0]))
    elif what == "sums":
        check_sums(first, rest[0])
    elif what == "each":
        check_each(first, rest[0], float(rest[1]))
    else:
        sys.exit(__doc__)
    sys.exit(wrong > 0)


main()
