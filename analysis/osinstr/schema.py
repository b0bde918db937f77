# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trace says about itself: event types and their fields, tasks. docs/TRACE-FORMAT.md has the bytes."""
from __future__ import annotations

from dataclasses import dataclass

MAX_TYPES = 64
MAX_FIELDS = 12

# kinds of fields
UINT, INT, HEX, ADDRESS, TASK, STRING, NS, CPU, TASK_STATE = range(9)
# predictions
NONE, SAME, CHAIN, KEYED = range(4)

UNKNOWN = "<...>"  # the name of a task or string that is not defined
STATE_UNKNOWN, STATE_PREEMPTED = 0x200, 0x100


@dataclass(frozen=True)
class Field:
    """A field of an event type. `kind`, `prediction` and `chain` are as in the trace's schema."""

    name: str
    kind: int
    prediction: int
    chain: int


@dataclass(frozen=True)
class EventType:
    """An event type. `known` is False if its definition was lost, `decodable` if a newer version wrote it."""

    number: int
    name: str
    fields: tuple[Field, ...] = ()
    known: bool = True
    decodable: bool = True


@dataclass(frozen=True)
class Task:
    """A task, or a stage of one: `previous` is the number that it had before an exec or rename, or 0."""

    id: int
    pid: int
    tgid: int
    previous: int
    address: int
    comm: str


def text(raw: bytes) -> str:
    """Text as the tool shows it: up to a zero byte, each byte that is not UTF-8 as U+FFFD."""
    raw = raw.split(b"\0", 1)[0]
    parts = []
    while raw:
        try:
            parts.append(raw.decode())
            break
        except UnicodeDecodeError as error:
            parts.append(raw[:error.start].decode() + "\ufffd")
            raw = raw[error.start + 1:]
    return "".join(parts)


def state_text(state: int) -> str:
    """Linux' prev_state as ftrace prints it: R, S, D, R+ …; ? if it was not told."""
    if state & STATE_UNKNOWN:
        return "?"
    letters = [letter for bit, letter in enumerate("SDTtXZPI") if state >> bit & 1]
    return ("|".join(letters) or "R") + ("+" if state & STATE_PREEMPTED else "")


def _take_name(data: bytes, at: int) -> tuple[str, int] | None:
    if at >= len(data) or data[at] > len(data) - at - 1:
        return None
    end = at + 1 + data[at]
    return text(data[at + 1:end]), end


def _take_fields(data: bytes, at: int, n: int) -> tuple[Field, ...] | None:
    fields = []
    for _ in range(n):
        if at >= len(data) or data[at] < 4 or data[at] > len(data) - at - 1:
            return None
        body = data[at + 1:at + 1 + data[at]]
        at += 1 + data[at]  # what a newer version added to a field is passed over
        name = _take_name(body, 3)
        if name is None:
            return None
        fields.append(Field(name[0], body[0], body[1], body[2]))
    return tuple(fields)


def _prediction_is_sound(fields: tuple[Field, ...], i: int) -> bool:
    field = fields[i]
    if field.prediction in (NONE, SAME):
        return True
    if field.chain >= len(fields) or field.chain == i:
        return False
    source = fields[field.chain].prediction
    return source <= SAME if field.prediction == CHAIN else source <= CHAIN


def parse_type(payload: bytes) -> EventType | None:
    """An event type from its record; None: malformed."""
    name = _take_name(payload, 1) if payload and payload[0] < MAX_TYPES else None
    if name is None or name[1] == len(payload) or payload[name[1]] > MAX_FIELDS:
        return None
    fields = _take_fields(payload, name[1] + 1, payload[name[1]])
    if fields is None:
        return None
    decodable = all(field.prediction <= KEYED for field in fields)
    if decodable and not all(_prediction_is_sound(fields, i) for i in range(len(fields))):
        return None
    return EventType(payload[0], name[0], fields, True, decodable)
