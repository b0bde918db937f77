/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr export: what the command gives to a format, and what a format is.
 *
 * source.c reads, filters and decodes the events of the run; a format writes what it is handed, in one
 * pass, to files that target.c makes. Nothing appears under the wanted name before all of it is there.
 */
#ifndef TOOLS_EXPORT_H
#define TOOLS_EXPORT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/event.h>
#include <osinstr/trace.h>

#include "events.h"
#include "out.h"
#include "select.h"

struct export_source;
struct export_target;

/* One event that is to be exported. `known`: `event` says what happened, as the library has it. The raw
 * fields are always there; reader and type say what they mean. */
struct export_event {
    uint64_t time; /* in the trace's unit */
    uint32_t cpu, type;
    bool known;
    const struct osi_task *running; /* on this CPU until now; NULL: not known */
    struct osi_event event; /* tasks and labels live as long as the export */
    uint64_t fields[OSI_TRACE_MAX_FIELDS];
};

/* The task that stands for all others in formats that show states, when --task leaves those out. */
#define EXPORT_OTHER_PID INT32_MAX
#define EXPORT_OTHER_COMM "[others]"

/* One export. */
struct export {
    const char *dir;
    struct osi_trace_reader *reader; /* NULL: the format does not ask for a trace */
    struct export_source *source;    /* with reader */
    struct export_target *target;
    struct selection selection;      /* as given and resolved: --event, --cpu, --from, --to */
    char *task;                      /* --task as given; NULL */
    uint64_t min_duration;           /* --min-duration in the trace's unit; 0: all */
    gboolean generic;                /* perfetto, --generic: tasks as those of any kernel */
    gboolean uncompressed;           /* perfetto, --no-compress */
    uint64_t written;                /* things of `things`, for the closing line; the format counts */
};

enum export_needs {
    EXPORT_TRACE,   /* a native trace */
    EXPORT_PROFILE, /* profile.pb.gz, as hotpath writes it */
};

struct export_format {
    const char *name, *summary;
    const char *suffix; /* the output's default name is the run's and this */
    const char *things; /* what is counted: "events" */
    bool directory;     /* the output is a directory, not a file */
    bool states;        /* shows which task runs at any time: --task makes one task of all others */
    enum export_needs needs;
    /* Writes all of it. 0, or a negative errno and the reason (for a failed write of `out` both may be
     * left to target.c, which notices it by itself). */
    int (*write)(struct export *export, struct osi_error *err);
};

/* ---- source.c: the next event in order of time; false: no more, or the user wants to stop. The event is
 * valid until the next call. */
bool export_next(struct export *export, struct export_event *event);
/* Is this task one of those that were asked for? NULL is an unknown one, which never is. */
bool export_wants_task(const struct export *export, const struct osi_task *task);
/* The same for tasks that are just a name: "sh" or "sh-123", as hotpath calls them. */
bool export_wants_name(const struct export *export, const char *name);
/* The SIGINT, SIGTERM or SIGHUP that came; 0: none. */
int export_interrupted(void);

struct export_source *export_source_new(struct export *export, bool states);
void export_source_free(struct export_source *source);

/* ---- target.c: the output while it is being written. */
/* The file that is the output, of a format whose output is one. */
struct out *export_out(struct export *export);
/* A file of that name in the directory that is the output; names may have one '/'. Each stays open until
 * the end. NULL and the reason: it can't be made. */
struct out *export_create(struct export *export, const char *name, struct osi_error *err);
/* Where the file or directory is for now, for libraries that open it themselves. */
const char *export_path(const struct export *export);
/* Could something not be written? Then there is no use in going on. */
bool export_failed(const struct export *export);

/* `path` "-" is standard output, for single files. 0 or -errno and the reason. */
int export_target_new(const char *path, bool directory, struct export_target **target,
                      struct osi_error *err);
/* Is it written to as it is: standard output, a pipe, a device? */
bool export_target_in_place(const struct export_target *target);
struct out *export_target_out(struct export_target *target); /* as export_out() */
/* Ends it: rc 0 gives it its name, otherwise what was written is removed. The result is rc, or what went
 * wrong in writing, with the reason in *err if that has none yet. Frees the target. */
int export_target_end(struct export_target *target, int rc, struct osi_error *err);

#endif
