/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of a Linux guest: one object per stage of a task's life, never freed
 * while the session lives, so that events can point at them.
 *
 * Found by address through a small cache per vCPU; behind it a table with a lock.
 * A stage is stale once the task was renamed, or its address belongs to a new task.
 */
#ifndef OSINSTR_TASKS_H
#define OSINSTR_TASKS_H

#include <stdatomic.h>

#include "guest/linux.h"

struct osi_linux_task {
    struct osi_task task; /* first: events hand it out */
    atomic_bool stale;
    atomic_bool fresh;    /* announced, not yet put on a run queue for the first time */
    _Atomic uint64_t woken; /* 1 + time of the wakeup that it waits on the run queue for; 0: none */
    _Atomic uint64_t waker_entered, waker_asserted; /* struct osi_irq_origin of that wakeup */
    _Atomic uint32_t waker_hwirq;
    uint64_t voluntary;   /* nvcsw at the last switch away, to see which counter moved */
    bool counted;         /* `voluntary` holds */
    atomic_bool renaming; /* its comm may change at any moment: look at each event */
};

struct osi_tasks;

struct osi_tasks *osi_tasks_new(void);
void osi_tasks_free(struct osi_tasks *tasks);

/* The current stage of the task at `address`, NULL if it was never seen. */
struct osi_linux_task *osi_tasks_find(struct osi_tasks *tasks, struct osi_linux_vcpu *vcpu,
                                      uint64_t address);
/* A new stage; makes the former one at this address stale. key 0: a new task, its id is its key. */
struct osi_linux_task *osi_tasks_add(struct osi_tasks *tasks, uint64_t address, uint32_t pid,
                                     uint32_t tgid, uint32_t key, const char *comm);
/* The next find() at this address fails: the memory may hold another task. */
void osi_tasks_forget(struct osi_tasks *tasks, uint64_t address);
void osi_tasks_forget_all(struct osi_tasks *tasks);
uint64_t osi_tasks_count(const struct osi_tasks *tasks);

#endif
