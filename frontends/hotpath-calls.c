/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=calls: the calling-context tree of each task. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hotpath-calls.h"

/* ---- who runs ---- */
/* Tasks of one name are one tree, or each is its own. */
static uint32_t root_of(struct osi_session *session, const struct osi_context *context)
{
    const struct hotpath *hotpath = osi_data(session);

    return osi_function_named(session, context->task && !hotpath->by_task ? context->task->comm
                                                                          : context->name, "[task]");
}

/* It has a name now, or another one. */
static void rename_thread(struct osi_session *session, struct osi_context *context)
{
    struct thread *thread = thread_of(context);
    uint32_t root = root_of(session, context);

    if (thread->stage == 0 && thread->nodes) {
        osi_callnodes_name(thread->nodes, root); /* what ran since the vCPU started was this */
    } else {
        thread->nodes = NULL;
        osi_calls_renamed(thread->calls);
    }
    thread->root = root;
    thread->stage = context->stage;
}

static void on_run(struct osi_session *session, unsigned vcpu, struct osi_context *prev,
                   struct osi_context *next)
{
    const struct hotpath *hotpath = osi_data(session);
    struct thread *thread = thread_of(next);
    uint64_t insns = osi_insns(session, vcpu);

    if (prev) {
        osi_calls_pause(thread_of(prev)->calls, insns);
    }
    if (!thread->calls) {
        thread->calls = osi_calls_new(hotpath->tree);
    }
    if (!thread->root) {
        thread->root = root_of(session, next);
        thread->stage = next->stage;
    } else if (thread->stage != next->stage) {
        rename_thread(session, next);
    }
    if (!thread->nodes || thread->vcpu != vcpu) {
        thread->nodes = osi_calltree_nodes(hotpath->tree, vcpu, thread->root);
        thread->vcpu = vcpu;
    }
    osi_calls_resume(thread->calls, insns, thread->nodes);
    osi_calls_count(thread->calls, insns, next->wanted && osi_counting(session));
    osi_flow_follow(session, vcpu, thread->calls);
}

static void on_fork(struct osi_session *session, unsigned vcpu, struct osi_context *parent,
                    struct osi_context *child)
{
    const struct hotpath *hotpath = osi_data(session);

    (void)vcpu;
    thread_of(child)->calls = osi_calls_new(hotpath->tree);
    osi_calls_fork(thread_of(child)->calls, thread_of(parent)->calls);
}

static void on_window(struct osi_session *session, unsigned vcpu, bool open)
{
    struct osi_context *context = osi_context(session, vcpu);

    osi_calls_count(thread_of(context)->calls, osi_insns(session, vcpu), open && context->wanted);
}

/* ---- where control goes ---- */
static void jump(struct osi_session *session, struct osi_calls *calls, const struct osi_flow *flow)
{
    const struct hotpath *hotpath = osi_data(session);
    bool starts = !hotpath->system && osi_calls_is_empty(calls);

    if (flow->from) {
        osi_calls_jump(calls, flow->insns, flow->from_function, flow->to_function, flow->to_entry,
                       flow->last == OSI_INSN_JUMP_INDIRECT);
        return;
    }
    /* QEMU runs a signal's handler; nothing in the program leads there. Or the program begins. */
    if (!hotpath->system && !starts) {
        osi_calls_enter(calls, flow->insns, hotpath->signal, OSI_FLOW_UNKNOWN, 0, false, false);
    }
    osi_calls_jump(calls, flow->insns, 0, flow->to_called, !starts, false);
}

static void enter(struct osi_session *session, struct osi_calls *calls, const struct osi_flow *flow)
{
    const struct hotpath *hotpath = osi_data(session);

    osi_calls_enter(calls, flow->insns,
                    flow->irq ? hotpath->irq : hotpath->exceptions[flow->exception], flow->pc,
                    flow->arriving, flow->user, flow->irq);
}

static uint32_t function_of_irq(struct osi_session *session, uint32_t hwirq)
{
    struct hotpath *hotpath = osi_data(session);
    uint32_t function = hwirq < IRQS ? __atomic_load_n(&hotpath->irqs[hwirq], __ATOMIC_RELAXED) : 0;
    char name[32];

    if (!function) {
        snprintf(name, sizeof(name), "[irq %u]", hwirq);
        function = osi_function_named(session, name, "[irq]");
        if (hwirq < IRQS) {
            __atomic_store_n(&hotpath->irqs[hwirq], function, __ATOMIC_RELAXED);
        }
    }
    return function;
}

static void number(struct osi_session *session, struct osi_calls *calls,
                   const struct osi_flow *flow)
{
    if (!osi_irq_is_spurious(flow->hwirq)) {
        osi_calls_number(calls, flow->insns, function_of_irq(session, flow->hwirq));
    }
}

static void leave(struct osi_session *session, struct osi_calls *calls, const struct osi_flow *flow)
{
    const struct hotpath *hotpath = osi_data(session);
    uint64_t arriving = osi_calls_leave(calls, flow->insns, flow->pc);

    if (arriving) {
        osi_flow_resume(session, flow->vcpu, arriving);
    }
    if (osi_calls_is_empty(calls) && osi_kernel_known(session) &&
        !osi_arch(session)->is_kernel(flow->pc)) {
        osi_calls_jump(calls, flow->insns, 0, hotpath->user, true, false);
    }
}

static void on_flow(struct osi_session *session, const struct osi_flow *flow)
{
    struct osi_calls *calls = thread_of(flow->context)->calls;

    if (flow->counting != osi_calls_counting(calls)) {
        osi_calls_count(calls, flow->insns, flow->counting);
    }
    switch (flow->kind) {
    case OSI_FLOW_CALL:
        osi_calls_call(calls, flow->insns, flow->from_function, flow->to_called, flow->place);
        break;
    case OSI_FLOW_RETURN:
        if (!osi_calls_return(calls, flow->insns, flow->from_function, flow->to_offset)) {
            const struct osi_code *to = osi_code(session, flow->to);

            osi_calls_return_to(calls, flow->insns, flow->from_function, to->address, to->function);
        }
        break;
    case OSI_FLOW_JUMP:
        jump(session, calls, flow);
        break;
    case OSI_FLOW_RESUME:
        osi_calls_leave(calls, flow->insns, OSI_FLOW_UNKNOWN);
        break;
    case OSI_FLOW_ENTER:
        enter(session, calls, flow);
        break;
    case OSI_FLOW_ACK:
        number(session, calls, flow);
        break;
    case OSI_FLOW_LEAVE:
        leave(session, calls, flow);
        break;
    }
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    struct hotpath *hotpath = calloc(1, sizeof(*hotpath));
    char text[64];

    (void)err;
    osi_set_data(session, hotpath);
    hotpath->system = osi_is_system(session);
    hotpath->by_task = strcmp(osi_option_text(session, "by"), "task") == 0;
    hotpath->user = osi_function_named(session, "[user]", "[user]");
    hotpath->irq = osi_function_named(session, "[irq]", "[irq]");
    hotpath->signal = osi_function_named(session, "[signal]", "[exception]");
    for (unsigned i = 0; i < OSI_EXCEPTIONS; i++) {
        snprintf(text, sizeof(text), "[%s]", osi_exception_name((enum osi_exception)i));
        hotpath->exceptions[i] = osi_function_named(session, text, "[exception]");
    }
    hotpath->tree = osi_calltree_new(osi_option_count(session, "nodes"),
                                     osi_function_named(session, "[other]", "[other]"),
                                     hotpath->signal);
    osi_calltree_set_places(hotpath->tree, osi_flow_address, session);
    if (!osi_option_switch(session, "user")) {
        osi_flow_kernel_only(session);
    }
    return 0;
}

static void stop(struct osi_session *session)
{
    struct hotpath *hotpath = osi_data(session);

    for (unsigned i = 0; i < osi_n_contexts(session); i++) {
        osi_calls_free(thread_of(osi_context_at(session, i))->calls);
    }
    osi_calltree_free(hotpath->tree);
    free(hotpath);
}

const struct osi_tool hotpath_calls = {
    HOTPATH_TOOL,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_FLOW,
    .context_size = sizeof(struct thread),
    .start = start,
    .run = on_run,
    .fork = on_fork,
    .window = on_window,
    .flow = on_flow,
    .report = hotpath_calls_report,
    .stop = stop,
};
