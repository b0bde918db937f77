/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The meta file: schema, facts and definitions, each on disk before the call returns.
 *
 * What cannot be written stays queued, and every later record tries again, so
 * that a disk that gets room again loses no name. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "writer.h"

/* A disk that stays full must not eat the memory of the guest's machine. */
#define MAX_PENDING (16 << 20)

int osi_file_append(int fd, uint64_t *size, const void *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = pwrite(fd, (const char *)data + done, length - done, (off_t)(*size + done));
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            int rc = n ? -errno : -ENOSPC;
            /* If even this fails, the next append overwrites the part at *size. */
            if (done && ftruncate(fd, (off_t)*size))
                return rc;
            return rc;
        }
    }
    *size += length;
    return 0;
}

static int write_pending(struct osi_trace_writer *writer)
{
    struct osi_meta_writer *meta = &writer->meta;
    guint length = meta->pending->len;
    if (!length)
        return 0;
    int rc = osi_file_append(meta->fd, &meta->size, meta->pending->data, length);
    if (rc) {
        osi_writer_warn(writer, "meta", rc);
        return rc;
    }
    g_byte_array_set_size(meta->pending, 0);
    atomic_fetch_add_explicit(&meta->bytes, length, memory_order_relaxed);
    return 0;
}

/* Call with the lock held, after appending to meta->pending. */
static void commit(struct osi_trace_writer *writer, guint before)
{
    struct osi_meta_writer *meta = &writer->meta;
    if (write_pending(writer) && meta->pending->len > MAX_PENDING) {
        g_byte_array_set_size(meta->pending, before);
        meta->lost++;
    }
}

void osi_meta_append_schema(const struct osi_schema *schema, GByteArray *to)
{
    for (size_t t = 0; t < schema->n_types; t++) {
        g_autoptr(GByteArray) payload = g_byte_array_new();
        osi_schema_put(schema, t, payload);
        osi_frame_append(to, OSI_FRAME_EVENT_TYPE, payload->data, payload->len);
    }
}

static void append_config(const struct osi_trace_config *config, GByteArray *to)
{
    osi_frame_append_info(to, "clock", config->clock ? config->clock : "host");
    osi_frame_append_info(to, "clock.unit", config->clock_unit ? config->clock_unit : "ns");
    osi_frame_append_info(to, "codec", config->codec ? config->codec : "none");
    for (const char *const *info = config->info; info && info[0] && info[1]; info += 2)
        osi_frame_append_info(to, info[0], info[1]);
}

int osi_meta_open(struct osi_trace_writer *writer, const struct osi_trace_config *config,
                  struct osi_error *err)
{
    struct osi_meta_writer *meta = &writer->meta;
    uint8_t head[OSI_HEAD_SIZE];
    meta->fd = openat(writer->dir, "meta", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (meta->fd < 0)
        return osi_fail(err, -errno, errno == EEXIST ? "there is a trace already (meta exists)"
                                                     : "meta: cannot be created: %s",
                        g_strerror(errno));
    osi_head_put(head, OSI_HEAD_SIZE, OSI_META_STREAM);
    g_byte_array_append(meta->pending, head, sizeof head);
    osi_meta_append_schema(&writer->schema, meta->pending);
    append_config(config, meta->pending);
    int rc = osi_file_append(meta->fd, &meta->size, meta->pending->data, meta->pending->len);
    if (rc) {
        unlinkat(writer->dir, "meta", 0);
        return osi_fail(err, rc, "meta: %s", g_strerror(-rc));
    }
    atomic_fetch_add(&meta->bytes, meta->pending->len);
    g_byte_array_set_size(meta->pending, 0);
    return 0;
}

uint32_t osi_trace_define_string(struct osi_trace_writer *writer, const char *text)
{
    struct osi_meta_writer *meta = &writer->meta;
    pthread_mutex_lock(&meta->lock);
    uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(meta->strings, text));
    if (!id) {
        guint before = meta->pending->len;
        id = ++meta->n_strings;
        g_hash_table_insert(meta->strings, g_strdup(text), GUINT_TO_POINTER(id));
        osi_frame_append_string(meta->pending, id, text);
        commit(writer, before);
    }
    pthread_mutex_unlock(&meta->lock);
    return id;
}

void osi_trace_define_task(struct osi_trace_writer *writer, const struct osi_task_def *task)
{
    struct osi_meta_writer *meta = &writer->meta;
    pthread_mutex_lock(&meta->lock);
    guint before = meta->pending->len;
    const struct osi_task_def *parent =
        task->previous ? g_hash_table_lookup(meta->tasks, GUINT_TO_POINTER(task->previous)) : NULL;
    osi_frame_append_task(meta->pending, task, parent);
    g_hash_table_replace(meta->tasks, GUINT_TO_POINTER(task->id),
                         g_memdup2(task, sizeof *task));
    commit(writer, before);
    pthread_mutex_unlock(&meta->lock);
}

void osi_trace_note(struct osi_trace_writer *writer, const char *key, const char *value)
{
    pthread_mutex_lock(&writer->meta.lock);
    guint before = writer->meta.pending->len;
    osi_frame_append_info(writer->meta.pending, key, value);
    commit(writer, before);
    pthread_mutex_unlock(&writer->meta.lock);
}

int osi_meta_flush(struct osi_trace_writer *writer)
{
    pthread_mutex_lock(&writer->meta.lock);
    int rc = write_pending(writer);
    pthread_mutex_unlock(&writer->meta.lock);
    return rc;
}

int osi_meta_finish(struct osi_trace_writer *writer, const struct osi_stream_totals *totals,
                    size_t n)
{
    if (writer->meta.lost) {
        g_autofree char *count = g_strdup_printf("%" PRIu64, writer->meta.lost);
        osi_trace_note(writer, "lost.definitions", count);
    }
    int rc = osi_meta_flush(writer);
    if (rc)
        return rc;
    pthread_mutex_lock(&writer->meta.lock);
    osi_frame_append_close(writer->meta.pending, totals, n);
    rc = write_pending(writer);
    pthread_mutex_unlock(&writer->meta.lock);
    return rc;
}

void osi_meta_close(struct osi_meta_writer *meta)
{
    if (meta->fd >= 0)
        close(meta->fd);
    g_byte_array_unref(meta->pending);
    g_hash_table_unref(meta->strings);
    g_hash_table_unref(meta->tasks);
    pthread_mutex_destroy(&meta->lock);
}
