/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which thread of execution runs where: kept for tools with a run hook or data per context. */
#ifndef OSINSTR_CONTEXTS_H
#define OSINSTR_CONTEXTS_H

#include <osinstr/context.h>
#include <osinstr/error.h>

struct osi_contexts;
struct osi_vcpu;

struct osi_contexts *osi_contexts_new(void);
void osi_contexts_free(struct osi_contexts *contexts); /* NULL is allowed */

/* All on the vCPU's thread: it starts (again); a switch or rename; option `switch`. */
void osi_contexts_start(struct osi_session *session, struct osi_vcpu *vcpu);
void osi_contexts_event(struct osi_session *session, struct osi_vcpu *vcpu,
                        const struct osi_event *event);
/* When the functions are known. 0 or -errno. */
int osi_contexts_hook(struct osi_session *session, struct osi_error *err);

#endif
