#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares wakeup latencies of a trace with what cyclictest measured of itself in the guest.

usage: compare-cyclic.py CONSOLE FOLDER

CONSOLE has cyclictest's output of two runs: a histogram in us, and every value in ns. FOLDER holds
EVENT.csv of `osinstr csv` for irq_enter, irq_ack, irq_exit, irqs_masked, sched_wakeup, sched_switch, of
a guest with one vCPU and icount: times order the events.

Both measure from the timer: the trace from its assertion, which is when Linux told it to come, to one
tick of the counter; cyclictest from the time that it asked for. The trace has two ends: the switch to
the thread that the wakeup leads to, which is the scheduler's latency; and its return to user space,
after which cyclictest reads the clock. What lies between is the kernel's work for the thread: ending
the switch, waiting for a lock that the task it preempted holds, leaving the system call.
"""
import argparse
import bisect
import csv
import os
import re
import sys
from collections import Counter, namedtuple

# Times of a wakeup; resumed is another than switched if the thread had to wait for a lock after that.
Chain = namedtuple("Chain", "timer entered woken switched resumed user")
FIFO_90 = 9  # the kernel's priority of SCHED_FIFO 90
QUANTILES = (("p50", .5), ("p90", .9), ("p99", .99), ("p99.9", .999))
LEAST_CYCLES = 100  # of a thread that measures
CYCLE = 1000000     # ns between two of them
TICK_CYCLES = 4     # the kernel's tick comes every 4 ms
TOGETHER = 20000    # ns in which one interrupt serves two timers
PARTS = (("timer to entry", lambda c: c.entered - c.timer),
         ("entry to wakeup", lambda c: c.woken - c.entered),
         ("wakeup to switch", lambda c: c.switched - c.woken),
         ("switch to user space", lambda c: c.user - c.switched))
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
    """[begin, end, time of the timer's assertion or None] of each interrupt, as they begin; they nest."""
    steps = [(int(r["ts_ns"]), 0, None) for r in table(folder, "irq_exit")]
    steps += [(int(r["ts_ns"]), 1, None) for r in table(folder, "irq_enter")]
    steps += [(int(r["ts_ns"]), 2, int(r["delay"])) for r in table(folder, "irq_ack")]
    result, stack = [], []
    for at, kind, delay in sorted(steps, key=lambda step: step[:2]):
        if kind == 1:
            stack.append([at, at, None])
            result.append(stack[-1])
        elif stack and kind == 0:
            stack.pop()[1] = at
        elif stack and delay >= 0 and stack[-1][2] is None:
            stack[-1][2] = stack[-1][0] - delay
    return result


def innermost(irqs, begins, at):
    """The interrupt that is handled at a time; None: none is."""
    n = bisect.bisect_right(begins, at)
    return next((irq for irq in reversed(irqs[max(n - 8, 0):n]) if irq[1] >= at), None)


def returns(folder):
    """(end, begin if user space is where it begins, else 0) of each window of masked interrupts."""
    return [(int(r["ts_ns"]), (int(r["ts_ns"]) - int(r["duration"])) * r["from"].startswith("[el0"))
            for r in table(folder, "irqs_masked")]


def return_to_user(windows, ends, after):
    """The window before the first one that user space begins: the return to it ends that window."""
    n = bisect.bisect_right(ends, after)
    while n < len(windows) and windows[n][1] <= after:
        n += 1
    return windows[n - 1][0]


def chains(folder):
    """[Chain] of each cyclictest thread, in their order."""
    irqs = interrupts(folder)
    begins = [irq[0] for irq in irqs]
    windows = returns(folder)
    ends = [end for end, _ in windows]
    switches = {}
    sleeps = {}
    for row in table(folder, "sched_switch"):
        at = int(row["ts_ns"])
        if row["next_comm"] == "cyclictest" and int(row["next_prio"]) == FIFO_90:
            switches.setdefault(int(row["next_pid"]), []).append(at)
        if int(row["prev_pid"]) in switches and row["prev_state"] not in ("D", "R", "R+"):
            sleeps.setdefault(int(row["prev_pid"]), []).append(at)
    result = {pid: [] for pid in switches}
    other = Counter()
    for row in table(folder, "sched_wakeup"):
        pid, at = int(row["pid"]), int(row["ts_ns"])
        if pid not in switches or int(row["prio"]) != FIFO_90:
            continue
        irq = innermost(irqs, begins, at)
        after = bisect.bisect_left(switches[pid], at)
        if not irq:
            other["not in an interrupt"] += 1
        elif irq[2] is None:
            other["not the timer's interrupt"] += 1
        elif after == len(switches[pid]):
            other["no switch follows"] += 1
        else:
            asleep = bisect.bisect_left(sleeps[pid], switches[pid][after])
            asleep = sleeps[pid][asleep] if asleep < len(sleeps[pid]) else ends[-1]
            last = bisect.bisect_left(switches[pid], asleep) - 1
            result[pid].append(Chain(irq[2], irq[0], at, switches[pid][after],
                                     switches[pid][last], return_to_user(windows, ends, switches[pid][last])))
    print(f"# wakeups of the threads that are no timer's: {dict(other)}")
    # Its main thread can inherit the priority of a measuring one for a moment.
    return [own_timers(result[pid]) for pid in sorted(result) if len(result[pid]) >= LEAST_CYCLES]


def own_timers(run):
    """An interrupt that comes for the kernel's tick also serves a thread whose timer is due right behind: the trace then has
    the tick's time. In such a run that is so every fourth cycle, and by the same time each; those get their own."""
    start = quantile(sorted(c.timer - k * CYCLE for k, c in enumerate(run)), .5)
    before = {k: start + k * CYCLE - c.timer for k, c in enumerate(run)}
    shared = {k: ns for k, ns in before.items() if 50 < ns < TOGETHER}
    if not shared:
        return run
    least, most = min(shared.values()), max(shared.values())
    print(f"# {len(shared)} interrupts of {len(run)} came {least / 1000:.2f} to {most / 1000:.2f} us before the thread's timer")
    if len({k % TICK_CYCLES for k in shared}) > 1 or most - least > 100:
        return run
    return [c._replace(timer=c.timer + shared.get(k, 0)) for k, c in enumerate(run)]


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


def compare_values(told, run):
    """Cycle by cycle; returns how much later than the return to user space cyclictest reads the clock."""
    verdict(len(told) == len(run), f"single values: cyclictest has {len(told)} cycles, the trace {len(run)}")
    if len(told) != len(run):
        return None
    to_switch = [c.switched - c.timer for c in run]
    to_user = [c.user - c.timer for c in run]
    print_summaries("single values, us", ("cyclictest", "trace to user space", "trace to switch"),
                    [summary(v) for v in (told, to_user, to_switch)], 1000)
    for name, ours in (("to user space", to_user), ("to switch", to_switch)):
        more = [t - o for t, o in zip(told, ours)]
        print(f"# cyclictest - trace {name}, cycle by cycle, us: " + ", ".join(
            f"{key} {value / 1000:.2f}" for key, value in summary(more) if key != "count"))
    for name, part in PARTS:
        print(f"# {name}, us: " + ", ".join(
            f"{key} {value / 1000:.2f}" for key, value in summary([part(c) for c in run]) if key != "count"))
    print(f"# the thread waited for a lock after the switch in {sum(c.resumed != c.switched for c in run)} "
          f"of {len(run)} cycles")

    offset = quantile(sorted(t - o for t, o in zip(told, to_user)), .5)
    moved = [o + offset for o in to_user]
    apart = sorted(abs(t - m) for t, m in zip(told, moved))
    print(f"# cyclictest reads the clock {offset / 1000:.2f} us after the return to user space")
    verdict(quantile(apart, .99) <= 100, "single values: 99 % of the cycles within 0.1 us of the trace's to "
            f"user space and that, p99 {quantile(apart, .99) / 1000:.2f} us, max {apart[-1] / 1000:.2f} us")
    for name, ours in (("raw", to_user), ("with the clock's offset", moved)):
        verdict(near(max(told), max(ours), .1), f"single values, {name}: maximum {max(told) / 1000:.2f} us, "
                f"trace {max(ours) / 1000:.2f} us: within 10 %")
    verdict(told.index(max(told)) == to_user.index(max(to_user)), "single values: the maximum is cycle "
            f"{told.index(max(told))}, in the trace {to_user.index(max(to_user))}")
    return offset


def compare_histogram(histogram, said, run, offset):
    told = [us for us, n in sorted(histogram.items()) for _ in range(n)]
    verdict(said.get("Total") == len(told) == len(run) and not said.get("Histogram Overflows"),
            f"histogram: cyclictest has {said.get('Total')} cycles, the trace {len(run)}")
    if len(told) != len(run):
        return
    to_user = sorted((c.user - c.timer + offset) // 1000 for c in run)
    to_switch = sorted((c.switched - c.timer) // 1000 for c in run)
    print_summaries("histogram, us", ("cyclictest", "trace to user space", "trace to switch"),
                    [summary(v) for v in (told, to_user, to_switch)], 1)
    ours, scheduler = Counter(to_user), Counter(to_switch)
    print(f"# {'us':>6}{'cyclictest':>22}{'trace to user space':>22}{'trace to switch':>22}")
    for us in sorted({*ours, *histogram, *scheduler}):
        print(f"# {us:6}{histogram.get(us, 0):22}{ours[us]:22}{scheduler[us]:22}")
    verdict(near(max(told), to_user[-1], .1),
            f"histogram: maximum {max(told)} us, trace {to_user[-1]} us: within 10 %")
    verdict(near(said["Avg Latencies"], sum(to_user) / len(to_user), .1),
            f"histogram: average {said['Avg Latencies']} us, trace {sum(to_user) / len(to_user):.2f} us")
    # Between sorted values: how far one distribution must be moved to be the other.
    distance = sum(abs(a - b) for a, b in zip(told, to_user)) / len(told)
    verdict(distance <= .1, f"histogram: a value of one is {distance:.3f} us from the other's on average")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("console")
    parser.add_argument("folder")
    args = parser.parse_args()
    histogram, said, values = read_console(args.console)
    runs = chains(args.folder)
    if len(runs) != 2:
        die(f"{len(runs)} threads of cyclictest with priority 90, 2 expected")
    offset = compare_values(values, runs[1])
    if offset is not None:
        compare_histogram(histogram, said, runs[0], offset)
    sys.exit(1 if failures else 0)


main()
