/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling-context trees: instructions and calls by path of calls.
 *
 * Tasks of one name share a tree, or each has its own; so that no locks are needed, each vCPU has
 * trees of its own, which a profile puts together. A task has a stack of what was called and where it
 * will return to; it says at which node the task is, and goes with the task from vCPU to vCPU. It is fed
 * with what control does (osinstr/flow.h), and heals itself: a return to an earlier caller (longjmp)
 * drops the frames above it, a return to nowhere begins anew; each such case is counted.
 *
 * Rules:
 *   - A jump to a function's first instruction is a tail call: a frame that goes when its caller's
 *     returns. Tail recursion stays at its node.
 *   - Another jump into a function puts this function in the place of the one that jumped.
 *   - An exception is a node below the code it came to, an interrupt a node below the root: it
 *     has nothing to do with the path it hit. Either ends with its return.
 *   - Until an interrupt's number is known, what its path does is kept and then done again below the
 *     right node.
 *
 * Times are counts of instructions that the vCPU executed so far; functions are numbers of the
 * caller's. A stack and the nodes it is at belong to the thread of the vCPU that runs the task; only
 * memory for new nodes and deeper stacks is allocated.
 */
#ifndef OSINSTR_CALLTREE_H
#define OSINSTR_CALLTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All trees of a run. Thread-safe. */
struct osi_calltree;
/* A tree: what tasks of one name did on one vCPU. */
struct osi_callnodes;
/* One task's stack. */
struct osi_calls;

struct osi_calls_health {
    uint64_t returns;   /* all */
    uint64_t unwound;   /* returns and jumps that left several calls at once */
    uint64_t unmatched; /* returns to a place that nothing was called from */
    uint64_t deep;      /* calls beyond the deepest stack that is kept */
};

/* `other`: the function whose node takes what does not fit into `max_nodes`, `signal`: that of a
 * signal's handler. */
struct osi_calltree *osi_calltree_new(uint64_t max_nodes, uint32_t other, uint32_t signal);
/* Where a call returns to is a place: a number with the low 12 bits of the address, and `address_of` tells it whole,
 * which is seldom asked for. Without this, places are addresses. Before the first call; osi_flow_follow() needs it. */
typedef uint64_t (*osi_calls_address)(void *data, uint64_t place);
void osi_calltree_set_places(struct osi_calltree *tree, osi_calls_address address_of, void *data);
/* With all its nodes. Of stacks that are left, only osi_calls_insns(), osi_calls_health() and osi_calls_free() may be called
 * from then on. NULL is allowed. */
void osi_calltree_free(struct osi_calltree *tree);
/* The nodes of this vCPU below a root with this function. Takes a lock: for task switches. */
struct osi_callnodes *osi_calltree_nodes(struct osi_calltree *tree, unsigned vcpu, uint32_t root);
/* Calls that did not fit into the limit. */
uint64_t osi_calltree_merged(const struct osi_calltree *tree);
/* The root gets another function: it is known now what it was. */
void osi_callnodes_name(struct osi_callnodes *nodes, uint32_t root);

/* A task with an empty stack. */
struct osi_calls *osi_calls_new(struct osi_calltree *tree);
void osi_calls_free(struct osi_calls *calls); /* NULL is allowed */
/* `child`, which has not run yet, begins where `parent` is in its user code. */
void osi_calls_fork(struct osi_calls *child, const struct osi_calls *parent);

/* The task runs from here on, at these nodes; it ran up to here. */
void osi_calls_resume(struct osi_calls *calls, uint64_t insns, struct osi_callnodes *nodes);
void osi_calls_pause(struct osi_calls *calls, uint64_t insns);
/* It has another name. If the exception under way then returns to another place than it came from, its
 * user code was replaced (exec). */
void osi_calls_renamed(struct osi_calls *calls);
/* Does what runs count from here on? At first it does. */
void osi_calls_count(struct osi_calls *calls, uint64_t insns, bool on);

static inline bool osi_calls_counting(const struct osi_calls *calls)
{
    return !*(const bool *)calls; /* its first member: asked at each call */
}
/* `from`: the function that ran until now, 0 if it is not known; it corrects where the task is. `place` is known. */
void osi_calls_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    uint64_t place);
/* A return to an address with these low 12 bits: true if the last call comes back there, as nearly all do
 * (the rest of the address may differ from the one that the call was translated at). If not, nothing
 * was done, and the address must be told. */
bool osi_calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from, unsigned offset);
/* `function`: that of the code at `target`; 0 if it is not known. */
void osi_calls_return_to(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                         uint32_t function);
/* `entry`: to the function's first instruction. `indirect`: may leave calls, as longjmp does. */
void osi_calls_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    bool entry, bool indirect);
/* `pc`: where the exception will return to; `arriving`: kept, and given back by the return that
 * goes there. `user`: it came to user code; `apart`: below the root, and its number comes later. */
void osi_calls_enter(struct osi_calls *calls, uint64_t insns, uint32_t function, uint64_t pc,
                     uint64_t arriving, bool user, bool apart);
/* The number of the interrupt is known: `function` takes the place of the one it was entered with. */
void osi_calls_number(struct osi_calls *calls, uint64_t insns, uint32_t function);
/* Returns what is arriving at `pc`; OSI_UNKNOWN (UINT64_MAX) as pc: it is not known. */
uint64_t osi_calls_leave(struct osi_calls *calls, uint64_t insns, uint64_t pc);

/* For reports. */
const struct osi_calls_health *osi_calls_health(const struct osi_calls *calls);
uint64_t osi_calls_insns(const struct osi_calls *calls); /* that it executed and that count */
/* Is nothing on its stack? */
bool osi_calls_is_empty(const struct osi_calls *calls);

/* What a function is called in a profile. `root`: the function of the root above the node; returns
 * true if the function is another one below each root (code of a program at an address). */
typedef bool (*osi_calls_resolve)(void *data, uint32_t function, uint32_t root,
                                  struct osi_profile_function *as);
/* All trees as one profile; free() the arrays. Nodes without any count are left out. */
void osi_calltree_profile(struct osi_calltree *tree, osi_calls_resolve resolve, void *data,
                          struct osi_profile *profile);

#ifdef __cplusplus
}
#endif
#endif
