/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: options and results that all kinds share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/heatview.h>

#include "heatmap.h"

#define MOST_BUCKETS 1000000u
#define DRAWN 48u /* rows of the picture */

struct osi_heatmap *heatmap_new(struct osi_session *session, struct osi_error *err)
{
    uint64_t width = osi_option_count(session, "bucket"), n = osi_option_count(session, "buckets");

    if (width == 0) {
        osi_fail(err, -EINVAL, "bucket=0: a column must have a width");
        return NULL;
    }
    if (n < 2 || n > MOST_BUCKETS) {
        osi_fail(err, -EINVAL, "buckets=%llu: must be 2 to %u", (unsigned long long)n, MOST_BUCKETS);
        return NULL;
    }
    return osi_heatmap_new(width, (unsigned)(n - n % 2));
}

/* ---- files ---- */
struct result {
    struct osi_session *session;
    struct osi_heatmap *map;
    struct osi_heatrows *rows;
    struct osi_heatview *view; /* NULL: no memory for it */
    size_t n_values, drawn;    /* rows that are not of times; of these, in the picture */
    uint64_t *peaks;     /* by row: the most in a bucket of a vCPU */
    size_t *peak_buckets;
};

static int write_csv(const void *data, FILE *stream)
{
    const struct result *result = data;

    return osi_heatmap_csv(result->map, osi_heatrows_name, result->rows, stream);
}

static int write_npy(const void *data, FILE *stream)
{
    const struct result *result = data;

    return osi_heatmap_npy(result->map, osi_heatrows_n(result->rows), stream);
}

static int write_rows(const void *data, FILE *stream)
{
    return osi_heatrows_csv(((const struct result *)data)->rows, stream);
}

static int write_svg(const void *data, FILE *stream)
{
    const struct result *result = data;

    osi_heatview_svg(result->view,
                     (enum osi_heat_order)osi_option_count(result->session, "order"), DRAWN, stream);
    return fflush(stream) ? -errno : 0;
}

/* The picture has the first rows, one for all others, and behind it those of times. */
static size_t line_of(const struct result *result, size_t row)
{
    if (osi_heatrows_at(result->rows, row)->time) {
        return row - result->n_values + result->drawn + 1;
    }
    return row < result->drawn ? row : result->drawn;
}

static void take(void *data, unsigned vcpu, size_t bucket, uint32_t row, uint64_t value)
{
    struct result *result = data;

    (void)vcpu;
    if (result->view) {
        osi_heatview_add(result->view, line_of(result, row), bucket, value);
    }
    if (value > result->peaks[row]) {
        result->peaks[row] = value;
        result->peak_buckets[row] = bucket;
    }
}

/* ---- tables ---- */
static void state_rows(const struct result *result, struct osi_report *out, uint64_t all)
{
    static const struct osi_column columns[] = {
        { "row", "row", OSI_COL_STRING },          { "module", "module", OSI_COL_STRING },
        { "total", "total", OSI_COL_COUNT },       { "share", "share", OSI_COL_RATIO },
        { "peak_at", "most at", OSI_COL_STAMP },   { "peak", "in one bucket", OSI_COL_COUNT },
    };
    uint64_t width = osi_heatmap_width(result->map);
    const struct osi_heatrow *row;

    osi_report_table(out, "rows", "rows, by what they have in total", columns, 6);
    for (size_t i = 0; (row = osi_heatrows_at(result->rows, i)); i++) {
        if (!row->time) {
            osi_report_row(out, row->name, row->module, row->total,
                           all ? (double)row->total / (double)all : 0.0,
                           (uint64_t)result->peak_buckets[i] * width, result->peaks[i]);
        }
    }
    osi_report_limit(out, (size_t)osi_option_count(result->session, "top"));
}

static void state_facts(const struct result *result, struct osi_report *out, const char *of,
                        const char *values, uint64_t all, uint64_t idle)
{
    unsigned doubled = osi_heatmap_doubled(result->map);

    osi_report_string(out, "of", of);
    osi_report_string(out, "value_unit", values);
    osi_report_time(out, "bucket", osi_heatmap_width(result->map));
    osi_report_count(out, "buckets", osi_heatmap_buckets(result->map));
    osi_report_count(out, "joined", doubled);
    osi_report_count(out, values, all);
    osi_report_time(out, "idle", idle);
    if (doubled) {
        osi_report_note(out, "the run outgrew its %llu buckets: neighbours were joined %u times, so each is "
                        "%llu times as wide as asked for",
                        (unsigned long long)osi_option_count(result->session, "buckets"), doubled,
                        1ull << doubled);
    }
}

/* ---- the picture ---- */
static void make_view(struct result *result, const char *values)
{
    size_t n = osi_heatrows_n(result->rows);
    const struct osi_heatrow *row;

    while (result->n_values < n && !osi_heatrows_at(result->rows, result->n_values)->time) {
        result->n_values++;
    }
    result->drawn = result->n_values < DRAWN ? result->n_values : DRAWN;
    result->view = osi_heatview_new(n - result->n_values + result->drawn + 1,
                                    osi_heatmap_buckets(result->map),
                                    osi_heatmap_width(result->map),
                                    osi_clock_unit(result->session), values);
    if (!result->view) {
        osi_say(result->session, "not enough memory for a picture");
        return;
    }
    if (result->n_values > result->drawn) {
        osi_heatview_is_rest(result->view, result->drawn, result->n_values - result->drawn);
    }
    for (size_t i = 0; (row = osi_heatrows_at(result->rows, i)); i++) {
        size_t line = line_of(result, i);

        if (line != result->drawn) {
            osi_heatview_name(result->view, line, row->name);
        }
        if (row->time) {
            osi_heatview_is_time(result->view, line, osi_heatmap_vcpus(result->map));
        }
    }
}

/* ---- the whole ---- */
void heatmap_report(struct osi_session *session, struct osi_report *out, struct osi_heatmap *map,
                    struct osi_heatrows *rows, const char *of, const char *values, size_t keep)
{
    struct result result = { .session = session, .map = map, .rows = rows };
    const struct osi_heatrow *row;
    uint64_t all = 0, idle = 0;
    size_t n;

    if (osi_option_text(session, "rows")) {
        keep = (size_t)osi_option_count(session, "rows");
    }
    osi_heatrows_sort(rows, map, keep);
    n = osi_heatrows_n(rows);
    result.peaks = calloc(n + 1, sizeof(result.peaks[0]));
    result.peak_buckets = calloc(n + 1, sizeof(result.peak_buckets[0]));
    make_view(&result, values);
    osi_heatmap_each(map, take, &result);
    for (size_t i = 0; (row = osi_heatrows_at(rows, i)); i++) {
        *(row->time ? &idle : &all) += row->total;
    }
    state_facts(&result, out, of, values, all, idle);
    state_rows(&result, out, all);
    osi_write_file(session, "heatmap.csv", write_csv, &result);
    osi_write_file(session, "heatmap.npy", write_npy, &result);
    osi_write_file(session, "rows.csv", write_rows, &result);
    if (result.view) {
        osi_write_file(session, "heatmap.svg", write_svg, &result);
    }
    osi_heatview_free(result.view);
    free(result.peaks);
    free(result.peak_buckets);
}
