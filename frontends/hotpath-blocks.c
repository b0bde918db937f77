/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=blocks: how often each block ran.
 *
 * Each block adds its number of instructions to a cell of its own, without a call; everything else is
 * done by looking at all cells when something rare happens (osinstr/meter.h). */
#include <stdatomic.h>
#include <stdlib.h>

#include <osinstr/blockstat.h>
#include <osinstr/meter.h>

#include "hotpath.h"

#define CHUNKS 2048u /* 16 M blocks */

/* The cells of kernel code, or of user code. */
struct bank {
    _Atomic(struct osi_cells *) chunks[CHUNKS];
    atomic_uint n; /* cells in use */
};

static struct bank banks[OSI_METER_KINDS];
static bool from_start, all_tasks, user_blocks;

struct shard {
    _Atomic(struct osi_meter *) meter;
    uint64_t vcpu;
};

/* A code object's own: where it counts. */
struct counter {
    struct osi_cells *cells;
    uint32_t index; /* in its bank */
    uint8_t kind;   /* enum osi_meter_kind */
    bool shared;    /* with all other user code */
};

/* ---- the vCPU's meter ---- */
static size_t cells_in_use(void *data, enum osi_meter_kind kind, size_t chunk,
                           const uint64_t **cells)
{
    const struct shard *shard = data;
    size_t n = atomic_load_explicit(&banks[kind].n, memory_order_acquire);

    if (chunk * OSI_METER_CHUNK >= n) {
        return 0;
    }
    *cells = osi_cells_of(banks[kind].chunks[chunk], (unsigned)shard->vcpu);
    n -= chunk * OSI_METER_CHUNK;
    return n < OSI_METER_CHUNK ? n : OSI_METER_CHUNK;
}

/* Made when it is first needed, by its own vCPU or by one that gets to `from` or `to`. */
static struct osi_meter *meter_of(struct osi_session *session, unsigned vcpu)
{
    struct shard *shard = osi_shard(session, vcpu);
    struct osi_meter *made, *known = shard ? atomic_load(&shard->meter) : NULL;

    if (known || !shard) {
        return known;
    }
    shard->vcpu = vcpu;
    made = osi_meter_new(cells_in_use, shard, all_tasks, from_start);
    if (!atomic_compare_exchange_strong(&shard->meter, &known, made)) {
        osi_meter_free(made);
        return known;
    }
    return made;
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    const struct osi_task *task = NULL;

    if (event->kind == OSI_EVENT_SCHED_SWITCH) {
        task = event->sched_switch.next;
    } else if (event->kind == OSI_EVENT_TASK_RENAME &&
               event->task.former == osi_current(session, event->vcpu)) {
        task = event->task.task;
    }
    if (task) {
        osi_meter_task(meter_of(session, event->vcpu), task, osi_task_wanted(session, task));
    }
}

static void on_window(struct osi_session *session, unsigned vcpu, bool open)
{
    (void)vcpu;
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_meter *meter = meter_of(session, i);

        if (meter) {
            osi_meter_window(meter, open);
        }
    }
}

/* ---- code ---- */
static struct osi_cells *chunk_of(struct osi_session *session, struct bank *bank, uint32_t index)
{
    struct osi_cells *cells = atomic_load(&bank->chunks[index / OSI_METER_CHUNK]);

    if (!cells) {
        cells = osi_cells_new(session, OSI_METER_CHUNK);
        atomic_store(&bank->chunks[index / OSI_METER_CHUNK], cells);
    }
    return cells;
}

static void on_code(struct osi_session *session, const struct osi_code *code)
{
    struct counter *counter = code->data;
    bool user = osi_is_user_code(session, code->address);
    struct bank *bank = &banks[user ? OSI_METER_USER : OSI_METER_KERNEL];
    uint32_t n = atomic_load(&bank->n);

    counter->kind = user ? OSI_METER_USER : OSI_METER_KERNEL;
    counter->shared = user && !user_blocks;
    counter->index = counter->shared ? 0 : n;
    if (counter->index < CHUNKS * OSI_METER_CHUNK) {
        counter->cells = chunk_of(session, bank, counter->index);
        if (counter->index == n) {
            atomic_store_explicit(&bank->n, n + 1, memory_order_release);
        }
    }
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    const struct osi_code *code = osi_block_code(block);
    const struct counter *counter = code ? code->data : NULL;

    (void)session;
    if (counter && counter->cells) {
        osi_block_add(block, counter->cells, counter->index % OSI_METER_CHUNK, code->n);
    }
}

/* ---- report ---- */
void hotpath_name(const struct osi_code *code, bool user, struct osi_blockstat_block *block)
{
    struct osi_function function;

    block->function = code->function;
    if (!block->function) { /* translated before the kernel was located */
        block->function = osi_function_at(code->session, code->address);
    }
    if (osi_function(code->session, block->function, &function)) {
        block->symbol = function.name;
        block->module = function.module;
        block->offset = code->function ? code->offset : code->address - function.address;
    } else if (user) {
        block->module = "[user]";
    }
}

static uint64_t counted(struct osi_session *session, enum osi_meter_kind kind, uint32_t index)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_meter *meter = meter_of(session, i);

        sum += meter ? osi_meter_counted(meter, kind, index) : 0;
    }
    return sum;
}

static void add_block(struct osi_session *session, struct osi_blockstat *stat,
                      const struct osi_code *code)
{
    const struct counter *counter = code->data;
    struct osi_blockstat_block block = {
        .id = code->id, .address = code->address, .size = code->size, .insns = code->n,
    };

    if (!counter->cells || counter->shared) {
        return;
    }
    hotpath_name(code, counter->kind == OSI_METER_USER, &block);
    block.executions = counted(session, counter->kind, counter->index) / code->n;
    osi_blockstat_block(stat, &block);
}

static void add_tasks(struct osi_session *session, struct osi_blockstat *stat, unsigned vcpu)
{
    struct osi_meter *meter = meter_of(session, vcpu);
    const struct osi_meter_account *account;

    for (size_t i = 0; meter && (account = osi_meter_account(meter, i)); i++) {
        osi_blockstat_task(stat, account->task ? account->task->pid : OSI_NONE,
                           account->task ? account->task->comm : "[before the first switch]",
                           account->counted[OSI_METER_KERNEL], account->counted[OSI_METER_USER]);
    }
}

static void disassemble(struct osi_session *session, struct osi_blockstat *stat,
                        struct osi_report *out, size_t top)
{
    static const struct osi_column columns[] = {
        { "executions", "executions", OSI_COL_COUNT },
        { "address", "address", OSI_COL_ADDRESS },
        { "text", "instruction", OSI_COL_STRING },
    };
    const struct osi_blockstat_block *block;
    char text[256];
    size_t length;

    osi_report_table(out, "disassembly", "what these blocks do", columns, 3);
    for (size_t i = 0; i < top && (block = osi_blockstat_hottest(stat, i)); i++) {
        const struct osi_code *code = osi_code(session, block->id);
        uint32_t at = 0;

        for (; (length = osi_code_text(code, at, text, sizeof(text))) > 0; at += (uint32_t)length) {
            osi_report_row(out, at ? OSI_NONE : block->executions, code->address + at, text);
        }
    }
}

static int write_csv(const void *stat, FILE *stream)
{
    return osi_blockstat_csv((struct osi_blockstat *)stat, stream);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct osi_blockstat *stat = osi_blockstat_new();
    size_t top = osi_option_count(session, "top");

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_meter *meter = meter_of(session, i);

        if (meter) {
            osi_meter_end(meter);
        }
        if (osi_kernel_known(session)) {
            add_tasks(session, stat, i);
        }
    }
    for (uint32_t id = 1; id < osi_n_codes(session); id++) {
        add_block(session, stat, osi_code(session, id));
    }
    if (!user_blocks) {
        osi_blockstat_lump(stat, "[user]", counted(session, OSI_METER_USER, 0));
    }
    osi_blockstat_report(stat, out, top);
    disassemble(session, stat, out, top);
    osi_write_file(session, "blocks.csv", write_csv, stat);
    osi_blockstat_free(stat);
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    (void)err;
    from_start = osi_option_text(session, "from") == NULL;
    all_tasks = osi_option_text(session, "task") == NULL;
    user_blocks = osi_option_switch(session, "user");
    return 0;
}

static void stop(struct osi_session *session)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        osi_meter_free(meter_of(session, i));
    }
    for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
        for (unsigned i = 0; i < CHUNKS && banks[kind].chunks[i]; i++) {
            osi_cells_free(banks[kind].chunks[i]);
        }
    }
}

const struct osi_tool hotpath_blocks = {
    HOTPATH_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_TEXT,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH) | OSI_EVENT_BIT(OSI_EVENT_TASK_RENAME),
    .start = start,
    .shard_size = sizeof(struct shard),
    .code_size = sizeof(struct counter),
    .event = on_event,
    .window = on_window,
    .code = on_code,
    .block = on_block,
    .report = report,
    .stop = stop,
};
