/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run's directory has, and its tables as JSON. */
#include "html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heat.h"
#include "output/report.h"
#include "report.h"
#include "tool.h"

enum { MAX_ROWS = 1000 }; /* of a table in a page */
#define HISTOGRAMS_LIMIT ((size_t)256 << 20)

static bool has(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);

    g_free(path);
    return there;
}

/* ---- the summary ---- */
/* Tables have objects, notes are strings: the page relies on it. */
static bool is_uniform(JsonArray *rows)
{
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonNode *row = json_array_get_element(rows, i);

        if (JSON_NODE_TYPE(row) != JSON_NODE_TYPE(json_array_get_element(rows, 0)) ||
            (JSON_NODE_HOLDS_VALUE(row) && !json_node_get_string(row))) {
            return false;
        }
    }
    return true;
}

/* A table is cut, and "rows_of" says how long it was. */
static JsonNode *cut_table(JsonArray *rows)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    JsonArray *kept = json_array_new();

    for (guint i = 0; i < MIN(json_array_get_length(rows), (guint)MAX_ROWS); i++) {
        json_array_add_element(kept, json_node_copy(json_array_get_element(rows, i)));
    }
    json_node_take_array(node, kept);
    return node;
}

static char *cut_summary(JsonObject *object)
{
    JsonObject *out = json_object_new(), *rows = json_object_new();
    JsonNode *root = json_node_new(JSON_NODE_OBJECT);
    JsonGenerator *generator = json_generator_new();
    GList *keys = json_object_get_members(object);
    char *text;

    for (GList *key = keys; key; key = key->next) {
        JsonNode *node = json_object_get_member(object, key->data);

        if (JSON_NODE_HOLDS_ARRAY(node) && !is_uniform(json_node_get_array(node))) {
            continue;
        }
        if (JSON_NODE_HOLDS_ARRAY(node)) {
            json_object_set_int_member(rows, key->data,
                                       json_array_get_length(json_node_get_array(node)));
            json_object_set_member(out, key->data, cut_table(json_node_get_array(node)));
        } else {
            json_object_set_member(out, key->data, json_node_copy(node));
        }
    }
    json_object_set_object_member(out, "rows_of", rows);
    json_node_take_object(root, out);
    json_generator_set_root(generator, root);
    text = json_generator_to_data(generator, NULL);
    g_list_free(keys);
    json_node_unref(root);
    g_object_unref(generator);
    return text;
}

static char *string_member(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    const char *text = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;

    return text ? g_strdup(text) : NULL;
}

static int take_summary(struct html_run *run, const char *text, size_t length,
                        struct osi_error *err)
{
    JsonParser *parser = heat_parse(text, length);
    JsonObject *object;

    if (!parser) {
        return osi_fail(err, -EINVAL, "%s/summary.json is damaged: it is no report in JSON",
                        run->dir);
    }
    object = json_node_get_object(json_parser_get_root(parser));
    run->tool = string_member(object, "report");
    run->unit = string_member(object, "unit");
    if (run->tool && (g_strcmp0(run->unit, "ns") == 0 || g_strcmp0(run->unit, "insn") == 0)) {
        run->summary = cut_summary(object);
    }
    g_object_unref(parser);
    return run->summary ? 0 : osi_fail(err, -EINVAL, "%s/summary.json is no report of osinstr",
                                       run->dir);
}

static int read_summary(struct html_run *run, struct osi_error *err)
{
    char *text;
    size_t length;
    int rc = heat_read_file(run->dir, "summary.json", HEAT_SUMMARY_LIMIT, &text, &length, err);

    if (!rc) {
        rc = take_summary(run, text, length, err);
        free(text);
    }
    return rc;
}

/* ---- the trace ---- */
typedef int (*print_fn)(const struct osi_report *report, FILE *stream);

static char *printed(const struct osi_report *report, print_fn print, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);

    if (!stream || print(report, stream) | fclose(stream)) {
        g_error("no memory for a report");
    }
    return text;
}

static int report_trace(struct html_run *run, struct osi_error *err)
{
    struct osi_report *report = report_of_trace(run->reader, run->decoder, 0);
    size_t length;
    char *text = printed(report, osi_report_json, &length);
    int rc = take_summary(run, text, length, err);

    free(text);
    if (osi_report_n_histograms(report)) {
        run->histograms = printed(report, osi_report_histograms_csv, &run->histograms_length);
    }
    osi_report_free(report);
    return rc;
}

static int open_run_trace(struct html_run *run, struct osi_error *err)
{
    if (osi_trace_reader_new(run->dir, &run->reader, err)) {
        return -EINVAL;
    }
    run->decoder = decoder_new(run->reader);
    if (osi_trace_n_types(run->reader) == 0) {
        return osi_fail(err, -EINVAL, "%s/meta is damaged: it has no types of events",
                        run->dir);
    }
    if (decoder_has(run->decoder, OSI_EVENT_SCHED_SWITCH)) {
        return report_trace(run, err);
    }
    return has(run->dir, "summary.json")
               ? read_summary(run, err)
               : osi_fail(err, -EINVAL, "%s has no sched_switch events and no summary.json, so "
                          "there is nothing to show", run->dir);
}

int html_run_open(struct html_run *run, const char *dir, struct osi_error *err)
{
    int rc;

    *run = (struct html_run){ .dir = dir };
    if (has(dir, "meta")) {
        rc = open_run_trace(run, err);
    } else if (has(dir, "summary.json")) {
        rc = read_summary(run, err);
    } else {
        rc = osi_fail(err, -ENOENT, "%s is no run of osinstr: it has neither a trace nor a "
                      "summary.json", dir);
    }
    if (!rc && !run->histograms && has(dir, "histograms.csv")) {
        rc = heat_read_file(dir, "histograms.csv", HISTOGRAMS_LIMIT, &run->histograms,
                            &run->histograms_length, err);
    }
    run->heat = !rc && strcmp(run->tool, "heatmap") == 0 && !run->reader;
    run->profile = !rc && (has(dir, "profile.pb.gz") || has(dir, "stacks.folded"));
    return rc;
}

void html_run_clear(struct html_run *run)
{
    if (run->decoder) {
        decoder_free(run->decoder);
    }
    osi_trace_reader_free(run->reader);
    g_free(run->tool);
    g_free(run->unit);
    g_free(run->summary);
    free(run->histograms);
}
