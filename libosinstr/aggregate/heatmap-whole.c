/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All lanes of a heatmap, when they have ended. */
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

/* Sums by row, which stay clear between columns, and which rows they are of: in order without being sorted. */
struct sums {
    uint64_t *values;
    uint64_t *seen; /* a bit for each row */
    size_t n_words;
};

enum { WORD = 64 };

static void add_up(struct sums *sums, const struct heat_column *column, const uint32_t *to, size_t n)
{
    for (size_t i = 0; i < column->n; i++) {
        uint32_t row;

        g_assert(column->cells[i].row < n);
        row = to[column->cells[i].row];
        sums->values[row] += column->cells[i].value;
        sums->seen[row / WORD] |= (uint64_t)1 << row % WORD;
    }
}

/* At most as many as there were. */
static void take_out(struct sums *sums, struct heat_column *column)
{
    size_t n = 0;

    for (size_t word = 0; word < sums->n_words; word++) {
        for (uint64_t left = sums->seen[word]; left; left &= left - 1) {
            uint32_t row = (uint32_t)(word * WORD) + (uint32_t)__builtin_ctzll(left);

            column->cells[n++] = (struct heat_cell){ sums->values[row], row };
            sums->values[row] = 0;
        }
        sums->seen[word] = 0;
    }
    column->n = n;
}

void osi_heatmap_regroup(struct osi_heatmap *map, const uint32_t *to, size_t n)
{
    struct sums sums;
    uint32_t last = 0;

    for (size_t i = 0; i < n; i++) {
        last = MAX(last, to[i]);
    }
    sums.n_words = last / WORD + 1;
    sums.values = g_new0(uint64_t, sums.n_words * WORD);
    sums.seen = g_new0(uint64_t, sums.n_words);
    EACH_LANE (map, lane, i) {
        for (unsigned bucket = 0; bucket < lane->max_buckets; bucket++) {
            add_up(&sums, &lane->columns[bucket], to, n);
            take_out(&sums, &lane->columns[bucket]);
        }
    }
    g_free(sums.values);
    g_free(sums.seen);
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
