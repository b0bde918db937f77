/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Function calls of a path. */
#include <glib.h>
#include <string.h>

#include "callslices.h"

#define PAGE_BITS 0xfffu
#define LONGEST_INSN 16
#define NOWHERE UINT64_MAX /* no return address */

/* Deeper ones are not told: Perfetto takes 512, and is confused by more. */
#define MAX_TOLD 500
/* Who is that deep never returns. */
#define MAX_DEPTH 65536

/* ---- the stack, and what it tells ---- */
static void tell_beginnings(struct call_walk *walk, struct call_stack *stack, uint32_t upto)
{
    for (; stack->told < upto; stack->told++) {
        const struct call_frame *frame = &stack->frames[stack->told];

        if (stack->told < MAX_TOLD) {
            walk->client->begin(walk->data, stack, frame->name, MAX(frame->start, walk->from),
                                frame->called);
        }
    }
}

/* What it is in began before, so it is long enough, too. */
static void pop(struct call_walk *walk, struct call_stack *stack, uint64_t time)
{
    uint32_t top = --stack->depth;

    if (!stack->silent && time >= walk->from &&
        time - stack->frames[top].start >= walk->min_duration) {
        walk->deep += top >= MAX_TOLD;
        tell_beginnings(walk, stack, top + 1);
        if (top < MAX_TOLD) {
            walk->client->end(walk->data, stack, time);
        }
    }
    stack->told = MIN(stack->told, top);
}

static void find_base(struct call_stack *stack)
{
    stack->base = MIN(stack->base, stack->depth);
    while (stack->base > 0 && stack->frames[stack->base - 1].kind != FRAME_EXCEPTION) {
        stack->base--;
    }
}

static void settle(struct call_walk *walk, struct call_stack *stack, uint32_t depth, uint64_t time)
{
    while (stack->depth > depth) {
        pop(walk, stack, time);
    }
    find_base(stack);
}

void call_stack_end(struct call_walk *walk, struct call_stack *stack, uint64_t time)
{
    settle(walk, stack, 0, time);
}

void call_stack_clear(struct call_stack *stack)
{
    g_free(stack->frames);
}

static void push(struct call_walk *walk, const struct call_frame *frame)
{
    struct call_stack *stack = walk->stack;

    if (stack->depth == MAX_DEPTH) {
        settle(walk, stack, 0, frame->start);
    }
    if (stack->depth == stack->room) {
        stack->room = stack->room ? stack->room * 2 : 64;
        stack->frames = g_renew(struct call_frame, stack->frames, stack->room);
    }
    stack->frames[stack->depth++] = *frame;
}

static struct call_frame *top_of(const struct call_stack *stack)
{
    return stack->depth > stack->base ? &stack->frames[stack->depth - 1] : NULL;
}

/* ---- places ---- */
static enum call_transfer classify(const struct osi_arch *arch, const struct osi_decoded *insn)
{
    switch (insn->kind) {
    case OSI_INSN_CALL:
    case OSI_INSN_CALL_INDIRECT:
        return CALL_CALL;
    case OSI_INSN_RETURN:
        return CALL_RETURN;
    case OSI_INSN_JUMP_INDIRECT:
        return CALL_INDIRECT;
    case OSI_INSN_EXCEPTION_RETURN:
        return CALL_LEAVE;
    case OSI_INSN_SYSCALL:
        return arch->syscall_jumps ? CALL_SYSCALL : CALL_NONE;
    case OSI_INSN_HYPERCALL:
    case OSI_INSN_TRAP:
        return CALL_NONE;
    default: /* also on over a function's end */
        return CALL_JUMP;
    }
}

static void learn(const struct call_walk *walk, struct call_place *place,
                  const struct osi_path_code *code)
{
    uint32_t size = code->lengths ? code->lengths[code->n - 1] : code->size / code->n;
    struct osi_decoded insn = { .kind = OSI_INSN_OTHER };

    walk->arch->decode(code->bytes + code->size - size, size, &insn);
    *place = (struct call_place){
        .address = code->address, .end = code->address + code->size, .n = code->n, .known = true,
        .said = code->function, .transfer = classify(walk->arch, &insn),
        .conditional = insn.conditional,
    };
    if (code->function && walk->client->is_function(walk->data, code->function)) {
        place->function = code->function;
        place->entry = code->offset == 0;
    }
    place->last = place->end - size;
}

/* A number stays with its code as long as nothing is damaged. */
static struct call_place *place_of(struct call_walk *walk, const struct osi_path_code *code)
{
    struct call_place *place;

    if (code->id >= walk->n_places) {
        uint32_t n = MAX(code->id + 1, walk->n_places * 2);

        walk->places = g_renew(struct call_place, walk->places, n);
        memset(walk->places + walk->n_places, 0, (n - walk->n_places) * sizeof(*walk->places));
        walk->n_places = n;
    }
    place = &walk->places[code->id];
    if (!place->known || place->address != code->address || place->n != code->n ||
        place->end - place->address != code->size || place->said != code->function) {
        learn(walk, place, code);
    }
    return place;
}

static uint32_t name_of(struct call_walk *walk, struct call_place *place)
{
    if (!place->name) {
        place->name = place->function
                          ? walk->client->name_of_function(walk->data, place->function)
                          : walk->client->name_of_place(walk->data, place->address);
    }
    return place->name;
}

/* ---- what a block's beginning means ---- */
struct arrival {
    struct call_place *place;
    uint32_t name; /* 0: the function is not known */
    uint32_t called_name; /* if it is called: its address then */
    uint64_t time;
};

static void push_call(struct call_walk *walk, const struct arrival *at, int kind, uint64_t back,
                      bool called)
{
    push(walk, &(struct call_frame){ .start = at->time, .back = back, .name = at->called_name,
                                     .kind = kind, .called = called });
}

/* This function runs, whatever was thought. */
static void replace(struct call_walk *walk, const struct arrival *at)
{
    struct call_stack *stack = walk->stack;
    struct call_frame *top = top_of(stack), old;

    if (!top) {
        push_call(walk, at, FRAME_CALL, NOWHERE, false);
    } else if (at->name && top->name != at->name) {
        old = *top;
        settle(walk, stack, stack->depth - 1, at->time);
        push_call(walk, at, old.kind, old.back, false);
    }
}

/* The depth after a return; false: nothing was called from there. The last call may have been
 * translated at another address than it runs at. */
static bool find_return(const struct call_stack *stack, uint64_t target, uint32_t *depth)
{
    bool last = true;

    for (uint32_t i = stack->depth; i > stack->base; i--) {
        const struct call_frame *frame = &stack->frames[i - 1];

        if (frame->kind == FRAME_CALL) {
            if (frame->back == target ||
                (last && frame->back != NOWHERE && !((frame->back ^ target) & PAGE_BITS))) {
                *depth = i - 1;
                return true;
            }
            last = false;
        }
    }
    return false;
}

/* Back into a function that is under way: longjmp. */
static bool unwind_to(struct call_walk *walk, const struct arrival *at)
{
    struct call_stack *stack = walk->stack;

    for (uint32_t i = stack->depth; at->name && i > stack->base; i--) {
        if (stack->frames[i - 1].name == at->name) {
            settle(walk, stack, i, at->time);
            return true;
        }
    }
    return false;
}

/* Was anything called that could be returned from? Where nothing was, as at the beginning of a
 * recording, a task or an exception, returns lead out of what was found running. Linux's
 * trampolines (KPTI) call once, to get into the kernel by a return. */
static bool has_call(const struct call_stack *stack)
{
    if (stack->base && stack->depth - stack->base <= 2) {
        return false;
    }
    for (uint32_t i = stack->depth; i > stack->base; i--) {
        if (stack->frames[i - 1].kind == FRAME_CALL && stack->frames[i - 1].back != NOWHERE) {
            return true;
        }
    }
    return false;
}

static void return_to(struct call_walk *walk, const struct arrival *at)
{
    struct call_stack *stack = walk->stack;
    uint32_t depth;

    walk->returns++;
    if (find_return(stack, at->place->address, &depth)) {
        settle(walk, stack, depth, at->time);
        replace(walk, at);
        return;
    }
    walk->unmatched += has_call(stack);
    if (!unwind_to(walk, at)) {
        settle(walk, stack, stack->base, at->time);
        replace(walk, at);
    }
}

/* Has the same jump been done since the last call? Then this is a loop. */
static void tail_call(struct call_walk *walk, const struct arrival *at)
{
    struct call_stack *stack = walk->stack;
    struct call_frame *top = top_of(stack);
    uint32_t from = top ? top->name : 0;

    for (uint32_t i = stack->depth; i > stack->base + 1 && stack->frames[i - 1].kind == FRAME_TAIL;
         i--) {
        if (stack->frames[i - 1].name == at->name && stack->frames[i - 2].name == from) {
            settle(walk, stack, i - 1, at->time);
            break;
        }
    }
    push_call(walk, at, top ? FRAME_TAIL : FRAME_CALL, NOWHERE, true);
}

/* ---- exceptions ---- */
static void enter(struct call_walk *walk, uint32_t name, uint64_t back, uint64_t time)
{
    struct call_stack *stack = walk->stack;

    push(walk, &(struct call_frame){ .start = time, .back = back, .name = name,
                                     .kind = FRAME_EXCEPTION, .called = true,
                                     .pending = walk->pending });
    stack->base = stack->depth;
    walk->pending = (struct call_pending){ CALL_NONE };
}

/* The base of the exception that returns there; the last one may have emulated the instruction
 * that it came to. 0: none does. */
static uint32_t find_exception(const struct call_stack *stack, uint64_t target)
{
    if (stack->base && target - stack->frames[stack->base - 1].back <= LONGEST_INSN) {
        return stack->base;
    }
    for (uint32_t i = stack->base; i > 0; i--) {
        if (stack->frames[i - 1].kind == FRAME_EXCEPTION && stack->frames[i - 1].back == target) {
            return i;
        }
    }
    return 0;
}

/* What had not arrived when the exception came arrives now. */
static struct call_pending leave(struct call_walk *walk, const struct arrival *at)
{
    struct call_pending pending = { CALL_NONE };
    struct call_stack *stack = walk->stack;
    uint32_t found = find_exception(stack, at->place->address);

    if (found) {
        pending = stack->frames[found - 1].pending;
    } else {
        walk->unmatched += stack->base != 0;
        found = stack->base ? stack->base : 1;
    }
    settle(walk, stack, found - 1, at->time);
    return pending;
}

static void arrive(struct call_walk *walk, const struct arrival *at, struct call_pending pending)
{
    if (pending.conditional && at->place->address == pending.back &&
        pending.transfer != CALL_JUMP) {
        pending.transfer = CALL_NONE;
    }
    switch (pending.transfer) {
    case CALL_CALL:
        push_call(walk, at, FRAME_CALL, pending.back, true);
        break;
    case CALL_RETURN:
        return_to(walk, at);
        break;
    case CALL_JUMP:
    case CALL_INDIRECT:
        if (at->place->entry) {
            tail_call(walk, at);
        } else if (at->name && !(top_of(walk->stack) && top_of(walk->stack)->name == at->name) &&
                   !(pending.transfer == CALL_INDIRECT && unwind_to(walk, at))) {
            replace(walk, at);
        }
        break;
    case CALL_SYSCALL:
        if (at->place->address != pending.back) {
            enter(walk, walk->client->name_of_exception(walk->data, false, OSI_EXCEPTION_SYSCALL),
                  pending.back, at->time);
            replace(walk, at);
        }
        break;
    case CALL_LEAVE:
        pending = leave(walk, at);
        arrive(walk, at, pending.transfer == CALL_LEAVE ? (struct call_pending){ CALL_NONE }
                                                        : pending);
        break;
    case CALL_NONE:
        replace(walk, at);
        break;
    }
}

static void block(struct call_walk *walk, const struct osi_path_step *step)
{
    struct call_place *place = place_of(walk, step->code);
    struct call_pending pending = walk->pending;
    const struct call_frame *top = top_of(walk->stack);

    walk->pending = (struct call_pending){ CALL_NONE };
    /* Nearly always it goes on within a function. */
    if (pending.transfer != CALL_JUMP || place->entry || !top ||
        (place->function && place->name != top->name)) {
        uint32_t name = name_of(walk, place);

        arrive(walk, &(struct arrival){ place, place->function ? name : 0, name, step->insn },
               pending);
    }
    if (step->n == place->n) {
        walk->pending = (struct call_pending){ place->transfer, place->end, place->conditional };
    }
    walk->last = place->last;
}

/* The instruction that a block ends with was executed, unless the exception goes back to it. */
static void exception(struct call_walk *walk, const struct osi_path_step *step)
{
    if (step->pc == walk->last) {
        walk->pending = (struct call_pending){ CALL_NONE };
    }
    enter(walk, walk->client->name_of_exception(walk->data, step->irq, step->exception), step->pc,
          step->insn);
}

void call_walk_step(struct call_walk *walk, const struct osi_path_step *step)
{
    switch (step->kind) {
    case OSI_PATH_BLOCK:
        block(walk, step);
        break;
    case OSI_PATH_EXCEPTION:
        exception(walk, step);
        break;
    case OSI_PATH_GAP:
    case OSI_PATH_LOST:
        call_stack_end(walk, walk->stack, step->insn);
        walk->pending = (struct call_pending){ CALL_NONE };
        break;
    case OSI_PATH_EVENT:
        break;
    }
}

void call_walk_clear(struct call_walk *walk)
{
    g_free(walk->places);
}
