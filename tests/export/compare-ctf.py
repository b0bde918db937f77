#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does a CTF trace have exactly the events of an export to JSON, every field of them?

compare-ctf.py CTF JSON [--task PATTERN] [--without N] [--change N]
--without, --change: leave out event N, or change a field of it, before comparing: that must be noticed.
"""
import argparse
import sys

import bt2

import linuxwords

STATEDUMP = "lttng_statedump_process_state"


def softirq(event, name):
    return "irq_" + name, {"vec": event["vec"], "name": event["name"]}


def in_lttng(event):
    """Name and fields of an event as LTTng has them."""
    name = event["event"]
    if name == "sched_switch":
        fields = {side + part: event[side + other] for side in ("prev_", "next_")
                  for part, other in (("comm", "comm"), ("tid", "pid"))}
        fields.update(prev_prio=event["prev_prio"] - 100, next_prio=event["next_prio"] - 100,
                      prev_state=linuxwords.STATES[event["prev_state"]])
        return name, fields
    if name == "sched_wakeup":
        return ("sched_wakeup_new" if event["first"] else name), {
            "comm": event["comm"], "tid": event["pid"], "prio": event["prio"] - 100, "target_cpu": event["target_cpu"]}
    if name == "task_new":
        return "sched_process_fork", {"parent_comm": event["parent_comm"], "parent_tid": event["parent_pid"],
                                      "child_comm": event["comm"], "child_tid": event["pid"]}
    if name == "task_exit":
        return "sched_process_exit", {"comm": event["comm"], "tid": event["pid"]}
    if name in ("irq_handler_entry", "irq_handler_exit"):
        return name, linuxwords.plain(event)
    if name in ("softirq_entry", "softirq_exit"):
        return softirq(event, name)
    return "osinstr_" + linuxwords.identifier(name), linuxwords.plain(event)


def shown(fields):
    """Babeltrace 2.0 can't show an empty text, so there is none."""
    return {key: "?" if value == "" else value for key, value in fields.items()}


def value_of(field):
    return str(field) if isinstance(field, bt2._StringFieldConst) else int(field)


class Reader:
    """Events of the CTF trace; tasks that were told of before they were first met; what was discarded."""

    def __init__(self, path):
        self.told = {}
        self.discarded = 0
        self.path = path
        self.met = set()

    def meet(self, fields):
        """A task is known before an event names it: by that event if it is its beginning, else by a dump of its state."""
        for name, comm in fields.items():
            if name.endswith("comm"):
                prefix = name[:-4]
                pid = fields.get(prefix + "tid", fields.get(prefix + "pid"))
                if pid > 0 and pid != linuxwords.OTHER[1] and (pid, comm) not in self.met:
                    sys.exit(f"# {comm}:{pid} was never introduced")

    def introduce(self, name, fields):
        if name == STATEDUMP:
            if fields["ppid"] != -1:
                sys.exit(f"# the state of {fields} was made up")
            self.met.add((fields["tid"], fields["name"]))
        elif name == "sched_process_fork":
            self.met.add((fields["child_tid"], fields["child_comm"]))
        elif name == "osinstr_task_rename":
            self.met.add((fields["pid"], fields["comm"]))

    def __iter__(self):
        for message in bt2.TraceCollectionMessageIterator(self.path):
            if type(message) is bt2._DiscardedEventsMessageConst:
                self.discarded += message.count
            if type(message) is not bt2._EventMessageConst:
                continue
            event = message.event
            name = event.name
            fields = {key: value_of(value) for key, value in event.payload_field.items()}
            self.introduce(name, fields)
            self.meet(fields)
            if name != STATEDUMP:
                yield (message.default_clock_snapshot.ns_from_origin, int(event.packet.context_field["cpu_id"]),
                       name, fields)


def differs(found, event):
    time, cpu, name, fields = found
    wanted_name, wanted = in_lttng(event)
    if (time, cpu, name) != (linuxwords.time_of(event), event["cpu"], wanted_name):
        return True
    for key in ("parent_pid", "child_pid"):   # thread groups: in no table, so they can't be compared
        if name == "sched_process_fork" and key in fields:
            fields = {k: v for k, v in fields.items() if k != key}
    return fields != shown(wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ctf")
    parser.add_argument("json")
    parser.add_argument("--task")
    parser.add_argument("--without", type=int)
    parser.add_argument("--change", type=int)
    options = parser.parse_args()
    events = linuxwords.load(options.json)
    if options.task:
        events = linuxwords.only_task(events, options.task)
    if options.without is not None:
        del events[options.without]
    if options.change is not None:
        event = events[options.change]
        key = next(k for k in event if isinstance(event[k], int) and k not in ("ts_ns", "cpu", "first"))
        event[key] += 1
    reader = Reader(options.ctf)
    found = list(reader)
    # What happens at the same time on several CPUs has no order.
    found.sort(key=lambda one: one[:2])
    events.sort(key=lambda one: (linuxwords.time_of(one), one["cpu"]))
    for one, event in zip(found, events):
        if differs(one, event):
            sys.exit(f"# CTF:  {one}\n# JSON: {event}")
    if len(found) != len(events):
        sys.exit(f"# {len(found)} events in CTF, {len(events)} in JSON")
    print(len(events), "events,", reader.discarded, "discarded")


if __name__ == "__main__":
    main()
