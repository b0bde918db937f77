# SPDX-License-Identifier: GPL-2.0-or-later
"""A trace: what it says about itself, its health, its events as arrays."""
from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from . import batch, codec, records
from .batch import Batch
from .errors import TraceError
from .records import Definitions, Totals
from .schema import INT, EventType, Field, Task
from .stage import Stage, load_stage
from .walk import Block, Bytes, Walk

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")
U64 = npt.NDArray[np.uint64]
Array = npt.NDArray[Any]
_STREAM_FILE = re.compile(r"cpu(0|[1-9][0-9]*)\.(trace|open)")


@dataclass
class Health:
    """What there is in a trace, and what is wrong with it; the numbers of `osinstr validate`.

    `lines` has a line for each damaged place. Times are in the trace's unit.
    """

    complete: bool = False
    bytes: int = 0
    blocks: int = 0
    bad_blocks: int = 0
    missing_blocks: int = 0
    bad_records: int = 0
    events: int = 0
    staged_events: int = 0
    lost_events: int = 0
    unknown_events: int = 0
    first_time: int = 0
    last_time: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing is damaged or missing. That a run was cut off or lost events is no damage."""
        return not (self.bad_blocks or self.missing_blocks or self.bad_records)

    def text(self, name: str) -> str:
        """The words of `osinstr validate` about the trace `name`."""
        verdict = "sound" if self.sound else "damaged"
        lines = [*self.lines, f"{name}: {verdict}: {self.events} events in {self.blocks} blocks, "
                              f"{self.bytes} bytes"]
        if not self.sound:
            lines.append(f"damaged blocks {self.bad_blocks}, missing blocks {self.missing_blocks}, "
                         f"damaged records {self.bad_records}; everything else can be read")
        if not self.complete:
            lines.append(f"the run was cut off; {self.staged_events} events recovered from open blocks")
        elif self.staged_events:
            lines.append(f"{self.staged_events} events recovered from open blocks")
        if self.lost_events:
            lines.append(f"{self.lost_events} events could not be stored during the run")
        if self.unknown_events:
            lines.append(f"{self.unknown_events} events are of kinds that only a newer osinstr reads")
        return "\n".join(lines) + "\n"


def _read(path: str) -> Bytes | None:
    """A regular file's bytes, mapped; None: there is none that can be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            return None
        return mmap(handle, 0, access=ACCESS_READ) if info.st_size else b""
    finally:
        os.close(handle)


class _Stream:
    """One vCPU's file: its blocks, and the staged events that are in none of them."""

    def __init__(self, trace: "Trace", number: int) -> None:
        self.number, self.types = number, trace.types
        self.data: Bytes = trace._file(f"cpu{number}.trace") or b""
        staged = trace._file(f"cpu{number}.open")
        stage: Stage | None = None
        line: str | None = None
        if staged is not None:
            stage, line = load_stage(bytes(staged), number, trace.types)
        self.walk = Walk(self.data, number, stage, line)
        self.totals = trace._definitions.totals.get(number, Totals())
        self.staged: list[tuple[int, ...]] | None = None

    def read(self, use: Callable[[Batch], T], start: int = 0, stop: int = (1 << 64) - 1) -> Iterator[T]:
        """What `use` makes of the blocks that may have events from `start` to `stop`."""
        blocks = [block for block in self.walk.blocks if block.error is None
                  and block.header.last_time >= start and block.header.first_time <= stop]
        return batch.read(self.data, blocks, self.types, use)

    def staged_events(self) -> list[tuple[int, ...]]:
        """Needs to know of each block that the stage could still have whether it can be read."""
        if self.staged is None:
            unsure = [b for b in self.walk.blocks if b.joins and not b.checked]
            for _ in batch.read(self.data, unsure, self.types, lambda part: None):
                pass
            self.staged = self.walk.finish(self.totals)
        return self.staged


class Trace:
    """A trace in a folder, read when something is asked for. Open it with `osinstr.open()`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._definitions = Definitions()
        self._streams: dict[int, _Stream] = {}
        self._bytes = 0
        self.streams = self._find_streams()
        self._load()

    def _file(self, name: str) -> Bytes | None:
        return _read(os.path.join(self.path, name))

    def _find_streams(self) -> list[int]:
        try:
            names = os.listdir(self.path)
        except OSError as error:
            raise TraceError(f"{self.path}: {os.strerror(error.errno or 0)}") from None
        found = {}
        for name in names:
            match = _STREAM_FILE.fullmatch(name)
            if match and int(match[1]) < records.MAX_STREAMS:
                found[int(match[1])] = True
                if match[2] == "open":
                    try:
                        self._bytes += os.stat(os.path.join(self.path, name)).st_size
                    except OSError:  # the run has just ended and needs it no more
                        pass
        if not found and "meta" not in names:
            raise TraceError(f"{self.path}: there is no trace in this directory")
        return sorted(found)

    def _load(self) -> None:
        definitions = self._definitions
        meta = self._file("meta")
        if meta is None:
            definitions.note("meta", 0, self._why_not("meta"))
        else:
            self._bytes += len(meta)
            records.absorb_meta(definitions, bytes(meta))
        for number in self.streams:
            name = f"cpu{number}.trace"
            data = self._file(name)
            if data is not None:
                self._bytes += len(data)
                head = records.parse_head(bytes(data[:records.HEAD_SIZE]))
                size = head.length if head else 0
                size = max(size, records.HEAD_SIZE + records.WINDOW)
                records.absorb_stream(definitions, name, bytes(data[:size]))
        if not definitions.types:
            raise TraceError(f"{self.path}: not an osinstr trace: no event type is defined in it")
        for number, totals in sorted(definitions.totals.items()):
            if totals.blocks and number not in self.streams:
                definitions.note(f"cpu{number}.trace", 0, "the file is missing")
        self.streams = sorted({*self.streams, *(n for n, t in definitions.totals.items() if t.blocks)})

    def _why_not(self, name: str) -> str:
        try:
            open_mode = os.stat(os.path.join(self.path, name)).st_mode
        except OSError as error:
            return os.strerror(error.errno or 0)
        return os.strerror(errno.EACCES if stat.S_ISREG(open_mode) else errno.EINVAL)

    def _stream(self, number: int) -> _Stream:
        if number not in self._streams:
            self._streams[number] = _Stream(self, number)
        return self._streams[number]

    # ---- what the trace says about itself ----

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Facts in the order in which they were noted; a key can occur several times, as `note` does."""
        return list(self._definitions.facts)

    @property
    def info(self) -> dict[str, str]:
        """Facts by key (`clock`, `clock.unit`, `codec`, `kernel` …); the last one noted counts."""
        return dict(self._definitions.facts)

    @property
    def unit(self) -> str:
        """What times are in: `ns` or `insn`."""
        return self.info.get("clock.unit", "ns")

    @property
    def types(self) -> list[EventType]:
        """Event types by number."""
        return self._definitions.types

    @property
    def tasks(self) -> dict[int, Task]:
        """Tasks by their number in events."""
        return self._definitions.tasks

    @property
    def strings(self) -> dict[int, str]:
        """Strings by their number in events."""
        return self._definitions.strings

    def type(self, name: str) -> EventType:
        """The event type of this name."""
        for kind in self.types:
            if kind.known and kind.name == name:
                return kind
        known = ", ".join(kind.name for kind in self.types if kind.known)
        raise TraceError(f"{self.path} has no event type '{name}'; it has {known}")

    # ---- health ----

    @cached_property
    def health(self) -> Health:
        """Checks every block of every stream, as `osinstr validate` does. Reads the whole trace once."""
        definitions = self._definitions
        health = Health(definitions.complete, self._bytes, bad_records=definitions.bad_records,
                        lost_events=definitions.lost, lines=list(definitions.lines))
        for number in self.streams:
            self._check_stream(self._stream(number), health)
        return health

    def _check_stream(self, stream: _Stream, health: Health) -> None:
        for _ in stream.read(self._decode_all):
            pass
        staged = stream.staged_events()
        walk = stream.walk
        spans = []
        for item in walk.items:
            if isinstance(item, str):
                health.lines.append(item)
            elif item.error is not None:
                health.bad_blocks += 1
                health.lines.append(f"cpu{stream.number}.trace: offset {item.offset}: {item.error}")
            else:
                health.blocks += 1
                health.events += item.header.events - sum(item.skipped.values())
                health.unknown_events += sum(item.skipped.values())
                spans.append((item.header.first_time, item.header.last_time))
        if staged:
            spans.append((staged[0][1], staged[-1][1]))
        self._add_span(health, spans)
        health.bad_blocks += walk.bad_blocks
        health.missing_blocks += walk.missing
        health.bad_records += walk.bad_records
        health.lost_events += walk.lost
        health.staged_events += len(staged)
        health.events += len(staged)

    def _decode_all(self, part: Batch) -> None:
        for kind in self.types:
            part.fields(kind.number, list(range(len(kind.fields))))

    @staticmethod
    def _add_span(health: Health, spans: list[tuple[int, int]]) -> None:
        if spans:
            first = not health.last_time and not health.first_time
            health.first_time = spans[0][0] if first else min(health.first_time, spans[0][0])
            health.last_time = max(health.last_time, spans[-1][1])

    # ---- events ----

    def array(self, name: str, fields: Sequence[str] | None = None, *, start: int = 0,
              stop: int | None = None) -> dict[str, Array]:
        """The events of a type as arrays: `time`, `cpu` and the `fields` asked for (all, if None).

        In order of time; events of several vCPUs at the same time by vCPU. `time` is in `unit`. Signed
        fields are int64, others uint64; tasks and strings are numbers, see `tasks` and `strings`. `start`
        and `stop`, both included, limit the times. Only what is asked for is decoded and checked.
        """
        kind = self.type(name)
        names = [f.name for f in kind.fields]
        wanted = names if fields is None else list(fields)
        for missing in set(wanted) - set(names):
            raise TraceError(f"{name} has no field '{missing}'; it has {', '.join(names)}")
        last = (1 << 64) - 1
        first, end = max(start, 0), last if stop is None else min(stop, last)
        if first > last or end < 0:  # times are not there; nothing is
            first, end = 1, 0
        reader = _Collector(self, kind, [names.index(f) for f in wanted], first, end)
        return reader.arrays(wanted)

    def events(self, name: str, columns: Sequence[str] | None = None, *, start: int = 0,
               stop: int | None = None) -> "pandas.DataFrame":
        """The events of a type as a DataFrame, with the columns that `osinstr csv` prints, or some of them.

        The first are `ts_ns` (or `ts_insn`) and `cpu`. A task is two columns, its name (categorical) and
        its pid; states and strings are categorical; addresses are numbers.
        """
        from .frame import frame_of
        return frame_of(self, name, columns, start, stop)


class _Collector:
    """Gathers some fields of the events of one type from all streams."""

    def __init__(self, trace: Trace, kind: EventType, wanted: list[int], start: int, stop: int) -> None:
        self.trace, self.kind, self.wanted = trace, kind, wanted
        self.start, self.stop = start, stop
        # Memory that is not written to costs nothing, so there is room for all events.
        streams = [trace._stream(number) for number in trace.streams]
        room = sum(b.header.events for s in streams for b in s.walk.blocks)
        room += sum(len(s.walk.stage.events) for s in streams if s.walk.stage)
        self.times = np.empty(room, np.uint64)
        self.cpus = np.empty(room, np.uint16)
        self.values = [np.empty(room, np.uint64) for _ in wanted]
        self.n = 0
        for stream in streams:
            begin = self.n
            for times, values in stream.read(self._decode, start, stop):
                self._add(times, values)
            self._add_staged(stream)
            self.cpus[begin:self.n] = stream.number

    def _decode(self, part: Batch) -> tuple[U64, list[U64]]:
        into = [whole[self.n:] for whole in self.values]
        return part.times_of(self.kind.number), part.fields(self.kind.number, self.wanted, into)

    def _add(self, times: U64, values: list[U64]) -> None:
        """Takes events over. Columns may be where they belong already."""
        if self.start or self.stop < (1 << 64) - 1:
            keep = (times >= np.uint64(self.start)) & (times <= np.uint64(self.stop))
            times, values = times[keep], [column[keep] for column in values]
        end = self.n + len(times)
        self.times[self.n:end] = times
        for whole, column in zip(self.values, values):
            target = whole[self.n:end]
            if target.ctypes.data != column.ctypes.data:
                target[:] = column
        self.n = end

    def _add_staged(self, stream: _Stream) -> None:
        events = [e for e in stream.staged_events() if e[0] == self.kind.number]
        if events and self.kind.decodable:
            table = np.array(events, np.uint64)
            self._add(table[:, 1], [table[:, 2 + f] for f in self.wanted])

    def arrays(self, names: list[str]) -> dict[str, Array]:
        result: dict[str, Array] = {"time": self.times[:self.n], "cpu": self.cpus[:self.n]}
        for f, name, values in zip(self.wanted, names, self.values):
            column: Array = values[:self.n]
            if self.kind.fields[f].kind == INT:
                column = column.view(np.int64)
            result[name] = column
        times = result["time"]
        if len(self.trace.streams) > 1 and bool((times[1:] < times[:-1]).any()):
            order = np.argsort(times, kind="stable")
            result = {name: column[order] for name, column in result.items()}
        return result


def open(path: str | os.PathLike[str]) -> Trace:  # noqa: A001 - osinstr.open() says what it does
    """Opens the trace in a folder. TraceError: there is none, or one that cannot be read at all."""
    trace = Trace(path)
    name = trace.info.get("codec")
    if name is not None and name in codec.NAMES.values():
        codec.need(name, trace.path)
    return trace


__all__ = ["Block", "Field", "Health", "Trace", "open"]
