# SPDX-License-Identifier: GPL-2.0-or-later
"""Undoes predictions, for one field in many blocks at once."""
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


class Layout:
    """Where blocks begin in arrays that hold the events of several, and how many each has."""

    def __init__(self, starts: I64, counts: I64) -> None:
        self.starts, self.counts = starts, counts
        self.stretches = list(zip(starts.tolist(), (starts + counts).tolist()))

    def first_cells(self, events: I64) -> I64:
        """For each of `events`, in order, the first of its block's cells, of which there is one per slot."""
        ends = np.append(np.searchsorted(events, self.starts[1:]), len(events))
        return np.repeat(np.arange(len(self.starts)) * SLOTS, np.diff(ends, prepend=0))


def undo_same(values: U64, layout: Layout) -> None:
    """`values` are differences, but the first of each block, which is the value itself."""
    for start, end in layout.stretches:
        part = values[start:end]
        np.cumsum(part, out=part)


def undo_chain(values: U64, source: U64, layout: Layout) -> None:
    """A value is its difference from what `source` was one event earlier."""
    firsts = values[layout.starts]
    values[1:] += source[:-1]
    values[layout.starts] = firsts


def _slots(keys: U64) -> I64:
    if len(keys) and int(keys.max()) >= SLOTS:
        keys = (keys ^ keys >> np.uint64(10) ^ keys >> np.uint64(20)) & np.uint64(SLOTS - 1)
    return keys.view(np.int64)


def undo_keyed(values: U64, changes: I64, steps: U64, firsts: U64, keys: U64,
               layout: Layout) -> None:
    """Fills `values`: the last value in the slot of its key, but for the events `changes`, which add `steps`.

    At the start of a block each slot holds the block's first value. Few keys have another one, and of
    these nearly all get it at their first event and keep it: a table has those values. Only slots in
    which more happens are followed event by event.
    """
    for first, (start, end) in zip(firsts, layout.stretches):
        values[start:end] = first
    if not len(changes):
        return
    slots = _slots(keys)
    changed = slots[changes] + layout.first_cells(changes)
    n_cells = len(firsts) * SLOTS
    concerned = np.zeros((len(firsts), SLOTS), np.bool_)
    concerned.reshape(-1)[changed] = True
    hit = np.empty(len(values), np.bool_)
    for row, (start, end) in zip(concerned, layout.stretches):
        row.take(slots[start:end], out=hit[start:end], mode="clip")
    events = np.flatnonzero(hit)
    of_events = slots[events] + layout.first_cells(events)
    first_event = np.empty(n_cells, np.int64)
    first_event[of_events[::-1]] = events[::-1]
    table = np.empty(n_cells, np.uint64)
    table[changed] = firsts[changed // SLOTS] + steps
    values[events] = table[of_events]
    late = changed[first_event[changed] != changes]
    if len(late):
        busy = np.zeros(n_cells, np.bool_)
        busy[late] = True
        followed = busy[of_events]
        _follow(values, events[followed], of_events[followed], changes, steps, firsts)


def _follow(values: U64, events: I64, cells: I64, changes: I64, steps: U64, firsts: U64) -> None:
    """Gives each of `events` the sum of the steps of its cell so far, from the block's first value."""
    of_events = np.zeros(len(values), np.uint64)
    of_events[changes] = steps
    order = np.argsort(cells, kind="stable")
    sorted_cells, sorted_steps = cells[order], of_events[events[order]]
    sums = np.cumsum(sorted_steps)
    begins = np.flatnonzero(np.append(True, sorted_cells[1:] != sorted_cells[:-1]))
    lengths = np.diff(np.append(begins, len(cells)))
    sums -= np.repeat(sums[begins] - sorted_steps[begins], lengths)
    sums += firsts[sorted_cells // SLOTS]
    values[events[order]] = sums
