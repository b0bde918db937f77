/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: how often was each function entered, by a call or a jump to its start? */
#include <osinstr/osinstr.h>

#define FUNCTIONS 262144u /* their numbers are dense, from 1 */

struct shard {
    uint64_t entered[FUNCTIONS]; /* 0: those with a number beyond */
};

/* An interrupt came between a call, or a jump, and where it leads: it goes on there later, and nothing more is
 * told of it. 0: it led to no function's start. */
static uint32_t interrupted_entry(struct osi_session *session, const struct osi_flow *flow)
{
    const struct osi_code *from = osi_flow_arriving(session, flow);
    struct osi_function function;
    uint32_t number = from ? osi_function_at(session, flow->pc) : 0;

    if (from && (from->last.kind == OSI_INSN_CALL || from->last.kind == OSI_INSN_CALL_INDIRECT)) {
        return number ? number : osi_function_unnamed(session, flow->pc);
    }
    return osi_function(session, number, &function) && function.address == flow->pc ? number : 0;
}

static void on_flow(struct osi_session *session, const struct osi_flow *flow)
{
    struct shard *shard = osi_shard(session, flow->vcpu);
    uint32_t function = flow->to_called;
    bool enters = flow->kind == OSI_FLOW_CALL || (flow->kind == OSI_FLOW_JUMP && flow->to_entry);

    if (flow->kind == OSI_FLOW_ENTER && flow->arriving) {
        function = interrupted_entry(session, flow);
        enters = function != 0;
    }
    if (enters && flow->counting) {
        shard->entered[function < FUNCTIONS ? function : 0]++;
    }
}

static uint64_t entered(struct osi_session *session, uint32_t function)
{
    uint64_t sum = 0;

    for (unsigned vcpu = 0; vcpu < osi_n_vcpus(session); vcpu++) {
        const struct shard *shard = osi_shard(session, vcpu);

        sum += shard ? shard->entered[function] : 0;
    }
    return sum;
}

static void report(struct osi_session *session, struct osi_report *out)
{
    static const struct osi_column columns[] = {
        { "function", "function", OSI_COL_STRING },
        { "entered", "entered", OSI_COL_COUNT },
    };
    struct osi_function function;

    osi_report_count(out, "others", entered(session, 0));
    osi_report_table(out, "functions", "functions", columns, 2);
    for (uint32_t i = 1; i < FUNCTIONS && osi_function(session, i, &function); i++) {
        if (entered(session, i)) {
            osi_report_row(out, function.name, entered(session, i));
        }
    }
}

static const struct osi_tool tool = {
    .name = "entries",
    .summary = "how often each function was entered",
    .needs = OSI_NEED_FUNCTIONS | OSI_NEED_FLOW,
    .shard_size = sizeof(struct shard),
    .flow = on_flow,
    .report = report,
};

OSI_PLUGIN(tool)
