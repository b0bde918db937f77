/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses by page and device.
 *
 * A slot keeps the count of its page until it is needed for another, or somebody asks: that is one
 * cache line for an access. */
#include <math.h>

#include "aggregate/pages-internal.h"

/* ---- epochs ---- */
void osi_pagemap_moved(struct osi_pagemap *map)
{
    g_mutex_lock(&map->lock);
    EACH_VCPU (map, inside) {
        osi_pages_moved(inside->pages);
    }
    g_mutex_unlock(&map->lock);
}

static void set_flag(struct osi_pagemap *map, uint64_t flag, bool on)
{
    g_mutex_lock(&map->lock);
    map->flags = on ? map->flags | flag : map->flags & ~flag;
    EACH_VCPU (map, inside) {
        if (on) {
            __atomic_fetch_or(&inside->pages->epoch, flag, __ATOMIC_RELEASE);
        } else {
            __atomic_fetch_and(&inside->pages->epoch, ~flag, __ATOMIC_RELEASE);
        }
    }
    g_mutex_unlock(&map->lock);
}

void osi_pagemap_ask(struct osi_pagemap *map)
{
    set_flag(map, EPOCH_ASK, true);
}

/* While it was closed, nobody looked at what moved. */
void osi_pagemap_window(struct osi_pagemap *map, bool open)
{
    if (open) {
        osi_pagemap_moved(map);
    }
    set_flag(map, EPOCH_CLOSED, !open);
}

void osi_pages_flush(struct osi_pagemap *map, struct osi_pages *pages)
{
    pages->flushing = true;
    osi_pagemap_moved(map);
}

void osi_pages_barrier(struct osi_pagemap *map, struct osi_pages *pages)
{
    if (pages->flushing) {
        pages->flushing = false;
        osi_pagemap_moved(map);
    }
}

/* ---- counting ---- */
static void settle(struct osi_pages_inside *inside, struct osi_page_slot *slot)
{
    if (slot->count && slot->row != NO_ROW) {
        inside->counts[slot->row] += slot->count;
        inside->bytes[slot->row] += slot->count << slot->size;
    }
    slot->count = 0;
}

static void count_device(struct osi_pages_inside *inside, const struct osi_page_place *place,
                         uint32_t device, uint64_t pc)
{
    const struct osi_pagemap *map = inside->map;
    struct device_key key = { device, map->config.devices == OSI_DEVICES_ADDRESS ? place->physical
                                      : map->config.devices == OSI_DEVICES_PC    ? pc
                                                                                 : 0 };
    struct device_count *count = osi_page_device_count(inside->devices, &key);

    count->lowest = MIN(count->lowest, place->physical);
    *(place->store ? &count->writes : &count->reads) += map->weight;
}

static bool is_wanted(const struct osi_pagemap *map, uint64_t address)
{
    return !map->config.to || (address >= map->config.from && address < map->config.to);
}

/* Are all of these 4 KiB wanted, or none? */
static bool is_alike(const struct osi_pagemap *map, uint64_t address)
{
    uint64_t first = address & ~0xfffull, last = address | 0xfff;

    return is_wanted(map, first) == is_wanted(map, last) &&
           (map->config.from <= first || map->config.from > last);
}

static uint32_t row_of(struct osi_pages_inside *inside, const struct osi_page_place *place,
                       uint64_t pc)
{
    const struct osi_pagemap *map = inside->map;
    uint64_t key = place->store ? KEY_STORE : 0;

    if (!place->known) {
        return osi_page_row(inside, key | KEY_UNKNOWN);
    }
    if (!is_wanted(map, place->address)) {
        return NO_ROW;
    }
    if (place->device) {
        uint32_t device = osi_page_device(inside, place->device);

        count_device(inside, place, device, pc);
        return osi_page_row(inside, key | KEY_DEVICE | (uint64_t)device << 1);
    }
    return osi_page_row(inside, key | place->address >> map->page_bits << 1);
}

/* One access of this size went there. */
static void count(struct osi_pages_inside *inside, const struct osi_page_place *place, uint64_t pc)
{
    uint32_t row = row_of(inside, place, pc);

    if (row != NO_ROW) {
        inside->counts[row] += inside->map->weight;
        inside->bytes[row] += inside->map->weight * place->size;
    }
}

/* ---- sampling ---- */
/* splitmix64 */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t bits = *state += 0x9e3779b97f4a7c15ull;

    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9ull;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebull;
    return bits ^ bits >> 31;
}

/* How many accesses come before the next that is counted, each of them with the same chance: a
 * geometric distribution. No distance is preferred, so no loop of the guest can keep step with it. */
static int64_t draw(struct osi_pages_inside *inside)
{
    double chance = ldexp((double)(random_bits(&inside->random) >> 11) + 1, -53); /* ]0, 1] */

    return (int64_t)(log(chance) / log1p(-1.0 / (double)inside->map->config.sample));
}

/* Member `i` of a group, if there is one. */
static void find_place(const struct osi_pagemap *map, uint32_t access, uint64_t address,
                       const struct osi_page_group *group, unsigned i, struct osi_page_place *place)
{
    uint64_t there = group ? address + (uint64_t)group->members[i].distance : address;

    if ((there ^ address) >> 12) {
        there = address;
        i = 0;
    }
    place->address = there;
    map->config.place(map->config.data, access, there, place);
    if (group && i) {
        place->size = group->members[i].size;
        place->store = group->members[i].store;
    }
}

/* Returns how many to pass over before the next. */
static int64_t sample(struct osi_pages_inside *inside, uint32_t access, uint64_t address,
                      const struct osi_page_group *group, unsigned i, uint64_t pc)
{
    struct osi_page_place place = { 0 };

    if (!(__atomic_load_n(&inside->pages->epoch, __ATOMIC_RELAXED) & EPOCH_CLOSED)) {
        find_place(inside->map, access, address, group, i, &place);
        count(inside, &place, pc);
        inside->samples++;
    }
    return draw(inside);
}

/* ---- an access that no slot knows ---- */
static void prepare(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu)
{
    struct osi_pages_inside *inside = g_new0(struct osi_pages_inside, 1);

    inside->map = map;
    inside->pages = pages;
    inside->names = g_hash_table_new(NULL, NULL);
    inside->devices = osi_page_devices_new();
    inside->random = map->config.seed ^ (uint64_t)vcpu << 32;
    random_bits(&inside->random);
    g_mutex_lock(&map->lock);
    __atomic_store_n(&pages->epoch, map->flags | EPOCH_STEP, __ATOMIC_RELAXED);
    g_ptr_array_add(map->vcpus, inside);
    pages->inside = inside;
    g_mutex_unlock(&map->lock);
}

/* The slot is for this access from now on. Most often it has been before, and nothing has moved. */
static void take_slot(struct osi_pages_inside *inside, struct osi_page_slot *slot, uint64_t page,
                      uint64_t tag, const struct osi_page_place *place)
{
    uint64_t *known = &inside->places[slot - inside->pages->slots];

    if (slot->page == page && !((slot->tag ^ tag) & (EPOCH_STEP - 1)) &&
        *known == place->address >> 12 && slot->tag) {
        slot->tag = tag;
        slot->count++;
        return;
    }
    settle(inside, slot);
    *known = place->address >> 12;
    *slot = (struct osi_page_slot){
        .page = page, .tag = tag, .count = 1, .row = row_of(inside, place, 0),
        .size = (uint32_t)__builtin_ctz(place->size),
    };
}

static void ask(struct osi_pages_inside *inside, uint32_t access, uint64_t address, uint64_t pc)
{
    struct osi_pagemap *map = inside->map;
    /* Before the place: what moves from here on makes the answer old. */
    uint64_t epoch = __atomic_load_n(&inside->pages->epoch, __ATOMIC_ACQUIRE);
    struct osi_page_slot *slot = osi_page_slot(inside->pages, access, address);
    struct osi_page_place place = { .address = address };

    if (epoch & EPOCH_CLOSED) {
        return;
    }
    map->config.place(map->config.data, access, address, &place);
    if (place.device || !place.known || (epoch & EPOCH_ASK) || access >= EPOCH_STEP ||
        !is_alike(map, place.address)) {
        count(inside, &place, pc);
        if (place.device && place.store) {
            osi_pagemap_moved(map);
        }
        return;
    }
    take_slot(inside, slot, address >> 12, epoch | access, &place);
}

/* The first access of all is not sampled for being the first. */
static bool starts(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu, int64_t *left)
{
    if (pages->inside) {
        return false;
    }
    prepare(map, pages, vcpu);
    return map->weight > 1 && (*left = draw(pages->inside)) > 0;
}

int64_t osi_pages_miss(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu,
                       uint32_t access, uint64_t address, uint64_t pc)
{
    int64_t left;

    if (starts(map, pages, vcpu, &left)) {
        return left - 1;
    }
    if (map->weight > 1) {
        return sample(pages->inside, access, address, NULL, 0, pc);
    }
    ask(pages->inside, access, address, pc);
    return 0;
}

int64_t osi_pages_miss_group(struct osi_pagemap *map, struct osi_pages *pages, unsigned vcpu, uint32_t access,
                             uint64_t address, const struct osi_page_group *group, int64_t left)
{
    int64_t first;

    if (starts(map, pages, vcpu, &first)) {
        left += first;
    }
    while (left < 0) { /* the one with which it got to -1 */
        unsigned i = (unsigned)(group->n + left);

        left += 1 + sample(pages->inside, access, address, group, i, 0);
    }
    return left;
}

const uint64_t *osi_pages_counts(struct osi_pages *pages, size_t *n)
{
    static const uint64_t none;

    if (!pages->inside) {
        *n = 0;
        return &none;
    }
    /* Samples go straight to the rows. */
    for (size_t i = 0; i < G_N_ELEMENTS(pages->slots) && pages->inside->map->weight <= 1; i++) {
        settle(pages->inside, &pages->slots[i]);
    }
    *n = pages->inside->n_rows;
    return pages->inside->counts;
}
