/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile in callgrind's format: what each function spent itself, and for each caller and callee
 * how often one called the other and what that cost in all.
 *
 * The cost of a call to a function that is on the path already is part of what the first call cost,
 * and is written as 0. The costs of all calls of a function then add up to its total, which is what
 * callgrind_annotate shows; KCachegrind, which finds cycles itself, does not add up calls inside one.
 *
 * Readers tell functions by file and name, not by module, so the file is the module too. A call
 * without a count can't be written, as readers take its cost for the caller's own: it counts as one.
 */
#include "profile.h"
#include "format.h"

#include <inttypes.h>

struct writer {
    const struct osi_profile *profile;
    struct osi_profile_names names;
    struct osi_profile_sums sums;
    uint32_t *edges; /* nodes that a function called, by caller, then by callee */
    size_t n_edges;
    GHashTable *modules;    /* name to number; those that were written */
    uint8_t *named;         /* functions whose name was written */
};

static uint32_t callee_of(const struct writer *w, uint32_t node)
{
    return osi_profile_function_of(&w->names, node);
}

static uint32_t caller_of(const struct writer *w, uint32_t node)
{
    return osi_profile_function_of(&w->names, w->profile->nodes[node].parent);
}

/* Counting sort; nodes with equal keys keep their order. */
static void sort_by(const struct writer *w, uint32_t (*key)(const struct writer *, uint32_t),
                    const uint32_t *from, uint32_t *to)
{
    size_t *start = g_new0(size_t, w->profile->n_functions + 1);

    for (size_t i = 0; i < w->n_edges; i++)
        start[key(w, from[i]) + 1]++;
    for (size_t i = 0; i < w->profile->n_functions; i++)
        start[i + 1] += start[i];
    for (size_t i = 0; i < w->n_edges; i++)
        to[start[key(w, from[i])]++] = from[i];
    g_free(start);
}

static void sort_edges(struct writer *w)
{
    uint32_t *other = g_new(uint32_t, w->profile->n_nodes);

    w->edges = g_new(uint32_t, w->profile->n_nodes);
    for (size_t i = 1; i < w->profile->n_nodes; i++)
        if (w->profile->nodes[i].parent)
            w->edges[w->n_edges++] = (uint32_t)i;
    sort_by(w, callee_of, w->edges, other);
    sort_by(w, caller_of, other, w->edges);
    g_free(other);
}

/* "ob=(1) [kernel]", the second time "ob=(1)". */
static void append_module(GString *out, struct writer *w, const char *prefix, const char *module)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(w->modules, module));
    const char *shown = *module ? module : "???";

    if (number) {
        g_string_append_printf(out, "%sob=(%u)\n%sfl=(%u)\n", prefix, number, prefix, number);
        return;
    }
    number = g_hash_table_size(w->modules) + 1;
    g_hash_table_insert(w->modules, (char *)module, GUINT_TO_POINTER(number));
    g_string_append_printf(out, "%sob=(%u) ", prefix, number);
    osi_profile_escape(out, shown);
    g_string_append_printf(out, "\n%sfl=(%u) ", prefix, number);
    osi_profile_escape(out, shown);
    g_string_append_c(out, '\n');
}

static void append_function(GString *out, struct writer *w, const char *prefix, uint32_t function)
{
    append_module(out, w, prefix, w->profile->functions[function].module);
    g_string_append_printf(out, "%sfn=(%" PRIu32 ")", prefix, function + 1);
    if (!w->named[function]) {
        g_string_append_c(out, ' ');
        osi_profile_label(out, &w->names, function, true);
        w->named[function] = 1;
    }
    g_string_append_c(out, '\n');
}

/* The calls of one function from another; returns the place behind them. */
static size_t append_calls(GString *out, struct writer *w, size_t at)
{
    uint32_t caller = caller_of(w, w->edges[at]), callee = callee_of(w, w->edges[at]);
    uint64_t calls = 0, cost = 0;

    for (; at < w->n_edges && caller_of(w, w->edges[at]) == caller &&
           callee_of(w, w->edges[at]) == callee; at++) {
        uint32_t node = w->edges[at];

        calls += w->profile->nodes[node].calls;
        cost += w->sums.outermost[node] ? w->sums.node_total[node] : 0;
    }
    append_function(out, w, "c", callee);
    g_string_append_printf(out, "calls=%" PRIu64 " 0\n0 %" PRIu64 "\n", MAX(calls, 1), cost);
    return at;
}

static int put_functions(GString *out, struct writer *w, FILE *stream)
{
    size_t at = 0;
    int code = 0;

    for (uint32_t f = 0; f < w->profile->n_functions && !code; f++) {
        if (!w->names.used[f])
            continue;
        g_string_append_c(out, '\n');
        append_function(out, w, "", f);
        g_string_append_printf(out, "0 %" PRIu64 "\n", w->sums.self[f]);
        while (at < w->n_edges && caller_of(w, w->edges[at]) == f && !code) {
            at = append_calls(out, w, at);
            code = osi_profile_put_some(out, stream);
        }
        if (!code)
            code = osi_profile_put_some(out, stream);
    }
    return code;
}

int osi_profile_callgrind(const struct osi_profile *profile, FILE *stream)
{
    struct writer w = { .profile = profile, .modules = g_hash_table_new(g_str_hash, g_str_equal),
                        .named = g_new0(uint8_t, profile->n_functions) };
    GString *out = g_string_new("# callgrind format\nversion: 1\ncreator: osinstr ");
    int code;

    osi_profile_names_init(&w.names, profile);
    osi_profile_sums_init(&w.sums, &w.names);
    sort_edges(&w);
    osi_format_escaped(out, profile->tool ? profile->tool : "");
    g_string_append(out, "\ncmd: ");
    osi_format_escaped(out, profile->command ? profile->command : "");
    g_string_append_printf(out, "\npositions: line\nevents: Ir\nsummary: %" PRIu64 "\n",
                           w.sums.node_total[0]);
    code = put_functions(out, &w, stream);
    g_string_append_printf(out, "\ntotals: %" PRIu64 "\n", w.sums.node_total[0]);
    g_free(w.edges);
    osi_profile_sums_clear(&w.sums);
    osi_profile_names_clear(&w.names);
    g_hash_table_destroy(w.modules);
    g_free(w.named);
    return osi_profile_finish(out, stream, code);
}
