/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr dump: one event a line, as ftrace prints them; or the path, if that was traced. */
#include <string.h>
#include <unistd.h>

#include <osinstr/path.h>

#include "columns.h"
#include "dump.h"
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

struct events {
    struct dump common;
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
    printer->columns = columns_new(type, COLUMN_TEXT);
    printer->prev = is_switch ? field_of(type, "prev") : -1;
    printer->next = is_switch ? field_of(type, "next") : -1;
    g_free(name);
}

static struct events *dump_new(const struct osi_trace_reader *reader)
{
    struct events *dump = g_new0(struct events, 1);

    dump->common.out = out_new(STDOUT_FILENO);
    dump->common.names = names_new(reader, NAME_PLAIN);
    dump->insn = strcmp(trace_unit(reader), "insn") == 0;
    dump->n_types = osi_trace_n_types(reader);
    dump->current = g_new0(uint64_t, osi_trace_n_streams(reader) + 1);
    for (size_t i = 0; i < dump->n_types; i++) {
        printer_init(&dump->printers[i], osi_trace_type(reader, i));
    }
    return dump;
}

static int dump_free(struct events *dump)
{
    int status = out_close(dump->common.out);

    for (size_t i = 0; i < dump->n_types; i++) {
        g_free(dump->printers[i].head);
        columns_free(dump->printers[i].columns);
    }
    names_free(dump->common.names);
    g_free(dump->current);
    g_free(dump);
    return status;
}

/* "            comm-pid   ", with ftrace's widths and its word for idle tasks. */
static void print_current(struct events *dump, uint64_t task)
{
    const struct name *name = name_of_task(dump->common.names, task);
    const char *text = name->pid == 0 ? "<idle>" : name->text;
    size_t length = name->pid == 0 ? strlen(text) : name->length;

    if (length < COMM_WIDTH) {
        out_blanks(dump->common.out, COMM_WIDTH - length);
    }
    out_bytes(dump->common.out, text, length);
    out_char(dump->common.out, '-');
    out_left(dump->common.out, name->pid > 0 ? (uint64_t)name->pid : 0, PID_WIDTH);
}

static void print_time(struct events *dump, uint64_t time)
{
    if (dump->insn) {
        out_padded(dump->common.out, time, 15, ' ');
        return;
    }
    out_padded(dump->common.out, time / NS_PER_SECOND, 5, ' ');
    out_char(dump->common.out, '.');
    out_padded(dump->common.out, time % NS_PER_SECOND, 9, '0');
}

static void print_event(struct events *dump, const struct osi_trace_event *event)
{
    const struct printer *printer = &dump->printers[event->type];
    struct out *out = dump->common.out;

    print_current(dump, dump->current[event->stream]);
    out_bytes(out, " [", 2);
    out_padded(out, event->stream, 3, '0');
    out_bytes(out, "] ", 2);
    print_time(dump, event->time);
    out_bytes(out, printer->head, printer->head_length);
    columns_print(printer->columns, out, dump->common.names, event->fields);
    out_char(out, '\n');
}

void dump_event(struct dump *common, const struct selection *selection,
                const struct osi_trace_event *event)
{
    struct events *dump = (struct events *)common;
    const struct printer *printer = &dump->printers[event->type];

    if (printer->prev >= 0) {
        dump->current[event->stream] = event->fields[printer->prev];
    }
    if (common->limit && selection_wants(selection, event)) {
        print_event(dump, event);
        common->limit--;
    }
    if (printer->next >= 0) {
        dump->current[event->stream] = event->fields[printer->next];
    }
}

static void dump_events(struct dump *dump, struct osi_trace_reader *reader,
                        const struct selection *selection)
{
    struct osi_trace_event event;
    struct progress progress;

    progress_start(&progress, reader, true);
    while (dump->limit && !out_failed(dump->out) && selection_next(selection, reader, &event)) {
        dump_event(dump, selection, &event);
        progress_step(&progress, event.time);
    }
    progress_end(&progress);
}

/* A path is what was traced, so it is shown unless events are asked for by name. */
static bool dump_all(struct dump *dump, struct osi_trace_reader *reader,
                     const struct selection *selection, bool insns)
{
    bool paths = osi_path_in(reader) && !selection->events;

    if (insns && !paths) {
        complain("--insns is for traces of hotpath mode=trace, and without --event");
        return false;
    }
    if (!paths) {
        dump_events(dump, reader, selection);
    } else if (!dump_paths(dump, reader, selection, insns)) {
        return false;
    }
    if (dump->limit && !out_failed(dump->out)) {
        out_flush(dump->out); /* the warning comes last */
        warn_of_losses(reader);
    }
    return true;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct selection selection = { NULL };
    char *limit_text = NULL;
    gboolean insns = FALSE;
    const GOptionEntry entries[] = {
        SELECT_ENTRIES(&selection),
        { "limit", 'n', 0, G_OPTION_ARG_STRING, &limit_text, "At most so many lines", "N" },
        { "insns", 'i', 0, G_OPTION_ARG_NONE, &insns,
          "Of a path: a line per instruction, disassembled", NULL },
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
            struct events *dump = dump_new(reader);
            bool done;

            dump->common.limit = limit;
            done = dump_all(&dump->common, reader, &selection, insns);
            status = dump_free(dump);
            status = done ? status : EXIT_TROUBLE;
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
