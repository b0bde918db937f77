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
};

struct decoder {
    const struct osi_trace_reader *reader;
    GHashTable *tasks; /* id -> struct osi_task */
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

struct decoder *decoder_new(const struct osi_trace_reader *reader)
{
    struct decoder *decoder = g_new0(struct decoder, 1);

    decoder->reader = reader;
    decoder->tasks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
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
