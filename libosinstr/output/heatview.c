/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A view: values by row and column, and what the rows are called. */
#include "output/heatview.h"

#include <stdlib.h>

struct osi_heatview *osi_heatview_new(size_t rows, size_t columns, uint64_t width, const char *unit,
                                      const char *value_unit)
{
    struct osi_heatview *view;
    uint64_t *values = NULL;
    struct heat_row *names;

    g_assert(width > 0);
    if (columns && rows > SIZE_MAX / columns) {
        return NULL;
    }
    /* Both may be far too many: calloc() says so, and gives pages only when they are written to. */
    values = calloc(MAX(rows * columns, (size_t)1), sizeof(*values));
    names = calloc(MAX(rows, (size_t)1), sizeof(*names));
    if (!values || !names) {
        free(values);
        free(names);
        return NULL;
    }
    view = g_new(struct osi_heatview, 1);
    *view = (struct osi_heatview){
        .n_rows = rows, .n_columns = columns, .width = width, .unit = heat_printable(unit),
        .value_unit = heat_printable(value_unit), .rows = names, .values = values,
    };
    return view;
}

void osi_heatview_free(struct osi_heatview *view)
{
    if (!view) {
        return;
    }
    for (size_t i = 0; i < view->n_rows; i++) {
        g_free(view->rows[i].name);
    }
    free(view->rows);
    free(view->values);
    g_free(view->unit);
    g_free(view->value_unit);
    g_free(view);
}

void osi_heatview_name(struct osi_heatview *view, size_t row, const char *name)
{
    g_assert(row < view->n_rows);
    g_free(view->rows[row].name);
    view->rows[row].name = g_strdup(name);
}

void osi_heatview_add(struct osi_heatview *view, size_t row, size_t column, uint64_t value)
{
    uint64_t *cell = &view->values[row * view->n_columns + column];

    g_assert(row < view->n_rows && column < view->n_columns);
    *cell = heat_sum(*cell, value);
}

void osi_heatview_is_rest(struct osi_heatview *view, size_t row, size_t n)
{
    g_assert(row < view->n_rows && n > 0);
    view->rows[row].rest = n;
}

void osi_heatview_is_time(struct osi_heatview *view, size_t row, unsigned vcpus)
{
    g_assert(row < view->n_rows && vcpus > 0);
    view->rows[row].vcpus = vcpus;
}
