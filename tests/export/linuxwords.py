# SPDX-License-Identifier: GPL-2.0-or-later
"""What the events of osinstr export json are called, and what is in them, in the words of Linux's tracers."""
import fnmatch
import json
import re

STATES = {"R": 0, "S": 1, "D": 2, "T": 4, "t": 8, "X": 0x10, "Z": 0x20, "P": 0x40, "I": 0x80, "R+": 0x100, "?": 0x200}
HEX = ("base", "pc", "flags", "ip")   # all others that look like it are names of places
OTHER = ("[others]", 2**31 - 1)


def load(path):
    """Events of an export, in its order."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)["events"]


def identifier(text):
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def time_of(event):
    return event["ts_ns"] if "ts_ns" in event else event["ts_insn"]


def wants(pattern, comm, pid):
    return pid == int(pattern) if pattern.isdigit() else pid >= 0 and fnmatch.fnmatchcase(comm, pattern)


def only_task(events, pattern):
    """Formats that show states have one task in place of all that --task leaves out."""
    for event in events:
        if event["event"] == "sched_switch":
            for side in "prev", "next":
                if not wants(pattern, event[side + "_comm"], event[side + "_pid"]):
                    event[side + "_comm"], event[side + "_pid"] = OTHER
                    if side == "prev":
                        event["prev_state"] = "R"
    return events


def plain(event):
    """The fields as they are: numbers, and texts of those that have a name."""
    fields = {}
    for name, value in event.items():
        if name in ("ts_ns", "ts_insn", "cpu", "event"):
            continue
        if name in HEX:
            value = int(value, 16)
        elif name in ("state", "prev_state") and isinstance(value, str):
            value = STATES[value]
        fields[identifier(name)] = value
    return fields


def running(events):
    """The PID that runs when each event happens; None before a CPU's first switch, and for an unknown task."""
    current = {}
    pids = []
    for event in events:
        switch = event["event"] == "sched_switch"
        pid = current.get(event["cpu"], event["prev_pid"] if switch else -1)
        pids.append(pid if pid >= 0 else None)
        if switch:
            current[event["cpu"]] = event["next_pid"]
    return pids
