/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts and remarks that the recorder left in a trace, and what a check of it found. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notes.h"
#include "tool.h"

bool end_time_of(const struct osi_trace_reader *reader, unsigned cpu, uint64_t *time)
{
    char key[32];
    const char *value;

    snprintf(key, sizeof(key), "end_time.%u", cpu);
    value = osi_trace_info(reader, key);
    return value && parse_number(value, time);
}

/* The end is noted for each vCPU, also for those that had no event. */
unsigned n_vcpus(const struct osi_trace_reader *reader)
{
    uint64_t time;
    unsigned n = 0;

    while (end_time_of(reader, n, &time)) {
        n++;
    }
    return n ? n : osi_trace_n_streams(reader);
}

char *recorded_options(const struct osi_trace_reader *reader, const char *name)
{
    const char *text = osi_trace_info(reader, "options");
    size_t length = strlen(name);
    char **options = g_strsplit(text ? text : "", ",", -1);
    GString *values = g_string_new(NULL);

    for (size_t i = 0; options[i]; i++) {
        if (strncmp(options[i], name, length) == 0 && options[i][length] == '=') {
            g_string_append_printf(values, "%s%s", values->len ? "," : "", options[i] + length + 1);
        }
    }
    g_strfreev(options);
    return g_string_free(values, values->len == 0);
}

char *recorded_option(const struct osi_trace_reader *reader, const char *name)
{
    char *values = recorded_options(reader, name);
    const char *comma = values ? strrchr(values, ',') : NULL;
    char *last = values ? g_strdup(comma ? comma + 1 : values) : NULL;

    g_free(values);
    return last;
}

void note_remarks(const struct osi_trace_reader *reader, struct osi_report *report)
{
    const char *key, *value;

    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++) {
        if (strcmp(key, "note") == 0) {
            osi_report_note(report, "%s", value);
        }
    }
}

void note_health(const struct osi_trace_health *health, struct osi_report *report)
{
    if (!health->complete) {
        osi_report_note(report, "the run was cut off: the trace ends with the last event that was "
                        "recorded (%" PRIu64 " events are from the open blocks)",
                        health->staged_events);
    } else if (health->staged_events) {
        osi_report_note(report, "%" PRIu64 " events are from the open blocks, which could not be "
                        "written at the end of the run", health->staged_events);
    }
    if (health->lost_events) {
        osi_report_note(report, "%" PRIu64 " events could not be stored during the run and are "
                        "missing", health->lost_events);
    }
    if (health->bad_blocks || health->missing_blocks || health->bad_records) {
        osi_report_note(report, "the trace is damaged and events are missing: %" PRIu64
                        " damaged and %" PRIu64 " missing blocks, %" PRIu64 " damaged records "
                        "(osinstr validate lists them)", health->bad_blocks,
                        health->missing_blocks, health->bad_records);
    }
    if (health->unknown_events) {
        osi_report_note(report, "%" PRIu64 " events are of kinds that only a newer osinstr reads",
                        health->unknown_events);
    }
}

void warn_of_losses(struct osi_trace_reader *reader)
{
    struct osi_trace_health health;
    int rc = osi_trace_check(reader, &health, NULL, NULL);

    if (rc < 0) {
        complain("the trace can't be checked: %s", g_strerror(-rc));
    } else if (rc > 0) {
        complain("the trace is damaged and events are missing here (osinstr validate says where)");
    } else if (health.lost_events) {
        complain("%" PRIu64 " events could not be stored during the run and are missing here",
                 health.lost_events);
    }
}
