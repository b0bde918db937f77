/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random profiles, the same for the same seed, and what is true of them, found the simple way: each
 * node's instructions are added to every function on its path, once. */
#ifndef OSI_RANDOM_PROFILE_H
#define OSI_RANDOM_PROFILE_H

#include <glib.h>
#include <inttypes.h>
#include <osinstr/profile.h>
#include <string.h>

struct random_profile {
    struct osi_profile profile;
    struct osi_profile_function *functions;
    struct osi_profile_node *nodes;
    GStringChunk *strings;
    uint64_t *self, *total, *calls; /* of each function */
    uint64_t all;
    size_t n_tasks; /* functions 1 to n_tasks */
};

enum { RANDOM_PLAIN, RANDOM_SHARED_NAME = 7, RANDOM_ODD_NAME = 11 };

/* Every seventh function shares its name with others, every eleventh has an odd one. */
static inline void random_function(struct random_profile *p, size_t i)
{
    static const char *const modules[] = { "[kernel]", "virtio_net", "busybox", "[irq]" };
    struct osi_profile_function *f = &p->functions[i];
    g_autofree char *name = NULL;

    *f = (struct osi_profile_function){ .module = modules[i % 4],
                                        .address = UINT64_C(0xffff800010000000) + i * 64 };
    if (i == 0) {
        *f = (struct osi_profile_function){ "all", "", 0 };
        return;
    }
    if (i <= p->n_tasks) {
        *f = (struct osi_profile_function){ .module = "[task]" };
        name = g_strdup_printf("task %zu-%zu", i, 100 + i);
    } else if (i % RANDOM_SHARED_NAME == 0) {
        name = g_strdup_printf("probe_%zu", i % 3);
    } else if (i % RANDOM_ODD_NAME == 0) {
        name = g_strdup_printf("odd;\\name %zu", i);
    } else {
        name = g_strdup_printf("function_%zu", i);
    }
    f->name = g_string_chunk_insert(p->strings, name);
}

/* A child of any earlier node; one in five calls again what is on its path already. */
static inline void random_node(struct random_profile *p, GRand *random, size_t i)
{
    struct osi_profile_node *node = &p->nodes[i];
    size_t n = p->profile.n_functions, ancestor;

    node->self = g_rand_int_range(random, 0, 3) ? 0 : g_rand_int(random) >> g_rand_int_range(random, 2, 30);
    node->calls = (uint64_t)g_rand_int_range(random, 1, 20);
    if (i <= p->n_tasks) {
        node->function = (uint32_t)i;
        return;
    }
    node->parent = (uint32_t)g_rand_int_range(random, 1, (gint32)i);
    node->function = (uint32_t)g_rand_int_range(random, (gint32)p->n_tasks + 1, (gint32)n);
    ancestor = node->parent;
    for (int up = g_rand_int_range(random, 0, 3); up > 0 && ancestor > p->n_tasks; up--)
        ancestor = p->nodes[ancestor].parent;
    if (ancestor > p->n_tasks && !g_rand_int_range(random, 0, 5))
        node->function = p->nodes[ancestor].function;
}

static inline void random_truth(struct random_profile *p)
{
    size_t *seen = g_new0(size_t, p->profile.n_functions);

    p->self = g_new0(uint64_t, p->profile.n_functions);
    p->total = g_new0(uint64_t, p->profile.n_functions);
    p->calls = g_new0(uint64_t, p->profile.n_functions);
    for (size_t i = 1; i < p->profile.n_nodes; i++) {
        p->all += p->nodes[i].self;
        p->self[p->nodes[i].function] += p->nodes[i].self;
        p->calls[p->nodes[i].function] += p->nodes[i].calls;
        for (size_t on = i; on; on = p->nodes[on].parent) {
            uint32_t function = p->nodes[on].function;

            if (seen[function] != i)
                p->total[function] += p->nodes[i].self;
            seen[function] = i;
        }
    }
    g_free(seen);
}

static inline struct random_profile *random_profile_new(uint32_t seed, size_t n_tasks,
                                                        size_t n_functions, size_t n_nodes)
{
    struct random_profile *p = g_new0(struct random_profile, 1);
    GRand *random = g_rand_new_with_seed(seed);

    p->functions = g_new0(struct osi_profile_function, n_functions);
    p->nodes = g_new0(struct osi_profile_node, n_nodes);
    p->strings = g_string_chunk_new(4096);
    p->n_tasks = n_tasks;
    p->profile = (struct osi_profile){ "hotpath", "a random machine", p->functions, p->nodes,
                                       n_functions, n_nodes };
    for (size_t i = 0; i < n_functions; i++)
        random_function(p, i);
    for (size_t i = 1; i < n_nodes; i++)
        random_node(p, random, i);
    random_truth(p);
    g_rand_free(random);
    return p;
}

static inline void random_profile_free(struct random_profile *p)
{
    g_free(p->functions);
    g_free(p->nodes);
    g_free(p->self);
    g_free(p->total);
    g_free(p->calls);
    g_string_chunk_free(p->strings);
    g_free(p);
}

/* How many other functions share its name, in its module (`same`) or in others. */
static inline size_t random_namesakes(const struct random_profile *p, size_t function, gboolean same)
{
    size_t n = 0;

    for (size_t i = 0; i < p->profile.n_functions; i++)
        n += i != function && strcmp(p->functions[i].name, p->functions[function].name) == 0 &&
             (strcmp(p->functions[i].module, p->functions[function].module) == 0) == same;
    return n;
}

static inline char *random_replace(const char *text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);

    return g_strjoinv(by, parts);
}

/* The name that a file has to show: in folded stacks, in callgrind's and in pprof's; to be freed. */
static inline char *random_label(const struct random_profile *p, size_t function, gboolean folded,
                                 gboolean callgrind)
{
    const struct osi_profile_function *f = &p->functions[function];
    g_autofree char *slashes = random_replace(f->name, "\\", "\\\\");
    g_autofree char *name = folded ? random_replace(slashes, ";", "\\x3b") : g_strdup(slashes);
    g_autofree char *odd = random_replace(name, "name ", "name\\x20");
    gboolean elsewhere = !callgrind && random_namesakes(p, function, FALSE);

    return random_namesakes(p, function, TRUE)
               ? g_strdup_printf("%s%s%s@0x%" PRIx64, folded ? odd : name, elsewhere ? "@" : "",
                                 elsewhere ? f->module : "", f->address)
               : g_strdup_printf("%s%s%s", folded ? odd : name, elsewhere ? "@" : "",
                                 elsewhere ? f->module : "");
}

#endif
