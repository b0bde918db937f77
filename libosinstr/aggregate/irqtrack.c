/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interrupt an event belongs to: the innermost one that is under way on its vCPU. */
#include <glib.h>
#include <osinstr/irqstat.h>

#define MAX_DEPTH 8
#define MAX_OPEN 16
#define MAX_TIMERS 4

struct open {
    uint64_t since;
    const struct osi_label *action;
    uint32_t number;
    bool softirq;
};

struct osi_irqtrack {
    struct osi_irq_origin frames[MAX_DEPTH]; /* interrupts under way */
    unsigned depth;
    struct open open[MAX_OPEN]; /* handlers and softirqs */
    unsigned n_open;
    uint64_t armed[MAX_TIMERS]; /* when the timer was last written */
};

static const struct osi_irq_origin none = { OSI_NO_IRQ, OSI_UNKNOWN_TIME, OSI_UNKNOWN_TIME };

struct osi_irqtrack *osi_irqtrack_new(void)
{
    return g_new0(struct osi_irqtrack, 1);
}

void osi_irqtrack_free(struct osi_irqtrack *track)
{
    g_free(track);
}

static struct osi_irq_origin *top(struct osi_irqtrack *track)
{
    return track->depth ? &track->frames[MIN(track->depth, MAX_DEPTH) - 1] : NULL;
}

static struct osi_irq_origin origin_of(struct osi_irqtrack *track)
{
    const struct osi_irq_origin *frame = top(track);

    return frame ? *frame : none;
}

static void enter(struct osi_irqtrack *track, const struct osi_event *event)
{
    if (track->depth < MAX_DEPTH) {
        track->frames[track->depth] = none;
        track->frames[track->depth].entered = event->time;
    }
    track->depth++;
}

/* A level that is high when its timer is switched on, rises then. One that rose while the vCPU was in
 * this interrupt already did not wait for its entry. */
static uint64_t asserted(const struct osi_irqtrack *track, const struct osi_event *event,
                         uint64_t entered)
{
    uint64_t time = event->irq_ack.origin.asserted;

    if (event->irq_ack.delay != OSI_UNKNOWN_TIME && entered != OSI_UNKNOWN_TIME) {
        return entered - MIN(entered, event->irq_ack.delay); /* known already, as in a trace */
    }
    if (time == OSI_UNKNOWN_TIME || entered == OSI_UNKNOWN_TIME) {
        return OSI_UNKNOWN_TIME;
    }
    if (event->irq_ack.timer < MAX_TIMERS) {
        time = MAX(time, track->armed[event->irq_ack.timer]);
    }
    return MIN(time, entered);
}

static void acknowledge(struct osi_irqtrack *track, struct osi_event *event)
{
    struct osi_irq_origin *frame = top(track);

    event->irq_ack.origin.entered = frame ? frame->entered : OSI_UNKNOWN_TIME;
    event->irq_ack.origin.asserted = asserted(track, event, event->irq_ack.origin.entered);
    event->irq_ack.delay = event->irq_ack.origin.asserted == OSI_UNKNOWN_TIME
                               ? OSI_UNKNOWN_TIME
                               : event->irq_ack.origin.entered - event->irq_ack.origin.asserted;
    if (frame && !event->irq_ack.spurious) {
        *frame = event->irq_ack.origin;
    }
}

static void open_call(struct osi_irqtrack *track, const struct osi_event *event, uint32_t number,
                      const struct osi_label *action, bool softirq)
{
    if (track->n_open == MAX_OPEN) {
        track->n_open = 0; /* the ends of these were lost */
    }
    track->open[track->n_open++] = (struct open){ event->time, action, number, softirq };
}

/* Since the call's beginning; its action goes to *action. */
static uint64_t close_call(struct osi_irqtrack *track, const struct osi_event *event,
                           uint32_t number, const struct osi_label **action, bool softirq)
{
    for (unsigned i = track->n_open; i-- > 0;) {
        if (track->open[i].number == number && track->open[i].softirq == softirq) {
            track->n_open = i;
            *action = track->open[i].action;
            return event->time - track->open[i].since;
        }
    }
    return OSI_UNKNOWN_TIME;
}

void osi_irqtrack_event(struct osi_irqtrack *track, struct osi_event *event)
{
    if (!track) {
        if (event->kind == OSI_EVENT_SCHED_WAKEUP) {
            event->sched_wakeup.origin = none;
        }
        return;
    }
    switch (event->kind) {
    case OSI_EVENT_IRQ_ENTER:
        enter(track, event);
        break;
    case OSI_EVENT_IRQ_ACK:
        acknowledge(track, event);
        break;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
        event->irq_handler.origin = origin_of(track);
        event->irq_handler.duration = OSI_UNKNOWN_TIME;
        open_call(track, event, event->irq_handler.irq, event->irq_handler.action, false);
        break;
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        event->irq_handler.origin = origin_of(track);
        event->irq_handler.duration = close_call(track, event, event->irq_handler.irq,
                                                 &event->irq_handler.action, false);
        break;
    case OSI_EVENT_IRQ_EXIT:
        event->irq_exit.origin = origin_of(track);
        track->depth -= track->depth > 0;
        break;
    case OSI_EVENT_SOFTIRQ_ENTRY:
        event->softirq.duration = OSI_UNKNOWN_TIME;
        open_call(track, event, event->softirq.vec, event->softirq.action, true);
        break;
    case OSI_EVENT_SOFTIRQ_EXIT:
        event->softirq.duration = close_call(track, event, event->softirq.vec,
                                             &event->softirq.action, true);
        break;
    case OSI_EVENT_TIMER_SET:
        if (event->timer_set.timer < MAX_TIMERS) {
            track->armed[event->timer_set.timer] = event->time;
        }
        break;
    case OSI_EVENT_SCHED_WAKEUP:
        event->sched_wakeup.origin = origin_of(track);
        break;
    case OSI_EVENT_KERNEL_START:
        track->depth = track->n_open = 0;
        break;
    default:
        break;
    }
}
