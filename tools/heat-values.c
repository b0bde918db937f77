/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap.npy of a heatmap's run: [vcpu][row][bucket], little-endian numbers of 32 or 64 bits. */
#include "heat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool.h"

/* What a drawing needs in memory; a run has some ten thousand functions and a thousand buckets. */
#define MAX_CELLS ((uint64_t)1 << 28)
#define MAX_VALUES ((uint64_t)1 << 33) /* 64 GiB to read */
#define MAX_HEADER 65535
#define BEFORE_HEADER 10

struct array {
    const struct heat_run *run;
    FILE *file;
    size_t size;      /* bytes of a value: 4 or 8 */
    uint8_t *values;  /* of one row of one vCPU */
    uint64_t *sums;   /* by row */
    struct osi_heatview *view;
};

static int bad(const struct array *array, const char *what, struct osi_error *err)
{
    return osi_fail(err, -EINVAL, "%s/heatmap.npy %s", array->run->dir, what);
}

/* ---- the header ---- */
/* A tuple of three numbers, as Python writes it: "(2, 10, 3)". */
static bool parse_shape(const char *text, uint64_t shape[3])
{
    for (unsigned i = 0; i < 3; i++) {
        char *end;

        if (!g_ascii_isdigit(*text)) {
            return false;
        }
        errno = 0;
        shape[i] = g_ascii_strtoull(text, &end, 10);
        if (errno || !g_str_has_prefix(end, i < 2 ? ", " : "), }")) {
            return false;
        }
        text = end + (i < 2 ? strlen(", ") : strlen("), }"));
    }
    return text[strspn(text, " ")] == '\n';
}

/* numpy.lib.format, version 1.0: the keys are sorted, always these three. */
static int read_header(struct array *array, uint64_t shape[3], uint64_t *length,
                       struct osi_error *err)
{
    static const char magic[] = "\x93NUMPY\1",
                      wide[] = "{'descr': '<u8', 'fortran_order': False, 'shape': (",
                      narrow[] = "{'descr': '<u4', 'fortran_order': False, 'shape': (";
    unsigned char before[BEFORE_HEADER];
    char *text;
    int rc = 0;

    if (fread(before, 1, sizeof(before), array->file) != sizeof(before) ||
        memcmp(before, magic, sizeof(magic)) != 0) {
        return bad(array, "is no array of NumPy's format 1.0", err);
    }
    *length = before[8] | (uint64_t)before[9] << 8;
    text = g_malloc0(MAX_HEADER + sizeof(wide));
    if (fread(text, 1, *length, array->file) != *length) {
        rc = bad(array, "is cut off", err);
    } else if ((!g_str_has_prefix(text, wide) && !g_str_has_prefix(text, narrow)) ||
               !parse_shape(text + strlen(wide), shape)) {
        rc = bad(array, "is no array of three dimensions of 32-bit or 64-bit numbers", err);
    }
    array->size = g_str_has_prefix(text, narrow) ? sizeof(uint32_t) : sizeof(uint64_t);
    *length += BEFORE_HEADER;
    g_free(text);
    return rc;
}

static int check_shape(const struct array *array, const uint64_t shape[3], struct osi_error *err)
{
    const struct heat_run *run = array->run;

    if (shape[0] != run->vcpus || shape[1] != run->rows->len || shape[2] != run->buckets) {
        return osi_fail(err, -EINVAL, "%s/heatmap.npy has the shape %" PRIu64 ", %" PRIu64 ", %"
                        PRIu64 ", but summary.json and rows.csv are of %" PRIu64 " CPUs, %u rows "
                        "and %" PRIu64 " buckets", run->dir, shape[0], shape[1], shape[2],
                        run->vcpus, run->rows->len, run->buckets);
    }
    if (run->buckets > MAX_CELLS || run->rows->len > MAX_CELLS / MAX(run->buckets, 1) ||
        run->vcpus * run->rows->len * run->buckets > MAX_VALUES) {
        return bad(array, "is too large to draw", err);
    }
    return 0;
}

/* The shape has limits by now: its product can't overflow. */
static int check_size(const struct array *array, uint64_t header, struct osi_error *err)
{
    const struct heat_run *run = array->run;
    uint64_t size = header + run->vcpus * run->rows->len * run->buckets * array->size;
    struct stat status;

    if (fstat(fileno(array->file), &status) < 0) {
        return osi_fail(err, -errno, "can't read %s/heatmap.npy: %s", run->dir, g_strerror(errno));
    }
    if ((uint64_t)status.st_size != size) {
        return osi_fail(err, -EINVAL, "%s/heatmap.npy is %s: it has %" PRIu64 " bytes in place of "
                        "%" PRIu64, run->dir,
                        (uint64_t)status.st_size < size ? "cut off" : "too long",
                        (uint64_t)status.st_size, size);
    }
    return 0;
}

/* ---- values ---- */
static int read_row(struct array *array, size_t row, bool wanted, struct osi_error *err)
{
    size_t n = (size_t)array->run->buckets;

    if (fread(array->values, array->size, n, array->file) != n) {
        return bad(array, "can't be read to its end", err);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = 0, value;

        memcpy(&bytes, array->values + i * array->size, array->size);
        value = GUINT64_FROM_LE(bytes);

        if (value) {
            array->sums[row] += MIN(value, UINT64_MAX - array->sums[row]);
            if (wanted) {
                osi_heatview_add(array->view, row, i, value);
            }
        }
    }
    return 0;
}

static int read_values(struct array *array, uint64_t cpu, struct osi_error *err)
{
    const struct heat_run *run = array->run;

    for (uint64_t vcpu = 0; vcpu < run->vcpus && run->buckets; vcpu++) {
        for (guint row = 0; row < run->rows->len; row++) {
            int rc = read_row(array, row, cpu == HEAT_ALL_CPUS || cpu == vcpu, err);

            if (rc) {
                return rc;
            }
        }
    }
    for (guint row = 0; row < run->rows->len; row++) {
        uint64_t total = g_array_index(run->rows, struct heat_run_row, row).total;

        if (total != array->sums[row]) {
            return osi_fail(err, -EINVAL, "%s/rows.csv has a total of %" PRIu64 " for row %u, but it "
                            "has %" PRIu64 " in heatmap.npy", run->dir, total, row,
                            array->sums[row]);
        }
    }
    return 0;
}

/* ---- names ---- */
/* Functions of different modules may have the same name; then the module follows it. */
static void name_rows(const struct array *array, uint64_t cpu)
{
    const GArray *rows = array->run->rows;
    GHashTable *first = g_hash_table_new(g_str_hash, g_str_equal);
    bool *shared = g_new0(bool, rows->len + 1);

    for (guint i = 0; i < rows->len; i++) {
        char *name = g_array_index(rows, struct heat_run_row, i).name;
        gpointer other = g_hash_table_lookup(first, name);

        if (other) {
            shared[i] = shared[GPOINTER_TO_UINT(other) - 1] = true;
        } else {
            g_hash_table_insert(first, name, GUINT_TO_POINTER(i + 1));
        }
    }
    for (guint i = 0; i < rows->len; i++) {
        const struct heat_run_row *row = &g_array_index(rows, struct heat_run_row, i);
        char *name = shared[i] && *row->module ? g_strconcat(row->name, "@", row->module, NULL)
                                               : g_strdup(row->name);

        osi_heatview_name(array->view, i, name);
        if (row->is_time) {
            osi_heatview_is_time(array->view, i,
                                 cpu == HEAT_ALL_CPUS ? MAX((unsigned)array->run->vcpus, 1) : 1);
        }
        g_free(name);
    }
    g_free(shared);
    g_hash_table_destroy(first);
}

/* ---- the whole ---- */
static int read_array(struct array *array, uint64_t cpu, struct osi_error *err)
{
    const struct heat_run *run = array->run;
    uint64_t shape[3], header = 0;
    int rc = read_header(array, shape, &header, err);

    rc = rc ? rc : check_shape(array, shape, err);
    rc = rc ? rc : check_size(array, header, err);
    if (rc) {
        return rc;
    }
    array->view = osi_heatview_new(run->rows->len, (size_t)run->buckets, run->bucket, run->unit,
                                   run->value_unit);
    array->values = calloc((size_t)run->buckets + 1, sizeof(uint64_t));
    array->sums = calloc((size_t)run->rows->len + 1, sizeof(uint64_t));
    if (!array->view || !array->values || !array->sums) {
        return bad(array, "is too large for this machine's memory", err);
    }
    name_rows(array, cpu);
    return read_values(array, cpu, err);
}

int heat_read_values(const struct heat_run *run, uint64_t cpu, struct osi_heatview **view,
                     struct osi_error *err)
{
    struct array array = { .run = run };
    char *path = g_build_filename(run->dir, "heatmap.npy", NULL);
    int rc;

    array.file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "re") : NULL;
    if (array.file) {
        rc = read_array(&array, cpu, err);
        fclose(array.file);
    } else if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        rc = osi_fail(err, -EINVAL, "%s can't be opened, or is no file", path);
    } else {
        rc = osi_fail(err, -ENOENT, "%s is missing", path);
    }
    if (rc) {
        osi_heatview_free(array.view);
        array.view = NULL;
    }
    *view = array.view;
    free(array.values);
    free(array.sums);
    g_free(path);
    return rc;
}
