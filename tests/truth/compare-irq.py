#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the interrupts of a trace with what the guest's own ftrace and /proc/interrupts saw.

usage: compare-irq.py CONSOLE FOLDER [--realtime]

CONSOLE is the guest's console: readings of /proc/interrupts after "truth: interrupts N", the ftrace
text between "truth: begin" and "truth: end" (gzip, base64). FOLDER holds EVENT.csv of `osinstr csv`
for each event, and `order`, what `osinstr dump` says: events of different types that have one time
are in its order.

Every comparison says its result; all are made, also after one failed.
"""
import argparse
import base64
import csv
import gzip
import os
import re
import sys
from collections import Counter, defaultdict, deque, namedtuple

FTRACE = re.compile(r"\s*.*?-\d+\s+\[(\d+)\]\s+\S+\s+(\d+)\.(\d+): (\w+): (.*)")
FIELDS = {
    "irq_handler_entry": re.compile(r"irq=(\d+) name=(.*)"),
    "irq_handler_exit": re.compile(r"irq=(\d+) ret=(\w+)"),
    "softirq_entry": re.compile(r"vec=(\d+) \[action=(\w+)\]"),
    "softirq_exit": re.compile(r"vec=(\d+) \[action=(\w+)\]"),
    "sched_switch": re.compile(r"prev_comm=(.*) prev_pid=(\d+) prev_prio=-?\d+ prev_state=\S+ ==> "
                               r"next_comm=(.*) next_pid=(\d+) next_prio=-?\d+"),
}
CLASSES = {
    "hardirq": ("irq_handler_entry", "irq_handler_exit"),
    "softirq": ("softirq_entry", "softirq_exit"),
    "switch": ("sched_switch",),
}
DUMP = re.compile(r".*?\[(\d+)\] +(\d+)\.(\d{9}): (\w+):")
# What the trace must have besides: how an interrupt begins and ends, and the marks.
OURS = (*FIELDS, "irq_enter", "irq_ack", "irq_eoi", "irq_exit", "task_rename")
SGIS = 16  # INTIDs below are interrupts between CPUs
SPURIOUS = 1020  # GIC INTIDs from here on are no interrupts
# ftrace prints whole us, and now and then turns a page of its buffer between two stamps.
FTRACE_SPREAD_US = 2.5

Event = namedtuple("Event", "ns name key row")
failures = 0


def ok(text):
    print(f"ok - {text}")


def not_ok(text, examples=()):
    global failures
    failures += 1
    print(f"not ok - {text}")
    for example in list(examples)[:6]:
        print(f"#   {example}")


def verdict(good, text, examples=()):
    ok(text) if good else not_ok(text, examples)


def die(text):
    not_ok(text)
    sys.exit(1)


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


# What the guest says

def read_console(path):
    data = open(path, errors="replace", newline="").read().replace("\r", "")
    match = re.search(r"truth: begin\n(.*?)truth: end", data, re.S)
    if not match:
        die("the guest did not get to the end of its run")
    for lost in re.findall(r"truth: cpu\d+ .*", data):
        if re.search(r"(overrun|dropped events): [1-9]", lost):
            die(f"ftrace itself lost events: {lost.strip()}")
    readings = re.findall(r"truth: interrupts \d\n(.*?)(?=truth:)", data, re.S)
    if len(readings) != 2:
        die(f"{len(readings)} readings of /proc/interrupts, 2 expected")
    text = gzip.decompress(base64.b64decode(match.group(1))).decode(errors="replace")
    return ftrace_events(text), [interrupts(reading) for reading in readings]


def key_of(name, fields):
    """What must be the same on both sides."""
    if name == "sched_switch":
        return name, fields[0], int(fields[1]), fields[2], int(fields[3])
    return name, int(fields[0]), fields[1]


def ftrace_events(text):
    result = defaultdict(list)
    for line in text.splitlines():
        match = FTRACE.match(line)
        if not match:
            if line.strip():
                die(f"unexpected ftrace line: {line!r}")
            continue
        cpu, sec, frac, name, rest = match.groups()
        if name not in FIELDS:
            continue
        fields = FIELDS[name].match(rest)
        if not fields:
            die(f"unexpected ftrace event: {line!r}")
        ns = int(sec) * 10**9 + int(frac.ljust(9, "0"))
        result[int(cpu)].append(Event(ns, name, key_of(name, fields.groups()), None))
    return result


def interrupts(text):
    """{INTID: (counts by CPU, Linux's number or None, title)}; IPIn of arm64 is SGI n."""
    lines = text.splitlines()
    n = len(lines[0].split())
    result = {}
    for line in lines[1:]:
        words = line.split()
        head, counts, rest = words[0].rstrip(":"), words[1:1 + n], words[1 + n:]
        if head.startswith("IPI"):
            result[int(head[3:])] = (list(map(int, counts)), None, f"{head} {' '.join(rest)}")
        elif rest and rest[0].startswith("GIC") and rest[1].isdigit():
            result[int(rest[1])] = (list(map(int, counts)), int(head), rest[-1])
    return result


# What the trace says

def our_fields(name, row):
    if name == "sched_switch":
        return row["prev_comm"], row["prev_pid"], row["next_comm"], row["next_pid"]
    if name == "irq_handler_entry":
        return row["irq"], row["name"]
    if name == "irq_handler_exit":
        return row["irq"], "handled" if int(row["ret"]) else "unhandled"
    return row["vec"], row["name"]


def our_events(folder):
    """Each CPU's events, those with the same time as the dump has them."""
    rows = {}
    for name in OURS:
        path = os.path.join(folder, f"{name}.csv")
        if not os.path.exists(path):
            die(f"the trace has no event {name}")
        for row in csv.DictReader(open(path, newline="")):
            rows.setdefault((int(row["cpu"]), int(row["ts_ns"]), name), deque()).append(row)
    result = defaultdict(list)
    for line in open(os.path.join(folder, "order"), errors="replace"):
        match = DUMP.match(line)
        if not match:
            continue
        cpu, ns, name = int(match.group(1)), int(match.group(2) + match.group(3)), match.group(4)
        if rows.get((cpu, ns, name)):
            row = rows[cpu, ns, name].popleft()
            key = key_of(name, our_fields(name, row)) if name in FIELDS else (name,)
            result[cpu].append(Event(ns, name, key, row))
    left = [key for key, some in rows.items() if some]
    if left:
        die(f"{len(left)} rows of the tables are not in the dump, the first {left[0]}")
    return result


# The comparisons

def first_switch(theirs, ours):
    """Where in theirs and in ours the first switch that ftrace saw is; switches tell tasks apart."""
    want = [e.key for e in theirs if e.name == "sched_switch"]
    index = [i for i, e in enumerate(ours) if e.name == "sched_switch"]
    have = [ours[i].key for i in index]
    probe = min(12, len(want))
    hits = [i for i in range(len(have) - probe + 1)
            if have[i] == want[0] and have[i:i + probe] == want[:probe]]
    if not probe or not hits:
        return None
    hits.sort(key=lambda i: -sum(a == b for a, b in zip(want, have[i:])))
    return next(i for i, e in enumerate(theirs) if e.name == "sched_switch"), index[hits[0]]


def of_class(events, names):
    return [e for e in events if e.name in names]


def aligned(theirs, ours, anchor, names):
    """Both sides' events of these types, ours cut to as many as ftrace has: equal, or something is
    missing or extra. ftrace begins and ends with one write, for all types."""
    a = of_class(theirs, names)
    start = len(of_class(ours[:anchor[1]], names)) - len(of_class(theirs[:anchor[0]], names))
    return a, of_class(ours, names)[max(start, 0):][:len(a)] if start >= 0 else []


def show(event):
    return f"{event.ns / 1e9:.9f} {' '.join(map(str, event.key))}"


def compare_sequence(what, a, b):
    """Whether ours is theirs; if not, says where they part."""
    if [e.key for e in a] == [e.key for e in b]:
        ok(f"{what}: {len(a)} of {len(a)}, none missing, none extra")
        return True
    n = next((i for i, (x, y) in enumerate(zip(a, b)) if x.key != y.key), min(len(a), len(b)))
    around = slice(max(n - 1, 0), n + 2)
    missing = Counter(e.key for e in a)
    missing.subtract(e.key for e in b)
    not_ok(f"{what}: event {n} of {len(a)} differs", [f"ftrace {show(e)}" for e in a[around]] +
           [f"trace  {show(e)}" for e in b[around]])
    print(f"#   more often in ftrace than in the trace: {dict((+missing).most_common(4))}")
    return False


def seam(early, late, name):
    """How many events lie between a softirq's event, the first of early, and the same one in late; 0 if
    that is not the only difference."""
    if not early or early[0].name != name:
        return 0
    n = next((i for i, e in enumerate(late) if e.name in CLASSES["softirq"]), len(late))
    same = n < len(late) and late[n].key == early[0].key
    return n if same and [e.key for e in late[:n]] == [e.key for e in early[1:n + 1]] else 0


def compare_order(what, a, b):
    """Interrupts are on while Linux tells of softirqs. One that comes then is before or after the
    softirq's event, as ftrace's stamp and our place are on the same side of it or not: ours is after
    ftrace's code for the entry, and before that for the exit. Returns ftrace's events of that kind."""
    seams, i = [], 0
    moved = list(b)
    while i < min(len(a), len(b)):
        if a[i].key != moved[i].key:
            ours, theirs = moved[i:i + 200], a[i:i + 200]
            n = seam(ours, theirs, "softirq_exit")
            if n:
                moved[i:i + n + 1] = moved[i + 1:i + n + 1] + moved[i:i + 1]
                seams.append(a[i + n])
            else:
                n = seam(theirs, ours, "softirq_entry")
                if not n:
                    break
                moved[i:i + n + 1] = moved[i + n:i + n + 1] + moved[i:i + n]
                seams.append(a[i])
            i += n
        i += 1
    same = compare_sequence(f"{what}, {len(seams)} interrupts within ftrace's code", a, moved)
    limit = max(3, len(of_class(a, CLASSES["softirq"])) // 50)
    if same and len(seams) > limit:
        not_ok(f"{what}: {len(seams)} interrupts within ftrace's code are too many, {limit} at most")
    return seams


def compare_events(theirs, ours):
    """Returns the pairs of the events that are the same on both sides, by class and CPU. Not those with
    an interrupt between ftrace's stamp and our place: their times are another's."""
    pairs = defaultdict(dict)
    for cpu in sorted(theirs):
        anchor = first_switch(theirs[cpu], ours.get(cpu, []))
        if not anchor:
            not_ok(f"cpu {cpu}: the first switches of ftrace are not in the trace")
            continue
        for what, names in CLASSES.items():
            a, b = aligned(theirs[cpu], ours[cpu], anchor, names)
            if compare_sequence(f"cpu {cpu}: {what}", a, b):
                pairs[what][cpu] = list(zip(a, b))
        a, b = aligned(theirs[cpu], ours[cpu], anchor, tuple(FIELDS))
        seams = set(map(id, compare_order(f"cpu {cpu}: all of them interleaved", a, b)))
        if cpu in pairs["softirq"]:
            pairs["softirq"][cpu] = [pair for pair in pairs["softirq"][cpu] if id(pair[0]) not in seams]
    return pairs


def durations(pairs):
    """(ftrace's, ours) in us, of each entry and its exit; softirqs on RT may be preempted, never nest."""
    opened, result = None, []
    for a, b in pairs:
        if a.name.endswith("_entry"):
            opened = a, b
        elif opened and opened[0].key[1] == a.key[1]:
            result.append(((a.ns - opened[0].ns) / 1000, (b.ns - opened[1].ns) / 1000))
            opened = None
    return result


def handler_us(pairs):
    """How long a handler runs in our trace, at p50: the measure of time where that is the host's, as ftrace's own
    code takes longer on a slow host, and so do handlers."""
    ours = sorted(mine for some in pairs["hardirq"].values() for _, mine in durations(some))
    return quantile(ours, .5) if ours else 0


def check_stamps(pairs, realtime):
    """The switches give the offset between the clocks; no event may be far from ftrace's stamp."""
    base = sorted(b.ns - a.ns for some in pairs["switch"].values() for a, b in some)
    if not base:
        return not_ok("no switches: the clocks cannot be compared")
    base = base[len(base) // 2]
    limit = handler_us(pairs) / 2 if realtime else 5
    by_name = defaultdict(list)
    for some in pairs.values():
        for cpu_pairs in some.values():
            for a, b in cpu_pairs:
                by_name[a.name].append((b.ns - a.ns - base) / 1000)
    bad = []
    for name, late in sorted(by_name.items()):
        late.sort()
        print(f"# {name}: us after ftrace's stamp, a switch being 0: min {late[0]:.1f}, p50 "
              f"{quantile(late, .5):.1f}, p99 {quantile(late, .99):.1f}, max {late[-1]:.1f}")
        # The host takes vCPUs off its CPUs if the guest's time is the host's: only medians say much.
        ends = (quantile(late, .5),) * 2 if realtime else (late[0], late[-1])
        if ends[0] < -limit or ends[1] > limit:
            bad.append(f"{name}: {ends}")
    verdict(not bad, "times of the events agree", bad)
    return None


def check_durations(pairs, realtime):
    for what in ("hardirq", "softirq"):
        both = [d for cpu_pairs in pairs[what].values() for d in durations(cpu_pairs)]
        if len(both) < 20:
            not_ok(f"{what}: only {len(both)} durations")
            continue
        # ftrace's durations have its own code for the entry in them, ours have not: a constant. What is
        # left is that ftrace prints whole microseconds.
        more = sorted(a - b for a, b in both)
        own = quantile(more, .5)
        theirs, ours = sorted(a for a, _ in both), sorted(b for _, b in both)
        print(f"# {what} durations, us: ftrace p50 {quantile(theirs, .5):.1f}, max {theirs[-1]:.1f}; "
              f"trace p50 {quantile(ours, .5):.1f}, max {ours[-1]:.1f}; "
              f"ftrace more by p50 {own:.2f}, min {more[0]:.2f}, max {more[-1]:.2f}")
        if realtime:
            limit = handler_us(pairs) / 2
            verdict(0 <= own <= limit, f"{what}: {len(both)} durations, ftrace's {own:.1f} us longer at p50, "
                    f"{limit:.1f} at most")
        else:
            late = [f"ftrace {a:.1f}, trace {b:.1f}" for a, b in both if abs(a - b - own) > FTRACE_SPREAD_US]
            verdict(0 <= own <= 3 and not late, f"{what}: {len(both)} durations, ftrace's {own:.1f} us "
                    f"longer, all within {FTRACE_SPREAD_US} us of that", late)


class Nesting:
    """The interrupts that one CPU has open, and what it must not do in them."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.open = []  # of each open interrupt [INTID that it acknowledged last, not yet ended]
        self.bad = []
        self.handlers = self.acks = 0
        self.numbers = []  # (Linux's number, INTID)
        self.depths = set()

    def wrong(self, e, why):
        row = f" of {e.row['hwirq']}" if "hwirq" in e.row else ""
        self.bad.append(f"cpu {self.cpu} {show(e)}{row}: {why}")

    def irq_enter(self, e):
        self.open.append([None, False])
        self.depths.add(int(e.row["depth"]) - len(self.open))

    def irq_exit(self, e):
        if not self.open:
            self.wrong(e, "nothing was entered")
        elif self.open.pop()[1]:
            self.wrong(e, "without end of interrupt")

    def irq_ack(self, e):
        intid = int(e.row["hwirq"])
        self.acks += 1
        if not self.open:
            self.wrong(e, "outside of an interrupt")
        elif self.open[-1][1]:
            self.wrong(e, f"{self.open[-1][0]} has not ended")
        elif intid < SPURIOUS:
            self.open[-1] = [intid, True]

    def irq_eoi(self, e):
        if not self.open or self.open[-1] != [int(e.row["hwirq"]), True]:
            self.wrong(e, f"{self.open[-1:]} is what there is to end")
        else:
            self.open[-1][1] = False

    def irq_handler_entry(self, e):
        self.handlers += 1
        if not self.open or self.open[-1][0] is None:
            self.wrong(e, "no acknowledged interrupt around it")
        else:
            self.numbers.append((int(e.row["irq"]), self.open[-1][0]))

    def sched_switch(self, e):
        if self.open:
            self.wrong(e, "within an interrupt")
            self.open = []

    def run(self, events):
        begin = next((i for i, e in enumerate(events) if e.name == "irq_enter"), len(events))
        for e in events[begin:]:
            step = getattr(self, e.name, None)
            if step:
                step(e)
        # The IPI that stops a CPU at power-off does not return, nor does what it interrupted.
        stopped = self.open and self.open[-1][0] is not None and self.open[-1][0] < SGIS
        if len(self.open) > 1 and not stopped:
            self.bad.append(f"cpu {self.cpu}: {len(self.open)} interrupts open at the end")


def check_nesting(ours, lines):
    """Each handler runs in an interrupt that was entered and acknowledged, and is that interrupt's."""
    seen = [Nesting(cpu) for cpu in sorted(ours)]
    numbers = defaultdict(Counter)
    for one in seen:
        one.run(ours[one.cpu])
        for irq, intid in one.numbers:
            numbers[irq][intid] += 1
    handlers, acks = (sum(getattr(one, name) for one in seen) for name in ("handlers", "acks"))
    bad = [text for one in seen for text in one.bad]
    depths = set().union(*(one.depths for one in seen))
    if len(depths) != 1:
        bad.append(f"depth of irq_enter is off by {sorted(depths)}")
    verdict(handlers > 100 and not bad,
            f"{handlers} handlers, each in an interrupt that was entered and acknowledged ({acks})", bad)
    told = {line[1]: intid for intid, line in lines.items() if line[1] is not None}
    wrong = [f"irq {irq}: INTIDs {dict(some)}, /proc/interrupts says {told.get(irq, 'IPI')}"
             for irq, some in sorted(numbers.items())
             if len(some) > 1 or (irq in told and told[irq] not in some)
             or (irq not in told and max(some) > 15)]
    verdict(numbers and not wrong, f"{len(numbers)} Linux irqs, each with the INTID of its own", wrong)


def marks(ours):
    """[(begin, end)] of both readings, in ns."""
    found = {}
    for events in ours.values():
        for e in events:
            if e.name == "task_rename" and e.row["comm"].startswith("mark"):
                found[e.row["comm"]] = e.ns
    try:
        return [(found[f"mark{n}-begin"], found[f"mark{n}-end"]) for n in (1, 2)]
    except KeyError as key:
        die(f"the trace has no rename to {key}")


def bounds(events, intid, bracket):
    """How many of these interrupts a reading within the bracket can have counted: all that were over
    when it began, none that came after its end. Linux counts between acknowledging and the handler."""
    least = most = 0
    waiting = 0
    for e in events:
        if waiting and e.name in ("irq_ack", "irq_handler_entry", "irq_exit"):
            least += e.ns <= bracket[0]
            waiting = 0
        if e.name == "irq_ack" and int(e.row["hwirq"]) == intid:
            most += e.ns <= bracket[1]
            waiting = 1
    return least, most


def check_counts(ours, readings, brackets):
    """/proc/interrupts: the numbers between both readings, per CPU and interrupt; and since boot."""
    exact = bounded = silent = boot = 0
    bad, bad_boot = [], []
    for intid, (second, _, title) in sorted(readings[1].items()):
        first = readings[0].get(intid, ([0] * len(second),))[0]
        for cpu, (one, two) in enumerate(zip(first, second)):
            low, high = (bounds(ours.get(cpu, []), intid, b) for b in brackets)
            least, most = high[0] - low[1], high[1] - low[0]
            if not least <= two - one <= most:
                bad.append(f"cpu {cpu} {title} ({intid}): {two - one} in /proc/interrupts, "
                           f"{least}..{most} in the trace")
            elif least != most:
                bounded += 1
            elif most:
                exact += 1
            else:
                silent += 1
            if low[0] <= one <= low[1]:
                boot += bool(one)
            else:
                bad_boot.append(f"cpu {cpu} {title} ({intid}): {one} since boot, "
                                f"{low[0]}..{low[1]} in the trace")
    unknown = {int(e.row["hwirq"]) for events in ours.values() for e in events
               if e.name == "irq_ack" and int(e.row["hwirq"]) < SPURIOUS} - set(readings[1])
    verdict(not bad and not unknown and exact,
            f"/proc/interrupts between both readings: {exact} counts exact, {bounded} within the bounds "
            f"of the reading, {silent} are 0 on both sides",
            bad + [f"INTID {i}: not in /proc/interrupts" for i in sorted(unknown)])
    verdict(not bad_boot and boot, f"/proc/interrupts since boot: {boot} counts agree", bad_boot)
    for n, (begin, end) in enumerate(brackets):
        print(f"# reading {n + 1} took {(end - begin) / 1000:.0f} us")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("console")
    parser.add_argument("folder")
    parser.add_argument("--realtime", action="store_true",
                        help="the guest's time is the host's: the host may stop a vCPU anywhere")
    parser.add_argument("--least", type=int, default=300, help="fewer handlers: the workload did not run")
    args = parser.parse_args()

    theirs, readings = read_console(args.console)
    ours = our_events(args.folder)
    pairs = compare_events(theirs, ours)
    check_stamps(pairs, args.realtime)
    check_durations(pairs, args.realtime)
    check_nesting(ours, readings[1])
    check_counts(ours, readings, marks(ours))
    seen = Counter((e.name, e.key[-1]) for events in theirs.values() for e in events
                   if e.name in ("irq_handler_entry", "softirq_entry"))
    print("# ftrace saw: " + ", ".join(f"{n} {name}" for (_, name), n in sorted(seen.items())))
    if sum(n for (name, _), n in seen.items() if name == "irq_handler_entry") < args.least:
        not_ok("too few handlers: the workload did not run")
    sys.exit(1 if failures else 0)


main()
