/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of a trace as the plain structs that the aggregation takes. */
#ifndef TOOLS_EVENTS_H
#define TOOLS_EVENTS_H

#include <stdbool.h>

#include <osinstr/event.h>
#include <osinstr/trace.h>

struct decoder;

/* Goes by the names of types and fields, not by their numbers. `reader` must outlive it. */
struct decoder *decoder_new(const struct osi_trace_reader *reader);
void decoder_free(struct decoder *decoder);

/* Does the trace have events of this kind that can be decoded? */
bool decoder_has(const struct decoder *decoder, enum osi_event_kind kind);

/* False: not an event of the library. Tasks live as long as the decoder; NULL is an unknown one.
 * The wait of a switch is not in a trace: osi_waits_event() finds it. */
bool decoder_event(struct decoder *decoder, const struct osi_trace_event *from,
                   struct osi_event *event);

#endif
