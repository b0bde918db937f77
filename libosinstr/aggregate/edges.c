/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that are not among a block's two most common: new edges, exceptions, returns from them. */
#include <string.h>

#include "edges-internal.h"

static struct osi_edges_all *all_of(struct osi_edges *edges)
{
    return (struct osi_edges_all *)edges;
}

/* ---- life ---- */
static void free_array(void *array)
{
    g_array_unref(array);
}

struct osi_edges_world *osi_edges_world_new(const struct osi_edges_config *config)
{
    struct osi_edges_world *world = g_new0(struct osi_edges_world, 1);

    world->config = *config;
    g_mutex_init(&world->lock);
    world->kept = g_hash_table_new_full(NULL, NULL, NULL, free_array);
    return world;
}

void osi_edges_world_free(struct osi_edges_world *world)
{
    if (world) {
        g_hash_table_destroy(world->kept);
        g_mutex_clear(&world->lock);
        g_free(world);
    }
}

struct osi_edges *osi_edges_new(struct osi_edges_world *world, bool counts, bool open)
{
    struct osi_edges_all *all = g_new0(struct osi_edges_all, 1);

    all->world = world;
    all->hot.chunks = all->chunks;
    all->counts = counts;
    atomic_init(&all->open, open);
    all->kept = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    all->vectors = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    all->hot.last = counts && open ? &all->none : &all->off;
    return &all->hot;
}

void osi_edges_free(struct osi_edges *edges)
{
    struct osi_edges_all *all = all_of(edges);

    if (edges) {
        for (unsigned i = 0; i < OSI_EDGE_CHUNKS; i++) {
            g_aligned_free(all->chunks[i]);
        }
        g_array_unref(all->kept);
        g_hash_table_destroy(all->vectors);
        g_free(all->rest.slots);
        g_free(all);
    }
}

/* ---- tables ---- */
static const struct osi_edge_code *code(const struct osi_edges_all *all, uint32_t id)
{
    return all->world->config.code(all->world->config.data, id);
}

static struct osi_edge_node *node_of(struct osi_edges_all *all, uint32_t id)
{
    struct osi_edge_node **chunk = &all->chunks[id / OSI_EDGE_CHUNK];

    if (!*chunk) {
        *chunk = g_aligned_alloc0(OSI_EDGE_CHUNK, sizeof(struct osi_edge_node), 64);
    }
    (*chunk)[id % OSI_EDGE_CHUNK].id = id;
    return &(*chunk)[id % OSI_EDGE_CHUNK];
}

/* An edge whose kind its blocks tell. */
static void count_plain(struct osi_edges_all *all, uint32_t from, uint32_t to)
{
    struct osi_edge_node *node = node_of(all, from);

    for (unsigned i = 0; i < 2; i++) {
        if (node->to[i] == to || !node->to[i]) {
            node->to[i] = to;
            node->count[i]++;
            return;
        }
    }
    osi_edge_count(&all->rest, from, to, OSI_EDGE_PLAIN, 1);
}

static void count(struct osi_edges_all *all, uint32_t from, uint32_t to, enum osi_edge_kind kind)
{
    osi_edge_count(&all->rest, from, to, kind, 1);
}

/* ---- blocks kept for later ---- */
static void keep(struct osi_edges_all *all, uint32_t id)
{
    if (all->kept->len == OSI_EDGE_DEPTH) {
        g_array_remove_range(all->kept, 0, OSI_EDGE_DEPTH / 2);
    }
    g_array_append_val(all->kept, id);
}

static bool leads(const struct osi_edges_all *all, const struct osi_edge_code *from,
                  const struct osi_edge_code *to, enum osi_edge_kind *kind)
{
    return all->world->config.function ? osi_edge_leads_around(from, to, kind)
                                       : osi_edge_leads(from, to, kind);
}

/* The place of the kept block that control goes on from; -1: none. Where tasks are known only the
 * innermost can be it; else each task's are somewhere among them, and one that leads anywhere is
 * taken only if none leads just here. */
static gint find_kept(const struct osi_edges_all *all, const struct osi_edge_code *to,
                      enum osi_edge_kind *kind)
{
    gint last = (gint)all->kept->len - 1, anywhere = -1;
    enum osi_edge_kind how;

    for (gint i = last; i >= (all->tasks ? MAX(last, 0) : 0); i--) {
        if (leads(all, code(all, g_array_index(all->kept, uint32_t, i)), to, &how)) {
            bool vague = how == OSI_EDGE_RETURN || how == OSI_EDGE_JUMP_INDIRECT ||
                         how == OSI_EDGE_CALL_INDIRECT;

            if (!vague) {
                *kind = how;
                return i;
            }
            if (anywhere < 0) {
                *kind = how;
                anywhere = i;
            }
        }
    }
    return anywhere;
}

/* Goes on from a kept block; false: there is none that leads here. */
static bool resume(struct osi_edges_all *all, const struct osi_edge_code *to)
{
    enum osi_edge_kind kind;
    gint i = find_kept(all, to, &kind);

    if (i >= 0) {
        count_plain(all, g_array_index(all->kept, uint32_t, i), to->id);
        g_array_remove_index(all->kept, (guint)i);
    }
    return i >= 0;
}

/* ---- vectors ---- */
static bool could_be_vector(const struct osi_edges_config *config, uint64_t address)
{
    return !config->part &&
           (!config->vector_entry || (address & (config->vector_entry - 1)) == 0);
}

static gint64 vector_key(const struct osi_edges_config *config, uint64_t address)
{
    return (gint64)(config->vector_table ? address & ~(config->vector_table - 1) : address);
}

static bool is_vector(const struct osi_edges_all *all, uint64_t address)
{
    gint64 key = vector_key(&all->world->config, address);

    return could_be_vector(&all->world->config, address) &&
           g_hash_table_contains(all->vectors, &key);
}

/* Indirect jumps seemed to lead to it until now: these edges become exceptions. */
static void forget_in_table(struct osi_edges_all *all)
{
    struct osi_edge_table old = all->rest;

    all->rest = (struct osi_edge_table){ 0 };
    for (size_t i = 0; i < old.n; i++) {
        const struct osi_edge_slot *slot = &old.slots[i];
        bool vector = slot->count && slot->kind == OSI_EDGE_PLAIN &&
                      is_vector(all, code(all, slot->to)->address);

        if (slot->count) {
            osi_edge_count(&all->rest, slot->from, slot->to,
                           vector ? OSI_EDGE_EXCEPTION : slot->kind, slot->count);
        }
    }
    g_free(old.slots);
}

static void forget_as_successor(struct osi_edges_all *all)
{
    forget_in_table(all);
    for (unsigned i = 0; i < OSI_EDGE_CHUNKS * OSI_EDGE_CHUNK; i++) {
        struct osi_edge_node *chunk = all->chunks[i / OSI_EDGE_CHUNK];

        if (!chunk) {
            i += OSI_EDGE_CHUNK - 1;
            continue;
        }
        for (unsigned k = 0; k < 2; k++) {
            struct osi_edge_node *node = &chunk[i % OSI_EDGE_CHUNK];

            if (node->to[k] && is_vector(all, code(all, node->to[k])->address)) {
                osi_edge_count(&all->rest, node->id, node->to[k], OSI_EDGE_EXCEPTION,
                               node->count[k]);
                node->to[k] = 0;
                node->count[k] = 0;
            }
        }
    }
}

static bool learn_vector(struct osi_edges_all *all, uint64_t address)
{
    gint64 key = vector_key(&all->world->config, address);

    if (!could_be_vector(&all->world->config, address)) {
        return false;
    }
    g_hash_table_add(all->vectors, g_memdup2(&key, sizeof(key)));
    forget_as_successor(all);
    return true;
}

/* ---- a step, all code ---- */
static void returned(struct osi_edges_all *all, const struct osi_edge_code *from,
                     const struct osi_edge_code *to)
{
    if (!resume(all, to)) {
        count(all, from->id, to->id, OSI_EDGE_EXCEPTION_RETURN);
        if (all->tasks && all->kept->len) {
            g_array_set_size(all->kept, all->kept->len - 1);
        }
    }
}

static void arrive(struct osi_edges_all *all, const struct osi_edge_code *from,
                   const struct osi_edge_code *to)
{
    enum osi_edge_kind kind;
    bool vector = is_vector(all, to->address);

    if (!vector && from->ends == OSI_END_EXCEPTION_RETURN) {
        returned(all, from, to);
    } else if (!vector && osi_edge_leads(from, to, &kind)) {
        count_plain(all, from->id, to->id);
    } else if (vector || learn_vector(all, to->address)) {
        count(all, from->id, to->id, OSI_EDGE_EXCEPTION);
        if (from->ends != OSI_END_EXCEPTION_RETURN) { /* else nothing was executed between the two */
            keep(all, from->id);
        }
    } else {
        count(all, from->id, to->id,
              osi_edge_leads_around(from, to, &kind) ? OSI_EDGE_AROUND : OSI_EDGE_OTHER);
    }
}

/* ---- a step, one function ---- */
static bool leaves_function(const struct osi_edges_all *all, const struct osi_edge_code *from,
                            const struct osi_edge_code *to)
{
    const struct osi_edges_config *config = &all->world->config;
    bool outside = from->target < config->function || from->target >= config->function_end;

    switch (from->ends) {
    case OSI_END_RETURN:
    case OSI_END_EXCEPTION_RETURN:
        return true;
    case OSI_END_JUMP:
        return outside;
    case OSI_END_BRANCH:
        return outside && to->address != from->end;
    case OSI_END_JUMP_INDIRECT: /* a call in its place; later the function is entered again */
        return to->address == config->function;
    default:
        return false;
    }
}

static void arrive_in_function(struct osi_edges_all *all, const struct osi_edge_code *from,
                               const struct osi_edge_code *to)
{
    enum osi_edge_kind kind;

    if (leaves_function(all, from, to)) {
        count(all, from->id, 0, OSI_EDGE_EXIT);
        if (to->address == all->world->config.function || !resume(all, to)) {
            count(all, 0, to->id, OSI_EDGE_START);
        }
    } else if (osi_edge_leads_around(from, to, &kind)) {
        count_plain(all, from->id, to->id);
    } else if (to->address == all->world->config.function) {
        keep(all, from->id);
        count(all, 0, to->id, OSI_EDGE_START);
    } else {
        count(all, from->id, to->id, OSI_EDGE_OTHER);
    }
}

static void step(struct osi_edges_all *all, uint32_t id)
{
    struct osi_edges *edges = &all->hot;

    if (!all->counts || !atomic_load_explicit(&all->open, memory_order_relaxed)) {
        edges->last = &all->off;
        return;
    }
    if (edges->last == &all->off) { /* what was kept before the window closed is stale */
        g_array_set_size(all->kept, 0);
    }
    if (!edges->last->id) {
        count(all, 0, id, OSI_EDGE_START);
    } else if (all->world->config.function) {
        arrive_in_function(all, code(all, edges->last->id), code(all, id));
    } else {
        arrive(all, code(all, edges->last->id), code(all, id));
    }
    edges->last = node_of(all, id);
}

void osi_edges_miss(struct osi_edges *edges, uint32_t id)
{
    struct osi_edges_all *all = all_of(edges);
    struct osi_edge_slot *known = osi_edge_find(&all->rest, edges->last->id, id, OSI_EDGE_PLAIN);

    if (known && all->counts && atomic_load_explicit(&all->open, memory_order_relaxed)) {
        known->count++;
        edges->last = node_of(all, id);
    } else {
        step(all, id);
    }
}

/* ---- tasks and windows ---- */
/* Where only some code is stepped through, the block before is the task's too; all code includes the
 * switch itself, through which control runs on. */
static bool last_is_kept(const struct osi_edges_all *all)
{
    return all->world->config.function || all->world->config.part;
}

void osi_edges_task(struct osi_edges *edges, uint32_t from, uint32_t to, bool counts)
{
    struct osi_edges_all *all = all_of(edges);
    struct osi_edges_world *world = all->world;
    void *known = NULL;

    if (last_is_kept(all)) {
        g_array_append_val(all->kept, edges->last->id);
    }
    g_mutex_lock(&world->lock);
    g_hash_table_replace(world->kept, GUINT_TO_POINTER(from), all->kept);
    g_hash_table_steal_extended(world->kept, GUINT_TO_POINTER(to), NULL, &known);
    g_mutex_unlock(&world->lock);
    all->kept = known ? known : g_array_new(FALSE, FALSE, sizeof(uint32_t));
    all->tasks = true;
    all->counts = counts;
    if (last_is_kept(all)) {
        uint32_t last = 0;

        if (all->kept->len) {
            last = g_array_index(all->kept, uint32_t, all->kept->len - 1);
            g_array_set_size(all->kept, all->kept->len - 1);
        }
        edges->last = last ? node_of(all, last) : &all->none;
    } else if (edges->last == &all->off) {
        edges->last = &all->none;
    }
    if (!counts || !atomic_load(&all->open)) {
        edges->last = &all->off;
    }
}

void osi_edges_window(struct osi_edges *edges, bool open, bool own)
{
    struct osi_edges_all *all = all_of(edges);

    atomic_store_explicit(&all->open, open, memory_order_relaxed);
    if (own && !open) {
        edges->last = &all->off;
    }
}

/* ---- results ---- */
/* Returned, and did not come back. */
static void last_exit(const struct osi_edges_world *world, uint32_t last, osi_edge_fn fn, void *data)
{
    if (world->config.function && last &&
        world->config.code(world->config.data, last)->ends == OSI_END_RETURN) {
        fn(data, last, 0, OSI_EDGE_EXIT, 1);
    }
}

void osi_edges_world_each(struct osi_edges_world *world, osi_edge_fn fn, void *data)
{
    GHashTableIter iter;
    void *kept;

    g_mutex_lock(&world->lock);
    g_hash_table_iter_init(&iter, world->kept);
    while (g_hash_table_iter_next(&iter, NULL, &kept)) {
        const GArray *ids = kept;

        last_exit(world, ids->len ? g_array_index(ids, uint32_t, ids->len - 1) : 0, fn, data);
    }
    g_mutex_unlock(&world->lock);
}

void osi_edges_each(struct osi_edges *edges, osi_edge_fn fn, void *data)
{
    struct osi_edges_all *all = all_of(edges);
    enum osi_edge_kind kind;

    for (unsigned c = 0; c < OSI_EDGE_CHUNKS; c++) {
        for (unsigned i = 0; all->chunks[c] && i < 2 * OSI_EDGE_CHUNK; i++) {
            const struct osi_edge_node *node = &all->chunks[c][i / 2];

            if (node->count[i % 2] && leads(all, code(all, node->id), code(all, node->to[i % 2]), &kind)) {
                fn(data, node->id, node->to[i % 2], kind, node->count[i % 2]);
            }
        }
    }
    for (size_t i = 0; i < all->rest.n; i++) {
        const struct osi_edge_slot *slot = &all->rest.slots[i];

        kind = slot->kind;
        if (slot->count && (kind != OSI_EDGE_PLAIN ||
                            leads(all, code(all, slot->from), code(all, slot->to), &kind))) {
            fn(data, slot->from, slot->to, kind, slot->count);
        }
    }
    last_exit(all->world, edges->last->id, fn, data);
}
