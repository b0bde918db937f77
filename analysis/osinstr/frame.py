# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of `osinstr csv`: as a DataFrame, and as text."""
from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt
import pandas

from .errors import TraceError
from .schema import (ADDRESS, HEX, STRING, TASK, TASK_STATE, UNKNOWN, EventType, Field, state_text)

if TYPE_CHECKING:
    from .trace import Array, Trace

COMM, PID, WHOLE = "comm", "pid", ""
_SWITCH_ORDER = ["prev", "prev_prio", "prev_state", "next", "next_prio"]


class ColumnOf(NamedTuple):
    """A column of a table: of which field it is, and which part of it."""

    name: str
    field: Field
    part: str


def columns_of(kind: EventType) -> list[ColumnOf]:
    """The columns behind time and cpu, in the order of `osinstr csv`."""
    fields = list(kind.fields)
    if kind.name == "sched_switch":
        first = {name: i for i, name in enumerate(_SWITCH_ORDER)}
        fields.sort(key=lambda f: first.get(f.name, len(first)))
    columns = []
    for field in fields:
        if field.kind == TASK:
            for part in (COMM, PID):
                name = part if field.name == "task" else f"{field.name}_{part}"
                columns.append(ColumnOf(name, field, part))
        else:
            columns.append(ColumnOf(field.name, field, WHOLE))
    return columns


def _signed(values: "Array") -> "Array":
    """int64 where all values fit, so that differences have signs."""
    if values.dtype == np.uint64 and (not len(values) or int(values.max()) < 1 << 63):
        return values.view(np.int64)
    return values


def labels(numbers: "Array", name_of: Callable[[int], str]) -> pandas.Categorical:
    """Names of numbers, each looked up once."""
    found, codes = _unique(numbers)
    names = [name_of(int(number)) for number in found]
    categories = list(dict.fromkeys(names))
    place = {name: i for i, name in enumerate(categories)}
    of_found = np.array([place[name] for name in names], np.int32)
    return pandas.Categorical.from_codes(of_found[codes], categories)


def _unique(numbers: "Array") -> "tuple[Array, npt.NDArray[np.intp]]":
    """np.unique() with codes, without sorting if the numbers are small, as most are."""
    if not len(numbers) or int(numbers.max()) >= 1 << 20 or int(numbers.min()) < 0:
        found, codes = np.unique(numbers, return_inverse=True)
        return found, codes
    small = numbers.astype(np.intp)
    seen = np.zeros(int(small.max()) + 1, np.bool_)
    seen[small] = True
    found = np.flatnonzero(seen)
    codes = np.cumsum(seen) - 1
    return found, codes[small]


def _series(trace: "Trace", column: ColumnOf, values: "Array") -> "pandas.Categorical | Array":
    if column.field.kind == TASK:
        if column.part == COMM:
            return labels(values, lambda n: trace.tasks[n].comm if n in trace.tasks else UNKNOWN)
        found, codes = _unique(values)
        pids = [trace.tasks[int(n)].pid if int(n) in trace.tasks else -1 for n in found]
        pid_column: Array = np.array(pids, np.int64)[codes]
        return pid_column
    if column.field.kind == STRING:
        return labels(values, lambda n: trace.strings.get(n, UNKNOWN) if n else UNKNOWN)
    if column.field.kind == TASK_STATE:
        return labels(values, lambda n: state_text(n & 0xFFFFFFFF))
    return values if column.field.kind in (ADDRESS, HEX) else _signed(values)


def frame_of(trace: "Trace", name: str, wanted: Sequence[str] | None, start: int,
             stop: int | None) -> pandas.DataFrame:
    kind = trace.type(name)
    ts = f"ts_{trace.unit}"
    columns = columns_of(kind)
    known = [ts, "cpu", *(column.name for column in columns)]
    for missing in [column for column in wanted or [] if column not in known]:
        raise TraceError(f"{name} has no column '{missing}'; it has {', '.join(known)}")
    columns = [c for c in columns if wanted is None or c.name in wanted]
    arrays = trace.array(name, list(dict.fromkeys(c.field.name for c in columns)), start=start, stop=stop)
    content: dict[str, object] = {ts: _signed(arrays["time"]), "cpu": arrays["cpu"]}
    content.update((c.name, _series(trace, c, arrays[c.field.name])) for c in columns)
    return pandas.DataFrame({key: content[key] for key in wanted or known}, copy=False)


# ---- text ----

def _quoted(text: str) -> str:
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _texts(column: ColumnOf, series: pandas.Series) -> list[str]:
    if isinstance(series.dtype, pandas.CategoricalDtype):
        names = [_quoted(str(name)) for name in series.cat.categories]
        return [names[code] for code in series.cat.codes]
    values: list[int] = series.tolist()
    if column.field.kind == ADDRESS:
        return [f"0x{value:016x}" for value in values]
    if column.field.kind == HEX:
        return [f"0x{value:x}" for value in values]
    return [str(value) for value in values]


def csv_lines(trace: "Trace", name: str) -> Iterator[str]:
    """What `osinstr csv --event NAME` prints, line by line."""
    columns = columns_of(trace.type(name))
    frame = frame_of(trace, name, None, 0, None)
    yield ",".join(_quoted(str(key)) for key in frame.columns) + "\n"
    texts = [[str(value) for value in frame[key].tolist()] for key in frame.columns[:2]]
    texts += [_texts(column, frame[column.name]) for column in columns]
    for row in zip(*texts):
        yield ",".join(row) + "\n"
