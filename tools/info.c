/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr info: what was traced, how much of it there is and whether it is whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <osinstr/path.h>

#include "notes.h"
#include "progress.h"
#include "tool.h"

struct tally {
    uint64_t events, first, last; /* first UINT64_MAX: none */
};

struct counts {
    struct tally types[OSI_TRACE_MAX_TYPES];
    struct tally *streams;
    unsigned n_streams;
    uint64_t events;
};

static void count(struct tally *tally, uint64_t time)
{
    tally->events++;
    tally->first = MIN(tally->first, time);
    tally->last = MAX(tally->last, time); /* of a type: streams come one after the other */
}

/* Stream by stream: merging them by time would double the cost for nothing. */
static void count_events(struct counts *counts, struct osi_trace_reader *reader)
{
    struct osi_trace_event event;
    struct progress progress;

    counts->n_streams = osi_trace_n_streams(reader);
    counts->streams = g_new0(struct tally, counts->n_streams + 1);
    for (size_t i = 0; i < OSI_TRACE_MAX_TYPES; i++) {
        counts->types[i].first = UINT64_MAX;
    }
    progress_start(&progress, reader, false);
    for (unsigned i = 0; i < counts->n_streams; i++) {
        counts->streams[i].first = UINT64_MAX;
        while (osi_trace_stream_next(reader, i, &event)) {
            count(&counts->streams[i], event.time);
            count(&counts->types[event.type], event.time);
            progress_step(&progress, event.time);
        }
        counts->events += counts->streams[i].events;
    }
    progress_end(&progress);
}

/* ---- facts ---- */
static void state_info(const struct osi_trace_reader *reader, struct osi_report *report)
{
    static const char *const first[] = { "tool", "target", "host", "kernel", "options", "clock" };
    const char *key, *value;

    for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
        if ((value = osi_trace_info(reader, first[i]))) {
            osi_report_string(report, first[i], value);
        }
    }
    /* Then whatever else was noted; of a key that was noted again only the last value counts. */
    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++) {
        bool listed = strcmp(key, "note") == 0 || g_str_has_prefix(key, "end_time.") ||
                      value != osi_trace_info(reader, key);

        for (size_t k = 0; k < G_N_ELEMENTS(first); k++) {
            listed |= strcmp(key, first[k]) == 0;
        }
        if (!listed) {
            osi_report_string(report, key, value);
        }
    }
}

static void state_size(const struct osi_trace_health *health, struct osi_report *report)
{
    char ratio[32] = "-";

    if (health->events) {
        snprintf(ratio, sizeof(ratio), "%.2f", (double)health->bytes / (double)health->events);
    }
    osi_report_count(report, "bytes", health->bytes);
    osi_report_string(report, "bytes_per_event", ratio);
    osi_report_string(report, "complete", health->complete ? "yes" : "no");
    osi_report_count(report, "lost_events", health->lost_events);
    osi_report_count(report, "staged_events", health->staged_events);
}

static void state_extent(const struct osi_trace_health *health, struct osi_report *report)
{
    bool any = health->events != 0;

    osi_report_stamp(report, "first", any ? health->first_time : OSI_NONE);
    osi_report_stamp(report, "last", any ? health->last_time : OSI_NONE);
    osi_report_time(report, "duration", any ? health->last_time - health->first_time : OSI_NONE);
    osi_report_count(report, "events", health->events);
}

/* ---- tables ---- */
static void add_types(const struct counts *counts, const struct osi_trace_reader *reader,
                      struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "event", "event", OSI_COL_STRING }, { "events", "events", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },  { "first", "first", OSI_COL_STAMP },
        { "last", "last", OSI_COL_STAMP },
    };

    osi_report_table(report, "event_types", "event types", columns, G_N_ELEMENTS(columns));
    for (size_t i = 0; i < osi_trace_n_types(reader); i++) {
        const struct tally *tally = &counts->types[i];

        osi_report_row(report, osi_trace_type(reader, i)->name, tally->events,
                       counts->events ? (double)tally->events / (double)counts->events : 0.0,
                       tally->first, tally->events ? tally->last : OSI_NONE);
    }
}

static uint64_t file_size(const char *dir, unsigned stream, const char *suffix)
{
    char *path = g_strdup_printf("%s/cpu%u.%s", dir, stream, suffix);
    struct stat st;
    uint64_t size = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;

    g_free(path);
    return size;
}

static void add_streams(const struct counts *counts, const struct osi_trace_reader *reader,
                        const char *dir, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "cpu", "cpu", OSI_COL_COUNT },     { "events", "events", OSI_COL_COUNT },
        { "bytes", "bytes", OSI_COL_COUNT }, { "first", "first", OSI_COL_STAMP },
        { "last", "last", OSI_COL_STAMP },   { "end", "end of run", OSI_COL_STAMP },
    };

    osi_report_table(report, "streams", "streams", columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < counts->n_streams; i++) {
        const struct tally *tally = &counts->streams[i];
        uint64_t end = OSI_NONE;

        end_time_of(reader, i, &end);
        osi_report_row(report, (uint64_t)i, tally->events,
                       file_size(dir, i, "trace") + file_size(dir, i, "open"), tally->first,
                       tally->events ? tally->last : OSI_NONE, end);
    }
}

static void walk_path(struct osi_trace_reader *reader, const char *dir, unsigned stream,
                      struct osi_report *report)
{
    char ratio[32] = "-";
    struct osi_path *path = osi_path_new(reader, stream);
    uint64_t blocks = 0, insns = 0, exceptions = 0, losses = 0;
    struct osi_path_step step;

    while (osi_path_next(path, &step)) {
        if (step.kind == OSI_PATH_BLOCK) {
            blocks++;
            insns += step.n;
        }
        exceptions += step.kind == OSI_PATH_EXCEPTION;
        losses += step.kind == OSI_PATH_LOST;
    }
    osi_path_free(path);
    if (blocks) {
        snprintf(ratio, sizeof(ratio), "%.3f",
                 (double)(file_size(dir, stream, "trace") + file_size(dir, stream, "open")) /
                     (double)blocks);
    }
    osi_report_row(report, (uint64_t)stream, blocks, insns, exceptions, losses, ratio);
}

static void add_paths(struct osi_trace_reader *reader, const char *dir, struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "cpu", "cpu", OSI_COL_COUNT },
        { "blocks", "blocks", OSI_COL_COUNT },
        { "instructions", "instructions", OSI_COL_COUNT },
        { "exceptions", "exceptions", OSI_COL_COUNT },
        { "losses", "losses", OSI_COL_COUNT },
        { "bytes_per_block", "bytes per block", OSI_COL_STRING },
    };

    if (!osi_path_in(reader)) {
        return;
    }
    osi_trace_rewind(reader);
    osi_report_table(report, "paths", "paths", columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < osi_trace_n_streams(reader); i++) {
        walk_path(reader, dir, i, report);
    }
}

static int info(struct osi_trace_reader *reader, const char *dir, bool json)
{
    struct osi_report *report = osi_report_new("trace");
    struct osi_trace_health health;
    struct counts counts = { .events = 0 };
    int rc = osi_trace_check(reader, &health, NULL, NULL);

    if (rc < 0) {
        osi_report_free(report);
        return complain("%s: %s", dir, g_strerror(-rc));
    }
    count_events(&counts, reader);
    osi_report_unit(report, trace_unit(reader));
    state_info(reader, report);
    state_extent(&health, report);
    state_size(&health, report);
    add_types(&counts, reader, report);
    add_streams(&counts, reader, dir, report);
    add_paths(reader, dir, report);
    note_remarks(reader, report);
    note_health(&health, report);
    g_free(counts.streams);
    return print_report(report, json);
}

static int run(const struct command *command, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL },
        G_OPTION_ENTRY_NULL,
    };
    struct osi_trace_reader *reader = NULL;
    const char *dir;
    int status;

    if (begin(command, entries, argc, argv, &reader, &dir, &status)) {
        status = info(reader, dir, json);
    }
    osi_trace_reader_free(reader);
    return status;
}

const struct command command_info = {
    .name = "info",
    .summary = "Say what was traced, how much of it there is and whether it is whole",
    .run = run,
};
