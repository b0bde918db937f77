/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls a tool when it is time, without looking at a clock at each block.
 *
 * Blocks count in cells of the vCPU (pace.c), and some are tested whether that is enough: with a clock that counts
 * instructions each block, otherwise only those that can begin a loop once more, which makes ten to twenty calls of
 * 100 ns for each time asked for. Blocks that are counted together anyhow are tested for that count, the others count
 * for the test only. A tool that is called often enough anyhow can look itself, and no block is tested. */
#include "host/host.h"
#include "session/block-internal.h"
#include "session/ticks.h"

/* Instructions in which a guest that has waited looks at its counter; if not, the time is estimated. */
#define PATIENCE (1u << 20)

static bool counts_instructions(const struct osi_session *session)
{
    return osi_clock_counts(&session->clock);
}

/* Does the tool say when to look? */
static bool is_asked(const struct osi_session *session)
{
    return (session->tool->needs & OSI_NEED_OWN_TICKS) && !counts_instructions(session);
}

/* ---- what time it is ---- */
/* At `count` instructions. False: nobody knows yet. */
static bool time_at(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t count, uint64_t *time)
{
    uint64_t host = osi_clock_host(&session->clock), start = 0;
    bool exact;

    *time = osi_clock_at(&session->clock, &vcpu->clock, count, host, &exact);
    if (session->clock.kind == OSI_CLOCK_HOST ||
        (!exact && !session->clock.icount && session->clock.kind == OSI_CLOCK_GUEST)) {
        /* Also until the guest first looks at its counter. It starts when its first block does: vCPUs
         * exist before. */
        if (atomic_compare_exchange_strong(&session->start_time, &start, host)) {
            start = host;
        }
        *time = host > start ? host - start : 0;
        exact = true;
    } else if (session->clock.icount && !vcpu->clock.unsure) {
        exact = true; /* it began at 0 */
    }
    vcpu->ticks.behind = *time < vcpu->ticks.last;
    *time = MAX(*time, vcpu->ticks.last);
    return exact;
}

/* ---- when to look next ---- */
static void look_soon(struct osi_session *session, struct osi_vcpu *vcpu)
{
    osi_pace_note(session, vcpu);
    osi_pace_set(session, vcpu, 0);
    if (is_asked(session) && session->tool->hurry) {
        session->tool->hurry(session, vcpu->index);
    }
}

static void ask(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t time)
{
    struct osi_ticks *ticks = &vcpu->ticks;

    ticks->asked_time = time;
    ticks->asked_bias = vcpu->clock.bias_low;
    osi_pace_ask(session, vcpu, ticks->next > time ? ticks->next - time : 0);
}

/* ---- calls ---- */
/* The vCPU waits no longer, it was `time` after `count` instructions. What it executed since it woke is not
 * part of the wait. */
static void end_wait(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t time, uint64_t count)
{
    struct osi_ticks *ticks = &vcpu->ticks;
    struct osi_moment woke = { .count = ticks->idle_count }, now = { .count = count };
    uint64_t since = osi_pace_is_exact(session) ? osi_clock_between(&session->clock, &woke, &now) : 0;

    if (ticks->waiting && session->tool->idle && time > ticks->idle_from + since) {
        session->tool->idle(session, vcpu->index, ticks->idle_from, time - since);
    }
    ticks->waiting = false;
    ticks->unknown = false;
}

/* A block begins, `count` instructions after the vCPU's first. */
static void look(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t count)
{
    struct osi_ticks *ticks = &vcpu->ticks;
    bool unknown = ticks->unknown, known;
    uint64_t time;

    osi_pace_note(session, vcpu);
    known = time_at(session, vcpu, count, &time);
    if (!known && !unknown && !ticks->gave_up) {
        ticks->unknown = true;
        session->tool->tick(session, vcpu->index, OSI_NONE);
        osi_pace_set(session, vcpu, PATIENCE);
        return;
    }
    ticks->gave_up = !known;
    if (!osi_pace_is_exact(session) && !ticks->gap && time > ticks->asked_time) {
        osi_pace_learn(vcpu, time - ticks->asked_time);
    }
    ticks->gap = ticks->behind;
    end_wait(session, vcpu, time, count);
    ticks->last = time;
    if (time >= ticks->next || unknown) {
        ticks->next = session->tool->tick(session, vcpu->index, time);
    }
    ask(session, vcpu, time);
}

/* The first instruction is the next one. */
static uint64_t count_before(const struct osi_session *session, const struct osi_vcpu *vcpu,
                             unsigned remaining)
{
    return counts_instructions(session) ? osi_insn_count(session, vcpu, remaining) - 1 : 0;
}

static void at_limit(unsigned index, void *data)
{
    const struct osi_site *site = data;
    struct osi_vcpu *vcpu = osi_vcpu(site->session, index);

    /* QEMU 9.0 doesn't test. */
    if (vcpu && osi_pace_is_due(site->session, vcpu) && osi_enter(vcpu)) {
        vcpu->remaining = site->remaining;
        look(site->session, vcpu, count_before(site->session, vcpu, site->remaining));
        osi_leave(vcpu);
    }
}

/* The vCPU may stop here for a time, so what fits into the rest of the time asked for is not known. */
static void at_gap(unsigned index, void *data)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && osi_enter(vcpu)) {
        look_soon(session, vcpu);
        vcpu->ticks.gap = true;
        osi_leave(vcpu);
    }
}

static void at_wait(unsigned index, void *data)
{
    const struct osi_site *site = data;
    struct osi_session *session = site->session;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    uint64_t time;

    if (vcpu && osi_enter(vcpu)) {
        if (!vcpu->ticks.waiting) {
            vcpu->ticks.idle_count = osi_insn_count(session, vcpu, site->remaining);
            time_at(session, vcpu, vcpu->ticks.idle_count, &time);
            vcpu->ticks.idle_from = time;
            vcpu->ticks.waiting = vcpu->ticks.gap = true;
        }
        look_soon(session, vcpu);
        osi_leave(vcpu);
    }
}

/* A counter tick takes several instructions, so a look can also make the time of one more exact. */
void osi_ticks_clock_read(struct osi_session *session, struct osi_vcpu *vcpu)
{
    vcpu->ticks.gave_up = false;
    if (session->tool->tick &&
        (vcpu->ticks.unknown || vcpu->clock.bias_low != vcpu->ticks.asked_bias)) {
        look_soon(session, vcpu);
    }
}

/* ---- at translation ---- */
/* Whatever runs for long gets to such a block again and again. Linux's own code needs no calls for that: its stack is too
 * small for a recursion to last. */
static bool can_begin_a_loop(const struct osi_session *session, const struct osi_block *block)
{
    const struct osi_decoded *last = &block->decoded[block->n - 1];
    bool in_linux = osi_kernel_known(session) && session->arch->is_kernel(block->address);

    switch (last->kind) {
    case OSI_INSN_CALL:
        return !in_linux && last->displacement <= 0;
    case OSI_INSN_CALL_INDIRECT:
        return !in_linux;
    case OSI_INSN_JUMP_INDIRECT:
    case OSI_INSN_EXCEPTION_RETURN:
    case OSI_INSN_WAIT_EVENT:
        return true;
    default:
        return last->has_target && last->displacement <= 0;
    }
}

static void attach_waits(struct osi_session *session, struct osi_block *block)
{
    enum osi_insn_kind gap = osi_host_facts(session->host)->system ? OSI_INSN_HYPERCALL
                                                                   : OSI_INSN_SYSCALL;

    for (size_t i = 0; i < block->n; i++) {
        if (block->decoded[i].kind == gap && !counts_instructions(session)) {
            osi_insn_call(block, i, at_gap, OSI_REGS_NONE, session);
        }
        if (block->decoded[i].kind == OSI_INSN_WAIT_INTERRUPT) {
            osi_insn_call(block, i, at_wait, OSI_REGS_NONE,
                          osi_site(session, OSI_NO_REG, osi_insn_remaining(block, i)));
        }
    }
}

static void attach_test(struct osi_session *session, struct osi_block *block)
{
    unsigned remaining = osi_host_facts(session->host)->adds_late ? OSI_BEFORE_NEXT
                                                                  : osi_insn_remaining(block, 0);
    enum osi_pace_cell cell = osi_pace_cell_of(session, block->counted);

    osi_block_call_at_least(block, at_limit, OSI_REGS_NONE, session->ticks, cell, OSI_PACE_LIMIT,
                            osi_site(session, OSI_NO_REG, remaining));
    if (cell == OSI_PACE_BLOCKS) {
        osi_block_add(block, session->ticks, cell, counts_instructions(session) ? block->n : 1);
    }
}

void osi_instrument_ticks(struct osi_session *session, struct osi_block *block)
{
    bool each = counts_instructions(session) || !session->arch;

    block->counted = (session->tool->needs & OSI_NEED_COUNT_ALL) ||
                     ((session->tool->needs & OSI_NEED_COUNT_USER) && osi_is_user_code(session, block->address));
    if (session->tool->tick && !is_asked(session) && (each || can_begin_a_loop(session, block))) {
        attach_test(session, block);
    }
    if (block->counted) {
        osi_block_add(block, session->ticks, OSI_PACE_COUNTED, block->n);
    }
    if (session->tool->tick) {
        attach_waits(session, block);
    }
}

/* ---- life ---- */
void osi_ticks_init(struct osi_session *session)
{
    if (session->tool->tick || session->tool->needs & (OSI_NEED_COUNT_USER | OSI_NEED_COUNT_ALL)) {
        session->ticks = osi_host_cells_new(OSI_PACE_CELLS);
    }
}

void osi_ticks_start(struct osi_session *session, struct osi_vcpu *vcpu)
{
    if (session->ticks) {
        osi_pace_start(session, vcpu);
    }
}

void osi_ticks_again(struct osi_session *session, struct osi_vcpu *vcpu)
{
    if (session->tool->tick) {
        vcpu->ticks.gap = vcpu->ticks.unknown = true;
        session->tool->tick(session, vcpu->index, OSI_NONE);
        look_soon(session, vcpu);
    }
}

void osi_ticks_end(struct osi_session *session, struct osi_vcpu *vcpu)
{
    uint64_t time, count = osi_insn_count(session, vcpu, 0);

    if (session->tool->tick) {
        time_at(session, vcpu, count, &time);
        end_wait(session, vcpu, time, count);
    }
}

/* ---- public ---- */
void osi_tick(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (session->tool->tick && is_asked(session)) {
        look(session, vcpu, 0);
    }
}

bool osi_block_is_counted(const struct osi_block *block)
{
    return block->counted;
}

uint64_t osi_counted(const struct osi_session *session, unsigned index)
{
    const struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return vcpu && session->ticks ? osi_pace_total(session, vcpu, OSI_PACE_COUNTED) : 0;
}
