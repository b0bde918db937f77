/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of pages and devices: their numbers, the same for all vCPUs. */
#include <string.h>

#include "aggregate/pages-internal.h"

static size_t place(const struct page_table *table, uint64_t key)
{
    size_t i = (size_t)((key ^ key >> 40) * 0x9e3779b97f4a7c15ull >> 24) & (table->n - 1);

    while (table->keys[i] && table->keys[i] != key + 1) {
        i = (i + 1) & (table->n - 1);
    }
    return i;
}

static void grow(struct page_table *table)
{
    struct page_table old = *table;

    table->n = old.n ? old.n * 2 : 1024;
    table->keys = g_new0(uint64_t, table->n);
    table->rows = g_new(uint32_t, table->n);
    for (size_t i = 0; i < old.n; i++) {
        if (old.keys[i]) {
            size_t to = place(table, old.keys[i] - 1);

            table->keys[to] = old.keys[i];
            table->rows[to] = old.rows[i];
        }
    }
    g_free(old.keys);
    g_free(old.rows);
}

static uint32_t find(const struct page_table *table, uint64_t key)
{
    size_t i = table->n ? place(table, key) : 0;

    return table->n && table->keys[i] ? table->rows[i] : NO_ROW;
}

static void add(struct page_table *table, uint64_t key, uint32_t row)
{
    size_t i;

    if (2 * (table->used + 1) > table->n) {
        grow(table);
    }
    i = place(table, key);
    table->keys[i] = key + 1;
    table->rows[i] = row;
    table->used++;
}

void osi_page_table_free(struct page_table *table)
{
    g_free(table->keys);
    g_free(table->rows);
    *table = (struct page_table){ NULL };
}

/* ---- rows ---- */
static uint32_t shared_row(struct osi_pagemap *map, uint64_t key)
{
    uint32_t row;

    g_mutex_lock(&map->lock);
    row = find(&map->table, key);
    if (row == NO_ROW) {
        row = map->keys->len;
        g_array_append_val(map->keys, key);
        add(&map->table, key, row);
    }
    g_mutex_unlock(&map->lock);
    return row;
}

static void make_room(struct osi_pages_inside *inside, uint32_t row)
{
    size_t n = inside->n_rows ? inside->n_rows : 1024;

    if (row < inside->n_rows) {
        return;
    }
    while (n <= row) {
        n *= 2;
    }
    inside->counts = g_renew(uint64_t, inside->counts, n);
    inside->bytes = g_renew(uint64_t, inside->bytes, n);
    memset(inside->counts + inside->n_rows, 0, (n - inside->n_rows) * sizeof(uint64_t));
    memset(inside->bytes + inside->n_rows, 0, (n - inside->n_rows) * sizeof(uint64_t));
    inside->n_rows = n;
}

uint32_t osi_page_row(struct osi_pages_inside *inside, uint64_t key)
{
    uint32_t row = find(&inside->known, key);

    if (row == NO_ROW) {
        row = shared_row(inside->map, key);
        add(&inside->known, key, row);
        make_room(inside, row);
    }
    return row;
}

/* ---- devices ---- */
static uint32_t shared_device(struct osi_pagemap *map, const char *name)
{
    uint32_t device;

    g_mutex_lock(&map->lock);
    for (device = 0; device < map->names->len; device++) {
        if (strcmp(g_ptr_array_index(map->names, device), name) == 0) {
            break;
        }
    }
    if (device == map->names->len) {
        g_ptr_array_add(map->names, g_strdup(name));
    }
    g_mutex_unlock(&map->lock);
    return device;
}

uint32_t osi_page_device(struct osi_pages_inside *inside, const char *name)
{
    uint32_t number = GPOINTER_TO_UINT(g_hash_table_lookup(inside->names, name));

    if (!number) {
        number = shared_device(inside->map, name) + 1;
        g_hash_table_insert(inside->names, (gpointer)name, GUINT_TO_POINTER(number));
    }
    return number - 1;
}

static guint hash_device(gconstpointer key)
{
    const struct device_key *device = key;

    return (guint)((device->at * 0x9e3779b97f4a7c15ull + device->device) >> 24);
}

static gboolean same_device(gconstpointer a, gconstpointer b)
{
    const struct device_key *x = a, *y = b;

    return x->device == y->device && x->at == y->at;
}

GHashTable *osi_page_devices_new(void)
{
    return g_hash_table_new_full(hash_device, same_device, NULL, g_free);
}

struct device_count *osi_page_device_count(GHashTable *devices, const struct device_key *key)
{
    struct device_count *count = g_hash_table_lookup(devices, key);

    if (!count) {
        count = g_new0(struct device_count, 1);
        count->key = *key;
        count->lowest = UINT64_MAX;
        g_hash_table_insert(devices, &count->key, count);
    }
    return count;
}
