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

/* Millions of lines are usual: they are put together here, and written many at a time. */
enum { PIECE = 1 << 16, DIGITS = 20 };

struct lines {
    FILE *stream;
    char *bytes;
    size_t n, room;
};

static void write_lines(struct lines *lines)
{
    fwrite(lines->bytes, 1, lines->n, lines->stream);
    lines->n = 0;
}

/* For so many bytes more. */
static void make_room(struct lines *lines, size_t n)
{
    if (lines->n + n > lines->room) {
        write_lines(lines);
        lines->room = MAX(n, PIECE);
        lines->bytes = g_realloc(lines->bytes, lines->room);
    }
}

static void put_bytes(struct lines *lines, const char *bytes, size_t n)
{
    memcpy(lines->bytes + lines->n, bytes, n);
    lines->n += n;
}

static void put_number(struct lines *lines, uint64_t number)
{
    char digits[DIGITS];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    put_bytes(lines, digits + at, sizeof(digits) - at);
}

static void put_column(const struct osi_heatmap *map, size_t bucket, guint vcpu,
                       struct fields *fields, struct lines *lines)
{
    const struct heat_column *column = column_of(map, vcpu, bucket);
    char prefix[2 * DIGITS + 2];
    size_t length = (size_t)g_snprintf(prefix, sizeof(prefix), "%" G_GUINT64_FORMAT ",%u",
                                       (guint64)(bucket * map->width), vcpu);

    for (size_t i = 0; i < column->n; i++) {
        const GString *field = field_of(fields, column->cells[i].row);

        make_room(lines, length + field->len + DIGITS + 1);
        put_bytes(lines, prefix, length);
        put_bytes(lines, field->str, field->len);
        put_number(lines, column->cells[i].value);
        put_bytes(lines, "\n", 1);
    }
}

int osi_heatmap_csv(const struct osi_heatmap *map, osi_heatmap_name name, void *data, FILE *stream)
{
    struct fields fields = { name, data, g_ptr_array_new_with_free_func(free_field) };
    struct lines lines = { .stream = stream, .bytes = g_malloc(PIECE), .room = PIECE };
    size_t n = osi_heatmap_buckets(map);

    fputs("t_ns,vcpu,row,value\n", stream);
    for (size_t bucket = 0; bucket < n && !ferror(stream); bucket++) {
        for (guint vcpu = 0; vcpu < map->lanes->len; vcpu++) {
            put_column(map, bucket, vcpu, &fields, &lines);
        }
    }
    write_lines(&lines);
    g_free(lines.bytes);
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
    size_t step = MAX((size_t)1, (size_t)(256 << 10) / size / MAX(n_buckets, (size_t)1));
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
