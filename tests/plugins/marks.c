/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: the time of each marked instruction (`hint #100`), one line each in DIR/marks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/osinstr.h>

static FILE *marks;
static unsigned n_marks;

struct place {
    struct osi_session *session;
    unsigned remaining;
};

static void timed(struct osi_session *session, unsigned vcpu, uint64_t time, uint64_t number)
{
    (void)session;
    fprintf(marks, "%llu %u %llu\n", (unsigned long long)number, vcpu, (unsigned long long)time);
}

static void at_mark(unsigned vcpu, void *data)
{
    const struct place *place = data;

    osi_timed(place->session, vcpu, place->remaining, timed, n_marks++);
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    static const uint8_t hint[4] = { 0x9f, 0x2c, 0x03, 0xd5 };

    for (size_t i = 0; i < osi_block_length(block); i++) {
        uint8_t bytes[4];

        osi_insn_bytes(block, i, bytes, sizeof(bytes));
        if (memcmp(bytes, hint, sizeof(hint)) == 0) {
            struct place *place = malloc(sizeof(*place)); /* lives as long as the run */

            place->session = session;
            place->remaining = osi_insn_remaining(block, i);
            osi_insn_call(block, i, at_mark, OSI_REGS_NONE, place);
        }
    }
}

static int start(struct osi_session *session, struct osi_error *err)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/marks", osi_directory(session));
    marks = fopen(path, "w");
    return marks ? 0 : osi_fail(err, -1, "can't write %s", path);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    (void)session;
    osi_report_count(out, "marks", n_marks);
    fclose(marks);
}

static const struct osi_tool tool = {
    .name = "marks",
    .summary = "times of marked instructions (a test)",
    .needs = OSI_NEED_SYSTEM | OSI_NEED_CLOCK | OSI_NEED_DECODE | OSI_NEED_EXACT,
    .start = start,
    .block = on_block,
    .report = report,
};

OSI_PLUGIN(tool)
