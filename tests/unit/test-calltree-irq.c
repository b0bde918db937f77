/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees: interrupts, which are below the root, and whose numbers come later. */
#include "unit/calls-rig.h"

#define PC SITE('a', 6)

static void begin(struct rig *rig)
{
    *rig = rig_new();
    call(rig, 1, 'm', 'a');
    irq(rig, 2, PC);
    call(rig, 4, 'v', 'h');
}

START_TEST(interrupts_are_below_the_root)
{
    struct rig rig;

    begin(&rig);
    call(&rig, 8, 'h', 'g'); /* asks the controller */
    ack(&rig, 16, '1');
    ret(&rig, 32, 'g', 'h');
    ret(&rig, 64, 'h', 'v');
    leave(&rig, 128, PC);
    ret(&rig, 256, 'a', 'm');
    assert_tree(&rig, 512, "T;1 0 1\nT;1;v 132 0\nT;1;v;h 72 1\nT;1;v;h;g 48 1\nT;m 513 0\nT;m;a 258 1\n");
    assert_health(&rig, 3, 0, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(never_acknowledged)
{
    struct rig rig;

    begin(&rig);
    leave(&rig, 8, PC);
    ack(&rig, 16, '1'); /* of none */
    assert_tree(&rig, 32, "T;I 0 1\nT;I;v 4 0\nT;I;v;h 8 1\nT;m 1 0\nT;m;a 50 1\n");
    rig_free(&rig);
}
END_TEST

/* Two interrupts in one exception: each is counted, and has what ran after its number was read. */
START_TEST(two_numbers)
{
    struct rig rig;

    begin(&rig);
    ack(&rig, 8, '1');
    run(&rig, 16);
    ack(&rig, 32, '2');
    ret(&rig, 64, 'h', 'v');
    leave(&rig, 128, PC);
    assert_tree(&rig, 0, "T;1 0 1\nT;1;v 4 0\nT;1;v;h 56 1\nT;2 0 1\nT;2;v 128 0\nT;2;v;h 64 0\nT;m 1 0\n"
                         "T;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

START_TEST(interrupts_nest)
{
    struct rig rig;

    begin(&rig);
    ack(&rig, 8, '1');
    irq(&rig, 16, SITE('h', 6));
    ack(&rig, 32, '2');
    leave(&rig, 64, SITE('h', 6));
    ret(&rig, 128, 'h', 'v');
    leave(&rig, 256, PC);
    assert_tree(&rig, 512, "T;1 0 1\nT;1;v 260 0\nT;1;v;h 152 1\nT;2 96 1\nT;m 1 0\nT;m;a 514 1\n");
    rig_free(&rig);
}
END_TEST

/* The first did not ask the controller yet when the second came: it stays without a number until it does,
 * and moves then with all that is under way. */
START_TEST(interrupted_before_its_number)
{
    struct rig rig;

    begin(&rig);
    irq(&rig, 16, SITE('h', 6));
    ack(&rig, 32, '2');
    leave(&rig, 64, SITE('h', 6));
    ack(&rig, 128, '1');
    ret(&rig, 256, 'h', 'v');
    leave(&rig, 512, PC);
    assert_tree(&rig, 0, "T;1 0 1\nT;1;v 512 0\nT;1;v;h 256 0\nT;2 96 1\nT;I 0 1\nT;I;v 4 0\nT;I;v;h 144 1\n"
                         "T;m 1 0\nT;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

/* An exception in an interrupt is not apart, and the number is the interrupt's. */
START_TEST(an_exception_before_the_number)
{
    struct rig rig;

    begin(&rig);
    enter(&rig, 8, 'X', SITE('h', 6), false);
    ack(&rig, 16, '1');
    leave(&rig, 32, SITE('h', 6));
    leave(&rig, 64, PC);
    assert_tree(&rig, 0, "T;1 0 1\nT;1;v 4 0\nT;1;v;h 72 1\nT;1;v;h;X 48 1\nT;m 1 0\nT;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

/* More before the number than is kept: that stays where it was, the rest moves. */
START_TEST(a_number_that_comes_very_late)
{
    struct rig rig;
    const unsigned n = 1000;

    begin(&rig);
    for (unsigned i = 0; i < n; i++) {
        call(&rig, 1, 'h', 'x');
        ret(&rig, 2, 'x', 'h');
    }
    ack(&rig, 8, '1');
    ret(&rig, 16, 'h', 'v');
    leave(&rig, 32, PC);
    assert_tree(&rig, 0, "T;1 0 1\nT;1;v 32 0\nT;1;v;h 16 0\nT;I 0 1\nT;I;v 4 0\nT;I;v;h 1008 1\n"
                         "T;I;v;h;x 2000 1000\nT;m 1 0\nT;m;a 2 1\n");
    assert_health(&rig, n + 1, 0, 0);
    rig_free(&rig);
}
END_TEST

/* The window closes before the number comes: nothing is lost, nothing else counts. */
START_TEST(a_window_closes_before_the_number)
{
    struct rig rig;

    begin(&rig);
    osi_calls_count(rig.calls, rig.now += 8, false);
    ack(&rig, 16, '1');
    leave(&rig, 32, PC);
    assert_tree(&rig, 64, "T;I 0 1\nT;I;v 4 0\nT;I;v;h 8 1\nT;m 1 0\nT;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

START_TEST(paused_before_the_number)
{
    struct rig rig;

    begin(&rig);
    osi_calls_pause(rig.calls, rig.now += 8);
    rig.nodes = osi_calltree_nodes(rig.tree, 1, ROOT);
    rig.now += 1000; /* another task's */
    osi_calls_resume(rig.calls, rig.now, rig.nodes);
    ack(&rig, 16, '1');
    leave(&rig, 32, PC);
    assert_tree(&rig, 0, "T;1 0 1\nT;1;v;h 32 0\nT;I 0 1\nT;I;v 4 0\nT;I;v;h 24 1\nT;m 1 0\nT;m;a 2 1\n");
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        interrupts_are_below_the_root, never_acknowledged, two_numbers, interrupts_nest,
        interrupted_before_its_number, an_exception_before_the_number,
        a_number_that_comes_very_late, a_window_closes_before_the_number, paused_before_the_number,
    };

    return run_suite("calltree-irq", tests, G_N_ELEMENTS(tests));
}
