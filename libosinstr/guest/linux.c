/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From kernel functions to events; the assumptions stand in linux.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/linux-internal.h"

#define COMM 16
#define MAX_SPAN 8192

/* __state bits, include/linux/sched.h, unchanged from 5.14 to 6.12. */
#define REPORTED 0x7f
#define TASK_DEAD 0x80
#define TASK_WAKING 0x200
#define TASK_NOLOAD 0x400
#define TASK_RTLOCK_WAIT 0x1000
#define TASK_FROZEN 0x8000
#define TASK_IDLE (TASK_NOLOAD | OSI_STATE_UNINTERRUPTIBLE)
#define SM_PREEMPT 1

/* What the tracking of a vCPU works on, at one place. */
struct scene {
    struct osi_linux *guest;
    struct osi_linux_vcpu *vcpu;
    unsigned index;
};

static struct scene scene_of(void *data, struct osi_session *session, unsigned index)
{
    struct osi_linux *guest = data;

    return (struct scene){ guest, guest->client->vcpu(session, index), index };
}

static bool argument(const struct scene *s, unsigned n, uint64_t *value)
{
    return osi_argument(s->guest->session, s->index, n, value) == 0;
}

static bool read_u32(const struct scene *s, uint64_t address, uint32_t *value)
{
    return osi_host_read_memory(s->guest->host, address, value, sizeof(*value)) == 0;
}

/* ---- tasks ---- */
static struct osi_linux_task *discover(const struct scene *s, uint64_t address)
{
    const struct osi_task_offsets *at = &s->guest->at;
    uint32_t pid, tgid;
    char comm[COMM + 1] = "";
    struct osi_linux_task *task;

    if (!s->guest->arch->is_kernel(address) || !read_u32(s, address + at->pid, &pid) ||
        !read_u32(s, address + at->tgid, &tgid) ||
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

static void happened(const struct scene *s, struct osi_event *event)
{
    s->guest->client->happened(s->guest->session, s->index, event);
}

static struct osi_linux_task *rename_task(const struct scene *s, struct osi_linux_task *former,
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
    s->guest->client->defined(s->guest->session, &task->task, former->task.id);
    if (s->vcpu->running == former) {
        s->vcpu->running = task;
        atomic_store_explicit(&s->vcpu->current, &task->task, memory_order_release);
    }
    event.task.task = &task->task;
    event.task.former = &former->task;
    happened(s, &event);
    return task;
}

/* A rename was announced: the new name counts from the moment that it stands in memory, since the
 * task can be switched away before it gets there. */
static struct osi_linux_task *settle(const struct scene *s, struct osi_linux_task *task)
{
    char comm[COMM + 1] = "";

    if (!atomic_load_explicit(&task->renaming, memory_order_acquire) ||
        osi_host_read_memory(s->guest->host, task->task.address + s->guest->at.comm, comm, COMM) ||
        strncmp(comm, task->task.comm, COMM - 1) == 0) {
        return task;
    }
    return rename_task(s, task, comm);
}

static struct osi_linux_task *task_at(const struct scene *s, uint64_t address)
{
    struct osi_linux_task *task = osi_tasks_find(s->guest->tasks, s->vcpu, address);

    return task ? settle(s, task) : discover(s, address);
}

/* ---- prev_state ---- */
/* The value that the tracepoint reports for a task that gives up the CPU in this state
 * (__task_state_index(), include/linux/sched.h). */
static uint32_t reported(uint32_t state, uint32_t exit_state)
{
    uint32_t bits = (state | exit_state) & REPORTED;

    if ((state & TASK_IDLE) == TASK_IDLE) {
        return OSI_STATE_IDLE;
    }
    if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN)) {
        return OSI_STATE_UNINTERRUPTIBLE;
    }
    return bits ? 1u << (31 - __builtin_clz(bits)) : 0;
}

/* At the switch another CPU may already be waking prev, so its state is the one that it had when it
 * entered __schedule(), unless it did not block at all: then the kernel counted an involuntary
 * switch, nvcsw stood still. */
static uint32_t prev_state(const struct scene *s, struct osi_linux_task *prev, uint32_t state,
                           uint32_t exit_state, uint64_t voluntary)
{
    bool blocked = prev->counted ? voluntary != prev->voluntary : state != 0;

    prev->voluntary = voluntary;
    prev->counted = true;
    if (!s->vcpu->entered) {
        if (state == TASK_WAKING) {
            s->vcpu->unknown_states++;
            return OSI_STATE_UNKNOWN;
        }
        return blocked ? reported(state, exit_state) : OSI_STATE_PREEMPTED;
    }
    s->vcpu->entered = false;
    if (s->vcpu->mode == SM_PREEMPT) {
        return OSI_STATE_PREEMPTED;
    }
    if (!blocked || (state == 0 && s->guest->late_signal)) {
        return OSI_STATE_RUNNING;
    }
    if (s->vcpu->entry_state == TASK_DEAD && exit_state != s->vcpu->entry_exit) {
        s->vcpu->unknown_states++; /* its parent reaped it meanwhile: before or after the report? */
        return OSI_STATE_UNKNOWN;
    }
    return reported(s->vcpu->entry_state, exit_state);
}

/* ---- hooks ---- */
/* __schedule(sched_mode): remember why, and the state that the task leaves with. */
static void on_schedule(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    uint64_t mode;

    s.vcpu->entered = s.vcpu->running && argument(&s, 0, &mode) &&
                      read_u32(&s, s.vcpu->running->task.address + s.guest->at.state,
                               &s.vcpu->entry_state);
    if (s.vcpu->entered) {
        s.vcpu->mode = (int32_t)mode;
        s.vcpu->entry_exit = 0;
        if (s.vcpu->entry_state == TASK_DEAD) {
            read_u32(&s, s.vcpu->running->task.address + s.guest->at.exit_state,
                     &s.vcpu->entry_exit);
        }
    }
}

static uint32_t field32(const uint8_t *span, const struct osi_task_offsets *at, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, span + offset - at->first, sizeof(value));
    return value;
}

/* cpu_switch_to(prev, next) */
static void on_switch(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    const struct osi_task_offsets *at = &s.guest->at;
    struct osi_event event = { .kind = OSI_EVENT_SCHED_SWITCH };
    struct osi_linux_task *prev, *next;
    uint64_t from, to, voluntary;
    uint8_t span[MAX_SPAN];
    uint32_t next_prio;

    if (!argument(&s, 0, &from) || !argument(&s, 1, &to)) {
        return;
    }
    prev = task_at(&s, from);
    next = task_at(&s, to);
    if (!prev || !next ||
        osi_host_read_memory(s.guest->host, from + at->first, span, at->last - at->first) ||
        !read_u32(&s, to + at->prio, &next_prio)) {
        s.vcpu->unreadable++;
        return;
    }
    if (s.vcpu->entered && s.vcpu->running != prev) {
        s.vcpu->entered = false; /* the state was read from another task */
    }
    memcpy(&voluntary, span + at->nvcsw - at->first, sizeof(voluntary));
    event.sched_switch.prev = &prev->task;
    event.sched_switch.next = &next->task;
    event.sched_switch.prev_prio = (int32_t)field32(span, at, at->prio);
    event.sched_switch.next_prio = (int32_t)next_prio;
    event.sched_switch.prev_state = prev_state(&s, prev, field32(span, at, at->state),
                                               field32(span, at, at->exit_state), voluntary);
    s.vcpu->running = next;
    atomic_store_explicit(&s.vcpu->current, &next->task, memory_order_release);
    happened(&s, &event);
}

/* wakeup_preempt(rq, p, flags): p was put on a run queue. Load balancing comes here too, but then
 * p is in state running, or (6.12) its removal from a queue was put off and it still sleeps. */
static void on_wakeup(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    const struct osi_task_offsets *at = &s.guest->at;
    struct osi_event event = { .kind = OSI_EVENT_SCHED_WAKEUP };
    struct osi_linux_task *task;
    uint64_t address;
    uint32_t state, cpu, prio, delayed = 0;
    bool first;

    if (!argument(&s, 1, &address) || !(task = task_at(&s, address)) ||
        !read_u32(&s, address + at->state, &state) || !read_u32(&s, address + at->prio, &prio) ||
        !read_u32(&s, address + at->cpu, &cpu)) {
        return;
    }
    first = atomic_exchange_explicit(&task->fresh, false, memory_order_acq_rel);
    if (at->delayed && osi_host_read_memory(s.guest->host, address + at->delayed, &delayed, 1)) {
        return;
    }
    if (!first && (state == 0 || delayed)) {
        return;
    }
    event.sched_wakeup.task = &task->task;
    event.sched_wakeup.prio = (int32_t)prio;
    event.sched_wakeup.target = cpu;
    event.sched_wakeup.first = first;
    happened(&s, &event);
}

/* wake_up_new_task(p): p's memory may have held another task before. */
static void on_new(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    struct osi_event event = { .kind = OSI_EVENT_TASK_NEW };
    struct osi_linux_task *task;
    uint64_t address;

    if (!argument(&s, 0, &address)) {
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
    happened(&s, &event);
}

/* __set_task_comm(task, name, exec) */
static void on_rename(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    struct osi_linux_task *task;
    uint64_t address;

    if (argument(&s, 0, &address) && (task = task_at(&s, address))) {
        atomic_store_explicit(&task->renaming, true, memory_order_release);
    }
}

/* perf_event_comm(task, exec): the name has just been written. */
static void on_renamed(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    struct osi_linux_task *task;
    uint64_t address;

    if (argument(&s, 0, &address) && (task = task_at(&s, address))) {
        atomic_store_explicit(&task->renaming, false, memory_order_release);
    }
}

/* do_exit(code), of the running task. */
static void on_exit_task(struct osi_session *session, unsigned index, void *data)
{
    struct scene s = scene_of(data, session, index);
    struct osi_event event = { .kind = OSI_EVENT_TASK_EXIT };

    if (s.vcpu->running) {
        event.task.task = &s.vcpu->running->task;
        happened(&s, &event);
    }
}

/* ---- attaching ---- */
static const struct {
    const char *symbol, *before; /* name, and the one that older kernels have */
    void (*fn)(struct osi_session *session, unsigned vcpu, void *data);
    bool needed;
} functions[] = {
    { "cpu_switch_to", NULL, on_switch, true },
    { "__schedule", NULL, on_schedule, false },
    { "wakeup_preempt", "check_preempt_curr", on_wakeup, false },
    { "wake_up_new_task", NULL, on_new, true },
    { "__set_task_comm", NULL, on_rename, true },
    { "perf_event_comm", NULL, on_renamed, false },
    { "do_exit", NULL, on_exit_task, false },
};

int osi_linux_attach(struct osi_linux *guest, unsigned vcpu, struct osi_error *err)
{
    const struct osi_symtab *symbols = osi_kernel_symbols(guest->kernel);
    uint64_t base = atomic_load(&guest->base);
    struct osi_event event = { .kind = OSI_EVENT_KERNEL_START, .kernel = { base } };
    struct scene s = scene_of(guest, guest->session, vcpu);

    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++) {
        uint64_t offset;

        if (!osi_symtab_lookup(symbols, functions[i].symbol, &offset) &&
            !(functions[i].before && osi_symtab_lookup(symbols, functions[i].before, &offset))) {
            if (functions[i].needed) {
                return osi_fail(err, -ENOENT, "the kernel's symbols lack %s", functions[i].symbol);
            }
            osi_say(guest->session, "the kernel's symbols lack %s: some events will be missing",
                    functions[i].symbol);
            continue;
        }
        offset += base;
        guest->client->hook(guest->session, &offset, 1, functions[i].fn, guest);
    }
    happened(&s, &event);
    return 0;
}

/* ---- offsets ---- */
int osi_linux_learn(struct osi_linux *guest, struct osi_error *err)
{
    struct osi_task_offsets *at = &guest->at;
    const struct {
        uint32_t *offset;
        const char *member, *before;
        bool in_span;
    } members[] = {
        { &at->cpu, "thread_info.cpu", "cpu", false },
        { &at->state, "__state", "state", true },
        { &at->exit_state, "exit_state", NULL, true },
        { &at->prio, "prio", NULL, true },
        { &at->pid, "pid", NULL, false },
        { &at->tgid, "tgid", NULL, false },
        { &at->nvcsw, "nvcsw", NULL, true },
        { &at->comm, "comm", NULL, false },
    };
    uint32_t size;

    at->first = UINT32_MAX;
    at->last = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++) {
        uint32_t *offset = members[i].offset;

        if (osi_kernel_offset(guest->kernel, "task_struct", members[i].member, offset, &size) &&
            (!members[i].before || osi_kernel_offset(guest->kernel, "task_struct",
                                                     members[i].before, offset, &size))) {
            return osi_fail(err, -ENOENT, "no type information for task_struct.%s in %s",
                            members[i].member, osi_linux_provenance(guest));
        }
        if (members[i].in_span) {
            at->first = MIN(at->first, *offset);
            at->last = MAX(at->last, *offset + 8);
        }
    }
    if (osi_kernel_offset(guest->kernel, "task_struct", "se.sched_delayed", &at->delayed, &size)) {
        at->delayed = 0;
    }
    guest->late_signal = at->delayed != 0;
    if (at->last - at->first > MAX_SPAN) {
        return osi_fail(err, -E2BIG, "task_struct of %s is too large", osi_linux_provenance(guest));
    }
    return 0;
}

/* ---- wake to run ---- */
void osi_linux_woken(const struct osi_task *public_task, uint64_t time)
{
    struct osi_linux_task *task = (struct osi_linux_task *)public_task;
    uint64_t none = 0;

    atomic_compare_exchange_strong(&task->woken, &none, time + 1);
}

bool osi_linux_waited(const struct osi_task *prev, const struct osi_task *next, uint64_t time,
                      uint64_t *wait)
{
    uint64_t woken = atomic_exchange(&((struct osi_linux_task *)next)->woken, 0);

    /* A wakeup of a task that was running made nobody wait. */
    atomic_store(&((struct osi_linux_task *)prev)->woken, 0);
    if (!woken || woken - 1 > time) {
        return false;
    }
    *wait = time - (woken - 1);
    return true;
}

/* ---- life ---- */
static int load(struct osi_linux *guest, const char *symbols, const char *image,
                struct osi_error *err)
{
    struct osi_kernel *other = NULL;
    int rc;

    if (symbols) {
        rc = osi_kernel_from_file(symbols, &guest->kernel, err);
        if (rc) {
            return rc;
        }
        /* A list of symbols has no types; the image may. */
        if (!osi_kernel_has_types(guest->kernel) && image &&
            osi_kernel_from_file(image, &other, NULL) == 0) {
            osi_kernel_adopt_types(guest->kernel, other);
            osi_kernel_free(other);
        }
    } else if (image) {
        rc = osi_kernel_from_file(image, &other, err);
        if (rc == 0 && osi_kernel_is_linux(other)) {
            guest->kernel = other;
        } else {
            /* A form that we don't read, or a boot loader: the guest's memory will tell. */
            osi_say(guest->session, "%s; looking for Linux in the guest's memory",
                    rc ? err->text : "-kernel names no Linux kernel");
            osi_kernel_free(rc ? NULL : other);
        }
    }
    return guest->kernel ? osi_linux_learn(guest, err) : 0;
}

int osi_linux_new(struct osi_session *session, struct osi_host *host, const struct osi_arch *arch,
                  const struct osi_linux_client *client, const char *symbols, const char *image,
                  struct osi_linux **out, struct osi_error *err)
{
    struct osi_linux *guest = g_new0(struct osi_linux, 1);
    int rc;

    guest->session = session;
    guest->host = host;
    guest->arch = arch;
    guest->client = client;
    guest->tasks = osi_tasks_new();
    g_mutex_init(&guest->lock);
    rc = load(guest, symbols, image, err);
    if (rc) {
        osi_linux_free(guest);
        return rc;
    }
    *out = guest;
    return 0;
}

void osi_linux_free(struct osi_linux *guest)
{
    if (guest) {
        osi_kernel_free(guest->kernel);
        osi_tasks_free(guest->tasks);
        g_mutex_clear(&guest->lock);
        g_free(guest->provenance);
        g_free(guest);
    }
}

const char *osi_linux_provenance(const struct osi_linux *guest)
{
    return guest->kernel ? osi_kernel_provenance(guest->kernel) : "to be read from guest memory";
}

const struct osi_kernel *osi_linux_kernel(const struct osi_linux *guest)
{
    return guest->kernel;
}

uint64_t osi_linux_tasks_seen(const struct osi_linux *guest)
{
    return osi_tasks_count(guest->tasks);
}
