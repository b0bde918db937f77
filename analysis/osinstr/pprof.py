# SPDX-License-Identifier: GPL-2.0-or-later
"""The call tree of hotpath, read from profile.pb.gz.

The file is pprof's: a message of protocol buffers with a sample, the whole path, for each node of the tree.
There are hundreds of thousands of these, so they are read as arrays, and the tree is put together level by level.
"""
from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import dataclass
from typing import Iterator

import numpy as np
import numpy.typing as npt
import pandas

from .columns import decode_varints, varints_at
from .errors import Malformed, TraceError

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
SAMPLE, MAPPING, LOCATION, FUNCTION, STRING = 2, 3, 4, 5, 6
SLACK = 64


@dataclass
class Profile:
    """A call tree: node 0 is the root, each other node a function called by its parent.

    functions   DataFrame by number: name, module, address
    parent      of each node, -1 for the root; parents come before their children
    function    of each node, its number; -1 for the root
    depth       of each node; the root has 0, tasks 1
    self        instructions that the node executed itself
    total       the same with all that it called
    calls       how often it was called by its parent
    """

    functions: pandas.DataFrame
    parent: I64
    function: I64
    depth: I64
    self: I64
    total: I64
    calls: I64

    def name(self, node: int) -> str:
        """The name of a node's function."""
        return "[root]" if node == 0 else str(self.functions["name"].iloc[int(self.function[node])])

    def path(self, node: int) -> list[int]:
        """The nodes from the root's child down to `node`."""
        nodes = []
        while node > 0:
            nodes.append(node)
            node = int(self.parent[node])
        return nodes[::-1]

    def children(self, node: int) -> I64:
        """The nodes called by `node`, those with most instructions first."""
        found = np.flatnonzero(self.parent == node)
        return found[np.argsort(-self.total[found], kind="stable")]

    def hottest_path(self) -> list[int]:
        """From the root always to the child with the most instructions."""
        nodes: list[int] = []
        children = self.children(0)
        while len(children):
            nodes.append(int(children[0]))
            children = self.children(nodes[-1])
        return nodes

    def by_function(self) -> pandas.DataFrame:
        """A row per function: name, module, address, self, total, calls; most instructions of their own first.

        `total` counts each instruction once, also where a function calls itself.
        """
        n = len(self.functions)
        known = self.function >= 0
        table = self.functions.copy()
        table["self"] = _sums(self.function[known], self.self[known], n)
        outermost = known & ~self._recursive()
        table["total"] = _sums(self.function[outermost], self.total[outermost], n)
        table["calls"] = _sums(self.function[known], self.calls[known], n)
        return table.sort_values(["self", "name"], ascending=[False, True], kind="stable")

    def _recursive(self) -> npt.NDArray[np.bool_]:
        """Nodes below another one of the same function."""
        result = np.zeros(len(self.parent), np.bool_)
        nodes = np.flatnonzero(self.depth > 1)
        above = self.parent[nodes]
        while len(nodes):
            same = self.function[above] == self.function[nodes]
            result[nodes[same]] = True
            going_on = ~same & (self.depth[above] > 1)
            nodes, above = nodes[going_on], self.parent[above[going_on]]
        return result


def _sums(groups: I64, values: I64, n: int) -> I64:
    """Sums of 64-bit values by group; bincount() would use floating point."""
    result = np.zeros(n, np.int64)
    np.add.at(result, groups, values)
    return result


# ---- protocol buffers ----

def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _messages(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Field, start and end of each field of a message; a number's are its value twice."""
    at, end = 0, len(data) - SLACK
    while at < end:
        tag = data[at]
        at += 1
        if tag > 127:
            tag, at = _varint(data, at - 1)
        value = data[at]
        at += 1
        if value > 127:
            value, at = _varint(data, at - 1)
        if tag & 7 == 2:
            yield tag >> 3, at, at + value
            at += value
        elif tag & 7 == 0:
            yield tag >> 3, value, value
        else:
            raise Malformed
    if at != end:
        raise Malformed


def _numbers(data: bytes) -> dict[int, int]:
    """The numbers of a small message, and those of the messages in it as 100 * field + their field."""
    found = {}
    for field, start, end in _messages(data + bytes(SLACK)):
        if start == end:
            found[field] = start
        else:
            for inner, value in _numbers(data[start:end]).items():
                found[100 * field + inner] = value
    return found


# ---- the profile ----

def _functions(data: bytes, messages: list[tuple[int, int, int]]) -> tuple[pandas.DataFrame, I64]:
    """The functions, and the number of each location's."""
    strings = [data[start:end].decode(errors="replace") for field, start, end in messages
               if field == STRING]
    modules = {0: ""}
    names: dict[int, str] = {}
    locations: list[dict[int, int]] = []
    for field, start, end in messages:
        if field in (MAPPING, FUNCTION, LOCATION):
            numbers = _numbers(data[start:end])
            if field == MAPPING:
                modules[numbers[1]] = strings[numbers.get(5, 0)]
            elif field == FUNCTION:
                names[numbers[1]] = strings[numbers.get(3, 0)]
            else:
                locations.append(numbers)
    table = pandas.DataFrame({"name": [names[one.get(401, 0)] for one in locations],
                              "module": [modules[one.get(2, 0)] for one in locations],
                              "address": np.array([one.get(3, 0) for one in locations], np.uint64)})
    number = np.full(max((one[1] for one in locations), default=0) + 1, -1, np.int64)
    number[[one[1] for one in locations]] = np.arange(len(locations))
    return table, number


def _between(data: U8, starts: I64, ends: I64) -> U8:
    """The bytes of stretches that do not overlap, in order."""
    edge = np.zeros(len(data) + 1, np.int8)
    np.add.at(edge, starts, 1)
    np.add.at(edge, ends, -1)
    chosen = np.cumsum(edge[:-1], dtype=np.int8).view(np.bool_)
    return data[chosen]


def _samples(data: U8, starts: I64, ends: I64) -> tuple[I64, I64, I64, I64]:
    """Locations of all paths, the innermost first; how many each path has; self and calls of each."""
    empty = data[starts] != 0x0A
    sizes, begins = varints_at(data, starts + 1, ends)
    begins = np.where(empty, starts, begins)
    behind = begins + np.where(empty, 0, sizes.astype(np.int64))
    if bool((data[behind] != 0x12).any()):
        raise Malformed
    _, values = varints_at(data, behind + 1, ends)
    own, values = varints_at(data, values, ends)
    calls, _ = varints_at(data, values, ends)
    paths = _between(data, begins, behind)
    stops = np.append(0, np.cumsum(paths < 128))
    at = np.append(0, np.cumsum(behind - begins))
    lengths = np.diff(stops[at])
    locations = decode_varints(paths).astype(np.int64) if len(paths) else np.empty(0, np.int64)
    return locations, lengths, own.astype(np.int64), calls.astype(np.int64)


def _grow(functions: I64, lengths: I64, n_functions: int) -> tuple[list[I64], list[I64], I64]:
    """Parents and functions of nodes, level by level, and the node of each path."""
    ends = np.cumsum(lengths)  # a path's outermost function stands at its end
    node = np.zeros(len(lengths), np.int64)
    parents, of_nodes, n = [np.array([-1])], [np.array([-1])], 1
    alive = np.flatnonzero(lengths > 0)
    level = 0
    while len(alive):
        function = functions[ends[alive] - 1 - level]
        keys, which = np.unique(node[alive] * n_functions + function, return_inverse=True)
        parents.append(keys // n_functions)
        of_nodes.append(keys % n_functions)
        node[alive] = n + which
        n += len(keys)
        level += 1
        alive = alive[lengths[alive] > level]
    return parents, of_nodes, node


def _read_profile(data: bytes) -> Profile:
    messages = list(_messages(data))
    table, number = _functions(data, messages)
    places = np.array([(start, end) for field, start, end in messages if field == SAMPLE], np.int64)
    places = places.reshape(-1, 2)
    locations, lengths, own, calls = _samples(np.frombuffer(data, np.uint8), places[:, 0], places[:, 1])
    parents, of_nodes, node = _grow(number[locations], lengths, max(len(table), 1))
    parent, n = np.concatenate(parents), sum(len(level) for level in parents)
    self_of, calls_of = _sums(node, own, n), _sums(node, calls, n)
    total = self_of.copy()
    depth = np.repeat(np.arange(len(parents)), [len(level) for level in parents])
    for level in range(len(parents) - 1, 0, -1):
        nodes = np.flatnonzero(depth == level)
        np.add.at(total, parent[nodes], total[nodes])
    return Profile(table, parent, np.concatenate(of_nodes), depth, self_of, total, calls_of)


def profile(path: str | os.PathLike[str]) -> Profile:
    """The call tree of a run of hotpath with mode=calls, from its folder. Counts are instructions."""
    name = os.path.join(path, "profile.pb.gz")
    try:
        with gzip.open(name) as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise TraceError(f"{name}: {reason}") from None
    try:
        return _read_profile(data + bytes(SLACK))
    except (Malformed, IndexError, KeyError, ValueError):
        raise TraceError(f"{name}: not a profile that osinstr wrote") from None
