/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts each instruction by itself, per function: the reference for counts by block. */
#include <inttypes.h>

#include <osinstr/osinstr.h>

#define FUNCTIONS 65536u /* cells; the last ones share */

static struct osi_cells *cells;

static void on_block(struct osi_session *session, struct osi_block *block)
{
    const struct osi_code *code = osi_block_code(block);

    (void)session;
    for (size_t i = 0; i < osi_block_length(block); i++) {
        osi_insn_add(block, i, cells, code->function % FUNCTIONS, 1);
    }
}

static int write_counts(const void *data, FILE *stream)
{
    struct osi_session *session = (struct osi_session *)data;

    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        uint64_t count = osi_cell_sum(session, cells, i);
        struct osi_function function = { .name = "[unknown]" };

        osi_function(session, i, &function);
        if (count) {
            fprintf(stream, "%s %" PRIu64 "\n", function.name, count);
        }
    }
    return fflush(stream) ? -1 : 0;
}

static void report(struct osi_session *session, struct osi_report *out)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        sum += osi_cell_sum(session, cells, i);
    }
    osi_report_count(out, "instructions", sum);
    osi_write_file(session, "functions", write_counts, session);
    osi_cells_free(cells);
}

static int start(struct osi_session *session, struct osi_error *err)
{
    (void)err;
    cells = osi_cells_new(session, FUNCTIONS);
    return 0;
}

static const struct osi_tool each_insn = {
    .name = "each-insn",
    .summary = "how many instructions each function executes, counted one by one",
    .needs = OSI_NEED_FUNCTIONS,
    .start = start,
    .block = on_block,
    .report = report,
};

OSI_PLUGIN(each_insn)
