/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was counted by page and device, as tables and files. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <osinstr/table.h>

#include "aggregate/pages-internal.h"
#include "output/csv.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* A page; or a device, with `at` where it is told apart. */
struct line {
    const char *device;
    uint64_t at, lowest;
    uint64_t reads, writes, bytes;
};

/* Of a sum of accesses that were each counted with the same chance. */
static uint64_t error_of(const struct osi_pagemap *map, uint64_t sum)
{
    return (uint64_t)llround(sqrt((double)sum * (double)(map->weight - 1)));
}

const char *osi_pagemap_row_name(void *data, uint32_t row)
{
    struct osi_pagemap *map = data;
    uint64_t key = g_array_index(map->keys, uint64_t, row);
    const char *what = key & KEY_STORE ? "write" : "read";

    if (key & KEY_DEVICE) {
        const char *name = g_ptr_array_index(map->names, (guint)((key & ~KEY_DEVICE) >> 1));

        g_snprintf(map->text, sizeof(map->text), "[%.48s] %s", name, what);
    } else if (key & KEY_UNKNOWN) {
        g_snprintf(map->text, sizeof(map->text), "[unknown] %s", what);
    } else {
        g_snprintf(map->text, sizeof(map->text), "0x%" PRIx64 " %s",
                   key >> 1 << map->page_bits, what);
    }
    return map->text;
}

/* ---- pages ---- */
static int by_address(gconstpointer a, gconstpointer b)
{
    const struct line *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_accesses(gconstpointer a, gconstpointer b)
{
    const struct line *x = a, *y = b;
    uint64_t more = x->reads + x->writes, less = y->reads + y->writes;

    return more > less ? -1 : more < less ? 1 : by_address(a, b);
}

static void add_row(struct line *line, const struct osi_pagemap *map, guint row)
{
    uint64_t key = g_array_index(map->keys, uint64_t, row);

    *(key & KEY_STORE ? &line->writes : &line->reads) += map->counts[row];
    line->bytes += map->bytes[row];
}

/* All pages by address, reads and writes together. */
static GArray *pages_of(const struct osi_pagemap *map)
{
    GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct line));
    guint to = 0;

    for (guint row = 0; row < map->keys->len; row++) {
        uint64_t key = g_array_index(map->keys, uint64_t, row);
        struct line line = { .at = key >> 1 << map->page_bits };

        if (!(key & (KEY_DEVICE | KEY_UNKNOWN))) {
            add_row(&line, map, row);
            g_array_append_val(lines, line);
        }
    }
    g_array_sort(lines, by_address);
    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        struct line *last = to ? &g_array_index(lines, struct line, to - 1) : NULL;

        if (last && last->at == line->at) {
            last->reads += line->reads;
            last->writes += line->writes;
            last->bytes += line->bytes;
        } else {
            g_array_index(lines, struct line, to++) = *line;
        }
    }
    g_array_set_size(lines, to);
    return lines;
}

int osi_pagemap_csv(struct osi_pagemap *map, FILE *stream)
{
    GArray *lines = pages_of(map);

    fputs("page,reads,reads_error,writes,writes_error,bytes\n", stream);
    for (guint i = 0; i < lines->len && !ferror(stream); i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        fprintf(stream, "0x%" PRIx64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                "\n", line->at, line->reads, error_of(map, line->reads), line->writes,
                error_of(map, line->writes), line->bytes);
    }
    g_array_unref(lines);
    return osi_csv_end(stream);
}

/* ---- devices ---- */
static int by_name(gconstpointer a, gconstpointer b)
{
    int names = strcmp(((const struct line *)a)->device, ((const struct line *)b)->device);

    return names ? names : by_address(a, b);
}

static GArray *devices_of(struct osi_pagemap *map)
{
    GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct line));
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, map->devices);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct device_count *count = value;
        struct line line = {
            .device = g_ptr_array_index(map->names, count->key.device), .at = count->key.at,
            .lowest = count->lowest, .reads = count->reads, .writes = count->writes,
        };

        g_array_append_val(lines, line);
    }
    g_array_sort(lines, by_name);
    return lines;
}

int osi_pagemap_devices_csv(struct osi_pagemap *map, FILE *stream)
{
    GArray *lines = devices_of(map);
    bool pc = map->config.devices == OSI_DEVICES_PC;

    fputs("device,address,pc,reads,reads_error,writes,writes_error\n", stream);
    for (guint i = 0; i < lines->len && !ferror(stream); i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        osi_csv_text(stream, line->device);
        fprintf(stream, ",0x%" PRIx64 ",", line->lowest);
        if (pc) {
            fprintf(stream, "0x%" PRIx64, line->at);
        }
        fprintf(stream, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", line->reads,
                error_of(map, line->reads), line->writes, error_of(map, line->writes));
    }
    g_array_unref(lines);
    return osi_csv_end(stream);
}

/* One line for each device. */
static void join_devices(GArray *lines)
{
    guint to = 0;

    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        struct line *last = to ? &g_array_index(lines, struct line, to - 1) : NULL;

        if (last && strcmp(last->device, line->device) == 0) {
            last->reads += line->reads;
            last->writes += line->writes;
            last->lowest = MIN(last->lowest, line->lowest);
        } else {
            g_array_index(lines, struct line, to) = *line;
            g_array_index(lines, struct line, to++).at = line->lowest;
        }
    }
    g_array_set_size(lines, to);
    g_array_sort(lines, by_accesses);
}

/* ---- the report ---- */
static void tell_sums(struct osi_pagemap *map, struct osi_report *report, guint n_pages)
{
    struct line pages = { NULL }, devices = { NULL }, unknown = { NULL };
    uint64_t sum;

    for (guint row = 0; row < map->keys->len; row++) {
        uint64_t key = g_array_index(map->keys, uint64_t, row);

        add_row(key & KEY_DEVICE ? &devices : key & KEY_UNKNOWN ? &unknown : &pages, map, row);
    }
    sum = pages.reads + pages.writes + devices.reads + devices.writes + unknown.reads +
          unknown.writes;
    if (map->weight > 1) {
        osi_report_count(report, "accesses_error", error_of(map, sum));
        osi_report_count(report, "samples", map->samples);
        osi_report_note(report, "1 of %" PRIu64 " accesses was looked at: all numbers are "
                        "estimates; an error is one standard deviation", map->weight);
    }
    osi_report_count(report, "memory_reads", pages.reads);
    osi_report_count(report, "memory_writes", pages.writes);
    osi_report_count(report, "memory_bytes", pages.bytes);
    osi_report_count(report, "device_reads", devices.reads);
    osi_report_count(report, "device_writes", devices.writes);
    osi_report_count(report, "page_size", map->config.page_size);
    osi_report_count(report, "pages_seen", n_pages);
    if (unknown.reads + unknown.writes) {
        osi_report_count(report, "unknown_accesses", unknown.reads + unknown.writes);
    }
}

static void tell_pages(struct osi_pagemap *map, struct osi_report *report, GArray *lines,
                       size_t top)
{
    static const struct osi_column columns[] = {
        { "page", "page", OSI_COL_ADDRESS },       { "reads", "reads", OSI_COL_COUNT },
        { "writes", "writes", OSI_COL_COUNT },     { "bytes", "bytes", OSI_COL_COUNT },
        { "accesses_error", "error", OSI_COL_COUNT },
    };

    osi_report_table(report, "pages", "pages", columns,
                     map->weight > 1 ? N(columns) : N(columns) - 1);
    for (guint i = 0; i < lines->len && (!top || i < top); i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        osi_report_row(report, line->at, line->reads, line->writes, line->bytes,
                       error_of(map, line->reads + line->writes));
    }
}

static void tell_devices(struct osi_pagemap *map, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "device", "device", OSI_COL_STRING }, { "address", "address", OSI_COL_ADDRESS },
        { "reads", "reads", OSI_COL_COUNT },    { "writes", "writes", OSI_COL_COUNT },
        { "accesses_error", "error", OSI_COL_COUNT },
    };
    GArray *lines = devices_of(map);

    join_devices(lines);
    if (lines->len) {
        osi_report_table(report, "devices", "devices", columns,
                         map->weight > 1 ? N(columns) : N(columns) - 1);
    }
    for (guint i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        osi_report_row(report, line->device, line->lowest, line->reads, line->writes,
                       error_of(map, line->reads + line->writes));
    }
    g_array_unref(lines);
}

void osi_pagemap_report(struct osi_pagemap *map, struct osi_report *report, size_t top)
{
    GArray *lines = pages_of(map);

    tell_sums(map, report, lines->len);
    g_array_sort(lines, by_accesses);
    tell_pages(map, report, lines, top);
    tell_devices(map, report);
    g_array_unref(lines);
}
