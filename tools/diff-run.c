/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as its report, and the histograms behind it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff.h"
#include "heat.h"
#include "tool.h"

#define HISTOGRAMS_LIMIT ((size_t)1 << 30)

/* ---- what the summary says of the run ---- */
/* With sleep=on the guest's clock waits for the host's; with shift=auto it follows it. */
static bool is_exact(JsonObject *summary)
{
    const char *icount = diff_text(summary, "icount");

    return icount && strstr(icount, "sleep=off") && !strstr(icount, "auto");
}

bool diff_run_has_note(const struct diff_run *run, const char *note)
{
    return g_ptr_array_find_with_equal_func(run->notes, note, g_str_equal, NULL);
}

void diff_run_note(struct diff_run *run, const char *note)
{
    if (!diff_run_has_note(run, note)) {
        g_ptr_array_add(run->notes, g_strdup(note));
    }
}

static void take_notes(struct diff_run *run)
{
    JsonArray *notes = diff_array(run->summary, "notes");

    for (guint i = 0; notes && i < json_array_get_length(notes); i++) {
        JsonNode *note = json_array_get_element(notes, i);

        if (JSON_NODE_HOLDS_VALUE(note) && json_node_get_string(note)) {
            diff_run_note(run, json_node_get_string(note));
        }
    }
}

static int take_summary(struct diff_run *run, const char *text, size_t length, struct osi_error *err)
{
    const char *options;

    run->parser = heat_parse(text, length);
    if (!run->parser) {
        return osi_fail(err, -EINVAL, "%s/summary.json is damaged: it is no report in JSON", run->dir);
    }
    run->summary = json_node_get_object(json_parser_get_root(run->parser));
    run->tool = diff_text(run->summary, "report");
    run->unit = diff_text(run->summary, "unit");
    options = diff_text(run->summary, "options");
    /* A damaged trace may have lost its options; without a clock, too, its times are of nothing. */
    if (!run->tool || !run->unit || !(options || diff_text(run->summary, "clock"))) {
        return osi_fail(err, -EINVAL, "%s/summary.json is not the report of a run", run->dir);
    }
    run->options = g_strsplit(options ? options : "", ",", -1);
    run->exact = is_exact(run->summary);
    take_notes(run);
    return 0;
}

static int read_histograms(struct diff_run *run, struct osi_error *err)
{
    char *text = NULL;
    size_t length;
    int rc = heat_read_file(run->dir, "histograms.csv", HISTOGRAMS_LIMIT, &text, &length, err);

    if (rc == -ENOENT) {
        return 0;
    }
    if (!rc && (strlen(text) != length || diff_histograms_read(run->histograms, text))) {
        rc = osi_fail(err, -EINVAL, "%s/histograms.csv is damaged", run->dir);
    }
    free(text);
    return rc;
}

static int read_finished(struct diff_run *run, struct osi_error *err)
{
    char *text = NULL;
    size_t length;
    int rc = heat_read_file(run->dir, "summary.json", HEAT_SUMMARY_LIMIT, &text, &length, err);

    if (!rc) {
        rc = take_summary(run, text, length, err);
    }
    free(text);
    return rc ? rc : read_histograms(run, err);
}

static int read_unfinished(struct diff_run *run, struct osi_error *err)
{
    char *text = NULL;
    int rc = diff_trace_report(run, &text, err);

    if (!rc && take_summary(run, text, strlen(text), NULL)) {
        rc = osi_fail(err, -EINVAL, "the trace of %s does not tell what it is of", run->dir);
    }
    free(text);
    return rc;
}

static bool has(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);
    bool there = access(path, F_OK) == 0;

    g_free(path);
    return there;
}

static void run_init(struct diff_run *run, const char *dir)
{
    memset(run, 0, sizeof(*run));
    run->dir = dir;
    run->histograms = diff_histograms_new();
    run->notes = g_ptr_array_new_with_free_func(g_free);
}

int diff_run_read(struct diff_run *run, const char *dir, struct osi_error *err)
{
    int rc;

    run_init(run, dir);
    if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        return osi_fail(err, -ENOTDIR, "%s: %s", dir,
                        g_file_test(dir, G_FILE_TEST_EXISTS) ? "not a directory" : "no such directory");
    }
    if (has(dir, "summary.json")) {
        rc = read_finished(run, err);
    } else if (has(dir, "meta")) {
        rc = read_unfinished(run, err);
    } else {
        rc = osi_fail(err, -ENOENT, "%s has neither summary.json nor a trace: it is no run, or one that "
                      "was cut off", dir);
    }
    if (!rc && strcmp(run->tool, "sched") == 0 && has(dir, "meta")) {
        rc = diff_trace_waits(run, err);
    }
    return rc;
}

bool diff_run_as_sched(struct diff_run *run)
{
    struct diff_run sched, useless;
    char *text;
    bool fine;

    run_init(&sched, run->dir);
    text = has(run->dir, "meta") ? diff_trace_sched(&sched) : NULL;
    fine = text && take_summary(&sched, text, strlen(text), NULL) == 0;
    useless = fine ? *run : sched;
    if (fine) {
        *run = sched;
    }
    diff_run_clear(&useless);
    free(text);
    return fine;
}

void diff_run_clear(struct diff_run *run)
{
    g_clear_object(&run->parser);
    g_clear_pointer(&run->options, g_strfreev);
    g_clear_pointer(&run->histograms, g_hash_table_destroy);
    g_clear_pointer(&run->notes, g_ptr_array_unref);
}
