/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: does everything that osinstr/block.h offers, and prints what it saw. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <osinstr/osinstr.h>

enum { BLOCKS, INSNS, LAST, ACCESSES, STORES, CELLS };

struct state {
    struct osi_session *session;
    struct osi_cells *cells;
};

static const struct osi_option options[] = {
    { "stores", OSI_OPTION_SWITCH, "on", NULL, "store into cells as well" },
    { "until", OSI_OPTION_COUNT, "0", NULL, "stop at this number of block calls" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

/* ---- at run time ---- */
static void on_block(unsigned vcpu, void *data)
{
    struct state *state = data;
    uint64_t calls = osi_cell(state->cells, BLOCKS, vcpu);
    uint64_t pc = 0;

    if (osi_register(state->session, vcpu, "pc", &pc)) {
        puts("no pc");
    }
    printf("block vcpu %u pc %" PRIx64 " so far %" PRIu64 "\n", vcpu, pc, calls);
    if (calls && calls == osi_option_count(state->session, "until")) {
        osi_stop(state->session);
    }
}

static void on_insn(unsigned vcpu, void *data)
{
    struct state *state = data;

    printf("insn vcpu %u last %" PRIu64 "\n", vcpu, osi_cell(state->cells, LAST, vcpu));
}

static void on_unless(unsigned vcpu, void *data)
{
    struct state *state = data;

    printf("unless vcpu %u last %" PRIu64 "\n", vcpu, osi_cell(state->cells, LAST, vcpu));
}

static void on_access(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    uint64_t physical = 0;
    bool io = false, known = osi_access_physical(access, address, &physical, &io);

    (void)data;
    printf("%s vcpu %u %u bytes at %" PRIx64 " %s %" PRIx64 "%s\n",
           osi_access_is_store(access) ? "store" : "load", vcpu, osi_access_size(access), address,
           known ? "physical" : "unknown", physical, io ? " io" : "");
}

/* ---- at translation ---- */
static void look(struct osi_block *block)
{
    printf("translated %" PRIx64 ", %zu instructions:", osi_block_address(block),
           osi_block_length(block));
    for (size_t i = 0; i < osi_block_length(block); i++) {
        const struct osi_decoded *decoded = osi_insn_decoded(block, i);
        char *text = osi_insn_text(block, i);
        uint8_t bytes[8] = { 0 };
        size_t n = osi_insn_bytes(block, i, bytes, sizeof(bytes));

        printf(" %" PRIx64 "/%zu/%02x/%s/%s/%u", osi_insn_address(block, i), n, bytes[0],
               osi_insn_kind_name(decoded->kind), text, osi_insn_remaining(block, i));
        free(text);
    }
    putchar('\n');
}

static void on_translate(struct osi_session *session, struct osi_block *block)
{
    struct state *state = osi_data(session);
    size_t last = osi_block_length(block) - 1;

    look(block);
    osi_block_add(block, state->cells, BLOCKS, 1);
    osi_block_call_unless(block, on_unless, OSI_REGS_NONE, state->cells, LAST, 7, state);
    osi_block_call(block, on_block, OSI_REGS_READ, state);
    osi_insn_add(block, last, state->cells, INSNS, last + 1);
    if (osi_option_switch(session, "stores")) {
        osi_block_store(block, state->cells, STORES, last + 1);
        osi_insn_store(block, 0, state->cells, LAST, 7);
    }
    osi_insn_call(block, last, on_insn, OSI_REGS_NONE, state);
    osi_insn_observe(block, last, true, true, on_access, state);
    osi_insn_count_accesses(block, last, false, true, state->cells, ACCESSES, 10);
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    struct state *state = calloc(1, sizeof(*state));

    (void)err;
    setvbuf(stdout, NULL, _IOLBF, 0);
    state->session = session;
    state->cells = osi_cells_new(session, CELLS);
    osi_set_data(session, state);
    printf("start on %s, shards %p, directory %s\n", osi_target(session), osi_shard(session, 0),
           osi_directory(session) ? "known" : "unknown");
    return 0;
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct state *state = osi_data(session);
    struct osi_histogram *histogram = osi_histogram_new();

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        if (!osi_shard(session, i)) {
            continue;
        }
        printf("end vcpu %u:", i);
        for (size_t cell = 0; cell < CELLS; cell++) {
            printf(" %" PRIu64, osi_cell(state->cells, cell, i));
        }
        putchar('\n');
        osi_histogram_record(histogram, osi_cell(state->cells, BLOCKS, i));
    }
    osi_report_histogram(out, "blocks of a vCPU", histogram);
    osi_report_span(out, 0, 2000000000);
    osi_histogram_free(histogram);
    printf("sum of blocks %" PRIu64 "\n", osi_cell_sum(session, state->cells, BLOCKS));
    osi_report_count(out, "blocks", osi_cell_sum(session, state->cells, BLOCKS));
}

static void stop(struct osi_session *session)
{
    struct state *state = osi_data(session);

    puts("stop");
    osi_cells_free(state->cells);
    free(state);
}

static const struct osi_tool tool = {
    .name = "probe-block",
    .summary = "shows what a block hook can do",
    .options = options,
    .needs = OSI_NEED_DECODE,
    .shard_size = 100,
    .start = start,
    .block = on_translate,
    .report = report,
    .stop = stop,
};

OSI_PLUGIN(tool)
