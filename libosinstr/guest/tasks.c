/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of tasks. */
#include <glib.h>
#include <string.h>

#include "guest/tasks.h"

struct osi_tasks {
    GMutex lock;
    GHashTable *by_address; /* uint64_t in the task -> its current stage */
    GPtrArray *all;
};

struct osi_tasks *osi_tasks_new(void)
{
    struct osi_tasks *tasks = g_new0(struct osi_tasks, 1);

    g_mutex_init(&tasks->lock);
    tasks->by_address = g_hash_table_new(g_int64_hash, g_int64_equal);
    tasks->all = g_ptr_array_new_with_free_func(g_free);
    return tasks;
}

void osi_tasks_free(struct osi_tasks *tasks)
{
    if (tasks) {
        g_hash_table_unref(tasks->by_address);
        g_ptr_array_unref(tasks->all);
        g_mutex_clear(&tasks->lock);
        g_free(tasks);
    }
}

/* Task structures are large and aligned: the bits in the middle tell them apart. */
static unsigned slot_of(uint64_t address)
{
    return (unsigned)((address >> 6) ^ (address >> 12)) & (OSI_TASK_CACHE - 1);
}

struct osi_linux_task *osi_tasks_find(struct osi_tasks *tasks, struct osi_linux_vcpu *vcpu,
                                      uint64_t address)
{
    struct osi_linux_task **slot = &vcpu->cache[slot_of(address)];
    struct osi_linux_task *task = *slot;

    if (task && task->task.address == address &&
        !atomic_load_explicit(&task->stale, memory_order_acquire)) {
        return task;
    }
    g_mutex_lock(&tasks->lock);
    task = g_hash_table_lookup(tasks->by_address, &address);
    g_mutex_unlock(&tasks->lock);
    if (task) {
        *slot = task;
    }
    return task;
}

static void retire(struct osi_tasks *tasks, uint64_t address)
{
    struct osi_linux_task *old = g_hash_table_lookup(tasks->by_address, &address);

    if (old) {
        g_hash_table_remove(tasks->by_address, &address);
        atomic_store_explicit(&old->stale, true, memory_order_release);
    }
}

struct osi_linux_task *osi_tasks_add(struct osi_tasks *tasks, uint64_t address, uint32_t pid,
                                     uint32_t tgid, uint32_t key, const char *comm)
{
    struct osi_linux_task *task = g_new0(struct osi_linux_task, 1);

    task->task = (struct osi_task){ .pid = pid, .tgid = tgid, .address = address };
    g_strlcpy(task->task.comm, comm, sizeof(task->task.comm));
    g_mutex_lock(&tasks->lock);
    retire(tasks, address);
    g_ptr_array_add(tasks->all, task);
    task->task.id = tasks->all->len;
    task->task.key = key ? key : task->task.id;
    g_hash_table_insert(tasks->by_address, &task->task.address, task);
    g_mutex_unlock(&tasks->lock);
    return task;
}

void osi_tasks_forget(struct osi_tasks *tasks, uint64_t address)
{
    g_mutex_lock(&tasks->lock);
    retire(tasks, address);
    g_mutex_unlock(&tasks->lock);
}

void osi_tasks_forget_all(struct osi_tasks *tasks)
{
    g_mutex_lock(&tasks->lock);
    for (guint i = 0; i < tasks->all->len; i++) {
        struct osi_linux_task *task = g_ptr_array_index(tasks->all, i);

        atomic_store_explicit(&task->stale, true, memory_order_release);
    }
    g_hash_table_remove_all(tasks->by_address);
    g_mutex_unlock(&tasks->lock);
}

uint64_t osi_tasks_count(const struct osi_tasks *tasks)
{
    return tasks->all->len;
}
