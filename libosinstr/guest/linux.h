/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux guest from outside: which kernel, where, and what its tasks do.
 *
 *   locate.c        finds the kernel in the running guest and verifies it
 *   linux-attach.c  hooks the kernel's functions
 *   linux-switch.c  task switches and prev_state
 *   linux-wakeup.c  wakeups
 *   linux-tasks.c   tasks come, rename themselves, go
 *   tasks.c         the table of tasks, one object per stage of a task's life
 *
 * Facts come from the kernel at hand: addresses from its symbols, offsets from
 * its BTF. What is assumed beyond: cpu_switch_to(prev, next) is the one place
 * where the arm64 kernel changes tasks (arch/arm64/kernel/entry.S), and
 * __set_task_comm(), perf_event_comm(), wake_up_new_task(), do_exit() and wakeup_preempt() (before
 * 6.7: check_preempt_curr()) are called with the task as their first or second
 * argument (kernel/sched/core.c, fs/exec.c, kernel/exit.c, Linux 5.14 to 6.12).
 */
#ifndef OSINSTR_LINUX_H
#define OSINSTR_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include <osinstr/event.h>
#include <osinstr/session.h>

struct osi_linux;
struct osi_kernel;
struct osi_linux_task;

#define OSI_MAX_CALLS 16
#define OSI_MAX_NAMES 8

/* A handler or softirq that was called and has not returned. */
struct osi_linux_call {
    uint64_t back; /* where it returns to */
    uint64_t desc; /* interrupt that was being handled then */
    const struct osi_label *action;
    uint32_t number;
    bool softirq;
};

#define OSI_TASK_CACHE 64 /* per vCPU, direct-mapped by address; a power of two */

/* What the tracking keeps per vCPU; only its own thread touches it, except `current`. */
struct osi_linux_vcpu {
    _Atomic(const struct osi_task *) current;
    struct osi_linux_task *cache[OSI_TASK_CACHE];
    struct osi_linux_task *running;
    int64_t mode;          /* argument of the __schedule() that is under way */
    uint32_t entry_state;  /* __state of the task when it entered __schedule() */
    uint32_t entry_exit;   /* exit_state then, of a task that is done */
    bool entered;          /* mode holds */
    bool state_known;      /* entry_state holds: it was known which task ran */
    uint64_t unreadable;   /* switches whose tasks could not be read */
    uint64_t desc;         /* irq_desc that is being handled */
    unsigned n_calls;
    struct osi_linux_call calls[OSI_MAX_CALLS];
    const struct osi_label *names[OSI_MAX_NAMES]; /* of actions, by where the kernel keeps them */
};

/* What the tracking asks of the session. */
struct osi_linux_client {
    /* Run fn at each entry of these addresses. */
    void (*hook)(struct osi_session *session, const uint64_t *addresses, size_t n,
                 void (*fn)(struct osi_session *session, unsigned vcpu, void *data), void *data);
    void (*unhook_all)(struct osi_session *session);
    struct osi_linux_vcpu *(*vcpu)(struct osi_session *session, unsigned vcpu);
    void (*happened)(struct osi_session *session, unsigned vcpu, struct osi_event *event);
    void (*defined)(struct osi_session *session, const struct osi_task *task, uint32_t previous);
    const struct osi_label *(*label)(struct osi_session *session, const char *text);
    /* A task switch is about to be reported. */
    void (*switching)(struct osi_session *session, unsigned vcpu);
    bool (*wants_irqs)(struct osi_session *session);
    /* False: only which task runs where, and what tasks are called, matters. */
    bool (*wants_events)(struct osi_session *session);
};

struct osi_host;

/* `symbols`: the option, may be NULL; `image`: the file that -kernel names, may be NULL. Reads what
 * there is; with neither the kernel is looked for in guest memory later. `loaded`: what
 * osi_kernel_from_file() made of the first of them that is there, taken over in any case; NULL: it was
 * not called yet. 0 or -errno: a file that the user named and that is no good. */
int osi_linux_new(struct osi_session *session, struct osi_host *host, const struct osi_arch *arch,
                  const struct osi_linux_client *client, const char *symbols, const char *image,
                  struct osi_kernel *loaded, struct osi_linux **out, struct osi_error *err);
void osi_linux_free(struct osi_linux *guest);

/* One phrase: what is known of the kernel and from where. */
const char *osi_linux_provenance(const struct osi_linux *guest);
const struct osi_kernel *osi_linux_kernel(const struct osi_linux *guest);

/* Is the kernel located? *base: run-time address of _text. Any thread. */
bool osi_linux_located(const struct osi_linux *guest, uint64_t *base);
/* The same from the moment on when its functions are being hooked. */
bool osi_linux_base(const struct osi_linux *guest, uint64_t *base);
/* Why there is no kernel yet, a phrase for the end of a run. */
const char *osi_linux_trouble(const struct osi_linux *guest);

/* A kernel-half block runs and the kernel isn't located: look. vCPU thread, registers readable. */
void osi_linux_look(struct osi_linux *guest, unsigned vcpu);
/* Could these bytes at the start of a block be the kernel's first code, at a low address or at its
 * own? Cheap. */
bool osi_linux_is_entry(const struct osi_linux *guest, uint64_t address, const void *bytes,
                        size_t size);
/* The kernel's first code runs: a (re)boot. vCPU thread. */
void osi_linux_restart(struct osi_linux *guest, unsigned vcpu);

/* Wake-to-run bookkeeping, called in order of time at delivery of events: a wakeup, and a switch, which
 * gets its next_waited, wait and woken_by. */
void osi_linux_woken(const struct osi_event *wakeup);
void osi_linux_waited(struct osi_event *sched_switch);

/* Switches whose prev_state could not be told, all vCPUs counted by the caller. */
uint64_t osi_linux_tasks_seen(const struct osi_linux *guest);

#endif
