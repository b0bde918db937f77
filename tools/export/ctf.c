/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export ctf: a trace as LTTng's kernel tracer writes it, for babeltrace, Trace Compass, lttng-analyses.
 *
 * Linux events have LTTng's names and fields, all others those of the trace behind "osinstr_". What LTTng
 * says at the start of all tasks that exist is said here when a task is first met: nothing is read twice.
 */
#include <errno.h>
#include <string.h>

#include "ctf.h"
#include "formats.h"
#include "tool.h"

/* LTTng counts priorities from the last one of real time on: nice 0 is 20. */
#define PRIO(label, field) { label, field, SHAPE_NUMBER, 4, true, -100 }
#define COMM(label, field) { label, field, SHAPE_COMM, 0, false, 0 }
#define TID(label, field)  { label, field, SHAPE_PID, 4, true, 0 }
#define TGID(label, field) { label, field, SHAPE_TGID, 4, true, 0 }
#define INT(label, field)  { label, field, SHAPE_NUMBER, 4, true, 0 }

static const struct shape_row switch_rows[] = {
    COMM("prev_comm", "prev"), TID("prev_tid", "prev"), PRIO("prev_prio", "prev_prio"),
    { "prev_state", "prev_state", SHAPE_NUMBER, 8, true, 0 },
    COMM("next_comm", "next"), TID("next_tid", "next"), PRIO("next_prio", "next_prio"), { NULL },
};
static const struct shape_row wakeup_rows[] = {
    COMM("comm", "task"), TID("tid", "task"), PRIO("prio", "prio"), INT("target_cpu", "target_cpu"),
    { NULL },
};
static const struct shape_row fork_rows[] = {
    COMM("parent_comm", "parent"), TID("parent_tid", "parent"), TGID("parent_pid", "parent"),
    COMM("child_comm", "task"), TID("child_tid", "task"), TGID("child_pid", "task"), { NULL },
};
static const struct shape_row exit_rows[] = { COMM("comm", "task"), TID("tid", "task"), { NULL } };
static const struct shape_row handler_entry_rows[] = {
    INT("irq", "irq"), { "name", "name", SHAPE_STRING, 0, false, 0 }, { NULL },
};
static const struct shape_row handler_exit_rows[] = { INT("irq", "irq"), INT("ret", "ret"), { NULL } };
static const struct shape_row softirq_rows[] = {
    { "vec", "vec", SHAPE_NUMBER, 4, false, 0 }, { NULL },
};

static const struct shape_known table[] = {
    { "sched_switch", NULL, "sched_switch", NULL, false, switch_rows, NULL },
    { "sched_wakeup", NULL, "sched_wakeup", "first", false, wakeup_rows, NULL },
    { "sched_wakeup", NULL, "sched_wakeup_new", "first", true, wakeup_rows, NULL },
    { "task_new", NULL, "sched_process_fork", NULL, false, fork_rows, NULL },
    { "task_exit", NULL, "sched_process_exit", NULL, false, exit_rows, NULL },
    { "irq_handler_entry", NULL, "irq_handler_entry", NULL, false, handler_entry_rows, NULL },
    { "irq_handler_exit", NULL, "irq_handler_exit", NULL, false, handler_exit_rows, NULL },
    { "softirq_entry", NULL, "irq_softirq_entry", NULL, false, softirq_rows, NULL },
    { "softirq_exit", NULL, "irq_softirq_exit", NULL, false, softirq_rows, NULL },
    { NULL },
};

struct ctf {
    struct export *export;
    struct shapes *shapes;
    struct shape_names *names;
    struct ctf_stream *streams;
    unsigned n_streams;
    uint32_t statedump_id;
    uint8_t uuid[CTF_UUID_SIZE];
};

static int open_stream(struct ctf *ctf, uint32_t cpu, struct osi_error *err)
{
    char *name = g_strdup_printf("kernel/channel0_%u", cpu);
    struct out *out = export_create(ctf->export, name, err);

    g_free(name);
    if (!out) {
        return -EIO;
    }
    ctf_stream_begin(&ctf->streams[cpu], out, cpu, ctf->uuid);
    ctf->streams[cpu].lost_next = osi_trace_stream_lost(ctf->export->reader, cpu);
    return 0;
}

/* Babeltrace 2.0 shows an empty string as the last one that was not. */
static void write_name(struct ctf_stream *stream, const struct shape_name *name)
{
    ctf_string(stream, name->text[0] ? name->text : "?", MAX(name->length, 2));
}

/* A parent can't be told, nor what a task is doing. */
static void tell_task(struct ctf *ctf, struct ctf_stream *stream, uint64_t time, struct shape_name *task)
{
    task->told = true;
    if (task->pid > 0 && task->pid != EXPORT_OTHER_PID) {
        ctf_event(stream, ctf->statedump_id, time);
        ctf_number(stream, (uint64_t)task->pid, 4);
        ctf_number(stream, (uint64_t)task->tgid, 4);
        ctf_number(stream, UINT64_MAX, 4);
        write_name(stream, task);
        ctf_number(stream, 0, 4);
        ctf_event_end(stream);
    }
}

static void tell_tasks(struct ctf *ctf, struct ctf_stream *stream, const struct shape *shape,
                       const struct export_event *event)
{
    bool is_new = event->known && (event->event.kind == OSI_EVENT_TASK_NEW ||
                                   event->event.kind == OSI_EVENT_TASK_RENAME);

    for (unsigned i = 0; i < shape->n; i++) {
        const struct shape_field *field = &shape->fields[i];
        struct shape_name *task;

        if (field->as != SHAPE_COMM) {
            continue;
        }
        task = shape_task(ctf->names, event->fields[field->at]);
        if (!task->told && is_new && event->event.task.task && task->id == event->event.task.task->id) {
            task->told = true; /* the event itself tells of it */
        } else if (!task->told) {
            tell_task(ctf, stream, event->time, task);
        }
    }
}

static void write_event(struct ctf *ctf, struct ctf_stream *stream, const struct shape *shape,
                        const struct export_event *event)
{
    ctf_event(stream, shape->id, event->time);
    for (unsigned i = 0; i < shape->n; i++) {
        const struct shape_field *field = &shape->fields[i];
        uint64_t value = event->fields[field->at];

        switch (field->as) {
        case SHAPE_COMM:
            write_name(stream, shape_task(ctf->names, value));
            break;
        case SHAPE_STRING:
            write_name(stream, shape_string(ctf->names, value));
            break;
        case SHAPE_PID:
            ctf_number(stream, (uint64_t)shape_task(ctf->names, value)->pid, 4);
            break;
        case SHAPE_TGID:
            ctf_number(stream, (uint64_t)shape_task(ctf->names, value)->tgid, 4);
            break;
        case SHAPE_NUMBER:
        case SHAPE_HEX:
            ctf_number(stream, value + (uint64_t)field->add, field->size);
            break;
        }
    }
    ctf_event_end(stream);
}

static int write_events(struct ctf *ctf, struct osi_error *err)
{
    struct export *export = ctf->export;
    struct export_event event;
    int rc;

    while (export_next(export, &event)) {
        struct ctf_stream *stream = &ctf->streams[event.cpu];
        const struct shape *shape = shape_of(ctf->shapes, &event);

        if (G_UNLIKELY(!stream->out)) {
            rc = open_stream(ctf, event.cpu, err);
            if (rc) {
                return rc;
            }
        }
        if (export->task) {
            shape_others(osi_trace_type(export->reader, event.type), &event);
        }
        tell_tasks(ctf, stream, shape, &event);
        write_event(ctf, stream, shape, &event);
        stream->lost_next = osi_trace_stream_lost(export->reader, event.cpu);
        export->written++;
    }
    return 0;
}

/* A trace without any stream is none to some readers. */
static int write_streams(struct ctf *ctf, struct osi_error *err)
{
    int rc = write_events(ctf, err);

    if (!rc && !ctf->export->written) {
        rc = open_stream(ctf, 0, err);
    }
    for (unsigned i = 0; i < ctf->n_streams; i++) {
        if (ctf->streams[i].out) {
            ctf->streams[i].lost_next = osi_trace_stream_lost(ctf->export->reader, i);
            ctf_stream_end(&ctf->streams[i]);
        }
    }
    return rc;
}

static int write_ctf(struct export *export, struct osi_error *err)
{
    struct ctf ctf = { .export = export };
    struct out *metadata = export_create(export, "kernel/metadata", err);
    int rc;

    if (!metadata) {
        return -EIO;
    }
    if (strcmp(trace_unit(export->reader), "ns") != 0) {
        complain("times count instructions: where a viewer says ns, read instructions");
    }
    ctf.shapes = shapes_new(export->reader, table, "osinstr_", 1);
    ctf.names = shape_names_new(export->reader, false);
    ctf.n_streams = osi_trace_n_streams(export->reader);
    ctf.streams = g_new0(struct ctf_stream, ctf.n_streams + 1);
    ctf_make_uuid(export, ctf.uuid);
    ctf_print_metadata(metadata, export, ctf.shapes, ctf.statedump_id, ctf.uuid);
    rc = write_streams(&ctf, err);
    g_free(ctf.streams);
    shape_names_free(ctf.names);
    shapes_free(ctf.shapes);
    return rc;
}

const struct export_format export_ctf = {
    .name = "ctf",
    .summary = "a kernel trace for babeltrace2, Trace Compass and lttng-analyses: a folder",
    .suffix = ".ctf",
    .things = "events",
    .directory = true,
    .states = true,
    .needs = EXPORT_TRACE,
    .write = write_ctf,
};
