/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of interrupts as a report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/table.h>

#include "irqstat-internal.h"
#include "output/format.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

const char *osi_irqstat_name(const struct osi_irqstat *stat, enum osi_latency latency,
                             uint32_t number)
{
    uint32_t irq;
    const char *name;

    if (latency == OSI_LATENCY_MASKED) {
        return NULL;
    }
    if (latency == OSI_LATENCY_SOFTIRQ) {
        return osi_softirq_name(number);
    }
    name = osi_irqstat_action(stat, number, &irq);
    return name;
}

/* As the tables print it. */
static void time_text(uint64_t duration, const char *unit, char *text, size_t size)
{
    GString *ns;

    if (strcmp(unit, "ns") != 0) {
        snprintf(text, size, "%" PRIu64 " %s", duration, unit);
        return;
    }
    ns = g_string_new(NULL);
    osi_format_time(ns, duration);
    g_strlcpy(text, ns->str, size);
    g_string_free(ns, TRUE);
}

void osi_irq_sample_text(const struct osi_irqstat *stat, const struct osi_irq_sample *sample,
                         const char *unit, char *text, size_t size)
{
    const char *name = osi_irqstat_name(stat, sample->latency, sample->hwirq);
    char of[96] = "", time[32];

    if (sample->latency == OSI_LATENCY_SOFTIRQ) {
        snprintf(of, sizeof(of), " %s", name);
    } else if (sample->hwirq != OSI_NO_IRQ) {
        snprintf(of, sizeof(of), " irq %u%s%s%s", sample->hwirq, name ? " (" : "", name ? name : "",
                 name ? ")" : "");
    }
    time_text(sample->duration, unit, time, sizeof(time));
    snprintf(text, size, "CPU %u%s: %s %s", sample->event->vcpu, of,
             osi_latency_name(sample->latency), time);
}

/* ---- totals and CPUs ---- */
static void report_totals(const struct osi_irqstat *stat, struct osi_report *report)
{
    uint64_t interrupts = 0, nested = 0, spurious = 0, resched = 0;

    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        if (cpu) {
            interrupts += cpu->interrupts;
            nested += cpu->nested;
            spurious += cpu->spurious;
            resched += cpu->resched;
        }
    }
    osi_report_count(report, "interrupts", interrupts);
    osi_report_count(report, "nested", nested);
    osi_report_count(report, "spurious", spurious);
    osi_report_count(report, "left_by_switch", resched);
}

static void report_cpus(struct osi_irqstat *stat, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "cpu", "cpu", OSI_COL_COUNT },
        { "span", "observed", OSI_COL_TIME },
        { "interrupts", "interrupts", OSI_COL_COUNT },
        { "from_user", "from user", OSI_COL_COUNT },
        { "nested", "nested", OSI_COL_COUNT },
        { "spurious", "spurious", OSI_COL_COUNT },
        { "masked_time", "masked", OSI_COL_TIME },
        { "masked_share", "share", OSI_COL_RATIO },
    };

    osi_report_table(report, "cpus", "CPUs", columns, N(columns));
    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);
        const struct osi_histogram *masked;
        uint64_t span, time;

        if (cpu && cpu->first != OSI_UNKNOWN_TIME) {
            masked = osi_irqstat_histogram(stat, OSI_LATENCY_MASKED, OSI_NO_IRQ, i);
            span = cpu->last - cpu->first;
            time = masked ? osi_histogram_sum(masked) : 0;
            osi_report_row(report, (uint64_t)i, span, cpu->interrupts, cpu->user, cpu->nested,
                           cpu->spurious, time, span ? (double)time / (double)span : 0.0);
        }
    }
}

static void report_exceptions(const struct osi_irqstat *stat, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "cpu", "cpu", OSI_COL_COUNT },
        { "class", "exception", OSI_COL_STRING },
        { "count", "count", OSI_COL_COUNT },
    };
    bool any = false;

    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        for (unsigned class = 0; cpu && class < OSI_EXCEPTIONS; class++) {
            if (cpu->exceptions[class]) {
                if (!any) {
                    osi_report_table(report, "exceptions", "exceptions", columns, N(columns));
                    any = true;
                }
                osi_report_row(report, (uint64_t)i, osi_exception_name((enum osi_exception)class),
                               cpu->exceptions[class]);
            }
        }
    }
}

/* ---- masked sections ---- */
static void report_longest(const struct osi_irqstat *stat, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "duration", "masked for", OSI_COL_TIME }, { "end", "until", OSI_COL_STAMP },
        { "cpu", "cpu", OSI_COL_COUNT },            { "comm", "task", OSI_COL_STRING },
        { "pid", "pid", OSI_COL_COUNT },            { "from", "masked by", OSI_COL_STRING },
        { "to", "unmasked by", OSI_COL_STRING },    { "idle", "", OSI_COL_STRING },
    };

    if (!stat->longest[0].duration) {
        return;
    }
    osi_report_table(report, "longest_masked", "longest masked sections", columns, N(columns));
    for (unsigned i = 0; i < OSI_LONGEST && stat->longest[i].duration; i++) {
        const struct osi_irq_section *s = &stat->longest[i];

        osi_report_row(report, s->duration, s->end, (uint64_t)s->vcpu, s->task ? s->task->comm : NULL,
                       s->task ? (uint64_t)s->task->pid : OSI_NONE, s->from ? s->from->text : NULL,
                       s->to ? s->to->text : NULL, s->idle ? "from idle" : "");
    }
}

static int by_total(const void *a, const void *b)
{
    const struct osi_irq_culprit *x = *(struct osi_irq_culprit *const *)a,
                                 *y = *(struct osi_irq_culprit *const *)b;
    int names;

    if (x->total != y->total) {
        return x->total > y->total ? -1 : 1;
    }
    names = g_strcmp0(x->from ? x->from->text : NULL, y->from ? y->from->text : NULL);
    return names ? names : g_strcmp0(x->to ? x->to->text : NULL, y->to ? y->to->text : NULL);
}

static void report_culprits(const struct osi_irqstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "total", "total", OSI_COL_TIME },      { "count", "count", OSI_COL_COUNT },
        { "max", "max", OSI_COL_TIME },          { "from", "masked by", OSI_COL_STRING },
        { "to", "unmasked by", OSI_COL_STRING },
    };
    guint n;
    struct osi_irq_culprit **all =
        (struct osi_irq_culprit **)g_hash_table_get_keys_as_array(stat->culprits, &n);

    qsort(all, n, sizeof(all[0]), by_total);
    if (n) {
        osi_report_table(report, "masked_by", "who masks most", columns, N(columns));
        osi_report_limit(report, top);
    }
    for (guint i = 0; i < n; i++) {
        osi_report_row(report, all[i]->total, all[i]->count, all[i]->max,
                       all[i]->from ? all[i]->from->text : NULL, all[i]->to ? all[i]->to->text : NULL);
    }
    g_free(all);
}

static void report_notes(const struct osi_irqstat *stat, struct osi_report *report)
{
    uint64_t unnumbered = 0, interrupts = 0;

    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        unnumbered += cpu ? cpu->unnumbered : 0;
        interrupts += cpu ? cpu->interrupts : 0;
    }
    if (unnumbered && unnumbered == interrupts) {
        osi_report_note(report, "the interrupt controller is not understood (no GICv2 or GICv3 was "
                        "asked for a number): interrupts are without numbers");
    } else if (unnumbered) {
        osi_report_note(report, "%" PRIu64 " interrupts were left without asking the interrupt "
                        "controller for a number", unnumbered);
    }
    if (interrupts == 0) {
        osi_report_note(report, "no interrupt was taken");
    }
}

void osi_irqstat_report(struct osi_irqstat *stat, struct osi_report *report, size_t top)
{
    uint64_t first = OSI_UNKNOWN_TIME, last = 0;

    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        if (cpu && cpu->first != OSI_UNKNOWN_TIME) {
            first = MIN(first, cpu->first);
            last = MAX(last, cpu->last);
        }
    }
    if (first != OSI_UNKNOWN_TIME) {
        osi_report_span(report, first, last);
    }
    report_totals(stat, report);
    osi_irqstat_report_sources(stat, report, top);
    osi_irqstat_report_intervals(stat, report, top);
    report_longest(stat, report);
    report_culprits(stat, report, top);
    osi_story_report(stat, report);
    report_cpus(stat, report);
    report_exceptions(stat, report);
    report_notes(stat, report);
}
