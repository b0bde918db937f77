/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's events as records: schema, there and back.
 *
 * The number of a type in a trace is its event kind; what a field means is said by
 * the schema, and a reader goes by names, so fields may be added at the end.
 */
#include <string.h>

#include "trace/record.h"

static const struct osi_field switch_fields[] = {
    { "prev", OSI_FIELD_TASK, OSI_PREDICT_CHAIN, 1 },
    { "next", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 },
    { "prev_state", OSI_FIELD_TASK_STATE, OSI_PREDICT_NONE, 0 },
    { "prev_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0 },
    { "next_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 1 },
};
static const struct osi_field wakeup_fields[] = {
    { "task", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 },
    { "prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0 },
    { "target_cpu", OSI_FIELD_CPU, OSI_PREDICT_SAME, 0 },
    { "first", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
};
static const struct osi_field new_fields[] = {
    { "task", OSI_FIELD_TASK, OSI_PREDICT_SAME, 0 },
    { "parent", OSI_FIELD_TASK, OSI_PREDICT_SAME, 0 },
};
static const struct osi_field rename_fields[] = {
    { "former", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 },
    { "task", OSI_FIELD_TASK, OSI_PREDICT_SAME, 0 },
};
static const struct osi_field task_fields[] = { { "task", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 } };
static const struct osi_field kernel_fields[] = {
    { "base", OSI_FIELD_ADDRESS, OSI_PREDICT_NONE, 0 },
};
static const struct osi_field irq_enter_fields[] = {
    { "task", OSI_FIELD_TASK, OSI_PREDICT_SAME, 0 },
    { "pc", OSI_FIELD_ADDRESS, OSI_PREDICT_SAME, 0 },
    { "user", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
    { "depth", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
};
static const struct osi_field irq_ack_fields[] = {
    { "hwirq", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
    { "delay", OSI_FIELD_INT, OSI_PREDICT_NONE, 0 }, /* from its assertion to irq_enter; -1: not known */
};
static const struct osi_field irq_handler_entry_fields[] = {
    { "irq", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
    { "name", OSI_FIELD_STRING, OSI_PREDICT_KEYED, 0 },
};
static const struct osi_field irq_handler_exit_fields[] = {
    { "irq", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
    { "ret", OSI_FIELD_UINT, OSI_PREDICT_KEYED, 0 },
};
static const struct osi_field irq_eoi_fields[] = {
    { "hwirq", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
};
static const struct osi_field irq_exit_fields[] = {
    { "resched", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
};
static const struct osi_field softirq_fields[] = {
    { "vec", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
    { "name", OSI_FIELD_STRING, OSI_PREDICT_KEYED, 0 },
};
static const struct osi_field masked_fields[] = {
    { "duration", OSI_FIELD_NS, OSI_PREDICT_NONE, 0 },
    { "from", OSI_FIELD_STRING, OSI_PREDICT_SAME, 0 },
    { "to", OSI_FIELD_STRING, OSI_PREDICT_KEYED, 1 },
    { "idle", OSI_FIELD_UINT, OSI_PREDICT_KEYED, 1 },
};
static const struct osi_field timer_fields[] = {
    { "timer", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
    { "deadline", OSI_FIELD_INT, OSI_PREDICT_NONE, 0 }, /* ns; -1: only its control was written */
    { "on", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0 },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

const struct osi_event_type *osi_record_types(size_t *n)
{
    static const struct osi_event_type types[OSI_EVENT_KINDS] = {
        [OSI_EVENT_SCHED_SWITCH] = { "sched_switch", switch_fields, N(switch_fields) },
        [OSI_EVENT_SCHED_WAKEUP] = { "sched_wakeup", wakeup_fields, N(wakeup_fields) },
        [OSI_EVENT_TASK_NEW] = { "task_new", new_fields, N(new_fields) },
        [OSI_EVENT_TASK_RENAME] = { "task_rename", rename_fields, N(rename_fields) },
        [OSI_EVENT_TASK_EXIT] = { "task_exit", task_fields, N(task_fields) },
        [OSI_EVENT_IDLE_ENTER] = { "idle_enter", task_fields, N(task_fields) },
        [OSI_EVENT_IDLE_EXIT] = { "idle_exit", task_fields, N(task_fields) },
        [OSI_EVENT_KERNEL_START] = { "kernel_start", kernel_fields, N(kernel_fields) },
        [OSI_EVENT_IRQ_ENTER] = { "irq_enter", irq_enter_fields, N(irq_enter_fields) },
        [OSI_EVENT_IRQ_ACK] = { "irq_ack", irq_ack_fields, N(irq_ack_fields) },
        [OSI_EVENT_IRQ_HANDLER_ENTRY] = { "irq_handler_entry", irq_handler_entry_fields,
                                          N(irq_handler_entry_fields) },
        [OSI_EVENT_IRQ_HANDLER_EXIT] = { "irq_handler_exit", irq_handler_exit_fields,
                                         N(irq_handler_exit_fields) },
        [OSI_EVENT_IRQ_EOI] = { "irq_eoi", irq_eoi_fields, N(irq_eoi_fields) },
        [OSI_EVENT_IRQ_EXIT] = { "irq_exit", irq_exit_fields, N(irq_exit_fields) },
        [OSI_EVENT_SOFTIRQ_ENTRY] = { "softirq_entry", softirq_fields, N(softirq_fields) },
        [OSI_EVENT_SOFTIRQ_EXIT] = { "softirq_exit", softirq_fields, N(softirq_fields) },
        [OSI_EVENT_IRQS_MASKED] = { "irqs_masked", masked_fields, N(masked_fields) },
        [OSI_EVENT_TIMER_SET] = { "timer_set", timer_fields, N(timer_fields) },
    };

    *n = OSI_EVENT_KINDS;
    return types;
}

/* Fields in the order of the schema above; returns false for what is not recorded. */
bool osi_record_pack(const struct osi_event *event, uint64_t *f)
{
#define ID(task) ((task) ? (task)->id : 0)
    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        f[0] = ID(event->sched_switch.prev);
        f[1] = ID(event->sched_switch.next);
        f[2] = event->sched_switch.prev_state;
        f[3] = (uint64_t)(int64_t)event->sched_switch.prev_prio;
        f[4] = (uint64_t)(int64_t)event->sched_switch.next_prio;
        return true;
    case OSI_EVENT_SCHED_WAKEUP:
        f[0] = ID(event->sched_wakeup.task);
        f[1] = (uint64_t)(int64_t)event->sched_wakeup.prio;
        f[2] = event->sched_wakeup.target;
        f[3] = event->sched_wakeup.first;
        return true;
    case OSI_EVENT_TASK_NEW:
        f[0] = ID(event->task.task);
        f[1] = ID(event->task.parent);
        return true;
    case OSI_EVENT_TASK_RENAME:
        f[0] = ID(event->task.former);
        f[1] = ID(event->task.task);
        return true;
    case OSI_EVENT_TASK_EXIT:
        f[0] = ID(event->task.task);
        return true;
    case OSI_EVENT_IDLE_ENTER:
    case OSI_EVENT_IDLE_EXIT:
        return false; /* a sched_switch to or from an idle task says the same */
    case OSI_EVENT_KERNEL_START:
        f[0] = event->kernel.base;
        return true;
    case OSI_EVENT_IRQ_ENTER:
        f[0] = ID(event->irq_enter.task);
        f[1] = event->irq_enter.pc;
        f[2] = event->irq_enter.user;
        f[3] = event->irq_enter.depth;
        return true;
    case OSI_EVENT_IRQ_ACK:
        f[0] = event->irq_ack.origin.hwirq;
        f[1] = event->irq_ack.delay;
        return true;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
        f[0] = event->irq_handler.irq;
        f[1] = ID(event->irq_handler.action);
        return true;
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        f[0] = event->irq_handler.irq;
        f[1] = event->irq_handler.handled;
        return true;
    case OSI_EVENT_IRQ_EOI:
        f[0] = event->irq_eoi.hwirq;
        return true;
    case OSI_EVENT_IRQ_EXIT:
        f[0] = event->irq_exit.resched;
        return true;
    case OSI_EVENT_SOFTIRQ_ENTRY:
    case OSI_EVENT_SOFTIRQ_EXIT:
        f[0] = event->softirq.vec;
        f[1] = ID(event->softirq.action);
        return true;
    case OSI_EVENT_IRQS_MASKED:
        f[0] = event->irqs_masked.duration;
        f[1] = ID(event->irqs_masked.from);
        f[2] = ID(event->irqs_masked.to);
        f[3] = event->irqs_masked.idle;
        return true;
    case OSI_EVENT_TIMER_SET:
        f[0] = event->timer_set.timer;
        f[1] = event->timer_set.deadline;
        f[2] = event->timer_set.on;
        return true;
    case OSI_EVENT_KINDS:
        break;
    }
    return false;
#undef ID
}
