/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account as sorted lists, totals and a report. */
#include "schedstat-internal.h"

#include <inttypes.h>
#include <osinstr/table.h>
#include <stdlib.h>

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Never equal for two tasks, so that lists don't depend on the hash table. */
static int by_run_time(const void *left, const void *right)
{
    const struct osi_sched_task_stat *a = *(const struct osi_sched_task_stat *const *)left;
    const struct osi_sched_task_stat *b = *(const struct osi_sched_task_stat *const *)right;
    int result = order(b->run, a->run);

    if (!result)
        result = order(a->task.pid, b->task.pid);
    return result ? result : order(a->task.key, b->task.key);
}

const struct osi_sched_task_stat **osi_schedstat_tasks(const struct osi_schedstat *stat, size_t *n)
{
    const struct osi_sched_task_stat **list;
    GHashTableIter iter;
    void *row;

    list = g_new(const struct osi_sched_task_stat *, g_hash_table_size(stat->tasks) + 1);
    *n = 0;
    g_hash_table_iter_init(&iter, stat->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &row))
        list[(*n)++] = &((struct osi_sched_row *)row)->stat;
    if (stat->unknown.stat.runs || stat->unknown.stat.switches || stat->unknown.wait)
        list[(*n)++] = &stat->unknown.stat;
    qsort(list, *n, sizeof(*list), by_run_time);
    return list;
}

const struct osi_sched_cpu_stat **osi_schedstat_cpus(const struct osi_schedstat *stat, size_t *n)
{
    const struct osi_sched_cpu_stat **list;

    list = g_new(const struct osi_sched_cpu_stat *, stat->cpus->len + 1);
    *n = 0;
    for (guint i = 0; i < stat->cpus->len; i++) {
        const struct osi_sched_cpu *cpu = g_ptr_array_index(stat->cpus, i);

        if (cpu)
            list[(*n)++] = &cpu->stat;
    }
    return list;
}

static void add_cpu(struct osi_sched_totals *totals, const struct osi_sched_cpu_stat *cpu)
{
    totals->cpus++;
    totals->span += cpu->span;
    totals->busy += cpu->busy;
    totals->idle += cpu->idle;
    totals->switches += cpu->switches;
}

static void add_row(struct osi_sched_totals *totals, uint64_t *longest,
                    const struct osi_sched_task_stat *row)
{
    uint64_t wait;

    totals->unknown_states += row->switches - row->voluntary - row->involuntary;
    if (!row->wait)
        return;
    wait = osi_histogram_max(row->wait);
    if (wait > *longest || (wait == *longest && row->wait_max_at < totals->wait_max_at)) {
        *longest = wait;
        totals->wait_max_at = row->wait_max_at;
    }
}

void osi_schedstat_totals(const struct osi_schedstat *stat, struct osi_sched_totals *totals)
{
    uint64_t longest = 0;
    GHashTableIter iter;
    void *row;

    *totals = (struct osi_sched_totals){
        .tasks = g_hash_table_size(stat->tasks),
        .wakeups = stat->wakeups,
        .gaps = stat->gaps,
        .wait_max_at = UINT64_MAX,
    };
    for (guint i = 0; i < stat->cpus->len; i++)
        if (g_ptr_array_index(stat->cpus, i))
            add_cpu(totals, &((struct osi_sched_cpu *)g_ptr_array_index(stat->cpus, i))->stat);
    g_hash_table_iter_init(&iter, stat->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &row))
        add_row(totals, &longest, &((struct osi_sched_row *)row)->stat);
    add_row(totals, &longest, &stat->unknown.stat);
}

void osi_schedstat_waits(const struct osi_schedstat *stat, struct osi_histogram *into)
{
    GHashTableIter iter;
    void *row;

    g_hash_table_iter_init(&iter, stat->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &row))
        if (((struct osi_sched_row *)row)->wait)
            osi_histogram_merge(into, ((struct osi_sched_row *)row)->wait);
    if (stat->unknown.wait)
        osi_histogram_merge(into, stat->unknown.wait);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static uint64_t wait_at(const struct osi_histogram *wait, double percentile)
{
    if (!wait || osi_histogram_count(wait) == 0)
        return OSI_NONE;
    return osi_histogram_percentile(wait, percentile);
}

static void report_totals(const struct osi_sched_totals *totals, const struct osi_histogram *waits,
                          struct osi_report *report)
{
    osi_report_time(report, "cpu_time", totals->span);
    osi_report_time(report, "busy", totals->busy);
    osi_report_time(report, "idle", totals->idle);
    osi_report_ratio(report, "busy_share", share(totals->busy, totals->span));
    osi_report_count(report, "cpus_seen", totals->cpus);
    osi_report_count(report, "tasks_seen", totals->tasks);
    osi_report_count(report, "switches", totals->switches);
    osi_report_count(report, "wakeups", totals->wakeups);
    osi_report_count(report, "waits", osi_histogram_count(waits));
    osi_report_time(report, "wait_p50", wait_at(waits, 50));
    osi_report_time(report, "wait_p90", wait_at(waits, 90));
    osi_report_time(report, "wait_p99", wait_at(waits, 99));
    osi_report_time(report, "wait_max", wait_at(waits, 100));
    osi_report_stamp(report, "wait_max_at", totals->wait_max_at);
}

static const struct osi_column task_columns[] = {
    {"comm", "comm", OSI_COL_STRING},
    {"pid", "pid", OSI_COL_COUNT},
    {"tgid", NULL, OSI_COL_COUNT},
    {"key", NULL, OSI_COL_COUNT},
    {"address", NULL, OSI_COL_ADDRESS},
    {"run", "run", OSI_COL_TIME},
    {"share", "share", OSI_COL_RATIO},
    {"runs", NULL, OSI_COL_COUNT},
    {"switches", "switches", OSI_COL_COUNT},
    {"voluntary", "voluntary", OSI_COL_COUNT},
    {"involuntary", "involuntary", OSI_COL_COUNT},
    {"longest", "longest run", OSI_COL_TIME},
    {"longest_at", "at", OSI_COL_STAMP},
    {"waits", NULL, OSI_COL_COUNT},
    {"wait_p50", "wait p50", OSI_COL_TIME},
    {"wait_p90", "p90", OSI_COL_TIME},
    {"wait_p99", "p99", OSI_COL_TIME},
    {"wait_max", "max", OSI_COL_TIME},
    {"wait_max_at", "max at", OSI_COL_STAMP},
};

static void report_task(const struct osi_sched_task_stat *row, uint64_t span,
                        struct osi_report *report)
{
    bool known = row->task.id != 0;
    const struct osi_task *task = &row->task;

    osi_report_row(report, known ? task->comm : "[unknown]", known ? (uint64_t)task->pid : OSI_NONE,
                   known ? (uint64_t)task->tgid : OSI_NONE, known ? (uint64_t)task->key : OSI_NONE,
                   known ? task->address : OSI_NONE, row->run, share(row->run, span), row->runs,
                   row->switches, row->voluntary, row->involuntary,
                   row->runs ? row->longest : OSI_NONE, row->longest_at,
                   row->wait ? osi_histogram_count(row->wait) : (uint64_t)0, wait_at(row->wait, 50),
                   wait_at(row->wait, 90), wait_at(row->wait, 99), wait_at(row->wait, 100),
                   row->wait_max_at);
}

static void report_tasks(const struct osi_schedstat *stat, uint64_t span, struct osi_report *report,
                         size_t top)
{
    size_t n;
    const struct osi_sched_task_stat **tasks = osi_schedstat_tasks(stat, &n);

    osi_report_table(report, "tasks", "tasks by run time", task_columns,
                     G_N_ELEMENTS(task_columns));
    osi_report_limit(report, top);
    for (size_t i = 0; i < n; i++)
        report_task(tasks[i], span, report);
    free(tasks);
}

static const struct osi_column cpu_columns[] = {
    {"cpu", "cpu", OSI_COL_COUNT},         {"busy", "busy", OSI_COL_TIME},
    {"idle", "idle", OSI_COL_TIME},        {"share", "share", OSI_COL_RATIO},
    {"switches", "switches", OSI_COL_COUNT}, {"span", NULL, OSI_COL_TIME},
    {"first", NULL, OSI_COL_STAMP},        {"last", NULL, OSI_COL_STAMP},
};

static void report_cpus(const struct osi_schedstat *stat, struct osi_report *report)
{
    size_t n;
    const struct osi_sched_cpu_stat **cpus = osi_schedstat_cpus(stat, &n);

    osi_report_table(report, "cpus", "cpus", cpu_columns, G_N_ELEMENTS(cpu_columns));
    for (size_t i = 0; i < n; i++) {
        const struct osi_sched_cpu_stat *cpu = cpus[i];
        bool seen = cpu->first != UINT64_MAX;

        osi_report_row(report, (uint64_t)cpu->vcpu, cpu->busy, cpu->idle,
                       share(cpu->busy, cpu->span), cpu->switches, cpu->span,
                       cpu->first, seen ? cpu->last : OSI_NONE);
    }
    free(cpus);
}

static void report_notes(const struct osi_schedstat *stat, const struct osi_sched_totals *totals,
                         struct osi_report *report)
{
    if (stat->unknown.stat.runs)
        osi_report_note(report, "[unknown]: runs whose task could not be told: %" PRIu64,
                        stat->unknown.stat.runs);
    if (totals->gaps)
        osi_report_note(report, "[unknown]: runs that began with one task and ended with another, "
                                "so that a switch was missed: %" PRIu64, totals->gaps);
    if (totals->unknown_states)
        osi_report_note(report, "switches that are neither voluntary nor involuntary, as the state "
                                "of the task could not be told: %" PRIu64, totals->unknown_states);
    if (totals->wait_max_at != UINT64_MAX)
        osi_report_note(report, "wait is from wakeup to running; "
                                "waiting after a preemption is not part of it");
}

void osi_schedstat_report(const struct osi_schedstat *stat, struct osi_report *report, size_t top)
{
    struct osi_histogram *waits = osi_histogram_new();
    struct osi_sched_totals totals;

    osi_schedstat_totals(stat, &totals);
    osi_schedstat_waits(stat, waits);
    report_totals(&totals, waits, report);
    report_tasks(stat, totals.span, report, top);
    report_cpus(stat, report);
    report_notes(stat, &totals, report);
    osi_histogram_free(waits);
}
