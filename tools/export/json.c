/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export json: one document; an event a line, with the columns of osinstr csv as members. */
#include "columns.h"
#include "formats.h"
#include "tool.h"

static void print_string(struct out *out, const char *text)
{
    char *shown = styled(text, NAME_JSON);

    out_text(out, shown);
    g_free(shown);
}

/* What the recorder noted; a key that it noted several times has its last value. */
static void print_info(struct out *out, const struct osi_trace_reader *reader)
{
    const char *key, *value;

    out_text(out, "{\"info\":{");
    for (size_t i = 0, n = 0; osi_trace_info_at(reader, i, &key, &value); i++) {
        if (osi_trace_info(reader, key) == value) {
            out_text(out, n++ ? ",\n" : "\n");
            print_string(out, key);
            out_char(out, ':');
            print_string(out, value);
        }
    }
    out_text(out, "},\n\"events\":[");
}

static void print_event(struct out *out, const struct export_event *event, const char *unit,
                        const char *name, const struct columns *columns, struct names *names)
{
    out_text(out, "{\"ts_");
    out_text(out, unit);
    out_text(out, "\":");
    out_dec(out, event->time);
    out_text(out, ",\"cpu\":");
    out_dec(out, event->cpu);
    out_text(out, ",\"event\":");
    out_text(out, name);
    columns_print(columns, out, names, event->fields);
    out_char(out, '}');
}

static int write_json(struct export *export, struct osi_error *err)
{
    struct columns *columns[OSI_TRACE_MAX_TYPES] = { NULL };
    char *type_names[OSI_TRACE_MAX_TYPES] = { NULL };
    struct names *names = names_new(export->reader, NAME_JSON);
    struct out *out = export_out(export);
    struct export_event event;

    (void)err;
    print_info(out, export->reader);
    while (export_next(export, &event)) {
        if (!columns[event.type]) {
            const struct osi_event_type *type = osi_trace_type(export->reader, event.type);

            columns[event.type] = columns_new(type, COLUMN_JSON);
            type_names[event.type] = styled(type->name, NAME_JSON);
        }
        out_text(out, export->written++ ? ",\n" : "\n");
        print_event(out, &event, trace_unit(export->reader), type_names[event.type],
                    columns[event.type], names);
    }
    out_text(out, "\n]}\n");
    for (size_t i = 0; i < OSI_TRACE_MAX_TYPES; i++) {
        columns_free(columns[i]);
        g_free(type_names[i]);
    }
    names_free(names);
    return 0;
}

const struct export_format export_json = {
    .name = "json",
    .summary = "one JSON document, an event a line",
    .suffix = ".json",
    .things = "events",
    .needs = EXPORT_TRACE,
    .write = write_json,
};
