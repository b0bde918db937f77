# SPDX-License-Identifier: GPL-2.0-or-later
"""exported.py CSV-DIR DUMP FORMAT FILE [OPTION=VALUE…]: does FILE, an export, have the events that the tables in CSV-DIR
have, all of them, in the order of DUMP, nothing else, with every column? CSV-DIR: TYPE.csv for each type, as osinstr csv prints them.
Options that the export was made with are applied to the tables here: from, to (ns), cpu, event, task, min_duration."""
import csv
import fnmatch
import json
import os
import sqlite3
import sys

ENDS = {"irq_exit": "irq_enter", "irq_handler_exit": "irq_handler_entry", "softirq_exit": "softirq_entry"}
PARTS = ("irq_ack", "irq_eoi")


def read_tables(folder):
    """All events as (time, cpu, type, {column: text}), in the order of each CPU."""
    events = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                events.append((int(row.pop("ts_ns")), int(row.pop("cpu")), name.removesuffix(".csv"), row, number))
    return events


def in_order(dump):
    """The types in the order of the trace, with time and CPU, as osinstr dump prints them."""
    with open(dump, encoding="utf-8", errors="replace") as file:
        for line in file:
            time_text, name = line[line.index("[", 17) :].split(": ", 2)[:2]
            cpu, time = time_text[1:].split("]")
            seconds, fraction = time.strip().split(".")
            yield int(seconds + fraction), int(cpu), name


def arrange(tables, dump):
    """The rows in the order of the trace: within a type and CPU they are in order already."""
    queues = {}
    for event in tables:
        queues.setdefault((event[1], event[2]), []).append(event)
    for queue in queues.values():
        queue.sort(key=lambda event: event[4])
        queue.reverse()
    events = []
    for time, cpu, name in in_order(dump):
        event = queues[cpu, name.rstrip(":")].pop()
        if event[0] != time:
            sys.exit(f"dump has {name} at {time}, the table at {event[0]}")
        events.append(event[:4])
    if any(queues.values()):
        sys.exit("the tables have events that dump has not")
    return events


def is_wanted(pattern, comm, pid):
    return pid == pattern if pattern.isdigit() else fnmatch.fnmatchcase(comm, pattern)


def of_task(events, pattern):
    running = {}
    for event in events:
        _, cpu, name, row = event
        if name == "sched_switch":
            running[cpu] = (row["next_comm"], row["next_pid"])
            keep = any(is_wanted(pattern, row[f"{side}_comm"], row[f"{side}_pid"]) for side in ("prev", "next"))
        elif name in ("sched_wakeup", "task_new", "task_rename", "task_exit"):
            keep = is_wanted(pattern, row["comm"], row["pid"])
        else:
            keep = name == "kernel_start" or (cpu in running and is_wanted(pattern, *running[cpu]))
        if keep:
            yield event


def longer(events, least):
    """Without what took less: a beginning, its end, and what tells more of an interrupt go together."""
    events = list(events)
    dropped, stacks = set(), {}
    owner = {}
    for number, (time, cpu, name, row) in enumerate(events):
        stack = stacks.setdefault(cpu, [])
        if name in ENDS.values():
            stack.append((name, time, number))
        elif name in PARTS and stack:
            owner[number] = stack[-1][2]
        elif name == "irqs_masked" and int(row["duration"]) < least:
            dropped.add(number)
        elif name in ENDS:
            while stack:
                kind, begin, at = stack.pop()
                if kind == ENDS[name]:
                    if time - begin < least:
                        dropped.update((at, number))
                    break
    return [event for number, event in enumerate(events)
            if number not in dropped and owner.get(number) not in dropped]


def apply(events, options):
    if "task" in options:
        events = of_task(events, options["task"])
    chosen = [event for event in events
              if int(options.get("from", 0)) <= event[0] <= int(options.get("to", 1 << 63))
              and str(event[1]) == options.get("cpu", str(event[1]))]
    if "min_duration" in options:
        chosen = longer(chosen, int(options["min_duration"]))
    return [event for event in chosen if event[2] == options.get("event", event[2])]


def read_json(name):
    with open(name, encoding="utf-8") as file:
        document = json.load(file)
    if document["info"]["clock.unit"] != "ns":
        sys.exit("info is wrong")
    for event in document["events"]:
        yield event.pop("ts_ns"), event.pop("cpu"), event.pop("event"), {k: str(v) for k, v in event.items()}


def read_sqlite(name):
    database = sqlite3.connect(name)
    if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        sys.exit("the database is not sound")
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in set(tables) - {"info", "tasks"}:
        cursor = database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
        columns = [column[0] for column in cursor.description]
        for row in cursor:
            values = dict(zip(columns, row))
            yield values.pop("ts_ns"), values.pop("cpu"), table, {k: str(v) for k, v in values.items()}


def read_csv(folder):
    return (event[:4] for event in read_tables(folder))


def main():
    options = dict(option.split("=", 1) for option in sys.argv[5:])
    expected = apply(arrange(read_tables(sys.argv[1]), sys.argv[2]), options)
    found = list({"json": read_json, "sqlite": read_sqlite, "csv": read_csv}[sys.argv[3]](sys.argv[4]))
    if sys.argv[3] != "json":  # tables: each type by itself
        expected.sort(key=lambda event: event[2])
        found.sort(key=lambda event: event[2])
    if "drop" in options:
        del found[len(found) // 2]
    print(f"# {sys.argv[3]} {' '.join(sys.argv[5:])}: {len(found)} events, {len(expected)} expected")
    for ours, theirs in zip(found, expected):
        if ours != theirs:
            sys.exit(f"# {ours}, not {theirs}")
    sys.exit(len(found) != len(expected) or not found)


main()
