/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of interrupts: intervals are recorded when they end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "irqstat-internal.h"

#define MAX_VCPUS 65536 /* guards the array against damaged input */

/* ---- keys: pointers to the beginning of the rows themselves ---- */
static guint row_hash(gconstpointer data)
{
    const struct osi_irq_row *row = data;

    return (row->number * 31 + row->vcpu) * 31 + row->latency;
}

static gboolean row_equal(gconstpointer a, gconstpointer b)
{
    const struct osi_irq_row *x = a, *y = b;

    return x->vcpu == y->vcpu && x->number == y->number && x->latency == y->latency;
}

static void row_free(void *data)
{
    struct osi_irq_row *row = data;

    osi_histogram_free(row->histogram);
    g_free(row);
}

static guint source_hash(gconstpointer data)
{
    const struct osi_irq_source *source = data;

    return source->hwirq * 31 + source->vcpu;
}

static gboolean source_equal(gconstpointer a, gconstpointer b)
{
    const struct osi_irq_source *x = a, *y = b;

    return x->vcpu == y->vcpu && x->hwirq == y->hwirq;
}

static guint culprit_hash(gconstpointer data)
{
    const struct osi_irq_culprit *culprit = data;

    return g_direct_hash(culprit->from) * 31 + g_direct_hash(culprit->to);
}

static gboolean culprit_equal(gconstpointer a, gconstpointer b)
{
    const struct osi_irq_culprit *x = a, *y = b;

    return x->from == y->from && x->to == y->to;
}

struct osi_irqstat *osi_irqstat_new(const char *irqs)
{
    struct osi_irqstat *stat = g_new0(struct osi_irqstat, 1);

    stat->wanted = irqs && *irqs ? g_strsplit(irqs, ",", -1) : NULL;
    stat->rows = g_hash_table_new_full(row_hash, row_equal, NULL, row_free);
    stat->sources = g_hash_table_new_full(source_hash, source_equal, NULL, g_free);
    stat->culprits = g_hash_table_new_full(culprit_hash, culprit_equal, NULL, g_free);
    stat->cpus = g_ptr_array_new_with_free_func(g_free);
    stat->scratch = osi_histogram_new();
    stat->ring = g_new(struct osi_event, OSI_STORY_RING);
    return stat;
}

void osi_irqstat_free(struct osi_irqstat *stat)
{
    if (!stat) {
        return;
    }
    for (unsigned i = 0; i < OSI_LATENCIES; i++) {
        g_free(stat->stories[i]);
    }
    g_strfreev(stat->wanted);
    g_hash_table_destroy(stat->rows);
    g_hash_table_destroy(stat->sources);
    g_hash_table_destroy(stat->culprits);
    g_ptr_array_free(stat->cpus, TRUE);
    osi_histogram_free(stat->scratch);
    g_free(stat->ring);
    g_free(stat);
}

void osi_irqstat_watch(struct osi_irqstat *stat,
                       void (*sample)(void *data, const struct osi_irq_sample *sample), void *data)
{
    stat->watch = sample;
    stat->watch_data = data;
}

const char *osi_latency_name(enum osi_latency latency)
{
    static const char *const names[OSI_LATENCIES] = {
        "assert_to_entry", "entry_to_handler", "handler", "entry_to_exit", "entry_to_thread",
        "assert_to_thread", "masked", "softirq",
    };

    return (unsigned)latency < OSI_LATENCIES ? names[latency] : "?";
}

/* ---- rows ---- */
struct osi_irq_row *osi_irqstat_row(struct osi_irqstat *stat, uint32_t vcpu, uint32_t number,
                                    enum osi_latency latency)
{
    struct osi_irq_row key = { .vcpu = vcpu, .number = number, .latency = latency };
    struct osi_irq_row *row = stat->recent[latency];

    if (row && row_equal(row, &key)) {
        return row;
    }
    row = g_hash_table_lookup(stat->rows, &key);
    if (!row) {
        row = g_new(struct osi_irq_row, 1);
        *row = key;
        row->histogram = osi_histogram_new();
        row->max_at = OSI_UNKNOWN_TIME;
        g_hash_table_add(stat->rows, row);
    }
    stat->recent[latency] = row;
    return row;
}

static struct osi_irq_source *source_of(struct osi_irqstat *stat, uint32_t vcpu, uint32_t hwirq)
{
    struct osi_irq_source key = { .vcpu = vcpu, .hwirq = hwirq, .irq = OSI_NO_IRQ };
    struct osi_irq_source *source = stat->recent_source;

    if (source && source_equal(source, &key)) {
        return source;
    }
    source = g_hash_table_lookup(stat->sources, &key);
    if (!source) {
        source = g_new(struct osi_irq_source, 1);
        *source = key;
        g_hash_table_add(stat->sources, source);
    }
    stat->recent_source = source;
    return source;
}

static struct osi_irq_culprit *culprit_of(struct osi_irqstat *stat, const struct osi_label *from,
                                          const struct osi_label *to)
{
    struct osi_irq_culprit key = { .from = from, .to = to };
    struct osi_irq_culprit *culprit = stat->recent_culprit;

    if (culprit && culprit_equal(culprit, &key)) {
        return culprit;
    }
    culprit = g_hash_table_lookup(stat->culprits, &key);
    if (!culprit) {
        culprit = g_new(struct osi_irq_culprit, 1);
        *culprit = key;
        g_hash_table_add(stat->culprits, culprit);
    }
    stat->recent_culprit = culprit;
    return culprit;
}

static struct osi_irq_cpu *cpu_of(struct osi_irqstat *stat, uint32_t vcpu)
{
    struct osi_irq_cpu *cpu;

    if (G_LIKELY(vcpu < stat->cpus->len) && (cpu = g_ptr_array_index(stat->cpus, vcpu))) {
        return cpu;
    }
    if (vcpu >= MAX_VCPUS) {
        return NULL;
    }
    if (vcpu >= stat->cpus->len) {
        g_ptr_array_set_size(stat->cpus, (gint)vcpu + 1);
    }
    cpu = g_new0(struct osi_irq_cpu, 1);
    cpu->vcpu = vcpu;
    cpu->first = OSI_UNKNOWN_TIME;
    g_ptr_array_index(stat->cpus, vcpu) = cpu;
    return cpu;
}

const char *osi_irqstat_action(const struct osi_irqstat *stat, uint32_t hwirq, uint32_t *irq)
{
    const char *name = NULL;
    uint32_t lowest = UINT32_MAX;
    GHashTableIter iter;
    void *key;

    *irq = OSI_NO_IRQ;
    g_hash_table_iter_init(&iter, stat->sources);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const struct osi_irq_source *source = key;

        if (source->hwirq == hwirq && source->action && source->vcpu <= lowest) {
            lowest = source->vcpu; /* the same answer in whatever order shards were merged */
            name = source->action->text;
            *irq = source->irq;
        }
    }
    return name;
}

/* ---- samples ---- */
static bool is_wanted(const struct osi_irqstat *stat, uint32_t hwirq)
{
    uint32_t irq;
    const char *name = NULL;
    char number[16];

    if (!stat->wanted) {
        return true;
    }
    snprintf(number, sizeof(number), "%u", hwirq);
    if (hwirq != OSI_NO_IRQ) {
        name = osi_irqstat_action(stat, hwirq, &irq);
    }
    return hwirq != OSI_NO_IRQ && (g_strv_contains((const char *const *)stat->wanted, number) ||
                                   (name && g_strv_contains((const char *const *)stat->wanted, name)));
}

static void record(struct osi_irqstat *stat, enum osi_latency latency, uint32_t number,
                   uint64_t duration, const struct osi_event *event)
{
    struct osi_irq_sample sample = { latency, duration, number, event };
    struct osi_irq_row *row;
    const struct osi_irq_story *story = stat->stories[latency];

    if (latency < OSI_LATENCY_MASKED && !is_wanted(stat, number)) {
        return;
    }
    row = osi_irqstat_row(stat, event->vcpu, number, latency);
    if (duration > osi_histogram_max(row->histogram) || row->max_at == OSI_UNKNOWN_TIME) {
        row->max_at = event->time;
    }
    osi_histogram_record(row->histogram, duration);
    if (!story || duration > story->duration) {
        osi_story_tell(stat, &sample);
    }
    if (stat->watch) {
        stat->watch(stat->watch_data, &sample);
    }
}

/* The longest first; among equals the earlier, then the lower vCPU. */
static bool is_longer(const struct osi_irq_section *a, const struct osi_irq_section *b)
{
    if (a->duration != b->duration) {
        return a->duration > b->duration;
    }
    return a->end != b->end ? a->end < b->end : a->vcpu < b->vcpu;
}

static void keep_section(struct osi_irqstat *stat, const struct osi_irq_section *section)
{
    unsigned i = OSI_LONGEST;

    while (i && (!stat->longest[i - 1].duration || is_longer(section, &stat->longest[i - 1]))) {
        i--;
    }
    if (i < OSI_LONGEST) {
        memmove(&stat->longest[i + 1], &stat->longest[i],
                (OSI_LONGEST - 1 - i) * sizeof(stat->longest[0]));
        stat->longest[i] = *section;
    }
}

static void masked(struct osi_irqstat *stat, const struct osi_event *event)
{
    const struct osi_irq_section section = {
        event->irqs_masked.duration, event->time, event->vcpu, event->irqs_masked.task,
        event->irqs_masked.from, event->irqs_masked.to, event->irqs_masked.idle,
    };
    struct osi_irq_culprit *culprit = culprit_of(stat, section.from, section.to);

    culprit->count++;
    culprit->total += section.duration;
    culprit->max = MAX(culprit->max, section.duration);
    if (section.duration > stat->longest[OSI_LONGEST - 1].duration) {
        keep_section(stat, &section);
    }
    record(stat, OSI_LATENCY_MASKED, OSI_NO_IRQ, section.duration, event);
}

static void acknowledge(struct osi_irqstat *stat, struct osi_irq_cpu *cpu,
                        const struct osi_event *event)
{
    const struct osi_irq_origin *origin = &event->irq_ack.origin;

    if (event->irq_ack.spurious) {
        cpu->spurious += !stat->answered; /* the first answer; a GICv2 driver asks until none is left */
        stat->empty = true;
        return;
    }
    stat->answered = true;
    stat->handler_seen = false;
    source_of(stat, event->vcpu, origin->hwirq)->count++;
    if (origin->asserted != OSI_UNKNOWN_TIME) {
        record(stat, OSI_LATENCY_ASSERT, origin->hwirq, origin->entered - origin->asserted, event);
    }
}

static void handler(struct osi_irqstat *stat, const struct osi_event *event)
{
    const struct osi_irq_origin *origin = &event->irq_handler.origin;

    if (event->kind == OSI_EVENT_IRQ_HANDLER_EXIT) {
        if (event->irq_handler.duration != OSI_UNKNOWN_TIME) {
            record(stat, OSI_LATENCY_HANDLER, origin->hwirq, event->irq_handler.duration, event);
        }
        return;
    }
    if (origin->hwirq != OSI_NO_IRQ) {
        struct osi_irq_source *source = source_of(stat, event->vcpu, origin->hwirq);

        source->action = event->irq_handler.action;
        source->irq = event->irq_handler.irq;
    }
    if (origin->entered != OSI_UNKNOWN_TIME && !stat->handler_seen) {
        stat->handler_seen = true;
        record(stat, OSI_LATENCY_HANDLER_START, origin->hwirq, event->time - origin->entered, event);
    }
}

static void leave(struct osi_irqstat *stat, struct osi_irq_cpu *cpu, const struct osi_event *event)
{
    const struct osi_irq_origin *origin = &event->irq_exit.origin;

    cpu->resched += event->irq_exit.resched;
    cpu->unnumbered += !stat->answered && !stat->empty;
    stat->answered = true; /* of the one that this one interrupted */
    if (origin->entered != OSI_UNKNOWN_TIME) {
        record(stat, OSI_LATENCY_EXIT, origin->hwirq, event->time - origin->entered, event);
    }
}

static void thread_runs(struct osi_irqstat *stat, const struct osi_event *event)
{
    const struct osi_irq_origin *by = &event->sched_switch.woken_by;

    if (!event->sched_switch.next_waited || by->entered == OSI_UNKNOWN_TIME ||
        event->time < by->entered) {
        return;
    }
    record(stat, OSI_LATENCY_THREAD, by->hwirq, event->time - by->entered, event);
    if (by->asserted != OSI_UNKNOWN_TIME) {
        record(stat, OSI_LATENCY_ASSERT_THREAD, by->hwirq, event->time - by->asserted, event);
    }
}

void osi_irqstat_event(struct osi_irqstat *stat, const struct osi_event *event)
{
    struct osi_irq_cpu *cpu = cpu_of(stat, event->vcpu);

    if (!cpu) {
        return;
    }
    cpu->first = MIN(cpu->first, event->time);
    cpu->last = MAX(cpu->last, event->time);
    osi_story_remember(stat, event);
    switch (event->kind) {
    case OSI_EVENT_IRQ_ENTER:
        cpu->interrupts++;
        cpu->user += event->irq_enter.user;
        cpu->nested += event->irq_enter.depth > 0;
        stat->answered = stat->empty = stat->handler_seen = false;
        break;
    case OSI_EVENT_IRQ_ACK:
        acknowledge(stat, cpu, event);
        break;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        handler(stat, event);
        break;
    case OSI_EVENT_IRQ_EXIT:
        leave(stat, cpu, event);
        break;
    case OSI_EVENT_SOFTIRQ_EXIT:
        if (event->softirq.duration != OSI_UNKNOWN_TIME) {
            record(stat, OSI_LATENCY_SOFTIRQ, event->softirq.vec, event->softirq.duration, event);
        }
        break;
    case OSI_EVENT_IRQS_MASKED:
        masked(stat, event);
        break;
    case OSI_EVENT_SCHED_SWITCH:
        thread_runs(stat, event);
        break;
    default:
        break;
    }
}

void osi_irqstat_exceptions(struct osi_irqstat *stat, uint32_t vcpu,
                            const uint64_t counts[OSI_EXCEPTIONS])
{
    struct osi_irq_cpu *cpu = cpu_of(stat, vcpu);

    if (cpu) {
        memcpy(cpu->exceptions, counts, sizeof(cpu->exceptions));
    }
}

void osi_irqstat_end(struct osi_irqstat *stat, uint32_t vcpu, uint64_t time)
{
    struct osi_irq_cpu *cpu = cpu_of(stat, vcpu);

    if (cpu && cpu->first != OSI_UNKNOWN_TIME) {
        cpu->last = MAX(cpu->last, time);
    }
}

/* ---- merging ---- */
static void merge_cpu(struct osi_irq_cpu *into, const struct osi_irq_cpu *from)
{
    into->first = MIN(into->first, from->first);
    into->last = MAX(into->last, from->last);
    into->interrupts += from->interrupts;
    into->user += from->user;
    into->nested += from->nested;
    into->spurious += from->spurious;
    into->unnumbered += from->unnumbered;
    into->resched += from->resched;
    for (unsigned i = 0; i < OSI_EXCEPTIONS; i++) {
        into->exceptions[i] += from->exceptions[i];
    }
}

static void merge_rows(struct osi_irqstat *into, const struct osi_irqstat *from)
{
    GHashTableIter iter;
    void *key;

    g_hash_table_iter_init(&iter, from->rows);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const struct osi_irq_row *row = key;
        struct osi_irq_row *to = osi_irqstat_row(into, row->vcpu, row->number, row->latency);
        uint64_t old = osi_histogram_max(to->histogram), new = osi_histogram_max(row->histogram);

        if (to->max_at == OSI_UNKNOWN_TIME || new > old || (new == old && row->max_at < to->max_at)) {
            to->max_at = row->max_at;
        }
        osi_histogram_merge(to->histogram, row->histogram);
    }
}

static void merge_sources(struct osi_irqstat *into, const struct osi_irqstat *from)
{
    GHashTableIter iter;
    void *key;

    g_hash_table_iter_init(&iter, from->sources);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const struct osi_irq_source *source = key;
        struct osi_irq_source *to = source_of(into, source->vcpu, source->hwirq);

        to->count += source->count;
        to->irq = source->action ? source->irq : to->irq;
        to->action = source->action ? source->action : to->action;
    }
}

void osi_irqstat_merge(struct osi_irqstat *into, const struct osi_irqstat *from)
{
    GHashTableIter iter;
    void *key;

    merge_rows(into, from);
    merge_sources(into, from);
    g_hash_table_iter_init(&iter, from->culprits);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const struct osi_irq_culprit *culprit = key;
        struct osi_irq_culprit *to = culprit_of(into, culprit->from, culprit->to);

        to->count += culprit->count;
        to->total += culprit->total;
        to->max = MAX(to->max, culprit->max);
    }
    for (guint i = 0; i < from->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(from->cpus, i);

        if (cpu) {
            merge_cpu(cpu_of(into, i), cpu);
        }
    }
    for (unsigned i = 0; i < OSI_LONGEST && from->longest[i].duration; i++) {
        keep_section(into, &from->longest[i]);
    }
    osi_story_merge(into, from);
}

const struct osi_histogram *osi_irqstat_histogram(struct osi_irqstat *stat,
                                                  enum osi_latency latency, uint32_t number,
                                                  uint32_t vcpu)
{
    GHashTableIter iter;
    void *key;

    osi_histogram_reset(stat->scratch);
    g_hash_table_iter_init(&iter, stat->rows);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const struct osi_irq_row *row = key;

        if (row->latency == latency && row->number == number &&
            (vcpu == OSI_ALL_VCPUS || row->vcpu == vcpu)) {
            osi_histogram_merge(stat->scratch, row->histogram);
        }
    }
    return osi_histogram_count(stat->scratch) ? stat->scratch : NULL;
}
