/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks as Perfetto is told of them. */
#include "perfetto.h"

/* Threads that stand for others; above all that Linux numbers (4 Mi). */
#define OTHERS (EXPORT_OTHER_PID - 1023)
#define UNKNOWN (EXPORT_OTHER_PID - 2047)
#define UNKNOWN_COMM "<...>"

void pf_tasks_init(struct pf_tasks *tasks)
{
    tasks->by_id = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    tasks->stands = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    tasks->lives = g_hash_table_new(NULL, NULL);
    tasks->tids = g_hash_table_new(NULL, NULL);
}

void pf_tasks_clear(struct pf_tasks *tasks)
{
    g_hash_table_destroy(tasks->by_id);
    g_hash_table_destroy(tasks->stands);
    g_hash_table_destroy(tasks->lives);
    g_hash_table_destroy(tasks->tids);
}

static struct pf_task *make(int32_t tid, int32_t tgid, uint32_t key, const char *comm)
{
    struct pf_task *task = g_new0(struct pf_task, 1);
    char *valid = g_utf8_make_valid(comm, -1);

    task->tid = tid;
    task->tgid = tgid;
    task->key = key;
    g_strlcpy(task->comm, valid, sizeof(task->comm));
    task->length = (uint8_t)strlen(task->comm);
    g_free(valid);
    return task;
}

static struct pf_task *stand_in(struct pf_tasks *tasks, int32_t first, uint32_t cpu,
                                const char *comm)
{
    int32_t tid = first + (int32_t)(cpu & 1023);
    struct pf_task *task = g_hash_table_lookup(tasks->stands, GINT_TO_POINTER(tid));

    if (!task) {
        task = make(tid, tid, 0, comm);
        g_hash_table_insert(tasks->stands, GINT_TO_POINTER(tid), task);
    }
    return task;
}

struct pf_task *pf_task(struct pf_tasks *tasks, const struct osi_task *task, uint32_t cpu)
{
    struct pf_task *known;

    if (!task) {
        return stand_in(tasks, UNKNOWN, cpu, UNKNOWN_COMM);
    }
    if (task->id == 0) {
        return stand_in(tasks, OTHERS, cpu, EXPORT_OTHER_COMM);
    }
    known = g_hash_table_lookup(tasks->by_id, GUINT_TO_POINTER(task->id));
    if (!known) {
        known = make((int32_t)task->pid, (int32_t)task->tgid, task->key, task->comm);
        g_hash_table_insert(tasks->by_id, GUINT_TO_POINTER(task->id), known);
    }
    return known;
}

bool pf_task_is_new(struct pf_tasks *tasks, struct pf_task *task)
{
    if (task->told) {
        return false;
    }
    task->told = true;
    return !task->key || g_hash_table_add(tasks->lives, GUINT_TO_POINTER(task->key));
}
