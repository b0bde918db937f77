/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run leaves behind besides its trace. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output/report.h"
#include "session/internal.h"
#include "session/summary.h"

/* A remark for the report, and for those who read the trace later. */
static void note(struct osi_session *session, struct osi_report *report, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void note(struct osi_session *session, struct osi_report *report, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    osi_report_note(report, "%s", text);
    if (session->trace) {
        osi_trace_note(session->trace, "note", text);
    }
    g_free(text);
}

static void note_losses(struct osi_session *session, struct osi_report *report)
{
    uint64_t late = 0, unreadable = 0, jumps = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        const struct osi_vcpu *vcpu = osi_vcpu(session, i);

        if (vcpu) {
            late += vcpu->late;
            unreadable += vcpu->guest.unreadable;
            jumps += vcpu->clock.jumps;
        }
    }
    if (session->clock.kind == OSI_CLOCK_INSN && osi_n_vcpus(session) > 1 &&
        (session->tool->needs & OSI_NEED_CLOCK)) {
        note(session, report, "each CPU counts its own instructions, so waits are left out");
    }
    if (late) {
        note(session, report, "%" G_GUINT64_FORMAT " events have an estimated time: the guest "
             "did not read its counter near them", late);
    }
    if (unreadable) {
        note(session, report, "%" G_GUINT64_FORMAT " switches are missing: their tasks could not be "
             "read from guest memory", unreadable);
    }
    if (jumps || session->clock.recalibrations) {
        note(session, report, "guest time jumped %" G_GUINT64_FORMAT " times (machine stopped, or "
             "idle that was not seen)", jumps + session->clock.recalibrations);
    }
    if (session->trace && osi_trace_lost(session->trace)) {
        note(session, report, "%" G_GUINT64_FORMAT " events could not be stored and are missing "
             "in the trace (the tables have them)", osi_trace_lost(session->trace));
    }
    if (session->window.from && !atomic_load(&session->window.changes)) {
        note(session, report, "nothing was counted: %s was never entered", session->window.from);
    }
    if (session->guest && !osi_linux_located(session->guest, NULL)) {
        note(session, report, "no task was seen: %s", osi_linux_trouble(session->guest));
    }
}

static void state_run(struct osi_session *session, struct osi_report *report)
{
    const struct osi_host_facts *facts = osi_host_facts(session->host);
    char *options = osi_options_summary(session->options), *kernel = NULL;

    osi_report_string(report, "target", facts->target);
    osi_report_string(report, "host", facts->version);
    if (session->guest) {
        osi_report_string(report, "kernel", osi_linux_provenance(session->guest));
    } else if (session->command_line.kernel && !(session->tool->needs & (OSI_NEED_TASKS | OSI_NEED_FUNCTIONS))) {
        kernel = g_strconcat(session->command_line.kernel, ", whose symbols were not needed", NULL);
        osi_report_string(report, "kernel", kernel);
    }
    osi_report_string(report, "clock", osi_clock_text(session));
    if (session->command_line.icount_text) {
        osi_report_string(report, "icount", session->command_line.icount_text);
    }
    osi_report_count(report, "vcpus", osi_n_vcpus(session));
    osi_report_string(report, "options", options);
    g_free(options);
    g_free(kernel);
}

/* Whole or not at all: a reader never meets half a file. */
int osi_write_file(struct osi_session *session, const char *name,
                   int (*write)(const void *data, FILE *stream), const void *data)
{
    char *path = g_build_filename(session->directory.path, name, NULL);
    char *part = g_strconcat(path, ".part", NULL);
    FILE *file = fopen(part, "we");
    int rc = file ? write(data, file) : -errno;

    if (file && fclose(file) && !rc) {
        rc = -errno;
    }
    if (!rc && rename(part, path) < 0) {
        rc = -errno;
    }
    if (rc) {
        unlink(part);
        osi_say(session, "can't write %s: %s", path, g_strerror(-rc));
    }
    g_free(part);
    g_free(path);
    return rc;
}

static int write_text(const void *report, FILE *stream)
{
    return osi_report_text(report, stream);
}

static int write_json(const void *report, FILE *stream)
{
    return osi_report_json(report, stream);
}

static int write_csv(const void *report, FILE *stream)
{
    return osi_report_histograms_csv(report, stream);
}

static int write_hlog(const void *report, FILE *stream)
{
    return osi_report_histograms_hlog(report, stream);
}

/* They are counted only, so this is the only place where a trace has them. */
static void note_exceptions(struct osi_session *session, unsigned vcpu)
{
    uint64_t counts[OSI_EXCEPTIONS];
    GString *text = g_string_new(NULL);
    char key[32];

    osi_exceptions(session, vcpu, counts);
    for (unsigned i = 0; i < OSI_EXCEPTIONS; i++) {
        g_string_append_printf(text, "%s%s=%" G_GUINT64_FORMAT, i ? "," : "",
                               osi_exception_name((enum osi_exception)i), counts[i]);
    }
    snprintf(key, sizeof(key), "exceptions.%u", vcpu);
    osi_trace_note(session->trace, key, text->str);
    g_string_free(text, TRUE);
}

static void close_trace(struct osi_session *session)
{
    struct osi_error err = { "" };
    char key[32], value[32];

    if (!session->trace) {
        return;
    }
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        if (session->tool->needs & OSI_NEED_OWN_CLOCK) {
            continue; /* only the tool knows */
        }
        snprintf(key, sizeof(key), "end_time.%u", i);
        snprintf(value, sizeof(value), "%" G_GUINT64_FORMAT, osi_end_time(session, i));
        osi_trace_note(session->trace, key, value);
        if (session->irq) {
            note_exceptions(session, i);
        }
    }
    if (osi_trace_writer_close(session->trace, &err)) {
        osi_say(session, "%s", err.text);
    }
    session->trace = NULL;
}

void osi_write_summary(struct osi_session *session)
{
    struct osi_report *report = osi_report_new(session->tool->name);

    osi_report_unit(report, osi_clock_unit(session));
    state_run(session, report);
    note_losses(session, report);
    if (session->tool->report) {
        session->tool->report(session, report);
    }
    close_trace(session);
    osi_write_file(session, "report.txt", write_text, report);
    osi_write_file(session, "summary.json", write_json, report);
    if (osi_report_n_histograms(report)) {
        osi_write_file(session, "histograms.csv", write_csv, report);
        osi_write_file(session, "histograms.hlog", write_hlog, report);
    }
    if (!osi_options_switch(session->options, "quiet")) {
        osi_report_text(report, session->messages);
    }
    osi_report_free(report);
}
