/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derives each task's wait from the wakeups and switches of a merged stream.
 *
 * asleep --wakeup--> waiting --switched in--> running --switched out--> asleep
 *
 * A preempted task counts as asleep here: it is runnable, but nobody woke it.
 */
#include <osinstr/schedstat.h>

#include <glib.h>

enum { ASLEEP = -1, WAITING = -2 }; /* otherwise the vCPU it runs on */

struct sleeper {
    uint64_t woken; /* WAITING: since when */
    struct osi_irq_origin waker;
    int64_t where;
};

struct osi_waits {
    GHashTable *sleepers; /* key of the task -> struct sleeper */
};

struct osi_waits *osi_waits_new(void)
{
    struct osi_waits *waits = g_new0(struct osi_waits, 1);

    waits->sleepers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return waits;
}

void osi_waits_free(struct osi_waits *waits)
{
    if (!waits)
        return;
    g_hash_table_destroy(waits->sleepers);
    g_free(waits);
}

static struct sleeper *sleeper_of(struct osi_waits *waits, const struct osi_task *task)
{
    struct sleeper *sleeper;

    if (!task || task->id == 0 || task->pid == 0)
        return NULL;
    sleeper = g_hash_table_lookup(waits->sleepers, GUINT_TO_POINTER(task->key));
    if (!sleeper) {
        sleeper = g_new(struct sleeper, 1);
        sleeper->where = ASLEEP;
        g_hash_table_insert(waits->sleepers, GUINT_TO_POINTER(task->key), sleeper);
    }
    return sleeper;
}

static bool wake(struct osi_waits *waits, const struct osi_event *event)
{
    struct sleeper *sleeper = sleeper_of(waits, event->sched_wakeup.task);

    if (!sleeper)
        return true;
    if (sleeper->where != ASLEEP)
        return false;
    sleeper->where = WAITING;
    sleeper->woken = event->time;
    sleeper->waker = event->sched_wakeup.origin;
    return true;
}

/* When a task moves between vCPUs at one instant, the merged stream may show it
 * arriving before it leaves: leaving does not undo that. */
static void switch_out(struct sleeper *sleeper, uint32_t vcpu)
{
    if (sleeper->where < 0 || sleeper->where == vcpu)
        sleeper->where = ASLEEP;
}

static void switch_in(struct sleeper *sleeper, struct osi_event *event)
{
    if (sleeper->where == WAITING) {
        event->sched_switch.next_waited = true;
        event->sched_switch.wait = event->time - sleeper->woken;
        event->sched_switch.woken_by = sleeper->waker;
    }
    sleeper->where = event->vcpu;
}

static void switch_tasks(struct osi_waits *waits, struct osi_event *event)
{
    struct sleeper *prev = sleeper_of(waits, event->sched_switch.prev);
    struct sleeper *next = sleeper_of(waits, event->sched_switch.next);

    event->sched_switch.next_waited = false;
    event->sched_switch.wait = 0;
    if (prev)
        switch_out(prev, event->vcpu);
    if (next)
        switch_in(next, event);
}

bool osi_waits_event(struct osi_waits *waits, struct osi_event *event)
{
    if (event->kind == OSI_EVENT_SCHED_WAKEUP)
        return wake(waits, event);
    if (event->kind == OSI_EVENT_SCHED_SWITCH)
        switch_tasks(waits, event);
    return true;
}
