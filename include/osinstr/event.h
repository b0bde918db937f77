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

enum osi_event_kind {
    OSI_EVENT_SCHED_SWITCH,
    OSI_EVENT_SCHED_WAKEUP, /* a sleeping task was put on a run queue */
    OSI_EVENT_TASK_NEW,     /* first woken: fork, clone, kthread */
    OSI_EVENT_TASK_RENAME,  /* exec, prctl(PR_SET_NAME), /proc/PID/comm */
    OSI_EVENT_TASK_EXIT,
    OSI_EVENT_IDLE_ENTER,   /* the vCPU switched to its idle task */
    OSI_EVENT_IDLE_EXIT,
    OSI_EVENT_KERNEL_START, /* a kernel was recognised (again after a reboot) */
    OSI_EVENT_KINDS
};

#define OSI_EVENT_BIT(kind) (1u << (kind))

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
        } sched_switch;
        struct {
            const struct osi_task *task;
            int32_t prio;
            uint32_t target; /* vCPU whose run queue it is on */
            bool first;      /* of a new task (sched_wakeup_new) */
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
    };
};

/* "sched_switch", …; never NULL. */
const char *osi_event_name(enum osi_event_kind kind);

/* "R", "S", "D", "R+", …, as trace-cmd prints prev_state, into text of at least 24 bytes. */
const char *osi_task_state_text(uint32_t state, char *text);

#ifdef __cplusplus
}
#endif
#endif
