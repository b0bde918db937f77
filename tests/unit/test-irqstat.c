/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of interrupts: event lists with the numbers they must give. */
#include "unit/irq-rig.h"

static struct rig rig;

static void setup(void)
{
    rig = rig_new(NULL);
}

static void teardown(void)
{
    rig_free(&rig);
    osi_irqstat_free(NULL);
}

/* One sample of that length, or none with UNKNOWN. */
static void assert_one(enum osi_latency latency, uint32_t number, uint64_t value)
{
    const struct osi_histogram *h = osi_irqstat_histogram(rig.stat, latency, number, ALL);

    ck_assert_msg(!!h == (value != UNKNOWN), "%s of %u", osi_latency_name(latency), number);
    if (h) {
        ck_assert_uint_eq(osi_histogram_count(h), 1);
        ck_assert_msg(osi_histogram_sum(h) == value, "%s of %u: %u", osi_latency_name(latency),
                      number, (unsigned)osi_histogram_sum(h));
    }
}

static void assert_facts(JsonParser *parser, int64_t interrupts, int64_t nested, int64_t spurious,
                         int64_t switched)
{
    ck_assert_int_eq(fact(parser, "interrupts"), interrupts);
    ck_assert_int_eq(fact(parser, "nested"), nested);
    ck_assert_int_eq(fact(parser, "spurious"), spurious);
    ck_assert_int_eq(fact(parser, "left_by_switch"), switched);
}

/* ---- one interrupt ---- */
START_TEST(one_interrupt)
{
    JsonParser *parser;

    FEED(&rig, irq_enter(0, 1000, true, 0), irq_ack_timer(0, 1010, 27, 0, 970),
         irq_handler(0, 1022, 11, &timer_label, false), irq_wakeup(0, 1030),
         irq_handler(0, 1043, 11, &timer_label, true), irq_eoi(0, 1045, 27),
         irq_softirq(0, 1050, 1, false), irq_softirq(0, 1057, 1, true), irq_exit(0, 1064, false),
         irq_runs(0, 1100, 27, 1000, 970));
    assert_one(OSI_LATENCY_ASSERT, 27, 30);
    assert_one(OSI_LATENCY_HANDLER_START, 27, 22);
    assert_one(OSI_LATENCY_HANDLER, 27, 21);
    assert_one(OSI_LATENCY_EXIT, 27, 64);
    assert_one(OSI_LATENCY_THREAD, 27, 100);
    assert_one(OSI_LATENCY_ASSERT_THREAD, 27, 130);
    assert_one(OSI_LATENCY_SOFTIRQ, 1, 7);
    assert_one(OSI_LATENCY_MASKED, OSI_NO_IRQ, UNKNOWN);
    assert_one(OSI_LATENCY_EXIT, 28, UNKNOWN);
    assert_one(OSI_LATENCY_SOFTIRQ, 27, UNKNOWN);
    parser = rig_report(rig.stat);
    assert_facts(parser, 1, 0, 0, 0);
    ck_assert_int_eq(cell(parser, "irqs", 0, "hwirq"), 27);
    ck_assert_int_eq(cell(parser, "irqs", 0, "irq"), 11);
    ck_assert_str_eq(text_cell(parser, "irqs", 0, "name"), "arch_timer");
    ck_assert_int_eq(cell(parser, "irqs", 0, "count"), 1);
    ck_assert_int_eq(cell(parser, "cpus", 0, "from_user"), 1);
    ck_assert_int_eq(cell(parser, "cpus", 0, "span_insn"), 100);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "max_at_insn"), 1064);
    ck_assert_str_eq(text_cell(parser, "softirq", 0, "name"), "TIMER");
    g_object_unref(parser);
}
END_TEST

START_TEST(percentiles)
{
    JsonParser *parser;

    for (uint64_t i = 1; i <= 200; i++) { /* 50 to 249, in a mixed order; the longest twice */
        feed_timer(&rig, 0, 1000 * i, i, 50 + i * 7 % 200);
    }
    feed_timer(&rig, 0, 300000, 1, 249);
    parser = rig_report(rig.stat);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "count"), 201);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "p50_insn"), 150);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "p90_insn"), 230);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "p99_insn"), 248);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "p99_9_insn"), 249);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "max_insn"), 249);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "max_at_insn"), 57249); /* the first of two */
    ck_assert_int_eq(cell(parser, "assert_to_entry", 0, "max_insn"), 200);
    ck_assert_int_eq(cell(parser, "assert_to_entry", 0, "max_at_insn"), 200010);
    ck_assert_int_eq(cell(parser, "handler", 0, "p50_insn"), 20);
    g_object_unref(parser);
}
END_TEST

START_TEST(only_zeros)
{
    JsonParser *parser;

    for (uint64_t i = 1; i <= 3; i++) {
        FEED(&rig, irq_enter(0, 100 * i, false, 0), irq_ack(0, 100 * i, 5),
             irq_exit(0, 100 * i, false));
    }
    parser = rig_report(rig.stat);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "max_insn"), 0);
    ck_assert_int_eq(cell(parser, "entry_to_exit", 0, "max_at_insn"), 100);
    g_object_unref(parser);
}
END_TEST

/* ---- handlers ---- */
START_TEST(shared_interrupt)
{
    FEED(&rig, irq_enter(0, 100, false, 0), irq_ack(0, 110, 40),
         irq_handler(0, 120, 7, &uart_label, false), irq_handler(0, 125, 7, &uart_label, true),
         irq_handler(0, 130, 7, &timer_label, false), irq_handler(0, 137, 7, &timer_label, true),
         irq_exit(0, 150, false));
    assert_one(OSI_LATENCY_HANDLER_START, 40, 20); /* of the first one */
    ck_assert_uint_eq(osi_histogram_count(
        osi_irqstat_histogram(rig.stat, OSI_LATENCY_HANDLER, 40, 0)), 2);
    ck_assert_uint_eq(osi_histogram_sum(
        osi_irqstat_histogram(rig.stat, OSI_LATENCY_HANDLER, 40, 0)), 12);
}
END_TEST

START_TEST(handler_in_no_interrupt)
{
    FEED(&rig, irq_handler(0, 120, 7, &uart_label, false),
         irq_handler(0, 125, 7, &uart_label, true), irq_handler(0, 130, 7, &uart_label, true));
    assert_one(OSI_LATENCY_HANDLER, OSI_NO_IRQ, 5);
    assert_one(OSI_LATENCY_HANDLER_START, OSI_NO_IRQ, UNKNOWN);
}
END_TEST

/* ---- numbers ---- */
/* What a GICv2 driver does: the last answer, that there is no more, is no spurious interrupt. */
START_TEST(loop_until_empty)
{
    JsonParser *parser;

    FEED(&rig, irq_enter(0, 100, false, 0), irq_ack(0, 110, 33), irq_eoi(0, 115, 33),
         irq_ack(0, 120, 34), irq_handler(0, 122, 8, &uart_label, false),
         irq_handler(0, 123, 8, &uart_label, true), irq_eoi(0, 125, 34), irq_ack(0, 130, 1023),
         irq_exit(0, 140, false));
    assert_one(OSI_LATENCY_EXIT, 34, 40);
    assert_one(OSI_LATENCY_EXIT, 33, UNKNOWN);
    assert_one(OSI_LATENCY_HANDLER_START, 34, 22);
    parser = rig_report(rig.stat);
    assert_facts(parser, 1, 0, 0, 0);
    ck_assert_uint_eq(rows_of(parser, "irqs"), 2);
    ck_assert_uint_eq(rows_of(parser, "notes"), 0);
    g_object_unref(parser);
}
END_TEST

START_TEST(spurious)
{
    JsonParser *parser;

    FEED(&rig, irq_enter(0, 100, false, 0), irq_ack(0, 110, 1023), irq_exit(0, 120, false),
         irq_enter(0, 200, false, 0), irq_ack(0, 210, 40), irq_exit(0, 220, false),
         irq_enter(0, 300, false, 0), irq_ack(0, 310, 1020), irq_exit(0, 320, false),
         irq_enter(0, 400, false, 0), irq_ack(0, 410, 8192), irq_exit(0, 420, false)); /* an LPI */
    parser = rig_report(rig.stat);
    assert_facts(parser, 4, 0, 2, 0);
    ck_assert_uint_eq(rows_of(parser, "irqs"), 2);
    ck_assert_int_eq(cell(parser, "irqs", 1, "hwirq"), 8192);
    ck_assert_uint_eq(rows_of(parser, "notes"), 0); /* an answer is no missing number */
    ck_assert_uint_eq(rows_of(parser, "entry_to_exit"), 3);
    ck_assert(json_object_get_null_member(row_of(parser, "entry_to_exit", 2), "hwirq"));
    ck_assert_int_eq(cell(parser, "entry_to_exit", 2, "count"), 2);
    g_object_unref(parser);
}
END_TEST

static const char *note(JsonParser *parser)
{
    return json_array_get_string_element(json_object_get_array_member(root_of(parser), "notes"), 0);
}

START_TEST(unnumbered)
{
    JsonParser *parser;

    FEED(&rig, irq_enter(0, 100, false, 0), irq_exit(0, 120, false));
    parser = rig_report(rig.stat);
    ck_assert_ptr_nonnull(strstr(note(parser), "the interrupt controller is not understood"));
    g_object_unref(parser);
    feed_device(&rig, 0, 200, 40, 10);
    parser = rig_report(rig.stat);
    ck_assert_ptr_nonnull(strstr(note(parser), "1 interrupts were left without asking"));
    ck_assert_uint_eq(rows_of(parser, "notes"), 1);
    g_object_unref(parser);
}
END_TEST

START_TEST(none_at_all)
{
    JsonParser *parser = rig_report(rig.stat);

    assert_facts(parser, 0, 0, 0, 0);
    ck_assert_str_eq(note(parser), "no interrupt was taken");
    g_object_unref(parser);
}
END_TEST

START_TEST(nested)
{
    JsonParser *parser;

    FEED(&rig, irq_enter(0, 100, false, 0), irq_ack(0, 110, 40), irq_enter(0, 120, false, 1),
         irq_ack(0, 125, 41), irq_exit(0, 150, false), irq_ack(0, 155, 1023),
         irq_exit(0, 190, true));
    assert_one(OSI_LATENCY_EXIT, 41, 30);
    assert_one(OSI_LATENCY_EXIT, 40, 90);
    parser = rig_report(rig.stat);
    assert_facts(parser, 2, 1, 0, 1); /* the outer one was answered before */
    ck_assert_uint_eq(rows_of(parser, "notes"), 0);
    g_object_unref(parser);
    FEED(&rig, irq_enter(0, 200, false, 0), irq_ack(0, 210, 40), irq_enter(0, 220, false, 1),
         irq_exit(0, 230, false), irq_exit(0, 240, false));
    parser = rig_report(rig.stat);
    ck_assert_ptr_nonnull(strstr(note(parser), "1 interrupts were left")); /* the inner one */
    g_object_unref(parser);
}
END_TEST

/* ---- woken tasks ---- */
START_TEST(woken_tasks)
{
    struct osi_event never = irq_runs(0, 500, 27, 400, 390);

    never.sched_switch.next_waited = false; /* it was preempted */
    FEED(&rig, never, irq_runs(0, 600, OSI_NO_IRQ, UNKNOWN, UNKNOWN), /* woken by another task */
         irq_runs(0, 700, 40, 710, UNKNOWN)); /* on another vCPU, whose time is not comparable */
    ck_assert_ptr_null(osi_irqstat_histogram(rig.stat, OSI_LATENCY_THREAD, 27, ALL));
    ck_assert_ptr_null(osi_irqstat_histogram(rig.stat, OSI_LATENCY_THREAD, OSI_NO_IRQ, ALL));
    ck_assert_ptr_null(osi_irqstat_histogram(rig.stat, OSI_LATENCY_THREAD, 40, ALL));
    FEED(&rig, irq_runs(0, 800, 40, 750, UNKNOWN), irq_runs(0, 900, OSI_NO_IRQ, 850, UNKNOWN));
    assert_one(OSI_LATENCY_THREAD, 40, 50);
    assert_one(OSI_LATENCY_THREAD, OSI_NO_IRQ, 50);
    assert_one(OSI_LATENCY_ASSERT_THREAD, 40, UNKNOWN);
}
END_TEST

/* ---- exceptions and the end ---- */
START_TEST(exceptions)
{
    uint64_t counts[OSI_EXCEPTIONS] = { [OSI_EXCEPTION_SYSCALL] = 5, [OSI_EXCEPTION_ERROR] = 1 };
    JsonParser *parser;

    osi_irqstat_exceptions(rig.stat, 0, counts);
    counts[OSI_EXCEPTION_SYSCALL] = 9;
    osi_irqstat_exceptions(rig.stat, 0, counts); /* not on top */
    osi_irqstat_exceptions(rig.stat, 3, counts);
    osi_irqstat_exceptions(rig.stat, UINT32_MAX, counts); /* no machine has it */
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "exceptions"), 4);
    ck_assert_str_eq(text_cell(parser, "exceptions", 0, "class"), "syscall");
    ck_assert_int_eq(cell(parser, "exceptions", 0, "count"), 9);
    ck_assert_str_eq(text_cell(parser, "exceptions", 1, "class"), "serror");
    ck_assert_int_eq(cell(parser, "exceptions", 3, "cpu"), 3);
    ck_assert_uint_eq(rows_of(parser, "cpus"), 0); /* none had an event */
    g_object_unref(parser);
}
END_TEST

START_TEST(observed)
{
    JsonParser *parser;

    osi_irqstat_end(rig.stat, 1, 5000); /* never began */
    FEED(&rig, irq_masked(0, 1000, 400, &lock_label, &unlock_label));
    osi_irqstat_end(rig.stat, 0, 1400);
    osi_irqstat_end(rig.stat, 0, 1200);
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "cpus"), 1);
    ck_assert_int_eq(cell(parser, "cpus", 0, "span_insn"), 800); /* from the section's beginning */
    ck_assert_int_eq(cell(parser, "cpus", 0, "masked_time_insn"), 400);
    ck_assert(json_object_get_double_member(row_of(parser, "cpus", 0), "masked_share") == 0.5);
    g_object_unref(parser);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("irqstat");
    Suite *suite = suite_create("irqstat");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_interrupt);
    tcase_add_test(tests, percentiles);
    tcase_add_test(tests, only_zeros);
    tcase_add_test(tests, shared_interrupt);
    tcase_add_test(tests, handler_in_no_interrupt);
    tcase_add_test(tests, loop_until_empty);
    tcase_add_test(tests, spurious);
    tcase_add_test(tests, unnumbered);
    tcase_add_test(tests, none_at_all);
    tcase_add_test(tests, nested);
    tcase_add_test(tests, woken_tasks);
    tcase_add_test(tests, exceptions);
    tcase_add_test(tests, observed);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
