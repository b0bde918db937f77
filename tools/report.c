/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr report: the tables that the plugin printed, made again from the trace; of a run of
 * heatmap, its drawing (heat.c).
 *
 * What it adds up is what the trace has events of; irq-latency has switches too, but its report is
 * not about them. */
#include <inttypes.h>
#include <string.h>

#include <osinstr/schedstat.h>

#include "account-irq.h"
#include "events.h"
#include "heat.h"
#include "html.h"
#include "notes.h"
#include "progress.h"
#include "report.h"
#include "tool.h"

#define DEFAULT_TOP 20

struct account {
    struct osi_schedstat *stat;
    struct osi_waits *waits;
    struct irq_account *irqs;
    bool with_waits; /* instruction counts of several CPUs can't be compared */
    bool *seen; /* per CPU: it had an event, so it has an account */
    uint64_t last_time;
};

static void account_init(struct account *account, const struct osi_trace_reader *reader)
{
    account->stat = osi_schedstat_new();
    account->waits = osi_waits_new();
    account->irqs = irq_account_new(reader);
    account->seen = g_new0(bool, osi_trace_n_streams(reader) + 1);
    account->last_time = 0;
}

static void account_clear(struct account *account)
{
    osi_schedstat_free(account->stat);
    osi_waits_free(account->waits);
    irq_account_free(account->irqs);
    g_free(account->seen);
}

static void take_events(struct account *account, struct osi_trace_reader *reader,
                        struct decoder *decoder)
{
    struct osi_trace_event from;
    struct osi_event event;
    struct progress progress;

    account->with_waits = osi_trace_n_streams(reader) == 1 || strcmp(trace_unit(reader), "insn") != 0;
    progress_start(&progress, reader, false);
    while (osi_trace_next(reader, &from)) {
        account->last_time = from.time;
        account->seen[from.stream] = true;
        if (decoder_event(decoder, &from, &event)) {
            irq_account_complete(account->irqs, &event);
            /* Also a wakeup without effect on the wait counts: the recorder took it for one. */
            if (account->with_waits) {
                osi_waits_event(account->waits, &event);
            }
            osi_schedstat_event(account->stat, &event);
            irq_account_take(account->irqs, &event);
        }
        progress_step(&progress, from.time);
    }
    progress_end(&progress);
}

/* A CPU's last slice lasts until the end of the run, if the recorder lived to note it. */
static void end_cpus(struct account *account, const struct osi_trace_reader *reader)
{
    for (unsigned i = 0; i < osi_trace_n_streams(reader); i++) {
        uint64_t end = account->last_time;

        if (account->seen[i]) {
            end_time_of(reader, i, &end);
            osi_schedstat_end(account->stat, i, end);
        }
    }
}

/* In which respects these numbers are not those of a whole run on one clock. */
static void note_limits(const struct account *account, const struct osi_trace_reader *reader,
                        struct osi_report *report)
{
    uint64_t end;

    if (!end_time_of(reader, 0, &end)) {
        osi_report_note(report, "all of this is from the trace; the end of the run was not noted, "
                        "so the account of every CPU ends with the last event of all, at %" PRIu64
                        " %s", account->last_time, trace_unit(reader));
        if (!account->with_waits) {
            osi_report_note(report, "each CPU counts its own instructions, so waits are left out");
        }
    }
}

/* The same facts in the same order as the plugin's own report. */
static void state_run(const struct osi_trace_reader *reader, struct osi_report *report)
{
    const char *kernel = osi_trace_info(reader, "kernel");

    osi_report_string(report, "target", osi_trace_info(reader, "target"));
    osi_report_string(report, "host", osi_trace_info(reader, "host"));
    if (kernel && strcmp(kernel, "not looked for") != 0) {
        osi_report_string(report, "kernel", kernel);
    }
    osi_report_string(report, "clock", osi_trace_info(reader, "clock"));
    if (osi_trace_info(reader, "icount")) {
        osi_report_string(report, "icount", osi_trace_info(reader, "icount"));
    }
    osi_report_count(report, "vcpus", n_vcpus(reader));
    osi_report_string(report, "options", osi_trace_info(reader, "options"));
}

/* As many rows as the plugin printed, unless told otherwise. */
static bool rows_to_print(const struct osi_trace_reader *reader, const char *wanted, uint64_t *top)
{
    char *recorded;

    *top = DEFAULT_TOP;
    if (wanted) {
        return parse_number(wanted, top);
    }
    recorded = recorded_option(reader, "top");
    if (recorded) {
        parse_number(recorded, top);
        g_free(recorded);
    }
    return true;
}

struct osi_report *report_of_trace(struct osi_trace_reader *reader, struct decoder *decoder,
                                   uint64_t top)
{
    const char *name = osi_trace_info(reader, "tool");
    struct osi_report *out = osi_report_new(name ? name : "sched");
    struct osi_trace_health health;
    struct account account;

    osi_report_unit(out, trace_unit(reader));
    state_run(reader, out);
    note_remarks(reader, out);
    account_init(&account, reader);
    take_events(&account, reader, decoder);
    end_cpus(&account, reader);
    if (irq_account_any(account.irqs)) {
        irq_account_report(account.irqs, out, top, account.last_time);
    }
    if (g_strcmp0(name, "irq-latency") != 0) {
        osi_schedstat_report(account.stat, out, top);
    }
    note_limits(&account, reader, out);
    account_clear(&account);
    if (osi_trace_check(reader, &health, NULL, NULL) >= 0) {
        note_health(&health, out);
    }
    return out;
}

static int report_trace(const char *dir, const char *top_text, bool json)
{
    struct osi_trace_reader *reader = NULL;
    struct decoder *decoder;
    uint64_t top;
    int status;

    if (!open_trace(dir, &reader, &status)) {
        return status;
    }
    decoder = decoder_new(reader);
    if (!rows_to_print(reader, top_text, &top)) {
        status = complain("--top %s is no number", top_text);
    } else if (!decoder_has(decoder, OSI_EVENT_SCHED_SWITCH)) {
        status = complain("%s has no sched_switch events, so there is nothing to report; see "
                          "osinstr info", dir);
    } else {
        status = print_report(report_of_trace(reader, decoder, top), json);
    }
    decoder_free(decoder);
    osi_trace_reader_free(reader);
    return status;
}

/* Either kind of run, with no option of the other kind. */
static int report_run(const char *dir, const char *top, const struct heat_options *heat)
{
    bool drawn = heat->color || heat->rows || heat->order || heat->cpu || heat->svg;

    if (heat_is_run(dir)) {
        return top ? complain("%s is a heatmap: --rows is the option for it", dir)
                   : heat_report(dir, heat);
    }
    return drawn && g_file_test(dir, G_FILE_TEST_IS_DIR)
               ? complain("%s is no heatmap, so there is nothing to draw", dir)
               : report_trace(dir, top, heat->json);
}

/* What belongs to the other outputs; NULL: nothing. */
static const char *not_for_html(const char *top, const struct heat_options *heat)
{
    return top ? "--top" : heat->color ? "--color" : heat->rows ? "--rows" : heat->order ? "--order"
         : heat->svg ? "--svg" : heat->json ? "--json" : NULL;
}

static const char *only_for_html(const struct html_options *html)
{
    return html->selection.from_text ? "--from" : html->selection.to_text ? "--to"
         : html->slices ? "--slices" : html->output ? "--output" : NULL;
}

static int report_dirs(char **dirs, size_t n, const char *top, struct heat_options *heat,
                       const struct html_options *html, bool as_html)
{
    const char *foreign = as_html ? not_for_html(top, heat) : only_for_html(html);
    char **cpus = html->selection.cpus;

    if (foreign) {
        return complain(as_html ? "%s is not for --html" : "%s is for --html", foreign);
    }
    if (as_html) {
        return html_report(dirs, n, html);
    }
    if (n > 1) {
        return complain("one directory at a time: what is %s? (--html takes several)", dirs[1]);
    }
    heat->cpu = cpus ? cpus[g_strv_length(cpus) - 1] : NULL;
    return report_run(dirs[0], top, heat);
}

static int run(const struct command *command, int argc, char **argv)
{
    char *top = NULL;
    gboolean as_html = FALSE;
    struct heat_options heat = { .svg = FALSE };
    struct html_options html = { .output = NULL };
    const GOptionEntry entries[] = {
        { "top", 't', 0, G_OPTION_ARG_STRING, &top,
          "Rows of the table of tasks; 0: all; default: as when recorded", "N" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &heat.json, "Print JSON, which always has all rows",
          NULL },
        { "rows", 'r', 0, G_OPTION_ARG_STRING, &heat.rows,
          "Heatmap: rows to draw, the others are summed; 0: all; default: 40", "N" },
        { "order", 0, 0, G_OPTION_ARG_STRING, &heat.order,
          "Heatmap: total (default), or phase: by when a row had half of it", "ORDER" },
        { "color", 0, 0, G_OPTION_ARG_STRING, &heat.color,
          "Heatmap: auto (default), always, never, 256 or 24bit", "WHEN" },
        { "svg", 0, 0, G_OPTION_ARG_NONE, &heat.svg, "Heatmap: print SVG", NULL },
        { "html", 0, 0, G_OPTION_ARG_NONE, &as_html,
          "Print a page to look at, of one run or of several of one boot", NULL },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &html.output, "HTML: write it to FILE", "FILE" },
        { "cpu", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &html.selection.cpus,
          "Heatmap: of this CPU only; HTML: these in the timeline (repeatable)", "N" },
        { "from", 0, 0, G_OPTION_ARG_STRING, &html.selection.from_text,
          "HTML: the timeline from 12.345678s, 1.5ms, 1500us or 1500000 (ns) on", "TIME" },
        { "to", 0, 0, G_OPTION_ARG_STRING, &html.selection.to_text,
          "HTML: the timeline to this time", "TIME" },
        { "slices", 0, 0, G_OPTION_ARG_STRING, &html.slices,
          "HTML: at most so many in the timeline, short ones are joined; default: 2000000", "N" },
        G_OPTION_ENTRY_NULL,
    };
    char **dirs;
    size_t n;
    int status;

    if (directories(command, entries, argc, argv, &dirs, &n, &status)) {
        status = report_dirs(dirs, n, top, &heat, &html, as_html);
    }
    g_free(top);
    g_free(heat.rows);
    g_free(heat.order);
    g_free(heat.color);
    g_free(html.output);
    g_free(html.slices);
    selection_clear(&html.selection);
    return status;
}

const struct command command_report = {
    .name = "report",
    .summary = "Print the tables that the plugin printed, from the trace; draw a heatmap; make "
               "a page",
    .run = run,
};
