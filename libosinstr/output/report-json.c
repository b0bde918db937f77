/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report for programs: one JSON object, one line for each fact, row and note.
 *
 * json-glib makes the values and rows; the frame around them is written here, so
 * that a large table is one line per row (for grep and diff) and never a tree in
 * memory.
 */
#include "report.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

static JsonNode *string_node(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return json_node_init_string(json_node_alloc(), valid);
}

static JsonNode *printed_node(const char *format, uint64_t value)
{
    g_autofree char *text = g_strdup_printf(format, value);

    return json_node_init_string(json_node_alloc(), text);
}

/* json-glib's integers are signed; a number that would turn negative, or lose
 * its low digits as a double, is better a string. */
static JsonNode *count_node(uint64_t value)
{
    if (value > INT64_MAX)
        return printed_node("%" PRIu64, value);
    return json_node_init_int(json_node_alloc(), (gint64)value);
}

static JsonNode *value_node(enum osi_column_kind kind, const union osi_value *value)
{
    if (osi_value_is_none(kind, value))
        return json_node_init_null(json_node_alloc());
    switch (kind) {
    case OSI_COL_STRING:
        return string_node(value->string);
    case OSI_COL_INT:
    case OSI_COL_CHANGE:
    case OSI_COL_TIME_CHANGE:
        return json_node_init_int(json_node_alloc(), value->integer);
    case OSI_COL_RATIO:
    case OSI_COL_RATIO_CHANGE:
    case OSI_COL_PROBABILITY:
        return json_node_init_double(json_node_alloc(), value->ratio);
    case OSI_COL_ADDRESS:
        return printed_node("0x%016" PRIx64, value->count);
    default:
        return count_node(value->count);
    }
}

/* json-glib 1.6 leaves U+001F bare, which JSON forbids. Compact output has no
 * other control character, so each one found stands inside a string. */
static void append_generated(GString *out, const char *json, size_t length)
{
    for (const char *c = json; c < json + length; c++) {
        if (*c == 0x1f)
            g_string_append(out, "\\u001f");
        else
            g_string_append_c(out, *c);
    }
}

/* Consumes the node. */
static void append_node(GString *out, JsonNode *node)
{
    JsonGenerator *generator = json_generator_new();
    g_autofree char *json = NULL;
    gsize length;

    json_generator_set_root(generator, node);
    json = json_generator_to_data(generator, &length);
    append_generated(out, json, length);
    g_object_unref(generator);
    json_node_unref(node);
}

static void append_key(GString *out, const char *key)
{
    g_string_append(out, ",\n  ");
    append_node(out, string_node(key));
    g_string_append(out, ": ");
}

static JsonNode *row_node(JsonBuilder *builder, const struct osi_report_table *table, size_t row)
{
    const union osi_value *values = osi_table_row(table, row);

    json_builder_reset(builder);
    json_builder_begin_object(builder);
    for (size_t i = 0; i < table->n_columns; i++) {
        json_builder_set_member_name(builder, table->columns[i].key);
        json_builder_add_value(builder, value_node(table->columns[i].kind, &values[i]));
    }
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

static void append_table(GString *out, JsonBuilder *builder, const struct osi_report_table *table)
{
    size_t rows = osi_table_n_rows(table);

    append_key(out, table->key);
    g_string_append_c(out, '[');
    for (size_t row = 0; row < rows; row++) {
        g_string_append(out, row ? ",\n    " : "\n    ");
        append_node(out, row_node(builder, table, row));
    }
    g_string_append(out, rows ? "\n  ]" : "]");
}

static void append_notes(GString *out, const struct osi_report *report)
{
    append_key(out, "notes");
    g_string_append_c(out, '[');
    for (guint i = 0; i < report->notes->len; i++) {
        g_string_append(out, i ? ",\n    " : "\n    ");
        append_node(out, string_node(g_ptr_array_index(report->notes, i)));
    }
    g_string_append(out, report->notes->len ? "\n  ]" : "]");
}

int osi_report_json(const struct osi_report *report, FILE *stream)
{
    GString *out = g_string_new("{\n  \"report\": ");
    JsonBuilder *builder = json_builder_new();

    append_node(out, string_node(report->name));
    append_key(out, "unit");
    append_node(out, string_node(report->unit));
    for (guint i = 0; i < report->facts->len; i++) {
        const struct osi_fact *fact = &g_array_index(report->facts, struct osi_fact, i);

        append_key(out, fact->key);
        append_node(out, value_node(fact->kind, &fact->value));
    }
    for (guint i = 0; i < report->tables->len; i++)
        append_table(out, builder, g_ptr_array_index(report->tables, i));
    append_notes(out, report);
    g_string_append(out, "\n}\n");
    g_object_unref(builder);
    return osi_write_whole(out, stream);
}
