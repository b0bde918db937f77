/* SPDX-License-Identifier: GPL-2.0-or-later */
/* histograms.csv: tag, first and last value of a bucket, count. */
#include <errno.h>
#include <string.h>

#include "diff.h"
#include "tool.h"

static void free_histogram(void *histogram)
{
    osi_histogram_free(histogram);
}

GHashTable *diff_histograms_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_histogram);
}

struct osi_histogram *diff_histogram_of(GHashTable *histograms, const char *tag)
{
    struct osi_histogram *histogram = g_hash_table_lookup(histograms, tag);

    if (!histogram) {
        histogram = osi_histogram_new();
        g_hash_table_insert(histograms, g_strdup(tag), histogram);
    }
    return histogram;
}

static bool take_line(GHashTable *histograms, const char *line)
{
    char **parts = g_strsplit(line, ",", 5);
    uint64_t low, high, count;
    bool fine = g_strv_length(parts) == 4 && parse_number(parts[1], &low) &&
                parse_number(parts[2], &high) && parse_number(parts[3], &count) && low <= high &&
                count > 0;

    if (fine) {
        osi_histogram_record_n(diff_histogram_of(histograms, parts[0]), high, count);
    }
    g_strfreev(parts);
    return fine;
}

int diff_histograms_read(GHashTable *histograms, const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    guint n = g_strv_length(lines);
    bool fine = n > 0 && g_str_has_prefix(lines[0], "tag,low_") && !*lines[n - 1];

    for (guint i = 1; fine && i + 1 < n; i++) {
        fine = take_line(histograms, lines[i]);
    }
    g_strfreev(lines);
    return fine ? 0 : -EINVAL;
}
