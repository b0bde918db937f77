/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of a report's histograms: filling one, printing it. */
#ifndef OSI_TEST_REPORT_H
#define OSI_TEST_REPORT_H

#include <check.h>
#include <osinstr/histogram.h>
#include <string.h>

#include "output/report.h"

static inline char *print_with(int (*emit)(const struct osi_report *, FILE *),
                               const struct osi_report *report)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(emit(report, stream), 0);
    fclose(stream);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

static inline void add_values(struct osi_report *report, const char *tag, const uint64_t *values,
                              size_t n)
{
    struct osi_histogram *histogram = osi_histogram_new();

    for (size_t i = 0; i < n; i++)
        osi_histogram_record(histogram, values[i]);
    osi_report_histogram(report, tag, histogram);
    osi_histogram_free(histogram);
}

static inline void add_value(struct osi_report *report, const char *tag, uint64_t value)
{
    add_values(report, tag, &value, 1);
}

#endif
