# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads heads and records: schema, facts and definitions of a trace, over damage."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from .crc import crc32c
from .errors import TraceError
from .schema import MAX_TYPES, EventType, Task, parse_type, text

FORMAT_MAJOR = 1
HEAD_SIZE = 24
META_STREAM = 0xFFFFFFFF
MAX_STREAMS = 1024
FRAME_MAGIC, FRAME_SIZE = 0xB5, 8
FACT, EVENT_TYPE, STRING, TASK, CLOSE = 1, 2, 3, 4, 5
SAME_TGID, HAS_PREVIOUS, INHERITS = 1, 2, 4
WINDOW = 128 << 10  # records behind a damaged head are looked for in this many bytes
SEARCH_BUDGET = 1 << 30  # bytes that are checksummed while searching for one record
MAX_LINES = 1000


class Head(NamedTuple):
    major: int
    minor: int
    length: int


class Totals(NamedTuple):
    """What the close record says of a stream."""

    blocks: int = 0
    events: int = 0
    lost: int = 0


@dataclass
class Definitions:
    """All that a trace has besides events, and the damage met while reading it."""

    types: list[EventType] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    strings: dict[int, str] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    totals: dict[int, Totals] = field(default_factory=dict)
    complete: bool = False
    lost: int = 0  # events that had no stream
    bad_records: int = 0
    lines: list[str] = field(default_factory=list)

    def note(self, name: str, offset: int, what: str) -> None:
        self.bad_records += 1
        if len(self.lines) < MAX_LINES:
            self.lines.append(f"{name}: offset {offset}: {what}")


def parse_head(data: bytes) -> Head | None:
    if len(data) < HEAD_SIZE or data[:8] != b"OSITRACE":
        return None
    major, minor, length, _, crc = struct.unpack_from("<HHIII", data, 8)
    sound = crc == crc32c(data[:20]) and length >= HEAD_SIZE
    return Head(major, minor, length) if sound else None


class _Input:
    """Varints of a payload; ValueError at its end."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, limit: int = (1 << 64) - 1) -> int:
        value = shift = 0
        while True:
            if self.at >= len(self.data) or shift > 63:
                raise ValueError
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                if value > limit:
                    raise ValueError
                return value

    def take32(self) -> int:
        return self.take(0xFFFFFFFF)

    def take_u64(self) -> int:
        self.at += 8
        if self.at > len(self.data):
            raise ValueError
        return int.from_bytes(self.data[self.at - 8:self.at], "little")

    def rest(self) -> bytes:
        return self.data[self.at:]


def _absorb_fact(into: Definitions, payload: bytes) -> None:
    key, zero, value = payload.partition(b"\0")
    if not zero or not key:
        raise ValueError
    into.facts.append((text(key), text(value)))


def _absorb_type(into: Definitions, payload: bytes) -> None:
    if not payload or payload[0] >= MAX_TYPES:
        raise ValueError
    number = payload[0]
    if number < len(into.types) and into.types[number].known:
        return
    parsed = parse_type(payload)
    if parsed is None:
        raise ValueError
    while len(into.types) <= number:
        into.types.append(EventType(len(into.types), "?", known=False))
    into.types[number] = parsed


def _absorb_task(into: Definitions, payload: bytes) -> None:
    if not payload:
        raise ValueError
    flags, data = payload[0], _Input(payload, 1)
    number = data.take32()
    previous = data.take32() if flags & HAS_PREVIOUS else 0
    if flags & INHERITS:
        pid = tgid = address = 0
    else:
        pid = data.take32()
        tgid = pid if flags & SAME_TGID else data.take32()
        address = data.take_u64()
    if not number or len(data.rest()) > 15:
        raise ValueError
    if flags & INHERITS:
        parent = into.tasks.get(previous)
        if parent is None:
            raise ValueError  # half a definition would name the wrong task
        pid, tgid, address = parent.pid, parent.tgid, parent.address
    into.tasks[number] = Task(number, pid, tgid, previous, address, text(data.rest()))


def _absorb_close(into: Definitions, payload: bytes) -> None:
    into.complete = True
    data = _Input(payload)
    for _ in range(data.take()):
        stream = data.take32()
        totals = Totals(data.take(), data.take(), data.take())
        if stream < MAX_STREAMS:
            into.totals[stream] = totals
        elif stream == META_STREAM:
            into.lost = totals.lost


def _absorb(into: Definitions, kind: int, payload: bytes) -> bool:
    """False: the record makes no sense."""
    try:
        if kind == FACT:
            _absorb_fact(into, payload)
        elif kind == EVENT_TYPE:
            _absorb_type(into, payload)
        elif kind == STRING:
            data = _Input(payload)
            number = data.take32()
            into.strings[number] = text(data.rest())
        elif kind == TASK:
            _absorb_task(into, payload)
        elif kind == CLOSE:
            _absorb_close(into, payload)
    except ValueError:
        return False
    return True


def _frame(data: bytes, at: int, end: int) -> tuple[int, bytes] | None:
    """Type and payload of the record at `at`, if there is a sound one."""
    if end - at < FRAME_SIZE or data[at] != FRAME_MAGIC:
        return None
    length = data[at + 2] | data[at + 3] << 8
    if length > end - at - FRAME_SIZE:
        return None
    payload = data[at + FRAME_SIZE:at + FRAME_SIZE + length]
    crc = int.from_bytes(data[at + 4:at + 8], "little")
    return (data[at + 1], payload) if crc32c(data[at:at + 4] + payload) == crc else None


def _find_frame(data: bytes, at: int, end: int) -> int:
    spent = 0
    while spent < SEARCH_BUDGET:
        at = data.find(FRAME_MAGIC, at, end)
        if at < 0:
            return end
        if _frame(data, at, len(data)) is not None:
            return at
        spent += data[at + 2] | data[at + 3] << 8 if end - at >= FRAME_SIZE else 0
        at += 1
    return end


def _absorb_frames(into: Definitions, name: str, data: bytes, at: int, end: int) -> None:
    end = min(end, len(data))
    while at < end:
        frame = _frame(data, at, len(data))  # one that begins before the end counts whole
        if frame is None:
            into.note(name, at, "damaged record, searching for the next")
            at = _find_frame(data, at + 1, end)
            continue
        if not _absorb(into, *frame):
            into.note(name, at, "a record that makes no sense, skipped")
        at += FRAME_SIZE + len(frame[1])


def _read_head(into: Definitions, name: str, data: bytes) -> Head:
    head = parse_head(data)
    if head is None:
        # Taken for one of our version: all behind it has checksums of its own.
        head = Head(FORMAT_MAJOR, 0, HEAD_SIZE)
        into.note(name, 0, "damaged file head" if data else "empty file")
    if head.major != FORMAT_MAJOR:
        raise TraceError(f"{name}: written in format {head.major}.{head.minor}, and this osinstr "
                         f"reads format {FORMAT_MAJOR}")
    return head


def absorb_meta(into: Definitions, data: bytes) -> None:
    head = _read_head(into, "meta", data)
    _absorb_frames(into, "meta", data, head.length, len(data))


def absorb_stream(into: Definitions, name: str, data: bytes) -> None:
    """The schema once more, from the start of a stream's file."""
    end = _read_head(into, name, data).length
    if end == HEAD_SIZE:  # damaged: up to the first that is no record
        limit = min(len(data), HEAD_SIZE + WINDOW)
        while (frame := _frame(data, end, limit)) is not None:
            end += FRAME_SIZE + len(frame[1])
    _absorb_frames(into, name, data, HEAD_SIZE, end)
