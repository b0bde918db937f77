#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares wakeup latencies of a trace with what cyclictest measured of itself in the guest.

usage: compare-cyclic.py CONSOLE FOLDER

CONSOLE has cyclictest's output of two runs: a histogram in us, and every value in ns. FOLDER holds
EVENT.csv of `osinstr csv` for irq_enter, irq_ack, irq_exit, sched_wakeup, sched_switch, of a guest
with one vCPU and icount: times order the events.

The trace's latency is from the timer's assertion to the switch to the thread: the chain of a timer
interrupt, the wakeup in it, and the switch. cyclictest's goes on to the clock that it reads in user
space, and begins at the time that it asked for, not at the one that Linux gave the timer.
"""
import argparse
import bisect
import csv
import os
import re
import sys
from collections import Counter

FIFO_90 = 9  # the kernel's priority of SCHED_FIFO 90
QUANTILES = (("p50", .5), ("p90", .9), ("p99", .99), ("p99.9", .999))
failures = 0


def verdict(good, text):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {text}")


def die(text):
    print(f"not ok - {text}")
    sys.exit(1)


def table(folder, name):
    return list(csv.DictReader(open(os.path.join(folder, f"{name}.csv"), newline="")))


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


def read_console(path):
    """cyclictest's histogram {us: count} with what it says below it, and its single values in ns."""
    data = open(path, errors="replace", newline="").read().replace("\r", "")
    part = {}
    for name in ("histogram", "values"):
        match = re.search(rf"truth: {name}\n(.*?)truth: end of {name}", data, re.S)
        if not match:
            die("the guest did not get to the end of its run")
        part[name] = match.group(1)
    histogram = {int(us): int(n) for us, n in re.findall(r"^(\d{6}) (\d{6})$", part["histogram"], re.M)
                 if int(n)}
    said = {key: int(n) for key, n in re.findall(r"^# (Total|\w{3} Latencies|Histogram Overflows): (\d+)",
                                                 part["histogram"], re.M)}
    values = re.findall(r"^ *0: *(\d+): *(\d+)$", part["values"], re.M)
    if not histogram or [int(cycle) for cycle, _ in values] != list(range(len(values))):
        die("cyclictest's output is not what it should be")
    return histogram, said, [int(ns) for _, ns in values]


def interrupts(folder):
    """(begin, end, time of the timer's assertion or None) of each interrupt."""
    acks = [(int(r["ts_ns"]), int(r["delay"])) for r in table(folder, "irq_ack")]
    ends = [int(r["ts_ns"]) for r in table(folder, "irq_exit")]
    result = []
    ack = 0
    for row in table(folder, "irq_enter"):
        begin = int(row["ts_ns"])
        after = bisect.bisect_left(ends, begin)
        end = ends[after] if after < len(ends) else begin
        while ack < len(acks) and acks[ack][0] < begin:
            ack += 1
        delays = []
        while ack < len(acks) and acks[ack][0] <= end:
            delays.append(acks[ack][1])
            ack += 1
        known = [delay for delay in delays if delay >= 0]
        result.append((begin, end, begin - known[0] if known else None))
    return result


def chains(folder):
    """[(timer's assertion, entry, wakeup, switch)] of each cyclictest thread, in their order."""
    irqs = interrupts(folder)
    begins = [irq[0] for irq in irqs]
    switches = {}
    for row in table(folder, "sched_switch"):
        if row["next_comm"] == "cyclictest" and int(row["next_prio"]) == FIFO_90:
            switches.setdefault(int(row["next_pid"]), []).append(int(row["ts_ns"]))
    result = {pid: [] for pid in switches}
    other = Counter()
    for row in table(folder, "sched_wakeup"):
        pid, at = int(row["pid"]), int(row["ts_ns"])
        if pid not in switches or int(row["prio"]) != FIFO_90:
            continue
        n = bisect.bisect_right(begins, at) - 1
        after = bisect.bisect_left(switches[pid], at)
        if n < 0 or at > irqs[n][1]:
            other["not in an interrupt"] += 1
        elif irqs[n][2] is None:
            other["not the timer's interrupt"] += 1
        elif after == len(switches[pid]):
            other["no switch follows"] += 1
        else:
            result[pid].append((irqs[n][2], begins[n], at, switches[pid][after]))
    print(f"# wakeups of the threads that are no timer's: {dict(other)}")
    return [result[pid] for pid in sorted(result)]


def summary(values):
    ordered = sorted(values)
    rows = [("count", len(ordered)), ("min", ordered[0]), ("avg", sum(ordered) / len(ordered))]
    rows += [(name, quantile(ordered, q)) for name, q in QUANTILES]
    return rows + [("max", ordered[-1])]


def print_summaries(title, heads, columns, scale):
    print(f"# {title}")
    print("# " + " " * 6 + "".join(f"{head:>22}" for head in heads))
    for cells in zip(*columns):
        name = cells[0][0]
        texts = (f"{v:22d}" if name == "count" else f"{v / scale:22.2f}" for _, v in cells)
        print(f"# {name:6}" + "".join(texts))


def near(a, b, part):
    return abs(a - b) <= part * max(a, b)


def compare_values(told, ours):
    """Value by value; returns by how much cyclictest's are more, as a rule."""
    verdict(len(told) == len(ours),
            f"single values: cyclictest has {len(told)} cycles, the trace {len(ours)}")
    if len(told) != len(ours):
        return None
    offsets = sorted(t - o for t, o in zip(told, ours))
    offset = quantile(offsets, .5)
    moved = [o + offset for o in ours]
    print_summaries("single values, us", ("cyclictest", "trace", "trace + offset"),
                    [summary(v) for v in (told, ours, moved)], 1000)
    print("# cyclictest - trace, us, cycle by cycle: " + ", ".join(
        f"{name} {v / 1000:.2f}" for name, v in summary(offsets) if name != "count") +
        f"; the offset is p50, {offset / 1000:.2f}")
    apart = sorted(abs(t - m) for t, m in zip(told, moved))
    print("# apart without the offset, us: " + ", ".join(
        f"{name} {quantile(apart, q) / 1000:.2f}" for name, q in QUANTILES) +
          f", max {apart[-1] / 1000:.2f}")
    verdict(near(max(told), max(moved), .1), f"single values: maximum {max(told) / 1000:.2f} us, trace "
            f"{max(ours) / 1000:.2f} us, {max(moved) / 1000:.2f} us with the offset: within 10 %")
    worst = told.index(max(told))
    verdict(ours[worst] == max(ours), f"single values: the cycle of the maximum is {worst} on both sides"
            if ours[worst] == max(ours) else f"single values: the maximum is in cycle {worst}, in the trace "
            f"in {ours.index(max(ours))}")
    verdict(quantile(apart, .99) <= 2000, "single values: 99 % within 2 us of the trace's with the offset")
    return offset


def compare_histogram(histogram, said, ours, offset):
    told = [us for us, n in sorted(histogram.items()) for _ in range(n)]
    verdict(said.get("Total") == len(told) == len(ours) and not said.get("Histogram Overflows"),
            f"histogram: cyclictest has {said.get('Total')} cycles, the trace {len(ours)}")
    if not ours:
        return
    moved = sorted((o + offset) // 1000 for o in ours)
    print_summaries("histogram, us", ("cyclictest", "trace", "trace + offset"),
                    [summary(v) for v in (told, [o / 1000 for o in ours], moved)], 1)
    counts = Counter(moved)
    print(f"# {'us':>6}{'cyclictest':>22}{'trace + offset':>22}")
    for us in sorted(set(counts) | set(histogram)):
        print(f"# {us:6}{histogram.get(us, 0):22}{counts[us]:22}")
    verdict(abs(max(told) - moved[-1]) <= max(1, .1 * max(told)),
            f"histogram: maximum {max(told)} us, trace with the offset {moved[-1]} us: within 10 %")
    # Between sorted values: how far one distribution must be moved to be the other.
    if len(told) == len(moved):
        distance = sum(abs(a - b) for a, b in zip(told, moved)) / len(told)
        verdict(distance <= 1, f"histogram: a value of one is {distance:.2f} us from the other's on average")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("console")
    parser.add_argument("folder")
    args = parser.parse_args()
    histogram, said, values = read_console(args.console)
    runs = chains(args.folder)
    if len(runs) != 2:
        die(f"{len(runs)} threads of cyclictest with priority 90, 2 expected")
    latencies = [[switch - timer for timer, _, _, switch in run] for run in runs]
    offset = compare_values(values, latencies[1])
    if offset is not None:
        compare_histogram(histogram, said, latencies[0], offset)
    for name, part in (("timer to entry", (0, 1)), ("entry to wakeup", (1, 2)), ("wakeup to switch", (2, 3))):
        parts = [chain[part[1]] - chain[part[0]] for chain in runs[1]]
        if parts:
            print(f"# {name}, us: " + ", ".join(f"{key} {value / 1000:.2f}" for key, value in summary(parts)
                                                if key != "count"))
    sys.exit(1 if failures else 0)


main()
