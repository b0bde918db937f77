# SPDX-License-Identifier: GPL-2.0-or-later
"""The paths of a profile.pb.gz, with instructions and calls: read field by field, by what pprof's
profile.proto says of them. As a program: prints them, one "PATH INSTRUCTIONS CALLS" a line."""
import gzip
import sys


def fields(data):
    """(number, value) of each field of a message: int, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            length = varint()
            yield key >> 3, data[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {key & 7}")


def packed(data):
    at = 0
    while at < len(data):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield value


def read(name):
    """{(function, function, ...): (instructions, calls)}, the task first."""
    samples, locations, functions, strings = [], {}, {}, []
    with gzip.open(name) as file:
        for number, value in fields(file.read()):
            if number == 2:
                part = dict((n, v) for n, v in fields(value) if n in (1, 2))
                samples.append((list(packed(part[1])), list(packed(part[2]))))
            elif number == 4:
                part = dict(fields(value))
                locations[part[1]] = dict(fields(part[4]))[1]
            elif number == 5:
                part = dict(fields(value))
                functions[part[1]] = part[2]
            elif number == 6:
                strings.append(value.decode())
    paths = {}
    for where, values in samples:
        path = tuple(strings[functions[locations[i]]] for i in reversed(where))
        if path in paths:
            raise ValueError(f"{name}: {';'.join(path)} comes twice")
        paths[path] = tuple(values)
    return paths


if __name__ == "__main__":
    for path, (instructions, calls) in sorted(read(sys.argv[1]).items()):
        print(";".join(path), instructions, calls)
