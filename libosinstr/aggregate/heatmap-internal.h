/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps from inside: heatmap.c fills them, heatmap-files.c writes them. */
#ifndef OSI_AGGREGATE_HEATMAP_INTERNAL_H
#define OSI_AGGREGATE_HEATMAP_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

#include <osinstr/heatmap.h>

struct heat_cell {
    uint64_t value; /* not 0 */
    uint32_t row;
};

/* A bucket of a lane: cells by row. Most rows have nothing in most buckets. */
struct heat_column {
    struct heat_cell *cells;
    size_t n;
};

struct osi_heatlane {
    unsigned max_buckets;
    uint64_t width;
    unsigned doubled;
    struct heat_column *columns; /* max_buckets */
    size_t current;    /* bucket of the last time */
    uint64_t *base;    /* what the counters stood at when it began */
    struct heat_cell *grown; /* the counters that grew, while they are looked at; room for all */
    size_t n_base, n_grown;
    bool marked;       /* `base` is what the counters stood at when the next bucket began */
};

/* What is in `add` too is in `to`; `add` is empty afterwards. Both are in order of rows. */
void heat_join(struct heat_column *to, struct heat_column *add);
/* Buckets twice as wide. */
void heat_make_wider(struct osi_heatlane *lane);

#define EACH_LANE(map, lane, vcpu)                                                                 \
    for (guint vcpu = 0; vcpu < (map)->lanes->len; vcpu++)                                         \
        for (struct osi_heatlane *lane = g_ptr_array_index((map)->lanes, vcpu); lane; lane = NULL)

struct osi_heatmap {
    unsigned max_buckets;
    uint64_t width;
    GMutex lock;       /* for making lanes */
    GPtrArray *lanes;  /* struct osi_heatlane by vCPU; NULL: none */
};

#endif
