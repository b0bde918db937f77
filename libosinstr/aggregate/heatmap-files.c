/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps as files. */
#include <string.h>

#include "aggregate/heatmap-internal.h"
#include "output/csv.h"

static const struct heat_column *column_of(const struct osi_heatmap *map, guint vcpu, size_t bucket)
{
    static const struct heat_column none;
    const struct osi_heatlane *lane = g_ptr_array_index(map->lanes, vcpu);

    return lane ? &lane->columns[bucket] : &none;
}

/* ---- CSV ---- */
/* ",NAME," of each row that was met, as a field of the file. */
struct fields {
    osi_heatmap_name name;
    void *data;
    GPtrArray *texts; /* GString by row; NULL: not yet */
};

static void free_field(void *field)
{
    if (field) {
        g_string_free(field, TRUE);
    }
}

static const GString *field_of(struct fields *fields, uint32_t row)
{
    GString *field;

    if (row >= fields->texts->len) {
        g_ptr_array_set_size(fields->texts, (gint)row + 1);
    }
    field = g_ptr_array_index(fields->texts, row);
    if (!field) {
        field = g_ptr_array_index(fields->texts, row) = g_string_new(",");
        osi_csv_append(field, fields->name(fields->data, row));
        g_string_append_c(field, ',');
    }
    return field;
}

/* Millions of lines are usual, and printf() takes half a second for them. */
static void append_number(GString *line, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    g_string_append_len(line, digits + at, (gssize)(sizeof(digits) - at));
}

static void put_column(const struct osi_heatmap *map, size_t bucket, guint vcpu,
                       struct fields *fields, GString *line, FILE *stream)
{
    const struct heat_column *column = column_of(map, vcpu, bucket);
    gsize prefix;

    g_string_truncate(line, 0);
    append_number(line, bucket * map->width);
    g_string_append_c(line, ',');
    append_number(line, vcpu);
    prefix = line->len;
    for (size_t i = 0; i < column->n; i++) {
        const GString *field = field_of(fields, column->cells[i].row);

        g_string_truncate(line, prefix);
        g_string_append_len(line, field->str, (gssize)field->len);
        append_number(line, column->cells[i].value);
        g_string_append_c(line, '\n');
        fwrite(line->str, 1, line->len, stream);
    }
}

int osi_heatmap_csv(const struct osi_heatmap *map, osi_heatmap_name name, void *data, FILE *stream)
{
    struct fields fields = { name, data, g_ptr_array_new_with_free_func(free_field) };
    GString *line = g_string_new(NULL);
    size_t n = osi_heatmap_buckets(map);

    fputs("t_ns,vcpu,row,value\n", stream);
    for (size_t bucket = 0; bucket < n && !ferror(stream); bucket++) {
        for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
            put_column(map, bucket, vcpu, &fields, line, stream);
        }
    }
    g_string_free(line, TRUE);
    g_ptr_array_unref(fields.texts);
    return osi_csv_end(stream);
}

/* ---- NumPy ---- */
static bool fits_32_bits(const struct osi_heatmap *map)
{
    for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
        for (size_t bucket = 0; bucket < map->max_buckets; bucket++) {
            const struct heat_column *column = column_of(map, vcpu, bucket);

            for (size_t i = 0; i < column->n; i++) {
                if (column->cells[i].value > UINT32_MAX) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* The header is a line of Python in ASCII, filled up so that data begin at a multiple of 64
 * (numpy.lib.format, version 1.0). */
static void put_head(const struct osi_heatmap *map, size_t size, size_t n_rows, size_t n_buckets,
                     FILE *stream)
{
    enum { BEFORE = 10, ALIGN = 64 };
    char text[192];
    int length = g_snprintf(text, sizeof(text),
                            "{'descr': '<u%zu', 'fortran_order': False, 'shape': (%u, %zu, %zu), }",
                            size, map->lanes->len, n_rows, n_buckets);
    int padded = (BEFORE + length + 1 + ALIGN - 1) / ALIGN * ALIGN - BEFORE;

    fwrite("\x93NUMPY\1\0", 1, 8, stream);
    putc(padded & 0xff, stream);
    putc(padded >> 8, stream);
    fprintf(stream, "%-*s\n", padded - 1, text);
}

/* All of a vCPU's rows, so many at a time that memory stays small. */
static void put_lane(const struct osi_heatmap *map, guint vcpu, size_t size, size_t n_rows,
                     size_t n_buckets, FILE *stream)
{
    size_t step = MAX((size_t)1, (size_t)(4 << 20) / size / MAX(n_buckets, (size_t)1));
    uint8_t *part = g_malloc(MIN(step, n_rows) * n_buckets * size + 1);
    size_t *next = g_new0(size_t, n_buckets + 1); /* cell of each bucket: they are in order of rows */

    for (size_t first = 0; first < n_rows && !ferror(stream); first += step) {
        size_t n = MIN(step, n_rows - first);

        memset(part, 0, n * n_buckets * size);
        for (size_t bucket = 0; bucket < n_buckets; bucket++) {
            const struct heat_column *column = column_of(map, vcpu, bucket);

            for (; next[bucket] < column->n && column->cells[next[bucket]].row < first + n; next[bucket]++) {
                const struct heat_cell *cell = &column->cells[next[bucket]];
                uint64_t value = GUINT64_TO_LE(cell->value); /* low bytes first */

                memcpy(part + ((cell->row - first) * n_buckets + bucket) * size, &value, size);
            }
        }
        fwrite(part, size, n * n_buckets, stream);
    }
    g_free(next);
    g_free(part);
}

int osi_heatmap_npy(const struct osi_heatmap *map, size_t n_rows, FILE *stream)
{
    size_t n_buckets = osi_heatmap_buckets(map);
    size_t size = fits_32_bits(map) ? sizeof(uint32_t) : sizeof(uint64_t);

    put_head(map, size, n_rows, n_buckets, stream);
    for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
        put_lane(map, vcpu, size, n_rows, n_buckets, stream);
    }
    return osi_csv_end(stream);
}
