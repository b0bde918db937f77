/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_heatview: a heatmap to look at. Rows by name, time across, values as heat.
 *
 * Made by a plugin from its osi_heatmap (osinstr/heatmap.h), or by osinstr report from the files of a run; drawn as
 * text for terminals, or as SVG. One thread.
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

/* All values are 0 at first. `width`: of a column, in `unit` ("ns", "insn"); `value_unit`: of values
 * ("instructions", "accesses"). */
struct osi_heatview *osi_heatview_new(size_t rows, size_t columns, uint64_t width, const char *unit,
                                      const char *value_unit);
void osi_heatview_free(struct osi_heatview *view); /* NULL is allowed */
void osi_heatview_name(struct osi_heatview *view, size_t row, const char *name);
void osi_heatview_add(struct osi_heatview *view, size_t row, size_t column, uint64_t value);
/* A row that is not measured in the unit of the others but in time ([idle]): its heat is the share of the
 * column's time on `vcpus` vCPUs, and it is left out of sums and of the order; it stands last. */
void osi_heatview_is_time(struct osi_heatview *view, size_t row, unsigned vcpus);

/* In which order rows are drawn. Total: most first. Phase: by the time at which a row had half of its
 * total, of those with the most; what belongs to the same phase of a run stands together. */
enum osi_heat_order { OSI_HEAT_BY_TOTAL, OSI_HEAT_BY_PHASE };
/* How a terminal shows heat. */
enum osi_heat_colors { OSI_HEAT_ASCII, OSI_HEAT_256, OSI_HEAT_24BIT };

/* At most `rows` rows, lines of at most `width` characters. Columns are joined until they fit. Errors of
 * the stream stay with the stream. */
void osi_heatview_text(const struct osi_heatview *view, enum osi_heat_order order,
                       enum osi_heat_colors colors, size_t rows, unsigned width, FILE *stream);
/* One file that needs nothing else; names and values show when pointed at. */
void osi_heatview_svg(const struct osi_heatview *view, enum osi_heat_order order, size_t rows,
                      FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
