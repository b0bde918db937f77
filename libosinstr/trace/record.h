/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's events as records of the native trace. */
#ifndef OSINSTR_RECORD_H
#define OSINSTR_RECORD_H

#include <osinstr/event.h>
#include <osinstr/trace.h>

/* The schema: type number = event kind. Static. */
const struct osi_event_type *osi_record_types(size_t *n);

/* Fields of an event in the order of the schema; false for what is not recorded. */
bool osi_record_pack(const struct osi_event *event, uint64_t *fields);

#endif
