/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes events of a trace, with the tasks that they name. */
#include <glib.h>
#include <string.h>

#include "columns.h"
#include "events.h"

#define MAX_WANTED 5

/* The first field of a kind is what the event is about: without it nothing is decoded. */
static const char *const wanted[OSI_EVENT_KINDS][MAX_WANTED] = {
    [OSI_EVENT_SCHED_SWITCH] = { "prev", "next", "prev_state", "prev_prio", "next_prio" },
    [OSI_EVENT_SCHED_WAKEUP] = { "task", "prio", "target_cpu", "first" },
    [OSI_EVENT_TASK_NEW] = { "task", "parent" },
    [OSI_EVENT_TASK_RENAME] = { "task", "former" },
    [OSI_EVENT_TASK_EXIT] = { "task" },
    [OSI_EVENT_IDLE_ENTER] = { "task" },
    [OSI_EVENT_IDLE_EXIT] = { "task" },
    [OSI_EVENT_KERNEL_START] = { "base" },
    [OSI_EVENT_IRQ_ENTER] = { "pc", "task", "user", "depth" },
    [OSI_EVENT_IRQ_ACK] = { "hwirq", "delay" },
    [OSI_EVENT_IRQ_HANDLER_ENTRY] = { "irq", "name" },
    [OSI_EVENT_IRQ_HANDLER_EXIT] = { "irq", "ret" },
    [OSI_EVENT_IRQ_EOI] = { "hwirq" },
    [OSI_EVENT_IRQ_EXIT] = { "resched" },
    [OSI_EVENT_SOFTIRQ_ENTRY] = { "vec", "name" },
    [OSI_EVENT_SOFTIRQ_EXIT] = { "vec", "name" },
    [OSI_EVENT_IRQS_MASKED] = { "duration", "from", "to", "idle" },
    [OSI_EVENT_TIMER_SET] = { "timer", "deadline", "on" },
};

struct decoder {
    const struct osi_trace_reader *reader;
    GHashTable *tasks;  /* id -> struct osi_task */
    GHashTable *labels; /* id -> struct osi_label, which owns its text */
    struct {
        int kind; /* -1: not an event of the library */
        int at[MAX_WANTED];
    } types[OSI_TRACE_MAX_TYPES];
};

static int kind_of(const char *name)
{
    for (int kind = 0; kind < OSI_EVENT_KINDS; kind++) {
        if (strcmp(osi_event_name(kind), name) == 0) {
            return kind;
        }
    }
    return -1;
}

static void label_free(void *data)
{
    struct osi_label *label = data;

    g_free((char *)label->text);
    g_free(label);
}

struct decoder *decoder_new(const struct osi_trace_reader *reader)
{
    struct decoder *decoder = g_new0(struct decoder, 1);

    decoder->reader = reader;
    decoder->tasks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    decoder->labels = g_hash_table_new_full(NULL, NULL, NULL, label_free);
    for (size_t i = 0; i < osi_trace_n_types(reader); i++) {
        const struct osi_event_type *type = osi_trace_type(reader, i);
        int kind = kind_of(type->name);

        for (size_t f = 0; kind >= 0 && f < MAX_WANTED; f++) {
            decoder->types[i].at[f] = wanted[kind][f] ? field_of(type, wanted[kind][f]) : -1;
        }
        decoder->types[i].kind = kind >= 0 && decoder->types[i].at[0] >= 0 ? kind : -1;
    }
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    g_hash_table_destroy(decoder->tasks);
    g_hash_table_destroy(decoder->labels);
    g_free(decoder);
}

bool decoder_has(const struct decoder *decoder, enum osi_event_kind kind)
{
    for (size_t i = 0; i < osi_trace_n_types(decoder->reader); i++) {
        if (decoder->types[i].kind == (int)kind) {
            return true;
        }
    }
    return false;
}

/* The first stage of a task's life. Stages are numbered in order: a chain that goes up is damage,
 * and ends here. In a trace that is read in order the former stage is known already. */
static uint32_t key_of(struct decoder *decoder, const struct osi_task_def *task)
{
    while (task->previous && task->previous < task->id) {
        const struct osi_task *known =
            g_hash_table_lookup(decoder->tasks, GUINT_TO_POINTER(task->previous));
        const struct osi_task_def *former = osi_trace_task(decoder->reader, task->previous);

        if (known || !former) {
            return known ? known->key : task->previous;
        }
        task = former;
    }
    return task->id;
}

static const struct osi_task *task_of(struct decoder *decoder, uint64_t id)
{
    const struct osi_task_def *def;
    struct osi_task *task;

    if (id == 0 || id > UINT32_MAX) {
        return NULL;
    }
    task = g_hash_table_lookup(decoder->tasks, GUINT_TO_POINTER(id));
    if (G_LIKELY(task)) {
        return task;
    }
    def = osi_trace_task(decoder->reader, (uint32_t)id);
    if (!def) {
        return NULL;
    }
    task = g_new0(struct osi_task, 1);
    task->id = def->id;
    task->key = key_of(decoder, def);
    task->pid = def->pid;
    task->tgid = def->tgid;
    task->address = def->address;
    g_strlcpy(task->comm, def->comm, sizeof(task->comm));
    g_hash_table_insert(decoder->tasks, GUINT_TO_POINTER(id), task);
    return task;
}

static const struct osi_label *label_of(struct decoder *decoder, uint64_t id)
{
    const char *text = id && id <= UINT32_MAX ? osi_trace_string(decoder->reader, (uint32_t)id)
                                              : NULL;
    struct osi_label *label;

    if (!text) {
        return NULL;
    }
    label = g_hash_table_lookup(decoder->labels, GUINT_TO_POINTER(id));
    if (!label) {
        label = g_new(struct osi_label, 1);
        *label = (struct osi_label){ (uint32_t)id, g_strdup(text) };
        g_hash_table_insert(decoder->labels, GUINT_TO_POINTER(id), label);
    }
    return label;
}

/* Field number `i` of the wanted ones, or `absent`. */
static uint64_t get(const struct decoder *decoder, const struct osi_trace_event *from, size_t i,
                    uint64_t absent)
{
    int at = decoder->types[from->type].at[i];

    return at < 0 ? absent : from->fields[at];
}

static void decode_switch(struct decoder *decoder, const struct osi_trace_event *from,
                          struct osi_event *event)
{
    event->sched_switch.prev = task_of(decoder, get(decoder, from, 0, 0));
    event->sched_switch.next = task_of(decoder, get(decoder, from, 1, 0));
    event->sched_switch.prev_state = (uint32_t)get(decoder, from, 2, OSI_STATE_UNKNOWN);
    event->sched_switch.prev_prio = (int32_t)get(decoder, from, 3, 0);
    event->sched_switch.next_prio = (int32_t)get(decoder, from, 4, 0);
}

static void decode_wakeup(struct decoder *decoder, const struct osi_trace_event *from,
                          struct osi_event *event)
{
    event->sched_wakeup.task = task_of(decoder, get(decoder, from, 0, 0));
    event->sched_wakeup.prio = (int32_t)get(decoder, from, 1, 0);
    event->sched_wakeup.target = (uint32_t)get(decoder, from, 2, from->stream);
    event->sched_wakeup.first = get(decoder, from, 3, 0) != 0;
}

static void decode_irq(struct decoder *decoder, const struct osi_trace_event *from,
                       struct osi_event *event)
{
    uint64_t first = get(decoder, from, 0, 0);

    switch (event->kind) {
    case OSI_EVENT_IRQ_ENTER:
        event->irq_enter.pc = first;
        event->irq_enter.task = task_of(decoder, get(decoder, from, 1, 0));
        event->irq_enter.user = get(decoder, from, 2, 0) != 0;
        event->irq_enter.depth = (uint32_t)get(decoder, from, 3, 0);
        break;
    case OSI_EVENT_IRQ_ACK:
        event->irq_ack.origin.hwirq = (uint32_t)first;
        event->irq_ack.origin.asserted = OSI_UNKNOWN_TIME;
        event->irq_ack.delay = get(decoder, from, 1, OSI_UNKNOWN_TIME);
        event->irq_ack.timer = OSI_NO_TIMER;
        event->irq_ack.spurious = osi_irq_is_spurious((uint32_t)first);
        break;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
        event->irq_handler.irq = (uint32_t)first;
        event->irq_handler.action = label_of(decoder, get(decoder, from, 1, 0));
        break;
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        event->irq_handler.irq = (uint32_t)first;
        event->irq_handler.handled = get(decoder, from, 1, 0) != 0;
        break;
    case OSI_EVENT_IRQ_EOI:
        event->irq_eoi.hwirq = (uint32_t)first;
        break;
    case OSI_EVENT_IRQ_EXIT:
        event->irq_exit.resched = first != 0;
        break;
    case OSI_EVENT_SOFTIRQ_ENTRY:
    case OSI_EVENT_SOFTIRQ_EXIT:
        event->softirq.vec = (uint32_t)first;
        event->softirq.action = label_of(decoder, get(decoder, from, 1, 0));
        break;
    case OSI_EVENT_IRQS_MASKED:
        event->irqs_masked.duration = first;
        event->irqs_masked.from = label_of(decoder, get(decoder, from, 1, 0));
        event->irqs_masked.to = label_of(decoder, get(decoder, from, 2, 0));
        event->irqs_masked.idle = get(decoder, from, 3, 0) != 0;
        break;
    case OSI_EVENT_TIMER_SET:
        event->timer_set.timer = (uint32_t)first;
        event->timer_set.deadline = get(decoder, from, 1, OSI_UNKNOWN_TIME);
        event->timer_set.on = get(decoder, from, 2, 0) != 0;
        break;
    default:
        break;
    }
}

bool decoder_event(struct decoder *decoder, const struct osi_trace_event *from,
                   struct osi_event *event)
{
    int kind = decoder->types[from->type].kind;

    if (kind < 0) {
        return false;
    }
    *event = (struct osi_event){
        .kind = (enum osi_event_kind)kind, .vcpu = from->stream, .time = from->time
    };
    if (OSI_EVENT_BIT(kind) & OSI_IRQ_EVENTS) {
        decode_irq(decoder, from, event);
        return true;
    }
    switch (event->kind) {
    case OSI_EVENT_SCHED_SWITCH:
        decode_switch(decoder, from, event);
        break;
    case OSI_EVENT_SCHED_WAKEUP:
        decode_wakeup(decoder, from, event);
        break;
    case OSI_EVENT_KERNEL_START:
        event->kernel.base = get(decoder, from, 0, 0);
        break;
    case OSI_EVENT_IDLE_ENTER:
    case OSI_EVENT_IDLE_EXIT:
        event->idle.task = task_of(decoder, get(decoder, from, 0, 0));
        break;
    default:
        event->task.task = task_of(decoder, get(decoder, from, 0, 0));
        if (event->kind == OSI_EVENT_TASK_NEW) {
            event->task.parent = task_of(decoder, get(decoder, from, 1, 0));
        } else if (event->kind == OSI_EVENT_TASK_RENAME) {
            event->task.former = task_of(decoder, get(decoder, from, 1, 0));
        }
        break;
    }
    return true;
}
