/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A heatmap on its way to a terminal: rows are made by heatview-text.c, what stands below them by
 * heatview-text-below.c. */
#ifndef OSI_OUTPUT_HEATVIEW_TEXT_H
#define OSI_OUTPUT_HEATVIEW_TEXT_H

#include "output/heatview.h"

struct heat_text {
    struct heat_picture picture;
    enum osi_heat_colors colors;
    unsigned levels, width;
    unsigned name, total; /* widths; 0: left out */
    unsigned cells;       /* at most */
    bool framed;
    GString *out; /* the line that is being made */
    size_t used;  /* its width so far, where words fill it */
    FILE *stream;
};

/* Letters of an ASCII drawing by level, from 0 to the last. */
extern const char heat_letters[];

void heat_end_line(struct heat_text *text);
void heat_put_blanks(GString *out, size_t n);
void heat_put_color(GString *out, enum osi_heat_colors colors, bool behind, unsigned level);
size_t heat_columns_per_cell(const struct heat_text *text);
size_t heat_before_cells(const struct heat_text *text); /* the width of what stands left of them */

/* Fills lines with words; the last stays open. */
void heat_put_words(struct heat_text *text, const char *words);

void heat_put_axis(struct heat_text *text);
void heat_put_legend(struct heat_text *text);

#endif
