/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report on interrupts: golden files, and the stories of the worst cases.
 *
 * A case NAME is compared with tests/golden/irqstat-NAME.txt and .json; OSI_GOLDEN_UPDATE=1 writes
 * these instead, to be read before they are believed.
 */
#include "unit/irq-rig.h"

/* ---- golden cases ---- */
/* A busy machine of two vCPUs: all tables and all kinds of events in stories. */
static void build_busy(struct rig *rigs)
{
    uint64_t exceptions[OSI_EXCEPTIONS] = { [OSI_EXCEPTION_SYSCALL] = 1000,
                                            [OSI_EXCEPTION_FP] = 2 };
    struct osi_event woken = irq_masked(1, 8000000, 123456, &unlock_label, &lock_label);

    FEED(&rigs[0], irq_timer(0, 1560000, 0, 1500000, true), irq_enter(0, 1573205, true, 0),
         irq_ack_timer(0, 1573400, 27, 0, 1500000), irq_timer(0, 1574000, 0, UNKNOWN, false),
         irq_handler(0, 1574205, 11, &timer_label, false), irq_wakeup(0, 1580000),
         irq_handler(0, 1590000, 11, &timer_label, true), irq_eoi(0, 1591000, 27),
         irq_softirq(0, 1592000, 1, false), irq_enter(0, 1600000, false, 1),
         irq_ack(0, 1600100, 33),
         irq_handler(0, 1600200, 12, &uart_label, false),
         irq_handler(0, 1603200, 12, &uart_label, true), irq_exit(0, 1604000, false),
         irq_softirq(0, 1612345, 1, true), irq_exit(0, 1620000, true),
         irq_masked(0, 1621000, 47795, &lock_label, &unlock_label),
         irq_runs(0, 1650000, 27, 1573205, 1560000));
    woken.irqs_masked.idle = true;
    FEED(&rigs[1], irq_enter(1, 7800000, false, 0), irq_ack(1, 7800100, 1023),
         irq_exit(1, 7801000, false), woken, irq_kernel(1, 8500000), irq_enter(1, 9000000, true, 0),
         irq_exit(1, 9002000, false));
    feed_device(&rigs[1], 1, 9500000, 33, 2500);
    osi_irqstat_exceptions(rigs[0].stat, 0, exceptions);
    osi_irqstat_end(rigs[0].stat, 0, 10000000);
    osi_irqstat_end(rigs[1].stat, 1, 10000000);
}

/* One vCPU: no rows per vCPU; more rows than are printed; a story that is cut. */
static void build_one(struct rig *rigs)
{
    for (uint32_t i = 0; i < 30; i++) {
        feed_device(&rigs[0], 0, 100000 + 40 * i, 40 + i % 5, 10 + i);
    }
    FEED(&rigs[0], irq_masked(0, 102000, 1900, &lock_label, &unlock_label),
         irq_masked(0, 102100, 50, NULL, NULL));
}

static void build_none(struct rig *rigs)
{
    FEED(&rigs[0], irq_wakeup(0, 5000), irq_runs(0, 6000, OSI_NO_IRQ, UNKNOWN, UNKNOWN));
}

static const struct {
    const char *name, *unit;
    size_t top;
    void (*build)(struct rig *rigs);
} cases[] = {
    { "busy", "ns", 0, build_busy },
    { "insn", "insn", 3, build_one },
    { "one", "ns", 3, build_one },
    { "none", "ns", 20, build_none },
};

static void compare_golden(const char *name, const char *suffix, const char *text)
{
    const char *root = g_getenv("srcdir");
    g_autofree char *path = g_strdup_printf("%s/tests/golden/irqstat-%s.%s", root ? root : ".",
                                            name, suffix);
    g_autofree char *expected = NULL;

    if (g_getenv("OSI_GOLDEN_UPDATE")) {
        ck_assert(g_file_set_contents(path, text, -1, NULL));
    }
    ck_assert_msg(g_file_get_contents(path, &expected, NULL, NULL), "cannot read %s", path);
    ck_assert_msg(strcmp(text, expected) == 0, "%s differs; now:\n%s", path, text);
}

START_TEST(equals_golden_files)
{
    struct rig rigs[2] = { rig_new(NULL), rig_new(NULL) };
    struct osi_irqstat *all = osi_irqstat_new(NULL);
    char *text, *json;

    cases[_i].build(rigs);
    osi_irqstat_merge(all, rigs[1].stat);
    osi_irqstat_merge(all, rigs[0].stat);
    text = rig_print(all, cases[_i].unit, cases[_i].top, osi_report_text);
    json = rig_print(all, cases[_i].unit, cases[_i].top, osi_report_json);
    compare_golden(cases[_i].name, "txt", text);
    compare_golden(cases[_i].name, "json", json);
    free(text);
    free(json);
    osi_irqstat_free(all);
    rig_free(&rigs[0]);
    rig_free(&rigs[1]);
}
END_TEST

/* ---- stories ---- */
static struct rig rig;

static void setup(void)
{
    rig = rig_new(NULL);
}

static void teardown(void)
{
    rig_free(&rig);
}

/* Of the only story. */
static char *title(void)
{
    char *text = rig_print(rig.stat, "insn", 0, osi_report_text), *found = NULL;
    char **lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "worst ")) {
            found = g_strdup(*line);
        }
    }
    g_strfreev(lines);
    free(text);
    return found;
}

/* Everything from a quarter of its duration and 1000 before it. */
START_TEST(window)
{
    JsonParser *parser;

    FEED(&rig, irq_wakeup(0, 97499), irq_wakeup(0, 97500), irq_wakeup(0, 98000),
         irq_masked(0, 100000, 1200, &lock_label, &unlock_label));
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "worst_masked"), 3); /* 100000 - 1200 - 300 - 1000 = 97500 */
    g_object_unref(parser);
}
END_TEST

START_TEST(order)
{
    static const struct { const char *event; int64_t before; } expected[] = {
        { "irq_enter", 60 }, { "irq_ack", 50 }, { "irq_handler_entry", 40 },
        { "irq_handler_exit", 20 }, { "irq_eoi", 15 }, { "irq_exit", 0 },
    };
    JsonParser *parser;

    feed_timer(&rig, 0, 50000, 5, 60);
    FEED(&rig, irq_wakeup(0, 50061));
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "worst_entry_to_exit"), G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        ck_assert_str_eq(text_cell(parser, "worst_entry_to_exit", i, "event"), expected[i].event);
        ck_assert_int_eq(cell(parser, "worst_entry_to_exit", i, "before_end_insn"),
                         expected[i].before);
        ck_assert_int_eq(cell(parser, "worst_entry_to_exit", i, "at_insn"),
                         50060 - expected[i].before);
    }
    ck_assert_uint_eq(rows_of(parser, "worst_assert_to_entry"), 2);
    ck_assert_uint_eq(rows_of(parser, "worst_entry_to_handler"), 3);
    ck_assert_uint_eq(rows_of(parser, "worst_handler"), 4);
    ck_assert_uint_eq(rows_of(parser, "worst_softirq"), 0);
    g_object_unref(parser);
}
END_TEST

/* The first of the longest ones is told, and stays so in a merge. */
START_TEST(the_first_of_the_longest)
{
    struct rig other = rig_new(NULL);
    JsonParser *parser;

    feed_device(&rig, 0, 20000, 40, 30);
    feed_device(&rig, 0, 40000, 41, 31);
    feed_device(&rig, 0, 60000, 42, 31);
    feed_device(&rig, 0, 80000, 43, 5);
    feed_device(&other, 1, 30000, 44, 31);
    parser = rig_report(rig.stat);
    ck_assert_str_eq(text_cell(parser, "worst_entry_to_exit", 3, "what"), "of irq 41");
    g_object_unref(parser);
    osi_irqstat_merge(rig.stat, other.stat);
    parser = rig_report(rig.stat);
    ck_assert_str_eq(text_cell(parser, "worst_entry_to_exit", 3, "what"), "of irq 44");
    g_object_unref(parser);
    rig_free(&other);
}
END_TEST

/* 24 events are told; a title says so when there were more. */
START_TEST(cut)
{
    static const struct { uint64_t from; unsigned events, told; bool is_cut; } rows[] = {
        { 99000, 23, 24, false }, { 99000, 24, 24, true }, { 99000, 127, 24, true },
        { 99000, 1000, 24, true },
        { 94900, 99, 24, false }, /* those that are left out are before the interval */
        { 94999, 24, 24, false }, { 95000, 24, 24, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        JsonParser *parser;
        char *line;

        teardown();
        setup();
        for (unsigned k = 0; k < rows[i].events; k++) {
            FEED(&rig, irq_wakeup(0, rows[i].from + k));
        }
        FEED(&rig, irq_masked(0, 100000, 5000, &lock_label, &unlock_label));
        parser = rig_report(rig.stat);
        ck_assert_uint_eq(rows_of(parser, "worst_masked"), rows[i].told);
        ck_assert_str_eq(text_cell(parser, "worst_masked", rows[i].told - 1, "event"),
                         "irqs_masked");
        line = title();
        ck_assert_str_eq(line,
                         rows[i].is_cut
                             ? "worst CPU 0: masked 5000 insn (its last events) (times in insn)"
                             : "worst CPU 0: masked 5000 insn (times in insn)");
        g_free(line);
        g_object_unref(parser);
    }
}
END_TEST

int main(void)
{
    TCase *golden = tcase_create("golden"), *stories = tcase_create("stories");
    Suite *suite = suite_create("irqstat-report");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, golden);
    suite_add_tcase(suite, stories);
    tcase_add_loop_test(golden, equals_golden_files, 0, G_N_ELEMENTS(cases));
    tcase_add_checked_fixture(stories, setup, teardown);
    tcase_add_test(stories, window);
    tcase_add_test(stories, order);
    tcase_add_test(stories, the_first_of_the_longest);
    tcase_add_test(stories, cut);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
