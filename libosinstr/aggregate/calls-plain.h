/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns as nearly all of them are: from the function that the stack says runs, when everything counts and
 * nothing is waited for. These are fifty million and more in a boot, so whoever is told them has this as part of its own code;
 * what they don't do, false, is for osi_calls_call() and osi_calls_return(). */
#ifndef OSI_AGGREGATE_CALLS_PLAIN_H
#define OSI_AGGREGATE_CALLS_PLAIN_H

#include "aggregate/calltree-internal.h"

/* The top frame is that of the node that runs; `from` as for osi_calls_call(). */
static inline bool osi_calls_is_plain(const struct osi_calls *calls, uint64_t insns, uint32_t from)
{
    return calls->plain && insns > calls->mark &&
           (from == calls->frames[calls->depth - 1].function || !from);
}

/* A call is counted when control leaves its node: by then that is in the cache. */
static inline void osi_calls_plain_charge(struct osi_calls *calls, uint64_t insns)
{
    struct osi_callnode *node = &calls->in->nodes[calls->at];

    node->self += insns - calls->mark;
    node->calls += calls->entered;
    calls->mark = insns;
}

/* `find`: also where the node does not remember the function. Without, this calls nothing, which spares a hot caller
 * to keep its registers for that. */
OSI_PART bool osi_calls_plain_call(struct osi_calls *calls, uint64_t insns, uint32_t from,
                                   uint32_t function, uint64_t place, bool find)
{
    struct osi_callnodes *in = calls->in;
    struct frame *frame;
    uint32_t child;

    if (!osi_calls_is_plain(calls, insns, from) || calls->depth >= calls->plain_room) {
        return false;
    }
    child = osi_callnode_remembered(&in->nodes[calls->at], function);
    if (child == OSI_NO_NODE) {
        if (!find) {
            return false;
        }
        child = osi_callnode_find(in, calls->at, function);
    }
    osi_calls_plain_charge(calls, insns);
    __builtin_prefetch(&in->nodes[child], 1);
    calls->entered = true;
    frame = &calls->frames[calls->depth];
    frame->back = place;
    frame->node = calls->at = child;
    frame->function = function;
    frame->under = calls->depth++;
    frame->offset = (uint16_t)(place & OSI_PLACE_OFFSET);
    frame->kind = FRAME_CALL;
    frame->flags = 0;
    return true;
}

/* To an address with this offset in its page. */
OSI_PART bool osi_calls_plain_return(struct osi_calls *calls, uint64_t insns, uint32_t from,
                                     unsigned offset)
{
    const struct frame *frame;

    if (!osi_calls_is_plain(calls, insns, from)) {
        return false;
    }
    frame = &calls->frames[calls->depth - 1];
    if (frame->offset != offset) {
        return false;
    }
    osi_calls_plain_charge(calls, insns);
    calls->entered = false;
    calls->health.returns++;
    calls->depth = frame->under;
    calls->at = calls->frames[calls->depth - 1].node;
    return true;
}

#endif
