/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns and checksums: every encoding returns what went in, and refuses what is none. */
#include <errno.h>

#include "../../libosinstr/trace/bytes.h"
#include "../../libosinstr/trace/column.h"
#include "../../libosinstr/trace/crc32c.h"
#include "../../libosinstr/trace/format.h"
#include "test-trace.h"

#define LARGE OSI_BLOCK_MAX_EVENTS

static uint64_t values[LARGE], decoded[LARGE];
static uint8_t buffer[OSI_COLUMN_BOUND(LARGE) + OSI_COLUMN_SLACK];

static struct osi_column column_of(size_t n)
{
    struct osi_column column = {values, n, n ? UINT64_MAX : 0, 0};
    for (size_t i = 0; i < n; i++) {
        column.low = MIN(column.low, values[i]);
        column.high = MAX(column.high, values[i]);
    }
    return column;
}

/* Encodes and decodes; returns the encoding that was chosen. */
static unsigned round_trip(size_t n, enum osi_column_grain grain)
{
    struct osi_column column = column_of(n);
    size_t length = (size_t)(osi_column_encode(buffer, &column, grain) - buffer);
    uint32_t head = osi_get32(buffer);
    ck_assert_uint_eq((head >> 8) + OSI_COLUMN_HEADER, length);
    ck_assert_uint_le(length, OSI_COLUMN_BOUND(n));
    memset(buffer + length, 0xff, OSI_COLUMN_SLACK); /* what lies behind must not matter */
    memset(decoded, 0xa5, sizeof decoded);
    ck_assert_int_eq(osi_column_decode(head & 0xff, buffer + OSI_COLUMN_HEADER, head >> 8, decoded,
                                       n), 0);
    ck_assert_int_eq(memcmp(values, decoded, n * sizeof values[0]), 0);
    return head & 0xff;
}

static unsigned round_trip_both(size_t n)
{
    round_trip(n, OSI_GRAIN_BYTE);
    return round_trip(n, OSI_GRAIN_BIT);
}

static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 255, 256, 257, 1000, LARGE};

START_TEST(test_constant)
{
    static const uint64_t constants[] = {0, 1, 127, 128, UINT32_MAX, UINT64_MAX};
    for (size_t c = 0; c < G_N_ELEMENTS(constants); c++)
        for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
            for (size_t i = 0; i < sizes[s]; i++)
                values[i] = constants[c];
            ck_assert_uint_eq(round_trip_both(sizes[s]), OSI_COLUMN_PACKED);
        }
}
END_TEST

/* All widths, with every value as wide as the others. */
START_TEST(test_widths)
{
    unsigned width = (unsigned)_i;
    uint64_t top = UINT64_C(1) << (width - 1);
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (unsigned offset = 0; offset < 2; offset++) {
            for (size_t i = 0; i < sizes[s]; i++)
                values[i] = offset + (top | (test_hash(i) & (top - 1)));
            round_trip_both(sizes[s]);
        }
    for (size_t i = 0; i < LARGE; i++)
        values[i] = i % 2 ? top : 0;
    round_trip_both(LARGE);
}
END_TEST

START_TEST(test_exceptions)
{
    for (unsigned rare = 1; rare <= 2000; rare = rare * 3 + 1) {
        for (size_t i = 0; i < LARGE; i++)
            values[i] = test_hash(i) % rare ? 5 : test_hash(i);
        round_trip_both(LARGE);
    }
    memset(values, 0, sizeof values);
    values[0] = values[LARGE - 1] = UINT64_MAX;
    ck_assert_uint_eq(round_trip_both(LARGE), OSI_COLUMN_PACKED);
}
END_TEST

START_TEST(test_varints)
{
    for (size_t i = 0; i < LARGE; i++) /* the number of bytes is as random as it gets */
        values[i] = test_hash(i) >> (8 + test_hash(i + LARGE) % 50);
    ck_assert_uint_eq(round_trip(LARGE, OSI_GRAIN_BIT), OSI_COLUMN_VARINT);
    for (size_t i = 0; i < LARGE; i++)
        values[i] = test_hash(i) >> test_hash(i + LARGE) % 64;
    round_trip_both(LARGE);
    for (unsigned bit = 0; bit < 64; bit++) { /* each length of a varint, at each place */
        values[bit] = UINT64_C(1) << bit;
        values[64 + bit] = (UINT64_C(1) << bit) - 1;
    }
    round_trip_both(128);
}
END_TEST

START_TEST(test_dictionary)
{
    for (unsigned different = 2; different <= 300; different++) {
        for (size_t i = 0; i < 3000; i++)
            values[i] = 7 + test_hash(i) % different * (different < 17 ? 251 : 13);
        unsigned encoding = round_trip_both(3000);
        if (different > 2 && different < 200)
            ck_assert_uint_eq(encoding, OSI_COLUMN_DICTIONARY);
    }
}
END_TEST

/* Random shapes: whatever the choice, the values come back. */
START_TEST(test_random)
{
    for (uint64_t round = 0; round < 3000; round++) {
        uint64_t h = test_hash(round);
        size_t n = h % 700;
        unsigned keep = (h >> 20 & 63), base = h >> 30 & 63, odd = 1 + (h >> 40 & 31);
        for (size_t i = 0; i < n; i++) {
            uint64_t v = test_hash(round << 32 | i);
            values[i] = (v >> 5) % odd ? v >> (63 - keep % 63) : v;
            values[i] += UINT64_C(1) << base;
        }
        round_trip_both(n);
    }
}
END_TEST

/* Any bytes: an error or some values, never a read behind the slack. */
START_TEST(test_garbage)
{
    for (uint64_t round = 0; round < 200000; round++) {
        uint64_t h = test_hash(round);
        size_t length = h % 40, n = h >> 16 & 127;
        uint8_t *bytes = malloc(length + OSI_COLUMN_SLACK);
        for (size_t i = 0; i < length + OSI_COLUMN_SLACK; i++)
            bytes[i] = (uint8_t)(test_hash(round * 64 + i) >> (h >> 30 & 7));
        int rc = osi_column_decode(h >> 40 & 3, bytes, length, decoded, n);
        ck_assert(rc == 0 || rc == -EILSEQ || rc == -ENOTSUP);
        free(bytes);
    }
    ck_assert_int_eq(osi_column_decode(200, buffer, 0, decoded, 0), -ENOTSUP);
}
END_TEST

START_TEST(test_cut)
{
    for (unsigned shape = 0; shape < 3; shape++) {
        for (size_t i = 0; i < 500; i++)
            values[i] = shape == 0 ? test_hash(i) % 3 * 99
                      : shape == 1 ? test_hash(i) >> (8 + test_hash(i + LARGE) % 50)
                                   : i % 50 ? 3 : test_hash(i);
        struct osi_column column = column_of(500);
        osi_column_encode(buffer, &column, OSI_GRAIN_BIT);
        uint32_t head = osi_get32(buffer);
        ck_assert_uint_eq(head & 0xff, shape == 0 ? OSI_COLUMN_DICTIONARY
                                     : shape == 1 ? OSI_COLUMN_VARINT : OSI_COLUMN_PACKED);
        for (size_t length = 0; length < head >> 8; length++)
            ck_assert_int_eq(osi_column_decode(head & 0xff, buffer + OSI_COLUMN_HEADER, length,
                                               decoded, 500), -EILSEQ);
    }
}
END_TEST

/* Base 0, entries 3 and 5, five places of two bits; then the last names a third entry. */
START_TEST(test_dictionary_index)
{
    uint8_t body[16 + OSI_COLUMN_SLACK] = {0, 2, 3, 2, 2, 0x44, 0};
    ck_assert_int_eq(osi_column_decode(OSI_COLUMN_DICTIONARY, body, 7, decoded, 5), 0);
    ck_assert_uint_eq(decoded[0], 3);
    ck_assert_uint_eq(decoded[1], 5);
    body[6] = 2;
    ck_assert_int_eq(osi_column_decode(OSI_COLUMN_DICTIONARY, body, 7, decoded, 5), -EILSEQ);
}
END_TEST

/* RFC 3720, B.4, and the check value of the CRC catalogue. */
START_TEST(test_crc_vectors)
{
    osi_crc32c_fn *fns[] = {osi_crc32c, osi_crc32c_table, osi_crc32c_hardware()};
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (unsigned i = 0; i < 32; i++)
        rising[i] = (uint8_t)i;
    for (unsigned f = 0; f < 3; f++) {
        if (!fns[f])
            continue;
        ck_assert_uint_eq(fns[f](0, "123456789", 9), 0xe3069283);
        ck_assert_uint_eq(fns[f](0, zeros, 32), 0x8a9136aa);
        ck_assert_uint_eq(fns[f](0, ones, 32), 0x62a8ab43);
        ck_assert_uint_eq(fns[f](0, rising, 32), 0x46dd794e);
        ck_assert_uint_eq(fns[f](0, "", 0), 0);
        ck_assert_uint_eq(fns[f](fns[f](0, "1234", 4), "56789", 5), 0xe3069283);
    }
}
END_TEST

START_TEST(test_crc_agree)
{
    uint8_t bytes[300];
    osi_crc32c_fn *hardware = osi_crc32c_hardware();
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_hash(i);
    for (unsigned start = 0; hardware && start < 9; start++)
        for (unsigned length = 0; length < sizeof bytes - start; length++)
            ck_assert_uint_eq(hardware(start, bytes + start, length),
                              osi_crc32c_table(start, bytes + start, length));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-column");
    TCase *tests = tcase_create("column");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_constant);
    tcase_add_loop_test(tests, test_widths, 1, 65);
    tcase_add_test(tests, test_exceptions);
    tcase_add_test(tests, test_varints);
    tcase_add_test(tests, test_dictionary);
    tcase_add_test(tests, test_random);
    tcase_add_test(tests, test_garbage);
    tcase_add_test(tests, test_cut);
    tcase_add_test(tests, test_dictionary_index);
    tcase_add_test(tests, test_crc_vectors);
    tcase_add_test(tests, test_crc_agree);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
