/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of calls that is put together again from its paths. */
#ifndef TOOLS_PROFILE_TREE_H
#define TOOLS_PROFILE_TREE_H

#include <glib.h>
#include <osinstr/profile.h>

struct profile_tree {
    GArray *nodes;     /* struct osi_profile_node; `function` is what the paths say */
    GHashTable *children; /* (parent, function) -> node */
    GArray *path, *steps; /* uint32_t: the path added last, outermost first; the node of each */
};

void profile_tree_init(struct profile_tree *tree);
void profile_tree_clear(struct profile_tree *tree); /* also of a zeroed one */

/* The node of a path, the innermost first; it is made if need be. Paths that come in the order of the
 * nodes share most with the one before, which is then not looked up. */
uint32_t profile_tree_path(struct profile_tree *tree, const uint32_t *inner_first, guint length);

#endif
