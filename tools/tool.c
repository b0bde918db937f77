/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and messages of all commands. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "tool.h"

int complain(const char *format, ...)
{
    va_list args;
    char *line;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", g_get_prgname(), line);
    g_free(line);
    return EXIT_TROUBLE;
}

int written(int rc)
{
    if (rc == 0 || rc == -EPIPE) {
        return EXIT_FINE;
    }
    return complain("can't write to standard output: %s", g_strerror(-rc));
}

bool parse_number(const char *text, uint64_t *number)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &value, NULL)) {
        return false;
    }
    *number = value;
    return true;
}

const char *trace_unit(const struct osi_trace_reader *reader)
{
    const char *unit = osi_trace_info(reader, "clock.unit");

    return unit && strcmp(unit, "insn") == 0 ? "insn" : "ns";
}

static int print_help(GOptionContext *context)
{
    struct out *out = out_new(STDOUT_FILENO);
    char *help = g_option_context_get_help(context, TRUE, NULL);

    out_text(out, help);
    g_free(help);
    return out_close(out);
}

/* GLib's own --help would end the process without noticing a failed write. */
bool parse_options(const struct command *command, const GOptionEntry *entries, const char *what,
                   const char *more, int *argc, char ***argv, int *status)
{
    gboolean help = FALSE;
    const GOptionEntry help_entry[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
        G_OPTION_ENTRY_NULL,
    };
    GOptionContext *context = g_option_context_new(what);
    GError *error = NULL;
    bool go_on = false;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->summary);
    g_option_context_set_description(context, more);
    g_option_context_add_main_entries(context, help_entry, NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        *status = complain("%s (try: osinstr help %s)", error->message, command->name);
        g_error_free(error);
    } else if (help) {
        *status = print_help(context);
    } else {
        go_on = true;
    }
    g_option_context_free(context);
    return go_on;
}

bool directories(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
                 char ***dirs, size_t *n, int *status)
{
    int first;

    *status = EXIT_TROUBLE;
    if (!parse_options(command, entries, "DIR", NULL, &argc, &argv, status)) {
        return false;
    }
    first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (argc <= first) {
        complain("which trace? Give its directory (try: osinstr help %s)", command->name);
        return false;
    }
    *dirs = argv + first;
    *n = (size_t)(argc - first);
    return true;
}

bool arguments(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
               const char **dir, int *status)
{
    char **dirs;
    size_t n;

    if (!directories(command, entries, argc, argv, &dirs, &n, status)) {
        return false;
    }
    if (n > 1) {
        *status = complain("one directory at a time: what is %s?", dirs[1]);
        return false;
    }
    *dir = dirs[0];
    return true;
}

bool open_trace(const char *dir, struct osi_trace_reader **reader, int *status)
{
    struct osi_error err = { "" };

    if (osi_trace_reader_new(dir, reader, &err)) {
        *status = complain("%s", err.text);
        return false;
    }
    return true;
}

bool begin(const struct command *command, const GOptionEntry *entries, int argc, char **argv,
           struct osi_trace_reader **reader, const char **dir, int *status)
{
    return arguments(command, entries, argc, argv, dir, status) && open_trace(*dir, reader, status);
}

int print_report(struct osi_report *report, bool json)
{
    int rc = json ? osi_report_json(report, stdout) : osi_report_text(report, stdout);

    osi_report_free(report);
    return written(rc);
}
