# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two sets of runs of the same plugin.

With several runs on each side a row is tested by Welch's t-test of the runs' values. With one run on a side
there is nothing to tell chance by, but for distributions: these are tested by Mann-Whitney over their events.
"""
from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas

from . import stats
from .errors import TraceError
from .runs import histograms, summary
from .sched import waits
from .trace import open as open_trace

SIGNIFICANT = 0.05
F64 = npt.NDArray[np.float64]
Distribution = tuple[F64, F64]  # values and how often each occurs
Key = tuple[str, str]  # section, name


@dataclass
class Row:
    """One value of both sides: means over runs, NaN where there is none. p and q are None where nothing can be tested."""

    section: str
    name: str
    unit: str
    a: float
    b: float
    test: str = ""
    p: float | None = None
    q: float | None = None
    effect: float | None = None

    @property
    def difference(self) -> float:
        return self.b - self.a

    @property
    def percent(self) -> float | None:
        return 100 * self.difference / self.a if self.a and not math.isnan(self.difference) else None

    @property
    def significant(self) -> bool:
        return self.q is not None and self.q < SIGNIFICANT


@dataclass
class Measured:
    """What is compared of one run."""

    numbers: dict[Key, float] = field(default_factory=dict)
    distributions: dict[Key, Distribution] = field(default_factory=dict)


def _plus(numbers: dict[Key, float], section: str, name: str, value: float) -> None:
    numbers[section, name] = numbers.get((section, name), 0) + value


def _measure_sched(path: str, report: dict[str, Any], unit: str) -> Measured:
    run = Measured()
    for task in report["tasks"]:
        _plus(run.numbers, "CPU time of tasks", str(task["comm"]), task[f"run_{unit}"])
    try:
        table = waits(open_trace(path))
    except TraceError:
        return run  # trace=off
    for comm, group in table.groupby("comm", observed=True):
        run.distributions["waits of tasks", str(comm)] = (
            group["wait"].to_numpy(np.float64), np.ones(len(group)))
    return run


def _measure_irq(path: str, report: dict[str, Any], unit: str) -> Measured:
    run = Measured()
    table = histograms(path)
    middle = (table[f"low_{unit}"] + table[f"high_{unit}"]) / 2
    whole = table["tag"].str.endswith(".cpu_all")
    for tag, group in table[whole].groupby("tag"):
        interval, _, source = str(tag).removesuffix(".cpu_all").partition(".")
        run.distributions[f"latency {interval}", source or "all"] = (
            middle[group.index].to_numpy(np.float64), group["count"].to_numpy(np.float64))
    return run


def _measure_hotpath(path: str, report: dict[str, Any], unit: str) -> Measured:
    run = Measured()
    for row in report.get("functions", []):
        name = f"{row['function']} {row['module']}".rstrip()
        _plus(run.numbers, "instructions of functions", name, row["self"])
    return run


def _measure_heatmap(path: str, report: dict[str, Any], unit: str) -> Measured:
    run = Measured()
    for row in report["rows"]:
        _plus(run.numbers, f"{report['value_unit']} of {report['of']}", row["row"], row["total"])
    return run


_MEASURES: dict[str, Callable[[str, dict[str, Any], str], Measured]] = {
    "sched": _measure_sched, "irq-latency": _measure_irq, "hotpath": _measure_hotpath,
    "heatmap": _measure_heatmap}


@dataclass
class Comparison:
    """Rows by section, the most different first."""

    report: str
    unit: str
    runs_a: list[str]
    runs_b: list[str]
    rows: list[Row]

    @property
    def notes(self) -> list[str]:
        """What must be known to read the numbers."""
        if self.repeated:
            return ["p: Welch's t-test of the runs' values (for distributions: of their means), "
                    "q: p adjusted for the number of rows (Benjamini-Hochberg)"]
        notes = ["one run on a side: nothing tells how much runs differ by chance, so totals have no p"]
        if any(row.p is not None for row in self.rows):
            notes.append("p: Mann-Whitney over the events of all runs, as if each event stood alone; events "
                         "of one run hang together, so this p is too small rather than too large")
        return notes

    @property
    def repeated(self) -> bool:
        return min(len(self.runs_a), len(self.runs_b)) > 1


def _load(paths: Sequence[str], report: str | None, unit: str | None) -> tuple[list[Measured], str, str]:
    measured = []
    for path in paths:
        content = summary(path)
        kind, its_unit = str(content.get("report")), str(content.get("unit"))
        if kind not in _MEASURES:
            raise TraceError(f"{path}: nothing to compare in a run of {kind}")
        name = f"{kind} of {content['of']}" if "of" in content else kind  # of functions, tasks, …
        if name != (report or name) or its_unit != (unit or its_unit):
            raise TraceError(f"{path}: a run of {name} in {its_unit}, the first is one of {report} in {unit}")
        report, unit = name, its_unit
        try:
            measured.append(_MEASURES[kind](path, content, its_unit))
        except (KeyError, TypeError) as error:
            raise TraceError(f"{path}: summary.json has no {error}, as another version or mode has it") from None
    assert report and unit
    return measured, report, unit


def _keys(runs: list[Measured], of: Callable[[Measured], dict[Key, Any]]) -> list[Key]:
    return list(dict.fromkeys(key for run in runs for key in of(run)))


def _joined(runs: list[Measured], key: Key) -> Distribution:
    parts = [run.distributions[key] for run in runs if key in run.distributions]
    if not parts:
        return np.empty(0), np.empty(0)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _mean(part: Distribution | None) -> float:
    if part is None or not part[1].sum():
        return 0.0
    return float((part[0] * part[1]).sum() / part[1].sum())


def _quantile(part: Distribution, q: float) -> float:
    if not len(part[0]):
        return math.nan
    order = np.argsort(part[0], kind="stable")
    reached = np.cumsum(part[1][order])
    return float(part[0][order][np.searchsorted(reached, q * reached[-1])])


def _number_rows(a: list[Measured], b: list[Measured], unit: str, repeated: bool) -> list[Row]:
    rows = []
    for key in _keys(a + b, lambda run: run.numbers):
        of_a, of_b = ([run.numbers.get(key, 0.0) for run in side] for side in (a, b))
        shown = unit if key[0].startswith("CPU time") else "count"
        row = Row(*key, shown, float(np.mean(of_a)), float(np.mean(of_b)))
        if repeated:
            row.test, row.p = "welch", stats.welch(of_a, of_b).p
        rows.append(row)
    return rows


def _distribution_rows(a: list[Measured], b: list[Measured], unit: str, repeated: bool) -> list[Row]:
    rows = []
    for key in _keys(a + b, lambda run: run.distributions):
        all_a, all_b = _joined(a, key), _joined(b, key)
        if repeated:
            sides = [[_mean(run.distributions[key]) for run in side if key in run.distributions]
                     for side in (a, b)]
            means = [float(np.mean(side)) if side else math.nan for side in sides]
            row = Row(*key, f"mean {unit}", means[0], means[1])
            if min(len(side) for side in sides) > 1:
                row.test, row.p = "welch", stats.welch(*sides).p
        else:
            result = stats.mann_whitney(all_a[0], all_b[0], all_a[1], all_b[1])
            row = Row(*key, f"median {unit}", _quantile(all_a, 0.5), _quantile(all_b, 0.5))
            if not math.isnan(result.p):
                row.test, row.p, row.effect = "mann-whitney", result.p, result.effect
        rows.append(row)
    return rows


def compare(before: Sequence[str | os.PathLike[str]], after: Sequence[str | os.PathLike[str]]) -> Comparison:
    """Compares runs of one plugin: `before` with `after`. TraceError: one of them cannot be read, or they are of
    different plugins."""
    paths_a, paths_b = [os.fspath(path) for path in before], [os.fspath(path) for path in after]
    a, report, unit = _load(paths_a, None, None)
    b, _, _ = _load(paths_b, report, unit)
    repeated = min(len(a), len(b)) > 1
    rows = _number_rows(a, b, unit, repeated) + _distribution_rows(a, b, unit, repeated)
    for row, q in zip(rows, stats.adjusted([row.p for row in rows])):
        row.q = q
    sections = list(dict.fromkeys(row.section for row in rows))
    rows.sort(key=lambda row: (sections.index(row.section), not row.significant, math.isnan(row.difference),
                               -abs(row.difference), row.name))
    return Comparison(report, unit, paths_a, paths_b, rows)


def table(comparison: Comparison) -> pandas.DataFrame:
    """The rows as a DataFrame."""
    return pandas.DataFrame([
        {"section": row.section, "name": row.name, "unit": row.unit, "a": row.a, "b": row.b,
         "difference": row.difference, "percent": row.percent, "test": row.test, "p": row.p, "q": row.q,
         "effect": row.effect, "significant": row.significant} for row in comparison.rows])
