/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What events and task states are called. */
#include <string.h>

#include <osinstr/event.h>

static const char *const names[OSI_EVENT_KINDS] = {
    [OSI_EVENT_SCHED_SWITCH] = "sched_switch", [OSI_EVENT_SCHED_WAKEUP] = "sched_wakeup",
    [OSI_EVENT_TASK_NEW] = "task_new",         [OSI_EVENT_TASK_RENAME] = "task_rename",
    [OSI_EVENT_TASK_EXIT] = "task_exit",       [OSI_EVENT_IDLE_ENTER] = "idle_enter",
    [OSI_EVENT_IDLE_EXIT] = "idle_exit",       [OSI_EVENT_KERNEL_START] = "kernel_start",
};

const char *osi_event_name(enum osi_event_kind kind)
{
    return (unsigned)kind < OSI_EVENT_KINDS ? names[kind] : "unknown";
}

/* The letters and their order are the kernel's (TASK_REPORT, include/linux/sched.h). */
const char *osi_task_state_text(uint32_t state, char *text)
{
    static const char letters[] = "SDTtXZPI";
    char *to = text;

    if (state & OSI_STATE_UNKNOWN) {
        return strcpy(text, "?");
    }
    for (unsigned bit = 0; letters[bit]; bit++) {
        if (state & (1u << bit)) {
            if (to != text) {
                *to++ = '|';
            }
            *to++ = letters[bit];
        }
    }
    if (to == text) {
        *to++ = 'R';
    }
    if (state & OSI_STATE_PREEMPTED) {
        *to++ = '+';
    }
    *to = '\0';
    return text;
}
