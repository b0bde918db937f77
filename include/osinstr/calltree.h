/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling-context trees: instructions and calls by path of calls, one tree per task.
 *
 * A task's tree is fed with what control does (osinstr/flow.h): calls, returns, jumps, exceptions. A
 * stack of what was called and where it will return to says at which node the task is. The stack heals
 * itself: a return to an earlier caller (longjmp) drops the frames above it, a return to nowhere is
 * taken as a jump; each such case is counted.
 *
 * Rules:
 *   - A jump to a function's first instruction is a tail call: a frame that goes when its caller's
 *     returns. Tail recursion stays at its node.
 *   - Another jump into a function puts this function in the place of the one that jumped.
 *   - An exception is a node below the code it came to, an interrupt a node below the task's root: it
 *     has nothing to do with the path it hit. Either ends with its return.
 *   - Until an interrupt's number is known, what its path does is kept and then done again below the
 *     right node.
 *
 * Times are counts of instructions that the vCPU executed so far; functions are numbers of the
 * caller's. A task's tree belongs to the thread of the vCPU that runs the task; only memory for new
 * nodes and deeper stacks is allocated.
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

#define OSI_NO_NODE UINT32_MAX

/* All trees of a run: what they share is the limit. Thread-safe. */
struct osi_calltree;
/* One task's tree and stack. */
struct osi_calls;

struct osi_callnode {
    uint32_t parent;   /* index, lower than its own; of the root: OSI_NO_NODE */
    uint32_t function;
    uint32_t last;     /* the child that was looked for last; private */
    uint32_t pad;
    uint64_t self;     /* instructions */
    uint64_t calls;
};

struct osi_calls_health {
    uint64_t returns;   /* all */
    uint64_t unwound;   /* returns and jumps that left several calls at once */
    uint64_t unmatched; /* returns to a place that nothing was called from */
    uint64_t deep;      /* calls beyond the deepest stack that is kept */
    uint64_t merged;    /* nodes that did not fit into the limit: calls counted as `other` */
};

/* `other`: the function whose node takes what does not fit, `signal`: the function of a signal's
 * handler. */
struct osi_calltree *osi_calltree_new(uint64_t max_nodes, uint32_t other, uint32_t signal);
void osi_calltree_free(struct osi_calltree *tree); /* after its tasks; NULL is allowed */

/* The task begins with an empty stack at its root, a node with this function. */
struct osi_calls *osi_calls_new(struct osi_calltree *tree, uint32_t root);
void osi_calls_free(struct osi_calls *calls); /* NULL is allowed */

/* The task runs from here on; it ran up to here. */
void osi_calls_resume(struct osi_calls *calls, uint64_t insns);
void osi_calls_pause(struct osi_calls *calls, uint64_t insns);
/* Does what runs count from here on? At first it does. */
void osi_calls_count(struct osi_calls *calls, uint64_t insns, bool on);

/* `from`: the function that ran until now, 0 if it is not known; it corrects where the task is. */
void osi_calls_call(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    uint64_t back);
/* `function`: that of the code at `target`; 0 if it is not known. */
void osi_calls_return(struct osi_calls *calls, uint64_t insns, uint32_t from, uint64_t target,
                      uint32_t function);
/* `entry`: to the function's first instruction. `indirect`: may leave calls, as longjmp does. */
void osi_calls_jump(struct osi_calls *calls, uint64_t insns, uint32_t from, uint32_t function,
                    bool entry, bool indirect);
/* `pc`: where the exception will return to; `arriving`: kept, and given back by the return that
 * goes there. `user`: it came to user code; `apart`: below the root, and its number comes later. */
void osi_calls_enter(struct osi_calls *calls, uint64_t insns, uint32_t function, uint64_t pc,
                     uint32_t arriving, bool user, bool apart);
/* The number of the interrupt is known: `function` takes the place of the one it was entered with. */
void osi_calls_number(struct osi_calls *calls, uint64_t insns, uint32_t function);
/* Returns what is arriving at `pc`; OSI_UNKNOWN (UINT64_MAX) as pc: it is not known. */
uint32_t osi_calls_leave(struct osi_calls *calls, uint64_t insns, uint64_t pc);

/* The task has a new name: from here on it counts below a root of its own. Its user code was replaced if
 * the exception under way returns to another place than it came from (exec). */
void osi_calls_rename(struct osi_calls *calls, uint64_t insns, uint32_t root);

/* For reports. Nodes in order of their making; several roots after renames. */
const struct osi_callnode *osi_calls_nodes(const struct osi_calls *calls, size_t *n);
const struct osi_calls_health *osi_calls_health(const struct osi_calls *calls);
/* Is nothing on its stack? */
bool osi_calls_is_empty(const struct osi_calls *calls);

/* What a function is called in a profile. `root`: the function of the root above the node; returns
 * true if the function is another one below each root (code of a program at an address). */
typedef bool (*osi_calls_resolve)(void *data, uint32_t function, uint32_t root,
                                  struct osi_profile_function *as);
/* All trees as one profile; free() the arrays. Nodes without any count are left out. */
void osi_calls_profile(struct osi_calls *const *calls, size_t n, osi_calls_resolve resolve,
                       void *data, struct osi_profile *profile);

#ifdef __cplusplus
}
#endif
#endif
