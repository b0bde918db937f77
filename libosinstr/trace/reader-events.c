/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands out events: one stream alone, or all of them merged by time. */
#include "reader.h"

static struct osi_cursor *cursor_of(struct osi_trace_reader *reader, unsigned stream)
{
    if (stream >= reader->n_streams || !reader->exists[stream])
        return NULL;
    if (!reader->cursors[stream])
        osi_cursor_new(reader, stream, (struct osi_report){0}, &reader->cursors[stream]);
    return reader->cursors[stream];
}

/* Copies the event at the cursor into the reader's row and moves on. */
static inline void take_event(struct osi_trace_reader *reader, struct osi_cursor *cursor,
                              struct osi_trace_event *event)
{
    const struct osi_block *block = cursor->block;
    size_t i = cursor->next_event++;
    unsigned type = block->types[i], n = reader->schema.types[type].type.n_fields;
    uint32_t k = cursor->taken[type]++;
    for (unsigned f = 0; f < n; f++)
        reader->row[f] = block->columns[type][f][k];
    event->time = block->times[i];
    event->stream = cursor->number;
    event->type = type;
    event->fields = reader->row;
}

int osi_trace_stream_next(struct osi_trace_reader *reader, unsigned stream,
                          struct osi_trace_event *event)
{
    struct osi_cursor *cursor = cursor_of(reader, stream);
    if (!cursor || !osi_cursor_settle(cursor))
        return 0;
    take_event(reader, cursor, event);
    return 1;
}

uint64_t osi_trace_stream_lost(const struct osi_trace_reader *reader, unsigned stream)
{
    const struct osi_cursor *cursor = stream < reader->n_streams ? reader->cursors[stream] : NULL;
    return cursor ? cursor->health.lost_events : 0;
}

/* ---- merging: a heap of cursors that stand at an event ----------------------- */

static inline bool before(const struct osi_cursor *a, const struct osi_cursor *b)
{
    uint64_t time_a = a->block->times[a->next_event], time_b = b->block->times[b->next_event];
    return time_a != time_b ? time_a < time_b : a->number < b->number;
}

static void sift_down(struct osi_trace_reader *reader, unsigned i)
{
    struct osi_cursor **heap = reader->heap, *moved = heap[i];
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= reader->n_heap)
            break;
        if (child + 1 < reader->n_heap && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], moved))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = moved;
}

static void start_merging(struct osi_trace_reader *reader)
{
    reader->merging = true;
    reader->n_heap = 0;
    for (unsigned i = 0; i < reader->n_streams; i++) {
        struct osi_cursor *cursor = cursor_of(reader, i);
        if (cursor && osi_cursor_settle(cursor))
            reader->heap[reader->n_heap++] = cursor;
    }
    for (unsigned i = reader->n_heap / 2; i-- > 0;)
        sift_down(reader, i);
}

int osi_trace_next(struct osi_trace_reader *reader, struct osi_trace_event *event)
{
    if (G_UNLIKELY(!reader->merging))
        start_merging(reader);
    if (!reader->n_heap)
        return 0;
    struct osi_cursor *cursor = reader->heap[0];
    take_event(reader, cursor, event);
    if (G_UNLIKELY(!osi_cursor_settle(cursor)))
        reader->heap[0] = reader->heap[--reader->n_heap];
    if (reader->n_heap > 1)
        sift_down(reader, 0);
    return 1;
}

void osi_trace_rewind(struct osi_trace_reader *reader)
{
    reader->merging = false;
    for (unsigned i = 0; i < reader->n_streams; i++)
        if (reader->cursors[i])
            osi_cursor_rewind(reader->cursors[i]);
}
