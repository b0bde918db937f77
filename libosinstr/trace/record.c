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
    case OSI_EVENT_KINDS:
        break;
    }
    return false;
#undef ID
}
