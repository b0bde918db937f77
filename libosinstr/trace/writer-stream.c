/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One stream of the writer: its file, its stage, and what happens when the stage is full. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "writer.h"

#define NAME_SIZE 32

static void file_name(char name[NAME_SIZE], uint32_t number, const char *suffix)
{
    snprintf(name, NAME_SIZE, "cpu%u.%s", number, suffix);
}

static int append_head(struct osi_stream *stream, int fd, uint64_t *size)
{
    const GByteArray *common = stream->writer->head;
    g_autofree uint8_t *head = g_memdup2(common->data, common->len);
    osi_head_put(head, common->len, stream->number);
    return osi_file_append(fd, size, head, common->len);
}

/* A file without its head is no stream file, so both or neither. */
static int open_file(struct osi_stream *stream)
{
    char name[NAME_SIZE];
    file_name(name, stream->number, "trace");
    int fd = openat(stream->writer->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    uint64_t size = 0;
    int rc = append_head(stream, fd, &size);
    if (rc) {
        unlinkat(stream->writer->dir, name, 0);
        close(fd);
        return rc;
    }
    stream->fd = fd;
    stream->size = size;
    atomic_fetch_add_explicit(&stream->bytes, size, memory_order_relaxed);
    return 0;
}

/* Readers ignore old records from the first store on; see stage.h for the order. */
static void empty_stage(struct osi_stream *stream, uint64_t seq)
{
    stream->generation++;
    osi_stage_store(&stream->stage, OSI_STAGE_GENERATION, stream->generation);
    osi_stage_store(&stream->stage, OSI_STAGE_USED, 0);
    osi_stage_store(&stream->stage, OSI_STAGE_DROPS, stream->pending_drops);
    osi_stage_store(&stream->stage, OSI_STAGE_SEQ, seq);
    stream->seq = seq;
    stream->used = stream->n = 0;
    stream->encoder->types_seen = 0;
    stream->seed = osi_stage_seed(seq, stream->generation);
}

int osi_stream_new(struct osi_trace_writer *writer, uint32_t number, struct osi_stream **result,
                   struct osi_error *err)
{
    char name[NAME_SIZE];
    struct osi_stream *stream = NULL;
    if (posix_memalign((void **)&stream, OSI_STREAM_ALIGN, sizeof *stream))
        return osi_fail(err, -ENOMEM, "no memory for stream %u", number);
    memset(stream, 0, sizeof *stream);
    stream->writer = writer;
    stream->number = number;
    stream->fd = -1;
    file_name(name, number, "open");
    int rc = osi_stage_open(&stream->stage, writer->dir, name, number, err);
    if (rc) {
        free(stream);
        return rc;
    }
    stream->records = stream->stage.records;
    stream->encoder = osi_encoder_new(&writer->schema, writer->codec);
    empty_stage(stream, 0);
    rc = open_file(stream);
    if (rc) /* not the end: the disk may have room later */
        osi_fail(err, rc, "cpu%u.trace: %s", number, g_strerror(-rc));
    *result = stream;
    return rc;
}

static int append_block(struct osi_stream *stream, const uint8_t *block, size_t length)
{
    if (stream->fd < 0) {
        int rc = open_file(stream);
        if (rc)
            return rc;
    }
    int rc = osi_file_append(stream->fd, &stream->size, block, length);
    if (!rc)
        atomic_fetch_add_explicit(&stream->bytes, length, memory_order_relaxed);
    return rc;
}

/* So many records did not fit the last time: what is alike needn't be encoded to learn that. Now and
 * then it is, in case that it is not alike any more. */
#define CROWDED_TRIALS 16

static bool is_crowded(struct osi_stream *stream, size_t n)
{
    return stream->crowded && n >= stream->crowded && ++stream->trials % CROWDED_TRIALS;
}

/* Writes `n` records as one block, or as two halves when they do not fit in
 * one. Stops at the first failure; *done counts the events that are on disk. */
static int write_records(struct osi_stream *stream, size_t first, size_t n, uint64_t *seq,
                         size_t *done)
{
    struct osi_block_header header = {
        .stream = stream->number, .seq = *seq, .drops = stream->pending_drops};
    size_t length;
    const uint8_t *block =
        is_crowded(stream, n)
            ? NULL
            : osi_encoder_block(stream->encoder, stream->records, first, n, &header, &length);
    if (!block) {
        stream->crowded = (uint32_t)n;
        int rc = write_records(stream, first, n / 2, seq, done);
        return rc ? rc : write_records(stream, first + n / 2, n - n / 2, seq, done);
    }
    int rc = append_block(stream, block, length);
    if (rc)
        return rc;
    if (n >= stream->crowded)
        stream->crowded = 0;
    stream->pending_drops = 0;
    stream->events += n;
    *done += n;
    ++*seq;
    return 0;
}

static int write_staged(struct osi_stream *stream, uint64_t *seq, size_t *n, size_t *done)
{
    *n = stream->n;
    *done = 0;
    *seq = stream->seq;
    return *n ? write_records(stream, 0, *n, seq, done) : 0;
}

int osi_stream_flush(struct osi_stream *stream)
{
    uint64_t seq;
    size_t n, done;
    int rc = write_staged(stream, &seq, &n, &done);
    if (rc) {
        stream->pending_drops += n - done;
        atomic_fetch_add_explicit(&stream->lost, n - done, memory_order_relaxed);
        char name[NAME_SIZE];
        file_name(name, stream->number, "trace");
        osi_writer_warn(stream->writer, name, rc);
    }
    empty_stage(stream, seq);
    return rc;
}

int osi_stream_finish(struct osi_stream *stream)
{
    uint64_t seq;
    size_t n, done;
    if (!stream->stage.in_file)
        return osi_stream_flush(stream);
    int rc = write_staged(stream, &seq, &n, &done);
    if (!rc)
        empty_stage(stream, seq);
    return rc;
}

void osi_stream_unstage(struct osi_stream *stream)
{
    char name[NAME_SIZE];
    file_name(name, stream->number, "open");
    if (stream->stage.in_file)
        unlinkat(stream->writer->dir, name, 0);
    osi_stage_close(&stream->stage);
    stream->stage.in_file = false;
    stream->used = 0;
}

/* The part behind the records is room that the report can use on a full disk. */
static void shorten_stage(const struct osi_stream *stream)
{
    char name[NAME_SIZE];
    file_name(name, stream->number, "open");
    int fd = openat(stream->writer->dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (ftruncate(fd, (off_t)(OSI_STAGE_HEADER + stream->used * 8)) < 0) {
        /* then it stays as long as it is */
    }
    close(fd);
}

void osi_stream_free(struct osi_stream *stream, bool keep)
{
    if (!keep)
        osi_stream_unstage(stream);
    else if (stream->stage.in_file)
        shorten_stage(stream);
    osi_stage_close(&stream->stage);
    if (stream->fd >= 0)
        close(stream->fd);
    osi_encoder_free(stream->encoder);
    free(stream);
}
