#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugins cost: QEMU's CPU time with a plugin over plain QEMU's, on the same guest work.

usage: bench.py [--pairs N] [--qemu FILE] [--only WORKLOAD] [--plugin NAME] PLUGINS-DIR GUESTS-DIR

Machines are noisy, and become slower and faster while one run lasts. So in each round a run with the plugin and two
plain ones take turns on a processor: whatever slows one slows all. A turn is long enough that it hardly matters what the
others have left in the caches. (Where the scheduler changed between them every 3 ms, plain QEMU took twice as long, and
ratios were closer to 1 than alone.) Every processor has such a round at the same time; guests with several vCPUs use all
of them in their turn. Medians and quartiles of the plugin's CPU time over the mean of the plain ones' are printed, and
beside them the noise: one plain run over the other. Exit 1 if a median is beyond its limit.
"""
import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

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
    "heatmap of=pages": {"mix": None, "linux": 1.60, "linux-2": 1.70},
    "heatmap of=pages sample=1000": {"mix": None, "linux": 1.20, "linux-2": 1.30},
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


LONGEST = 900  # seconds for a round
TURN = 0.1     # seconds


def start(command, processors, errors):
    """The process runs on these processors only."""
    def pin():
        os.sched_setaffinity(0, processors)

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                            preexec_fn=pin)


def ended(process, command, errors):
    """Its CPU time, None if it still runs."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = status
    if status:
        errors.seek(0)
        sys.exit(f"bench: {' '.join(command)}\nfailed: {errors.read().decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime


def take_turns(running, commands, errors):
    """The CPU time of each, in order of the commands. Those of the same processors run one at a time."""
    seconds = [None] * len(running)
    queues = {}
    for i, (_, processors) in enumerate(commands):
        queues.setdefault(frozenset(processors), []).append(i)
    for process in running:
        os.kill(process.pid, signal.SIGSTOP)
    while any(queues.values()):
        turns = [queue.pop(0) for queue in queues.values() if queue]
        for i in turns:
            os.kill(running[i].pid, signal.SIGCONT)
        time.sleep(TURN)
        for i in turns:
            seconds[i] = ended(running[i], commands[i][0], errors[i])
            if seconds[i] is None:
                os.kill(running[i].pid, signal.SIGSTOP)
                queues[frozenset(commands[i][1])].append(i)
    return seconds


def too_long(signal_number, frame):
    sys.exit(f"bench: a round has not ended after {LONGEST} s")


def cpu_seconds(commands):
    """Runs (command, processors) by turns; the CPU time of each."""
    running = []
    with contextlib.ExitStack() as stack:
        errors = [stack.enter_context(tempfile.TemporaryFile()) for _ in commands]
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(LONGEST)
        try:
            for what, file in zip(commands, errors):
                running.append(start(*what, file))
            return take_turns(running, commands, errors)
        finally:
            signal.alarm(0)
            for process in running:
                if process.returncode is None:
                    process.kill()
                    process.wait()


def quartiles(values):
    q = statistics.quantiles(values, n=4, method="inclusive")
    return statistics.median(values), q[0], q[2]


def measure(plain, observed, rounds, places):
    """`observed`: a command for each of the places, which are sets of processors."""
    base, ratios, noise = [], [], []
    cpu_seconds([(plain, places[0])])  # into memory
    for _ in range(rounds):
        commands = []
        for place, command in zip(places, observed):
            commands += [(plain, place), (command, place), (plain, place)]
        seconds = cpu_seconds(commands)
        for first, seen, second in zip(seconds[::3], seconds[1::3], seconds[2::3]):
            base += [first, second]
            ratios.append(seen / ((first + second) / 2))
            noise.append(first / second)
    return quartiles(ratios), quartiles(noise), statistics.median(base)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugins")
    parser.add_argument("guests")
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--pairs", type=int, default=7, help="rounds")
    parser.add_argument("--only", help="one workload")
    parser.add_argument("--plugin", help="plugins whose name begins so")
    parser.add_argument("--contrib", default="", help="folder of QEMU's own plugins")
    args = parser.parse_args()
    if args.pairs < 3:
        parser.error("quartiles need at least 3 rounds")
    failed = False
    all_workloads = workloads(args)
    print(f"{'plugin':<32} {'workload':<13} {'ratio':>6} {'q1':>6} {'q3':>6}   "
          f"{'plain/plain':>11} {'q1':>6} {'q3':>6}   {'plain s':>7}  limit")
    for plugin, plan in PLANS.items():
        for name, limit in plan.items():
            if (args.only and args.only != name) or (args.plugin and
                                                     not plugin.startswith(args.plugin)):
                continue
            plain = all_workloads[name]
            processors = os.sched_getaffinity(0)
            places = [processors] if name.endswith("-2") else [{i} for i in sorted(processors)]
            with tempfile.TemporaryDirectory() as out:
                observed = [plain + ["-plugin", plugin_option(args, plugin, os.path.join(out, str(i)))]
                            for i in range(len(places))]
                for i in range(len(places)):
                    os.mkdir(os.path.join(out, str(i)))
                ratio, noise, seconds = measure(plain, observed, args.pairs, places)
            verdict = "" if limit is None else f"{limit:.2f} {'ok' if ratio[0] <= limit else 'OVER'}"
            failed |= limit is not None and ratio[0] > limit
            print(f"{plugin:<32} {name:<13} {ratio[0]:6.3f} {ratio[1]:6.3f} {ratio[2]:6.3f}   "
                  f"{noise[0]:11.3f} {noise[1]:6.3f} {noise[2]:6.3f}   {seconds:7.2f}  {verdict}",
                  flush=True)
    sys.exit(failed)


main()
