/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A heatmap on a terminal: a line for each row.
 *
 * Heat is a character, or a half of one: U+258C, the left half block, has a colour in front and one
 * behind. The scale's bottom is painted too, so a map looks the same on light and dark terminals.
 */
#include "output/heatview-text.h"

#include <limits.h>

#include "output/format.h"

#define HALF "\xe2\x96\x8c"

const char heat_letters[] = " .:-=+*#%@";
static const unsigned char palette[] = { 16, 17, 53, 89, 125, 161, 197, 203, 208, 214, 220, 228 };

enum { COLOR_LEVELS = 240 };
static const unsigned levels_of[] = {
    [OSI_HEAT_ASCII] = sizeof(heat_letters) - 2,
    [OSI_HEAT_256] = sizeof(palette) - 1,
    [OSI_HEAT_24BIT] = COLOR_LEVELS,
};

void heat_end_line(struct heat_text *text)
{
    g_string_append_c(text->out, '\n');
    fwrite(text->out->str, 1, text->out->len, text->stream);
    g_string_truncate(text->out, 0);
    text->used = 0;
}

void heat_put_blanks(GString *out, size_t n)
{
    g_string_append_printf(out, "%*s", (int)n, "");
}

/* ---- cells ---- */
/* Levels are spread over what can be told from nothing at all. */
void heat_put_color(GString *out, enum osi_heat_colors colors, bool behind, unsigned level)
{
    const char *what = behind ? "48" : "38";

    if (colors == OSI_HEAT_256) {
        g_string_append_printf(out, "\33[%s;5;%um", what, palette[level]);
    } else {
        uint32_t color = heat_color(level ? 255 - COLOR_LEVELS + level : 0);

        g_string_append_printf(out, "\33[%s;2;%u;%u;%um", what, color >> 16,
                               color >> 8 & 0xff, color & 0xff);
    }
}

/* `n` levels side by side, two in each character. */
static void put_halves(GString *out, enum osi_heat_colors colors, const unsigned *levels, size_t n)
{
    unsigned front = UINT_MAX, behind = UINT_MAX;

    for (size_t i = 0; i < n; i += 2) {
        unsigned left = levels[i], right = i + 1 < n ? levels[i + 1] : 0;

        if (right != behind) {
            heat_put_color(out, colors, true, behind = right);
        }
        if (left != right && left != front) {
            heat_put_color(out, colors, false, front = left);
        }
        g_string_append(out, left == right ? " " : HALF);
    }
    g_string_append(out, "\33[0m");
}

static void put_cells(const struct heat_text *text, size_t line)
{
    const struct heat_picture *picture = &text->picture;
    unsigned *levels = g_new(unsigned, picture->n_columns);

    for (size_t i = 0; i < picture->n_columns; i++) {
        levels[i] = heat_level(picture, line, i, text->levels);
        if (text->colors == OSI_HEAT_ASCII) {
            g_string_append_c(text->out, heat_letters[levels[i]]);
        }
    }
    if (text->colors != OSI_HEAT_ASCII) {
        put_halves(text->out, text->colors, levels, picture->n_columns);
    }
    g_free(levels);
}

size_t heat_columns_per_cell(const struct heat_text *text)
{
    return text->colors == OSI_HEAT_ASCII ? 1 : 2;
}

size_t heat_before_cells(const struct heat_text *text)
{
    return (text->name ? text->name + 1 : 0) + (text->total ? text->total + 1 : 0) + text->framed;
}

static void put_line(struct heat_text *text, size_t line)
{
    GString *out = text->out, *total = g_string_new(NULL);

    if (text->name) {
        size_t width = heat_put_name(out, text->picture.lines[line].name, text->name);

        heat_put_blanks(out, text->name - width);
        g_string_append_c(out, ' ');
    }
    if (text->total) {
        heat_put_total(total, &text->picture, line);
        g_string_append_printf(out, "%*s ", (int)text->total, total->str);
    }
    g_string_append(out, text->framed ? "|" : "");
    put_cells(text, line);
    g_string_append(out, text->framed ? "|" : "");
    heat_end_line(text);
    g_string_free(total, TRUE);
}

/* ---- the whole ---- */
/* Where there is no room for all, totals go first, then names, then whatever is no heat. */
static void lay_out(struct heat_text *text, size_t longest)
{
    unsigned width = text->width;

    text->framed = width >= 12;
    text->total = width >= 24 ? 5 : 0;
    if (text->framed) {
        text->name = (unsigned)MIN(longest, MAX((size_t)width * 3 / 10, (size_t)4));
    }
    text->cells = width - (unsigned)heat_before_cells(text) - text->framed;
}

static size_t longest_name(const struct heat_picture *picture)
{
    size_t longest = 0;

    for (size_t i = 0; i < picture->n_lines; i++) {
        longest = MAX(longest, osi_format_width(picture->lines[i].name));
    }
    return longest;
}

static void draw(struct heat_text *text)
{
    struct heat_picture *picture = &text->picture;

    lay_out(text, longest_name(picture));
    heat_picture_fill(picture, text->cells * heat_columns_per_cell(text));
    for (size_t i = 0; i < picture->n_lines; i++) {
        put_line(text, i);
    }
    if (text->framed) {
        heat_put_axis(text);
        heat_put_legend(text);
    }
}

void osi_heatview_text(const struct osi_heatview *view, enum osi_heat_order order,
                       enum osi_heat_colors colors, size_t rows, unsigned width, FILE *stream)
{
    struct heat_text text = {
        .colors = colors, .levels = levels_of[colors], .width = MAX(width, 1),
        .out = g_string_new(NULL), .stream = stream,
    };

    heat_picture_init(&text.picture, view, order, rows);
    if (text.picture.n_lines && view->n_columns) {
        draw(&text);
    } else {
        heat_put_words(&text, "nothing was counted");
        heat_end_line(&text);
    }
    heat_picture_clear(&text.picture);
    g_string_free(text.out, TRUE);
}
