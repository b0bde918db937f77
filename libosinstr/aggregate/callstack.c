/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stack of a task: what calls, returns and jumps did, and at which node that leaves it. */
#include "aggregate/callstack.h"

/* The function that runs is this one: it takes the place of the one that was thought to. */
static __attribute__((noinline)) void replace(struct osi_calls *calls, uint32_t function)
{
    struct frame *top;

    if (!function || calls->overflow) {
        return;
    }
    if (calls->depth == calls->base) {
        push_child(calls, FRAME_CALL, OSI_UNKNOWN_PC, function);
        return;
    }
    top = &calls->frames[calls->depth - 1];
    if (top->function != function) {
        top->function = function;
        top->node = calls->at = osi_callnode_child(calls->in, parent_of(calls, calls->depth - 1),
                                                   function);
    }
}

static inline bool is_in(const struct osi_calls *calls, uint32_t function)
{
    return calls->depth > calls->base && calls->frames[calls->depth - 1].function == function;
}

/* `from` tells who ran until now, if it is known. */
static inline void correct(struct osi_calls *calls, uint32_t from)
{
    if (from && !is_in(calls, from)) {
        replace(calls, from);
    }
}

void osi_callstack_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                        uint64_t back)
{
    correct(calls, from);
    charge(calls, insns);
    count_call(calls, push_child(calls, FRAME_CALL, back, function));
}

/* ---- going back ---- */
static uint64_t address_of(const struct osi_calls *calls, uint64_t place)
{
    const struct osi_calltree *tree = calls->tree;

    return tree->address_of && place != OSI_UNKNOWN_PC ? tree->address_of(tree->address_data, place) : place;
}

/* The depth that the stack has after a return to `target`; false if nothing was called from there. */
static bool find_return(const struct osi_calls *calls, uint64_t target, uint32_t *depth)
{
    uint32_t i = calls->depth;

    while (i > calls->base && calls->frames[i - 1].kind != FRAME_CALL) {
        i--;
    }
    /* The last call: it may have been translated at another address than it runs at. */
    if (i > calls->base && calls->frames[i - 1].back != OSI_UNKNOWN_PC &&
        !((calls->frames[i - 1].back ^ target) & OSI_PLACE_OFFSET)) {
        *depth = i - 1;
        return true;
    }
    for (; i > calls->base; i--) {
        if (calls->frames[i - 1].kind == FRAME_CALL &&
            address_of(calls, calls->frames[i - 1].back) == target) {
            *depth = i - 1;
            return true;
        }
    }
    return false;
}

static bool is_signal(const struct osi_calls *calls, uint32_t frame)
{
    return calls->frames[frame].kind == FRAME_EXCEPTION &&
           calls->frames[frame].function == calls->tree->signal;
}

/* Back into a function that is under way: longjmp, which may also leave a signal's handler. */
static bool unwind_to(struct osi_calls *calls, uint32_t function)
{
    for (uint32_t i = calls->depth; function && i > 0; i--) {
        if (calls->frames[i - 1].kind == FRAME_EXCEPTION) {
            if (!is_signal(calls, i - 1)) {
                return false;
            }
        } else if (calls->frames[i - 1].function == function) {
            calls->health.unwound += i != calls->depth;
            while (calls->base > i) {
                osi_callstack_drop_exception(calls);
            }
            calls->overflow = 0;
            settle(calls, i);
            return true;
        }
    }
    return false;
}

/* Where a task or an exception begins, a return is how code jumps: to a new task's first function, out of
 * the kernel's trampoline. */
static bool is_beginning(const struct osi_calls *calls)
{
    return calls->depth == calls->base || (calls->base && calls->depth - calls->base == 1);
}

static bool one_call_above(const struct osi_calls *calls, uint32_t depth)
{
    for (uint32_t i = depth + 1; i < calls->depth; i++) {
        if (calls->frames[i].kind == FRAME_CALL) {
            return false;
        }
    }
    return true;
}

void osi_callstack_return(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                          uint32_t function)
{
    uint32_t depth;

    correct(calls, from);
    charge(calls, insns);
    calls->health.returns++;
    if (calls->overflow) {
        calls->overflow--;
        return;
    }
    if (find_return(calls, target, &depth)) {
        calls->health.unwound += !one_call_above(calls, depth);
        settle(calls, depth);
        return;
    }
    calls->health.unmatched += !is_beginning(calls);
    if (!unwind_to(calls, function)) {
        /* To a caller that was never seen: what is on the stack is not its own. */
        settle(calls, calls->base);
        replace(calls, function);
    }
}

/* ---- jumps ---- */
static void tail_call(struct osi_calls *calls, uint32_t function)
{
    uint32_t from = calls->depth > calls->base ? calls->frames[calls->depth - 1].function : 0;

    /* Has the same jump been done since the last call? Then this is a loop. */
    for (uint32_t i = calls->depth; i > calls->base + 1 && calls->frames[i - 1].kind == FRAME_TAIL;
         i--) {
        if (calls->frames[i - 1].function == function && calls->frames[i - 2].function == from) {
            settle(calls, i);
            count_call(calls, calls->at);
            return;
        }
    }
    count_call(calls, push_child(calls, calls->depth == calls->base ? FRAME_CALL : FRAME_TAIL,
                                 OSI_UNKNOWN_PC, function));
}

void osi_callstack_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                        bool entry, bool indirect)
{
    correct(calls, from);
    charge(calls, insns);
    if (!function) {
        return;
    }
    if (entry) {
        tail_call(calls, function);
    } else if (!is_in(calls, function) && !(indirect && unwind_to(calls, function))) {
        replace(calls, function);
    }
}
