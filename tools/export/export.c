/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr export FORMAT DIR: a run in the formats of other tools. One file per format, see the table. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "formats.h"
#include "notes.h"
#include "tool.h"

static const struct export_format *const formats[] = {
    &export_perfetto, &export_ctf, &export_tracedat,
    &export_folded, &export_callgrind, &export_pprof, &export_speedscope,
    &export_hlog, &export_csv, &export_json, &export_sqlite,
};

static const struct export_format *find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}

static char *list_formats(void)
{
    GString *text = g_string_new("Formats:\n");

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_string_append_printf(text, "  %-11s%s\n", formats[i]->name, formats[i]->summary);
    }
    g_string_append(text, "\nThe output is made in the current folder, with the name of DIR and an ending, "
                          "unless --output says otherwise.");
    return g_string_free(text, FALSE);
}

/* "run/" -> "run.pftrace"; for "." the folder's own name. */
static char *default_output(const char *dir, const char *suffix)
{
    char *path = g_canonicalize_filename(dir, NULL);
    char *name = g_path_get_basename(path);
    char *output = g_strconcat(strcmp(name, "/") ? name : "run", suffix, NULL);

    g_free(path);
    g_free(name);
    return output;
}

/* Options that have no meaning for a tree of calls are refused rather than ignored. */
static bool is_profile(struct export *export, const struct export_format *format, const char *duration)
{
    const struct selection *selection = &export->selection;
    char *file = g_build_filename(export->dir, "profile.pb.gz", NULL);
    bool there = g_file_test(file, G_FILE_TEST_EXISTS);

    g_free(file);
    if (!there) {
        complain("%s has no profile.pb.gz: %s shows what hotpath counts with mode=calls", export->dir,
                 format->name);
        return false;
    }
    if (selection->events || selection->cpus || selection->from_text || selection->to_text || duration) {
        complain("%s shows the calls of a whole run: of these options only --task works with it",
                 format->name);
        return false;
    }
    export->source = export_source_new(export, false);
    return true;
}

/* What may be asked of a run, checked before anything is made. False after a complaint. */
static bool open_run(struct export *export, const struct export_format *format, const char *duration,
                     int *status)
{
    *status = EXIT_TROUBLE;
    if (format->needs == EXPORT_PROFILE) {
        return is_profile(export, format, duration);
    }
    if (!open_trace(export->dir, &export->reader, status)) {
        return false;
    }
    *status = EXIT_TROUBLE;
    if (!selection_resolve(&export->selection, export->reader, export->dir)) {
        return false;
    }
    if (duration && !parse_time(duration, trace_unit(export->reader), &export->min_duration)) {
        complain("--min-duration %s is no time: write 1500 (%s)%s", duration,
                 trace_unit(export->reader), strcmp(trace_unit(export->reader), "ns") ? "" : ", 1.5us or 2ms");
        return false;
    }
    export->source = export_source_new(export, format->states);
    return true;
}

/* Not in the middle of what is printed. */
static void say_what_is_there(const struct export *export, const struct export_format *format,
                              const char *output, bool in_place)
{
    if (!in_place) {
        printf("%s: %" PRIu64 " %s\n", output, export->written, format->things);
    }
    if (export->reader) {
        fflush(stdout);
        warn_of_losses(export->reader);
    }
}

static int write_run(struct export *export, const struct export_format *format, const char *output)
{
    struct osi_error err = { "" };
    bool in_place;
    int rc = export_target_new(output, format->directory, &export->target, &err);

    if (rc) {
        return complain("%s", err.text);
    }
    in_place = export_target_in_place(export->target);
    rc = format->write(export, &err);
    rc = rc || !export_interrupted() ? rc : -EINTR;
    rc = export_target_end(export->target, rc, &err);
    export_source_free(export->source); /* the line of progress goes before anything is said */
    export->source = NULL;
    if (export_interrupted()) { /* whoever sent it sees that it ended us, as with any program */
        signal(export_interrupted(), SIG_DFL);
        raise(export_interrupted());
    }
    if (rc) {
        return err.text[0] ? complain("%s", err.text)
                           : complain("can't write %s: %s", output, g_strerror(-rc));
    }
    say_what_is_there(export, format, output, in_place);
    return EXIT_FINE;
}

static int export_run(struct export *export, const char *name, const char *wanted_output,
                      const char *duration)
{
    const struct export_format *format = find(name);
    char *output;
    int status;

    if (!format) {
        return complain("there is no format '%s' (osinstr help export lists them)", name);
    }
    if ((export->generic || export->uncompressed) && format != &export_perfetto) {
        return complain("%s is for perfetto", export->generic ? "--generic" : "--no-compress");
    }
    if (open_run(export, format, duration, &status)) {
        output = wanted_output ? g_strdup(wanted_output) : default_output(export->dir, format->suffix);
        status = write_run(export, format, output);
        g_free(output);
    }
    export_source_free(export->source);
    osi_trace_reader_free(export->reader);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct export export = { NULL };
    char *output = NULL, *duration = NULL, *more = list_formats();
    const GOptionEntry entries[] = {
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write to this; -: to standard output", "PATH" },
        SELECT_ENTRIES(&export.selection),
        { "task", 't', 0, G_OPTION_ARG_STRING, &export.task,
          "Only what concerns tasks of this name, * and ? as in the shell, or of this PID", "PATTERN" },
        { "min-duration", 'm', 0, G_OPTION_ARG_STRING, &duration,
          "No interrupts, handlers, softirqs, masked sections, function calls that took less", "TIME" },
        { "generic", 0, 0, G_OPTION_ARG_NONE, &export.generic,
          "perfetto: tasks as those of any kernel, not as Linux's", NULL },
        { "no-compress", 0, 0, G_OPTION_ARG_NONE, &export.uncompressed,
          "perfetto: larger, but done sooner", NULL },
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (parse_options(command, entries, "FORMAT DIR", more, &argc, &argv, &status)) {
        if (argc != 3) {
            status = complain("%s (try: osinstr help export)",
                              argc < 2   ? "which format? Give its name, and the directory of a run"
                              : argc < 3 ? "which run? Give its directory"
                                         : "one format and one directory at a time");
        } else {
            export.dir = argv[2];
            status = export_run(&export, argv[1], output, duration);
        }
    }
    selection_clear(&export.selection);
    g_free(export.task);
    g_free(output);
    g_free(duration);
    g_free(more);
    return status;
}

const struct command command_export = {
    .name = "export",
    .summary = "Write a run in the format of another tool",
    .run = run,
};
