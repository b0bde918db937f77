/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of calls for the flame graph, filled path by path. */
#include "html-tree.h"

/* GLib's own uses the lower half of the number only. */
static guint edge_hash(gconstpointer key)
{
    return (guint)((*(const guint64 *)key * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)) >> 32);
}

struct html_tree *html_tree_new(void)
{
    struct html_tree *tree = g_new0(struct html_tree, 1);
    struct html_node root = { .function = 0 };

    tree->functions = g_array_new(FALSE, FALSE, sizeof(struct html_function));
    tree->nodes = g_array_new(FALSE, FALSE, sizeof(struct html_node));
    tree->function_index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tree->edges = g_hash_table_new_full(edge_hash, g_int64_equal, g_free, NULL);
    tree->last = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(tree->nodes, root);
    html_tree_function(tree, "all", "");
    return tree;
}

void html_tree_free(struct html_tree *tree)
{
    if (!tree) {
        return;
    }
    for (guint i = 0; i < tree->functions->len; i++) {
        g_free(function_at(tree, i)->name);
        g_free(function_at(tree, i)->module);
    }
    g_array_free(tree->functions, TRUE);
    g_array_free(tree->nodes, TRUE);
    g_hash_table_destroy(tree->function_index);
    g_hash_table_destroy(tree->edges);
    g_array_free(tree->last, TRUE);
    g_free(tree);
}

uint32_t html_tree_function(struct html_tree *tree, const char *name, const char *module)
{
    char *key = g_strconcat(module, "\1", name, NULL);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(tree->function_index, key));

    if (index) {
        g_free(key);
    } else {
        struct html_function function = { .name = g_strdup(name), .module = g_strdup(module) };

        g_array_append_val(tree->functions, function);
        index = tree->functions->len;
        g_hash_table_insert(tree->function_index, key, GUINT_TO_POINTER(index));
    }
    return index - 1;
}

uint32_t html_tree_child(struct html_tree *tree, uint32_t parent, uint32_t function)
{
    gint64 key = (gint64)((uint64_t)parent << 32 | function), *own;
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(tree->edges, &key));
    struct html_node node = { .parent = parent, .function = function };

    if (found) {
        return found;
    }
    found = tree->nodes->len;
    node.sibling = node_at(tree, parent)->child;
    g_array_append_val(tree->nodes, node);
    node_at(tree, parent)->child = found;
    own = g_new(gint64, 1);
    *own = key;
    g_hash_table_insert(tree->edges, own, GUINT_TO_POINTER(found));
    return found;
}

void html_tree_add(struct html_tree *tree, const uint32_t *path, size_t length, uint64_t self)
{
    uint32_t at = 0;
    size_t i = 0;
    struct html_node *node;

    while (i < length && i < tree->last->len) {
        uint32_t known = g_array_index(tree->last, uint32_t, i);

        if (node_at(tree, known)->function != path[i]) {
            break;
        }
        at = known;
        i++;
    }
    g_array_set_size(tree->last, (guint)i);
    for (; i < length; i++) {
        at = html_tree_child(tree, at, path[i]);
        g_array_append_val(tree->last, at);
    }
    node = node_at(tree, at);
    node->self += MIN(self, UINT64_MAX - node->self);
}
