# SPDX-License-Identifier: GPL-2.0-or-later
"""speedscope.py FILE SCHEMA TRUTH PAGE: is FILE, speedscope's JSON, as its schema wants, are the sums of each
function those of TRUTH, and does PAGE, what the browser made of it, show those of the profile that comes first?"""
import json
import sys

import jsonschema

import compare


def walk(profile, sums):
    """Adds self and total of each frame: a total counts the outermost of several on a path."""
    stack, depth, last = [], {}, profile["startValue"]
    for event in profile["events"]:
        frame, at = event["frame"], event["at"]
        if at < last:
            sys.exit(f"{profile['name']}: goes back from {last} to {at}")
        if stack:
            sums[stack[-1][0]][0] += at - last
        last = at
        if event["type"] == "O":
            stack.append((frame, at))
            depth[frame] = depth.get(frame, 0) + 1
        else:
            opened, begin = stack.pop()
            if opened != frame:
                sys.exit(f"{profile['name']}: closes {frame} in {opened}")
            depth[frame] -= 1
            if not depth[frame]:
                sums[frame][1] += at - begin
    if stack or last != profile["endValue"]:
        sys.exit(f"{profile['name']}: {len(stack)} frames open at {last}, its end is {profile['endValue']}")


def sums_of(document, profiles):
    frames = document["shared"]["frames"]
    sums = [[0, 0] for _ in frames]
    for profile in profiles:
        walk(profile, sums)
    result = {}
    for frame, (own, total) in zip(frames, sums):
        before = result.get(frame["name"], (0, 0))
        result[frame["name"]] = (before[0] + own, before[1] + total)
    return {name: value for name, value in result.items() if value[1]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        jsonschema.validate(document, json.load(file))
    with open(sys.argv[3], encoding="utf-8") as file:
        truth = json.load(file)
    expected = {function["pprof"]: (function["self"], function["total"]) for function in truth["functions"]
                if function["total"]}
    found = sums_of(document, document["profiles"])
    wrong = [f"{name}: {found.get(name)}, not {expected.get(name)}"
             for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]
    first = sums_of(document, [document["profiles"][document["activeProfileIndex"]]])
    with open(sys.argv[4], encoding="utf-8") as file:
        page = file.read()
    shown = dict(zip(("self", "total"), (compare.speedscope(page, 1), compare.speedscope(page, 0))))
    for at, what in enumerate(shown):
        for name, value in first.items():
            if shown[what].get((None, name), 0) != value[at]:
                wrong.append(f"page: {what} of {name}: {shown[what].get((None, name))}, not {value[at]}")
    print("".join(f"# {line}\n" for line in wrong[:10]), end="")
    print(f"# {len(found)} functions, {len(first)} of them in the page, {len(wrong)} differ")
    sys.exit(bool(wrong) or len(found) < 5 or len(first) < 2)


main()
