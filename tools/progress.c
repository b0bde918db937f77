/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress line: after half a second, then at most ten times a second. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "notes.h"
#include "progress.h"

#define ERASE "\r\033[K"

void progress_start(struct progress *progress, const struct osi_trace_reader *reader,
                    bool printing)
{
    *progress = (struct progress){
        .on = isatty(STDERR_FILENO) && !(printing && isatty(STDOUT_FILENO)),
        .first = UINT64_MAX,
        .next = g_get_monotonic_time() + G_USEC_PER_SEC / 2,
    };
    for (unsigned i = 0; i < osi_trace_n_streams(reader); i++) {
        uint64_t end = 0;

        end_time_of(reader, i, &end);
        progress->end = MAX(progress->end, end);
    }
}

void progress_show(struct progress *progress, uint64_t time)
{
    gint64 now = g_get_monotonic_time();

    progress->first = MIN(progress->first, time);
    if (now < progress->next) {
        return;
    }
    progress->next = now + G_USEC_PER_SEC / 10;
    progress->shown = true;
    fprintf(stderr, ERASE "%" PRIu64 " events", progress->events);
    if (progress->end > progress->first && time <= progress->end) {
        fprintf(stderr, ", %.0f %%", 100.0 * (double)(time - progress->first) /
                (double)(progress->end - progress->first));
    }
    fflush(stderr);
}

void progress_say(struct progress *progress, const char *words)
{
    if (progress->on) {
        fprintf(stderr, ERASE "%s", words);
        fflush(stderr);
        progress->shown = true;
    }
}

void progress_end(struct progress *progress)
{
    if (progress->shown) {
        fputs(ERASE, stderr);
        fflush(stderr);
        progress->shown = false;
    }
}
