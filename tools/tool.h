/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of osinstr share: arguments, messages, exit statuses. */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/table.h>
#include <osinstr/trace.h>

/* Exit statuses; osinstr(1) documents them. */
enum {
    EXIT_FINE = 0,
    EXIT_DIFFERENT = 1, /* diff: something differs */
    EXIT_DAMAGED = 1, /* validate: readable, but something is damaged or missing */
    EXIT_TROUBLE = 2, /* wrong usage, no trace, output could not be written */
};

/* A command of the tool. argv[0] is its name; the result is the exit status. */
struct command {
    const char *name;
    const char *summary; /* for the list of commands; also heads the command's own help */
    int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_csv, command_diff, command_dump, command_export, command_info,
    command_report, command_validate;

/* One line on stderr, "osinstr COMMAND: …". Returns EXIT_TROUBLE. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends writing to standard output: rc is 0 or -errno. The exit status, after a complaint if one is
 * due; a reader that went away is none. */
int written(int rc);

/* Parses the options of a command; `what` names its arguments in the help, `more` (may be NULL) ends
 * it. False: the command ends here with *status (help was asked for, or something is wrong and was said). */
bool parse_options(const struct command *command, const GOptionEntry *entries, const char *what,
                   const char *more, int *argc, char ***argv, int *status);
/* The same, and finds the directories that it is about, at least one. */
bool directories(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
                 char ***dirs, size_t *n, int *status);
/* The same for a command of one directory. */
bool arguments(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
               const char **dir, int *status);
/* The same, then opens the trace there. */
bool begin(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
           struct osi_trace_reader **reader, const char **dir, int *status);
bool open_trace(const char *dir, struct osi_trace_reader **reader, int *status);

/* Decimal, nothing around it. */
bool parse_number(const char *text, uint64_t *number);

/* "ns" or "insn": what the times of a trace count. */
const char *trace_unit(const struct osi_trace_reader *reader);

/* Writes a report to standard output and frees it; the exit status. */
int print_report(struct osi_report *report, bool json);

#endif
