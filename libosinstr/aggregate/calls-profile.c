/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the trees of all tasks to one profile. */
#include "aggregate/calltree-internal.h"

struct builder {
    osi_calls_resolve resolve;
    void *data;
    GArray *functions, *nodes;
    GHashTable *children; /* index of a node by (parent, function) */
    GHashTable *known; /* index in functions + 1 by (root's index + 1 or 0, number) */
};

static gpointer key_of(uint32_t function, uint32_t parent)
{
    return (gpointer)(uintptr_t)((uint64_t)parent << 32 | function);
}

static guint key_hash(gconstpointer key)
{
    return (guint)(((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull) >> 32);
}

static uint32_t add_function(struct builder *b, const struct osi_profile_function *function)
{
    g_array_append_val(b->functions, *function);
    return b->functions->len - 1;
}

static uint32_t function_of(struct builder *b, uint32_t number, uint32_t root)
{
    gpointer index = g_hash_table_lookup(b->known, key_of(number, 0));
    struct osi_profile_function function;
    bool is_private;

    if (!index) {
        index = g_hash_table_lookup(b->known, key_of(number, root));
    }
    if (!index) {
        is_private = b->resolve(b->data, number, root, &function);
        index = GUINT_TO_POINTER(add_function(b, &function) + 1);
        g_hash_table_insert(b->known, key_of(number, is_private ? root : 0), index);
    }
    return GPOINTER_TO_UINT(index) - 1;
}

static uint32_t add_node(struct builder *b, uint32_t parent, uint32_t function)
{
    struct osi_profile_node node = { .parent = parent, .function = function };

    g_array_append_val(b->nodes, node);
    return b->nodes->len - 1;
}

/* The child of a node; nodes of the same path on several vCPUs become one. */
static uint32_t child_of(struct builder *b, uint32_t parent, uint32_t function)
{
    gpointer key = key_of(function, parent), index = g_hash_table_lookup(b->children, key);

    if (!index) {
        index = GUINT_TO_POINTER(add_node(b, parent, function));
        g_hash_table_insert(b->children, key, index);
    }
    return GPOINTER_TO_UINT(index);
}

/* Which nodes have counts, themselves or below them. */
static bool *used_nodes(const struct osi_callnodes *in)
{
    bool *used = g_new0(bool, in->n_nodes);

    for (uint32_t i = in->n_nodes; i-- > 0;) {
        used[i] |= in->nodes[i].self || in->nodes[i].calls;
        if (used[i] && i != ROOT_NODE) {
            used[in->nodes[i].parent] = true;
        }
    }
    return used;
}

/* A tree that is the only one of its name has no paths of others to look for. */
static bool is_alone(const struct osi_calltree *tree, const struct osi_callnodes *in)
{
    for (guint i = 0; i < tree->all->len; i++) {
        const struct osi_callnodes *other = g_ptr_array_index(tree->all, i);

        if (other != in && other->nodes[ROOT_NODE].function == in->nodes[ROOT_NODE].function) {
            return false;
        }
    }
    return true;
}

static void add_tree(struct builder *b, const struct osi_callnodes *in, bool alone)
{
    uint32_t *moved = g_new(uint32_t, in->n_nodes), root = in->nodes[ROOT_NODE].function;
    bool *used = used_nodes(in);

    for (uint32_t i = 0; i < in->n_nodes; i++) {
        const struct osi_callnode *from = &in->nodes[i];
        struct osi_profile_node *to;

        if (used[i]) {
            uint32_t parent = i == ROOT_NODE ? 0 : moved[from->parent];
            uint32_t function = function_of(b, from->function, root);

            moved[i] = alone ? add_node(b, parent, function) : child_of(b, parent, function);
            to = &g_array_index(b->nodes, struct osi_profile_node, moved[i]);
            to->self += from->self;
            to->calls += from->calls;
        }
    }
    g_free(used);
    g_free(moved);
}

void osi_calltree_profile(struct osi_calltree *tree, osi_calls_resolve resolve, void *data,
                          struct osi_profile *profile)
{
    struct osi_profile_function all = { "all", "", 0 };
    struct osi_profile_node root = { .parent = 0 };
    struct builder b = {
        .resolve = resolve, .data = data,
        .functions = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_function)),
        .nodes = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_node)),
        .children = g_hash_table_new(key_hash, NULL),
        .known = g_hash_table_new(key_hash, NULL),
    };

    root.function = add_function(&b, &all);
    g_array_append_val(b.nodes, root);
    for (guint i = 0; i < tree->all->len; i++) {
        const struct osi_callnodes *in = g_ptr_array_index(tree->all, i);

        add_tree(&b, in, is_alone(tree, in));
    }
    g_hash_table_destroy(b.known);
    g_hash_table_destroy(b.children);
    profile->n_functions = b.functions->len;
    profile->n_nodes = b.nodes->len;
    profile->functions = (const struct osi_profile_function *)(void *)g_array_free(b.functions, FALSE);
    profile->nodes = (const struct osi_profile_node *)(void *)g_array_free(b.nodes, FALSE);
}
