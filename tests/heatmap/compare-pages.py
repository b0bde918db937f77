#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what heatmap counted by page and device with what something else counted.

    rows FOLDER REFERENCE physical|virtual [PAGE-SIZE]   every page, device, sum: the same as page-count's
    known FOLDER CORES [window|part]          what is known of the guest pages; part: of range=42000040-42002001
    remapped FOLDER FIRST                     what is known of the guests remap-*, whose page 0 is there
    devices FOLDER REFERENCE on|offset|pc     devices.csv alone
    hwprofile FOLDER LOG                      devices as QEMU's own plugin printed them
    sampled REFERENCE physical|virtual FOLDER...   estimates, against exact counts of the same runs
    times FOLDER SAMPLED...                   when samples were accesses, and waits, as of exact counts of the same run
    sum FOLDER SAMPLED                        the sum of all, the same way
    heat FOLDER                               the heatmap's rows have the sums of pages.csv

Prints how much was compared; exit status 1 and the differences if there are any.
"""
import collections
import csv
import json
import math
import re
import sys

BIG = 100  # samples that a page must expect to be judged
troubles = []


def trouble(text):
    troubles.append(text)


def reference(name):
    """{kind: {what: (reads, writes, bytes)}}"""
    kinds = collections.defaultdict(dict)
    with open(name, encoding="ascii") as file:
        for line in file:
            kind, rest = line.rstrip("\n").split(" ", 1)
            what, reads, writes, size = rest.rsplit(" ", 3)
            kinds[kind][what] = int(reads), int(writes), int(size)
    return kinds


def table(name):
    with open(name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pages(folder):
    return {row["page"]: (int(row["reads"]), int(row["writes"]), int(row["bytes"]))
            for row in table(f"{folder}/pages.csv")}


def devices(folder, key):
    return {key(row): (int(row["reads"]), int(row["writes"])) for row in table(f"{folder}/devices.csv")}


def summary(folder):
    with open(f"{folder}/summary.json", encoding="utf-8") as file:
        return json.load(file)


def same(what, seen, wanted):
    """Every row of both."""
    wrong = [key for key in sorted(seen.keys() | wanted.keys()) if seen.get(key) != wanted.get(key)]
    for key in wrong[:10]:
        trouble(f"{what} {key}: {seen.get(key)}, not {wanted.get(key)}")
    if wrong:
        trouble(f"{what}: {len(wrong)} of {len(wanted)} are wrong")
    print(f"{len(wanted)} {what}")


DEVICE_KEYS = {
    "on": ("device", lambda row: row["device"]),
    "offset": ("address", lambda row: f"{row['device']}@{row['address']}"),
    "pc": ("pc", lambda row: f"{row['device']}@{row['pc']}"),
}


def check_devices(folder, kinds, by):
    kind, key = DEVICE_KEYS[by]
    same(f"devices by {by}", devices(folder, key),
         {what: counts[:2] for what, counts in kinds[kind].items()})


def joined(counts, size):
    """Pages of 4 KiB as pages of this size."""
    sums = collections.defaultdict(lambda: (0, 0, 0))
    for page, more in counts.items():
        of = f"{int(page, 16) // size * size:#x}"
        sums[of] = tuple(a + b for a, b in zip(sums[of], more))
    return dict(sums)


def check_rows(folder, name, by, size="4096"):
    kinds = reference(name)
    kinds[by] = joined(kinds[by], int(size))
    facts = summary(folder)
    unknown = kinds["unknown"].get("0", (0, 0, 0)) if by == "physical" else (0, 0, 0)
    same(f"{by} pages", pages(folder), kinds[by])
    if kinds["device"]:
        check_devices(folder, kinds, "on")
        told = {row["device"]: (row["reads"], row["writes"]) for row in facts["devices"]}
        same("devices of the report", told, {k: v[:2] for k, v in kinds["device"].items()})
    sums = {"memory_reads": 0, "memory_writes": 0, "memory_bytes": 0, "device_reads": 0, "device_writes": 0}
    for reads, writes, size in kinds[by].values():
        sums["memory_reads"] += reads
        sums["memory_writes"] += writes
        sums["memory_bytes"] += size
    for reads, writes, _ in kinds["device"].values():
        sums["device_reads"] += reads
        sums["device_writes"] += writes
    sums["unknown_accesses"] = sum(unknown[:2])
    sums["accesses"] = sum(sums[key] for key in sums if key != "memory_bytes")
    same("sums", {key: facts.get(key, 0) for key in sums}, sums)
    if not sums["memory_reads"]:
        trouble("nothing was compared")
    print(f"{sums['accesses']} accesses, {sums['unknown_accesses']} unknown")


# Reads of 8 bytes and writes of 4, by page from 0x42000000 on; see tests/guests/pages.c.
REMAPPED = {16: (300, 100), 17: (100, 200)}
KNOWN = {**{n: (100 * (n + 1), 10 * (n + 1)) for n in range(8)}, **REMAPPED, 18: (200, 0), 19: (500, 0),
         21: (40, 0), 22: (25, 0), 512: (0, 200), 1024: (0, 300)}
SECOND = {24: (250, 0), 25: (250, 0)}
PARTS = {0: (0, 10), 1: (200, 20), 2: (300, 0)}


def check_known(folder, cores, what="all"):
    wanted = {"all": KNOWN, "window": REMAPPED, "part": PARTS}[what]
    if what == "all" and cores == "2":
        wanted = {**wanted, **SECOND}
    seen = {(int(page, 16) - 0x42000000) // 4096: counts for page, counts in pages(folder).items()
            if int(page, 16) >= 0x42000000 or what == "part"}
    if what == "all":  # pairs, cleared blocks, exclusives: QEMU's business; a race
        seen = {page: counts for page, counts in seen.items() if page not in (8, 9, 10, 26, 27)}
    same("known pages", seen, {page: (r, w, 8 * r + 4 * w) for page, (r, w) in wanted.items()})
    if what == "all":
        same("known devices", devices(folder, lambda row: row["device"]), {"pl031": (12, 0), "pl011": (0, 5)})


def check_remapped(folder, first):
    seen = pages(folder)
    wanted = {0: (7, 0), 1: (0, 9), **REMAPPED, 18: (200, 0), 19: (500, 0)}
    same("known pages", {n: seen.get(f"{int(first, 16) + 4096 * n:#x}") for n in wanted},
         {page: (r, w, 8 * r + 4 * w) for page, (r, w) in wanted.items()})


def check_hwprofile(folder, name):
    """Lines such as "pl011, 0x0009000000, 12, 345, …": name, base, size, reads, size, writes."""
    wanted = {}
    with open(name, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = re.match(r"([^,]+), 0x[0-9a-f]+, *[0-9-]+, *([0-9]+), *[0-9-]+, *([0-9]+)", line)
            if found:
                wanted[found[1]] = int(found[2]), int(found[3])
    if len(wanted) < 3:
        trouble(f"hwprofile printed {len(wanted)} devices only")
    same("devices of hwprofile", devices(folder, lambda row: row["device"]), wanted)


def check_sampled(name, by, folders):
    """Each estimate is a sum of chances that are known: most within two standard errors, nearly all within
    four, and their mean over all folders is that of the truth."""
    kinds = reference(name)
    truth = kinds[by]
    deviations, sums = [], []
    total = sum(r + w for r, w, _ in truth.values()) + sum(r + w for r, w, _ in kinds["device"].values())
    for folder in folders:
        seen, facts = pages(folder), summary(folder)
        n = facts["accesses"] // facts["samples"]
        for page, (reads, writes, _) in truth.items():
            estimate = seen.get(page, (0, 0, 0))
            for wanted, got in (reads, estimate[0]), (writes, estimate[1]):
                if wanted >= BIG * n:
                    deviations.append((got - wanted) / math.sqrt(wanted * (n - 1)))
        if facts["accesses_error"] != round(math.sqrt(facts["accesses"] * (n - 1))):
            trouble(f"{folder}: the error of the sum is {facts['accesses_error']}")
        sums.append((facts["accesses"] - total) / math.sqrt(total * (n - 1)))
    within = [sum(abs(d) <= k for d in deviations) / max(len(deviations), 1) for k in (1, 2, 4)]
    print(f"{len(deviations)} sums of pages: {within[0]:.1%} within 1 error, {within[1]:.1%} within 2, "
          f"{within[2]:.2%} within 4; sums of all off by {', '.join(f'{s:.2f}' for s in sums)} errors")
    if len(deviations) < 50:
        trouble("too few pages to judge")
    if within[2] < 0.99 or within[1] < 0.90 or not 0.55 < within[0] < 0.80:
        trouble("estimates are not as their errors say")
    mean = sum(sums) / len(sums) * math.sqrt(len(sums))
    if abs(mean) > 4 or max(map(abs, sums)) > 4:
        trouble(f"the sums are biased: {mean:.2f} errors on average")


def sample_of(folder):
    return int(re.search("sample=([0-9]+)", summary(folder)["options"])[1])


def by_time(folder):
    """By vCPU: how many accesses in each bucket, and ns of waits."""
    width = summary(folder)["bucket_ns"]
    counts, idle = collections.defaultdict(collections.Counter), collections.Counter()
    for row in table(f"{folder}/heatmap.csv"):
        if row["row"] == "[idle]":
            idle[row["vcpu"]] += int(row["value"])
        else:
            counts[row["vcpu"]][int(row["t_ns"]) // width] += int(row["value"])
    return width, counts, idle


def beyond(exact, seen, n):
    """By how many errors, at most, another number was seen up to a bucket's end; two buckets full are not counted. (Where
    the host stops a vCPU, what runs right behind is still counted in the bucket before if the clock is not looked at by
    then.)"""
    full, exact_sum, seen_sum, worst = max(exact.values()), 0, 0, 0
    for i in range(max(exact) + 1):
        exact_sum, seen_sum = exact_sum + exact[i], seen_sum + seen[i]
        worst = max(worst, (abs(seen_sum - exact_sum) - 2 * full) / math.sqrt(max(exact_sum, n) * (n - 1)))
    return worst


def check_times(folder, *sampled):
    """Each plugin has its own start of time and looks at the clock at its own blocks; the host may stop a vCPU anywhere
    between."""
    width, truth, waits = by_time(folder)
    for other in sampled:
        wide, counts, idle = by_time(other)
        if wide != width or sorted(counts) != sorted(truth):
            return trouble(f"{other}: buckets of {wide} ns of vCPUs {sorted(counts)}")
        for vcpu, exact in truth.items():
            off, late = beyond(exact, counts[vcpu], sample_of(other)), (idle[vcpu] - waits[vcpu]) / 1e6
            print(f"{other}, vCPU {vcpu}: {len(exact)} buckets, sums off by {off:.2f} errors at most; "
                  f"{waits[vcpu] / 1e6:.1f} ms of waits, {late:+.2f} ms")
            if off > 5:
                trouble(f"{other}, vCPU {vcpu}: accesses are not where they were")
            if abs(late) > 0.05 * max(exact) * width / 1e6:
                trouble(f"{other}, vCPU {vcpu}: waits are {late:+.2f} ms longer")
    return None


def check_sum(folder, other):
    exact, facts = summary(folder)["accesses"], summary(other)
    n = sample_of(other)
    off = (facts["accesses"] - exact) / math.sqrt(exact * (n - 1))
    print(f"{exact} accesses, {facts['samples']} samples: off by {off:.2f} errors")
    if abs(off) > 5 or not facts["samples"]:
        trouble("the sum is not as its error says")


def check_heat(folder):
    sums = collections.Counter()
    for row in table(f"{folder}/heatmap.csv"):
        sums[row["row"]] += int(row["value"])
    wanted = collections.Counter()
    for page, (reads, writes, _) in pages(folder).items():
        wanted[f"{page} read"] += reads
        wanted[f"{page} write"] += writes
    for name, (reads, writes) in devices(folder, lambda row: row["device"]).items():
        wanted[f"[{name}] read"] += reads
        wanted[f"[{name}] write"] += writes
    seen = {key: value for key, value in sums.items() if not key.startswith(("[unknown]", "[idle]"))}
    same("rows of the heatmap", seen, {key: value for key, value in wanted.items() if value})


def main():
    command, *arguments = sys.argv[1:]
    if command == "rows":
        check_rows(*arguments)
    elif command == "known":
        check_known(*arguments)
    elif command == "remapped":
        check_remapped(*arguments)
    elif command == "devices":
        check_devices(arguments[0], reference(arguments[1]), arguments[2])
    elif command == "hwprofile":
        check_hwprofile(*arguments)
    elif command == "sampled":
        check_sampled(arguments[0], arguments[1], arguments[2:])
    elif command == "times":
        check_times(*arguments)
    elif command == "sum":
        check_sum(*arguments)
    elif command == "heat":
        check_heat(*arguments)
    else:
        sys.exit(__doc__)
    for line in troubles:
        print(f"# {line}")
    sys.exit(bool(troubles))


main()
