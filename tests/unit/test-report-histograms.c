/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histograms of a report: what is kept under which tag, and the CSV form. */
#include <errno.h>
#include <stdlib.h>

#include "unit/test-report.h"

START_TEST(csv_has_every_bucket)
{
    static const uint64_t values[] = { 0, 255, 256, 257, 258, 258, 1000000, UINT64_MAX };
    struct osi_report *report = osi_report_new("irq");
    const char *head = _i ? "tag,low_insn,high_insn,count\n" : "tag,low_ns,high_ns,count\n";
    char *csv;

    osi_report_unit(report, _i ? "insn" : "ns");
    add_values(report, "a", values, G_N_ELEMENTS(values));
    add_value(report, "b", 7);
    csv = print_with(osi_report_histograms_csv, report);
    ck_assert(g_str_has_prefix(csv, head));
    ck_assert_str_eq(csv + strlen(head), "a,0,0,1\n"
                                         "a,255,255,1\n"
                                         "a,256,257,2\n"
                                         "a,258,259,2\n"
                                         "a,999424,1003519,1\n"
                                         "a,18374686479671623680,18446744073709551615,1\n"
                                         "b,7,7,1\n");
    free(csv);
    osi_report_free(report);
}
END_TEST

START_TEST(tags_are_clean_and_unique)
{
    struct osi_report *report = osi_report_new("irq");
    char *csv, *log;

    add_value(report, "handler.irq27.arch_timer.cpu0", 1);
    add_value(report, "a b,c\"d\n\x7fö", 2);
    add_value(report, "a b,c\"d\n\x7fö", 3);
    add_value(report, "", 4);
    add_value(report, "gap_ns", 5);
    csv = print_with(osi_report_histograms_csv, report);
    ck_assert_str_eq(csv, "tag,low_ns,high_ns,count\n"
                          "handler.irq27.arch_timer.cpu0,1,1,1\n"
                          "a_b_c_d____,2,2,1\n"
                          "a_b_c_d_____2,3,3,1\n"
                          "_,4,4,1\n"
                          "gap_ns,5,5,1\n");
    log = print_with(osi_report_histograms_hlog, report);
    ck_assert_ptr_nonnull(strstr(log, "\nTag=a_b_c_d_____2,0.000,"));
    free(log);
    free(csv);
    osi_report_free(report);
}
END_TEST

START_TEST(histograms_are_copied)
{
    struct osi_report *report = osi_report_new("irq");
    struct osi_histogram *histogram = osi_histogram_new();
    char *csv;

    osi_report_histogram(report, "a", histogram);
    ck_assert(!osi_report_n_histograms(report));
    osi_histogram_record(histogram, 1);
    osi_report_histogram(report, "a", histogram);
    ck_assert(osi_report_n_histograms(report));
    osi_histogram_record(histogram, 2);
    osi_histogram_free(histogram);
    csv = print_with(osi_report_histograms_csv, report);
    ck_assert_str_eq(csv, "tag,low_ns,high_ns,count\na,1,1,1\n");
    free(csv);
    osi_report_free(report);
}
END_TEST

START_TEST(other_forms_leave_histograms_out)
{
    struct osi_report *report = osi_report_new("irq");
    char *before = print_with(osi_report_json, report), *after;

    add_value(report, "notes", 1);
    osi_report_span(report, 1, 2);
    after = print_with(osi_report_json, report);
    ck_assert_str_eq(before, after);
    free(after);
    free(before);
    osi_report_free(report);
}
END_TEST

START_TEST(full_disk_is_an_error)
{
    struct osi_report *report = osi_report_new("full");
    FILE *full = fopen("/dev/full", "w");

    add_value(report, "a", 1);
    if (full) {
        ck_assert_int_eq(osi_report_histograms_csv(report, full), -ENOSPC);
        ck_assert_int_eq(osi_report_histograms_hlog(report, full), -ENOSPC);
        fclose(full);
    }
    osi_report_free(report);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("report-histograms");
    Suite *suite = suite_create("report-histograms");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, csv_has_every_bucket, 0, 2);
    tcase_add_test(tests, tags_are_clean_and_unique);
    tcase_add_test(tests, histograms_are_copied);
    tcase_add_test(tests, other_forms_leave_histograms_out);
    tcase_add_test(tests, full_disk_is_an_error);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
