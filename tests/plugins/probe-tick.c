/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: asks for a time every `step`, and prints when it came, and when vCPUs waited. With own=on it looks at
 * the clock itself, in blocks at 0x...3000. With counted= the library counts blocks, too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <osinstr/osinstr.h>

static const struct osi_option options[] = {
    { "step", OSI_OPTION_TIME, "10", NULL, "time between calls" },
    { "own", OSI_OPTION_SWITCH, "off", NULL, "look at the clock itself" },
    { "counted", OSI_OPTION_CHOICE, "none", "none|user|all", "blocks that are counted together" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static struct osi_cells *insns;

static void on_block(struct osi_session *session, struct osi_block *block)
{
    (void)session;
    osi_block_add(block, insns, 0, osi_block_length(block));
}

static void look(unsigned vcpu, void *session)
{
    if (osi_callback_begin(session, vcpu)) {
        osi_tick(session, vcpu);
        osi_callback_end(session, vcpu);
    }
}

static void on_own_block(struct osi_session *session, struct osi_block *block)
{
    if (osi_block_address(block) % 0x10000 == 0x3000) {
        osi_insn_call(block, 0, look, OSI_REGS_NONE, session);
    }
    on_block(session, block);
}

static void on_hurry(struct osi_session *session, unsigned vcpu)
{
    (void)session;
    printf("%u hurry\n", vcpu);
}

static uint64_t on_tick(struct osi_session *session, unsigned vcpu, uint64_t time)
{
    uint64_t step = osi_option_count(session, "step"), count = osi_cell(insns, 0, vcpu);

    if (time == OSI_NONE) {
        printf("%u unknown time at %" PRIu64 "\n", vcpu, count);
        return 0;
    }
    printf("%u time %" PRIu64 " at %" PRIu64, vcpu, time, count);
    if (strcmp(osi_option_text(session, "counted"), "none") != 0) {
        printf(" of %" PRIu64, osi_counted(session, vcpu));
    }
    printf("\n");
    return (time / step + 1) * step;
}

static void on_idle(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to)
{
    (void)session;
    printf("%u idle %" PRIu64 " to %" PRIu64 "\n", vcpu, from, to);
}

static int start(struct osi_session *session, struct osi_error *err)
{
    (void)err;
    insns = osi_cells_new(session, 1);
    return 0;
}

static void stop(struct osi_session *session)
{
    (void)session;
    fflush(stdout);
    osi_cells_free(insns);
}

#define PROBE                                                                                    \
    .name = "probe-tick", .summary = "prints when it is time", .options = options, .start = start, \
    .tick = on_tick, .idle = on_idle, .stop = stop

static const struct osi_tool own = {
    PROBE, .needs = OSI_NEED_CLOCK | OSI_NEED_OWN_TICKS, .block = on_own_block, .hurry = on_hurry,
};

static const struct osi_tool tested = { PROBE, .needs = OSI_NEED_CLOCK, .block = on_block };
static const struct osi_tool of_users = {
    PROBE, .needs = OSI_NEED_CLOCK | OSI_NEED_TASKS | OSI_NEED_COUNT_USER, .block = on_block,
};
static const struct osi_tool of_all = {
    PROBE, .needs = OSI_NEED_CLOCK | OSI_NEED_COUNT_ALL, .block = on_block,
};

static const struct osi_tool *variant(const struct osi_session *session)
{
    const char *counted = osi_option_text(session, "counted");

    return osi_option_switch(session, "own") ? &own
           : strcmp(counted, "user") == 0    ? &of_users
           : strcmp(counted, "all") == 0     ? &of_all
                                             : &tested;
}

static const struct osi_tool probe = { PROBE, .variant = variant };

OSI_PLUGIN(probe)
