/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_irqstat: what interrupts cost, and who makes them wait.
 *
 * Fed with events, one object per vCPU, merged at the end in whatever order. The intervals, in the terms of rtla and cyclictest:
 *
 *       timer's      interrupts     irq_      handler  handler  irq_      woken task
 *       deadline     unmasked       enter     entry    exit     exit      runs
 *          |------------|-------------|---------|--------|--------|----------|
 *          |<---- assert to entry --->|         |        |        |          |   (IRQ latency)
 *          |                          |<------->|        |        |          |   entry to handler
 *          |                          |         |<------>|        |          |   handler
 *          |                          |<------- entry to exit --->|          |
 *          |                          |<---------- entry to thread --------->|
 *          |<---------------------- assert to thread ----------------------->|   (thread latency)
 *
 * The moment of assertion is known of the architecture's timers only: the deadline, or the last write
 * to the timer's registers if that came later. What other devices do is not visible.
 *
 * Durations are gross: what interrupts an interval is part of it. An interrupt without a number (its
 * controller is not understood) is in a row of its own.
 *
 * An object belongs to one thread at a time. Labels and tasks of the events must outlive it.
 */
#ifndef OSINSTR_IRQSTAT_H
#define OSINSTR_IRQSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/event.h>
#include <osinstr/histogram.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_report;

/* ---- which interrupt an event belongs to --------------------------------------- */
/* Follows the interrupts of one vCPU and completes its events: origin and asserted of acknowledges,
 * handlers, exits and wakeups, duration and action of the exits of handlers and softirqs. The session does this for a tool's
 * events; a reader of a trace does it itself, with one object per stream. */
struct osi_irqtrack;

struct osi_irqtrack *osi_irqtrack_new(void);
void osi_irqtrack_free(struct osi_irqtrack *track); /* NULL is allowed */
/* Events in order. `track` NULL: no interrupts are followed. */
void osi_irqtrack_event(struct osi_irqtrack *track, struct osi_event *event);

/* ---- statistics ------------------------------------------------------------------ */
enum osi_latency {
    OSI_LATENCY_ASSERT,        /* assert to entry */
    OSI_LATENCY_HANDLER_START, /* entry to the first handler's entry */
    OSI_LATENCY_HANDLER,       /* of each handler */
    OSI_LATENCY_EXIT,          /* entry to exit */
    OSI_LATENCY_THREAD,        /* entry to the first run of a task that the interrupt woke */
    OSI_LATENCY_ASSERT_THREAD, /* assert to that */
    OSI_LATENCY_MASKED,        /* interrupts could not be taken */
    OSI_LATENCY_SOFTIRQ,       /* of each softirq */
    OSI_LATENCIES
};

/* "assert_to_entry", …; never NULL. */
const char *osi_latency_name(enum osi_latency latency);

/* One interval that just ended, at event->time. */
struct osi_irq_sample {
    enum osi_latency latency;
    uint64_t duration;
    uint32_t hwirq;              /* OSI_NO_IRQ: not known, or not of an interrupt */
    const struct osi_event *event;
};

struct osi_irqstat;

/* `irqs`: numbers or names of actions, separated by commas: only these are watched and reported; NULL:
 * all. */
struct osi_irqstat *osi_irqstat_new(const char *irqs);
void osi_irqstat_free(struct osi_irqstat *stat); /* NULL is allowed */

/* Called for each sample that counts; for reports while the guest runs. */
void osi_irqstat_watch(struct osi_irqstat *stat,
                       void (*sample)(void *data, const struct osi_irq_sample *sample), void *data);
/* Events of one vCPU in order of time; completed ones (osi_irqtrack_event()). */
void osi_irqstat_event(struct osi_irqstat *stat, const struct osi_event *event);
/* Exceptions that a vCPU took, by class; replaces what was said before. */
void osi_irqstat_exceptions(struct osi_irqstat *stat, uint32_t vcpu,
                            const uint64_t counts[OSI_EXCEPTIONS]);
/* The run on a vCPU ended. */
void osi_irqstat_end(struct osi_irqstat *stat, uint32_t vcpu, uint64_t time);
void osi_irqstat_merge(struct osi_irqstat *into, const struct osi_irqstat *from);

/* Of one interrupt on one vCPU (UINT32_MAX: on all); NULL: no such sample. For MASKED and SOFTIRQ the
 * number is OSI_NO_IRQ, or the softirq's vector. Valid until the next event, merge or call. */
const struct osi_histogram *osi_irqstat_histogram(struct osi_irqstat *stat,
                                                  enum osi_latency latency, uint32_t hwirq,
                                                  uint32_t vcpu);

/* States totals, tables, the stories of the worst cases, histograms and what is left out. `top`: rows
 * of the printed tables, 0: all. */
void osi_irqstat_report(struct osi_irqstat *stat, struct osi_report *report, size_t top);

/* One line about a sample: "CPU 0 irq 27 (arch_timer): assert_to_entry 73.20 us"; the number is the
 * controller's. */
void osi_irq_sample_text(const struct osi_irqstat *stat, const struct osi_irq_sample *sample,
                         const char *unit, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
