/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace writer: opening, the hot path, closing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "writer.h"

static void warn_stderr(void *data, const char *line)
{
    (void)data;
    fprintf(stderr, "osinstr: %s\n", line);
}

void osi_writer_warn(struct osi_trace_writer *writer, const char *file, int rc)
{
    if (atomic_flag_test_and_set(&writer->warned))
        return;
    g_autofree char *line =
        g_strdup_printf("%s: %s: the guest goes on, what cannot be stored is counted as lost",
                        file, g_strerror(-rc));
    writer->warn(writer->warn_data, line);
}

/* ---- opening ------------------------------------------------------------------- */

static struct osi_trace_writer *allocate(const struct osi_trace_config *config)
{
    struct osi_trace_writer *writer = g_new0(struct osi_trace_writer, 1);
    writer->dir = writer->meta.fd = -1;
    writer->warn = config->warn ? config->warn : warn_stderr;
    writer->warn_data = config->warn_data;
    writer->head = g_byte_array_new();
    writer->meta.pending = g_byte_array_new();
    writer->meta.strings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    writer->meta.tasks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    pthread_mutex_init(&writer->meta.lock, NULL);
    pthread_mutex_init(&writer->streams_lock, NULL);
    atomic_flag_clear(&writer->warned);
    return writer;
}

static void release(struct osi_trace_writer *writer)
{
    osi_meta_close(&writer->meta);
    osi_schema_clear(&writer->schema);
    g_byte_array_unref(writer->head);
    pthread_mutex_destroy(&writer->streams_lock);
    if (writer->dir >= 0)
        close(writer->dir);
    g_free(writer);
}

static int check_config(const struct osi_trace_config *config, struct osi_error *err)
{
    const char *name = config->codec ? config->codec : "none";
    const struct osi_codec *codec = osi_codec_by_name(name);
    if (!codec)
        return osi_fail(err, -EINVAL, "there is no codec %s; use none, lz4 or zstd", name);
    if (!codec->built)
        return osi_fail(err, -ENOTSUP, "osinstr was built without %s", name);
    if (config->n_streams > OSI_MAX_STREAMS)
        return osi_fail(err, -EINVAL, "%u streams are more than %d", config->n_streams,
                        OSI_MAX_STREAMS);
    return 0;
}

/* The head's own fields are filled in per stream. */
static void make_stream_head(struct osi_trace_writer *writer)
{
    g_byte_array_set_size(writer->head, OSI_HEAD_SIZE);
    osi_meta_append_schema(&writer->schema, writer->head);
}

static int prepare(struct osi_trace_writer *writer, const char *dir,
                   const struct osi_trace_config *config, struct osi_error *err)
{
    int rc = check_config(config, err);
    if (!rc)
        rc = osi_schema_init(&writer->schema, config->types, config->n_types, err);
    if (rc)
        return rc;
    writer->codec = osi_codec_by_name(config->codec ? config->codec : "none");
    writer->n_types = (unsigned)config->n_types;
    for (unsigned t = 0; t < writer->n_types; t++)
        writer->n_fields[t] = writer->schema.types[t].type.n_fields;
    make_stream_head(writer);
    writer->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->dir < 0)
        return osi_fail(err, -errno, "%s: %s", dir, g_strerror(errno));
    return osi_meta_open(writer, config, err);
}

/* Takes back everything that a failed start has created. */
static void abandon(struct osi_trace_writer *writer)
{
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load(&writer->streams[i]);
        if (!stream)
            continue;
        char name[32];
        snprintf(name, sizeof name, "cpu%u.trace", i);
        if (stream->fd >= 0)
            unlinkat(writer->dir, name, 0);
        osi_stream_free(stream, false);
    }
    unlinkat(writer->dir, "meta", 0);
}

int osi_trace_writer_new(const char *dir, const struct osi_trace_config *config,
                         struct osi_trace_writer **result, struct osi_error *err)
{
    struct osi_trace_writer *writer = allocate(config);
    int rc = prepare(writer, dir, config, err);
    for (unsigned i = 0; !rc && i < config->n_streams; i++) {
        struct osi_stream *stream = NULL;
        rc = osi_stream_new(writer, i, &stream, err);
        atomic_store(&writer->streams[i], stream);
        if (rc)
            abandon(writer);
    }
    if (rc)
        release(writer);
    else
        *result = writer;
    return rc;
}

/* ---- the hot path ---------------------------------------------------------------- */

/* First event of a stream that was not announced. Whoever comes second finds it made. */
static struct osi_stream *add_stream(struct osi_trace_writer *writer, unsigned number)
{
    struct osi_error err;
    pthread_mutex_lock(&writer->streams_lock);
    struct osi_stream *stream = atomic_load(&writer->streams[number]);
    if (!stream) {
        int rc = osi_stream_new(writer, number, &stream, &err);
        if (rc)
            osi_writer_warn(writer, "a new stream", rc);
        atomic_store_explicit(&writer->streams[number], stream, memory_order_release);
    }
    pthread_mutex_unlock(&writer->streams_lock);
    return stream;
}

/* The record is complete before `used` covers it: a kill in between leaves a
 * stage that is sound without it. */
static inline void append_record(struct osi_stream *stream, unsigned type, uint64_t time,
                                 const uint64_t *fields, unsigned n)
{
    uint64_t *record = stream->records + stream->used;
    time = stream->last_time = MAX(time, stream->last_time);
    uint64_t hash = osi_stage_mix(osi_stage_mix(stream->seed, type), time);
    for (unsigned f = 0; f < n; f++) {
        record[OSI_RECORD_HEAD + f] = GUINT64_TO_LE(fields[f]);
        hash = osi_stage_mix(hash, fields[f]);
    }
    record[1] = GUINT64_TO_LE(time);
    record[0] = GUINT64_TO_LE(type | (hash >> 32 << 32));
    stream->encoder->at[stream->n] = stream->used;
    stream->encoder->types[stream->n++] = (uint8_t)type;
    stream->encoder->types_seen |= UINT64_C(1) << type;
    stream->used += OSI_RECORD_HEAD + n;
    osi_stage_store(&stream->stage, OSI_STAGE_USED, (uint64_t)stream->used * 8);
}

static inline bool has_room(const struct osi_stream *stream, unsigned n)
{
    return stream->used + OSI_RECORD_HEAD + n <= OSI_STAGE_WORDS;
}

/* Everything but the plain append, out of the way of the processor's registers. */
static __attribute__((noinline, cold)) void emit_slow(struct osi_trace_writer *writer,
                                                      unsigned number, unsigned type,
                                                      uint64_t time, const uint64_t *fields)
{
    struct osi_stream *stream = NULL;
    if (number < OSI_MAX_STREAMS && type < writer->n_types) {
        stream = atomic_load_explicit(&writer->streams[number], memory_order_acquire);
        stream = stream ? stream : add_stream(writer, number);
    }
    if (!stream) {
        atomic_fetch_add_explicit(&writer->misdirected, 1, memory_order_relaxed);
        return;
    }
    if (!has_room(stream, writer->n_fields[type]))
        osi_stream_flush(stream);
    append_record(stream, type, time, fields, writer->n_fields[type]);
}

void osi_trace_emit(struct osi_trace_writer *writer, unsigned number, unsigned type, uint64_t time,
                    const uint64_t *fields)
{
    if (G_LIKELY(number < OSI_MAX_STREAMS && type < writer->n_types)) {
        unsigned n = writer->n_fields[type];
        struct osi_stream *stream =
            atomic_load_explicit(&writer->streams[number], memory_order_acquire);
        if (G_LIKELY(stream && has_room(stream, n))) {
            append_record(stream, type, time, fields, n);
            return;
        }
    }
    emit_slow(writer, number, type, time, fields);
}

/* ---- totals, flushing, closing ------------------------------------------------------ */

uint64_t osi_trace_lost(const struct osi_trace_writer *writer)
{
    uint64_t lost = atomic_load_explicit(&writer->misdirected, memory_order_relaxed);
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load_explicit(&writer->streams[i],
                                                         memory_order_acquire);
        if (stream)
            lost += atomic_load_explicit(&stream->lost, memory_order_relaxed);
    }
    return lost;
}

uint64_t osi_trace_bytes(const struct osi_trace_writer *writer)
{
    uint64_t bytes = atomic_load_explicit(&writer->meta.bytes, memory_order_relaxed);
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load_explicit(&writer->streams[i],
                                                         memory_order_acquire);
        if (stream)
            bytes += atomic_load_explicit(&stream->bytes, memory_order_relaxed);
    }
    return bytes;
}

int osi_trace_flush(struct osi_trace_writer *writer)
{
    int first = osi_meta_flush(writer);
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load_explicit(&writer->streams[i],
                                                         memory_order_acquire);
        int rc = stream ? osi_stream_flush(stream) : 0;
        first = first ? first : rc;
    }
    return first;
}

/* A stage that is emptied gives its room on a full disk to what comes after it. */
static int finish_streams(struct osi_trace_writer *writer, bool only_in_file)
{
    int first = 0;
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load(&writer->streams[i]);
        if (!stream || !stream->stage.map || (only_in_file && !stream->stage.in_file))
            continue;
        int rc = osi_stream_finish(stream);
        if (!rc)
            osi_stream_unstage(stream);
        first = first ? first : rc;
    }
    return first;
}

static int finish(struct osi_trace_writer *writer)
{
    struct osi_stream_totals totals[OSI_MAX_STREAMS + 1];
    size_t n = 0;
    finish_streams(writer, true);
    int rc = finish_streams(writer, false); /* with the room that the first round made */
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load(&writer->streams[i]);
        if (stream)
            totals[n++] = (struct osi_stream_totals){
                .stream = i, .blocks = stream->seq, .events = stream->events,
                .lost = atomic_load(&stream->lost)};
    }
    uint64_t misdirected = atomic_load(&writer->misdirected);
    if (misdirected)
        totals[n++] = (struct osi_stream_totals){.stream = OSI_META_STREAM, .lost = misdirected};
    return rc ? rc : osi_meta_finish(writer, totals, n);
}

int osi_trace_writer_close(struct osi_trace_writer *writer, struct osi_error *err)
{
    if (!writer)
        return 0;
    int rc = finish(writer);
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        struct osi_stream *stream = atomic_load(&writer->streams[i]);
        if (stream)
            osi_stream_free(stream, stream->used != 0);
    }
    if (rc)
        osi_fail(err, rc, "the trace could not be completed: %s", g_strerror(-rc));
    release(writer);
    return rc;
}
