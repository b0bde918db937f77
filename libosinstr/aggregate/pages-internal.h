/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages from inside: pages.c counts, page-rows.c has the rows, page-groups.c the groups, pages-whole.c puts
 * vCPUs together, pages-report.c tells. */
#ifndef OSI_AGGREGATE_PAGES_INTERNAL_H
#define OSI_AGGREGATE_PAGES_INTERNAL_H

#include <glib.h>

#include <osinstr/pages.h>

/* Flags of an epoch: then no slot fits. */
#define EPOCH_CLOSED (1ull << 63)
#define EPOCH_ASK (1ull << 62)
#define EPOCH_FLAGS (EPOCH_CLOSED | EPOCH_ASK)
#define EPOCH_STEP (1ull << OSI_PAGE_EPOCH)

/* What a row is of, in 64 bits: KEY_DEVICE and its number, KEY_UNKNOWN, or the number of a page;
 * bit 0 is set for stores. */
#define KEY_DEVICE (1ull << 63)
#define KEY_UNKNOWN (1ull << 62)
#define KEY_STORE 1ull
#define KEY_NOTHING (KEY_UNKNOWN | 1ull << 61) /* row 0 */

#define NO_ROW UINT32_MAX /* of what is not counted */

/* Numbers of rows by key; open addressing, at most half full. */
struct page_table {
    uint64_t *keys; /* key + 1; 0: free */
    uint32_t *rows;
    size_t n, used;
};

/* A device, or a place in it, or what accesses it. */
struct device_key {
    uint32_t device;
    uint64_t at;
};

struct device_count {
    struct device_key key;
    uint64_t reads, writes, lowest; /* lowest: physical address */
};

/* The part of a vCPU that is looked at rarely. */
struct osi_pages_inside {
    struct osi_pagemap *map;
    struct osi_pages *pages;
    uint64_t places[1 << OSI_PAGE_SLOT_BITS]; /* by slot: where its page is, / 4096 */
    struct page_table known;
    uint64_t *counts, *bytes; /* by row */
    size_t n_rows;            /* that there is room for */
    GHashTable *names;        /* number + 1 of a device by its name's address */
    GHashTable *devices;      /* struct device_count */
    uint64_t random;
    uint64_t samples;
};

struct osi_pagemap {
    struct osi_pages_config config;
    unsigned page_bits;
    uint64_t weight;          /* of what is counted */
    GMutex lock;
    struct page_table table;
    GArray *keys;             /* uint64_t by row */
    GPtrArray *names;         /* of devices, by number */
    GPtrArray *vcpus;         /* struct osi_pages_inside */
    GHashTable *groups;       /* struct osi_page_group */
    uint64_t flags;           /* EPOCH_FLAGS of vCPUs that begin */
    uint64_t *counts, *bytes; /* of all vCPUs, once finished */
    GHashTable *devices;      /* struct device_count of all */
    uint64_t samples;
    char text[64];            /* of osi_pagemap_row_name() */
};

#define EACH_VCPU(map, inside)                                                                     \
    for (guint i_ = 0; i_ < (map)->vcpus->len; i_++)                                               \
        for (struct osi_pages_inside *inside = g_ptr_array_index((map)->vcpus, i_); inside;        \
             inside = NULL)

/* page-groups.c */
GHashTable *osi_page_groups_new(void);

/* page-rows.c */
void osi_page_table_free(struct page_table *table);
/* Of a page, for a vCPU: looked for in its own table, then in everybody's. */
uint32_t osi_page_row(struct osi_pages_inside *inside, uint64_t key);
uint32_t osi_page_device(struct osi_pages_inside *inside, const char *name);
GHashTable *osi_page_devices_new(void);
struct device_count *osi_page_device_count(GHashTable *devices, const struct device_key *key);

#endif
