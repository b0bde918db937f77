/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_context: one thread of execution, and what a tool keeps of it.
 *
 * A context is a task of the guest's kernel where tasks are known; else what a vCPU runs, until the
 * function that the option `switch` names is called with the old and the new task as its first
 * arguments (an RTOS, a bare-metal scheduler); in user-mode QEMU a thread of the program.
 *
 * On one vCPU only one context runs, and a context runs on one vCPU only: what belongs to it needs no
 * lock. The run hook comes on the thread of the vCPU at each change.
 */
#ifndef OSINSTR_CONTEXT_H
#define OSINSTR_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <osinstr/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_session;

struct osi_context {
    uint32_t number;  /* dense, from 0 */
    uint32_t stage;   /* counts its names */
    const char *name; /* "sh-123", "vCPU 0", "task_a"; each stage's lives as long as the session */
    const struct osi_task *task; /* NULL: not a task of a known kernel */
    bool wanted;      /* the option `task` asks for it, or is not given */
    void *data;       /* tool->context_size zeroed bytes */
};

/* What runs on the vCPU; NULL before it started. vCPU thread. */
struct osi_context *osi_context(const struct osi_session *session, unsigned vcpu);
/* All that there ever were, for reports. */
unsigned osi_n_contexts(const struct osi_session *session);
struct osi_context *osi_context_at(const struct osi_session *session, unsigned number);

#ifdef __cplusplus
}
#endif
#endif
