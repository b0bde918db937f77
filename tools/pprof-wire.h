/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol buffers, read in place: a message is the bytes of it that are left. */
#ifndef TOOLS_PPROF_WIRE_H
#define TOOLS_PPROF_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
    const uint8_t *at, *end;
    bool broken; /* it doesn't follow the format; there is nothing left then */
};

/* A field: a number, or bytes. */
struct wire_field {
    uint32_t number;
    bool is_bytes;
    uint64_t value;
    struct wire bytes;
};

static inline uint64_t wire_break(struct wire *wire)
{
    wire->broken = true;
    wire->at = wire->end;
    return 0;
}

static inline uint64_t wire_varint(struct wire *wire)
{
    uint64_t value = 0;

    for (unsigned shift = 0; wire->at < wire->end && shift < 64; shift += 7) {
        uint8_t byte = *wire->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    return wire_break(wire);
}

/* False at the end, and when the message is broken. */
static inline bool wire_next(struct wire *wire, struct wire_field *field)
{
    enum { VARINT = 0, BYTES = 2 };
    uint64_t key;

    if (wire->at == wire->end) {
        return false;
    }
    key = wire_varint(wire);
    field->number = (uint32_t)(key >> 3);
    field->is_bytes = (key & 7) == BYTES;
    field->value = 0;
    field->bytes = (struct wire){ .at = wire->at, .end = wire->at };
    if (wire->broken || (!field->is_bytes && (key & 7) != VARINT) || key >> 35) {
        wire_break(wire);
        return false;
    }
    field->value = wire_varint(wire);
    if (field->is_bytes && field->value > (uint64_t)(wire->end - wire->at)) {
        wire_break(wire);
    } else if (field->is_bytes) {
        field->bytes = (struct wire){ .at = wire->at, .end = wire->at + field->value };
        wire->at += field->value;
    }
    return !wire->broken;
}

#endif
