/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=trace: every block that a vCPU executed, in order.
 *
 * A callback at each block tells the vCPU's path writer its number. Writers are never freed: at the end
 * of a run other vCPUs may still be on their way.
 */
#include <errno.h>
#include <stdlib.h>

#include <osinstr/path.h>

#include "hotpath.h"

#define MAX_VCPUS 1024

/* What is kept for a block's code. */
struct kept {
    uint32_t function; /* number of the string with its function's name */
    uint32_t offset;
    uint8_t *lengths;  /* of its instructions; NULL: all alike. For the session's life */
};

static struct osi_session *session_of_all;
static struct osi_path_writer *writers[MAX_VCPUS];
static unsigned numbers[MAX_VCPUS]; /* of vCPUs: what a writer's client gets a pointer to */
static bool wanted_task[MAX_VCPUS];
static uint64_t first, last;

/* ---- what the writer asks for ---- */
static void emit(void *data, uint64_t time, const uint64_t *fields)
{
    osi_record(session_of_all, *(unsigned *)data, 0, time, fields);
}

/* Can its last instruction lead to the block's inside? */
static bool loops(const struct osi_code *code)
{
    const struct osi_decoded *end = &code->last;
    const struct osi_arch *arch = osi_arch(session_of_all);
    uint64_t offset = code->last_address - code->address;

    return end->kind == OSI_INSN_JUMP_INDIRECT ||
           (end->has_target && end->kind != OSI_INSN_CALL &&
            offset + (uint64_t)end->displacement - 1 < code->size - 1) ||
           (arch->repeats && arch->repeats(code->bytes + offset, code->size - offset));
}

static void tell_code(void *data, uint32_t id, struct osi_path_code *to)
{
    const struct osi_code *code = osi_code(session_of_all, id);
    const struct kept *kept = code->data;

    (void)data;
    to->address = code->address;
    to->bytes = code->bytes;
    to->lengths = kept->lengths;
    to->n = code->n;
    to->size = code->size;
    to->function = kept->function;
    to->offset = kept->offset;
    to->loops = loops(code);
}

static bool is_wanted(void *data)
{
    return osi_counting(session_of_all) && wanted_task[*(unsigned *)data];
}

static const struct osi_path_client client = { emit, tell_code, is_wanted };

/* ---- at run time ---- */
static uint32_t id_in(const void *data)
{
    return (uint32_t)(uintptr_t)data;
}

static uint32_t insns_in(const void *data)
{
    return (uint32_t)((uint64_t)(uintptr_t)data >> 32);
}

/* Apart, so that nothing is saved on the stack for what is foreseen. */
__attribute__((noinline)) static void execute_other(unsigned vcpu, void *data)
{
    if (osi_callback_begin(session_of_all, vcpu)) {
        osi_path_miss(writers[vcpu], id_in(data), insns_in(data));
        osi_callback_end(session_of_all, vcpu);
    }
}

static void execute(unsigned vcpu, void *data)
{
    if (!osi_path_foreseen(writers[vcpu], id_in(data), insns_in(data))) {
        execute_other(vcpu, data);
    }
}

static void complete(unsigned vcpu, void *data)
{
    (void)data;
    osi_path_complete(writers[vcpu]);
}

static void begin_vcpu(struct osi_session *session, unsigned vcpu)
{
    if (writers[vcpu]) {
        return; /* the guest starts again */
    }
    numbers[vcpu] = vcpu;
    writers[vcpu] = osi_path_writer_new(&client, &numbers[vcpu]);
    if (!writers[vcpu]) {
        osi_say(session, "no memory for the path of vCPU %u", vcpu);
        abort();
    }
    osi_path_limit(writers[vcpu], first, last);
    wanted_task[vcpu] = osi_task_wanted(session, NULL);
    if (!is_wanted(&numbers[vcpu])) {
        osi_path_off(writers[vcpu], 0);
    }
}

static void flow(struct osi_session *session, const struct osi_flow *flow)
{
    (void)session;
    if (flow->kind == OSI_FLOW_ENTER) {
        bool between = flow->irq || flow->fetch || flow->exception == OSI_EXCEPTION_ERROR;

        osi_path_exception(writers[flow->vcpu], flow->pc, flow->irq, !between, flow->exception);
    }
}

static void run(struct osi_session *session, unsigned vcpu, struct osi_context *prev,
                struct osi_context *next)
{
    (void)next;
    if (!prev) {
        begin_vcpu(session, vcpu);
    }
}

static uint64_t address_of(struct osi_session *session, const char *option)
{
    const char *name = osi_option_text(session, option);
    uint64_t address = 0;

    if (name) {
        osi_symbol_address(session, name, &address);
    }
    return address;
}

static void window(struct osi_session *session, unsigned vcpu, bool open)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        if (i != vcpu && writers[i]) {
            osi_path_poke(writers[i]);
        }
    }
    if (!open) {
        osi_path_off(writers[vcpu], address_of(session, "to"));
    } else if (wanted_task[vcpu]) {
        osi_path_on(writers[vcpu], address_of(session, "from"));
    }
}

static uint64_t now(struct osi_session *session, unsigned vcpu)
{
    (void)session;
    return writers[vcpu]->insns;
}

/* The switch itself is recorded behind what is flushed here. */
static void event(struct osi_session *session, const struct osi_event *event)
{
    struct osi_path_writer *writer = writers[event->vcpu];

    wanted_task[event->vcpu] = osi_task_wanted(session, event->sched_switch.next);
    if (!wanted_task[event->vcpu]) {
        osi_path_off(writer, 0);
        return;
    }
    osi_path_flush(writer);
    if (osi_counting(session)) {
        osi_path_on(writer, 0);
    }
}

/* ---- at translation ---- */
static void code(struct osi_session *session, const struct osi_code *code)
{
    struct kept *kept = code->data;
    struct osi_function function;

    if (osi_trace(session) && osi_function(session, code->function, &function)) {
        kept->function = osi_trace_define_string(osi_trace(session), function.name);
        kept->offset = (uint32_t)(code->address - function.address);
    }
}

/* Two vCPUs may translate the same code at once: the first one counts. */
static void keep_lengths(struct osi_block *block, struct kept *kept, uint32_t n)
{
    uint8_t *lengths, *none = NULL;
    bool alike = true;

    if (__atomic_load_n(&kept->lengths, __ATOMIC_ACQUIRE) || !(lengths = malloc(n))) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        lengths[i] = (uint8_t)osi_insn_bytes(block, i, NULL, 0);
        alike &= lengths[i] == lengths[0];
    }
    if (alike || !__atomic_compare_exchange_n(&kept->lengths, &none, lengths, false,
                                              __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
        free(lengths);
    }
}

static void block(struct osi_session *session, struct osi_block *block)
{
    const struct osi_code *code = osi_block_code(block);
    const struct osi_arch *arch = osi_arch(session);
    struct osi_path_code path;

    if (!code) {
        return;
    }
    if (arch->min_insn != arch->max_insn) {
        keep_lengths(block, code->data, code->n);
    }
    osi_block_call(block, execute, OSI_REGS_NONE,
                   (void *)(uintptr_t)((uint64_t)code->n << 32 | code->id));
    tell_code(NULL, code->id, &path);
    if (path.loops) {
        osi_insn_call(block, code->n - 1, complete, OSI_REGS_NONE, NULL);
    }
}

/* ---- start and end ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    if (!osi_trace(session)) {
        return osi_fail(err, -EINVAL, "mode=trace with trace=off would do nothing");
    }
    session_of_all = session;
    first = osi_option_count(session, "first");
    last = osi_option_text(session, "last") ? osi_option_count(session, "last") : UINT64_MAX;
    if (last <= first) {
        return osi_fail(err, -EINVAL, "last=%s is not behind first", osi_option_text(session, "last"));
    }
    return 0;
}

static void report(struct osi_session *session, struct osi_report *report)
{
    uint64_t blocks = 0, bytes = 0, insns = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        if (writers[i]) {
            osi_path_end(writers[i]);
            osi_path_flush(writers[i]);
            blocks += osi_path_blocks(writers[i]);
            bytes += osi_path_bytes(writers[i]);
            insns += writers[i]->insns;
        }
    }
    osi_report_count(report, "instructions", insns);
    osi_report_count(report, "blocks", blocks);
    osi_report_count(report, "path_bytes", bytes);
}

const struct osi_tool hotpath_trace = {
    HOTPATH_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_EXCEPTIONS | OSI_NEED_OWN_CLOCK,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH),
    .trace = true,
    .trace_types = osi_path_types,
    .code_size = sizeof(struct kept),
    .start = start,
    .code = code,
    .block = block,
    .run = run,
    .flow = flow,
    .time = now,
    .event = event,
    .window = window,
    .report = report,
};
