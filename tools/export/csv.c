/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export csv: a directory with a table for each type of event, as osinstr csv prints them. */
#include "columns.h"
#include "formats.h"
#include "tool.h"

struct table {
    struct columns *columns;
    struct out *out; /* NULL: no such event yet */
};

static int open_table(struct export *export, struct table *table, uint32_t number, struct osi_error *err)
{
    const struct osi_event_type *type = osi_trace_type(export->reader, number);
    char *name = g_strconcat(type->name, ".csv", NULL);

    g_strdelimit(name, "/", '_'); /* the name is what a trace says */
    table->out = export_create(export, name, err);
    g_free(name);
    if (!table->out) {
        return -1;
    }
    table->columns = columns_new(type, COLUMN_CSV);
    columns_print_header(table->columns, table->out, trace_unit(export->reader));
    return 0;
}

static int write_tables(struct export *export, struct table *tables, struct names *names,
                        struct osi_error *err)
{
    struct export_event event;

    while (export_next(export, &event)) {
        struct table *table = &tables[event.type];

        if (!table->out && open_table(export, table, event.type, err)) {
            return -EIO;
        }
        out_dec(table->out, event.time);
        out_char(table->out, ',');
        out_dec(table->out, event.cpu);
        columns_print(table->columns, table->out, names, event.fields);
        out_char(table->out, '\n');
        export->written++;
    }
    return 0;
}

static int write_csv(struct export *export, struct osi_error *err)
{
    struct table tables[OSI_TRACE_MAX_TYPES] = { { NULL } };
    struct names *names = names_new(export->reader, NAME_CSV);
    int rc = write_tables(export, tables, names, err);

    for (size_t i = 0; i < OSI_TRACE_MAX_TYPES; i++) {
        columns_free(tables[i].columns);
    }
    names_free(names);
    return rc;
}

const struct export_format export_csv = {
    .name = "csv",
    .summary = "tables for spreadsheets: a folder with a file for each type of event",
    .suffix = ".csv",
    .things = "events",
    .directory = true,
    .needs = EXPORT_TRACE,
    .write = write_csv,
};
