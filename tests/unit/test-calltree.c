/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees: calls and returns of one task, step by step. */
#include "unit/calls-rig.h"

/* ---- calls and returns ---- */
START_TEST(calls_and_returns)
{
    struct rig rig = rig_new();

    call(&rig, 5, 'm', 'a'); /* m ran from the start, but nobody saw it being called */
    call(&rig, 3, 'a', 'b');
    ret(&rig, 7, 'b', 'a');
    call_from(&rig, 2, 'a', 'b', SITE('a', 2));
    ret_to(&rig, 7, 'b', SITE('a', 2), 'a');
    call_from(&rig, 1, 'a', 'c', SITE('a', 3));
    ret_to(&rig, 4, 'c', SITE('a', 3), 'a');
    ret(&rig, 1, 'a', 'm');
    assert_tree(&rig, 6, "T;m 11 0\nT;m;a 7 1\nT;m;a;b 14 2\nT;m;a;c 4 1\n");
    assert_health(&rig, 4, 0, 0);
    ck_assert_uint_eq(osi_calls_insns(rig.calls), 36);
    rig_free(&rig);
}
END_TEST

START_TEST(recursion)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    for (int i = 0; i < 3; i++)
        call(&rig, 10 + (uint64_t)i, 'a', 'a');
    for (int i = 0; i < 3; i++)
        ret(&rig, 100 + (uint64_t)i, 'a', 'a');
    ret(&rig, 5, 'a', 'm');
    assert_tree(&rig, 1, "T;m 2 0\nT;m;a 15 1\nT;m;a;a 113 1\nT;m;a;a;a 113 1\nT;m;a;a;a;a 100 1\n");
    assert_health(&rig, 4, 0, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(mutual_recursion)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'e');
    call(&rig, 2, 'e', 'o');
    call(&rig, 3, 'o', 'e');
    call(&rig, 4, 'e', 'o');
    ret(&rig, 5, 'o', 'e');
    ret(&rig, 6, 'e', 'o');
    ret(&rig, 7, 'o', 'e');
    ret(&rig, 8, 'e', 'm');
    assert_tree(&rig, 9, "T;m 10 0\nT;m;e 10 1\nT;m;e;o 10 1\nT;m;e;o;e 10 1\nT;m;e;o;e;o 5 1\n");
    assert_health(&rig, 4, 0, 0);
    rig_free(&rig);
}
END_TEST

/* The same function below two callers is two nodes, also when the last child is looked for first. */
START_TEST(each_path_is_its_own)
{
    struct rig rig = rig_new();

    for (uint64_t i = 0; i < 4; i++) {
        uint32_t middle = "abab"[i];

        call(&rig, 1, 'm', middle);
        call(&rig, 1, middle, 'x');
        ret(&rig, 10, 'x', middle);
        ret(&rig, 1, middle, 'm');
    }
    assert_tree(&rig, 0, "T;m 4 0\nT;m;a 4 2\nT;m;a;x 20 2\nT;m;b 4 2\nT;m;b;x 20 2\n");
    rig_free(&rig);
}
END_TEST

/* ---- returns that nothing was called for ---- */
START_TEST(a_task_that_starts_in_mid_air)
{
    struct rig rig = rig_new();

    ret(&rig, 3, 'c', 'b');
    ret(&rig, 5, 'b', 'a');
    call(&rig, 7, 'a', 'x');
    ret(&rig, 9, 'x', 'a');
    assert_tree(&rig, 1, "T;a 8 0\nT;a;x 9 1\nT;b 5 0\nT;c 3 0\n");
    assert_health(&rig, 3, 0, 2);
    rig_free(&rig);
}
END_TEST

static void dive(struct rig *rig)
{
    call(rig, 1, 'm', 'a');
    call(rig, 1, 'a', 'b');
    call(rig, 1, 'b', 'c');
    call(rig, 1, 'c', 'l'); /* longjmp */
}

START_TEST(a_return_to_nowhere_begins_anew)
{
    struct rig rig = rig_new();

    dive(&rig);
    ret_to(&rig, 5, 'l', SITE('q', 7), 'q');
    call(&rig, 7, 'q', 'x');
    ret_to(&rig, 9, 'x', SITE('r', 7), 0); /* nor is the function known */
    call(&rig, 11, 'r', 'y');
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 1 1\nT;m;a;b 1 1\nT;m;a;b;c 1 1\nT;m;a;b;c;l 5 1\n"
                         "T;q 7 0\nT;q;x 9 1\nT;r 11 0\nT;r;y 0 1\n");
    assert_health(&rig, 2, 0, 2);
    rig_free(&rig);
}
END_TEST

/* Code translated at one address and run at another: the page differs, not the place in it. */
START_TEST(returns_to_an_alias)
{
    struct rig rig = rig_new();

    call_from(&rig, 1, 'm', 'a', 0x40081234);
    call_from(&rig, 2, 'a', 'b', 0x40081734);
    ret_to(&rig, 3, 'b', 0xffff800008081734, 'a');
    ret_to(&rig, 4, 'a', 0xffff800008081234, 'm');
    assert_tree(&rig, 5, "T;m 6 0\nT;m;a 6 1\nT;m;a;b 3 1\n");
    assert_health(&rig, 2, 0, 0);
    rig_free(&rig);
}
END_TEST

/* Only the last call may be an alias: further down, an equal place is chance. */
START_TEST(only_the_last_call_is_an_alias)
{
    struct rig rig = rig_new();

    call_from(&rig, 1, 'm', 'a', 0x40081234);
    call_from(&rig, 2, 'a', 'b', 0x40081734);
    ret_to(&rig, 3, 'b', 0xffff800008081234, 'q');
    assert_tree(&rig, 5, "T;m 1 0\nT;m;a 2 1\nT;m;a;b 3 1\nT;q 5 0\n");
    assert_health(&rig, 1, 0, 1);
    rig_free(&rig);
}
END_TEST

/* ---- what `from` is for ---- */
START_TEST(from_corrects)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    call(&rig, 2, 'b', 'x'); /* it was b, reached in a way that nobody saw */
    ret(&rig, 4, 'x', 'b');
    call(&rig, 8, 0, 'x'); /* not known: as it was */
    ret_to(&rig, 16, 'x', SITE(0, 1), 0);
    ret(&rig, 32, 'b', 'm');
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 0 1\nT;m;b 42 0\nT;m;b;x 20 2\n");
    assert_health(&rig, 3, 0, 0);
    rig_free(&rig);
}
END_TEST

/* ---- windows ---- */
START_TEST(what_does_not_count_still_moves)
{
    struct rig rig = rig_new();

    osi_calls_count(rig.calls, rig.now, false);
    call(&rig, 1, 'm', 'a');
    call(&rig, 1, 'a', 'b');
    osi_calls_count(rig.calls, rig.now += 10, true);
    osi_calls_count(rig.calls, rig.now += 10, true); /* already */
    call(&rig, 10, 'b', 'c');
    osi_calls_count(rig.calls, rig.now += 10, false);
    call(&rig, 10, 'c', 'd');
    ret(&rig, 10, 'd', 'c');
    ret(&rig, 10, 'c', 'b');
    osi_calls_count(rig.calls, rig.now += 10, true);
    ret(&rig, 3, 'b', 'a');
    assert_tree(&rig, 4, "T;m;a 4 0\nT;m;a;b 23 0\nT;m;a;b;c 10 1\n");
    ck_assert_uint_eq(osi_calls_insns(rig.calls), 37);
    rig_free(&rig);
}
END_TEST

/* Instructions that were counted ahead and then taken back do not count twice. */
START_TEST(the_count_may_go_down)
{
    struct rig rig = rig_new();

    call(&rig, 10, 'm', 'a');
    osi_calls_call(rig.calls, rig.now - 3, 'a', 'b', SITE('a', 1));
    assert_tree(&rig, 5, "T;m 10 0\nT;m;a 0 1\nT;m;a;b 5 1\n");
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        calls_and_returns, recursion, mutual_recursion, each_path_is_its_own,
        a_task_that_starts_in_mid_air, a_return_to_nowhere_begins_anew, returns_to_an_alias,
        only_the_last_call_is_an_alias, from_corrects, what_does_not_count_still_moves,
        the_count_may_go_down,
    };

    return run_suite("calltree", tests, G_N_ELEMENTS(tests));
}
