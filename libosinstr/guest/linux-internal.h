/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux guest from inside: shared by locate.c and linux.c. */
#ifndef OSINSTR_LINUX_INTERNAL_H
#define OSINSTR_LINUX_INTERNAL_H

#include <glib.h>

#include "guest/kernel.h"
#include "guest/linux.h"
#include "guest/tasks.h"
#include "host/host.h"

/* Where the members lie that are read, bytes from the start of task_struct. */
struct osi_task_offsets {
    uint32_t cpu, state, exit_state, prio, pid, tgid, nvcsw, comm;
    uint32_t delayed; /* se.sched_delayed, Linux 6.12; 0: none */
    uint32_t state_size;
    uint32_t first, last; /* the span that one read at a switch covers */
};

struct osi_linux {
    struct osi_session *session;
    struct osi_host *host;
    const struct osi_arch *arch;
    const struct osi_linux_client *client;
    struct osi_kernel *kernel; /* NULL until found in guest memory */
    char *provenance;
    struct osi_task_offsets at;
    struct osi_tasks *tasks;
    bool late_signal;   /* a signal at the last moment shows as running (Linux 6.12) */
    bool announced;

    GMutex lock;        /* while looking */
    atomic_bool located;
    _Atomic uint64_t base;
    uint64_t failed_vectors; /* looked at, nothing there */
    uint64_t looks;
    char trouble[200];
};

/* linux.c: the kernel is located at guest->base: hook its functions. */
int osi_linux_attach(struct osi_linux *guest, unsigned vcpu, struct osi_error *err);
/* Reads the offsets out of the kernel's BTF. */
int osi_linux_learn(struct osi_linux *guest, struct osi_error *err);

#endif
