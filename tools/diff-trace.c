/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only a trace tells of a run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/schedstat.h>

#include "diff.h"
#include "events.h"
#include "output/report.h"
#include "progress.h"
#include "report.h"
#include "tool.h"

/* ---- a run that was cut off ---- */
static int take_histograms(struct diff_run *run, const struct osi_report *report)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    int rc = stream ? osi_report_histograms_csv(report, stream) : -ENOMEM;

    if (stream) {
        fclose(stream);
    }
    if (!rc) {
        rc = diff_histograms_read(run->histograms, text);
    }
    free(text);
    return rc;
}

static int make_report(struct diff_run *run, struct osi_trace_reader *reader,
                       struct decoder *decoder, char **json)
{
    struct osi_report *report = report_of_trace(reader, decoder, 0);
    size_t length;
    FILE *stream = open_memstream(json, &length);
    int rc = stream ? osi_report_json(report, stream) : -ENOMEM;

    if (stream) {
        fclose(stream);
    }
    if (!rc) {
        rc = take_histograms(run, report);
    }
    osi_report_free(report);
    return rc;
}

int diff_trace_report(struct diff_run *run, char **json, struct osi_error *err)
{
    struct osi_trace_reader *reader = NULL;
    struct decoder *decoder;
    int rc = osi_trace_reader_new(run->dir, &reader, err);

    if (rc) {
        return rc;
    }
    decoder = decoder_new(reader);
    rc = decoder_has(decoder, OSI_EVENT_SCHED_SWITCH)
             ? make_report(run, reader, decoder, json)
             : osi_fail(err, -EINVAL, "%s was cut off, and its trace has no events to report of",
                        run->dir);
    decoder_free(decoder);
    osi_trace_reader_free(reader);
    return rc;
}

/* ---- waits ---- */
static void take_wait(struct diff_run *run, const struct osi_event *event)
{
    const struct osi_task *task = event->sched_switch.next;
    char tag[32];

    if (event->kind == OSI_EVENT_SCHED_SWITCH && event->sched_switch.next_waited && task) {
        snprintf(tag, sizeof(tag), "task.%u", (unsigned)task->key);
        osi_histogram_record(diff_histogram_of(run->histograms, tag), event->sched_switch.wait);
    }
}

static void take_waits(struct diff_run *run, struct osi_trace_reader *reader)
{
    struct decoder *decoder = decoder_new(reader);
    struct osi_waits *waits = osi_waits_new();
    struct osi_trace_event from;
    struct osi_event event;
    struct progress progress;

    progress_start(&progress, reader, false);
    while (osi_trace_next(reader, &from)) {
        if (decoder_event(decoder, &from, &event)) {
            osi_waits_event(waits, &event);
            take_wait(run, &event);
        }
        progress_step(&progress, from.time);
    }
    progress_end(&progress);
    osi_waits_free(waits);
    decoder_free(decoder);
}

int diff_trace_waits(struct diff_run *run, struct osi_error *err)
{
    struct osi_trace_reader *reader = NULL;
    int rc = osi_trace_reader_new(run->dir, &reader, err);

    if (rc) {
        return rc;
    }
    /* Instruction counts of several CPUs can't be compared. */
    if (osi_trace_n_streams(reader) == 1 || strcmp(trace_unit(reader), "insn") != 0) {
        take_waits(run, reader);
    }
    osi_trace_reader_free(reader);
    return 0;
}
