/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses the smallest encoding of a column and writes it.
 *
 * Every encoding stores value - base, base being a lower bound. The sizes are
 * computed exactly (or rounded up) before anything is written, from one
 * histogram of bit widths, so that trying costs little. */
#include "column.h"

#include <stdbool.h>

#include "bytes.h"
#include "format.h"

/* 16 bits count the values of a column. */
G_STATIC_ASSERT(OSI_BLOCK_MAX_EVENTS <= UINT16_MAX);

/* Ranges below this are counted value by value, which answers everything. */
#define TINY 256
/* Ranges below this are looked up directly for the dictionary. */
#define NARROW 4096

struct shape {
    uint64_t base, range; /* no value - base needs more bits than range */
    unsigned top;         /* bits of range */
    size_t n;
    uint32_t widths[65]; /* how many values need exactly so many bits */
};

struct dictionary {
    unsigned n;
    uint64_t entries[OSI_DICTIONARY_MAX]; /* ascending, above base */
    uint8_t index[NARROW];                /* of value - base */
};

/* Two counters in turn: one that is hit again and again is otherwise a
 * chain in which each step waits for the one before. */
static void measure_widths(struct shape *shape, const uint64_t *values)
{
    uint32_t odd[65] = {0};
    size_t i = 0;
    for (; i + 1 < shape->n; i += 2) {
        shape->widths[osi_bit_width(values[i] - shape->base)]++;
        odd[osi_bit_width(values[i + 1] - shape->base)]++;
    }
    if (i < shape->n)
        shape->widths[osi_bit_width(values[i] - shape->base)]++;
    for (unsigned width = 0; width <= 64; width++)
        shape->widths[width] += odd[width];
}

/* Widths and dictionary of a tiny range in one pass. Four counters in turn: most
 * values of a predicted column are the same one. */
static void count_tiny(struct shape *shape, struct dictionary *dictionary, const uint64_t *values)
{
    uint16_t counts[4][TINY] = {0};
    size_t i = 0;
    for (; i + 4 <= shape->n; i += 4) {
        counts[0][values[i] - shape->base]++;
        counts[1][values[i + 1] - shape->base]++;
        counts[2][values[i + 2] - shape->base]++;
        counts[3][values[i + 3] - shape->base]++;
    }
    for (; i < shape->n; i++)
        counts[0][values[i] - shape->base]++;
    dictionary->n = 0;
    for (unsigned v = 0; v < 1u << shape->top; v++) {
        unsigned count = counts[0][v] + counts[1][v] + counts[2][v] + counts[3][v];
        if (!count)
            continue;
        shape->widths[osi_bit_width(v)] += count;
        dictionary->index[v] = (uint8_t)dictionary->n;
        dictionary->entries[dictionary->n++] = v;
    }
}

static size_t packed_bytes(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

static size_t varint_cost(const struct shape *shape)
{
    size_t cost = osi_varint_size(shape->base);
    for (unsigned width = 0; width <= shape->top; width++)
        cost += shape->widths[width] * (size_t)((MAX(width, 1u) + 6) / 7);
    return cost;
}

/* Bytes of the packed encoding at one width. Distances between exceptions are
 * one byte each, and at most n / 128 of them can need a second. */
static size_t packed_cost(const struct shape *shape, unsigned width)
{
    size_t exceptions = 0, high_bytes = 0;
    for (unsigned wide = width + 1; wide <= shape->top; wide++) {
        exceptions += shape->widths[wide];
        high_bytes += shape->widths[wide] * (size_t)((wide - width + 6) / 7);
    }
    size_t cost = osi_varint_size(shape->base) + 1 + osi_varint_size(exceptions);
    cost += packed_bytes(shape->n, width) + high_bytes;
    return exceptions ? cost + exceptions + shape->n / 128 : cost;
}

/* The best width is one that some value needs, or zero. */
static unsigned choose_width(const struct shape *shape, enum osi_column_grain grain, size_t *cost)
{
    unsigned best = 0;
    *cost = packed_cost(shape, 0);
    for (unsigned width = 1; width <= shape->top; width++) {
        if (!shape->widths[width])
            continue;
        unsigned rounded = (width + grain - 1) / grain * grain;
        size_t bytes = packed_cost(shape, rounded);
        if (bytes < *cost) {
            *cost = bytes;
            best = rounded;
        }
    }
    return best;
}

/* Low `width` bits of each value, least significant bit first. May write up to
 * seven bytes more than it returns. */
static uint8_t *pack(uint8_t *to, const uint64_t *values, size_t n, uint64_t base, unsigned width)
{
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    uint64_t word = 0;
    unsigned fill = 0;
    uint8_t *end = to + packed_bytes(n, width);
    if (!width)
        return to;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = (values[i] - base) & mask;
        word |= value << fill;
        fill += width;
        if (fill >= 64) {
            osi_put64(to, word);
            to += 8;
            fill -= 64;
            word = fill ? value >> (width - fill) : 0;
        }
    }
    osi_put64(to, word);
    return end;
}

/* Stops at the last one: a task's first priority is at the start of a block. */
static uint8_t *put_exceptions(uint8_t *to, const uint64_t *values, const struct shape *shape,
                               unsigned width, size_t exceptions)
{
    size_t expected = 0;
    for (size_t i = 0; exceptions; i++) {
        uint64_t high = (values[i] - shape->base) >> width;
        if (G_LIKELY(!high))
            continue;
        to = osi_put_varint(to, i - expected);
        to = osi_put_varint(to, high);
        expected = i + 1;
        exceptions--;
    }
    return to;
}

static uint8_t *put_packed(uint8_t *to, const uint64_t *values, const struct shape *shape,
                           unsigned width)
{
    size_t exceptions = 0;
    for (unsigned wide = width + 1; wide <= shape->top; wide++)
        exceptions += shape->widths[wide];
    to = osi_put_varint(to, shape->base);
    *to++ = (uint8_t)width;
    to = osi_put_varint(to, exceptions);
    to = pack(to, values, shape->n, shape->base, width);
    return put_exceptions(to, values, shape, width, exceptions);
}

/* Seven bits per byte without a branch that depends on the value; for up to 56 bits. */
static inline uint8_t *put_varint_fast(uint8_t *to, uint64_t value)
{
    unsigned bytes = (unsigned)osi_varint_size(value);
    value = (value & UINT64_C(0xfffffff0000000)) << 4 | (value & UINT64_C(0xfffffff));
    value = (value & UINT64_C(0x0fffc0000fffc000)) << 2 | (value & UINT64_C(0x00003fff00003fff));
    value = (value & UINT64_C(0x3f803f803f803f80)) << 1 | (value & UINT64_C(0x007f007f007f007f));
    value |= UINT64_C(0x8080808080808080) & ((UINT64_C(1) << 8 * (bytes - 1)) - 1);
    osi_put64(to, value);
    return to + bytes;
}

static uint8_t *put_varints(uint8_t *to, const uint64_t *values, const struct shape *shape)
{
    to = osi_put_varint(to, shape->base);
    if (shape->range >> 56) {
        for (size_t i = 0; i < shape->n; i++)
            to = osi_put_varint(to, values[i] - shape->base);
        return to;
    }
    for (size_t i = 0; i < shape->n; i++)
        to = put_varint_fast(to, values[i] - shape->base);
    return to;
}

/* ---- dictionary: few different values, each written once ------------------- */

/* False: more different values than a dictionary holds. */
static bool collect_narrow(struct dictionary *dictionary, const uint64_t *values,
                           const struct shape *shape)
{
    uint8_t *index = dictionary->index;
    size_t range = (size_t)1 << shape->top;
    memset(index, 0, range);
    for (size_t i = 0; i < shape->n; i++)
        index[values[i] - shape->base] = 1;
    dictionary->n = 0;
    for (size_t v = 0; v < range; v++) {
        if (!index[v])
            continue;
        if (dictionary->n == OSI_DICTIONARY_MAX)
            return false;
        index[v] = (uint8_t)dictionary->n;
        dictionary->entries[dictionary->n++] = v;
    }
    return true;
}

/* Delta from the entry before, the first from zero; entries ascend. */
static size_t entries_size(const struct dictionary *dictionary)
{
    size_t size = osi_varint_size(dictionary->n);
    uint64_t last = 0;
    for (unsigned i = 0; i < dictionary->n; i++) {
        size += osi_varint_size(dictionary->entries[i] - last);
        last = dictionary->entries[i];
    }
    return size;
}

static unsigned dictionary_width(const struct dictionary *dictionary, enum osi_column_grain grain)
{
    unsigned width = osi_bit_width(dictionary->n - 1);
    return (width + grain - 1) / grain * grain;
}

static size_t dictionary_cost(const struct dictionary *dictionary, const struct shape *shape,
                              enum osi_column_grain grain)
{
    return osi_varint_size(shape->base) + entries_size(dictionary) + 1 +
           packed_bytes(shape->n, dictionary_width(dictionary, grain));
}

static uint8_t *put_dictionary(uint8_t *to, const struct dictionary *dictionary,
                               const uint64_t *values, const struct shape *shape,
                               enum osi_column_grain grain)
{
    uint64_t places[256], last = 0;
    unsigned width = dictionary_width(dictionary, grain);
    to = osi_put_varint(to, shape->base);
    to = osi_put_varint(to, dictionary->n);
    for (unsigned i = 0; i < dictionary->n; i++) {
        to = osi_put_varint(to, dictionary->entries[i] - last);
        last = dictionary->entries[i];
    }
    *to++ = (uint8_t)width;
    uint8_t *end = to + packed_bytes(shape->n, width);
    /* Packed in runs whose bits fill whole bytes, so that no large buffer is needed. */
    for (size_t i = 0; i < shape->n; i += G_N_ELEMENTS(places)) {
        size_t run = MIN(G_N_ELEMENTS(places), shape->n - i);
        for (size_t k = 0; k < run; k++)
            places[k] = dictionary->index[values[i + k] - shape->base];
        to = pack(to, places, run, 0, width);
    }
    return end;
}

/* ---- the choice ------------------------------------------------------------- */

/* A dictionary saves nothing on columns that are all but constant. */
static bool dictionary_may_pay(const struct shape *shape, size_t best)
{
    return shape->range < NARROW && best > shape->n / 8 + 8;
}

static uint8_t *encode_body(uint8_t *to, const uint64_t *values, struct shape *shape,
                            enum osi_column_grain grain, enum osi_column_encoding *encoding)
{
    struct dictionary dictionary;
    bool tiny = shape->range < TINY;
    if (tiny)
        count_tiny(shape, &dictionary, values);
    else
        measure_widths(shape, values);

    size_t best, varints = varint_cost(shape);
    unsigned width = choose_width(shape, grain, &best);
    if (dictionary_may_pay(shape, MIN(best, varints)) &&
        (tiny || collect_narrow(&dictionary, values, shape)) &&
        dictionary_cost(&dictionary, shape, grain) < MIN(best, varints)) {
        *encoding = OSI_COLUMN_DICTIONARY;
        return put_dictionary(to, &dictionary, values, shape, grain);
    }
    if (varints < best) {
        *encoding = OSI_COLUMN_VARINT;
        return put_varints(to, values, shape);
    }
    *encoding = OSI_COLUMN_PACKED;
    return put_packed(to, values, shape, width);
}

uint8_t *osi_column_encode(uint8_t *to, const struct osi_column *column,
                           enum osi_column_grain grain)
{
    struct shape shape = {
        .base = column->low, .range = column->high - column->low, .n = column->n};
    shape.top = osi_bit_width(shape.range);
    enum osi_column_encoding encoding = OSI_COLUMN_PACKED;
    uint8_t *body = to + OSI_COLUMN_HEADER;
    uint8_t *end = shape.range ? encode_body(body, column->values, &shape, grain, &encoding)
                               : put_packed(body, column->values, &shape, 0);
    osi_put32(to, (uint32_t)encoding | (uint32_t)(end - body) << 8);
    return end;
}
