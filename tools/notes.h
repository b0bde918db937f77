/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recorder noted in a trace besides events. */
#ifndef TOOLS_NOTES_H
#define TOOLS_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include <osinstr/table.h>
#include <osinstr/trace.h>

/* The last moment of the run on a CPU; false if the run was cut off before it was noted. */
bool end_time_of(const struct osi_trace_reader *reader, unsigned cpu, uint64_t *time);

/* vCPUs of the machine, as far as is known. */
unsigned n_vcpus(const struct osi_trace_reader *reader);

/* The value of an option of the recorded run ("top"), NULL if it had none; g_free() it. */
char *recorded_option(const struct osi_trace_reader *reader, const char *name);

/* Of an option that can be given several times: all its values, with commas between; NULL, g_free(). */
char *recorded_options(const struct osi_trace_reader *reader, const char *name);

/* Passes on the recorder's own remarks (values of the key "note"), then says in which respects the
 * trace is less than the whole run: cut off, lost, damaged. */
void note_remarks(const struct osi_trace_reader *reader, struct osi_report *report);
void note_health(const struct osi_trace_health *health, struct osi_report *report);

/* For output that has no place for notes: one line on stderr if events are missing. */
void warn_of_losses(struct osi_trace_reader *reader);

#endif
