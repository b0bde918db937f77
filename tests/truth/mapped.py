#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares hotpath's functions with what a log of all instructions says, for files that are mapped anywhere.

usage: mapped.py [--from FUNCTION --to FUNCTION] MAPS SUMMARY LOG FILE...

MAPS is /proc/self/maps as the program saw it, LOG what the plugin insn-count wrote in the same run. Of each FILE every
function with a symbol must have, at its address and under one of its names, exactly the instructions that the log has
between its start and end; what lies between, if anything, nobody's name. With --from and --to only what ran from
the first instruction of one until the first of the other is asked.
"""
import argparse
import array
import json
import os
import re
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from elfsym import Symbols  # noqa: E402

NOBODY = re.compile(r"\[unnamed\]|\..*")  # or a section's name


class File:
    def __init__(self, path, maps):
        self.name, self.symbols = os.path.basename(path), Symbols(path)
        lines = [line.split() for line in maps if line.rstrip().endswith("/" + self.name)]
        if not lines:
            raise SystemExit(f"not ok - {self.name} is not mapped")
        spans = [tuple(int(end, 16) for end in line[0].split("-")) for line in lines]
        self.start, self.end = min(start for start, _ in spans), max(end for _, end in spans)
        self.bias = self.start  # files that can be anywhere begin at 0

    def address(self, name):
        return {self.bias + at for at in self.symbols.names.get(name, ())}


def windowed(log, begins, ends):
    inside, count = False, Counter()
    for address in log:
        inside = address in begins or (inside and address not in ends)
        if inside:
            count[address] += 1
    return count


def compare(file, count, rows):
    """The number of failures."""
    expected = Counter()
    for address, n in count.items():
        if file.start <= address < file.end:
            expected[file.symbols.find(address - file.bias)] += n
    bad = named = 0
    nobody = 0
    for row in rows:
        start = int(row["address"], 16) - file.bias
        if NOBODY.fullmatch(row["function"]):
            nobody += row["self"]
        elif row["function"] not in file.symbols.at.get(start, ()):
            bad += 1
            print(f"# {row['function']} does not start at {row['address']}")
        elif row["self"] != expected.pop(start, 0):
            bad += 1
            print(f"# {row['function']}: {row['self']} instructions, not what the log has")
        else:
            named += row["self"] > 0
    missing = {start: n for start, n in expected.items() if start is not None and n}
    for start, n in missing.items():
        print(f"# {file.symbols.name(start)}: {n} instructions, and hotpath has none")
    if nobody != expected[None]:
        print(f"# {nobody} instructions are of no function, not {expected[None]}")
    bad += len(missing) + (nobody != expected[None])
    print(f"{'not ok' if bad or not named else 'ok'} - {file.name}: {named} functions, {bad} differ, {nobody} of no function")
    return bad + (not named)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--from", dest="begins")
    parser.add_argument("--to", dest="ends")
    for name in ("maps", "summary", "log"):
        parser.add_argument(name)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    maps = open(arguments.maps).readlines()
    files = [File(path, maps) for path in arguments.files]
    log = array.array("Q")
    log.frombytes(open(arguments.log, "rb").read())
    summary = json.load(open(arguments.summary))
    count, bad = Counter(log), 0
    if arguments.begins:
        ends = [set().union(*(file.address(name) for file in files)) for name in (arguments.begins, arguments.ends)]
        count = windowed(log, *ends)
        bad += not (0 < sum(count.values()) < len(log))
    ours = sum(row["self"] for row in summary["functions"])
    good = ours == sum(count.values()) and summary["instructions"] == len(log)
    print(f"{'ok' if good else 'not ok'} - {ours} instructions of {summary['instructions']}, "
          f"the log has {sum(count.values())} of {len(log)}")
    bad += not good
    for file in files:
        bad += compare(file, count, [row for row in summary["functions"] if row["module"] == file.name])
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
