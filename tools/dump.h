/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two kinds of dump share: events, and paths. */
#ifndef TOOLS_DUMP_H
#define TOOLS_DUMP_H

#include <osinstr/trace.h>

#include "names.h"
#include "out.h"
#include "select.h"

struct dump {
    struct out *out;
    struct names *names;
    uint64_t limit; /* lines that may still be printed */
};

/* Follows the tasks, and prints the event if it is selected. */
void dump_event(struct dump *dump, const struct selection *selection,
                const struct osi_trace_event *event);

/* dump-path.c: the path of each CPU, one after the other: a line per block, or per instruction. False
 * after a complaint. */
bool dump_paths(struct dump *dump, struct osi_trace_reader *reader,
                const struct selection *selection, bool insns);

#endif
