/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of all vCPUs: how the map begins and ends. */
#include "aggregate/pages-internal.h"

static void inside_free(void *data)
{
    struct osi_pages_inside *inside = data;

    osi_page_table_free(&inside->known);
    g_free(inside->counts);
    g_free(inside->bytes);
    g_hash_table_unref(inside->names);
    g_hash_table_unref(inside->devices);
    g_free(inside);
}

struct osi_pagemap *osi_pagemap_new(const struct osi_pages_config *config)
{
    struct osi_pagemap *map = g_new0(struct osi_pagemap, 1);
    uint64_t nothing = KEY_NOTHING;

    g_assert(config->page_size >= 4096 && !(config->page_size & (config->page_size - 1)));
    map->config = *config;
    map->page_bits = (unsigned)__builtin_ctzll(config->page_size);
    map->weight = MAX(config->sample, 1);
    map->flags = (config->closed ? EPOCH_CLOSED : 0) | (config->ask ? EPOCH_ASK : 0);
    g_mutex_init(&map->lock);
    map->keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_array_append_val(map->keys, nothing);
    map->names = g_ptr_array_new_with_free_func(g_free);
    map->vcpus = g_ptr_array_new_with_free_func(inside_free);
    map->devices = osi_page_devices_new();
    map->groups = osi_page_groups_new();
    return map;
}

void osi_pagemap_free(struct osi_pagemap *map)
{
    if (map) {
        g_mutex_clear(&map->lock);
        osi_page_table_free(&map->table);
        g_array_unref(map->keys);
        g_ptr_array_unref(map->names);
        g_ptr_array_unref(map->vcpus);
        g_hash_table_unref(map->devices);
        g_hash_table_unref(map->groups);
        g_free(map->counts);
        g_free(map->bytes);
        g_free(map);
    }
}

static void add_devices(struct osi_pagemap *map, GHashTable *devices)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, devices);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct device_count *one = value;
        struct device_count *all = osi_page_device_count(map->devices, &one->key);

        all->reads += one->reads;
        all->writes += one->writes;
        all->lowest = MIN(all->lowest, one->lowest);
    }
}

void osi_pagemap_finish(struct osi_pagemap *map)
{
    g_mutex_lock(&map->lock);
    map->counts = g_new0(uint64_t, map->keys->len + 1);
    map->bytes = g_new0(uint64_t, map->keys->len + 1);
    EACH_VCPU (map, inside) {
        size_t n;
        const uint64_t *counts = osi_pages_counts(inside->pages, &n);

        for (size_t row = 0; row < MIN(n, map->keys->len); row++) {
            map->counts[row] += counts[row];
            map->bytes[row] += inside->bytes[row];
        }
        map->samples += inside->samples;
        add_devices(map, inside->devices);
    }
    g_mutex_unlock(&map->lock);
}

size_t osi_pagemap_rows(const struct osi_pagemap *map)
{
    return map->keys->len;
}
