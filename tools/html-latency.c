/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panel of latencies: the histograms of a run, a line of the plot each.
 *
 * A blob has two numbers for each bucket: how far its upper end is above that of the one before,
 * and how many values are in it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "html.h"
#include "tool.h"

struct lines {
    struct html_page *page;
    const struct html_run *run;
    unsigned number; /* line of the file */
    unsigned n;      /* lines of the plot */
    char *tag;       /* NULL: none is open */
    GByteArray *bytes;
    uint64_t high, count;
};

static void end_line(struct lines *lines)
{
    GString *json = lines->page->json;

    if (!lines->tag) {
        return;
    }
    g_string_append(json, lines->n++ ? ",{\"tag\":" : "{\"tag\":");
    html_put_string(json, lines->tag);
    g_string_append_printf(json, ",\"count\":%" PRIu64 ",\"blob\":", lines->count);
    html_put_blob(lines->page, lines->bytes);
    g_string_append_c(json, '}');
    g_free(lines->tag);
    lines->tag = NULL;
}

static void begin_line(struct lines *lines, const char *tag)
{
    end_line(lines);
    lines->tag = g_strdup(tag);
    lines->bytes = g_byte_array_new();
    lines->high = lines->count = 0;
}

/* Buckets of a tag stand together and go up. */
static int take_bucket(struct lines *lines, char **fields, struct osi_error *err)
{
    uint64_t low, high, count;

    if (g_strv_length(fields) == 4 && *fields[0] && parse_number(fields[1], &low) &&
        parse_number(fields[2], &high) && parse_number(fields[3], &count) && low <= high && count) {
        if (g_strcmp0(lines->tag, fields[0]) != 0) {
            begin_line(lines, fields[0]);
        }
        if (high >= lines->high && count <= UINT64_MAX - lines->count) {
            html_put_varint(lines->bytes, high - lines->high);
            html_put_varint(lines->bytes, count);
            lines->high = high;
            lines->count += count;
            return 0;
        }
    }
    return osi_fail(err, -EINVAL, "%s/histograms.csv is damaged: line %u is no bucket",
                    lines->run->dir, lines->number);
}

static int take_lines(struct lines *lines, struct osi_error *err)
{
    char *text = lines->run->histograms, *next, *head;
    int rc = 0;

    head = g_strdup_printf("tag,low_%s,high_%s,count\n", lines->run->unit, lines->run->unit);
    if (strlen(text) != lines->run->histograms_length || !g_str_has_prefix(text, head) ||
        text[lines->run->histograms_length - 1] != '\n') {
        rc = osi_fail(err, -EINVAL, "%s/histograms.csv is damaged or cut off", lines->run->dir);
    }
    text += rc ? 0 : strlen(head);
    g_free(head);
    for (lines->number = 2; !rc && *text; lines->number++, text = next) {
        char **fields;

        next = strchr(text, '\n');
        *next++ = '\0';
        fields = g_strsplit(text, ",", 5);
        rc = take_bucket(lines, fields, err);
        g_strfreev(fields);
    }
    return rc;
}

int html_put_latency(struct html_page *page, const struct html_run *run, struct osi_error *err)
{
    struct lines lines = { .page = page, .run = run };
    int rc;

    g_string_append(page->json, "{\"dir\":");
    html_put_string(page->json, run->dir);
    g_string_append_printf(page->json, ",\"unit\":\"%s\",\"lines\":[", run->unit);
    rc = take_lines(&lines, err);
    end_line(&lines);
    g_string_append(page->json, "]}");
    return rc;
}
