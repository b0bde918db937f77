/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq-latency: what do interrupts cost, and who makes them wait? */
#include <osinstr/irqstat.h>
#include <osinstr/osinstr.h>

struct shard {
    struct osi_irqstat *stat; /* made at the vCPU's first event */
    struct osi_session *session;
    uint64_t threshold;
};

static const struct osi_option options[] = {
    { "threshold", OSI_OPTION_TIME, NULL, NULL,
      "report each interval above this at once, while the guest runs (50us, 2ms; a number is ns, or "
      "instructions with clock=insn)" },
    { "irq", OSI_OPTION_LIST, NULL, NULL,
      "only the intervals of this interrupt: its number at the controller or the name of its action; "
      "repeatable" },
    { "top", OSI_OPTION_COUNT, "20", NULL, "rows of the printed tables; the files have all" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static void over(void *data, const struct osi_irq_sample *sample)
{
    struct shard *shard = data;
    unsigned long long at = sample->event->time;
    char text[200];

    if (sample->duration <= shard->threshold) {
        return;
    }
    osi_irq_sample_text(shard->stat, sample, osi_clock_unit(shard->session), text, sizeof(text));
    if (osi_clock_kind(shard->session) == OSI_CLOCK_INSN) {
        osi_say(shard->session, "over threshold at %llu insn: %s", at, text);
    } else {
        osi_say(shard->session, "over threshold at %llu.%06llu: %s", at / 1000000000,
                at / 1000 % 1000000, text);
    }
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    struct shard *shard = osi_shard(session, event->vcpu);

    if (!shard->stat) {
        shard->stat = osi_irqstat_new(osi_option_text(session, "irq"));
        shard->session = session;
        shard->threshold = osi_option_count(session, "threshold");
        if (shard->threshold) {
            osi_irqstat_watch(shard->stat, over, shard);
        }
    }
    osi_irqstat_event(shard->stat, event);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    struct osi_irqstat *all = osi_irqstat_new(osi_option_text(session, "irq"));
    uint64_t exceptions[OSI_EXCEPTIONS];

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct shard *shard = osi_shard(session, i);

        if (shard && shard->stat) {
            osi_exceptions(session, i, exceptions);
            osi_irqstat_exceptions(shard->stat, i, exceptions);
            osi_irqstat_end(shard->stat, i, osi_end_time(session, i));
            osi_irqstat_merge(all, shard->stat);
            osi_irqstat_free(shard->stat);
        }
    }
    osi_irqstat_report(all, out, osi_option_count(session, "top"));
    osi_irqstat_free(all);
}

static const struct osi_tool irq_latency = {
    .name = "irq-latency",
    .summary = "what interrupts cost, and who makes them wait",
    .options = options,
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS | OSI_NEED_CLOCK | OSI_NEED_EXACT,
    .events = OSI_IRQ_EVENTS | OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH) |
              OSI_EVENT_BIT(OSI_EVENT_SCHED_WAKEUP) | OSI_EVENT_BIT(OSI_EVENT_TASK_NEW) |
              OSI_EVENT_BIT(OSI_EVENT_TASK_RENAME) | OSI_EVENT_BIT(OSI_EVENT_KERNEL_START),
    .trace = true,
    .shard_size = sizeof(struct shard),
    .event = on_event,
    .report = report,
};

OSI_PLUGIN(irq_latency)
