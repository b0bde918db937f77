/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap, of=pages: which memory and which devices are accessed when.
 *
 * A callback at each access; osinstr/pages.h says what makes it cheap. With sample=: heatmap-samples.c. */
#include <errno.h>
#include <stdlib.h>

#include <osinstr/window.h>

#include "heatmap-pages.h"

#define IDLE 0u     /* the row that is no page's */
#define MOST_SAMPLE 1000000000u
#define KEEP 1000u  /* rows of the heatmap; pages.csv has all */

struct heatmap_pages heatmap_all_pages;
static struct heatmap_pages *const all = &heatmap_all_pages;

/* ---- at run time ---- */
static void find_place(void *data, uint32_t access, uint64_t address, struct osi_page_place *place)
{
    uint64_t physical = 0;
    bool is_io = false;

    (void)data;
    place->address = address;
    place->store = osi_access_is_store(access);
    place->size = osi_access_size(access);
    place->known = true;
    if (!all->system) {
        return;
    }
    place->known = osi_access_physical(access, address, &physical, &is_io) || all->virtual_rows;
    if (is_io) {
        place->device = osi_access_device(access, address, &place->physical);
        place->device = place->device ? place->device : "unknown";
        place->physical = physical;
    }
    if (!all->virtual_rows) {
        place->address = physical;
    }
}

/* Apart, so that nothing is saved on the stack for what is known. */
__attribute__((noinline)) static void ask(unsigned vcpu, uint32_t access, uint64_t address,
                                          void *pc)
{
    if (osi_callback_begin(all->session, vcpu)) {
        osi_pages_miss(all->map, all->shards[vcpu], vcpu, access, address, (uint64_t)(uintptr_t)pc);
        osi_callback_end(all->session, vcpu);
    }
}

static void on_access(unsigned vcpu, uint32_t access, uint64_t address, void *pc)
{
    if (vcpu < HEATMAP_MAX_VCPUS && !osi_pages_known(all->shards[vcpu], access, address)) {
        ask(vcpu, access, address, pc);
    }
}

static void on_move(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < HEATMAP_MAX_VCPUS) {
        osi_pages_moved(all->shards[vcpu]);
    }
}

static void on_flush(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < HEATMAP_MAX_VCPUS && osi_callback_begin(all->session, vcpu)) {
        osi_pages_flush(all->map, all->shards[vcpu]);
        osi_callback_end(all->session, vcpu);
    }
}

static void on_barrier(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < HEATMAP_MAX_VCPUS && osi_callback_begin(all->session, vcpu)) {
        osi_pages_barrier(all->map, all->shards[vcpu]);
        osi_callback_end(all->session, vcpu);
    }
}

void heatmap_pages_window(struct osi_session *session, unsigned vcpu, bool open)
{
    (void)session;
    (void)vcpu;
    osi_pagemap_window(all->map, open);
}

/* ---- time ---- */
static struct osi_heatlane *lane_of(struct heatmap_pages_shard *shard, unsigned vcpu)
{
    if (!shard->lane) {
        shard->lane = osi_heatmap_lane(all->heat, vcpu);
        osi_heatlane_mark(shard->lane, NULL, 0); /* it may start late */
    }
    return shard->lane;
}

uint64_t heatmap_pages_tick(struct osi_session *session, unsigned vcpu, uint64_t time)
{
    struct heatmap_pages_shard *shard = osi_shard(session, vcpu);
    struct osi_heatlane *lane = lane_of(shard, vcpu);
    size_t n;
    const uint64_t *counts = osi_pages_counts(&shard->pages, &n);

    if (time == OSI_NONE) {
        osi_heatlane_mark(lane, counts, n);
    } else {
        osi_heatlane_at(lane, time, counts, n);
    }
    return osi_heatlane_next(lane);
}

void heatmap_pages_idle(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to)
{
    osi_heatlane_span(lane_of(osi_shard(session, vcpu), vcpu), IDLE, from, to);
}

/* ---- at translation ---- */
static void watch_remaps(struct osi_block *block, size_t insn)
{
    switch (osi_insn_remaps(block, insn)) {
    case OSI_REMAP_NONE:
        break;
    case OSI_REMAP_OWN:
        osi_insn_call(block, insn, on_move, OSI_REGS_NONE, NULL);
        break;
    case OSI_REMAP_FLUSH:
        osi_insn_call(block, insn, on_flush, OSI_REGS_NONE, NULL);
        break;
    case OSI_REMAP_BARRIER:
        osi_insn_call(block, insn, on_barrier, OSI_REGS_NONE, NULL);
        break;
    case OSI_REMAP_UNKNOWN:
        osi_pagemap_ask(all->map);
        break;
    }
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    (void)session;
    for (size_t i = 0; i < osi_block_length(block); i++) {
        uint64_t pc = all->by_pc ? osi_insn_address(block, i) : 0;

        if (all->system) {
            watch_remaps(block, i);
        }
        osi_insn_observe(block, i, true, true, on_access, (void *)(uintptr_t)pc);
    }
}

/* ---- start and end ---- */
/* From "FROM-TO", hexadecimal, the end not included. */
static int read_range(const char *text, struct osi_pages_config *config, struct osi_error *err)
{
    char *end;

    errno = 0;
    config->from = strtoull(text, &end, 16);
    if (errno || end == text || *end != '-') {
        return osi_fail(err, -EINVAL, "range=%s: two addresses FROM-TO are wanted", text);
    }
    text = end + 1;
    config->to = strtoull(text, &end, 16);
    if (errno || end == text || *end || config->to <= config->from) {
        return osi_fail(err, -EINVAL, "range=: two hexadecimal addresses FROM-TO are wanted, the "
                        "second one the higher");
    }
    return 0;
}

int heatmap_pages_start(struct osi_session *session, struct osi_error *err)
{
    const char *range = osi_option_text(session, "range");
    const char *pages = osi_option_text(session, "pages");
    struct osi_pages_config config = {
        .place = find_place,
        .page_size = 4096ull << osi_option_count(session, "page"),
        .devices = (enum osi_pages_devices)osi_option_count(session, "devices"),
        .closed = osi_option_text(session, "from") != NULL,
        .sample = osi_option_count(session, "sample"),
        .seed = osi_option_count(session, "seed"),
    };
    int rc = range ? read_range(range, &config, err) : 0;

    all->session = session;
    all->shards = osi_shards(session);
    all->system = osi_is_system(session);
    all->virtual_rows = !all->system || (pages && osi_option_count(session, "pages") == 1);
    all->by_pc = config.devices == OSI_DEVICES_PC;
    if (!rc && config.sample > MOST_SAMPLE) {
        rc = osi_fail(err, -EINVAL, "sample=%s: at most 1G", osi_option_text(session, "sample"));
    }
    if (!rc && !all->system && pages && osi_option_count(session, "pages") == 0) {
        rc = osi_fail(err, -ENOTSUP, "pages=physical: a program in user-mode QEMU has "
                      "virtual addresses only");
    }
    if (!rc) {
        all->heat = heatmap_new(session, err);
        rc = all->heat ? 0 : -EINVAL;
    }
    if (!rc) {
        all->map = osi_pagemap_new(&config);
    }
    return rc;
}

static int write_pages(const void *map, FILE *stream)
{
    return osi_pagemap_csv((struct osi_pagemap *)map, stream);
}

static int write_devices(const void *map, FILE *stream)
{
    return osi_pagemap_devices_csv((struct osi_pagemap *)map, stream);
}

static void end_lanes(struct osi_session *session)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct heatmap_pages_shard *shard = osi_shard(session, i);
        size_t n;

        if (shard) {
            const uint64_t *counts = osi_pages_counts(&shard->pages, &n);

            osi_heatlane_end(lane_of(shard, i), counts, n);
        }
    }
    osi_heatmap_finish(all->heat);
}

static void report_heat(struct osi_session *session, struct osi_report *out)
{
    struct osi_heatrows *rows = osi_heatrows_new("accesses");
    size_t n = osi_pagemap_rows(all->map);
    uint32_t *to = calloc(n, sizeof(to[0]));

    to[IDLE] = osi_heatrows_row(rows, "[idle]", NULL);
    osi_heatrows_set_time(rows, to[IDLE], osi_clock_unit(session));
    for (uint32_t i = IDLE + 1; i < n; i++) {
        to[i] = osi_heatrows_row(rows, osi_pagemap_row_name(all->map, i), NULL);
    }
    osi_heatmap_regroup(all->heat, to, n);
    free(to);
    heatmap_report(session, out, all->heat, rows, "pages", "accesses", KEEP);
    osi_heatrows_free(rows);
}

void heatmap_pages_report(struct osi_session *session, struct osi_report *report)
{
    end_lanes(session);
    osi_pagemap_finish(all->map);
    report_heat(session, report);
    osi_pagemap_report(all->map, report, osi_option_count(session, "top"));
    osi_write_file(session, "pages.csv", write_pages, all->map);
    if (all->system) {
        osi_write_file(session, "devices.csv", write_devices, all->map);
    }
}

void heatmap_pages_stop(struct osi_session *session)
{
    (void)session;
    osi_pagemap_free(all->map);
    osi_heatmap_free(all->heat);
}

/* What looks at each access, or at some of them. */
static const struct osi_tool *variant(const struct osi_session *session)
{
    return osi_option_count(session, "sample") > 1 ? heatmap_samples(session) : &heatmap_pages;
}

const struct osi_tool heatmap_pages = {
    HEATMAP_PAGES_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_CLOCK,
    .variant = variant,
    .block = on_block,
};
