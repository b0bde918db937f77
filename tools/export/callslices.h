/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When each function call began and ended, out of the blocks that a CPU executed.
 *
 * The rules are those of hotpath mode=calls (docs/HOTPATH.md), so that both count the same
 * calls. There is a stack for each task; where it goes is decided at a block's beginning, from
 * the instruction that the block before ended with.
 *
 * Calls are told when they end, if they took long enough, after those that they are in: so what
 * a stack tells is in order of time and nests.
 */
#ifndef TOOLS_EXPORT_CALLSLICES_H
#define TOOLS_EXPORT_CALLSLICES_H

#include <stdbool.h>
#include <stdint.h>

#include <osinstr/arch.h>
#include <osinstr/path.h>

struct call_stack;

/* Who is told. */
struct call_client {
    /* Is that string a function, or said of all that have no symbol? */
    bool (*is_function)(void *data, uint32_t function);
    /* Names are numbers above 0. Of a function, of a place whose function is not known, of an
     * exception. */
    uint32_t (*name_of_function)(void *data, uint32_t function);
    uint32_t (*name_of_place)(void *data, uint64_t address);
    uint32_t (*name_of_exception)(void *data, bool irq, enum osi_exception exception);
    /* `called`: else it was found running. */
    void (*begin)(void *data, struct call_stack *stack, uint32_t name, uint64_t time, bool called);
    void (*end)(void *data, struct call_stack *stack, uint64_t time);
};

/* What a block's last instruction does. */
enum call_transfer {
    CALL_NONE, CALL_CALL, CALL_RETURN, CALL_JUMP, CALL_INDIRECT, CALL_LEAVE, CALL_SYSCALL,
};

/* What is to be known of a block's code. */
struct call_place {
    uint64_t address, last, end; /* `last`: of its last instruction */
    uint32_t n, name;            /* name 0: not known yet */
    uint32_t function, said; /* 0: not known; as the path says */
    enum call_transfer transfer;
    bool entry, conditional, known;
};

struct call_pending {
    enum call_transfer transfer;
    uint64_t back; /* behind the instruction */
    bool conditional;
};

struct call_frame {
    uint64_t start, back;
    uint32_t name;
    enum { FRAME_CALL, FRAME_TAIL, FRAME_EXCEPTION } kind;
    bool called;
    struct call_pending pending; /* exception: what had not arrived */
};

struct call_stack {
    struct call_frame *frames;
    uint32_t depth, room;
    uint32_t base; /* frames up to the last exception */
    uint32_t told; /* frames whose beginning was told */
    bool silent;   /* tells nothing */
    uint64_t track; /* the client's */
};

/* A CPU's way. */
struct call_walk {
    const struct osi_arch *arch;
    const struct call_client *client;
    void *data;
    uint64_t from, min_duration; /* what ends before, or took less, is not told */
    struct call_stack *stack;    /* of the task that runs; the caller changes it */
    struct call_pending pending;
    struct call_place *places;   /* by id */
    uint32_t n_places;
    uint64_t last;               /* address of the last block's last instruction */
    uint64_t returns, unmatched; /* unmatched: to where no call under way came from */
    uint64_t deep;               /* calls too deep to be told */
};

/* The next step of the path: a block, exception, gap or loss. The caller sees to events, and at
 * gaps and losses to the other stacks. */
void call_walk_step(struct call_walk *walk, const struct osi_path_step *step);
void call_walk_clear(struct call_walk *walk);

/* Ends all calls of a stack; all bytes 0 is an empty one. */
void call_stack_end(struct call_walk *walk, struct call_stack *stack, uint64_t time);
void call_stack_clear(struct call_stack *stack);

#endif
