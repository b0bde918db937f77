/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the trace writer share: the writer, its streams, its meta file.
 *
 * Only `streams`, `warned` and the streams' counters are touched by more than
 * one thread at a time; everything else of a stream belongs to the thread that
 * emits to it, and everything of meta to whoever holds meta.lock. The locks are
 * those of pthreads, which ThreadSanitizer understands; GLib's it does not. */
#ifndef OSI_TRACE_WRITER_H
#define OSI_TRACE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>

#include "block.h"
#include "frame.h"
#include "stage.h"

/* Two cache lines, because processors fetch them in pairs. */
#define OSI_STREAM_ALIGN 128

struct osi_stream {
    /* The hot path: one or two cache lines. */
    uint64_t *records;
    struct osi_encoder *encoder; /* keeps index and types of the records */
    uint32_t used; /* words */
    uint32_t n;    /* records */
    uint64_t seed, last_time;
    struct osi_stage stage;
    /* Since the last block, and in all; counters are read by other threads. */
    uint64_t pending_drops;
    _Atomic uint64_t lost, bytes;
    uint64_t events; /* written in blocks */

    struct osi_trace_writer *writer;
    uint32_t number;
    uint64_t seq, generation;
    uint32_t crowded, trials; /* so many records were too many for a block; 0: none were */
    int fd; /* -1: could not be created, is tried again with each block */
    uint64_t size; /* of the file: end of the last whole block */
} __attribute__((aligned(OSI_STREAM_ALIGN)));

struct osi_meta_writer {
    pthread_mutex_t lock;
    int fd;
    uint64_t size;
    GByteArray *pending; /* frames that are not on disk yet */
    uint64_t lost;       /* frames given up */
    GHashTable *strings; /* text -> number */
    GHashTable *tasks;   /* id -> struct osi_task_def */
    uint32_t n_strings;
    _Atomic uint64_t bytes;
};

struct osi_trace_writer {
    uint8_t n_fields[OSI_TRACE_MAX_TYPES];
    unsigned n_types;
    _Atomic(struct osi_stream *) streams[OSI_MAX_STREAMS];
    _Atomic uint64_t misdirected; /* events of impossible streams or types */

    struct osi_schema schema;
    const struct osi_codec *codec;
    int dir;
    pthread_mutex_t streams_lock;
    GByteArray *head; /* of a stream file: file head and schema frames */
    void (*warn)(void *data, const char *line);
    void *warn_data;
    atomic_flag warned;
    struct osi_meta_writer meta;
};

/* Tells the user once per writer that data is being lost. */
void osi_writer_warn(struct osi_trace_writer *writer, const char *file, int rc);

/* Appends at *size, all or nothing: what was written in part is cut off again.
 * 0 or -errno. */
int osi_file_append(int fd, uint64_t *size, const void *data, size_t length);

/* ---- writer-stream.c */
int osi_stream_new(struct osi_trace_writer *writer, uint32_t number, struct osi_stream **stream,
                   struct osi_error *err);
/* Turns what is staged into blocks. 0, or the -errno for which events were lost. */
int osi_stream_flush(struct osi_stream *stream);
/* The same, but what cannot be written stays staged. */
int osi_stream_finish(struct osi_stream *stream);
/* Removes the staging file; the stream takes no more events. */
void osi_stream_unstage(struct osi_stream *stream);
/* Frees; with `keep` the staging file stays for the reader. */
void osi_stream_free(struct osi_stream *stream, bool keep);

/* ---- writer-meta.c */
int osi_meta_open(struct osi_trace_writer *writer, const struct osi_trace_config *config,
                  struct osi_error *err);
/* Appends the close record and writes what is pending. 0 or -errno. */
int osi_meta_finish(struct osi_trace_writer *writer, const struct osi_stream_totals *totals,
                    size_t n);
/* Tries again to write what is pending. */
int osi_meta_flush(struct osi_trace_writer *writer);
void osi_meta_close(struct osi_meta_writer *meta);
/* Event-type frames of the whole schema. */
void osi_meta_append_schema(const struct osi_schema *schema, GByteArray *to);

#endif
