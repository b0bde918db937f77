#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares two profiles in callgrind's format: one that callgrind itself wrote, and one of the same run elsewhere.

usage: callgrind.py [--explain PROGRAM] [--log] [--list] [--inclusive FUNCTION] [--summary FILE] ELF THEIRS OURS

Equal must be: the total to 0.1 %, each function's own instructions to 0.5 %, how often each function was called, and
how often from whom. What differs is printed, a line each, and is a failure. With --explain the rows that explained.py
has for PROGRAM are no failures, and --list prints them too. Without it nothing may differ, not even by 0.1 %.
With --inclusive, what FUNCTION calls must have cost the same too, with all that was called from there.
With --log THEIRS is what insnlog.py says: nothing may differ but what explained.py has for that, to the instruction.

With --summary OURS is hotpath's, and FILE its summary.json. It knows how often a function was called where callgrind's
format can't say "never", and a handler's caller is "[signal]".

A function may have several names, and a name several functions (static ones): all names that share an address, and all
addresses that share a name, are one function here. callgrind's recursion levels (name'2) are one as well.
"""
import argparse
import json
import os
import re
import sys
from collections import Counter, defaultdict

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from elfsym import Symbols  # noqa: E402
from explained import LOG, ROWS, explanation, shared  # noqa: E402

TOTAL, SELF = .001, .005  # what may differ
COST = re.compile(r"^[0-9+*-]")
NAME = re.compile(r"\((\d+)\)(?: (.*))?$")
SIGNAL = "[signal]"


class Profile:
    """own: {function: instructions}; calls, costs: {(caller, callee): number, inclusive cost}; total: what the file
    says it is."""

    def __init__(self, path):
        self.own, self.calls, self.costs, self.total = Counter(), Counter(), Counter(), None
        self.names, self.positions, self.event = {}, 1, 0
        self.function = self.callee = self.count = None
        for number, line in enumerate(open(path, errors="replace"), 1):
            try:
                self._line(line.rstrip("\n"))
            except (ValueError, IndexError, KeyError) as error:
                raise SystemExit(f"not ok - {path}:{number}: {error!r}: {line.rstrip()}")
        if self.total is None:
            self.total = sum(self.own.values())

    def _name(self, text):
        """The name that "(12) name", "(12)" or "name" stands for."""
        match = NAME.match(text)
        if not match:
            name = text
        elif match[2] is None:
            name = self.names[match[1]]
        else:
            name = self.names[match[1]] = match[2]
        return re.sub(r"'\d+$", "", name)

    def _line(self, line):
        if COST.match(line):
            self._cost(line)
        elif line.startswith("fn="):
            self.function = self._name(line[3:])
        elif line.startswith("cfn="):
            self.callee = self._name(line[4:])
        elif line.startswith("calls="):
            self.count = int(line[6:].split()[0])
        elif line.startswith(("jump=", "jcnd=")):
            self.count = 0  # the next line is where from, and no cost
        elif line.startswith("positions:"):
            self.positions = len(line.split()) - 1
        elif line.startswith("events:"):
            self.event = line.split()[1:].index("Ir")
        elif line.startswith(("totals:", "summary:")):
            self.total = int(line.split()[1 + self.event])

    def _cost(self, line):
        """Positions (absolute, relative or the same: nobody asks where in a function), then the events' costs."""
        cost = int((line.split()[self.positions:] + ["0"] * (self.event + 1))[self.event])
        if self.count is None:
            self.own[self.function] += cost
            return
        if self.count:
            self.calls[self.function, self.callee] += self.count
            self.costs[self.function, self.callee] += cost
        self.count = None


class Functions:
    """Which names and addresses mean the same function."""

    def __init__(self, symbols):
        self.symbols, self.group = symbols, {}
        for name, addresses in symbols.names.items():
            for address in addresses:
                self._join(name, address)
        members = defaultdict(list)
        for thing in self.group:
            if isinstance(thing, str):
                members[self._root(thing)].append(thing)
        self.title = {root: shared(min(names)) for root, names in members.items()}

    def _root(self, thing):
        while self.group.setdefault(thing, thing) != thing:
            thing = self.group[thing]
        return thing

    def _join(self, a, b):
        self.group[self._root(a)] = self._root(b)

    def of(self, name):
        """One name for all; "???" is code outside the program's symbols, whatever it is called."""
        if name == SIGNAL:
            return name
        name, _, address = name.partition("@0x")  # hotpath's way to tell functions of one name apart
        if name in self.symbols.names:
            return self.title[self._root(name)]
        try:
            start = self.symbols.find(int(address or name, 16))
        except (ValueError, TypeError):
            return "???"
        return "???" if start is None else self.title[self._root(start)]

    def profile(self, profile):
        """own, calls and costs, by functions instead of names"""
        own, calls, costs = Counter(), Counter(), Counter()
        for name, cost in profile.own.items():
            own[self.of(name)] += cost
        for edge, count in profile.calls.items():
            calls[self.of(edge[0]), self.of(edge[1])] += count
            costs[self.of(edge[0]), self.of(edge[1])] += profile.costs[edge]
        return own, calls, costs


def called(calls):
    callees = Counter()
    for (_, callee), count in calls.items():
        callees[callee] += count
    return callees


def without_uncalled(calls, path):
    """The edges less those that are no calls: the format has no "calls=0", so hotpath writes 1 if a function got its
    instructions in another way. How often a function really was called is in the summary; an edge is no call only if it
    says 1, and if without all such edges into the function their sum is what the summary says. Returns also the
    functions that the two disagree about."""
    true, edges, single = Counter(), Counter(), Counter()
    for row in json.load(open(path))["functions"]:
        true[row["function"]] += row["calls"]
        true[row["function"] + "@" + hex(int(row["address"] or "0", 16))] += row["calls"]
    for (_, callee), count in calls.items():
        edges[callee] += count
        single[callee] += count == 1
    none = {callee for callee, count in edges.items() if single[callee] and count - single[callee] == true[callee]}
    wrong = sorted(callee for callee, count in edges.items() if callee not in none and count != true[callee])
    return Counter({edge: count for edge, count in calls.items() if count != 1 or edge[1] not in none}), wrong


def through_signal(calls, handlers):
    """A log has no "[signal]": who was interrupted leads to the handler itself."""
    through = Counter()
    for (caller, callee), count in calls.items():
        if callee in handlers:
            through[caller, SIGNAL] += count
            through[SIGNAL, callee] += count
        else:
            through[caller, callee] += count
    return through


def costs_from(caller, costs):
    return Counter({edge: cost for edge, cost in costs.items() if edge[0] == caller})


def differing(theirs, ours, tolerance):
    for key in sorted(set(theirs) | set(ours), key=lambda k: (-max(theirs[k], ours[k]), k)):
        a, b = theirs[key], ours[key]
        if abs(a - b) > tolerance * max(a, b):
            yield key, a, b


class Comparison:
    def __init__(self, program, log, show):
        self.program, self.show, self.failures = program, show, 0
        self.rows = LOG if log else ROWS
        self.total, self.own = (TOTAL, SELF) if program and not log else (0, 0)

    def verdict(self, good, text):
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} - {text}")

    def table(self, what, kind, theirs, ours, tolerance=0.):
        """Says which entries differ without a reason; returns what the others differ by."""
        bad, explained, by = 0, 0, 0
        for key, a, b in differing(theirs, ours, tolerance):
            name = " -> ".join(key) if isinstance(key, tuple) else key
            why = explanation(self.rows, self.program, kind, name, a - b)
            if why is None:
                bad += 1
            else:
                explained, by = explained + 1, by + a - b
            if why is None or self.show:
                print(f"# {kind} {name}: theirs {a}, ours {b}{f' ({why})' if why else ''}")
        self.verdict(bad == 0, f"{what}: {len(set(theirs) | set(ours))} compared, {bad} differ, {explained} others explained")
        return by


def compare(arguments):
    functions = Functions(Symbols(arguments.elf))
    sides = [Profile(arguments.theirs), Profile(arguments.ours)]
    wrong = []
    if arguments.summary:
        sides[1].calls, wrong = without_uncalled(sides[1].calls, arguments.summary)
    (a_own, a_calls, a_costs), (b_own, b_calls, b_costs) = (functions.profile(side) for side in sides)
    if arguments.log:
        a_calls = through_signal(a_calls, {callee for caller, callee in b_calls if caller == SIGNAL})
    c = Comparison(arguments.explain, arguments.log, arguments.list)
    c.verdict(not wrong, f"{arguments.summary} says otherwise how often these were called: {wrong}")
    c.verdict(len(a_own) > 20 and len(b_own) > 20, f"{len(a_own)} functions there, {len(b_own)} here")
    for name, side in zip(("theirs", "ours"), sides):
        added = sum(side.own.values())
        c.verdict(added == side.total, f"{name}: {side.total} in all, the functions add up to {added}")
    explained = c.table("own instructions", "own", a_own, b_own, c.own)
    c.table("calls of each function", "calls", called(a_calls), called(b_calls))
    c.table("calls by caller", "edge", a_calls, b_calls)
    if arguments.inclusive:
        caller = functions.of(arguments.inclusive)
        a_from, b_from = costs_from(caller, a_costs), costs_from(caller, b_costs)
        c.verdict(len(a_from) > 1, f"{caller} calls {len(a_from)} functions")
        c.table(f"with all that {caller} calls", "inclusive", a_from, b_from, c.own)
    theirs, ours = sides[0].total, sides[1].total
    c.verdict(abs(theirs - explained - ours) <= c.total * ours,
              f"total: theirs {theirs}, ours {ours}, {explained} explained")
    return c.failures


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--explain", metavar="PROGRAM")
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--summary", metavar="FILE")
    parser.add_argument("--inclusive", metavar="FUNCTION")
    for name in ("elf", "theirs", "ours"):
        parser.add_argument(name)
    sys.exit(1 if compare(parser.parse_args()) else 0)


if __name__ == "__main__":
    main()
