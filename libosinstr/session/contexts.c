/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which thread of execution runs where. */
#include <errno.h>
#include <stdio.h>

#include "session/contexts.h"
#include "session/internal.h"

struct osi_contexts {
    GMutex lock;
    GPtrArray *all;      /* struct entry */
    GHashTable *by_key;  /* of those whose key is known */
    GStringChunk *names;
};

struct entry {
    struct osi_context context; /* first */
    uint64_t key;               /* a task's key or address */
    bool known;                 /* has a key */
};

static void entry_free(void *data)
{
    struct entry *entry = data;

    g_free(entry->context.data);
    g_free(entry);
}

struct osi_contexts *osi_contexts_new(void)
{
    struct osi_contexts *contexts = g_new0(struct osi_contexts, 1);

    g_mutex_init(&contexts->lock);
    contexts->all = g_ptr_array_new_with_free_func(entry_free);
    contexts->by_key = g_hash_table_new(g_int64_hash, g_int64_equal);
    contexts->names = g_string_chunk_new(1024);
    return contexts;
}

void osi_contexts_free(struct osi_contexts *contexts)
{
    if (contexts) {
        g_hash_table_destroy(contexts->by_key);
        g_ptr_array_unref(contexts->all);
        g_string_chunk_free(contexts->names);
        g_mutex_clear(&contexts->lock);
        g_free(contexts);
    }
}

/* ---- the table; the lock is held ---- */
static struct entry *add(struct osi_session *session, const char *name)
{
    struct osi_contexts *contexts = session->contexts;
    struct entry *entry = g_new0(struct entry, 1);

    entry->context.number = contexts->all->len;
    entry->context.name = g_string_chunk_insert(contexts->names, name);
    entry->context.wanted = osi_task_wanted(session, NULL);
    entry->context.data = g_malloc0(MAX(session->tool->context_size, 1));
    g_ptr_array_add(contexts->all, entry);
    return entry;
}

static void set_key(struct osi_contexts *contexts, struct entry *entry, uint64_t key)
{
    entry->key = key;
    entry->known = true;
    g_hash_table_replace(contexts->by_key, &entry->key, entry);
}

static void set_task(struct osi_session *session, struct entry *entry, const struct osi_task *task)
{
    char name[48];

    snprintf(name, sizeof(name), "%s-%u", task->comm, task->pid);
    entry->context.name = g_string_chunk_insert(session->contexts->names, name);
    entry->context.task = task;
    entry->context.stage++;
    entry->context.wanted = osi_task_wanted(session, task);
}

/* ---- changes ---- */
static void tell(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_context *prev,
                 struct osi_context *next)
{
    vcpu->context = next;
    if (session->tool->run) {
        session->tool->run(session, vcpu->index, prev, next);
    }
}

void osi_contexts_start(struct osi_session *session, struct osi_vcpu *vcpu)
{
    struct osi_contexts *contexts = session->contexts;
    struct osi_context *prev = vcpu->context;
    struct entry *entry;
    char name[32];

    snprintf(name, sizeof(name), "vCPU %u", vcpu->index);
    g_mutex_lock(&contexts->lock);
    entry = add(session, name);
    if (prev) { /* a reboot: no task of before comes back */
        g_hash_table_remove_all(contexts->by_key);
    }
    g_mutex_unlock(&contexts->lock);
    tell(session, vcpu, prev, &entry->context);
}

/* The first switch on a vCPU tells what it has been running. */
static struct entry *change(struct osi_session *session, struct osi_vcpu *vcpu, uint64_t prev,
                            uint64_t next, const char *name)
{
    struct osi_contexts *contexts = session->contexts;
    struct entry *from = (struct entry *)vcpu->context, *to;

    if (!from->known && !g_hash_table_contains(contexts->by_key, &prev)) {
        set_key(contexts, from, prev);
    }
    to = g_hash_table_lookup(contexts->by_key, &next);
    if (!to) {
        to = add(session, name);
        set_key(contexts, to, next);
    }
    return to;
}

static void task_switch(struct osi_session *session, struct osi_vcpu *vcpu,
                        const struct osi_task *prev, const struct osi_task *next)
{
    struct osi_contexts *contexts = session->contexts;
    struct entry *from = (struct entry *)vcpu->context, *to;
    bool named, renamed;

    g_mutex_lock(&contexts->lock);
    to = change(session, vcpu, prev->key, next->key, next->comm);
    named = from->key == prev->key && from->context.task != prev;
    if (named) {
        set_task(session, from, prev);
    }
    g_mutex_unlock(&contexts->lock);
    if (named) {
        tell(session, vcpu, &from->context, &from->context);
    }
    g_mutex_lock(&contexts->lock);
    renamed = to->context.task != next;
    if (renamed) {
        set_task(session, to, next);
    }
    g_mutex_unlock(&contexts->lock);
    tell(session, vcpu, &from->context, &to->context);
}

static void task_rename(struct osi_session *session, struct osi_vcpu *vcpu,
                        const struct osi_task *task)
{
    struct entry *entry = (struct entry *)vcpu->context;

    /* Whoever is renamed by another learns it when it is switched to. */
    if (entry->known && entry->key == task->key && entry->context.task != task) {
        g_mutex_lock(&session->contexts->lock);
        set_task(session, entry, task);
        g_mutex_unlock(&session->contexts->lock);
        tell(session, vcpu, &entry->context, &entry->context);
    }
}

static void task_new(struct osi_session *session, struct osi_vcpu *vcpu,
                     const struct osi_task *task)
{
    struct osi_contexts *contexts = session->contexts;
    struct entry *child;

    g_mutex_lock(&contexts->lock);
    child = add(session, task->comm);
    set_key(contexts, child, task->key);
    set_task(session, child, task);
    g_mutex_unlock(&contexts->lock);
    if (session->tool->fork) {
        session->tool->fork(session, vcpu->index, vcpu->context, &child->context);
    }
}

void osi_contexts_event(struct osi_session *session, struct osi_vcpu *vcpu,
                        const struct osi_event *event)
{
    if (!vcpu->context) {
        return;
    }
    if (event->kind == OSI_EVENT_SCHED_SWITCH) {
        task_switch(session, vcpu, event->sched_switch.prev, event->sched_switch.next);
    } else if (event->kind == OSI_EVENT_TASK_RENAME) {
        task_rename(session, vcpu, event->task.task);
    } else if (event->kind == OSI_EVENT_TASK_NEW) {
        task_new(session, vcpu, event->task.task);
    }
}

/* ---- option switch ---- */
/* A task is what its symbol says, or its address. */
static const char *name_of(struct osi_session *session, uint64_t task)
{
    struct osi_function symbol;
    char name[32];

    if (osi_function(session, osi_function_at(session, task), &symbol) && symbol.address == task) {
        return symbol.name;
    }
    snprintf(name, sizeof(name), "task 0x%" G_GINT64_MODIFIER "x", task);
    return g_string_chunk_insert_const(session->contexts->names, name);
}

static void on_switch(struct osi_session *session, unsigned index, void *data)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    struct entry *from = (struct entry *)vcpu->context, *to;
    uint64_t prev, next;
    bool known = from->known;

    (void)data;
    if (osi_argument(session, index, 0, &prev) || osi_argument(session, index, 1, &next)) {
        return;
    }
    g_mutex_lock(&session->contexts->lock);
    to = change(session, vcpu, prev, next, name_of(session, next));
    if (from->known && !known) {
        from->context.name = name_of(session, prev);
        from->context.stage++;
    }
    g_mutex_unlock(&session->contexts->lock);
    if (from->known && !known) {
        tell(session, vcpu, &from->context, &from->context);
    }
    tell(session, vcpu, &from->context, &to->context);
}

int osi_contexts_hook(struct osi_session *session, struct osi_error *err)
{
    const char *name = osi_options_find(session->options, "switch");

    if (!name) {
        return 0;
    }
    if (!osi_functions_program(session->functions)) {
        return osi_fail(err, -EINVAL, "switch=%s: this is for a program without an operating system "
                        "whose symbols are known", name);
    }
    return osi_hook(session, name, on_switch, NULL, err) ? 0 : -ENOENT;
}

/* ---- public ---- */
struct osi_context *osi_context(const struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return vcpu ? vcpu->context : NULL;
}

unsigned osi_n_contexts(const struct osi_session *session)
{
    unsigned n;

    g_mutex_lock(&session->contexts->lock);
    n = session->contexts->all->len;
    g_mutex_unlock(&session->contexts->lock);
    return n;
}

struct osi_context *osi_context_at(const struct osi_session *session, unsigned number)
{
    struct entry *entry = NULL;

    g_mutex_lock(&session->contexts->lock);
    if (number < session->contexts->all->len) {
        entry = g_ptr_array_index(session->contexts->all, number);
    }
    g_mutex_unlock(&session->contexts->lock);
    return entry ? &entry->context : NULL;
}
