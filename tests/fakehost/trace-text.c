/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A native trace as lines of text, for comparing with what a scenario must have given. */
#include <glib.h>

#include <osinstr/event.h>
#include <osinstr/trace.h>

#include "fakehost.h"
#include "spawn.h"

static void add_task(GString *out, const struct osi_trace_reader *reader, uint64_t id)
{
    const struct osi_task_def *task = osi_trace_task(reader, (uint32_t)id);

    if (task) {
        g_string_append_printf(out, "%s/%u", task->comm, task->pid);
    } else {
        g_string_append(out, id ? "undefined" : "-");
    }
}

static void add_field(GString *out, const struct osi_trace_reader *reader,
                      const struct osi_field *field, uint64_t value)
{
    const char *string;
    char state[24];

    g_string_append_printf(out, " %s=", field->name);
    switch (field->kind) {
    case OSI_FIELD_TASK:
        add_task(out, reader, value);
        break;
    case OSI_FIELD_TASK_STATE:
        g_string_append(out, osi_task_state_text((uint32_t)value, state));
        break;
    case OSI_FIELD_INT:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)value);
        break;
    case OSI_FIELD_ADDRESS:
    case OSI_FIELD_HEX:
        g_string_append_printf(out, "0x%" G_GINT64_MODIFIER "x", value);
        break;
    case OSI_FIELD_STRING:
        string = osi_trace_string(reader, (uint32_t)value);
        g_string_append(out, string ? string : "undefined");
        break;
    case OSI_FIELD_UINT:
    case OSI_FIELD_NS:
    case OSI_FIELD_CPU:
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
        break;
    }
}

char *fake_trace_text(const char *directory)
{
    GString *out = g_string_new(NULL);
    struct osi_trace_reader *reader;
    struct osi_trace_event event;
    struct osi_error err = { "" };

    if (osi_trace_reader_new(directory, &reader, &err)) {
        fake_die("%s", err.text);
    }
    while (osi_trace_next(reader, &event)) {
        const struct osi_event_type *type = osi_trace_type(reader, event.type);

        g_string_append_printf(out, "%u %" G_GUINT64_FORMAT " %s", event.stream, event.time,
                               type->name);
        for (unsigned i = 0; i < type->n_fields; i++) {
            add_field(out, reader, &type->fields[i], event.fields[i]);
        }
        g_string_append_c(out, '\n');
    }
    osi_trace_reader_free(reader);
    return g_string_free(out, FALSE);
}
