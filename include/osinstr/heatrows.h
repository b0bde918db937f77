/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_heatrows: what the rows of a heatmap (osinstr/heatmap.h) are called, and their order.
 *
 * What counts rarely counts under its final name: a function's code is known before its symbol, several
 * counters belong to one module. So counters become rows at the end of a run: each counter asks for the
 * row of its name, the map is brought to rows by osi_heatmap_regroup(), then sorted here. One thread.
 */
#ifndef OSINSTR_HEATROWS_H
#define OSINSTR_HEATROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <osinstr/heatmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_heatrows;

/* `unit`: of the rows' values, "instructions"; at most 15 bytes. */
struct osi_heatrows *osi_heatrows_new(const char *unit);
void osi_heatrows_free(struct osi_heatrows *rows); /* NULL is allowed */

/* The row of this name and module (NULL: none), made if there is none yet. Rows are dense, from 0. */
uint32_t osi_heatrows_row(struct osi_heatrows *rows, const char *name, const char *module);
/* This row has times, not values ([idle]), in `unit`. */
void osi_heatrows_set_time(struct osi_heatrows *rows, uint32_t row, const char *unit);

/* Rows by their totals, most first, of equal ones by name; rows without any are left out. At most `keep` of
 * them (0: all); what the others have goes to one row "[other]". A row of times comes last and doesn't
 * count. The map, which is finished and has these rows, has them in this order then. */
void osi_heatrows_sort(struct osi_heatrows *rows, struct osi_heatmap *map, size_t keep);

/* ---- in order, after that ---- */
struct osi_heatrow {
    const char *name, *module; /* module: NULL if it has none */
    const char *unit;
    uint64_t total;
    bool time;
};

size_t osi_heatrows_n(const struct osi_heatrows *rows);
/* NULL beyond the last. */
const struct osi_heatrow *osi_heatrows_at(const struct osi_heatrows *rows, size_t row);
/* For osi_heatmap_csv(): `rows` is a struct osi_heatrows. */
const char *osi_heatrows_name(void *rows, uint32_t row);
/* "row,name,module,unit,total", a line for each. 0 or -errno; the stream is flushed and stays open. */
int osi_heatrows_csv(const struct osi_heatrows *rows, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
