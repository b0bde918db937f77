# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes a batch of blocks of one stream: their structure first, then the fields that are asked for.

What is wrong in a batch is found by decoding its halves.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, TypeVar

import numpy as np
import numpy.typing as npt

from . import codec, predict
from .columns import SLACK, Column, decode, take_varint
from .crc import crc32c_many
from .errors import Malformed
from .schema import CHAIN, INT, KEYED, NONE, SAME, EventType
from .walk import Block, Bytes

T = TypeVar("T")
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
BLOCKS = 24  # in a batch: as much as a cache holds
NEWER = "types or times are encoded in a way that this version does not know"
MISFIT = "checksum right, but the columns do not fit the schema"


@dataclass
class FieldAt:
    """Where a field of a type is in a payload."""

    first: int
    column: tuple[int, int, int]  # encoding, start, end


@dataclass
class Parsed:
    """A block whose payload is in the batch's buffer."""

    block: Block
    at: int
    end: int
    times: tuple[int, int, int] = (0, 0, 0)
    counts: dict[int, int] = field(default_factory=dict)
    fields: dict[int, list[FieldAt]] = field(default_factory=dict)


class Batch:
    """Some blocks, decoded together. Those that cannot be read get their `error` and are left out."""

    def __init__(self, data: Bytes, blocks: list[Block], types: list[EventType]) -> None:
        self.types_known = types
        self.raw, self.parsed = self._expand(data, blocks)
        self.data = np.frombuffer(self.raw, np.uint8)
        self.types: U8 | None = None  # None: all events are of the type `only`
        self.only = -1
        self.times: U64 = np.empty(0, np.uint64)
        self._structure()

    def _expand(self, data: Bytes, blocks: list[Block]) -> tuple[bytes, list[Parsed]]:
        stored = [data[b.offset + b.header.length:b.offset + b.header.length + b.header.stored]
                  for b in blocks]
        _check_sums(blocks, stored)
        pieces, parsed, at = [], [], 0
        for block, payload in zip(blocks, stored):
            if block.error is None:
                payload, block.error = codec.expand(block.header.codec, payload, block.header.raw)
            if block.error is None:
                parsed.append(Parsed(block, at, at + len(payload)))
                pieces.append(payload)
                at += len(payload)
            block.checked = True
        pieces.append(bytes(SLACK))
        return b"".join(pieces), parsed

    # ---- structure: types, times, where each column is ----

    def _structure(self) -> None:
        good: list[Parsed] = []
        for one in self.parsed:
            types, one.block.error = self._read_heads(one)
            if one.block.error is None:
                good.append(one)
                one.counts = types
        self.parsed = good
        self._read_types()
        self.parsed = [one for one in self.parsed if one.block.error is None]
        for one in self.parsed:
            try:
                self._find_fields(one)
            except Malformed:
                one.block.error = MISFIT
        self._keep_sound()
        self._read_times()

    def _keep_sound(self) -> None:
        if all(one.block.error is None for one in self.parsed):
            return
        keep = np.repeat([one.block.error is None for one in self.parsed],
                         [one.block.header.events for one in self.parsed])
        if self.types is not None:
            self.types = self.types[keep]
        if len(self.times):
            self.times = self.times[keep]
        self.parsed = [one for one in self.parsed if one.block.error is None]

    def _head(self, at: int, end: int) -> tuple[int, int, int]:
        """Encoding, start and end of the column at `at`."""
        if end - at < 4:
            raise Malformed
        length = int.from_bytes(self.raw[at + 1:at + 4], "little")
        if length > end - at - 4:
            raise Malformed
        return self.raw[at], at + 4, at + 4 + length

    def _read_heads(self, one: Parsed) -> tuple[dict[int, int], str | None]:
        try:
            types = self._head(one.at, one.end)
            if types[0] > 2:
                return {}, NEWER
            one.times = self._head(types[2], one.end)
        except Malformed:
            return {}, MISFIT
        one.fields[-1] = [FieldAt(0, types)]
        return {}, None

    def _read_types(self) -> None:
        """The type of each event, and how many of each a block has."""
        constant: list[int] = []
        for one in self.parsed:
            _, start, end = one.fields[-1][0].column
            # base < 128, width 0, no exceptions: all are of one type, as in most traces of one kind
            alike = end - start == 3 and self.raw[start + 1:end] == b"\0\0" and self.raw[start] < 128
            constant.append(self.raw[start] if alike and not one.fields[-1][0].column[0] else -1)
        if constant and constant[0] >= 0 and len(set(constant)) == 1:
            self.only = constant[0]
            for one in self.parsed:
                one.counts = {self.only: one.block.header.events}
        elif self.parsed:
            self._decode_types()
        for one in self.parsed:
            if not all(t < len(self.types_known) and self.types_known[t].known for t in one.counts):
                one.block.error = MISFIT
        self._keep_sound()

    def _decode_types(self) -> None:
        values = self._together(self._types_of)
        at = 0
        for one in self.parsed:
            n = one.block.header.events
            counts = np.bincount(values[at:at + n])
            one.counts = {int(t): int(counts[t]) for t in np.flatnonzero(counts)}
            at += n
        self.types = values

    def _types_of(self, part: list[Parsed]) -> U8:
        n = sum(one.block.header.events for one in part)
        out = np.empty(n, np.uint64)
        at, columns = 0, []
        for one in part:
            encoding, start, end = one.fields[-1][0].column
            columns.append(Column(encoding, start, end, at, one.block.header.events))
            at += one.block.header.events
        decode(self.raw, self.data, columns, out)
        if len(out) and int(out.max()) >= 64:
            raise Malformed
        return out.astype(np.uint8)

    def _find_fields(self, one: Parsed) -> None:
        at = one.times[2]
        for number in sorted(one.counts):
            kind = self.types_known[number]
            found, skipped = [], not kind.decodable
            for described in kind.fields:
                first = 0
                if described.prediction != NONE:
                    first, at = take_varint(self.raw, at, one.end)
                column = self._head(at, one.end)
                at = column[2]
                skipped |= column[0] > 2
                found.append(FieldAt(first, column))
            if skipped:
                one.block.skipped[number] = one.counts[number]
            else:
                one.fields[number] = found

    def _read_times(self) -> None:
        for one in self.parsed:
            if one.times[0] > 2:
                one.block.error = NEWER
        self._keep_sound()
        self.times = self._together(self._times_of)

    def _times_of(self, part: list[Parsed]) -> U64:
        counts = [one.block.header.events for one in part]
        out = np.empty(sum(counts), np.uint64)
        at, columns, starts = 0, [], []
        for one, n in zip(part, counts):
            columns.append(Column(*one.times, at + 1, n - 1))
            starts.append(at)
            at += n
        decode(self.raw, self.data, columns, out)
        for one, start, n in zip(part, starts, counts):
            times = out[start:start + n]
            times[0] = one.block.header.first_time
            np.cumsum(times, out=times)
            if int(times[-1]) != one.block.header.last_time:
                raise Malformed
        backwards = out[1:] < out[:-1]
        if bool(backwards.any()):
            backwards[np.array(starts[1:], np.intp) - 1] = False  # blocks are each on their own
            if bool(backwards.any()):
                raise Malformed
        return out

    def _together(self, attempt: Callable[[list[Parsed]], T]) -> T:
        """Decodes all blocks; without those that fail, which are found by halving."""
        try:
            return attempt(self.parsed)
        except Malformed:
            _search(self.parsed, attempt)
            self._keep_sound()
            return attempt(self.parsed)

    # ---- fields ----

    def has(self, number: int) -> bool:
        return any(number in one.fields for one in self.parsed)

    def times_of(self, number: int) -> U64:
        """Times of the events of a type."""
        if self.types is None and self._none_skipped(number):
            return self.times
        return self.times[self._chosen(number)]

    def _none_skipped(self, number: int) -> bool:
        return number == self.only and all(number in one.fields for one in self.parsed)

    def _chosen(self, number: int) -> npt.NDArray[np.bool_]:
        sizes = [one.block.header.events for one in self.parsed]
        readable = np.repeat([number in one.fields for one in self.parsed], sizes)
        return readable if self.types is None else readable & (self.types == number)

    def fields(self, number: int, wanted: list[int]) -> list[U64]:
        """Columns of the fields of a type, in the order of `wanted`. Blocks in which one makes no
        sense become bad as a whole."""
        return self._together(lambda part: self._fields_of(part, number, wanted))

    def _fields_of(self, part: list[Parsed], number: int, wanted: list[int]) -> list[U64]:
        part = [one for one in part if number in one.fields]
        counts = np.array([one.counts[number] for one in part], np.int64)
        starts = np.cumsum(counts) - counts
        described = self.types_known[number].fields
        done: dict[int, U64] = {}

        def get(f: int) -> U64:
            if f not in done:
                done[f] = self._field(part, number, f, starts, counts)
                prediction = described[f].prediction
                if prediction == SAME:
                    predict.undo_same(done[f], starts, starts + counts)
                elif prediction == CHAIN:
                    predict.undo_chain(done[f], get(described[f].chain), starts)
                elif prediction == KEYED:
                    predict.undo_keyed(done[f], get(described[f].chain), starts, counts)
            return done[f]

        return [get(f) for f in wanted]

    def _field(self, part: list[Parsed], number: int, f: int, starts: I64, counts: I64) -> U64:
        """A field's column as stored, unzigzagged where it was zigzagged, with first values in place."""
        described = self.types_known[number].fields[f]
        ahead = 0 if described.prediction == NONE else 1
        out = np.empty(int(counts.sum()), np.uint64)
        columns = []
        for one, start in zip(part, starts.tolist()):
            place = one.fields[number][f]
            columns.append(Column(*place.column, start + ahead, one.counts[number] - ahead))
        decode(self.raw, self.data, columns, out)
        if ahead:
            out[starts] = 0
        if ahead or described.kind == INT:
            if any(column.base or column.width or column.exceptions or column.encoding
                   for column in columns):
                predict.unzigzag(out)
        if ahead:
            out[starts] = np.array([one.fields[number][f].first for one in part], np.uint64)
        return out


def _search(part: list[Parsed], attempt: Callable[[list[Parsed]], object]) -> None:
    if not part:
        return
    try:
        attempt(part)
    except Malformed:
        if len(part) == 1:
            part[0].block.error = MISFIT
            return
        _search(part[:len(part) // 2], attempt)
        _search(part[len(part) // 2:], attempt)


def _check_sums(blocks: list[Block], stored: list[bytes]) -> None:
    joined = np.frombuffer(b"".join(stored), np.uint8)
    sizes = [len(payload) for payload in stored]
    starts = [0]
    for size in sizes[:-1]:
        starts.append(starts[-1] + size)
    for block, crc in zip(blocks, crc32c_many(joined, starts, sizes).tolist()):
        if crc != block.header.crc:
            block.error = (f"block {block.header.seq} with {block.header.events} events: wrong "
                           "checksum")
