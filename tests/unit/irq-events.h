/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the account of interrupts: events as the session delivers them, before
 * osi_irqtrack_event() completes them. */
#ifndef OSI_TEST_IRQ_EVENTS_H
#define OSI_TEST_IRQ_EVENTS_H

#include <osinstr/irqstat.h>

#define UNKNOWN OSI_UNKNOWN_TIME

static const struct osi_task irq_idle = { 1, 1, 0, 0, 0x1000, "swapper/0" };
static const struct osi_task irq_task = { 2, 2, 10, 10, 0x2000, "worker" };
static const struct osi_label timer_label = { 1, "arch_timer" }, uart_label = { 2, "uart" };
static const struct osi_label softirq_label = { 3, "TIMER" };
static const struct osi_label lock_label = { 4, "lock+0x4" }, unlock_label = { 5, "unlock+0x8" };

static inline struct osi_event irq_enter(uint32_t vcpu, uint64_t time, bool user, unsigned depth)
{
    return (struct osi_event){ .kind = OSI_EVENT_IRQ_ENTER, .vcpu = vcpu, .time = time,
                               .irq_enter = { &irq_task, 0x400000, depth, user } };
}

/* From no timer; a spurious one if the number says so. The delay is not known yet. */
static inline struct osi_event irq_ack(uint32_t vcpu, uint64_t time, uint32_t hwirq)
{
    return (struct osi_event){ .kind = OSI_EVENT_IRQ_ACK, .vcpu = vcpu, .time = time,
                               .irq_ack = { .origin = { hwirq, 0, OSI_UNKNOWN_TIME },
                                            .delay = OSI_UNKNOWN_TIME, .timer = OSI_NO_TIMER,
                                            .spurious = osi_irq_is_spurious(hwirq) } };
}

/* From the timer, which was to interrupt at `deadline`. */
static inline struct osi_event irq_ack_timer(uint32_t vcpu, uint64_t time, uint32_t hwirq,
                                             uint32_t timer, uint64_t deadline)
{
    struct osi_event event = irq_ack(vcpu, time, hwirq);

    event.irq_ack.timer = timer;
    event.irq_ack.origin.asserted = deadline;
    return event;
}

static inline struct osi_event irq_handler(uint32_t vcpu, uint64_t time, uint32_t irq,
                                           const struct osi_label *action, bool exit)
{
    return (struct osi_event){
        .kind = exit ? OSI_EVENT_IRQ_HANDLER_EXIT : OSI_EVENT_IRQ_HANDLER_ENTRY, .vcpu = vcpu,
        .time = time, .irq_handler = { .action = action, .irq = irq, .handled = exit },
    };
}

static inline struct osi_event irq_softirq(uint32_t vcpu, uint64_t time, uint32_t vec, bool exit)
{
    return (struct osi_event){ .kind = exit ? OSI_EVENT_SOFTIRQ_EXIT : OSI_EVENT_SOFTIRQ_ENTRY,
                               .vcpu = vcpu, .time = time, .softirq = { &softirq_label, vec, 0 } };
}

static inline struct osi_event irq_eoi(uint32_t vcpu, uint64_t time, uint32_t hwirq)
{
    return (struct osi_event){ .kind = OSI_EVENT_IRQ_EOI, .vcpu = vcpu, .time = time,
                               .irq_eoi = { hwirq } };
}

static inline struct osi_event irq_exit(uint32_t vcpu, uint64_t time, bool resched)
{
    return (struct osi_event){ .kind = OSI_EVENT_IRQ_EXIT, .vcpu = vcpu, .time = time,
                               .irq_exit = { .resched = resched } };
}

static inline struct osi_event irq_timer(uint32_t vcpu, uint64_t time, uint32_t timer,
                                         uint64_t deadline, bool on)
{
    return (struct osi_event){ .kind = OSI_EVENT_TIMER_SET, .vcpu = vcpu, .time = time,
                               .timer_set = { timer, deadline, on } };
}

static inline struct osi_event irq_wakeup(uint32_t vcpu, uint64_t time)
{
    return (struct osi_event){ .kind = OSI_EVENT_SCHED_WAKEUP, .vcpu = vcpu, .time = time,
                               .sched_wakeup = { .task = &irq_task, .target = vcpu } };
}

/* The task runs, woken by that interrupt (entered UNKNOWN: by none). */
static inline struct osi_event irq_runs(uint32_t vcpu, uint64_t time, uint32_t hwirq,
                                        uint64_t entered, uint64_t asserted)
{
    return (struct osi_event){ .kind = OSI_EVENT_SCHED_SWITCH, .vcpu = vcpu, .time = time,
                               .sched_switch = { .prev = &irq_idle, .next = &irq_task,
                                                 .next_waited = true,
                                                 .woken_by = { hwirq, entered, asserted } } };
}

static inline struct osi_event irq_masked(uint32_t vcpu, uint64_t time, uint64_t duration,
                                          const struct osi_label *from, const struct osi_label *to)
{
    return (struct osi_event){ .kind = OSI_EVENT_IRQS_MASKED, .vcpu = vcpu, .time = time,
                               .irqs_masked = { duration, from, to, &irq_task, false } };
}

static inline struct osi_event irq_kernel(uint32_t vcpu, uint64_t time)
{
    return (struct osi_event){ .kind = OSI_EVENT_KERNEL_START, .vcpu = vcpu, .time = time };
}

#endif
