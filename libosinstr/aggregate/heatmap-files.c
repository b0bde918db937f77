/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps as files. */
#include <inttypes.h>
#include <string.h>

#include "aggregate/heatmap-internal.h"
#include "output/csv.h"

static const struct heat_column *column_of(const struct osi_heatmap *map, guint vcpu, size_t bucket)
{
    static const struct heat_column none;
    const struct osi_heatlane *lane = g_ptr_array_index(map->lanes, vcpu);

    return lane ? &lane->columns[bucket] : &none;
}

int osi_heatmap_csv(const struct osi_heatmap *map, osi_heatmap_name name, void *data, FILE *stream)
{
    size_t n = osi_heatmap_buckets(map);

    fputs("t_ns,vcpu,row,value\n", stream);
    for (size_t bucket = 0; bucket < n && !ferror(stream); bucket++) {
        for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
            const struct heat_column *column = column_of(map, vcpu, bucket);

            for (size_t i = 0; i < column->n; i++) {
                fprintf(stream, "%" PRIu64 ",%u,", bucket * map->width, vcpu);
                osi_csv_text(stream, name(data, column->cells[i].row));
                fprintf(stream, ",%" PRIu64 "\n", column->cells[i].value);
            }
        }
    }
    return osi_csv_end(stream);
}

/* ---- NumPy ---- */
/* The header is a line of Python in ASCII, filled up so that data begin at a multiple of 64
 * (numpy.lib.format, version 1.0). */
static void put_head(const struct osi_heatmap *map, size_t n_rows, size_t n_buckets, FILE *stream)
{
    enum { BEFORE = 10, ALIGN = 64 };
    char text[192];
    int length = g_snprintf(text, sizeof(text),
                            "{'descr': '<u8', 'fortran_order': False, 'shape': (%u, %zu, %zu), }",
                            map->lanes->len, n_rows, n_buckets);
    int padded = (BEFORE + length + 1 + ALIGN - 1) / ALIGN * ALIGN - BEFORE;

    fwrite("\x93NUMPY\1\0", 1, 8, stream);
    putc(padded & 0xff, stream);
    putc(padded >> 8, stream);
    fprintf(stream, "%-*s\n", padded - 1, text);
}

/* All of a vCPU's rows, so many at a time that memory stays small. */
static void put_lane(const struct osi_heatmap *map, guint vcpu, size_t n_rows, size_t n_buckets,
                     FILE *stream)
{
    size_t step = MAX((size_t)1, (size_t)(4 << 20) / sizeof(uint64_t) / MAX(n_buckets, (size_t)1));
    uint64_t *part = g_new(uint64_t, MIN(step, n_rows) * n_buckets + 1);

    for (size_t first = 0; first < n_rows && !ferror(stream); first += step) {
        size_t n = MIN(step, n_rows - first);

        memset(part, 0, n * n_buckets * sizeof(*part));
        for (size_t bucket = 0; bucket < n_buckets; bucket++) {
            const struct heat_column *column = column_of(map, vcpu, bucket);

            for (size_t i = 0; i < column->n; i++) {
                size_t row = column->cells[i].row;

                if (row >= first && row - first < n) {
                    part[(row - first) * n_buckets + bucket] = GUINT64_TO_LE(column->cells[i].value);
                }
            }
        }
        fwrite(part, sizeof(*part), n * n_buckets, stream);
    }
    g_free(part);
}

int osi_heatmap_npy(const struct osi_heatmap *map, size_t n_rows, FILE *stream)
{
    size_t n_buckets = osi_heatmap_buckets(map);

    put_head(map, n_rows, n_buckets, stream);
    for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
        put_lane(map, vcpu, n_rows, n_buckets, stream);
    }
    return osi_csv_end(stream);
}
