# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads back what a run had not yet put into blocks (cpuN.open): every event up to the first unsound one."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .crc import crc32c
from .records import FORMAT_MAJOR
from .schema import EventType

HEADER, ROOM, MAX_EVENTS = 128, 131072, 8192
MULTIPLIER = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


@dataclass
class Stage:
    """The staged events: each is (type, time, fields …)."""

    seq: int
    drops: int
    events: list[tuple[int, ...]] = field(default_factory=list)
    next_seq: int = 0  # of the block that would go on covering the events
    covered: int = 0  # events that turned out to be in blocks, from the first on
    apart: bool = False  # the blocks do not join on: nobody knows which events they hold


def _header_is_sound(data: bytes, stream: int) -> bool:
    if len(data) < HEADER or data[:8] != b"OSISTAGE":
        return False
    major, _, length, number, _, crc = struct.unpack_from("<HHIIII", data, 8)
    return bool(crc == crc32c(data[:24]) and major == FORMAT_MAJOR and number == stream
                and HEADER <= length <= 1024)


def _take_events(data: bytes, types: list[EventType], seed: int) -> tuple[list[tuple[int, ...]], int]:
    """The sound events, and how many bytes they take."""
    words = struct.unpack_from(f"<{len(data) // 8}Q", data)
    sizes = {t.number: 2 + len(t.fields) for t in types if t.known}
    events: list[tuple[int, ...]] = []
    at = 0
    while len(events) < MAX_EVENTS and len(words) - at >= 2:
        kind = words[at] & 0xFFFFFFFF
        size = sizes.get(kind, 0)
        if not size or len(words) - at < size:
            break
        check = (seed + kind) * MULTIPLIER & MASK
        for word in words[at + 1:at + size]:
            check = (check + word) * MULTIPLIER & MASK
        if check >> 32 != words[at] >> 32:
            break
        events.append((kind, *words[at + 1:at + size]))
        at += size
    return events, at * 8


def load_stage(data: bytes, stream: int, types: list[EventType]) -> tuple[Stage | None, str | None]:
    """The stage, None if its header is damaged; and a line that says what is damaged, if anything is."""
    name = f"cpu{stream}.open"
    if not _header_is_sound(data, stream):
        return None, f"{name}: offset 0: damaged header, staged events are lost"
    begin = struct.unpack_from("<I", data, 12)[0]
    seq, generation, drops, used = struct.unpack_from("<QQQQ", data, 64)
    seed = ((seq + 1) * MULTIPLIER + generation) * MULTIPLIER & MASK
    events, found = _take_events(data[begin:begin + ROOM], types, seed)
    line = None
    if found < used:
        line = (f"{name}: offset {begin + found}: damaged record, {used - found} bytes of staged "
                "events are lost")
    return Stage(seq, drops, events, seq), line
