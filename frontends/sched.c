/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched: which task runs when, and how long did it wait for a CPU? */
#include <osinstr/osinstr.h>
#include <osinstr/schedstat.h>

struct shard {
    struct osi_schedstat *stat; /* made at the vCPU's first event */
};

static const struct osi_option options[] = {
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static struct osi_schedstat *stat_of(struct osi_session *session, unsigned vcpu)
{
    struct shard *shard = osi_shard(session, vcpu);

    if (!shard->stat) {
        shard->stat = osi_schedstat_new();
    }
    return shard->stat;
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    osi_schedstat_event(stat_of(session, event->vcpu), event);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct osi_schedstat *all = osi_schedstat_new();

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct shard *shard = osi_shard(session, i);

        if (shard && shard->stat) {
            osi_schedstat_end(shard->stat, i, osi_end_time(session, i));
            osi_schedstat_merge(all, shard->stat);
            osi_schedstat_free(shard->stat);
        }
    }
    osi_schedstat_report(all, out, osi_option_count(session, "top"));
    osi_schedstat_free(all);
}

static const struct osi_tool sched = {
    .name = "sched",
    .summary = "which task runs when, and how long it waited for a CPU",
    .options = options,
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS | OSI_NEED_CLOCK,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH) | OSI_EVENT_BIT(OSI_EVENT_SCHED_WAKEUP) |
              OSI_EVENT_BIT(OSI_EVENT_TASK_NEW) | OSI_EVENT_BIT(OSI_EVENT_TASK_RENAME) |
              OSI_EVENT_BIT(OSI_EVENT_TASK_EXIT) | OSI_EVENT_BIT(OSI_EVENT_KERNEL_START),
    .trace = true,
    .shard_size = sizeof(struct shard),
    .event = on_event,
    .report = report,
};

OSI_PLUGIN(sched)
