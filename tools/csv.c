/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr csv: the events of one type as a table for other programs (RFC 4180, lines end in \n). */
#include <unistd.h>

#include "columns.h"
#include "notes.h"
#include "progress.h"
#include "select.h"
#include "tool.h"

static void print_rows(struct out *out, const struct columns *columns, struct names *names,
                       struct osi_trace_reader *reader, const struct selection *selection)
{
    struct osi_trace_event event;
    struct progress progress;

    progress_start(&progress, reader, true);
    while (!out_failed(out) && selection_next(selection, reader, &event)) {
        if (selection_wants(selection, &event)) {
            out_dec(out, event.time);
            out_char(out, ',');
            out_dec(out, event.stream);
            columns_print(columns, out, names, event.fields);
            out_char(out, '\n');
        }
        progress_step(&progress, event.time);
    }
    progress_end(&progress);
    if (!out_failed(out)) {
        out_flush(out); /* the warning comes last */
        warn_of_losses(reader);
    }
}

static int print_csv(struct osi_trace_reader *reader, const struct selection *selection)
{
    int type = osi_trace_find_type(reader, selection->events[0]);
    struct columns *columns = columns_new(osi_trace_type(reader, (size_t)type), COLUMN_CSV);
    struct names *names = names_new(reader, NAME_CSV);
    struct out *out = out_new(STDOUT_FILENO);

    columns_print_header(columns, out, trace_unit(reader));
    print_rows(out, columns, names, reader, selection);
    names_free(names);
    columns_free(columns);
    return out_close(out);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct selection selection = { NULL };
    const GOptionEntry entries[] = { SELECT_ENTRIES(&selection), G_OPTION_ENTRY_NULL };
    struct osi_trace_reader *reader = NULL;
    const char *dir;
    int status;

    if (begin(command, entries, argc, argv, &reader, &dir, &status)) {
        if (!selection.events || selection.events[1]) {
            status = complain("a table has the columns of one event type: give --event NAME once "
                              "(osinstr info lists the types)");
        } else if (!selection_resolve(&selection, reader, dir)) {
            status = EXIT_TROUBLE;
        } else {
            status = print_csv(reader, &selection);
        }
    }
    osi_trace_reader_free(reader);
    selection_clear(&selection);
    return status;
}

const struct command command_csv = {
    .name = "csv",
    .summary = "Print the events of one type as comma-separated values",
    .run = run,
};
