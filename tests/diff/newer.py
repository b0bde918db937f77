#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a trace's file one of format 7.0, with a checksum that fits: newer.py FILE"""
import struct
import sys
MAJOR, MINOR, CRC = 8, 10, 20


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


with open(sys.argv[1], "r+b") as file:
    head = bytearray(file.read(CRC))
    struct.pack_into("<H", head, MAJOR, 7)
    struct.pack_into("<H", head, MINOR, 0)
    file.seek(0)
    file.write(head + struct.pack("<I", crc32c(head)))
