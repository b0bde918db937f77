/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a view to a picture: which rows, in which order, columns joined, heat as levels. */
#include "output/heatview.h"

#include <stdlib.h>

struct rank {
    const struct heat_row *row;
    const uint64_t *values;
    uint64_t total;
    size_t half; /* the column in which the row reaches half of its total */
};

static const uint64_t *values_of(const struct osi_heatview *view, size_t row)
{
    return view->values + row * view->n_columns;
}

static size_t half_of(const struct osi_heatview *view, const uint64_t *values)
{
    heat_wide all = 0, until = 0;

    for (size_t i = 0; i < view->n_columns; i++) {
        all += values[i];
    }
    for (size_t i = 0; i < view->n_columns; i++) {
        until += values[i];
        if (until * 2 >= all) {
            return i;
        }
    }
    return view->n_columns;
}

/* Names decide between equals, so that a run drawn twice looks the same. */
static gint by_total(gconstpointer a, gconstpointer b)
{
    const struct rank *x = a, *y = b;

    if (x->total != y->total) {
        return x->total > y->total ? -1 : 1;
    }
    if (g_strcmp0(x->row->name, y->row->name) != 0) {
        return g_strcmp0(x->row->name, y->row->name);
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

static gint by_phase(gconstpointer a, gconstpointer b)
{
    const struct rank *x = a, *y = b;

    if (x->half != y->half) {
        return x->half < y->half ? -1 : 1;
    }
    return by_total(a, b);
}

/* All rows with values, the `rows` that will be drawn first and in order. */
static GArray *rank(const struct osi_heatview *view, enum osi_heat_order order, size_t rows)
{
    GArray *ranks = g_array_new(FALSE, FALSE, sizeof(struct rank));

    for (size_t i = 0; i < view->n_rows; i++) {
        struct rank one = { .row = &view->rows[i], .values = values_of(view, i) };

        for (size_t column = 0; column < view->n_columns && !one.row->vcpus; column++) {
            one.total = heat_sum(one.total, one.values[column]);
        }
        if (one.total && !one.row->rest) {
            g_array_append_val(ranks, one);
        }
    }
    g_array_sort(ranks, by_total);
    if (order == OSI_HEAT_BY_PHASE && ranks->len) {
        size_t n = MIN(rows, ranks->len);

        for (size_t i = 0; i < n; i++) {
            struct rank *one = &g_array_index(ranks, struct rank, i);

            one->half = half_of(view, one->values);
        }
        qsort(ranks->data, n, sizeof(struct rank), by_phase);
    }
    return ranks;
}

/* ---- lines ---- */
static void add_line(struct heat_picture *picture, char *name, unsigned vcpus)
{
    struct heat_line *line = &picture->lines[picture->n_lines++];

    line->name = name;
    line->vcpus = vcpus;
}

void heat_picture_init(struct heat_picture *picture, const struct osi_heatview *view,
                       enum osi_heat_order order, size_t rows)
{
    GArray *ranks = rank(view, order, rows ? rows : SIZE_MAX);

    *picture = (struct heat_picture){ .view = view, .ranks = ranks };
    picture->rows = rows ? MIN(rows, (size_t)ranks->len) : ranks->len;
    picture->lines = g_new0(struct heat_line, picture->rows + 1 + view->n_rows);
    for (size_t i = 0; i < picture->rows; i++) {
        add_line(picture, heat_printable(g_array_index(ranks, struct rank, i).row->name), 0);
    }
    picture->others = ranks->len - picture->rows;
    for (size_t i = 0; i < view->n_rows; i++) {
        picture->others += view->rows[i].rest;
    }
    if (picture->others) {
        add_line(picture, g_strdup_printf("[other: %zu rows]", picture->others), 0);
    }
    for (size_t i = 0; i < view->n_rows; i++) {
        if (view->rows[i].vcpus) {
            add_line(picture, heat_printable(view->rows[i].name), view->rows[i].vcpus);
        }
    }
}

static void add_values(const struct heat_picture *picture, struct heat_line *line,
                       const uint64_t *values)
{
    for (size_t i = 0; i < picture->view->n_columns; i++) {
        uint64_t *cell = &line->cells[i / picture->join];

        *cell = heat_sum(*cell, values[i]);
        line->total = heat_sum(line->total, values[i]);
    }
}

static void add_rows(struct heat_picture *picture)
{
    const struct osi_heatview *view = picture->view;
    size_t n = picture->rows + (picture->others > 0);

    for (guint i = 0; i < picture->ranks->len; i++) {
        add_values(picture, &picture->lines[MIN((size_t)i, picture->rows)],
                   g_array_index(picture->ranks, struct rank, i).values);
    }
    for (size_t i = 0; i < view->n_rows; i++) {
        if (view->rows[i].rest) {
            add_values(picture, &picture->lines[picture->rows], values_of(view, i));
        }
    }
    for (size_t i = 0; i < n * picture->n_columns; i++) {
        picture->most = MAX(picture->most, picture->cells[i]);
    }
    for (size_t i = 0; i < view->n_rows; i++) {
        if (view->rows[i].vcpus) {
            add_values(picture, &picture->lines[n++], values_of(view, i));
        }
    }
}

void heat_picture_fill(struct heat_picture *picture, size_t max_columns)
{
    size_t n = picture->view->n_columns;

    picture->join = n ? (n - 1) / max_columns + 1 : 1;
    picture->n_columns = n ? (n - 1) / picture->join + 1 : 0;
    picture->cells = g_new0(uint64_t, picture->n_lines * picture->n_columns);
    for (size_t i = 0; i < picture->n_lines; i++) {
        picture->lines[i].cells = picture->cells + i * picture->n_columns;
    }
    add_rows(picture);
}

void heat_picture_clear(struct heat_picture *picture)
{
    for (size_t i = 0; i < picture->n_lines; i++) {
        g_free(picture->lines[i].name);
    }
    g_array_free(picture->ranks, TRUE);
    g_free(picture->lines);
    g_free(picture->cells);
}

/* ---- heat ---- */
uint64_t heat_time_of(const struct heat_picture *picture, size_t column)
{
    const struct osi_heatview *view = picture->view;
    heat_wide columns = MIN((heat_wide)column * picture->join, (heat_wide)view->n_columns);

    return (uint64_t)MIN(columns * view->width, (heat_wide)UINT64_MAX);
}

heat_wide heat_whole(const struct heat_picture *picture, size_t line, size_t from, size_t to)
{
    uint64_t time = heat_time_of(picture, to) - heat_time_of(picture, from);

    return (heat_wide)time * picture->lines[line].vcpus;
}

/* The lowest level whose end is not below the value. Without division, so it is exact. */
static unsigned root_level(uint64_t value, uint64_t most, unsigned levels)
{
    unsigned low = 1, high = levels;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if ((heat_wide)value * levels * levels <= (heat_wide)most * middle * middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

unsigned heat_level(const struct heat_picture *picture, size_t line, size_t column,
                    unsigned levels)
{
    uint64_t value = picture->lines[line].cells[column];
    heat_wide whole;

    if (value == 0) {
        return 0;
    }
    if (!picture->lines[line].vcpus) {
        return root_level(value, picture->most, levels);
    }
    whole = heat_whole(picture, line, column, column + 1);
    /* Time that overlaps into a column may be more than it has. */
    return value < whole ? (unsigned)(((heat_wide)value * levels + whole - 1) / whole) : levels;
}

uint64_t heat_level_end(const struct heat_picture *picture, unsigned level, unsigned levels)
{
    return (uint64_t)((heat_wide)picture->most * level * level / levels / levels);
}

/* Lightness (CIE L*) goes from 4 to 96 in equal steps, from blue through red to yellow. */
uint32_t heat_color(unsigned heat)
{
    static const uint32_t stops[] = {
        0x00083b, 0x160c55, 0x400068, 0x600066, 0x7c0066, 0x970065, 0xb30063, 0xd0005d, 0xec0052,
        0xff2e46, 0xff5f45, 0xff7f49, 0xff9b54, 0xffb363, 0xffca77, 0xfce1a0, 0xfcf4d1,
    };
    unsigned at = MIN(heat, 255) * (G_N_ELEMENTS(stops) - 1), part = at % 255;
    uint32_t from = stops[at / 255], to = stops[MIN(at / 255 + 1, G_N_ELEMENTS(stops) - 1)];
    uint32_t color = 0;

    for (int shift = 16; shift >= 0; shift -= 8) {
        unsigned a = from >> shift & 0xff, b = to >> shift & 0xff;

        color |= (a * (255 - part) + b * part + 127) / 255 << shift;
    }
    return color;
}
