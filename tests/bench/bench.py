#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugins cost: QEMU's CPU time with a plugin over plain QEMU's, on the same guest work.

usage: bench.py [--pairs N] [--qemu FILE] [--only WORKLOAD] [--plugin NAME] PLUGINS-DIR GUESTS-DIR

Machines are noisy, so runs are paired: each run with the plugin stands between two plain ones and is
divided by their mean. Medians and quartiles of these ratios are printed, and beside them the noise: the
same figure for plain against plain. The bare-metal mix gates (exit 1 beyond its limit); the others are
reported.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile

KERNEL_ARGS = "console=ttyAMA0 quiet more=1"


def machine(args, smp=1, memory=512):
    return [args.qemu, "-M", "virt", "-cpu", "cortex-a72", "-m", str(memory), "-smp", str(smp),
            "-nographic", "-net", "none", "-no-reboot"]


def workloads(args):
    mix = ["-kernel", os.path.join(args.guests, "mix.elf")]
    ticker = ["-kernel", os.path.join(args.guests, "ticker.elf")]
    boot = ["-kernel", args.kernel, "-initrd", os.path.join(args.guests, "bench.cpio.gz"),
            "-append", KERNEL_ARGS]
    return {
        "mix": machine(args, 1, 64) + mix,
        "mix-icount": machine(args, 1, 64) + mix + ["-icount", "shift=1,sleep=off"],
        "mix-2": machine(args, 2, 64) + mix,
        "ticker": machine(args, 1, 64) + ticker,
        # as many interrupts in each run
        "ticker-icount": machine(args, 1, 64) + ticker + ["-icount", "shift=1,sleep=off"],
        "linux": machine(args) + boot,
        "linux-icount": machine(args) + boot + ["-icount", "shift=1,sleep=off"],
        "linux-2": machine(args, 2) + boot,
    }


# plugin, or plugin and option: {workload: limit of the median ratio, or None to report only}
PLANS = {
    "noop": {"mix": None, "linux": None},  # what loading any plugin costs
    "hotpath mode=calls": {"mix": None, "mix-2": None, "linux": 1.20, "linux-2": 1.30},
    "hotpath mode=blocks": {"mix": 1.12, "mix-2": None, "linux": 1.12, "linux-2": None},
    "hotpath mode=edges": {"mix": 1.35, "mix-2": None, "linux": 1.35, "linux-2": None},
    "hotpath mode=trace": {"mix": 1.45, "mix-2": 1.55, "linux": 1.30, "linux-2": 1.40},
    # QEMU's own, for comparison
    "contrib/libhotblocks inline=true": {"mix": None, "mix-2": None, "linux": None, "linux-2": None},
    "contrib/libcflow": {"mix": None, "linux": None},
    "heatmap of=functions": {"mix": 1.12, "mix-2": None, "linux": 1.12, "linux-2": 1.22},
    "heatmap of=modules": {"linux": 1.12},
    "heatmap of=tasks": {"mix": 1.12, "linux": 1.12, "linux-2": 1.22},
    "heatmap of=pages": {"mix": None, "linux": 1.60, "linux-2": None},
    "heatmap of=pages sample=1000": {"mix": None, "linux": 1.20, "linux-2": None},
    "contrib/libhotpages": {"linux": None},
    "irq-latency": {"mix": 1.03, "mix-icount": 1.08, "mix-2": 1.13, "ticker": 1.03,
                    "ticker-icount": 1.08, "linux": None, "linux-2": None, "linux-icount": None},
    "sched": {"mix": 1.03, "mix-2": 1.13, "linux": None, "linux-2": None, "linux-icount": None},
}


def plugin_option(args, plugin, out):
    """What -plugin gets; contrib/NAME is one of QEMU's own plugins."""
    file, *options = plugin.split()
    if file.startswith("contrib/"):
        return ",".join([f"{os.path.join(args.contrib, os.path.basename(file))}.so", *options])
    return ",".join([f"{os.path.join(args.plugins, file)}.so", f"out={out}/run", "quiet=on", *options])


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)}\nfailed: {done.stderr.decode(errors='replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def quartiles(values):
    q = statistics.quantiles(values, n=4, method="inclusive")
    return statistics.median(values), q[0], q[2]


def measure(plain, observed, pairs):
    """Ratios of observed to plain, and of plain to plain, in one interleaved series."""
    cpu_seconds(plain)  # caches
    base, ratios, noise = [cpu_seconds(plain)], [], []
    for _ in range(pairs):
        seen = cpu_seconds(observed)
        base.append(cpu_seconds(plain))
        ratios.append(seen / ((base[-1] + base[-2]) / 2))
    for i in range(1, len(base) - 1):
        noise.append(base[i] / ((base[i - 1] + base[i + 1]) / 2))
    return quartiles(ratios), quartiles(noise), statistics.median(base)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugins")
    parser.add_argument("guests")
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", help="one workload")
    parser.add_argument("--plugin", help="plugins whose name begins so")
    parser.add_argument("--contrib", default="", help="folder of QEMU's own plugins")
    args = parser.parse_args()
    if args.pairs < 3:
        parser.error("quartiles need at least 3 pairs")
    failed = False
    all_workloads = workloads(args)
    print(f"{'plugin':<32} {'workload':<13} {'ratio':>6} {'q1':>6} {'q3':>6}   "
          f"{'plain/plain':>11} {'q1':>6} {'q3':>6}   {'plain s':>7}  limit")
    for plugin, plan in PLANS.items():
        for name, limit in plan.items():
            if (args.only and args.only != name) or (args.plugin and
                                                     not plugin.startswith(args.plugin)):
                continue
            with tempfile.TemporaryDirectory() as out:
                option = plugin_option(args, plugin, out)
                plain = all_workloads[name]
                ratio, noise, seconds = measure(plain, plain + ["-plugin", option], args.pairs)
            verdict = "" if limit is None else f"{limit:.2f} {'ok' if ratio[0] <= limit else 'OVER'}"
            failed |= limit is not None and ratio[0] > limit
            print(f"{plugin:<32} {name:<13} {ratio[0]:6.3f} {ratio[1]:6.3f} {ratio[2]:6.3f}   "
                  f"{noise[0]:11.3f} {noise[1]:6.3f} {noise[2]:6.3f}   {seconds:7.2f}  {verdict}",
                  flush=True)
    sys.exit(failed)


main()
