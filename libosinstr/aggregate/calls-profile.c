/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the trees of all tasks to one profile. */
#include "aggregate/calltree-internal.h"

struct builder {
    osi_calls_resolve resolve;
    void *data;
    GArray *functions, *nodes;
    GHashTable *known; /* index in functions + 1 by (root's index + 1 or 0, number) */
};

static gpointer key_of(uint32_t function, uint32_t root)
{
    return (gpointer)(uintptr_t)((uint64_t)root << 32 | function);
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

/* Which nodes have counts, themselves or below them; the root function of each. */
static bool *used_nodes(const struct osi_callnode *nodes, size_t n, uint32_t *roots)
{
    bool *used = g_new0(bool, n);

    for (size_t i = n; i-- > 0;) {
        used[i] |= nodes[i].self || nodes[i].calls;
        if (used[i] && nodes[i].parent != OSI_NO_NODE) {
            used[nodes[i].parent] = true;
        }
    }
    for (size_t i = 0; i < n; i++) {
        roots[i] = nodes[i].parent == OSI_NO_NODE ? nodes[i].function : roots[nodes[i].parent];
    }
    return used;
}

static void add_tree(struct builder *b, const struct osi_calls *calls)
{
    size_t n;
    const struct osi_callnode *nodes = osi_calls_nodes(calls, &n);
    uint32_t *roots = g_new(uint32_t, n), *moved = g_new(uint32_t, n);
    bool *used = used_nodes(nodes, n, roots);

    for (size_t i = 0; i < n; i++) {
        struct osi_profile_node node = { .self = nodes[i].self, .calls = nodes[i].calls };

        if (used[i]) {
            node.parent = nodes[i].parent == OSI_NO_NODE ? 0 : moved[nodes[i].parent];
            node.function = function_of(b, nodes[i].function, roots[i]);
            moved[i] = b->nodes->len;
            g_array_append_val(b->nodes, node);
        }
    }
    g_free(used);
    g_free(moved);
    g_free(roots);
}

void osi_calls_profile(struct osi_calls *const *calls, size_t n, osi_calls_resolve resolve,
                       void *data, struct osi_profile *profile)
{
    struct osi_profile_function all = { "all", "", 0 };
    struct osi_profile_node root = { .parent = 0 };
    struct builder b = {
        .resolve = resolve, .data = data,
        .functions = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_function)),
        .nodes = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_node)),
        .known = g_hash_table_new(NULL, NULL),
    };

    root.function = add_function(&b, &all);
    g_array_append_val(b.nodes, root);
    for (size_t i = 0; i < n; i++) {
        add_tree(&b, calls[i]);
    }
    g_hash_table_destroy(b.known);
    profile->n_functions = b.functions->len;
    profile->n_nodes = b.nodes->len;
    profile->functions = (const struct osi_profile_function *)g_array_free(b.functions, FALSE);
    profile->nodes = (const struct osi_profile_node *)g_array_free(b.nodes, FALSE);
}
