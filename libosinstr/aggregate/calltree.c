/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a task's tree. */
#include <string.h>

#include "aggregate/calltree-internal.h"

#define RESERVE 64
#define FIRST_SLOTS 256

struct osi_calltree *osi_calltree_new(uint64_t max_nodes, uint32_t other, uint32_t signal)
{
    struct osi_calltree *tree = g_new0(struct osi_calltree, 1);

    tree->max_nodes = max_nodes;
    tree->other = other;
    tree->signal = signal;
    return tree;
}

void osi_calltree_free(struct osi_calltree *tree)
{
    g_free(tree);
}

static uint32_t slot_of(const struct osi_calls *calls, uint32_t parent, uint32_t function)
{
    uint64_t hash = ((uint64_t)parent << 32 | function) * 0x9e3779b97f4a7c15ull;

    return (uint32_t)(hash >> 32) & (calls->n_slots - 1);
}

static void insert(struct osi_calls *calls, uint32_t index)
{
    uint32_t slot = slot_of(calls, calls->nodes[index].parent, calls->nodes[index].function);

    while (calls->slots[slot]) {
        slot = (slot + 1) & (calls->n_slots - 1);
    }
    calls->slots[slot] = index + 1;
}

static void grow(struct osi_calls *calls)
{
    calls->room = calls->room ? calls->room * 2 : FIRST_SLOTS / 4;
    calls->nodes = g_renew(struct osi_callnode, calls->nodes, calls->room);
    /* At most half full. */
    calls->n_slots = calls->room * 2;
    g_free(calls->slots);
    calls->slots = g_new0(uint32_t, calls->n_slots);
    for (uint32_t i = 0; i < calls->n_nodes; i++) {
        insert(calls, i);
    }
}

static uint32_t add(struct osi_calls *calls, uint32_t parent, uint32_t function)
{
    uint32_t index = calls->n_nodes;

    if (index == calls->room) {
        grow(calls);
    }
    calls->nodes[index] = (struct osi_callnode){ parent, function, OSI_NO_NODE, 0, 0, 0 };
    calls->n_nodes++;
    insert(calls, index);
    return index;
}

/* May one more node be made? Asked for in lots, since all vCPUs share the limit. */
static bool take_one(struct osi_calls *calls)
{
    struct osi_calltree *tree = calls->tree;

    if (!calls->reserved) {
        if (atomic_fetch_add_explicit(&tree->n_nodes, RESERVE, memory_order_relaxed) + RESERVE >
            tree->max_nodes) {
            atomic_fetch_sub_explicit(&tree->n_nodes, RESERVE, memory_order_relaxed);
            return false;
        }
        calls->reserved = RESERVE;
    }
    calls->reserved--;
    return true;
}

uint32_t osi_callnode_root(struct osi_calls *calls, uint32_t function)
{
    uint32_t root = add(calls, OSI_NO_NODE, function);

    calls->other = add(calls, root, calls->tree->other);
    return root;
}

uint32_t osi_callnode_child(struct osi_calls *calls, uint32_t parent, uint32_t function)
{
    uint32_t last = calls->nodes[parent].last, slot, index;

    if (last != OSI_NO_NODE && calls->nodes[last].function == function) {
        return last;
    }
    if (parent == calls->other) {
        calls->health.merged++;
        return parent;
    }
    for (slot = slot_of(calls, parent, function); (index = calls->slots[slot]);
         slot = (slot + 1) & (calls->n_slots - 1)) {
        if (calls->nodes[index - 1].parent == parent &&
            calls->nodes[index - 1].function == function) {
            calls->nodes[parent].last = index - 1;
            return index - 1;
        }
    }
    if (!take_one(calls)) {
        calls->health.merged++;
        return calls->other;
    }
    index = add(calls, parent, function);
    calls->nodes[parent].last = index;
    return index;
}
