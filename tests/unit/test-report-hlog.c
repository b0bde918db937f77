/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histograms of a report as a HdrHistogram log, read back by hlog-decode.h; tests/hlog.test has
 * the reference implementation read such files. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "unit/hlog-decode.h"
#include "unit/test-report.h"

/* The fields of line `n` of a log, counted from the first histogram; for g_strfreev(). */
static char **line_of(const char *log, unsigned n)
{
    char **lines = g_strsplit(log, "\n", -1), **fields;

    ck_assert_uint_gt(g_strv_length(lines), 5 + n + 1);
    fields = g_strsplit(lines[5 + n], ",", -1);
    ck_assert_uint_eq(g_strv_length(fields), 5);
    g_strfreev(lines);
    return fields;
}

static struct decoded decode_line(const struct osi_report *report, unsigned n)
{
    char *log = print_with(osi_report_histograms_hlog, report);
    char **fields = line_of(log, n);
    struct decoded decoded = decode(fields[4]);

    g_strfreev(fields);
    free(log);
    return decoded;
}

/* The report's first histogram has these steps, as pairs of a value in it and a count. */
static void check_steps(const struct osi_report *report, const uint64_t (*steps)[2], size_t n)
{
    struct decoded decoded = decode_line(report, 0);

    ck_assert_uint_eq(decoded.steps->len, n);
    for (size_t i = 0; i < n; i++) {
        const struct step *step = &g_array_index(decoded.steps, struct step, i);

        ck_assert_msg(step->low <= steps[i][0] && steps[i][0] <= step->high,
                      "%" PRIu64 " is in %" PRIu64 " to %" PRIu64, steps[i][0], step->low,
                      step->high);
        ck_assert_uint_eq(step->count, steps[i][1]);
    }
    g_array_free(decoded.steps, TRUE);
}

START_TEST(log_has_its_frame)
{
    struct osi_report *report = osi_report_new("irq");
    char *log, **fields;

    add_value(report, "a", 1234567);
    osi_report_span(report, UINT64_C(1999500000), UINT64_C(63999499999));
    add_value(report, "b", UINT64_MAX);
    log = print_with(osi_report_histograms_hlog, report);
    ck_assert(g_str_has_prefix(
        log, "#[osinstr irq: values in ns, seconds are 10^9 ns, Interval_Max is in 10^6 ns]\n"
             "#[Histogram log format version 1.3]\n"
             "#[StartTime: 2.000 (seconds of the run's clock)]\n"
             "#[BaseTime: 0.000 (seconds of the run's clock)]\n"
             "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
             "\"Interval_Compressed_Histogram\"\n"
             "Tag=a,2.000,62.000,1.235,HISTF"));
    fields = line_of(log, 1);
    ck_assert_str_eq(fields[0], "Tag=b");
    ck_assert_str_eq(fields[2], "62.000");
    ck_assert_str_eq(fields[3], "18446744073709.552");
    ck_assert(g_str_has_suffix(log, "\n"));
    g_strfreev(fields);
    free(log);
    osi_report_free(report);
}
END_TEST

START_TEST(log_of_instructions)
{
    struct osi_report *report = osi_report_new("two\nlines");
    char *log;

    osi_report_unit(report, "insn");
    osi_report_span(report, 5, 4);
    log = print_with(osi_report_histograms_hlog, report);
    ck_assert(g_str_has_prefix(
        log, "#[osinstr two\\nlines: values in insn, seconds are 10^9 insn, Interval_Max"));
    ck_assert(g_str_has_suffix(log, "Histogram\"\n")); /* empty, but well-formed */
    free(log);
    add_value(report, "a", 499);
    log = print_with(osi_report_histograms_hlog, report);
    ck_assert_ptr_nonnull(strstr(log, "\nTag=a,0.000,0.000,0.000,HISTF"));
    free(log);
    osi_report_free(report);
}
END_TEST

/* One value alone, around each border of the format. */
START_TEST(one_value)
{
    static const uint64_t values[] = {
        0, 1, 2, 255, 256, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 1000000, UINT32_MAX,
        INT64_MAX - 1, INT64_MAX,
    };
    struct osi_report *report = osi_report_new("one");
    uint64_t value = values[_i];
    struct decoded decoded;

    add_value(report, "a", value);
    check_steps(report, &(const uint64_t[2]){ value, 1 }, 1);
    decoded = decode_line(report, 0);
    ck_assert_uint_eq(decoded.highest, MAX(value, 2));
    g_array_free(decoded.steps, TRUE);
    osi_report_free(report);
}
END_TEST

START_TEST(several_values)
{
    static const uint64_t values[] = { 0, 1, 1, 3, 2047, 2048, 5000000000 };
    static const uint64_t steps[][2] = { { 0, 1 }, { 1, 2 }, { 3, 1 }, { 2047, 1 }, { 2063, 1 },
                                         { 5000000000, 1 } };
    struct osi_report *report = osi_report_new("several");

    add_values(report, "a", values, G_N_ELEMENTS(values));
    check_steps(report, steps, G_N_ELEMENTS(steps));
    osi_report_free(report);
}
END_TEST

/* The format's values are signed: what is larger counts as the largest. */
START_TEST(large_values_are_clamped)
{
    static const uint64_t values[] = { 5, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX,
                                       UINT64_MAX - 1 };
    static const uint64_t steps[][2] = { { 5, 1 }, { INT64_MAX, 4 } };
    struct osi_report *report = osi_report_new("large");
    struct decoded decoded;

    add_values(report, "a", values, G_N_ELEMENTS(values));
    check_steps(report, steps, G_N_ELEMENTS(steps));
    decoded = decode_line(report, 0);
    ck_assert_uint_eq(decoded.highest, INT64_MAX);
    g_array_free(decoded.steps, TRUE);
    osi_report_free(report);
}
END_TEST

/* So are its counts, and their sum: shares stay, and nothing that was seen vanishes. */
START_TEST(large_counts_are_halved)
{
    static const struct {
        uint64_t in[3], out[3];
    } counts[] = {
        { { 1, 2, 9000000000000000000 }, { 1, 2, 9000000000000000000 } },
        { { 1, 1000, UINT64_MAX }, { 1, 250, UINT64_MAX / 4 } },
        { { UINT64_MAX, 1, UINT64_MAX }, { UINT64_MAX / 8, 1, UINT64_MAX / 8 } },
        { { UINT64_MAX / 4, 1, UINT64_MAX / 4 }, { UINT64_MAX / 8, 1, UINT64_MAX / 8 } },
    };
    static const uint64_t values[] = { 10, 20, 30 };
    struct osi_histogram *histogram = osi_histogram_new();
    struct osi_report *report = osi_report_new("counts");
    uint64_t steps[3][2];

    for (size_t i = 0; i < 3; i++) {
        osi_histogram_record_n(histogram, values[i], counts[_i].in[i]);
        steps[i][0] = values[i];
        steps[i][1] = counts[_i].out[i];
    }
    osi_report_histogram(report, "a", histogram);
    check_steps(report, steps, 3);
    osi_histogram_free(histogram);
    osi_report_free(report);
}
END_TEST

static uint64_t decoded_percentile(const struct decoded *decoded, uint64_t total, double percent)
{
    uint64_t rank = MAX((uint64_t)ceil(percent * (double)total / 100 - 1e-6), 1), seen = 0;

    for (guint i = 0; i < decoded->steps->len; i++) {
        const struct step *step = &g_array_index(decoded->steps, struct step, i);

        seen += step->count;
        if (seen >= rank)
            return step->high;
    }
    ck_abort_msg("%" PRIu64 " of %" PRIu64 " values are there", seen, total);
}

/* Values of all sizes: the log's percentiles are the histogram's, and never below. */
START_TEST(log_agrees_with_histogram)
{
    static const double percents[] = { 0, 1, 25, 50, 75, 90, 99, 99.9, 100 };
    enum { VALUES = 5000 };
    GRand *random = g_rand_new_with_seed((guint32)_i);
    struct osi_histogram *histogram = osi_histogram_new();
    struct osi_report *report = osi_report_new("random");
    struct decoded decoded;

    for (unsigned i = 0; i < VALUES; i++)
        osi_histogram_record(histogram, (uint64_t)exp(g_rand_double_range(random, 0, 6 + 4 * _i)));
    osi_report_histogram(report, "a", histogram);
    decoded = decode_line(report, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(percents); i++) {
        uint64_t ours = osi_histogram_percentile(histogram, percents[i]);
        uint64_t theirs = decoded_percentile(&decoded, VALUES, percents[i]);

        ck_assert_uint_ge(theirs, ours);
        ck_assert_uint_le(theirs - ours, ours == osi_histogram_max(histogram) ? ours / 1024 : 0);
    }
    g_array_free(decoded.steps, TRUE);
    osi_report_free(report);
    osi_histogram_free(histogram);
    g_rand_free(random);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("report-hlog");
    Suite *suite = suite_create("report-hlog");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, log_has_its_frame);
    tcase_add_test(tests, log_of_instructions);
    tcase_add_loop_test(tests, one_value, 0, 16);
    tcase_add_test(tests, several_values);
    tcase_add_test(tests, large_values_are_clamped);
    tcase_add_loop_test(tests, large_counts_are_halved, 0, 4);
    tcase_add_loop_test(tests, log_agrees_with_histogram, 0, 10);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
