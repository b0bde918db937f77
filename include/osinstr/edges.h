/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_edges: from which block to which, counted on one vCPU.
 *
 * osi_edges_step() is called at the start of each block. A block's two most common successors have a
 * place of their own; others go to a table. Exceptions and interrupts are not edges of the program:
 * control goes from A to a vector, and after the return to where A would have gone. The edge A to
 * vector is counted as an exception, A is kept, and at the return the edge from A is counted as if
 * nothing had come between.
 *
 * How an exception is noticed: A ends with a direct branch, or runs on, and neither leads to where
 * control got; or it leads to a place known as a vector by then.
 *
 * With a function (config), steps come only from the blocks of that function, so what it calls is not
 * seen: a call's edge leads to the instruction behind it. A step to the function's entry that the block
 * before does not lead to is a new activation: the block before is kept until the function returns.
 *
 * Each object belongs to the thread that steps; a world to all.
 */
#ifndef OSINSTR_EDGES_H
#define OSINSTR_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a block of code ends. */
enum osi_edge_end {
    OSI_END_NEXT,          /* runs on */
    OSI_END_BRANCH,        /* to target or on */
    OSI_END_JUMP,          /* to target */
    OSI_END_CALL,          /* to target */
    OSI_END_CALL_INDIRECT,
    OSI_END_JUMP_INDIRECT,
    OSI_END_RETURN,
    OSI_END_SYSCALL,       /* an exception, after which it runs on */
    OSI_END_EXCEPTION_RETURN,
};

struct osi_edge_code {
    uint32_t id;      /* dense, from 1 */
    uint32_t insns;
    enum osi_edge_end ends;
    uint64_t address, end, target;
};

/* Kinds of edges, by what led from one block to the other. */
enum osi_edge_kind {
    OSI_EDGE_NEXT,      /* ran on, or a branch was not taken */
    OSI_EDGE_TAKEN,     /* conditional branch */
    OSI_EDGE_JUMP,
    OSI_EDGE_JUMP_INDIRECT,
    OSI_EDGE_CALL,
    OSI_EDGE_CALL_INDIRECT,
    OSI_EDGE_RETURN,
    OSI_EDGE_AROUND,    /* with a function: a call, and all until it returned */
    OSI_EDGE_RESTART,   /* the block was left in its middle and goes on there */
    OSI_EDGE_EXCEPTION, /* to a vector, or to a new activation */
    OSI_EDGE_EXCEPTION_RETURN, /* to somewhere that no exception was seen to come from */
    OSI_EDGE_START,     /* from nowhere: counting began, or the function was entered */
    OSI_EDGE_EXIT,      /* to nowhere: the function was left */
    OSI_EDGE_OTHER,     /* nothing visible led there */
    OSI_EDGE_KINDS
};

const char *osi_edge_kind_name(enum osi_edge_kind kind);

struct osi_edges_config {
    /* Describes a block that was stepped to; valid for good. Any thread. */
    const struct osi_edge_code *(*code)(void *data, uint32_t id);
    void *data;
    uint64_t vector_table, vector_entry; /* bytes, powers of two; 0: a vector is just an address */
    uint64_t function, function_end; /* the only function that is stepped through; 0: all code */
    bool part; /* only some of all code is stepped through: returns and exceptions are not all seen */
};

struct osi_edges_world;
struct osi_edges_world *osi_edges_world_new(const struct osi_edges_config *config);
void osi_edges_world_free(struct osi_edges_world *world); /* NULL is allowed */

/* A block's edges on a vCPU. */
struct osi_edge_node {
    uint64_t count[2];
    uint32_t to[2];
    uint32_t id;
    uint32_t unused;
};

#define OSI_EDGE_CHUNK 1024u

struct osi_edges {
    struct osi_edge_node *last;    /* never NULL */
    struct osi_edge_node **chunks; /* by id / OSI_EDGE_CHUNK; those of nodes that were a last */
};

/* Steps count while the window is open and the task counts. */
struct osi_edges *osi_edges_new(struct osi_edges_world *world, bool counts, bool open);
void osi_edges_free(struct osi_edges *edges); /* NULL is allowed */

void osi_edges_miss(struct osi_edges *edges, uint32_t id);

/* The vCPU begins to execute this block. */
static inline void osi_edges_step(struct osi_edges *edges, uint32_t id)
{
    struct osi_edge_node *last = edges->last;

    if (last->to[0] == id) {
        last->count[0]++;
    } else if (last->to[1] == id) {
        last->count[1]++;
    } else {
        osi_edges_miss(edges, id);
        return;
    }
    edges->last = &edges->chunks[id / OSI_EDGE_CHUNK][id % OSI_EDGE_CHUNK];
}

/* The vCPU goes from one task to another, each a number of its own, not 0. What the one left
 * unfinished waits until it runs again, on whichever vCPU. */
void osi_edges_task(struct osi_edges *edges, uint32_t from, uint32_t to, bool counts);
/* `own`: on the thread that steps. Else a close takes effect at the next edge that is not among its
 * block's common ones. */
void osi_edges_window(struct osi_edges *edges, bool open, bool own);

/* All edges, once the vCPU doesn't step any more; `from` is 0 at a start and `to` 0 at an exit. */
typedef void (*osi_edge_fn)(void *data, uint32_t from, uint32_t to, enum osi_edge_kind kind,
                            uint64_t count);
void osi_edges_each(struct osi_edges *edges, osi_edge_fn fn, void *data);
/* Once, when no vCPU steps any more: what tasks that do not run have left unfinished. With a function,
 * an exit is otherwise noticed at the next step. */
void osi_edges_world_each(struct osi_edges_world *world, osi_edge_fn fn, void *data);

#ifdef __cplusplus
}
#endif
#endif
