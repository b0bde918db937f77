/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_histogram: counts in log-linear buckets, kept in pages.
 *
 * A slot number is 128 times the number of low bits dropped plus the bits that
 * are left, so slots rise with the values and one shift finds them. Pages of
 * 128 slots appear when first hit: a task that waited a few times costs a few
 * KiB, not the 58 KiB of the whole range.
 */
#include <osinstr/histogram.h>

#include <glib.h>
#include <string.h>

enum {
    PAGE_BITS = 7,
    PAGE_SLOTS = 1 << PAGE_BITS,
    PAGES = 58, /* 0 and 1: values below 256; then one for each power of two up to 2^63 */
    SLOTS = PAGES * PAGE_SLOTS,
};

struct osi_histogram {
    uint64_t count, sum, min, max;
    uint64_t *pages[PAGES]; /* NULL where nothing was ever recorded */
};

__extension__ typedef unsigned __int128 wide;

static inline uint64_t add_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline unsigned slot_of(uint64_t value)
{
    unsigned dropped = 56 - (unsigned)__builtin_clzll(value | 128);

    return (dropped << PAGE_BITS) + (unsigned)(value >> dropped);
}

static unsigned slot_dropped_bits(size_t slot)
{
    return slot < 2 * PAGE_SLOTS ? 0 : (unsigned)(slot >> PAGE_BITS) - 1;
}

static uint64_t slot_low(size_t slot)
{
    unsigned dropped = slot_dropped_bits(slot);

    return ((uint64_t)slot - ((uint64_t)dropped << PAGE_BITS)) << dropped;
}

static uint64_t slot_high(size_t slot)
{
    return slot_low(slot) + (UINT64_C(1) << slot_dropped_bits(slot)) - 1;
}

static inline uint64_t *page_of(struct osi_histogram *histogram, unsigned page)
{
    if (G_UNLIKELY(!histogram->pages[page]))
        histogram->pages[page] = g_new0(uint64_t, PAGE_SLOTS);
    return histogram->pages[page];
}

struct osi_histogram *osi_histogram_new(void)
{
    struct osi_histogram *histogram = g_new0(struct osi_histogram, 1);

    histogram->min = UINT64_MAX;
    return histogram;
}

void osi_histogram_free(struct osi_histogram *histogram)
{
    if (!histogram)
        return;
    for (size_t i = 0; i < PAGES; i++)
        g_free(histogram->pages[i]);
    g_free(histogram);
}

void osi_histogram_reset(struct osi_histogram *histogram)
{
    for (size_t i = 0; i < PAGES; i++)
        if (histogram->pages[i])
            memset(histogram->pages[i], 0, PAGE_SLOTS * sizeof(uint64_t));
    histogram->count = histogram->sum = histogram->max = 0;
    histogram->min = UINT64_MAX;
}

static inline void note_range(struct osi_histogram *histogram, uint64_t low, uint64_t high)
{
    if (low < histogram->min)
        histogram->min = low;
    if (high > histogram->max)
        histogram->max = high;
}

void osi_histogram_record(struct osi_histogram *histogram, uint64_t value)
{
    unsigned slot = slot_of(value);
    uint64_t *count = page_of(histogram, slot >> PAGE_BITS) + slot % PAGE_SLOTS;

    *count = add_saturated(*count, 1);
    histogram->count = add_saturated(histogram->count, 1);
    histogram->sum = add_saturated(histogram->sum, value);
    note_range(histogram, value, value);
}

void osi_histogram_record_n(struct osi_histogram *histogram, uint64_t value, uint64_t times)
{
    unsigned slot = slot_of(value);
    uint64_t *count, total;

    if (times == 0)
        return;
    if (__builtin_mul_overflow(value, times, &total))
        total = UINT64_MAX;
    count = page_of(histogram, slot >> PAGE_BITS) + slot % PAGE_SLOTS;
    *count = add_saturated(*count, times);
    histogram->count = add_saturated(histogram->count, times);
    histogram->sum = add_saturated(histogram->sum, total);
    note_range(histogram, value, value);
}

static void merge_page(struct osi_histogram *into, unsigned page, const uint64_t *from)
{
    uint64_t *counts = page_of(into, page);

    for (size_t i = 0; i < PAGE_SLOTS; i++)
        counts[i] = add_saturated(counts[i], from[i]);
}

void osi_histogram_merge(struct osi_histogram *into, const struct osi_histogram *from)
{
    if (from->count == 0)
        return;
    for (unsigned page = 0; page < PAGES; page++)
        if (from->pages[page])
            merge_page(into, page, from->pages[page]);
    into->count = add_saturated(into->count, from->count);
    into->sum = add_saturated(into->sum, from->sum);
    note_range(into, from->min, from->max);
}

uint64_t osi_histogram_count(const struct osi_histogram *histogram)
{
    return histogram->count;
}

uint64_t osi_histogram_sum(const struct osi_histogram *histogram)
{
    return histogram->sum;
}

uint64_t osi_histogram_min(const struct osi_histogram *histogram)
{
    return histogram->count ? histogram->min : 0;
}

uint64_t osi_histogram_max(const struct osi_histogram *histogram)
{
    return histogram->max;
}

/* How many values, counted upwards, the percentile covers. In integers: 99.9 as
 * a double is a little more than 99.9, and ceil() would then take one value too
 * many out of every thousand. */
static uint64_t percentile_rank(uint64_t count, double percentile)
{
    const uint64_t whole = 1000000000;
    uint64_t parts = 0;

    if (percentile >= 100)
        return count;
    if (percentile > 0)
        parts = (uint64_t)(percentile * (double)(whole / 100) + 0.5);
    return MAX((uint64_t)(((wide)count * parts + whole - 1) / whole), 1);
}

uint64_t osi_histogram_percentile(const struct osi_histogram *histogram, double percentile)
{
    uint64_t rank = percentile_rank(histogram->count, percentile);
    uint64_t high, times, seen = 0;
    size_t iterator = 0;

    while (osi_histogram_next(histogram, &iterator, NULL, &high, &times)) {
        seen = add_saturated(seen, times);
        if (seen >= rank)
            return MIN(high, histogram->max);
    }
    return 0;
}

bool osi_histogram_next(const struct osi_histogram *histogram, size_t *iterator, uint64_t *low,
                        uint64_t *high, uint64_t *count)
{
    size_t slot = *iterator;

    while (slot < SLOTS) {
        const uint64_t *page = histogram->pages[slot >> PAGE_BITS];

        if (!page) {
            slot = (slot | (PAGE_SLOTS - 1)) + 1;
            continue;
        }
        if (page[slot % PAGE_SLOTS]) {
            *iterator = slot + 1;
            if (low)
                *low = slot_low(slot);
            if (high)
                *high = slot_high(slot);
            if (count)
                *count = page[slot % PAGE_SLOTS];
            return true;
        }
        slot++;
    }
    *iterator = SLOTS;
    return false;
}
