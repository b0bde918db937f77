/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: prints what control does, as osinstr/flow.h tells it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <osinstr/osinstr.h>

#define DEEPEST 16

/* Of each exception under way: where it returns to, and what had not arrived. */
struct state {
    struct {
        uint64_t pc;
        uint64_t arriving;
    } entered[DEEPEST];
    unsigned depth;
};

static const struct osi_option options[] = {
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static void print_ways(const struct osi_session *session, const char *what,
                       const struct osi_flow *flow)
{
    const struct osi_code *from = osi_code(session, flow->from);

    printf("%u %" PRIu64 " %s %" PRIx64 " %" PRIx64 "\n", flow->vcpu, flow->insns, what,
           from ? from->last_address : 0, osi_code(session, flow->to)->address);
}

static void enter(const struct osi_session *session, struct state *state,
                  const struct osi_flow *flow)
{
    const struct osi_code *arriving = osi_flow_arriving(session, flow);

    printf("%u %" PRIu64 " enter %" PRIx64 "%s%s", flow->vcpu, flow->insns, flow->pc,
           flow->irq ? " irq" : "", flow->user ? " user" : "");
    if (arriving) {
        printf(" arriving from %" PRIx64, arriving->last_address);
    }
    putchar('\n');
    if (state->depth < DEEPEST) {
        state->entered[state->depth].pc = flow->pc;
        state->entered[state->depth++].arriving = flow->arriving;
    }
}

static void leave(struct osi_session *session, struct state *state, const struct osi_flow *flow)
{
    printf("%u %" PRIu64 " leave %" PRIx64 "\n", flow->vcpu, flow->insns, flow->pc);
    if (state->depth && state->entered[--state->depth].pc == flow->pc) {
        osi_flow_resume(session, flow->vcpu, state->entered[state->depth].arriving);
    }
}

static void on_flow(struct osi_session *session, const struct osi_flow *flow)
{
    static const char *const ways[] = { "call", "return", "jump", "resume" };

    if (flow->kind == OSI_FLOW_ENTER) {
        enter(session, osi_data(session), flow);
    } else if (flow->kind == OSI_FLOW_LEAVE) {
        leave(session, osi_data(session), flow);
    } else if (flow->kind == OSI_FLOW_ACK) {
        printf("%u %" PRIu64 " ack %u\n", flow->vcpu, flow->insns, flow->hwirq);
    } else {
        print_ways(session, ways[flow->kind], flow);
    }
}

static int start(struct osi_session *session, struct osi_error *err)
{
    (void)err;
    osi_set_data(session, calloc(1, sizeof(struct state)));
    return 0;
}

static void stop(struct osi_session *session)
{
    fflush(stdout);
    free(osi_data(session));
}

static const struct osi_tool probe = {
    .name = "probe-flow",
    .summary = "prints what control does",
    .options = options,
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_FLOW,
    .start = start,
    .flow = on_flow,
    .stop = stop,
};

OSI_PLUGIN(probe)
