# SPDX-License-Identifier: GPL-2.0-or-later
"""compare-counts.py CONSOLE PATHS: were functions called as often as the guest's ftrace says? CONSOLE has what
tests/truth/calls-init prints, PATHS what paths.py makes of hotpath's profile of the task work-on."""
import re
import sys

with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
    console = file.read()
counted = {name: int(n) for name, n in re.findall(r"^truth: called (\S+) (\d+)\r?$", console, re.M)}
traced = set(re.findall(r"^truth: traced (\S+)\r?$", console, re.M)) - {"__set_task_comm"}
lost = [int(n) for n in re.findall(r"^truth: lost .*: (\d+)\r?$", console, re.M)]
if "truth: windows 3" not in console or not lost or sum(lost):
    sys.exit("the guest did not trace it all")
if len(counted) < 15 or sum(counted.values()) < 3000 or not set(counted) <= traced:
    sys.exit(f"the guest traced {len(counted)} functions and {sum(counted.values())} calls: that is no work")

seen = dict.fromkeys(traced, 0)
with open(sys.argv[2], encoding="utf-8") as file:
    for line in file:
        path, _, calls = line.rsplit(" ", 2)
        path = path.split(";")
        if path[0] == "work-on" and path[-1] in seen:
            seen[path[-1]] += int(calls)
wrong = {name: (n, counted.get(name, 0)) for name, n in seen.items() if n != counted.get(name, 0)}
for name, (ours, theirs) in sorted(wrong.items()):
    print(f"# {name}: {ours} calls, ftrace has {theirs}")
print(f"# {sum(counted.values())} calls of {len(counted)} functions")
sys.exit(bool(wrong))
