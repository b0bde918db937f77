/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All lanes of a heatmap, when they have ended. */
#include <stdlib.h>

#include "aggregate/heatmap-internal.h"

void osi_heatmap_finish(struct osi_heatmap *map)
{
    EACH_LANE (map, lane, i) {
        map->width = MAX(map->width, lane->width);
    }
    EACH_LANE (map, lane, i) {
        while (lane->width < map->width) {
            heat_make_wider(lane);
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

static gint by_row(gconstpointer a, gconstpointer b)
{
    const struct heat_cell *first = a, *second = b;

    return (first->row > second->row) - (first->row < second->row);
}

static void regroup(struct heat_column *column, const uint32_t *to, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < column->n; i++) {
        g_assert(column->cells[i].row < n);
        column->cells[i].row = to[column->cells[i].row];
    }
    if (column->n > 1) {
        qsort(column->cells, column->n, sizeof(column->cells[0]), by_row);
    }
    for (size_t i = 1; i < column->n; i++) {
        if (column->cells[i].row == column->cells[kept].row) {
            column->cells[kept].value += column->cells[i].value;
        } else {
            column->cells[++kept] = column->cells[i];
        }
    }
    column->n = column->n ? kept + 1 : 0;
}

void osi_heatmap_regroup(struct osi_heatmap *map, const uint32_t *to, size_t n)
{
    EACH_LANE (map, lane, i) {
        for (unsigned bucket = 0; bucket < lane->max_buckets; bucket++) {
            regroup(&lane->columns[bucket], to, n);
        }
    }
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

void osi_heatmap_each(const struct osi_heatmap *map, osi_heatmap_fn fn, void *data)
{
    size_t n = osi_heatmap_buckets(map);

    for (size_t bucket = 0; bucket < n; bucket++) {
        EACH_LANE (map, lane, vcpu) {
            const struct heat_column *column = &lane->columns[bucket];

            for (size_t i = 0; i < column->n; i++) {
                fn(data, vcpu, bucket, column->cells[i].row, column->cells[i].value);
            }
        }
    }
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
