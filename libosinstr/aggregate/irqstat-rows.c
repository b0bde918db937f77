/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the account of interrupts: made when first needed, found by key, merged. */
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

struct osi_irq_source *osi_irqstat_source(struct osi_irqstat *stat, uint32_t vcpu, uint32_t hwirq)
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

struct osi_irq_culprit *osi_irqstat_culprit(struct osi_irqstat *stat, const struct osi_label *from,
                                            const struct osi_label *to)
{
    struct osi_irq_culprit key = { .from = from, .to = to };
    size_t slot = ((uintptr_t)from >> 5 ^ (uintptr_t)to >> 4) & (OSI_RECENT_CULPRITS - 1);
    struct osi_irq_culprit *culprit = stat->recent_culprits[slot];

    if (culprit && culprit_equal(culprit, &key)) {
        return culprit;
    }
    culprit = g_hash_table_lookup(stat->culprits, &key);
    if (!culprit) {
        culprit = g_new(struct osi_irq_culprit, 1);
        *culprit = key;
        g_hash_table_add(stat->culprits, culprit);
    }
    stat->recent_culprits[slot] = culprit;
    return culprit;
}

struct osi_irq_cpu *osi_irqstat_cpu(struct osi_irqstat *stat, uint32_t vcpu)
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

/* Linux has one action for all interrupts between CPUs; /proc/interrupts numbers them. */
#define N_IPIS 16
static const char *const ipis[N_IPIS] = {
    "IPI0", "IPI1", "IPI2",  "IPI3",  "IPI4",  "IPI5",  "IPI6",  "IPI7",
    "IPI8", "IPI9", "IPI10", "IPI11", "IPI12", "IPI13", "IPI14", "IPI15",
};

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
    return name && hwirq < N_IPIS && strcmp(name, "IPI") == 0 ? ipis[hwirq] : name;
}

/* ---- what is wanted, what is kept ---- */
bool osi_irqstat_wants(const struct osi_irqstat *stat, uint32_t hwirq)
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
                                   (name && (g_strv_contains((const char *const *)stat->wanted, name) ||
                                             (g_str_has_prefix(name, "IPI") &&
                                              g_strv_contains((const char *const *)stat->wanted,
                                                              "IPI")))));
}

/* The longest first; among equals the earlier, then the lower vCPU. */
static bool is_longer(const struct osi_irq_section *a, const struct osi_irq_section *b)
{
    if (a->duration != b->duration) {
        return a->duration > b->duration;
    }
    return a->end != b->end ? a->end < b->end : a->vcpu < b->vcpu;
}

void osi_irqstat_keep_section(struct osi_irqstat *stat, const struct osi_irq_section *section)
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
        struct osi_irq_source *to = osi_irqstat_source(into, source->vcpu, source->hwirq);

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
        struct osi_irq_culprit *to = osi_irqstat_culprit(into, culprit->from, culprit->to);

        to->count += culprit->count;
        to->total += culprit->total;
        to->max = MAX(to->max, culprit->max);
    }
    for (guint i = 0; i < from->cpus->len; i++) {
        const struct osi_irq_cpu *cpu = g_ptr_array_index(from->cpus, i);

        if (cpu) {
            merge_cpu(osi_irqstat_cpu(into, i), cpu);
        }
    }
    for (unsigned i = 0; i < OSI_LONGEST && from->longest[i].duration; i++) {
        osi_irqstat_keep_section(into, &from->longest[i]);
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
