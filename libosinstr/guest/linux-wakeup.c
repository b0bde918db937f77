/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wakeups of a Linux guest, at the places where the kernel itself reports them. */
#include "guest/linux-internal.h"

/* A store to __state, with what its callback must know. */
struct wakeup_site {
    struct osi_linux *guest;
    uint8_t reg;
};

static void woken(const struct osi_scene *s, struct osi_linux_task *task, bool first)
{
    const struct osi_task_offsets *at = &s->guest->at;
    struct osi_event event = { .kind = OSI_EVENT_SCHED_WAKEUP };
    uint32_t cpu, prio;

    if (!osi_scene_read32(s, task->task.address + at->prio, &prio) ||
        !osi_scene_read32(s, task->task.address + at->cpu, &cpu)) {
        return;
    }
    event.sched_wakeup.task = &task->task;
    event.sched_wakeup.prio = (int32_t)prio;
    event.sched_wakeup.target = cpu;
    event.sched_wakeup.first = first;
    osi_scene_happened(s, &event);
}

/* A store of 0 to p->__state in the wakeup functions: this is where the kernel reports sched_wakeup.
 * The site knows which register holds p. */
static void on_running(struct osi_session *session, unsigned index, void *data)
{
    const struct wakeup_site *site = data;
    struct osi_scene s = osi_scene(site->guest, session, index);
    struct osi_linux_task *task;
    uint64_t address;

    if (osi_general_register(session, index, site->reg, &address) == 0 &&
        (task = osi_scene_task(&s, address))) {
        woken(&s, task, false);
    }
}

/* wakeup_preempt(rq, p, flags): p was put on a run queue. For a new task this is its first wakeup.
 * For others it tells of wakeups only where the exact places were not found: load balancing comes
 * here too, but then p is in state running, or (6.12) its removal from a queue was put off. */
void osi_on_wakeup(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);
    const struct osi_task_offsets *at = &s.guest->at;
    struct osi_linux_task *task;
    uint64_t address;
    uint32_t state, delayed = 0;

    if (!osi_scene_argument(&s, 1, &address) || !(task = osi_scene_task(&s, address))) {
        return;
    }
    if (atomic_exchange_explicit(&task->fresh, false, memory_order_acq_rel)) {
        woken(&s, task, true);
    } else if (!s.guest->exact_wakeups && osi_scene_read32(&s, address + at->state, &state) && state != 0 &&
               (!at->delayed || (osi_host_read_memory(s.guest->host, address + at->delayed,
                                                      &delayed, 1) == 0 && !delayed))) {
        woken(&s, task, false);
    }
}

/* Hooks the stores of 0 to __state in one function; they are in the code as it is in memory now. */
static unsigned attach_stores(struct osi_linux *guest, const char *function)
{
    uint64_t offset, start, size;
    unsigned found = 0;
    uint8_t bytes[4], reg;

    if (!osi_symtab_lookup(osi_kernel_symbols(guest->kernel), function, &offset) ||
        !osi_symtab_resolve(osi_kernel_symbols(guest->kernel), offset, NULL, &size)) {
        return 0;
    }
    start = atomic_load(&guest->base) + offset;
    for (uint64_t at = start; at < start + size; at += guest->arch->min_insn) {
        if (osi_host_read_memory(guest->host, at, bytes, sizeof(bytes)) == 0 &&
            guest->arch->stores_zero(bytes, sizeof(bytes), guest->at.state, &reg)) {
            struct wakeup_site *site = g_new(struct wakeup_site, 1);

            *site = (struct wakeup_site){ guest, reg };
            g_ptr_array_add(guest->sites, site);
            guest->client->hook(guest->session, &at, 1, on_running, site);
            found++;
        }
    }
    return found;
}

void osi_linux_attach_wakeups(struct osi_linux *guest)
{
    /* ttwu_do_wakeup() is part of ttwu_do_activate() in newer kernels. */
    unsigned queued = attach_stores(guest, "ttwu_do_wakeup") +
                      attach_stores(guest, "ttwu_do_activate");

    guest->exact_wakeups = attach_stores(guest, "try_to_wake_up") > 0 && queued > 0;
}
