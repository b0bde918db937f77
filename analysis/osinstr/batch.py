# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes a batch of blocks of one stream: their structure first, then the fields that are asked for.

If something in a batch makes no sense, its halves are decoded, down to the block that it is in.
"""
from __future__ import annotations

from typing import Callable, Iterator, NamedTuple, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from . import codec, predict
from .columns import U8, U64, I64, Columns, decode, exceptions_of, require, varints_at
from .crc import SLACK, crc32c_joined
from .errors import Malformed
from .schema import INT, KEYED, MAX_TYPES, NONE, SAME, EventType
from .walk import Block, Bytes

T = TypeVar("T")
BATCH = 1 << 18  # events; of more, a column does not fit into a processor's cache
NEWER = "types or times are encoded in a way that this version does not know"
MISFIT = "checksum right, but the columns do not fit the schema"


class Place(NamedTuple):
    """Where a column is in each block's payload, and the first value of a predicted field."""

    encoding: U8
    start: I64
    end: I64
    first: U64

    def only(self, which: npt.NDArray[np.bool_]) -> Place:
        return Place(self.encoding[which], self.start[which], self.end[which], self.first[which])

    def columns(self, which: I64, to: I64, n: I64) -> Columns:
        return Columns(self.encoding[which], self.start[which], self.end[which], to, n)


class Batch:
    """Some blocks, decoded together. Those that cannot be read get their `error` and are left out."""

    def __init__(self, data: Bytes, blocks: list[Block], types: list[EventType]) -> None:
        self.schema = types
        self.blocks = blocks
        self.places: dict[tuple[int, int], Place] = {}
        self.raw, starts = self._expand(data)
        self.data = np.frombuffer(self.raw, np.uint8)
        self._read_heads(starts)
        self.events = np.array([block.header.events for block in self.blocks], np.int64)
        self.starts = np.cumsum(self.events) - self.events
        self.n = int(self.events.sum())
        self.counts: I64 = np.zeros((len(self.blocks), MAX_TYPES), np.int64)
        self.readable = np.zeros((len(self.blocks), MAX_TYPES), np.bool_)
        self.types: U8 | None = None  # None: all events are of one type
        self._read_types()
        self._find_fields()
        self.times = self._read_times()

    def _expand(self, data: Bytes) -> tuple[bytes, I64]:
        """The payloads in one buffer, and where they begin."""
        heads = [block.header for block in self.blocks]
        begins = [block.offset + block.header.length for block in self.blocks]
        stored = [data[begin:begin + head.stored] for begin, head in zip(begins, heads)]
        sums, joined, row = crc32c_joined(stored)
        sound = []
        for block, head, crc in zip(self.blocks, heads, sums.tolist()):
            block.checked = True
            if crc != head.crc:
                block.error = f"block {head.seq} with {head.events} events: wrong checksum"
            sound.append(crc == head.crc)
        if all(sound) and not any(head.codec or head.stored != head.raw for head in heads):
            sizes = np.array([head.raw for head in heads], np.int64)
            return joined, np.arange(1, len(heads) + 1) * row - sizes
        return self._expand_each(stored)

    def _expand_each(self, stored: list[bytes]) -> tuple[bytes, I64]:
        good, pieces, starts, at = [], [], [], 0
        for block, payload in zip(self.blocks, stored):
            if block.error is None:
                payload, block.error = codec.expand(block.header.codec, payload, block.header.raw)
            if block.error is None:
                good.append(block)
                pieces.append(payload)
                starts.append(at)
                at += len(payload)
        self.blocks = good
        return b"".join([*pieces, bytes(SLACK)]), np.array(starts, np.int64)

    # ---- structure: types, times, where each column is ----

    def _head(self, at: I64, end: I64, first: U64) -> Place:
        """The columns whose heads are at `at`."""
        require(at + 4 <= end)
        length = self.data[at + 1].astype(np.int64)
        length |= self.data[at + 2].astype(np.int64) << 8
        length |= self.data[at + 3].astype(np.int64) << 16
        start = at + 4
        require(start + length <= end)
        return Place(self.data[at], start, start + length, first)

    def _read_heads(self, starts: I64) -> None:
        sizes = np.array([block.header.raw for block in self.blocks], np.int64)
        ends = starts + sizes
        none = np.zeros(len(starts), np.uint64)
        types = self._head(starts, ends, none)
        times = self._head(types.end, ends, none)
        newer = (types.encoding > 2) | (times.encoding > 2)
        if newer.any():
            for i in np.flatnonzero(newer):
                self.blocks[i].error = NEWER
            self.blocks = [block for block in self.blocks if block.error is None]
            types, times = types.only(~newer), times.only(~newer)
            ends = ends[~newer]
        self.types_at, self.times_at, self.ends = types, times, ends

    def _all(self) -> I64:
        return np.arange(len(self.blocks))

    def _read_types(self) -> None:
        columns = self.types_at.columns(self._all(), self.starts, self.events).read(self.data)
        alike = (columns.encoding == 0) & (columns.width == 0) & (columns.exceptions == 0)
        if alike.all() and len(np.unique(columns.base)) == 1:
            require(columns.base < MAX_TYPES)
            self.counts[:, int(columns.base[0])] = self.events
        else:
            self.types = self._decode_types(columns)
        known = [number for number in range(MAX_TYPES)
                 if number < len(self.schema) and self.schema[number].known]
        require(self.counts[:, known].sum(axis=1) == self.events)

    def _decode_types(self, columns: Columns) -> U8:
        out = np.empty(self.n, np.uint64)
        decode(self.data, columns, out)
        require(out < MAX_TYPES)
        types = out.astype(np.uint8)
        for i, (start, n) in enumerate(zip(self.starts.tolist(), self.events.tolist())):
            self.counts[i] = np.bincount(types[start:start + n], minlength=MAX_TYPES)
        return types

    def _find_fields(self) -> None:
        at = self.times_at.end.copy()
        for number in np.flatnonzero(self.counts.any(axis=0)).tolist():
            which = np.flatnonzero(self.counts[:, number])
            unknown = np.full(len(which), not self.schema[number].decodable)
            for f, described in enumerate(self.schema[number].fields):
                first = np.zeros(len(which), np.uint64)
                if described.prediction != NONE:
                    first, at[which] = varints_at(self.data, at[which], self.ends[which])
                place = self._head(at[which], self.ends[which], first)
                at[which] = place.end
                unknown |= place.encoding > 2
                self.places[number, f] = place
            self.readable[which, number] = ~unknown
            for i in which[unknown].tolist():
                self.blocks[i].skipped[number] = int(self.counts[i, number])

    def _read_times(self) -> U64:
        out = np.empty(self.n, np.uint64)
        columns = self.times_at.columns(self._all(), self.starts + 1, self.events - 1)
        decode(self.data, columns.read(self.data), out)
        heads = [block.header for block in self.blocks]
        out[self.starts] = np.array([head.first_time for head in heads], np.uint64)
        predict.undo_same(out, predict.Layout(self.starts, self.events))
        lasts = np.array([head.last_time for head in heads], np.uint64)
        require(out[self.starts + self.events - 1] == lasts)
        backwards = out[1:] < out[:-1]
        backwards[self.starts[1:] - 1] = False  # blocks are each on their own
        require(not backwards.any())
        return out

    # ---- events ----

    def times_of(self, number: int) -> U64:
        """Times of the events of a type."""
        if self.types is None and bool(self.readable[:, number].all()):
            return self.times
        chosen = np.repeat(self.readable[:, number], self.events)
        if self.types is not None:
            chosen &= self.types == number
        times: U64 = self.times[chosen]
        return times

    def fields(self, number: int, wanted: list[int], into: Sequence[U64] = ()) -> list[U64]:
        """Columns of the fields of a type, in the order of `wanted`; at the start of the arrays `into`, if given."""
        fields = _Fields(self, number, dict(zip(wanted, into)))
        return [fields.get(f) for f in wanted]


class _Fields:
    """The fields of the events of one type in a batch."""

    def __init__(self, batch: Batch, number: int, into: dict[int, U64]) -> None:
        self.batch, self.data, self.number, self.into = batch, batch.data, number, into
        self.described = batch.schema[number].fields
        present = np.flatnonzero(batch.counts[:, number])
        chosen = batch.readable[present, number]
        self.which = np.flatnonzero(chosen)  # of the blocks that have events of the type
        self.counts = batch.counts[present[chosen], number]
        self.starts = np.cumsum(self.counts) - self.counts
        self.n = int(self.counts.sum())
        self.layout = predict.Layout(self.starts, self.counts)
        self.done: dict[int, U64] = {}

    def get(self, f: int) -> U64:
        if not len(self.which):
            return np.empty(0, np.uint64)
        if f not in self.done:
            self.done[f] = self._decode(f)
        return self.done[f]

    def _decode(self, f: int) -> U64:
        described, place = self.described[f], self.batch.places[self.number, f]
        prediction = described.prediction
        ahead = 0 if prediction == NONE else 1
        columns = place.columns(self.which, self.starts + ahead, self.counts - ahead).read(self.data)
        firsts = place.first[self.which]
        out = self.into[f][:self.n] if f in self.into else np.empty(self.n, np.uint64)
        rare = ahead and not (columns.encoding.any() or columns.width.any() or columns.base.any())
        if prediction == KEYED:
            self._undo_keyed(out, columns, firsts, self.get(described.chain), bool(rare))
            return out
        if rare:  # what is predicted rightly is not stored
            out[:] = 0
            places, added = exceptions_of(self.data, columns)
            predict.unzigzag(added)
            out[places] = added
        else:
            decode(self.data, columns, out)
            if ahead:
                out[self.starts] = 0
            if ahead or described.kind == INT:
                predict.unzigzag(out)
        if ahead:
            out[self.starts] = firsts
            if prediction == SAME:
                predict.undo_same(out, self.layout)
            else:
                predict.undo_chain(out, self.get(described.chain), self.layout)
        return out

    def _undo_keyed(self, out: U64, columns: Columns, firsts: U64, keys: U64, rare: bool) -> None:
        if rare:
            changes, steps = exceptions_of(self.data, columns)
        else:
            decode(self.data, columns, out)
            out[self.starts] = 0
            changes = np.flatnonzero(out)
            steps = out[changes]
        predict.unzigzag(steps)
        if not steps.all():
            changes, steps = changes[steps != 0], steps[steps != 0]
        predict.undo_keyed(out, changes, steps, firsts, keys, self.layout)


def read(data: Bytes, blocks: list[Block], types: list[EventType],
         use: Callable[[Batch], T]) -> Iterator[T]:
    """What `use` makes of the blocks, batch by batch. Those that make no sense get their `error`."""
    portion: list[Block] = []
    events = 0
    for block in [*blocks, None]:
        if portion and (block is None or events + block.header.events > BATCH):
            yield from _attempt(data, portion, types, use)
            portion, events = [], 0
        if block is not None:
            portion.append(block)
            events += block.header.events


def _attempt(data: Bytes, blocks: list[Block], types: list[EventType],
             use: Callable[[Batch], T]) -> Iterator[T]:
    blocks = [block for block in blocks if block.error is None]
    if not blocks:
        return
    try:
        result = use(Batch(data, blocks, types))
    except Malformed:
        if len(blocks) == 1:
            blocks[0].error = MISFIT
            return
        middle = len(blocks) // 2
        yield from _attempt(data, blocks[:middle], types, use)
        yield from _attempt(data, blocks[middle:], types, use)
        return
    yield result
