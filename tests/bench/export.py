#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast osinstr export writes each format: CPU time for a trace of task switches and wakeups, the best of three runs.

usage: export.py OSINSTR BENCH-TRACE [EVENTS]
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile

# A row each: the format and its options.
FORMATS = ["perfetto", "perfetto --no-compress", "ctf", "tracedat", "csv", "json", "sqlite"]
RUNS = 3


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size_of(path):
    if os.path.isdir(path):
        return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)
    return os.path.getsize(path)


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def main():
    osinstr, bench_trace = sys.argv[1:3]
    events = int(sys.argv[3]) if len(sys.argv) > 3 else 4000000
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        trace, output = os.path.join(folder, "switch+wakeup"), os.path.join(folder, "output")
        subprocess.run([bench_trace, "--write", str(events), folder], check=True)
        for row in FORMATS:
            name, *options = row.split()
            best = float("inf")
            for _ in range(RUNS):
                remove(output)
                best = min(best, cpu_seconds([osinstr, "export", name, *options, "-o", output, trace]))
            print(f"export {row:<26} {size_of(output) / events:6.2f} B/event  {events / best / 1e6:6.1f} M events/s",
                  flush=True)


main()
