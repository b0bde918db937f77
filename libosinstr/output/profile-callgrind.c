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

#include <stdlib.h>

struct writer {
    const struct osi_profile *profile;
    struct osi_profile_names names;
    struct osi_profile_sums sums;
    struct edge *edges;     /* by caller, then by callee */
    uint32_t n_edges;
    GHashTable *modules;    /* name to number; those that were written */
    uint32_t *module_of;    /* of each function, its module's number; 0: not looked up */
    uint8_t *named;         /* functions whose name was written */
    GString *text;
    struct osi_profile_out out;
};

/* The calls of one function from another. */
struct edge {
    uint32_t caller, callee;
    uint64_t calls, cost;
};

/* ---- edges ---- */
/* Edges by caller and callee: index + 1, open addressing. There are far fewer than nodes. */
struct slots {
    uint32_t *edges, mask;
};

static uint32_t *slot_of(const struct slots *slots, const struct edge *edges, uint32_t caller,
                         uint32_t callee)
{
    uint64_t hash = ((uint64_t)caller << 32 | callee) * 0x9e3779b97f4a7c15ull;
    uint32_t at = (uint32_t)(hash >> 32) & slots->mask;

    for (; slots->edges[at]; at = (at + 1) & slots->mask) {
        const struct edge *edge = &edges[slots->edges[at] - 1];

        if (edge->caller == caller && edge->callee == callee)
            break;
    }
    return &slots->edges[at];
}

static void make_room(struct writer *w, struct slots *slots)
{
    uint32_t n = MAX(2 * (slots->mask + 1), 1024);

    g_free(slots->edges);
    *slots = (struct slots){ g_new0(uint32_t, n), n - 1 };
    w->edges = g_renew(struct edge, w->edges, n / 2);
    for (uint32_t i = 0; i < w->n_edges; i++)
        *slot_of(slots, w->edges, w->edges[i].caller, w->edges[i].callee) = i + 1;
}

static void add_node(struct writer *w, struct slots *slots, size_t node)
{
    const struct osi_profile_node *nodes = w->profile->nodes;
    uint32_t caller = osi_profile_function_of(&w->names, nodes[node].parent);
    uint32_t callee = osi_profile_function_of(&w->names, node);
    uint32_t *slot;

    if (2 * w->n_edges >= slots->mask)
        make_room(w, slots);
    slot = slot_of(slots, w->edges, caller, callee);
    if (!*slot) {
        w->edges[w->n_edges] = (struct edge){ .caller = caller, .callee = callee };
        *slot = ++w->n_edges;
    }
    w->edges[*slot - 1].calls += nodes[node].calls;
    w->edges[*slot - 1].cost += w->sums.outermost[node] ? w->sums.node_total[node] : 0;
}

static int by_caller(const void *left, const void *right)
{
    const struct edge *a = left, *b = right;

    return a->caller != b->caller ? (a->caller > b->caller) - (a->caller < b->caller)
                                  : (a->callee > b->callee) - (a->callee < b->callee);
}

static void find_edges(struct writer *w)
{
    struct slots slots = { .edges = NULL };

    make_room(w, &slots);
    for (size_t i = 1; i < w->profile->n_nodes; i++)
        if (w->profile->nodes[i].parent)
            add_node(w, &slots, i);
    g_free(slots.edges);
    qsort(w->edges, w->n_edges, sizeof(*w->edges), by_caller);
}

/* ---- names ---- */
/* The module's number, 0 if it was not written yet. */
static uint32_t module_of(struct writer *w, uint32_t function)
{
    uint32_t *number = &w->module_of[function];

    if (!*number)
        *number = GPOINTER_TO_UINT(
            g_hash_table_lookup(w->modules, w->profile->functions[function].module));
    return *number;
}

static void put_number(struct writer *w, const char *prefix, const char *what, uint32_t number)
{
    osi_profile_out_text(&w->out, prefix);
    osi_profile_out_text(&w->out, what);
    osi_profile_out_count(&w->out, number);
    osi_profile_out_text(&w->out, ")");
}

static void put_text(struct writer *w)
{
    osi_profile_out_bytes(&w->out, w->text->str, w->text->len);
    g_string_truncate(w->text, 0);
}

/* "ob=(1) [kernel]", the second time "ob=(1)"; the same as fl. */
static void put_module(struct writer *w, const char *prefix, uint32_t function)
{
    const char *module = w->profile->functions[function].module;
    uint32_t number = module_of(w, function);
    bool first = !number;

    if (first) {
        number = g_hash_table_size(w->modules) + 1;
        g_hash_table_insert(w->modules, (char *)module, GUINT_TO_POINTER(number));
        g_string_append_c(w->text, ' ');
        osi_profile_escape(w->text, *module ? module : "???");
    }
    put_number(w, prefix, "ob=(", number);
    osi_profile_out_bytes(&w->out, w->text->str, w->text->len);
    osi_profile_out_text(&w->out, "\n");
    put_number(w, prefix, "fl=(", number);
    put_text(w);
    osi_profile_out_text(&w->out, "\n");
}

static void put_function(struct writer *w, const char *prefix, uint32_t function)
{
    put_module(w, prefix, function);
    put_number(w, prefix, "fn=(", function + 1);
    if (!w->named[function]) {
        g_string_append_c(w->text, ' ');
        osi_profile_label(w->text, &w->names, function, true);
        put_text(w);
        w->named[function] = 1;
    }
    osi_profile_out_text(&w->out, "\n");
}

static void put_cost(struct writer *w, const char *what, uint64_t cost)
{
    osi_profile_out_text(&w->out, what);
    osi_profile_out_count(&w->out, cost);
    osi_profile_out_text(&w->out, "\n");
}

/* ---- the file ---- */
static void put_calls(struct writer *w, const struct edge *edge)
{
    put_function(w, "c", edge->callee);
    osi_profile_out_text(&w->out, "calls=");
    osi_profile_out_count(&w->out, MAX(edge->calls, 1));
    put_cost(w, " 0\n0 ", edge->cost);
}

static void put_functions(struct writer *w)
{
    uint32_t at = 0;

    for (uint32_t f = 0; f < w->profile->n_functions && !w->out.code; f++) {
        if (!w->names.used[f])
            continue;
        osi_profile_out_text(&w->out, "\n");
        put_function(w, "", f);
        put_cost(w, "0 ", w->sums.self[f]);
        while (at < w->n_edges && w->edges[at].caller == f)
            put_calls(w, &w->edges[at++]);
    }
}

static void put_head(struct writer *w)
{
    g_string_append(w->text, "# callgrind format\nversion: 1\ncreator: osinstr ");
    osi_format_escaped(w->text, w->profile->tool ? w->profile->tool : "");
    g_string_append(w->text, "\ncmd: ");
    osi_format_escaped(w->text, w->profile->command ? w->profile->command : "");
    put_text(w);
    put_cost(w, "\npositions: line\nevents: Ir\nsummary: ", w->sums.node_total[0]);
}

int osi_profile_callgrind(const struct osi_profile *profile, FILE *stream)
{
    struct writer w = { .profile = profile, .modules = g_hash_table_new(g_str_hash, g_str_equal),
                        .module_of = g_new0(uint32_t, profile->n_functions),
                        .named = g_new0(uint8_t, profile->n_functions),
                        .text = g_string_new(NULL) };

    osi_profile_out_init(&w.out, stream);
    osi_profile_names_init(&w.names, profile);
    osi_profile_sums_init(&w.sums, &w.names);
    find_edges(&w);
    put_head(&w);
    put_functions(&w);
    put_cost(&w, "\ntotals: ", w.sums.node_total[0]);
    g_free(w.edges);
    osi_profile_sums_clear(&w.sums);
    osi_profile_names_clear(&w.names);
    g_hash_table_destroy(w.modules);
    g_free(w.module_of);
    g_free(w.named);
    g_string_free(w.text, TRUE);
    return osi_profile_out_finish(&w.out);
}
