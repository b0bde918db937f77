#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a trace with what the guest's own ftrace saw, event by event.

usage: compare.py CONSOLE SWITCHES.csv [--wakeups WAKEUPS.csv] [--realtime]

CONSOLE is the guest's console with the ftrace text between "truth: begin" and "truth: end"
(gzip, base64). The csv files are those of `osinstr csv`. Within the window that ftrace recorded,
each CPU must have the same switches in the same order, none missing and none extra.
"""
import argparse
import base64
import csv
import gzip
import re
import sys
from collections import Counter, defaultdict

LINE = re.compile(r"\s*.*?-\d+\s+\[(\d+)\]\s+\S+\s+(\d+)\.(\d+): (\w+): (.*)")
SWITCH = re.compile(
    r"prev_comm=(.*) prev_pid=(\d+) prev_prio=(-?\d+) prev_state=(\S+) ==> "
    r"next_comm=(.*) next_pid=(\d+) next_prio=(-?\d+)")
WAKEUP = re.compile(r"comm=(.*) pid=(\d+) prio=(-?\d+) target_cpu=(\d+)")


def fail(text):
    print(f"not ok - {text}")
    sys.exit(1)


def ftrace_text(console):
    data = open(console, errors="replace").read()
    match = re.search(r"truth: begin\r?\n(.*?)truth: end", data, re.S)
    if not match:
        fail("the guest did not get to the end of its run")
    for lost in re.findall(r"truth: cpu\d+ .*", data):
        if re.search(r"(overrun|dropped events): [1-9]", lost):
            fail(f"ftrace itself lost events: {lost.strip()}")
    return gzip.decompress(base64.b64decode(match.group(1))).decode(errors="replace")


def ftrace_events(text):
    switches, wakeups = defaultdict(list), defaultdict(list)
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            if line.strip():
                fail(f"unexpected ftrace line: {line!r}")
            continue
        cpu, sec, frac, name, rest = match.groups()
        ns = int(sec) * 10**9 + int(frac.ljust(9, "0"))
        if name == "sched_switch":
            g = SWITCH.match(rest).groups()
            switches[int(cpu)].append((ns, (g[0], int(g[1]), g[4], int(g[5])),
                                       (int(g[2]), int(g[6])), g[3]))
        else:
            g = WAKEUP.match(rest).groups()
            wakeups[int(cpu)].append((ns, name, g[0], int(g[1]), int(g[2]), int(g[3])))
    return switches, wakeups


def our_switches(path):
    result = defaultdict(list)
    for row in csv.DictReader(open(path, newline="")):
        result[int(row["cpu"])].append((
            int(row["ts_ns"]),
            (row["prev_comm"], int(row["prev_pid"]), row["next_comm"], int(row["next_pid"])),
            (int(row["prev_prio"]), int(row["next_prio"])), row["prev_state"]))
    return result


def our_wakeups(path):
    result = defaultdict(list)
    for row in csv.DictReader(open(path, newline="")):
        result[int(row["cpu"])].append((int(row["ts_ns"]), row["comm"], int(row["pid"])))
    return result


def find_window(theirs, ours):
    """Index in ours where theirs begins: the only place where the first events agree."""
    probe = min(12, len(theirs))
    want = [t[1] for t in theirs[:probe]]
    hits = [i for i in range(len(ours) - probe + 1)
            if ours[i][1] == want[0] and [o[1] for o in ours[i:i + probe]] == want]
    if len(hits) > 1:  # the beginning is repetitive: take the place where all of it fits best
        hits.sort(key=lambda i: -sum(a[1] == b[1] for a, b in zip(theirs, ours[i:])))
    return hits[0] if hits else None


def compare_cpu(cpu, theirs, ours, notes):
    start = find_window(theirs, ours)
    if start is None:
        fail(f"cpu {cpu}: the first switches of ftrace are not in the trace: {theirs[:3]}")
    window = ours[start:start + len(theirs)]
    for n, (a, b) in enumerate(zip(theirs, window)):
        if a[1] != b[1]:
            fail(f"cpu {cpu}: switch {n} of {len(theirs)} differs: ftrace {a}, trace {b}")
        if a[2] != b[2]:
            fail(f"cpu {cpu}: switch {n}: priorities differ: ftrace {a}, trace {b}")
        if b[3] == "?":
            notes["unknown"] += 1
        elif a[3] != b[3]:
            notes[f"state {a[3]} shown as {b[3]}"] += 1
            notes["wrong"] += 1
    if len(window) < len(theirs):
        fail(f"cpu {cpu}: {len(theirs) - len(window)} switches missing at the end")
    return [b[0] - a[0] for a, b in zip(theirs, window)]


def check_times(differences, realtime):
    """One offset for the whole run and all CPUs; what is left is ftrace's stamp to the switch."""
    ordered = sorted(differences)
    base = ordered[len(ordered) // 100]  # ftrace prints whole microseconds: not the very least
    spread = [d - base for d in ordered]
    p = lambda q: spread[min(len(spread) - 1, int(len(spread) * q))] / 1000
    print(f"# time of a switch after ftrace's stamp, us (least as 0): p50 {p(.5):.1f}, "
          f"p99 {p(.99):.1f}, p99.9 {p(.999):.1f}, max {p(1):.1f}, min {spread[0] / 1000:.1f}")
    # With icount nothing but the kernel's own code lies between the stamp and the switch. Without,
    # the emulated code takes longer, as long as the host is slow (30 us on an idle one), and the host takes vCPUs
    # off its CPUs in between: only the median says something. Never may a switch come before its stamp.
    # (ftrace prints whole us; without icount our distance to the guest's clock becomes truer with time.)
    if spread[0] < (-5000 if realtime else -2000):
        fail(f"a switch is {-spread[0] / 1000:.1f} us before ftrace's stamp")
    late, limit = (p(.5), 250) if realtime else (p(1), 5)
    if late > limit:
        fail(f"times differ by {late:.1f} us, more than {limit} us")
    return base


def check_drift(per_cpu, base):
    """`base`: of the host's time, in which the way from a stamp to its switch takes longer while the host is slower. How
    long it takes is told by the quarter in which it is shorter, whatever drifts."""
    for cpu, diffs in sorted(per_cpu.items()):
        if len(diffs) < 40:
            continue
        quarter = len(diffs) // 4
        first, last = sorted(diffs[:quarter])[quarter // 2], sorted(diffs[-quarter:])[quarter // 2]
        print(f"# cpu {cpu}: drift over the run {(last - first) / 1000:.2f} us")
        limit_us = 1 if base is None else 50 + (min(first, last) - base) / 1000
        if abs(last - first) > limit_us * 1000:
            fail(f"cpu {cpu}: times drift by {(last - first) / 1000:.1f} us")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("console")
    parser.add_argument("switches")
    parser.add_argument("--wakeups")
    parser.add_argument("--realtime", action="store_true",
                        help="the guest's time is the host's: the host may stop a vCPU anywhere")
    parser.add_argument("--least", type=int, default=500)
    args = parser.parse_args()

    theirs, their_wakeups = ftrace_events(ftrace_text(args.console))
    ours = our_switches(args.switches)
    notes, per_cpu = Counter(), {}
    for cpu in sorted(theirs):
        per_cpu[cpu] = compare_cpu(cpu, theirs[cpu], ours.get(cpu, []), notes)
        print(f"ok - cpu {cpu}: {len(theirs[cpu])} of {len(theirs[cpu])} switches, "
              "none missing, none extra")
    total = sum(map(len, theirs.values()))
    if total < args.least:
        fail(f"only {total} switches: the workload did not run")
    for key, n in sorted(notes.items()):
        print(f"# {key}: {n}")
    if notes["wrong"]:
        fail(f"{notes['wrong']} of {total} prev_states are wrong")
    print(f"ok - prev_state of {total - notes['unknown']} switches agrees, "
          f"{notes['unknown']} stated as unknown")
    base = check_times([d for diffs in per_cpu.values() for d in diffs], args.realtime)
    check_drift(per_cpu, base if args.realtime else None)
    print("ok - times agree without drift")
    if args.wakeups:
        compare_wakeups(their_wakeups, our_wakeups(args.wakeups), theirs, base, args.realtime)


def match_wakeups(theirs, ours, base, realtime):
    """Pairs the wakeups of one task on one CPU, the nearest first; returns what is left on either side."""
    tolerance = 20_000_000 if realtime else 20_000
    pairs = sorted((abs(o - base - t), i, j) for i, t in enumerate(theirs) for j, o in enumerate(ours)
                   if abs(o - base - t) <= tolerance)
    used_theirs, used_ours = set(), set()
    for _, i, j in pairs:
        if i not in used_theirs and j not in used_ours:
            used_theirs.add(i)
            used_ours.add(j)
    return ([t for i, t in enumerate(theirs) if i not in used_theirs],
            [o for j, o in enumerate(ours) if j not in used_ours], len(used_ours))


def compare_wakeups(theirs, ours, switches, base, realtime):
    """The same wakeups on both sides, at the same CPU and of the same task."""
    keyed_theirs, keyed_ours = defaultdict(list), defaultdict(list)
    first = max(e[0][0] for e in switches.values()) + 1000
    last = min(e[-1][0] for e in switches.values()) - 1000
    for cpu, events in theirs.items():
        for stamp, _, comm, pid, _, _ in events:
            keyed_theirs[cpu, pid, comm].append(stamp)
    for cpu, events in ours.items():
        for stamp, comm, pid in events:
            keyed_ours[cpu, pid, comm].append(stamp)
    matched = 0
    for key in set(keyed_theirs) | set(keyed_ours):
        left, extra, hits = match_wakeups(keyed_theirs[key], keyed_ours[key], base, realtime)
        matched += hits
        # Both sides are whole only inside the window that ftrace recorded on all CPUs.
        for stamp in extra:
            if first < stamp - base < last:
                fail(f"wakeup {key} at {stamp - base} ns is not in ftrace")
        for stamp in left:
            fail(f"wakeup {key} at {stamp} ns is missing")
    if matched < 100:
        fail(f"only {matched} wakeups: the workload did not run")
    print(f"ok - {matched} wakeups, none missing, none extra")


main()
