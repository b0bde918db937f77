/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of tasks and strings of a trace, made printable once and kept. */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <osinstr/trace.h>

/* What a task or string is called whose definition is unknown or lost; its pid is -1, as 0 is
 * that of an idle task. */
#define NAME_UNKNOWN "<...>"

enum name_style {
    NAME_PLAIN, /* control characters escaped, so that an event stays on its line */
    NAME_CSV,   /* valid UTF-8, quoted as RFC 4180 wants where it must be */
    NAME_JSON,  /* a JSON string with its quotes, valid UTF-8 */
    NAME_RAW,   /* as it is: any bytes but 0 */
    NAME_UTF8,  /* as it is, but valid UTF-8 */
};

struct name {
    int64_t pid; /* of a task */
    size_t length;
    char text[];
};

struct names;

struct names *names_new(const struct osi_trace_reader *reader, enum name_style style);
void names_free(struct names *names);

/* Valid as long as `names`. Never NULL. */
const struct name *name_of_task(struct names *names, uint64_t id);
const struct name *name_of_string(struct names *names, uint64_t id);

/* A text in a style; g_free() it. */
char *styled(const char *text, enum name_style style);

#endif
