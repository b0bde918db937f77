# SPDX-License-Identifier: GPL-2.0-or-later
"""CRC32C without a compiled module: one byte string in plain Python, many blocks at once with numpy.

A CRC is linear: with a register of zeros, the CRC of a xor b is the CRC of a xor that of b. So a
message of 2h words has the CRC of a message of h words: its second half, xored with its first half
as it would look after h more words. That step is two lookups per word, done for all blocks of a batch at once.
"""
from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

POLYNOMIAL = 0x82F63B78
ALL = 0xFFFFFFFF
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
        return int(crc32c_many(np.frombuffer(data, np.uint8), [0], [len(data)])[0])
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
    result: Words = low[registers & np.uint32(0xFFFF)]
    result ^= high[registers >> np.uint32(16)]
    return result


def _padded_words(length: int) -> int:
    """Words that hold `length` bytes and can be halved down to a few, with little to spare."""
    words = max((length + 3) // 4, 1)
    step = 1 << max(words.bit_length() - 4, 0)
    return -(-words // step) * step


def _crc_of_rows(rows: Words) -> Words:
    while rows.shape[1] % 2 == 0:
        half = rows.shape[1] // 2
        rows = _advance(rows[:, :half], half) ^ rows[:, half:]
    state = np.zeros(len(rows), np.uint32)
    for word in range(rows.shape[1]):
        state = _advance(state ^ rows[:, word], 1)
    return state ^ np.uint32(ALL)


def crc32c_many(data: npt.NDArray[np.uint8], starts: list[int], lengths: list[int]) -> Words:
    """CRC32C of each `data[start:start + length]`."""
    result = np.empty(len(starts), np.uint32)
    groups: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        if length < 4:
            result[i] = crc32c(data[starts[i]:starts[i] + length].tobytes())
        else:
            groups.setdefault(_padded_words(length), []).append(i)
    for words, members in groups.items():
        # Zeros in front change nothing while the register is 0. That it begins with ones is the
        # same as the message's first four bytes being inverted.
        rows = np.zeros((len(members), 4 * words), np.uint8)
        for row, i in zip(rows, members):
            at = len(row) - lengths[i]
            row[at:] = data[starts[i]:starts[i] + lengths[i]]
            row[at:at + 4] ^= 255
        result[members] = _crc_of_rows(rows.view("<u4").astype(np.uint32, copy=False))
    return result
