/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interrupt an event belongs to: event lists with what must be added to them. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "unit/irq-events.h"

static struct osi_irqtrack *track;

static void setup(void)
{
    track = osi_irqtrack_new();
}

static void teardown(void)
{
    osi_irqtrack_free(track);
    osi_irqtrack_free(NULL);
}

static struct osi_event feed(struct osi_event event)
{
    osi_irqtrack_event(track, &event);
    return event;
}

static void assert_origin(struct osi_irq_origin origin, uint32_t hwirq, uint64_t entered,
                          uint64_t asserted)
{
    ck_assert_uint_eq(origin.hwirq, hwirq);
    ck_assert_uint_eq(origin.entered, entered);
    ck_assert_uint_eq(origin.asserted, asserted);
}

static void assert_wakeup(uint64_t time, uint32_t hwirq, uint64_t entered, uint64_t asserted)
{
    assert_origin(feed(irq_wakeup(0, time)).sched_wakeup.origin, hwirq, entered, asserted);
}

static void assert_exit(uint64_t time, uint32_t hwirq, uint64_t entered, uint64_t asserted)
{
    assert_origin(feed(irq_exit(0, time, false)).irq_exit.origin, hwirq, entered, asserted);
}

/* ---- one interrupt ---- */
START_TEST(one_interrupt)
{
    struct osi_event event;

    assert_wakeup(50, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
    feed(irq_enter(0, 100, false, 0));
    assert_wakeup(105, OSI_NO_IRQ, 100, UNKNOWN); /* its number is not known yet */
    event = feed(irq_ack(0, 110, 33));
    assert_origin(event.irq_ack.origin, 33, 100, UNKNOWN);
    event = feed(irq_handler(0, 120, 7, &uart_label, false));
    assert_origin(event.irq_handler.origin, 33, 100, UNKNOWN);
    ck_assert_uint_eq(event.irq_handler.duration, UNKNOWN);
    assert_wakeup(130, 33, 100, UNKNOWN);
    event = feed(irq_handler(0, 140, 7, &uart_label, true));
    assert_origin(event.irq_handler.origin, 33, 100, UNKNOWN);
    ck_assert_uint_eq(event.irq_handler.duration, 20);
    feed(irq_eoi(0, 145, 33));
    assert_wakeup(147, 33, 100, UNKNOWN); /* a softirq on its tail */
    assert_exit(150, 33, 100, UNKNOWN);
    assert_wakeup(160, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
}
END_TEST

START_TEST(without_a_vector)
{
    assert_origin(feed(irq_ack_timer(0, 10, 27, 0, 5)).irq_ack.origin, 27, UNKNOWN, UNKNOWN);
    assert_origin(feed(irq_handler(0, 20, 7, &uart_label, false)).irq_handler.origin, OSI_NO_IRQ,
                  UNKNOWN, UNKNOWN);
    assert_exit(30, OSI_NO_IRQ, UNKNOWN, UNKNOWN); /* none is under way: nothing to leave */
    feed(irq_enter(0, 40, false, 0));
    assert_exit(50, OSI_NO_IRQ, 40, UNKNOWN);
}
END_TEST

/* A GICv2 driver asks until the controller knows of none. */
START_TEST(acknowledged_more_than_once)
{
    struct osi_event event;

    feed(irq_enter(0, 100, true, 0));
    feed(irq_ack(0, 110, 33));
    event = feed(irq_ack(0, 120, 34));
    assert_origin(event.irq_ack.origin, 34, 100, UNKNOWN);
    assert_wakeup(125, 34, 100, UNKNOWN);
    event = feed(irq_ack(0, 130, 1023));
    assert_origin(event.irq_ack.origin, 1023, 100, UNKNOWN);
    assert_wakeup(135, 34, 100, UNKNOWN);
    assert_exit(140, 34, 100, UNKNOWN);
}
END_TEST

/* ---- nesting ---- */
START_TEST(nested)
{
    feed(irq_enter(0, 100, false, 0));
    feed(irq_ack(0, 110, 33));
    feed(irq_enter(0, 120, false, 1));
    assert_wakeup(125, OSI_NO_IRQ, 120, UNKNOWN);
    feed(irq_ack(0, 130, 44));
    assert_wakeup(135, 44, 120, UNKNOWN);
    assert_exit(140, 44, 120, UNKNOWN);
    assert_wakeup(145, 33, 100, UNKNOWN);
    assert_exit(150, 33, 100, UNKNOWN);
}
END_TEST

START_TEST(nested_deeper_than_is_kept)
{
    enum { DEPTH = 20, KEPT = 8 };

    for (uint32_t i = 0; i < DEPTH; i++) {
        feed(irq_enter(0, 100 + i, false, i));
        if (i < KEPT) {
            feed(irq_ack(0, 100 + i, 40 + i));
        }
    }
    for (uint32_t i = DEPTH; i-- > 0;) {
        struct osi_event event = feed(irq_exit(0, 200, false));

        ck_assert_uint_eq(event.irq_exit.origin.hwirq, 40 + MIN(i, KEPT - 1));
    }
    assert_wakeup(300, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
}
END_TEST

/* ---- assertion of timers ---- */
static const struct {
    const char *text;
    uint64_t armed, deadline, entered, asserted;
} timers[] = {
    { "a deadline in the future", 10, 90, 100, 90 },
    { "switched on with its deadline passed", 60, 40, 100, 60 },
    { "at the very moment", 50, 50, 100, 50 },
    { "never seen to be set", 0, 70, 100, 70 },
    { "a deadline after the entry", 10, 105, 100, 100 },
    { "a deadline at the entry", 10, 100, 100, 100 },
    { "not known", 10, UNKNOWN, 100, UNKNOWN },
};

START_TEST(asserted)
{
    struct osi_event event;

    if (timers[_i].armed) {
        feed(irq_timer(0, timers[_i].armed, 0, timers[_i].deadline, true));
    }
    feed(irq_timer(0, 99, 1, 1000, true)); /* of another timer */
    feed(irq_enter(0, timers[_i].entered, false, 0));
    event = feed(irq_ack_timer(0, 110, 27, 0, timers[_i].deadline));
    assert_origin(event.irq_ack.origin, 27, timers[_i].entered, timers[_i].asserted);
    ck_assert_uint_eq(event.irq_ack.delay,
                      timers[_i].asserted == UNKNOWN ? UNKNOWN
                                                     : timers[_i].entered - timers[_i].asserted);
    assert_wakeup(120, 27, timers[_i].entered, timers[_i].asserted);
    assert_exit(130, 27, timers[_i].entered, timers[_i].asserted);
}
END_TEST

/* A trace has the delay: deadlines are not looked at again. */
START_TEST(delay_is_known)
{
    struct osi_event event = irq_ack(0, 110, 27);

    feed(irq_timer(0, 95, 0, 10, true));
    feed(irq_enter(0, 100, false, 0));
    event.irq_ack.delay = 30;
    event = feed(event);
    assert_origin(event.irq_ack.origin, 27, 100, 70);
    ck_assert_uint_eq(event.irq_ack.delay, 30);
    event.irq_ack.delay = 1000; /* in a trace that begins late */
    assert_origin(feed(event).irq_ack.origin, 27, 100, 0);
    assert_exit(120, 27, 100, 0);
    assert_origin(feed(event).irq_ack.origin, 27, UNKNOWN, UNKNOWN); /* no entry in sight */
}
END_TEST

START_TEST(programmed_in_its_own_interrupt)
{
    struct osi_event event;

    feed(irq_enter(0, 100, false, 0));
    feed(irq_ack_timer(0, 105, 27, 0, 80));
    feed(irq_timer(0, 110, 0, 108, true));
    event = feed(irq_ack_timer(0, 120, 27, 0, 108)); /* it did not wait for the entry */
    assert_origin(event.irq_ack.origin, 27, 100, 100);
    event = feed(irq_ack_timer(0, 130, 27, 9, 90)); /* a timer that is not followed */
    assert_origin(event.irq_ack.origin, 27, 100, 90);
    feed(irq_timer(0, 140, 9, 150, true));
}
END_TEST

/* ---- durations ---- */
static void assert_exits(struct osi_event event, uint64_t duration, const struct osi_label *action)
{
    bool softirq = event.kind == OSI_EVENT_SOFTIRQ_EXIT;

    event = feed(event);
    ck_assert_uint_eq(softirq ? event.softirq.duration : event.irq_handler.duration, duration);
    ck_assert_ptr_eq(softirq ? event.softirq.action : event.irq_handler.action, action);
}

START_TEST(durations_nest)
{
    struct osi_event softirq = irq_softirq(0, 152, 7, true);

    softirq.softirq.action = NULL;
    feed(irq_handler(0, 100, 7, &uart_label, false));
    feed(irq_softirq(0, 110, 7, false)); /* the same number, but a softirq */
    feed(irq_handler(0, 120, 8, &timer_label, false));
    feed(irq_handler(0, 130, 7, &timer_label, false));
    assert_exits(irq_handler(0, 135, 7, NULL, true), 5, &timer_label);
    assert_exits(irq_handler(0, 141, 8, NULL, true), 21, &timer_label);
    assert_exits(softirq, 42, &softirq_label);
    assert_exits(irq_handler(0, 163, 7, NULL, true), 63, &uart_label);
    assert_exits(irq_handler(0, 170, 7, NULL, true), UNKNOWN, NULL);
    ck_assert_uint_eq(feed(irq_softirq(0, 180, 7, false)).softirq.duration, UNKNOWN);
}
END_TEST

START_TEST(lost_exits)
{
    feed(irq_handler(0, 100, 7, &uart_label, false));
    feed(irq_handler(0, 110, 8, &uart_label, false)); /* its exit is lost */
    ck_assert_uint_eq(feed(irq_handler(0, 120, 7, &uart_label, true)).irq_handler.duration, 20);
    assert_exits(irq_handler(0, 130, 8, NULL, true), UNKNOWN, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        feed(irq_softirq(0, 200 + i, 1, false));
    }
    feed(irq_softirq(0, 2000, 3, false));
    ck_assert_uint_eq(feed(irq_softirq(0, 2005, 3, true)).softirq.duration, 5);
}
END_TEST

/* ---- the whole ---- */
START_TEST(kernel_starts_anew)
{
    feed(irq_enter(0, 100, false, 0));
    feed(irq_ack(0, 110, 33));
    feed(irq_handler(0, 120, 7, &uart_label, false));
    feed(irq_kernel(0, 1000));
    assert_wakeup(1010, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
    assert_exits(irq_handler(0, 1020, 7, NULL, true), UNKNOWN, NULL);
    assert_exit(1030, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
}
END_TEST

START_TEST(nothing_is_followed)
{
    struct osi_event wakeup = irq_wakeup(0, 10), exit = irq_exit(0, 20, true);

    wakeup.sched_wakeup.origin.entered = 5;
    osi_irqtrack_event(NULL, &wakeup);
    assert_origin(wakeup.sched_wakeup.origin, OSI_NO_IRQ, UNKNOWN, UNKNOWN);
    osi_irqtrack_event(NULL, &exit);
    ck_assert(exit.irq_exit.resched);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("irqtrack");
    Suite *suite = suite_create("irqtrack");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_interrupt);
    tcase_add_test(tests, without_a_vector);
    tcase_add_test(tests, acknowledged_more_than_once);
    tcase_add_test(tests, nested);
    tcase_add_test(tests, nested_deeper_than_is_kept);
    tcase_add_loop_test(tests, asserted, 0, G_N_ELEMENTS(timers));
    tcase_add_test(tests, delay_is_known);
    tcase_add_test(tests, programmed_in_its_own_interrupt);
    tcase_add_test(tests, durations_nest);
    tcase_add_test(tests, lost_exits);
    tcase_add_test(tests, kernel_starts_anew);
    tcase_add_test(tests, nothing_is_followed);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
