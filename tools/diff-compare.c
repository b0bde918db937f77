/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of two runs as lines: a value before, a value after.
 *
 * A difference is notable if it can hardly be chance. Where runs repeat exactly, each one is. Else
 * sums have to differ by a twentieth, and by a two-hundredth of all that the table has; values
 * of distributions by a twentieth, if the distributions differ.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define NOTABLE_CHANGE 0.05
#define NOTABLE_SHARE 0.005
#define NOTABLE_P 0.001 /* there are many rows: of a thousand alike, one */

static uint64_t distance(const struct diff_line *line)
{
    uint64_t before = line->before == OSI_NONE ? 0 : line->before;
    uint64_t after = line->after == OSI_NONE ? 0 : line->after;

    return before > after ? before - after : after - before;
}

static int order(const void *left, const void *right)
{
    const struct diff_line *a = left, *b = right;
    uint64_t x = distance(a), y = distance(b);
    int result = (x < y) - (x > y);

    if (!result) {
        result = strcmp(a->name, b->name);
    }
    if (!result) {
        result = g_strcmp0(a->of, b->of);
    }
    return result ? result : (a->measure > b->measure) - (a->measure < b->measure);
}

int64_t diff_difference(uint64_t before, uint64_t after)
{
    uint64_t d = before > after ? before - after : after - before;
    int64_t size = (int64_t)MIN(d, (uint64_t)INT64_MAX);

    return before > after ? -size : size;
}

static uint64_t or_zero(uint64_t value)
{
    return value == OSI_NONE ? 0 : value;
}

/* What was not there was 0 of a sum; of a percentile it was none. */
static void find_difference(struct diff_line *line, enum diff_how how)
{
    bool both = line->before != OSI_NONE && line->after != OSI_NONE;

    line->difference = INT64_MIN;
    line->change = NAN;
    if (both || how == DIFF_SUM) {
        line->difference = diff_difference(or_zero(line->before), or_zero(line->after));
    }
    if (both && line->before) {
        line->change = (double)line->difference / (double)line->before;
    }
}

static bool is_large(uint64_t before, uint64_t after)
{
    double size = fabs((double)after - (double)before);

    return size > 0 && size >= NOTABLE_CHANGE * fmax((double)before, (double)after);
}

bool diff_is_notable_sum(uint64_t before, uint64_t after, double whole)
{
    return is_large(before, after) &&
           fabs((double)after - (double)before) >= NOTABLE_SHARE * whole;
}

static bool is_notable(const struct diff_line *line, enum diff_how how, double whole, bool exact)
{
    uint64_t before = or_zero(line->before), after = or_zero(line->after);

    if (exact) {
        return before != after || line->status;
    }
    if (how == DIFF_SUM) {
        return diff_is_notable_sum(before, after, whole);
    }
    return is_large(before, after) && line->p < NOTABLE_P; /* false for NAN */
}

/* All that one run has of a measure; of a row that stands for others it is counted twice, but those are
 * distributions. */
static double sum_of(GHashTable *rows, size_t measure)
{
    GHashTableIter iter;
    double sum = 0;
    void *row;

    g_hash_table_iter_init(&iter, rows);
    while (g_hash_table_iter_next(&iter, NULL, &row)) {
        sum += (double)or_zero(((struct diff_row *)row)->values[measure]);
    }
    return sum;
}

struct comparison {
    struct diff_lines *lines;
    const struct diff_spec *spec;
    double whole[DIFF_MEASURES];
    bool exact;
};

static void add_line(struct comparison *c, const struct diff_row *a, const struct diff_row *b,
                     size_t measure, double p)
{
    enum diff_how how = c->spec->measures[measure].how;
    struct diff_line line = {
        .name = a ? a->name : b->name,
        .of = a ? a->of : b->of,
        .measure = (unsigned)measure,
        .before = a ? a->values[measure] : OSI_NONE,
        .after = b ? b->values[measure] : OSI_NONE,
        .status = !a ? "new" : !b ? "gone" : NULL,
        .p = p,
    };

    if (line.before == OSI_NONE && line.after == OSI_NONE) {
        return;
    }
    find_difference(&line, how);
    line.notable = is_notable(&line, how, c->whole[measure], c->exact);
    c->lines->n_notable += line.notable;
    c->lines->n_different += line.before != line.after;
    g_array_append_val(c->lines->lines, line);
}

static void add_row(struct comparison *c, const struct diff_row *a, const struct diff_row *b)
{
    double p = diff_mann_whitney(a ? a->histogram : NULL, b ? b->histogram : NULL);

    for (size_t i = 0; i < diff_n_measures(c->spec); i++) {
        add_line(c, a, b, i, p);
    }
}

void diff_compare(struct diff_lines *lines, const struct diff_spec *spec, GHashTable *before,
                  GHashTable *after, bool exact)
{
    struct comparison c = { .lines = lines, .spec = spec, .exact = exact };
    GHashTableIter iter;
    void *key, *row;

    *lines = (struct diff_lines){ .lines = g_array_new(FALSE, FALSE, sizeof(struct diff_line)) };
    for (size_t i = 0; i < diff_n_measures(spec); i++) {
        c.whole[i] = fmax(sum_of(before, i), sum_of(after, i));
    }
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        add_row(&c, row, g_hash_table_lookup(after, key));
    }
    g_hash_table_iter_init(&iter, after);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        if (!g_hash_table_contains(before, key)) {
            add_row(&c, NULL, row);
        }
    }
    if (lines->lines->len) {
        qsort(lines->lines->data, lines->lines->len, sizeof(struct diff_line), order);
    }
}

void diff_lines_clear(struct diff_lines *lines)
{
    g_array_unref(lines->lines);
}
