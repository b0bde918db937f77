/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr report of a heatmap: on a terminal, or as SVG. Everything is read and compared before the
 * first character is written. */
#include "heat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "out.h"
#include "output/format.h"
#include "tool.h"

enum { DEFAULT_ROWS = 40, DEFAULT_WIDTH = 100, MAX_WIDTH = 10000 };

/* The options, understood. */
struct wish {
    enum osi_heat_colors colors;
    enum osi_heat_order order;
    uint64_t rows, cpu;
};

/* ---- options ---- */
static enum osi_heat_colors terminal_colors(void)
{
    const char *says = g_getenv("COLORTERM");

    return g_strcmp0(says, "truecolor") == 0 || g_strcmp0(says, "24bit") == 0 ? OSI_HEAT_24BIT
                                                                              : OSI_HEAT_256;
}

/* https://no-color.org: set and not empty. */
static enum osi_heat_colors automatic_colors(void)
{
    const char *no = g_getenv("NO_COLOR");

    if ((no && *no) || !isatty(STDOUT_FILENO) || g_strcmp0(g_getenv("TERM"), "dumb") == 0) {
        return OSI_HEAT_ASCII;
    }
    return terminal_colors();
}

static bool parse_color(const char *text, enum osi_heat_colors *colors)
{
    if (!text || strcmp(text, "auto") == 0) {
        *colors = automatic_colors();
    } else if (strcmp(text, "always") == 0) {
        *colors = terminal_colors();
    } else if (strcmp(text, "never") == 0) {
        *colors = OSI_HEAT_ASCII;
    } else if (strcmp(text, "256") == 0) {
        *colors = OSI_HEAT_256;
    } else if (strcmp(text, "24bit") == 0) {
        *colors = OSI_HEAT_24BIT;
    } else {
        return false;
    }
    return true;
}

static bool parse_order(const char *text, enum osi_heat_order *order)
{
    *order = g_strcmp0(text, "phase") == 0 ? OSI_HEAT_BY_PHASE : OSI_HEAT_BY_TOTAL;
    return !text || strcmp(text, "phase") == 0 || strcmp(text, "total") == 0;
}

/* The exit status; not EXIT_FINE after a complaint. */
static int understand(const struct heat_options *options, struct wish *wish)
{
    *wish = (struct wish){ .rows = DEFAULT_ROWS, .cpu = HEAT_ALL_CPUS };
    if (options->svg && options->json) {
        return complain("--svg and --json are two outputs, choose one");
    }
    if (!parse_color(options->color, &wish->colors)) {
        return complain("--color %s: it takes auto, always, never, 256 or 24bit", options->color);
    }
    if (!parse_order(options->order, &wish->order)) {
        return complain("--order %s: it takes total or phase", options->order);
    }
    if (options->rows && !parse_number(options->rows, &wish->rows)) {
        return complain("--rows %s is no number", options->rows);
    }
    if (options->cpu &&
        (!parse_number(options->cpu, &wish->cpu) || wish->cpu == HEAT_ALL_CPUS)) {
        return complain("--cpu %s is no number of a CPU", options->cpu);
    }
    return EXIT_FINE;
}

static unsigned terminal_width(void)
{
    const char *says = g_getenv("COLUMNS");
    struct winsize size = { .ws_col = 0 };
    uint64_t width;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
        return size.ws_col;
    }
    return says && parse_number(says, &width) && width && width <= MAX_WIDTH ? (unsigned)width
                                                                             : DEFAULT_WIDTH;
}

/* ---- drawing ---- */
static int print(const char *text, size_t length)
{
    struct out *out = out_new(STDOUT_FILENO);

    out_bytes(out, text, length);
    return out_close(out);
}

static void put_notes(const struct heat_run *run, FILE *stream)
{
    for (guint i = 0; i < run->notes->len; i++) {
        GString *line = g_string_new("note: ");

        osi_format_escaped(line, g_ptr_array_index(run->notes, i));
        fprintf(stream, "%s\n", line->str);
        g_string_free(line, TRUE);
    }
}

static int draw(const struct heat_run *run, const struct osi_heatview *view,
                const struct wish *wish, bool svg)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    int status;

    if (!stream) {
        return complain("no memory for a drawing");
    }
    if (svg) {
        osi_heatview_svg(view, wish->order, wish->rows, stream);
    } else {
        osi_heatview_text(view, wish->order, wish->colors, wish->rows, terminal_width(), stream);
        put_notes(run, stream);
    }
    status = fclose(stream) ? complain("no memory for a drawing") : print(text, length);
    free(text);
    return status;
}

static int report(struct heat_run *run, const char *dir, const struct heat_options *options,
                  const struct wish *wish)
{
    struct osi_error err = { "" };
    struct osi_heatview *view;
    int status;

    if (heat_read_summary(run, dir, &err)) {
        return complain("%s", err.text);
    }
    if (options->json) {
        return print(run->summary, run->summary_length);
    }
    if (wish->cpu != HEAT_ALL_CPUS && wish->cpu >= run->vcpus) {
        return complain("there is no CPU %s: the run had %" G_GUINT64_FORMAT, options->cpu,
                        run->vcpus);
    }
    if (heat_read_rows(run, &err) || heat_read_values(run, wish->cpu, &view, &err)) {
        return complain("%s", err.text);
    }
    status = draw(run, view, wish, options->svg);
    osi_heatview_free(view);
    return status;
}

int heat_report(const char *dir, const struct heat_options *options)
{
    struct heat_run run = { .dir = NULL };
    struct wish wish;
    int status = understand(options, &wish);

    if (status == EXIT_FINE) {
        status = report(&run, dir, options, &wish);
        heat_clear(&run);
    }
    return status;
}
