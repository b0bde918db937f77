/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histograms of a report: kept under tags, and printed bucket by bucket as CSV. */
#include "report.h"

#include <inttypes.h>

/* A tag stands bare between commas in CSV, and before a comma in a log whose readers split at
 * blanks too and take bytes in whatever encoding is the machine's. */
static char *clean_tag(const char *tag)
{
    char *clean = g_strdup(*tag ? tag : "_");

    for (char *c = clean; *c; c++)
        if (!g_ascii_isgraph(*c) || *c == ',' || *c == '"')
            *c = '_';
    return clean;
}

void osi_report_histogram(struct osi_report *report, const char *tag,
                          const struct osi_histogram *histogram)
{
    struct osi_report_histogram entry;
    g_autofree char *clean = NULL;

    if (osi_histogram_count(histogram) == 0)
        return;
    clean = clean_tag(tag);
    entry.tag = osi_claim_key(report, report->tags, clean, OSI_COL_STRING);
    entry.values = osi_histogram_new();
    osi_histogram_merge(entry.values, histogram);
    g_array_append_val(report->histograms, entry);
}

void osi_report_span(struct osi_report *report, uint64_t start, uint64_t end)
{
    report->start = start;
    report->end = MAX(start, end);
}

size_t osi_report_n_histograms(const struct osi_report *report)
{
    return report->histograms->len;
}

static void append_rows(GString *out, const struct osi_report_histogram *histogram)
{
    uint64_t low, high, count;
    size_t iterator = 0;

    while (osi_histogram_next(histogram->values, &iterator, &low, &high, &count))
        g_string_append_printf(out, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", histogram->tag,
                               low, high, count);
}

int osi_report_histograms_csv(const struct osi_report *report, FILE *stream)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "tag,low_%s,high_%s,count\n", report->unit, report->unit);
    for (guint i = 0; i < report->histograms->len; i++)
        append_rows(out, &g_array_index(report->histograms, struct osi_report_histogram, i));
    return osi_write_whole(out, stream);
}
