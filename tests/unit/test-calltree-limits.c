/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees: vCPUs, names, limits, and the profile. */
#include "unit/calls-rig.h"

#define PC SITE('a', 6)

/* ---- vCPUs and names ---- */
START_TEST(a_task_moves_with_its_stack)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    for (unsigned i = 1; i <= 64; i++) { /* more than 32 vCPUs */
        call(&rig, 2, 'a', 'b');
        rig.nodes = osi_calltree_nodes(rig.tree, i, ROOT);
        run(&rig, 4);
        ret(&rig, 8, 'b', 'a');
    }
    ret(&rig, 16, 'a', 'm');
    assert_tree(&rig, 32, "T;m 33 0\nT;m;a 144 1\nT;m;a;b 768 64\n");
    assert_health(&rig, 65, 0, 0);
    rig_free(&rig);
}
END_TEST

/* Two tasks of a name are one tree, on one vCPU and on two. */
START_TEST(tasks_of_one_name)
{
    struct rig rig = rig_new();
    struct osi_calls *other = osi_calls_new(rig.tree);

    call(&rig, 1, 'm', 'a');
    osi_calls_resume(other, 0, osi_calltree_nodes(rig.tree, 0, ROOT));
    osi_calls_call(other, 10, 'm', 'a', SITE('m', 1));
    osi_calls_pause(other, 15);
    osi_calls_resume(other, 115, osi_calltree_nodes(rig.tree, 1, ROOT));
    calls_return(other, 120, 'a', SITE('m', 1), 'm');
    osi_calls_pause(other, 140);
    run(&rig, 2);
    uint64_t self;
    char *text = text_of(rig.tree, &self);

    ck_assert_str_eq(text, "T;m 31 0\nT;m;a 12 2\n");
    ck_assert_uint_eq(self, osi_calls_insns(rig.calls) + osi_calls_insns(other));
    g_free(text);
    osi_calls_free(other);
    rig_free(&rig);
}
END_TEST

/* Only now it is known what the task is: its tree gets the name, and one of this name is the same. */
START_TEST(a_name_that_comes_later)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    osi_callnodes_name(rig.nodes, 'N');
    ret(&rig, 2, 'a', 'm');
    rig.nodes = osi_calltree_nodes(rig.tree, 1, 'N');
    assert_tree(&rig, 4, "N;m 5 0\nN;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

/* ---- limits ---- */
START_TEST(too_many_nodes)
{
    struct rig rig = rig_with(64);
    uint64_t self, other = 0, calls = 0;
    char *text, **lines;

    for (uint32_t i = 0; i < 100; i++) {
        call(&rig, 1, 'm', 128 - 100 + i);
        call(&rig, 10, 128 - 100 + i, 'm');
        ret_to(&rig, 100, 'm', SITE(128 - 100 + i, 1), 128 - 100 + i);
        ret(&rig, 1000, 128 - 100 + i, 'm');
    }
    run(&rig, 0);
    text = text_of(rig.tree, &self);
    ck_assert_uint_eq(self, osi_calls_insns(rig.calls));
    lines = g_strsplit(text, "\n", -1);
    ck_assert_uint_eq(g_strv_length(lines) - 1, 64 + 1); /* and [other] */
    for (unsigned i = 0; lines[i]; i++)
        if (g_str_has_prefix(lines[i], "T;O "))
            ck_assert_int_eq(sscanf(lines[i], "T;O %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &other,
                                    &calls), 2);
    /* m has a node, 31 pairs have two, and one has its first. */
    ck_assert_uint_eq(calls, 2 * 68 + 1);
    ck_assert_uint_eq(other, 68 * 1110 + 100);
    ck_assert_uint_eq(osi_calltree_merged(rig.tree), calls);
    assert_health(&rig, 200, 0, 0);
    g_strfreev(lines);
    g_free(text);
    rig_free(&rig);
}
END_TEST

#define DEEP (1u << 20)

/* Deeper than any stack that is kept: the calls count, and all is well when they have returned. */
static void dive(struct rig *rig, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        call_from(rig, 1, i ? 'r' : 'm', 'r', SITE('m', 1) + 8 * (i & 1));
}

static void rise(struct rig *rig, unsigned n)
{
    for (unsigned i = n; i-- > 0;)
        ret_to(rig, 1, 'r', SITE('m', 1) + 8 * (i & 1), i ? 'r' : 'm');
}

static void assert_back_in_m(struct rig *rig)
{
    uint64_t self, before = osi_calls_insns(rig->calls);
    char *text;

    call(rig, 7, 'm', 'z');
    run(rig, 9);
    text = text_of(rig->tree, &self);
    ck_assert_uint_eq(self, before + 16);
    ck_assert_ptr_nonnull(strstr(text, "\nT;m;z 10 2\n")); /* once before */
    g_free(text);
}

/* The profile of a million nodes in a row has no text: their paths are too long together. */
static void assert_depth(struct rig *rig, uint64_t deep, uint64_t unwound, uint64_t unmatched)
{
    const struct osi_calls_health *health = osi_calls_health(rig->calls);

    ck_assert_uint_eq(health->deep, deep);
    ck_assert_uint_eq(health->unwound, unwound);
    ck_assert_uint_eq(health->unmatched, unmatched);
}

START_TEST(too_deep)
{
    struct rig rig = rig_with(16);

    dive(&rig, DEEP + 5000);
    rise(&rig, DEEP + 5000);
    assert_depth(&rig, 5001, 0, 0);
    run(&rig, 0);
    ck_assert_uint_eq(osi_calls_insns(rig.calls), 2 * (DEEP + 5000));
    rig_free(&rig);
}
END_TEST

/* An exception down there has its own stack. */
START_TEST(an_exception_too_deep)
{
    struct rig rig = rig_with(64);

    call(&rig, 1, 'm', 'z');
    ret(&rig, 1, 'z', 'm');
    dive(&rig, DEEP + 5000);
    call(&rig, 1, 'p', 'q'); /* what runs here is not what is kept */
    ret(&rig, 1, 'q', 'p');
    enter(&rig, 1, 'X', PC, true);
    call_from(&rig, 1, 'v', 'h', SITE('v', 2));
    ret_to(&rig, 1, 'h', SITE('v', 2), 'v');
    leave(&rig, 1, PC);
    rise(&rig, DEEP + 5000);
    assert_depth(&rig, 5002, 0, 0);
    assert_back_in_m(&rig);
    rig_free(&rig);
}
END_TEST

/* A tail call down there has no return of its own. */
START_TEST(a_tail_call_too_deep)
{
    struct rig rig = rig_with(16);

    dive(&rig, DEEP + 5000);
    tail(&rig, 1, 'r', 't');
    rise(&rig, DEEP + 5000);
    assert_depth(&rig, 5002, 0, 0);
    rig_free(&rig);
}
END_TEST

/* Exceptions that never return: memory ends somewhere. */
START_TEST(exceptions_without_end)
{
    struct rig rig = rig_with(16);

    for (unsigned i = 0; i < 3 * DEEP; i++)
        enter(&rig, 1, 'X', SITE('v', i), false);
    call(&rig, 1, 'v', 'h');
    ret(&rig, 1, 'h', 'v');
    leave(&rig, 1, SITE('v', 3 * DEEP - 1));
    ck_assert_uint_eq(osi_calls_health(rig.calls)->unmatched, 0);
    ck_assert_uint_eq(osi_calls_health(rig.calls)->deep, 2); /* twice it began anew */
    ck_assert_uint_eq(osi_calls_insns(rig.calls), 3 * DEEP + 3);
    rig_free(&rig);
}
END_TEST

/* ---- the profile ---- */
/* 'p' is another function in each task, all else is one. */
static bool some_are_private(void *data, uint32_t function, uint32_t root,
                             struct osi_profile_function *as)
{
    static const char *const names[] = {"p@T", "p@N"};

    ++*(unsigned *)data;
    name_function(NULL, function, root, as);
    if (function == 'p')
        as->name = names[root == 'N'];
    return function == 'p';
}

START_TEST(private_functions)
{
    struct rig rig = rig_new();
    struct osi_profile profile = {.tool = "test", .command = "test"};
    unsigned asked = 0;
    uint64_t self;
    char *text;

    for (unsigned vcpu = 0; vcpu < 3; vcpu++) {
        for (unsigned i = 0; i < 2; i++) {
            struct osi_calls *task = osi_calls_new(rig.tree);

            osi_calls_resume(task, 0, osi_calltree_nodes(rig.tree, vcpu, (uint32_t)"TN"[i]));
            osi_calls_call(task, 1, 'm', 'p', SITE('m', 1));
            osi_calls_call(task, 2, 'p', 's', SITE('p', 1));
            osi_calls_pause(task, 5);
            osi_calls_free(task);
        }
    }
    osi_calltree_profile(rig.tree, some_are_private, &asked, &profile);
    text = text_of_profile(&profile, &self);
    ck_assert_str_eq(text, "N;m 3 0\nN;m;p@N 3 3\nN;m;p@N;s 9 3\nT;m 3 0\nT;m;p@T 3 3\nT;m;p@T;s 9 3\n");
    ck_assert_uint_eq(profile.n_functions, 7); /* all, T, N, m, s, p twice */
    ck_assert_uint_eq(asked, 6);
    g_free(text);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    rig_free(&rig);
}
END_TEST

static bool number_function(void *data, uint32_t function, uint32_t root,
                            struct osi_profile_function *as)
{
    (void)data;
    (void)root;
    *as = (struct osi_profile_function){"f", "", function};
    return false;
}

/* Each function is called once on each vCPU: one node, with two calls. */
START_TEST(many_functions_on_two_vcpus)
{
    enum { MANY = 300000, FIRST = 60000 }; /* beyond 16 bits; memory grows to 32 MiB */
    struct rig rig = rig_new();
    struct osi_profile profile = {.tool = "test", .command = "test"};
    uint8_t *seen = g_new0(uint8_t, FIRST + MANY);

    for (unsigned vcpu = 1; vcpu <= 2; vcpu++) {
        struct osi_calls *task = osi_calls_new(rig.tree);

        osi_calls_resume(task, 0, osi_calltree_nodes(rig.tree, vcpu, 'N'));
        for (uint32_t i = 0; i < MANY; i++) {
            osi_calls_call(task, 2 * i, 'm', FIRST + i, SITE('m', 1));
            calls_return(task, 2 * i + 1, FIRST + i, SITE('m', 1), 'm');
        }
        osi_calls_free(task);
    }
    osi_calltree_profile(rig.tree, number_function, NULL, &profile);
    for (size_t i = 0; i < profile.n_nodes; i++) {
        uint64_t function = profile.functions[profile.nodes[i].function].address;

        if (function < FIRST)
            continue;
        ck_assert_uint_eq(profile.nodes[i].calls, 2);
        ck_assert_uint_eq(profile.nodes[i].self, 2);
        ck_assert_uint_eq(seen[function]++, 0);
    }
    for (size_t i = FIRST; i < FIRST + MANY; i++)
        ck_assert_uint_eq(seen[i], 1);
    g_free(seen);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    rig_free(&rig);
}
END_TEST

/* More children than a node remembers take turns, pairs of them with the same low 16 bits. */
START_TEST(children_that_look_alike)
{
    enum { PAIRS = 11, ROUNDS = 50, FIRST = 300, APART = 0x10000 };
    struct rig rig = rig_new();
    struct osi_profile profile = {.tool = "test", .command = "test"};
    unsigned found = 0;

    for (unsigned i = 0; i < 2 * PAIRS * ROUNDS; i++) {
        uint32_t function = FIRST + i / 2 % PAIRS + i % 2 * APART;

        call(&rig, 1, 'm', function);
        ret_to(&rig, 1 + function % 7, function, SITE('m', 1), 'm');
    }
    osi_calltree_profile(rig.tree, number_function, NULL, &profile);
    for (size_t i = 0; i < profile.n_nodes; i++) {
        uint64_t function = profile.functions[profile.nodes[i].function].address;

        if (function < FIRST)
            continue;
        ck_assert_uint_eq(profile.nodes[i].calls, ROUNDS);
        ck_assert_uint_eq(profile.nodes[i].self, ROUNDS * (1 + function % 7));
        found++;
    }
    ck_assert_uint_eq(found, 2 * PAIRS);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    rig_free(&rig);
}
END_TEST

/* Nodes without counts are not in the profile, unless there are some below them. */
START_TEST(unused_nodes_are_left_out)
{
    struct rig rig = rig_new();
    struct osi_profile profile = {.tool = "test", .command = "test"};

    osi_calltree_nodes(rig.tree, 5, 'N');
    osi_calltree_profile(rig.tree, name_function, NULL, &profile);
    ck_assert_uint_eq(profile.n_nodes, 1);
    ck_assert_uint_eq(profile.n_functions, 1);
    free((void *)profile.functions);
    free((void *)profile.nodes);
    osi_calls_count(rig.calls, rig.now, false);
    call(&rig, 1, 'm', 'a');
    call(&rig, 1, 'a', 'b');
    ret(&rig, 1, 'b', 'a');
    osi_calls_count(rig.calls, rig.now, true);
    run(&rig, 1);
    osi_calltree_profile(rig.tree, name_function, NULL, &profile);
    ck_assert_uint_eq(profile.n_nodes, 4); /* all, T, m, a: not b */
    free((void *)profile.functions);
    free((void *)profile.nodes);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_task_moves_with_its_stack, tasks_of_one_name, a_name_that_comes_later, too_many_nodes,
        too_deep, an_exception_too_deep, a_tail_call_too_deep, exceptions_without_end,
        private_functions, many_functions_on_two_vcpus,
        children_that_look_alike, unused_nodes_are_left_out,
    };

    return run_suite("calltree-limits", tests, G_N_ELEMENTS(tests));
}
