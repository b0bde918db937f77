/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=edges: from which block to which.
 *
 * One call at the start of each block, which notes the way from the block before (osinstr/edges.h). */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/blockstat.h>
#include <osinstr/cfg.h>
#include <osinstr/edgestat.h>

#include "hotpath.h"

/* What is observed, when the option names it. The function's address is known when its symbols are. */
static struct {
    const char *function;
    uint64_t from, to; /* 0: all code */
    struct osi_session *session;
    void *const *shards;
    struct osi_edges_world *world;
} scope;

struct shard {
    _Atomic(struct osi_edges *) edges;
};

/* A code object's own. */
struct place {
    bool observed, user;
    struct osi_edge_code code;
};

static const struct osi_edge_code *describe(void *data, uint32_t id)
{
    const struct osi_code *code = osi_code(data, id);

    return &((const struct place *)code->data)->code;
}

/* ---- scope ---- */
/* From "FROM-TO", hexadecimal, the end not included. */
static int read_range(const char *text, struct osi_error *err)
{
    char *end;

    errno = 0;
    scope.from = strtoull(text, &end, 16);
    if (errno || end == text || *end != '-') {
        return osi_fail(err, -EINVAL, "range=%s: two addresses FROM-TO are wanted", text);
    }
    text = end + 1;
    scope.to = strtoull(text, &end, 16);
    if (errno || end == text || *end || scope.to <= scope.from) {
        return osi_fail(err, -EINVAL, "range=: two hexadecimal addresses FROM-TO are wanted, the "
                        "second one the higher");
    }
    return 0;
}

static void make_world(struct osi_session *session)
{
    const struct osi_arch *arch = osi_arch(session);
    const struct osi_arch_interrupts *irqs = arch ? arch->interrupts : NULL;
    struct osi_edges_config config = {
        .code = describe, .data = session,
        .vector_table = irqs ? irqs->table : 0, .vector_entry = irqs ? irqs->entry : 0,
        .function = scope.function ? scope.from : 0,
        .function_end = scope.function ? scope.to : 0,
        .part = !scope.function && scope.to,
    };

    scope.world = osi_edges_world_new(&config);
}

/* Is the function known by now? Under the lock of the code hook. */
static bool find_function(struct osi_session *session)
{
    struct osi_function function;

    if (!scope.world && osi_symbol_address(session, scope.function, &scope.from) == 0 &&
        osi_function(session, osi_function_at(session, scope.from), &function)) {
        scope.to = scope.from + function.size;
        make_world(session);
    }
    return scope.world != NULL;
}

static bool in_scope(struct osi_session *session, uint64_t address)
{
    if (scope.function && !find_function(session)) {
        return false;
    }
    return !scope.to || (address >= scope.from && address < scope.to);
}

/* ---- run time ---- */
static struct osi_edges *edges_of(unsigned vcpu)
{
    struct shard *shard = osi_shard(scope.session, vcpu);
    struct osi_edges *made, *known = shard ? atomic_load(&shard->edges) : NULL;

    if (known || !shard || !scope.world) {
        return known;
    }
    made = osi_edges_new(scope.world, !osi_option_text(scope.session, "task"),
                         osi_counting(scope.session));
    if (!atomic_compare_exchange_strong(&shard->edges, &known, made)) {
        osi_edges_free(made);
        return known;
    }
    return made;
}

/* `data` is the code's id itself: a look at the code object would miss the cache, and cost more than
 * all the rest. */
static void at_block(unsigned vcpu, void *data)
{
    struct shard *shard = scope.shards[vcpu];
    struct osi_edges *edges = atomic_load_explicit(&shard->edges, memory_order_relaxed);

    if (!edges) {
        edges = edges_of(vcpu);
    }
    osi_edges_step(edges, (uint32_t)(uintptr_t)data);
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    const struct osi_task *prev = event->sched_switch.prev, *next = event->sched_switch.next;
    struct osi_edges *edges = edges_of(event->vcpu);

    if (edges && next) {
        osi_edges_task(edges, prev ? prev->key : 0, next->key, osi_task_wanted(session, next));
    }
}

static void on_window(struct osi_session *session, unsigned vcpu, bool open)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_edges *edges = edges_of(i);

        if (edges) {
            osi_edges_window(edges, open, i == vcpu);
        }
    }
}

/* ---- code ---- */
static enum osi_edge_end ends(const struct osi_decoded *last)
{
    switch (last->kind) {
    case OSI_INSN_CALL:
        return OSI_END_CALL;
    case OSI_INSN_CALL_INDIRECT:
        return OSI_END_CALL_INDIRECT;
    case OSI_INSN_RETURN:
        return OSI_END_RETURN;
    case OSI_INSN_JUMP:
        return OSI_END_JUMP;
    case OSI_INSN_JUMP_INDIRECT:
        return OSI_END_JUMP_INDIRECT;
    case OSI_INSN_BRANCH:
        return OSI_END_BRANCH;
    case OSI_INSN_SYSCALL:
    case OSI_INSN_HYPERCALL:
    case OSI_INSN_TRAP:
        return OSI_END_SYSCALL;
    case OSI_INSN_EXCEPTION_RETURN:
        return OSI_END_EXCEPTION_RETURN;
    default:
        return OSI_END_NEXT;
    }
}

static void on_code(struct osi_session *session, const struct osi_code *code)
{
    struct place *place = code->data;

    place->user = osi_is_user_code(session, code->address);
    if ((place->user && !osi_option_switch(session, "user")) || !in_scope(session, code->address)) {
        return;
    }
    place->observed = true;
    place->code = (struct osi_edge_code){
        .id = code->id, .insns = code->n, .ends = ends(&code->last), .address = code->address,
        .end = osi_code_end(code), .target = code->last_address + (uint64_t)code->last.displacement,
    };
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    const struct osi_code *code = osi_block_code(block);
    const struct place *place = code ? code->data : NULL;

    (void)session;
    if (place && place->observed) {
        osi_block_call(block, at_block, OSI_REGS_NONE, (void *)(uintptr_t)code->id);
    }
}

/* ---- report ---- */
static void name_place(void *data, uint32_t id, struct osi_edgestat_place *place)
{
    struct osi_blockstat_block block = { .id = id };

    hotpath_name(osi_code(data, id), false, &block);
    *place = (struct osi_edgestat_place){ osi_code(data, id)->address, block.offset, block.symbol };
}

static void add_edge(void *data, uint32_t from, uint32_t to, enum osi_edge_kind kind,
                     uint64_t count)
{
    osi_edgestat_add(data, from, to, kind, count);
}

/* The blocks that ran, as mode=blocks lists them. */
static void add_blocks(struct osi_session *session, const struct osi_edgestat *stat,
                       struct osi_blockstat *blocks)
{
    for (uint32_t id = 1; id < osi_n_codes(session); id++) {
        const struct osi_code *code = osi_code(session, id);
        struct osi_blockstat_block block = {
            .id = id, .address = code->address, .size = code->size, .insns = code->n,
            .executions = osi_edgestat_executions(stat, id),
        };

        if (block.executions) {
            hotpath_name(code, ((const struct place *)code->data)->user, &block);
            osi_blockstat_block(blocks, &block);
        }
    }
}

static int write_blocks(const void *blocks, FILE *stream)
{
    return osi_blockstat_csv((struct osi_blockstat *)blocks, stream);
}

static int write_edges(const void *stat, FILE *stream)
{
    return osi_edgestat_csv((struct osi_edgestat *)stat, stream);
}

/* ---- the graph of a function ---- */
static size_t text_at(void *data, uint64_t address, char *text, size_t size)
{
    for (uint32_t id = 1; id < osi_n_codes(data); id++) {
        const struct osi_code *code = osi_code(data, id);
        uint64_t at = code->address;
        size_t length;

        while (address >= at && address < osi_code_end(code) &&
               (length = osi_code_text(code, (uint32_t)(at - code->address), text, size)) > 0) {
            if (at == address) {
                return length;
            }
            at += length;
        }
    }
    return 0;
}

static int write_dot(const void *cfg, FILE *stream)
{
    return osi_cfg_dot(cfg, scope.function, text_at, scope.session, stream);
}

static void draw(struct osi_session *session, struct osi_edgestat *stat)
{
    struct osi_cfg *cfg = osi_cfg_new();
    const struct osi_edgestat_edge *edge;

    for (uint32_t id = 1; id < osi_n_codes(session); id++) {
        uint64_t executions = osi_edgestat_executions(stat, id);

        if (executions) {
            osi_cfg_code(cfg, describe(session, id), executions);
        }
    }
    for (size_t i = 0; (edge = osi_edgestat_edge(stat, i)); i++) {
        osi_cfg_add(cfg, edge->from, edge->to, edge->kind, edge->count);
    }
    osi_cfg_make(cfg);
    if (osi_write_file(session, "function.dot", write_dot, cfg) == 0 &&
        !osi_option_switch(session, "quiet")) {
        osi_say(session, "to draw it: dot -Tsvg -o function.svg %s/function.dot",
                osi_directory(session));
    }
    osi_cfg_free(cfg);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct osi_edgestat *stat = osi_edgestat_new(name_place, session);
    struct osi_blockstat *blocks = osi_blockstat_new();

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_edges *edges = edges_of(i);

        if (edges) {
            osi_edges_each(edges, add_edge, stat);
        }
    }
    if (scope.world) {
        osi_edges_world_each(scope.world, add_edge, stat);
    }
    add_blocks(session, stat, blocks);
    osi_edgestat_report(stat, out, osi_option_count(session, "top"));
    osi_write_file(session, "edges.csv", write_edges, stat);
    osi_write_file(session, "blocks.csv", write_blocks, blocks);
    if (scope.function && scope.world) {
        draw(session, stat);
    } else if (scope.function) {
        osi_report_note(out, "function %s is not known", scope.function);
    }
    osi_blockstat_free(blocks);
    osi_edgestat_free(stat);
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    const char *range = osi_option_text(session, "range");
    int rc = range ? read_range(range, err) : 0;

    scope.session = session;
    scope.shards = osi_shards(session);
    scope.function = osi_option_text(session, "function");
    if (!rc && scope.function && range) {
        rc = osi_fail(err, -EINVAL, "function= and range= exclude each other");
    }
    if (!rc && !scope.function) {
        make_world(session);
    }
    return rc;
}

static void stop(struct osi_session *session)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        osi_edges_free(edges_of(i));
    }
    osi_edges_world_free(scope.world);
}

const struct osi_tool hotpath_edges = {
    HOTPATH_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_DECODE | OSI_NEED_TEXT,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH),
    .shard_size = sizeof(struct shard),
    .code_size = sizeof(struct place),
    .start = start,
    .event = on_event,
    .window = on_window,
    .code = on_code,
    .block = on_block,
    .report = report,
    .stop = stop,
};
