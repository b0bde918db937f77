/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edges that have no place at their block. */
#include "edges-internal.h"

static size_t place(const struct osi_edge_table *table, uint32_t from, uint32_t to, uint32_t kind)
{
    uint64_t key = ((uint64_t)from << 32 | to) * 0x9e3779b97f4a7c15ull + kind;
    size_t i = (size_t)((key ^ key >> 32) * 0xff51afd7ed558ccdull >> 20) & (table->n - 1);

    while (table->slots[i].count && (table->slots[i].from != from || table->slots[i].to != to ||
                                     table->slots[i].kind != kind)) {
        i = (i + 1) & (table->n - 1);
    }
    return i;
}

/* At most half full. */
static void grow(struct osi_edge_table *table)
{
    struct osi_edge_table old = *table;

    table->n = old.n ? old.n * 2 : 1024;
    table->slots = g_new0(struct osi_edge_slot, table->n);
    for (size_t i = 0; i < old.n; i++) {
        const struct osi_edge_slot *slot = &old.slots[i];

        if (slot->count) {
            table->slots[place(table, slot->from, slot->to, slot->kind)] = *slot;
        }
    }
    g_free(old.slots);
}

struct osi_edge_slot *osi_edge_find(const struct osi_edge_table *table, uint32_t from, uint32_t to,
                                    enum osi_edge_kind kind)
{
    struct osi_edge_slot *slot = table->n ? &table->slots[place(table, from, to, kind)] : NULL;

    return slot && slot->count ? slot : NULL;
}

void osi_edge_count(struct osi_edge_table *table, uint32_t from, uint32_t to,
                    enum osi_edge_kind kind, uint64_t count)
{
    struct osi_edge_slot *slot;

    if (2 * (table->used + 1) > table->n) {
        grow(table);
    }
    slot = &table->slots[place(table, from, to, kind)];
    table->used += slot->count == 0;
    slot->from = from;
    slot->to = to;
    slot->kind = kind;
    slot->count += count;
}
