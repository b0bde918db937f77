/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened in the guest, as plain structs. */
#ifndef OSINSTR_EVENT_H
#define OSINSTR_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task at one stage of its life: a rename (exec, prctl) makes a new one with the same key.
 * Immutable, and valid until the end of the session. */
struct osi_task {
    uint32_t id;       /* dense, from 1, in order of discovery */
    uint32_t key;      /* id of the first stage: one number for the task's whole life */
    uint32_t pid;      /* kernel's view: one per thread */
    uint32_t tgid;     /* what user space calls the process id */
    uint64_t address;  /* of the kernel's task structure */
    char comm[16];     /* NUL-terminated */
};

/* A text that events share: a place in the guest's code ("cpu_do_idle+0x10"), an interrupt's action
 * ("arch_timer"). One object per text, immutable, valid until the end of the session. */
struct osi_label {
    uint32_t id; /* dense, from 1 */
    const char *text;
};

enum osi_event_kind {
    OSI_EVENT_SCHED_SWITCH,
    OSI_EVENT_SCHED_WAKEUP, /* a sleeping task was put on a run queue */
    OSI_EVENT_TASK_NEW,     /* first woken: fork, clone, kthread */
    OSI_EVENT_TASK_RENAME,  /* exec, prctl(PR_SET_NAME), /proc/PID/comm */
    OSI_EVENT_TASK_EXIT,
    OSI_EVENT_IDLE_ENTER,   /* the vCPU switched to its idle task */
    OSI_EVENT_IDLE_EXIT,
    OSI_EVENT_KERNEL_START, /* a kernel was recognised (again after a reboot) */
    OSI_EVENT_IRQ_ENTER,    /* the first instruction at the interrupt vector */
    OSI_EVENT_IRQ_ACK,      /* the interrupt controller was asked for the number */
    OSI_EVENT_IRQ_HANDLER_ENTRY, /* Linux calls an action's handler */
    OSI_EVENT_IRQ_HANDLER_EXIT,
    OSI_EVENT_IRQ_EOI,
    OSI_EVENT_IRQ_EXIT,     /* the return from the interrupt, or a task switch on the way there */
    OSI_EVENT_SOFTIRQ_ENTRY,
    OSI_EVENT_SOFTIRQ_EXIT,
    OSI_EVENT_IRQS_MASKED,  /* at its end: interrupts could not be taken for this long */
    OSI_EVENT_TIMER_SET,    /* the architected timer was programmed */
    OSI_EVENT_KINDS
};

/* Classes of synchronous exceptions. */
enum osi_exception {
    OSI_EXCEPTION_SYSCALL,
    OSI_EXCEPTION_PAGE_FAULT, /* data or instruction abort */
    OSI_EXCEPTION_FP,         /* first use of a disabled unit: FP, SVE, SME */
    OSI_EXCEPTION_UNDEFINED,  /* unknown or trapped instruction */
    OSI_EXCEPTION_DEBUG,      /* breakpoint, watchpoint, single step */
    OSI_EXCEPTION_ALIGNMENT,  /* of PC or SP */
    OSI_EXCEPTION_OTHER,
    OSI_EXCEPTION_ERROR,      /* SError */
    OSI_EXCEPTIONS
};

/* "syscall", "page fault", …; never NULL. */
const char *osi_exception_name(enum osi_exception exception);

#define OSI_EVENT_BIT(kind) (1u << (kind))

#define OSI_IRQ_EVENTS (((1u << 10) - 1) << OSI_EVENT_IRQ_ENTER)

#define OSI_NO_IRQ UINT32_MAX        /* the number is not known */
#define OSI_NO_TIMER UINT32_MAX
#define OSI_UNKNOWN_TIME UINT64_MAX
#define OSI_SPURIOUS_IRQ 1020        /* the first of four special INTIDs of a GIC */

/* Does this answer of the controller mean that there is nothing to do? */
bool osi_irq_is_spurious(uint32_t hwirq);

/* The interrupt on whose behalf something happens. */
struct osi_irq_origin {
    uint32_t hwirq;    /* the controller's number (GIC: INTID), OSI_NO_IRQ */
    uint64_t entered;  /* time of irq_enter; OSI_UNKNOWN_TIME: not in an interrupt */
    uint64_t asserted; /* when its timer's condition came true; OSI_UNKNOWN_TIME for other sources */
};

/* prev_state as the kernel's sched_switch tracepoint reports it. */
enum osi_task_state {
    OSI_STATE_RUNNING = 0,
    OSI_STATE_INTERRUPTIBLE = 0x01,   /* S */
    OSI_STATE_UNINTERRUPTIBLE = 0x02, /* D */
    OSI_STATE_STOPPED = 0x04,         /* T */
    OSI_STATE_TRACED = 0x08,          /* t */
    OSI_STATE_DEAD = 0x10,            /* X */
    OSI_STATE_ZOMBIE = 0x20,          /* Z */
    OSI_STATE_PARKED = 0x40,          /* P */
    OSI_STATE_IDLE = 0x80,            /* I */
    OSI_STATE_PREEMPTED = 0x100,      /* R+ */
    OSI_STATE_UNKNOWN = 0x200,        /* could not be told from outside; counted in the report */
};

struct osi_event {
    enum osi_event_kind kind;
    uint32_t vcpu;
    uint64_t time; /* of the session's clock; never goes down on a vCPU */
    union {
        struct {
            const struct osi_task *prev, *next;
            int32_t prev_prio, next_prio; /* kernel's: 0-99 real time, 100-139 fair, 120 = nice 0 */
            uint32_t prev_state;          /* enum osi_task_state */
            bool next_waited;             /* next was woken since it last ran: wait is valid */
            uint64_t wait;                /* from its wakeup until now, in the clock's unit */
            struct osi_irq_origin woken_by; /* next_waited: the interrupt that woke next, if one did */
        } sched_switch;
        struct {
            const struct osi_task *task;
            int32_t prio;
            uint32_t target; /* vCPU whose run queue it is on */
            bool first;      /* of a new task (sched_wakeup_new) */
            struct osi_irq_origin origin; /* the interrupt that wakes it, if one does */
        } sched_wakeup;
        struct {
            const struct osi_task *task;   /* rename: the new stage */
            const struct osi_task *former; /* rename: the old stage; else NULL */
            const struct osi_task *parent; /* new: who made it */
        } task;
        struct {
            const struct osi_task *task; /* the idle task */
        } idle;
        struct {
            uint64_t base; /* run-time address of the kernel's _text */
        } kernel;
        struct {
            const struct osi_task *task; /* interrupted; NULL: not known */
            uint64_t pc;                 /* interrupted */
            uint32_t depth;              /* interrupts that this one interrupts */
            bool user;                   /* user code was interrupted */
        } irq_enter;
        struct {
            struct osi_irq_origin origin;
            uint64_t delay; /* from its assertion to its irq_enter; OSI_UNKNOWN_TIME */
            uint32_t timer; /* enum osi_timer whose interrupt it is, OSI_NO_TIMER */
            bool spurious;  /* the controller knew of none */
        } irq_ack;
        struct {
            struct osi_irq_origin origin;
            const struct osi_label *action;
            uint32_t irq;      /* Linux's number */
            bool handled;      /* exit: not IRQ_NONE */
            uint64_t duration; /* exit: since its entry; OSI_UNKNOWN_TIME */
        } irq_handler;
        struct {
            uint32_t hwirq;
        } irq_eoi;
        struct {
            struct osi_irq_origin origin;
            bool resched; /* left by a task switch instead of a return */
        } irq_exit;
        struct {
            const struct osi_label *action; /* "TIMER" as ftrace calls it */
            uint32_t vec;
            uint64_t duration; /* exit: since its entry; OSI_UNKNOWN_TIME */
        } softirq;
        struct {
            uint64_t duration;
            const struct osi_label *from, *to; /* where interrupts were masked and unmasked */
            const struct osi_task *task;       /* at the end */
            bool idle;                         /* began with waking from idle */
        } irqs_masked;
        struct {
            uint32_t timer;    /* enum osi_timer */
            uint64_t deadline; /* OSI_UNKNOWN_TIME: only its control register was written */
            bool on;           /* it may interrupt */
        } timer_set;
    };
};

/* "TIMER", …: ftrace's names of softirqs, "?" beyond them. */
const char *osi_softirq_name(uint32_t vec);

/* "sched_switch", …; never NULL. */
const char *osi_event_name(enum osi_event_kind kind);

/* "R", "S", "D", "R+", …, as trace-cmd prints prev_state, into text of at least 24 bytes. */
const char *osi_task_state_text(uint32_t state, char *text);

#ifdef __cplusplus
}
#endif
#endif
