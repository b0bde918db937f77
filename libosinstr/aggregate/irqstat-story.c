/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worst case of each kind as a story: what happened on that vCPU from shortly before the interval
 * until its end. A maximum without its cause helps nobody. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <osinstr/table.h>

#include "irqstat-internal.h"
#include "output/format.h"

void osi_story_remember(struct osi_irqstat *stat, const struct osi_event *event)
{
    stat->ring[stat->n_ring++ % OSI_STORY_RING] = *event;
}

/* Is any of the event's own duration inside the window? */
static bool overlaps(const struct osi_event *event, uint64_t start)
{
    return event->time >= start;
}

void osi_story_tell(struct osi_irqstat *stat, const struct osi_irq_sample *sample)
{
    struct osi_irq_story *story = stat->stories[sample->latency];
    uint64_t end = sample->event->time;
    uint64_t lead = sample->duration / 4 + 1000;
    uint64_t begin = end - MIN(end, sample->duration + lead);
    uint64_t oldest = stat->n_ring > OSI_STORY_RING ? stat->n_ring - OSI_STORY_RING : 0, i;

    if (!story) {
        story = stat->stories[sample->latency] = g_new(struct osi_irq_story, 1);
    }
    story->duration = sample->duration;
    story->end = end;
    story->vcpu = sample->event->vcpu;
    story->number = sample->hwirq;
    story->n = 0;
    story->cut = false;
    for (i = stat->n_ring; i > oldest && overlaps(&stat->ring[(i - 1) % OSI_STORY_RING], begin);) {
        i--;
    }
    if (stat->n_ring - i > OSI_STORY_EVENTS) {
        i = stat->n_ring - OSI_STORY_EVENTS;
        /* What was only before the interval is not missed. */
        story->cut = overlaps(&stat->ring[(i - 1) % OSI_STORY_RING], end - MIN(end, sample->duration));
    }
    for (; i < stat->n_ring; i++) {
        story->events[story->n++] = stat->ring[i % OSI_STORY_RING];
    }
}

static bool is_worse(const struct osi_irq_story *a, const struct osi_irq_story *b)
{
    if (a->duration != b->duration) {
        return a->duration > b->duration;
    }
    return a->end != b->end ? a->end < b->end : a->vcpu < b->vcpu;
}

void osi_story_merge(struct osi_irqstat *into, const struct osi_irqstat *from)
{
    for (unsigned i = 0; i < OSI_LATENCIES; i++) {
        if (from->stories[i] &&
            (!into->stories[i] || is_worse(from->stories[i], into->stories[i]))) {
            g_free(into->stories[i]);
            into->stories[i] = g_memdup2(from->stories[i], sizeof(*from->stories[i]));
        }
    }
}

/* ---- in words ---- */
static const char *task_text(const struct osi_task *task, char *text, size_t size)
{
    if (!task) {
        return "?";
    }
    snprintf(text, size, "%s:%u", task->comm, task->pid);
    return text;
}

/* As the tables print it; deadlines are known in nanoseconds only. */
static const char *stamp_text(uint64_t ns, char *text, size_t size)
{
    GString *stamp = g_string_new(NULL);

    osi_format_stamp(stamp, ns);
    g_strlcpy(text, stamp->str, size);
    g_string_free(stamp, TRUE);
    return text;
}

static const char *label_text(const struct osi_label *label)
{
    return label ? label->text : "?";
}

static void describe_irq(const struct osi_event *event, char *text, size_t size)
{
    char task[40], irq[16], stamp[32];
    const struct osi_irq_origin *origin = &event->irq_ack.origin;

    switch (event->kind) {
    case OSI_EVENT_IRQ_ENTER:
        snprintf(text, size, "interrupted %s in %s", event->irq_enter.user ? "user code" : "the kernel",
                 task_text(event->irq_enter.task, task, sizeof(task)));
        break;
    case OSI_EVENT_IRQ_ACK:
        if (event->irq_ack.spurious) {
            snprintf(text, size, "nothing pending");
        } else if (origin->asserted == OSI_UNKNOWN_TIME) {
            snprintf(text, size, "irq %u", origin->hwirq);
        } else {
            snprintf(text, size, "irq %u, asserted at %s", origin->hwirq,
                     stamp_text(origin->asserted, stamp, sizeof(stamp)));
        }
        break;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        snprintf(text, size, "%s (Linux irq %u)", label_text(event->irq_handler.action),
                 event->irq_handler.irq);
        break;
    case OSI_EVENT_IRQ_EOI:
        snprintf(text, size, "irq %u", event->irq_eoi.hwirq);
        break;
    case OSI_EVENT_IRQ_EXIT:
        snprintf(irq, sizeof(irq), "%u", event->irq_exit.origin.hwirq);
        snprintf(text, size, "of irq %s%s",
                 event->irq_exit.origin.hwirq == OSI_NO_IRQ ? "?" : irq,
                 event->irq_exit.resched ? ", by a task switch" : "");
        break;
    default:
        break;
    }
}

static void describe(const struct osi_event *event, const char *unit, char *text, size_t size)
{
    char prev[40], next[40];

    text[0] = '\0';
    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        snprintf(text, size, "%s ==> %s", task_text(event->sched_switch.prev, prev, sizeof(prev)),
                 task_text(event->sched_switch.next, next, sizeof(next)));
        break;
    case OSI_EVENT_SCHED_WAKEUP:
        snprintf(text, size, "%s on CPU %u", task_text(event->sched_wakeup.task, next, sizeof(next)),
                 event->sched_wakeup.target);
        break;
    case OSI_EVENT_SOFTIRQ_ENTRY:
    case OSI_EVENT_SOFTIRQ_EXIT:
        snprintf(text, size, "%s", label_text(event->softirq.action));
        break;
    case OSI_EVENT_IRQS_MASKED:
        snprintf(text, size, "%" PRIu64 " %s until here, from %s to %s%s",
                 event->irqs_masked.duration, unit, label_text(event->irqs_masked.from),
                 label_text(event->irqs_masked.to), event->irqs_masked.idle ? ", woken from idle" : "");
        break;
    case OSI_EVENT_TIMER_SET:
        if (event->timer_set.deadline != OSI_UNKNOWN_TIME) {
            snprintf(text, size, "for %s",
                     stamp_text(event->timer_set.deadline, next, sizeof(next)));
        } else {
            snprintf(text, size, "%s", event->timer_set.on ? "on" : "off");
        }
        break;
    default:
        describe_irq(event, text, size);
        break;
    }
}

static void report_story(const struct osi_irqstat *stat, enum osi_latency latency,
                         struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "at", "at", OSI_COL_STAMP },
        { "before_end", "before its end", OSI_COL_TIME },
        { "event", "event", OSI_COL_STRING },
        { "what", "", OSI_COL_STRING },
    };
    const struct osi_irq_story *story = stat->stories[latency];
    const char *unit = osi_report_unit_of(report);
    char key[64], title[256], text[200];

    osi_irq_sample_text(stat, &(struct osi_irq_sample){
        latency, story->duration, story->number, &(struct osi_event){ .vcpu = story->vcpu } },
        unit, text, sizeof(text));
    snprintf(key, sizeof(key), "worst_%s", osi_latency_name(latency));
    snprintf(title, sizeof(title), "worst %s%s", text,
             story->cut ? " (its last events)" : "");
    osi_report_table(report, key, title, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < story->n; i++) {
        const struct osi_event *event = &story->events[i];

        describe(event, unit, text, sizeof(text));
        osi_report_row(report, event->time, story->end - event->time, osi_event_name(event->kind),
                       text);
    }
}

void osi_story_report(const struct osi_irqstat *stat, struct osi_report *report)
{
    for (unsigned i = 0; i < OSI_LATENCIES; i++) {
        if (stat->stories[i]) {
            report_story(stat, (enum osi_latency)i, report);
        }
    }
}
