/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps on their way to an eye: the view as it was filled, and the picture that both drawings
 * are made of: lines in their order, columns joined, heat as a level.
 */
#ifndef OSI_OUTPUT_HEATVIEW_H
#define OSI_OUTPUT_HEATVIEW_H

#include <glib.h>
#include <stdbool.h>

#include <osinstr/heatview.h>

__extension__ typedef unsigned __int128 heat_wide;

struct heat_row {
    char *name;
    unsigned vcpus; /* 0: has values; else time of so many vCPUs */
    size_t rest;    /* not 0: the sum of so many others */
};

struct osi_heatview {
    size_t n_rows, n_columns;
    uint64_t width;
    char *unit, *value_unit;
    struct heat_row *rows;
    uint64_t *values; /* row after row */
};

/* UINT64_MAX stands for all that is more. */
static inline uint64_t heat_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- the picture ---- */
struct heat_line {
    char *name; /* can be printed */
    unsigned vcpus;
    uint64_t total;
    uint64_t *cells;
};

struct heat_picture {
    const struct osi_heatview *view;
    size_t rows;   /* of the view that have lines of their own */
    size_t others; /* that share one */
    GArray *ranks; /* struct rank, of all rows that have values */
    struct heat_line *lines;
    size_t n_lines, n_columns;
    size_t join;   /* columns of the view in one of these */
    uint64_t most; /* of all cells that are not time */
    uint64_t *cells;
};

/* The lines and their names; then their cells, at most `max_columns` a line. */
void heat_picture_init(struct heat_picture *picture, const struct osi_heatview *view,
                       enum osi_heat_order order, size_t rows);
void heat_picture_fill(struct heat_picture *picture, size_t max_columns);
void heat_picture_clear(struct heat_picture *picture);

/* 0 for nothing, else 1 to `levels`. Values go by their square root: a phase still shows where
 * something else is a hundred times hotter, yet what is hardly there stays pale. Time goes by its
 * share. */
unsigned heat_level(const struct heat_picture *picture, size_t line, size_t column,
                    unsigned levels);
/* The largest value of a level. */
uint64_t heat_level_end(const struct heat_picture *picture, unsigned level, unsigned levels);
/* Time from column to column, of all vCPUs of a line of time. */
heat_wide heat_whole(const struct heat_picture *picture, size_t line, size_t from, size_t to);
/* Where a column of the picture begins; the end of the run is that of the last. */
uint64_t heat_time_of(const struct heat_picture *picture, size_t column);

/* 0xrrggbb of 0 (nothing) to 255, equal steps of lightness. */
uint32_t heat_color(unsigned heat);

/* ---- words and numbers, heatview-words.c ---- */
char *heat_printable(const char *text); /* to be freed; "" for NULL */
void heat_put_short(GString *out, uint64_t count); /* "12.3k": five characters at most */
void heat_put_share(GString *out, uint64_t part, heat_wide whole); /* "43.2%": as wide */
void heat_put_time(GString *out, const char *unit, uint64_t time); /* exact: "1.25 ms" */
void heat_put_total(GString *out, const struct heat_picture *picture, size_t line);
/* What is too long loses its middle. The result is its width on a terminal. */
size_t heat_put_name(GString *out, const char *name, size_t width);

/* Where to write which times below. */
struct heat_axis {
    uint64_t step, last, divisor;
    unsigned decimals;
    const char *suffix;
};
/* `places`: characters that fit below the whole picture. */
struct heat_axis heat_axis_for(const struct heat_picture *picture, size_t places);
void heat_put_tick(GString *out, const struct heat_axis *axis, uint64_t time);

#endif
