/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the rows of two heatmaps differ: for each the bucket with the greatest difference.
 *
 * Buckets of different widths are brought to the wider, if that is a multiple; otherwise there is no such
 * table. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "heat.h"
#include "output/heatview.h"

/* Rows of one name are one. */
struct heat {
    struct heat_run run;
    struct osi_heatview *view;
    GHashTable *rows; /* name \x01 module -> struct heat_sums */
};

struct heat_sums {
    char *name, *of;
    uint64_t total;
    uint64_t *values;
};

struct peak {
    const struct heat_sums *row;
    size_t at, differing;
    uint64_t before, after;
};

struct heat_diff {
    struct heat before, after;
    uint64_t width; /* of a bucket */
    size_t n;
    uint64_t whole; /* of all rows in all buckets, of the run that has more */
    GArray *peaks;  /* struct peak */
};

static void free_sums(void *data)
{
    struct heat_sums *sums = data;

    g_free(sums->name);
    g_free(sums->of);
    g_free(sums->values);
    g_free(sums);
}

static int heat_open(struct heat *heat, const struct diff_run *run, struct osi_error *err)
{
    int rc = heat_read_summary(&heat->run, run->dir, err);

    rc = rc ? rc : heat_read_rows(&heat->run, err);
    return rc ? rc : heat_read_values(&heat->run, HEAT_ALL_CPUS, &heat->view, err);
}

static void heat_close(struct heat *heat)
{
    g_clear_pointer(&heat->rows, g_hash_table_destroy);
    osi_heatview_free(heat->view);
    heat_clear(&heat->run);
}

/* ---- rows by name ---- */
static struct heat_sums *sums_of(struct heat *heat, const struct heat_run_row *row, size_t n)
{
    char *of = g_strdup(*row->module ? row->module : "-"), *name = diff_heat_name(row->name, of);
    char *key = g_strconcat(name, "\x01", of, NULL);
    struct heat_sums *sums = g_hash_table_lookup(heat->rows, key);

    if (sums) {
        g_free(key);
        g_free(name);
        g_free(of);
        return sums;
    }
    sums = g_new0(struct heat_sums, 1);
    *sums = (struct heat_sums){ .name = name, .of = of, .values = g_new0(uint64_t, n + 1) };
    g_hash_table_insert(heat->rows, key, sums);
    return sums;
}

/* [idle] is time, which the totals have. */
static void join_rows(struct heat *heat, uint64_t width, size_t n)
{
    size_t join = (size_t)(width / heat->run.bucket);

    heat->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_sums);
    for (guint i = 0; i < heat->run.rows->len; i++) {
        const struct heat_run_row *row = &g_array_index(heat->run.rows, struct heat_run_row, i);
        const uint64_t *values = heat->view->values + i * heat->view->n_columns;
        struct heat_sums *sums = row->is_time ? NULL : sums_of(heat, row, n);

        for (size_t at = 0; sums && at < heat->view->n_columns; at++) {
            sums->values[at / join] = heat_sum(sums->values[at / join], values[at]);
            sums->total = heat_sum(sums->total, values[at]);
        }
    }
}

/* ---- differences ---- */
static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void find_peak(struct heat_diff *d, const struct heat_sums *a, const struct heat_sums *b)
{
    struct peak peak = { .row = a ? a : b };

    for (size_t i = 0; i < d->n; i++) {
        uint64_t before = a ? a->values[i] : 0, after = b ? b->values[i] : 0;

        peak.differing += before != after;
        if (distance(before, after) > distance(peak.before, peak.after)) {
            peak.before = before;
            peak.after = after;
            peak.at = i;
        }
    }
    if (peak.differing) {
        g_array_append_val(d->peaks, peak);
    }
}

static int by_distance(const void *left, const void *right)
{
    const struct peak *a = left, *b = right;
    uint64_t x = distance(a->before, a->after), y = distance(b->before, b->after);
    int names = strcmp(a->row->name, b->row->name);

    return x != y ? (x < y) - (x > y) : names ? names : strcmp(a->row->of, b->row->of);
}

static uint64_t total_of(GHashTable *rows)
{
    GHashTableIter iter;
    uint64_t total = 0;
    void *row;

    g_hash_table_iter_init(&iter, rows);
    while (g_hash_table_iter_next(&iter, NULL, &row)) {
        total = heat_sum(total, ((struct heat_sums *)row)->total);
    }
    return total;
}

static void find_peaks(struct heat_diff *d)
{
    GHashTableIter iter;
    void *key, *row;

    d->peaks = g_array_new(FALSE, FALSE, sizeof(struct peak));
    d->whole = MAX(total_of(d->before.rows), total_of(d->after.rows));
    g_hash_table_iter_init(&iter, d->before.rows);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        find_peak(d, row, g_hash_table_lookup(d->after.rows, key));
    }
    g_hash_table_iter_init(&iter, d->after.rows);
    while (g_hash_table_iter_next(&iter, &key, &row)) {
        if (!g_hash_table_contains(d->before.rows, key)) {
            find_peak(d, NULL, row);
        }
    }
    if (d->peaks->len) {
        qsort(d->peaks->data, d->peaks->len, sizeof(struct peak), by_distance);
    }
}

/* By chance what happens is some buckets earlier or later: then only the rows are told that the
 * table of totals tells. */
static bool is_listed(const struct heat_diff *d, const struct peak *peak, bool all)
{
    char *made = g_strconcat(peak->row->name, "\x01", peak->row->of, NULL);
    const struct heat_sums *a = g_hash_table_lookup(d->before.rows, made);
    const struct heat_sums *b = g_hash_table_lookup(d->after.rows, made);

    g_free(made);
    return all || diff_is_notable_sum(a ? a->total : 0, b ? b->total : 0, (double)d->whole);
}

static void begin_table(struct osi_report *report, const struct diff_options *options)
{
    static const struct osi_column columns[] = {
        { "row", "row", OSI_COL_STRING },      { "module", "module", OSI_COL_STRING },
        { "buckets", "buckets", OSI_COL_COUNT }, { "at", "most at", OSI_COL_STAMP },
        { "before", "before", OSI_COL_COUNT }, { "after", "after", OSI_COL_COUNT },
        { "difference", "difference", OSI_COL_CHANGE },
    };

    osi_report_table(report, "row_buckets",
                     "when rows differ: in how many buckets, and in which most", columns,
                     G_N_ELEMENTS(columns));
    osi_report_limit(report, options->top);
}

/* In text there are no empty tables. */
static unsigned state_peaks(const struct heat_diff *d, struct osi_report *report, bool all,
                            const struct diff_options *options)
{
    unsigned listed = 0;

    if (options->json) {
        begin_table(report, options);
    }
    for (guint i = 0; i < d->peaks->len; i++) {
        const struct peak *peak = &g_array_index(d->peaks, struct peak, i);

        if (!is_listed(d, peak, all)) {
            continue;
        }
        if (!listed++ && !options->json) {
            begin_table(report, options);
        }
        osi_report_row(report, peak->row->name, peak->row->of, (uint64_t)peak->differing,
                       peak->at * d->width, peak->before, peak->after,
                       diff_difference(peak->before, peak->after));
    }
    return listed;
}

/* ---- the whole ---- */
static bool find_width(struct heat_diff *d)
{
    uint64_t a = d->before.run.bucket, b = d->after.run.bucket;

    d->width = MAX(a, b);
    d->n = MAX(d->before.view->n_columns / (size_t)(d->width / a),
               d->after.view->n_columns / (size_t)(d->width / b)) + 1;
    return d->width % MIN(a, b) == 0 && strcmp(d->before.run.unit, d->after.run.unit) == 0;
}

static unsigned compare(struct heat_diff *d, struct osi_report *report, bool all,
                        const struct diff_options *options)
{
    if (!find_width(d)) {
        osi_report_note(report, "buckets are not compared: their widths don't fit");
        return 0;
    }
    join_rows(&d->before, d->width, d->n);
    join_rows(&d->after, d->width, d->n);
    find_peaks(d);
    return state_peaks(d, report, all, options);
}

int diff_state_heat(struct osi_report *report, const struct diff_run *before,
                    const struct diff_run *after, const struct diff_options *options,
                    unsigned *listed, struct osi_error *err)
{
    struct heat_diff d = { .width = 0 };
    int rc = heat_open(&d.before, before, err);

    rc = rc ? rc : heat_open(&d.after, after, err);
    if (!rc) {
        *listed += compare(&d, report, options->all || (before->exact && after->exact), options);
    }
    if (d.peaks) {
        g_array_unref(d.peaks);
    }
    heat_close(&d.before);
    heat_close(&d.after);
    return rc;
}
