/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the cells at each change.
 *
 * `counted` holds, of each cell, its value at each stop minus its value at each start. The same pass
 * gives the sums from which the tasks' accounts are made, so the two agree even if the vCPU runs on
 * during the pass. */
#include <glib.h>
#include <string.h>

#include <osinstr/meter.h>

struct osi_meter {
    GMutex lock;
    osi_meter_cells_fn cells;
    void *data;
    bool counts, open, on; /* on: both, and not ended */
    const struct osi_task *task;
    uint64_t mark[OSI_METER_KINDS]; /* sums of the cells when this stretch of counting began */
    GPtrArray *counted[OSI_METER_KINDS]; /* arrays of OSI_METER_CHUNK */
    GPtrArray *accounts; /* by the task's id, 0 for none; elements may be NULL */
};

struct osi_meter *osi_meter_new(osi_meter_cells_fn cells, void *data, bool counts, bool open)
{
    struct osi_meter *meter = g_new0(struct osi_meter, 1);

    g_mutex_init(&meter->lock);
    meter->cells = cells;
    meter->data = data;
    meter->counts = counts;
    meter->open = open;
    meter->on = counts && open;
    for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
        meter->counted[kind] = g_ptr_array_new_with_free_func(g_free);
    }
    meter->accounts = g_ptr_array_new_with_free_func(g_free);
    return meter;
}

void osi_meter_free(struct osi_meter *meter)
{
    if (meter) {
        for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
            g_ptr_array_unref(meter->counted[kind]);
        }
        g_ptr_array_unref(meter->accounts);
        g_mutex_clear(&meter->lock);
        g_free(meter);
    }
}

/* ---- passes over the cells ---- */
/* Four sums at once: this is what a task switch costs. */
static uint64_t sum(const uint64_t *cells, size_t n)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;
    size_t i = 0;

    for (; i + 4 <= n; i += 4) {
        a += cells[i];
        b += cells[i + 1];
        c += cells[i + 2];
        d += cells[i + 3];
    }
    for (; i < n; i++) {
        a += cells[i];
    }
    return a + b + c + d;
}

static uint64_t *counted_chunk(struct osi_meter *meter, enum osi_meter_kind kind, size_t chunk)
{
    while (meter->counted[kind]->len <= chunk) {
        g_ptr_array_add(meter->counted[kind], g_new0(uint64_t, OSI_METER_CHUNK));
    }
    return g_ptr_array_index(meter->counted[kind], chunk);
}

/* Adds `sign` times each cell to what was counted of it; each cell is read once. */
static uint64_t sum_and_note(const uint64_t *cells, size_t n, uint64_t *counted, uint64_t sign)
{
    uint64_t all = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t value = __atomic_load_n(&cells[i], __ATOMIC_RELAXED);

        all += value;
        counted[i] += sign * value;
    }
    return all;
}

static void look(struct osi_meter *meter, uint64_t sign, uint64_t sums[OSI_METER_KINDS])
{
    const uint64_t *cells;
    size_t n;

    for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
        sums[kind] = 0;
        for (size_t chunk = 0; (n = meter->cells(meter->data, kind, chunk, &cells)) > 0; chunk++) {
            sums[kind] += sign ? sum_and_note(cells, n, counted_chunk(meter, kind, chunk), sign)
                               : sum(cells, n);
        }
    }
}

/* ---- changes ---- */
static struct osi_meter_account *account_of(struct osi_meter *meter, const struct osi_task *task)
{
    guint id = task ? task->id : 0;
    struct osi_meter_account *account;

    if (meter->accounts->len <= id) {
        g_ptr_array_set_size(meter->accounts, (gint)id + 1);
    }
    account = g_ptr_array_index(meter->accounts, id);
    if (!account) {
        account = g_new0(struct osi_meter_account, 1);
        account->task = task;
        meter->accounts->pdata[id] = account;
    }
    return account;
}

static void charge(struct osi_meter *meter, const uint64_t sums[OSI_METER_KINDS])
{
    struct osi_meter_account *account = account_of(meter, meter->task);

    for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
        account->counted[kind] += sums[kind] - meter->mark[kind];
    }
}

/* The task changes, or counting starts or stops, or both. */
static void change(struct osi_meter *meter, const struct osi_task *task, bool on)
{
    uint64_t sums[OSI_METER_KINDS];

    if (meter->on || on) {
        look(meter, meter->on == on ? 0 : on ? (uint64_t)-1 : 1, sums);
        if (meter->on) {
            charge(meter, sums);
        }
        memcpy(meter->mark, sums, sizeof(sums));
    }
    meter->on = on;
    meter->task = task;
}

void osi_meter_task(struct osi_meter *meter, const struct osi_task *task, bool counts)
{
    g_mutex_lock(&meter->lock);
    meter->counts = counts;
    change(meter, task, counts && meter->open);
    g_mutex_unlock(&meter->lock);
}

void osi_meter_window(struct osi_meter *meter, bool open)
{
    g_mutex_lock(&meter->lock);
    if (open != meter->open) {
        meter->open = open;
        change(meter, meter->task, open && meter->counts);
    }
    g_mutex_unlock(&meter->lock);
}

void osi_meter_end(struct osi_meter *meter)
{
    g_mutex_lock(&meter->lock);
    change(meter, meter->task, false);
    meter->counts = false;
    g_mutex_unlock(&meter->lock);
}

/* ---- results ---- */
uint64_t osi_meter_counted(const struct osi_meter *meter, enum osi_meter_kind kind, size_t index)
{
    size_t chunk = index / OSI_METER_CHUNK;

    return chunk < meter->counted[kind]->len
               ? ((uint64_t *)g_ptr_array_index(meter->counted[kind], chunk))[index % OSI_METER_CHUNK]
               : 0;
}

const struct osi_meter_account *osi_meter_account(const struct osi_meter *meter, size_t n)
{
    for (guint i = 0; i < meter->accounts->len; i++) {
        const struct osi_meter_account *account = g_ptr_array_index(meter->accounts, i);

        if (account && n-- == 0) {
            return account;
        }
    }
    return NULL;
}
