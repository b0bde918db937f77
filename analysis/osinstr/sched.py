# SPDX-License-Identifier: GPL-2.0-or-later
"""Who ran when, and who waited: from the task switches and wakeups of a trace.

A task keeps its `key` when an exec or rename gives it another name; `comm` is the name at that time.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas

from .frame import labels
from .schema import UNKNOWN
from .trace import Trace

I64 = npt.NDArray[np.int64]
OUT, IN, WOKEN = 0, 1, 2


def _keys(trace: Trace) -> I64:
    """By number of a task: the number of its first stage. Idle tasks and unknown ones have -1."""
    size = max(trace.tasks, default=0) + 1
    keys = np.full(size, -1, np.int64)
    for number in sorted(trace.tasks):
        task, seen = trace.tasks[number], {number}
        while task.previous in trace.tasks and task.previous not in seen:
            seen.add(task.previous)
            task = trace.tasks[task.previous]
        keys[number] = task.id if task.pid else -1
    return keys


def _look_up(keys: I64, numbers: npt.NDArray[Any]) -> I64:
    known = numbers < len(keys)
    found: I64 = np.where(known, keys[np.where(known, numbers, 0).astype(np.int64)], -1)
    return found


def _named(trace: Trace, numbers: npt.NDArray[Any]) -> dict[str, object]:
    tasks = trace.tasks
    found, codes = np.unique(numbers, return_inverse=True)
    pids = np.array([tasks[int(n)].pid if int(n) in tasks else -1 for n in found], np.int64)
    return {"comm": labels(numbers, lambda n: tasks[n].comm if n in tasks else UNKNOWN),
            "pid": pids[codes] if len(found) else np.empty(0, np.int64),
            "key": _look_up(_keys(trace), numbers)}


def intervals(trace: Trace) -> pandas.DataFrame:
    """A row for each stretch of time that a task ran on a CPU: start, end (in the trace's unit), cpu, comm,
    pid, key. Idle tasks are in it, with pid 0 and key -1. Begins with a CPU's first switch; ends where the
    recorder noted the end, or with the last event of the trace."""
    switches = trace.array("sched_switch", ["next"])
    parts = []
    for cpu in trace.streams:
        mine = switches["cpu"] == cpu
        start = switches["time"][mine].astype(np.int64)
        if len(start):
            noted = trace.info.get(f"end_time.{cpu}", "")
            end = int(noted) if noted.isdecimal() else trace.health.last_time
            parts.append((start, np.append(start[1:], max(end, int(start[-1]))),
                          np.full(len(start), cpu, np.uint16), switches["next"][mine]))
    empty = np.empty(0, np.int64)
    start, end_of, cpu_of, task = (np.concatenate(column) for column in zip(*parts)) if parts else (
        empty, empty, empty, empty)
    table = pandas.DataFrame({"start": start, "end": end_of, "cpu": cpu_of, **_named(trace, task)})
    return table.sort_values(["start", "cpu"], kind="stable", ignore_index=True)


def _steps(trace: Trace) -> dict[str, npt.NDArray[Any]]:
    """All switches out, switches in and wakeups, by task and in order of time."""
    switches = trace.array("sched_switch", ["prev", "next"])
    wakeups = trace.array("sched_wakeup", ["task"])
    n, m = len(switches["time"]), len(wakeups["time"])
    steps = {
        "time": np.concatenate([switches["time"], switches["time"], wakeups["time"]]).astype(np.int64),
        "cpu": np.concatenate([switches["cpu"], switches["cpu"], wakeups["cpu"]]),
        "kind": np.repeat(np.array([OUT, IN, WOKEN]), [n, n, m]),
        "task": np.concatenate([switches["prev"], switches["next"], wakeups["task"]])}
    steps["key"] = _look_up(_keys(trace), steps["task"])
    order = np.lexsort((steps["kind"], steps["cpu"], steps["time"], steps["key"]))
    order = order[steps["key"][order] >= 0]
    return {name: column[order] for name, column in steps.items()}


def waits(trace: Trace) -> pandas.DataFrame:
    """A row for each wait from a wakeup until the task runs: start, wait (in the trace's unit), cpu (where it
    runs), comm, pid, key. Waiting after a preemption is none: nobody woke the task."""
    steps = _steps(trace)
    key, kind, time = steps["key"], steps["kind"], steps["time"]
    at = np.flatnonzero(kind != WOKEN)  # a wait begins with the first wakeup behind one of these
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])[:len(key)])
    begin = first[np.searchsorted(first, np.arange(len(key)), side="right") - 1] if len(key) else first
    before = np.append(-1, at[:-1])
    fresh = before < begin[at]  # the task's first switch
    since = np.where(fresh, begin[at], before + 1)
    running = ~fresh & (kind[before] == IN)
    chosen = (kind[at] == IN) & (since < at) & ~running
    begin_at, end_at = since[chosen], at[chosen]
    table = pandas.DataFrame({"start": time[begin_at], "wait": time[end_at] - time[begin_at],
                              "cpu": steps["cpu"][end_at], **_named(trace, steps["task"][end_at])})
    return table.sort_values(["start", "cpu"], kind="stable", ignore_index=True)
