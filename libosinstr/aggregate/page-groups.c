/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of accesses, one object for all that are the same: blocks are translated again and again. */
#include <string.h>

#include "aggregate/pages-internal.h"

static guint hash_group(gconstpointer key)
{
    const uint8_t *bytes = key;
    guint hash = 5381;

    for (size_t i = 0; i < sizeof(struct osi_page_group); i++) {
        hash = hash * 33 + bytes[i];
    }
    return hash;
}

static gboolean same_group(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct osi_page_group)) == 0;
}

GHashTable *osi_page_groups_new(void)
{
    return g_hash_table_new_full(hash_group, same_group, g_aligned_free, NULL);
}

const struct osi_page_group *osi_pagemap_group(struct osi_pagemap *map, const struct osi_page_group *group)
{
    struct osi_page_group *known;

    g_mutex_lock(&map->lock);
    known = g_hash_table_lookup(map->groups, group);
    if (!known) {
        known = g_aligned_alloc0(1, sizeof(*known), OSI_PAGE_GROUP_ALIGN);
        memcpy(known, group, sizeof(*known));
        g_hash_table_add(map->groups, known);
    }
    g_mutex_unlock(&map->lock);
    return known;
}
