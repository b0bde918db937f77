/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an event looks like in a format of Linux kernels: its name there, and its fields.
 *
 * A format has a table of those events that its viewers know, in the kernel's words. All others, and
 * fields that the table does not name, are taken from the schema of the trace as they are.
 */
#ifndef TOOLS_EXPORT_SHAPE_H
#define TOOLS_EXPORT_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "export.h"

enum shape_as {
    SHAPE_NUMBER,
    SHAPE_HEX,
    SHAPE_COMM,   /* of a task */
    SHAPE_PID,    /* of a task, as the kernel counts: one per thread */
    SHAPE_TGID,
    SHAPE_STRING,
};

#define SHAPE_MAX_FIELDS (2 * OSI_TRACE_MAX_FIELDS)

/* A row of a format's table. */
struct shape_row {
    const char *name; /* as the format calls it; NULL ends the list */
    const char *from; /* as the trace calls it */
    enum shape_as as;
    uint8_t size; /* of a number, in bytes */
    bool is_signed;
    int16_t add; /* to a number */
};

/* An event of a format's table. */
struct shape_known {
    const char *type; /* as the trace calls it; NULL ends the table */
    const char *system, *name;
    /* Only for events whose field `when` is 0 or is not: one that says so in its name. */
    const char *when;
    bool is_set;
    const struct shape_row *rows;
    const char *print; /* how to print it, if the format has a word for that */
};

struct shape_field {
    char *name;
    enum shape_as as;
    unsigned at; /* number of the field in the trace */
    uint8_t size;
    bool is_signed;
    int16_t add;
};

struct shape {
    char *name;
    const char *system, *print; /* NULL: not from the table */
    unsigned id;                /* dense, from the first id that was asked for */
    unsigned n;
    struct shape_field fields[SHAPE_MAX_FIELDS];
};

struct shapes;

/* For all types of a trace; `prefix` stands before the names of those that are in no table. */
struct shapes *shapes_new(const struct osi_trace_reader *reader, const struct shape_known *table,
                          const char *prefix, unsigned first_id);
void shapes_free(struct shapes *shapes);
/* All of them, by id; NULL after the last. */
const struct shape *shapes_at(const struct shapes *shapes, size_t i);
const struct shape *shape_of(const struct shapes *shapes, const struct export_event *event);

/* ---- shape-names.c: names of tasks and strings, prepared once and kept. */
struct shape_name {
    uint64_t id;
    int32_t pid, tgid;  /* of a task */
    char comm[16];      /* of a task: its bytes, zeros behind */
    bool told;          /* for the user */
    uint32_t length;    /* of the text, with its 0 */
    char text[];        /* valid UTF-8 */
};

struct shape_names;

/* `lines`: for viewers that print an event a line, so control characters become '?'. */
struct shape_names *shape_names_new(const struct osi_trace_reader *reader, bool lines);
void shape_names_free(struct shape_names *names);
/* Never NULL. An unknown one is called NAME_UNKNOWN and has the PID -1. */
struct shape_name *shape_task(struct shape_names *names, uint64_t id);
struct shape_name *shape_string(struct shape_names *names, uint64_t id);
/* The task that stands for others under --task. */
#define SHAPE_OTHER_TASK UINT64_MAX

/* Switches between tasks that were not asked for show one task in their place: puts it into the fields. */
void shape_others(const struct osi_event_type *type, struct export_event *event);

#endif
