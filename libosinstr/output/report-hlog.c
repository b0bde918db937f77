/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histograms of a report as a HdrHistogram log, version 1.3, which many tools read and plot.
 *
 * A line of the log is one histogram: tag, start and length of its interval, its largest value,
 * and the counts, which are encoded ("V2"), deflated and written as base64. Numbers are big-endian.
 *
 * The log's histograms have 2048 steps in their lowest range and 1024 in each power of two above
 * (three significant digits). Ours have 128, at the same places, so the last value of one of our
 * buckets is the last value of one of theirs. That is the value recorded for the bucket: readers
 * then get from the log the percentiles that osi_histogram_percentile() gives here, up to 1/128
 * too high. Only the largest value, which ours know exactly, turns up to 1/1024 higher.
 *
 * Values and counts are signed there. A larger value is recorded as INT64_MAX; should the counts
 * add up to more than that, all of them are halved until they don't.
 */
#include "format.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <zlib.h>

enum {
    COOKIE_PLAIN = 0x1c849313,    /* version 2, words of variable length */
    COOKIE_DEFLATED = 0x1c849314, /* the same inside zlib's format */
    DIGITS = 3,
    STEP_BITS = 10, /* 2^10 steps for each power of two: the least that has three digits */
};

static void put_u32(GByteArray *out, uint32_t value)
{
    uint32_t big = GUINT32_TO_BE(value);

    g_byte_array_append(out, (const guint8 *)&big, sizeof(big));
}

static void put_u64(GByteArray *out, uint64_t value)
{
    uint64_t big = GUINT64_TO_BE(value);

    g_byte_array_append(out, (const guint8 *)&big, sizeof(big));
}

/* A signed number, small ones in few bytes: the sign goes to the lowest bit, then seven bits a byte
 * from the low end, a set high bit where more follow. A ninth byte is the last and has eight. */
static void put_word(GByteArray *out, int64_t value)
{
    uint64_t rest = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    guint8 byte;

    for (unsigned n = 0; n < 8 && rest > 0x7f; n++) {
        byte = (guint8)(rest | 0x80);
        g_byte_array_append(out, &byte, 1);
        rest >>= 7;
    }
    byte = (guint8)rest;
    g_byte_array_append(out, &byte, 1);
}

/* The place of a value's count among all counts. */
static int64_t index_of(uint64_t value)
{
    unsigned dropped = 63 - STEP_BITS - (unsigned)__builtin_clzll(value | ((2 << STEP_BITS) - 1));

    return ((int64_t)dropped << STEP_BITS) + (int64_t)(value >> dropped);
}

static uint64_t largest_value(const struct osi_histogram *values)
{
    return MIN(osi_histogram_max(values), INT64_MAX);
}

/* How often to halve the counts. One that would vanish counts as 1, hence the reserve. */
static unsigned count_halvings(const struct osi_histogram *values)
{
    const double most = 9.2e18;
    double sum = 0;
    size_t iterator = 0;
    uint64_t count;
    unsigned halvings = 0;

    while (osi_histogram_next(values, &iterator, NULL, NULL, &count))
        sum += (double)count;
    for (; sum > most; sum /= 2)
        halvings++;
    return halvings;
}

static void put_count(GByteArray *out, int64_t *next, uint64_t value, uint64_t count)
{
    int64_t index = index_of(value), zeros = index - *next;

    if (zeros)
        put_word(out, -zeros);
    put_word(out, (int64_t)count);
    *next = index + 1;
}

/* Counts from that of value 0 to the last that is not 0; a negative one is a number of zeros. */
static void put_counts(GByteArray *out, const struct osi_histogram *values)
{
    const uint64_t largest = largest_value(values);
    const unsigned halvings = count_halvings(values);
    uint64_t high, count, last = 0;
    size_t iterator = 0;
    int64_t next = 0;

    while (osi_histogram_next(values, &iterator, NULL, &high, &count)) {
        count = MAX(count >> halvings, 1);
        if (high < largest)
            put_count(out, &next, high, count);
        else
            last += count;
    }
    put_count(out, &next, largest, last);
}

/* To be freed by the caller. */
static GByteArray *encode(const struct osi_histogram *values)
{
    GByteArray *counts = g_byte_array_new(), *out = g_byte_array_new();

    put_counts(counts, values);
    put_u32(out, COOKIE_PLAIN);
    put_u32(out, counts->len);
    put_u32(out, 0); /* normalising offset: none */
    put_u32(out, DIGITS);
    put_u64(out, 1);                             /* lowest value told from 0 */
    put_u64(out, MAX(largest_value(values), 2)); /* highest value: at least twice that */
    put_u64(out, UINT64_C(0x3ff0000000000000));  /* factor to the recorded unit: 1.0 */
    g_byte_array_append(out, counts->data, counts->len);
    g_byte_array_free(counts, TRUE);
    return out;
}

static int append_payload(GString *out, const struct osi_histogram *values)
{
    GByteArray *plain = encode(values), *frame = g_byte_array_new();
    uLongf length = compressBound(plain->len);
    g_autofree Bytef *deflated = g_malloc(length);
    int rc = compress2(deflated, &length, plain->data, plain->len, Z_BEST_COMPRESSION);

    if (rc == Z_OK) {
        g_autofree char *text = NULL;

        put_u32(frame, COOKIE_DEFLATED);
        put_u32(frame, (uint32_t)length);
        g_byte_array_append(frame, deflated, (guint)length);
        text = g_base64_encode(frame->data, frame->len);
        g_string_append(out, text);
    }
    g_byte_array_free(frame, TRUE);
    g_byte_array_free(plain, TRUE);
    return rc == Z_OK ? 0 : -ENOMEM;
}

/* With three decimals, neither more nor less: some readers take them for whole milliseconds. */
static void append_scaled(GString *out, uint64_t value, uint64_t unit)
{
    uint64_t step = unit / 1000, steps = value / step + (value % step >= step / 2);

    g_string_append_printf(out, "%" PRIu64 ".%03" PRIu64, steps / 1000, steps % 1000);
}

#define SECOND UINT64_C(1000000000)

/* Readers add the base to the time of each line, and subtract the start to get times since then.
 * Both are usually the time of day; nobody knows that here, so they are the report's clock. */
static void append_head(GString *out, const struct osi_report *report)
{
    g_string_append(out, "#[osinstr ");
    osi_format_escaped(out, report->name);
    g_string_append_printf(out, ": values in %s, seconds are 10^9 %s, Interval_Max is in 10^6 %s]\n"
                           "#[Histogram log format version 1.3]\n#[StartTime: ",
                           report->unit, report->unit, report->unit);
    append_scaled(out, report->start, SECOND);
    g_string_append(out, " (seconds of the run's clock)]\n"
                    "#[BaseTime: 0.000 (seconds of the run's clock)]\n"
                    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                    "\"Interval_Compressed_Histogram\"\n");
}

int osi_report_histograms_hlog(const struct osi_report *report, FILE *stream)
{
    GString *out = g_string_new(NULL);
    int rc = 0;

    append_head(out, report);
    for (guint i = 0; i < report->histograms->len && !rc; i++) {
        const struct osi_report_histogram *histogram =
            &g_array_index(report->histograms, struct osi_report_histogram, i);

        g_string_append_printf(out, "Tag=%s,", histogram->tag);
        append_scaled(out, report->start, SECOND);
        g_string_append_c(out, ',');
        append_scaled(out, report->end - report->start, SECOND);
        g_string_append_c(out, ',');
        append_scaled(out, osi_histogram_max(histogram->values), SECOND / 1000);
        g_string_append_c(out, ',');
        rc = append_payload(out, histogram->values);
        g_string_append_c(out, '\n');
    }
    if (!rc)
        return osi_write_whole(out, stream);
    g_string_free(out, TRUE);
    return rc;
}
