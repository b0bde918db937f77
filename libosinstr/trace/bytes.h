/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian loads and stores, LEB128 varints and zigzag: the alphabet of the trace format. */
#ifndef OSI_TRACE_BYTES_H
#define OSI_TRACE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

#define OSI_VARINT_MAX 10 /* bytes of the longest varint */

static inline uint16_t osi_get16(const void *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return GUINT16_FROM_LE(value);
}

static inline uint32_t osi_get32(const void *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline uint64_t osi_get64(const void *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return GUINT64_FROM_LE(value);
}

static inline void osi_put16(void *to, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    memcpy(to, &value, sizeof value);
}

static inline void osi_put32(void *to, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(to, &value, sizeof value);
}

static inline void osi_put64(void *to, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(to, &value, sizeof value);
}

/* Small differences of either sign become small unsigned numbers. */
static inline uint64_t osi_zigzag(uint64_t value)
{
    return value << 1 ^ -(value >> 63);
}

static inline uint64_t osi_unzigzag(uint64_t value)
{
    return value >> 1 ^ -(value & 1);
}

/* Bits needed to write `value`; 0 for 0. */
static inline unsigned osi_bit_width(uint64_t value)
{
    return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}

static inline size_t osi_varint_size(uint64_t value)
{
    return (osi_bit_width(value | 1) + 6) / 7;
}

/* Writes up to OSI_VARINT_MAX bytes, returns the first byte behind them. */
static inline uint8_t *osi_put_varint(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

/* Reads one varint; NULL when it runs past `end` or does not fit in 64 bits. */
static inline const uint8_t *osi_get_varint(const uint8_t *from, const uint8_t *end,
                                            uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; from < end && shift < 70; shift += 7) {
        uint8_t byte = *from++;
        if (shift == 63 && byte > 1)
            return NULL;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return from;
        }
    }
    return NULL;
}

#endif
