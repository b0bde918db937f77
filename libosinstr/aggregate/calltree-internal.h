/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees from inside:
 *
 *   calltree.c   nodes, and finding a node's child
 *   callstack.c  the stack: what a call, a return, a jump do; callstack-exceptions.c: an exception
 *   calls.c      what an interrupt does before its number is known, and what is not hot
 */
#ifndef OSINSTR_CALLTREE_INTERNAL_H
#define OSINSTR_CALLTREE_INTERNAL_H

#include <glib.h>
#include <stdatomic.h>

#include <osinstr/calltree.h>

/* Placed side by side, with those of other files: few pages for the processor to remember. */
#define OSI_HOT __attribute__((hot))
#define OSI_UNKNOWN_PC UINT64_MAX
#define OSI_MAX_DEPTH (1u << 20)
#define OSI_DEPTH_RESERVE 4096u /* for exceptions */
#define OSI_JOURNAL 256

#define OSI_NO_NODE UINT32_MAX
#define OSI_NODE_CACHE 5

/* A cache line: who runs at a node finds its children without touching another one. */
struct osi_callnode {
    uint32_t parent;   /* index, lower than its own; of the root: OSI_NO_NODE */
    uint32_t function;
    uint64_t self;     /* instructions */
    uint64_t calls;
    uint32_t child_functions[OSI_NODE_CACHE]; /* those looked for last; 0: none */
    uint32_t children[OSI_NODE_CACHE];
};

struct osi_calltree {
    uint64_t max_nodes;
    _Atomic uint64_t n_nodes, merged;
    uint32_t other, signal;
    GMutex lock;
    GPtrArray *all;       /* struct osi_callnodes */
    GHashTable *by_root;  /* the same by vCPU and function of the root when it was made */
};

struct osi_callnodes {
    struct osi_calltree *tree;
    unsigned vcpu;
    struct osi_callnode *nodes; /* aligned to their size */
    uint32_t n_nodes, room;
    uint32_t *slots;   /* open addressing: index + 1 of a node by (parent, function) */
    uint32_t n_slots;  /* a power of two */
    uint32_t reserved; /* nodes that may be made without asking for the limit */
};

#define ROOT_NODE 0u
#define OTHER_NODE 1u

enum frame_kind {
    FRAME_CALL,      /* `back` is where it returns to */
    FRAME_TAIL,      /* goes with the call below it */
    FRAME_EXCEPTION, /* `back` is where it came to */
};

struct frame {
    uint64_t back;
    uint64_t arriving;
    uint32_t node, function;
    uint32_t overflow; /* of exceptions: of what they came to */
    uint8_t kind;
    bool user, apart; /* of exceptions */
};

enum op_kind { OP_CALL, OP_RETURN, OP_JUMP, OP_ENTER };

/* One thing that control did, as it was told. */
struct op {
    enum op_kind kind;
    bool entry, indirect, user, apart;
    uint32_t from, function;
    uint64_t insns, place, arriving;
};

struct osi_calls {
    bool off;          /* nothing counts; first, for osi_calls_counting() */
    bool renamed;      /* since the exception under way was entered */
    bool waiting;      /* for an interrupt's number */
    struct osi_calltree *tree;
    struct osi_callnodes *in; /* where it counts; NULL: it has not run yet */
    uint32_t at;       /* the node that runs */
    uint32_t called;   /* a node whose last call is not counted yet; ROOT_NODE: none */
    struct frame *frames;
    uint32_t depth, room;
    uint32_t base;     /* frames from here on belong to the exception (or the task) that runs */
    uint32_t overflow; /* calls beyond the deepest that did not return yet */
    uint64_t mark;     /* instructions up to here were charged */
    uint64_t insns;    /* charged in all */
    struct osi_calls_health health;
    unsigned n_journal;
    struct op *journal;
};

/* calltree.c */
uint32_t osi_callnode_find(struct osi_callnodes *in, uint32_t parent, uint32_t function);

static inline uint32_t osi_callnode_child(struct osi_callnodes *in, uint32_t parent,
                                          uint32_t function)
{
    const struct osi_callnode *node = &in->nodes[parent];
    uint32_t child = OSI_NO_NODE;

    /* Which of them it is changes from call to call: conditional moves, no jumps to be mispredicted. */
#pragma GCC unroll 5
    for (unsigned i = 0; i < OSI_NODE_CACHE; i++) {
        child = node->child_functions[i] == function ? node->children[i] : child;
    }
    return __builtin_expect(child != OSI_NO_NODE, true)
               ? child
               : osi_callnode_find(in, parent, function);
}

/* calls.c: for when the number of the interrupt is known */
void osi_calls_write_down(struct osi_calls *calls, const struct op *op);

/* callstack.c: as in calltree.h */
void osi_callstack_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                        uint64_t back);
void osi_callstack_return(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                          uint32_t function);
void osi_callstack_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                        bool entry, bool indirect);
void osi_callstack_enter(struct osi_calls *calls, const struct op *op);
uint64_t osi_callstack_leave(struct osi_calls *calls, uint64_t pc);
/* The interrupt under way is this one; false if there is none. */
bool osi_callstack_number(struct osi_calls *calls, uint32_t function);
/* All frames move to the nodes that it is in now. */
void osi_callstack_move(struct osi_calls *calls);

#endif
