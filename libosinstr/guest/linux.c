/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux guest: what is known of its kernel, and the waits of its tasks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/linux-internal.h"

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
    if (at->last - at->first > OSI_MAX_SPAN) {
        return osi_fail(err, -E2BIG, "task_struct of %s is too large", osi_linux_provenance(guest));
    }
    return 0;
}

/* The kernel lets only one CPU at a time wake a task, and the task runs after that: what is stored
 * here has settled when osi_linux_waited() takes it. */
void osi_linux_woken(const struct osi_event *wakeup)
{
    struct osi_linux_task *task = (struct osi_linux_task *)wakeup->sched_wakeup.task;
    const struct osi_irq_origin *origin = &wakeup->sched_wakeup.origin;
    uint64_t none = 0;

    if (atomic_compare_exchange_strong(&task->woken, &none, wakeup->time + 1)) {
        atomic_store_explicit(&task->waker_hwirq, origin->hwirq, memory_order_relaxed);
        atomic_store_explicit(&task->waker_entered, origin->entered, memory_order_relaxed);
        atomic_store_explicit(&task->waker_asserted, origin->asserted, memory_order_relaxed);
    }
}

void osi_linux_waited(struct osi_event *event)
{
    struct osi_linux_task *prev = (struct osi_linux_task *)event->sched_switch.prev;
    struct osi_linux_task *next = (struct osi_linux_task *)event->sched_switch.next;
    uint64_t woken = atomic_exchange(&next->woken, 0);

    /* A wakeup of a task that was running made nobody wait. */
    atomic_store(&prev->woken, 0);
    event->sched_switch.next_waited = woken && woken - 1 <= event->time;
    if (event->sched_switch.next_waited) {
        event->sched_switch.wait = event->time - (woken - 1);
        event->sched_switch.woken_by = (struct osi_irq_origin){
            atomic_load_explicit(&next->waker_hwirq, memory_order_relaxed),
            atomic_load_explicit(&next->waker_entered, memory_order_relaxed),
            atomic_load_explicit(&next->waker_asserted, memory_order_relaxed),
        };
    }
}

/* The kernel of `symbols`, else of `image`, which may be loaded already: each takes a while. */
static int load(struct osi_linux *guest, const char *symbols, const char *image, struct osi_kernel *loaded,
                struct osi_error *err)
{
    struct osi_kernel *other = NULL;
    const char *file = symbols ? symbols : image;
    int rc = loaded || !file ? 0 : osi_kernel_from_file(file, &loaded, err);

    if (symbols) {
        if (rc) {
            return rc;
        }
        guest->kernel = loaded;
        /* A list of symbols has no types; the image may. */
        if (!osi_kernel_has_types(guest->kernel) && image &&
            osi_kernel_from_file(image, &other, NULL) == 0) {
            osi_kernel_adopt_types(guest->kernel, other);
            osi_kernel_free(other);
        }
    } else if (image) {
        if (rc == 0 && osi_kernel_is_linux(loaded)) {
            guest->kernel = loaded;
        } else {
            /* A form that we don't read, or a boot loader: the guest's memory will tell. */
            osi_say(guest->session, "%s; looking for Linux in the guest's memory",
                    rc ? err->text : "-kernel names no Linux kernel");
            osi_kernel_free(loaded);
        }
    }
    return guest->kernel ? osi_linux_learn(guest, err) : 0;
}

int osi_linux_new(struct osi_session *session, struct osi_host *host, const struct osi_arch *arch,
                  const struct osi_linux_client *client, const char *symbols, const char *image,
                  struct osi_kernel *loaded, struct osi_linux **out, struct osi_error *err)
{
    struct osi_linux *guest = g_new0(struct osi_linux, 1);
    int rc;

    guest->session = session;
    guest->host = host;
    guest->arch = arch;
    guest->client = client;
    guest->tasks = osi_tasks_new();
    guest->sites = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&guest->lock);
    rc = load(guest, symbols, image, loaded, err);
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
        g_ptr_array_unref(guest->sites);
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
