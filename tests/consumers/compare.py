# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reader of profiles printed, against the truth.

  compare.py HOW TRUTH.json <OUTPUT

Each HOW below takes the reader's output to {(module or None, name): value}. Functions with 0 may be missing, nothing
else may be, and nothing may be there that the truth doesn't have.
"""
import html
import json
import re
import sys


def callgrind_annotate(text):
    """Lines "1,234 (5.6%)  file:name [module]"; the file is the module too."""
    rows = re.findall(r"^ *([\d,]+) \( *[\d.]+%\)  (.+?):(.*) \[(.*)\]$", text, re.M)
    assert all(file == module for _, file, _, module in rows)
    return {(module, name): int(value.replace(",", "")) for value, _, name, module in rows}


def pprof_top(text, column):
    """Lines "flat flat% sum% cum cum% name" below the heading."""
    rows = re.findall(r"^ *(\d+) +[\d.e-]+% +[\d.]+% +(\d+) +[\d.e-]+% +(.*)$", text, re.M)
    return {(None, row[2]): int(row[column]) for row in rows}


def perfetto(text):
    rows = [line.split("\t") for line in text.splitlines() if line.count("\t") == 1]
    return {(None, name): int(value) for name, value in rows}


def speedscope(text, column):
    """The table of the page: cells "1,234 (5.6%)" total and self, then the name."""
    cells = [html.unescape(cell) for cell in re.split(r"<[^>]*>", text) if cell.strip()]
    number = r"([\d,]+) \([\d.<]+%\)"
    found = {}
    for triple in zip(cells, cells[1:], cells[2:]):
        numbers = [re.fullmatch(number, cell) for cell in triple[:2]]
        if all(numbers):
            found[None, triple[2]] = int(numbers[column].group(1).replace(",", ""))
    return found


# how: (reader, the names it shows, the value)
HOW = {
    "callgrind-self": (callgrind_annotate, "callgrind", "self"),
    "callgrind-total": (callgrind_annotate, "callgrind", "total"),
    "pprof-self": (lambda text: pprof_top(text, 0), "pprof", "self"),
    "pprof-total": (lambda text: pprof_top(text, 1), "pprof", "total"),
    "pprof-calls": (lambda text: pprof_top(text, 0), "pprof", "calls"),
    "perfetto-folded-self": (perfetto, "folded", "self"),
    "perfetto-folded-total": (perfetto, "folded", "total"),
    "perfetto-pprof-self": (perfetto, "pprof", "self"),
    "perfetto-pprof-total": (perfetto, "pprof", "total"),
    "perfetto-pprof-calls": (perfetto, "pprof", "calls"),
    "perfetto-pprof-tasks": (perfetto, "pprof", "tasks"),
    "speedscope-folded-self": (lambda text: speedscope(text, 1), "folded", "self"),
    "speedscope-folded-total": (lambda text: speedscope(text, 0), "folded", "total"),
    "speedscope-callgrind-tasks": (lambda text: speedscope(text, 0), "callgrind", "tasks"),
}


def expected_of(truth, names, value, with_module):
    expected = {}
    for function in truth["functions"]:
        key = (function["module"] if with_module else None, function[names])
        assert key not in expected, f"{key} is there twice"
        if value != "tasks":
            expected[key] = function[value]
        elif function["module"] == "[task]":
            expected[key] = function["total"]
    return expected


def main():
    reader, names, value = HOW[sys.argv[1]]
    with open(sys.argv[2], encoding="utf-8") as file:
        truth = json.load(file)
    found = reader(sys.stdin.read())
    expected = expected_of(truth, names, value, reader is callgrind_annotate)
    if value == "tasks":
        found = {key: number for key, number in found.items() if key in expected}
    wrong = [f"{key}: {found.get(key, 0)}, not {expected.get(key)}"
             for key in sorted(expected.keys() | found.keys(), key=str)
             if found.get(key, 0) != expected.get(key)]
    print("".join(f"# {line}\n" for line in wrong[:10]), end="")
    nonzero = sum(1 for number in found.values() if number)
    print(f"# {sys.argv[1]}: {nonzero} compared, {len(wrong)} differ")
    return 1 if wrong or nonzero < (2 if value == "tasks" else 5) else 0


if __name__ == "__main__":
    sys.exit(main())
