/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr diff: compares two runs. */
#include <string.h>

#include "diff.h"
#include "tool.h"

#define DEFAULT_TOP 20

/* What a run is a run of: the tool, and its mode. */
static bool is_same_kind(const struct diff_run *before, const struct diff_run *after)
{
    return strcmp(before->tool, after->tool) == 0 &&
           g_strcmp0(diff_option(before, "mode"), diff_option(after, "mode")) == 0 &&
           g_strcmp0(diff_option(before, "of"), diff_option(after, "of")) == 0;
}

static char *kind_text(const struct diff_run *run)
{
    const char *mode = diff_option(run, "mode"), *of = diff_option(run, "of");

    return g_strdup_printf("%s%s%s%s%s", run->tool, mode ? " mode=" : "", mode ? mode : "",
                           of ? " of=" : "", of ? of : "");
}

/* Runs of different tools may both have recorded the tasks. */
static bool find_common(struct diff_run *before, struct diff_run *after)
{
    char *a = kind_text(before), *b = kind_text(after);
    bool found = is_same_kind(before, after) ||
                 (diff_run_as_sched(before) && diff_run_as_sched(after));

    if (!found) {
        complain("%s is a run of %s, %s of %s: they have nothing in common", before->dir, a, after->dir, b);
    }
    g_free(a);
    g_free(b);
    return found;
}

static int compare(struct diff_run *before, struct diff_run *after,
                   const struct diff_options *options)
{
    struct osi_error err = { "" };
    struct osi_report *report;
    unsigned listed;
    int status;

    if (!find_common(before, after)) {
        return EXIT_TROUBLE;
    }
    report = osi_report_new("diff");
    osi_report_unit(report, before->unit);
    listed = diff_state_setup(report, before, after);
    listed += diff_state_tables(report, before, after, options);
    if (strcmp(before->tool, "heatmap") == 0 &&
        diff_state_heat(report, before, after, options, &listed, &err)) {
        osi_report_free(report);
        return complain("%s", err.text);
    }
    status = print_report(report, options->json);
    return status ? status : listed ? EXIT_DIFFERENT : EXIT_FINE;
}

static int diff(const char *before_dir, const char *after_dir, const struct diff_options *options)
{
    struct diff_run before = { .dir = NULL }, after = { .dir = NULL };
    struct osi_error err = { "" };
    int status;

    if (diff_run_read(&before, before_dir, &err) || diff_run_read(&after, after_dir, &err)) {
        status = complain("%s", err.text);
    } else {
        status = compare(&before, &after, options);
    }
    diff_run_clear(&before);
    diff_run_clear(&after);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct diff_options options = { .top = DEFAULT_TOP };
    char *top = NULL;
    const GOptionEntry entries[] = {
        { "all", 'a', 0, G_OPTION_ARG_NONE, &options.all, "List what differs little, or not at all, too",
          NULL },
        { "top", 't', 0, G_OPTION_ARG_STRING, &top, "Rows of each table; 0: all; default: 20", "N" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &options.json, "Print JSON, which is not cut by --top", NULL },
        G_OPTION_ENTRY_NULL,
    };
    int status, first;

    if (parse_options(command, entries, "BEFORE AFTER", NULL, &argc, &argv, &status)) {
        first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
        if (argc != first + 2) {
            status = complain("two directories are compared, not %d (try: osinstr help diff)",
                              MAX(argc - first, 0));
        } else if (top && !parse_number(top, &options.top)) {
            status = complain("--top %s is no number", top);
        } else {
            status = diff(argv[first], argv[first + 1], &options);
        }
    }
    g_free(top);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "Compare two runs: which tasks, interrupts, functions became better or worse",
    .run = run,
};
