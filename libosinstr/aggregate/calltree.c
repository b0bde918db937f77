/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a tree, and all trees. */
#include <string.h>

#include "aggregate/calltree-internal.h"
#include "aggregate/large.h"

#define RESERVE 64
#define FIRST_ROOM 64
#define ROOT_KEY(vcpu, root) ((void *)(uintptr_t)((uint64_t)(vcpu) << 32 | (root)))

static guint root_hash(gconstpointer key)
{
    return (guint)(((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull) >> 32);
}

static void nodes_free(void *data)
{
    struct osi_callnodes *in = data;

    osi_large_free(in->nodes);
    osi_large_free(in->slots);
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

static void insert(struct osi_callnodes *in, uint32_t index)
{
    uint32_t slot = slot_of(in, in->nodes[index].parent, in->nodes[index].function);

    while (in->slots[slot]) {
        slot = (slot + 1) & (in->n_slots - 1);
    }
    in->slots[slot] = index + 1;
}

static void grow(struct osi_callnodes *in)
{
    struct osi_callnode *nodes;

    in->room = in->room ? in->room * 2 : FIRST_ROOM;
    nodes = osi_large_alloc(in->room, sizeof(*nodes));
    if (in->nodes) {
        memcpy(nodes, in->nodes, in->n_nodes * sizeof(*nodes));
        osi_large_free(in->nodes);
    }
    in->nodes = nodes;
    in->n_slots = in->room * 2; /* at most half full */
    osi_large_free(in->slots);
    in->slots = osi_large_alloc(in->n_slots, sizeof(*in->slots));
    memset(in->slots, 0, in->n_slots * sizeof(*in->slots));
    for (uint32_t i = 0; i < in->n_nodes; i++) {
        insert(in, i);
    }
}

static uint32_t add(struct osi_callnodes *in, uint32_t parent, uint32_t function)
{
    uint32_t index = in->n_nodes;

    if (index == in->room) {
        grow(in);
    }
    in->nodes[index] = (struct osi_callnode){ .parent = parent, .function = function };
    in->n_nodes++;
    insert(in, index);
    return index;
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

/* The child was looked for last: it goes to the front. */
static uint32_t remember(struct osi_callnodes *in, uint32_t parent, uint32_t function,
                         uint32_t child)
{
    struct osi_callnode *node = &in->nodes[parent];

    for (unsigned i = OSI_NODE_CACHE - 1; i > 0; i--) {
        node->child_functions[i] = node->child_functions[i - 1];
        node->children[i] = node->children[i - 1];
    }
    node->child_functions[0] = function;
    node->children[0] = child;
    return child;
}

uint32_t osi_callnode_find(struct osi_callnodes *in, uint32_t parent, uint32_t function)
{
    uint32_t slot, index;

    if (parent == OTHER_NODE) {
        return does_not_fit(in);
    }
    for (slot = slot_of(in, parent, function); (index = in->slots[slot]);
         slot = (slot + 1) & (in->n_slots - 1)) {
        if (in->nodes[index - 1].parent == parent && in->nodes[index - 1].function == function) {
            return remember(in, parent, function, index - 1);
        }
    }
    if (!take_one(in)) {
        return does_not_fit(in);
    }
    index = add(in, parent, function);
    return remember(in, parent, function, index);
}

/* ---- trees ---- */
static struct osi_callnodes *nodes_new(struct osi_calltree *tree, unsigned vcpu, uint32_t root)
{
    struct osi_callnodes *in = g_new0(struct osi_callnodes, 1);

    in->tree = tree;
    in->vcpu = vcpu;
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
    in->nodes[ROOT_NODE].function = root;
}
