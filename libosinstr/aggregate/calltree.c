/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a tree, and all trees. */
#include <string.h>

#include "aggregate/calltree-internal.h"
#include "aggregate/large.h"

#define RESERVE 64
#define FIRST_ROOM 64
#define FIRST_SLOTS 128
#define ROOT_KEY(vcpu, root) ((void *)(uintptr_t)((uint64_t)(vcpu) << 32 | (root)))

static guint root_hash(gconstpointer key)
{
    return (guint)(((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull) >> 32);
}

static void nodes_free(void *data)
{
    struct osi_callnodes *in = data;

    osi_large_free(in->nodes, in->room * sizeof(*in->nodes));
    osi_large_free(in->slots, in->n_slots * sizeof(*in->slots));
    g_free(in);
}

struct osi_calltree *osi_calltree_new(uint64_t max_nodes, uint32_t other, uint32_t signal)
{
    struct osi_calltree *tree = g_new0(struct osi_calltree, 1);

    tree->max_nodes = max_nodes;
    tree->other = other;
    tree->signal = signal;
    tree->all = g_ptr_array_new_with_free_func(nodes_free);
    tree->by_root = g_hash_table_new(root_hash, NULL);
    g_mutex_init(&tree->lock);
    return tree;
}

void osi_calltree_set_places(struct osi_calltree *tree, osi_calls_address address_of, void *data)
{
    tree->address_of = address_of;
    tree->address_data = data;
}

void osi_calltree_free(struct osi_calltree *tree)
{
    if (tree) {
        g_hash_table_destroy(tree->by_root);
        g_ptr_array_unref(tree->all);
        g_mutex_clear(&tree->lock);
        g_free(tree);
    }
}

uint64_t osi_calltree_merged(const struct osi_calltree *tree)
{
    return atomic_load(&tree->merged);
}

/* ---- nodes ---- */
static uint32_t slot_of(const struct osi_callnodes *in, uint32_t parent, uint32_t function)
{
    uint64_t hash = ((uint64_t)parent << 32 | function) * 0x9e3779b97f4a7c15ull;

    return (uint32_t)(hash >> 32) & (in->n_slots - 1);
}

static void insert(struct osi_callnodes *in, uint32_t parent, uint32_t function, uint32_t index)
{
    uint32_t slot = slot_of(in, parent, function);

    while (in->slots[slot].used) {
        slot = (slot + 1) & (in->n_slots - 1);
    }
    in->slots[slot] = (struct osi_callnode_slot){ parent, function, index + 1, 0 };
}

static void more_slots(struct osi_callnodes *in)
{
    struct osi_callnode_slot *old = in->slots;
    uint32_t n = in->n_slots;

    in->n_slots = n ? n * 2 : FIRST_SLOTS;
    in->slots = osi_large_alloc(in->n_slots * sizeof(*in->slots), true);
    for (uint32_t i = 0; i < n; i++) {
        if (old[i].used) {
            insert(in, old[i].parent, old[i].function, old[i].used - 1);
        }
    }
    osi_large_free(old, n * sizeof(*old));
}

static void more_nodes(struct osi_callnodes *in)
{
    size_t size = in->room * sizeof(*in->nodes);

    in->nodes = in->nodes ? osi_large_double(in->nodes, size)
                          : osi_large_alloc(FIRST_ROOM * sizeof(*in->nodes), false);
    in->room = in->room ? in->room * 2 : FIRST_ROOM;
}

static uint32_t add(struct osi_callnodes *in, uint32_t parent, uint32_t function)
{
    uint32_t index = in->n_nodes;

    if (index == in->room) {
        more_nodes(in);
    }
    in->nodes[index] = (struct osi_callnode){ 0 };
    in->n_nodes++;
    if (parent != OSI_NO_NODE) {
        if (in->n_nodes > in->n_slots / 4 * 3) {
            more_slots(in);
        }
        insert(in, parent, function, index);
    }
    return index;
}

struct osi_callnode_slot *osi_callnodes_keys(const struct osi_callnodes *in)
{
    struct osi_callnode_slot *keys = g_new(struct osi_callnode_slot, in->n_nodes);

    keys[ROOT_NODE] = (struct osi_callnode_slot){ OSI_NO_NODE, in->root, ROOT_NODE + 1, 0 };
    for (uint32_t i = 0; i < in->n_slots; i++) {
        if (in->slots[i].used) {
            keys[in->slots[i].used - 1] = in->slots[i];
        }
    }
    return keys;
}

/* May one more node be made? Asked for in lots, since all vCPUs share the limit. */
static bool take_one(struct osi_callnodes *in)
{
    struct osi_calltree *tree = in->tree;

    if (!in->reserved) {
        if (atomic_fetch_add_explicit(&tree->n_nodes, RESERVE, memory_order_relaxed) + RESERVE >
            tree->max_nodes) {
            atomic_fetch_sub_explicit(&tree->n_nodes, RESERVE, memory_order_relaxed);
            return false;
        }
        in->reserved = RESERVE;
    }
    in->reserved--;
    return true;
}

static uint32_t does_not_fit(struct osi_callnodes *in)
{
    atomic_fetch_add_explicit(&in->tree->merged, 1, memory_order_relaxed);
    return OTHER_NODE;
}

/* Some that take turns are more than a node has room for: if the oldest went, none of them would ever be
 * found, so it is any that goes. */
static unsigned any_place(struct osi_callnodes *in)
{
    in->victim = in->victim * 1664525 + 1013904223;
    return (unsigned)(((uint64_t)in->victim * OSI_NODE_CACHE) >> 32);
}

static uint32_t remember(struct osi_callnodes *in, uint32_t parent, uint32_t function,
                         uint32_t child)
{
    struct osi_callnode *node = &in->nodes[parent];
    unsigned i = 0, bits;

    if (function >= OSI_NO_TAG) {
        return child;
    }
    while (i < OSI_NODE_CACHE && node->tags[i / 4] >> i % 4 * 16 & 0xffff) {
        i++;
    }
    if (i == OSI_NODE_CACHE) {
        i = any_place(in);
    }
    bits = i % 4 * 16;
    node->tags[i / 4] = (node->tags[i / 4] & ~((uint64_t)0xffff << bits)) | (uint64_t)function << bits;
    node->children[i] = child;
    return child;
}

uint32_t osi_callnode_find(struct osi_callnodes *in, uint32_t parent, uint32_t function)
{
    const struct osi_callnode_slot *slot;
    uint32_t at;

    if (parent == OTHER_NODE) {
        return does_not_fit(in);
    }
    for (at = slot_of(in, parent, function); (slot = &in->slots[at])->used;
         at = (at + 1) & (in->n_slots - 1)) {
        if (slot->parent == parent && slot->function == function) {
            return remember(in, parent, function, slot->used - 1);
        }
    }
    if (!take_one(in)) {
        return does_not_fit(in);
    }
    return remember(in, parent, function, add(in, parent, function));
}

/* ---- trees ---- */
static struct osi_callnodes *nodes_new(struct osi_calltree *tree, unsigned vcpu, uint32_t root)
{
    struct osi_callnodes *in = g_new0(struct osi_callnodes, 1);

    in->tree = tree;
    in->vcpu = vcpu;
    in->root = root;
    add(in, OSI_NO_NODE, root);
    add(in, ROOT_NODE, tree->other);
    g_ptr_array_add(tree->all, in);
    return in;
}

struct osi_callnodes *osi_calltree_nodes(struct osi_calltree *tree, unsigned vcpu, uint32_t root)
{
    struct osi_callnodes *found = NULL;

    g_mutex_lock(&tree->lock);
    found = g_hash_table_lookup(tree->by_root, ROOT_KEY(vcpu, root));
    if (!found) {
        found = nodes_new(tree, vcpu, root);
        g_hash_table_insert(tree->by_root, ROOT_KEY(vcpu, root), found);
    }
    g_mutex_unlock(&tree->lock);
    return found;
}

void osi_callnodes_name(struct osi_callnodes *in, uint32_t root)
{
    in->root = root;
}
