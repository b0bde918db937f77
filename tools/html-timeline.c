/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panel of the timeline: which run shows what. Tasks are of one run and interrupts of one:
 * those of a boot that several plugins watched are the same, seen twice. */
#include <string.h>

#include "html.h"
#include "tool.h"

#define DEFAULT_SLICES 2000000

#define IRQ_KINDS (1u << HTML_IRQS | 1u << HTML_SOFTIRQS | 1u << HTML_MASKED)

static const struct html_run *find(const struct html_run *runs, size_t n, enum osi_event_kind kind,
                                   const char *tool)
{
    const struct html_run *found = NULL;

    for (size_t i = n; i-- > 0;) {
        if (runs[i].reader && decoder_has(runs[i].decoder, kind) &&
            (!found || strcmp(found->tool, tool) != 0 || strcmp(runs[i].tool, tool) == 0)) {
            found = &runs[i];
        }
    }
    return found;
}

static bool take(const struct html_run *run, const struct html_options *options,
                 struct html_lanes *lanes, struct html_names *names, unsigned kinds)
{
    struct selection selection = options->selection;
    bool fine;

    selection.streams = NULL;
    fine = selection_resolve(&selection, run->reader, run->dir);
    if (fine) {
        selection.only_stream = -1; /* who woke a task may be on another CPU */
        html_take_trace(lanes, names, run, &selection, kinds);
    }
    g_free(selection.streams);
    return fine;
}

/* Where each kind of lane is from. */
static void put_source(struct html_page *page, const char *key, const struct html_run *run)
{
    g_string_append_printf(page->json, "\"%s\":", key);
    html_put_string(page->json, run ? run->dir : NULL);
    g_string_append_c(page->json, ',');
}

static void put(struct html_page *page, struct html_lanes *lanes, struct html_names *names,
                const struct html_run *tasks, const struct html_run *irqs)
{
    uint64_t first, last;

    html_names_span(names, &first, &last);
    /* Times may have more digits than a number in JavaScript. */
    g_string_append_printf(page->json, ",\"timeline\":{\"base\":\"%" G_GUINT64_FORMAT
                           "\",\"end\":\"%" G_GUINT64_FORMAT "\",\"unit\":\"%s\",", first, last,
                           (tasks ? tasks : irqs)->unit);
    put_source(page, "tasks_from", tasks);
    put_source(page, "irqs_from", irqs);
    html_names_put(names, page);
    html_lanes_put(lanes, first, page);
    g_string_append(page->json, "}");
}

static bool limit_of(const struct html_options *options, uint64_t *limit)
{
    *limit = DEFAULT_SLICES;
    if (options->slices && (!parse_number(options->slices, limit) || *limit == 0)) {
        complain("--slices %s is no number above 0", options->slices);
        return false;
    }
    return true;
}

bool html_put_timeline(struct html_page *page, struct html_run *runs, size_t n,
                       const struct html_options *options)
{
    const struct html_run *tasks = find(runs, n, OSI_EVENT_SCHED_SWITCH, "sched");
    const struct html_run *irqs = find(runs, n, OSI_EVENT_IRQ_ENTER, "irq-latency");
    const struct selection *wish = &options->selection;
    struct html_lanes *lanes;
    struct html_names *names;
    uint64_t limit;
    bool fine;

    if (!limit_of(options, &limit)) {
        return false;
    }
    if (!tasks && !irqs) {
        if (wish->from_text || wish->to_text || wish->cpus || options->slices) {
            complain("--from, --to, --cpu and --slices are about the timeline: no run has one");
            return false;
        }
        return true;
    }
    if (tasks && irqs && strcmp(tasks->unit, irqs->unit) != 0) {
        irqs = NULL; /* there is no time that is both's */
    }
    lanes = html_lanes_new(limit);
    names = html_names_new();
    if (tasks == irqs) {
        fine = take(tasks, options, lanes, names, 1u << HTML_TASKS | IRQ_KINDS);
    } else {
        fine = (!tasks || take(tasks, options, lanes, names, 1u << HTML_TASKS)) &&
               (!irqs || take(irqs, options, lanes, names, IRQ_KINDS));
    }
    if (fine && html_lanes_any(lanes)) {
        put(page, lanes, names, tasks, irqs);
    }
    html_names_free(names);
    html_lanes_free(lanes);
    return fine;
}
