/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native trace: one directory per run, one stream per vCPU.
 *
 * struct osi_trace_writer writes it, struct osi_trace_reader reads it back;
 * docs/TRACE-FORMAT.md has every byte. Both know only numbers, strings and a
 * schema: what a sched_switch is, is stated by whoever opens the writer.
 *
 * An event is a type (an index into the schema), a time and as many unsigned
 * 64-bit fields as its type has. Negative values are stored as two's
 * complement and read back the same. Strings and tasks are defined once and
 * referred to by their number.
 */
#ifndef OSINSTR_TRACE_H
#define OSINSTR_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OSI_TRACE_MAX_FIELDS 12
#define OSI_TRACE_MAX_TYPES 64

/* What a field means, for readers that print it. The order is part of the format: append only. */
enum osi_field_kind {
    OSI_FIELD_UINT = 0,   /* a number */
    OSI_FIELD_INT = 1,    /* a signed number */
    OSI_FIELD_HEX = 2,    /* a bit set */
    OSI_FIELD_ADDRESS = 3,/* a guest virtual address */
    OSI_FIELD_TASK = 4,   /* number of a task definition */
    OSI_FIELD_STRING = 5, /* number of a string definition */
    OSI_FIELD_NS = 6,     /* a duration, ns */
    OSI_FIELD_CPU = 7,    /* a vCPU index */
    OSI_FIELD_TASK_STATE = 8, /* Linux prev_state as the sched_switch tracepoint reports it */
};

struct osi_field {
    const char *name;
    enum osi_field_kind kind;
    /* How a value is predicted from the stream; what is stored is the
     * difference, so a good prediction costs no bytes. The field that CHAIN
     * names must be NONE or SAME, the field that KEYED names must not be KEYED. */
    enum osi_predict {
        OSI_PREDICT_NONE = 0,
        OSI_PREDICT_SAME = 1,  /* the same field of the last event of this type */
        OSI_PREDICT_CHAIN = 2, /* field `chain` of the last event of this type (prev = last next) */
        OSI_PREDICT_KEYED = 3, /* last value seen for the key in field `chain` of this event (prio of a task) */
    } predict;
    uint8_t chain;
};

struct osi_event_type {
    const char *name; /* "sched_switch" */
    const struct osi_field *fields;
    uint8_t n_fields;
};

/* A guest task at one stage of its life: a rename (exec) makes a new definition. */
struct osi_task_def {
    uint32_t id; /* dense, from 1; 0 is "unknown" */
    uint32_t pid, tgid;
    uint32_t previous; /* the definition that this one renames, 0 if the task is new */
    uint64_t address;  /* of the kernel's task structure: tells apart tasks that reuse a pid */
    char comm[16];     /* NUL-terminated */
};

struct osi_trace_config {
    const struct osi_event_type *types;
    size_t n_types;
    unsigned n_streams;      /* vCPUs; more streams may appear later */
    const char *clock;       /* "guest", "insn" or "host" */
    const char *clock_unit;  /* "ns" or "insn" */
    const char *codec;       /* "none", "lz4", "zstd" */
    const char *const *info; /* key, value, …, NULL: tool, target, qemu version, kernel, options */
    /* Gets one line when something cannot be stored for the first time, on the
     * thread that met it. NULL: it goes to stderr. */
    void (*warn)(void *data, const char *line);
    void *warn_data;
};

/* ---- writing ------------------------------------------------------------- */
struct osi_trace_writer;

/* Creates the files in the existing directory `dir`: -EEXIST if it holds a trace
 * already, -EINVAL for a schema or codec that cannot be, -ENOTSUP for a codec
 * that was not built in; then nothing is left behind. Returns 0 or -errno with
 * the reason in *err. The writer owns copies of everything in *config but
 * warn_data. */
int osi_trace_writer_new(const char *dir, const struct osi_trace_config *config,
                         struct osi_trace_writer **writer, struct osi_error *err);

/* Appends one event to the stream of a vCPU. Times of a stream never go down
 * (a smaller one is raised to the last). One thread at a time per stream;
 * different streams are independent and share nothing. Never allocates for a
 * stream that has been seen, never locks; writes a block to disk when full.
 * What has been emitted survives the death of the process, block or not. An
 * event of a stream above 1023 or of no known type is counted as lost. */
void osi_trace_emit(struct osi_trace_writer *writer, unsigned stream, unsigned type, uint64_t time,
                    const uint64_t *fields);

/* Definitions; any thread (they take a lock, so not for the hot path). They are
 * on disk when the call returns; those that a full disk refuses are tried again
 * with the next. A string gets a number from 1; the same text always gets the
 * same number. Texts above 65000 bytes are cut. */
uint32_t osi_trace_define_string(struct osi_trace_writer *writer, const char *text);
void osi_trace_define_task(struct osi_trace_writer *writer, const struct osi_task_def *task);
/* key=value facts learned later (the kernel's banner, the clock's frequency). */
void osi_trace_note(struct osi_trace_writer *writer, const char *key, const char *value);

/* Makes blocks of everything emitted so far. Readers find it without that, too;
 * it is for those that copy the stream files only. The caller sees to it
 * that no stream is being written to. 0 or the first -errno met. */
int osi_trace_flush(struct osi_trace_writer *writer);

/* Events that could not be stored (disk full) so far, all streams. Any thread. */
uint64_t osi_trace_lost(const struct osi_trace_writer *writer);
uint64_t osi_trace_bytes(const struct osi_trace_writer *writer); /* written to disk */

/* Writes what is left, marks the trace as complete, frees the writer; NULL is
 * allowed. On -errno the writer is freed as well, and what could not be written
 * stays in the staging files, where a reader finds it. No thread may emit any more. */
int osi_trace_writer_close(struct osi_trace_writer *writer, struct osi_error *err);

/* ---- reading ------------------------------------------------------------- */
struct osi_trace_reader;

struct osi_trace_event {
    uint64_t time;
    uint32_t stream; /* vCPU */
    uint32_t type;
    const uint64_t *fields; /* n_fields of the type; valid until the next call on the reader */
};

/* Opens a trace directory, complete or cut off. 0 or -errno. */
int osi_trace_reader_new(const char *dir, struct osi_trace_reader **reader, struct osi_error *err);
void osi_trace_reader_free(struct osi_trace_reader *reader); /* NULL is allowed */

/* All events in time order (ties: lower stream first; within a stream in the
 * order of emission). 1: got one; 0: end. Damage never ends the walk: bad
 * blocks are skipped and counted. */
int osi_trace_next(struct osi_trace_reader *reader, struct osi_trace_event *event);
void osi_trace_rewind(struct osi_trace_reader *reader);

/* One stream alone, in order of emission, from its start; same results. Do not mix with
 * osi_trace_next() without a rewind in between. */
int osi_trace_stream_next(struct osi_trace_reader *reader, unsigned stream,
                          struct osi_trace_event *event);

/* Events of a stream that were dropped while recording, from its start to the next one that
 * osi_trace_next() hands out; all of them once there is none. */
uint64_t osi_trace_stream_lost(const struct osi_trace_reader *reader, unsigned stream);

unsigned osi_trace_n_streams(const struct osi_trace_reader *reader);
size_t osi_trace_n_types(const struct osi_trace_reader *reader);
const struct osi_event_type *osi_trace_type(const struct osi_trace_reader *reader, size_t type);
/* Index of a type by name, or -1. */
int osi_trace_find_type(const struct osi_trace_reader *reader, const char *name);
/* NULL when the number was never defined (its definition was lost). */
const struct osi_task_def *osi_trace_task(const struct osi_trace_reader *reader, uint32_t id);
const char *osi_trace_string(const struct osi_trace_reader *reader, uint32_t id);
/* Numbers of all tasks that are defined, ascending; free() them. *n may be 0. */
uint32_t *osi_trace_task_ids(const struct osi_trace_reader *reader, size_t *n);
/* Value of an info key or a note, NULL if absent; walk with an index for all. */
const char *osi_trace_info(const struct osi_trace_reader *reader, const char *key);
bool osi_trace_info_at(const struct osi_trace_reader *reader, size_t index, const char **key,
                       const char **value);

/* What is in a trace and what is wrong with it. */
struct osi_trace_health {
    bool complete;           /* closed in order */
    uint64_t blocks;         /* that decode */
    uint64_t bad_blocks;     /* damaged, skipped */
    uint64_t missing_blocks; /* gaps in the sequence numbers that no bad block explains */
    uint64_t bad_records;    /* damaged heads, definitions and staged records, skipped */
    uint64_t events;         /* decoded */
    uint64_t staged_events;  /* of them recovered from the open block of a killed run */
    uint64_t lost_events;    /* dropped while recording, as the recorder counted them */
    uint64_t unknown_events; /* sound, but of a kind that only a newer version reads */
    uint64_t bytes;          /* on disk, all files */
    uint64_t first_time, last_time;
};

/* Checks every block of every stream; `report` (may be NULL) gets one line per
 * damage: file, offset and what is wrong. 0 = nothing is damaged or missing (a
 * killed run can be that: see `complete`), 1 = damaged but readable, -errno.
 * Leaves the position of osi_trace_next() alone. */
int osi_trace_check(struct osi_trace_reader *reader, struct osi_trace_health *health,
                    void (*report)(void *data, const char *line), void *data);

#ifdef __cplusplus
}
#endif
#endif
