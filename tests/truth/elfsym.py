# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of a 64-bit little-endian ELF file, as its symbol table has them, or .dynsym if it has none."""
import bisect
import struct

TYPES = {0, 2, 10}  # none (assembly), function, indirect function


class Symbols:
    """names: {name: addresses}; at: {address: names}, of where functions start."""

    def __init__(self, path):
        self.data = open(path, "rb").read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: no 64-bit little-endian ELF file")
        self.names, self.at, self.ends = {}, {}, {}
        code = self._sections()
        for name, address, size in self._symbols(code):
            self.names.setdefault(name, set()).add(address)
            self.at.setdefault(address, set()).add(name)
            self.ends[address] = max(self.ends.get(address, 0), address + size)
        for start, end, _ in code:  # what has no symbols (PLT, vDSO) does not belong to the function before it
            self.ends.setdefault(start, start)
            self.ends.setdefault(end, end)
        self.starts = sorted(self.ends)

    def _sections(self):
        """[(start, end, index)] of the sections that hold code; sets the symbol and string tables' places."""
        offset, = struct.unpack_from("<Q", self.data, 0x28)
        size, count = struct.unpack_from("<HH", self.data, 0x3a)
        heads = [struct.unpack_from("<IIQQQQIIQQ", self.data, offset + i * size) for i in range(count)]
        self.table = next((h[4], h[5], heads[h[6]][4]) for kind in (2, 11) for h in heads if h[1] == kind)
        return [(h[3], h[3] + h[5], i) for i, h in enumerate(heads) if h[2] & 4 and h[5]]

    def _symbols(self, code):
        start, size, strings = self.table
        sections = {index for _, _, index in code}
        for at in range(start, start + size, 24):
            name, info, _, section, value, length = struct.unpack_from("<IBBHQQ", self.data, at)
            text = self.data[strings + name:self.data.index(b"\0", strings + name)].decode()
            if text and not text.startswith("$") and section in sections and info & 15 in TYPES:
                yield text, value, length

    def find(self, address):
        """The start of the function that holds address, or None. One without a size reaches to the next."""
        i = bisect.bisect_right(self.starts, address) - 1
        if i < 0:
            return None
        start = self.starts[i]
        if start in self.at and (address < self.ends[start] or self.ends[start] == start):
            return start
        return None

    def name(self, start):
        """The alphabetically first of all names of the function that starts there."""
        return min(self.at[start]) if start is not None else "???"
