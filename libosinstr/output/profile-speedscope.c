/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile for speedscope: one JSON document, a profile for each task, which can be chosen there.
 *
 * Each is written as "evented": a walk through the tree that opens and closes frames, the position being the
 * instructions so far. So the file grows with the nodes, not with their depth. Children come in the order
 * of nodes. The schema is file-format-schema.json in speedscope's package.
 */
#include "profile.h"

#include <inttypes.h>

struct walk {
    const struct osi_profile *profile;
    const struct osi_profile_names *names;
    struct osi_profile_out *out;
    uint32_t *first, *next; /* of each node: its first child, its parent's next; 0: none */
    uint64_t at;            /* instructions so far */
    bool any;               /* an event was written */
};

/* The label is escaped already, but for what JSON wants. */
static void put_string(struct osi_profile_out *out, const char *text)
{
    osi_profile_out_bytes(out, "\"", 1);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            osi_profile_out_bytes(out, "\\", 1);
        osi_profile_out_bytes(out, c, 1);
    }
    osi_profile_out_bytes(out, "\"", 1);
}

static void put_label(struct osi_profile_out *out, const struct osi_profile_names *names,
                      uint32_t function)
{
    GString *label = g_string_new(NULL);

    osi_profile_label(label, names, function, false);
    put_string(out, label->str);
    g_string_free(label, TRUE);
}

static void put_frames(struct osi_profile_out *out, const struct osi_profile_names *names)
{
    const struct osi_profile *profile = names->profile;
    GString *module = g_string_new(NULL);

    osi_profile_out_text(out, "\"shared\":{\"frames\":[");
    for (size_t i = 0; i < profile->n_functions; i++) {
        osi_profile_out_text(out, i ? ",\n{\"name\":" : "\n{\"name\":");
        put_label(out, names, names->same[i]);
        osi_profile_out_text(out, ",\"file\":");
        g_string_truncate(module, 0);
        osi_profile_escape(module, profile->functions[i].module);
        put_string(out, module->str);
        osi_profile_out_text(out, "}");
    }
    osi_profile_out_text(out, "]},\n");
    g_string_free(module, TRUE);
}

static void put_event(struct walk *walk, char type, uint32_t node)
{
    osi_profile_out_text(walk->out, walk->any ? ",\n{\"type\":\"" : "\n{\"type\":\"");
    osi_profile_out_bytes(walk->out, &type, 1);
    osi_profile_out_text(walk->out, "\",\"frame\":");
    osi_profile_out_count(walk->out, osi_profile_function_of(walk->names, node));
    osi_profile_out_text(walk->out, ",\"at\":");
    osi_profile_out_count(walk->out, walk->at);
    osi_profile_out_text(walk->out, "}");
    walk->any = true;
}

/* Parents have lower numbers than children, so that going back from the end leaves lists in order. */
static void find_children(struct walk *walk)
{
    const struct osi_profile *profile = walk->profile;

    walk->first = g_new0(uint32_t, profile->n_nodes);
    walk->next = g_new0(uint32_t, profile->n_nodes);
    for (size_t i = profile->n_nodes; i-- > 1;) {
        uint32_t parent = profile->nodes[i].parent;

        walk->next[i] = walk->first[parent];
        walk->first[parent] = (uint32_t)i;
    }
}

static void open_node(struct walk *walk, uint32_t node)
{
    put_event(walk, 'O', node);
    walk->at += walk->profile->nodes[node].self;
}

/* Without recursion: a path can have as many nodes as the program likes. */
static void put_tree(struct walk *walk, uint32_t task)
{
    uint32_t node = task;

    open_node(walk, node);
    for (;;) {
        if (walk->first[node]) {
            node = walk->first[node];
            open_node(walk, node);
            continue;
        }
        put_event(walk, 'C', node);
        while (node != task && !walk->next[node]) {
            node = walk->profile->nodes[node].parent;
            put_event(walk, 'C', node);
        }
        if (node == task)
            return;
        node = walk->next[node];
        open_node(walk, node);
    }
}

static void put_profile(struct walk *walk, uint32_t task, uint64_t total)
{
    osi_profile_out_text(walk->out, "{\"type\":\"evented\",\"name\":");
    put_label(walk->out, walk->names, osi_profile_function_of(walk->names, task));
    osi_profile_out_text(walk->out, ",\"unit\":\"none\",\"startValue\":0,\"endValue\":");
    osi_profile_out_count(walk->out, total);
    osi_profile_out_text(walk->out, ",\"events\":[");
    walk->at = 0;
    walk->any = false;
    if (task) {
        put_tree(walk, task);
    } else { /* what belongs to no task is no path but the root's own */
        open_node(walk, 0);
        put_event(walk, 'C', 0);
    }
    osi_profile_out_text(walk->out, "]}");
}

/* The one that is shown first is the largest; tasks that did nothing are left out. */
static void put_profiles(struct walk *walk, const uint64_t *totals)
{
    uint64_t largest = 0;
    size_t n = 0, active = 0;

    osi_profile_out_text(walk->out, "\"profiles\":[");
    for (uint32_t task = walk->first[0]; task; task = walk->next[task]) {
        if (totals[task]) {
            osi_profile_out_text(walk->out, n ? ",\n" : "\n");
            put_profile(walk, task, totals[task]);
            if (totals[task] > largest) {
                largest = totals[task];
                active = n;
            }
            n++;
        }
    }
    if (walk->profile->nodes[0].self || !n) { /* speedscope wants at least one */
        osi_profile_out_text(walk->out, n ? ",\n" : "\n");
        put_profile(walk, 0, walk->profile->nodes[0].self);
    }
    osi_profile_out_text(walk->out, "],\n\"activeProfileIndex\":");
    osi_profile_out_count(walk->out, active);
}

int osi_profile_speedscope(const struct osi_profile *profile, FILE *stream)
{
    uint64_t *totals = g_new(uint64_t, profile->n_nodes);
    struct osi_profile_names names;
    struct osi_profile_out out;
    struct walk walk = { .profile = profile, .names = &names, .out = &out };
    GString *origin = g_string_new(NULL);

    osi_profile_totals(profile, totals);
    osi_profile_names_init(&names, profile);
    osi_profile_out_init(&out, stream);
    find_children(&walk);
    osi_profile_origin(origin, profile);
    osi_profile_out_text(&out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                               "\"exporter\":\"osinstr\",\"name\":");
    put_string(&out, origin->str);
    osi_profile_out_text(&out, ",\n");
    put_frames(&out, &names);
    put_profiles(&walk, totals);
    osi_profile_out_text(&out, "}\n");
    g_string_free(origin, TRUE);
    g_free(walk.first);
    g_free(walk.next);
    g_free(totals);
    osi_profile_names_clear(&names);
    return osi_profile_out_finish(&out);
}
