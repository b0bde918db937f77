/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name costs a lookup per event; escaping and quoting are done when it is first met. */
#include <glib.h>
#include <string.h>

#include "names.h"
#include "output/format.h"

struct names {
    const struct osi_trace_reader *reader;
    enum name_style style;
    GHashTable *tasks, *strings; /* id -> struct name */
    struct name *unknown;
};

static char *quoted(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    GString *out;

    if (!strpbrk(valid, ",\"\r\n")) {
        return valid;
    }
    out = g_string_new("\"");
    for (const char *c = valid; *c; c++) {
        g_string_append_c(out, *c);
        if (*c == '"') {
            g_string_append_c(out, '"');
        }
    }
    g_free(valid);
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

static char *json_string(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new("\"");

    for (const char *c = valid; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
        }
        if ((unsigned char)*c < ' ') {
            g_string_append_printf(out, "\\u%04x", *c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_free(valid);
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

char *styled(const char *text, enum name_style style)
{
    GString *out;

    switch (style) {
    case NAME_CSV:
        return quoted(text);
    case NAME_JSON:
        return json_string(text);
    case NAME_RAW:
        return g_strdup(text);
    case NAME_UTF8:
        return g_utf8_make_valid(text, -1);
    case NAME_PLAIN:
        break;
    }
    out = g_string_new(NULL);
    osi_format_escaped(out, text);
    return g_string_free(out, FALSE);
}

static struct name *name_new(const char *text, int64_t pid, enum name_style style)
{
    char *shown = styled(text, style);
    size_t length = strlen(shown);
    struct name *name = g_malloc(sizeof(*name) + length + 1);

    name->pid = pid;
    name->length = length;
    memcpy(name->text, shown, length + 1);
    g_free(shown);
    return name;
}

struct names *names_new(const struct osi_trace_reader *reader, enum name_style style)
{
    struct names *names = g_new(struct names, 1);

    names->reader = reader;
    names->style = style;
    names->tasks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    names->strings = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    names->unknown = name_new(NAME_UNKNOWN, -1, style);
    return names;
}

void names_free(struct names *names)
{
    g_hash_table_destroy(names->tasks);
    g_hash_table_destroy(names->strings);
    g_free(names->unknown);
    g_free(names);
}

static const struct name *keep(GHashTable *table, uint32_t id, struct name *name)
{
    g_hash_table_insert(table, GUINT_TO_POINTER(id), name);
    return name;
}

/* Fields have 64 bits, numbers of definitions 32: a larger one is nobody's. */
const struct name *name_of_task(struct names *names, uint64_t id)
{
    const struct osi_task_def *task;
    const struct name *name;

    if (id == 0 || id > UINT32_MAX) {
        return names->unknown;
    }
    name = g_hash_table_lookup(names->tasks, GUINT_TO_POINTER(id));
    if (G_LIKELY(name)) {
        return name;
    }
    task = osi_trace_task(names->reader, (uint32_t)id);
    return task ? keep(names->tasks, (uint32_t)id, name_new(task->comm, task->pid, names->style))
                : names->unknown;
}

const struct name *name_of_string(struct names *names, uint64_t id)
{
    const struct name *name;
    const char *text;

    if (id == 0 || id > UINT32_MAX) {
        return names->unknown;
    }
    name = g_hash_table_lookup(names->strings, GUINT_TO_POINTER(id));
    if (G_LIKELY(name)) {
        return name;
    }
    text = osi_trace_string(names->reader, (uint32_t)id);
    return text ? keep(names->strings, (uint32_t)id, name_new(text, 0, names->style))
                : names->unknown;
}
