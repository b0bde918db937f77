/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_histogram: a log-linear histogram of unsigned 64-bit values.
 *
 * Every value below 256 has a bucket of its own; above, each power of two is
 * cut into 128 equal buckets, so a reported value is off by at most 1/128
 * (0.8 %). count, sum, min and max are exact. Two histograms merge without
 * loss, which is what per-vCPU shards need: the result does not depend on the
 * order. All counts and the sum saturate at UINT64_MAX instead of wrapping.
 *
 * An empty histogram is half a KiB; each power of two in which a value is
 * recorded adds 1 KiB. osi_histogram_record() allocates only for the first
 * value of such a range, so a few times in its life.
 *
 * A histogram belongs to one thread at a time.
 */
#ifndef OSINSTR_HISTOGRAM_H
#define OSINSTR_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_histogram;

/* Never NULL: running out of memory ends the process, as everywhere in GLib. */
struct osi_histogram *osi_histogram_new(void);
void osi_histogram_free(struct osi_histogram *histogram); /* NULL is allowed */
void osi_histogram_reset(struct osi_histogram *histogram);

void osi_histogram_record(struct osi_histogram *histogram, uint64_t value);
void osi_histogram_record_n(struct osi_histogram *histogram, uint64_t value, uint64_t times);
void osi_histogram_merge(struct osi_histogram *into, const struct osi_histogram *from);

uint64_t osi_histogram_count(const struct osi_histogram *histogram);
uint64_t osi_histogram_sum(const struct osi_histogram *histogram);
uint64_t osi_histogram_min(const struct osi_histogram *histogram); /* 0 when empty */
uint64_t osi_histogram_max(const struct osi_histogram *histogram); /* 0 when empty */

/* The smallest recorded value that at least `percentile` per cent of all values
 * do not exceed, rounded up to the end of its bucket but never above max.
 * 0 when empty; `percentile` is clamped to [0, 100] and taken to seven decimals,
 * so 99.9 of 1000 values is the 999th. */
uint64_t osi_histogram_percentile(const struct osi_histogram *histogram, double percentile);

/* Walks the non-empty buckets upwards: *iterator starts at 0. Returns false at
 * the end. [*low, *high] are inclusive bounds; a pointer may be NULL where the
 * number is not wanted. Do not record during a walk. */
bool osi_histogram_next(const struct osi_histogram *histogram, size_t *iterator, uint64_t *low,
                        uint64_t *high, uint64_t *count);

#ifdef __cplusplus
}
#endif
#endif
