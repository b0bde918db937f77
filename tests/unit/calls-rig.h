/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of call trees: tasks that are told what control does, and the tree as text.
 *
 * Functions are letters; the text has a line "PATH SELF CALLS" for each node with counts, in order of
 * the paths: "T;a;b 12 3". Each step says how many instructions ran before it. */
#ifndef CALLS_RIG_H
#define CALLS_RIG_H

#include <check.h>
#include <glib.h>
#include <osinstr/calltree.h>
#include <stdlib.h>
#include <string.h>

#define ROOT 'T'
#define OTHER 'O'
#define SIGNAL 'S'
#define NOWHERE UINT64_MAX
/* Where `function` goes on after its call number `n`, less than 8: unlike any other within its page. */
#define SITE(function, n) (((uint64_t)(function) << 16 | (function) << 5) + 4 * (n))

struct rig {
    struct osi_calltree *tree;
    struct osi_callnodes *nodes;
    struct osi_calls *calls;
    uint64_t now;
};

static inline struct rig rig_with(uint64_t max_nodes)
{
    struct rig rig = {.tree = osi_calltree_new(max_nodes, OTHER, SIGNAL), .now = 1000};

    rig.nodes = osi_calltree_nodes(rig.tree, 0, ROOT);
    rig.calls = osi_calls_new(rig.tree);
    osi_calls_resume(rig.calls, rig.now, rig.nodes);
    return rig;
}

static inline struct rig rig_new(void)
{
    return rig_with(1u << 20);
}

static inline void rig_free(struct rig *rig)
{
    osi_calls_free(rig->calls);
    osi_calltree_free(rig->tree);
}

/* ---- steps: n instructions, then this ---- */
static inline void call_from(struct rig *rig, uint64_t n, uint32_t from, uint32_t to, uint64_t back)
{
    osi_calls_call(rig->calls, rig->now += n, from, to, back);
}

static inline void call(struct rig *rig, uint64_t n, uint32_t from, uint32_t to)
{
    call_from(rig, n, from, to, SITE(from, 1));
}

static inline void calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from,
                                uint64_t target, uint32_t function)
{
    if (!osi_calls_return(calls, insns, from, target & 0xfff))
        osi_calls_return_to(calls, insns, from, target, function);
}

static inline void ret_to(struct rig *rig, uint64_t n, uint32_t from, uint64_t target, uint32_t to)
{
    calls_return(rig->calls, rig->now += n, from, target, to);
}

static inline void ret(struct rig *rig, uint64_t n, uint32_t from, uint32_t to)
{
    ret_to(rig, n, from, SITE(to, 1), to);
}

/* A tail call. */
static inline void tail(struct rig *rig, uint64_t n, uint32_t from, uint32_t to)
{
    osi_calls_jump(rig->calls, rig->now += n, from, to, true, false);
}

/* A jump into a function, not to its start. */
static inline void jump(struct rig *rig, uint64_t n, uint32_t from, uint32_t to, bool indirect)
{
    osi_calls_jump(rig->calls, rig->now += n, from, to, false, indirect);
}

static inline void enter(struct rig *rig, uint64_t n, uint32_t exception, uint64_t pc, bool user)
{
    osi_calls_enter(rig->calls, rig->now += n, exception, pc, 0, user, false);
}

static inline void irq(struct rig *rig, uint64_t n, uint64_t pc)
{
    osi_calls_enter(rig->calls, rig->now += n, 'I', pc, 0, false, true);
}

static inline void ack(struct rig *rig, uint64_t n, uint32_t irq)
{
    osi_calls_number(rig->calls, rig->now += n, irq);
}

static inline uint32_t leave(struct rig *rig, uint64_t n, uint64_t pc)
{
    return osi_calls_leave(rig->calls, rig->now += n, pc);
}

static inline void run(struct rig *rig, uint64_t n)
{
    osi_calls_pause(rig->calls, rig->now += n);
    osi_calls_resume(rig->calls, rig->now, rig->nodes);
}

/* ---- the tree as text ---- */
static inline bool name_function(void *data, uint32_t function, uint32_t root,
                                 struct osi_profile_function *as)
{
    static char names[128][2];

    (void)data;
    (void)root;
    ck_assert_uint_lt(function, 128);
    names[function][0] = (char)function;
    *as = (struct osi_profile_function){names[function], "", function};
    return false;
}

static inline char *path_of(const struct osi_profile *profile, uint32_t node)
{
    GString *path = g_string_new(NULL);

    for (; node; node = profile->nodes[node].parent) {
        g_string_prepend(path, profile->functions[profile->nodes[node].function].name);
        g_string_prepend(path, ";");
    }
    g_string_erase(path, 0, 1);
    return g_string_free(path, FALSE);
}

static inline int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline char *text_of_profile(const struct osi_profile *profile, uint64_t *self)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    char *text;

    *self = profile->nodes[0].self;
    for (uint32_t i = 1; i < profile->n_nodes; i++) {
        const struct osi_profile_node *node = &profile->nodes[i];
        char *path = path_of(profile, i);

        ck_assert_uint_lt(node->parent, i);
        *self += node->self;
        if (node->self || node->calls)
            g_ptr_array_add(lines, g_strdup_printf("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                                                   path, node->self, node->calls));
        g_free(path);
    }
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    text = g_strjoinv("", (char **)lines->pdata);
    g_ptr_array_unref(lines);
    return text;
}

static inline char *text_of(struct osi_calltree *tree, uint64_t *self)
{
    struct osi_profile profile = {.tool = "test", .command = "test"};
    char *text;

    osi_calltree_profile(tree, name_function, NULL, &profile);
    text = text_of_profile(&profile, self);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    return text;
}

/* The tree after n more instructions; what all nodes have together is what the task ran. */
static inline void assert_tree(struct rig *rig, uint64_t n, const char *expected)
{
    uint64_t self;
    char *text;

    run(rig, n);
    text = text_of(rig->tree, &self);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(self, osi_calls_insns(rig->calls));
    g_free(text);
}

static inline void assert_health(const struct rig *rig, uint64_t returns, uint64_t unwound,
                                 uint64_t unmatched)
{
    const struct osi_calls_health *health = osi_calls_health(rig->calls);

    ck_assert_uint_eq(health->returns, returns);
    ck_assert_uint_eq(health->unwound, unwound);
    ck_assert_uint_eq(health->unmatched, unmatched);
}

static inline int run_suite(const char *name, const TTest *const *tests, int n)
{
    TCase *cases = tcase_create(name);
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_set_timeout(cases, 120);
    for (int i = 0; i < n; i++)
        tcase_add_test(cases, tests[i]);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
