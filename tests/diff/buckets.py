#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds in which buckets two heatmaps differ, from their heatmap.csv, and compares that with osinstr diff.

buckets.py BEFORE AFTER DIFF.json; prints what differs, the exit status is 1 then.
"""
import collections
import csv
import json
import re
import sys


def rows_of(run):
    """{(name, module): {time: value}}; all tasks of one name are one row."""
    keys = {}
    with open(run + "/rows.csv", newline="") as file:
        for row in csv.DictReader(file):
            name = row["name"]
            if row["module"] == "[user]":
                name = re.sub(r"-\d+ \[user\]$", " [user]", name)
            if row["unit"] not in ("ns", "insn"):
                keys.setdefault(row["name"], []).append((name, row["module"] or "-"))
    cells = collections.defaultdict(collections.Counter)
    with open(run + "/heatmap.csv", newline="") as file:
        for row in csv.DictReader(file):
            key = keys.get(row["row"], ())
            if len(key) == 1:  # a name of two modules can't be told in this file
                cells[key[0]][int(row["t_ns"])] += int(row["value"])
    return cells, {one for key in keys.values() if len(key) > 1 for one in key}


def main():
    before, unclear = rows_of(sys.argv[1])
    after, more = rows_of(sys.argv[2])
    with open(sys.argv[3], encoding="utf-8") as file:
        said = {(row["row"], row["module"]): row for row in json.load(file)["row_buckets"]}
    wrong = compared = 0
    for key in (before.keys() | after.keys() | said.keys()) - unclear - more:
        a, b = before.get(key, {}), after.get(key, {})
        sizes = {t: b.get(t, 0) - a.get(t, 0) for t in a.keys() | b.keys()}
        differing = sum(1 for size in sizes.values() if size)
        row = said.get(key)
        if not differing and row is None:
            continue
        compared += 1
        most = max(sizes.values(), key=abs, default=0)
        if row is None or row["buckets"] != differing or abs(row["difference"]) != abs(most) or \
                sizes.get(row["at_ns"]) != row["difference"] or row["before"] != a.get(row["at_ns"], 0):
            wrong += 1
            print("#", key, differing, most, row)
    print(f"# {compared} rows compared, {wrong} wrong")
    return wrong > 0 or compared == 0


sys.exit(main())
