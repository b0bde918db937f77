/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths as bytes. Nodes are asked for in the order of their numbers, which is the order in which they
 * were first run, so that a path has most of the one before it in common: only the rest is made anew.
 */
#include "profile.h"

void osi_profile_paths_init(struct osi_profile_paths *paths, const struct osi_profile *profile,
                            bool inner_first)
{
    *paths = (struct osi_profile_paths){
        .profile = profile,
        .inner_first = inner_first,
        .pieces = g_string_new(NULL),
        .piece_ends = g_new0(size_t, profile->n_functions + 1),
        .depth = g_new(uint32_t, profile->n_nodes),
    };
    paths->depth[0] = 0;
    for (size_t i = 1; i < profile->n_nodes; i++)
        paths->depth[i] = paths->depth[profile->nodes[i].parent] + 1;
    paths->depth[0] = 1; /* it is on no path, but is one */
}

void osi_profile_paths_clear(struct osi_profile_paths *paths)
{
    g_string_free(paths->pieces, TRUE);
    g_free(paths->piece_ends);
    g_free(paths->depth);
    g_free(paths->steps);
    g_free(paths->bytes);
}

void osi_profile_paths_piece(struct osi_profile_paths *paths, const void *bytes, size_t n)
{
    g_string_append_len(paths->pieces, bytes, (gssize)n);
    paths->piece_ends[++paths->n_pieces] = paths->pieces->len;
}

static void make_room(struct osi_profile_paths *paths, size_t n)
{
    size_t room = MAX(2 * paths->room, paths->length + n + 4096);

    paths->bytes = g_realloc(paths->bytes, room);
    if (paths->inner_first) /* what there is stands at the end */
        memmove(paths->bytes + room - paths->length, paths->bytes + paths->room - paths->length,
                paths->length);
    paths->room = room;
}

static void add_piece(struct osi_profile_paths *paths, uint32_t function)
{
    size_t start = paths->piece_ends[function], n = paths->piece_ends[function + 1] - start;

    if (paths->room - paths->length < n)
        make_room(paths, n);
    paths->length += n;
    memcpy(paths->bytes + (paths->inner_first ? paths->room - paths->length : paths->length - n),
           paths->pieces->str + start, n);
}

const char *osi_profile_path(struct osi_profile_paths *paths, size_t node, size_t *length)
{
    const struct osi_profile_node *nodes = paths->profile->nodes;
    uint32_t depth = paths->depth[node], same = depth, at = (uint32_t)node;

    if (depth > paths->n_steps) {
        paths->n_steps = MAX(depth, 2 * paths->n_steps);
        paths->steps = g_renew(struct osi_profile_step, paths->steps, paths->n_steps);
    }
    while (same && !(same <= paths->n && paths->steps[same - 1].node == at)) {
        paths->steps[--same].node = at;
        at = nodes[at].parent;
    }
    paths->length = same ? paths->steps[same - 1].length : 0;
    for (; same < depth; same++) {
        add_piece(paths, nodes[paths->steps[same].node].function);
        paths->steps[same].length = paths->length;
    }
    paths->n = depth;
    *length = paths->length;
    return paths->bytes + (paths->inner_first ? paths->room - paths->length : 0);
}
