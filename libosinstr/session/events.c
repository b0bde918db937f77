/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events on their way: time, wait, trace, tool.
 *
 * An event gets its time when it happens, or, if the guest's clock is unsure (just
 * woken under icount), when the guest next reads its counter. From there on the
 * order of a vCPU's events is kept and their times never go down.
 */
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "session/internal.h"
#include "trace/record.h"
#include <osinstr/irqstat.h>

/* ---- entering and ending ---- */
bool osi_callback_begin(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return vcpu && osi_enter(vcpu);
}

void osi_callback_end(struct osi_session *session, unsigned index)
{
    osi_leave(osi_vcpu(session, index));
}

static long membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
}

void osi_prepare_barrier(struct osi_session *session)
{
    session->rare_barrier = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

uint64_t osi_callback_time(struct osi_session *session, struct osi_vcpu *vcpu)
{
    if (!vcpu->host_time) {
        vcpu->host_time = osi_clock_host(&session->clock);
    }
    return vcpu->host_time;
}

void osi_end_events(struct osi_session *session)
{
    gint64 give_up = g_get_monotonic_time() + G_USEC_PER_SEC;

    atomic_store(&session->ended, true);
    for (unsigned i = 0; i < atomic_load(&session->n_vcpus); i++) {
        struct osi_vcpu *vcpu = osi_vcpu(session, i);

        if (vcpu) {
            atomic_store(&vcpu->follow, NULL);
        }
    }
    if (session->rare_barrier && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        g_usleep(10000); /* forbidden meanwhile (a sandbox): by then every store has got around */
    }
    while (atomic_load(&session->translating) && g_get_monotonic_time() < give_up) {
        g_usleep(50);
    }
    for (unsigned i = 0; i < atomic_load(&session->n_vcpus); i++) {
        struct osi_vcpu *vcpu = osi_vcpu(session, i);

        /* A vCPU that ends the process from inside its own event can't leave any more. */
        while (vcpu && atomic_load(&vcpu->busy) && g_get_monotonic_time() < give_up) {
            g_usleep(50);
        }
    }
}

/* ---- the trace ---- */
static void warn(void *data, const char *line)
{
    osi_say(data, "%s", line);
}

int osi_open_trace(struct osi_session *session, struct osi_error *err)
{
    size_t n_types, n_own = 0;
    const struct osi_event_type *from = osi_record_types(&n_types);
    struct osi_event_type types[OSI_TRACE_MAX_TYPES];
    const struct osi_host_facts *facts = osi_host_facts(session->host);
    char *options = osi_options_summary(session->options);
    const char *info[] = {
        "tool", session->tool->name, "target", facts->target, "host", facts->version,
        "options", options, "kernel",
        session->guest ? osi_linux_provenance(session->guest) : "not looked for",
        session->command_line.icount_text ? "icount" : NULL, session->command_line.icount_text, NULL,
    };
    struct osi_trace_config config = {
        .types = types,
        .n_types = n_types,
        .n_streams = MAX(1, facts->vcpus),
        .clock = osi_clock_text(session),
        .clock_unit = osi_clock_unit(session),
        .codec = osi_options_text(session->options, "compress"),
        .info = info,
        .warn = warn,
        .warn_data = session,
    };
    int rc;

    memcpy(types, from, n_types * sizeof(*types));
    if (session->tool->trace_types) {
        from = session->tool->trace_types(&n_own);
        memcpy(types + n_types, from, n_own * sizeof(*types));
    }
    config.n_types += n_own;
    rc = osi_trace_writer_new(session->directory.path, &config, &session->trace, err);
    g_free(options);
    return rc;
}

void osi_record(struct osi_session *session, unsigned index, unsigned type, uint64_t time,
                const uint64_t *fields)
{
    if (session->trace) {
        osi_trace_emit(session->trace, index, OSI_EVENT_KINDS + type, time, fields);
    }
}

/* ---- delivery ---- */
static void hand_over(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_event *event)
{
    unsigned on = atomic_load_explicit(&session->events, memory_order_relaxed);
    uint64_t fields[OSI_TRACE_MAX_FIELDS];

    if (!(on & OSI_EVENT_BIT(event->kind))) {
        return;
    }
    if (session->tool->event) {
        session->tool->event(session, event);
    }
    if (session->trace && session->tool->trace && osi_record_pack(event, fields)) {
        osi_trace_emit(session->trace, vcpu->index, event->kind, event->time, fields);
    }
}

static void hand_over_idle(struct osi_session *session, struct osi_vcpu *vcpu,
                           const struct osi_event *event, enum osi_event_kind kind,
                           const struct osi_task *task)
{
    if (task && task->pid == 0) {
        struct osi_event idle = {
            .kind = kind, .vcpu = vcpu->index, .time = event->time, .idle = { task }
        };

        hand_over(session, vcpu, &idle);
    }
}

/* Instructions of one vCPU say nothing about when another one did something. */
static bool comparable_times(const struct osi_session *session)
{
    return session->clock.kind != OSI_CLOCK_INSN || osi_n_vcpus(session) == 1;
}

static void deliver(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_event *event)
{
    event->time = MAX(event->time, vcpu->last_time);
    vcpu->last_time = event->time;
    event->vcpu = vcpu->index;
    osi_irqtrack_event(vcpu->irqtrack, event);
    switch (event->kind) {
    case OSI_EVENT_SCHED_WAKEUP:
        osi_linux_woken(event);
        break;
    case OSI_EVENT_SCHED_SWITCH:
        hand_over_idle(session, vcpu, event, OSI_EVENT_IDLE_EXIT, event->sched_switch.prev);
        osi_linux_waited(event);
        event->sched_switch.next_waited &= comparable_times(session);
        break;
    default:
        break;
    }
    hand_over(session, vcpu, event);
    if (event->kind == OSI_EVENT_SCHED_SWITCH) {
        hand_over_idle(session, vcpu, event, OSI_EVENT_IDLE_ENTER, event->sched_switch.next);
    }
}

static void deliver_any(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_deferred *d)
{
    if (d->fn) {
        vcpu->last_time = MAX(vcpu->last_time, d->event.time);
        d->fn(session, vcpu->index, vcpu->last_time, d->data);
    } else {
        deliver(session, vcpu, &d->event);
    }
}

static void defer(struct osi_session *session, struct osi_vcpu *vcpu, const struct osi_deferred *d)
{
    if (!vcpu->deferred) {
        vcpu->deferred = g_new(struct osi_deferred, OSI_MAX_DEFERRED);
    }
    if (vcpu->n_deferred == OSI_MAX_DEFERRED) {
        vcpu->late += vcpu->n_deferred;
        osi_release_deferred(session, vcpu);
    }
    vcpu->deferred[vcpu->n_deferred++] = *d;
}

static void take(struct osi_session *session, struct osi_vcpu *vcpu, unsigned remaining,
                 struct osi_deferred *d)
{
    bool exact;

    if (!(session->tool->needs & OSI_NEED_CLOCK)) {
        if (session->tool->time) {
            d->event.time = session->tool->time(session, vcpu->index);
        } /* else nobody asked what time it is */
        deliver_any(session, vcpu, d);
        return;
    }
    d->count = osi_insn_count(session, vcpu, remaining);
    d->event.time = osi_clock_at(&session->clock, &vcpu->clock, d->count,
                                 osi_callback_time(session, vcpu), &exact);
    if (!exact && session->clock.icount && session->clock_reads) {
        defer(session, vcpu, d);
        return;
    }
    /* The kernel starts before anybody can have read the counter: nothing is lost by that. */
    vcpu->late += !exact && (d->fn || d->event.kind != OSI_EVENT_KERNEL_START);
    deliver_any(session, vcpu, d);
}

void osi_happened(struct osi_session *session, struct osi_vcpu *vcpu, struct osi_event *event)
{
    struct osi_deferred d = { .event = *event };

    osi_contexts_event(session, vcpu, event);
    take(session, vcpu, vcpu->remaining, &d);
}

void osi_timed(struct osi_session *session, unsigned index, unsigned remaining, osi_timed_fn fn,
               uint64_t data)
{
    struct osi_deferred d = { .fn = fn, .data = data };
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (vcpu) {
        take(session, vcpu, remaining, &d);
    }
}

void osi_release_deferred(struct osi_session *session, struct osi_vcpu *vcpu)
{
    bool exact;

    for (unsigned i = 0; i < vcpu->n_deferred; i++) {
        struct osi_deferred *d = &vcpu->deferred[i];

        d->event.time = osi_clock_at(&session->clock, &vcpu->clock, d->count, 0, &exact);
        deliver_any(session, vcpu, d);
    }
    vcpu->n_deferred = 0;
}
