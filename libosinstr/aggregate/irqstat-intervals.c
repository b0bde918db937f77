/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of interrupts and of their intervals: a row for all CPUs, then one for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/table.h>

#include "irqstat-internal.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const char *const titles[OSI_LATENCIES] = {
    [OSI_LATENCY_ASSERT] = "assert to entry (timers)",
    [OSI_LATENCY_HANDLER_START] = "entry to handler",
    [OSI_LATENCY_HANDLER] = "handler",
    [OSI_LATENCY_EXIT] = "entry to exit",
    [OSI_LATENCY_THREAD] = "entry to the woken thread",
    [OSI_LATENCY_ASSERT_THREAD] = "assert to the woken thread (timers)",
    [OSI_LATENCY_MASKED] = "interrupts masked",
    [OSI_LATENCY_SOFTIRQ] = "softirqs",
};

/* ---- rows in a settled order ---- */
static int by_key(const void *a, const void *b)
{
    const struct osi_irq_row *x = *(struct osi_irq_row *const *)a, *y = *(struct osi_irq_row *const *)b;

    if (x->latency != y->latency) {
        return x->latency < y->latency ? -1 : 1;
    }
    if (x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

static struct osi_irq_row **sorted_rows(const struct osi_irqstat *stat, guint *n)
{
    struct osi_irq_row **rows = (struct osi_irq_row **)g_hash_table_get_keys_as_array(stat->rows, n);

    qsort(rows, *n, sizeof(rows[0]), by_key);
    return rows;
}

static unsigned cpus_seen(const struct osi_irqstat *stat)
{
    unsigned n = 0;

    for (guint i = 0; i < stat->cpus->len; i++) {
        n += g_ptr_array_index(stat->cpus, i) != NULL;
    }
    return n;
}

/* ---- interrupts ---- */
static int by_source(const void *a, const void *b)
{
    const struct osi_irq_source *x = *(struct osi_irq_source *const *)a,
                                *y = *(struct osi_irq_source *const *)b;

    if (x->hwirq != y->hwirq) {
        return x->hwirq < y->hwirq ? -1 : 1;
    }
    return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

static void source_row(const struct osi_irqstat *stat, uint32_t hwirq, const char *cpu,
                       uint64_t count, uint64_t span, struct osi_report *report)
{
    uint32_t irq;
    const char *action = osi_irqstat_action(stat, hwirq, &irq);

    osi_report_row(report, (uint64_t)hwirq, irq == OSI_NO_IRQ ? OSI_NONE : (uint64_t)irq, action, cpu,
                   count, span ? (uint64_t)((double)count * 1e9 / (double)span + 0.5) : OSI_NONE);
}

static uint64_t longest_span(const struct osi_irqstat *stat)
{
    uint64_t span = 0;

    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        if (cpu && cpu->first != OSI_UNKNOWN_TIME) {
            span = MAX(span, cpu->last - cpu->first);
        }
    }
    return span;
}

void osi_irqstat_report_sources(const struct osi_irqstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "hwirq", "hwirq", OSI_COL_COUNT }, { "irq", "irq", OSI_COL_COUNT },
        { "name", "name", OSI_COL_STRING },  { "cpu", "cpu", OSI_COL_STRING },
        { "count", "count", OSI_COL_COUNT }, { "rate", "per second", OSI_COL_COUNT },
    };
    guint n;
    struct osi_irq_source **sources =
        (struct osi_irq_source **)g_hash_table_get_keys_as_array(stat->sources, &n);
    uint64_t span = strcmp(osi_report_unit_of(report), "ns") == 0 ? longest_span(stat) : 0;
    bool each = cpus_seen(stat) > 1;

    qsort(sources, n, sizeof(sources[0]), by_source);
    osi_report_table(report, "irqs", "interrupts by number", columns, N(columns));
    osi_report_limit(report, top);
    for (guint i = 0, next; i < n; i = next) {
        uint64_t count = 0;

        for (next = i; next < n && sources[next]->hwirq == sources[i]->hwirq; next++) {
            count += sources[next]->count;
        }
        if (!osi_irqstat_wants(stat, sources[i]->hwirq)) {
            continue;
        }
        source_row(stat, sources[i]->hwirq, "all", count, span, report);
        for (guint k = i; each && k < next; k++) {
            char cpu[16];

            snprintf(cpu, sizeof(cpu), "%u", sources[k]->vcpu);
            source_row(stat, sources[k]->hwirq, cpu, sources[k]->count, span, report);
        }
    }
    g_free(sources);
}

/* ---- intervals ---- */
static void keep_histogram(struct osi_report *report, const struct osi_irqstat *stat,
                           enum osi_latency latency, uint32_t number, const char *cpu,
                           const struct osi_histogram *histogram)
{
    const char *name = osi_irqstat_name(stat, latency, number);
    char tag[128];

    if (latency == OSI_LATENCY_MASKED) {
        snprintf(tag, sizeof(tag), "%s.cpu_%s", osi_latency_name(latency), cpu);
    } else if (latency == OSI_LATENCY_SOFTIRQ) {
        snprintf(tag, sizeof(tag), "%s.%s.cpu_%s", osi_latency_name(latency), name, cpu);
    } else if (number == OSI_NO_IRQ) {
        snprintf(tag, sizeof(tag), "%s.irq-.-.cpu_%s", osi_latency_name(latency), cpu);
    } else {
        snprintf(tag, sizeof(tag), "%s.irq%u.%s.cpu_%s", osi_latency_name(latency), number,
                 name ? name : "-", cpu);
    }
    osi_report_histogram(report, tag, histogram);
}

#define VALUE_COLUMNS \
    { "cpu", "cpu", OSI_COL_STRING }, { "count", "count", OSI_COL_COUNT }, \
    { "p50", "p50", OSI_COL_TIME }, { "p90", "p90", OSI_COL_TIME }, \
    { "p99", "p99", OSI_COL_TIME }, { "p99_9", "p99.9", OSI_COL_TIME }, \
    { "max", "max", OSI_COL_TIME }, { "max_at", "at", OSI_COL_STAMP }

#define VALUES(h) \
    osi_histogram_count(h), osi_histogram_percentile(h, 50), osi_histogram_percentile(h, 90), \
    osi_histogram_percentile(h, 99), osi_histogram_percentile(h, 99.9), osi_histogram_max(h)

static void interval_row(const struct osi_irqstat *stat, enum osi_latency latency, uint32_t number,
                         const char *cpu, const struct osi_histogram *h, uint64_t max_at,
                         struct osi_report *report)
{
    if (latency == OSI_LATENCY_MASKED) {
        osi_report_row(report, cpu, VALUES(h), max_at);
    } else {
        osi_report_row(report, number == OSI_NO_IRQ ? OSI_NONE : (uint64_t)number,
                       osi_irqstat_name(stat, latency, number), cpu, VALUES(h), max_at);
    }
    keep_histogram(report, stat, latency, number, cpu, h);
}

static void begin_intervals(enum osi_latency latency, struct osi_report *report, size_t top)
{
    static const struct osi_column of_irqs[] = {
        { "hwirq", "hwirq", OSI_COL_COUNT }, { "name", "name", OSI_COL_STRING }, VALUE_COLUMNS,
    };
    static const struct osi_column of_softirqs[] = {
        { "vec", "vec", OSI_COL_COUNT }, { "name", "name", OSI_COL_STRING }, VALUE_COLUMNS,
    };
    static const struct osi_column of_cpus[] = { VALUE_COLUMNS };
    const struct osi_column *columns = latency == OSI_LATENCY_MASKED    ? of_cpus
                                       : latency == OSI_LATENCY_SOFTIRQ ? of_softirqs
                                                                        : of_irqs;

    osi_report_table(report, osi_latency_name(latency), titles[latency], columns,
                     latency == OSI_LATENCY_MASKED ? N(of_cpus) : N(of_irqs));
    osi_report_limit(report, top);
}

/* Rows i to next - 1 are of one interrupt on several CPUs: their sum first. */
static void report_group(struct osi_irqstat *stat, struct osi_irq_row **rows, guint n,
                         struct osi_report *report, bool each)
{
    const struct osi_irq_row *first = rows[0];
    uint64_t max = 0, max_at = OSI_NONE;

    for (guint i = 0; i < n; i++) {
        uint64_t own = osi_histogram_max(rows[i]->histogram);

        if (max_at == OSI_NONE || own > max || (own == max && rows[i]->max_at < max_at)) {
            max = own;
            max_at = rows[i]->max_at;
        }
    }
    interval_row(stat, first->latency, first->number, "all",
                 osi_irqstat_histogram(stat, first->latency, first->number, OSI_ALL_VCPUS), max_at,
                 report);
    for (guint i = 0; each && i < n; i++) {
        char cpu[16];

        snprintf(cpu, sizeof(cpu), "%u", rows[i]->vcpu);
        interval_row(stat, first->latency, first->number, cpu, rows[i]->histogram, rows[i]->max_at,
                     report);
    }
}

void osi_irqstat_report_intervals(struct osi_irqstat *stat, struct osi_report *report, size_t top)
{
    bool each = cpus_seen(stat) > 1;
    enum osi_latency begun = OSI_LATENCIES;
    guint n, next;
    struct osi_irq_row **rows = sorted_rows(stat, &n);

    for (guint i = 0; i < n; i = next) {
        for (next = i; next < n && rows[next]->latency == rows[i]->latency &&
                       rows[next]->number == rows[i]->number; next++) {
        }
        if (rows[i]->latency < OSI_LATENCY_MASKED && !osi_irqstat_wants(stat, rows[i]->number)) {
            continue;
        }
        if (rows[i]->latency != begun) {
            begun = rows[i]->latency;
            begin_intervals(begun, report, top);
        }
        report_group(stat, rows + i, next - i, report, each);
    }
    g_free(rows);
}
