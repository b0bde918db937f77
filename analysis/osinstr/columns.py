# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes columns of many blocks at once.

A block has at most 8192 events, and a call of numpy costs as much as some hundred of them. So columns
that are encoded alike are put behind one another, and each step is done for all of them.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import Malformed

PACKED, VARINT, DICTIONARY = 0, 1, 2
MASK = (1 << 64) - 1
SLACK = 64  # bytes that must follow the last column
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
_SEVEN = np.uint64(127)


@dataclass
class Column:
    """A column in a buffer: its encoding, where its body is, and where its values go."""

    encoding: int
    start: int
    end: int
    to: int
    n: int
    base: int = 0
    width: int = 0
    entries: int = 0
    exceptions: int = 0
    table: U64 | None = None


def take_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A varint and the offset behind it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        if shift == 63 and byte > 1:
            break
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise Malformed


def decode_varints(data: U8) -> U64:
    """All varints of `data`, whose last byte must end one."""
    if not len(data):
        return np.empty(0, np.uint64)
    ends = np.flatnonzero(data < 128)
    if not len(ends) or ends[-1] != len(data) - 1:
        raise Malformed
    if len(ends) == len(data):
        return data.astype(np.uint64)
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    sizes = (ends - starts + 1).astype(np.uint8)
    longest = int(sizes.max())
    if longest > 10 or (longest == 10 and bool((data[starts[sizes == 10] + 9] > 1).any())):
        raise Malformed
    payload = data & np.uint8(127)
    narrow = np.uint32 if longest <= 4 else np.uint64
    values = payload[starts].astype(narrow)
    for k in range(1, longest):
        longer = np.flatnonzero(sizes > k)
        if 2 * len(longer) > len(sizes):
            padded = np.append(payload, np.zeros(k, np.uint8))
            part = padded[starts + k] * (sizes > k)
            values |= part.astype(narrow) << narrow(7 * k)
        else:
            values[longer] |= payload[starts[longer] + k].astype(narrow) << narrow(7 * k)
    return values.astype(np.uint64, copy=False)


def _lanes(data: U8, width: int, groups: int) -> U64:
    """The numbers of `groups` times 8 numbers of `width` bits each."""
    out = np.empty((groups, 8), np.uint64)
    mask = np.uint64((1 << width) - 1)
    whole = None
    if width <= 8:  # 8 numbers are one word
        whole = np.ndarray((groups,), "<u8", data, 0, (width,)).astype(np.uint64)
    for lane in range(8):
        byte, shift = divmod(lane * width, 8)
        if whole is not None:
            words, shift = whole, lane * width
        else:
            words = np.ndarray((groups,), "<u8", data, byte, (width,)).astype(np.uint64)
        words = words >> np.uint64(shift)
        if shift + width > 64:
            high = np.ndarray((groups,), np.uint8, data, byte + 8, (width,)).astype(np.uint64)
            words |= high << np.uint64(64 - shift)
        np.bitwise_and(words, mask, out=out[:, lane])
    return out.reshape(-1)


def unpack(data: U8, width: int, groups: int) -> npt.NDArray[np.unsignedinteger[npt.NBitBase]]:
    """8 * `groups` numbers of `width` bits, lowest bit first. `data` has SLACK bytes more."""
    size = groups * width
    if width == 1:
        return np.unpackbits(data[:size], bitorder="little")
    if width in (8, 16, 32, 64):
        return data[:size].view(f"<u{width // 8}")
    return _lanes(data, width, groups)


def _gather(data: U8, pieces: list[tuple[int, int]]) -> U8:
    if len(pieces) == 1:
        start, size = pieces[0]
        return np.ascontiguousarray(data[start:start + size + SLACK])
    parts = [data[start:start + size] for start, size in pieces]
    parts.append(np.zeros(SLACK, np.uint8))
    return np.concatenate(parts)


def _unpack_all(data: U8, columns: list[Column], out: U64) -> None:
    """Numbers of columns of one width, without their bases."""
    width = columns[0].width
    groups = [(column.n + 7) // 8 for column in columns]
    packed = _gather(data, [(c.start, g * width) for c, g in zip(columns, groups)])
    numbers = unpack(packed, width, sum(groups))
    at = 0
    for column, group in zip(columns, groups):
        out[column.to:column.to + column.n] = numbers[at:at + column.n]
        at += 8 * group


def _add_exceptions(data: U8, columns: list[Column], out: U64) -> None:
    width = columns[0].width
    begins = [c.start + (c.n * width + 7) // 8 for c in columns]
    sizes = [c.end - begin for c, begin in zip(columns, begins)]
    counts = np.array([2 * c.exceptions for c in columns])
    varints = _gather(data, list(zip(begins, sizes)))[:sum(sizes)]
    _check_counts(varints, sizes, counts)
    values = decode_varints(varints)
    steps = (values[0::2] + np.uint64(1)).astype(np.int64)
    if bool((values[0::2] > 8192).any()):
        raise Malformed
    places = np.cumsum(steps) - 1
    ends = np.cumsum(counts // 2)
    before = np.concatenate(([0], places[ends[:-1] - 1] + 1))
    if bool((places[ends - 1] - before >= np.array([c.n for c in columns])).any()):
        raise Malformed
    to = np.array([c.to for c in columns]) - before
    places += np.repeat(to, counts // 2)
    out[places] += values[1::2] << np.uint64(width)


def _check_counts(varints: U8, sizes: list[int], counts: npt.NDArray[np.int64]) -> None:
    """Each piece must hold so many varints and end with one."""
    if min(sizes) == 0:
        raise Malformed
    stops = varints < 128
    ends = np.cumsum(sizes)
    found = np.add.reduceat(stops, ends - np.array(sizes), dtype=np.int64)
    if not bool(stops[ends - 1].all()) or bool((found != counts).any()):
        raise Malformed


def _add_base(column: Column, out: U64) -> None:
    if column.base:
        out[column.to:column.to + column.n] += np.uint64(column.base)


def _decode_packed(data: U8, columns: list[Column], out: U64) -> None:
    if columns[0].width == 0:
        for column in columns:
            out[column.to:column.to + column.n] = column.base
    else:
        _unpack_all(data, columns, out)
        for column in columns:
            _add_base(column, out)
    with_exceptions = [column for column in columns if column.exceptions]
    if with_exceptions:
        _add_exceptions(data, with_exceptions, out)


def _decode_varint(data: U8, columns: list[Column], out: U64) -> None:
    filled = [column for column in columns if column.n]
    if not filled:
        return
    sizes = [column.end - column.start for column in filled]
    varints = _gather(data, [(c.start, size) for c, size in zip(filled, sizes)])[:sum(sizes)]
    _check_counts(varints, sizes, np.array([column.n for column in filled]))
    values = decode_varints(varints)
    at = 0
    for column in filled:
        np.add(values[at:at + column.n], np.uint64(column.base),
               out=out[column.to:column.to + column.n])
        at += column.n


def _decode_dictionary(data: U8, columns: list[Column], out: U64) -> None:
    if columns[0].width:
        _unpack_all(data, columns, out)
    for column in columns:
        part = out[column.to:column.to + column.n]
        table = column.table
        assert table is not None
        if not columns[0].width:
            part[:] = table[0]
        elif column.n:
            if int(part.max()) >= len(table):
                raise Malformed
            part[:] = table[part.astype(np.intp)]


def _read_packed(raw: bytes, column: Column) -> None:
    column.base, at = take_varint(raw, column.start, column.end)
    if at == column.end:
        raise Malformed
    column.width = raw[at]
    column.exceptions, at = take_varint(raw, at + 1, column.end)
    size = (column.n * column.width + 7) // 8
    left = column.end - at - size
    if (column.width > 64 or column.exceptions > column.n or left < 0
            or (left > 0) != (column.exceptions > 0) or (column.width == 64 and column.exceptions)):
        raise Malformed
    column.start = at


def _read_dictionary(raw: bytes, column: Column) -> None:
    value, at = take_varint(raw, column.start, column.end)
    column.entries, at = take_varint(raw, at, column.end)
    if not 0 < column.entries <= 256:
        raise Malformed
    table = []
    for _ in range(column.entries):
        step, at = take_varint(raw, at, column.end)
        value = value + step & MASK
        table.append(value)
    if at == column.end or raw[at] > 8:
        raise Malformed
    column.width = raw[at]
    column.start = at + 1
    column.table = np.array(table, np.uint64)
    if column.end - column.start != (column.n * column.width + 7) // 8:
        raise Malformed


def decode(raw: bytes, data: U8, columns: list[Column], out: U64) -> None:
    """Puts the values of each column at its place in `out`. `data` is `raw` as an array."""
    alike: dict[tuple[int, int], list[Column]] = {}
    for column in columns:
        if column.encoding == PACKED:
            _read_packed(raw, column)
        elif column.encoding == VARINT:
            column.base, column.start = take_varint(raw, column.start, column.end)
            if not column.n and column.start != column.end:
                raise Malformed
        else:
            _read_dictionary(raw, column)
        alike.setdefault((column.encoding, column.width), []).append(column)
    for (encoding, _), members in alike.items():
        if encoding == PACKED:
            _decode_packed(data, members, out)
        elif encoding == VARINT:
            _decode_varint(data, members, out)
        else:
            _decode_dictionary(data, members, out)
