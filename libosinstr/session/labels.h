/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that events share, one object each. */
#ifndef OSINSTR_LABELS_H
#define OSINSTR_LABELS_H

#include <osinstr/event.h>
#include <osinstr/session.h>

struct osi_labels;

struct osi_labels *osi_labels_new(void);
void osi_labels_free(struct osi_labels *labels); /* NULL is allowed */

/* The label with this text, defined in the trace if it is new. Any thread; takes a lock, so not where
 * it is hot. */
const struct osi_label *osi_label(struct osi_session *session, const char *text);
/* Of a place in the guest's code: "function+0x10", or its address. */
const struct osi_label *osi_label_of(struct osi_session *session, uint64_t address);

#endif
