# SPDX-License-Identifier: GPL-2.0-or-later
"""Undoes predictions, for one field in many blocks at once. A block is a stretch of the arrays."""
from __future__ import annotations

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
SLOTS = 1024
_ONE = np.uint64(1)


def unzigzag(values: U64) -> None:
    """In place: 0, 1, 2, 3 … become 0, -1, 1, -2 … modulo 2^64."""
    negative = (values & _ONE).view(np.int64)
    np.negative(negative, out=negative)
    values >>= _ONE
    values ^= negative.view(np.uint64)


def undo_same(values: U64, starts: I64, ends: I64) -> None:
    """`values` are differences, but the first of each block, which is the value itself."""
    for start, end in zip(starts.tolist(), ends.tolist()):
        part = values[start:end]
        np.cumsum(part, out=part)


def undo_chain(values: U64, source: U64, starts: I64) -> None:
    """A value is its difference from what `source` was one event earlier."""
    firsts = values[starts]
    values[1:] += source[:-1]
    values[starts] = firsts


def _slots(keys: U64) -> npt.NDArray[np.intp]:
    if len(keys) and int(keys.max()) >= SLOTS:
        keys = (keys ^ keys >> np.uint64(10) ^ keys >> np.uint64(20)) & np.uint64(SLOTS - 1)
    return keys.astype(np.intp)


def undo_keyed(values: U64, keys: U64, starts: I64, counts: I64) -> None:
    """A value is its difference from the last one in the slot of its key; a new slot holds the first value.

    Nearly always a key's value does not change in a block: then the one difference is at the key's first
    event, and a table of slots has all values. Only slots in which more happens are followed event by event.
    """
    firsts = values[starts]
    values[starts] = 0
    changes = np.flatnonzero(values)
    if not len(changes):
        values[:] = np.repeat(firsts, counts)
        return
    cells = _slots(keys) + np.repeat(np.arange(len(starts), dtype=np.intp) * SLOTS, counts)
    table = np.repeat(firsts, SLOTS)
    changed = cells[changes]
    first_event = np.empty(len(table), np.intp)
    first_event[cells[::-1]] = np.arange(len(cells), dtype=np.intp)[::-1]
    late = changed[first_event[changed] != changes]
    table[changed] += values[changes]
    if not len(late):
        np.take(table, cells, out=values)
        return
    busy = np.zeros(len(table), np.bool_)
    busy[late] = True
    events = np.flatnonzero(busy[cells])
    followed = _follow(values[events], cells[events], np.repeat(firsts, SLOTS))
    np.take(table, cells, out=values)
    values[events] = followed


def _follow(steps: U64, cells: npt.NDArray[np.intp], firsts: U64) -> U64:
    """The sums of the steps so far of each event's cell, from that cell's first value."""
    order = np.argsort(cells, kind="stable")
    sorted_cells = cells[order]
    sums = np.cumsum(steps[order])
    begins = np.flatnonzero(np.append(True, sorted_cells[1:] != sorted_cells[:-1]))
    lengths = np.diff(np.append(begins, len(cells)))
    before = sums[begins] - steps[order][begins]
    sums -= np.repeat(before, lengths)
    sums += firsts[sorted_cells]
    result = np.empty_like(sums)
    result[order] = sums
    return result
