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
/* What is in `add` too is in `to`; `add` is empty afterwards. Both are in order of rows. */
static void join(struct heat_column *to, struct heat_column *add)
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

static void make_wider(struct osi_heatlane *lane)
{
    for (unsigned i = 0; i < lane->max_buckets / 2; i++) {
        struct heat_column *first = &lane->columns[2 * i];

        join(first, first + 1);
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
        lane->n_base = n;
    }
}

/* The current bucket gets what the counters grew by. */
static void settle(struct osi_heatlane *lane, const uint64_t *counts, size_t n)
{
    struct heat_column grown = { NULL, 0 };

    make_room(lane, n);
    for (size_t i = 0; i < n; i++) {
        grown.n += counts[i] != lane->base[i];
    }
    if (!grown.n) {
        return;
    }
    grown.cells = g_new(struct heat_cell, grown.n);
    grown.n = 0;
    for (size_t i = 0; i < n; i++) {
        if (counts[i] != lane->base[i]) {
            grown.cells[grown.n++] = (struct heat_cell){ counts[i] - lane->base[i], (uint32_t)i };
            lane->base[i] = counts[i];
        }
    }
    join(&lane->columns[lane->current], &grown);
}

void osi_heatlane_at(struct osi_heatlane *lane, uint64_t time, const uint64_t *counts, size_t n)
{
    if (time / lane->width <= lane->current) {
        return;
    }
    settle(lane, counts, n);
    while (time / lane->width >= lane->max_buckets) {
        make_wider(lane);
    }
    lane->current = MAX(lane->current, (size_t)(time / lane->width));
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

/* ---- the whole ---- */
#define EACH_LANE(map, lane, vcpu)                                                                 \
    for (guint vcpu = 0; vcpu < (map)->lanes->len; vcpu++)                                         \
        for (struct osi_heatlane *lane = g_ptr_array_index((map)->lanes, vcpu); lane; lane = NULL)

void osi_heatmap_finish(struct osi_heatmap *map)
{
    EACH_LANE (map, lane, i) {
        map->width = MAX(map->width, lane->width);
    }
    EACH_LANE (map, lane, i) {
        while (lane->width < map->width) {
            make_wider(lane);
        }
    }
}

uint64_t osi_heatmap_width(const struct osi_heatmap *map)
{
    return map->width;
}

unsigned osi_heatmap_doubled(const struct osi_heatmap *map)
{
    unsigned doubled = 0;

    EACH_LANE (map, lane, i) {
        doubled = MAX(doubled, lane->doubled);
    }
    return doubled;
}

size_t osi_heatmap_buckets(const struct osi_heatmap *map)
{
    size_t n = 0;

    EACH_LANE (map, lane, i) {
        for (size_t bucket = n; bucket < lane->max_buckets; bucket++) {
            n = lane->columns[bucket].n ? bucket + 1 : n;
        }
    }
    return n;
}

unsigned osi_heatmap_vcpus(const struct osi_heatmap *map)
{
    return map->lanes->len;
}

uint64_t osi_heatmap_value(const struct osi_heatmap *map, unsigned vcpu, size_t bucket, uint32_t row)
{
    const struct osi_heatlane *lane =
        vcpu < map->lanes->len ? g_ptr_array_index(map->lanes, vcpu) : NULL;
    const struct heat_column *column =
        lane && bucket < lane->max_buckets ? &lane->columns[bucket] : NULL;
    size_t low = 0, high = column ? column->n : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (column->cells[middle].row < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return column && low < column->n && column->cells[low].row == row ? column->cells[low].value : 0;
}

void osi_heatmap_sums(const struct osi_heatmap *map, uint64_t *sums, size_t n_rows)
{
    EACH_LANE (map, lane, i) {
        for (size_t bucket = 0; bucket < lane->max_buckets; bucket++) {
            const struct heat_column *column = &lane->columns[bucket];

            for (size_t k = 0; k < column->n; k++) {
                if (column->cells[k].row < n_rows) {
                    sums[column->cells[k].row] += column->cells[k].value;
                }
            }
        }
    }
}
