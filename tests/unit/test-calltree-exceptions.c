/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees: exceptions, interrupts and their numbers, signals, new programs, forks. */
#include "unit/calls-rig.h"

#define PC SITE('a', 6) /* where a was interrupted */

/* ---- exceptions ---- */
START_TEST(exceptions_nest_in_calls)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    call(&rig, 4, 'v', 'h'); /* v: the vector's code, which nobody called */
    enter(&rig, 8, 'Y', SITE('h', 6), false);
    call(&rig, 16, 'w', 'i');
    ret(&rig, 32, 'i', 'w');
    ck_assert_uint_eq(leave(&rig, 64, SITE('h', 6)), 0);
    ret(&rig, 128, 'h', 'v');
    leave(&rig, 256, PC);
    ret(&rig, 512, 'a', 'm');
    assert_tree(&rig, 1024,
                "T;m 1025 0\nT;m;a 514 1\nT;m;a;X 0 1\nT;m;a;X;v 260 0\nT;m;a;X;v;h 136 1\n"
                "T;m;a;X;v;h;Y 0 1\nT;m;a;X;v;h;Y;w 80 0\nT;m;a;X;v;h;Y;w;i 32 1\n");
    assert_health(&rig, 3, 0, 0);
    rig_free(&rig);
}
END_TEST

/* What was arriving when the exception came is given back where it goes on, and only once. */
START_TEST(what_was_arriving_goes_on)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    osi_calls_enter(rig.calls, rig.now += 1, 'X', PC, 7, true, false);
    osi_calls_enter(rig.calls, rig.now += 1, 'Y', SITE('v', 1), 8, false, false);
    ck_assert_uint_eq(leave(&rig, 1, SITE('v', 1)), 8);
    ck_assert_uint_eq(leave(&rig, 1, PC), 7);
    ck_assert_uint_eq(leave(&rig, 1, PC), 0);
    rig_free(&rig);
}
END_TEST

/* A handler that emulates the instruction returns behind it. */
START_TEST(returns_behind_its_instruction)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    leave(&rig, 4, PC + 4);
    assert_tree(&rig, 8, "T;m 1 0\nT;m;a 10 1\nT;m;a;X 4 1\n");
    rig_free(&rig);
}
END_TEST

/* An exception that never returned: the one below returns. */
START_TEST(drops_exceptions_without_a_return)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    osi_calls_enter(rig.calls, rig.now += 2, 'X', PC, 7, false, false);
    call(&rig, 4, 'v', 'h');
    osi_calls_enter(rig.calls, rig.now += 8, 'Y', SITE('h', 6), 8, false, false);
    ck_assert_uint_eq(leave(&rig, 16, PC), 7);
    assert_tree(&rig, 32, "T;m 1 0\nT;m;a 34 1\nT;m;a;X 0 1\nT;m;a;X;v 4 0\nT;m;a;X;v;h 8 1\n"
                          "T;m;a;X;v;h;Y 16 1\n");
    rig_free(&rig);
}
END_TEST

/* Returns within an exception do not look below it. */
START_TEST(returns_stay_in_their_exception)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    ret(&rig, 4, 'v', 'm'); /* m called a, but not from here */
    leave(&rig, 8, PC);
    ret(&rig, 16, 'a', 'm');
    assert_tree(&rig, 32, "T;m 33 0\nT;m;a 18 1\nT;m;a;X 0 1\nT;m;a;X;m 8 0\nT;m;a;X;v 4 0\n");
    assert_health(&rig, 2, 0, 0); /* where it begins, a return is how code jumps */
    rig_free(&rig);
}
END_TEST

/* Deeper in, it is a return to nowhere. */
START_TEST(returns_to_nowhere_in_an_exception)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    call(&rig, 4, 'v', 'h');
    ret(&rig, 8, 'h', 'm');
    assert_health(&rig, 1, 0, 1);
    rig_free(&rig);
}
END_TEST

/* Nor does longjmp. */
START_TEST(jumps_stay_in_their_exception)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    call(&rig, 4, 'v', 'h');
    jump(&rig, 8, 'h', 'm', true);
    leave(&rig, 16, PC);
    assert_tree(&rig, 32, "T;m 1 0\nT;m;a 34 1\nT;m;a;X 0 1\nT;m;a;X;v 4 0\nT;m;a;X;v;h 8 1\n"
                          "T;m;a;X;v;m 16 0\n");
    rig_free(&rig);
}
END_TEST

/* Not known where it returns to: the last one's end. */
START_TEST(returns_to_an_unknown_place)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    enter(&rig, 4, 'Y', SITE('v', 1), false);
    leave(&rig, 8, NOWHERE);
    leave(&rig, 16, NOWHERE);
    leave(&rig, 32, NOWHERE); /* of none: stays */
    assert_tree(&rig, 64, "T;m 1 0\nT;m;a 98 1\nT;m;a;X 20 1\nT;m;a;X;Y 8 1\n");
    rig_free(&rig);
}
END_TEST

/* A new task's first return: to where nothing was called from. */
START_TEST(the_first_return_begins_anew)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    leave(&rig, 2, PC);
    call(&rig, 4, 'u', 'x');
    assert_tree(&rig, 8, "T;m 1 0\nT;m;a 2 1\nT;u 4 0\nT;u;x 8 1\n");
    rig_free(&rig);
}
END_TEST

/* ---- elsewhere ---- */
START_TEST(a_fault_in_the_kernel_is_fixed_up)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, false);
    leave(&rig, 4, SITE('f', 1)); /* the code that handles the fault, part of a */
    ret(&rig, 8, 'a', 'm');
    assert_tree(&rig, 16, "T;m 17 0\nT;m;a 10 1\nT;m;a;X 4 1\n");
    assert_health(&rig, 1, 0, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(a_signal)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    osi_calls_enter(rig.calls, rig.now += 2, 'X', PC, 7, true, false);
    ck_assert_uint_eq(leave(&rig, 4, SITE('s', 0)), 0); /* to the handler */
    call(&rig, 8, 's', 'x');
    ret(&rig, 16, 'x', 's');
    enter(&rig, 32, 'X', SITE('t', 1), true); /* sigreturn */
    ck_assert_uint_eq(leave(&rig, 64, PC), 7); /* the interrupted call arrives at last */
    ret(&rig, 128, 'a', 'm');
    assert_tree(&rig, 256, "T;m 257 0\nT;m;a 130 1\nT;m;a;S 0 1\nT;m;a;S;s 40 0\nT;m;a;S;s;X 64 1\n"
                           "T;m;a;S;s;x 16 1\nT;m;a;X 4 1\n");
    assert_health(&rig, 2, 0, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(a_signal_in_a_signal)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 1, 'X', PC, true);
    leave(&rig, 1, SITE('s', 0));
    tail(&rig, 0, 0, 's');
    enter(&rig, 10, 'X', SITE('s', 6), true);
    leave(&rig, 1, SITE('r', 0));
    tail(&rig, 0, 0, 'r');
    enter(&rig, 100, 'X', SITE('t', 1), true);
    leave(&rig, 1, SITE('s', 6));
    enter(&rig, 10, 'X', SITE('t', 1), true);
    leave(&rig, 1, PC);
    assert_tree(&rig, 5, "T;m 1 0\nT;m;a 6 1\nT;m;a;S 0 1\nT;m;a;S;s 20 1\nT;m;a;S;s;S 0 1\n"
                         "T;m;a;S;s;S;r 100 1\nT;m;a;S;s;S;r;X 1 1\nT;m;a;S;s;X 2 2\nT;m;a;X 1 1\n");
    rig_free(&rig);
}
END_TEST

/* siglongjmp: out of the handler, back into a function that is under way. */
START_TEST(longjmp_out_of_a_signal)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    call(&rig, 1, 'a', 'b');
    enter(&rig, 2, 'X', PC, true);
    leave(&rig, 4, SITE('s', 0));
    call(&rig, 8, 's', 'l');
    jump(&rig, 16, 'l', 'a', true);
    ret(&rig, 32, 'a', 'm');
    assert_tree(&rig, 64, "T;m 65 0\nT;m;a 33 1\nT;m;a;b 2 1\nT;m;a;b;S 0 1\nT;m;a;b;S;s 8 0\n"
                          "T;m;a;b;S;s;l 16 1\nT;m;a;b;X 4 1\n");
    assert_health(&rig, 1, 1, 0);
    rig_free(&rig);
}
END_TEST

/* ---- exec and fork ---- */
START_TEST(a_new_program)
{
    struct rig rig = rig_new();
    struct osi_callnodes *program = osi_calltree_nodes(rig.tree, 0, 'P');

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    call(&rig, 4, 'k', 'e');
    osi_calls_pause(rig.calls, rig.now += 8);
    osi_calls_renamed(rig.calls);
    osi_calls_resume(rig.calls, rig.now, rig.nodes = program);
    ret(&rig, 16, 'e', 'k');
    leave(&rig, 32, SITE('z', 0));
    call(&rig, 64, 'z', 'x');
    assert_tree(&rig, 0, "P;m;a;X;k 32 0\nP;m;a;X;k;e 16 0\nP;z 64 0\nP;z;x 0 1\n"
                         "T;m 1 0\nT;m;a 2 1\nT;m;a;X 0 1\nT;m;a;X;k 4 0\nT;m;a;X;k;e 8 1\n");
    rig_free(&rig);
}
END_TEST

/* Only a name: the system call returns to where it was made, and later ones are as before. */
START_TEST(a_new_name_only)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    osi_calls_renamed(rig.calls);
    leave(&rig, 4, PC);
    enter(&rig, 8, 'X', PC, true);
    leave(&rig, 16, SITE('s', 0)); /* so this is a signal */
    assert_tree(&rig, 32, "T;m 1 0\nT;m;a 10 1\nT;m;a;S 32 1\nT;m;a;X 20 2\n");
    rig_free(&rig);
}
END_TEST

/* Nor does it mean anything where no exception is under way. */
START_TEST(a_new_name_from_elsewhere)
{
    struct rig rig = rig_new();

    call(&rig, 1, 'm', 'a');
    osi_calls_renamed(rig.calls);
    enter(&rig, 2, 'X', PC, true);
    leave(&rig, 4, SITE('s', 0));
    assert_tree(&rig, 8, "T;m 1 0\nT;m;a 2 1\nT;m;a;S 8 1\nT;m;a;X 4 1\n");
    rig_free(&rig);
}
END_TEST

START_TEST(a_fork)
{
    struct rig rig = rig_new();
    struct osi_calls *child = osi_calls_new(rig.tree), *parent = rig.calls;
    struct osi_callnodes *nodes = osi_calltree_nodes(rig.tree, 1, 'C');

    call(&rig, 1, 'm', 'a');
    enter(&rig, 2, 'X', PC, true);
    call(&rig, 4, 'k', 'f');
    osi_calls_fork(child, rig.calls);
    ret(&rig, 8, 'f', 'k');
    leave(&rig, 16, PC);
    assert_tree(&rig, 0, "T;m 1 0\nT;m;a 2 1\nT;m;a;X 0 1\nT;m;a;X;k 20 0\nT;m;a;X;k;f 8 1\n");
    rig.calls = child;
    osi_calls_resume(child, rig.now, rig.nodes = nodes);
    call(&rig, 32, 'j', 't'); /* ret_from_fork */
    ret(&rig, 64, 't', 'j');
    leave(&rig, 128, PC);
    ret(&rig, 256, 'a', 'm');
    osi_calls_pause(child, rig.now += 512);
    osi_calls_resume(parent, rig.now, osi_calltree_nodes(rig.tree, 0, 'T'));
    ck_assert_uint_eq(osi_calls_insns(child), 992);
    osi_calls_free(child);
    rig.calls = parent;
    uint64_t self;
    char *text = text_of(rig.tree, &self);

    ck_assert_str_eq(text, "C;m 512 0\nC;m;a 256 0\nC;m;a;X;j 160 0\nC;m;a;X;j;t 64 1\n"
                           "T;m 1 0\nT;m;a 2 1\nT;m;a;X 0 1\nT;m;a;X;k 20 0\nT;m;a;X;k;f 8 1\n");
    g_free(text);
    rig_free(&rig);
}
END_TEST

/* A kernel thread made another: nothing of its path is the child's. */
START_TEST(a_fork_in_the_kernel)
{
    struct rig rig = rig_new();
    struct osi_calls *child = osi_calls_new(rig.tree);

    call(&rig, 1, 'k', 'f');
    osi_calls_fork(child, rig.calls);
    ck_assert(osi_calls_is_empty(child));
    enter(&rig, 1, 'X', PC, false);
    osi_calls_fork(child, rig.calls);
    ck_assert(osi_calls_is_empty(child));
    ck_assert(!osi_calls_is_empty(rig.calls));
    osi_calls_free(child);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        exceptions_nest_in_calls, what_was_arriving_goes_on, returns_behind_its_instruction,
        drops_exceptions_without_a_return, returns_stay_in_their_exception,
        returns_to_nowhere_in_an_exception,
        jumps_stay_in_their_exception, returns_to_an_unknown_place, the_first_return_begins_anew,
        a_fault_in_the_kernel_is_fixed_up, a_signal, a_signal_in_a_signal, longjmp_out_of_a_signal,
        a_new_program, a_new_name_only, a_new_name_from_elsewhere, a_fork, a_fork_in_the_kernel,
    };

    return run_suite("calltree-exceptions", tests, G_N_ELEMENTS(tests));
}
