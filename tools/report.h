/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of a trace, for whoever writes it. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <osinstr/table.h>
#include <osinstr/trace.h>

#include "events.h"

/* A trace with sched_switch; reads it to its end. The caller frees it. */
struct osi_report *report_of_trace(struct osi_trace_reader *reader, struct decoder *decoder,
                                   uint64_t top);

#endif
