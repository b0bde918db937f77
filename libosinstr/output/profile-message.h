/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small messages of protocol buffers. */
#ifndef OSI_OUTPUT_PROFILE_MESSAGE_H
#define OSI_OUTPUT_PROFILE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A message without strings or paths, which has at most four fields. */
struct message {
    uint8_t bytes[64];
    size_t length;
};

static inline void put_varint(struct message *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        out->bytes[out->length++] = (uint8_t)(value | 0x80);
    out->bytes[out->length++] = (uint8_t)value;
}

static inline size_t varint_size(uint64_t value)
{
    size_t n = 1;

    for (; value > 0x7f; value >>= 7)
        n++;
    return n;
}

static inline void put_number(struct message *out, unsigned field, uint64_t value)
{
    if (value) { /* 0 is what a field that isn't there means */
        put_varint(out, field << 3);
        put_varint(out, value);
    }
}

/* What begins a field of so many bytes. */
static inline void put_head(struct message *out, unsigned field, size_t size)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, size);
}

static inline void put_message(struct message *out, unsigned field, const struct message *message)
{
    put_head(out, field, message->length);
    memcpy(out->bytes + out->length, message->bytes, message->length);
    out->length += message->length;
}

#endif
