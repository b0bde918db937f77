/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: how often was each function entered, by a call or a jump to its start? */
#include <osinstr/osinstr.h>

#define FUNCTIONS 262144u /* their numbers are dense, from 1 */

struct shard {
    uint64_t entered[FUNCTIONS]; /* 0: those with a number beyond */
};

static void on_flow(struct osi_session *session, const struct osi_flow *flow)
{
    struct shard *shard = osi_shard(session, flow->vcpu);
    bool enters = flow->kind == OSI_FLOW_CALL || (flow->kind == OSI_FLOW_JUMP && flow->to_entry);

    if (enters && flow->counting) {
        shard->entered[flow->to_called < FUNCTIONS ? flow->to_called : 0]++;
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
