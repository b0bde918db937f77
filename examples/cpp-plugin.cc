// SPDX-License-Identifier: GPL-2.0-or-later
// cpp-plugin: tasks by the number of times they were switched in; the same interface from C++.
#include <map>
#include <string>

#include <osinstr/osinstr.h>

namespace {

using Counts = std::map<std::string, uint64_t>;

// Shards are zeroed memory, so an object is made at the first event. Deleted in report, since C++
// statics may be gone by then and shards hold no destructors.
Counts *&counts_of(osi_session *session, unsigned vcpu)
{
    return *static_cast<Counts **>(osi_shard(session, vcpu));
}

void on_event(osi_session *session, const osi_event *event)
{
    auto &counts = counts_of(session, event->vcpu);

    if (!counts)
        counts = new Counts;
    ++(*counts)[event->sched_switch.next->comm];
}

void report(osi_session *session, osi_report *out)
{
    static const osi_column columns[] = {
        { "comm", "comm", OSI_COL_STRING },
        { "switched_in", "switched in", OSI_COL_COUNT },
    };
    Counts all;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        if (!osi_shard(session, i) || !counts_of(session, i))
            continue;
        for (const auto &entry : *counts_of(session, i))
            all[entry.first] += entry.second;
        delete counts_of(session, i);
    }
    osi_report_table(out, "tasks", "tasks", columns, 2);
    for (const auto &entry : all)
        osi_report_row(out, entry.first.c_str(), entry.second);
}

// Before C++20 there are no designated initialisers: set the members in a function.
osi_tool make_tool()
{
    osi_tool tool = {};

    tool.name = "cpp-plugin";
    tool.summary = "how often each task was switched in";
    tool.needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS;
    tool.events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH);
    tool.shard_size = sizeof(Counts *);
    tool.event = on_event;
    tool.report = report;
    return tool;
}

const osi_tool tool = make_tool();

} // namespace

OSI_PLUGIN(tool)
