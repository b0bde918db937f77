/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From translated blocks and their edges to basic blocks.
 *
 *   cut     at all starts and ends
 *   flow    each translated block runs through its pieces; its edges leave its last
 *   join    pieces that only follow each other */
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/cfg.h>

/* A translated block. */
struct code {
    uint32_t id;
    uint64_t start, end, executions;
    bool runs_on; /* its last instruction leads nowhere else */
};

/* Between two of them. */
struct link {
    uint32_t from, to;
    enum osi_edge_kind kind;
    uint64_t count;
};

struct osi_cfg {
    GArray *codes, *links;
    GHashTable *by_id; /* index + 1 in codes */
    GArray *blocks, *edges; /* the graph */
};

struct osi_cfg *osi_cfg_new(void)
{
    struct osi_cfg *cfg = g_new0(struct osi_cfg, 1);

    cfg->codes = g_array_new(FALSE, FALSE, sizeof(struct code));
    cfg->links = g_array_new(FALSE, FALSE, sizeof(struct link));
    cfg->by_id = g_hash_table_new(NULL, NULL);
    cfg->blocks = g_array_new(FALSE, FALSE, sizeof(struct osi_cfg_block));
    cfg->edges = g_array_new(FALSE, FALSE, sizeof(struct osi_cfg_edge));
    return cfg;
}

void osi_cfg_free(struct osi_cfg *cfg)
{
    if (cfg) {
        g_array_unref(cfg->codes);
        g_array_unref(cfg->links);
        g_array_unref(cfg->blocks);
        g_array_unref(cfg->edges);
        g_hash_table_destroy(cfg->by_id);
        g_free(cfg);
    }
}

void osi_cfg_code(struct osi_cfg *cfg, const struct osi_edge_code *code, uint64_t executions)
{
    struct code one = { code->id, code->address, code->end, executions,
                        code->ends == OSI_END_NEXT };

    g_array_append_val(cfg->codes, one);
    g_hash_table_insert(cfg->by_id, GUINT_TO_POINTER(code->id),
                        GUINT_TO_POINTER(cfg->codes->len));
}

void osi_cfg_add(struct osi_cfg *cfg, uint32_t from, uint32_t to, enum osi_edge_kind kind,
                 uint64_t count)
{
    struct link link = { from, to, kind, count };

    g_array_append_val(cfg->links, link);
}

static struct code *code_of(const struct osi_cfg *cfg, uint32_t id)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(cfg->by_id, GUINT_TO_POINTER(id)));

    return index ? &g_array_index(cfg->codes, struct code, index - 1) : NULL;
}

static struct osi_cfg_block *block(const struct osi_cfg *cfg, size_t n)
{
    return &g_array_index(cfg->blocks, struct osi_cfg_block, n);
}

/* ---- cut ---- */
static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void cut(struct osi_cfg *cfg)
{
    GArray *cuts = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    for (guint i = 0; i < cfg->codes->len; i++) {
        const struct code *code = &g_array_index(cfg->codes, struct code, i);

        g_array_append_val(cuts, code->start);
        g_array_append_val(cuts, code->end);
    }
    qsort(cuts->data, cuts->len, sizeof(uint64_t), by_value);
    for (guint i = 0; i + 1 < cuts->len; i++) {
        struct osi_cfg_block piece = { g_array_index(cuts, uint64_t, i),
                                       g_array_index(cuts, uint64_t, i + 1), 0 };

        if (piece.start != piece.end) {
            g_array_append_val(cfg->blocks, piece); /* also gaps; they never run */
        }
    }
    g_array_unref(cuts);
}

/* The piece that begins at this address. */
static size_t piece_at(const struct osi_cfg *cfg, uint64_t address)
{
    size_t low = 0, high = cfg->blocks->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (block(cfg, middle)->start < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- flow ---- */
static void edge(struct osi_cfg *cfg, size_t from, size_t to, enum osi_edge_kind kind, uint64_t count)
{
    struct osi_cfg_edge one = { from, to, kind, count };

    if (count) {
        g_array_append_val(cfg->edges, one);
    }
}

/* How often the block was left at or before this address, to begin there again. */
static uint64_t left_before(const struct osi_cfg *cfg, const struct code *code, uint64_t address)
{
    uint64_t sum = 0;

    for (guint i = 0; i < cfg->links->len; i++) {
        const struct link *link = &g_array_index(cfg->links, struct link, i);
        const struct code *to = code_of(cfg, link->to);

        if (link->kind == OSI_EDGE_RESTART && link->from == code->id && to && to->start <= address) {
            sum += link->count;
        }
    }
    return sum;
}

static void flow_through(struct osi_cfg *cfg, const struct code *code)
{
    size_t i = piece_at(cfg, code->start);

    for (; i < cfg->blocks->len && block(cfg, i)->end <= code->end; i++) {
        uint64_t count = code->executions - left_before(cfg, code, block(cfg, i)->start);

        block(cfg, i)->executions += count;
        if (block(cfg, i)->start != code->start) {
            edge(cfg, i - 1, i, OSI_EDGE_NEXT, count);
        }
    }
}

static void flow_along(struct osi_cfg *cfg, const struct link *link)
{
    const struct code *from = code_of(cfg, link->from), *to = code_of(cfg, link->to);
    size_t source = from ? piece_at(cfg, from->end) - 1 : OSI_CFG_OUTSIDE;
    size_t target = to ? piece_at(cfg, to->start) : OSI_CFG_OUTSIDE;

    if (link->kind != OSI_EDGE_RESTART) {
        edge(cfg, source, target, link->kind, link->count);
    } else if (from && to && from->start != to->start) {
        edge(cfg, target - 1, target, OSI_EDGE_NEXT, link->count);
    }
}

static int by_ends(const void *a, const void *b)
{
    const struct osi_cfg_edge *x = a, *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    if (x->to != y->to) {
        return x->to < y->to ? -1 : 1;
    }
    return (int)x->kind - (int)y->kind;
}

/* Sorted, each once. */
static void settle(struct osi_cfg *cfg)
{
    struct osi_cfg_edge *all = (struct osi_cfg_edge *)cfg->edges->data;
    guint n = 0;

    if (!cfg->edges->len) {
        return;
    }
    qsort(all, cfg->edges->len, sizeof(all[0]), by_ends);
    for (guint i = 0; i < cfg->edges->len; i++) {
        if (n && by_ends(&all[n - 1], &all[i]) == 0) {
            all[n - 1].count += all[i].count;
        } else {
            all[n++] = all[i];
        }
    }
    g_array_set_size(cfg->edges, n);
}

/* ---- join ---- */
/* Into or out of each piece: how many edges, and is the one that runs on to the next among them? Not
 * across an instruction that could have led elsewhere. */
static void degrees(const struct osi_cfg *cfg, unsigned *in, unsigned *out, bool *on)
{
    for (guint i = 0; i < cfg->edges->len; i++) {
        const struct osi_cfg_edge *e = &g_array_index(cfg->edges, struct osi_cfg_edge, i);

        if (e->to != OSI_CFG_OUTSIDE) {
            in[e->to]++;
        }
        if (e->from != OSI_CFG_OUTSIDE) {
            out[e->from]++;
            on[e->from] |= e->kind == OSI_EDGE_NEXT && e->to == e->from + 1;
        }
    }
    for (guint i = 0; i < cfg->codes->len; i++) {
        const struct code *code = &g_array_index(cfg->codes, struct code, i);

        on[piece_at(cfg, code->end) - 1] &= code->runs_on;
    }
}

/* number[i]: the block that piece i becomes part of; OUTSIDE: a gap. */
static void join_pieces(struct osi_cfg *cfg, size_t *number)
{
    guint n = cfg->blocks->len, made = 0;
    unsigned *in = g_new0(unsigned, n), *out = g_new0(unsigned, n);
    bool *on = g_new0(bool, n);

    degrees(cfg, in, out, on);
    for (guint i = 0; i < n; i++) {
        const struct osi_cfg_block piece = *block(cfg, i);

        if (!piece.executions) {
            number[i] = OSI_CFG_OUTSIDE;
        } else if (i && made && number[i - 1] != OSI_CFG_OUTSIDE && on[i - 1] && out[i - 1] == 1 &&
                   in[i] == 1 && block(cfg, made - 1)->executions == piece.executions) {
            block(cfg, made - 1)->end = piece.end;
            number[i] = made - 1;
        } else {
            *block(cfg, made) = piece;
            number[i] = made++;
        }
    }
    g_array_set_size(cfg->blocks, made);
    g_free(in);
    g_free(out);
    g_free(on);
}

static void join(struct osi_cfg *cfg)
{
    size_t *number = g_new0(size_t, cfg->blocks->len + 1);
    struct osi_cfg_edge *all = (struct osi_cfg_edge *)cfg->edges->data;
    guint n = 0;

    join_pieces(cfg, number);
    for (guint i = 0; i < cfg->edges->len; i++) {
        struct osi_cfg_edge e = all[i];
        bool inner = e.from != OSI_CFG_OUTSIDE && e.to == e.from + 1 && e.kind == OSI_EDGE_NEXT &&
                     number[e.from] == number[e.to];

        e.from = e.from == OSI_CFG_OUTSIDE ? e.from : number[e.from];
        e.to = e.to == OSI_CFG_OUTSIDE ? e.to : number[e.to];
        if (!inner) {
            all[n++] = e;
        }
    }
    g_array_set_size(cfg->edges, n);
    g_free(number);
}

void osi_cfg_make(struct osi_cfg *cfg)
{
    cut(cfg);
    for (guint i = 0; i < cfg->codes->len; i++) {
        flow_through(cfg, &g_array_index(cfg->codes, struct code, i));
    }
    for (guint i = 0; i < cfg->links->len; i++) {
        flow_along(cfg, &g_array_index(cfg->links, struct link, i));
    }
    settle(cfg);
    join(cfg);
}

/* ---- results ---- */
size_t osi_cfg_n_blocks(const struct osi_cfg *cfg)
{
    return cfg->blocks->len;
}

const struct osi_cfg_block *osi_cfg_block(const struct osi_cfg *cfg, size_t n)
{
    return n < cfg->blocks->len ? block(cfg, n) : NULL;
}

size_t osi_cfg_n_edges(const struct osi_cfg *cfg)
{
    return cfg->edges->len;
}

const struct osi_cfg_edge *osi_cfg_edge(const struct osi_cfg *cfg, size_t n)
{
    return n < cfg->edges->len ? &g_array_index(cfg->edges, struct osi_cfg_edge, n) : NULL;
}
