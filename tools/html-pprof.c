/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.pb.gz as a tree. */
#include "html-tree.h"
#include "profile-read.h"

/* Callers have lower numbers than what they call. The root is the tree's own. */
static void take(struct html_tree *tree, const struct osi_profile *profile)
{
    uint32_t *functions = g_new(uint32_t, profile->n_functions + 1);
    uint32_t *nodes = g_new0(uint32_t, profile->n_nodes);

    for (size_t i = 0; i < profile->n_functions; i++) {
        functions[i] = html_tree_function(tree, profile->functions[i].name,
                                          profile->functions[i].module);
    }
    for (size_t i = 0; i < profile->n_nodes; i++) {
        const struct osi_profile_node *node = &profile->nodes[i];

        nodes[i] = i ? html_tree_child(tree, nodes[node->parent], functions[node->function]) : 0;
        node_at(tree, nodes[i])->self += node->self;
    }
    g_free(functions);
    g_free(nodes);
}

int html_read_pprof(struct html_tree *tree, const char *dir, struct osi_error *err)
{
    char *path = g_build_filename(dir, "profile.pb.gz", NULL);
    struct osi_profile *profile = NULL;
    int rc = profile_read(path, &profile, err);

    if (!rc) {
        take(tree, profile);
    }
    profile_free(profile);
    g_free(path);
    return rc;
}
