/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Below a heatmap on a terminal: times, and what the heat means. */
#include "output/heatview-text.h"

#include <inttypes.h>
#include <string.h>

#define BAR 24 /* characters of a scale that has more levels */

/* ---- the axis ---- */
static size_t cell_of(const struct heat_text *text, uint64_t time)
{
    const struct heat_picture *picture = &text->picture;

    return time / picture->view->width / picture->join / heat_columns_per_cell(text);
}

/* Labels begin below their tick; one that would go beyond the line is left out. */
void heat_put_axis(struct heat_text *text)
{
    size_t per_cell = heat_columns_per_cell(text), before = heat_before_cells(text);
    size_t n = (text->picture.n_columns + per_cell - 1) / per_cell;
    struct heat_axis axis = heat_axis_for(&text->picture, n);
    GString *labels = g_string_new(NULL), *label = g_string_new(NULL);
    char *ticks = g_strnfill(n, '-');

    heat_put_blanks(labels, before);
    for (uint64_t i = 0; i <= axis.last / axis.step; i++) {
        size_t cell = cell_of(text, i * axis.step);

        g_string_truncate(label, 0);
        heat_put_tick(label, &axis, i * axis.step);
        if (cell < n) {
            ticks[cell] = '+';
        }
        if (cell < n && before + cell >= labels->len && before + cell + label->len <= text->width) {
            heat_put_blanks(labels, before + cell - labels->len);
            g_string_append(labels, label->str);
        }
    }
    heat_put_blanks(text->out, before);
    g_string_append(text->out, ticks);
    heat_end_line(text);
    g_string_append(text->out, labels->str);
    heat_end_line(text);
    g_free(ticks);
    g_string_free(label, TRUE);
    g_string_free(labels, TRUE);
}

/* ---- the legend ---- */
/* The next word, on the next line if this has no room. */
static void put_word(struct heat_text *text, const char *word, size_t width)
{
    if (text->used && text->used + 1 + width > text->width) {
        heat_end_line(text);
    } else if (text->used) {
        g_string_append_c(text->out, ' ');
        text->used++;
    }
    g_string_append(text->out, word);
    text->used += width;
}

void heat_put_words(struct heat_text *text, const char *all)
{
    char **words = g_strsplit(all, " ", -1);

    for (char **word = words; *word; word++) {
        GString *fitting = g_string_new(NULL);
        size_t width = heat_put_name(fitting, *word, text->width);

        put_word(text, fitting->str, width);
        g_string_free(fitting, TRUE);
    }
    g_strfreev(words);
}

/* Levels that no value can have are left out. A letter stays with its number. */
static void put_letters(struct heat_text *text)
{
    GString *words = g_string_new(NULL);
    uint64_t before = 0;

    for (unsigned level = 1; level <= text->levels; level++) {
        uint64_t end = heat_level_end(&text->picture, level, text->levels);

        g_string_printf(words, "%c to ", heat_letters[level]);
        if (level < text->levels) {
            heat_put_short(words, end);
            g_string_append_c(words, ',');
        } else {
            g_string_append_printf(words, "%" PRIu64, end);
        }
        if (end > before && words->len <= text->width) {
            put_word(text, words->str, words->len);
        } else if (end > before) {
            heat_put_words(text, words->str);
        }
        before = end;
    }
    g_string_free(words, TRUE);
}

static void put_bar(struct heat_text *text)
{
    unsigned n = MIN(text->levels + 1, BAR);
    GString *bar = g_string_new("0 ");

    for (unsigned i = 0; i < n; i++) {
        heat_put_color(bar, text->colors, true, i * text->levels / (n - 1));
        g_string_append_c(bar, ' ');
    }
    g_string_append(bar, "\33[0m");
    if (n + strlen("0 ") <= text->width) {
        put_word(text, bar->str, n + strlen("0 "));
    }
    g_string_printf(bar, "%" PRIu64, text->picture.most);
    heat_put_words(text, bar->str);
    g_string_free(bar, TRUE);
}

void heat_put_legend(struct heat_text *text)
{
    const struct heat_picture *picture = &text->picture;
    bool ascii = text->colors == OSI_HEAT_ASCII;
    GString *words = g_string_new(picture->view->value_unit);

    if (picture->most) {
        heat_put_words(text, "heat:");
        (ascii ? put_letters : put_bar)(text);
        g_string_append(words, " in ");
        heat_put_time(words, picture->view->unit, heat_time_of(picture, 1));
        g_string_append(words, " (the most; square root scale)");
        heat_put_words(text, words->str);
        heat_end_line(text);
    }
    if (picture->lines[picture->n_lines - 1].vcpus) {
        g_string_printf(words, "rows in %%: share of the time (%s 100%%, linear scale)",
                        ascii ? "@ to" : "brightest:");
        heat_put_words(text, words->str);
        heat_end_line(text);
    }
    g_string_free(words, TRUE);
}

