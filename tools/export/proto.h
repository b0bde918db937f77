/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of protocol buffers, written field by field into a buffer that grows. */
#ifndef TOOLS_EXPORT_PROTO_H
#define TOOLS_EXPORT_PROTO_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

struct proto {
    uint8_t *bytes;
    size_t used, size;
};

/* A number with its tag takes at most this much. */
#define PROTO_NUMBER 20

/* Makes room for so many bytes more. */
void proto_grow(struct proto *proto, size_t n);

static inline void proto_room(struct proto *proto, size_t n)
{
    if (G_UNLIKELY(proto->size - proto->used < n)) {
        proto_grow(proto, n);
    }
}

/* There must be room. */
static inline void proto_varint(struct proto *proto, uint64_t value)
{
    for (; value > 0x7f; value >>= 7) {
        proto->bytes[proto->used++] = (uint8_t)(value | 0x80);
    }
    proto->bytes[proto->used++] = (uint8_t)value;
}

static inline void proto_number(struct proto *proto, unsigned field, uint64_t value)
{
    proto_room(proto, PROTO_NUMBER);
    proto_varint(proto, field << 3);
    proto_varint(proto, value);
}

/* Negative numbers take ten bytes: the format has them extended to 64 bits. */
static inline void proto_signed(struct proto *proto, unsigned field, int64_t value)
{
    proto_number(proto, field, (uint64_t)value);
}

static inline void proto_bytes(struct proto *proto, unsigned field, const void *bytes, size_t n)
{
    proto_room(proto, PROTO_NUMBER + n);
    proto_varint(proto, field << 3 | 2);
    proto_varint(proto, n);
    memcpy(proto->bytes + proto->used, bytes, n);
    proto->used += n;
}

static inline void proto_text(struct proto *proto, unsigned field, const char *text)
{
    proto_bytes(proto, field, text, strlen(text));
}

/* A message in a message: what proto_begin() returns is for proto_end(). */
static inline size_t proto_begin(struct proto *proto, unsigned field)
{
    proto_room(proto, PROTO_NUMBER);
    proto_varint(proto, field << 3 | 2);
    return ++proto->used; /* the length has a byte; if it needs more, proto_end() moves the rest */
}

void proto_end_long(struct proto *proto, size_t begin);

static inline void proto_end(struct proto *proto, size_t begin)
{
    size_t n = proto->used - begin;

    if (n < 0x80) {
        proto->bytes[begin - 1] = (uint8_t)n;
    } else {
        proto_end_long(proto, begin);
    }
}

#endif
