/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_schedstat: who ran, for how long, and how long it waited to run.
 *
 * Fed with events, either one object per vCPU (merged at the end) or one for all
 * vCPUs from a merged trace; both give the same numbers, in whatever order the
 * shards are merged. Times are in the unit of the events' clock.
 *
 * The account is exact: what the tasks ran plus what the CPU idled is the span
 * during which the CPU was observed. A slice that began with one task and ended
 * with another (an event is missing in between) is charged to "[unknown]" and
 * counted in `gaps`, never guessed.
 *
 * A task is its `key`, so a rename (exec, prctl) does not split it; it shows
 * under its last name, which is that of the highest id seen. Pid 0 is idle: the
 * idle task of each CPU is part of the CPU's account and in no list of tasks (a
 * guest without pids numbers its tasks from 1). A NULL task or one with id 0 is
 * unknown; all of them share one row.
 *
 * A wait is the time from a wakeup until the task runs. Waiting after having been
 * preempted is not part of it.
 *
 * An object belongs to one thread at a time. No memory is allocated for a task
 * that was seen before, except when a wait falls into a power of two that is new
 * to this task.
 */
#ifndef OSINSTR_SCHEDSTAT_H
#define OSINSTR_SCHEDSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/event.h>
#include <osinstr/histogram.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_report;
struct osi_schedstat;

struct osi_schedstat *osi_schedstat_new(void);
void osi_schedstat_free(struct osi_schedstat *stat); /* NULL is allowed */

/* Takes what osi_schedstat_event() gets: switches and wakeups count, other events
 * are ignored. Events of one vCPU must come in order of time (a smaller time is
 * raised to the last); the tasks are copied. vCPUs from 65536 on are ignored. */
void osi_schedstat_event(struct osi_schedstat *stat, const struct osi_event *event);

/* A CPU is observed from its first switch, or from here if it is known what runs
 * on it already; until its last switch, or until end, which closes the slice that
 * is under way. Call end for every CPU before merging or reporting. A CPU may
 * begin again after its end; the time in between is in no account. */
void osi_schedstat_begin(struct osi_schedstat *stat, uint32_t vcpu, uint64_t time,
                         const struct osi_task *task);
void osi_schedstat_end(struct osi_schedstat *stat, uint32_t vcpu, uint64_t time);

/* Adds what `from` has seen; `from` stays as it is. */
void osi_schedstat_merge(struct osi_schedstat *into, const struct osi_schedstat *from);

/* ---- results ------------------------------------------------------------- */
struct osi_sched_task_stat {
    struct osi_task task; /* its last stage; all 0 for the unknown */
    uint64_t run;         /* time on a CPU */
    uint64_t runs;        /* slices this is made of */
    uint64_t longest;     /* of these slices; among equals the first */
    uint64_t longest_at;  /* when it began; UINT64_MAX: never ran */
    uint64_t switches;    /* times it was switched out: */
    uint64_t voluntary;   /*   it slept, blocked or ended */
    uint64_t involuntary; /*   it was still runnable (R, R+); the rest is OSI_STATE_UNKNOWN */
    const struct osi_histogram *wait; /* NULL: never woken */
    uint64_t wait_max_at; /* when the longest wait ended; UINT64_MAX: none */
};

struct osi_sched_cpu_stat {
    uint32_t vcpu;
    uint64_t first, last; /* of the time observed; UINT64_MAX and 0: never */
    uint64_t span;        /* time observed = busy + idle */
    uint64_t busy, idle;
    uint64_t switches;
};

struct osi_sched_totals {
    size_t tasks; /* without idle and unknown ones */
    size_t cpus;
    uint64_t span, busy, idle; /* over all CPUs */
    uint64_t switches, wakeups;
    uint64_t gaps; /* slices that ended in another task than they began with */
    uint64_t unknown_states;
    uint64_t wait_max_at; /* UINT64_MAX: none */
};

/* Arrays of pointers into `stat`, valid until its next event or merge; free() the
 * array. Tasks by run time, the longest first, equals by pid, then by key; the unknown row is
 * among them if it has any account. CPUs by number, only those seen. */
const struct osi_sched_task_stat **osi_schedstat_tasks(const struct osi_schedstat *stat, size_t *n);
const struct osi_sched_cpu_stat **osi_schedstat_cpus(const struct osi_schedstat *stat, size_t *n);
void osi_schedstat_totals(const struct osi_schedstat *stat, struct osi_sched_totals *totals);
/* Adds all waits of all tasks to a histogram of the caller. */
void osi_schedstat_waits(const struct osi_schedstat *stat, struct osi_histogram *into);

/* States the totals, the tables "tasks" (text: the first `top`, 0: all) and "cpus" and what is
 * left out. Times are in the unit of the report (osi_report_unit()). */
void osi_schedstat_report(const struct osi_schedstat *stat, struct osi_report *report, size_t top);

/* ---- waits from a merged stream ------------------------------------------ */
/* struct osi_waits: finds the wait of each switch where only wakeups were recorded.
 *
 * A wakeup of a task that waits already, or runs, has no effect. Being switched
 * out ends a pending wait without a result; being switched in ends it with one. */
struct osi_waits;

struct osi_waits *osi_waits_new(void);
void osi_waits_free(struct osi_waits *waits); /* NULL is allowed */

/* Takes the events of all vCPUs in order of time. Sets next_waited and wait of a
 * switch. False: this is a wakeup without effect (it still happened, and counts as one). */
bool osi_waits_event(struct osi_waits *waits, struct osi_event *event);

#ifdef __cplusplus
}
#endif
#endif
