/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_heatview: a heatmap to look at. Rows by name, time across, values as heat.
 *
 * Made by a plugin from its osi_heatmap (osinstr/heatmap.h), or by osinstr report from the files of
 * a run; drawn as text for terminals, or as SVG. One thread.
 */
#ifndef OSINSTR_HEATVIEW_H
#define OSINSTR_HEATVIEW_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_heatview;

/* All values are 0 at first. `width`: of a column, more than 0, in `unit` ("ns", "insn");
 * `value_unit`: of values ("instructions", "accesses"). NULL: there is no memory for so many. */
struct osi_heatview *osi_heatview_new(size_t rows, size_t columns, uint64_t width, const char *unit,
                                      const char *value_unit);
void osi_heatview_free(struct osi_heatview *view); /* NULL is allowed */
/* Any bytes; what can't be printed is escaped where it is drawn. */
void osi_heatview_name(struct osi_heatview *view, size_t row, const char *name);
/* To what is there; sums end at UINT64_MAX. */
void osi_heatview_add(struct osi_heatview *view, size_t row, size_t column, uint64_t value);
/* A row that is not measured in the unit of the others but in time ([idle]): its heat is the share
 * of the column's time on `vcpus` vCPUs, and it is left out of sums and of the order; it stands
 * last. */
void osi_heatview_is_time(struct osi_heatview *view, size_t row, unsigned vcpus);

/* This row is the sum of `n` others; it is drawn as a part of [other]. */
void osi_heatview_is_rest(struct osi_heatview *view, size_t row, size_t n);

/* In which order rows are drawn. Total: most first. Phase: by the time at which a row had half of
 * its total, of those with the most; what belongs to the same phase of a run stands together. */
enum osi_heat_order { OSI_HEAT_BY_TOTAL, OSI_HEAT_BY_PHASE };
/* How a terminal shows heat. */
enum osi_heat_colors { OSI_HEAT_ASCII, OSI_HEAT_256, OSI_HEAT_24BIT };

/* The `rows` rows with the highest totals (0: all); the others are added up in one more,
 * "[other: N rows]", and rows of time stand below. Other rows without any value are not drawn.
 * Lines have at most `width` characters; columns are joined until they fit. With colours each
 * character has two columns. Text is UTF-8: ASCII if names are and there are no colours. Errors of
 * the stream stay with the stream. */
void osi_heatview_text(const struct osi_heatview *view, enum osi_heat_order order,
                       enum osi_heat_colors colors, size_t rows, unsigned width, FILE *stream);
/* One file that needs nothing else, of at most 600 columns. Names, times and values, as sums of
 * neighbours of the same heat, show when pointed at. */
void osi_heatview_svg(const struct osi_heatview *view, enum osi_heat_order order, size_t rows,
                      FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
