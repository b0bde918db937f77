/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export hlog: the histograms of latencies, as irq-latency leaves them in histograms.hlog, made again from
 * the trace, so that they can be had of a part of it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <osinstr/schedstat.h>

#include "account-irq.h"
#include "formats.h"
#include "output/report.h"
#include "tool.h"

/* The order in which osinstr report does it, too. Instruction counts of several CPUs can't be compared,
 * so then there are no waits. */
static uint64_t take_events(struct export *export, struct irq_account *irqs)
{
    bool with_waits = osi_trace_n_streams(export->reader) == 1 ||
                      strcmp(trace_unit(export->reader), "insn") != 0;
    struct osi_waits *waits = osi_waits_new();
    struct export_event event;
    uint64_t last = 0;

    while (export_next(export, &event)) {
        last = event.time;
        if (event.known) {
            irq_account_complete(irqs, &event.event);
            if (with_waits) {
                osi_waits_event(waits, &event.event);
            }
            irq_account_take(irqs, &event.event);
        }
    }
    osi_waits_free(waits);
    return last;
}

static int write_report(struct export *export, const struct osi_report *report)
{
    FILE *stream = fdopen(dup(export_out(export)->fd), "w");
    int rc;

    if (!stream) {
        return -errno;
    }
    rc = osi_report_histograms_hlog(report, stream);
    return fclose(stream) && !rc ? -errno : rc;
}

static int write_hlog(struct export *export, struct osi_error *err)
{
    struct irq_account *irqs = irq_account_new(export->reader);
    struct osi_report *report = osi_report_new("irq-latency");
    uint64_t last = take_events(export, irqs);
    int rc = 0;

    osi_report_unit(report, trace_unit(export->reader));
    if (irq_account_any(irqs)) {
        irq_account_until(irqs, export->selection.to);
        irq_account_report(irqs, report, 0, last);
        rc = write_report(export, report);
    } else if (!export_interrupted()) {
        g_snprintf(err->text, sizeof(err->text), "no interrupts in what was asked for of %s: hlog shows what "
                   "irq-latency records", export->dir);
        rc = -ENODATA;
    }
    export->written = osi_report_n_histograms(report);
    osi_report_free(report);
    irq_account_free(irqs);
    return rc;
}

const struct export_format export_hlog = {
    .name = "hlog",
    .summary = "histograms of latencies, for HdrHistogram's readers",
    .suffix = ".hlog",
    .things = "histograms",
    .needs = EXPORT_TRACE,
    .write = write_hlog,
};
