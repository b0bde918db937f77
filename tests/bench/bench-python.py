#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the Python package on one core: events per second, from opening a trace to arrays.

usage: bench-python.py BENCH-TRACE [EVENTS [DIRECTORY]]     default: 4000000 /dev/shm

The traces are those of bench-trace, uncompressed. Each figure is the best of nine, in CPU time.
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "analysis"))
import osinstr  # noqa: E402

ROUNDS = 9
WORK = {
    "all columns": lambda trace: trace.array("sched_switch"),
    "time and next": lambda trace: trace.array("sched_switch", ["next"]),
    "DataFrame": lambda trace: trace.events("sched_switch"),
    "check": lambda trace: trace.health,
}


def best(folder, work):
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work(osinstr.open(folder))
        seconds.append(time.process_time() - start)
    return min(seconds)


def main():
    writer, events, directory = (sys.argv[1:] + ["4000000", "/dev/shm"][len(sys.argv) - 2:])[:3]
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        subprocess.run([writer, "--write", events, folder], check=True)
        for name in ("sched_switch", "switch+wakeup"):
            figures = [f"{what} {1e-6 * int(events) / best(os.path.join(folder, name), work):.1f}"
                       for what, work in WORK.items()]
            print(f"{name:<14} Python, M events/s: {', '.join(figures)}", flush=True)


main()
