/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads columns back. The bytes may be anything: every length is checked
 * against what is there before it is used. */
#include "column.h"

#include <errno.h>
#include <stdbool.h>

#include "bytes.h"
#include "format.h"

struct input {
    const uint8_t *at, *end;
};

static bool take_varint(struct input *in, uint64_t *value)
{
    const uint8_t *next = osi_get_varint(in->at, in->end, value);
    if (!next)
        return false;
    in->at = next;
    return true;
}

/* Wider than 57 bits may straddle nine bytes, so the ninth is added by hand. */
static uint64_t bits_at(const uint8_t *from, size_t bit, unsigned width)
{
    const uint8_t *at = from + bit / 8;
    unsigned shift = bit % 8;
    uint64_t value = osi_get64(at) >> shift;
    if (shift + width > 64)
        value |= (uint64_t)at[8] << (64 - shift);
    return width == 64 ? value : value & ((UINT64_C(1) << width) - 1);
}

static bool unpack(struct input *in, unsigned width, uint64_t base, uint64_t *values, size_t n)
{
    size_t bytes = (n * width + 7) / 8;
    const uint8_t *from = in->at;
    if (width > 64 || bytes > (size_t)(in->end - in->at))
        return false;
    in->at += bytes;
    if (width > 57) {
        for (size_t i = 0; i < n; i++)
            values[i] = base + bits_at(from, i * width, width);
        return true;
    }
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (size_t i = 0, bit = 0; i < n; i++, bit += width)
        values[i] = base + (osi_get64(from + bit / 8) >> bit % 8 & mask);
    return true;
}

static bool decode_packed(struct input *in, uint64_t *values, size_t n)
{
    uint64_t base, exceptions, at = 0;
    if (!take_varint(in, &base) || in->at == in->end)
        return false;
    unsigned width = *in->at++;
    if (!take_varint(in, &exceptions) || exceptions > n ||
        !unpack(in, width, base, values, n))
        return false;
    for (; exceptions; exceptions--, at++) {
        uint64_t gap, high;
        if (!take_varint(in, &gap) || !take_varint(in, &high) || width == 64 ||
            gap >= n - at)
            return false;
        at += gap;
        values[at] += high << width;
    }
    return true;
}

/* A varint of up to eight bytes without a branch per byte; the slack behind the
 * input makes the load safe. */
static const uint8_t *get_varint_fast(const uint8_t *from, uint64_t *value)
{
    uint64_t word = osi_get64(from);
    uint64_t stops = ~word & UINT64_C(0x8080808080808080);
    if (G_UNLIKELY(!stops))
        return NULL;
    word &= stops ^ (stops - 1);
    word = (word & UINT64_C(0x7f007f007f007f00)) >> 1 | (word & UINT64_C(0x007f007f007f007f));
    word = (word & UINT64_C(0x3fff00003fff0000)) >> 2 | (word & UINT64_C(0x00003fff00003fff));
    word = (word & UINT64_C(0x0fffffff00000000)) >> 4 | (word & UINT64_C(0x0fffffff));
    *value = word;
    return from + (__builtin_ctzll(stops) + 1) / 8;
}

static bool decode_varints(struct input *in, uint64_t *values, size_t n)
{
    uint64_t base, value;
    if (!take_varint(in, &base))
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *next = get_varint_fast(in->at, &value);
        if (!next)
            next = osi_get_varint(in->at, in->end, &value);
        if (!next || next > in->end)
            return false;
        in->at = next;
        values[i] = base + value;
    }
    return true;
}

static bool decode_dictionary(struct input *in, uint64_t *values, size_t n)
{
    uint64_t base, entries, delta, table[OSI_DICTIONARY_MAX];
    if (!take_varint(in, &base) || !take_varint(in, &entries) || !entries ||
        entries > OSI_DICTIONARY_MAX)
        return false;
    for (size_t i = 0; i < entries; i++) {
        if (!take_varint(in, &delta))
            return false;
        base += delta;
        table[i] = base;
    }
    if (in->at == in->end || *in->at > 8)
        return false;
    unsigned width = *in->at++;
    if (!unpack(in, width, 0, values, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (values[i] >= entries)
            return false;
        values[i] = table[values[i]];
    }
    return true;
}

int osi_column_decode(unsigned encoding, const uint8_t *from, size_t length, uint64_t *values,
                      size_t n)
{
    struct input in = {from, from + length};
    bool good;
    switch (encoding) {
    case OSI_COLUMN_PACKED:
        good = decode_packed(&in, values, n);
        break;
    case OSI_COLUMN_VARINT:
        good = decode_varints(&in, values, n);
        break;
    case OSI_COLUMN_DICTIONARY:
        good = decode_dictionary(&in, values, n);
        break;
    default:
        return -ENOTSUP;
    }
    return good && in.at == in.end ? 0 : -EILSEQ;
}
