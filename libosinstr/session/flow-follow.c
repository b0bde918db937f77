/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns that a stack follows at once, without the tool's flow hook: nearly all of a kernel's. */
#include "aggregate/calls-plain.h"
#include "session/flow-internal.h"
#include "session/flow.h"

/* What a stack takes at once. A function whose number does not fit into a word is no such thing. */
OSI_PART bool follow_return(struct osi_calls *calls, uint64_t insns, uint64_t from, uint64_t to)
{
    return osi_calls_plain_return(calls, insns, FUNCTION(from), to & PAGE_BITS);
}

OSI_PART bool follow_call(const struct osi_vcpu *vcpu, struct osi_calls *calls, uint64_t insns, uint64_t from,
                          uint64_t to, bool find)
{
    uint32_t function = FUNCTION(to);

    if (function - 1 >= FUNCTION_FAR - 1) {
        function = __atomic_load_n(&vcpu->called[CODE_ID(to)], __ATOMIC_RELAXED);
    }
    return function && osi_calls_plain_call(calls, insns, FUNCTION(from), function, place_of(from), find);
}

static bool follow(const struct osi_vcpu *vcpu, struct osi_calls *calls, uint64_t from, uint64_t to)
{
    uint64_t insns = vcpu->cells[OSI_CELL_INSNS] - AHEAD(to);

    if (FUNCTION(from) == FUNCTION_FAR) {
        return false;
    }
    switch (KIND(from)) {
    case OSI_INSN_RETURN:
        return follow_return(calls, insns, from, to);
    case OSI_INSN_CALL:
    case OSI_INSN_CALL_INDIRECT:
        return follow_call(vcpu, calls, insns, from, to, true);
    default:
        return false;
    }
}

/* The vCPU's flag, as osi_enter() sets it; that the session ended is told by the stack that is gone. */
OSI_PART struct osi_calls *enter_calls(struct osi_vcpu *vcpu)
{
    atomic_store_explicit(&vcpu->busy, true, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return atomic_load_explicit(&vcpu->follow, memory_order_relaxed);
}

/* What is not as plain as nearly all of them: the child is looked for, then the tool is told. */
static __attribute__((noinline)) void look_further(struct osi_vcpu *vcpu, uint64_t to)
{
    struct osi_calls *calls = enter_calls(vcpu);
    uint64_t from = calls ? vcpu->cells[OSI_CELL_ARRIVING] : 0;
    bool done = from && follow(vcpu, calls, from, to);

    if (done) {
        vcpu->cells[OSI_CELL_ARRIVING] = 0;
    }
    osi_leave(vcpu);
    if (!done) {
        osi_flow_at_block(vcpu->index, to, false);
    }
}

/* Apart, as it needs registers that would have to be saved for returns, too. The vCPU's flag is set. */
OSI_HOT __attribute__((noinline)) static void at_call(struct osi_vcpu *vcpu, struct osi_calls *calls, uint64_t from,
                                                      uint64_t to)
{
    uint64_t *cells = vcpu->cells;
    bool done = follow_call(vcpu, calls, cells[OSI_CELL_INSNS] - AHEAD(to), from, to, false);

    if (done) {
        cells[OSI_CELL_ARRIVING] = 0;
    }
    osi_leave(vcpu);
    if (!done) {
        look_further(vcpu, to);
    }
}

/* Runs at each call and return; QEMU 9.0 calls it always, for nothing mostly. */
OSI_HOT void osi_flow_at_arrival(unsigned index, void *data)
{
    uint64_t to = (uintptr_t)data, *cells, from;
    struct osi_vcpu *vcpu = osi_flow_vcpu(to, index);
    struct osi_calls *calls = vcpu ? enter_calls(vcpu) : NULL;

    if (__builtin_expect(!calls, false)) {
        if (vcpu) {
            osi_leave(vcpu);
            osi_flow_at_block(index, to, false);
        }
        return;
    }
    cells = vcpu->cells;
    from = cells[OSI_CELL_ARRIVING];
    if (__builtin_expect(from && FUNCTION(from) != FUNCTION_FAR, true)) {
        if (KIND(from) == OSI_INSN_CALL || KIND(from) == OSI_INSN_CALL_INDIRECT) {
            at_call(vcpu, calls, from, to);
            return;
        }
        if (KIND(from) == OSI_INSN_RETURN && follow_return(calls, cells[OSI_CELL_INSNS] - AHEAD(to), from, to)) {
            cells[OSI_CELL_ARRIVING] = 0;
            osi_leave(vcpu);
            return;
        }
    }
    osi_leave(vcpu);
    look_further(vcpu, to);
}

/* A window can be opened and closed by another vCPU, which the stack does not know. */
void osi_flow_follow(struct osi_session *session, unsigned index, struct osi_calls *calls)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    bool can = vcpu->cells && session->rare_barrier && !session->window.from && !session->window.to;

    atomic_store(&vcpu->follow, can ? calls : NULL);
    if (atomic_load(&session->ended)) { /* which took it away before: see osi_end_events() */
        atomic_store(&vcpu->follow, NULL);
    }
}
