/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows.csv of a heatmap's run: what the rows of the array are. Quoted as RFC 4180 says. */
#include "heat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define ROWS_LIMIT ((size_t)256 << 20)

enum { ROW, NAME, MODULE, UNIT, TOTAL, N_FIELDS };

struct csv {
    char *at;
    unsigned long line; /* the one that is read, from 1 */
};

/* The next field, unquoted in place; *end is what ended it: ',', '\n' or 0. NULL: bad quotes. */
static char *next_field(struct csv *csv, char *end)
{
    char *field = csv->at, *to = field, *from = field;

    if (*from != '"') {
        from += strcspn(from, ",\n\"");
        to = from;
    } else {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            from += *from == '"';
            csv->line += *from == '\n';
            *to++ = *from;
        }
        if (*from++ != '"') {
            return NULL;
        }
    }
    *end = *from;
    if (*end != ',' && *end != '\n' && *end != '\0') {
        return NULL;
    }
    csv->at = *end ? from + 1 : from;
    *to = '\0';
    return field;
}

/* One line of exactly five fields that ends where it should. */
static bool next_line(struct csv *csv, char *fields[N_FIELDS])
{
    char end = ',';

    for (unsigned i = 0; i < N_FIELDS; i++) {
        if (end != ',') {
            return false;
        }
        fields[i] = next_field(csv, &end);
        if (!fields[i]) {
            return false;
        }
    }
    return end == '\n';
}

static int bad_line(const struct heat_run *run, unsigned long line, const char *what,
                    struct osi_error *err)
{
    return osi_fail(err, -EINVAL, "%s/rows.csv is damaged: line %lu %s", run->dir, line, what);
}

/* Rows may come in any order, but each once; which are missing shows at the end. */
static int take_row(struct heat_run *run, char *const fields[N_FIELDS], unsigned long line,
                    uint64_t n_rows, struct osi_error *err)
{
    struct heat_run_row *row;
    uint64_t number, total;

    if (!parse_number(fields[ROW], &number) || number >= n_rows) {
        return bad_line(run, line, "has no row's number", err);
    }
    if (!parse_number(fields[TOTAL], &total)) {
        return bad_line(run, line, "has no total", err);
    }
    if (strcmp(fields[UNIT], run->value_unit) != 0 && strcmp(fields[UNIT], run->unit) != 0) {
        return bad_line(run, line, "has another unit than summary.json", err);
    }
    row = &g_array_index(run->rows, struct heat_run_row, number);
    if (row->name) {
        return bad_line(run, line, "is about a row that another is about", err);
    }
    row->name = g_strdup(fields[NAME]);
    row->module = g_strdup(fields[MODULE]);
    row->is_time = strcmp(fields[UNIT], run->value_unit) != 0;
    row->total = total;
    return 0;
}

/* Lines of rows: line breaks outside quotes, without the header's. */
static uint64_t count_rows(const char *text)
{
    uint64_t lines = 0;
    bool quoted = false;

    for (; *text; text++) {
        quoted ^= *text == '"';
        lines += *text == '\n' && !quoted;
    }
    return lines ? lines - 1 : 0;
}

static int take_rows(struct heat_run *run, char *text, struct osi_error *err)
{
    static const char header[] = "row,name,module,unit,total\n";
    struct csv csv = { .at = text + strlen(header), .line = 2 };
    uint64_t n_rows = count_rows(text);
    char *fields[N_FIELDS];

    if (!g_str_has_prefix(text, header)) {
        return osi_fail(err, -EINVAL, "%s/rows.csv has no table of rows", run->dir);
    }
    g_array_set_size(run->rows, (guint)n_rows);
    while (*csv.at) {
        unsigned long line = csv.line;
        int rc;

        if (!next_line(&csv, fields)) {
            return bad_line(run, line, "is no row", err);
        }
        rc = take_row(run, fields, line, n_rows, err);
        if (rc) {
            return rc;
        }
        csv.line++;
    }
    return 0;
}

int heat_read_rows(struct heat_run *run, struct osi_error *err)
{
    size_t length;
    char *text;
    int rc = heat_read_file(run->dir, "rows.csv", ROWS_LIMIT, &text, &length, err);

    run->rows = g_array_new(FALSE, TRUE, sizeof(struct heat_run_row));
    if (rc) {
        return rc;
    }
    rc = strlen(text) == length ? take_rows(run, text, err)
                                : osi_fail(err, -EINVAL, "%s/rows.csv is no text", run->dir);
    free(text);
    return rc;
}
