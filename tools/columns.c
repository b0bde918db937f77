/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a schema to columns, and from an event to text. */
#include <glib.h>
#include <string.h>

#include <osinstr/event.h>

#include "columns.h"

int field_of(const struct osi_event_type *type, const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_ftrace_event(const struct osi_event_type *type)
{
    return g_str_has_prefix(type->name, "sched_");
}

/* "prev" becomes prev_comm and prev_pid; "task" is the event's subject and needs no prefix. */
static char *task_column_name(const char *field, const char *part)
{
    return strcmp(field, "task") == 0 ? g_strdup(part) : g_strdup_printf("%s_%s", field, part);
}

static char *lead_of(const struct osi_event_type *type, const char *name, enum column_style style)
{
    bool arrow = strcmp(type->name, "sched_switch") == 0 && strcmp(name, "next_comm") == 0;
    char *shown, *lead;

    if (style == COLUMN_CSV) {
        return g_strdup(",");
    }
    if (style == COLUMN_JSON) {
        shown = styled(name, NAME_JSON);
        lead = g_strdup_printf(",%s:", shown);
        g_free(shown);
        return lead;
    }
    shown = styled(name, NAME_PLAIN);
    lead = g_strdup_printf(" %s%s=", arrow ? "==> " : "", shown);
    g_free(shown);
    return lead;
}

static void add_column(struct columns *columns, const struct osi_event_type *type, unsigned field,
                       int part, char *name)
{
    struct column *column = &columns->column[columns->n++];

    column->field = field;
    column->kind = type->fields[field].kind;
    column->part = part;
    column->name = name;
    column->lead = lead_of(type, name, columns->style);
    column->lead_length = strlen(column->lead);
}

static void add_field(struct columns *columns, const struct osi_event_type *type, unsigned i)
{
    const struct osi_field *field = &type->fields[i];

    if (field->kind == OSI_FIELD_TASK && (columns->style != COLUMN_TEXT || is_ftrace_event(type))) {
        add_column(columns, type, i, COLUMN_COMM, task_column_name(field->name, "comm"));
        add_column(columns, type, i, COLUMN_PID, task_column_name(field->name, "pid"));
    } else {
        add_column(columns, type, i, COLUMN_WHOLE, g_strdup(field->name));
    }
}

struct columns *columns_new(const struct osi_event_type *type, enum column_style style)
{
    static const char *const order[] = { "prev", "prev_prio", "prev_state", "next", "next_prio" };
    struct columns *columns = g_new0(struct columns, 1);
    bool done[OSI_TRACE_MAX_FIELDS] = { false };

    columns->style = style;
    for (size_t i = 0; strcmp(type->name, "sched_switch") == 0 && i < G_N_ELEMENTS(order); i++) {
        int field = field_of(type, order[i]);

        if (field >= 0) {
            add_field(columns, type, (unsigned)field);
            done[field] = true;
        }
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (!done[i]) {
            add_field(columns, type, i);
        }
    }
    return columns;
}

void columns_print_header(const struct columns *columns, struct out *out, const char *unit)
{
    out_text(out, "ts_");
    out_text(out, unit);
    out_text(out, ",cpu");
    for (size_t i = 0; i < columns->n; i++) {
        char *name = styled(columns->column[i].name, NAME_CSV);

        out_char(out, ',');
        out_text(out, name);
        g_free(name);
    }
    out_char(out, '\n');
}

void columns_free(struct columns *columns)
{
    for (size_t i = 0; columns && i < columns->n; i++) {
        g_free(columns->column[i].name);
        g_free(columns->column[i].lead);
    }
    g_free(columns);
}

static void print_task(const struct column *column, struct out *out, struct names *names,
                       uint64_t id)
{
    const struct name *name = name_of_task(names, id);

    if (column->part != COLUMN_PID) {
        out_bytes(out, name->text, name->length);
    }
    if (column->part == COLUMN_WHOLE) {
        out_char(out, ':');
    }
    if (column->part != COLUMN_COMM) {
        out_signed(out, name->pid);
    }
}

/* Names have their quotes already if the style wants them; these have not. */
static void print_hex(struct out *out, uint64_t value, unsigned width, enum column_style style)
{
    out_text(out, style == COLUMN_JSON ? "\"" : "");
    out_hex(out, value, width);
    out_text(out, style == COLUMN_JSON ? "\"" : "");
}

static void print_state(struct out *out, uint64_t value, enum column_style style)
{
    char state[32];

    out_text(out, style == COLUMN_JSON ? "\"" : "");
    out_text(out, osi_task_state_text((uint32_t)value, state));
    out_text(out, style == COLUMN_JSON ? "\"" : "");
}

static void print_value(const struct column *column, struct out *out, struct names *names,
                        uint64_t value, enum column_style style)
{
    const struct name *name;

    switch (column->kind) {
    case OSI_FIELD_TASK:
        print_task(column, out, names, value);
        return;
    case OSI_FIELD_STRING:
        name = name_of_string(names, value);
        out_bytes(out, name->text, name->length);
        return;
    case OSI_FIELD_INT:
        out_signed(out, (int64_t)value);
        return;
    case OSI_FIELD_HEX:
        print_hex(out, value, 1, style);
        return;
    case OSI_FIELD_ADDRESS:
        print_hex(out, value, 16, style);
        return;
    case OSI_FIELD_TASK_STATE:
        print_state(out, value, style);
        return;
    case OSI_FIELD_CPU:
        out_padded(out, value, style == COLUMN_TEXT ? 3 : 1, '0');
        return;
    case OSI_FIELD_UINT:
    case OSI_FIELD_NS:
        break;
    }
    out_dec(out, value); /* also what a newer version may have added */
}

void columns_print(const struct columns *columns, struct out *out, struct names *names,
                   const uint64_t *fields)
{
    for (size_t i = 0; i < columns->n; i++) {
        const struct column *column = &columns->column[i];

        out_bytes(out, column->lead, column->lead_length);
        print_value(column, out, names, fields[column->field], columns->style);
    }
}
