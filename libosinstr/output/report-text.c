/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report for people: facts, aligned tables, notes.
 *
 * A cell is formatted once to learn the widths and kept, so a table costs its
 * shown rows only. No line ends in a blank.
 */
#include "format.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>

static const char indent[] = "  ";
static const char gap[] = "  ";

/* Before what is formatted without a sign. */
static void append_sign(GString *out, bool negative, bool zero)
{
    if (!zero)
        g_string_append_c(out, negative ? '-' : '+');
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static void format_change(GString *out, enum osi_column_kind kind, const union osi_value *value)
{
    if (kind == OSI_COL_RATIO_CHANGE) {
        append_sign(out, value->ratio < 0, value->ratio == 0);
        osi_format_ratio(out, fabs(value->ratio));
        return;
    }
    append_sign(out, value->integer < 0, value->integer == 0);
    if (kind == OSI_COL_TIME_CHANGE)
        osi_format_time(out, magnitude(value->integer));
    else
        g_string_append_printf(out, "%" PRIu64, magnitude(value->integer));
}

static void format_probability(GString *out, double p)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, p < 0.001 ? "<0.001" : g_ascii_formatd(text, sizeof(text), "%.3f", p));
}

static void format_value(GString *out, enum osi_column_kind kind, const union osi_value *value)
{
    if (osi_value_is_none(kind, value)) {
        g_string_append_c(out, '-');
        return;
    }
    switch (kind) {
    case OSI_COL_STRING:
        osi_format_escaped(out, value->string);
        break;
    case OSI_COL_COUNT:
        g_string_append_printf(out, "%" PRIu64, value->count);
        break;
    case OSI_COL_INT:
        g_string_append_printf(out, "%" PRId64, value->integer);
        break;
    case OSI_COL_TIME:
        osi_format_time(out, value->count);
        break;
    case OSI_COL_STAMP:
        osi_format_stamp(out, value->count);
        break;
    case OSI_COL_RATIO:
        osi_format_ratio(out, value->ratio);
        break;
    case OSI_COL_ADDRESS:
        g_string_append_printf(out, "0x%016" PRIx64, value->count);
        break;
    case OSI_COL_CHANGE:
    case OSI_COL_TIME_CHANGE:
    case OSI_COL_RATIO_CHANGE:
        format_change(out, kind, value);
        break;
    case OSI_COL_PROBABILITY:
        format_probability(out, value->ratio);
        break;
    }
}

static void append_blanks(GString *out, size_t n)
{
    while (n--)
        g_string_append_c(out, ' ');
}

static void end_line(GString *out)
{
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void append_facts(GString *out, const struct osi_report *report)
{
    const struct osi_fact *facts = (const struct osi_fact *)report->facts->data;
    size_t widest = 0;

    for (guint i = 0; i < report->facts->len; i++)
        widest = MAX(widest, osi_format_width(facts[i].label));
    for (guint i = 0; i < report->facts->len; i++) {
        const struct osi_fact *fact = &facts[i];

        g_string_append_printf(out, "%s%s", indent, fact->label);
        append_blanks(out, widest - osi_format_width(fact->label));
        g_string_append(out, gap);
        format_value(out, fact->kind, &fact->value);
        end_line(out);
    }
}

/* The table as text cells: the visible columns of a heading and of the rows shown. */
struct grid {
    size_t n_columns, n_lines;
    GPtrArray *cells; /* char *, line after line */
    size_t *widths;
    bool *left;
};

static void grid_add(struct grid *grid, size_t column, GString *cell)
{
    grid->widths[column] = MAX(grid->widths[column], osi_format_width(cell->str));
    g_ptr_array_add(grid->cells, g_string_free(cell, FALSE));
}

static void grid_add_heading(struct grid *grid, const struct osi_report_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->columns[i].title)
            continue;
        grid->left[grid->n_columns] = table->columns[i].kind == OSI_COL_STRING;
        grid_add(grid, grid->n_columns++, g_string_new(table->columns[i].title));
    }
    grid->n_lines = 1;
}

static void grid_add_row(struct grid *grid, const struct osi_report_table *table, size_t row)
{
    const union osi_value *values = osi_table_row(table, row);
    size_t column = 0;

    for (size_t i = 0; i < table->n_columns; i++) {
        GString *cell;

        if (!table->columns[i].title)
            continue;
        cell = g_string_new(NULL);
        format_value(cell, table->columns[i].kind, &values[i]);
        grid_add(grid, column++, cell);
    }
    grid->n_lines++;
}

static void grid_append_line(GString *out, const struct grid *grid, size_t line)
{
    g_string_append(out, indent);
    for (size_t i = 0; i < grid->n_columns; i++) {
        const char *cell = g_ptr_array_index(grid->cells, line * grid->n_columns + i);
        size_t blanks = grid->widths[i] - osi_format_width(cell);

        if (i)
            g_string_append(out, gap);
        if (!grid->left[i])
            append_blanks(out, blanks);
        g_string_append(out, cell);
        if (grid->left[i])
            append_blanks(out, blanks);
    }
    end_line(out);
}

static void append_table(GString *out, const struct osi_report_table *table)
{
    size_t rows = osi_table_n_rows(table);
    size_t shown = table->limit ? MIN(rows, table->limit) : rows;
    struct grid grid = {
        .cells = g_ptr_array_new_with_free_func(g_free),
        .widths = g_new0(size_t, table->n_columns),
        .left = g_new0(bool, table->n_columns),
    };

    grid_add_heading(&grid, table);
    for (size_t row = 0; row < shown; row++)
        grid_add_row(&grid, table, row);
    g_string_append_printf(out, "\n%s\n", table->title);
    for (size_t line = 0; line < grid.n_lines; line++)
        grid_append_line(out, &grid, line);
    if (!rows)
        g_string_append_printf(out, "%s(none)\n", indent);
    else if (rows > shown)
        g_string_append_printf(out, "%s… %zu more\n", indent, rows - shown);
    g_free(grid.left);
    g_free(grid.widths);
    g_ptr_array_free(grid.cells, TRUE);
}

static void append_notes(GString *out, const struct osi_report *report)
{
    if (report->notes->len)
        g_string_append_c(out, '\n');
    for (guint i = 0; i < report->notes->len; i++) {
        g_string_append(out, "note: ");
        osi_format_escaped(out, g_ptr_array_index(report->notes, i));
        end_line(out);
    }
}

int osi_report_text(const struct osi_report *report, FILE *stream)
{
    GString *out = g_string_new(report->name);

    g_string_append_c(out, '\n');
    append_facts(out, report);
    for (guint i = 0; i < report->tables->len; i++)
        append_table(out, g_ptr_array_index(report->tables, i));
    append_notes(out, report);
    return osi_write_whole(out, stream);
}
