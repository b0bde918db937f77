/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes what a HdrHistogram log has for a histogram; anything amiss fails the test.
 *
 * It knows the format from its description and shares nothing with the code under test: it walks
 * the counts upwards and finds the bounds of each step by addition, where that one shifts.
 */
#ifndef OSI_TEST_HLOG_DECODE_H
#define OSI_TEST_HLOG_DECODE_H

#include <check.h>
#include <glib.h>
#include <stdint.h>
#include <zlib.h>

struct step {
    uint64_t low, high, count;
};

struct decoded {
    uint64_t highest;
    GArray *steps; /* struct step: those that count something, upwards */
};

static uint64_t take(const guint8 **at, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes--)
        value = value * 256 + *(*at)++;
    return value;
}

static int64_t take_word(const guint8 **at, const guint8 *end)
{
    uint64_t word = 0;

    for (unsigned n = 0; n < 9; n++) {
        ck_assert_msg(*at < end, "a word is cut off");
        uint64_t byte = *(*at)++;

        if (n == 8 || byte < 128) {
            word += byte << (7 * n);
            break;
        }
        word += (byte - 128) << (7 * n);
    }
    return word % 2 ? -(int64_t)(word / 2) - 1 : (int64_t)(word / 2);
}

/* The step after `step`: 2048 of width 1, then 1024 of each power of two. */
static void advance(struct step *step, uint64_t *index)
{
    uint64_t width = step->high - step->low + 1;

    ++*index;
    if (*index > 2047 && *index % 1024 == 0)
        width *= 2;
    step->low = step->high + 1;
    step->high += width;
}

static void take_counts(struct decoded *decoded, const guint8 *at, const guint8 *end)
{
    struct step step = { 0, 0, 0 };
    uint64_t index = 0;

    while (at < end) {
        int64_t word = take_word(&at, end);

        ck_assert_msg(word != 0, "a zero is a run of zeros of length 1");
        ck_assert_msg(at < end || word > 0, "zeros at the end");
        if (word > 0) {
            step.count = (uint64_t)word;
            g_array_append_val(decoded->steps, step);
        }
        for (int64_t i = 0; i < (word < 0 ? -word : 1); i++)
            advance(&step, &index);
    }
}

static guint8 *inflate_payload(const char *base64, uLongf *length)
{
    gsize framed;
    g_autofree guint8 *frame = g_base64_decode(base64, &framed);
    const guint8 *at = frame;
    guint8 *plain = g_malloc(1 << 20);

    *length = 1 << 20;
    ck_assert_uint_ge(framed, 8);
    ck_assert_uint_eq(take(&at, 4), 0x1c849314);
    ck_assert_uint_eq(take(&at, 4), framed - 8);
    ck_assert_int_eq(uncompress(plain, length, at, framed - 8), Z_OK);
    return plain;
}

static struct decoded decode(const char *base64)
{
    struct decoded decoded = { .steps = g_array_new(FALSE, FALSE, sizeof(struct step)) };
    uLongf length;
    g_autofree guint8 *plain = inflate_payload(base64, &length);
    const guint8 *at = plain;

    ck_assert_uint_ge(length, 40);
    ck_assert_uint_eq(take(&at, 4), 0x1c849313);
    ck_assert_uint_eq(take(&at, 4), length - 40);
    ck_assert_uint_eq(take(&at, 4), 0);
    ck_assert_uint_eq(take(&at, 4), 3);
    ck_assert_uint_eq(take(&at, 8), 1);
    decoded.highest = take(&at, 8);
    ck_assert_uint_eq(take(&at, 8), 0x3ff0000000000000); /* 1.0 */
    ck_assert_uint_ge(decoded.highest, 2);
    take_counts(&decoded, at, plain + length);
    ck_assert_uint_ge(decoded.steps->len, 1);
    ck_assert_uint_le(g_array_index(decoded.steps, struct step, decoded.steps->len - 1).low,
                      decoded.highest);
    return decoded;
}

#endif
