/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of an event type as the columns that are printed of it.
 *
 * Everything follows from the schema in the trace, so that types which this version has never
 * heard of are printed too. Only the order of sched_switch is known here: that of ftrace.
 */
#ifndef TOOLS_COLUMNS_H
#define TOOLS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/trace.h>

#include "names.h"
#include "out.h"

enum column_style {
    COLUMN_TEXT, /* " name=value", tasks as comm:pid except in the events of ftrace, which have two columns */
    COLUMN_CSV,  /* names for a header, values with "," before each */
    COLUMN_JSON, /* members of an object, with "," before each; addresses and bit sets are texts */
};

struct column {
    unsigned field;
    enum osi_field_kind kind;
    enum { COLUMN_WHOLE, COLUMN_COMM, COLUMN_PID } part; /* of a task; WHOLE is comm:pid */
    char *name;
    char *lead; /* printed before the value */
    size_t lead_length;
};

struct columns {
    enum column_style style;
    size_t n;
    struct column column[2 * OSI_TRACE_MAX_FIELDS];
};

struct columns *columns_new(const struct osi_event_type *type, enum column_style style);
void columns_free(struct columns *columns); /* NULL is allowed */

/* The first line of a table, with the columns of time and CPU in front. */
void columns_print_header(const struct columns *columns, struct out *out, const char *unit);

/* The columns of one event; `names` in the style that fits. */
void columns_print(const struct columns *columns, struct out *out, struct names *names,
                   const uint64_t *fields);

/* Number of the field of that name, -1 if there is none. */
int field_of(const struct osi_event_type *type, const char *name);

#endif
