#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does trace-cmd report -t -N print exactly the events of an export to JSON, a line each, every field of them?

compare-tracedat.py REPORT JSON [--task PATTERN] [--all JSON] [--without N] [--change N]
--all: the events of the whole run, which tell what runs when; --without, --change: leave out event N, or change a field
of it, before comparing: that must be noticed.
"""
import argparse
import codecs
import re
import sys

import linuxwords

codecs.register_error("each", lambda e: ("\ufffd" * (e.end - e.start), e.end))
LINE = re.compile(r"^ *(.*)-(\d+) +\[(\d+)\] +([\d.]+): (\w+): +(.*)$", re.S)
LONGEST = 1971   # of a text in an event with two of them
SWITCH = ("prev_comm={prev_comm} prev_pid={prev_pid} prev_prio={prev_prio} prev_state={prev_state} ==> "
          "next_comm={next_comm} next_pid={next_pid} next_prio={next_prio}")
WAKEUP = "comm={comm} pid={pid} prio={prio} target_cpu={target_cpu:03d}"


def in_trace_cmd(event):
    """Name of an event, and how it is printed."""
    name = event["event"]
    if name == "sched_switch":
        return name, SWITCH.format(**event)
    if name == "sched_wakeup":
        return ("sched_wakeup_new" if event["first"] else name), WAKEUP.format(**event)
    if name == "task_new":
        return "sched_process_fork", ("comm={parent_comm} pid={parent_pid} child_comm={comm} child_pid={pid}"
                                      .format(**event))
    if name == "task_exit":
        return "sched_process_exit", "comm={comm} pid={pid}".format(**event)
    if name == "irq_handler_exit":
        return name, f"irq={event['irq']} ret={'handled' if event['ret'] else 'unhandled'}"
    if name in ("softirq_entry", "softirq_exit"):
        return name, "vec={vec} [action={name}]".format(**event)
    return linuxwords.identifier(name), " ".join(f"{k}={v:#x}" if k in linuxwords.HEX else f"{k}={v}" for k, v in linuxwords.plain(event).items())


def without_controls(event):
    """As an event of a line has them; what does not fit into a page is cut."""
    return {key: re.sub(r"[\x00-\x1f\x7f]", "?", value)[:LONGEST] if isinstance(value, str) else value
            for key, value in event.items()}


def time_text(event):
    """There is no time 0: it is written as 1."""
    time = max(linuxwords.time_of(event), 1)
    return f"{time // 10**9}.{time % 10**9:09d}" if "ts_ns" in event else str(time)


def names(events):
    """A PID has one name: the last."""
    known = {0: "<idle>"}
    for event in events:
        for key, value in event.items():
            if key.endswith("pid") and value > 0:
                known[value] = event[key[:-3] + "comm"] or "?"
    return known


def parse(path):
    found = []
    with open(path, encoding="utf-8", errors="each") as file:
        for line in file.read().split("\n"):
            match = LINE.match(line)
            if match:
                found.append((match[1], int(match[2]), int(match[3]), match[4], match[5], match[6]))
            elif line and not line.startswith("cpus=") and "EVENTS DROPPED" not in line:
                sys.exit(f"# a line that is no event: {line}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("json")
    parser.add_argument("--all")
    parser.add_argument("--task")
    parser.add_argument("--without", type=int)
    parser.add_argument("--change", type=int)
    options = parser.parse_args()
    events = linuxwords.load(options.json)
    pids = linuxwords.running(events)
    if options.all:
        whole = linuxwords.load(options.all)
        told = {repr(event): pid for event, pid in zip(whole, linuxwords.running(whole))}
        pids = [told[repr(event)] for event in events]
    if options.task:
        comms = {event["prev_pid"]: event["prev_comm"] for event in whole if event["event"] == "sched_switch"}
        pids = [pid if pid is None or linuxwords.wants(options.task, comms.get(pid, ""), pid) else linuxwords.OTHER[1]
                for pid in pids]
        events = linuxwords.only_task(events, options.task)
    pids = [pid or 0 for pid in pids]
    events = [without_controls(event) for event in events]
    known = names(events)
    if options.change is not None:
        event = events[options.change]
        event[next(k for k in event if isinstance(event[k], int) and k not in ("ts_ns", "cpu", "first"))] += 1
    wanted = [(known.get(pid, "<...>"), pid, event["cpu"], time_text(event), *in_trace_cmd(event))
              for event, pid in zip(events, pids)]
    if options.without is not None:
        del wanted[options.without]
    found = parse(options.report)
    key = lambda one: (float(one[3]), one[2])
    found.sort(key=key)
    wanted.sort(key=key)
    for one, other in zip(found, wanted):
        if one != other:
            sys.exit(f"# trace-cmd: {one}\n# JSON:      {other}")
    if len(found) != len(wanted):
        sys.exit(f"# {len(found)} events in trace-cmd, {len(wanted)} in JSON")
    print(len(found), "events")


if __name__ == "__main__":
    main()
