/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Masked sections and who is to blame; only some interrupts; what a watcher is told. */
#include "unit/irq-rig.h"

static struct rig rig;

static void setup(void)
{
    rig = rig_new(NULL);
}

static void teardown(void)
{
    rig_free(&rig);
}

static void section(uint32_t vcpu, uint64_t end, uint64_t duration)
{
    FEED(&rig, irq_masked(vcpu, end, duration, &lock_label, &unlock_label));
}

/* ---- the longest sections ---- */
static void assert_longest(JsonParser *parser, guint row, int64_t duration, int64_t end,
                           int64_t cpu)
{
    ck_assert_int_eq(cell(parser, "longest_masked", row, "duration_insn"), duration);
    ck_assert_int_eq(cell(parser, "longest_masked", row, "end_insn"), end);
    ck_assert_int_eq(cell(parser, "longest_masked", row, "cpu"), cpu);
}

START_TEST(ten_longest)
{
    JsonParser *parser;

    for (uint64_t i = 1; i <= 50; i++) {
        section(0, 1000 * i, 10 + i * 7 % 50); /* 10 to 59 */
    }
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "longest_masked"), 10);
    for (guint i = 0; i < 10; i++) {
        ck_assert_int_eq(cell(parser, "longest_masked", i, "duration_insn"), 59 - i);
    }
    ck_assert_int_eq(cell(parser, "masked", 0, "count"), 50);
    ck_assert_int_eq(cell(parser, "masked", 0, "p50_insn"), 34);
    ck_assert_int_eq(cell(parser, "masked", 0, "max_insn"), 59);
    ck_assert_int_eq(cell(parser, "masked", 0, "max_at_insn"), 7000); /* 7 * 7 % 50 == 49 */
    g_object_unref(parser);
}
END_TEST

/* Among equals the earlier, then the lower vCPU; also where they are cut off. */
START_TEST(ties)
{
    JsonParser *parser;

    section(0, 500, 20);
    for (uint64_t i = 1; i <= 20; i++) {
        section(0, 1000 * i, 5);
    }
    section(2, 500, 20);
    section(1, 500, 20);
    section(1, 400, 20);
    section(1, 300, 6);
    parser = rig_report(rig.stat);
    assert_longest(parser, 0, 20, 400, 1);
    assert_longest(parser, 1, 20, 500, 0);
    assert_longest(parser, 2, 20, 500, 1);
    assert_longest(parser, 3, 20, 500, 2);
    assert_longest(parser, 4, 6, 300, 1);
    assert_longest(parser, 5, 5, 1000, 0);
    assert_longest(parser, 9, 5, 5000, 0);
    g_object_unref(parser);
}
END_TEST

START_TEST(fields)
{
    struct osi_event event = irq_masked(0, 100, 7, &lock_label, &unlock_label);
    JsonParser *parser;

    event.irqs_masked.idle = true;
    FEED(&rig, event);
    event = irq_masked(0, 200, 6, NULL, NULL);
    event.irqs_masked.task = NULL;
    FEED(&rig, event);
    section(0, 300, 0); /* nothing ran in it */
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "longest_masked"), 2);
    ck_assert_str_eq(text_cell(parser, "longest_masked", 0, "comm"), "worker");
    ck_assert_int_eq(cell(parser, "longest_masked", 0, "pid"), 10);
    ck_assert_str_eq(text_cell(parser, "longest_masked", 0, "from"), "lock+0x4");
    ck_assert_str_eq(text_cell(parser, "longest_masked", 0, "to"), "unlock+0x8");
    ck_assert_str_eq(text_cell(parser, "longest_masked", 0, "idle"), "from idle");
    ck_assert_ptr_null(text_cell(parser, "longest_masked", 1, "comm"));
    ck_assert_ptr_null(text_cell(parser, "longest_masked", 1, "from"));
    ck_assert_str_eq(text_cell(parser, "longest_masked", 1, "idle"), "");
    ck_assert_int_eq(cell(parser, "masked", 0, "count"), 3);
    g_object_unref(parser);
}
END_TEST

/* ---- who masks most ---- */
START_TEST(culprits)
{
    static const struct { int64_t total, count, max; const char *from, *to; } expected[] = {
        { 300, 2, 200, "lock+0x4", "unlock+0x8" }, { 90, 1, 90, "unlock+0x8", "lock+0x4" },
        { 80, 2, 50, NULL, NULL }, { 80, 1, 80, "lock+0x4", NULL },
        { 80, 1, 80, "lock+0x4", "lock+0x4" },
    };
    JsonParser *parser;

    FEED(&rig, irq_masked(0, 1000, 100, &lock_label, &unlock_label),
         irq_masked(0, 2000, 80, &lock_label, &lock_label),
         irq_masked(0, 3000, 30, NULL, NULL), irq_masked(0, 4000, 90, &unlock_label, &lock_label),
         irq_masked(1, 5000, 200, &lock_label, &unlock_label), irq_masked(1, 6000, 50, NULL, NULL),
         irq_masked(1, 7000, 80, &lock_label, NULL));
    parser = rig_report(rig.stat);
    ck_assert_uint_eq(rows_of(parser, "masked_by"), G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        ck_assert_int_eq(cell(parser, "masked_by", i, "total_insn"), expected[i].total);
        ck_assert_int_eq(cell(parser, "masked_by", i, "count"), expected[i].count);
        ck_assert_int_eq(cell(parser, "masked_by", i, "max_insn"), expected[i].max);
        ck_assert_pstr_eq(text_cell(parser, "masked_by", i, "from"), expected[i].from);
        ck_assert_pstr_eq(text_cell(parser, "masked_by", i, "to"), expected[i].to);
    }
    g_object_unref(parser);
}
END_TEST

/* ---- only some interrupts ---- */
static const struct {
    const char *irqs;
    unsigned timer, device, unknown; /* rows that are left */
} filters[] = {
    { NULL, 1, 1, 1 },          { "", 1, 1, 1 },            { "27", 1, 0, 0 },
    { "arch_timer", 1, 0, 0 },  { "40", 0, 1, 0 },          { "7,40,none", 0, 1, 0 },
    { "40,arch_timer", 1, 1, 0 }, { "arch", 0, 0, 0 },      { "11", 0, 0, 0 }, /* Linux's number */
    { "4294967295", 0, 0, 0 },  { "uart", 0, 0, 0 },        { "?", 0, 0, 0 },
};

START_TEST(filter)
{
    struct rig some = rig_new(filters[_i].irqs);
    unsigned timer = filters[_i].timer, device = filters[_i].device, unknown = filters[_i].unknown;
    JsonParser *parser;

    feed_timer(&some, 0, 1000, 30, 60);
    feed_timer(&some, 0, 1500, 30, 60);
    feed_device(&some, 0, 2000, 40, 20);
    FEED(&some, irq_enter(0, 3000, false, 0), irq_exit(0, 3010, false),
         irq_masked(0, 3100, 50, &lock_label, &unlock_label), irq_softirq(0, 3200, 1, false),
         irq_softirq(0, 3210, 1, true));
    parser = rig_report(some.stat);
    ck_assert_int_eq(fact(parser, "interrupts"), 4); /* all are counted */
    ck_assert_uint_eq(rows_of(parser, "irqs"), timer + device);
    ck_assert_uint_eq(rows_of(parser, "entry_to_exit"), timer + device + unknown);
    ck_assert_uint_eq(rows_of(parser, "assert_to_entry"), timer);
    ck_assert_uint_eq(rows_of(parser, "handler"), timer);
    ck_assert_uint_eq(rows_of(parser, "masked"), 1); /* of no interrupt */
    ck_assert_uint_eq(rows_of(parser, "softirq"), 1);
    if (timer) { /* exact from the first one on, although its name comes later */
        ck_assert_int_eq(cell(parser, "assert_to_entry", 0, "count"), 2);
    }
    g_object_unref(parser);
    rig_free(&some);
}
END_TEST

/* A task that an interrupt of one vCPU woke runs on another, which never saw its name. */
START_TEST(filter_across_vcpus)
{
    struct rig here = rig_new("arch_timer"), there = rig_new("arch_timer");
    struct osi_irqstat *all = osi_irqstat_new("arch_timer");
    JsonParser *parser;

    feed_timer(&here, 0, 1000, 30, 60);
    FEED(&there, irq_runs(1, 1200, 27, 1000, 970));
    osi_irqstat_merge(all, there.stat);
    osi_irqstat_merge(all, here.stat);
    parser = rig_report(all);
    ck_assert_int_eq(cell(parser, "entry_to_thread", 0, "max_insn"), 200);
    ck_assert_int_eq(cell(parser, "assert_to_thread", 0, "max_insn"), 230);
    g_object_unref(parser);
    osi_irqstat_free(all);
    rig_free(&here);
    rig_free(&there);
}
END_TEST

/* ---- watching ---- */
static void note_sample(void *data, const struct osi_irq_sample *sample)
{
    char text[200];

    osi_irq_sample_text(rig.stat, sample, "ns", text, sizeof(text));
    g_string_append_printf(data, "%u %s\n", (unsigned)sample->event->time, text);
}

START_TEST(watch)
{
    GString *seen = g_string_new(NULL);

    osi_irqstat_watch(rig.stat, note_sample, seen);
    feed_timer(&rig, 3, 1000000, 73205, 60);
    FEED(&rig, irq_masked(3, 1000100, 50, &lock_label, &unlock_label),
         irq_softirq(3, 1000200, 1, false), irq_softirq(3, 1005200, 1, true),
         irq_runs(3, 1006000, OSI_NO_IRQ, 1005999, UNKNOWN));
    osi_irqstat_watch(rig.stat, NULL, NULL);
    feed_timer(&rig, 3, 2000000, 5, 60);
    ck_assert_str_eq(seen->str,
        "1000010 CPU 3 irq 27: assert_to_entry 73.21 us\n"
        "1000020 CPU 3 irq 27 (arch_timer): entry_to_handler 20 ns\n"
        "1000040 CPU 3 irq 27 (arch_timer): handler 20 ns\n"
        "1000060 CPU 3 irq 27 (arch_timer): entry_to_exit 60 ns\n"
        "1000100 CPU 3: masked 50 ns\n"
        "1005200 CPU 3 TIMER: softirq 5.000 us\n"
        "1006000 CPU 3: entry_to_thread 1 ns\n");
    g_string_free(seen, TRUE);
}
END_TEST

START_TEST(watch_is_filtered)
{
    GString *seen = g_string_new(NULL);
    struct rig all = rig;

    rig = rig_new("arch_timer");
    osi_irqstat_watch(rig.stat, note_sample, seen);
    feed_device(&rig, 0, 1000, 40, 20);
    feed_timer(&rig, 0, 2000, 1, 60); /* from when its name is known */
    ck_assert_str_eq(seen->str,
        "2020 CPU 0 irq 27 (arch_timer): entry_to_handler 20 ns\n"
        "2040 CPU 0 irq 27 (arch_timer): handler 20 ns\n"
        "2060 CPU 0 irq 27 (arch_timer): entry_to_exit 60 ns\n");
    g_string_free(seen, TRUE);
    rig_free(&rig);
    rig = all;
}
END_TEST

/* A duration in a line reads as in a table. */
START_TEST(durations_in_words)
{
    static const uint64_t values[] = { 0, 1, 999, 1000, 1234, 9999, 10000, 99994, 99996, 999949,
                                       999950, 999960, 1000000, 12345678, 999999999, 1000000000,
                                       98765432109, 12345678901234 };

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        struct osi_irq_sample sample = { OSI_LATENCY_MASKED, values[i], OSI_NO_IRQ,
                                         &(struct osi_event){ .vcpu = 2 } };
        struct osi_report *report = osi_report_new("times");
        char line[200], *text = NULL;
        size_t length;
        FILE *stream = open_memstream(&text, &length);

        osi_irq_sample_text(rig.stat, &sample, "ns", line, sizeof(line));
        osi_report_time(report, "t", values[i]);
        ck_assert_int_eq(osi_report_text(report, stream), 0);
        fclose(stream);
        g_strchomp(text);
        ck_assert_msg(g_str_has_suffix(text, line + strlen("CPU 2: masked")), "'%s' '%s'", text,
                      line);
        free(text);
        osi_report_free(report);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("masked");
    Suite *suite = suite_create("irqstat-masked");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, ten_longest);
    tcase_add_test(tests, ties);
    tcase_add_test(tests, fields);
    tcase_add_test(tests, culprits);
    tcase_add_loop_test(tests, filter, 0, G_N_ELEMENTS(filters));
    tcase_add_test(tests, filter_across_vcpus);
    tcase_add_test(tests, watch);
    tcase_add_test(tests, watch_is_filtered);
    tcase_add_test(tests, durations_in_words);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
