/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of Linux as Perfetto knows them best: as if ftrace had recorded them.
 *
 * Some hundred events of a CPU make a packet. Tasks that the trace does not show being made are
 * told in packets of the process tree, before their first event.
 */
#include "perfetto.h"

enum {
    PACKET_FTRACE = 1, PACKET_PROCESS_TREE = 2, PACKET_SEQUENCE = 10,
    BUNDLE_CPU = 1, BUNDLE_EVENT = 2,
    EVENT_TIME = 1, EVENT_PID = 2,
    SCHED_SWITCH = 4, SCHED_WAKING = 20, SOFTIRQ_ENTRY = 24, SOFTIRQ_EXIT = 25,
    IRQ_HANDLER_ENTRY = 36, IRQ_HANDLER_EXIT = 37, SCHED_WAKEUP_NEW = 114, TASK_NEWTASK = 235,
    TASK_RENAME = 236,
    SCHED_PROCESS_EXIT = 238,
    SWITCH_PREV_COMM = 1, SWITCH_PREV_PID, SWITCH_PREV_PRIO, SWITCH_PREV_STATE, SWITCH_NEXT_COMM,
    SWITCH_NEXT_PID, SWITCH_NEXT_PRIO,
    WAKING_COMM = 1, WAKING_PID, WAKING_PRIO, WAKING_SUCCESS, WAKING_CPU,
    NEWTASK_PID = 1, NEWTASK_COMM, NEWTASK_FLAGS,
    RENAME_PID = 1, RENAME_OLD, RENAME_NEW,
    EXIT_COMM = 1, EXIT_PID, EXIT_TGID,
    TREE_PROCESS = 1, TREE_THREAD = 2, PROCESS_PID = 1, PROCESS_CMDLINE = 3, THREAD_TID = 1,
    THREAD_NAME = 2, THREAD_TGID = 3,
    FLAG_THREAD = 0x10000,
};

#define BUNDLE 512

void pf_linux_flush(struct perfetto *perfetto, uint32_t number)
{
    struct pf_cpu *cpu = &perfetto->cpus[number];
    struct proto *packet;

    if (cpu->n_bundled) {
        packet = pf_packet(perfetto->file);
        proto_number(packet, PACKET_SEQUENCE, pf_number(PF_FTRACE, number));
        proto_bytes(packet, PACKET_FTRACE, cpu->bundle.bytes, cpu->bundle.used);
        pf_packet_end(perfetto->file);
    }
    cpu->n_bundled = 0;
    cpu->bundle.used = 0;
}

/* ---- an event: begin(), its fields, end() ---- */
struct writing {
    struct pf_cpu *cpu;
    struct proto *to;
    size_t event, fields;
};

static struct writing begin(struct perfetto *perfetto, uint32_t number, uint64_t time, int32_t pid,
                            unsigned kind)
{
    struct pf_cpu *cpu = &perfetto->cpus[number];
    struct writing writing = { .cpu = cpu, .to = &cpu->bundle };

    if (cpu->n_bundled == BUNDLE) {
        pf_linux_flush(perfetto, number);
    }
    if (cpu->n_bundled++ == 0) {
        proto_number(writing.to, BUNDLE_CPU, number);
    }
    writing.event = proto_begin(writing.to, BUNDLE_EVENT);
    proto_number(writing.to, EVENT_TIME, time);
    proto_signed(writing.to, EVENT_PID, pid);
    writing.fields = proto_begin(writing.to, kind);
    return writing;
}

static void end(const struct writing *writing)
{
    proto_end(writing->to, writing->fields);
    proto_end(writing->to, writing->event);
}

static void put_comm(const struct writing *writing, unsigned field, const struct pf_task *task)
{
    proto_bytes(writing->to, field, task->comm, task->length);
}

static int32_t running(const struct perfetto *perfetto, uint32_t cpu)
{
    const struct pf_task *task = perfetto->cpus[cpu].running;

    return task ? task->tid : 0;
}

/* Of the task that runs. */
static struct writing begin_here(struct perfetto *perfetto, const struct osi_event *event,
                                 unsigned kind)
{
    return begin(perfetto, event->vcpu, event->time, running(perfetto, event->vcpu), kind);
}

/* ---- tasks ---- */
/* The idle tasks have the number 0 on each CPU, and Perfetto knows that. */
static void introduce(struct perfetto *perfetto, struct pf_task *task, uint64_t time)
{
    struct proto *packet;
    size_t tree, message;

    if (!pf_task_is_new(&perfetto->tasks, task) || task->tid == 0) {
        return;
    }
    packet = pf_packet_at(perfetto->file, time, pf_number(PF_META, 0));
    tree = proto_begin(packet, PACKET_PROCESS_TREE);
    if (task->tid == task->tgid) {
        message = proto_begin(packet, TREE_PROCESS);
        proto_signed(packet, PROCESS_PID, task->tgid);
        proto_bytes(packet, PROCESS_CMDLINE, task->comm, task->length);
        proto_end(packet, message);
    }
    message = proto_begin(packet, TREE_THREAD);
    proto_signed(packet, THREAD_TID, task->tid);
    proto_signed(packet, THREAD_TGID, task->tgid);
    proto_bytes(packet, THREAD_NAME, task->comm, task->length);
    proto_end(packet, message);
    proto_end(packet, tree);
    pf_packet_end(perfetto->file);
}

static struct pf_task *task_of(struct perfetto *perfetto, const struct osi_event *event,
                               const struct osi_task *task)
{
    struct pf_task *known = pf_task(&perfetto->tasks, task, event->vcpu);

    introduce(perfetto, known, event->time);
    return known;
}

/* A thread belongs to the process of the task that made it: the event says who that is. */
static void put_new(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = pf_task(&perfetto->tasks, event->task.task, event->vcpu);
    const struct osi_task *parent = event->task.parent;
    bool thread = task->tid != task->tgid;
    struct writing writing;

    if (task->tid == 0 || !pf_task_is_new(&perfetto->tasks, task)) {
        return;
    }
    writing = begin(perfetto, event->vcpu, event->time,
                    parent && (!thread || (int32_t)parent->tgid == task->tgid)
                        ? task_of(perfetto, event, parent)->tid
                        : thread ? task->tgid : 0, TASK_NEWTASK);
    proto_signed(writing.to, NEWTASK_PID, task->tid);
    put_comm(&writing, NEWTASK_COMM, task);
    proto_number(writing.to, NEWTASK_FLAGS, thread ? FLAG_THREAD : 0);
    end(&writing);
}

static void put_rename(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = task_of(perfetto, event, event->task.task);
    const struct pf_task *former = pf_task(&perfetto->tasks, event->task.former, event->vcpu);
    struct writing writing = begin_here(perfetto, event, TASK_RENAME);

    proto_signed(writing.to, RENAME_PID, task->tid);
    put_comm(&writing, RENAME_OLD, former);
    put_comm(&writing, RENAME_NEW, task);
    end(&writing);
}

static void put_exit(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = task_of(perfetto, event, event->task.task);
    struct writing writing = begin(perfetto, event->vcpu, event->time, task->tid,
                                   SCHED_PROCESS_EXIT);

    task->exiting = true;
    put_comm(&writing, EXIT_COMM, task);
    proto_signed(writing.to, EXIT_PID, task->tid);
    proto_signed(writing.to, EXIT_TGID, task->tgid);
    end(&writing);
}

/* ---- scheduling ---- */
static void write_switch(struct perfetto *perfetto, const struct osi_event *event,
                         const struct pf_task *prev, uint32_t state, const struct pf_task *next)
{
    struct writing writing = begin(perfetto, event->vcpu, event->time, prev->tid, SCHED_SWITCH);

    put_comm(&writing, SWITCH_PREV_COMM, prev);
    proto_signed(writing.to, SWITCH_PREV_PID, prev->tid);
    proto_signed(writing.to, SWITCH_PREV_PRIO, event->sched_switch.prev_prio);
    proto_number(writing.to, SWITCH_PREV_STATE, state);
    put_comm(&writing, SWITCH_NEXT_COMM, next);
    proto_signed(writing.to, SWITCH_NEXT_PID, next->tid);
    proto_signed(writing.to, SWITCH_NEXT_PRIO, event->sched_switch.next_prio);
    end(&writing);
}

/* Perfetto has no state "unknown". A task that ends has it when its parent reaps it at the same
 * time; the other one that has it is what a CPU's first switch leaves. */
static uint32_t state_of(const struct pf_task *prev, uint32_t state, bool first)
{
    if (state != OSI_STATE_UNKNOWN) {
        return state;
    }
    return first && !prev->exiting ? OSI_STATE_RUNNING : OSI_STATE_DEAD;
}

/* Perfetto wants that who is left is who ran. If events are missing it is not: what ran then
 * stops here, nobody knows why (so it sleeps), for a moment of no length of who is left. */
static void put_switch(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_cpu *cpu = &perfetto->cpus[event->vcpu];
    struct pf_task *prev = task_of(perfetto, event, event->sched_switch.prev);
    struct pf_task *next = task_of(perfetto, event, event->sched_switch.next);
    uint32_t state = state_of(prev, event->sched_switch.prev_state, !cpu->running);

    if (cpu->running && cpu->running->tid != prev->tid) {
        write_switch(perfetto, event, cpu->running, OSI_STATE_INTERRUPTIBLE, prev);
    }
    write_switch(perfetto, event, prev, state, next);
    cpu->running = next;
}

/* sched_waking is what makes a task runnable for Perfetto; a new one is so from its beginning
 * on. */
static void put_wakeup(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_task *task = task_of(perfetto, event, event->sched_wakeup.task);
    struct writing writing = begin_here(
        perfetto, event, event->sched_wakeup.first ? SCHED_WAKEUP_NEW : SCHED_WAKING);

    put_comm(&writing, WAKING_COMM, task);
    proto_signed(writing.to, WAKING_PID, task->tid);
    proto_signed(writing.to, WAKING_PRIO, event->sched_wakeup.prio);
    proto_number(writing.to, WAKING_SUCCESS, 1);
    proto_signed(writing.to, WAKING_CPU, (int32_t)event->sched_wakeup.target);
    end(&writing);
}

/* ---- interrupts ---- */
static void put_handler(struct perfetto *perfetto, const struct osi_event *event)
{
    bool entry = event->kind == OSI_EVENT_IRQ_HANDLER_ENTRY;
    struct writing writing = begin_here(perfetto, event,
                                        entry ? IRQ_HANDLER_ENTRY : IRQ_HANDLER_EXIT);

    proto_signed(writing.to, 1, (int32_t)event->irq_handler.irq);
    if (entry) {
        const struct osi_label *action = event->irq_handler.action;
        char *name = g_utf8_make_valid(action ? action->text : "?", -1);

        proto_text(writing.to, 2, name);
        g_free(name);
    } else {
        proto_number(writing.to, 2, event->irq_handler.handled);
    }
    end(&writing);
}

static void put_softirq(struct perfetto *perfetto, const struct osi_event *event)
{
    struct writing writing = begin_here(
        perfetto, event,
        event->kind == OSI_EVENT_SOFTIRQ_ENTRY ? SOFTIRQ_ENTRY : SOFTIRQ_EXIT);

    proto_number(writing.to, 1, event->softirq.vec);
    end(&writing);
}

bool pf_linux_event(struct perfetto *perfetto, const struct osi_event *event)
{
    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        put_switch(perfetto, event);
        return true;
    case OSI_EVENT_SCHED_WAKEUP:
        put_wakeup(perfetto, event);
        return true;
    case OSI_EVENT_TASK_NEW:
        put_new(perfetto, event);
        return true;
    case OSI_EVENT_TASK_RENAME:
        put_rename(perfetto, event);
        return true;
    case OSI_EVENT_TASK_EXIT:
        put_exit(perfetto, event);
        return true;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        put_handler(perfetto, event);
        return true;
    case OSI_EVENT_SOFTIRQ_ENTRY:
    case OSI_EVENT_SOFTIRQ_EXIT:
        put_softirq(perfetto, event);
        return true;
    default:
        return false;
    }
}
