/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line on stderr that says how far long work has come; only on a terminal. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/trace.h>

struct progress {
    bool on, shown;
    uint64_t events;
    uint64_t first, end; /* times that are 0 and 100 %; end 0: not known */
    gint64 next;         /* not before this moment, us */
};

/* `printing`: output comes along the way. If that goes to a terminal, it is progress enough. */
void progress_start(struct progress *progress, const struct osi_trace_reader *reader,
                    bool printing);
void progress_show(struct progress *progress, uint64_t time);
/* Shows some words, at once, for work that can't be counted. */
void progress_say(struct progress *progress, const char *words);
void progress_end(struct progress *progress); /* erases the line */

/* Another event was done. Looking at the clock each time would cost more than the event. */
static inline void progress_step(struct progress *progress, uint64_t time)
{
    if (G_UNLIKELY((++progress->events & 0x3fff) == 0) && progress->on) {
        progress_show(progress, time);
    }
}

#endif
