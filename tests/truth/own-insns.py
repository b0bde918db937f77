#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do two views of one run agree on the instructions of each kernel function's own?

usage: own-insns.py CALLS-DIR BLOCKS-DIR

mode=calls follows control and charges a function with what runs until control leaves it; mode=blocks counts each
block by where it stands. They differ where code has no symbols, which counts for who jumped there in the one and for
itself in the other: the page through which ret_to_user leaves the kernel. And QEMU's first block of a kernel, at _text,
may be translated before anything is known of it.
"""
import collections
import json
import sys


def own(path, column):
    counts = collections.Counter()
    for row in json.load(open(path + "/summary.json"))["functions"]:
        if row["module"] == "[kernel]":
            counts[row["function"]] += row[column]
    return counts


EXPLAINED = {"ret_to_user", "_text"}
calls, blocks = own(sys.argv[1], "self"), own(sys.argv[2], "instructions")
differ = {name: (calls[name], blocks[name]) for name in calls | blocks if calls[name] != blocks[name]}
for name, (left, right) in differ.items():
    print(f"# {name}: {left} instructions by its calls, {right} by its blocks")
off = sum(abs(left - right) for left, right in differ.values())
if len(blocks) < 1000 or differ.keys() - EXPLAINED or off * 10000 > sum(blocks.values()):
    sys.exit(f"# {len(differ)} of {len(blocks)} functions differ, by {off} instructions")
print(f"# {len(blocks)} functions, {len(differ)} of them differ")
