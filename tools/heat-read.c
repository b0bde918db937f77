/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a heatmap's run, and what its summary says of the others. */
#include "heat.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

#define MAX_DEPTH 1000 /* json-glib's parser is recursive; a report has a depth of 3 */
#define MAX_VCPUS 65536

/* ---- files ---- */
static int read_all(int fd, char *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = read(fd, bytes + done, length - done);

        if (n == 0) {
            return -EIO; /* it became shorter */
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int heat_read_file(const char *dir, const char *name, size_t limit, char **text, size_t *length,
                   struct osi_error *err)
{
    char *path = g_build_filename(dir, name, NULL);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = 0;
    struct stat status;

    *text = NULL;
    if (fd < 0 || fstat(fd, &status) < 0) {
        rc = osi_fail(err, -errno, "can't read %s: %s", path, g_strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        rc = osi_fail(err, -EINVAL, "%s is no file", path);
    } else if ((uint64_t)status.st_size > limit ||
               !(*text = malloc((size_t)status.st_size + 1))) {
        rc = osi_fail(err, -EFBIG, "%s is too large", path);
    } else {
        *length = (size_t)status.st_size;
        (*text)[*length] = '\0';
        rc = read_all(fd, *text, *length);
        if (rc) {
            osi_fail(err, rc, "can't read %s: %s", path, g_strerror(-rc));
            free(*text);
            *text = NULL;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    g_free(path);
    return rc;
}

static bool has_file(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);

    g_free(path);
    return there;
}

bool heat_is_run(const char *dir)
{
    char *text = NULL;
    size_t length;
    bool is;

    if (has_file(dir, "meta")) {
        return false;
    }
    if (has_file(dir, "heatmap.npy")) {
        return true;
    }
    is = heat_read_file(dir, "summary.json", HEAT_SUMMARY_LIMIT, &text, &length, NULL) == 0 &&
         strstr(text, "\"report\": \"heatmap\"");
    free(text);
    return is;
}

/* ---- the summary ---- */
/* json-glib reads more than JSON: comments, strings in '', and a quote as part of an escape that breaks
 * off. Where its strings end would not be sure, so none of these is taken for a report. */
static bool is_unicode_escape(const char *text)
{
    return text[0] == '\\' && text[1] == 'u' && g_ascii_isxdigit(text[2]) && g_ascii_isxdigit(text[3]) &&
           g_ascii_isxdigit(text[4]) && g_ascii_isxdigit(text[5]);
}

/* NULL: it is broken. Half of a character takes the next escape along. */
static const char *skip_escape(const char *text)
{
    if (text[1] != 'u') {
        return text[1] ? text + 2 : NULL;
    }
    if (!is_unicode_escape(text)) {
        return NULL;
    }
    if (g_ascii_tolower(text[2]) != 'd' || g_ascii_xdigit_value(text[3]) < 8) {
        return text + 6;
    }
    return is_unicode_escape(text + 6) ? text + 12 : NULL;
}

/* Behind the quote that ends what begins with one; NULL: there is no end, or it is not sure. */
static const char *skip_string(const char *text)
{
    text++;
    while (text && *text && *text != '"') {
        text = *text == '\\' ? skip_escape(text) : text + 1;
    }
    return text && *text ? text + 1 : NULL;
}

/* Brackets in strings, which may be the guest's, are not counted. */
static bool is_flat(const char *text)
{
    unsigned depth = 0;

    while (text && *text && !strchr("/#'", *text) && depth <= MAX_DEPTH) {
        if (*text == '[' || *text == '{') {
            depth++;
        } else if ((*text == ']' || *text == '}') && depth) {
            depth--;
        }
        text = *text == '"' ? skip_string(text) : text + 1;
    }
    return text && !*text;
}

JsonParser *heat_parse(const char *text, size_t length)
{
    JsonParser *parser = json_parser_new_immutable();
    JsonNode *root = strlen(text) == length && is_flat(text) &&
                             json_parser_load_from_data(parser, text, (gssize)length, NULL)
                         ? json_parser_get_root(parser) : NULL;

    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_clear_object(&parser);
    }
    return parser;
}

static int bad_summary(const struct heat_run *run, const char *what, struct osi_error *err)
{
    return osi_fail(err, -EINVAL, "%s/summary.json is damaged: %s", run->dir, what);
}

/* NULL: there is no such member, or it is no string. */
static const char *string_of(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

/* A number above what JSON's readers agree on is written as a string. */
static bool take_count(JsonObject *object, const char *key, uint64_t *count)
{
    JsonNode *node = json_object_get_member(object, key);
    const char *text = string_of(object, key);

    if (text) {
        return parse_number(text, count);
    }
    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < 0) {
        return false;
    }
    *count = (uint64_t)json_node_get_int(node);
    return true;
}

static void take_notes(struct heat_run *run, JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "notes");
    JsonArray *notes = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; notes && i < json_array_get_length(notes); i++) {
        JsonNode *note = json_array_get_element(notes, i);

        if (JSON_NODE_HOLDS_VALUE(note) && json_node_get_string(note)) {
            g_ptr_array_add(run->notes, g_strdup(json_node_get_string(note)));
        }
    }
}

static int take_members(struct heat_run *run, JsonObject *object, struct osi_error *err)
{
    const char *unit = string_of(object, "unit"), *value_unit = string_of(object, "value_unit");

    if (g_strcmp0(string_of(object, "report"), "heatmap") != 0) {
        return osi_fail(err, -EINVAL, "%s/summary.json is of no heatmap", run->dir);
    }
    if (g_strcmp0(unit, "ns") != 0 && g_strcmp0(unit, "insn") != 0) {
        return bad_summary(run, "'unit' is neither ns nor insn", err);
    }
    if (!take_count(object, strcmp(unit, "ns") == 0 ? "bucket_ns" : "bucket_insn", &run->bucket) ||
        run->bucket == 0) {
        return bad_summary(run, "'bucket' is no width", err);
    }
    if (!take_count(object, "buckets", &run->buckets) ||
        run->buckets > UINT64_MAX / run->bucket) {
        return bad_summary(run, "'buckets' is no number of buckets", err);
    }
    if (!take_count(object, "vcpus", &run->vcpus) || run->vcpus > MAX_VCPUS) {
        return bad_summary(run, "'vcpus' is no number of CPUs", err);
    }
    if (!value_unit || !*value_unit) {
        return bad_summary(run, "'value_unit' is missing", err);
    }
    run->unit = g_strdup(unit);
    run->value_unit = g_strdup(value_unit);
    take_notes(run, object);
    return 0;
}

int heat_read_summary(struct heat_run *run, const char *dir, struct osi_error *err)
{
    JsonParser *parser;
    int rc;

    run->dir = dir;
    run->notes = g_ptr_array_new_with_free_func(g_free);
    rc = heat_read_file(dir, "summary.json", HEAT_SUMMARY_LIMIT, &run->summary, &run->summary_length,
                        err);
    if (rc) {
        return rc;
    }
    parser = heat_parse(run->summary, run->summary_length);
    if (!parser) {
        return bad_summary(run, "it is no report in JSON", err);
    }
    rc = take_members(run, json_node_get_object(json_parser_get_root(parser)), err);
    g_object_unref(parser);
    return rc;
}

void heat_clear(struct heat_run *run)
{
    for (guint i = 0; run->rows && i < run->rows->len; i++) {
        g_free(g_array_index(run->rows, struct heat_run_row, i).name);
        g_free(g_array_index(run->rows, struct heat_run_row, i).module);
    }
    if (run->rows) {
        g_array_free(run->rows, TRUE);
    }
    if (run->notes) {
        g_ptr_array_unref(run->notes);
    }
    free(run->summary);
    g_free(run->unit);
    g_free(run->value_unit);
}
