/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes of slices, within a limit.
 *
 * When there are too many, neighbours that are shorter than a quantum and begin in the same quantum
 * become one slice that says how many they were and how long they took. The quantum doubles until
 * enough were joined; what comes later is kept as it is until the limit is reached again. */
#include <string.h>

#include "html.h"

enum { FIRST_QUANTUM = 1024 };

struct lane {
    unsigned cpu, depth;
    enum html_lane_kind kind;
    GArray *slices; /* struct html_slice */
    uint64_t end;
};

struct html_lanes {
    GPtrArray *all; /* struct lane, in order of CPU, kind and depth once they are put */
    GHashTable *by_key;
    uint64_t limit, n;
    uint64_t quantum; /* 0: nothing was joined */
};

static void lane_free(void *data)
{
    struct lane *lane = data;

    g_array_free(lane->slices, TRUE);
    g_free(lane);
}

struct html_lanes *html_lanes_new(uint64_t limit)
{
    struct html_lanes *lanes = g_new0(struct html_lanes, 1);

    lanes->all = g_ptr_array_new_with_free_func(lane_free);
    lanes->by_key = g_hash_table_new(NULL, NULL);
    lanes->limit = limit;
    return lanes;
}

void html_lanes_free(struct html_lanes *lanes)
{
    g_ptr_array_unref(lanes->all);
    g_hash_table_destroy(lanes->by_key);
    g_free(lanes);
}

bool html_lanes_any(const struct html_lanes *lanes)
{
    return lanes->n != 0;
}

static struct lane *lane_of(struct html_lanes *lanes, unsigned cpu, enum html_lane_kind kind,
                            unsigned depth)
{
    gpointer key = GUINT_TO_POINTER((cpu << 8 | (unsigned)kind << 4 | depth) + 1);
    struct lane *lane = g_hash_table_lookup(lanes->by_key, key);

    if (G_UNLIKELY(!lane)) {
        lane = g_new0(struct lane, 1);
        lane->cpu = cpu;
        lane->kind = kind;
        lane->depth = depth;
        lane->slices = g_array_new(FALSE, FALSE, sizeof(struct html_slice));
        g_hash_table_insert(lanes->by_key, key, lane);
        g_ptr_array_add(lanes->all, lane);
    }
    return lane;
}

/* ---- joining ---- */
static uint64_t time_in(const struct html_slice *slice)
{
    return slice->what ? slice->duration : slice->extra;
}

static bool can_join(const struct html_slice *a, const struct html_slice *b, uint64_t quantum)
{
    return a->duration < quantum && b->duration < quantum &&
           a->start / quantum == b->start / quantum;
}

static void join(struct html_slice *a, const struct html_slice *b)
{
    uint64_t n = (a->what ? 1 : (uint64_t)a->more) + (b->what ? 1 : b->more);

    a->extra = time_in(a) + time_in(b);
    a->more = (uint32_t)MIN(n, UINT32_MAX);
    a->what = 0;
    a->duration = b->start + b->duration - a->start;
}

static void join_lane(struct lane *lane, uint64_t quantum)
{
    struct html_slice *slices = (struct html_slice *)(void *)lane->slices->data;
    guint kept = 0;

    for (guint i = 1; i < lane->slices->len; i++) {
        if (can_join(&slices[kept], &slices[i], quantum)) {
            join(&slices[kept], &slices[i]);
        } else {
            slices[++kept] = slices[i];
        }
    }
    if (lane->slices->len) {
        g_array_set_size(lane->slices, kept + 1);
    }
}

static void join_all(struct html_lanes *lanes)
{
    lanes->n = 0;
    for (guint i = 0; i < lanes->all->len; i++) {
        struct lane *lane = lanes->all->pdata[i];

        join_lane(lane, lanes->quantum);
        lanes->n += lane->slices->len;
    }
}

/* What came since the last time was not joined yet, so the quantum that there is may do. One as
 * long as everything leaves a slice per lane, however small the limit is. */
static void make_room(struct html_lanes *lanes)
{
    uint64_t wanted = MAX(lanes->limit / 4 * 3, lanes->all->len);

    if (lanes->quantum) {
        join_all(lanes);
    }
    while (lanes->n > wanted && lanes->quantum <= UINT64_MAX / 4) {
        lanes->quantum = lanes->quantum ? 2 * lanes->quantum : FIRST_QUANTUM;
        join_all(lanes);
    }
}

void html_lanes_add(struct html_lanes *lanes, unsigned cpu, enum html_lane_kind kind,
                    unsigned depth, const struct html_slice *slice)
{
    struct lane *lane = lane_of(lanes, cpu, kind, depth);
    struct html_slice one = *slice;
    uint64_t end = one.start + MIN(one.duration, UINT64_MAX - one.start);

    one.start = MAX(one.start, lane->end);
    one.duration = end > one.start ? end - one.start : 0;
    lane->end = one.start + one.duration;
    g_array_append_val(lane->slices, one);
    if (++lanes->n > lanes->limit) {
        make_room(lanes);
    }
}

/* ---- output ---- */
static gint by_place(gconstpointer a, gconstpointer b)
{
    const struct lane *x = *(struct lane *const *)a, *y = *(struct lane *const *)b;

    if (x->cpu != y->cpu) {
        return x->cpu < y->cpu ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    return x->depth < y->depth ? -1 : x->depth > y->depth;
}

static GByteArray *encode(const struct lane *lane, uint64_t base)
{
    GByteArray *bytes = g_byte_array_new();
    uint64_t end = base;

    for (guint i = 0; i < lane->slices->len; i++) {
        const struct html_slice *slice = &g_array_index(lane->slices, struct html_slice, i);

        html_put_varint(bytes, slice->start - end);
        html_put_varint(bytes, slice->duration);
        html_put_varint(bytes, slice->what);
        html_put_varint(bytes, slice->more);
        html_put_varint(bytes, slice->extra);
        end = slice->start + slice->duration;
    }
    return bytes;
}

void html_lanes_put(struct html_lanes *lanes, uint64_t base, struct html_page *page)
{
    static const char *const kinds[] = { "tasks", "irqs", "softirqs", "masked" };

    if (lanes->quantum) {
        join_all(lanes);
    }
    g_ptr_array_sort(lanes->all, by_place);
    g_string_append_printf(page->json, "\"quantum\":%" G_GUINT64_FORMAT ",\"lanes\":[",
                           lanes->quantum);
    for (guint i = 0; i < lanes->all->len; i++) {
        const struct lane *lane = lanes->all->pdata[i];

        g_string_append_printf(page->json, "%s{\"cpu\":%u,\"kind\":\"%s\",\"depth\":%u,\"n\":%u,"
                               "\"blob\":", i ? "," : "", lane->cpu, kinds[lane->kind],
                               lane->depth, lane->slices->len);
        html_put_blob(page, encode(lane, base));
        g_string_append(page->json, "}");
    }
    g_string_append(page->json, "]");
}
