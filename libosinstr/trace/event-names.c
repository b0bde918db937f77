/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What events and task states are called. */
#include <string.h>

#include <osinstr/event.h>

static const char *const names[OSI_EVENT_KINDS] = {
    [OSI_EVENT_SCHED_SWITCH] = "sched_switch", [OSI_EVENT_SCHED_WAKEUP] = "sched_wakeup",
    [OSI_EVENT_TASK_NEW] = "task_new",         [OSI_EVENT_TASK_RENAME] = "task_rename",
    [OSI_EVENT_TASK_EXIT] = "task_exit",       [OSI_EVENT_IDLE_ENTER] = "idle_enter",
    [OSI_EVENT_IDLE_EXIT] = "idle_exit",       [OSI_EVENT_KERNEL_START] = "kernel_start",
    [OSI_EVENT_IRQ_ENTER] = "irq_enter",       [OSI_EVENT_IRQ_ACK] = "irq_ack",
    [OSI_EVENT_IRQ_HANDLER_ENTRY] = "irq_handler_entry",
    [OSI_EVENT_IRQ_HANDLER_EXIT] = "irq_handler_exit",
    [OSI_EVENT_IRQ_EOI] = "irq_eoi",           [OSI_EVENT_IRQ_EXIT] = "irq_exit",
    [OSI_EVENT_SOFTIRQ_ENTRY] = "softirq_entry", [OSI_EVENT_SOFTIRQ_EXIT] = "softirq_exit",
    [OSI_EVENT_IRQS_MASKED] = "irqs_masked",   [OSI_EVENT_TIMER_SET] = "timer_set",
};

const char *osi_event_name(enum osi_event_kind kind)
{
    return (unsigned)kind < OSI_EVENT_KINDS ? names[kind] : "unknown";
}

const char *osi_exception_name(enum osi_exception exception)
{
    static const char *const classes[OSI_EXCEPTIONS] = {
        [OSI_EXCEPTION_SYSCALL] = "syscall",
        [OSI_EXCEPTION_PAGE_FAULT] = "page fault",
        [OSI_EXCEPTION_FP] = "fp access",
        [OSI_EXCEPTION_UNDEFINED] = "undefined",
        [OSI_EXCEPTION_DEBUG] = "debug",
        [OSI_EXCEPTION_ALIGNMENT] = "alignment",
        [OSI_EXCEPTION_OTHER] = "other",
        [OSI_EXCEPTION_ERROR] = "serror",
    };

    return (unsigned)exception < OSI_EXCEPTIONS ? classes[exception] : "unknown";
}

bool osi_irq_is_spurious(uint32_t hwirq)
{
    return hwirq >= OSI_SPURIOUS_IRQ && hwirq < OSI_SPURIOUS_IRQ + 4;
}

/* The order is the kernel's (enum in include/linux/interrupt.h). */
const char *osi_softirq_name(uint32_t vec)
{
    static const char *const softirqs[] = { "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL",
                                            "TASKLET", "SCHED", "HRTIMER", "RCU" };

    return vec < sizeof(softirqs) / sizeof(softirqs[0]) ? softirqs[vec] : "?";
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
