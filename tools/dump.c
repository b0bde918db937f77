/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr dump: one event a line, as ftrace prints them. */
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "notes.h"
#include "progress.h"
#include "select.h"
#include "tool.h"

#define COMM_WIDTH 16
#define PID_WIDTH 7
#define NS_PER_SECOND 1000000000u

/* What is printed of a type, and where it says which task leaves and comes. */
struct printer {
    char *head; /* ": sched_switch:" */
    size_t head_length;
    struct columns *columns;
    int prev, next; /* fields; -1: this type is no switch */
};

struct dump {
    struct out *out;
    struct names *names;
    bool insn; /* times are instructions */
    struct printer printers[OSI_TRACE_MAX_TYPES];
    size_t n_types;
    uint64_t *current; /* task number of each CPU, 0: not known */
};

static void printer_init(struct printer *printer, const struct osi_event_type *type)
{
    char *name = styled(type->name, NAME_PLAIN);
    bool is_switch = strcmp(type->name, "sched_switch") == 0;

    printer->head = g_strdup_printf(": %s:", name);
    printer->head_length = strlen(printer->head);
    printer->columns = columns_new(type, false);
    printer->prev = is_switch ? field_of(type, "prev") : -1;
    printer->next = is_switch ? field_of(type, "next") : -1;
    g_free(name);
}

static struct dump *dump_new(const struct osi_trace_reader *reader)
{
    struct dump *dump = g_new0(struct dump, 1);

    dump->out = out_new(STDOUT_FILENO);
    dump->names = names_new(reader, NAME_PLAIN);
    dump->insn = strcmp(trace_unit(reader), "insn") == 0;
    dump->n_types = osi_trace_n_types(reader);
    dump->current = g_new0(uint64_t, osi_trace_n_streams(reader) + 1);
    for (size_t i = 0; i < dump->n_types; i++) {
        printer_init(&dump->printers[i], osi_trace_type(reader, i));
    }
    return dump;
}

static int dump_free(struct dump *dump)
{
    int status = out_close(dump->out);

    for (size_t i = 0; i < dump->n_types; i++) {
        g_free(dump->printers[i].head);
        columns_free(dump->printers[i].columns);
    }
    names_free(dump->names);
    g_free(dump->current);
    g_free(dump);
    return status;
}

/* "            comm-pid   ", with ftrace's widths and its word for idle tasks. */
static void print_current(struct dump *dump, uint64_t task)
{
    const struct name *name = name_of_task(dump->names, task);
    const char *text = name->pid == 0 ? "<idle>" : name->text;
    size_t length = name->pid == 0 ? strlen(text) : name->length;

    if (length < COMM_WIDTH) {
        out_blanks(dump->out, COMM_WIDTH - length);
    }
    out_bytes(dump->out, text, length);
    out_char(dump->out, '-');
    out_left(dump->out, name->pid > 0 ? (uint64_t)name->pid : 0, PID_WIDTH);
}

static void print_time(struct dump *dump, uint64_t time)
{
    if (dump->insn) {
        out_padded(dump->out, time, 15, ' ');
        return;
    }
    out_padded(dump->out, time / NS_PER_SECOND, 5, ' ');
    out_char(dump->out, '.');
    out_padded(dump->out, time % NS_PER_SECOND, 9, '0');
}

static void print_event(struct dump *dump, const struct osi_trace_event *event)
{
    const struct printer *printer = &dump->printers[event->type];
    struct out *out = dump->out;

    print_current(dump, dump->current[event->stream]);
    out_bytes(out, " [", 2);
    out_padded(out, event->stream, 3, '0');
    out_bytes(out, "] ", 2);
    print_time(dump, event->time);
    out_bytes(out, printer->head, printer->head_length);
    columns_print(printer->columns, out, dump->names, event->fields, false);
    out_char(out, '\n');
}

static void dump_all(struct dump *dump, struct osi_trace_reader *reader,
                     const struct selection *selection, uint64_t limit)
{
    struct osi_trace_event event;
    struct progress progress;

    progress_start(&progress, reader, true);
    while (limit && !out_failed(dump->out) && selection_next(selection, reader, &event)) {
        const struct printer *printer = &dump->printers[event.type];

        if (printer->prev >= 0) {
            dump->current[event.stream] = event.fields[printer->prev];
        }
        if (selection_wants(selection, &event)) {
            print_event(dump, &event);
            limit--;
        }
        if (printer->next >= 0) {
            dump->current[event.stream] = event.fields[printer->next];
        }
        progress_step(&progress, event.time);
    }
    progress_end(&progress);
    if (limit && !out_failed(dump->out)) {
        out_flush(dump->out); /* the warning comes last */
        warn_of_losses(reader);
    }
}

static int run(const struct command *command, int argc, char **argv)
{
    struct selection selection = { NULL };
    char *limit_text = NULL;
    const GOptionEntry entries[] = {
        SELECT_ENTRIES(&selection),
        { "limit", 'n', 0, G_OPTION_ARG_STRING, &limit_text, "At most so many events", "N" },
        G_OPTION_ENTRY_NULL,
    };
    struct osi_trace_reader *reader = NULL;
    const char *dir;
    uint64_t limit = UINT64_MAX;
    int status;

    if (begin(command, entries, argc, argv, &reader, &dir, &status)) {
        if (limit_text && !parse_number(limit_text, &limit)) {
            status = complain("--limit %s is no number", limit_text);
        } else if (!selection_resolve(&selection, reader, dir)) {
            status = EXIT_TROUBLE;
        } else {
            struct dump *dump = dump_new(reader);

            dump_all(dump, reader, &selection, limit);
            status = dump_free(dump);
        }
    }
    osi_trace_reader_free(reader);
    selection_clear(&selection);
    g_free(limit_text);
    return status;
}

const struct command command_dump = {
    .name = "dump",
    .summary = "Print the events, one a line, as ftrace does",
    .run = run,
};
