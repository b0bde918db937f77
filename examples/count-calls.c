/* SPDX-License-Identifier: GPL-2.0-or-later */
/* count-calls: how often does the guest's kernel call one function? */
#include <osinstr/osinstr.h>

static const struct osi_option options[] = {
    { "function", OSI_OPTION_TEXT, "do_sys_openat2", NULL, "the kernel function to count" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

static void called(struct osi_session *session, unsigned vcpu, void *data)
{
    (void)data;
    ++*(uint64_t *)osi_shard(session, vcpu); /* this vCPU's own memory: no lock */
}

static void ready(struct osi_session *session)
{
    struct osi_error err;

    if (!osi_hook(session, osi_option_text(session, "function"), called, NULL, &err))
        osi_say(session, "%s", err.text);
}

static void report(struct osi_session *session, struct osi_report *out)
{
    uint64_t calls = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++)
        calls += osi_shard(session, i) ? *(uint64_t *)osi_shard(session, i) : 0;
    osi_report_count(out, "calls", calls);
}

static const struct osi_tool tool = {
    .name = "count-calls", .summary = "counts the calls of a kernel function", .options = options,
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS, .shard_size = sizeof(uint64_t),
    .ready = ready, .report = report,
};

OSI_PLUGIN(tool)
