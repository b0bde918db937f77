/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a task is told to do. Until an interrupt's number is known, it is written down; the number comes
 * with the kernel's look at the controller, a hundred instructions later. */
#include "aggregate/calltree-internal.h"

struct osi_calls *osi_calls_new(struct osi_calltree *tree, uint32_t root)
{
    struct osi_calls *calls = g_new0(struct osi_calls, 1);

    calls->tree = tree;
    calls->root = calls->at = osi_callnode_root(calls, root);
    calls->journal = g_new(struct op, OSI_JOURNAL);
    return calls;
}

void osi_calls_free(struct osi_calls *calls)
{
    if (calls) {
        g_free(calls->nodes);
        g_free(calls->slots);
        g_free(calls->frames);
        g_free(calls->journal);
        g_free(calls);
    }
}

/* Does what was written down. */
static void replay(struct osi_calls *calls)
{
    calls->waiting = false;
    for (unsigned i = 0; i < calls->n_journal; i++) {
        osi_callstack_do(calls, &calls->journal[i]);
    }
    calls->n_journal = 0;
}

static void submit(struct osi_calls *calls, const struct op *op)
{
    if (!calls->waiting) {
        osi_callstack_do(calls, op);
        return;
    }
    calls->journal[calls->n_journal++] = *op;
    if (calls->n_journal == OSI_JOURNAL) {
        replay(calls);
    }
}

static void finish_waiting(struct osi_calls *calls, uint64_t insns)
{
    if (calls->waiting) {
        replay(calls);
    }
    osi_callstack_charge(calls, insns);
}

/* ---- running ---- */
void osi_calls_resume(struct osi_calls *calls, uint64_t insns)
{
    calls->mark = insns;
}

void osi_calls_pause(struct osi_calls *calls, uint64_t insns)
{
    finish_waiting(calls, insns);
}

void osi_calls_count(struct osi_calls *calls, uint64_t insns, bool on)
{
    if (calls->off == on) {
        finish_waiting(calls, insns);
        calls->off = !on;
    }
}

/* ---- what control does ---- */
void osi_calls_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    uint64_t back)
{
    submit(calls, &(struct op){ .kind = OP_CALL, .insns = insns, .from = from,
                                .function = function, .place = back });
}

void osi_calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                      uint32_t function)
{
    submit(calls, &(struct op){ .kind = OP_RETURN, .insns = insns, .from = from,
                                .function = function, .place = target });
}

void osi_calls_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    bool entry, bool indirect)
{
    submit(calls, &(struct op){ .kind = OP_JUMP, .insns = insns, .from = from,
                                .function = function, .entry = entry, .indirect = indirect });
}

void osi_calls_enter(struct osi_calls *calls, uint64_t insns, uint32_t function, uint64_t pc,
                     uint32_t arriving, bool user, bool apart)
{
    if (apart) {
        finish_waiting(calls, insns);
        calls->waiting = true;
    }
    submit(calls, &(struct op){ .kind = OP_ENTER, .insns = insns, .function = function,
                                .place = pc, .arriving = arriving, .user = user, .apart = apart });
}

static uint32_t last_interrupt(const struct osi_calls *calls)
{
    uint32_t i = calls->depth;

    while (i > 0 && !(calls->frames[i - 1].kind == FRAME_EXCEPTION && calls->frames[i - 1].apart)) {
        i--;
    }
    return i;
}

void osi_calls_number(struct osi_calls *calls, uint64_t insns, uint32_t function)
{
    uint32_t frame, node;

    if (calls->waiting) {
        calls->journal[0].function = function;
        replay(calls);
        return;
    }
    frame = last_interrupt(calls);
    if (frame) { /* one exception, several interrupts */
        osi_callstack_charge(calls, insns);
        node = osi_callnode_child(calls, calls->root, function);
        calls->nodes[node].calls += !calls->off;
        osi_callstack_move(calls, frame - 1, node);
    }
}

uint32_t osi_calls_leave(struct osi_calls *calls, uint64_t insns, uint64_t pc)
{
    finish_waiting(calls, insns);
    return osi_callstack_leave(calls, pc);
}

void osi_calls_rename(struct osi_calls *calls, uint64_t insns, uint32_t root)
{
    uint32_t node;

    finish_waiting(calls, insns);
    calls->root = node = osi_callnode_root(calls, root);
    for (uint32_t i = 0; i < calls->depth; i++) {
        struct frame *frame = &calls->frames[i];

        node = osi_callnode_child(calls, frame->apart ? calls->root : node,
                                  calls->nodes[frame->node].function);
        frame->node = node;
    }
    calls->at = node;
    calls->renamed = calls->base != 0;
}

/* ---- for reports ---- */
const struct osi_callnode *osi_calls_nodes(const struct osi_calls *calls, size_t *n)
{
    *n = calls->n_nodes;
    return calls->nodes;
}

bool osi_calls_is_empty(const struct osi_calls *calls)
{
    return calls->depth == 0 && !calls->waiting;
}

const struct osi_calls_health *osi_calls_health(const struct osi_calls *calls)
{
    return &calls->health;
}
