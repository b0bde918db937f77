/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls, returns and jumps between functions, at the price of a store at each of them and a test at
 * the start of each block.
 *
 * The instruction that ends a block with a call stores its block's number into a cell of the vCPU; the
 * block that it leads to sees that the cell is not 0, clears it and reports. So the target of an
 * indirect call is known without reading a register. An exception between the two takes the number
 * out, and puts it back when it returns.
 */
#include "host/host.h"
#include "session/block-internal.h"
#include "session/flow.h"

static uint64_t *cells_of(const struct osi_session *session, unsigned index)
{
    return osi_host_cells_of(session->insns, index);
}

static void deliver(struct osi_session *session, const struct osi_flow *flow)
{
    session->tool->flow(session, flow);
}

/* ---- at run time ---- */
static enum osi_flow_kind kind_of(const struct osi_code *from)
{
    switch (from->last.kind) {
    case OSI_INSN_CALL:
    case OSI_INSN_CALL_INDIRECT:
        return OSI_FLOW_CALL;
    case OSI_INSN_RETURN:
        return OSI_FLOW_RETURN;
    case OSI_INSN_SYSCALL:
        return OSI_FLOW_RESUME;
    default:
        return OSI_FLOW_JUMP;
    }
}

/* The instruction that enters the kernel is a jump there (x86's SYSCALL): no exception tells. */
static void entered_by_jump(struct osi_session *session, struct osi_flow *flow)
{
    flow->kind = OSI_FLOW_ENTER;
    flow->pc = osi_code_end(flow->from);
    flow->user = true;
    flow->exception = OSI_EXCEPTION_SYSCALL;
    deliver(session, flow);
}

static void arrived(struct osi_session *session, unsigned index, const struct osi_code *to,
                    uint64_t *cells)
{
    const struct osi_code *from = osi_code(session, (uint32_t)cells[OSI_CELL_ARRIVING]);
    uint32_t ahead = osi_host_facts(session->host)->adds_late ? 0 : to->n;
    struct osi_flow flow = {
        .kind = from ? kind_of(from) : OSI_FLOW_JUMP,
        .vcpu = index, .insns = cells[OSI_CELL_INSNS] - ahead, .from = from, .to = to,
    };

    cells[OSI_CELL_ARRIVING] = 0;
    if (flow.kind != OSI_FLOW_RESUME) {
        deliver(session, &flow);
    } else if (osi_host_facts(session->host)->system) {
        entered_by_jump(session, &flow);
    } else if (to->entry) { /* a signal came with the system call's return */
        flow.kind = OSI_FLOW_JUMP;
        flow.from = NULL;
        deliver(session, &flow);
    } else if (to->address != osi_code_end(from)) {
        deliver(session, &flow);
    }
}

static void at_entry(unsigned index, void *data)
{
    const struct osi_code *to = data;
    struct osi_vcpu *vcpu = osi_vcpu(to->session, index);

    if (vcpu && osi_enter(vcpu)) {
        arrived(to->session, index, to, cells_of(to->session, index));
        osi_leave(vcpu);
    }
}

/* Only an old QEMU calls this although nothing arrives. */
static void at_block(unsigned index, void *data)
{
    const struct osi_code *to = data;

    if (cells_of(to->session, index)[OSI_CELL_ARRIVING]) {
        at_entry(index, data);
    }
}

static void at_return(unsigned index, void *data)
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
    cells_of(session, index)[OSI_CELL_ARRIVING] = 0;
}

void osi_flow_entered(struct osi_session *session, unsigned index, const struct osi_flow *what)
{
    uint64_t *cells = cells_of(session, index);
    const struct osi_code *from = osi_code(session, (uint32_t)cells[OSI_CELL_ARRIVING]);
    struct osi_flow flow = *what;

    flow.kind = OSI_FLOW_ENTER;
    flow.vcpu = index;
    flow.insns = osi_insns(session, index);
    /* An instruction that faulted will be executed again, and store again. */
    flow.arriving = from && from->last_address != what->pc ? from->id : 0;
    cells[OSI_CELL_ARRIVING] = 0;
    deliver(session, &flow);
}

void osi_flow_acked(struct osi_session *session, unsigned index, uint32_t hwirq)
{
    struct osi_flow flow = { .kind = OSI_FLOW_ACK, .vcpu = index, .hwirq = hwirq,
                             .insns = osi_insns(session, index) };

    deliver(session, &flow);
}

/* The instruction that returns still belongs to the exception. */
void osi_flow_left(struct osi_session *session, unsigned index, uint64_t pc)
{
    struct osi_flow flow = { .kind = OSI_FLOW_LEAVE, .vcpu = index, .pc = pc,
                             .insns = osi_insns(session, index) + 1 };

    deliver(session, &flow);
}

void osi_flow_discontinuity(struct osi_session *session, unsigned index, int kind, uint64_t from)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    struct osi_flow what = { .irq = kind == OSI_HOST_INTERRUPT, .pc = from,
                             .user = !session->arch->is_kernel(from),
                             .exception = OSI_EXCEPTION_OTHER };

    if (vcpu && osi_enter(vcpu)) {
        vcpu->remaining = OSI_BEFORE_NEXT;
        osi_flow_entered(session, index, &what);
        osi_leave(vcpu);
    }
}

/* ---- at translation ---- */
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

void osi_instrument_flow(struct osi_session *session, struct osi_block *block)
{
    struct osi_host_insn *last = osi_host_block_insn(block->host, block->n - 1);
    const struct osi_code *code = osi_block_code(block);

    if (!code || is_left_out(session, block->address)) {
        return;
    }
    if (code->entry && !osi_host_facts(session->host)->system) {
        /* Nothing visible leads to a signal's handler. */
        osi_host_block_call(block->host, at_entry, OSI_HOST_NO_REGS, (void *)code);
    } else {
        osi_block_call_unless(block, at_block, OSI_REGS_NONE, session->insns, OSI_CELL_ARRIVING, 0,
                              (void *)code);
    }
    if (stores(session, code)) {
        osi_host_insn_store(last, session->insns, OSI_CELL_ARRIVING, code->id);
    }
    if (code->last.kind == OSI_INSN_EXCEPTION_RETURN && !session->irq) {
        osi_host_insn_call(last, at_return, OSI_HOST_NO_REGS, (void *)code);
    }
}

/* ---- public ---- */
void osi_flow_resume(struct osi_session *session, unsigned index, uint32_t arriving)
{
    cells_of(session, index)[OSI_CELL_ARRIVING] = arriving;
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
    return session->insns ? cells_of(session, index)[OSI_CELL_INSNS] : 0;
}
