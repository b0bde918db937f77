/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At translation: where interrupts are taken, masked, acknowledged and left.
 *
 * Where QEMU reports exceptions itself (10.2 and later) they need no hook. Elsewhere a block at an
 * entry of a vector table is one: the tables are known from the writes to the vector base register.
 * Both lead to the same call at the same instruction.
 *
 * A controller that is accessed as memory (GICv2) needs no callback at each load and store: QEMU
 * runs a device access as a block of its own, or as the last instruction of a block.
 */
#include "session/irq-internal.h"

static bool follows_flow(const struct osi_session *session)
{
    return session->tool->needs & OSI_NEED_FLOW;
}

/* Who only follows the flow of control needs no masks and no timers. */
static bool is_wanted(const struct osi_session *session, enum osi_insn_kind kind)
{
    return (session->tool->events & OSI_IRQ_EVENTS) || kind == OSI_INSN_SET_VECTORS ||
           (follows_flow(session) &&
            (kind == OSI_INSN_EXCEPTION_RETURN || kind == OSI_INSN_IRQ_ACK));
}

static void attach_insn(struct osi_session *session, struct osi_block *block, size_t i)
{
    const struct osi_decoded *insn = &block->decoded[i];
    struct osi_host_insn *host = osi_host_block_insn(block->host, i);
    osi_host_exec_fn fn;
    enum osi_host_regs regs = OSI_HOST_READ_REGS;
    struct osi_irq_place *place;

    if (!is_wanted(session, insn->kind)) {
        return;
    }
    switch (insn->kind) {
    case OSI_INSN_MASK_SET:
    case OSI_INSN_MASK_CLEAR:
        if (!(insn->imm & 2)) {
            return; /* not interrupts */
        }
        fn = osi_at_mask;
        break;
    case OSI_INSN_MASK_WRITE:
    case OSI_INSN_PRIORITY_WRITE:
    case OSI_INSN_ALLINT_WRITE:
        fn = osi_at_mask;
        break;
    case OSI_INSN_EXCEPTION_RETURN:
        fn = osi_at_return;
        break;
    case OSI_INSN_WAIT_INTERRUPT:
        fn = osi_at_wait;
        break;
    case OSI_INSN_IRQ_ACK:
        fn = osi_at_acknowledge;
        if (i + 1 < block->n) {
            osi_host_insn_call(osi_host_block_insn(block->host, i + 1), osi_after_acknowledge, regs,
                               osi_irq_insn_place(session, block, i + 1, insn));
            return;
        }
        break;
    case OSI_INSN_IRQ_EOI:
        fn = osi_at_end;
        break;
    case OSI_INSN_TIMER_RELATIVE:
        fn = osi_at_relative;
        if (i + 1 < block->n) {
            osi_host_insn_call(osi_host_block_insn(block->host, i + 1), osi_after_relative, regs,
                               osi_irq_insn_place(session, block, i + 1, insn));
            return;
        }
        break;
    case OSI_INSN_TIMER_DEADLINE:
    case OSI_INSN_TIMER_CONTROL:
        fn = osi_at_timer;
        break;
    case OSI_INSN_SET_VECTORS:
        if (osi_host_facts(session->host)->has_discontinuity) {
            return;
        }
        fn = osi_at_vectors;
        break;
    default:
        return;
    }
    place = osi_irq_insn_place(session, block, i, insn);
    if (insn->reg == OSI_NO_REG && insn->kind != OSI_INSN_EXCEPTION_RETURN && !place->helper) {
        regs = OSI_HOST_NO_REGS; /* it is all in the instruction */
    }
    osi_host_insn_call(host, fn, regs, place);
}

static void attach_vector(struct osi_session *session, struct osi_block *block)
{
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    unsigned n = (unsigned)(block->address & (is->table - 1)) / is->entry;

    if (block->address & (is->entry - 1) ||
        !osi_irq_is_table(session->irq_places, block->address & ~(uint64_t)(is->table - 1))) {
        return;
    }
    osi_host_block_call(block->host, osi_at_vector, OSI_HOST_READ_REGS, osi_irq_place(session, &(struct osi_irq_place){
        .session = session, .address = block->address,
        .remaining = osi_insn_remaining(block, 0), .label = session->irq_places->vectors[n],
        .vector = &is->vectors[n],
    }));
}

void osi_instrument_irq(struct osi_session *session, struct osi_block *block,
                        const struct osi_decoded *before)
{
    struct osi_host_insn *last = osi_host_block_insn(block->host, block->n - 1);

    if (!osi_host_facts(session->host)->has_discontinuity) {
        attach_vector(session, block);
    }
    if (!is_wanted(session, before->kind)) {
        /* nothing that began before */
    } else if (before->kind == OSI_INSN_WAIT_INTERRUPT) {
        osi_host_block_call(block->host, osi_after_wait, OSI_HOST_READ_REGS,
                            osi_irq_insn_place(session, block, 0, before));
    } else if (before->kind == OSI_INSN_IRQ_ACK) {
        osi_host_block_call(block->host, osi_collect_acknowledge, OSI_HOST_READ_REGS,
                            osi_irq_insn_place(session, block, 0, before));
    } else if (before->kind == OSI_INSN_TIMER_RELATIVE) {
        osi_host_block_call(block->host, osi_collect_relative, OSI_HOST_READ_REGS,
                            osi_irq_insn_place(session, block, 0, before));
    }
    for (size_t i = 0; i < block->n; i++) {
        attach_insn(session, block, i);
    }
    if (((session->tool->events & OSI_IRQ_EVENTS) || follows_flow(session)) &&
        session->arch->accesses_memory(block->bytes + block->at[block->n - 1],
                                       osi_block_insn_size(block, block->n - 1))) {
        osi_host_insn_observe(last, true, true, osi_at_access, OSI_HOST_READ_REGS, session);
    }
}
