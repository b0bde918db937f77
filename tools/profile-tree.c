/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes by parent and function. */
#include "profile-tree.h"

static guint edge_hash(gconstpointer key)
{
    uint64_t edge = *(const uint64_t *)key * UINT64_C(0x9e3779b97f4a7c15);

    return (guint)(edge >> 32);
}

void profile_tree_init(struct profile_tree *tree)
{
    const struct osi_profile_node root = { 0, 0, 0, 0 };

    tree->nodes = g_array_new(FALSE, FALSE, sizeof(struct osi_profile_node));
    tree->children = g_hash_table_new_full(edge_hash, g_int64_equal, g_free, NULL);
    tree->path = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    tree->steps = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(tree->nodes, root);
}

void profile_tree_clear(struct profile_tree *tree)
{
    g_clear_pointer(&tree->nodes, g_array_unref);
    g_clear_pointer(&tree->children, g_hash_table_destroy);
    g_clear_pointer(&tree->path, g_array_unref);
    g_clear_pointer(&tree->steps, g_array_unref);
}

static uint32_t child_of(struct profile_tree *tree, uint32_t parent, uint32_t function)
{
    const struct osi_profile_node node = { parent, function, 0, 0 };
    uint64_t edge = (uint64_t)parent << 32 | function, *key;
    uint32_t child = GPOINTER_TO_UINT(g_hash_table_lookup(tree->children, &edge));

    if (!child) {
        child = tree->nodes->len;
        g_array_append_val(tree->nodes, node);
        key = g_new(uint64_t, 1);
        *key = edge;
        g_hash_table_insert(tree->children, key, GUINT_TO_POINTER(child));
    }
    return child;
}

uint32_t profile_tree_path(struct profile_tree *tree, const uint32_t *inner_first, guint length)
{
    guint known = MIN(length, tree->path->len), same = 0;
    const uint32_t *before = (const uint32_t *)(void *)tree->path->data;
    uint32_t at;

    while (same < known && before[same] == inner_first[length - 1 - same]) {
        same++;
    }
    at = same ? g_array_index(tree->steps, uint32_t, same - 1) : 0;
    g_array_set_size(tree->path, same);
    g_array_set_size(tree->steps, same);
    for (; same < length; same++) {
        at = child_of(tree, at, inner_first[length - 1 - same]);
        g_array_append_val(tree->path, inner_first[length - 1 - same]);
        g_array_append_val(tree->steps, at);
    }
    return at;
}
