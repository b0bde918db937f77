#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares two reports in its own way, and that with what osinstr diff said of them.

check.py BEFORE.json AFTER.json DIFF.json [HISTOGRAMS-BEFORE HISTOGRAMS-AFTER]

DIFF.json is that of `osinstr diff --all --json`. With histograms (csv) the probabilities are compared, too.
Prints what differs; the exit status is 1 then.
"""
import collections
import csv
import json
import math
import re
import sys


def task(name):
    match = re.fullmatch(r"kworker/(u?)(\d+):\d+(.*)", name)
    if not match:
        return name
    return "kworker/" + ("u*" if match[1] else match[2]) + ":*" + match[3]


def heat_row(row):
    name = row["row"]
    if row["module"] == "[user]" and name.endswith(" [user]"):
        name = task(re.sub(r"-\d+$", "", name[:-len(" [user]")])) + " [user]"
    return name, row["module"] or "-"


def numbered(key):
    return lambda row: (f"{row[key] if row[key] is not None else '-'} {row['name'] or '-'}", row["cpu"])


def comm(row):
    return task(row["comm"]), None


def places(row):
    return row["from"] or "-", row["to"] or "-"


def function(row):
    return (task(row["function"]) if row["module"] == "[task]" else row["function"]), row["module"] or "-"


def cpu(row):
    return str(row["cpu"]), None


def cpu_and(key):
    return lambda row: (row[key], str(row["cpu"]))


PERCENTILES = {"p50": "p50", "p90": "p90", "p99": "p99", "p99.9": "p99_9", "max": "max"}
# Of each table of differences: the report's table, what a row is called there, and the members of each measure.
TABLES = {
    "task_run": ("tasks", comm, {"run": "run"}),
    "task_switches": ("tasks", comm, {"voluntary": "voluntary", "involuntary": "involuntary", "waits": "waits"}),
    "task_waits": ("tasks", comm, {"p50": "wait_p50", "p90": "wait_p90", "p99": "wait_p99", "max": "wait_max"}),
    "cpu_time": ("cpus", cpu, {"busy": "busy", "idle": "idle"}),
    "cpu_switches": ("cpus", cpu, {"switches": "switches"}),
    "interrupt_counts": ("irqs", numbered("hwirq"), {"count": "count"}),
    "masked": ("masked", cpu, PERCENTILES),
    "masked_count": ("masked", cpu, {"count": "count"}),
    "softirq": ("softirq", numbered("vec"), PERCENTILES),
    "softirq_count": ("softirq", numbered("vec"), {"count": "count"}),
    "masked_by": ("masked_by", places, {"total": "total", "max": "max"}),
    "cpu_masked": ("cpus", cpu, {"masked": "masked_time"}),
    "exception_count": ("exceptions", cpu_and("class"), {"count": "count"}),
    "function_self": ("functions", function, {"self": "self"}),
    "function_total": ("functions", function, {"total": "total"}),
    "function_calls": ("functions", function, {"calls": "calls"}),
    "task_total": ("tasks", lambda row: (task(row["task"]), None), {"total": "total"}),
    "rows": ("rows", heat_row, {"total": "total"}),
}
for interval in ("assert_to_entry", "entry_to_handler", "handler", "entry_to_exit", "entry_to_thread", "assert_to_thread"):
    TABLES[interval] = (interval, numbered("hwirq"), PERCENTILES)
NAMES = {"task": None, "cpu": "of", "interrupt": "cpu", "softirq": "cpu", "exception": "cpu", "function": "module",
         "row": "module", "masked_by": "unmasked_by", "what": None}
failures = 0


def fail(*words):
    global failures
    failures += 1
    if failures <= 10:
        print("#", *words)


def member(row, key):
    for name in (key, key + "_ns", key + "_insn"):
        if name in row:
            return row[name]
    raise KeyError(key)


def expected(report, name):
    """{(name, of, measure): (value, rows)}; the value is None if it can't be told from the report."""
    table, call, measures = TABLES[name]
    found = collections.defaultdict(list)
    for row in report[table]:
        for measure, key in measures.items():
            value = member(row, key)
            found[call(row) + (measure,)] += [value] if value is not None else []
    result = {}
    for key, values in found.items():
        if not values:
            continue
        if key[2].startswith("p"):
            result[key] = values[0] if len(values) == 1 else None
        else:
            result[key] = max(values) if key[2] == "max" else sum(values)
    return result


def said(table):
    result = {}
    for row in table:
        first = next(iter(row))
        second = list(row)[1]
        key = (row[first], row[second], row["measure"])
        if key in result:
            fail("twice:", key)
        result[key] = row
    return result


def compare_table(name, before, after, rows):
    got = said(rows)
    named = [{key[:2] for key in report} for report in (before, after)]
    for key in sorted(before.keys() | after.keys(), key=str):
        row = got.pop(key, None)
        if row is None:
            fail(name, key, "is missing")
            continue
        a, b = member(row, "before"), member(row, "after")
        for what, mine, theirs in (("before", before.get(key, 0), a), ("after", after.get(key, 0), b)):
            if mine is not None and (mine or 0) != (theirs or 0):
                fail(name, key, what, "is", theirs, "and should be", mine)
        if a is not None and b is not None:
            if member(row, "difference") != b - a:
                fail(name, key, "difference", member(row, "difference"))
            if a and abs(row["change"] - (b - a) / a) > 1e-9:
                fail(name, key, "change", row["change"])
        known = key[:2] in named[0], key[:2] in named[1]
        status = {(True, True): None, (True, False): "gone", (False, True): "new"}[known]
        if row["status"] != status:
            fail(name, key, "status", row["status"])
    for key in got:
        if key[0] != "[all]":
            fail(name, key, "is too much")
    sizes = [abs((member(row, "after") or 0) - (member(row, "before") or 0)) for row in rows]
    if sizes != sorted(sizes, reverse=True):
        fail(name, "is not sorted")


def histograms(path):
    found = collections.defaultdict(dict)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            found[row["tag"]][int(list(row.values())[1])] = int(row["count"])
    return found


def probability(a, b):
    """Mann-Whitney by ranks: those of b, ties share theirs."""
    values = sorted(set(a) | set(b))
    n1, n2 = sum(a.values()), sum(b.values())
    rank, ranks, ties = 0, 0, 0
    if min(n1, n2) < 8:
        return None
    for value in values:
        tied = a.get(value, 0) + b.get(value, 0)
        ranks += b.get(value, 0) * (rank + (tied + 1) / 2)
        ties += tied ** 3 - tied
        rank += tied
    u = ranks - n2 * (n2 + 1) / 2
    n = n1 + n2
    variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return 1
    return math.erfc(max(abs(u - n1 * n2 / 2) - 0.5, 0) / math.sqrt(2 * variance))


def compare_probabilities(name, rows, before, after):
    number = 0
    for row in rows:
        first = next(iter(row))
        if name == "masked":
            tag = f"masked.cpu_{row[first]}"
        elif name == "softirq":
            tag = f"softirq.{row[first].split(' ', 1)[1]}.cpu_{row['cpu']}"
        else:
            irq, action = row[first].split(" ", 1)
            tag = f"{name}.irq{irq}.{action}.cpu_{row['cpu']}"
        p = probability(before.get(tag, {}), after.get(tag, {}))
        if (p is None) != (row["p"] is None) or (p is not None and abs(p - row["p"]) > 1e-6):
            fail(name, tag, "p is", row["p"], "and should be", p)
        number += p is not None
    return number


def main():
    before, after, diff = (json.load(open(path)) for path in sys.argv[1:4])
    files = [histograms(path) for path in sys.argv[4:6]]
    compared = probabilities = 0
    for name, rows in diff.items():
        if name in TABLES:
            compare_table(name, expected(before, name), expected(after, name), rows)
            compared += len(rows)
            if files and any(row["p"] is not None for row in rows):
                probabilities += compare_probabilities(name, rows, *files)
    for name, (table, call, measures) in TABLES.items():
        both = all(report.get(table) for report in (before, after))
        if both and all(any(k in before[table][0] for k in (key, key + "_ns", key + "_insn"))
                        for key in measures.values()) and name not in diff:
            fail(name, "is missing")
    facts = {row["what"]: row for key in ("total_times", "total_counts") for row in diff[key]}
    for key, row in facts.items():
        if key == "observed":
            continue
        for side, report in (("before", before), ("after", after)):
            if member(row, side) != member(report, key.replace(" ", "_")):
                fail("total", key, side, member(row, side))
    if not compared:
        fail("nothing was compared")
    if files and not probabilities:
        fail("no probabilities were compared")
    print(f"# {compared} values, {len(facts)} totals, {probabilities} probabilities, {failures} wrong")
    return failures > 0


sys.exit(main())
