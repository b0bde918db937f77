# SPDX-License-Identifier: GPL-2.0-or-later
"""perfetto.py ENGINE OSINSTR WHAT FILE DIR [OPTION…]: does Perfetto's trace_processor see in FILE what was
recorded in DIR? What it must see is worked out here from what osinstr csv prints of DIR, by rules of Linux's tracepoints.

WHAT: tasks, irqs, all of these; calls, with a folder that hotpath mode=calls wrote in the same run, and what osinstr dump
prints of the path. slices: FILE has the slices of the path in DIR, which is a file here, that the options leave. inflated: FILE
is the file DIR, compressed.
OPTIONS, as given for FILE: --from N, --to N, --cpu N, --task PATTERN, --min-duration N.
Prints what differs, a line each, and fails if something does."""
import argparse
import collections
import csv
import fnmatch
import io
import json
import os
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "truth"))
import paths  # noqa: E402

OTHERS, UNKNOWN = 0x7FFFFFFF - 1023, 0x7FFFFFFF - 2047
errors = []
args = None


def error(text):
    errors.append(text)


def same(what, got, wanted):
    """Two dicts or Counters."""
    if not wanted and not got:
        return
    for key in sorted(set(got) | set(wanted), key=str):
        if got.get(key) != wanted.get(key):
            error(f"{what} {key}: {got.get(key)}, not {wanted.get(key)}")


def query(file, *statements):
    """The rows of each statement, cells as text."""
    program = os.path.join(os.path.dirname(__file__), "trace-processor.mjs")
    done = subprocess.run(["node", program, args.engine, file, *statements], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit("# " + done.stderr.decode(errors="replace").replace("\n", "\n# "))
    tables, rows = [], []
    for line in done.stdout.decode().split("\n")[:-1]:
        if line:
            rows.append(tuple(line.split("\t")))
        else:
            tables.append(rows)
            rows = []
    if len(tables) != len(statements):
        sys.exit(f"# {len(tables)} results of {len(statements)} statements")
    return tables


COMPLAINTS = "select name, value from stats where severity != 'info' and value > 0"


def no_complaints(rows):
    for row in rows:
        error(f"trace_processor complains: {row}")


# ---- what was recorded ----
def wanted_comm(comm, pid):
    if not args.task:
        return True
    return pid == args.task or (not args.task.isdigit() and fnmatch.fnmatchcase(comm, args.task))


def read(event):
    """Rows of osinstr csv within the window and on the CPU that were asked for."""
    done = subprocess.run([args.osinstr, "csv", "--event", event, args.dir], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    for row in csv.DictReader(io.StringIO(done.stdout.decode(), newline="")):
        row["ts"] = int(row["ts_ns"])
        row["event"] = event
        if args.start <= row["ts"] <= args.to and args.cpu in (None, int(row["cpu"])):
            yield row


def in_order(*events):
    """Rows of several types by time. At the same time a switch of a CPU comes first: nothing else can be told."""
    rows = [row for event in events for row in read(event)]
    rows.sort(key=lambda row: (row["ts"], events.index(row["event"])))
    return rows


def tid(row, role):
    pid, cpu = int(row[f"{role}_pid"]), int(row["cpu"])
    if not wanted_comm(row[f"{role}_comm"], row[f"{role}_pid"]):
        return OTHERS + cpu
    return UNKNOWN + cpu if pid == -1 else pid


def switches():
    for row in read("sched_switch"):
        prev, following = tid(row, "prev"), tid(row, "next")
        if not (prev >= OTHERS and following >= OTHERS):
            state = "R" if prev >= OTHERS else row["prev_state"]
            yield row["ts"], int(row["cpu"]), prev, state, following


# ---- tasks ----
def slices():
    """Of sched: by thread (count, sum) of those that ended, the states at their ends, switches that had to be added."""
    running, ran, ends = {}, collections.defaultdict(lambda: [0, 0]), collections.Counter()
    left = {row["pid"] for row in read("task_exit")}
    for time, cpu, prev, state, following in switches():
        if state == "?":
            state = "X" if str(prev) in left or cpu in running else "R"
        if cpu in running and running[cpu][0] != prev:
            other, begin = running[cpu]
            ran[other][0] += 1
            ran[other][1] += time - begin
            ends["S"] += 1
            running[cpu] = prev, time
        if cpu in running:
            ran[prev][0] += 1
            ran[prev][1] += time - running[cpu][1]
            ends[state] += 1
        running[cpu] = following, time
    return {str(key): tuple(map(str, value)) for key, value in ran.items()}, ends


def waits():
    """By thread: times of being runnable after a wakeup, or as a new task, until it runs. By waker: how many."""
    state, found, running = {}, collections.defaultdict(lambda: [0, 0]), {}
    wakers = collections.Counter()
    rows = in_order("task_new", "sched_wakeup", "sched_switch")
    for row in rows:
        time = row["ts"]
        if row["event"] == "task_new":
            state[int(row["pid"])] = ("woken", time, max(0, int(row["parent_pid"])))
        elif row["event"] == "sched_wakeup":
            pid = int(row["pid"])
            if row["first"] == "0" and state.get(pid, ("blocked",))[0] == "blocked":
                state[pid] = ("woken", time, running.get(row["cpu"], 0))
        else:
            prev, following = tid(row, "prev"), tid(row, "next")
            if running.get(row["cpu"], prev) != prev:  # events are missing
                state[running[row["cpu"]]] = ("blocked",)
            running[row["cpu"]] = following
            # One that was preempted on its way to sleep is woken, too.
            state[prev] = ("runnable" if row["prev_state"] == "R" else "blocked",)
            if following and state.get(following, ("",))[0] == "woken":
                found[following][0] += 1
                found[following][1] += time - state[following][1]
                wakers[str(state[following][2])] += 1
            state[following] = ("running",)
    return {str(key): tuple(map(str, value)) for key, value in found.items()}, wakers


FTRACE = {"task_newtask": "task_new", "task_rename": "task_rename", "sched_process_exit": "task_exit"}


def wanted_events():
    """How many of each of ftrace's, but switches."""
    counts = collections.Counter()
    for name, event in FTRACE.items():
        counts[name] = sum(wanted_comm(row["comm"], row["pid"]) for row in read(event))
    for row in read("sched_wakeup"):
        if wanted_comm(row["comm"], row["pid"]):
            counts["sched_waking" if row["first"] == "0" else "sched_wakeup_new"] += 1
    return +counts


def check_names(names):
    """A thread's name is one that its task had."""
    known = collections.defaultdict(set)
    for row in in_order("sched_switch", "sched_wakeup", "task_new", "task_rename"):
        for role in ("prev_", "next_", "", "former_", "parent_"):
            if role + "comm" in row:
                known[row[role + "pid"]].add(row[role + "comm"])
    for number, name in names:
        name = bytes.fromhex(name).decode()
        if number != "0" and int(number) < UNKNOWN and name not in known[number]:
            error(f"thread {number} is called {name!r}, not {known[number]}")
    if not names:
        error("no names")


def check_tasks():
    ran, ends = slices()
    complaints, events, sched, states, running, woken, wakers, threads, names = query(
        args.file, COMPLAINTS, "select name, count(*) from ftrace_event group by name",
        "select tid, count(*), sum(dur) from sched join thread using (utid) where end_state is not null group by tid",
        "select end_state, count(*) from sched where end_state is not null group by end_state",
        "select tid, count(*), sum(dur) from thread_state join thread using (utid) where state = 'Running' "
        "and dur != -1 group by tid",
        "select tid, count(*), sum(dur) from thread_state join thread using (utid) where state = 'R' and waker_utid "
        "is not null and dur != -1 group by tid",
        "select tid, count(*) from thread_state s join thread t on t.utid = s.waker_utid where state = 'R' "
        "and dur != -1 group by tid",
        "select tid, pid from thread join process using (upid)",
        "select distinct tid, hex(name) from thread where name is not null")
    no_complaints(complaints)
    counts = collections.Counter()
    for name, n in events:
        if name in FTRACE or name.startswith("sched_wak"):
            counts[name] += int(n)
    same("events", counts, wanted_events())
    same("sched, thread", {row[0]: row[1:] for row in sched}, ran)
    same("sched, end state", {row[0]: int(row[1]) for row in states}, ends)
    same("thread_state running, thread", {row[0]: row[1:] for row in running},
         {key: value for key, value in ran.items() if key != "0"})
    check_names(names)
    if not args.task and args.cpu is None and not args.start:
        found, by = waits()
        same("thread_state woken, thread", {row[0]: row[1:] for row in woken}, found)
        same("thread_state woken by thread", {row[0]: int(row[1]) for row in wakers}, by)
        check_report(sched, threads)


def check_report(sched, threads):
    """What osinstr report says: each task's process, and how long it ran if it does not run at the end."""
    done = subprocess.run([args.osinstr, "report", "--json", args.dir], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True)
    report, process = json.loads(done.stdout), dict(threads)
    ran = {row[0]: int(row[2]) for row in sched}
    if report["report"] != "sched":
        return
    for task in report["tasks"]:
        number = str(task["pid"])
        if number in process and int(process[number]) != task["tgid"]:
            error(f"thread {number} is of process {process[number]}, not {task['tgid']}")
        elif number not in process and task["pid"]:
            error(f"thread {number} has no process")
    total = sum(task["run_ns"] for task in report["tasks"])
    if args.to == sys.maxsize and report.get("tasks_left_out", 0) == 0 and \
            not 0 <= total - sum(n for number, n in ran.items() if number != "0") <= report["cpu_time_ns"] * 0.2:
        error(f"all tasks ran {total} ns, Perfetto says {sum(ran.values())}")
    if report["switches"] < sum(int(row[1]) for row in sched):
        error("more slices than switches")


# ---- interrupts ----
def pairs(entry, leave, name):
    """(track's CPU, name) -> (count, sum of lengths, sum of beginnings)."""
    stacks, found = collections.defaultdict(list), collections.defaultdict(lambda: [0, 0, 0])
    order = {entry: 1, leave: 0}
    rows = [row for event in (entry, leave) for row in read(event)]
    rows.sort(key=lambda row: (int(row["cpu"]), row["ts"]))
    for row in rows:
        stack = stacks[row["cpu"]]
        if order[row["event"]]:
            stack.append(row)
        elif stack:
            begin = stack.pop()
            length = row["ts"] - begin["ts"]
            if length >= args.min_duration:
                add(found[row["cpu"], name(begin)], length, begin["ts"])
    return found


def interrupts():
    """Interrupts by the number that was acknowledged first, and further numbers: as pairs(), and a Counter."""
    stacks, more = collections.defaultdict(list), collections.Counter()
    found = collections.defaultdict(lambda: [0, 0, 0])
    for row in in_order("irq_exit", "irq_enter", "irq_ack"):
        cpu, stack = row["cpu"], stacks[row["cpu"]]
        if row["event"] == "irq_enter":
            stack.append([row["ts"], "interrupt"])
        elif row["event"] == "irq_exit":
            if stack:
                begin, name = stack.pop()
                if row["ts"] - begin >= args.min_duration:
                    add(found[cpu, name], row["ts"] - begin, begin)
        else:
            name = "spurious" if 1020 <= int(row["hwirq"]) < 1024 else f"irq {row['hwirq']}"
            if stack and stack[-1][1] == "interrupt":
                stack[-1][1] = name
            elif name != "spurious":
                more[cpu, name] += 1
    return found, more


def add(row, length, begin):
    row[0] += 1
    row[1] += length
    row[2] += begin


def masked():
    """Times are rounded: a section begins with the end of the one before at the earliest."""
    found, last = collections.defaultdict(lambda: [0, 0, 0]), collections.Counter()
    for row in read("irqs_masked"):
        length = int(row["duration"])
        if length >= args.min_duration:
            begin = max(row["ts"] - length, last[row["cpu"]])
            if begin - row["ts"] + length > 200:
                error(f"sections overlap at {row['ts']}")
            add(found[row["cpu"], row["from"] + " " + row["to"]], row["ts"] - begin, begin)
            last[row["cpu"]] = row["ts"]
    return found


SLICES = """select {cpu}, {name}, count(*), sum(s.dur), sum(s.ts) from slice s join track t on t.id = s.track_id
    where t.name like '{track}' and s.dur != -1 {more} group by 1, 2"""
CPU = "substr(t.name, instr(t.name, '{0} ') + 4)"


def check_irqs():
    ours = CPU.format("CPU")
    complaints, handlers, softirqs, irqs, marks, sections = query(
        args.file, COMPLAINTS,
        SLICES.format(cpu=CPU.format("Cpu"), name="s.name", track="Irq Cpu%", more=""),
        SLICES.format(cpu=CPU.format("Cpu"), name="s.name", track="SoftIrq Cpu%", more=""),
        SLICES.format(cpu=ours, name="s.name", track="Interrupts CPU%", more="and s.dur > 0"),
        SLICES.format(cpu=ours, name="s.name", track="Interrupts CPU%", more="and s.dur = 0"),
        SLICES.format(cpu=ours, track="Interrupts masked CPU%", more="",
                      name="extract_arg(s.arg_set_id, 'debug.masked_at') || ' ' || "
                           "extract_arg(s.arg_set_id, 'debug.unmasked_at')"))
    no_complaints(complaints)
    found, more = interrupts()
    if not args.min_duration:  # they go with the interrupts that they are in
        same("further number", {row[:2]: int(row[2]) for row in marks}, more)
    for what, got, wanted in (
            ("handler", handlers, pairs("irq_handler_entry", "irq_handler_exit", lambda r: f"IRQ ({r['name']})")),
            ("softirq", softirqs, pairs("softirq_entry", "softirq_exit", lambda r: r["name"])),
            ("interrupt", irqs, found),
            ("masked", sections, masked())):
        same(what, {row[:2]: row[2:] for row in got},
             {key: tuple(map(str, value)) for key, value in wanted.items()})
        if not wanted and not args.min_duration:
            error(f"{what}: nothing to compare")


# ---- calls ----
ALL_SLICES = """select s.ts, s.dur, s.name, t.name from slice s join track t on t.id = s.track_id
    where t.name like 'Functions CPU%' or t.parent_id is not null"""
BY_FUNCTION = """select s.name, sum(extract_arg(s.arg_set_id, 'debug.call_not_seen') is null),
    sum(s.dur) - coalesce(sum((select sum(c.dur) from slice c where c.parent_id = s.id)), 0) from slice s group by 1"""


def check_calls():
    complaints, rows = query(args.file, COMPLAINTS, BY_FUNCTION)
    no_complaints(complaints)
    calls = collections.Counter()
    for path, (_, n) in paths.read(os.path.join(args.profile, "profile.pb.gz")).items():
        calls["[irq]" if path[-1].startswith("[irq") else path[-1]] += n
    same("calls of", {name: int(n) for name, n, _ in rows if n != "0"}, +calls)
    instructions = collections.Counter()
    with open(args.dump, encoding="utf-8") as file:
        for line in file:
            cells = line.split()
            if len(cells) == 5 and cells[2] != "--":
                instructions[cells[4].split("+")[0]] += int(cells[3])
    same("instructions of", {name: int(n) for name, _, n in rows if n != "0"}, instructions)


def check_slices():
    complaints, got = query(args.file, COMPLAINTS, ALL_SLICES)
    no_complaints(complaints)
    wanted = collections.Counter()
    for begin, length, name, track in query(args.dir, ALL_SLICES)[0]:
        begin, length = int(begin), int(length)
        first, last = max(begin, args.start), min(begin + length, args.to)
        # One that ends with the window did so because of it.
        if length >= args.min_duration and (first < last or not args.start and length == 0):
            if begin + length <= args.to or last - begin >= args.min_duration:
                wanted[str(first), str(last - first), name, track] += 1
    if not wanted:
        error("nothing to compare")
    same("slice", collections.Counter(row for row in got if row[1] != "0" or not args.start), wanted)


def check_all():
    check_tasks()
    check_irqs()


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def check_inflated():
    """The packets of FILE, inflated, are those of DIR."""
    with open(args.file, "rb") as file:
        data = file.read()
    with open(args.dir, "rb") as file:
        wanted = file.read()
    got, at = [], 0
    while at < len(data):
        _, at = varint(data, at)
        length, at = varint(data, at)
        key, begin = varint(data, at)
        if key != 50 << 3 | 2:
            error(f"a packet that is not compressed at {at}")
        _, begin = varint(data, begin)
        got.append(zlib.decompress(data[begin : at + length]))
        if len(got[-1]) >= 512 * 1024:
            error(f"{len(got[-1])} bytes in a packet")
        at += length
    if b"".join(got) != wanted:
        error("other bytes")


def main():
    global args
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("osinstr")
    parser.add_argument("what", choices=["tasks", "irqs", "all", "calls", "slices", "inflated"])
    parser.add_argument("file")
    parser.add_argument("dir")
    parser.add_argument("profile", nargs="?")
    parser.add_argument("dump", nargs="?")
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--to", type=int, default=sys.maxsize)
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--task")
    parser.add_argument("--min-duration", type=int, default=0)
    args = parser.parse_args()
    {"tasks": check_tasks, "irqs": check_irqs, "all": check_all, "calls": check_calls, "slices": check_slices,
     "inflated": check_inflated}[args.what]()
    for text in errors[:15]:
        print("#", text)
    sys.exit(bool(errors))


main()
