/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames and the node that runs, for calls.c, callstack.c and callstack-exceptions.c. */
#ifndef OSI_AGGREGATE_CALLSTACK_H
#define OSI_AGGREGATE_CALLSTACK_H

#include "aggregate/calltree-internal.h"

/* callstack-exceptions.c */
/* For one more frame of this kind, which returns to `back`; false: there is none. */
bool osi_callstack_make_room(struct osi_calls *calls, enum frame_kind kind, uint64_t back);
/* The exception below the current one becomes the current one. */
void osi_callstack_drop_exception(struct osi_calls *calls);

static inline void charge(struct osi_calls *calls, uint64_t insns)
{
    /* An instruction that was taken back (a fault) can let the count seem to go down. */
    if (insns > calls->mark) {
        if (calls->off) {
            calls->skipped += insns - calls->mark;
        } else {
            calls->in->nodes[calls->at].self += insns - calls->mark;
        }
        calls->mark = insns;
    }
}

/* The node below everything of the exception, or the task, that runs. */
static inline uint32_t base_node(const struct osi_calls *calls)
{
    return calls->base ? calls->frames[calls->base - 1].node : ROOT_NODE;
}

static inline void settle(struct osi_calls *calls, uint32_t depth)
{
    calls->depth = depth;
    calls->at = depth > calls->base ? calls->frames[depth - 1].node : base_node(calls);
}

/* A call returns to below itself, a tail call to where the one below it does. */
static inline void set_return(struct osi_calls *calls, struct frame *frame)
{
    uint32_t depth = (uint32_t)(frame - calls->frames);
    bool known = depth > calls->base && frame->back != OSI_UNKNOWN_PC;

    if (frame->kind == FRAME_TAIL) {
        frame->under = frame[-1].under;
        frame->offset = frame[-1].offset;
    } else {
        frame->under = depth;
        frame->offset = known ? (uint16_t)(frame->back & OSI_PLACE_OFFSET) : NO_OFFSET;
    }
}

static inline void push(struct osi_calls *calls, enum frame_kind kind, uint64_t back, uint32_t node,
                        uint32_t function)
{
    struct frame *frame;

    if ((calls->depth == calls->room || calls->depth >= OSI_MAX_DEPTH) &&
        !osi_callstack_make_room(calls, kind, back)) {
        return;
    }
    frame = &calls->frames[calls->depth];
    *frame = (struct frame){ .back = back, .node = node, .function = function, .offset = NO_OFFSET, .kind = kind };
    calls->at = node;
    if (kind != FRAME_EXCEPTION) {
        set_return(calls, frame);
    }
    calls->depth++;
}

static inline void count_call(struct osi_calls *calls, uint32_t node)
{
    calls->in->nodes[node].calls += !calls->off;
}

/* The node that the frame's is a child of. */
static inline uint32_t parent_of(const struct osi_calls *calls, uint32_t frame)
{
    return frame == 0 || calls->frames[frame].apart ? ROOT_NODE : calls->frames[frame - 1].node;
}

static inline uint32_t push_child(struct osi_calls *calls, enum frame_kind kind, uint64_t back,
                                  uint32_t function)
{
    uint32_t node = osi_callnode_child(calls->in, calls->at, function);

    push(calls, kind, back, node, function);
    return node;
}

#endif
