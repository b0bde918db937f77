# SPDX-License-Identifier: GPL-2.0-or-later
"""compare-calls.py CONSOLE DIR [INTERRUPTS QUIET [PATHS]]: is DIR, what hotpath wrote of the guest calls, the tree
that this guest has? CONSOLE: what the guest said. INTERRUPTS: there must be at least as many of the timer. QUIET:
DIR of a run without them: all other paths must have the same instructions, too. PATHS: take the paths from
there, not from DIR."""
import json
import os
import re
import sys

import paths

A, B = ("task_a",), ("task_b",)
# Functions in assembly: instructions of each call. A jump back to the start is a call of its own.
LENGTH = {
    "leaf5": 5, "leaf12": 12, "tail_first": 2, "tail_second": 3, "tail_third": 4, "tail_self": 3,
    "ping": 3, "pong": 3, "falls": 2, "leaf_below": 3, "set_jump": 10, "jump_back": 10,
    "return_back": 10, "make_syscall": 3, "switch_to": 17, "enter_exception": 30, "enter_irq": 29,
}
# What depends on the interrupts: numbers on the console, the timer's start, and device accesses. QEMU leaves the
# block of such an access, which was counted whole, and comes to the rest again.
VARIES = {"say", "prepare", "acknowledge", "finished", "send"}


def vectors(cause, handler, body):
    """An exception's way through the assembly, then the handler and what it calls."""
    yield (cause,), 1
    yield (cause, "call_vectors"), 0
    way = (cause, "call_vectors", "enter_irq" if "irq" in cause else "enter_exception")
    yield way, 1
    yield way + (handler,), 1
    for path, calls in body:
        yield way + (handler,) + path, calls


def below(head, tree):
    return [(head + path, calls) for path, calls in tree]


SYSCALL = list(vectors("[syscall]", "on_exception", [
    (("serve",), 1), (("serve", "leaf5"), 1), (("serve", "leaf12"), 1)]))
FAULT = list(vectors("[page fault]", "on_exception", [(("fix",), 1), (("fix", "leaf12"), 1)]))
ASKED = [(("acknowledge",), 1), (("finished",), 1)]
TIMER = list(vectors("[irq 27]", "on_irq", ASKED + [(("tick",), 1), (("tick", "leaf5"), 1)]))
FIRST = list(vectors("[irq 1]", "on_irq", ASKED + below(("handle_first",), [
    ((), 1), (("make_syscall",), 1), (("send",), 1), (("leaf12",), 1)] + below(("make_syscall",), SYSCALL))))
SECOND = list(vectors("[irq 2]", "on_irq", ASKED + [
    (("handle_second",), 1), (("handle_second", "leaf5"), 1)]))
THROWS = ("first", "second", "third")


def one_round():
    yield (), 1
    for depth in range(1, 7):
        yield ("recurse",) * depth, 1
    yield ("recurse",) * 6 + ("leaf5",), 1
    for depth in range(1, 6):
        turn = ("even", "odd") * 3
        yield turn[:depth], 1
        if depth % 2:
            yield turn[:depth] + ("leaf5",), 1
    yield ("by_pointer",), 1
    yield ("jumps",), 1
    for depth in (1, 2, 3):
        yield ("jumps", "tail_first", "tail_second", "tail_third")[: depth + 1], 1
    yield ("jumps", "tail_self"), 1
    yield ("jumps", "tail_self", "tail_self"), 10
    yield ("jumps", "ping"), 1
    yield ("jumps", "ping", "pong"), 4
    yield ("jumps", "ping", "pong", "ping"), 3
    yield ("jumps", "falls"), 1
    yield ("jumps", "falls", "leaf_below"), 1
    yield ("catches",), 2
    yield ("catches", "set_jump"), 2
    yield ("catches", "leaf12"), 2
    for depth in (1, 2, 3):
        yield ("catches",) + THROWS[:depth], 2
    yield ("catches",) + THROWS + ("leaf5",), 2
    yield ("catches",) + THROWS + ("jump_back",), 1
    yield ("catches",) + THROWS + ("return_back",), 1
    yield ("exceptions",), 1
    yield ("exceptions", "leaf5"), 1
    yield ("exceptions", "make_syscall"), 1
    yield ("exceptions", "make_fault"), 1
    yield from below(("exceptions", "make_syscall"), SYSCALL)
    yield from below(("exceptions", "make_fault"), FAULT)
    yield ("send",), 1
    yield ("relay",), 1
    yield ("relay", "switch_to"), 1
    yield ("relay", "leaf5"), 1


def expected(rounds):
    """All calls by path, but the timer's; the second task's last round stays in its switch."""
    tree = {A + ("_start",): 0, A + ("_start", "main"): 1, B + ("main_b",): 0, B + ("switch_to",): 0}
    main, work = A + ("_start", "main"), A + ("_start", "main", "work")
    tree.update({main + ("prepare",): 1, main + ("say",): 4, work: 1})
    for path, calls in one_round():
        tree[work + ("round",) + path] = calls * rounds
    pointer = work + ("round", "by_pointer")
    tree[pointer + ("leaf5",)] = (rounds + 2) // 3
    tree[pointer + ("leaf12",)] = (rounds + 1) // 3
    for depth in (1, 2, 3):
        tree[pointer + ("tail_first", "tail_second", "tail_third")[:depth]] = rounds // 3
    for path, calls in FIRST + SECOND:
        tree[A + path] = calls * rounds
    for depth in (1, 2, 3, 4):
        tree[B + ("main_b",) + ("deep_b",) * depth] = rounds
    relay = B + ("main_b",) + ("deep_b",) * 4 + ("relay",)
    tree.update({relay: rounds, relay + ("switch_to",): rounds, relay + ("leaf5",): rounds - 1,
                 B + ("main_b", "leaf12"): rounds - 1})
    return tree


errors = []


def same(what, got, wanted):
    if got != wanted:
        errors.append(f"{what}: {got}, not {wanted}")


def second_task_begins(got):
    """It begins in the midst of switch_to. What an interrupt finds done there has no function yet."""
    begin, _ = got.pop(B, (0, 0))
    more, calls = got.get(B + ("switch_to",), (0, 0))
    got[B + ("switch_to",)] = (begin + more, calls)


def compare_calls(got, tree):
    for path in sorted(set(got) | set(tree)):
        name = ";".join(path)
        if path not in got:
            errors.append(f"{name} is missing")
        elif path not in tree:
            errors.append(f"{name} should not be there: {got[path]}")
        else:
            same(f"{name}: calls", got[path][1], tree[path])


def compare_timer(timer, n):
    """The timer's subtrees, which stand below the root of the task that ran."""
    for relative, calls in TIMER:
        found = [timer.pop(root + relative, (0, 0))[1] for root in (A, B)]
        same(f"{';'.join(relative)}: calls", sum(found), calls * n)
    for path in timer:
        errors.append(f"{';'.join(path)} should not be there")


def compare_lengths(got, rounds):
    for path, (instructions, calls) in got.items():
        if path == B + ("switch_to",):  # where the second task begins
            calls = 1
        elif path[0] == "task_b" and path[-1] == "switch_to":  # the last one is the first task's
            calls = rounds - 1
        if path[-1] in LENGTH:
            same(f"{';'.join(path)}: instructions", instructions, calls * LENGTH[path[-1]])


def compare_files(out, got):
    total = sum(instructions for instructions, _ in got.values())
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    same("summary.json: instructions", summary["instructions"], total)
    same("summary.json: calls that did not fit", summary["calls_other"], 0)
    with open(os.path.join(out, "stacks.folded"), encoding="utf-8") as file:
        folded = dict(line.rstrip("\n").rsplit(" ", 1) for line in file)
    same("stacks.folded", {path: int(n) for path, n in folded.items()},
         {";".join(path): n for path, (n, _) in got.items() if n})
    return summary


def read_text(name):
    """What paths.py prints."""
    with open(name, encoding="utf-8") as file:
        lines = [line.rsplit(" ", 2) for line in file]
    return {tuple(path.split(";")): (int(n), int(calls)) for path, n, calls in lines}


def without_timer(tree):
    return {path: value for path, value in tree.items() if "[irq 27]" not in path}


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        console = file.read()
    facts = {name: int(n) for name, n in re.findall(r"^(\w+) (\d+)\r?$", console, re.M)}
    if "done" not in console:
        sys.exit("the guest did not run to its end")
    rounds = facts["rounds"]
    got = paths.read(os.path.join(sys.argv[2], "profile.pb.gz"))
    if len(sys.argv) > 5:
        got = read_text(sys.argv[5])
    summary = compare_files(sys.argv[2], got)
    second_task_begins(got)
    same("interrupts that the guest sent itself", (facts["first"], facts["second"]), (rounds, rounds))
    compare_calls(without_timer(got), expected(rounds))
    compare_timer({path: value for path, value in got.items() if "[irq 27]" in path}, facts["timer"])
    compare_lengths(got, rounds)
    # Each longjmp by a return, and the first switch to the second task, return to where nothing called.
    same("returns_unmatched", summary["returns_unmatched"], rounds + 1)
    same("returns_unwound", summary["returns_unwound"], 2 * rounds)
    if len(sys.argv) > 3:
        if facts["timer"] < int(sys.argv[3]):
            errors.append(f"only {facts['timer']} interrupts")
        quiet = paths.read(os.path.join(sys.argv[4], "profile.pb.gz"))
        second_task_begins(quiet)
        for path, (instructions, _) in without_timer(got).items():
            if path[-1] not in VARIES:
                same(f"{';'.join(path)}: with and without interrupts", instructions,
                     quiet.get(path, (None,))[0])
    for error in errors[:20]:
        print("#", error)
    sys.exit(bool(errors))


main()
