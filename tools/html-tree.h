/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of a flame graph, between those who fill it and who puts it into the page. */
#ifndef TOOLS_HTML_TREE_H
#define TOOLS_HTML_TREE_H

#include "html.h"

struct html_function {
    char *name, *module;
    uint32_t shown; /* index in the page plus 1 */
};

struct html_node {
    uint32_t parent, function;
    uint32_t child, sibling; /* 0: none, as node 0 is the root */
    uint64_t self, total;
};

struct html_tree {
    GArray *functions, *nodes;
    GHashTable *function_index; /* "module\1name" -> index plus 1 */
    GHashTable *edges;          /* parent << 32 | function -> node */
    GArray *last;               /* nodes of the last path: the next one mostly shares them */
};

/* The node of a function called by that of another node, made if there is none. */
uint32_t html_tree_child(struct html_tree *tree, uint32_t parent, uint32_t function);

static inline struct html_node *node_at(const struct html_tree *tree, uint32_t i)
{
    return &g_array_index(tree->nodes, struct html_node, i);
}

static inline struct html_function *function_at(const struct html_tree *tree, uint32_t i)
{
    return &g_array_index(tree->functions, struct html_function, i);
}

#endif
