/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts of random events against a list that is searched anew for each number, and merged in any
 * order. */
#include "unit/irq-rig.h"

#define VCPUS 4
#define EVENTS 3000

static const uint32_t numbers[] = { 27, 33, 40, OSI_NO_IRQ };

/* ---- the naive model: all samples ---- */
struct sample {
    enum osi_latency latency;
    uint32_t number, vcpu;
    uint64_t duration, time;
};

static GArray *samples;

static void note(enum osi_latency latency, uint32_t number, const struct osi_event *event,
                 uint64_t duration)
{
    struct sample sample = { latency, number, event->vcpu, duration, event->time };

    g_array_append_val(samples, sample);
}

static int by_duration(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Of one row: *max_at is the first of its longest ones. */
static GArray *durations(enum osi_latency latency, uint32_t number, uint32_t vcpu, uint64_t *max_at)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    uint64_t max = 0;

    *max_at = UNKNOWN;
    for (guint i = 0; i < samples->len; i++) {
        const struct sample *s = &g_array_index(samples, struct sample, i);

        if (s->latency != latency || s->number != number || (vcpu != ALL && s->vcpu != vcpu)) {
            continue;
        }
        if (!found->len || s->duration > max || (s->duration == max && s->time < *max_at)) {
            max = s->duration;
            *max_at = s->time;
        }
        g_array_append_val(found, s->duration);
    }
    qsort(found->data, found->len, sizeof(uint64_t), by_duration);
    return found;
}

/* ---- random events, completed ---- */
static uint64_t below(GRand *random, uint64_t limit)
{
    return (uint64_t)g_rand_double_range(random, 0, (double)limit);
}

static struct osi_event random_event(GRand *random, uint32_t vcpu, uint64_t time)
{
    uint32_t number = numbers[below(random, G_N_ELEMENTS(numbers))];
    uint64_t d = below(random, 200); /* each value has a bucket, and there are ties */
    struct osi_event event;

    switch (below(random, 6)) {
    case 0:
        event = irq_masked(vcpu, time, d + 1, below(random, 2) ? &lock_label : NULL, &unlock_label);
        note(OSI_LATENCY_MASKED, OSI_NO_IRQ, &event, d + 1);
        return event;
    case 1:
        event = irq_softirq(vcpu, time, number % 10, true);
        event.softirq.duration = d;
        note(OSI_LATENCY_SOFTIRQ, number % 10, &event, d);
        return event;
    case 2:
        event = irq_exit(vcpu, time, below(random, 2));
        event.irq_exit.origin = (struct osi_irq_origin){ number, time - d, UNKNOWN };
        note(OSI_LATENCY_EXIT, number, &event, d);
        return event;
    case 3:
        event = irq_handler(vcpu, time, 7, &uart_label, true);
        event.irq_handler.origin = (struct osi_irq_origin){ number, time - 2 * d, UNKNOWN };
        event.irq_handler.duration = d;
        note(OSI_LATENCY_HANDLER, number, &event, d);
        return event;
    case 4:
        event = irq_runs(vcpu, time, number, time - d, time - 2 * d);
        note(OSI_LATENCY_THREAD, number, &event, d);
        note(OSI_LATENCY_ASSERT_THREAD, number, &event, 2 * d);
        return event;
    default:
        event = irq_ack(vcpu, time, number == OSI_NO_IRQ ? 1023 : number);
        event.irq_ack.origin.entered = time - 5;
        event.irq_ack.origin.asserted = time - 5 - d;
        if (number != OSI_NO_IRQ) {
            note(OSI_LATENCY_ASSERT, number, &event, d);
        }
        return event;
    }
}

/* Two parts of each vCPU's life. */
static void feed_random(struct osi_irqstat **parts, guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);

    samples = g_array_new(FALSE, FALSE, sizeof(struct sample));
    for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
        uint64_t time = 1000;
        unsigned cut = (unsigned)below(random, EVENTS);

        for (unsigned i = 0; i < EVENTS; i++) {
            struct osi_event event = random_event(random, vcpu, time += below(random, 20));

            osi_irqstat_event(parts[2 * vcpu + (i >= cut)], &event);
        }
    }
    g_rand_free(random);
}

/* ---- comparing ---- */
static uint32_t number_cell(JsonParser *parser, const char *table, guint row,
                            enum osi_latency latency)
{
    const char *key = latency == OSI_LATENCY_SOFTIRQ ? "vec" : "hwirq";
    JsonObject *object = row_of(parser, table, row);

    if (!json_object_has_member(object, key) || json_object_get_null_member(object, key)) {
        return OSI_NO_IRQ;
    }
    return (uint32_t)json_object_get_int_member(object, key);
}

static void compare_row(JsonParser *parser, const char *table, guint row, enum osi_latency latency)
{
    const char *cpu = text_cell(parser, table, row, "cpu");
    uint32_t number = number_cell(parser, table, row, latency);
    uint64_t max_at;
    GArray *found = durations(latency, number,
                              strcmp(cpu, "all") == 0 ? ALL : (uint32_t)atoi(cpu), &max_at);
    static const struct { const char *key; unsigned thousandths; } percentiles[] = {
        { "p50_insn", 500 }, { "p90_insn", 900 }, { "p99_insn", 990 }, { "p99_9_insn", 999 },
    };

    ck_assert_msg(cell(parser, table, row, "count") == found->len && found->len,
                  "%s of %u on %s", table, number, cpu);
    ck_assert_int_eq(cell(parser, table, row, "max_at_insn"), (int64_t)max_at);
    ck_assert_int_eq(cell(parser, table, row, "max_insn"),
                     (int64_t)g_array_index(found, uint64_t, found->len - 1));
    for (guint i = 0; i < G_N_ELEMENTS(percentiles) && latency != OSI_LATENCY_ASSERT_THREAD; i++) {
        guint rank = (found->len * percentiles[i].thousandths + 999) / 1000;

        ck_assert_int_eq(cell(parser, table, row, percentiles[i].key),
                         (int64_t)g_array_index(found, uint64_t, rank - 1));
    }
    g_array_unref(found);
}

static void compare(struct osi_irqstat *stat)
{
    JsonParser *parser = rig_report(stat);
    guint rows = 0;

    for (unsigned latency = 0; latency < OSI_LATENCIES; latency++) {
        const char *table = osi_latency_name((enum osi_latency)latency);

        for (guint i = 0; i < rows_of(parser, table); i++, rows++) {
            compare_row(parser, table, i, (enum osi_latency)latency);
        }
    }
    /* Numbers per latency: 3 asserted, 4 each of four others, masked, 4 softirqs. */
    ck_assert_uint_eq(rows, (3 + 4 * 4 + 1 + 4) * (1 + VCPUS));
    g_object_unref(parser);
}

/* Every part into a new account, in an order of chance. */
static char *merged_report(struct osi_irqstat **parts, guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    struct osi_irqstat *all = osi_irqstat_new(NULL);
    struct osi_irqstat *left[2 * VCPUS];
    char *text;

    memcpy(left, parts, sizeof(left));
    for (unsigned n = 2 * VCPUS; n; n--) {
        unsigned i = (unsigned)below(random, n);

        osi_irqstat_merge(all, left[i]);
        left[i] = left[n - 1];
    }
    compare(all);
    text = rig_print(all, "insn", 0, osi_report_json);
    osi_irqstat_free(all);
    g_rand_free(random);
    return text;
}

START_TEST(any_order_gives_the_same)
{
    struct osi_irqstat *parts[2 * VCPUS];
    char *first;

    for (unsigned i = 0; i < 2 * VCPUS; i++) {
        parts[i] = osi_irqstat_new(NULL);
    }
    feed_random(parts, (guint32)_i);
    first = merged_report(parts, 0);
    for (guint32 seed = 1; seed < 6; seed++) {
        char *other = merged_report(parts, seed);

        ck_assert_str_eq(first, other);
        free(other);
    }
    free(first);
    for (unsigned i = 0; i < 2 * VCPUS; i++) {
        osi_irqstat_free(parts[i]);
    }
    g_array_unref(samples);
}
END_TEST

/* Counts of one vCPU's parts add up; names come from whichever part has them. */
START_TEST(parts_add_up)
{
    struct rig a = rig_new(NULL), b = rig_new(NULL), c = rig_new(NULL);
    uint64_t counts[OSI_EXCEPTIONS] = { 3 };
    JsonParser *parser;

    feed_timer(&a, 0, 1000, 10, 60);
    FEED(&b, irq_enter(0, 2000, true, 1), irq_ack(0, 2010, 27), irq_exit(0, 2100, true));
    FEED(&c, irq_enter(2, 500, true, 0), irq_ack(2, 510, 1023), irq_exit(2, 520, false));
    osi_irqstat_exceptions(a.stat, 0, counts);
    osi_irqstat_exceptions(b.stat, 0, counts);
    osi_irqstat_end(c.stat, 2, 9000);
    osi_irqstat_merge(c.stat, b.stat);
    osi_irqstat_merge(c.stat, a.stat);
    parser = rig_report(c.stat);
    ck_assert_int_eq(fact(parser, "interrupts"), 3);
    ck_assert_int_eq(fact(parser, "nested"), 1);
    ck_assert_int_eq(fact(parser, "spurious"), 1);
    ck_assert_int_eq(fact(parser, "left_by_switch"), 1);
    ck_assert_int_eq(cell(parser, "irqs", 0, "count"), 2);
    ck_assert_str_eq(text_cell(parser, "irqs", 0, "name"), "arch_timer");
    ck_assert_uint_eq(rows_of(parser, "cpus"), 2);
    ck_assert_int_eq(cell(parser, "cpus", 0, "span_insn"), 1100);
    ck_assert_int_eq(cell(parser, "cpus", 1, "cpu"), 2);
    ck_assert_int_eq(cell(parser, "cpus", 1, "span_insn"), 8500);
    ck_assert_int_eq(cell(parser, "exceptions", 0, "count"), 6);
    g_object_unref(parser);
    rig_free(&a);
    rig_free(&b);
    rig_free(&c);
}
END_TEST

/* An interrupt of each vCPU's own may mean something else on each: the name is the lowest one's. */
START_TEST(names_differ)
{
    for (uint32_t order = 0; order < 6; order++) {
        static const uint32_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                               { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
        const struct osi_label *const names[] = { NULL, &uart_label, &timer_label };
        struct osi_irqstat *all = osi_irqstat_new(NULL);
        JsonParser *parser;

        for (uint32_t i = 0; i < 3; i++) {
            uint32_t vcpu = orders[order][i];
            struct rig part = rig_new(NULL);

            for (uint32_t number = 16; number < 32; number++) {
                FEED(&part, irq_enter(vcpu, 100, false, 0), irq_ack(vcpu, 110, number));
                if (names[vcpu]) {
                    FEED(&part, irq_handler(vcpu, 120, 50 + vcpu, names[vcpu], false));
                }
                FEED(&part, irq_exit(vcpu, 130, false));
            }
            osi_irqstat_merge(all, part.stat);
            rig_free(&part);
        }
        parser = rig_report(all);
        for (guint i = 0; i < rows_of(parser, "irqs"); i++) {
            ck_assert_str_eq(text_cell(parser, "irqs", i, "name"), "uart");
            ck_assert_int_eq(cell(parser, "irqs", i, "irq"), 51);
        }
        g_object_unref(parser);
        osi_irqstat_free(all);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("merge");
    Suite *suite = suite_create("irqstat-merge");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, any_order_gives_the_same, 0, 10);
    tcase_add_test(tests, parts_add_up);
    tcase_add_test(tests, names_differ);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
