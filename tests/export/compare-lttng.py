#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the figures of lttng-analyses those of the events, and those of the plugin's report?

compare-lttng.py irqstats|cputop|schedstats ANALYSIS JSON SUMMARY [--shift NS]
ANALYSIS: printed by lttng-*-mi --no-intersection. JSON: osinstr export json. SUMMARY: the plugin's summary.json.
--shift: moves the last half of the ends by that much before computing: that must be noticed.
"""
import argparse
import collections
import json
import sys

import linuxwords


def tables(path):
    with open(path, encoding="utf-8") as file:
        return {table["class"]: [[cell.get("value", cell) for cell in row] for row in table["data"]]
                for table in json.load(file)["results"]}


def same(what, found, wanted):
    """Both are dictionaries; averages are floating point numbers."""
    for key in sorted(set(found) | set(wanted), key=str):
        one, other = found.get(key), wanted.get(key)
        if one is None or other is None or len(one) != len(other) or any(
                abs(a - b) > 1e-12 * max(1, abs(b)) for a, b in zip(one, other)):
            sys.exit(f"# {what}, {key}: {one} is not {other}")
    print(what + ":", len(wanted))
    if not wanted:
        sys.exit("# nothing was compared")


def figures(durations):
    return (len(durations), min(durations), sum(durations) / len(durations), max(durations))


def irqstats(analysis, events, summary):
    """A handler takes from its entry to its exit on the same CPU."""
    begun, durations, cut = {}, collections.defaultdict(list), collections.Counter()
    for event in events:
        if event["event"] == "irq_handler_entry":
            begun[event["cpu"]] = event
        elif event["event"] == "irq_handler_exit" and event["cpu"] in begun:
            begin = begun.pop(event["cpu"])
            durations[begin["irq"]].append(event["ts_ns"] - begin["ts_ns"])
    for begin in begun.values():
        cut[begin["irq"]] += 1
    found = {row[0]["nr"]: tuple(row[1:5]) for row in analysis["hard-stats"]}
    # An interrupt whose only handler never returned has no figures there.
    same("handlers against the events", found, {irq: figures(d) for irq, d in durations.items()})
    numbers = {row["hwirq"]: row["irq"] for row in summary["irqs"] if row["cpu"] == "all"}
    ours = {numbers[row["hwirq"]]: (row["count"], row["max_ns"]) for row in summary["handler"] if row["cpu"] == "all"}
    same("handlers against the report", {irq: (row[0], row[3]) for irq, row in found.items()}, ours)


def cputop(analysis, events, summary):
    """A task's time is from each switch to it to the next on that CPU. What ran before the first switch is said to have run
    since the first event, what ran last until the last event; the report has neither of the two."""
    begin, end = events[0]["ts_ns"], events[-1]["ts_ns"]
    total, since, edge = collections.Counter(), {}, set()
    for event in events:
        if event["event"] != "sched_switch":
            continue
        prev, following = event["prev_pid"], event["next_pid"]
        if prev not in total:
            since[prev] = begin
            edge.add(prev)
        total[prev] += event["ts_ns"] - since.pop(prev, event["ts_ns"])
        if following > 0:
            total[following] += 0
            since[following] = event["ts_ns"]
    for pid, time in since.items():
        total[pid] += end - time
        edge.add(pid)
    found = {row[0]["tid"]: (row[3],) for row in analysis["per-process"]}
    same("tasks against the events", found, {pid: (time / (end - begin),) for pid, time in total.items()})
    ours = collections.Counter()
    for task in summary["tasks"]:
        ours[task["pid"]] += task["run_ns"]
    same("tasks against the report", {pid: (share[0] * (end - begin),) for pid, share in found.items() if pid not in edge},
         {pid: (ours[pid],) for pid in total if pid not in edge})


def schedstats(analysis, events, summary):
    """A task waits from its first wakeup to the switch to it; one that runs is not woken."""
    current, woken, waits = {}, {}, collections.defaultdict(list)
    for event in events:
        if event["event"] == "sched_wakeup" and event["pid"] not in current.values():
            woken.setdefault(event["pid"], event["ts_ns"])
        elif event["event"] == "sched_switch":
            current[event["cpu"]] = event["next_pid"]
            if event["next_pid"] in woken:
                waits[event["next_pid"]].append(event["ts_ns"] - woken.pop(event["next_pid"]))
    found = {row[0]["tid"]: tuple(row[1:5]) for row in analysis["per_tid_stats"]}
    same("waits against the events", found, {pid: figures(w) for pid, w in waits.items()})
    ours = {task["pid"]: (task["waits"], task["wait_max_ns"]) for task in summary["tasks"] if task["waits"]}
    pids = collections.Counter(task["pid"] for task in summary["tasks"])
    same("waits against the report", {pid: (row[0], row[3]) for pid, row in found.items() if pids[pid] == 1},
         {pid: row for pid, row in ours.items() if pids[pid] == 1})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("irqstats", "cputop", "schedstats"))
    parser.add_argument("analysis")
    parser.add_argument("json")
    parser.add_argument("summary")
    parser.add_argument("--shift", type=int, default=0)
    options = parser.parse_args()
    events = linuxwords.load(options.json)
    with open(options.summary, encoding="utf-8") as file:
        summary = json.load(file)
    if options.shift:
        for event in events[len(events) // 2:]:
            if event["event"] in ("irq_handler_exit", "sched_switch"):
                event["ts_ns"] += options.shift
    globals()[options.kind](tables(options.analysis), events, summary)


if __name__ == "__main__":
    main()
