/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panel of a heatmap: the lines of the picture that a terminal would get, with their values.
 *
 * A blob has the values of one line, column after column. */
#include <inttypes.h>

#include "heat.h"
#include "html.h"
#include "output/heatview.h"

enum { ROWS = 150, COLUMNS = 1600, COLORS = 64 };

static void put_line(struct html_page *page, const struct heat_picture *picture, size_t i)
{
    const struct heat_line *line = &picture->lines[i];
    GByteArray *bytes = g_byte_array_new();

    g_string_append(page->json, i ? ",{\"name\":" : "{\"name\":");
    html_put_string(page->json, line->name);
    g_string_append_printf(page->json, ",\"vcpus\":%u,\"total\":%" PRIu64 ",\"other\":%s,\"blob\":",
                           line->vcpus, line->total,
                           picture->others && i == picture->rows ? "true" : "false");
    for (size_t column = 0; column < picture->n_columns; column++) {
        html_put_varint(bytes, line->cells[column]);
    }
    html_put_blob(page, bytes);
    g_string_append_c(page->json, '}');
}

static void put_colors(struct html_page *page)
{
    g_string_append(page->json, "\"colors\":[");
    for (unsigned i = 0; i < COLORS; i++) {
        g_string_append_printf(page->json, "%s%u", i ? "," : "",
                               heat_color(i * 255 / (COLORS - 1)));
    }
    g_string_append(page->json, "],");
}

static void put_view(struct html_page *page, const struct html_run *run,
                     const struct osi_heatview *view)
{
    struct heat_picture picture;

    heat_picture_init(&picture, view, OSI_HEAT_BY_TOTAL, ROWS);
    heat_picture_fill(&picture, COLUMNS);
    g_string_append(page->json, "{\"dir\":");
    html_put_string(page->json, run->dir);
    g_string_append_printf(page->json, ",\"unit\":\"%s\",\"value_unit\":", run->unit);
    html_put_string(page->json, view->value_unit);
    g_string_append_printf(page->json, ",\"columns\":%zu,\"width\":%" PRIu64 ",\"end\":%" PRIu64
                           ",\"most\":%" PRIu64 ",\"rows\":%zu,\"others\":%zu,",
                           picture.n_columns, heat_time_of(&picture, 1),
                           heat_time_of(&picture, picture.n_columns), picture.most, picture.rows,
                           picture.others);
    put_colors(page);
    g_string_append(page->json, "\"lines\":[");
    for (size_t i = 0; i < picture.n_lines; i++) {
        put_line(page, &picture, i);
    }
    g_string_append(page->json, "]}");
    heat_picture_clear(&picture);
}

int html_put_heat(struct html_page *page, const struct html_run *run, struct osi_error *err)
{
    struct heat_run heat = { .dir = NULL };
    struct osi_heatview *view = NULL;
    int rc = heat_read_summary(&heat, run->dir, err);

    rc = rc ? rc : heat_read_rows(&heat, err);
    rc = rc ? rc : heat_read_values(&heat, HEAT_ALL_CPUS, &view, err);
    if (!rc) {
        put_view(page, run, view);
        osi_heatview_free(view);
    }
    heat_clear(&heat);
    return rc;
}
