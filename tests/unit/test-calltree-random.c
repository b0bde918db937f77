/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees of random programs, node by node against a model; how a node's children are found. */
#include "unit/calls-model.h"

#include "aggregate/calltree-internal.h"

#define STEPS 60000

/* ---- comparing ---- */
/* "T a bc 1 v": "T;a;b;c;1;v". */
static char *text_of_path(const char *path)
{
    GString *text = g_string_new_len(path, 1);

    while (*++path)
        if (*path != ' ')
            g_string_append_printf(text, ";%c", *path);
    return g_string_free(text, FALSE);
}

/* A call and a tail call may lead to the same path. */
static GHashTable *truth_by_text(struct world *w)
{
    GHashTable *by_text = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter i;
    void *key, *value;

    g_hash_table_iter_init(&i, w->truth);
    while (g_hash_table_iter_next(&i, &key, &value)) {
        char *path = text_of_path(key);
        struct counts *sum = g_hash_table_lookup(by_text, path);

        if (!sum)
            g_hash_table_insert(by_text, g_strdup(path), sum = g_new0(struct counts, 1));
        sum->self += ((struct counts *)value)->self;
        sum->calls += ((struct counts *)value)->calls;
        g_free(path);
    }
    return by_text;
}

static void assert_node(GHashTable *truth, const struct osi_profile *profile, uint32_t i)
{
    const struct osi_profile_node *node = &profile->nodes[i];
    char *path = path_of(profile, i);
    const struct counts *counts = g_hash_table_lookup(truth, path);

    ck_assert_msg(counts || !(node->self || node->calls), "%s: no such path", path);
    if (counts) {
        ck_assert_msg(node->self == counts->self, "%s: self %" G_GUINT64_FORMAT ", not %"
                      G_GUINT64_FORMAT, path, node->self, counts->self);
        ck_assert_msg(node->calls == counts->calls, "%s: calls %" G_GUINT64_FORMAT ", not %"
                      G_GUINT64_FORMAT, path, node->calls, counts->calls);
        g_hash_table_remove(truth, path);
    }
    g_free(path);
}

static uint64_t assert_profile(struct world *w)
{
    struct osi_profile profile = {.tool = "test", .command = "test"};
    GHashTable *truth = truth_by_text(w);
    GHashTableIter left;
    uint64_t self = 0;
    void *path, *counts;

    osi_calltree_profile(w->tree, name_function, NULL, &profile);
    ck_assert_uint_gt(profile.n_nodes, 1000);
    for (uint32_t i = 1; i < profile.n_nodes; i++) {
        assert_node(truth, &profile, i);
        self += profile.nodes[i].self;
    }
    g_hash_table_iter_init(&left, truth);
    while (g_hash_table_iter_next(&left, &path, &counts))
        ck_assert_msg(!((struct counts *)counts)->self && !((struct counts *)counts)->calls,
                      "%s is missing", (char *)path);
    g_hash_table_destroy(truth);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    return self;
}

/* ---- life ---- */
static void start(struct world *w, guint32 seed)
{
    *w = (struct world){.random = g_rand_new_with_seed(seed),
                        .tree = osi_calltree_new(1u << 24, OTHER, SIGNAL),
                        .truth = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    for (int i = 0; i < VCPUS; i++)
        w->vcpus[i] = (struct vcpu){below(w, 1000), -1};
    for (int i = 0; i < TASKS; i++) { /* two tasks of each name */
        char root = (char)('R' + i / 2);

        w->tasks[i] = (struct model_task){osi_calls_new(w->tree), root, g_strdup_printf("%c m", root),
                                          g_array_new(FALSE, FALSE, sizeof(struct level)), true,
                                          0, 0, 0};
        switch_to(w, &w->vcpus[0], i);
        do_call(w, &w->vcpus[0], &w->tasks[i]);
    }
}

static void finish(struct world *w)
{
    for (int i = 0; i < TASKS; i++) {
        while (w->tasks[i].levels->len)
            pop_level(&w->tasks[i]);
        g_array_unref(w->tasks[i].levels);
        g_free(w->tasks[i].path);
        osi_calls_free(w->tasks[i].calls);
    }
    osi_calltree_free(w->tree);
    g_hash_table_destroy(w->truth);
    g_rand_free(w->random);
}

START_TEST(every_node_is_what_ran)
{
    struct world w;
    uint64_t ran = 0;

    start(&w, (guint32)_i);
    for (int i = 0; i < STEPS; i++)
        step(&w, &w.vcpus[below(&w, VCPUS)]);
    for (int i = 0; i < VCPUS; i++)
        switch_to(&w, &w.vcpus[i], -1);
    for (int i = 0; i < TASKS; i++) {
        const struct osi_calls_health *health = osi_calls_health(w.tasks[i].calls);

        ck_assert_uint_eq(osi_calls_insns(w.tasks[i].calls), w.tasks[i].ran);
        ck_assert_uint_eq(health->returns, w.tasks[i].returns);
        ck_assert_uint_eq(health->unwound, w.tasks[i].unwound);
        ck_assert_uint_eq(health->unmatched, 0);
        ck_assert_uint_gt(health->unwound, 0);
        ran += w.tasks[i].ran;
    }
    ck_assert_uint_eq(assert_profile(&w), ran);
    ck_assert_uint_eq(osi_calltree_merged(w.tree), 0);
    finish(&w);
}
END_TEST

/* The comparison that processors have an instruction for and the one that all can do find the same child. */
START_TEST(children_are_found_alike)
{
    GRand *random = g_rand_new_with_seed(7);

    for (int i = 0; i < 200000; i++) {
        struct osi_callnode node = { 0 };
        unsigned n = (unsigned)g_rand_int_range(random, 0, OSI_NODE_CACHE + 1), at = OSI_NODE_CACHE;
        /* from a few, so that some share a byte with the one that is looked for, or differ in a bit */
        uint32_t first = (uint32_t)g_rand_int_range(random, 1, 0xfff0), step = 1u << g_rand_int_range(random, 0, 13);
        uint32_t wanted = 1 + (first + step * (uint32_t)g_rand_int_range(random, 0, 8)) % (OSI_NO_TAG - 1);

        for (unsigned child = 0; child < n; child++) {
            uint32_t tag = 1 + (first + step * child) % (OSI_NO_TAG - 1);

            node.tags[child / 4] |= (uint64_t)tag << child % 4 * 16;
            at = tag == wanted && at == OSI_NODE_CACHE ? child : at;
        }
        ck_assert_uint_eq(osi_callnode_tag(&node, wanted), at);
        ck_assert_uint_eq(osi_callnode_tag_portable(&node, wanted), at);
    }
    g_rand_free(random);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("calltree-random");
    Suite *suite = suite_create("calltree-random");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_node_is_what_ran, 1, 11);
    tcase_add_test(tests, children_are_found_alike);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
