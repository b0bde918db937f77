#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares a trace with what the witness plugin wrote down in the same QEMU.

usage: compare.py SWITCHES.csv WITNESS-DIR [--complete [--later MAX] | --holes MAX]

SWITCHES.csv is that of `osinstr csv`. Each vCPU's witness must be the beginning of its trace, and
the trace at most one switch longer: the one that the kill cut off from its witness.
  --complete   and not even that one
  --later MAX  the witness may have gone on alone, by at most MAX switches of a vCPU
  --holes MAX  the trace may lack switches anywhere, at most MAX of them
Prints the number of switches that the witness saw.
"""
import argparse
import csv
import sys
from collections import defaultdict
from pathlib import Path


def read_trace(path):
    cpus = defaultdict(list)
    for row in csv.DictReader(open(path, newline="")):
        cpus[int(row["cpu"])].append((row["prev_comm"], row["prev_pid"], row["prev_state"],
                                      row["next_comm"], row["next_pid"]))
    return cpus


def read_witness(path):
    cpus = {}
    for file in Path(path).glob("cpu[0-9]*"):
        lines = file.read_text().split("\n")[:-1]  # a line without its end was cut off
        rows = [line.split(",") for line in lines]
        if [row[0] for row in rows] != [str(n) for n in range(len(rows))]:
            sys.exit(f"{file}: the witness itself lost lines")
        cpus[int(file.name[3:])] = [tuple(row[1:]) for row in rows]
    return cpus


def agree(trace, witness):
    """The same switch? A "?" knows less: two plugins read a task's state at different moments. On a
    full disk a task may have lost its name and number. Names alone differ while a rename is under way."""
    return all(a == b or a in ("?", "-1") or b == "?"
               for a, b in zip((trace[1], trace[2], trace[4]), (witness[1], witness[2], witness[4])))


def check_prefix(cpu, trace, witness, complete, later):
    for n, (a, b) in enumerate(zip(trace, witness)):
        if not agree(a, b):
            sys.exit(f"cpu {cpu}: switch {n} is {a}, the witness saw {b}")
    if len(trace) + later < len(witness):
        sys.exit(f"cpu {cpu}: {len(witness)} switches were witnessed, the trace has {len(trace)}")
    if len(trace) > len(witness) + (0 if complete else 1):
        sys.exit(f"cpu {cpu}: {len(trace)} switches in the trace, {len(witness)} were witnessed")


def check_holes(cpu, trace, witness):
    """Each switch of the trace is one that was witnessed, in order; returns how many are missing."""
    rest = iter(witness)
    for n, a in enumerate(trace):
        if not any(agree(a, b) for b in rest):
            sys.exit(f"cpu {cpu}: switch {n} of the trace, {a}, was not witnessed there")
    return len(witness) - len(trace)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("switches")
    parser.add_argument("witness")
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--later", type=int, default=0)
    parser.add_argument("--holes", type=int)
    args = parser.parse_args()
    trace, witness = read_trace(args.switches), read_witness(args.witness)
    missing = 0
    for cpu in sorted(trace.keys() | witness.keys()):
        pair = trace.get(cpu, []), witness.get(cpu, [])
        if args.holes is None:
            check_prefix(cpu, *pair, args.complete, args.later)
        else:
            missing += check_holes(cpu, *pair)
    if args.holes is not None and missing > args.holes:
        sys.exit(f"{missing} switches are missing, {args.holes} events are said to be lost")
    print(sum(map(len, witness.values())))


main()
