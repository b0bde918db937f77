/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux guest's tasks coming, changing their names and going. */
#include <string.h>

#include "guest/linux-internal.h"

#define COMM 16

static struct osi_linux_task *discover(const struct osi_scene *s, uint64_t address)
{
    const struct osi_task_offsets *at = &s->guest->at;
    uint32_t pid, tgid;
    char comm[COMM + 1] = "";
    struct osi_linux_task *task;

    if (!s->guest->arch->is_kernel(address) || !osi_scene_read32(s, address + at->pid, &pid) ||
        !osi_scene_read32(s, address + at->tgid, &tgid) ||
        osi_host_read_memory(s->guest->host, address + at->comm, comm, COMM)) {
        return NULL;
    }
    task = osi_tasks_add(s->guest->tasks, address, pid, tgid, 0, comm);
    s->guest->client->defined(s->guest->session, &task->task, 0);
    return task;
}

static const struct osi_task *public(const struct osi_linux_task *task)
{
    return task ? &task->task : NULL;
}

void osi_scene_happened(const struct osi_scene *s, struct osi_event *event)
{
    s->guest->client->happened(s->guest->session, s->index, event);
}

static struct osi_linux_task *rename_task(const struct osi_scene *s, struct osi_linux_task *former,
                                          const char *comm)
{
    struct osi_event event = { .kind = OSI_EVENT_TASK_RENAME };
    struct osi_linux_task *task = osi_tasks_add(s->guest->tasks, former->task.address,
                                                former->task.pid, former->task.tgid,
                                                former->task.key, comm);

    task->voluntary = former->voluntary;
    task->counted = former->counted;
    atomic_store(&task->fresh, atomic_load(&former->fresh));
    atomic_store(&task->woken, atomic_load(&former->woken));
    atomic_store(&task->waker_hwirq, atomic_load(&former->waker_hwirq));
    atomic_store(&task->waker_entered, atomic_load(&former->waker_entered));
    atomic_store(&task->waker_asserted, atomic_load(&former->waker_asserted));
    s->guest->client->defined(s->guest->session, &task->task, former->task.id);
    if (s->vcpu->running == former) {
        s->vcpu->running = task;
        atomic_store_explicit(&s->vcpu->current, &task->task, memory_order_release);
    }
    event.task.task = &task->task;
    event.task.former = &former->task;
    osi_scene_happened(s, &event);
    return task;
}

/* A rename was announced: the new name counts from the moment that it stands in memory, since the
 * task can be switched away before it gets there. */
static struct osi_linux_task *settle(const struct osi_scene *s, struct osi_linux_task *task)
{
    char comm[COMM + 1] = "";

    if (!atomic_load_explicit(&task->renaming, memory_order_acquire) ||
        osi_host_read_memory(s->guest->host, task->task.address + s->guest->at.comm, comm, COMM) ||
        strncmp(comm, task->task.comm, COMM - 1) == 0) {
        return task;
    }
    return rename_task(s, task, comm);
}

struct osi_linux_task *osi_scene_task(const struct osi_scene *s, uint64_t address)
{
    struct osi_linux_task *task = osi_tasks_find(s->guest->tasks, s->vcpu, address);

    return task ? settle(s, task) : discover(s, address);
}

/* wake_up_new_task(p): p's memory may have held another task before. */
void osi_on_new(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    struct osi_event event = { .kind = OSI_EVENT_TASK_NEW };
    struct osi_linux_task *task;
    uint64_t address;

    if (!osi_scene_argument(&s, 0, &address)) {
        return;
    }
    osi_tasks_forget(s.guest->tasks, address);
    task = discover(&s, address);
    if (!task) {
        return;
    }
    atomic_store_explicit(&task->fresh, true, memory_order_release);
    event.task.task = &task->task;
    event.task.parent = public(s.vcpu->running);
    osi_scene_happened(&s, &event);
}

/* __set_task_comm(task, name, exec) */
void osi_on_rename(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    struct osi_linux_task *task;
    uint64_t address;

    if (osi_scene_argument(&s, 0, &address) && (task = osi_scene_task(&s, address))) {
        atomic_store_explicit(&task->renaming, true, memory_order_release);
    }
}

/* perf_event_comm(task, exec): the name has just been written. */
void osi_on_renamed(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    struct osi_linux_task *task;
    uint64_t address;

    if (osi_scene_argument(&s, 0, &address) && (task = osi_scene_task(&s, address))) {
        atomic_store_explicit(&task->renaming, false, memory_order_release);
    }
}

/* do_exit(code), of the running task. */
void osi_on_exit(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    struct osi_event event = { .kind = OSI_EVENT_TASK_EXIT };

    if (s.vcpu->running) {
        event.task.task = &s.vcpu->running->task;
        osi_scene_happened(&s, &event);
    }
}
