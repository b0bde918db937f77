# SPDX-License-Identifier: GPL-2.0-or-later
"""What else runs leave in their folder: reports, histograms, heatmaps, blocks."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas

from .errors import TraceError

Path = str | os.PathLike[str]
Counts = npt.NDArray[Any]


def summary(path: Path) -> dict[str, Any]:
    """The report of a run (summary.json). Names of times end in their unit, as in run_ns or run_insn."""
    name = os.path.join(path, "summary.json")
    try:
        with open(name, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise TraceError(f"{name}: {error.strerror}") from None
    except ValueError as error:
        raise TraceError(f"{name}: {error}") from None
    if not isinstance(content, dict):
        raise TraceError(f"{name}: not a report")
    return content


def _csv(path: Path, name: str, columns: list[str], **options: Any) -> pandas.DataFrame:
    """A table; `columns` must be there, without regard to the unit that a name ends in."""
    name = os.path.join(path, name)
    try:
        table = pandas.read_csv(name, keep_default_na=False, **options)
    except OSError as error:
        raise TraceError(f"{name}: {error.strerror}") from None
    except ValueError as error:
        raise TraceError(f"{name}: {str(error).splitlines()[0]}") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise TraceError(f"{name}: has no column {missing[0]}")
    return table


def histograms(path: Path) -> pandas.DataFrame:
    """Latencies of a run of irq-latency: a row for each bucket of a histogram that is not empty.

    `tag` names the histogram (interval, interrupt, CPU), low and high are its bounds, both included, in the
    unit that their names end in; count is how many intervals were that long.
    """
    return _csv(path, "histograms.csv", ["tag", "count"])


def blocks(path: Path) -> pandas.DataFrame:
    """Blocks of code that a run of hotpath with mode=blocks or edges executed: id, address, symbol, offset,
    module, insns and bytes of each, how often it was executed, and how many instructions that makes."""
    table = _csv(path, "blocks.csv", ["address", "executions", "instructions"], dtype={"address": str})
    table["address"] = np.array([int(text, 16) for text in table["address"]], np.uint64)
    return table


@dataclass
class Heatmap:
    """What was hot when: `values[vcpu][row][bucket]`, mapped from the file.

    rows      DataFrame: name, module, unit, total of each row, most first; [idle] is in the clock's unit
    bucket    width of a bucket in `unit` (ns or insn)
    summary   the run's report
    """

    values: Counts
    rows: pandas.DataFrame
    bucket: int
    unit: str
    summary: dict[str, Any]

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """Where each bucket begins, in `unit`."""
        return np.arange(self.values.shape[2], dtype=np.int64) * self.bucket

    @property
    def idle(self) -> int | None:
        """The row of idle time, which is last; None if there is none."""
        last = len(self.rows) - 1
        return last if last >= 0 and self.rows["name"].iloc[last] == "[idle]" else None

    def row(self, name: str) -> npt.NDArray[np.uint64]:
        """A row by time, all vCPUs together."""
        found = np.flatnonzero(self.rows["name"] == name)
        if not len(found):
            raise TraceError(f"the heatmap has no row '{name}'")
        sums: npt.NDArray[np.uint64] = self.values[:, found].sum(axis=(0, 1), dtype=np.uint64)
        return sums


def heatmap(path: Path) -> Heatmap:
    """A run of the plugin heatmap."""
    report = summary(path)
    rows = _csv(path, "rows.csv", ["name", "module", "unit", "total"], index_col="row")
    name = os.path.join(path, "heatmap.npy")
    try:
        values = np.load(name, mmap_mode="r")
    except OSError as error:
        raise TraceError(f"{name}: {error.strerror or error}") from None
    except ValueError as error:
        raise TraceError(f"{name}: {error}") from None
    unit = str(report.get("unit", "ns"))
    if values.ndim != 3 or values.shape[1] != len(rows) or f"bucket_{unit}" not in report:
        raise TraceError(f"{name}: does not agree with rows.csv and summary.json")
    return Heatmap(values, rows, int(report[f"bucket_{unit}"]), unit, report)
