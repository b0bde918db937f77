/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random heatmaps with a second copy of their values, the lines that a drawing should have of them,
 * and a reader of the SVG. */
#ifndef TESTS_UNIT_HEATVIEW_MODEL_H
#define TESTS_UNIT_HEATVIEW_MODEL_H

#include <check.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/heatview.h>

__extension__ typedef unsigned __int128 model_wide;

struct model {
    struct osi_heatview *view;
    size_t n_rows, n_columns;
    uint64_t width;
    unsigned vcpus; /* of the last row, which is time; 0: it is as the others */
    uint64_t *values;
};

struct model_line {
    char *name;
    bool is_time;
    uint64_t total;
    uint64_t *cells;
    size_t half;
};

struct model_lines {
    const struct model *model;
    GArray *lines; /* struct model_line */
    size_t n_columns, join;
    uint64_t most;
};

/* ---- views ---- */
static inline uint64_t *model_value(const struct model *model, size_t row, size_t column)
{
    return &model->values[row * model->n_columns + column];
}

static inline uint64_t model_random_value(GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        return 0;
    case 1:
        return (uint64_t)g_rand_int_range(rand, 0, 10);
    case 2:
        return (uint64_t)g_rand_int(rand) >> g_rand_int_range(rand, 0, 32);
    default:
        return (uint64_t)g_rand_int_range(rand, 1000, 100000);
    }
}

static inline struct model *model_random(GRand *rand, int max_rows, int max_columns)
{
    struct model *model = g_new0(struct model, 1);

    model->n_rows = (size_t)g_rand_int_range(rand, 1, max_rows + 1);
    /* Few columns are few values, of which some are the same. */
    model->n_columns = (size_t)g_rand_int_range(rand, 1, g_rand_boolean(rand) ? 3 : max_columns);
    model->width = (uint64_t)g_rand_int_range(rand, 1, 5000000);
    model->values = g_new0(uint64_t, model->n_rows * model->n_columns);
    model->view = osi_heatview_new(model->n_rows, model->n_columns, model->width, "ns", "things");
    for (size_t row = 0; row < model->n_rows; row++) {
        size_t from = (size_t)g_rand_int_range(rand, 0, (int)model->n_columns);
        char name[16];

        g_snprintf(name, sizeof(name), "f%zu", 99 - row);
        osi_heatview_name(model->view, row, name);
        for (size_t i = from; i < model->n_columns && g_rand_int_range(rand, 0, 100); i++) {
            uint64_t a = model_random_value(rand), b = model_random_value(rand);

            osi_heatview_add(model->view, row, i, a);
            osi_heatview_add(model->view, row, i, b);
            *model_value(model, row, i) = a + b;
        }
    }
    model->vcpus = (unsigned)g_rand_int_range(rand, 0, 4);
    if (model->vcpus) {
        osi_heatview_is_time(model->view, model->n_rows - 1, model->vcpus);
    }
    return model;
}

static inline void model_free(struct model *model)
{
    osi_heatview_free(model->view);
    g_free(model->values);
    g_free(model);
}

/* ---- the lines of a drawing ---- */
static inline gint model_by_total(gconstpointer a, gconstpointer b)
{
    const struct model_line *x = a, *y = b;

    return x->total > y->total ? -1 : x->total < y->total ? 1 : strcmp(x->name, y->name);
}

static inline gint model_by_phase(gconstpointer a, gconstpointer b)
{
    const struct model_line *x = a, *y = b;

    return x->half < y->half ? -1 : x->half > y->half ? 1 : model_by_total(a, b);
}

static inline struct model_line model_line_of(const struct model *model, size_t row, size_t join,
                                              size_t n_columns)
{
    struct model_line line = { .name = g_strdup_printf("f%zu", 99 - row) };
    uint64_t until = 0;

    line.cells = g_new0(uint64_t, n_columns);
    for (size_t i = 0; i < model->n_columns; i++) {
        line.cells[i / join] += *model_value(model, row, i);
        line.total += *model_value(model, row, i);
    }
    for (size_t i = 0; i < model->n_columns; i++) {
        until += *model_value(model, row, i);
        if (until >= line.total - until) {
            line.half = i;
            break;
        }
    }
    return line;
}

static inline void model_line_clear(struct model_line *line)
{
    g_free(line->name);
    g_free(line->cells);
}

/* All that is behind the first `rows`, as one line. */
static inline void model_lump(struct model_lines *lines, guint rows)
{
    struct model_line *other = &g_array_index(lines->lines, struct model_line, rows);

    g_free(other->name);
    other->name = g_strdup_printf("[other: %u rows]", lines->lines->len - rows);
    while (lines->lines->len > rows + 1) {
        struct model_line *last = &g_array_index(lines->lines, struct model_line,
                                                 lines->lines->len - 1);

        for (size_t i = 0; i < lines->n_columns; i++) {
            other->cells[i] += last->cells[i];
        }
        other->total += last->total;
        model_line_clear(last);
        g_array_set_size(lines->lines, lines->lines->len - 1);
    }
}

static inline struct model_lines *model_lines(const struct model *model, enum osi_heat_order order,
                                              size_t rows, size_t join)
{
    struct model_lines *lines = g_new0(struct model_lines, 1);
    size_t n_values = model->n_rows - (model->vcpus != 0);

    lines->model = model;
    lines->join = join;
    lines->n_columns = (model->n_columns + join - 1) / join;
    lines->lines = g_array_new(FALSE, FALSE, sizeof(struct model_line));
    for (size_t row = 0; row < n_values; row++) {
        struct model_line line = model_line_of(model, row, join, lines->n_columns);

        if (line.total) {
            g_array_append_val(lines->lines, line);
        } else {
            model_line_clear(&line);
        }
    }
    g_array_sort(lines->lines, model_by_total);
    if (rows && lines->lines->len > rows) {
        model_lump(lines, (guint)rows);
    }
    if (order == OSI_HEAT_BY_PHASE && lines->lines->len) {
        guint n = rows ? MIN((guint)rows, lines->lines->len) : lines->lines->len;

        qsort(lines->lines->data, n, sizeof(struct model_line), model_by_phase);
    }
    for (guint i = 0; i < lines->lines->len; i++) {
        for (size_t column = 0; column < lines->n_columns; column++) {
            lines->most = MAX(lines->most,
                              g_array_index(lines->lines, struct model_line, i).cells[column]);
        }
    }
    if (model->vcpus) {
        struct model_line line = model_line_of(model, n_values, join, lines->n_columns);

        line.is_time = true;
        g_array_append_val(lines->lines, line);
    }
    return lines;
}

static inline void model_lines_free(struct model_lines *lines)
{
    for (guint i = 0; i < lines->lines->len; i++) {
        model_line_clear(&g_array_index(lines->lines, struct model_line, i));
    }
    g_array_free(lines->lines, TRUE);
    g_free(lines);
}

/* Is there any line? */
static inline bool model_any(const struct model *model)
{
    struct model_lines *lines = model_lines(model, OSI_HEAT_BY_TOTAL, 0, 1);
    bool any = lines->lines->len > 0;

    model_lines_free(lines);
    return any;
}

/* When a column begins, and the end of the last. */
static inline uint64_t model_start(const struct model *model, const struct model_lines *lines,
                                   size_t column)
{
    return MIN(column * lines->join, model->n_columns) * model->width;
}

static inline unsigned model_level(const struct model_lines *lines, guint line, size_t column,
                                   unsigned levels)
{
    const struct model_line *it = &g_array_index(lines->lines, struct model_line, line);
    uint64_t whole = (model_start(lines->model, lines, column + 1) -
                      model_start(lines->model, lines, column)) * lines->model->vcpus;
    unsigned level = 0;

    if (it->is_time) {
        while (level < levels &&
               (model_wide)it->cells[column] * levels > (model_wide)whole * level) {
            level++;
        }
    } else {
        while ((model_wide)it->cells[column] * levels * levels >
               (model_wide)lines->most * level * level) {
            level++;
        }
    }
    return level;
}

static inline char *model_letters(const struct model_lines *lines, guint line)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < lines->n_columns; i++) {
        g_string_append_c(out, " .:-=+*#%@"[model_level(lines, line, i, 9)]);
    }
    return g_string_free(out, FALSE);
}

/* ---- reading SVG ---- */
struct svg_stretch {
    char *name;
    guint line; /* by the order of labels, from its height */
    unsigned level;
    uint64_t from, to, value;
};

struct svg {
    GPtrArray *labels;   /* char *: full names */
    GArray *stretches;   /* struct svg_stretch */
    struct svg_stretch now;
    GString *title;
    bool in_title, in_label;
};

static inline uint64_t svg_time(const char *text)
{
    static const struct { const char *suffix; uint64_t ns; } units[] = {
        { " ns", 1 }, { " us", 1000 }, { " ms", 1000000 }, { " s", 1000000000 },
    };
    char *rest;
    uint64_t whole = g_ascii_strtoull(text, &rest, 10), part = 0, scale = 1;

    if (*rest == '.') {
        for (rest++; g_ascii_isdigit(*rest); rest++) {
            part = part * 10 + (uint64_t)(*rest - '0');
            scale *= 10;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(rest, units[i].suffix) == 0) {
            return whole * units[i].ns + part * units[i].ns / scale;
        }
    }
    ck_abort_msg("no time: %s", text);
}

static inline void svg_start(GMarkupParseContext *context, const gchar *element,
                             const gchar **names, const gchar **values, gpointer data,
                             GError **error)
{
    struct svg *svg = data;

    (void)context, (void)error;
    if (strcmp(element, "title") == 0) {
        svg->in_title = true;
        g_string_truncate(svg->title, 0);
    }
    svg->in_label |= strcmp(element, "text") == 0;
    for (; *names && strcmp(element, "rect") == 0; names++, values++) {
        if (strcmp(*names, "class") == 0) {
            svg->now.level = (unsigned)strtoul(*values + 1, NULL, 10);
        } else if (strcmp(*names, "y") == 0) {
            svg->now.line = (guint)(strtoul(*values, NULL, 10) - 10) / 16;
        }
    }
}

static inline void svg_end(GMarkupParseContext *context, const gchar *element, gpointer data,
                           GError **error)
{
    struct svg *svg = data;

    (void)context, (void)error;
    svg->in_label &= strcmp(element, "text") != 0;
    if (strcmp(element, "title") != 0) {
        return;
    }
    svg->in_title = false;
    if (svg->in_label) {
        g_ptr_array_add(svg->labels, g_strdup(svg->title->str));
    } else {
        char **lines = g_strsplit(svg->title->str, "\n", -1), **times;

        ck_assert_uint_eq(g_strv_length(lines), 3);
        svg->now.name = g_strdup(lines[0]);
        times = g_strsplit(lines[1], " - ", -1);
        if (!g_strrstr(lines[1], "\\n")) {
            svg->now.from = svg_time(times[0]);
            svg->now.to = svg_time(times[1]);
        }
        svg->now.value = g_ascii_strtoull(lines[2], NULL, 10);
        g_array_append_val(svg->stretches, svg->now);
        g_strfreev(times);
        g_strfreev(lines);
    }
}

static inline void svg_text(GMarkupParseContext *context, const gchar *text, gsize length,
                            gpointer data, GError **error)
{
    struct svg *svg = data;

    (void)context, (void)error;
    if (svg->in_title) {
        g_string_append_len(svg->title, text, (gssize)length);
    }
}

static inline struct svg *svg_read(const char *text)
{
    const GMarkupParser parser = { .start_element = svg_start, .end_element = svg_end,
                                   .text = svg_text };
    struct svg *svg = g_new0(struct svg, 1);
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, svg, NULL);

    svg->labels = g_ptr_array_new_with_free_func(g_free);
    svg->stretches = g_array_new(FALSE, FALSE, sizeof(struct svg_stretch));
    svg->title = g_string_new(NULL);
    ck_assert(g_markup_parse_context_parse(context, text, -1, NULL));
    ck_assert(g_markup_parse_context_end_parse(context, NULL));
    g_markup_parse_context_free(context);
    return svg;
}

static inline void svg_free(struct svg *svg)
{
    for (guint i = 0; i < svg->stretches->len; i++) {
        g_free(g_array_index(svg->stretches, struct svg_stretch, i).name);
    }
    g_ptr_array_unref(svg->labels);
    g_array_free(svg->stretches, TRUE);
    g_string_free(svg->title, TRUE);
    g_free(svg);
}

/* Of all stretches of a line, which follow each other until `end` at most. */
static inline uint64_t svg_sum(const struct svg *svg, guint line, const char *name, uint64_t end)
{
    uint64_t sum = 0, last = 0;

    for (guint i = 0; i < svg->stretches->len; i++) {
        const struct svg_stretch *it = &g_array_index(svg->stretches, struct svg_stretch, i);

        if (it->line == line) {
            ck_assert_str_eq(it->name, name);
            ck_assert_uint_ge(it->from, last);
            ck_assert_uint_gt(it->to, it->from);
            last = it->to;
            sum += it->value;
        }
    }
    ck_assert_uint_le(last, end);
    return sum;
}

/* Of the stretch that a time is in; 0: none. */
static inline unsigned svg_level(const struct svg *svg, guint line, uint64_t time)
{
    for (guint i = 0; i < svg->stretches->len; i++) {
        const struct svg_stretch *it = &g_array_index(svg->stretches, struct svg_stretch, i);

        if (it->line == line && it->from <= time && time < it->to) {
            return it->level;
        }
    }
    return 0;
}

#endif
