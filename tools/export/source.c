/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events that an export gets: those of the selection, of the wanted tasks, long enough.
 *
 * How long something takes is known at its end, and formats want its beginning first. So with
 * --min-duration events wait in a queue, in order, from the oldest beginning whose end has not come.
 */
#include <signal.h>
#include <string.h>

#include "export.h"
#include "progress.h"
#include "tool.h"

/* Events that wait at most. Beyond that the oldest goes on its way, its end unseen. */
#define MAX_QUEUE 65536
#define MAX_DEPTH 32 /* things under way on a CPU, one in the other */

struct waiting {
    struct export_event event;
    uint64_t partner;  /* of what tells more of a beginning: its number in the queue; NO_PARTNER */
    bool open, dropped;
};

#define NO_PARTNER UINT64_MAX

struct cpu {
    const struct osi_task *task;  /* that runs */
    uint64_t stack[MAX_DEPTH];    /* numbers of the beginnings under way */
    unsigned depth;
};

struct export_source {
    struct export *export;
    struct decoder *decoder;
    struct progress progress;
    GPatternSpec *pattern;
    int64_t pid; /* --task with a number; -1 */
    bool states;
    struct osi_task other;
    struct cpu *cpus;
    GArray *queue; /* struct waiting; those before `head` are gone */
    size_t head;
    uint64_t base; /* number of queue[0] */
    bool ended;
};

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
    interrupted = signal;
}

int export_interrupted(void)
{
    return interrupted;
}

/* One that is ignored (nohup) stays so. */
static void catch_signal(int signal)
{
    const struct sigaction action = { .sa_handler = note_signal };
    struct sigaction before;

    if (sigaction(signal, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        sigaction(signal, &action, NULL);
    }
}

struct export_source *export_source_new(struct export *export, bool states)
{
    struct export_source *source = g_new0(struct export_source, 1);
    uint64_t pid;

    source->export = export;
    if (export->reader) {
        source->decoder = decoder_new(export->reader);
        source->cpus = g_new0(struct cpu, osi_trace_n_streams(export->reader) + 1);
        progress_start(&source->progress, export->reader, false);
    }
    source->queue = g_array_new(FALSE, FALSE, sizeof(struct waiting));
    source->states = states;
    source->pid = -1;
    source->other = (struct osi_task){ .pid = EXPORT_OTHER_PID, .tgid = EXPORT_OTHER_PID,
                                       .comm = EXPORT_OTHER_COMM };
    if (export->task && parse_number(export->task, &pid)) {
        source->pid = (int64_t)pid;
    } else if (export->task) {
        source->pattern = g_pattern_spec_new(export->task);
    }
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
    return source;
}

void export_source_free(struct export_source *source)
{
    if (source) {
        if (source->decoder) {
            progress_end(&source->progress);
            decoder_free(source->decoder);
        }
        if (source->pattern) {
            g_pattern_spec_free(source->pattern);
        }
        g_array_free(source->queue, TRUE);
        g_free(source->cpus);
        g_free(source);
    }
}

bool export_wants_task(const struct export *export, const struct osi_task *task)
{
    const struct export_source *source = export->source;

    if (!export->task) {
        return true;
    }
    if (!task) {
        return false;
    }
    return source->pattern ? g_pattern_spec_match_string(source->pattern, task->comm)
                           : task->pid == (uint64_t)source->pid;
}

bool export_wants_name(const struct export *export, const char *name)
{
    const struct export_source *source = export->source;
    const char *pid = strrchr(name, '-');
    uint64_t number;

    if (!export->task) {
        return true;
    }
    if (source->pattern) {
        return g_pattern_spec_match_string(source->pattern, name);
    }
    return pid && parse_number(pid + 1, &number) && number == (uint64_t)source->pid;
}

/* Follows which task runs; false: nothing of this event concerns the wanted ones. */
static bool concerns_task(struct export_source *source, struct export_event *event)
{
    const struct export *export = source->export;
    struct cpu *cpu = &source->cpus[event->cpu];
    struct osi_event *e = &event->event;
    bool prev, next;

    if (!event->known) {
        return !export->task || export_wants_task(export, cpu->task);
    }
    switch (e->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        cpu->task = e->sched_switch.next;
        prev = export_wants_task(export, e->sched_switch.prev);
        next = export_wants_task(export, e->sched_switch.next);
        if (source->states && !prev) {
            e->sched_switch.prev = &source->other;
            e->sched_switch.prev_state = OSI_STATE_RUNNING;
        }
        if (source->states && !next) {
            e->sched_switch.next = &source->other;
        }
        return prev || next;
    case OSI_EVENT_SCHED_WAKEUP:
        return export_wants_task(export, e->sched_wakeup.task);
    case OSI_EVENT_TASK_NEW:
    case OSI_EVENT_TASK_RENAME:
    case OSI_EVENT_TASK_EXIT:
        return export_wants_task(export, e->task.task);
    case OSI_EVENT_KERNEL_START:
        return true;
    default:
        return export_wants_task(export, cpu->task);
    }
}

/* The first switch on a CPU tells what ran before it. */
static const struct osi_task *running_task(const struct export_source *source,
                                           const struct export_event *event)
{
    const struct osi_task *task = source->cpus[event->cpu].task;

    return !task && event->known && event->event.kind == OSI_EVENT_SCHED_SWITCH
               ? event->event.sched_switch.prev
               : task;
}

/* The next one of the selection that concerns the wanted tasks; with --min-duration of any type, since an
 * event that is not wanted may be the end of one that is. */
static bool read_event(struct export_source *source, struct export_event *event)
{
    struct export *export = source->export;
    struct osi_trace_event from;
    size_t n_fields;

    while (!interrupted && selection_next(&export->selection, export->reader, &from)) {
        progress_step(&source->progress, from.time);
        event->time = from.time;
        event->cpu = from.stream;
        event->type = from.type;
        event->known = decoder_event(source->decoder, &from, &event->event);
        event->running = running_task(source, event);
        if (concerns_task(source, event) && selection_covers(&export->selection, &from) &&
            (export->min_duration || export->selection.types[from.type])) {
            n_fields = osi_trace_type(export->reader, from.type)->n_fields;
            memcpy(event->fields, from.fields, n_fields * sizeof(*from.fields));
            return true;
        }
    }
    return false;
}

static bool is_beginning(const struct export_event *event)
{
    return event->known && (event->event.kind == OSI_EVENT_IRQ_ENTER ||
                            event->event.kind == OSI_EVENT_IRQ_HANDLER_ENTRY ||
                            event->event.kind == OSI_EVENT_SOFTIRQ_ENTRY);
}

/* What this event is the end of; OSI_EVENT_KINDS: of nothing. */
static enum osi_event_kind beginning_of(const struct export_event *event)
{
    switch (event->known ? event->event.kind : OSI_EVENT_KINDS) {
    case OSI_EVENT_IRQ_EXIT:
        return OSI_EVENT_IRQ_ENTER;
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        return OSI_EVENT_IRQ_HANDLER_ENTRY;
    case OSI_EVENT_SOFTIRQ_EXIT:
        return OSI_EVENT_SOFTIRQ_ENTRY;
    default:
        return OSI_EVENT_KINDS;
    }
}

static struct waiting *waiting_at(struct export_source *source, uint64_t number)
{
    return number < source->base + source->head
               ? NULL
               : &g_array_index(source->queue, struct waiting, number - source->base);
}

/* Ends what is under way down to a beginning of this kind; those above it lost their ends. */
static void close_beginning(struct export_source *source, struct waiting *end)
{
    struct cpu *cpu = &source->cpus[end->event.cpu];
    enum osi_event_kind kind = beginning_of(&end->event);

    while (cpu->depth > 0) {
        struct waiting *begin = waiting_at(source, cpu->stack[--cpu->depth]);

        if (!begin) {
            continue;
        }
        begin->open = false;
        if (begin->event.event.kind == kind) {
            begin->dropped = end->dropped =
                end->event.time - begin->event.time < source->export->min_duration;
            return;
        }
    }
}

/* An interrupt that is too short goes with what tells of it in between. */
static bool belongs_to_irq(const struct export_event *event)
{
    return event->known &&
           (event->event.kind == OSI_EVENT_IRQ_ACK || event->event.kind == OSI_EVENT_IRQ_EOI);
}

static void enqueue(struct export_source *source, const struct export_event *event)
{
    struct waiting new = { .event = *event, .partner = NO_PARTNER };
    struct cpu *cpu = &source->cpus[event->cpu];
    uint64_t number = source->base + source->queue->len;

    if (beginning_of(event) != OSI_EVENT_KINDS) {
        close_beginning(source, &new);
    } else if (is_beginning(event) && cpu->depth < MAX_DEPTH) {
        new.open = true;
        cpu->stack[cpu->depth++] = number;
    } else if (belongs_to_irq(event) && cpu->depth > 0) {
        new.partner = cpu->stack[cpu->depth - 1];
    } else if (event->known && event->event.kind == OSI_EVENT_IRQS_MASKED) {
        new.dropped = event->event.irqs_masked.duration < source->export->min_duration;
    }
    g_array_append_val(source->queue, new);
}

/* Takes the head of the queue. The last ones before it stay, as what became of them is asked for. */
static struct waiting *dequeue(struct export_source *source)
{
    size_t gone = source->head > 2 * MAX_QUEUE ? source->head - MAX_QUEUE : 0;

    if (gone) {
        g_array_remove_range(source->queue, 0, (guint)gone);
        source->base += gone;
        source->head -= gone;
    }
    return &g_array_index(source->queue, struct waiting, source->head++);
}

/* What belongs to an interrupt shares its fate. The interrupt is before it in the queue, so it is decided
 * already, but may have left the queue: what was decided is still in the array, as it has not been gone for
 * longer than the queue is long. */
static bool is_dropped(struct export_source *source, const struct waiting *waiting)
{
    if (waiting->partner != NO_PARTNER && waiting->partner >= source->base) {
        return g_array_index(source->queue, struct waiting, waiting->partner - source->base).dropped;
    }
    return waiting->dropped;
}

static bool next_long_one(struct export_source *source, struct export_event *event)
{
    for (;;) {
        size_t n = source->queue->len - source->head;

        if (n > 0 && (source->ended || n >= MAX_QUEUE ||
                      !g_array_index(source->queue, struct waiting, source->head).open)) {
            struct waiting *waiting = dequeue(source);

            if (!is_dropped(source, waiting) &&
                source->export->selection.types[waiting->event.type]) {
                *event = waiting->event;
                return true;
            }
        } else if (source->ended) {
            return false;
        } else if (read_event(source, event)) {
            enqueue(source, event);
        } else {
            source->ended = true;
        }
    }
}

bool export_next(struct export *export, struct export_event *event)
{
    if (export_failed(export)) {
        return false;
    }
    return export->min_duration ? next_long_one(export->source, event)
                                : read_event(export->source, event);
}
