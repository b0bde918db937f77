/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stack of a task: exceptions, and what moves a stack as a whole. */
#include "aggregate/callstack.h"

#define LONGEST_INSN 16

/* Exceptions find room also when what they came to has used up its own. */
static bool is_full(const struct osi_calls *calls)
{
    return calls->depth >= (calls->base ? OSI_MAX_DEPTH + OSI_DEPTH_RESERVE : OSI_MAX_DEPTH);
}

bool osi_callstack_make_room(struct osi_calls *calls, enum frame_kind kind, uint64_t back)
{
    if (is_full(calls) && kind != FRAME_EXCEPTION) {
        calls->health.deep++;
        calls->overflow += kind == FRAME_CALL && back != OSI_UNKNOWN_PC;
        return false;
    }
    if (calls->depth == calls->room) {
        calls->room = calls->room ? calls->room * 2 : 64;
        calls->frames = g_renew(struct frame, calls->frames, calls->room);
        calls->plain_room = MIN(calls->room, OSI_MAX_DEPTH);
    }
    return true;
}

/* ---- exceptions ---- */
void osi_callstack_drop_exception(struct osi_calls *calls)
{
    uint32_t depth = calls->base - 1;

    calls->base = depth;
    while (calls->base && calls->frames[calls->base - 1].kind != FRAME_EXCEPTION) {
        calls->base--;
    }
    calls->overflow = calls->frames[depth].overflow;
    settle(calls, depth);
}

static void begin_anew(struct osi_calls *calls)
{
    calls->base = calls->overflow = 0;
    settle(calls, 0);
}

void osi_callstack_enter(struct osi_calls *calls, const struct op *op)
{
    struct frame *frame;
    uint32_t node;

    charge(calls, op->insns);
    if (calls->depth == OSI_MAX_DEPTH + OSI_DEPTH_RESERVE) { /* none of them ever returned */
        calls->health.deep++;
        begin_anew(calls);
    }
    node = osi_callnode_child(calls->in, op->apart ? ROOT_NODE : calls->at, op->function);
    count_call(calls, node);
    push(calls, FRAME_EXCEPTION, op->place, node, op->function); /* there is always room for it */
    frame = &calls->frames[calls->depth - 1];
    frame->arriving = op->arriving;
    frame->overflow = calls->overflow;
    frame->user = op->user;
    frame->apart = op->apart;
    calls->base = calls->depth;
    calls->overflow = 0;
}

/* The base of the exception that returns to pc; 0 if none does. The last one may have emulated the
 * instruction that it came to, and returns behind it. */
static uint32_t find_exception(const struct osi_calls *calls, uint64_t pc)
{
    if (pc == OSI_UNKNOWN_PC ||
        (calls->base && pc - calls->frames[calls->base - 1].back <= LONGEST_INSN)) {
        return calls->base;
    }
    for (uint32_t i = calls->base; i > 0; i--) {
        if (calls->frames[i - 1].kind == FRAME_EXCEPTION && calls->frames[i - 1].back == pc) {
            return i;
        }
    }
    return 0;
}

/* The exception returns elsewhere: to a signal's handler, to a new program, behind a fault. */
static void leave_elsewhere(struct osi_calls *calls)
{
    struct frame left = calls->frames[calls->base - 1];

    osi_callstack_drop_exception(calls);
    if (!left.user) {
        return;
    }
    if (calls->renamed) {
        begin_anew(calls);
    } else {
        osi_callstack_enter(calls, &(struct op){ .function = calls->tree->signal, .place = left.back });
        calls->frames[calls->depth - 1].arriving = left.arriving;
    }
}

uint64_t osi_callstack_leave(struct osi_calls *calls, uint64_t pc)
{
    uint32_t found = find_exception(calls, pc);
    uint64_t arriving = 0;

    if (!calls->base) {
        /* The first return of a new task, or of the machine, to where nothing was called from. */
        if (pc != OSI_UNKNOWN_PC) {
            begin_anew(calls);
        }
    } else if (!found) {
        leave_elsewhere(calls);
    } else {
        while (calls->base > found) {
            osi_callstack_drop_exception(calls);
        }
        arriving = calls->frames[calls->base - 1].arriving;
        osi_callstack_drop_exception(calls);
    }
    if (!calls->base) {
        calls->renamed = false;
    }
    return arriving;
}

/* ---- moves ---- */
static void move_from(struct osi_calls *calls, uint32_t first)
{
    for (uint32_t i = first; i < calls->depth; i++) {
        calls->frames[i].node = osi_callnode_child(calls->in, parent_of(calls, i),
                                                   calls->frames[i].function);
    }
    settle(calls, calls->depth);
}

void osi_callstack_move(struct osi_calls *calls)
{
    move_from(calls, 0);
}

bool osi_callstack_number(struct osi_calls *calls, uint32_t function)
{
    uint32_t i = calls->base;

    while (i > 0 && !calls->frames[i - 1].apart) {
        i--;
    }
    if (i == 0) {
        return false;
    }
    calls->frames[i - 1].function = function;
    move_from(calls, i - 1);
    count_call(calls, calls->frames[i - 1].node);
    return true;
}
