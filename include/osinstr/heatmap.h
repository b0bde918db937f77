/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_heatmap: by how much counters grew, by time and vCPU.
 *
 * A heatmap has rows (functions, tasks, pages: its user knows), buckets of equal width, and a lane for
 * each vCPU. A lane is told now and then what its counters stand at; what they grew by belongs to the
 * bucket that began before. Memory is bounded: a run that outgrows the buckets makes them twice as
 * wide, by joining neighbours, as often as it takes.
 *
 * A lane belongs to the thread of its vCPU; all else to one thread, when the lanes have ended. Times and
 * widths have one unit, whatever it is; nanoseconds where a file states them.
 */
#ifndef OSINSTR_HEATMAP_H
#define OSINSTR_HEATMAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_heatmap;
struct osi_heatlane;

/* `width` of a bucket, more than 0; at most `max_buckets`, at least 2 and even. Bucket 0 begins at 0. */
struct osi_heatmap *osi_heatmap_new(uint64_t width, unsigned max_buckets);
void osi_heatmap_free(struct osi_heatmap *map); /* NULL is allowed */
/* Made when it is first asked for; lives as long as the map. Any thread. */
struct osi_heatlane *osi_heatmap_lane(struct osi_heatmap *map, unsigned vcpu);

/* At `time` the counters of rows 0 to n - 1 stand at `counts`, and begun at 0. They never go down; there
 * may be more of them than last time. A time before the last one is taken for that. Cheap while
 * the bucket is the same: then `counts` is not even looked at. */
void osi_heatlane_at(struct osi_heatlane *lane, uint64_t time, const uint64_t *counts, size_t n);
/* The first time that belongs to another bucket than the last: before it there is no need to ask. */
uint64_t osi_heatlane_next(const struct osi_heatlane *lane);
/* From here on the counters grow at a time that the next osi_heatlane_at() tells; up to here, in the bucket of
 * the last one. */
void osi_heatlane_mark(struct osi_heatlane *lane, const uint64_t *counts, size_t n);
/* The row, which is no counter, gets the time from `from` to `to`, in each bucket what lies in it. */
void osi_heatlane_span(struct osi_heatlane *lane, uint32_t row, uint64_t from, uint64_t to);
/* The run ends: what the counters grew by since belongs to the last bucket. */
void osi_heatlane_end(struct osi_heatlane *lane, const uint64_t *counts, size_t n);

/* All lanes have ended: brings them to one width. Before any of what follows. */
void osi_heatmap_finish(struct osi_heatmap *map);
uint64_t osi_heatmap_width(const struct osi_heatmap *map); /* now */
unsigned osi_heatmap_doubled(const struct osi_heatmap *map); /* how often it was made twice as wide */
size_t osi_heatmap_buckets(const struct osi_heatmap *map); /* up to the last that has a count */
unsigned osi_heatmap_vcpus(const struct osi_heatmap *map); /* one more than the last that has a lane */

/* Row i becomes row to[i], together with all others that become it. All rows are below `n`. */
void osi_heatmap_regroup(struct osi_heatmap *map, const uint32_t *to, size_t n);

/* What a row has in a bucket of a vCPU. */
uint64_t osi_heatmap_value(const struct osi_heatmap *map, unsigned vcpu, size_t bucket, uint32_t row);
/* Of all buckets and vCPUs: adds them up in sums[0 .. n_rows - 1]. */
void osi_heatmap_sums(const struct osi_heatmap *map, uint64_t *sums, size_t n_rows);

/* Calls fn for each value that is not 0, by bucket, vCPU and row. */
typedef void (*osi_heatmap_fn)(void *data, unsigned vcpu, size_t bucket, uint32_t row, uint64_t value);
void osi_heatmap_each(const struct osi_heatmap *map, osi_heatmap_fn fn, void *data);

/* The name of a row in files; read before the next is asked for. */
typedef const char *(*osi_heatmap_name)(void *data, uint32_t row);
/* One line for each value that is not 0, "t_ns,vcpu,row,value", by time, vCPU and row; t_ns is the bucket's
 * start. 0 or -errno; the stream is flushed and stays open. */
int osi_heatmap_csv(const struct osi_heatmap *map, osi_heatmap_name name, void *data, FILE *stream);
/* All values as an array of NumPy's format (.npy), which can be mapped: little-endian numbers of 32 bits, if
 * all values fit, else 64, [vcpu][n_rows][bucket]. 0 or -errno, as above. */
int osi_heatmap_npy(const struct osi_heatmap *map, size_t n_rows, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
