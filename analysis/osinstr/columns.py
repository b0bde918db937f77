# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes columns of many blocks at once.

A block has at most 8192 events, and a call of numpy costs as much as some hundred of them. So each step
is done for the columns of all blocks together, and those that are encoded alike are put behind one another.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .crc import SLACK
from .errors import Malformed

PACKED, VARINT, DICTIONARY = 0, 1, 2
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


def require(sound: Flags | np.bool_ | bool) -> None:
    """Raises Malformed unless all are true."""
    if not np.all(sound):
        raise Malformed


def varints_at(data: U8, at: I64, end: I64) -> tuple[U64, I64]:
    """The varint at each offset, and the offsets behind them. `data` goes on behind each end."""
    byte = data[at]
    values = (byte & np.uint8(127)).astype(np.uint64)
    at = at + 1
    more = np.flatnonzero(byte > 127)
    for shift in range(7, 70, 7):
        if not len(more):
            break
        byte = data[at[more]]
        require(shift < 63 or byte <= 1)
        values[more] |= (byte & np.uint8(127)).astype(np.uint64) << np.uint64(shift)
        at[more] += 1
        more = more[byte > 127]
    require(at <= end)
    return values, at


class Columns:
    """Columns in a buffer, one per block: encodings, where their bodies are, and where values go."""

    def __init__(self, encoding: U8, start: I64, end: I64, to: I64, n: I64) -> None:
        self.encoding, self.start, self.end, self.to, self.n = encoding, start, end, to, n
        self.base = np.zeros(len(start), np.uint64)
        self.width = np.zeros(len(start), np.uint8)
        self.exceptions = np.zeros(len(start), np.int64)
        self.entries = np.zeros(len(start), np.int64)

    def select(self, which: Flags | I64) -> Columns:
        part = Columns(self.encoding[which], self.start[which], self.end[which], self.to[which],
                       self.n[which])
        part.base, part.width = self.base[which], self.width[which]
        part.exceptions, part.entries = self.exceptions[which], self.entries[which]
        return part

    def read(self, data: U8) -> Columns:
        """Reads what stands in front of the values; `start` is then where those begin."""
        self.base, self.start = varints_at(data, self.start, self.end)
        packed = self.encoding == PACKED
        if packed.all():
            self._read_packed(data)
            return self
        for encoding in (PACKED, DICTIONARY):
            which = np.flatnonzero(self.encoding == encoding)
            if len(which):
                part = self.select(which)
                part._read_packed(data) if encoding == PACKED else part._read_dictionary(data)
                self.width[which], self.exceptions[which] = part.width, part.exceptions
                self.start[which], self.entries[which] = part.start, part.entries
        require((self.encoding != VARINT) | (self.n > 0) | (self.start == self.end))
        return self

    def _read_width(self, data: U8, at: I64, most: int) -> I64:
        require(at < self.end)
        self.width = data[at]
        require(self.width <= most)
        return at + 1

    def _read_packed(self, data: U8) -> None:
        at = self._read_width(data, self.start, 64)
        exceptions, at = varints_at(data, at, self.end)
        require(exceptions <= self.n.astype(np.uint64))
        self.exceptions = exceptions.astype(np.int64)
        left = self.end - at - self.packed_size()
        require((left >= 0) & ((left > 0) == (self.exceptions > 0)))
        require((self.width < 64) | (self.exceptions == 0))
        self.start = at

    def _read_dictionary(self, data: U8) -> None:
        entries, at = varints_at(data, self.start, self.end)
        require((entries > 0) & (entries <= 256))
        self.entries = entries.astype(np.int64)
        self.start = at  # of the entries
        behind = table_ends(data, self)
        at = self._read_width(data, behind, 8)
        require(self.end - at == self.packed_size())

    def packed_size(self) -> I64:
        return (self.n * self.width + 7) // 8


def _gather(data: U8, starts: I64, sizes: I64) -> U8:
    """Pieces of `data`, one behind the other, and SLACK."""
    if len(starts) == 1:
        return data[int(starts[0]):int(starts[0] + sizes[0]) + SLACK]
    parts = [data[start:start + size] for start, size in zip(starts.tolist(), sizes.tolist())]
    parts.append(np.zeros(SLACK, np.uint8))
    return np.concatenate(parts)


# ---- varints ----

def decode_varints(data: U8) -> U64:
    """All varints of `data`, whose last byte must end one."""
    ends = np.flatnonzero(data < 128)
    if len(ends) == len(data):
        return data.astype(np.uint64)
    require(len(ends) > 0 and ends[-1] == len(data) - 1)
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    sizes = ends - starts
    sizes += 1
    longest = int(sizes.max())
    require(longest < 10 or (longest == 10 and data[starts[sizes == 10] + 9] <= 1))
    payload = data & np.uint8(127)
    narrow = np.uint32 if longest <= 4 else np.uint64
    values = payload[starts].astype(narrow)
    for k in range(1, longest):
        longer = np.flatnonzero(sizes > k)
        values[longer] |= payload[starts[longer] + k].astype(narrow) << narrow(7 * k)
    return values.astype(np.uint64, copy=False)


def _checked_varints(data: U8, starts: I64, sizes: I64, counts: I64) -> U64:
    """The varints of pieces, each of which must hold so many and end with one."""
    require(sizes > 0)
    varints = _gather(data, starts, sizes)[:int(sizes.sum())]
    stops = varints < 128
    ends = np.cumsum(sizes)
    found = np.add.reduceat(stops, ends - sizes, dtype=np.int64)
    require(stops[ends - 1])
    require(found == counts)
    return decode_varints(varints)


def _decode_varint(data: U8, columns: Columns, out: U64) -> None:
    columns = columns.select(columns.n > 0)
    if not len(columns.n):
        return
    values = _checked_varints(data, columns.start, columns.end - columns.start, columns.n)
    _place(columns, values, np.cumsum(columns.n) - columns.n, out)


def _place(columns: Columns, numbers: Numbers, starts: I64, out: U64) -> None:
    """Numbers plus bases, to where they belong."""
    for at, to, n, base in zip(starts.tolist(), columns.to.tolist(), columns.n.tolist(), columns.base):
        np.add(numbers[at:at + n], base, out=out[to:to + n], dtype=np.uint64)


def _fill(columns: Columns, values: U64, out: U64) -> None:
    for to, n, value in zip(columns.to.tolist(), columns.n.tolist(), values):
        out[to:to + n] = value


# ---- packed ----

def _lanes(data: U8, width: int, groups: int) -> U64:
    """8 * `groups` numbers of `width` bits: each 8 of them begin at a byte, so lane by lane."""
    out = np.empty((groups, 8), np.uint64)
    mask = np.uint64((1 << width) - 1)
    if width < 8:  # 8 numbers are one word
        words = np.ndarray((groups,), "<u8", data, 0, (width,)).astype(np.uint64)
        for lane in range(8):
            np.bitwise_and(words >> np.uint64(lane * width), mask, out=out[:, lane])
        return out.reshape(-1)
    for lane in range(8):
        byte, shift = divmod(lane * width, 8)
        words = np.ndarray((groups,), "<u8", data, byte, (width,)) >> np.uint64(shift)
        if shift + width > 64:
            high = np.ndarray((groups,), np.uint8, data, byte + 8, (width,)).astype(np.uint64)
            words |= high << np.uint64(64 - shift)
        np.bitwise_and(words, mask, out=out[:, lane])
    return out.reshape(-1)


def _unpack(data: U8, columns: Columns) -> tuple[Numbers, I64]:
    """The numbers of columns of one width, without bases; and where each column's begin."""
    width = int(columns.width[0])
    groups = (columns.n + 7) // 8
    packed = _gather(data, columns.start, groups * width)
    total = int(groups.sum())
    starts = 8 * (np.cumsum(groups) - groups)
    if width == 1:
        return np.unpackbits(packed[:total], bitorder="little"), starts
    if width in (8, 16, 32, 64):
        return packed[:total * width].view(f"<u{width // 8}"), starts
    return _lanes(packed, width, total), starts


def exceptions_of(data: U8, columns: Columns) -> tuple[I64, U64]:
    """Where exceptions are, and what they add. All columns have the same width."""
    columns = columns.select(columns.exceptions > 0)
    if not len(columns.n):
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    counts = columns.exceptions
    begins = columns.start + columns.packed_size()
    values = _checked_varints(data, begins, columns.end - begins, 2 * counts)
    gaps = values[0::2]
    require(gaps <= 8192)
    places = np.cumsum(gaps.astype(np.int64) + 1) - 1
    ends = np.cumsum(counts)
    before = np.append(0, places[ends[:-1] - 1] + 1)
    require(places[ends - 1] - before < columns.n)
    places += np.repeat(columns.to - before, counts)
    return places, values[1::2] << np.uint64(columns.width[0])


def _decode_packed(data: U8, columns: Columns, out: U64) -> None:
    if columns.width[0]:
        _place(columns, *_unpack(data, columns), out)
    else:
        _fill(columns, columns.base, out)
    places, added = exceptions_of(data, columns)
    out[places] += added


# ---- dictionary ----

def table_ends(data: U8, columns: Columns) -> I64:
    """Where the entries of dictionaries end, which begin at `start`."""
    sizes = columns.end - columns.start
    body = _gather(data, columns.start, sizes)[:int(sizes.sum())]
    stops = np.flatnonzero(body < 128)
    begins = np.cumsum(sizes) - sizes
    last = np.searchsorted(stops, begins) + columns.entries - 1
    require(last < len(stops))
    ends = stops[last] + 1 - begins
    require(ends <= sizes)
    behind: I64 = columns.start + ends
    return behind


def _decode_dictionary(data: U8, columns: Columns, out: U64) -> None:
    behind = table_ends(data, columns)
    steps = _checked_varints(data, columns.start, behind - columns.start, columns.entries)
    tables = np.cumsum(steps)
    ends = np.cumsum(columns.entries)
    begins = ends - columns.entries
    # A sum over all is one over each after what came before is taken off.
    tables += np.repeat(columns.base + steps[begins] - tables[begins], columns.entries)
    columns.start = behind + 1
    width = int(columns.width[0])
    if not width:
        _fill(columns, tables[begins], out)
        return
    numbers, starts = _unpack(data, columns)
    if numbers.dtype == np.uint64:
        numbers = numbers.view(np.int64)  # as indices must be
    for at, to, n, begin, end in zip(starts.tolist(), columns.to.tolist(), columns.n.tolist(),
                                     begins.tolist(), ends.tolist()):
        part = numbers[at:at + n]
        if end - begin < 1 << width and n and part.max() >= end - begin:
            raise Malformed
        tables[begin:end].take(part, out=out[to:to + n], mode="clip")


def decode(data: U8, columns: Columns, out: U64) -> None:
    """Puts the values of each column, which have been read(), at its place in `out`."""
    for encoding, decode_alike in ((PACKED, _decode_packed), (VARINT, _decode_varint),
                                   (DICTIONARY, _decode_dictionary)):
        which = columns.encoding == encoding
        for width in np.flatnonzero(np.bincount(columns.width[which], minlength=1)):
            alike = which & (columns.width == width)
            if alike.any():
                decode_alike(data, columns if alike.all() else columns.select(alike), out)
