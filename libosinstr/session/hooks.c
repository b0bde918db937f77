/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of function hooks. */
#include <glib.h>
#include <string.h>

#include "session/hooks.h"

struct table {
    size_t n;
    struct osi_hook_entry entries[];
};

struct osi_hooks {
    _Atomic(struct table *) current;
    GMutex lock;
    GPtrArray *tables; /* every table ever published */
    GPtrArray *hooks;
};

static void publish(struct osi_hooks *hooks, struct table *table)
{
    g_ptr_array_add(hooks->tables, table);
    atomic_store_explicit(&hooks->current, table, memory_order_release);
}

static struct table *table_new(size_t n)
{
    struct table *table = g_malloc0(sizeof(*table) + n * sizeof(table->entries[0]));

    table->n = n;
    return table;
}

struct osi_hooks *osi_hooks_new(void)
{
    struct osi_hooks *hooks = g_new0(struct osi_hooks, 1);

    g_mutex_init(&hooks->lock);
    hooks->tables = g_ptr_array_new_with_free_func(g_free);
    hooks->hooks = g_ptr_array_new_with_free_func(g_free);
    publish(hooks, table_new(0));
    return hooks;
}

void osi_hooks_free(struct osi_hooks *hooks)
{
    if (hooks) {
        g_ptr_array_unref(hooks->tables);
        g_ptr_array_unref(hooks->hooks);
        g_mutex_clear(&hooks->lock);
        g_free(hooks);
    }
}

static int by_address(const void *a, const void *b)
{
    const struct osi_hook_entry *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

struct osi_hook *osi_hooks_add(struct osi_hooks *hooks, const uint64_t *addresses, size_t n,
                               osi_hook_fn fn, void *data)
{
    struct osi_hook *hook = g_new0(struct osi_hook, 1);
    struct table *old, *table;

    hook->fn = fn;
    hook->data = data;
    atomic_init(&hook->enabled, true);
    g_mutex_lock(&hooks->lock);
    hook->number = hooks->hooks->len;
    g_ptr_array_add(hooks->hooks, hook);
    old = atomic_load_explicit(&hooks->current, memory_order_relaxed);
    table = table_new(old->n + n);
    memcpy(table->entries, old->entries, old->n * sizeof(old->entries[0]));
    for (size_t i = 0; i < n; i++) {
        table->entries[old->n + i] = (struct osi_hook_entry){ addresses[i], hook };
    }
    qsort(table->entries, table->n, sizeof(table->entries[0]), by_address);
    publish(hooks, table);
    g_mutex_unlock(&hooks->lock);
    return hook;
}

void osi_hooks_clear(struct osi_hooks *hooks)
{
    g_mutex_lock(&hooks->lock);
    publish(hooks, table_new(0));
    g_mutex_unlock(&hooks->lock);
}

const struct osi_hook_entry *osi_hooks_from(const struct osi_hooks *hooks, uint64_t from, size_t *n)
{
    const struct table *table = atomic_load_explicit(&hooks->current, memory_order_acquire);
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->entries[middle].address < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *n = table->n - low;
    return table->entries + low;
}
