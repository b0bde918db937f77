/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and order of a heatmap's rows. */
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/heatrows.h>

#include "output/csv.h"

struct row {
    struct osi_heatrow about; /* first: rows are known by it */
    char unit[16];
    uint32_t number;          /* before they were sorted */
};

struct osi_heatrows {
    char unit[16];
    GPtrArray *rows;    /* struct row */
    GHashTable *by_name; /* number + 1, by "name\nmodule" */
    GStringChunk *texts;
};

struct osi_heatrows *osi_heatrows_new(const char *unit)
{
    struct osi_heatrows *rows = g_new0(struct osi_heatrows, 1);

    g_strlcpy(rows->unit, unit, sizeof(rows->unit));
    rows->rows = g_ptr_array_new_with_free_func(g_free);
    rows->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    rows->texts = g_string_chunk_new(4096);
    return rows;
}

void osi_heatrows_free(struct osi_heatrows *rows)
{
    if (rows) {
        g_hash_table_unref(rows->by_name);
        g_ptr_array_unref(rows->rows);
        g_string_chunk_free(rows->texts);
        g_free(rows);
    }
}

static struct row *row_at(const struct osi_heatrows *rows, size_t number)
{
    return number < rows->rows->len ? g_ptr_array_index(rows->rows, number) : NULL;
}

static void set_unit(struct row *row, const char *unit)
{
    g_strlcpy(row->unit, unit, sizeof(row->unit));
    row->about.unit = row->unit;
}

static struct row *add(struct osi_heatrows *rows, const char *name, const char *module)
{
    struct row *row = g_new0(struct row, 1);

    row->about.name = g_string_chunk_insert(rows->texts, name);
    row->about.module = module ? g_string_chunk_insert_const(rows->texts, module) : NULL;
    row->number = rows->rows->len;
    set_unit(row, rows->unit);
    g_ptr_array_add(rows->rows, row);
    return row;
}

uint32_t osi_heatrows_row(struct osi_heatrows *rows, const char *name, const char *module)
{
    char *key = g_strconcat(name, "\n", module, NULL);
    uint32_t found = GPOINTER_TO_UINT(g_hash_table_lookup(rows->by_name, key));

    if (found) {
        g_free(key);
        return found - 1;
    }
    found = add(rows, name, module)->number;
    g_hash_table_insert(rows->by_name, key, GUINT_TO_POINTER(found + 1));
    return found;
}

void osi_heatrows_set_time(struct osi_heatrows *rows, uint32_t number, const char *unit)
{
    struct row *row = row_at(rows, number);

    row->about.time = true;
    set_unit(row, unit);
}

/* ---- order ---- */
static gint by_total(gconstpointer a, gconstpointer b)
{
    const struct osi_heatrow *first = &(*(struct row *const *)a)->about;
    const struct osi_heatrow *second = &(*(struct row *const *)b)->about;
    int names;

    if (first->time != second->time) {
        return first->time - second->time;
    }
    if (first->total != second->total) {
        return first->total > second->total ? -1 : 1;
    }
    names = strcmp(first->name, second->name);
    return names ? names : g_strcmp0(first->module, second->module);
}

static void add_up(struct osi_heatrows *rows, const struct osi_heatmap *map)
{
    uint64_t *sums = g_new0(uint64_t, rows->rows->len + 1);

    osi_heatmap_sums(map, sums, rows->rows->len);
    for (guint i = 0; i < rows->rows->len; i++) {
        row_at(rows, i)->about.total = sums[i];
    }
    g_free(sums);
}

/* Rows that stay, in order; *other gets the total of those that don't. */
static GPtrArray *choose(GPtrArray *sorted, size_t keep, uint64_t *other)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < sorted->len; i++) {
        struct row *row = g_ptr_array_index(sorted, i);

        if (row->about.total && (row->about.time || !keep || kept->len < keep)) {
            g_ptr_array_add(kept, row);
        } else {
            *other += row->about.time ? 0 : row->about.total;
        }
    }
    return kept;
}

static uint32_t insert_other(struct osi_heatrows *rows, uint64_t total)
{
    struct row *other = add(rows, "[other]", NULL);
    guint last = rows->rows->len - 1, at = last;

    other->about.total = total;
    while (at && row_at(rows, at - 1)->about.time) {
        at--;
    }
    g_ptr_array_steal_index(rows->rows, last);
    g_ptr_array_insert(rows->rows, (gint)at, other);
    return at;
}

/* Those of `all` that are not in `kept`. */
static void free_others(GPtrArray *all, const GPtrArray *kept)
{
    GHashTable *stay = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < kept->len; i++) {
        g_hash_table_add(stay, g_ptr_array_index(kept, i));
    }
    g_ptr_array_set_free_func(all, NULL);
    for (guint i = 0; i < all->len; i++) {
        if (!g_hash_table_contains(stay, g_ptr_array_index(all, i))) {
            g_free(g_ptr_array_index(all, i));
        }
    }
    g_ptr_array_unref(all);
    g_hash_table_unref(stay);
}

/* Rows of times may stand behind more than `keep`: they are sorted last and so never cut. */
void osi_heatrows_sort(struct osi_heatrows *rows, struct osi_heatmap *map, size_t keep)
{
    GPtrArray *all = rows->rows;
    uint32_t *to = g_new0(uint32_t, all->len + 1);
    uint64_t other = 0;
    uint32_t at;

    add_up(rows, map);
    g_ptr_array_sort(all, by_total);
    rows->rows = choose(all, keep, &other);
    at = other ? insert_other(rows, other) : 0;
    for (guint i = 0; i < all->len; i++) {
        to[i] = at; /* nothing of a row without a total is in the map */
    }
    for (guint i = 0; i < rows->rows->len; i++) {
        if (!other || i != at) {
            to[row_at(rows, i)->number] = i;
        }
    }
    osi_heatmap_regroup(map, to, all->len);
    free_others(all, rows->rows);
    g_hash_table_remove_all(rows->by_name);
    g_free(to);
}

/* ---- in order ---- */
size_t osi_heatrows_n(const struct osi_heatrows *rows)
{
    return rows->rows->len;
}

const struct osi_heatrow *osi_heatrows_at(const struct osi_heatrows *rows, size_t number)
{
    const struct row *row = row_at(rows, number);

    return row ? &row->about : NULL;
}

const char *osi_heatrows_name(void *rows, uint32_t row)
{
    return osi_heatrows_at(rows, row)->name;
}

int osi_heatrows_csv(const struct osi_heatrows *rows, FILE *stream)
{
    fputs("row,name,module,unit,total\n", stream);
    for (guint i = 0; i < rows->rows->len && !ferror(stream); i++) {
        const struct osi_heatrow *row = osi_heatrows_at(rows, i);

        fprintf(stream, "%u,", i);
        osi_csv_text(stream, row->name);
        putc(',', stream);
        osi_csv_text(stream, row->module ? row->module : "");
        fprintf(stream, ",%s,%" PRIu64 "\n", row->unit, row->total);
    }
    return osi_csv_end(stream);
}
