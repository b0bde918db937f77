#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a profile in callgrind's format of the instruction logs that the plugin insn-count writes.

usage: insnlog.py ELF OBJDUMP OUT LOG...

Nothing is followed but addresses: an instruction belongs to the function that holds its address. A call is what a call
instruction leads to, or a jump to a function's first instruction or to code without a name (a PLT), callgrind's rules. No stack is kept, so there is no
inclusive cost (0 stands there). OBJDUMP tells the call instructions of x86-64, AArch64 and RISC-V.
"""
import array
import functools
import os
import re
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from elfsym import Symbols  # noqa: E402

CODE = re.compile(r"^ *([0-9a-f]+):\t(?:(?:bnd|notrack|repz|data16|cs|rep|lock) )*([a-z0-9.]+) *([^#<]*)")
CALLS = {"call", "callq", "bl", "blr", "jal", "jalr", "c.jal", "c.jalr"}
JUMPS = re.compile(r"^(j.*|loop.*|ret.*|b|br|b\..*|bcond|cbn?z|tbn?z|beq|bne|bl[te]u?z?|bg[te]u?z?|b(eq|ne)z|c\.j.*)$")


def control(elf, objdump):
    """({addresses of calls}, {addresses of jumps of all kinds}, {address: the next instruction's})"""
    calls, jumps, after, before = set(), set(), {}, None
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        match = CODE.match(line)
        if not match:
            continue
        address, word, operands = int(match[1], 16), match[2], match[3].strip()
        if before is not None:
            after[before] = address
        before = address
        if word in CALLS and not operands.startswith("zero"):
            calls.add(address)
        elif JUMPS.match(word) or word in CALLS:
            jumps.add(address)
    return calls, jumps, after


def walk(log, symbols, code):
    """Counts of instructions by address, and of calls by (address of the call or jump, entry)."""
    calls, jumps, after = code
    entries, find = symbols.at, functools.cache(symbols.find)
    taken = Counter()
    ours = memoryview(log)
    for a, b in zip(ours, ours[1:]):
        if a in calls:
            if after.get(a) != b:
                taken[a, b] += 1
        elif a in after and (after[a] != b or a in jumps):
            if b in entries or (find(b) is None and find(a) is not None):
                taken[a, b] += 1
    return Counter(log), taken


def write(path, symbols, own, taken):
    name = lambda address: symbols.name(symbols.find(address))  # noqa: E731
    functions = Counter()
    edges = Counter()
    for address, count in own.items():
        functions[name(address)] += count
    for (a, b), count in taken.items():
        edges[name(a), name(b)] += count
    with open(path, "w") as out:
        print(f"# callgrind format\nversion: 1\npositions: line\nevents: Ir\ntotals: {sum(own.values())}\n", file=out)
        for function in sorted(functions):
            print(f"fn={function}\n0 {functions[function]}", file=out)
            for (caller, callee), count in sorted(edges.items()):
                if caller == function:
                    print(f"cfn={callee}\ncalls={count} 0\n0 0", file=out)
            print(file=out)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__.split("\n\n")[1])
    elf, objdump, out = sys.argv[1:4]
    symbols, code = Symbols(elf), control(elf, objdump)
    own, taken = Counter(), Counter()
    for path in sys.argv[4:]:
        log = array.array("Q")
        log.frombytes(open(path, "rb").read())
        if sys.byteorder == "big":
            log.byteswap()
        some_own, some_taken = walk(log, symbols, code)
        own += some_own
        taken += some_taken
    write(out, symbols, own, taken)


if __name__ == "__main__":
    main()
