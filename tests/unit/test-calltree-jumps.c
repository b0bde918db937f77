/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees: tail calls, jumps into functions, longjmp. */
#include "unit/calls-rig.h"

/* ---- jumps ---- */
START_TEST(tail_calls_go_with_their_caller)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    tail(&rig, 2, 'a', 'b');
    tail(&rig, 3, 'b', 'c');
    call(&rig, 4, 'c', 'x');
    ret(&rig, 5, 'x', 'c');
    ret(&rig, 6, 'c', 'm');
    call(&rig, 7, 'm', 'x');
    assert_tree(&rig, 8, "T;m 8 0\nT;m;a 2 1\nT;m;a;b 3 1\nT;m;a;b;c 10 1\nT;m;a;b;c;x 5 1\nT;m;x 8 1\n");
    assert_health(&rig, 2, 0, 0);
    rig_free(&rig);
}
END_TEST

/* Loops of jumps stay at their nodes, and each jump is counted. */
START_TEST(tail_recursion_stays)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    for (int i = 0; i < 1000; i++)
        tail(&rig, 2, 'a', 'a');
    ret(&rig, 2, 'a', 'm');
    assert_tree(&rig, 1, "T;m 2 0\nT;m;a 2 1\nT;m;a;a 2000 1000\n");
    assert_health(&rig, 1, 0, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(mutual_tail_recursion_stays)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    for (int i = 0; i < 100000; i++) {
        tail(&rig, 2, 'a', 'b');
        tail(&rig, 3, 'b', 'c');
        tail(&rig, 4, 'c', 'a');
    }
    ret(&rig, 2, 'a', 'm');
    assert_tree(&rig, 1,
                "T;m 2 0\nT;m;a 2 1\nT;m;a;b 300000 100000\nT;m;a;b;c 400000 100000\n"
                "T;m;a;b;c;a 200000 100000\n");
    ck_assert_uint_eq(osi_calls_health(rig.calls)->deep, 0);
    rig_free(&rig);
}
END_TEST

/* A call in the loop begins a chain of its own. */
START_TEST(tail_calls_below_a_call_of_the_same_functions)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    tail(&rig, 1, 'a', 'b');
    call(&rig, 1, 'b', 'a');
    tail(&rig, 1, 'a', 'b');
    ret(&rig, 10, 'b', 'b');
    ret(&rig, 100, 'b', 'm');
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 1 1\nT;m;a;b 101 1\nT;m;a;b;a 1 1\nT;m;a;b;a;b 10 1\n");
    assert_health(&rig, 2, 0, 0);
    rig_free(&rig);
}
END_TEST

/* Into the middle of another function: it takes the place of the one that jumped, without a call. */
START_TEST(other_jumps_take_the_place)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    jump(&rig, 2, 'a', 'p', false);
    jump(&rig, 4, 'p', 'p', false); /* within it */
    jump(&rig, 8, 'p', 0, false);   /* to code that nobody knows: stays */
    ret(&rig, 16, 0, 'm');
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 2 1\nT;m;p 28 0\n");
    assert_health(&rig, 1, 0, 0);
    rig_free(&rig);
}
END_TEST

/* ---- longjmp ---- */
static void dive(struct rig *rig)
{
    call(rig, 1, 'm', 'a');
    call(rig, 1, 'a', 'b');
    call(rig, 1, 'b', 'c');
    call(rig, 1, 'c', 'l'); /* longjmp */
}

/* As glibc has it: a branch to the address that setjmp returned to. */
START_TEST(longjmp_by_jump)
{
    struct rig rig = rig_new();

    dive(&rig);
    jump(&rig, 5, 'l', 'a', true);
    call(&rig, 7, 'a', 'x');
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 8 1\nT;m;a;b 1 1\nT;m;a;b;c 1 1\nT;m;a;b;c;l 5 1\nT;m;a;x 0 1\n");
    assert_health(&rig, 0, 1, 0);
    rig_free(&rig);
}
END_TEST

/* A return to where setjmp returned to: nothing is called from there any more. */
START_TEST(longjmp_by_return)
{
    struct rig rig = rig_new();

    dive(&rig);
    ret_to(&rig, 5, 'l', SITE('a', 7), 'a');
    ret(&rig, 7, 'a', 'm');
    assert_tree(&rig, 2, "T;m 3 0\nT;m;a 8 1\nT;m;a;b 1 1\nT;m;a;b;c 1 1\nT;m;a;b;c;l 5 1\n");
    assert_health(&rig, 2, 1, 1);
    rig_free(&rig);
}
END_TEST

/* Calls that never return: the return of an earlier one drops them. */
START_TEST(missing_returns)
{
    struct rig rig = rig_new();

    dive(&rig);
    ret(&rig, 5, 'l', 'a'); /* behind the call of b */
    ret(&rig, 7, 'a', 'm');
    assert_tree(&rig, 2, "T;m 3 0\nT;m;a 8 1\nT;m;a;b 1 1\nT;m;a;b;c 1 1\nT;m;a;b;c;l 5 1\n");
    assert_health(&rig, 2, 1, 0);
    rig_free(&rig);
}
END_TEST

/* The recursion's innermost call to the function is the one that is meant. */
START_TEST(longjmp_to_the_innermost)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    call(&rig, 1, 'a', 'a');
    call(&rig, 1, 'a', 'b');
    call(&rig, 1, 'b', 'l');
    jump(&rig, 5, 'l', 'a', true);
    assert_tree(&rig, 7, "T;m 1 0\nT;m;a 1 1\nT;m;a;a 8 1\nT;m;a;a;b 1 1\nT;m;a;a;b;l 5 1\n");
    rig_free(&rig);
}
END_TEST

/* A direct jump into a function that is under way does not leave calls. */
START_TEST(direct_jumps_leave_nothing)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    call(&rig, 1, 'a', 'b');
    jump(&rig, 5, 'b', 'm', false);
    ret(&rig, 7, 'm', 'a');
    assert_tree(&rig, 2, "T;m 1 0\nT;m;a 3 1\nT;m;a;b 5 1\nT;m;a;m 7 0\n");
    assert_health(&rig, 1, 0, 0);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        tail_calls_go_with_their_caller, tail_recursion_stays, mutual_tail_recursion_stays,
        tail_calls_below_a_call_of_the_same_functions, other_jumps_take_the_place, longjmp_by_jump,
        longjmp_by_return, missing_returns, longjmp_to_the_innermost, direct_jumps_leave_nothing,
    };

    return run_suite("calltree-jumps", tests, G_N_ELEMENTS(tests));
}
