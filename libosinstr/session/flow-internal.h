/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flow.c and flow-follow.c share. */
#ifndef OSINSTR_SESSION_FLOW_INTERNAL_H
#define OSINSTR_SESSION_FLOW_INTERNAL_H

#include "session/flow-word.h"
#include "session/internal.h"

/* By slot of the session, which is in each word, and number. */
extern _Atomic(struct osi_vcpu *) osi_flow_vcpus[SLOTS][OSI_MAX_VCPUS] __attribute__((visibility("hidden")));

static inline struct osi_vcpu *osi_flow_vcpu(uint64_t to, unsigned index)
{
    return index < OSI_MAX_VCPUS
               ? atomic_load_explicit(&osi_flow_vcpus[SLOT(to)][index], memory_order_relaxed)
               : NULL;
}

/* Tells the tool's hook of what arrives at the block `to`; `always`: even if nothing seems to. */
void osi_flow_at_block(unsigned index, uint64_t to, bool always);

#endif
