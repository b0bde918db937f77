/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export folded, callgrind, pprof, speedscope: the tree of calls that hotpath left in profile.pb.gz.
 *
 * The tree is read whole; its size is bounded by hotpath's nodes=.
 */
#include <errno.h>
#include <unistd.h>

#include "formats.h"
#include "profile-read.h"

typedef int write_function(const struct osi_profile *profile, FILE *stream);

/* Only the wanted tasks with all below them, in the same order. The root's own instructions are nobody's. */
static void keep_tasks(struct export *export, struct osi_profile *profile)
{
    struct osi_profile_node *nodes = (struct osi_profile_node *)profile->nodes;
    uint32_t *place = g_new(uint32_t, profile->n_nodes);
    size_t n = 1;

    nodes[0].self = 0;
    place[0] = 0;
    for (size_t i = 1; i < profile->n_nodes; i++) {
        struct osi_profile_node node = nodes[i];
        bool wanted = node.parent ? place[node.parent] != 0
                                  : export_wants_name(export, profile->functions[node.function].name);

        place[i] = wanted ? (uint32_t)n : 0;
        if (wanted) {
            node.parent = place[node.parent];
            nodes[n++] = node;
        }
    }
    profile->n_nodes = n;
    g_free(place);
}

static int write_profile(struct export *export, write_function *write, struct osi_error *err)
{
    char *file = g_build_filename(export->dir, "profile.pb.gz", NULL);
    struct osi_profile *profile = NULL;
    int rc = profile_read(file, &profile, err);
    FILE *stream;

    g_free(file);
    if (rc) {
        return rc;
    }
    if (export->task) {
        keep_tasks(export, profile);
    }
    stream = fdopen(dup(export_out(export)->fd), "w");
    if (!stream) {
        rc = -errno;
    } else {
        rc = write(profile, stream);
        rc = fclose(stream) && !rc ? -errno : rc;
    }
    export->written = profile->n_nodes - 1;
    profile_free(profile);
    return rc;
}

#define FORMAT(id, text, ending)                                                                   \
    static int write_##id(struct export *export, struct osi_error *err)                            \
    {                                                                                              \
        return write_profile(export, osi_profile_##id, err);                                       \
    }                                                                                              \
    const struct export_format export_##id = {                                                     \
        .name = #id,                                                                               \
        .summary = text,                                                                           \
        .suffix = ending,                                                                          \
        .things = "paths",                                                                         \
        .needs = EXPORT_PROFILE,                                                                   \
        .write = write_##id,                                                                       \
    }

FORMAT(folded, "calls, for flamegraph.pl and many others", ".folded");
FORMAT(callgrind, "calls, for KCachegrind and callgrind_annotate", ".callgrind");
FORMAT(pprof, "calls, for go tool pprof", ".pb.gz");
FORMAT(speedscope, "calls, for speedscope", ".speedscope.json");
