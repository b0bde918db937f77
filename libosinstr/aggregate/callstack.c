/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stack of a task: what control did, and at which node that leaves it. */
#include "aggregate/calltree-internal.h"

#define PAGE_BITS 0xfffu
#define LONGEST_INSN 16

static inline void charge(struct osi_calls *calls, uint64_t insns)
{
    if (calls->called != ROOT_NODE) {
        calls->in->nodes[calls->called].calls++;
        calls->called = ROOT_NODE;
    }
    /* An instruction that was taken back (a fault) can let the count seem to go down. */
    if (insns > calls->mark) {
        if (!calls->off) {
            calls->in->nodes[calls->at].self += insns - calls->mark;
            calls->insns += insns - calls->mark;
        }
        calls->mark = insns;
    }
}

void osi_callstack_charge(struct osi_calls *calls, uint64_t insns)
{
    charge(calls, insns);
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

/* Exceptions find room also when what they came to has used up its own. */
static bool is_full(const struct osi_calls *calls)
{
    return calls->depth >= (calls->base ? OSI_MAX_DEPTH + OSI_DEPTH_RESERVE : OSI_MAX_DEPTH);
}

/* False: there is none. */
static __attribute__((noinline)) bool make_room(struct osi_calls *calls, enum frame_kind kind,
                                                uint64_t back)
{
    if (is_full(calls) && kind != FRAME_EXCEPTION) {
        calls->health.deep++;
        calls->overflow += kind == FRAME_CALL && back != OSI_UNKNOWN_PC;
        return false;
    }
    if (calls->depth == calls->room) {
        calls->room = calls->room ? calls->room * 2 : 64;
        calls->frames = g_renew(struct frame, calls->frames, calls->room);
    }
    return true;
}

static inline void push(struct osi_calls *calls, const struct frame *frame)
{
    if ((calls->depth == calls->room || calls->depth >= OSI_MAX_DEPTH) &&
        !make_room(calls, (enum frame_kind)frame->kind, frame->back)) {
        return;
    }
    calls->frames[calls->depth++] = *frame;
    calls->at = frame->node;
}

/* The same for a call, member by member: a copy would wait for what was just stored in pieces. */
static inline void push_call(struct osi_calls *calls, uint64_t back, uint32_t node,
                             uint32_t function)
{
    struct frame *frame;

    if ((calls->depth == calls->room || calls->depth >= OSI_MAX_DEPTH) &&
        !make_room(calls, FRAME_CALL, back)) {
        return;
    }
    frame = &calls->frames[calls->depth++];
    frame->back = back;
    frame->arriving = 0;
    frame->node = calls->at = node;
    frame->function = function;
    frame->overflow = 0;
    frame->kind = FRAME_CALL;
    frame->user = frame->apart = false;
}

static inline void count_call(struct osi_calls *calls, uint32_t node)
{
    calls->in->nodes[node].calls += !calls->off;
}

/* The node that the frame's is a child of. */
static uint32_t parent_of(const struct osi_calls *calls, uint32_t frame)
{
    return frame == 0 || calls->frames[frame].apart ? ROOT_NODE : calls->frames[frame - 1].node;
}

static inline uint32_t push_child(struct osi_calls *calls, enum frame_kind kind, uint64_t back,
                                  uint32_t function)
{
    uint32_t node = osi_callnode_child(calls->in, calls->at, function);

    push(calls, &(struct frame){ .kind = kind, .back = back, .node = node, .function = function });
    return node;
}

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

OSI_HOT void osi_calls_call(struct osi_calls *calls, uint64_t insns, uint32_t from,
                            uint32_t function, uint64_t back)
{
    if (calls->waiting) {
        osi_calls_write_down(calls, &(struct op){ .kind = OP_CALL, .insns = insns, .from = from,
                                                  .function = function, .place = back });
    } else {
        osi_callstack_call(calls, insns, from, function, back);
    }
}

OSI_HOT void osi_callstack_call(struct osi_calls *calls, uint64_t insns, uint32_t from,
                                uint32_t function, uint64_t back)
{
    uint32_t node;

    correct(calls, from);
    charge(calls, insns);
    node = osi_callnode_child(calls->in, calls->at, function);
    /* It is counted when control leaves it: then it is in the cache. */
    __builtin_prefetch(&calls->in->nodes[node], 1);
    calls->called = calls->off ? ROOT_NODE : node;
    push_call(calls, back, node, function);
}

/* ---- going back ---- */
/* The depth that the stack has after a return to `target`; false if nothing was called from there. */
static bool find_return(const struct osi_calls *calls, uint64_t target, uint32_t *depth)
{
    uint32_t i = calls->depth;

    while (i > calls->base && calls->frames[i - 1].kind != FRAME_CALL) {
        i--;
    }
    /* The last call: it may have been translated at another address than it runs at. */
    if (i > calls->base && calls->frames[i - 1].back != OSI_UNKNOWN_PC &&
        !((calls->frames[i - 1].back ^ target) & PAGE_BITS)) {
        *depth = i - 1;
        return true;
    }
    for (; i > calls->base; i--) {
        if (calls->frames[i - 1].kind == FRAME_CALL && calls->frames[i - 1].back == target) {
            *depth = i - 1;
            return true;
        }
    }
    return false;
}

/* The exception below the current one becomes the current one. */
static void drop_exception(struct osi_calls *calls)
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
                drop_exception(calls);
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

/* The nearly only case: from the function that was called last, or that it jumped to, to where it was
 * called. */
OSI_HOT bool osi_calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from,
                              unsigned offset)
{
    uint32_t depth = calls->depth;
    const struct frame *frame;

    if (calls->waiting || calls->overflow || depth <= calls->base + 1) {
        return false;
    }
    frame = &calls->frames[depth - 1];
    if (from && frame->function != from) {
        return false;
    }
    for (; frame->kind == FRAME_TAIL; frame--, depth--) {
        if (depth == calls->base + 2) {
            return false;
        }
    }
    if ((frame->back & PAGE_BITS) != offset || frame->back == OSI_UNKNOWN_PC) {
        return false;
    }
    charge(calls, insns);
    calls->health.returns++;
    calls->depth = depth - 1;
    calls->at = frame[-1].node;
    return true;
}

void osi_calls_return_to(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                         uint32_t function)
{
    if (calls->waiting) {
        osi_calls_write_down(calls, &(struct op){ .kind = OP_RETURN, .insns = insns, .from = from,
                                                  .function = function, .place = target });
    } else {
        osi_callstack_return(calls, insns, from, target, function);
    }
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

void osi_calls_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    bool entry, bool indirect)
{
    if (calls->waiting) {
        osi_calls_write_down(calls,
                             &(struct op){ .kind = OP_JUMP, .insns = insns, .from = from,
                                           .function = function, .entry = entry,
                                           .indirect = indirect });
    } else {
        osi_callstack_jump(calls, insns, from, function, entry, indirect);
    }
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

/* ---- exceptions ---- */
void osi_callstack_enter(struct osi_calls *calls, const struct op *op)
{
    uint32_t node;

    charge(calls, op->insns);
    if (calls->depth == OSI_MAX_DEPTH + OSI_DEPTH_RESERVE) { /* none of them ever returned */
        calls->health.deep++;
        begin_anew(calls);
    }
    node = osi_callnode_child(calls->in, op->apart ? ROOT_NODE : calls->at, op->function);
    count_call(calls, node);
    push(calls, &(struct frame){ .kind = FRAME_EXCEPTION, .back = op->place, .node = node,
                                 .function = op->function, .arriving = op->arriving,
                                 .overflow = calls->overflow, .user = op->user, .apart = op->apart });
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

    drop_exception(calls);
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
            drop_exception(calls);
        }
        arriving = calls->frames[calls->base - 1].arriving;
        drop_exception(calls);
    }
    if (!calls->base) {
        calls->renamed = false;
    }
    return arriving;
}

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
