# SPDX-License-Identifier: GPL-2.0-or-later
"""CRC32C without a compiled module: one byte string in plain Python, many blocks at once with numpy.

A CRC is linear: with a register of zeros, the CRC of a xor b is the CRC of a xor that of b. So a
message of 2h words has the CRC of a message of h words: its second half, xored with its first half
as it would look after h more words. That step is two lookups per word, done for all blocks of a batch at once.
"""
from __future__ import annotations

from functools import lru_cache
from typing import Sequence

import numpy as np
import numpy.typing as npt

POLYNOMIAL = 0x82F63B78
ALL = 0xFFFFFFFF
STRIDE = 128  # words
SLACK = 64  # bytes behind the last row, for those who go on reading
LONG = 2048  # bytes; above it numpy is faster
Words = npt.NDArray[np.uint32]


def _byte_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _byte_table()


def crc32c(data: bytes | memoryview, crc: int = 0) -> int:
    """CRC32C (Castagnoli) of `data`; `crc` is that of what came before."""
    if len(data) >= LONG and not crc:
        return crc32c_many([bytes(data)])[0]
    crc ^= ALL
    for byte in bytes(data):
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ ALL


def _apply(columns: Words, value: int) -> int:
    result = 0
    for bit in range(32):
        if value >> bit & 1:
            result ^= int(columns[bit])
    return result


@lru_cache(maxsize=None)
def _advance_matrix(words: int) -> Words:
    """Column i is the register 1 << i after `words` words of zeros."""
    if words == 1:
        columns = []
        for bit in range(32):
            value = 1 << bit
            for _ in range(4):
                value = _TABLE[value & 255] ^ value >> 8
            columns.append(value)
        return np.array(columns, np.uint32)
    half = _advance_matrix(words // 2)
    twice = [_apply(half, int(column)) for column in half]
    if words % 2:
        one = _advance_matrix(1)
        twice = [_apply(one, column) for column in twice]
    return np.array(twice, np.uint32)


@lru_cache(maxsize=40)
def _advance_tables(words: int) -> tuple[Words, Words]:
    """The same for all low and for all high halves of a register."""
    matrix = _advance_matrix(words)
    tables = []
    for first in (0, 16):
        table = np.zeros(1 << 16, np.uint32)
        for bit in range(16):
            table[1 << bit:2 << bit] = table[:1 << bit] ^ matrix[first + bit]
        tables.append(table)
    return tables[0], tables[1]


def _advance(registers: Words, words: int) -> Words:
    low, high = _advance_tables(words)
    result: Words = np.take(low, registers & np.uint32(0xFFFF))
    result ^= np.take(high, registers >> np.uint32(16))
    return result


def _step_back(register: int) -> int:
    """The four bytes that bring a register of zeros to `register`."""
    for _ in range(32):
        odd = register >> 31
        register = ((register ^ POLYNOMIAL) << 1 | 1 if odd else register << 1) & ALL
    return register


# In front of a message that is begun with zeros this is as good as beginning with ones.
_ONES = _step_back(ALL).to_bytes(4, "little")
_ZEROS = bytes(1 << 16)


def _crc_of_rows(rows: Words) -> Words:
    if rows.shape[1] > STRIDE:  # tables of one distance stay in the cache
        state = rows[:, :STRIDE]
        for at in range(STRIDE, rows.shape[1], STRIDE):
            state = _advance(state, STRIDE)
            state ^= rows[:, at:at + STRIDE]
        rows = state
    while rows.shape[1] > 1:
        half = rows.shape[1] // 2
        rows = _advance(rows[:, :half], half) ^ rows[:, half:]
    return _advance(rows[:, 0], 1) ^ np.uint32(ALL)


def crc32c_many(messages: Sequence[bytes]) -> list[int]:
    """CRC32C of each message. They should be of about the same length."""
    return [int(crc) for crc in crc32c_joined(messages)[0]] if messages else []


def crc32c_joined(messages: Sequence[bytes]) -> tuple[Words, bytes, int]:
    """The same, with the bytes it was computed from: rows of one length, at whose ends the messages are."""
    words = (max(len(message) for message in messages) + 7) // 4
    words = -(-words // STRIDE) * STRIDE if words > STRIDE else 1 << (words - 1).bit_length()
    pieces = []
    for message in messages:
        pieces += [_ZEROS[:4 * words - 4 - len(message)], _ONES, message]
    pieces.append(_ZEROS[:SLACK])
    joined = b"".join(pieces)
    rows = np.frombuffer(joined, "<u4", len(messages) * words).reshape(len(messages), words)
    return _crc_of_rows(rows), joined, 4 * words
