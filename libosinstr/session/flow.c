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

/* They stay where they are unless vCPUs come later. */
static inline uint64_t *cells_of(const struct osi_session *session, const struct osi_vcpu *vcpu)
{
    return vcpu->cells ? vcpu->cells : osi_host_cells_of(session->insns, vcpu->index);
}

/* What is needed of a block when control leaves or reaches it. Small and close together, because all
 * of a kernel's do not fit into a processor's cache. */
struct place {
    const struct osi_code *code; /* first: osi_flow_from() and its like find it there */
    uint64_t address;
    uint32_t function, called; /* called 0: not asked for yet */
    uint16_t size, ahead; /* ahead: of its instructions, those counted when it is reached */
    uint8_t kind; /* of the last instruction */
    bool entry;
};

/* What arrives is told by two more cells: not to look at the place of a call spares a cache miss. */
#define FROM_INFO(kind, function) ((uint64_t)(function) << 8 | (kind))
#define FROM_KIND(info) ((enum osi_insn_kind)((info) & 0xff))
#define FROM_FUNCTION(info) ((uint32_t)((info) >> 8))

#define CHUNK 65536u /* bytes; aligned to this, so that a place finds its chunk's head */

struct chunk {
    struct chunk *next;
    struct osi_session *session;
    size_t used;
    struct place places[];
};

#define CHUNK_PLACES ((CHUNK - sizeof(struct chunk)) / sizeof(struct place))

static inline struct osi_session *session_of(const struct place *place)
{
    return ((const struct chunk *)((uintptr_t)place & ~(uintptr_t)(CHUNK - 1)))->session;
}

static inline const struct place *arriving_from(const uint64_t *cells)
{
    return (const struct place *)(uintptr_t)cells[OSI_CELL_ARRIVING];
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
static inline enum osi_flow_kind kind_of(enum osi_insn_kind last)
{
    switch (last) {
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
static void entered_by_jump(struct osi_session *session, const struct osi_vcpu *vcpu,
                            struct osi_flow *flow)
{
    flow->kind = OSI_FLOW_ENTER;
    flow->pc = flow->from_end;
    flow->user = true;
    flow->exception = OSI_EXCEPTION_SYSCALL;
    flow->irq = false;
    flow->arriving = 0;
    deliver(session, vcpu, flow);
}

static uint32_t called(struct place *to)
{
    uint32_t number = __atomic_load_n(&to->called, __ATOMIC_RELAXED);

    if (!number) {
        number = osi_code_called(to->code);
        __atomic_store_n(&to->called, number, __ATOMIC_RELAXED);
    }
    return number;
}

static void arrived(struct osi_session *session, struct osi_vcpu *vcpu, struct place *to,
                    uint64_t *cells)
{
    const struct place *from = arriving_from(cells);
    struct osi_flow flow;

    flow.vcpu = vcpu->index;
    flow.insns = cells[OSI_CELL_INSNS] - to->ahead;
    flow.from = from ? &from->code : NULL;
    flow.to = &to->code;
    flow.last = from ? FROM_KIND(cells[OSI_CELL_FROM]) : OSI_INSN_OTHER;
    flow.kind = from ? kind_of(flow.last) : OSI_FLOW_JUMP;
    flow.from_function = from ? FROM_FUNCTION(cells[OSI_CELL_FROM]) : 0;
    flow.from_end = cells[OSI_CELL_FROM_END];
    flow.to_function = to->function;
    flow.to_called = called(to);
    flow.to_entry = to->entry;
    flow.to_address = to->address;
    cells[OSI_CELL_ARRIVING] = 0;
    if (flow.kind != OSI_FLOW_RESUME) {
        deliver(session, vcpu, &flow);
    } else if (osi_host_facts(session->host)->system) {
        entered_by_jump(session, vcpu, &flow);
    } else if (to->entry) { /* a signal came with the system call's return */
        flow.kind = OSI_FLOW_JUMP;
        flow.from = NULL;
        deliver(session, vcpu, &flow);
    } else if (to->address != flow.from_end) {
        deliver(session, vcpu, &flow);
    }
}

static void at_entry(unsigned index, void *data)
{
    struct osi_session *session = session_of(data);
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && osi_enter(vcpu)) {
        arrived(session, vcpu, data, cells_of(session, vcpu));
        osi_leave(vcpu);
    }
}

/* Only an old QEMU calls this although nothing arrives. */
static void at_block(unsigned index, void *data)
{
    struct osi_session *session = session_of(data);
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    uint64_t *cells = vcpu ? cells_of(session, vcpu) : NULL;

    if (cells && cells[OSI_CELL_ARRIVING] && osi_enter(vcpu)) {
        arrived(session, vcpu, data, cells);
        osi_leave(vcpu);
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
    cells_of(session, osi_vcpu(session, index))[OSI_CELL_ARRIVING] = 0;
}

void osi_flow_entered(struct osi_session *session, unsigned index, const struct osi_flow *what)
{
    const struct osi_vcpu *vcpu = osi_vcpu(session, index);
    const struct place *from;
    struct osi_flow flow = *what;
    uint64_t *cells;

    flow.kind = OSI_FLOW_ENTER;
    flow.vcpu = index;
    if (session->tool->needs & OSI_NEED_FLOW) {
        cells = cells_of(session, vcpu);
        from = arriving_from(cells);
        flow.insns = osi_insns(session, index);
        /* An instruction that faulted will be executed again, and store again. */
        flow.arriving = from && from->code->last_address != what->pc ? (uintptr_t)from : 0;
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

/* One for each code object. */
static struct place *place_of(struct osi_session *session, const struct osi_code *code)
{
    uint16_t ahead = osi_host_facts(session->host)->adds_late ? 0 : (uint16_t)code->n;
    struct chunk *chunk;
    struct place *place;

    g_mutex_lock(&session->lock);
    place = g_hash_table_lookup(session->places, code);
    if (!place) {
        chunk = session->place_chunks;
        if (!chunk || chunk->used == CHUNK_PLACES) {
            chunk = g_aligned_alloc0(1, CHUNK, CHUNK);
            chunk->next = session->place_chunks;
            chunk->session = session;
            session->place_chunks = chunk;
        }
        place = &chunk->places[chunk->used++];
        *place = (struct place){ code, code->address, code->function, code->called,
                                 (uint16_t)code->size, ahead,
                                 (uint8_t)code->last.kind, code->entry };
        g_hash_table_insert(session->places, (void *)code, place);
    }
    g_mutex_unlock(&session->lock);
    return place;
}

void osi_flow_free(struct osi_session *session)
{
    while (session->place_chunks) {
        struct chunk *chunk = session->place_chunks;

        session->place_chunks = chunk->next;
        g_aligned_free(chunk);
    }
    g_hash_table_destroy(session->places);
}

static void attach_stores(struct osi_session *session, struct osi_host_insn *last,
                          const struct place *place)
{
    osi_host_insn_store(last, session->insns, OSI_CELL_ARRIVING, (uint64_t)(uintptr_t)place);
    osi_host_insn_store(last, session->insns, OSI_CELL_FROM, FROM_INFO(place->kind, place->function));
    osi_host_insn_store(last, session->insns, OSI_CELL_FROM_END, place->address + place->size);
}

void osi_instrument_flow(struct osi_session *session, struct osi_block *block)
{
    struct osi_host_insn *last = osi_host_block_insn(block->host, block->n - 1);
    const struct osi_code *code = osi_block_code(block);
    struct place *place;

    if (!code || is_left_out(session, block->address)) {
        return;
    }
    place = place_of(session, code);
    if (code->entry && !osi_host_facts(session->host)->system) {
        /* Nothing visible leads to a signal's handler. */
        osi_host_block_call(block->host, at_entry, OSI_HOST_NO_REGS, place);
    } else {
        osi_block_call_unless(block, at_block, OSI_REGS_NONE, session->insns, OSI_CELL_ARRIVING, 0,
                              place);
    }
    if (stores(session, code)) {
        attach_stores(session, last, place);
    }
    if (code->last.kind == OSI_INSN_EXCEPTION_RETURN && !session->irq) {
        osi_host_insn_call(last, at_return, OSI_HOST_NO_REGS, (void *)code);
    }
}

/* ---- public ---- */
void osi_flow_resume(struct osi_session *session, unsigned index, uint64_t arriving)
{
    const struct place *from = (const struct place *)(uintptr_t)arriving;
    uint64_t *cells = cells_of(session, osi_vcpu(session, index));

    cells[OSI_CELL_ARRIVING] = arriving;
    if (from) {
        cells[OSI_CELL_FROM] = FROM_INFO(from->kind, from->function);
        cells[OSI_CELL_FROM_END] = from->address + from->size;
    }
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
