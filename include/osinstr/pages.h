/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_pagemap: which pages of memory and which devices were accessed, and how often.
 *
 * Each vCPU has a struct osi_pages of its own and tells it every access. Where an access went is
 * asked of the map's user once per page, kind of access and epoch; all others are a look at a
 * slot. An epoch of a vCPU ends with osi_pagemap_moved() or osi_pages_moved(), when its addresses
 * may mean something else from there on. Devices are asked for each time; what is stored to one
 * ends the epoch of all, as it can change what memory is where.
 *
 * Rows are what is counted: a page's reads, its writes, a device's. Their numbers are dense, one
 * for all vCPUs, and begin at 1: row 0 is left to the map's user. A row that a vCPU knows is found
 * without a lock.
 *
 * With `sample` = N each access is counted with the probability 1 / N, and then as N accesses:
 * every sum is right on average, but for what osi_pages_miss_group() says. A sum S has a standard error of about
 * sqrt(S (N - 1)).
 *
 * What says "vCPU thread" belongs to the thread of its vCPU; the rest to one thread, when no vCPU
 * tells any more, unless it says otherwise.
 */
#ifndef OSINSTR_PAGES_H
#define OSINSTR_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_pagemap;
struct osi_report;

/* Where an access went. */
struct osi_page_place {
    uint64_t address;   /* as rows have it: physical or virtual */
    const char *device; /* the device's name, of interned text; NULL: memory */
    uint64_t physical;  /* of a device */
    unsigned size;      /* bytes, a power of two */
    bool store;
    bool known;         /* false: nobody knows the address */
};

enum osi_pages_devices {
    OSI_DEVICES_WHOLE,   /* each device as one */
    OSI_DEVICES_ADDRESS, /* devices.csv by physical address */
    OSI_DEVICES_PC,      /* by the instruction's address */
};

struct osi_pages_config {
    /* Tells where an access of this moment went; vCPU thread. The answer for an `access` is the
     * same for all addresses of the same 4 KiB during an epoch, unless it is a device. */
    void (*place)(void *data, uint32_t access, uint64_t address, struct osi_page_place *place);
    void *data;
    uint64_t page_size;    /* of rows: a power of two from 4096 on */
    uint64_t from, to;     /* only these addresses, `to` not included; to = 0: all */
    enum osi_pages_devices devices;
    bool closed;           /* begins with osi_pagemap_window(…, false) */
    bool ask;              /* nobody tells when an epoch ends: each access is asked for */
    uint64_t sample, seed; /* 0 or 1: each access */
};

/* ---- of a vCPU ---- */
#define OSI_PAGE_SLOT_BITS 11
#define OSI_PAGE_EPOCH 20 /* bit of `epoch`; those below are for `access` */

struct osi_page_slot {
    uint64_t page; /* virtual address / 4096 */
    uint64_t tag;  /* epoch and access */
    uint64_t count;
    uint32_t row;
    uint32_t size; /* log2 of bytes */
};

/* All zero at first. Only the functions below look inside. */
struct osi_pages {
    uint64_t epoch;   /* flags at its top; atomic */
    struct osi_pages_inside *inside;
    bool flushing;
    struct osi_page_slot slots[1 << OSI_PAGE_SLOT_BITS];
};

static inline struct osi_page_slot *osi_page_slot(struct osi_pages *pages, uint32_t access,
                                                  uint64_t address)
{
    uint64_t hash = (address >> 12 ^ (uint64_t)access << 36) * 0x9e3779b97f4a7c15ull;

    return &pages->slots[hash >> (64 - OSI_PAGE_SLOT_BITS)];
}

/* An access was made. False: osi_pages_miss() must be told. vCPU thread. */
static inline bool osi_pages_known(struct osi_pages *pages, uint32_t access, uint64_t address)
{
    uint64_t tag = __atomic_load_n(&pages->epoch, __ATOMIC_RELAXED) | access;
    struct osi_page_slot *slot = osi_page_slot(pages, access, address);

    if (__builtin_expect(slot->page == address >> 12 && slot->tag == tag, 1)) {
        slot->count++;
        return true;
    }
    return false;
}

/* The same for a map that samples: `left` is 0 at first, then what osi_pages_miss() returned last. */
static inline bool osi_pages_passed(int64_t *left)
{
    return __builtin_expect(--*left >= 0, 1);
}

/* `pc`: of the instruction, where the map wants it. Returns how many accesses to pass over before the
 * next, for a map that samples. */
int64_t osi_pages_miss(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu,
                       uint32_t access, uint64_t address, uint64_t pc);

/* Accesses of one block, from one register without a change between, so that one call tells of all: the first of them.
 * For a map that samples. */
#define OSI_PAGE_GROUP 15
#define OSI_PAGE_GROUP_ALIGN 16
struct osi_page_group {
    uint32_t n;
    struct {
        int16_t distance; /* from the first's address */
        uint8_t size;     /* bytes */
        bool store;
    } members[OSI_PAGE_GROUP];
};

/* The map's own object with this content, at an address that is a multiple of OSI_PAGE_GROUP_ALIGN; lives as long as the map.
 * Compares all bytes: clear what is unused. Any thread. */
const struct osi_page_group *osi_pagemap_group(struct osi_pagemap *map, const struct osi_page_group *group);

/* As osi_pages_passed(): `n` of them. */
static inline bool osi_pages_passed_all(int64_t *left, unsigned n)
{
    return __builtin_expect((*left -= n) >= 0, 1);
}

/* `access`, `address`: of the first; `left`: after all of the group were passed, less than 0. Returns what is left then. The
 * sample of a member that lies beyond the first's 4 KiB goes to the first, for nobody knows where that page is. */
int64_t osi_pages_miss_group(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu, uint32_t access,
                             uint64_t address, const struct osi_page_group *group, int64_t left);

/* From here on addresses may mean something else for this vCPU. vCPU thread. */
static inline void osi_pages_moved(struct osi_pages *pages)
{
    __atomic_fetch_add(&pages->epoch, 1ull << OSI_PAGE_EPOCH, __ATOMIC_RELEASE);
}

/* This vCPU tells all to forget translations. Others forget until the barrier that follows, so
 * that is where their epochs end for good. vCPU thread. */
void osi_pages_flush(struct osi_pagemap *map, struct osi_pages *pages);
void osi_pages_barrier(struct osi_pagemap *map, struct osi_pages *pages);

/* What its rows stand at, 0 to *n - 1, for osi_heatlane_at(). Valid until the next access. vCPU
 * thread. */
const uint64_t *osi_pages_counts(struct osi_pages *pages, size_t *n);

/* ---- of all ---- */
struct osi_pagemap *osi_pagemap_new(const struct osi_pages_config *config);
void osi_pagemap_free(struct osi_pagemap *map); /* NULL is allowed */
/* For all vCPUs addresses may mean something else. Any thread. */
void osi_pagemap_moved(struct osi_pagemap *map);
/* From now on nobody tells when that is. Any thread. */
void osi_pagemap_ask(struct osi_pagemap *map);
/* Does what comes count? Any thread. */
void osi_pagemap_window(struct osi_pagemap *map, bool open);

/* The vCPUs have ended: before any of what follows. */
void osi_pagemap_finish(struct osi_pagemap *map);
size_t osi_pagemap_rows(const struct osi_pagemap *map);
/* "0x40080000 read", "[pl011] write"; `map` is the data of an osi_heatmap_name. */
const char *osi_pagemap_row_name(void *map, uint32_t row);
/* Facts and tables: the `top` pages, all devices. The sum of all accesses is the heatmap's to
 * tell. */
void osi_pagemap_report(struct osi_pagemap *map, struct osi_report *report, size_t top);
/* All pages by address, all devices by name. 0 or -errno; the stream is flushed and stays open. */
int osi_pagemap_csv(struct osi_pagemap *map, FILE *stream);
int osi_pagemap_devices_csv(struct osi_pagemap *map, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
