/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each function of a profile sums up to, over all paths.
 *
 * A function that is on a path more than once (recursion) has its total counted at the outermost
 * place only; so no total is larger than that of the root. Whether a node is the outermost is known
 * on a walk through the tree that keeps, for each function, how often it is on the path. The walk
 * goes down and up along links and needs no stack, however deep the tree is.
 */
#include "profile.h"

struct walk {
    uint32_t *child, *next; /* first child and next sibling, 0: none */
    uint32_t *active;       /* of each function: its nodes on the path */
};

static void link_nodes(struct walk *walk, const struct osi_profile *profile)
{
    walk->child = g_new0(uint32_t, profile->n_nodes);
    walk->next = g_new0(uint32_t, profile->n_nodes);
    for (size_t i = profile->n_nodes; i-- > 1;) {
        uint32_t parent = profile->nodes[i].parent;

        walk->next[i] = walk->child[parent];
        walk->child[parent] = (uint32_t)i;
    }
}

static void enter(struct walk *walk, struct osi_profile_sums *sums,
                  const struct osi_profile_names *names, uint32_t node)
{
    uint32_t function = osi_profile_function_of(names, node);

    if (walk->active[function]++ == 0) {
        sums->outermost[node] = 1;
        sums->total[function] += sums->node_total[node];
    }
}

static void walk_nodes(struct walk *walk, struct osi_profile_sums *sums,
                       const struct osi_profile_names *names)
{
    uint32_t node = walk->child[0];

    while (node) {
        enter(walk, sums, names, node);
        if (walk->child[node]) {
            node = walk->child[node];
            continue;
        }
        while (node) {
            walk->active[osi_profile_function_of(names, node)]--;
            if (walk->next[node])
                break;
            node = names->profile->nodes[node].parent;
        }
        node = walk->next[node]; /* the root has none */
    }
}

void osi_profile_sums_init(struct osi_profile_sums *sums, const struct osi_profile_names *names)
{
    const struct osi_profile *profile = names->profile;
    uint32_t function = osi_profile_function_of(names, 0);
    struct walk walk = { .active = g_new0(uint32_t, profile->n_functions) };

    *sums = (struct osi_profile_sums){
        .node_total = g_new(uint64_t, profile->n_nodes),
        .outermost = g_new0(uint8_t, profile->n_nodes),
        .self = g_new0(uint64_t, profile->n_functions),
        .total = g_new0(uint64_t, profile->n_functions),
        .calls = g_new0(uint64_t, profile->n_functions),
    };
    osi_profile_totals(profile, sums->node_total);
    sums->self[function] = sums->total[function] = profile->nodes[0].self;
    for (size_t i = 1; i < profile->n_nodes; i++) {
        function = osi_profile_function_of(names, i);
        sums->self[function] += profile->nodes[i].self;
        sums->calls[function] += profile->nodes[i].calls;
    }
    link_nodes(&walk, profile);
    walk_nodes(&walk, sums, names);
    g_free(walk.child);
    g_free(walk.next);
    g_free(walk.active);
}

void osi_profile_sums_clear(struct osi_profile_sums *sums)
{
    g_free(sums->node_total);
    g_free(sums->outermost);
    g_free(sums->self);
    g_free(sums->total);
    g_free(sums->calls);
}
