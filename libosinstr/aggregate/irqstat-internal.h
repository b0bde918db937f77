/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the account of interrupts and its report share. */
#ifndef OSI_AGGREGATE_IRQSTAT_INTERNAL_H
#define OSI_AGGREGATE_IRQSTAT_INTERNAL_H

#include <glib.h>
#include <osinstr/irqstat.h>

#define OSI_ALL_VCPUS UINT32_MAX
#define OSI_LONGEST 10      /* masked sections that are kept */
#define OSI_RECENT_CULPRITS 256 /* a power of two */
#define OSI_STORY_RING 128  /* recent events of a vCPU */
#define OSI_STORY_EVENTS 24 /* of which a story tells so many */

/* One kind of interval of one interrupt (or softirq) on one vCPU. */
struct osi_irq_row {
    uint32_t vcpu;
    uint32_t number; /* hwirq, softirq vector, or OSI_NO_IRQ */
    enum osi_latency latency;
    struct osi_histogram *histogram;
    uint64_t max_at; /* when the longest ended; among equals the first */
};

/* An interrupt that was acknowledged. */
struct osi_irq_source {
    uint32_t vcpu, hwirq;
    uint64_t count;
    uint32_t irq;  /* Linux's number of the last handler, OSI_NO_IRQ */
    const struct osi_label *action; /* of the last handler, NULL: none seen */
};

/* Where interrupts are masked and unmasked. */
struct osi_irq_culprit {
    const struct osi_label *from, *to;
    uint64_t count, total, max;
};

struct osi_irq_cpu {
    uint32_t vcpu;
    uint64_t first, last;
    uint64_t interrupts; /* irq_enter */
    uint64_t user, nested, spurious, unnumbered, resched;
    uint64_t exceptions[OSI_EXCEPTIONS];
};

/* A masked section that is among the longest. */
struct osi_irq_section {
    uint64_t duration, end;
    uint32_t vcpu;
    const struct osi_task *task;
    const struct osi_label *from, *to;
    bool idle;
};

/* The events around the longest interval of a kind. */
struct osi_irq_story {
    uint64_t duration, end;
    uint32_t vcpu, number;
    unsigned n;
    bool cut; /* events of the interval itself are left out */
    struct osi_event events[OSI_STORY_EVENTS];
};

struct osi_irqstat {
    char **wanted;         /* numbers and names; NULL: all */
    GHashTable *rows;      /* struct osi_irq_row by (vcpu, number, latency) */
    GHashTable *sources;   /* struct osi_irq_source by (vcpu, hwirq) */
    GHashTable *culprits;  /* struct osi_irq_culprit by (from, to) */
    GPtrArray *cpus;       /* struct osi_irq_cpu by vCPU, NULL: not seen */
    struct osi_irq_section longest[OSI_LONGEST]; /* the longest first; duration 0: none */
    struct osi_irq_story *stories[OSI_LATENCIES];
    struct osi_histogram *scratch;

    /* of the vCPU that is being fed */
    struct osi_irq_row *recent[OSI_LATENCIES];
    struct osi_irq_source *recent_source;
    struct osi_irq_culprit *recent_culprits[OSI_RECENT_CULPRITS]; /* direct-mapped */
    bool answered;         /* the interrupt under way was acknowledged with a number */
    bool empty;            /* its controller said that there is none */
    bool handler_seen;     /* of the acknowledged one */
    struct osi_event *ring;
    uint64_t n_ring;

    void (*watch)(void *data, const struct osi_irq_sample *sample);
    void *watch_data;
};

/* irqstat-rows.c */
struct osi_irq_source *osi_irqstat_source(struct osi_irqstat *stat, uint32_t vcpu, uint32_t hwirq);
struct osi_irq_culprit *osi_irqstat_culprit(struct osi_irqstat *stat, const struct osi_label *from,
                                            const struct osi_label *to);
struct osi_irq_cpu *osi_irqstat_cpu(struct osi_irqstat *stat, uint32_t vcpu); /* NULL: no machine has it */
/* Keeps it if it is among the longest. */
void osi_irqstat_keep_section(struct osi_irqstat *stat, const struct osi_irq_section *section);
/* Is this interrupt one of those asked for? */
bool osi_irqstat_wants(const struct osi_irqstat *stat, uint32_t hwirq);
struct osi_irq_row *osi_irqstat_row(struct osi_irqstat *stat, uint32_t vcpu, uint32_t number,
                                    enum osi_latency latency);
/* What an interrupt is called on any vCPU; NULL if no handler was seen. *irq: Linux's number. */
const char *osi_irqstat_action(const struct osi_irqstat *stat, uint32_t hwirq, uint32_t *irq);

/* irqstat-report.c: the action's, softirq's name; NULL: none. */
const char *osi_irqstat_name(const struct osi_irqstat *stat, enum osi_latency latency,
                             uint32_t number);

/* irqstat-intervals.c */
void osi_irqstat_report_sources(const struct osi_irqstat *stat, struct osi_report *report, size_t top);
void osi_irqstat_report_intervals(struct osi_irqstat *stat, struct osi_report *report, size_t top);

/* irqstat-story.c */
void osi_story_remember(struct osi_irqstat *stat, const struct osi_event *event);
void osi_story_tell(struct osi_irqstat *stat, const struct osi_irq_sample *sample);
void osi_story_merge(struct osi_irqstat *into, const struct osi_irqstat *from);
void osi_story_report(const struct osi_irqstat *stat, struct osi_report *report);

#endif
