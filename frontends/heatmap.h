/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kinds of heatmaps have in common. */
#ifndef HEATMAP_H
#define HEATMAP_H

#include <osinstr/heatmap.h>
#include <osinstr/heatrows.h>
#include <osinstr/osinstr.h>
#include <osinstr/pages.h>

extern const struct osi_option heatmap_options[];
extern const struct osi_tool heatmap_functions, heatmap_modules, heatmap_pages, heatmap_tasks;

/* A map as the options ask for. NULL, with *err set, if they make no sense. */
struct osi_heatmap *heatmap_new(struct osi_session *session, struct osi_error *err);
/* The map is finished and has these rows: sorts them, writes the files, states the tables. `of`: what rows
 * are, for headings; `values`: what is counted ("instructions"); `keep`: how many rows unless the option says
 * (0: all). */
void heatmap_report(struct osi_session *session, struct osi_report *out, struct osi_heatmap *map,
                    struct osi_heatrows *rows, const char *of, const char *values, size_t keep);

/* ---- accesses that are told together ---- */
struct heatmap_tell {
    osi_access_fn one; /* data: NULL */
    osi_access_fn all; /* data: for heatmap_group_of(), heatmap_group_size() */
};

/* Attaches to all accesses of a block. Any vCPU's thread. */
void heatmap_groups_attach(struct osi_pagemap *map, struct osi_block *block, const struct heatmap_tell *tell);

/* How many they are stands in the address's lowest bits: most calls need nothing else. */
static inline unsigned heatmap_group_size(const void *data)
{
    return (unsigned)((uintptr_t)data & (OSI_PAGE_GROUP_ALIGN - 1));
}

static inline const struct osi_page_group *heatmap_group_of(const void *data)
{
    return (const void *)((const char *)data - heatmap_group_size(data));
}

/* What all kinds are. */
#define HEATMAP_TOOL \
    .name = "heatmap", .summary = "which function was hot, when", .options = heatmap_options

#endif
