/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of a run's table, those of one name joined. */
#include <string.h>

#include "diff.h"

static void free_row(void *data)
{
    struct diff_row *row = data;

    g_free(row->name);
    g_free(row->of);
    osi_histogram_free(row->histogram);
    g_free(row);
}

static GHashTable *rows_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_row);
}

/* Takes the names. */
static struct diff_row *row_of(GHashTable *rows, char *name, char *of)
{
    char *key = g_strconcat(name, "\x01", of, NULL);
    struct diff_row *row = g_hash_table_lookup(rows, key);

    if (row) {
        g_free(key);
        g_free(name);
        g_free(of);
        return row;
    }
    row = g_new0(struct diff_row, 1);
    row->name = name;
    row->of = of;
    for (unsigned i = 0; i < DIFF_MEASURES; i++) {
        row->values[i] = OSI_NONE;
    }
    g_hash_table_insert(rows, key, row);
    return row;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > OSI_NONE - 1 - b ? OSI_NONE - 1 : a + b;
}

static void join_value(uint64_t *value, uint64_t other, enum diff_how how)
{
    if (*value == OSI_NONE) {
        *value = other;
    } else if (other != OSI_NONE) {
        *value = how == DIFF_SUM ? add(*value, other) : MAX(*value, other);
    }
}

static void join(struct diff_row *row, const struct diff_spec *spec, const uint64_t *values,
                 const struct osi_histogram *histogram)
{
    bool any = false;

    for (size_t i = 0; i < diff_n_measures(spec); i++) {
        join_value(&row->values[i], values[i], spec->measures[i].how);
        any |= values[i] != OSI_NONE;
    }
    row->joined += any;
    if (histogram) {
        row->histogram = row->histogram ? row->histogram : osi_histogram_new();
        osi_histogram_merge(row->histogram, histogram);
    }
}

/* One row has its percentiles from the report, several have theirs from what they have in common. */
static void settle_percentiles(GHashTable *rows, const struct diff_spec *spec)
{
    GHashTableIter iter;
    void *data;

    g_hash_table_iter_init(&iter, rows);
    while (g_hash_table_iter_next(&iter, NULL, &data)) {
        struct diff_row *row = data;

        for (size_t i = 0; row->joined > 1 && i < diff_n_measures(spec); i++) {
            if (spec->measures[i].how == DIFF_PERCENTILE) {
                row->values[i] = row->histogram ? osi_histogram_percentile(
                                                      row->histogram, spec->measures[i].percentile)
                                                : OSI_NONE;
            }
        }
    }
}

static void take_row(GHashTable *rows, const struct diff_run *run, const struct diff_spec *spec,
                     JsonObject *object)
{
    char *name = NULL, *of = NULL, *tag = spec->tag ? spec->tag(spec, object) : NULL;
    const struct osi_histogram *histogram = tag ? g_hash_table_lookup(run->histograms, tag) : NULL;
    uint64_t values[DIFF_MEASURES];

    for (size_t i = 0; i < diff_n_measures(spec); i++) {
        values[i] = diff_count(run, object, spec->measures[i].key);
    }
    spec->identify(run, object, &name, &of);
    join(row_of(rows, name, of), spec, values, histogram);
    if (spec->whole) {
        join(row_of(rows, g_strdup("[all]"), NULL), spec, values, histogram);
    }
    g_free(tag);
}

/* Tables of one key are not of one kind in all modes. */
static bool has_measures(const struct diff_spec *spec, JsonArray *array)
{
    JsonNode *first = json_array_get_length(array) ? json_array_get_element(array, 0) : NULL;

    for (size_t i = 0; first && i < diff_n_measures(spec); i++) {
        const char *key = spec->measures[i].key;
        char *ns = g_strconcat(key, "_ns", NULL), *insn = g_strconcat(key, "_insn", NULL);
        JsonObject *row = JSON_NODE_HOLDS_OBJECT(first) ? json_node_get_object(first) : NULL;
        bool has = row && (json_object_has_member(row, key) || json_object_has_member(row, ns) ||
                           json_object_has_member(row, insn));

        g_free(ns);
        g_free(insn);
        if (!has) {
            return false;
        }
    }
    return true;
}

GHashTable *diff_rows(const struct diff_run *run, const struct diff_spec *spec)
{
    JsonArray *array = strcmp(run->tool, spec->report) == 0 ? diff_array(run->summary, spec->source)
                                                            : NULL;
    GHashTable *rows;

    if (!array || !has_measures(spec, array)) {
        return NULL;
    }
    rows = rows_new();
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            take_row(rows, run, spec, json_node_get_object(node));
        }
    }
    settle_percentiles(rows, spec);
    return rows;
}

/* ---- facts ---- */
/* Those that say how it was measured, or are percentiles of what has its table, or points in time. */
static bool is_compared(const char *key)
{
    static const char *const others[] = { "vcpus", "bucket_ns", "bucket_insn", "page_size",
                                          "buckets", "joined", "nodes", "path_bytes", "cpus_seen" };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (strcmp(key, others[i]) == 0) {
            return false;
        }
    }
    return !g_str_has_prefix(key, "wait_");
}

/* How long the CPUs were observed, from the first to the last moment. */
static uint64_t observed(const struct diff_run *run)
{
    JsonArray *cpus = diff_array(run->summary, "cpus");
    uint64_t first = OSI_NONE, last = 0, span = 0;

    for (guint i = 0; cpus && i < json_array_get_length(cpus); i++) {
        JsonNode *node = json_array_get_element(cpus, i);
        JsonObject *cpu = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        uint64_t from = cpu ? diff_count(run, cpu, "first") : OSI_NONE;
        uint64_t to = cpu ? diff_count(run, cpu, "last") : OSI_NONE;
        uint64_t length = cpu ? diff_count(run, cpu, "span") : OSI_NONE;

        first = MIN(first, from);
        last = to == OSI_NONE ? last : MAX(last, to);
        span = length == OSI_NONE ? span : MAX(span, length);
    }
    return first < last ? last - first : span ? span : OSI_NONE;
}

GHashTable *diff_facts(const struct diff_run *run, enum diff_kind kind)
{
    uint64_t duration = observed(run);
    GHashTable *rows = rows_new();
    char *suffix = g_strconcat("_", run->unit, NULL);
    JsonObjectIter iter;
    const char *key;
    JsonNode *node;

    json_object_iter_init(&iter, run->summary);
    while (json_object_iter_next(&iter, &key, &node)) {
        bool is_time = g_str_has_suffix(key, suffix);
        uint64_t value = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64
                             ? diff_count(run, run->summary, key) : OSI_NONE;

        if (value != OSI_NONE && is_time == (kind == DIFF_TIME) && is_compared(key)) {
            char *name = g_strndup(key, strlen(key) - (is_time ? strlen(suffix) : 0));

            row_of(rows, g_strdelimit(name, "_", ' '), NULL)->values[0] = value;
        }
    }
    g_free(suffix);
    if (kind == DIFF_TIME && duration != OSI_NONE) {
        row_of(rows, g_strdup("observed"), NULL)->values[0] = duration;
    }
    return rows;
}
