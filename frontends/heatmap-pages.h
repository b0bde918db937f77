/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap, of=pages: what all accesses and samples of them have in common. */
#ifndef HEATMAP_PAGES_H
#define HEATMAP_PAGES_H

#include "heatmap.h"

#define HEATMAP_MAX_VCPUS 1024u /* of .shards; a program can have more threads */

/* Of a vCPU. */
struct heatmap_pages_shard {
    struct osi_pages pages; /* first: heatmap_all_pages.shards are taken for these */
    struct osi_heatlane *lane;
};

struct heatmap_pages {
    struct osi_session *session;
    void *const *shards;
    struct osi_pagemap *map;
    struct osi_heatmap *heat;
    bool virtual_rows, system, by_pc;
};

extern struct heatmap_pages heatmap_all_pages;

int heatmap_pages_start(struct osi_session *session, struct osi_error *err);
uint64_t heatmap_pages_tick(struct osi_session *session, unsigned vcpu, uint64_t time);
void heatmap_pages_idle(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to);
void heatmap_pages_window(struct osi_session *session, unsigned vcpu, bool open);
void heatmap_pages_report(struct osi_session *session, struct osi_report *report);
void heatmap_pages_stop(struct osi_session *session);

/* heatmap-samples.c: of=pages as these options have it, with sample=. */
const struct osi_tool *heatmap_samples(const struct osi_session *session);

#define HEATMAP_PAGES_TOOL \
    HEATMAP_TOOL, .shard_size = sizeof(struct heatmap_pages_shard), .start = heatmap_pages_start, .tick = heatmap_pages_tick, \
    .idle = heatmap_pages_idle, .window = heatmap_pages_window, .report = heatmap_pages_report, \
    .stop = heatmap_pages_stop

#endif
