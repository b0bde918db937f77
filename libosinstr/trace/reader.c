/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace reader: opening, and what there is to know besides events. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

static struct osi_trace_reader *allocate(const char *dir)
{
    struct osi_trace_reader *reader = g_new0(struct osi_trace_reader, 1);
    reader->path = g_strdup(dir);
    reader->tasks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    reader->strings = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    reader->info = g_ptr_array_new_with_free_func(g_free);
    reader->damage = g_ptr_array_new_with_free_func(g_free);
    return reader;
}

/* Without the codec next to nothing would be readable: say so at once. */
static int check_codec(const struct osi_trace_reader *reader, struct osi_error *err)
{
    const char *name = osi_trace_info(reader, "codec");
    const struct osi_codec *codec = name ? osi_codec_by_name(name) : NULL;
    if (!name || (codec && codec->built))
        return 0;
    return osi_fail(err, -ENOTSUP, "%s: compressed with %s, and osinstr was built without it",
                    reader->path, name);
}

static int open_trace(struct osi_trace_reader *reader, struct osi_error *err)
{
    reader->dir = open(reader->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->dir < 0)
        return osi_fail(err, -errno, "%s: %s", reader->path, g_strerror(errno));
    int rc = osi_reader_load(reader, err);
    return rc ? rc : check_codec(reader, err);
}

int osi_trace_reader_new(const char *dir, struct osi_trace_reader **result, struct osi_error *err)
{
    struct osi_trace_reader *reader = allocate(dir);
    int rc = open_trace(reader, err);
    if (rc)
        osi_trace_reader_free(reader);
    else
        *result = reader;
    return rc;
}

void osi_trace_reader_free(struct osi_trace_reader *reader)
{
    if (!reader)
        return;
    for (unsigned i = 0; i < OSI_MAX_STREAMS; i++)
        osi_cursor_free(reader->cursors[i]);
    osi_schema_clear(&reader->schema);
    g_hash_table_unref(reader->tasks);
    g_hash_table_unref(reader->strings);
    g_ptr_array_unref(reader->info);
    g_ptr_array_unref(reader->damage);
    if (reader->dir >= 0)
        close(reader->dir);
    g_free(reader->path);
    g_free(reader);
}

unsigned osi_trace_n_streams(const struct osi_trace_reader *reader)
{
    return reader->n_streams;
}

size_t osi_trace_n_types(const struct osi_trace_reader *reader)
{
    return reader->schema.n_types;
}

const struct osi_event_type *osi_trace_type(const struct osi_trace_reader *reader, size_t type)
{
    return type < reader->schema.n_types ? &reader->schema.types[type].type : NULL;
}

int osi_trace_find_type(const struct osi_trace_reader *reader, const char *name)
{
    for (size_t t = 0; t < reader->schema.n_types; t++)
        if (!strcmp(reader->schema.types[t].type.name, name))
            return (int)t;
    return -1;
}

const struct osi_task_def *osi_trace_task(const struct osi_trace_reader *reader, uint32_t id)
{
    return g_hash_table_lookup(reader->tasks, GUINT_TO_POINTER(id));
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

uint32_t *osi_trace_task_ids(const struct osi_trace_reader *reader, size_t *n)
{
    uint32_t *ids = g_new(uint32_t, g_hash_table_size(reader->tasks) + 1);
    GHashTableIter iter;
    void *id;

    *n = 0;
    g_hash_table_iter_init(&iter, reader->tasks);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        ids[(*n)++] = GPOINTER_TO_UINT(id);
    }
    qsort(ids, *n, sizeof(*ids), by_number);
    return ids;
}

const char *osi_trace_string(const struct osi_trace_reader *reader, uint32_t id)
{
    return g_hash_table_lookup(reader->strings, GUINT_TO_POINTER(id));
}

bool osi_trace_info_at(const struct osi_trace_reader *reader, size_t index, const char **key,
                       const char **value)
{
    if (index >= reader->info->len / 2)
        return false;
    *key = reader->info->pdata[2 * index];
    *value = reader->info->pdata[2 * index + 1];
    return true;
}

/* What was noted last counts: notes correct what was assumed at the start. */
const char *osi_trace_info(const struct osi_trace_reader *reader, const char *key)
{
    for (size_t i = reader->info->len; i; i -= 2)
        if (!strcmp(reader->info->pdata[i - 2], key))
            return reader->info->pdata[i - 1];
    return NULL;
}
