/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls, returns and jumps between functions, as they happen.
 *
 * The instruction that ends a block with a call stores a word about its block into a cell of the vCPU; the
 * block that it leads to sees that the cell is not 0, clears it and reports. So the target of an
 * indirect call is known without reading a register. An exception between the two takes the word
 * out, and puts it back when it returns. instrument-flow.c attaches both; flow-follow.c has what runs at most arrivals.
 */
#include <errno.h>

#include "host/host.h"
#include "session/block-internal.h"
#include "session/flow-internal.h"
#include "session/flow.h"

/* They stay where they are unless vCPUs come later. */
static inline uint64_t *cells_of(const struct osi_session *session, const struct osi_vcpu *vcpu)
{
    return vcpu->cells ? vcpu->cells : osi_host_cells_of(session->insns, vcpu->index);
}

/* A process can hold several plugins, each with its session. */
static _Atomic(struct osi_session *) slots[SLOTS];
_Atomic(struct osi_vcpu *) osi_flow_vcpus[SLOTS][OSI_MAX_VCPUS];

static inline uint32_t function_of(const struct osi_session *session, uint64_t word)
{
    return FUNCTION(word) == FUNCTION_FAR ? osi_code(session, CODE_ID(word))->function
                                          : FUNCTION(word);
}

/* It is named by its address if no symbol tells it. A table of these alone is small enough for a processor's cache. */
static uint32_t called(const struct osi_vcpu *vcpu, uint64_t word)
{
    uint32_t function = FUNCTION(word);

    if (function - 1 >= FUNCTION_FAR - 1) {
        function = osi_code_called(osi_code(vcpu->session, CODE_ID(word)));
        __atomic_store_n(&vcpu->called[CODE_ID(word)], function, __ATOMIC_RELAXED);
    }
    return function;
}

static inline void deliver(struct osi_session *session, const struct osi_vcpu *vcpu,
                           struct osi_flow *flow)
{
    flow->context = vcpu->context;
    flow->counting = flow->context->wanted &&
                     atomic_load_explicit(&session->window.open, memory_order_relaxed);
    session->tool->flow(session, flow);
}

/* ---- at run time ---- */
/* The instruction that enters the kernel is a jump there (x86's SYSCALL): no exception tells. */
static void entered_by_jump(struct osi_session *session, const struct osi_vcpu *vcpu,
                            struct osi_flow *flow)
{
    flow->kind = OSI_FLOW_ENTER;
    flow->pc = osi_code_end(osi_code(session, flow->from));
    flow->user = true;
    flow->exception = OSI_EXCEPTION_SYSCALL;
    flow->irq = flow->fetch = false;
    flow->arriving = 0;
    deliver(session, vcpu, flow);
}

/* Not by a call or a return. */
static __attribute__((noinline)) void jumped(struct osi_session *session, struct osi_vcpu *vcpu,
                                             struct osi_flow *flow, uint64_t from, uint64_t to)
{
    flow->last = KIND(from);
    flow->kind = flow->last == OSI_INSN_SYSCALL ? OSI_FLOW_RESUME : OSI_FLOW_JUMP;
    flow->to_function = function_of(session, to);
    flow->to_called = called(vcpu, to);
    flow->to_entry = to & ENTRY;
    if (flow->kind == OSI_FLOW_JUMP) {
        deliver(session, vcpu, flow);
    } else if (osi_host_facts(session->host)->system) {
        entered_by_jump(session, vcpu, flow);
    } else if (flow->to_entry) { /* a signal came with the system call's return */
        flow->kind = OSI_FLOW_JUMP;
        flow->from = 0;
        deliver(session, vcpu, flow);
    } else if (osi_code(session, flow->to)->address !=
               osi_code_end(osi_code(session, flow->from))) {
        deliver(session, vcpu, flow);
    }
}

static void arrived(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t to, uint64_t *cells)
{
    uint64_t from = cells[OSI_CELL_ARRIVING];
    struct osi_flow flow = {
        .vcpu = vcpu->index, .insns = cells[OSI_CELL_INSNS] - AHEAD(to),
        .from = CODE_ID(from), .to = CODE_ID(to), .from_function = function_of(session, from),
    };

    cells[OSI_CELL_ARRIVING] = 0;
    switch (KIND(from)) {
    case OSI_INSN_RETURN:
        flow.kind = OSI_FLOW_RETURN;
        flow.to_offset = to & PAGE_BITS;
        deliver(session, vcpu, &flow);
        break;
    case OSI_INSN_CALL:
    case OSI_INSN_CALL_INDIRECT:
        flow.kind = OSI_FLOW_CALL;
        flow.to_called = called(vcpu, to);
        flow.place = place_of(from);
        deliver(session, vcpu, &flow);
        break;
    default:
        jumped(session, vcpu, &flow, from, to);
    }
}

/* An old QEMU calls this although nothing arrives; and at a function's start in a user program it is
 * called always, for nothing visible leads to a signal's handler. */
void osi_flow_at_block(unsigned index, uint64_t to, bool always)
{
    struct osi_vcpu *vcpu = osi_flow_vcpu(to, index);
    uint64_t *cells = vcpu ? cells_of(vcpu->session, vcpu) : NULL;

    if (cells && (always || cells[OSI_CELL_ARRIVING]) && osi_enter(vcpu)) {
        arrived(vcpu->session, vcpu, to, cells);
        osi_leave(vcpu);
    }
}

void osi_flow_at_entry(unsigned index, void *data)
{
    osi_flow_at_block(index, (uintptr_t)data, true);
}

void osi_flow_at_return(unsigned index, void *data)
{
    const struct osi_code *code = data;
    struct osi_vcpu *vcpu = osi_vcpu(code->session, index);

    if (vcpu && osi_enter(vcpu)) {
        vcpu->remaining = 1;
        osi_flow_left(code->session, index, OSI_FLOW_UNKNOWN);
        osi_leave(vcpu);
    }
}

void osi_flow_start(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    cells_of(session, vcpu)[OSI_CELL_ARRIVING] = 0;
    vcpu->called = session->called;
    atomic_store(&osi_flow_vcpus[session->flow_slot][index], vcpu);
}

void osi_flow_entered(struct osi_session *session, unsigned index, const struct osi_flow *what)
{
    const struct osi_vcpu *vcpu = osi_vcpu(session, index);
    struct osi_flow flow = *what;
    uint64_t *cells, from;

    flow.kind = OSI_FLOW_ENTER;
    flow.vcpu = index;
    if (session->tool->needs & OSI_NEED_FLOW) {
        cells = cells_of(session, vcpu);
        from = cells[OSI_CELL_ARRIVING];
        flow.insns = osi_insns(session, index);
        /* An instruction that faulted will be executed again, and store again. */
        flow.arriving =
            from && osi_code(session, CODE_ID(from))->last_address != what->pc ? from : 0;
        cells[OSI_CELL_ARRIVING] = 0;
    }
    deliver(session, vcpu, &flow);
}

void osi_flow_acked(struct osi_session *session, unsigned index, uint32_t hwirq)
{
    struct osi_flow flow = { .kind = OSI_FLOW_ACK, .vcpu = index, .hwirq = hwirq,
                             .insns = osi_insns(session, index) };

    deliver(session, osi_vcpu(session, index), &flow);
}

/* The instruction that returns still belongs to the exception. */
void osi_flow_left(struct osi_session *session, unsigned index, uint64_t pc)
{
    struct osi_flow flow = { .kind = OSI_FLOW_LEAVE, .vcpu = index, .pc = pc,
                             .insns = osi_insns(session, index) + 1 };

    deliver(session, osi_vcpu(session, index), &flow);
}

/* On x86 QEMU tells of an exception before control goes to its handler, so from where it is to the same
 * place, and right behind that of an interrupt that leads to the handler. */
static bool is_told_again(struct osi_vcpu *vcpu, int kind, uint64_t from, uint64_t to)
{
    bool again = vcpu->told && kind == OSI_HOST_INTERRUPT && vcpu->told_from == from;

    vcpu->told = kind == OSI_HOST_EXCEPTION && from == to;
    vcpu->told_from = from;
    return again;
}

void osi_flow_discontinuity(struct osi_session *session, unsigned index, int kind, uint64_t from,
                            uint64_t to)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    struct osi_flow what = { .irq = kind == OSI_HOST_INTERRUPT, .pc = from,
                             .user = !session->arch->is_kernel(from),
                             .exception = OSI_EXCEPTION_OTHER };

    if (vcpu && !is_told_again(vcpu, kind, from, to) && osi_enter(vcpu)) {
        vcpu->remaining = OSI_BEFORE_NEXT;
        osi_flow_entered(session, index, &what);
        osi_leave(vcpu);
    }
}

/* ---- life ---- */
int osi_flow_init(struct osi_session *session, struct osi_error *err)
{
    struct osi_session *none;

    for (unsigned i = 0; i < SLOTS; i++) {
        none = NULL;
        if (atomic_compare_exchange_strong(&slots[i], &none, session)) {
            session->flow_slot = i;
            /* Memory for what is used of it only, since it is so large. */
            session->called = g_new0(uint32_t, OSI_MAX_CODES + 1);
            return 0;
        }
    }
    return osi_fail(err, -EBUSY, "%u plugins that follow calls are loaded already", SLOTS);
}

void osi_flow_free(struct osi_session *session)
{
    if (atomic_load(&slots[session->flow_slot]) == session) {
        for (unsigned i = 0; i < OSI_MAX_VCPUS; i++) {
            atomic_store_explicit(&osi_flow_vcpus[session->flow_slot][i], NULL, memory_order_relaxed);
        }
        atomic_store(&slots[session->flow_slot], NULL);
    }
    g_free(session->called);
}

/* ---- public ---- */
void osi_flow_resume(struct osi_session *session, unsigned index, uint64_t arriving)
{
    uint64_t *cells = cells_of(session, osi_vcpu(session, index));

    cells[OSI_CELL_ARRIVING] = arriving;
}

const struct osi_code *osi_flow_arriving(const struct osi_session *session,
                                         const struct osi_flow *flow)
{
    return osi_code(session, CODE_ID(flow->arriving));
}

uint64_t osi_flow_address(void *session, uint64_t place)
{
    return osi_code_end(osi_code(session, (uint32_t)(place >> 12)));
}

void osi_flow_kernel_only(struct osi_session *session)
{
    session->flow_kernel_only = true;
}

uint64_t osi_insns(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return osi_insn_count(session, vcpu, vcpu->remaining) - 1;
}

uint64_t osi_insns_total(const struct osi_session *session, unsigned index)
{
    return session->insns ? osi_host_cells_of(session->insns, index)[OSI_CELL_INSNS] : 0;
}
