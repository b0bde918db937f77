/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call trees from inside:
 *
 *   calltree.c   nodes, and finding a node's child
 *   callstack.c  the stack: what a call, a return, a jump do; callstack-exceptions.c: an exception
 *   calls.c      what an interrupt does before its number is known, and what is not hot
 *   calls-plain.h  nearly all calls and returns, for whoever is told them
 */
#ifndef OSINSTR_CALLTREE_INTERNAL_H
#define OSINSTR_CALLTREE_INTERNAL_H

#include <glib.h>
#include <stdatomic.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <osinstr/calltree.h>

/* Placed side by side, with those of other files: few pages for the processor to remember. */
#define OSI_HOT __attribute__((hot))
/* Part of who calls it, whatever the compiler thinks of its size. */
#define OSI_PART static inline __attribute__((always_inline))
#define OSI_UNKNOWN_PC UINT64_MAX
#define OSI_PLACE_OFFSET 0xfffu /* of a place: its offset in its page */
#define OSI_MAX_DEPTH (1u << 20)
#define OSI_DEPTH_RESERVE 4096u /* for exceptions */
#define OSI_JOURNAL 256

#define OSI_NO_NODE UINT32_MAX /* above the root */
#define OSI_NODE_CACHE 8

/* A cache line: who runs at a node finds its children without touching another one. */
struct osi_callnode {
    uint64_t self;     /* instructions */
    uint64_t tags[2];  /* functions of some children, 16 bits each from the lowest on; 0: none */
    uint32_t children[OSI_NODE_CACHE]; /* their nodes */
    uint64_t calls;
};

/* Functions from this number on, and 0, are looked up each time. */
#define OSI_NO_TAG 0xffffu

/* Which node this is: so that one that is looked for is known when its slot is, before its own line has come. */
struct osi_callnode_slot {
    uint32_t parent;   /* index, lower than its own */
    uint32_t function;
    uint32_t used;     /* index + 1; 0: free */
    uint32_t unused;   /* four fill a cache line */
};

struct osi_calltree {
    uint64_t max_nodes;
    _Atomic uint64_t n_nodes, merged;
    uint32_t other, signal;
    osi_calls_address address_of; /* of a place; NULL: places are addresses */
    void *address_data;
    GMutex lock;
    GPtrArray *all;       /* struct osi_callnodes */
    GHashTable *by_root;  /* the same by vCPU and function of the root when it was made */
};

struct osi_callnodes {
    struct osi_calltree *tree;
    unsigned vcpu;
    struct osi_callnode *nodes; /* aligned to their size */
    uint32_t n_nodes, room;
    uint32_t root;     /* function of the root */
    struct osi_callnode_slot *slots; /* open addressing by (parent, function), of all but the root */
    uint32_t n_slots;  /* a power of two */
    uint32_t reserved; /* nodes that may be made without asking for the limit */
    uint32_t victim;   /* changes with each child that takes another one's place in a node */
};

#define ROOT_NODE 0u
#define OTHER_NODE 1u

enum frame_kind {
    FRAME_CALL,      /* `back` is where it returns to */
    FRAME_TAIL,      /* goes with the call below it */
    FRAME_EXCEPTION, /* `back` is where it came to */
};

/* The offset of a frame that a return does not simply lead out of. */
#define NO_OFFSET 0xffffu

struct frame {
    uint64_t back;     /* a place, of exceptions an address */
    uint32_t node, function;
    union {
        uint32_t under;    /* of calls and tail calls: the depth after its return */
        uint32_t overflow; /* of exceptions: of what they came to */
    };
    uint16_t offset;   /* of the address that a plain return leads to, in its page; or NO_OFFSET */
    uint8_t kind;
    union {
        uint8_t flags; /* both at once */
        struct {
            bool user : 1, apart : 1; /* of exceptions */
        };
    };
    uint64_t arriving; /* of exceptions */
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
    bool plain;        /* calls-plain.h may be used */
    bool entered;      /* the node that runs was called, which is not counted yet */
    uint32_t at;       /* the node that runs */
    struct osi_callnodes *in; /* where it counts; NULL: it has not run yet */
    struct frame *frames;
    uint32_t depth;
    uint32_t plain_room; /* frames that calls-plain.h may use */
    uint64_t mark;     /* instructions up to here were charged */
    struct osi_calls_health health;
    /* Less often needed: */
    struct osi_calltree *tree;
    uint32_t room;
    uint32_t base;     /* frames from here on belong to the exception (or the task) that runs */
    uint32_t overflow; /* calls beyond the deepest that did not return yet */
    uint64_t skipped;  /* of the instructions up to the mark, not charged */
    unsigned n_journal;
    struct op *journal;
};

/* calltree.c */
/* Parent and function of each node. g_free() it. */
struct osi_callnode_slot *osi_callnodes_keys(const struct osi_callnodes *in);
uint32_t osi_callnode_find(struct osi_callnodes *in, uint32_t parent, uint32_t function);

/* The top bit of the lowest 16 bits that are 0, and perhaps of higher ones. */
static inline uint64_t osi_lowest_zero(uint64_t x)
{
    return (x - 0x0001000100010001u) & ~x & 0x8000800080008000u;
}

/* The place of a tag, OSI_NODE_CACHE if it is not there. */
OSI_PART unsigned osi_callnode_tag_portable(const struct osi_callnode *node, uint32_t function)
{
    uint64_t wanted = function * 0x0001000100010001u;
    uint64_t low = osi_lowest_zero(node->tags[0] ^ wanted), high = osi_lowest_zero(node->tags[1] ^ wanted);

    return low    ? (unsigned)__builtin_ctzll(low) / 16
           : high ? OSI_NODE_CACHE / 2 + (unsigned)__builtin_ctzll(high) / 16
                  : OSI_NODE_CACHE;
}

#ifdef __SSE2__
OSI_PART unsigned osi_callnode_tag(const struct osi_callnode *node, uint32_t function)
{
    __m128i same = _mm_cmpeq_epi16(_mm_loadu_si128((const __m128i *)(const void *)node->tags),
                                   _mm_set1_epi16((short)function));
    unsigned hits = (unsigned)_mm_movemask_epi8(same);

    return hits ? (unsigned)__builtin_ctz(hits) / 2 : OSI_NODE_CACHE;
}
#else
#define osi_callnode_tag osi_callnode_tag_portable
#endif

/* OSI_NO_NODE: the node does not remember it. Which of them it is changes from call to call, so there is one jump only
 * that can be mispredicted. */
OSI_PART uint32_t osi_callnode_remembered(const struct osi_callnode *node, uint32_t function)
{
    unsigned at = osi_callnode_tag(node, function);

    if (__builtin_expect(function - 1 >= OSI_NO_TAG - 1 || at == OSI_NODE_CACHE, false)) {
        return OSI_NO_NODE;
    }
    return node->children[at];
}

static inline uint32_t osi_callnode_child(struct osi_callnodes *in, uint32_t parent,
                                          uint32_t function)
{
    uint32_t child = osi_callnode_remembered(&in->nodes[parent], function);

    return child != OSI_NO_NODE ? child : osi_callnode_find(in, parent, function);
}

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
