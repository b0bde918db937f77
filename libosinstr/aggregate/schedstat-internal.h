/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the account and its results share. */
#ifndef OSI_AGGREGATE_SCHEDSTAT_INTERNAL_H
#define OSI_AGGREGATE_SCHEDSTAT_INTERNAL_H

#include <glib.h>
#include <osinstr/schedstat.h>

struct osi_sched_row {
    struct osi_sched_task_stat stat; /* wait is the pointer below */
    struct osi_histogram *wait;
};

struct osi_sched_cpu {
    struct osi_sched_cpu_stat stat;
    struct osi_sched_row *running; /* NULL: not being observed */
    uint64_t since;                /* start of the slice under way */
};

struct osi_schedstat {
    GHashTable *tasks;          /* key -> struct osi_sched_row */
    GPtrArray *cpus;            /* struct osi_sched_cpu by vCPU, NULL: not seen */
    struct osi_sched_row unknown;
    struct osi_sched_row idle;  /* stands for every CPU's idle task */
    uint64_t wakeups, gaps;
};

#endif
