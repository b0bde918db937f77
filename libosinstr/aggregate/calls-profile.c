/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the trees of all tasks to one profile. */
#include <string.h>

#include "aggregate/calltree-internal.h"

struct builder {
    osi_calls_resolve resolve;
    void *data;
    GArray *functions;
    struct osi_profile_node *nodes; /* room for all that there can be */
    uint32_t n_nodes;
    GHashTable *roots;    /* how many trees have this function as their root */
    uint32_t *slots;      /* open addressing: a node by (parent, function); 0: none */
    size_t n_slots;       /* a power of two */
    uint32_t *shared;     /* index in functions by number; 0: not known, or below one root only */
    uint32_t n_shared;
    GHashTable *private;  /* index in functions by (root, number) */
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

static void share(struct builder *b, uint32_t number, uint32_t index)
{
    uint32_t n = b->n_shared;

    if (number >= n) { /* numbers are dense */
        b->n_shared = MAX(2 * n, number + 1024);
        b->shared = g_renew(uint32_t, b->shared, b->n_shared);
        memset(b->shared + n, 0, (b->n_shared - n) * sizeof(*b->shared));
    }
    b->shared[number] = index;
}

static uint32_t find_function(struct builder *b, uint32_t number, uint32_t root)
{
    gpointer key = key_of(number, root), found = g_hash_table_lookup(b->private, key);
    uint32_t index = GPOINTER_TO_UINT(found);
    struct osi_profile_function function;

    if (!index) {
        bool is_private = b->resolve(b->data, number, root, &function);

        index = add_function(b, &function);
        if (is_private) {
            g_hash_table_insert(b->private, key, GUINT_TO_POINTER(index));
        } else {
            share(b, number, index);
        }
    }
    return index;
}

static inline uint32_t function_of(struct builder *b, uint32_t number, uint32_t root)
{
    uint32_t index = number < b->n_shared ? b->shared[number] : 0;

    return index ? index : find_function(b, number, root);
}

static inline uint32_t add_node(struct builder *b, uint32_t parent, uint32_t function)
{
    b->nodes[b->n_nodes] = (struct osi_profile_node){ .parent = parent, .function = function };
    return b->n_nodes++;
}

/* The child of a node; nodes of the same path on several vCPUs become one. */
static uint32_t child_of(struct builder *b, uint32_t parent, uint32_t function)
{
    size_t at = key_hash(key_of(function, parent)) & (b->n_slots - 1);

    for (; b->slots[at]; at = (at + 1) & (b->n_slots - 1)) {
        const struct osi_profile_node *node = &b->nodes[b->slots[at]];

        if (node->parent == parent && node->function == function) {
            return b->slots[at];
        }
    }
    b->slots[at] = add_node(b, parent, function);
    return b->slots[at];
}

/* Which nodes have counts, themselves or below them: those are 1, others 0. */
static void mark_used(const struct osi_callnodes *in, const struct osi_callnode_slot *keys, uint32_t *used)
{
    memset(used, 0, in->n_nodes * sizeof(*used));
    for (uint32_t i = in->n_nodes; i-- > 0;) {
        used[i] |= in->nodes[i].self || in->nodes[i].calls;
        if (used[i] && i != ROOT_NODE) {
            used[keys[i].parent] = 1;
        }
    }
}

static gpointer root_of(const struct osi_callnodes *in)
{
    return key_of(in->root, 0);
}

/* A tree that is the only one of its name has no paths of others to look for. */
static bool is_alone(const struct builder *b, const struct osi_callnodes *in)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(b->roots, root_of(in))) == 1;
}

/* `moved` has room for the nodes of the tree: where in the profile they are. */
static void add_tree(struct builder *b, const struct osi_callnodes *in, uint32_t *moved)
{
    struct osi_callnode_slot *keys = osi_callnodes_keys(in);
    uint32_t root = in->root;
    bool alone = is_alone(b, in);

    mark_used(in, keys, moved);
    for (uint32_t i = 0; i < in->n_nodes; i++) {
        const struct osi_callnode *from = &in->nodes[i];

        if (moved[i]) {
            uint32_t parent = i == ROOT_NODE ? 0 : moved[keys[i].parent];
            uint32_t function = function_of(b, keys[i].function, root);
            struct osi_profile_node *to;

            moved[i] = alone ? add_node(b, parent, function) : child_of(b, parent, function);
            to = &b->nodes[moved[i]];
            to->self += from->self;
            to->calls += from->calls;
        }
    }
    g_free(keys);
}

static void count_roots(struct builder *b, const struct osi_calltree *tree)
{
    for (guint i = 0; i < tree->all->len; i++) {
        gpointer root = root_of(g_ptr_array_index(tree->all, i));
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(b->roots, root));

        g_hash_table_insert(b->roots, root, GUINT_TO_POINTER(n + 1));
    }
}

/* Returns how many nodes the largest tree has. */
static size_t make_room(struct builder *b, const struct osi_calltree *tree)
{
    size_t all = 1, largest = 0, together = 0;

    for (guint i = 0; i < tree->all->len; i++) {
        const struct osi_callnodes *in = g_ptr_array_index(tree->all, i);

        all += in->n_nodes;
        largest = MAX(largest, in->n_nodes);
        together += is_alone(b, in) ? 0 : in->n_nodes;
    }
    b->nodes = g_new(struct osi_profile_node, all);
    for (b->n_slots = 1; b->n_slots < 2 * together;) {
        b->n_slots *= 2;
    }
    b->slots = g_new0(uint32_t, b->n_slots);
    return largest;
}

static void add_trees(struct builder *b, const struct osi_calltree *tree)
{
    uint32_t *moved;

    count_roots(b, tree);
    moved = g_new(uint32_t, make_room(b, tree));
    add_node(b, 0, add_function(b, &(struct osi_profile_function){ "all", "", 0 }));
    for (guint i = 0; i < tree->all->len; i++) {
        add_tree(b, g_ptr_array_index(tree->all, i), moved);
    }
    g_free(moved);
    b->nodes = g_renew(struct osi_profile_node, b->nodes, b->n_nodes);
}

void osi_calltree_profile(struct osi_calltree *tree, osi_calls_resolve resolve, void *data,
                          struct osi_profile *profile)
{
    struct builder b = {
        .resolve = resolve, .data = data,
        .functions = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_function)),
        .roots = g_hash_table_new(key_hash, NULL),
        .private = g_hash_table_new(key_hash, NULL),
    };

    add_trees(&b, tree);
    g_hash_table_destroy(b.private);
    g_hash_table_destroy(b.roots);
    g_free(b.slots);
    g_free(b.shared);
    profile->n_functions = b.functions->len;
    profile->n_nodes = b.n_nodes;
    profile->functions = (const struct osi_profile_function *)(void *)g_array_free(b.functions, FALSE);
    profile->nodes = b.nodes;
}
