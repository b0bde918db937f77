/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At translation: a store at each call, return and jump to another function, and a test at the start of
 * each block that one can lead to. flow.c is what runs there. */
#include "host/host.h"
#include "session/block-internal.h"
#include "session/flow-word.h"
#include "session/flow.h"

static bool is_other_function(struct osi_session *session, uint64_t address, uint32_t function)
{
    uint64_t offset;
    uint32_t other = osi_function_find(session, address, &offset);

    return other && (other != function || offset == 0);
}

/* Can the end of this block lead to another function, or to a function's start? */
static bool leaves_function(struct osi_session *session, const struct osi_code *code)
{
    uint32_t function = osi_function_at(session, code->last_address);
    const struct osi_decoded *last = &code->last;

    return (last->has_target &&
            is_other_function(session, code->last_address + (uint64_t)last->displacement,
                              function)) ||
           (last->kind != OSI_INSN_JUMP &&
            is_other_function(session, osi_code_end(code), function));
}

static bool stores(struct osi_session *session, const struct osi_code *code)
{
    switch (code->last.kind) {
    case OSI_INSN_CALL:
    case OSI_INSN_CALL_INDIRECT:
    case OSI_INSN_RETURN:
    case OSI_INSN_JUMP_INDIRECT:
        return true;
    case OSI_INSN_SYSCALL:
        return !osi_host_facts(session->host)->system || session->arch->syscall_jumps;
    case OSI_INSN_EXCEPTION_RETURN:
    case OSI_INSN_TRAP:
        return false;
    default:
        return leaves_function(session, code);
    }
}

static bool is_left_out(const struct osi_session *session, uint64_t address)
{
    return session->flow_kernel_only && osi_kernel_known(session) &&
           !session->arch->is_kernel(address);
}

static void attach_store(struct osi_session *session, struct osi_host_insn *last,
                          const struct osi_code *code)
{
    osi_host_insn_store(last, session->insns, OSI_CELL_ARRIVING,
                        word_of(code) | (uint64_t)code->last.kind << 12 | (osi_code_end(code) & PAGE_BITS));
}

static void *arrival(const struct osi_session *session, const struct osi_code *code)
{
    unsigned ahead = osi_host_facts(session->host)->adds_late ? 0 : code->n;
    uint64_t word = word_of(code) | (code->address & PAGE_BITS) | (uint64_t)ahead << 12 |
                    (code->entry ? ENTRY : 0) | (uint64_t)session->flow_slot << 23;

    return (void *)(uintptr_t)word;
}

static bool leads_on(enum osi_insn_kind kind)
{
    return kind != OSI_INSN_CALL && kind != OSI_INSN_CALL_INDIRECT && kind != OSI_INSN_JUMP &&
           kind != OSI_INSN_JUMP_INDIRECT && kind != OSI_INSN_RETURN && kind != OSI_INSN_TRAP &&
           kind != OSI_INSN_EXCEPTION_RETURN;
}

/* Does code of another function lead to this block? Most blocks are only reached from within their
 * function, and the test costs each time that they run. Where instructions can be read backwards, it is left out of
 * blocks of a kernel's user code behind a conditional branch, and, where all code has symbols, behind any instruction that
 * leads on to them if they are not their function's first. (Without symbols, what stands behind padding may be a
 * function.) What jumps into the middle of a function all the same is corrected when control leaves this. */
static bool can_be_arrived_at(struct osi_session *session, struct osi_block *block,
                              const struct osi_code *code)
{
    const struct osi_decoded *before;

    if (!osi_host_facts(session->host)->system || code->entry) {
        return true;
    }
    before = osi_block_before(block);
    if (!before) {
        return true;
    }
    if (!code->function) {
        return !osi_is_user_code(session, code->address) || before->kind != OSI_INSN_BRANCH;
    }
    return !leads_on(before->kind);
}

void osi_instrument_flow(struct osi_session *session, struct osi_block *block)
{
    struct osi_host_insn *last = osi_host_block_insn(block->host, block->n - 1);
    const struct osi_code *code = osi_block_code(block);

    if (!code || is_left_out(session, block->address)) {
        return;
    }
    if (code->entry && !osi_host_facts(session->host)->system) {
        osi_host_block_call(block->host, osi_flow_at_entry, OSI_HOST_NO_REGS, arrival(session, code));
    } else if (can_be_arrived_at(session, block, code)) {
        osi_block_call_unless(block, osi_flow_at_arrival, OSI_REGS_NONE, session->insns, OSI_CELL_ARRIVING, 0,
                              arrival(session, code));
    }
    if (stores(session, code)) {
        attach_store(session, last, code);
    }
    if (code->last.kind == OSI_INSN_EXCEPTION_RETURN && !session->irq) {
        osi_host_insn_call(last, osi_flow_at_return, OSI_HOST_NO_REGS, (void *)code);
    }
}
