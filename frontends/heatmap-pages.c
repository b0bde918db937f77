/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap, of=pages: which memory and which devices are accessed when.
 *
 * A callback at each access, or for some together (heatmap-groups.c); osinstr/pages.h says what makes it cheap. */
#include <errno.h>
#include <stdlib.h>

#include <osinstr/pages.h>
#include <osinstr/window.h>

#include "heatmap.h"

#define MAX_VCPUS 1024u /* of all.shards; a program can have more threads */
#define IDLE 0u     /* the row that is no page's */
#define MOST_SAMPLE 1000000000u
#define KEEP 1000u  /* rows of the heatmap; pages.csv has all */

struct shard {
    struct osi_pages pages; /* first: all.shards are taken for these */
    struct osi_heatlane *lane;
};

static struct {
    struct osi_session *session;
    void *const *shards;
    struct osi_pagemap *map;
    struct osi_heatmap *heat;
    bool virtual_rows, system, by_pc, samples, groups;
} all;

/* To pass over before the next sample; vCPUs share no cache line. */
static struct {
    int64_t accesses;
} __attribute__((aligned(128))) left[MAX_VCPUS];

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
    if (!all.system) {
        return;
    }
    place->known = osi_access_physical(access, address, &physical, &is_io) || all.virtual_rows;
    if (is_io) {
        place->device = osi_access_device(access, address, &place->physical);
        place->device = place->device ? place->device : "unknown";
        place->physical = physical;
    }
    if (!all.virtual_rows) {
        place->address = physical;
    }
}

/* Apart, so that nothing is saved on the stack for what is known. */
__attribute__((noinline)) static void ask(unsigned vcpu, uint32_t access, uint64_t address,
                                          void *pc)
{
    if (osi_callback_begin(all.session, vcpu)) {
        left[vcpu].accesses = osi_pages_miss(all.map, all.shards[vcpu], vcpu, access, address,
                                             (uint64_t)(uintptr_t)pc);
        osi_callback_end(all.session, vcpu);
    }
}

static void on_access(unsigned vcpu, uint32_t access, uint64_t address, void *pc)
{
    if (vcpu < MAX_VCPUS && !osi_pages_known(all.shards[vcpu], access, address)) {
        ask(vcpu, access, address, pc);
    }
}

static void on_access_sampled(unsigned vcpu, uint32_t access, uint64_t address, void *pc)
{
    if (vcpu < MAX_VCPUS && !osi_pages_passed(&left[vcpu].accesses)) {
        ask(vcpu, access, address, pc);
    }
}

__attribute__((noinline)) static void ask_group(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    if (osi_callback_begin(all.session, vcpu)) {
        left[vcpu].accesses = osi_pages_miss_group(all.map, all.shards[vcpu], vcpu, access, address,
                                                   heatmap_group_of(data), left[vcpu].accesses);
        osi_callback_end(all.session, vcpu);
    }
}

static void on_group_sampled(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    if (vcpu < MAX_VCPUS && !osi_pages_passed_all(&left[vcpu].accesses, heatmap_group_size(data))) {
        ask_group(vcpu, access, address, data);
    }
}

static void on_move(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < MAX_VCPUS) {
        osi_pages_moved(all.shards[vcpu]);
    }
}

static void on_flush(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < MAX_VCPUS && osi_callback_begin(all.session, vcpu)) {
        osi_pages_flush(all.map, all.shards[vcpu]);
        osi_callback_end(all.session, vcpu);
    }
}

static void on_barrier(unsigned vcpu, void *data)
{
    (void)data;
    if (vcpu < MAX_VCPUS && osi_callback_begin(all.session, vcpu)) {
        osi_pages_barrier(all.map, all.shards[vcpu]);
        osi_callback_end(all.session, vcpu);
    }
}

static void window(struct osi_session *session, unsigned vcpu, bool open)
{
    (void)session;
    (void)vcpu;
    osi_pagemap_window(all.map, open);
}

/* ---- time ---- */
static struct osi_heatlane *lane_of(struct shard *shard, unsigned vcpu)
{
    if (!shard->lane) {
        shard->lane = osi_heatmap_lane(all.heat, vcpu);
        osi_heatlane_mark(shard->lane, NULL, 0); /* it may start late */
    }
    return shard->lane;
}

static uint64_t on_tick(struct osi_session *session, unsigned vcpu, uint64_t time)
{
    struct shard *shard = osi_shard(session, vcpu);
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

static void on_idle(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to)
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
        osi_pagemap_ask(all.map);
        break;
    }
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    static const struct heatmap_tell tell = { on_access_sampled, on_group_sampled };
    osi_access_fn fn = all.samples ? on_access_sampled : on_access;

    (void)session;
    if (all.groups) {
        heatmap_groups_attach(all.map, block, &tell);
        return;
    }
    for (size_t i = 0; i < osi_block_length(block); i++) {
        uint64_t pc = all.by_pc ? osi_insn_address(block, i) : 0;

        if (all.system && !all.samples) {
            watch_remaps(block, i);
        }
        osi_insn_observe(block, i, true, true, fn, (void *)(uintptr_t)pc);
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

static int start(struct osi_session *session, struct osi_error *err)
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

    all.session = session;
    all.shards = osi_shards(session);
    all.system = osi_is_system(session);
    all.virtual_rows = !all.system || (pages && osi_option_count(session, "pages") == 1);
    all.by_pc = config.devices == OSI_DEVICES_PC;
    all.samples = config.sample > 1;
    all.groups = all.samples && !all.by_pc;
    if (!rc && config.sample > MOST_SAMPLE) {
        rc = osi_fail(err, -EINVAL, "sample=%s: at most 1G", osi_option_text(session, "sample"));
    }
    if (!rc && !all.system && pages && osi_option_count(session, "pages") == 0) {
        rc = osi_fail(err, -ENOTSUP, "pages=physical: a program in user-mode QEMU has "
                      "virtual addresses only");
    }
    if (!rc) {
        all.heat = heatmap_new(session, err);
        rc = all.heat ? 0 : -EINVAL;
    }
    if (!rc) {
        all.map = osi_pagemap_new(&config);
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
        struct shard *shard = osi_shard(session, i);
        size_t n;

        if (shard) {
            const uint64_t *counts = osi_pages_counts(&shard->pages, &n);

            osi_heatlane_end(lane_of(shard, i), counts, n);
        }
    }
    osi_heatmap_finish(all.heat);
}

static void report_heat(struct osi_session *session, struct osi_report *out)
{
    struct osi_heatrows *rows = osi_heatrows_new("accesses");
    size_t n = osi_pagemap_rows(all.map);
    uint32_t *to = calloc(n, sizeof(to[0]));

    to[IDLE] = osi_heatrows_row(rows, "[idle]", NULL);
    osi_heatrows_set_time(rows, to[IDLE], osi_clock_unit(session));
    for (uint32_t i = IDLE + 1; i < n; i++) {
        to[i] = osi_heatrows_row(rows, osi_pagemap_row_name(all.map, i), NULL);
    }
    osi_heatmap_regroup(all.heat, to, n);
    free(to);
    heatmap_report(session, out, all.heat, rows, "pages", "accesses", KEEP);
    osi_heatrows_free(rows);
}

static void report(struct osi_session *session, struct osi_report *report)
{
    end_lanes(session);
    osi_pagemap_finish(all.map);
    report_heat(session, report);
    osi_pagemap_report(all.map, report, osi_option_count(session, "top"));
    osi_write_file(session, "pages.csv", write_pages, all.map);
    if (all.system) {
        osi_write_file(session, "devices.csv", write_devices, all.map);
    }
}

static void stop(struct osi_session *session)
{
    (void)session;
    osi_pagemap_free(all.map);
    osi_heatmap_free(all.heat);
}

const struct osi_tool heatmap_pages = {
    HEATMAP_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_CLOCK,
    .shard_size = sizeof(struct shard),
    .start = start,
    .block = on_block,
    .tick = on_tick,
    .idle = on_idle,
    .window = window,
    .report = report,
    .stop = stop,
};
