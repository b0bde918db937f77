/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux guest from inside: shared by locate.c and linux.c. */
#ifndef OSINSTR_LINUX_INTERNAL_H
#define OSINSTR_LINUX_INTERNAL_H

#include <glib.h>

#include "guest/kernel.h"
#include "guest/linux.h"
#include "guest/tasks.h"
#include "host/host.h"

/* Of task_struct, what one read at a switch may cover at most. */
#define OSI_MAX_SPAN 8192

/* Where the members lie that are read, bytes from the start of task_struct. */
struct osi_task_offsets {
    uint32_t cpu, state, exit_state, prio, pid, tgid, nvcsw, comm;
    uint32_t delayed; /* se.sched_delayed, Linux 6.12; 0: none */
    uint32_t state_size;
    uint32_t first, last; /* the span that one read at a switch covers */
};

/* Of irq_desc and irqaction. */
struct osi_irq_offsets {
    uint32_t desc_irq, desc_action, handler, next, name;
};

#define OSI_MAX_SOFTIRQS 16
#define OSI_FIRST_CODE 16 /* bytes that tell the kernel's first code from any other */

struct osi_linux {
    struct osi_session *session;
    struct osi_host *host;
    const struct osi_arch *arch;
    const struct osi_linux_client *client;
    struct osi_kernel *kernel; /* NULL until found in guest memory */
    char *provenance;
    struct osi_task_offsets at;
    struct osi_tasks *tasks;
    GPtrArray *sites;   /* what callbacks at places in the code need, freed at the end */
    struct osi_irq_offsets irq_at;
    uint64_t softirqs[OSI_MAX_SOFTIRQS]; /* functions, as linux-irq.c lists them */
    bool exact_wakeups; /* the places that mark a task as running were found */
    bool late_signal;   /* a signal at the last moment shows as running (Linux 6.12) */
    bool announced;

    GMutex lock;        /* while looking */
    atomic_bool located;
    _Atomic uint64_t base;
    uint64_t failed_vectors; /* looked at, nothing there */
    uint8_t first[OSI_FIRST_CODE]; /* what the kernel runs first at its own addresses */
    atomic_bool first_known;
    uint64_t looks;
    char trouble[200];
};

/* What the tracking of a vCPU works on, at one place. */
struct osi_scene {
    struct osi_linux *guest;
    struct osi_linux_vcpu *vcpu;
    unsigned index;
};

static inline struct osi_scene osi_scene(void *data, struct osi_session *session, unsigned index)
{
    struct osi_linux *guest = data;

    return (struct osi_scene){ guest, guest->client->vcpu(session, index), index };
}

static inline bool osi_scene_argument(const struct osi_scene *s, unsigned n, uint64_t *value)
{
    return osi_argument(s->guest->session, s->index, n, value) == 0;
}

static inline bool osi_scene_read32(const struct osi_scene *s, uint64_t address, uint32_t *value)
{
    return osi_host_read_memory(s->guest->host, address, value, sizeof(*value)) == 0;
}

/* linux-tasks.c */
/* The task at this address, read from guest memory if it is new; NULL if it can't be read. */
struct osi_linux_task *osi_scene_task(const struct osi_scene *s, uint64_t address);
void osi_scene_happened(const struct osi_scene *s, struct osi_event *event);

/* Hooks: (session, vCPU, struct osi_linux) at the entry of the kernel function named. */
typedef void osi_linux_hook(struct osi_session *session, unsigned vcpu, void *data);
osi_linux_hook osi_on_new, osi_on_rename, osi_on_renamed, osi_on_exit;  /* linux-tasks.c */
osi_linux_hook osi_on_schedule, osi_on_switch;                          /* linux-switch.c */
osi_linux_hook osi_on_wakeup;                                           /* linux-wakeup.c */
/* linux-irq.c: hooks the calls of interrupt handlers and softirqs. */
void osi_linux_attach_irqs(struct osi_linux *guest);
/* Finds the exact places of wakeups in the kernel's code. */
void osi_linux_attach_wakeups(struct osi_linux *guest);

/* linux-attach.c: the kernel is located at guest->base: hook its functions. */
int osi_linux_attach(struct osi_linux *guest, unsigned vcpu, struct osi_error *err);
/* linux.c: reads the offsets out of the kernel's BTF. */
int osi_linux_learn(struct osi_linux *guest, struct osi_error *err);

#endif
