/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which events of a trace are wanted: --event, --cpu, --from, --to. */
#ifndef TOOLS_SELECT_H
#define TOOLS_SELECT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/trace.h>

struct selection {
    /* As given; GLib fills them in. */
    char **events, **cpus;
    char *from_text, *to_text;
    /* As resolved for one trace. */
    bool types[OSI_TRACE_MAX_TYPES];
    bool *streams;
    unsigned n_streams;
    int only_stream; /* -1: several */
    uint64_t from, to;
};

/* For a command's table of options. */
#define SELECT_ENTRIES(s)                                                                          \
    { "event", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &(s)->events,                                    \
      "Only events of this type (repeatable); osinstr info lists the types", "NAME" },             \
    { "cpu", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &(s)->cpus,                                        \
      "Only events of this CPU (repeatable)", "N" },                                               \
    { "from", 0, 0, G_OPTION_ARG_STRING, &(s)->from_text,                                          \
      "Nothing before this time: 12.345678s, 1.5ms, 1500us or 1500000 (ns)", "TIME" },             \
    { "to", 0, 0, G_OPTION_ARG_STRING, &(s)->to_text, "Nothing after this time", "TIME" }

/* Resolves the options against a trace. False after a complaint. */
bool selection_resolve(struct selection *selection, const struct osi_trace_reader *reader,
                       const char *dir);
void selection_clear(struct selection *selection);

/* The next event that may be of interest: one before --from or of another type still tells which
 * task runs. 0: no more. */
int selection_next(const struct selection *selection, struct osi_trace_reader *reader,
                   struct osi_trace_event *event);

/* Is it in the time and on a CPU that are wanted? */
static inline bool selection_covers(const struct selection *selection,
                                    const struct osi_trace_event *event)
{
    return event->time >= selection->from && selection->streams[event->stream];
}

static inline bool selection_wants(const struct selection *selection,
                                   const struct osi_trace_event *event)
{
    return selection->types[event->type] && selection_covers(selection, event);
}

/* A point in time as the user writes it, in the unit of the trace; false if it is none. */
bool parse_time(const char *text, const char *unit, uint64_t *time);

#endif
