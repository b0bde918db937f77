/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the events of a trace to slices: who ran, which interrupt was handled, what was masked. */
#include <osinstr/event.h>
#include <osinstr/schedstat.h>
#include <string.h>

#include "html.h"
#include "names.h"
#include "notes.h"
#include "progress.h"
#include "tool.h"

enum { MAX_DEPTH = 8 };

struct irq {
    uint64_t start, delay;
    uint32_t hwirq;
    const char *action;
};

struct cpu {
    bool running; /* something is known to run since: */
    uint64_t since, wait;
    const struct osi_task *task;
    struct irq irqs[MAX_DEPTH];
    unsigned depth;
    bool in_softirq;
    uint64_t softirq_since;
};

struct taker {
    struct html_lanes *lanes;
    struct html_names *names;
    const struct selection *selection;
    unsigned kinds;
    struct cpu *cpus;
};

/* What is outside of --from and --to is cut off. */
static void add(struct taker *taker, unsigned cpu, enum html_lane_kind kind, unsigned depth,
                uint64_t end, struct html_slice *slice)
{
    const struct selection *wanted = taker->selection;
    uint64_t start = MAX(slice->start, wanted->from);

    end = MIN(end, wanted->to);
    if (!(taker->kinds & 1u << kind) || cpu >= wanted->n_streams || !wanted->streams[cpu] ||
        end < start) {
        return;
    }
    slice->start = start;
    slice->duration = end - start;
    html_names_extend(taker->names, start, end);
    html_lanes_add(taker->lanes, cpu, kind, depth, slice);
}

/* The task is called what it was called last, and idle tasks are a gap. */
static void end_run(struct taker *taker, unsigned number, const struct osi_task *prev,
                    uint32_t state, uint64_t time)
{
    struct cpu *cpu = &taker->cpus[number];
    const struct osi_task *task = prev ? prev : cpu->task;
    struct html_slice slice = { .start = cpu->since, .extra = cpu->wait, .more = state };

    if (cpu->running && (!task || task->pid != 0)) {
        slice.what = html_task_index(taker->names, task);
        add(taker, number, HTML_TASKS, 0, time, &slice);
    }
    cpu->running = false;
}

static void take_switch(struct taker *taker, const struct osi_event *event)
{
    struct cpu *cpu = &taker->cpus[event->vcpu];

    end_run(taker, event->vcpu, event->sched_switch.prev, event->sched_switch.prev_state,
            event->time);
    cpu->running = true;
    cpu->since = event->time;
    cpu->task = event->sched_switch.next;
    cpu->wait = event->sched_switch.next_waited ? event->sched_switch.wait : 0;
}

/* An entry at a depth that is still taken means that an exit was lost. */
static void enter_irq(struct taker *taker, const struct osi_event *event)
{
    struct cpu *cpu = &taker->cpus[event->vcpu];
    unsigned depth = event->irq_enter.depth;

    cpu->depth = depth + 1;
    if (depth < MAX_DEPTH) {
        cpu->irqs[depth] = (struct irq){ .start = event->time, .hwirq = OSI_NO_IRQ };
    }
}

static struct irq *innermost(struct cpu *cpu)
{
    return cpu->depth && cpu->depth <= MAX_DEPTH ? &cpu->irqs[cpu->depth - 1] : NULL;
}

static void exit_irq(struct taker *taker, const struct osi_event *event)
{
    struct cpu *cpu = &taker->cpus[event->vcpu];
    struct irq *irq = innermost(cpu);

    if (irq) {
        struct html_slice slice = { .start = irq->start, .extra = irq->delay };
        char *name = irq->hwirq == OSI_NO_IRQ ? g_strdup("interrupt ?")
                     : irq->action ? g_strdup_printf("%s (irq %u)", irq->action, irq->hwirq)
                                   : g_strdup_printf("irq %u", irq->hwirq);

        slice.what = html_text_index(taker->names, name);
        add(taker, event->vcpu, HTML_IRQS, cpu->depth - 1, event->time, &slice);
        g_free(name);
    }
    cpu->depth -= cpu->depth > 0;
}

/* The first of several in one entry names it. */
static void name_irq(struct cpu *cpu, const struct osi_event *event)
{
    struct irq *irq = innermost(cpu);

    if (!irq) {
        return;
    }
    if (event->kind == OSI_EVENT_IRQ_ACK && irq->hwirq == OSI_NO_IRQ) {
        irq->hwirq = event->irq_ack.origin.hwirq;
        irq->delay = event->irq_ack.delay == OSI_UNKNOWN_TIME ? 0 : event->irq_ack.delay + 1;
    } else if (event->kind == OSI_EVENT_IRQ_HANDLER_ENTRY && !irq->action) {
        irq->action = event->irq_handler.action ? event->irq_handler.action->text : NULL;
    }
}

static void end_softirq(struct taker *taker, const struct osi_event *event)
{
    struct cpu *cpu = &taker->cpus[event->vcpu];
    struct html_slice slice = { .start = cpu->softirq_since };

    if (cpu->in_softirq) {
        slice.what = html_text_index(taker->names, osi_softirq_name(event->softirq.vec));
        add(taker, event->vcpu, HTML_SOFTIRQS, 0, event->time, &slice);
    }
    cpu->in_softirq = false;
}

static void take_masked(struct taker *taker, const struct osi_event *event)
{
    const struct osi_label *from = event->irqs_masked.from, *to = event->irqs_masked.to;
    struct html_slice slice = {
        .start = event->time - MIN(event->irqs_masked.duration, event->time),
        .what = html_text_index(taker->names, from ? from->text : NAME_UNKNOWN),
        .more = html_text_index(taker->names, to ? to->text : NAME_UNKNOWN),
        .extra = event->irqs_masked.idle,
    };

    add(taker, event->vcpu, HTML_MASKED, 0, event->time, &slice);
}

static void take_event(struct taker *taker, const struct osi_event *event)
{
    struct cpu *cpu = &taker->cpus[event->vcpu];

    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        take_switch(taker, event);
        break;
    case OSI_EVENT_IRQ_ENTER:
        enter_irq(taker, event);
        break;
    case OSI_EVENT_IRQ_ACK:
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
        name_irq(cpu, event);
        break;
    case OSI_EVENT_IRQ_EXIT:
        exit_irq(taker, event);
        break;
    case OSI_EVENT_SOFTIRQ_ENTRY:
        cpu->in_softirq = true;
        cpu->softirq_since = event->time;
        break;
    case OSI_EVENT_SOFTIRQ_EXIT:
        end_softirq(taker, event);
        break;
    case OSI_EVENT_IRQS_MASKED:
        take_masked(taker, event);
        break;
    default:
        break;
    }
}

/* Who runs at the end of the run, or of what is wanted of it, runs until then. */
static void end_cpus(struct taker *taker, const struct html_run *run, uint64_t last)
{
    for (unsigned i = 0; i < osi_trace_n_streams(run->reader); i++) {
        uint64_t end = last;

        end_time_of(run->reader, i, &end);
        end_run(taker, i, NULL, OSI_STATE_UNKNOWN, MAX(end, taker->cpus[i].since));
    }
}

void html_take_trace(struct html_lanes *lanes, struct html_names *names, const struct html_run *run,
                     const struct selection *selection, unsigned kinds)
{
    unsigned n = osi_trace_n_streams(run->reader);
    bool waits = n == 1 || strcmp(trace_unit(run->reader), "insn") != 0;
    struct taker taker = { .lanes = lanes, .names = names, .selection = selection, .kinds = kinds,
                           .cpus = g_new0(struct cpu, n + 1) };
    struct osi_waits *stat = osi_waits_new();
    struct osi_trace_event from;
    struct osi_event event;
    struct progress progress;
    uint64_t last = 0;

    osi_trace_rewind(run->reader);
    progress_start(&progress, run->reader, false);
    while (selection_next(selection, run->reader, &from)) {
        last = from.time;
        if (decoder_event(run->decoder, &from, &event)) {
            if (waits) {
                osi_waits_event(stat, &event);
            }
            take_event(&taker, &event);
        }
        progress_step(&progress, from.time);
    }
    progress_end(&progress);
    end_cpus(&taker, run, last);
    osi_waits_free(stat);
    g_free(taker.cpus);
}
