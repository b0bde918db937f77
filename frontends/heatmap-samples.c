/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap, of=pages with sample=N: one of so many accesses.
 *
 * A callback at each access all the same, or for some together (heatmap-groups.c), but most only count down. Samples are
 * also when the clock is looked at. */
#include "heatmap-pages.h"

/* The clock is looked at after so many accesses, or samples if they are rarer. */
#define LOOK_AFTER 256u

static const struct heatmap_pages *const all = &heatmap_all_pages;
static unsigned samples_to_look;

/* vCPUs share no cache line. */
static struct {
    int64_t accesses; /* to pass over before the next sample, or 0 if the clock is due */
    int64_t held;     /* if that is due: to pass over from there on, and 1; else 0 */
    unsigned samples; /* before the next look at the clock */
} __attribute__((aligned(128))) left[HEATMAP_MAX_VCPUS];

/* ---- time ---- */
/* The next access looks at the clock. */
static void on_hurry(struct osi_session *session, unsigned vcpu)
{
    (void)session;
    if (vcpu < HEATMAP_MAX_VCPUS && !left[vcpu].held) {
        left[vcpu].held = left[vcpu].accesses + 1;
        left[vcpu].accesses = 0;
    }
}

/* Before what is counted: that belongs to the time then. False: only the clock was due, the next sample is further on
 * than these `n` accesses. */
static bool is_sample(unsigned vcpu, unsigned n)
{
    bool due = left[vcpu].held;

    if (due) {
        left[vcpu].accesses = left[vcpu].held - 1;
        left[vcpu].held = 0;
    }
    if (due || left[vcpu].samples == 0) {
        left[vcpu].samples = samples_to_look;
        osi_tick(all->session, vcpu);
    }
    if (due && osi_pages_passed_all(&left[vcpu].accesses, n)) {
        return false;
    }
    left[vcpu].samples--;
    return true;
}

/* ---- at run time ---- */
/* Apart, so that nothing is saved on the stack for what is passed over. */
__attribute__((noinline)) static void ask(unsigned vcpu, uint32_t access, uint64_t address, void *pc)
{
    if (osi_callback_begin(all->session, vcpu)) {
        if (is_sample(vcpu, 1)) {
            left[vcpu].accesses = osi_pages_miss(all->map, all->shards[vcpu], vcpu, access, address,
                                                 (uint64_t)(uintptr_t)pc);
        }
        osi_callback_end(all->session, vcpu);
    }
}

static void on_access(unsigned vcpu, uint32_t access, uint64_t address, void *pc)
{
    if (vcpu < HEATMAP_MAX_VCPUS && !osi_pages_passed(&left[vcpu].accesses)) {
        ask(vcpu, access, address, pc);
    }
}

__attribute__((noinline)) static void ask_group(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    if (osi_callback_begin(all->session, vcpu)) {
        if (is_sample(vcpu, heatmap_group_size(data))) {
            left[vcpu].accesses = osi_pages_miss_group(all->map, all->shards[vcpu], vcpu, access, address,
                                                       heatmap_group_of(data), left[vcpu].accesses);
        }
        osi_callback_end(all->session, vcpu);
    }
}

static void on_group(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    if (vcpu < HEATMAP_MAX_VCPUS && !osi_pages_passed_all(&left[vcpu].accesses, heatmap_group_size(data))) {
        ask_group(vcpu, access, address, data);
    }
}

/* ---- at translation ---- */
static void on_block(struct osi_session *session, struct osi_block *block)
{
    static const struct heatmap_tell tell = { on_access, on_group };

    (void)session;
    if (!all->by_pc) {
        heatmap_groups_attach(all->map, block, &tell);
        return;
    }
    for (size_t i = 0; i < osi_block_length(block); i++) {
        osi_insn_observe(block, i, true, true, on_access, (void *)(uintptr_t)osi_insn_address(block, i));
    }
}

/* ---- what it is ---- */
#define NEEDS (OSI_NEED_CLOCK | OSI_NEED_DECODE | OSI_NEED_OWN_TICKS)

static const struct osi_tool plain = {
    HEATMAP_PAGES_TOOL, .needs = NEEDS, .block = on_block, .hurry = on_hurry,
};

static const struct osi_tool with_names = {
    HEATMAP_PAGES_TOOL, .needs = NEEDS | OSI_NEED_FUNCTIONS, .block = on_block, .hurry = on_hurry,
};

/* Symbols are found at a price, to be paid only for options that need them. */
const struct osi_tool *heatmap_samples(const struct osi_session *session)
{
    static const char *const naming[] = { "from", "to", "switch", "symbols" };
    uint64_t sample = osi_option_count(session, "sample");
    bool names = osi_option_count(session, "devices") == OSI_DEVICES_PC;

    for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++) {
        names |= osi_option_text(session, naming[i]) != NULL;
    }

    samples_to_look = sample < LOOK_AFTER ? LOOK_AFTER / (unsigned)sample : 1;
    return names ? &with_names : &plain;
}
