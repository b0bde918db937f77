/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only a trace tells of a run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/schedstat.h>

#include "diff.h"
#include "events.h"
#include "notes.h"
#include "output/report.h"
#include "progress.h"
#include "report.h"
#include "tool.h"

static char *json_of(const struct osi_report *report)
{
    char *json = NULL;
    size_t length;
    FILE *stream = open_memstream(&json, &length);

    if (!stream || osi_report_json(report, stream)) {
        g_error("out of memory");
    }
    fclose(stream);
    return json;
}

/* There are two directories: which of them is it? */
static int open_reader(const struct diff_run *run, struct osi_trace_reader **reader,
                       struct osi_error *err)
{
    struct osi_error why = { "" };
    int rc = osi_trace_reader_new(run->dir, reader, &why);

    return rc ? osi_fail(err, rc, "%s: %s", run->dir, why.text) : 0;
}

/* In which respects it is less than the whole run. */
static void note_losses(struct osi_trace_reader *reader, struct osi_report *report)
{
    struct osi_trace_health health;
    int rc = osi_trace_check(reader, &health, NULL, NULL);

    if (rc < 0) {
        osi_report_note(report, "the trace can't be checked: %s", g_strerror(-rc));
    } else {
        note_health(&health, report);
    }
}

/* ---- a run that was cut off ---- */
static void take_histograms(struct diff_run *run, const struct osi_report *report)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (!stream || osi_report_histograms_csv(report, stream)) {
        g_error("out of memory");
    }
    fclose(stream);
    diff_histograms_read(run->histograms, text);
    free(text);
}

int diff_trace_report(struct diff_run *run, char **json, struct osi_error *err)
{
    struct osi_trace_reader *reader = NULL;
    struct osi_report *report;
    struct decoder *decoder;
    int rc = open_reader(run, &reader, err);

    if (rc) {
        return rc;
    }
    decoder = decoder_new(reader);
    if (decoder_has(decoder, OSI_EVENT_SCHED_SWITCH)) {
        report = report_of_trace(reader, decoder, 0);
        *json = json_of(report);
        take_histograms(run, report);
        osi_report_free(report);
    } else {
        rc = osi_fail(err, -EINVAL, "%s was cut off, and its trace has no events to report of",
                      run->dir);
    }
    decoder_free(decoder);
    osi_trace_reader_free(reader);
    return rc;
}

/* ---- tasks and their waits ---- */
/* What events are fed to; without `stat` only waits are looked for. */
struct feed {
    struct diff_run *run;
    struct osi_trace_reader *reader;
    struct osi_schedstat *stat;
    uint64_t last_time;
};

static void take_wait(struct diff_run *run, const struct osi_event *event)
{
    const struct osi_task *task = event->sched_switch.next;
    char tag[32];

    if (event->kind == OSI_EVENT_SCHED_SWITCH && event->sched_switch.next_waited && task) {
        snprintf(tag, sizeof(tag), "task.%u", (unsigned)task->key);
        osi_histogram_record(diff_histogram_of(run->histograms, tag), event->sched_switch.wait);
    }
}

static void take_events(struct feed *feed, struct decoder *decoder)
{
    /* Instruction counts of several CPUs can't be compared. */
    bool with_waits = osi_trace_n_streams(feed->reader) == 1 ||
                      strcmp(trace_unit(feed->reader), "insn") != 0;
    struct osi_waits *waits = osi_waits_new();
    struct osi_trace_event from;
    struct osi_event event;
    struct progress progress;

    progress_start(&progress, feed->reader, false);
    while (osi_trace_next(feed->reader, &from)) {
        feed->last_time = from.time;
        if (decoder_event(decoder, &from, &event)) {
            if (with_waits) {
                osi_waits_event(waits, &event);
                take_wait(feed->run, &event);
            }
            if (feed->stat) {
                osi_schedstat_event(feed->stat, &event);
            }
        }
        progress_step(&progress, from.time);
    }
    progress_end(&progress);
    osi_waits_free(waits);
}

/* The run has its report, whose waits are of another source. */
static void take_losses(struct diff_run *run, struct osi_trace_reader *reader)
{
    struct osi_report *report = osi_report_new("losses");

    note_losses(reader, report);
    for (guint i = 0; i < report->notes->len; i++) {
        diff_run_note(run, g_ptr_array_index(report->notes, i));
    }
    osi_report_free(report);
}

int diff_trace_waits(struct diff_run *run, struct osi_error *err)
{
    struct feed feed = { .run = run };
    struct decoder *decoder;
    int rc = open_reader(run, &feed.reader, err);

    if (rc) {
        return rc;
    }
    decoder = decoder_new(feed.reader);
    take_events(&feed, decoder);
    take_losses(run, feed.reader);
    decoder_free(decoder);
    osi_trace_reader_free(feed.reader);
    return 0;
}

/* ---- a trace of another tool's ---- */
/* A path has task switches, but only that. */
static bool has_wakeups(const struct feed *feed)
{
    struct osi_sched_totals totals;

    osi_schedstat_totals(feed->stat, &totals);
    return totals.wakeups > 0;
}

static char *sched_json(const struct feed *feed)
{
    static const char *const keys[] = { "target", "host", "kernel", "clock", "icount", "options" };
    struct osi_report *report = osi_report_new("sched");
    const struct osi_trace_reader *reader = feed->reader;
    char *json;

    osi_report_unit(report, trace_unit(reader));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        osi_report_string(report, keys[i], osi_trace_info(reader, keys[i]));
    }
    osi_report_count(report, "vcpus", n_vcpus(reader));
    note_remarks(reader, report);
    osi_schedstat_report(feed->stat, report, 0);
    note_losses(feed->reader, report);
    json = json_of(report);
    osi_report_free(report);
    return json;
}

static void end_cpus(const struct feed *feed)
{
    size_t n;
    const struct osi_sched_cpu_stat **cpus = osi_schedstat_cpus(feed->stat, &n);

    for (size_t i = 0; i < n; i++) {
        uint64_t end = feed->last_time;

        end_time_of(feed->reader, cpus[i]->vcpu, &end);
        osi_schedstat_end(feed->stat, cpus[i]->vcpu, end);
    }
    free(cpus);
}

char *diff_trace_sched(struct diff_run *run)
{
    struct feed feed = { .run = run };
    struct decoder *decoder;
    char *json = NULL;

    if (osi_trace_reader_new(run->dir, &feed.reader, NULL)) {
        return NULL;
    }
    decoder = decoder_new(feed.reader);
    if (decoder_has(decoder, OSI_EVENT_SCHED_SWITCH)) {
        feed.stat = osi_schedstat_new();
        take_events(&feed, decoder);
        end_cpus(&feed);
        json = has_wakeups(&feed) ? sched_json(&feed) : NULL;
        osi_schedstat_free(feed.stat);
    }
    decoder_free(decoder);
    osi_trace_reader_free(feed.reader);
    return json;
}
