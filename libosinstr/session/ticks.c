/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls a tool when it is time, without looking at a clock at each block.
 *
 * A cell of the vCPU counts up to LIMIT, where QEMU's own test lets the vCPU call. With a clock that
 * counts instructions the cell does too, and so the call comes at the very block. Otherwise only those
 * blocks count and are tested that can begin a loop once more, each as 1: time and work are only
 * loosely tied then, so the cell is set to half of what probably fits into the time that is left, and so
 * on, until it is time. That makes about ten calls of 100 ns for each time asked for. A tool that is called
 * often enough anyhow can look itself, and no block is tested. */
#include "host/host.h"
#include "session/block-internal.h"
#include "session/ticks.h"

/* What the cell counts up to: fits into the operand of a comparison. */
#define LIMIT (1u << 30)
/* Tested blocks at least between two looks at a clock that does not count instructions. */
#define LEAST 16u
/* Tested blocks in a nanosecond, before any are known: few, so that the first look comes early. */
#define FIRST_RATE 0.001

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

/* Does the clock follow from the count alone? */
static bool is_counted(const struct osi_session *session)
{
    return counts_instructions(session) && (!session->clock.icount || session->clock.shift >= 0 ||
                                            session->clock.kind == OSI_CLOCK_INSN);
}

static double rate_of(const struct osi_session *session)
{
    if (session->clock.kind == OSI_CLOCK_INSN) {
        return 1;
    }
    return is_counted(session) ? 1.0 / (double)(1ull << session->clock.shift) : FIRST_RATE;
}

static uint64_t *cell_of(const struct osi_session *session, const struct osi_vcpu *vcpu)
{
    return osi_host_cells_of(session->ticks, vcpu->index);
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
    *time = MAX(*time, vcpu->ticks.last);
    return exact;
}

/* ---- the cell ---- */
static void set_cell(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t budget)
{
    struct osi_ticks *ticks = &vcpu->ticks;

    ticks->start = LIMIT - MIN(budget, LIMIT);
    *cell_of(session, vcpu) = ticks->start;
}

static void look_soon(struct osi_session *session, struct osi_vcpu *vcpu)
{
    set_cell(session, vcpu, 0);
    if (is_asked(session) && session->tool->hurry) {
        session->tool->hurry(session, vcpu->index);
    }
}

static void count_progress(struct osi_session *session, struct osi_vcpu *vcpu)
{
    struct osi_ticks *ticks = &vcpu->ticks;
    uint64_t now = *cell_of(session, vcpu);

    ticks->progress += now - ticks->start;
    ticks->start = now;
}

/* How fast has it been going? */
static void learn_rate(struct osi_ticks *ticks, uint64_t time)
{
    if (time > ticks->asked_time && ticks->progress > ticks->asked_at) {
        ticks->rate = (double)(ticks->progress - ticks->asked_at) /
                      (double)(time - ticks->asked_time);
    }
}

/* So much until the time asked for, rather less. */
static uint64_t budget_of(const struct osi_session *session, const struct osi_ticks *ticks,
                          uint64_t time)
{
    double left = ticks->next > time ? (double)(ticks->next - time) * ticks->rate : 0;

    if (is_counted(session)) {
        return MAX((uint64_t)MIN(left, LIMIT), 1);
    }
    return MAX((uint64_t)MIN(left / 2, LIMIT), counts_instructions(session) ? 1 : LEAST);
}

static void ask(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t time)
{
    struct osi_ticks *ticks = &vcpu->ticks;

    ticks->asked_time = time;
    ticks->asked_at = ticks->progress;
    ticks->asked_bias = vcpu->clock.bias_low;
    set_cell(session, vcpu, budget_of(session, ticks, time));
}

/* ---- calls ---- */
/* The vCPU waits no longer, it was `time` after `count` instructions. What it executed since it woke is not
 * part of the wait. */
static void end_wait(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t time, uint64_t count)
{
    struct osi_ticks *ticks = &vcpu->ticks;
    struct osi_moment woke = { .count = ticks->idle_count }, now = { .count = count };
    uint64_t since = is_counted(session) ? osi_clock_between(&session->clock, &woke, &now) : 0;

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

    count_progress(session, vcpu);
    known = time_at(session, vcpu, count, &time);
    if (!known && !unknown && !ticks->gave_up) {
        ticks->unknown = true;
        session->tool->tick(session, vcpu->index, OSI_NONE);
        set_cell(session, vcpu, PATIENCE);
        return;
    }
    ticks->gave_up = !known;
    if (!is_counted(session) && !ticks->gap) {
        learn_rate(ticks, time);
    }
    ticks->gap = false;
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
    if (vcpu && *cell_of(site->session, vcpu) >= LIMIT && osi_enter(vcpu)) {
        vcpu->remaining = site->remaining;
        look(site->session, vcpu, count_before(site->session, vcpu, site->remaining));
        osi_leave(vcpu);
    }
}

void osi_tick(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (session->tool->tick && is_asked(session)) {
        look(session, vcpu, 0);
    }
}

/* The vCPU may stop here for a time, so what fits into the rest of the time asked for is not known. */
static void at_gap(unsigned index, void *data)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu && osi_enter(vcpu)) {
        count_progress(session, vcpu);
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
        count_progress(session, vcpu);
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
    if (session->ticks &&
        (vcpu->ticks.unknown || vcpu->clock.bias_low != vcpu->ticks.asked_bias)) {
        count_progress(session, vcpu);
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

void osi_instrument_ticks(struct osi_session *session, struct osi_block *block)
{
    bool each = counts_instructions(session) || !session->arch;
    unsigned remaining = osi_host_facts(session->host)->adds_late ? OSI_BEFORE_NEXT
                                                                  : osi_insn_remaining(block, 0);

    if (!session->tool->tick) {
        return;
    }
    if (!is_asked(session) && (each || can_begin_a_loop(session, block))) {
        osi_block_call_at_least(block, at_limit, OSI_REGS_NONE, session->ticks, 0, LIMIT,
                            osi_site(session, OSI_NO_REG, remaining));
        osi_block_add(block, session->ticks, 0, counts_instructions(session) ? block->n : 1);
    }
    attach_waits(session, block);
}

/* ---- life ---- */
void osi_ticks_init(struct osi_session *session)
{
    if (session->tool->tick) {
        session->ticks = osi_host_cells_new(1);
    }
}

void osi_ticks_start(struct osi_session *session, struct osi_vcpu *vcpu)
{
    if (session->tool->tick) {
        vcpu->ticks.rate = rate_of(session);
        set_cell(session, vcpu, 0);
    }
}

void osi_ticks_again(struct osi_session *session, struct osi_vcpu *vcpu)
{
    if (session->tool->tick) {
        count_progress(session, vcpu);
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
