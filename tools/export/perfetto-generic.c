/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Task switches of kernels other than Linux, by events that Perfetto has for all of them. */
#include "perfetto.h"

enum {
    PACKET_STATE = 117, PACKET_RENAME = 120, PACKET_TREE = 122,
    STATE_CPU = 1, STATE_COMM, STATE_TID, STATE_STATE, STATE_PRIO,
    RENAME_TID = 1, RENAME_COMM,
    TREE_PROCESS = 1, TREE_THREAD, PROCESS_PID = 1, PROCESS_CMDLINE = 3,
    THREAD_TID = 1, THREAD_PID, THREAD_COMM, THREAD_MAIN, THREAD_IDLE,
};

/* States as Perfetto numbers them. */
enum state { CREATED = 1, RUNNABLE, RUNNING, SLEEPING, SLEEPING_DEEP, STOPPED, DEAD, DESTROYED };

static enum state state_of(const struct pf_task *task, uint32_t state)
{
    switch (state) {
    case OSI_STATE_RUNNING:
    case OSI_STATE_PREEMPTED:
        return RUNNABLE;
    case OSI_STATE_UNINTERRUPTIBLE:
    case OSI_STATE_IDLE:
    case OSI_STATE_PARKED:
        return SLEEPING_DEEP;
    case OSI_STATE_STOPPED:
    case OSI_STATE_TRACED:
        return STOPPED;
    case OSI_STATE_DEAD:
    case OSI_STATE_ZOMBIE:
        return DEAD;
    case OSI_STATE_UNKNOWN:
        return task->exiting ? DEAD : RUNNABLE;
    default:
        return SLEEPING;
    }
}

/* Idle tasks all have the number 0. Here each needs its own, and 0 is nobody's. */
static int64_t tid_of(const struct pf_task *task, uint32_t cpu)
{
    return task->tid ? task->tid : EXPORT_OTHER_PID - 4096 + (int64_t)(cpu & 1023);
}

static void introduce(struct perfetto *perfetto, struct pf_task *task, uint64_t time, uint32_t cpu)
{
    int64_t tid = tid_of(task, cpu);
    struct proto *packet;
    size_t tree, message;

    if (!pf_task_is_new(&perfetto->tasks, task)) {
        return;
    }
    g_hash_table_add(perfetto->tasks.tids, GINT_TO_POINTER((int32_t)tid));
    packet = pf_packet_at(perfetto->file, time, pf_number(PF_META, 0));
    tree = proto_begin(packet, PACKET_TREE);
    if (task->tid == task->tgid) {
        message = proto_begin(packet, TREE_PROCESS);
        proto_signed(packet, PROCESS_PID, tid);
        proto_bytes(packet, PROCESS_CMDLINE, task->comm, task->length);
        proto_end(packet, message);
    }
    message = proto_begin(packet, TREE_THREAD);
    proto_signed(packet, THREAD_TID, tid);
    proto_signed(packet, THREAD_PID, task->tgid ? task->tgid : tid);
    proto_bytes(packet, THREAD_COMM, task->comm, task->length);
    proto_number(packet, THREAD_MAIN, task->tid == task->tgid);
    proto_number(packet, THREAD_IDLE, task->tid == 0);
    proto_end(packet, message);
    proto_end(packet, tree);
    pf_packet_end(perfetto->file);
}

static struct pf_task *task_of(struct perfetto *perfetto, const struct osi_event *event,
                               const struct osi_task *task)
{
    struct pf_task *known = pf_task(&perfetto->tasks, task, event->vcpu);

    introduce(perfetto, known, event->time, event->vcpu);
    return known;
}

static void put_state(struct perfetto *perfetto, const struct osi_event *event,
                      const struct pf_task *task, enum state state, int32_t prio)
{
    struct proto *packet = pf_packet_at(perfetto->file, event->time, pf_number(PF_META, 0));
    size_t message = proto_begin(packet, PACKET_STATE);

    proto_number(packet, STATE_CPU, event->vcpu);
    proto_bytes(packet, STATE_COMM, task->comm, task->length);
    proto_signed(packet, STATE_TID, tid_of(task, event->vcpu));
    proto_number(packet, STATE_STATE, state);
    proto_signed(packet, STATE_PRIO, prio);
    proto_end(packet, message);
    pf_packet_end(perfetto->file);
}

/* Perfetto must not know a thread of this number. It learns of the process after the thread. */
static void put_new(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = pf_task(&perfetto->tasks, event->task.task, event->vcpu);
    int64_t tid = tid_of(task, event->vcpu);

    if (!task->told && task->key) {
        if (g_hash_table_contains(perfetto->tasks.tids, GINT_TO_POINTER((int32_t)tid))) {
            put_state(perfetto, event, task, DESTROYED, 0);
        }
        put_state(perfetto, event, task, CREATED, 0);
        introduce(perfetto, task, event->time, event->vcpu);
    }
}

/* Who is left must be who ran, as in perfetto-linux.c. */
static void put_switch(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_cpu *cpu = &perfetto->cpus[event->vcpu];
    struct pf_task *prev = task_of(perfetto, event, event->sched_switch.prev);
    struct pf_task *next = task_of(perfetto, event, event->sched_switch.next);

    if (cpu->running && cpu->running->tid != prev->tid) {
        put_state(perfetto, event, cpu->running, SLEEPING, 0);
    }
    if (prev->tid != next->tid) {
        put_state(perfetto, event, prev, state_of(prev, event->sched_switch.prev_state),
                  event->sched_switch.prev_prio);
        put_state(perfetto, event, next, RUNNING, event->sched_switch.next_prio);
    }
    cpu->running = next;
}

static void put_rename(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = task_of(perfetto, event, event->task.task);
    struct proto *packet = pf_packet_at(perfetto->file, event->time, pf_number(PF_META, 0));
    size_t message = proto_begin(packet, PACKET_RENAME);

    proto_signed(packet, RENAME_TID, tid_of(task, event->vcpu));
    proto_bytes(packet, RENAME_COMM, task->comm, task->length);
    proto_end(packet, message);
    pf_packet_end(perfetto->file);
}

bool pf_generic_event(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task;

    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        put_switch(perfetto, event);
        return true;
    case OSI_EVENT_SCHED_WAKEUP:
        task = task_of(perfetto, event, event->sched_wakeup.task);
        put_state(perfetto, event, task, RUNNABLE, event->sched_wakeup.prio);
        return true;
    case OSI_EVENT_TASK_NEW:
        put_new(perfetto, event);
        return true;
    case OSI_EVENT_TASK_RENAME:
        put_rename(perfetto, event);
        return true;
    case OSI_EVENT_TASK_EXIT:
        task_of(perfetto, event, event->task.task)->exiting = true;
        return true;
    default:
        return false;
    }
}
