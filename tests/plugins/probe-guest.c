/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test plugin: hooks a function of the guest's kernel, looks around, and prints what it saw. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/osinstr.h>

static const struct osi_option options[] = {
    { "do", OSI_OPTION_CHOICE, "look", "look|disable|events|stop|exit", "what the hook does" },
    { "at", OSI_OPTION_COUNT, "1", NULL, "at this call of the hook" },
    { NULL, OSI_OPTION_TEXT, NULL, NULL, NULL },
};

enum { LOOK, DISABLE, EVENTS, STOP, EXIT };

struct shard {
    uint64_t calls, events, last;
};

static struct osi_hook *hook; /* one session in this plugin */

/* ---- what the hook sees ---- */
static void look_at_symbols(struct osi_session *session, uint64_t pc)
{
    uint32_t offset = 0, size = 0;
    uint64_t address = 0, distance = 0;
    const char *name = osi_symbol_at(session, pc + 4, &distance);

    printf("at %s+%" PRIu64, name ? name : "nowhere", distance);
    printf(", symbol %d", osi_symbol_address(session, "vfs_read", &address));
    printf(" %s", address == pc ? "here" : "elsewhere");
    printf(", missing %d", osi_symbol_address(session, "vfs_write", &address) == -ENOENT);
    printf(", cpu %d",
           osi_member_offset(session, "task_struct", "thread_info.cpu", &offset, &size));
    printf(" %u %u", offset, size);
    printf(", no member %d\n",
           osi_member_offset(session, "task_struct", "nothing", &offset, &size) == -ENOENT);
}

static void look_at_registers(struct osi_session *session, unsigned vcpu)
{
    uint64_t argument = 0, second = 0, general = 0, cpsr = 0;

    osi_argument(session, vcpu, 0, &argument);
    osi_argument(session, vcpu, 1, &second);
    osi_general_register(session, vcpu, 30, &general);
    osi_register(session, vcpu, "cpsr", &cpsr);
    printf("arguments %" PRIx64 " %" PRIx64 ", x30 %" PRIx64 ", cpsr %" PRIx64, argument, second,
           general, cpsr);
    printf(", no register %d %d %d\n", osi_register(session, vcpu, "x99", &cpsr) == -ENOENT,
           osi_argument(session, vcpu, 8, &cpsr) == -ENOENT,
           osi_general_register(session, vcpu, 31, &cpsr) == -ENOENT);
}

static void look_at_memory(struct osi_session *session, unsigned vcpu)
{
    uint64_t address = 0;
    char text[12], word[4] = "";
    int rc;

    osi_argument(session, vcpu, 0, &address);
    rc = osi_read_string(session, address, text, sizeof(text));
    printf("string %d '%s'", rc, text);
    rc = osi_read(session, address + 1, word, 3);
    printf(", bytes %d '%s'", rc, word);
    rc = osi_read(session, 0xffffdead00000000ull, word, 3);
    printf(", nothing %d", rc == -EFAULT);
    rc = osi_read_string(session, 0xffffdead00000000ull, text, sizeof(text));
    printf(" %d '%s'\n", rc == -EFAULT, text);
}

static void look(struct osi_session *session, unsigned vcpu)
{
    const struct osi_task *task = osi_current(session, vcpu);
    uint64_t pc = 0;
    bool exact;

    osi_register(session, vcpu, "pc", &pc);
    printf("hook vcpu %u time %" PRIu64, vcpu, osi_now(session, vcpu, &exact));
    printf(" %s task %s/%u\n", exact ? "exact" : "about", task ? task->comm : "?",
           task ? task->pid : 0);
    look_at_symbols(session, pc);
    look_at_registers(session, vcpu);
    look_at_memory(session, vcpu);
}

static void on_call(struct osi_session *session, unsigned vcpu, void *data)
{
    struct shard *shard = osi_shard(session, vcpu);

    shard->calls++;
    if (shard->calls != osi_option_count(session, "at")) {
        return;
    }
    switch (osi_option_count(session, "do")) {
    case LOOK:
        printf("data %s\n", (const char *)data);
        look(session, vcpu);
        break;
    case DISABLE:
        osi_hook_enable(hook, false);
        break;
    case EVENTS:
        osi_events_enable(session, OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH), false);
        osi_events_enable(session, OSI_EVENT_BIT(OSI_EVENT_SCHED_WAKEUP), true);
        break;
    case STOP:
        osi_stop(session);
        break;
    case EXIT:
        exit(5);
    }
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("start, kernel %s", osi_kernel_known(session) ? "known" : "unknown");
    hook = osi_hook(session, "vfs_read", on_call, NULL, err);
    printf(", hook %s: %s\n", hook ? "made" : "refused", err->text);
    return 0;
}

static void ready(struct osi_session *session)
{
    struct osi_error err = { "" };

    hook = osi_hook(session, "vfs_read", on_call, "of the hook", &err);
    printf("ready, hook %s", hook ? "made" : "refused");
    printf(", %s\n", osi_hook(session, "vfs_write", on_call, NULL, &err) ? "made" : err.text);
}

static void on_event(struct osi_session *session, const struct osi_event *event)
{
    struct shard *shard = osi_shard(session, event->vcpu);
    char state[24];

    shard->events++;
    if (event->time < shard->last) {
        puts("time went back");
    }
    shard->last = event->time;
    if (event->kind == OSI_EVENT_SCHED_SWITCH) {
        printf("switch %s/%u to %s/%u %s", event->sched_switch.prev->comm,
               event->sched_switch.prev->pid, event->sched_switch.next->comm,
               event->sched_switch.next->pid,
               osi_task_state_text(event->sched_switch.prev_state, state));
        printf(event->sched_switch.next_waited ? " waited %" PRIu64 "\n" : "\n",
               event->sched_switch.wait);
    } else {
        printf("%s\n", osi_event_name(event->kind));
    }
}

static void report(struct osi_session *session, struct osi_report *out)
{
    uint64_t calls = 0, events = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        const struct shard *shard = osi_shard(session, i);

        calls += shard ? shard->calls : 0;
        events += shard ? shard->events : 0;
    }
    printf("report: %" PRIu64 " calls, %" PRIu64 " events\n", calls, events);
    osi_report_count(out, "calls", calls);
}

static const struct osi_tool tool = {
    .name = "probe-guest",
    .summary = "shows what a hook can do",
    .options = options,
    .needs = OSI_NEED_SYSTEM | OSI_NEED_TASKS | OSI_NEED_CLOCK,
    .events = OSI_EVENT_BIT(OSI_EVENT_SCHED_SWITCH) | OSI_EVENT_BIT(OSI_EVENT_IDLE_ENTER) |
              OSI_EVENT_BIT(OSI_EVENT_IDLE_EXIT) | OSI_EVENT_BIT(OSI_EVENT_KERNEL_START),
    .shard_size = sizeof(struct shard),
    .start = start,
    .ready = ready,
    .event = on_event,
    .report = report,
};

OSI_PLUGIN(tool)
