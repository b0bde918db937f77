/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A heatmap as SVG. Neighbours of the same heat are one rectangle with one tooltip. Colours are
 * classes, so that a style sheet turns the scale around: what is hot is dark on a light page, and
 * light on a dark one.
 */
#include "output/heatview.h"

#include <inttypes.h>
#include <string.h>

#include "output/format.h"

enum {
    LEVELS = 16,
    MAX_COLUMNS = 600,
    MAX_NAME = 48, /* characters of a label; the tooltip has all */
    CHARACTER = 7, /* pixels, and a bit */
    PANEL = 960,
    LINE = 16,
    MARGIN = 10,
    LABELS = 60, /* lowest two labels below: axis and legend */
};

struct page {
    struct heat_picture picture;
    unsigned left; /* of the panel */
    size_t panel;  /* height */
    GString *out;
    FILE *stream;
};

static void flush(struct page *page)
{
    fwrite(page->out->str, 1, page->out->len, page->stream);
    g_string_truncate(page->out, 0);
}

/* Names can be printed, so markup is all that is left to escape. */
static void put_escaped(GString *out, const char *text)
{
    char *escaped = g_markup_escape_text(text, -1);

    g_string_append(out, escaped);
    g_free(escaped);
}

/* Hundredths of pixels, without a locale's comma. */
static void put_pixels(GString *out, heat_wide hundredths)
{
    g_string_append_printf(out, "%" PRIu64 ".%02u", (uint64_t)(hundredths / 100),
                           (unsigned)(hundredths % 100));
}

/* ---- the frame ---- */
static void put_scale(GString *out, bool dark)
{
    for (unsigned level = 1; level <= LEVELS; level++) {
        unsigned heat = 30 + level * 225 / LEVELS;

        g_string_append_printf(out, "%s.h%u{fill:#%06x}", dark ? " " : "", level,
                               heat_color(dark ? heat : 285 - heat));
    }
    g_string_append_c(out, '\n');
}

static void put_head(struct page *page, size_t height)
{
    GString *out = page->out;

    g_string_append_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%zu\" "
        "viewBox=\"0 0 %u %zu\" font-family=\"monospace\" font-size=\"12\">\n<style>\n"
        "svg{background:#ffffff} text{fill:#1c1c22} path{stroke:#1c1c22} .panel{fill:#f1f1f4}\n"
        "rect{shape-rendering:crispEdges}\n",
        page->left + PANEL + MARGIN, height, page->left + PANEL + MARGIN, height);
    put_scale(out, false);
    g_string_append(out, "@media (prefers-color-scheme:dark){\n"
        " svg{background:#16161c} text{fill:#e4e4ea} path{stroke:#e4e4ea} .panel{fill:#00031c}\n");
    put_scale(out, true);
    g_string_append(out, "}\n</style>\n");
    g_string_append_printf(out, "<rect class=\"panel\" x=\"%u\" y=\"%u\" width=\"%u\" "
                           "height=\"%zu\"/>\n", page->left, MARGIN, PANEL, page->panel);
}

/* ---- rows ---- */
static void put_label(struct page *page, size_t line, unsigned y)
{
    const char *name = page->picture.lines[line].name;
    GString *out = page->out, *label = g_string_new(NULL), *total = g_string_new(NULL);

    heat_put_name(label, name, MAX_NAME);
    heat_put_total(total, &page->picture, line);
    g_string_append_printf(out, "<text x=\"%u\" y=\"%u\"><title>", MARGIN, y + 12);
    put_escaped(out, name);
    g_string_append(out, "</title>");
    put_escaped(out, label->str);
    g_string_append_printf(out, "</text><text text-anchor=\"end\" x=\"%u\" y=\"%u\">%s</text>\n",
                           page->left - MARGIN, y + 12, total->str);
    g_string_free(label, TRUE);
    g_string_free(total, TRUE);
}

static void put_tooltip(struct page *page, size_t line, size_t from, size_t to, uint64_t value)
{
    const struct heat_picture *picture = &page->picture;
    const char *unit = picture->view->unit;
    bool time = picture->lines[line].vcpus != 0;
    GString *out = page->out;

    g_string_append(out, "<title>");
    put_escaped(out, picture->lines[line].name);
    g_string_append_c(out, '\n');
    heat_put_time(out, unit, heat_time_of(picture, from));
    g_string_append(out, " - ");
    heat_put_time(out, unit, heat_time_of(picture, to));
    g_string_append_printf(out, "\n%" PRIu64 " ", value);
    put_escaped(out, time ? unit : picture->view->value_unit);
    if (time) {
        g_string_append(out, ", ");
        heat_put_share(out, value, heat_whole(picture, line, from, to));
    }
    g_string_append(out, "</title>");
}

/* From column to column, all of one level. */
static void put_stretch(struct page *page, size_t line, size_t from, size_t to, unsigned y)
{
    const struct heat_picture *picture = &page->picture;
    size_t n = picture->n_columns, start = from * PANEL * 100 / n, end = to * PANEL * 100 / n;
    unsigned level = heat_level(picture, line, from, LEVELS);
    uint64_t value = 0;

    for (size_t i = from; i < to; i++) {
        value = heat_sum(value, picture->lines[line].cells[i]);
    }
    g_string_append_printf(page->out, "<rect class=\"h%u\" x=\"", level);
    put_pixels(page->out, (heat_wide)page->left * 100 + start);
    g_string_append_printf(page->out, "\" y=\"%u\" width=\"", y);
    put_pixels(page->out, end - start);
    g_string_append_printf(page->out, "\" height=\"%u\">", LINE - 1);
    put_tooltip(page, line, from, to, value);
    g_string_append(page->out, "</rect>\n");
}

static void put_line(struct page *page, size_t line)
{
    const struct heat_picture *picture = &page->picture;
    unsigned y = MARGIN + (unsigned)line * LINE;
    size_t to;

    put_label(page, line, y);
    for (size_t from = 0; from < picture->n_columns; from = to) {
        unsigned level = heat_level(picture, line, from, LEVELS);

        for (to = from + 1; to < picture->n_columns; to++) {
            if (heat_level(picture, line, to, LEVELS) != level) {
                break;
            }
        }
        if (level) {
            put_stretch(page, line, from, to, y);
        }
    }
    flush(page);
}

/* ---- below ---- */
static void put_axis(struct page *page, size_t y)
{
    struct heat_axis axis = heat_axis_for(&page->picture, PANEL / CHARACTER);
    heat_wide column = (heat_wide)page->picture.join * page->picture.view->width;

    for (uint64_t i = 0; i <= axis.last / axis.step; i++) {
        heat_wide x = (heat_wide)i * axis.step * PANEL * 100 / column / page->picture.n_columns +
                      page->left * 100;

        g_string_append(page->out, "<path d=\"M");
        put_pixels(page->out, x);
        g_string_append_printf(page->out, " %zuv5\"/><text x=\"", y);
        put_pixels(page->out, x);
        g_string_append_printf(page->out, "\" y=\"%zu\">", y + 18);
        heat_put_tick(page->out, &axis, i * axis.step);
        g_string_append(page->out, "</text>\n");
    }
}

static void put_legend(struct page *page, size_t y)
{
    const struct heat_picture *picture = &page->picture;
    GString *text = g_string_new(NULL);

    for (unsigned level = 1; level <= LEVELS && picture->most; level++) {
        g_string_append_printf(page->out, "<rect class=\"h%u\" x=\"%u\" y=\"%zu\" width=\"10\" "
                               "height=\"12\"/>\n", level, page->left + (level - 1) * 10, y - 10);
    }
    if (picture->most) {
        g_string_append_printf(text, "to %" PRIu64 " %s in ", picture->most,
                               picture->view->value_unit);
        heat_put_time(text, picture->view->unit, heat_time_of(picture, 1));
        g_string_append(text, " (square root scale)");
    }
    if (picture->lines[picture->n_lines - 1].vcpus) {
        g_string_append_printf(text, "%srows in %%: share of the time (linear scale)",
                               text->len ? "; " : "");
    }
    g_string_append_printf(page->out, "<text x=\"%u\" y=\"%zu\">",
                           page->left + LEVELS * 10 + MARGIN, y);
    put_escaped(page->out, text->str);
    g_string_append(page->out, "</text>\n");
    g_string_free(text, TRUE);
}

/* ---- the whole ---- */
/* Widest label, room for a total, margins. */
static unsigned left_of_panel(const struct heat_picture *picture)
{
    size_t longest = 0;

    for (size_t i = 0; i < picture->n_lines; i++) {
        longest = MAX(longest, osi_format_width(picture->lines[i].name));
    }
    return (unsigned)(MIN(longest, (size_t)MAX_NAME) + strlen(" 12.3k")) * 15 / 2 + 3 * MARGIN;
}

void osi_heatview_svg(const struct osi_heatview *view, enum osi_heat_order order, size_t rows,
                      FILE *stream)
{
    struct page page = { .out = g_string_new(NULL), .stream = stream };
    struct heat_picture *picture = &page.picture;

    heat_picture_init(picture, view, order, rows);
    heat_picture_fill(picture, MAX_COLUMNS);
    page.left = left_of_panel(picture);
    page.panel = picture->n_lines * LINE;
    put_head(&page, page.panel + MARGIN + LABELS);
    for (size_t i = 0; i < picture->n_lines; i++) {
        put_line(&page, i);
    }
    if (picture->n_lines && picture->n_columns) {
        put_axis(&page, page.panel + MARGIN);
        put_legend(&page, page.panel + MARGIN + 42);
    } else {
        g_string_append_printf(page.out, "<text x=\"%u\" y=\"%zu\">nothing was counted</text>\n",
                               MARGIN, page.panel + MARGIN + 42);
    }
    g_string_append(page.out, "</svg>\n");
    flush(&page);
    heat_picture_clear(picture);
    g_string_free(page.out, TRUE);
}
