/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes histograms for tests/hlog.test, and what a reader must find in them.
 *
 *   test-hlog-writer DIR
 *
 * makes DIR/histograms.csv, DIR/histograms.hlog and DIR/expected. The latter has a line for each
 * tag: the number of values, their 50th, 90th, 99th and 99.9th percentile and the largest. These
 * are exact: taken from the sorted values, not from any histogram.
 */
#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <osinstr/histogram.h>
#include <stdio.h>

#include "output/report.h"

#define SECOND UINT64_C(1000000000)

struct times {
    uint64_t value, times;
};

static GArray *values; /* struct times, of the tag that is being made */

static void add(uint64_t value, uint64_t times)
{
    struct times entry = { value, times };

    g_array_append_val(values, entry);
}

/* ---- what is measured: no percentile lies where one value less would change it much ---- */
static void make_zero(GRand *random)
{
    (void)random;
    add(0, 1);
}

static void make_small(GRand *random)
{
    for (unsigned i = 0; i < 10000; i++)
        add((uint64_t)g_rand_int_range(random, 0, 10), 1);
}

static void make_steps(GRand *random)
{
    (void)random;
    for (uint64_t i = 1; i <= 100000; i++)
        add(i, 1);
}

/* The usual shape of latencies. */
static void make_latencies(GRand *random)
{
    for (unsigned i = 0; i < 20000; i++) {
        double sum = -6;

        for (unsigned n = 0; n < 12; n++)
            sum += g_rand_double(random);
        add((uint64_t)exp(10 + 1.5 * sum), 1);
    }
}

static void make_two_modes(GRand *random)
{
    for (unsigned i = 0; i < 1000; i++)
        add((uint64_t)g_rand_int_range(random, 900, 1100), 1);
    add(10 * SECOND + 1, 50);
}

/* Every power of two, and its neighbours. */
static void make_borders(GRand *random)
{
    (void)random;
    for (unsigned bit = 0; bit < 63; bit++) {
        add((UINT64_C(1) << bit) - 1, 3);
        add(UINT64_C(1) << bit, 4);
        add((UINT64_C(1) << bit) + 1, 3);
    }
}

static void make_many(GRand *random)
{
    (void)random;
    for (uint64_t i = 1; i <= 50; i++)
        add(i * i * i * 1000, UINT64_C(100000000000000));
}

static void make_largest(GRand *random)
{
    (void)random;
    add(INT64_MAX, 2);
    add(1, 1);
}

static const struct {
    const char *tag;
    void (*make)(GRand *random);
} cases[] = {
    { "zero", make_zero },           { "small", make_small },       { "steps", make_steps },
    { "latencies", make_latencies }, { "two.modes", make_two_modes }, { "borders", make_borders },
    { "many", make_many },           { "largest", make_largest },
    { "handler.irq27.arch_timer[0].cpu0", make_latencies },
};

/* ---- what must be found ---- */
static gint by_value(gconstpointer a, gconstpointer b)
{
    uint64_t left = ((const struct times *)a)->value, right = ((const struct times *)b)->value;

    return (left > right) - (left < right);
}

static uint64_t exact_percentile(uint64_t total, uint64_t permille)
{
    uint64_t rank = total / 1000 * permille + (total % 1000 * permille + 999) / 1000, seen = 0;

    for (guint i = 0; i < values->len; i++) {
        const struct times *entry = &g_array_index(values, struct times, i);

        seen += entry->times;
        if (seen >= rank)
            return entry->value;
    }
    g_assert_not_reached();
}

static void expect(FILE *expected, const char *tag)
{
    static const uint64_t permilles[] = { 500, 900, 990, 999, 1000 };
    uint64_t total = 0;

    g_array_sort(values, by_value);
    for (guint i = 0; i < values->len; i++)
        total += g_array_index(values, struct times, i).times;
    fprintf(expected, "%s %" PRIu64, tag, total);
    for (size_t i = 0; i < G_N_ELEMENTS(permilles); i++)
        fprintf(expected, " %" PRIu64, exact_percentile(total, permilles[i]));
    fputc('\n', expected);
}

static void state(struct osi_report *report, const char *tag)
{
    struct osi_histogram *histogram = osi_histogram_new();

    for (guint i = 0; i < values->len; i++) {
        const struct times *entry = &g_array_index(values, struct times, i);

        osi_histogram_record_n(histogram, entry->value, entry->times);
    }
    osi_report_histogram(report, tag, histogram);
    osi_histogram_free(histogram);
}

static FILE *open_in(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    FILE *file = fopen(path, "we");

    if (!file)
        g_error("can't write %s", path);
    return file;
}

int main(int argc, char **argv)
{
    struct osi_report *report = osi_report_new("hlog-writer");
    GRand *random = g_rand_new_with_seed(1);
    FILE *csv, *hlog, *expected;

    if (argc != 2)
        return 2;
    expected = open_in(argv[1], "expected");
    osi_report_span(report, 3 * SECOND, 10 * SECOND);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        values = g_array_new(FALSE, FALSE, sizeof(struct times));
        cases[i].make(random);
        expect(expected, cases[i].tag);
        state(report, cases[i].tag);
        g_array_free(values, TRUE);
    }
    csv = open_in(argv[1], "histograms.csv");
    hlog = open_in(argv[1], "histograms.hlog");
    if (osi_report_histograms_csv(report, csv) || osi_report_histograms_hlog(report, hlog))
        return 1;
    g_rand_free(random);
    osi_report_free(report);
    return fclose(csv) || fclose(hlog) || fclose(expected);
}
