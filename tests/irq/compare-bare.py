#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A trace of irq-latency against what the guest irq (tests/guests/irq.c) says is true.

usage: compare-bare.py --shift N (--self | --osinstr FILE --trace DIR) CONSOLE

Each line of the console is a fact: TYPE KIND COUNTER DISTANCE VALUE... Its time is what the counter
showed when the guest read it, less DISTANCE instructions. A counter read is rounded down to a tick,
so a time is right when it differs by less than one tick. A difference of two times that the guest
read is right when it differs by less than two; where the guest knows the number of instructions
between them, one. --self looks whether the facts agree with each other.
"""
import argparse
import collections
import csv
import fractions
import io
import re
import subprocess
import sys

# what follows TYPE KIND COUNTER DISTANCE
FIELDS = {
    "begin": (),
    "end": (),
    "enter": ("depth", "user", "pc"),
    "ack": ("hwirq", "deadline", "set", "set_distance", "entered", "entered_distance"),
    "eoi": ("hwirq",),
    "exit": (),
    "masked": ("begin", "begin_distance", "length", "begin_pc", "end_pc", "idle"),
    "timer": ("intid", "deadline", "control"),
}
SHOWN = 12
VECTORS = {0x080: "el1t_64_irq", 0x200: "el1h_64_sync", 0x280: "el1h_64_irq",
           0x400: "el0t_64_sync", 0x480: "el0t_64_irq"}


class Truth:
    """The facts of one run, by type, with their times in ns."""

    def __init__(self, text, shift):
        found = re.search(r"^frequency (\d+)", text, re.M)
        if not found or not re.search(r"^done", text, re.M):
            sys.exit("the guest did not finish")
        self.tick = fractions.Fraction(10**9, int(found.group(1)))
        self.gic = int(re.search(r"^gic (\d)", text, re.M).group(1))
        self.instruction = 1 << shift
        self.facts = collections.defaultdict(list)
        self.order = []
        self.on = {}
        self.exceptions = len(re.findall(r"^exception ", text, re.M))
        for line in text.splitlines():
            kind, *values = line.split()[1:] if " " in line else [""]
            name = line.split(" ")[0]
            if name in FIELDS:
                self.add(name, kind, [int(v) for v in values])

    def time(self, counter, distance):
        return counter * self.tick - distance * self.instruction

    def add(self, name, kind, values):
        fact = dict(zip(("counter", "distance") + FIELDS[name], values), type=name, kind=kind)
        fact["time"] = self.time(fact["counter"], fact["distance"])
        if name == "masked":
            fact["start"] = self.time(fact["begin"], fact["begin_distance"])
            # A section ends and begins in ticks of its own unless the length is known.
            fact["slack"] = self.tick if fact["length"] >= 0 else 2 * self.tick
            fact["duration"] = (fact["length"] * self.instruction if fact["length"] >= 0
                                else fact["time"] - fact["start"])
        if name == "ack" and fact["deadline"] >= 0:
            entered = self.time(fact["entered"], fact["entered_distance"])
            deadline = fact["deadline"] * self.tick
            set_at = self.time(fact["set"], fact["set_distance"])
            fact["delay"] = entered - max(deadline, set_at)
            # a deadline is exact, a time is read
            fact["slack"] = self.tick if deadline >= set_at + self.tick else 2 * self.tick
        elif name == "ack":
            fact["delay"], fact["slack"] = -1, 1
        if name == "timer":  # enabled, and not masked in the timer
            fact["on"] = self.on.get(fact["intid"], 0) if fact["control"] == -1 else \
                int(fact["control"] == 1)
            self.on[fact["intid"]] = fact["on"]
        self.facts[name].append(fact)
        self.order.append(fact)

    @property
    def limits(self):
        return self.facts["begin"][0]["time"], self.facts["end"][0]["time"]


class Differences:
    """Prints the first of each kind, counts all."""

    def __init__(self):
        self.by_kind = collections.Counter()

    def add(self, event, number, fact, what, seen, true):
        self.by_kind[f"{event} {what}, {fact['kind']}"] += 1
        if sum(self.by_kind.values()) <= SHOWN:
            print(f"# {event} {number} ({fact['kind']}): {what} {seen}, the guest says {true}")

    def finish(self, summary):
        for what, count in sorted(self.by_kind.items()):
            print(f"# {count} x {what}")
        if self.by_kind:
            sys.exit(1)
        print(f"# {summary}")


def decimal(value):
    return f"{float(value):.10g}"


def rows(osinstr, directory, event, limits, tick):
    done = subprocess.run([osinstr, "csv", "--event", event, directory], check=True,
                          stdout=subprocess.PIPE, text=True)
    for row in csv.DictReader(io.StringIO(done.stdout)):
        if limits[0] - tick < int(row["ts_ns"]) < limits[1] + tick:
            yield row


def address(text):
    return int(text, 16) if re.fullmatch(r"(0x)?[0-9a-f]+", text) else None


def compare_one(event, row, fact, tick):
    """Yields what differs: name, seen, true."""
    if abs(int(row["ts_ns"]) - fact["time"]) >= tick:
        yield "ts_ns", row["ts_ns"], decimal(fact["time"])
    if event == "irq_enter":
        for name in ("depth", "user"):
            if int(row[name]) != fact[name]:
                yield name, row[name], fact[name]
        if address(row["pc"]) != fact["pc"]:
            yield "pc", row["pc"], hex(fact["pc"])
    if event in ("irq_ack", "irq_eoi") and int(row["hwirq"]) != fact["hwirq"]:
        yield "hwirq", row["hwirq"], fact["hwirq"]
    if event == "irq_ack":
        # -1 says that it is no timer. A phase that no tick shows makes no timer early either.
        delay, timer = int(row["delay"]), fact["deadline"] >= 0
        if delay != -1 if not timer else delay < 0 or abs(delay - fact["delay"]) >= fact["slack"]:
            yield "delay", row["delay"], decimal(max(fact["delay"], 0) if timer else -1)
    if event == "irq_exit" and int(row["resched"]):
        yield "resched", row["resched"], 0
    if event == "irqs_masked":
        if abs(int(row["duration"]) - fact["duration"]) >= fact["slack"]:
            yield "duration", row["duration"], decimal(fact["duration"])
        if int(row["idle"]) != fact["idle"]:
            yield "idle", row["idle"], fact["idle"]
        # Waking is between two instructions: either may stand for it. An exception has a name.
        begin = (fact["begin_pc"], fact["begin_pc"] + 4 * fact["idle"])
        vector = VECTORS.get(fact["begin_pc"] % 2048) if fact["length"] < 0 else None
        if address(row["from"]) not in begin and (not vector or row["from"] != f"[{vector}]"):
            yield "from", row["from"], hex(begin[-1])
        if address(row["to"]) != fact["end_pc"]:
            yield "to", row["to"], hex(fact["end_pc"])
    if event == "timer_set":
        deadline, true = int(row["deadline"]), fact["deadline"]
        if (deadline == -1) != (true == -1) or true != -1 and abs(deadline - true * tick) >= tick:
            yield "deadline", row["deadline"], decimal(true * tick) if true != -1 else -1
        if int(row["on"]) != fact["on"]:
            yield "on", row["on"], fact["on"]


EVENTS = {
    "irq_enter": "enter",
    "irq_ack": "ack",
    "irq_eoi": "eoi",
    "irq_exit": "exit",
    "irqs_masked": "masked",
    "timer_set": "timer",
}


def until_apart(event, seen, told, tick, differences):
    """Where the two part is where to look; all that follows would differ too."""
    for number, fact in enumerate(told):
        row = seen[number]["ts_ns"] if number < len(seen) else "nothing"
        if number >= len(seen) or abs(int(row) - fact["time"]) >= tick:
            differences.add(event, number, fact, "first without a partner:", row,
                            decimal(fact["time"]))
            return told[:number]
    return told


def compare(truth, osinstr, directory):
    differences = Differences()
    total, timers = 0, {}
    for event, name in EVENTS.items():
        told = truth.facts[name]
        seen = list(rows(osinstr, directory, event, truth.limits, truth.tick))
        if len(seen) != len(told):
            differences.add(event, "count", {"kind": "all"}, "count", len(seen), len(told))
            told = until_apart(event, seen, told, truth.tick, differences)
        for number, (row, fact) in enumerate(zip(seen, told)):
            for what, row_value, true_value in compare_one(event, row, fact, truth.tick):
                differences.add(event, number, fact, what, row_value, true_value)
            if event == "timer_set":  # the trace has numbers of its own for the timers
                intid = timers.setdefault(row["timer"], fact["intid"])
                if intid != fact["intid"]:
                    differences.add(event, number, fact, "timer", intid, fact["intid"])
            total += 1
    differences.finish(f"{total} events agree to one tick of {decimal(truth.tick)} ns")


AT_ONCE = ("busy", "busy-physical", "value", "past", "enabled-before")


def check_next(truth, differences):
    """An interrupt that waits is entered with the instruction after the one that unmasks."""
    found = 0
    for number, (before, fact) in enumerate(zip(truth.order, truth.order[1:])):
        if before["type"] != "masked" or fact["type"] != "enter":
            continue
        gap = fact["time"] - before["time"]
        # A handler's end is at ERET, wherever that goes; a few instructions tell one that waited.
        returned = before["length"] < 0 and gap < 4 * truth.instruction
        if before["end_pc"] + 4 == fact["pc"] or returned:
            found += 1
            if abs(gap - truth.instruction) >= 2 * truth.tick:
                differences.add("enter", number, fact, "after unmasking", decimal(gap),
                                truth.instruction)
    if found < len(truth.facts["enter"]) // 10:
        differences.add("enter", "all", {"kind": "all"}, "that waited", found, "more")


def check_self(truth):
    """Facts are in the order of time, lengths agree with reads, interrupts with each other."""
    differences = Differences()
    facts = truth.facts
    begin, end = truth.limits
    for name, of_type in facts.items():
        last = begin
        for number, fact in enumerate(of_type):
            if fact["time"] <= last - truth.tick or fact["time"] > end:
                differences.add(name, number, fact, "time", decimal(fact["time"]), decimal(last))
            last = fact["time"]
    last = begin - truth.tick
    for number, fact in enumerate(facts["masked"]):
        # Sections don't overlap; a nested one belongs to what interrupted it, which was unmasked.
        if fact["start"] <= last - truth.tick:
            differences.add("masked", number, fact, "start", decimal(fact["start"]), decimal(last))
        if fact["duration"] <= 0:
            differences.add("masked", number, fact, "duration", fact["duration"], "more")
        straight = (fact["end_pc"] - fact["begin_pc"]) // 4
        if fact["length"] >= 0 and fact["kind"] != "loop" and fact["length"] != straight:
            differences.add("masked", number, fact, "length", fact["length"], straight)
        last = fact["time"]
    check_next(truth, differences)
    for number, fact in enumerate(facts["ack"]):
        # Unmasked, an interrupt comes with the first instruction after the deadline.
        delay, least = fact["delay"], truth.instruction - 2 * truth.tick
        most = truth.instruction + 2 * truth.tick + \
            (0 if fact["kind"] == "past" else truth.instruction)
        late = fact["kind"] in AT_ONCE and delay >= most
        if fact["hwirq"] in (27, 30) and (delay <= least or late):
            differences.add("ack", number, fact, "delay", decimal(delay), truth.instruction)
    real = sum(fact["hwirq"] != 1023 for fact in facts["ack"])
    if len(facts["enter"]) != len(facts["exit"]) or real != len(facts["eoi"]):
        differences.add("enter", "count", {"kind": "all"}, "count",
                        (len(facts["enter"]), len(facts["exit"]), real), len(facts["eoi"]))
    depths = collections.Counter(fact["depth"] for fact in facts["enter"])
    users = sum(fact["user"] for fact in facts["enter"])
    if not (depths[0] and depths[1] and depths[2] and users):
        differences.add("enter", "all", {"kind": "all"}, "depths", dict(depths), "0, 1 and 2")
    differences.finish(f"GICv{truth.gic}: {len(facts['enter'])} interrupts, at depths "
                       f"{dict(depths)}, {len(facts['masked'])} sections, "
                       f"{truth.exceptions} other exceptions, tick {decimal(truth.tick)} ns")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("console")
    parser.add_argument("--shift", type=int, required=True)
    parser.add_argument("--self", action="store_true", dest="only_self")
    parser.add_argument("--osinstr")
    parser.add_argument("--trace")
    args = parser.parse_args()
    with open(args.console) as console:
        truth = Truth(console.read().replace("\r", ""), args.shift)
    if args.only_self:
        check_self(truth)
    else:
        compare(truth, args.osinstr, args.trace)


main()
