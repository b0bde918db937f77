/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference for what a bucket of a heatmap has in all: asks for the time at each block of code, and adds
 * the block to the bucket that it begins in. What follows a wait waits until the time is known again.
 * One vCPU, icount. */
#include <inttypes.h>
#include <stdlib.h>

#include <osinstr/osinstr.h>

#define BUCKETS 100000u

static const struct osi_option options[] = {
    { "bucket", OSI_OPTION_TIME, "10ms", NULL, "width" },
    { "insn", OSI_OPTION_TIME, "1", NULL, "time that an instruction takes" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static struct osi_session *session;
static uint64_t columns[BUCKETS], pending, width, insn;
static size_t last;
static bool was_exact;

/* The block's length, and what osi_now_at() needs. */
struct place {
    uint32_t n, remaining;
};

static void at_block(unsigned vcpu, void *data)
{
    const struct place *place = data;
    bool exact;
    /* of the first instruction's end */
    uint64_t time = osi_now_at(session, vcpu, place->remaining, &exact) - insn;

    if (!exact && was_exact) {
        pending += place->n;
        return;
    }
    was_exact |= exact;
    if (time / width > last && time / width < BUCKETS) {
        last = (size_t)(time / width);
    }
    columns[last] += place->n + pending;
    pending = 0;
}

static void on_block(struct osi_session *s, struct osi_block *block)
{
    struct place *place = malloc(sizeof(*place)); /* lives as long as the run */

    (void)s;
    *place = (struct place){ (uint32_t)osi_block_length(block), osi_insn_remaining(block, 0) };
    osi_block_call(block, at_block, OSI_REGS_NONE, place);
}

static int write_columns(const void *data, FILE *stream)
{
    (void)data;
    for (size_t i = 0; i <= last; i++) {
        fprintf(stream, "%" PRIu64 " %" PRIu64 "\n", i * width, columns[i]);
    }
    return fflush(stream) ? -1 : 0;
}

static int start(struct osi_session *s, struct osi_error *err)
{
    (void)err;
    session = s;
    width = osi_option_count(s, "bucket");
    insn = osi_option_count(s, "insn");
    return 0;
}

static void report(struct osi_session *s, struct osi_report *out)
{
    (void)out;
    columns[last] += pending;
    osi_write_file(s, "columns", write_columns, NULL);
}

static const struct osi_tool tool = {
    .name = "columns",
    .summary = "how many instructions there are in each bucket of time",
    .options = options,
    .needs = OSI_NEED_CLOCK,
    .start = start,
    .block = on_block,
    .report = report,
};

OSI_PLUGIN(tool)
