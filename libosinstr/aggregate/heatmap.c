/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growth of counters by time. */
#include <string.h>

#include "aggregate/heatmap-internal.h"

static struct osi_heatlane *lane_new(const struct osi_heatmap *map)
{
    struct osi_heatlane *lane = g_new0(struct osi_heatlane, 1);

    lane->max_buckets = map->max_buckets;
    lane->width = map->width;
    lane->columns = g_new0(struct heat_column, map->max_buckets);
    return lane;
}

static void lane_free(void *data)
{
    struct osi_heatlane *lane = data;

    if (lane) {
        for (unsigned i = 0; i < lane->max_buckets; i++) {
            g_free(lane->columns[i].cells);
        }
        g_free(lane->columns);
        g_free(lane->base);
        g_free(lane->grown);
        g_free(lane);
    }
}

struct osi_heatmap *osi_heatmap_new(uint64_t width, unsigned max_buckets)
{
    struct osi_heatmap *map = g_new0(struct osi_heatmap, 1);

    g_assert(width > 0 && max_buckets >= 2 && max_buckets % 2 == 0);
    map->width = width;
    map->max_buckets = max_buckets;
    map->lanes = g_ptr_array_new_with_free_func(lane_free);
    g_mutex_init(&map->lock);
    return map;
}

void osi_heatmap_free(struct osi_heatmap *map)
{
    if (map) {
        g_ptr_array_unref(map->lanes);
        g_mutex_clear(&map->lock);
        g_free(map);
    }
}

struct osi_heatlane *osi_heatmap_lane(struct osi_heatmap *map, unsigned vcpu)
{
    struct osi_heatlane *lane;

    g_mutex_lock(&map->lock);
    if (vcpu >= map->lanes->len) {
        g_ptr_array_set_size(map->lanes, (gint)vcpu + 1);
    }
    lane = g_ptr_array_index(map->lanes, vcpu);
    if (!lane) {
        lane = g_ptr_array_index(map->lanes, vcpu) = lane_new(map);
    }
    g_mutex_unlock(&map->lock);
    return lane;
}

/* ---- columns ---- */
void heat_join(struct heat_column *to, struct heat_column *add)
{
    struct heat_cell *cells;
    size_t n = 0, i = 0, j = 0;

    if (!to->n || !add->n) {
        if (add->n) {
            g_free(to->cells);
            *to = *add;
        } else {
            g_free(add->cells);
        }
        *add = (struct heat_column){ NULL, 0 };
        return;
    }
    cells = g_new(struct heat_cell, to->n + add->n);
    while (i < to->n || j < add->n) {
        if (j == add->n || (i < to->n && to->cells[i].row < add->cells[j].row)) {
            cells[n++] = to->cells[i++];
        } else if (i == to->n || add->cells[j].row < to->cells[i].row) {
            cells[n++] = add->cells[j++];
        } else {
            cells[n] = to->cells[i++];
            cells[n++].value += add->cells[j++].value;
        }
    }
    g_free(to->cells);
    g_free(add->cells);
    *to = (struct heat_column){ cells, n };
    *add = (struct heat_column){ NULL, 0 };
}

void heat_make_wider(struct osi_heatlane *lane)
{
    for (unsigned i = 0; i < lane->max_buckets / 2; i++) {
        struct heat_column *first = &lane->columns[2 * i];

        heat_join(first, first + 1);
        if (i) {
            lane->columns[i] = *first;
            *first = (struct heat_column){ NULL, 0 };
        }
    }
    lane->current /= 2;
    lane->width *= 2;
    lane->doubled++;
}

/* ---- growth ---- */
static void make_room(struct osi_heatlane *lane, size_t n)
{
    if (n > lane->n_base) {
        lane->base = g_renew(uint64_t, lane->base, n);
        memset(lane->base + lane->n_base, 0, (n - lane->n_base) * sizeof(lane->base[0]));
        lane->grown = g_renew(struct heat_cell, lane->grown, n);
        lane->n_base = n;
    }
}

/* Most counters stand still most of the time: so many are looked at as one. */
enum { STEP = 8 };

static inline bool stand_still(const uint64_t *counts, const uint64_t *base, size_t n)
{
    uint64_t grown = 0;

    for (size_t i = 0; i < n; i++) {
        grown |= counts[i] ^ base[i];
    }
    return !grown;
}

/* Notes which ones grew, and by how much. */
static void take_grown(struct osi_heatlane *lane, const uint64_t *counts, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (counts[i] != lane->base[i]) {
            lane->grown[lane->n_grown++] = (struct heat_cell){ counts[i] - lane->base[i], (uint32_t)i };
            lane->base[i] = counts[i];
        }
    }
}

/* The current bucket gets what the counters grew by. */
static void settle(struct osi_heatlane *lane, const uint64_t *counts, size_t n)
{
    struct heat_column grown;
    size_t i = 0;

    make_room(lane, n);
    lane->n_grown = 0;
    for (; i + STEP <= n; i += STEP) {
        if (!stand_still(counts + i, lane->base + i, STEP)) {
            take_grown(lane, counts, i, i + STEP);
        }
    }
    take_grown(lane, counts, i, n);
    if (lane->n_grown) {
        grown = (struct heat_column){ g_memdup2(lane->grown, lane->n_grown * sizeof(grown.cells[0])), lane->n_grown };
        heat_join(&lane->columns[lane->current], &grown);
    }
}

/* Buckets are wide enough for this time. */
static void reach(struct osi_heatlane *lane, uint64_t time)
{
    while (time / lane->width >= lane->max_buckets) {
        heat_make_wider(lane);
    }
}

void osi_heatlane_at(struct osi_heatlane *lane, uint64_t time, const uint64_t *counts, size_t n)
{
    if (time / lane->width <= lane->current) {
        lane->marked = false;
        return;
    }
    if (!lane->marked) {
        settle(lane, counts, n);
    }
    lane->marked = false;
    reach(lane, time);
    lane->current = MAX(lane->current, (size_t)(time / lane->width));
}

void osi_heatlane_mark(struct osi_heatlane *lane, const uint64_t *counts, size_t n)
{
    settle(lane, counts, n);
    lane->marked = true;
}

void osi_heatlane_span(struct osi_heatlane *lane, uint32_t row, uint64_t from, uint64_t to)
{
    if (from >= to) {
        return;
    }
    reach(lane, to);
    while (from < to) {
        size_t bucket = (size_t)(from / lane->width);
        uint64_t end = MIN(to, (bucket + 1) * lane->width); /* below `to`, so no overflow */
        struct heat_column one = { g_new(struct heat_cell, 1), 1 };

        one.cells[0] = (struct heat_cell){ end - from, row };
        heat_join(&lane->columns[bucket], &one);
        from = end;
    }
}

uint64_t osi_heatlane_next(const struct osi_heatlane *lane)
{
    uint64_t last = UINT64_MAX / lane->width;

    return lane->current >= last ? UINT64_MAX : (lane->current + 1) * lane->width;
}

void osi_heatlane_end(struct osi_heatlane *lane, const uint64_t *counts, size_t n)
{
    settle(lane, counts, n);
}
