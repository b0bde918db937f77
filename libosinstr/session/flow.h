/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flow of control in the session. */
#ifndef OSINSTR_SESSION_FLOW_H
#define OSINSTR_SESSION_FLOW_H

#include <osinstr/flow.h>

struct osi_error;
struct osi_vcpu;

/* Who gets exceptions at its flow hook. */
#define OSI_NEEDS_ENTER (OSI_NEED_FLOW | OSI_NEED_EXCEPTIONS)

/* Cells of session->insns. */
enum {
    OSI_CELL_INSNS,
    OSI_CELL_ARRIVING,  /* a word of flow.c: control left there and has not arrived; 0: none */
    OSI_FLOW_CELLS,
};

/* Attaches to a block of a tool with OSI_NEED_FLOW. */
void osi_instrument_flow(struct osi_session *session, struct osi_block *block);
int osi_flow_init(struct osi_session *session, struct osi_error *err);
void osi_flow_free(struct osi_session *session);
void osi_flow_start(struct osi_session *session, unsigned vcpu);
/* What runs at blocks; `data` of the first two is a word of flow-word.h, of the last a code object. */
void osi_flow_at_entry(unsigned vcpu, void *data);
void osi_flow_at_arrival(unsigned vcpu, void *data);
void osi_flow_at_return(unsigned vcpu, void *data);
/* QEMU reports an exception on a target whose exceptions are not known in detail. */
void osi_flow_discontinuity(struct osi_session *session, unsigned vcpu, int kind, uint64_t from,
                            uint64_t to);
/* From guest/irq.c, inside osi_enter(). */
void osi_flow_entered(struct osi_session *session, unsigned vcpu, const struct osi_flow *what);
void osi_flow_acked(struct osi_session *session, unsigned vcpu, uint32_t hwirq);
void osi_flow_left(struct osi_session *session, unsigned vcpu, uint64_t pc);

#endif
