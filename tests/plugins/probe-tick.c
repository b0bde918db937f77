/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: asks for a time every `step`, and prints when it came, and when vCPUs waited. */
#include <inttypes.h>
#include <stdio.h>

#include <osinstr/osinstr.h>

static const struct osi_option options[] = {
    { "step", OSI_OPTION_TIME, "10", NULL, "time between calls" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static struct osi_cells *insns;

static void on_block(struct osi_session *session, struct osi_block *block)
{
    (void)session;
    osi_block_add(block, insns, 0, osi_block_length(block));
}

static uint64_t on_tick(struct osi_session *session, unsigned vcpu, uint64_t time)
{
    uint64_t step = osi_option_count(session, "step"), count = osi_cell(insns, 0, vcpu);

    if (time == OSI_NONE) {
        printf("%u unknown time at %" PRIu64 "\n", vcpu, count);
        return 0;
    }
    printf("%u time %" PRIu64 " at %" PRIu64 "\n", vcpu, time, count);
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

static const struct osi_tool probe = {
    .name = "probe-tick",
    .summary = "prints when it is time",
    .options = options,
    .needs = OSI_NEED_CLOCK,
    .start = start,
    .block = on_block,
    .tick = on_tick,
    .idle = on_idle,
    .stop = stop,
};

OSI_PLUGIN(probe)
