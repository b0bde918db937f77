/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts in the session, from inside:
 *
 *   instrument-irq.c  at translation: which place gets which callback
 *   irq-calls.c       the callbacks
 *   irq-places.c      the places, their names, the vector tables
 */
#ifndef OSINSTR_SESSION_IRQ_INTERNAL_H
#define OSINSTR_SESSION_IRQ_INTERNAL_H

#include "session/block-internal.h"

#define OSI_MAX_TABLES 64 /* kernel, trampolines, per-CPU mitigations, firmware */

/* A place in the code, with what its callback must know; shared by all blocks that have it. */
struct osi_irq_place {
    struct osi_session *session;
    uint64_t address;
    unsigned remaining;
    struct osi_decoded insn;
    const struct osi_label *label;
    const struct osi_vector *vector;
    bool helper; /* in a function that only does this for its caller */
    atomic_uchar level; /* 1 + the level that this code runs at, 0: not known yet */
};

struct osi_irq_places {
    GMutex lock;
    GHashTable *places;
    const struct osi_label *vectors[OSI_MAX_VECTORS]; /* "[el0t_64_irq]" */
    _Atomic uint64_t tables[OSI_MAX_TABLES];
    atomic_uint n_tables;
};

/* irq-places.c */
/* The place like this one. */
struct osi_irq_place *osi_irq_place(struct osi_session *session, const struct osi_irq_place *wanted);
/* Of instruction `i` of the block, about `insn`, which may be the one before it. */
struct osi_irq_place *osi_irq_insn_place(struct osi_session *session, const struct osi_block *block,
                                         size_t i, const struct osi_decoded *insn);
/* Who called the helper that this place is in. */
const struct osi_label *osi_irq_caller(const struct osi_irq_place *place, struct osi_vcpu *vcpu);
bool osi_irq_is_table(const struct osi_irq_places *places, uint64_t base);
void osi_irq_add_table(struct osi_irq_places *places, uint64_t base);

/* irq-calls.c: callbacks; data is a struct osi_irq_place. What a read or a relative deadline gives is
 * in its register one instruction later: after_ runs there, or, if the block ends, collect_ at the
 * start of the next. */
void osi_at_mask(unsigned vcpu, void *data);
void osi_at_return(unsigned vcpu, void *data);
void osi_at_wait(unsigned vcpu, void *data);
void osi_after_wait(unsigned vcpu, void *data);
void osi_at_acknowledge(unsigned vcpu, void *data);
void osi_after_acknowledge(unsigned vcpu, void *data);
void osi_collect_acknowledge(unsigned vcpu, void *data);
void osi_at_relative(unsigned vcpu, void *data);
void osi_after_relative(unsigned vcpu, void *data);
void osi_collect_relative(unsigned vcpu, void *data);
void osi_at_end(unsigned vcpu, void *data);
void osi_at_timer(unsigned vcpu, void *data);
void osi_at_vector(unsigned vcpu, void *data);
void osi_at_vectors(unsigned vcpu, void *data);
/* data is the session. */
void osi_at_access(unsigned vcpu, uint32_t access, uint64_t address, void *data);

#endif
