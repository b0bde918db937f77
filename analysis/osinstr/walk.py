# SPDX-License-Identifier: GPL-2.0-or-later
"""Walks the blocks of one stream from header to header, over damage. Payloads are left for later."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from mmap import mmap
from typing import NamedTuple

from .crc import crc32c, crc32c_many
from .records import Totals, parse_head
from .stage import Stage

HEADER, MAX_HEADER, MAX_PAYLOAD, MAX_EVENTS = 64, 1024, 65536, 8192
Bytes = bytes | mmap


class BlockHeader(NamedTuple):
    length: int
    codec: int
    stream: int
    events: int
    seq: int
    first_time: int
    last_time: int
    stored: int
    raw: int
    drops: int
    crc: int


@dataclass
class Block:
    """A block whose header is sound. `error` says why nothing can be read of it."""

    offset: int
    header: BlockHeader
    joins: bool = False  # its number is one that the stage may still have
    checked: bool = False  # the payload's checksum and structure were looked at
    error: str | None = None
    skipped: dict[int, int] = field(default_factory=dict)  # events of types only a newer version reads


_HEADER = struct.Struct("<4sHBBIIQQQIIQI")
_CHECKED = HEADER - 4  # bytes of an ordinary header that its checksum is of


def parse_header(data: Bytes, at: int, stream: int, sums: dict[int, int]) -> BlockHeader | None:
    """The header at `at`, if there is a sound one. `sums` has checksums of ordinary headers."""
    if len(data) - at < HEADER:
        return None
    magic, length, codec, _, *rest = _HEADER.unpack_from(data, at)
    if magic != b"OSB1" or not HEADER <= length <= min(MAX_HEADER, len(data) - at):
        return None
    crc = sums.get(at) if length == HEADER else None
    if crc is None:
        crc = crc32c(data[at:at + length - 4])
    if crc != int.from_bytes(data[at + length - 4:at + length], "little"):
        return None
    header = BlockHeader(length, codec, *rest)
    plausible = (0 < header.events <= MAX_EVENTS and header.raw <= MAX_PAYLOAD
                 and header.stored <= header.raw and header.stream == stream)
    return header if plausible else None


def _sums_of_headers(data: Bytes, at: int) -> dict[int, int]:
    """Checksums of the headers that are found by hopping from one to the next, whether sound or not."""
    places = []
    while len(data) - at >= HEADER and data[at:at + 6] == b"OSB1\x40\0":
        places.append(at)
        at += HEADER + int.from_bytes(data[at + 40:at + 44], "little")
    sums = crc32c_many([data[place:place + _CHECKED] for place in places])
    return dict(zip(places, sums))


class Walk:
    """Blocks of a stream, and lines about damage in the order in which it is met."""

    def __init__(self, data: Bytes, stream: int, stage: Stage | None, stage_line: str | None) -> None:
        self.data, self.stream, self.stage = data, stream, stage
        self.items: list[Block | str] = [stage_line] if stage_line else []
        self.bad_records = 1 if stage_line else 0
        self.bad_blocks = self.missing = self.lost = 0
        self._next_seq = self._unexplained = 0
        self._offset = self._first_block()
        self._sums = _sums_of_headers(data, self._offset)
        while 0 <= self._offset < len(data):
            self._try_block()

    @property
    def blocks(self) -> list[Block]:
        return [item for item in self.items if isinstance(item, Block)]

    def _first_block(self) -> int:
        """Blocks begin where a sound head says; else they are searched for."""
        head = parse_head(bytes(self.data[:24]))
        return head.length if head else 0

    def _bad(self, reason: str) -> None:
        self.bad_blocks += 1
        self.items.append(f"cpu{self.stream}.trace: offset {self._offset}: {reason}")

    def _find_header(self, at: int) -> int:
        """Offset of the next sound header, -1 if there is none."""
        while True:
            at = self.data.find(b"O", at)
            if at < 0 or len(self.data) - at < HEADER:
                return -1
            if parse_header(self.data, at, self.stream, self._sums):
                return at
            at = self.data.find(b"OSB1", at + 1)
            if at < 0:
                return -1

    def _resync(self, reason: str) -> None:
        found = self._find_header(self._offset + 1)
        covered = (self.stage is not None and bool(self.stage.events)
                   and self.stage.seq <= self._next_seq)
        # A part of a block at the end is no damage if the stage still has its events; a damaged
        # head of the file is counted elsewhere.
        if not (found < 0 and covered) and (self._offset or found < 0):
            self._bad(reason)
            self._unexplained += 1
        self._offset = found

    def _count_gap(self, seq: int) -> None:
        gap = max(seq - self._next_seq, 0)
        if gap > self._unexplained:
            gap -= self._unexplained
            self.missing += gap
            self.items.append(f"cpu{self.stream}.trace: before offset {self._shown_offset()}: "
                              f"{gap} blocks are missing")
        self._unexplained = 0

    def _shown_offset(self) -> int:
        return self._offset if self._offset >= 0 else (1 << 64) - 1

    def _try_block(self) -> None:
        left = len(self.data) - self._offset
        header = parse_header(self.data, self._offset, self.stream, self._sums)
        if header is None:
            self._resync("cut off inside a block header" if left < HEADER
                         else "no sound block header, searching for the next")
            return
        if left < header.length + header.stored:
            self._resync("cut off inside a block")
            return
        if header.seq < self._next_seq:
            self._bad("a block of an earlier part, skipped")
        else:
            self._count_gap(header.seq)
            self.lost += header.drops
            joins = self.stage is not None and header.seq >= self.stage.seq
            self.items.append(Block(self._offset, header, joins))
            self._next_seq = header.seq + 1
        self._offset += header.length + header.stored

    def finish(self, totals: Totals) -> list[tuple[int, ...]]:
        """Once it is known which blocks can be read: the staged events that are in none of them."""
        stage = self.stage
        for block in self.blocks:
            if stage is not None and block.joins and block.error is None:
                stage.apart |= block.header.seq != stage.next_seq
                stage.next_seq = block.header.seq + 1
                stage.covered += block.header.events
        self._count_gap(max(totals.blocks, stage.seq if stage else 0))
        if stage and not stage.covered:
            self.lost += stage.drops
        self.lost = max(self.lost, totals.lost)
        if stage is None:
            return []
        if stage.apart and stage.events:
            self.bad_records += 1
            self.items.append(f"cpu{self.stream}.open: its records do not join on to the damaged "
                              "end of the stream, skipped")
        return [] if stage.apart else stage.events[stage.covered:]
