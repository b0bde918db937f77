/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edges of all vCPUs. */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/edgestat.h>
#include <osinstr/table.h>

#include "output/csv.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* An edge with what it is sorted by. */
struct row {
    struct osi_edgestat_edge edge;
    struct osi_edgestat_place from, to;
};

struct osi_edgestat {
    osi_edgestat_place_fn place;
    void *data;
    GHashTable *edges; /* struct osi_edgestat_edge */
    GArray *into;      /* uint64_t, by id */
    GArray *rows;      /* sorted, NULL: not yet */
};

static guint hash_edge(gconstpointer key)
{
    const struct osi_edgestat_edge *edge = key;
    uint64_t hash = ((uint64_t)edge->from << 32 | edge->to) * 0x9e3779b97f4a7c15ull + edge->kind;

    return (guint)(hash >> 32);
}

static gboolean same_edge(gconstpointer a, gconstpointer b)
{
    const struct osi_edgestat_edge *x = a, *y = b;

    return x->from == y->from && x->to == y->to && x->kind == y->kind;
}

struct osi_edgestat *osi_edgestat_new(osi_edgestat_place_fn place, void *data)
{
    struct osi_edgestat *stat = g_new0(struct osi_edgestat, 1);

    stat->place = place;
    stat->data = data;
    stat->edges = g_hash_table_new_full(hash_edge, same_edge, g_free, NULL);
    stat->into = g_array_new(FALSE, TRUE, sizeof(uint64_t));
    return stat;
}

void osi_edgestat_free(struct osi_edgestat *stat)
{
    if (stat) {
        g_hash_table_destroy(stat->edges);
        g_array_unref(stat->into);
        if (stat->rows) {
            g_array_unref(stat->rows);
        }
        g_free(stat);
    }
}

void osi_edgestat_add(struct osi_edgestat *stat, uint32_t from, uint32_t to,
                      enum osi_edge_kind kind, uint64_t count)
{
    struct osi_edgestat_edge key = { from, to, kind, 0 };
    struct osi_edgestat_edge *edge = g_hash_table_lookup(stat->edges, &key);

    if (!edge) {
        edge = g_memdup2(&key, sizeof(key));
        g_hash_table_add(stat->edges, edge);
    }
    edge->count += count;
    if (to >= stat->into->len) {
        g_array_set_size(stat->into, to + 1);
    }
    g_array_index(stat->into, uint64_t, to) += count;
    if (stat->rows) {
        g_array_unref(stat->rows);
        stat->rows = NULL;
    }
}

uint64_t osi_edgestat_executions(const struct osi_edgestat *stat, uint32_t id)
{
    return id && id < stat->into->len ? g_array_index(stat->into, uint64_t, id) : 0;
}

/* ---- order ---- */
static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int hotter(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = compare(y->edge.count, x->edge.count);

    order = order ? order : compare(x->from.address, y->from.address);
    order = order ? order : compare(x->to.address, y->to.address);
    order = order ? order : compare(x->edge.from, y->edge.from);
    order = order ? order : compare(x->edge.to, y->edge.to);
    return order ? order : compare(x->edge.kind, y->edge.kind);
}

static void place(const struct osi_edgestat *stat, uint32_t id, struct osi_edgestat_place *where)
{
    memset(where, 0, sizeof(*where));
    if (id) {
        stat->place(stat->data, id, where);
    }
}

static const GArray *rows(struct osi_edgestat *stat)
{
    GHashTableIter iter;
    void *edge;

    if (!stat->rows) {
        stat->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
        g_hash_table_iter_init(&iter, stat->edges);
        while (g_hash_table_iter_next(&iter, &edge, NULL)) {
            struct row row = { .edge = *(struct osi_edgestat_edge *)edge };

            place(stat, row.edge.from, &row.from);
            place(stat, row.edge.to, &row.to);
            g_array_append_val(stat->rows, row);
        }
        qsort(stat->rows->data, stat->rows->len, sizeof(struct row), hotter);
    }
    return stat->rows;
}

const struct osi_edgestat_edge *osi_edgestat_edge(struct osi_edgestat *stat, size_t n)
{
    const GArray *all = rows(stat);

    return n < all->len ? &g_array_index(all, struct row, n).edge : NULL;
}

/* ---- report ---- */
static double share(uint64_t count, uint64_t all)
{
    return all ? (double)count / (double)all : 0.0;
}

static void report_kinds(const struct osi_edgestat *stat, struct osi_report *report, uint64_t all)
{
    static const struct osi_column columns[] = {
        { "count", "count", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },
        { "edges", "edges", OSI_COL_COUNT },
        { "kind", "kind", OSI_COL_STRING },
    };
    uint64_t counts[OSI_EDGE_KINDS] = { 0 }, edges[OSI_EDGE_KINDS] = { 0 };

    for (guint i = 0; i < stat->rows->len; i++) {
        const struct osi_edgestat_edge *edge = &g_array_index(stat->rows, struct row, i).edge;

        counts[edge->kind] += edge->count;
        edges[edge->kind]++;
    }
    osi_report_table(report, "kinds", "kinds of edges", columns, N(columns));
    for (unsigned kind = 0; kind < OSI_EDGE_KINDS; kind++) {
        if (edges[kind]) {
            osi_report_row(report, counts[kind], share(counts[kind], all), edges[kind],
                           osi_edge_kind_name((enum osi_edge_kind)kind));
        }
    }
}

static char *place_text(const struct osi_edgestat_place *where, uint32_t id)
{
    if (!id) {
        return NULL;
    }
    return where->symbol ? g_strdup_printf("%s+0x%" PRIx64, where->symbol, where->offset)
                         : g_strdup_printf("0x%" PRIx64, where->address);
}

static void report_edges(const struct osi_edgestat *stat, struct osi_report *report, size_t top,
                         uint64_t all)
{
    static const struct osi_column columns[] = {
        { "count", "count", OSI_COL_COUNT },     { "share", "share", OSI_COL_RATIO },
        { "kind", "kind", OSI_COL_STRING },      { "from", "from block", OSI_COL_STRING },
        { "to", "to block", OSI_COL_STRING },    { "from_address", NULL, OSI_COL_ADDRESS },
        { "to_address", NULL, OSI_COL_ADDRESS }, { "from_id", NULL, OSI_COL_COUNT },
        { "to_id", NULL, OSI_COL_COUNT },
    };

    osi_report_table(report, "hot_edges", "edges", columns, N(columns));
    for (guint i = 0; i < stat->rows->len && (!top || i < top); i++) {
        const struct row *row = &g_array_index(stat->rows, struct row, i);
        const struct osi_edgestat_edge *edge = &row->edge;
        char *from = place_text(&row->from, edge->from), *to = place_text(&row->to, edge->to);

        osi_report_row(report, edge->count, share(edge->count, all), osi_edge_kind_name(edge->kind),
                       from, to, edge->from ? row->from.address : OSI_NONE,
                       edge->to ? row->to.address : OSI_NONE, (uint64_t)edge->from,
                       (uint64_t)edge->to);
        g_free(from);
        g_free(to);
    }
}

void osi_edgestat_report(struct osi_edgestat *stat, struct osi_report *report, size_t top)
{
    const GArray *all = rows(stat);
    uint64_t sum = 0;

    for (guint i = 0; i < all->len; i++) {
        sum += g_array_index(all, struct row, i).edge.count;
    }
    osi_report_count(report, "transitions", sum);
    osi_report_count(report, "edges", all->len);
    report_kinds(stat, report, sum);
    report_edges(stat, report, top, sum);
}

/* ---- file ---- */
static void csv_place(FILE *stream, uint32_t id, const struct osi_edgestat_place *where)
{
    if (!id) {
        fputs(",,,,", stream);
        return;
    }
    fprintf(stream, "%" PRIu32 ",0x%" PRIx64 ",", id, where->address);
    osi_csv_text(stream, where->symbol);
    if (where->symbol) {
        fprintf(stream, ",0x%" PRIx64 ",", where->offset);
    } else {
        fputs(",,", stream);
    }
}

int osi_edgestat_csv(struct osi_edgestat *stat, FILE *stream)
{
    const GArray *all = rows(stat);

    fputs("from_id,from,from_symbol,from_offset,to_id,to,to_symbol,to_offset,kind,count\n", stream);
    for (guint i = 0; i < all->len; i++) {
        const struct row *row = &g_array_index(all, struct row, i);

        csv_place(stream, row->edge.from, &row->from);
        csv_place(stream, row->edge.to, &row->to);
        fprintf(stream, "%s,%" PRIu64 "\n", osi_edge_kind_name(row->edge.kind), row->edge.count);
    }
    return osi_csv_end(stream);
}
