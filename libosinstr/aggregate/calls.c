/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a task is told to do. Until an interrupt's number is known, it is written down; the number comes
 * with the kernel's look at the controller, a hundred instructions later. */
#include "aggregate/calls-plain.h"
#include "aggregate/callstack.h"

struct osi_calls *osi_calls_new(struct osi_calltree *tree)
{
    struct osi_calls *calls = g_new0(struct osi_calls, 1);

    calls->tree = tree;
    return calls;
}

void osi_calls_free(struct osi_calls *calls)
{
    if (calls) {
        g_free(calls->frames);
        g_free(calls->journal);
        g_free(calls);
    }
}

/* Up to the system call that makes the child, which returns to the same place in both. */
void osi_calls_fork(struct osi_calls *child, const struct osi_calls *parent)
{
    uint32_t n = 0;

    while (n < parent->depth && parent->frames[n].kind != FRAME_EXCEPTION) {
        n++;
    }
    if (n == parent->depth || !parent->frames[n].user || child->in || child->depth) {
        return;
    }
    child->depth = child->base = child->room = child->plain_room = n + 1;
    child->frames = g_memdup2(parent->frames, (n + 1) * sizeof(struct frame));
}

/* What follows is not plain; the first step of all that is not. */
static void hold_on(struct osi_calls *calls)
{
    if (calls->entered) {
        calls->in->nodes[calls->at].calls++;
        calls->entered = false;
    }
    calls->plain = false;
}

/* What follows may be plain; the last step of all that is not. */
static void go_on(struct osi_calls *calls)
{
    calls->plain = calls->in && !calls->off && !calls->waiting && !calls->overflow &&
                   calls->depth > calls->base;
}

static void do_op(struct osi_calls *calls, const struct op *op)
{
    switch (op->kind) {
    case OP_CALL:
        osi_callstack_call(calls, op->insns, op->from, op->function, op->place);
        break;
    case OP_RETURN:
        osi_callstack_return(calls, op->insns, op->from, op->place, op->function);
        break;
    case OP_JUMP:
        osi_callstack_jump(calls, op->insns, op->from, op->function, op->entry, op->indirect);
        break;
    case OP_ENTER:
        osi_callstack_enter(calls, op);
        break;
    }
}

/* Does what was written down. */
static void replay(struct osi_calls *calls)
{
    calls->waiting = false;
    for (unsigned i = 0; i < calls->n_journal; i++) {
        do_op(calls, &calls->journal[i]);
    }
    calls->n_journal = 0;
}

/* Does it, or writes it down until the number of the interrupt is known. */
static void take(struct osi_calls *calls, const struct op *op)
{
    hold_on(calls);
    if (calls->waiting) {
        calls->journal[calls->n_journal++] = *op;
        if (calls->n_journal == OSI_JOURNAL) {
            replay(calls);
        }
    } else {
        do_op(calls, op);
    }
    go_on(calls);
}

static void finish_waiting(struct osi_calls *calls, uint64_t insns)
{
    hold_on(calls);
    if (calls->waiting) {
        replay(calls);
    }
    charge(calls, insns);
}

/* ---- running ---- */
void osi_calls_resume(struct osi_calls *calls, uint64_t insns, struct osi_callnodes *nodes)
{
    hold_on(calls);
    if (calls->in != nodes) {
        calls->in = nodes;
        osi_callstack_move(calls);
    }
    calls->skipped += insns - calls->mark;
    calls->mark = insns;
    go_on(calls);
}

void osi_calls_pause(struct osi_calls *calls, uint64_t insns)
{
    finish_waiting(calls, insns);
    go_on(calls);
}

void osi_calls_count(struct osi_calls *calls, uint64_t insns, bool on)
{
    if (calls->off == on) {
        finish_waiting(calls, insns);
        calls->off = !on;
        go_on(calls);
    }
}

void osi_calls_renamed(struct osi_calls *calls)
{
    calls->renamed = calls->base != 0;
}

/* ---- what control does; the rare cases are in callstack.c ---- */
void osi_calls_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    uint64_t place)
{
    if (!osi_calls_plain_call(calls, insns, from, function, place, true)) {
        take(calls, &(struct op){ .kind = OP_CALL, .insns = insns, .from = from,
                                  .function = function, .place = place });
    }
}

bool osi_calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from, unsigned offset)
{
    return osi_calls_plain_return(calls, insns, from, offset);
}

void osi_calls_return_to(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                         uint32_t function)
{
    take(calls, &(struct op){ .kind = OP_RETURN, .insns = insns, .from = from,
                              .function = function, .place = target });
}

void osi_calls_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    bool entry, bool indirect)
{
    take(calls, &(struct op){ .kind = OP_JUMP, .insns = insns, .from = from, .function = function,
                              .entry = entry, .indirect = indirect });
}

void osi_calls_enter(struct osi_calls *calls, uint64_t insns, uint32_t function, uint64_t pc,
                     uint64_t arriving, bool user, bool apart)
{
    if (apart) {
        finish_waiting(calls, insns);
        calls->waiting = true;
        calls->journal = calls->journal ? calls->journal : g_new(struct op, OSI_JOURNAL);
    }
    take(calls, &(struct op){ .kind = OP_ENTER, .insns = insns, .function = function, .place = pc,
                              .arriving = arriving, .user = user, .apart = apart });
}

void osi_calls_number(struct osi_calls *calls, uint64_t insns, uint32_t function)
{
    hold_on(calls);
    if (calls->waiting) {
        calls->journal[0].function = function;
        replay(calls);
    } else { /* one exception, several interrupts */
        charge(calls, insns);
        osi_callstack_number(calls, function);
    }
    go_on(calls);
}

uint64_t osi_calls_leave(struct osi_calls *calls, uint64_t insns, uint64_t pc)
{
    uint64_t arriving;

    finish_waiting(calls, insns);
    arriving = osi_callstack_leave(calls, pc);
    go_on(calls);
    return arriving;
}

/* ---- for reports ---- */
uint64_t osi_calls_insns(const struct osi_calls *calls)
{
    return calls->mark - calls->skipped;
}

bool osi_calls_is_empty(const struct osi_calls *calls)
{
    return calls->depth == 0 && !calls->waiting;
}

const struct osi_calls_health *osi_calls_health(const struct osi_calls *calls)
{
    return &calls->health;
}
