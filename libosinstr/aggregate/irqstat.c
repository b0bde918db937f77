/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of interrupts: intervals are recorded when they end. */
#include <string.h>

#include "irqstat-internal.h"

static void record(struct osi_irqstat *stat, enum osi_latency latency, uint32_t number,
                   uint64_t duration, const struct osi_event *event)
{
    struct osi_irq_sample sample = { latency, duration, number, event };
    struct osi_irq_row *row;
    const struct osi_irq_story *story = stat->stories[latency];

    row = osi_irqstat_row(stat, event->vcpu, number, latency);
    if (duration > osi_histogram_max(row->histogram) || row->max_at == OSI_UNKNOWN_TIME) {
        row->max_at = event->time;
    }
    osi_histogram_record(row->histogram, duration);
    if (latency < OSI_LATENCY_MASKED && !osi_irqstat_wants(stat, number)) {
        return;
    }
    if (!story || duration > story->duration) {
        osi_story_tell(stat, &sample);
    }
    if (stat->watch) {
        stat->watch(stat->watch_data, &sample);
    }
}

static void masked(struct osi_irqstat *stat, const struct osi_event *event)
{
    const struct osi_irq_section section = {
        event->irqs_masked.duration, event->time, event->vcpu, event->irqs_masked.task,
        event->irqs_masked.from, event->irqs_masked.to, event->irqs_masked.idle,
    };
    struct osi_irq_culprit *culprit = osi_irqstat_culprit(stat, section.from, section.to);

    culprit->count++;
    culprit->total += section.duration;
    culprit->max = MAX(culprit->max, section.duration);
    if (section.duration > stat->longest[OSI_LONGEST - 1].duration) {
        osi_irqstat_keep_section(stat, &section);
    }
    record(stat, OSI_LATENCY_MASKED, OSI_NO_IRQ, section.duration, event);
}

static void acknowledge(struct osi_irqstat *stat, struct osi_irq_cpu *cpu,
                        const struct osi_event *event)
{
    const struct osi_irq_origin *origin = &event->irq_ack.origin;

    if (event->irq_ack.spurious) {
        cpu->spurious += !stat->answered && !stat->empty; /* the first answer; a GICv2 driver asks until none is left */
        stat->empty = true;
        return;
    }
    stat->answered = true;
    stat->handler_seen = false;
    osi_irqstat_source(stat, event->vcpu, origin->hwirq)->count++;
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
        struct osi_irq_source *source = osi_irqstat_source(stat, event->vcpu, origin->hwirq);

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

/* A section is told at its end, but masked time is a share of what was observed. */
static uint64_t begin_of(const struct osi_event *event)
{
    uint64_t before = event->kind == OSI_EVENT_IRQS_MASKED ? event->irqs_masked.duration : 0;

    return event->time - MIN(event->time, before);
}

void osi_irqstat_event(struct osi_irqstat *stat, const struct osi_event *event)
{
    struct osi_irq_cpu *cpu = osi_irqstat_cpu(stat, event->vcpu);

    if (!cpu) {
        return;
    }
    cpu->first = MIN(cpu->first, begin_of(event));
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
    struct osi_irq_cpu *cpu = osi_irqstat_cpu(stat, vcpu);

    if (cpu) {
        memcpy(cpu->exceptions, counts, sizeof(cpu->exceptions));
    }
}

void osi_irqstat_end(struct osi_irqstat *stat, uint32_t vcpu, uint64_t time)
{
    struct osi_irq_cpu *cpu = osi_irqstat_cpu(stat, vcpu);

    if (cpu && cpu->first != OSI_UNKNOWN_TIME) {
        cpu->last = MAX(cpu->last, time);
    }
}

