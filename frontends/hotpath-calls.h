/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=calls: what its two files share. */
#ifndef HOTPATH_CALLS_H
#define HOTPATH_CALLS_H

#include "hotpath.h"

#define IRQS 1024u /* more are looked up by name each time */

struct hotpath {
    struct osi_calltree *tree;
    uint32_t user, irq, signal, exceptions[OSI_EXCEPTIONS];
    uint32_t irqs[IRQS];     /* functions by number; 0: not named yet. vCPUs all find the same. */
    bool system, by_task;
};

/* Of a context. */
struct thread {
    struct osi_calls *calls; /* made when it first runs */
    struct osi_callnodes *nodes; /* where it ran last, on `vcpu` */
    unsigned vcpu;
    uint32_t root, stage;
};

static inline struct thread *thread_of(const struct osi_context *context)
{
    return (struct thread *)context->data;
}

/* hotpath-profile.c */
void hotpath_calls_report(struct osi_session *session, struct osi_report *out);

#endif
