/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event costs a lookup per name; the names last used are found without. */
#include <string.h>

#include "columns.h"
#include "names.h"
#include "shape.h"

#define RECENT 256

struct table {
    GHashTable *all; /* id -> struct shape_name */
    struct shape_name *recent[RECENT];
};

struct shape_names {
    const struct osi_trace_reader *reader;
    bool lines;
    struct table tasks, strings;
    struct shape_name *unknown, *other;
};

static void replace_controls(char *text)
{
    for (; *text; text++) {
        if (g_ascii_iscntrl(*text)) {
            *text = '?';
        }
    }
}

static struct shape_name *name_new(const struct shape_names *names, uint64_t id, const char *text,
                                   int32_t pid, int32_t tgid)
{
    char *valid = g_utf8_make_valid(text, -1);
    size_t length = strlen(valid) + 1;
    struct shape_name *name = g_malloc0(sizeof(*name) + length);

    name->id = id;
    name->pid = pid;
    name->tgid = tgid;
    name->length = (uint32_t)length;
    memcpy(name->comm, text, MIN(strlen(text), sizeof(name->comm) - 1));
    memcpy(name->text, valid, length);
    if (names->lines) {
        replace_controls(name->comm);
        replace_controls(name->text);
    }
    g_free(valid);
    return name;
}

struct shape_names *shape_names_new(const struct osi_trace_reader *reader, bool lines)
{
    struct shape_names *names = g_new0(struct shape_names, 1);

    names->reader = reader;
    names->lines = lines;
    names->tasks.all = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    names->strings.all = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    names->unknown = name_new(names, 0, NAME_UNKNOWN, -1, -1);
    names->other = name_new(names, SHAPE_OTHER_TASK, EXPORT_OTHER_COMM, EXPORT_OTHER_PID, EXPORT_OTHER_PID);
    return names;
}

void shape_names_free(struct shape_names *names)
{
    g_hash_table_destroy(names->tasks.all);
    g_hash_table_destroy(names->strings.all);
    g_free(names->unknown);
    g_free(names->other);
    g_free(names);
}

/* What is known of this id already, or NULL. */
static struct shape_name *look_up(struct table *table, uint64_t id)
{
    struct shape_name **recent = &table->recent[id % RECENT];

    if (!*recent || (*recent)->id != id) {
        *recent = g_hash_table_lookup(table->all, GUINT_TO_POINTER(id));
    }
    return *recent;
}

static struct shape_name *keep(struct table *table, struct shape_name *name)
{
    g_hash_table_insert(table->all, GUINT_TO_POINTER(name->id), name);
    table->recent[name->id % RECENT] = name;
    return name;
}

struct shape_name *shape_task(struct shape_names *names, uint64_t id)
{
    const struct osi_task_def *def;
    struct shape_name *name;

    if (id == 0 || id > UINT32_MAX) {
        return id == SHAPE_OTHER_TASK ? names->other : names->unknown;
    }
    name = look_up(&names->tasks, id);
    if (G_UNLIKELY(!name)) {
        def = osi_trace_task(names->reader, (uint32_t)id);
        name = def ? keep(&names->tasks, name_new(names, id, def->comm, (int32_t)def->pid,
                                                  (int32_t)def->tgid))
                   : names->unknown;
    }
    return name;
}

struct shape_name *shape_string(struct shape_names *names, uint64_t id)
{
    struct shape_name *name;
    const char *text;

    if (id == 0 || id > UINT32_MAX) {
        return names->unknown;
    }
    name = look_up(&names->strings, id);
    if (G_UNLIKELY(!name)) {
        text = osi_trace_string(names->reader, (uint32_t)id);
        name = text ? keep(&names->strings, name_new(names, id, text, -1, -1)) : names->unknown;
    }
    return name;
}

static void show_other(const struct osi_event_type *type, struct export_event *event,
                       const struct osi_task *task, const char *field)
{
    int at = field_of(type, field);

    if (task && task->pid == EXPORT_OTHER_PID && at >= 0) {
        event->fields[at] = SHAPE_OTHER_TASK;
    }
}

void shape_others(const struct osi_event_type *type, struct export_event *event)
{
    int state = field_of(type, "prev_state");

    if (!event->known || event->event.kind != OSI_EVENT_SCHED_SWITCH) {
        return;
    }
    show_other(type, event, event->event.sched_switch.prev, "prev");
    show_other(type, event, event->event.sched_switch.next, "next");
    if (state >= 0) {
        event->fields[state] = event->event.sched_switch.prev_state;
    }
}
