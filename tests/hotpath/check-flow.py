#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What hotpath says of the guests tests/guests/flow-*, against what is known of them.

usage: check-flow.py paths DIR ISA EXCEPTIONS      mode=calls: the paths, and how often each was called
       check-flow.py sums DIR [TOTAL]              mode=calls: the paths' own instructions are all that there are
       check-flow.py calls DIR ELF NM LOG          mode=calls: each function's own instructions, as in the log
       check-flow.py blocks DIR ELF NM LOG         the same of mode=blocks and mode=edges
       check-flow.py rows DIR ELF NM LOG           the same of heatmap

EXCEPTIONS: 1 or 0, does the guest have them? LOG: every instruction's address. TOTAL: instructions by another count.
"""
import csv
import json
import os
import subprocess
import sys
from array import array
from bisect import bisect_right
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "truth"))
from paths import read as read_paths  # noqa: E402

wrong = 0


def expect(what, found, wanted):
    global wrong
    if found != wanted:
        print(f"# {what}: {found}, not {wanted}")
        wrong += 1


# ---- the profile -------------------------------------------------------------------
def read_profile(path):
    """{path, outermost first: calls}, and the same of own instructions"""
    found = read_paths(path)
    return (Counter({stack: calls for stack, (_, calls) in found.items()}),
            Counter({stack: insns for stack, (insns, _) in found.items()}))


# ---- what is known ---------------------------------------------------------------------
SOME = "some"  # as often as it takes until the timer's interrupt comes

COMMON = {
    "main": 1, "main;prepare": 1, "main;pointers": 1, "main;pointers;one": 10, "main;pointers;two": 10,
    "main;pointers;three": 10, "main;tails": 1, "main;tails;tail": 40, "main;tails;tail;tail_middle": 40,
    "main;tails;tail;tail_middle;tail_last": 40, "main;fill": 1, "main;fill;filled": 7, "end": 1,
    "": None,                     # what leads to _start depends on the machine
}
EXCEPTIONS = {"main;exceptions": 1, "main;exceptions;refused": 50, "main;exceptions;asked": 50,
              "main;ticks": 1, "main;ticks;timer_start": 60, "main;ticks;idle": SOME}
OF = {
    "riscv64": {"main;prepare;write64": 1, "end;write32": 1},
    "x86_64": {},
}


def handled(at, name, *handlers, times):
    """An exception's entry is no call: control got there by itself."""
    path, counts = f"{at};{name}" if at else name, {}
    counts[path] = times
    for i, handler in enumerate(handlers):
        path += f";{handler}"
        counts[path] = times if i else 0
    return counts


def known(isa, exceptions):
    paths = {**COMMON, **OF[isa]}
    if not exceptions:
        return paths
    paths.update(EXCEPTIONS)
    at = "main;exceptions;"
    if isa == "riscv64":
        for name in ("refused", "asked"):
            paths.update(handled(at + name, "[other]", "trap_entry", "handle_trap", "handle_" + name, times=50))
        paths.update(handled("", "[irq]", "trap_entry", "handle_trap", "handle_tick", times=60))
        paths.update({"[irq];trap_entry;handle_trap;write64": 60, "main;ticks;timer_start;read64": 60,
                      "main;ticks;timer_start;write64": 60})
    else:
        for name in ("refused", "asked"):
            paths.update(handled(at + name, "[other]", name + "_entry", "on_" + name, "handle_" + name, times=50))
        paths.update(handled("", "[irq]", "tick_entry", "on_tick", "handle_tick", times=60))
        paths["main;exceptions;called"] = 50
        paths.update(handled(at + "called", "[syscall]", "call_entry", "handle_call", times=50))
    return paths


def own_part(stack):
    """From _start or the interrupt on; None of firmware."""
    if "_start" in stack:
        return ";".join(stack[stack.index("_start") + 1:])
    if "[irq]" in stack and not any(f.startswith("0x") for f in stack):
        return ";".join(stack[stack.index("[irq]"):])
    return None


def check_paths(directory, isa, exceptions):
    calls, own = read_profile(f"{directory}/profile.pb.gz")
    wanted, found, recursion = known(isa, exceptions), Counter(), Counter()
    firmware = 0
    for stack in calls.keys() | own.keys():
        part = own_part(stack)
        if part is None:
            firmware += 1
        elif part.startswith("main;recurse"):
            recursion[part.count("recurse")] += calls[stack]
        elif part != "[irq]" or isa == "riscv64": # firmware has some of its own
            found[part] += calls[stack]
    wanted = {p: n for p, n in wanted.items() if p != "[irq]" or isa == "riscv64"}
    for path in wanted.keys() | found.keys():
        what = path or "_start"
        if wanted.get(path, 0) == SOME:
            expect(f"{what} at all", found[path] > 60, True)
        elif path not in wanted or path not in found:
            expect(what, "there" if path in found else "missing", "missing" if path in found else "there")
        elif wanted[path] is not None:
            expect(what, found[path], wanted[path])
    expect("recursion, by depth", dict(recursion), {depth: 20 for depth in range(1, 7)})
    expect("paths of firmware", firmware > 1, isa == "x86_64")


# ---- sums ------------------------------------------------------------------------------------
def check_sums(directory, total=None):
    _, own = read_profile(f"{directory}/profile.pb.gz")
    with open(f"{directory}/summary.json", encoding="utf-8") as file:
        summary = json.load(file)
    expect("sum of all paths", sum(own.values()), summary["instructions"])
    if total:
        expect("instructions", summary["instructions"], int(total))


def by_function(elf, nm, log):
    """Instructions in the log of each of the program's functions."""
    symbols = []
    for line in subprocess.run([nm, "-n", "-S", elf], check=True, capture_output=True, text=True).stdout.splitlines():
        parts = line.split()
        if len(parts) == 4 and parts[2] in "Tt":
            symbols.append((int(parts[0], 16), int(parts[1], 16), parts[3]))
    starts = [s[0] for s in symbols]
    addresses, counts = array("Q"), Counter()
    with open(log, "rb") as file:
        addresses.frombytes(file.read())
    for address, n in Counter(addresses).items():
        i = bisect_right(starts, address) - 1
        if i >= 0 and address < symbols[i][0] + symbols[i][1]:
            counts[symbols[i][2]] += n
    expect("functions in the log", len(counts) >= 15, True)
    return counts, {s[2] for s in symbols}


def check_functions(found, elf, nm, log):
    wanted, functions = by_function(elf, nm, log)
    for name in functions:
        expect(f"instructions of {name}", found[name], wanted[name])


def main():
    what, directory, *rest = sys.argv[1:]
    found = Counter()
    if what == "paths":
        check_paths(directory, rest[0], rest[1] == "1")
    elif what == "sums":
        check_sums(directory, *rest)
    elif what == "calls":
        for stack, n in read_profile(f"{directory}/profile.pb.gz")[1].items():
            found[stack[-1]] += n
        check_functions(found, *rest)
    elif what in ("blocks", "rows"):
        name, value = ("symbol", "instructions") if what == "blocks" else ("name", "total")
        with open(f"{directory}/{what}.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found[row[name]] += int(row[value])
        check_functions(found, *rest)
    else:
        sys.exit(__doc__)
    sys.exit(wrong > 0)


main()
