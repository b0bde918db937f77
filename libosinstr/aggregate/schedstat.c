/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of who ran: slices are charged when they end.
 *
 * Every charge goes to one row and to the CPU's span at once, which is why run
 * and idle times add up to the span whatever the events are.
 */
#include "schedstat-internal.h"

#define MAX_VCPUS 65536 /* QEMU's machines end far below; guards the array against damaged input */

static void row_init(struct osi_sched_row *row)
{
    *row = (struct osi_sched_row){.stat = {.longest_at = UINT64_MAX, .wait_max_at = UINT64_MAX}};
}

static void row_free(void *data)
{
    struct osi_sched_row *row = data;

    osi_histogram_free(row->wait);
    g_free(row);
}

struct osi_schedstat *osi_schedstat_new(void)
{
    struct osi_schedstat *stat = g_new0(struct osi_schedstat, 1);

    stat->tasks = g_hash_table_new_full(NULL, NULL, NULL, row_free);
    stat->cpus = g_ptr_array_new_with_free_func(g_free);
    row_init(&stat->unknown);
    row_init(&stat->idle);
    return stat;
}

void osi_schedstat_free(struct osi_schedstat *stat)
{
    if (!stat)
        return;
    osi_histogram_free(stat->unknown.wait);
    g_ptr_array_free(stat->cpus, TRUE);
    g_hash_table_destroy(stat->tasks);
    g_free(stat);
}

static struct osi_sched_row *row_by_key(struct osi_schedstat *stat, uint32_t key)
{
    struct osi_sched_row *row = g_hash_table_lookup(stat->tasks, GUINT_TO_POINTER(key));

    if (G_UNLIKELY(!row)) {
        row = g_new(struct osi_sched_row, 1);
        row_init(row);
        g_hash_table_insert(stat->tasks, GUINT_TO_POINTER(key), row);
    }
    return row;
}

/* Stages of a task's life are numbered in order, so the highest id is the last name. */
static void row_identify(struct osi_sched_row *row, const struct osi_task *task)
{
    if (task->id > row->stat.task.id)
        row->stat.task = *task;
}

static struct osi_sched_row *row_of(struct osi_schedstat *stat, const struct osi_task *task)
{
    struct osi_sched_row *row;

    if (!task || task->id == 0)
        return &stat->unknown;
    if (task->pid == 0)
        return &stat->idle;
    row = row_by_key(stat, task->key);
    row_identify(row, task);
    return row;
}

/* NULL for an index that no machine has. */
static struct osi_sched_cpu *cpu_of(struct osi_schedstat *stat, uint32_t vcpu)
{
    struct osi_sched_cpu *cpu;

    if (G_LIKELY(vcpu < stat->cpus->len) && (cpu = g_ptr_array_index(stat->cpus, vcpu)))
        return cpu;
    if (vcpu >= MAX_VCPUS)
        return NULL;
    if (vcpu >= stat->cpus->len)
        g_ptr_array_set_size(stat->cpus, (gint)vcpu + 1);
    cpu = g_new0(struct osi_sched_cpu, 1);
    cpu->stat.vcpu = vcpu;
    cpu->stat.first = UINT64_MAX;
    g_ptr_array_index(stat->cpus, vcpu) = cpu;
    return cpu;
}

/* Equal lengths go to the earlier slice, so that the order of merging is of no account. */
static void row_note_slice(struct osi_sched_row *row, uint64_t length, uint64_t start)
{
    struct osi_sched_task_stat *stat = &row->stat;

    if (length > stat->longest || (length == stat->longest && start < stat->longest_at)) {
        stat->longest = length;
        stat->longest_at = start;
    }
}

static void charge(struct osi_schedstat *stat, struct osi_sched_cpu *cpu, struct osi_sched_row *row,
                   uint64_t until)
{
    uint64_t length = until - cpu->since;

    cpu->stat.span += length;
    if (row == &stat->idle)
        cpu->stat.idle += length;
    else
        cpu->stat.busy += length;
    row->stat.run += length;
    row->stat.runs++;
    row_note_slice(row, length, cpu->since);
}

/* Whose slice it was: if only one end of it is known, that one; if both are and
 * they differ, nobody can tell. */
static struct osi_sched_row *owner(struct osi_schedstat *stat, struct osi_sched_row *began,
                                   struct osi_sched_row *ended)
{
    if (began == ended || ended == &stat->unknown)
        return began;
    if (began == &stat->unknown)
        return ended;
    stat->gaps++;
    return &stat->unknown;
}

/* Opens the next slice, after closing the one under way if there is one. */
static void change(struct osi_schedstat *stat, struct osi_sched_cpu *cpu, uint64_t time,
                   struct osi_sched_row *prev, struct osi_sched_row *next)
{
    time = MAX(time, cpu->stat.last);
    if (cpu->running)
        charge(stat, cpu, owner(stat, cpu->running, prev), time);
    cpu->stat.first = MIN(cpu->stat.first, time);
    cpu->stat.last = time;
    cpu->running = next;
    cpu->since = time;
}

void osi_schedstat_begin(struct osi_schedstat *stat, uint32_t vcpu, uint64_t time,
                         const struct osi_task *task)
{
    struct osi_sched_cpu *cpu = cpu_of(stat, vcpu);

    if (cpu)
        change(stat, cpu, time, cpu->running, row_of(stat, task));
}

void osi_schedstat_end(struct osi_schedstat *stat, uint32_t vcpu, uint64_t time)
{
    struct osi_sched_cpu *cpu = cpu_of(stat, vcpu);

    if (cpu && cpu->running)
        change(stat, cpu, time, cpu->running, NULL);
}

static void count_switch_out(struct osi_sched_row *row, uint32_t state)
{
    row->stat.switches++;
    if (state == OSI_STATE_RUNNING || state & OSI_STATE_PREEMPTED)
        row->stat.involuntary++;
    else if (!(state & OSI_STATE_UNKNOWN))
        row->stat.voluntary++;
}

static void note_wait(struct osi_sched_row *row, uint64_t wait, uint64_t time)
{
    uint64_t max;

    if (!row->wait)
        row->stat.wait = row->wait = osi_histogram_new();
    max = osi_histogram_max(row->wait);
    if (wait > max || (wait == max && time < row->stat.wait_max_at))
        row->stat.wait_max_at = time;
    osi_histogram_record(row->wait, wait);
}

static void switch_tasks(struct osi_schedstat *stat, const struct osi_event *event)
{
    struct osi_sched_cpu *cpu = cpu_of(stat, event->vcpu);
    struct osi_sched_row *prev, *next;

    if (!cpu)
        return;
    prev = row_of(stat, event->sched_switch.prev);
    next = row_of(stat, event->sched_switch.next);
    change(stat, cpu, event->time, prev, next);
    cpu->stat.switches++;
    count_switch_out(prev, event->sched_switch.prev_state);
    if (event->sched_switch.next_waited && next != &stat->idle)
        note_wait(next, event->sched_switch.wait, event->time);
}

void osi_schedstat_event(struct osi_schedstat *stat, const struct osi_event *event)
{
    if (event->kind == OSI_EVENT_SCHED_SWITCH)
        switch_tasks(stat, event);
    else if (event->kind == OSI_EVENT_SCHED_WAKEUP)
        stat->wakeups++;
}

static void merge_waits(struct osi_sched_row *into, const struct osi_sched_row *from)
{
    uint64_t old, new;

    if (!from->wait)
        return;
    if (!into->wait)
        into->stat.wait = into->wait = osi_histogram_new();
    old = osi_histogram_max(into->wait);
    new = osi_histogram_max(from->wait);
    if (new > old || (new == old && from->stat.wait_max_at < into->stat.wait_max_at))
        into->stat.wait_max_at = from->stat.wait_max_at;
    osi_histogram_merge(into->wait, from->wait);
}

static void merge_row(struct osi_sched_row *into, const struct osi_sched_row *from)
{
    row_identify(into, &from->stat.task);
    row_note_slice(into, from->stat.longest, from->stat.longest_at);
    into->stat.run += from->stat.run;
    into->stat.runs += from->stat.runs;
    into->stat.switches += from->stat.switches;
    into->stat.voluntary += from->stat.voluntary;
    into->stat.involuntary += from->stat.involuntary;
    merge_waits(into, from);
}

static void merge_cpu(struct osi_sched_cpu_stat *into, const struct osi_sched_cpu_stat *from)
{
    into->first = MIN(into->first, from->first);
    into->last = MAX(into->last, from->last);
    into->span += from->span;
    into->busy += from->busy;
    into->idle += from->idle;
    into->switches += from->switches;
}

void osi_schedstat_merge(struct osi_schedstat *into, const struct osi_schedstat *from)
{
    GHashTableIter iter;
    void *key, *row;

    g_hash_table_iter_init(&iter, from->tasks);
    while (g_hash_table_iter_next(&iter, &key, &row))
        merge_row(row_by_key(into, GPOINTER_TO_UINT(key)), row);
    merge_row(&into->unknown, &from->unknown);
    merge_row(&into->idle, &from->idle);
    for (guint i = 0; i < from->cpus->len; i++) {
        const struct osi_sched_cpu *cpu = g_ptr_array_index(from->cpus, i);

        if (cpu)
            merge_cpu(&cpu_of(into, i)->stat, &cpu->stat);
    }
    into->wakeups += from->wakeups;
    into->gaps += from->gaps;
}
