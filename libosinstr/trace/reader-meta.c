/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a trace: finds its files, reads heads, schema, facts and definitions.
 *
 * The schema is in `meta` and at the head of every stream, so losing one of
 * them loses nothing but the definitions. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

/* Searching a damaged file costs a checksum per candidate. This bounds it for a
 * file that is made of nothing but candidates. */
#define SEARCH_BUDGET (UINT64_C(1) << 30)
#define MAX_DAMAGE_LINES 1000

static void note_damage(struct osi_trace_reader *reader, const char *file, uint64_t offset,
                        const char *what)
{
    reader->bad_records++;
    if (reader->damage->len < MAX_DAMAGE_LINES)
        g_ptr_array_add(reader->damage,
                        g_strdup_printf("%s: offset %" PRIu64 ": %s", file, offset, what));
}

/* ---- frames -------------------------------------------------------------------- */

static bool absorb_info(struct osi_trace_reader *reader, const struct osi_frame *frame)
{
    char *key, *value;
    if (!osi_frame_get_info(frame, &key, &value))
        return false;
    g_ptr_array_add(reader->info, key);
    g_ptr_array_add(reader->info, value);
    return true;
}

static bool absorb_string(struct osi_trace_reader *reader, const struct osi_frame *frame)
{
    uint32_t id;
    char *text;
    if (!osi_frame_get_string(frame, &id, &text))
        return false;
    g_hash_table_replace(reader->strings, GUINT_TO_POINTER(id), text);
    return true;
}

static bool absorb_task(struct osi_trace_reader *reader, const struct osi_frame *frame)
{
    struct osi_task_def task;
    bool inherits;
    if (!osi_frame_get_task(frame, &task, &inherits))
        return false;
    if (inherits) {
        const struct osi_task_def *parent =
            g_hash_table_lookup(reader->tasks, GUINT_TO_POINTER(task.previous));
        if (!parent)
            return false; /* half a definition would name the wrong task */
        task.pid = parent->pid;
        task.tgid = parent->tgid;
        task.address = parent->address;
    }
    g_hash_table_replace(reader->tasks, GUINT_TO_POINTER(task.id),
                         g_memdup2(&task, sizeof task));
    return true;
}

static void absorb_totals(void *data, const struct osi_stream_totals *totals)
{
    struct osi_trace_reader *reader = data;
    if (totals->stream < OSI_MAX_STREAMS)
        reader->totals[totals->stream] = *totals;
    else if (totals->stream == OSI_META_STREAM)
        reader->unstreamed_lost = totals->lost;
}

static bool absorb_frame(struct osi_trace_reader *reader, const struct osi_frame *frame)
{
    switch (frame->type) {
    case OSI_FRAME_INFO:
        return absorb_info(reader, frame);
    case OSI_FRAME_EVENT_TYPE:
        return osi_schema_get(&reader->schema, frame->payload, frame->length);
    case OSI_FRAME_STRING:
        return absorb_string(reader, frame);
    case OSI_FRAME_TASK:
        return absorb_task(reader, frame);
    case OSI_FRAME_CLOSE:
        reader->complete = true;
        return osi_frame_get_close(frame, absorb_totals, reader);
    default:
        return true; /* of a newer minor version */
    }
}

/* Offset of the next sound frame, `end` if there is none. */
static uint64_t find_frame(struct osi_window *file, uint64_t offset, uint64_t end)
{
    const uint8_t *data;
    struct osi_frame frame;
    uint64_t spent = 0;
    for (; offset < end && spent < SEARCH_BUDGET; offset++) {
        size_t needed = (size_t)MIN(OSI_FRAME_SIZE + OSI_FRAME_MAX_PAYLOAD, end - offset);
        size_t available = osi_window_at(file, offset, needed, &data);
        if (!available)
            return end;
        if (data[0] != OSI_FRAME_MAGIC)
            continue;
        if (osi_frame_parse(&frame, data, available))
            return offset;
        spent += available >= OSI_FRAME_SIZE ? frame.length : 0;
    }
    return end;
}

/* Reads frames up to `end` or the end of the file; damaged ones are passed over. */
static void absorb_frames(struct osi_trace_reader *reader, struct osi_window *file,
                          const char *name, uint64_t offset, uint64_t end)
{
    const uint8_t *data;
    struct osi_frame frame;
    while (offset < end) {
        size_t needed = (size_t)MIN(OSI_FRAME_SIZE + OSI_FRAME_MAX_PAYLOAD, end - offset);
        size_t available = osi_window_at(file, offset, needed, &data);
        if (!available)
            return;
        size_t length = osi_frame_parse(&frame, data, available);
        if (!length) {
            note_damage(reader, name, offset, "damaged record, searching for the next");
            offset = find_frame(file, offset + 1, end);
            continue;
        }
        if (!absorb_frame(reader, &frame))
            note_damage(reader, name, offset, "a record that makes no sense, skipped");
        offset += length;
    }
}

/* ---- files ----------------------------------------------------------------------- */

/* A damaged head is taken for one of our version: everything behind it has
 * checksums of its own. */
static int read_head(struct osi_trace_reader *reader, struct osi_window *file, const char *name,
                     struct osi_head *head, struct osi_error *err)
{
    const uint8_t *data;
    size_t available = osi_window_at(file, 0, OSI_HEAD_SIZE, &data);
    if (!osi_head_get(head, data, available)) {
        *head = (struct osi_head){.major = OSI_FORMAT_MAJOR, .length = OSI_HEAD_SIZE};
        note_damage(reader, name, 0, available ? "damaged file head" : "empty file");
    }
    if (head->major == OSI_FORMAT_MAJOR)
        return 0;
    return osi_fail(err, -ENOTSUP, "%s: written in format %u.%u, and this osinstr reads format %d",
                    name, head->major, head->minor, OSI_FORMAT_MAJOR);
}

static int absorb_meta(struct osi_trace_reader *reader, struct osi_error *err)
{
    struct osi_window file;
    struct osi_head head;
    int rc = osi_window_open(&file, reader->dir, "meta");
    if (rc) {
        note_damage(reader, "meta", 0, g_strerror(-rc));
        return 0;
    }
    reader->bytes += osi_window_file_size(&file);
    rc = read_head(reader, &file, "meta", &head, err);
    if (!rc)
        absorb_frames(reader, &file, "meta", head.length, UINT64_MAX);
    osi_window_close(&file);
    return rc;
}

/* The schema once more. Behind a damaged head nobody knows where it ends: then
 * the frames up to the first that is none are taken. */
static int absorb_stream(struct osi_trace_reader *reader, uint32_t number, struct osi_error *err)
{
    char name[32];
    struct osi_window file;
    struct osi_head head;
    struct osi_frame frame;
    const uint8_t *data;
    snprintf(name, sizeof name, "cpu%u.trace", number);
    if (osi_window_open(&file, reader->dir, name))
        return 0; /* only staged so far */
    reader->bytes += osi_window_file_size(&file);
    int rc = read_head(reader, &file, name, &head, err);
    uint64_t end = head.length;
    if (!rc && end == OSI_HEAD_SIZE) {
        size_t length, available = osi_window_at(&file, end, OSI_WINDOW_SIZE, &data);
        for (size_t at = 0; (length = osi_frame_parse(&frame, data + at, available - at));)
            end += length, at += length;
    }
    if (!rc)
        absorb_frames(reader, &file, name, OSI_HEAD_SIZE, end);
    osi_window_close(&file);
    return rc;
}

/* Number of a file name like cpu12.trace, -1 for any other. */
static long stream_number(const char *name)
{
    char *end, again[64];
    if (strncmp(name, "cpu", 3) || name[3] < '0' || name[3] > '9')
        return -1;
    unsigned long number = strtoul(name + 3, &end, 10);
    if (number >= OSI_MAX_STREAMS || (strcmp(end, ".trace") && strcmp(end, ".open")))
        return -1;
    snprintf(again, sizeof again, "cpu%lu%s", number, end);
    return strcmp(again, name) ? -1 : (long)number;
}

static int find_streams(struct osi_trace_reader *reader, struct osi_error *err)
{
    DIR *dir = opendir(reader->path);
    if (!dir)
        return osi_fail(err, -errno, "%s: %s", reader->path, g_strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;
        long number = stream_number(entry->d_name);
        if (number < 0)
            continue;
        reader->exists[number] = true;
        reader->n_streams = MAX(reader->n_streams, (unsigned)number + 1);
        if (g_str_has_suffix(entry->d_name, ".open") &&
            !fstatat(dirfd(dir), entry->d_name, &st, 0))
            reader->bytes += (uint64_t)st.st_size;
    }
    closedir(dir);
    return 0;
}

/* Streams that the close record knows and of which no file is left. */
static void note_missing_files(struct osi_trace_reader *reader)
{
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++) {
        if (!reader->totals[i].blocks || reader->exists[i])
            continue;
        char name[32];
        snprintf(name, sizeof name, "cpu%u.trace", i);
        note_damage(reader, name, 0, "the file is missing");
        reader->n_streams = MAX(reader->n_streams, i + 1);
    }
}

int osi_reader_load(struct osi_trace_reader *reader, struct osi_error *err)
{
    int rc = find_streams(reader, err);
    if (!rc && !reader->n_streams && faccessat(reader->dir, "meta", F_OK, 0))
        return osi_fail(err, -ENOENT, "%s: there is no trace in this directory", reader->path);
    if (!rc)
        rc = absorb_meta(reader, err);
    for (uint32_t i = 0; !rc && i < OSI_MAX_STREAMS; i++)
        if (reader->exists[i])
            rc = absorb_stream(reader, i, err);
    if (rc)
        return rc;
    if (!reader->schema.n_types)
        return osi_fail(err, -EINVAL, "%s: not an osinstr trace: no event type is defined in it",
                        reader->path);
    note_missing_files(reader);
    return 0;
}
