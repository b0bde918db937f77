/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public calls that look something up or pass it on. */
#include <errno.h>
#include <string.h>

#include "guest/kernel.h"
#include "session/block-internal.h"

/* ---- options and output ---- */
const char *osi_option_text(const struct osi_session *session, const char *name)
{
    return osi_options_text(session->options, name);
}

uint64_t osi_option_count(const struct osi_session *session, const char *name)
{
    return osi_options_count(session->options, name);
}

bool osi_option_switch(const struct osi_session *session, const char *name)
{
    return osi_options_switch(session->options, name);
}

void osi_set_data(struct osi_session *session, void *data)
{
    session->data = data;
}

void *osi_data(const struct osi_session *session)
{
    return session->data;
}

const char *osi_directory(const struct osi_session *session)
{
    return session->directory.path;
}

struct osi_trace_writer *osi_trace(struct osi_session *session)
{
    return session->trace;
}

/* ---- vCPUs and machine ---- */
unsigned osi_n_vcpus(const struct osi_session *session)
{
    return atomic_load(&session->n_vcpus);
}

void *osi_shard(const struct osi_session *session, unsigned vcpu)
{
    struct osi_vcpu *v = osi_vcpu(session, vcpu);

    return v ? v->shard : NULL;
}

void *const *osi_shards(const struct osi_session *session)
{
    return session->shards;
}

const char *osi_target(const struct osi_session *session)
{
    return osi_host_facts(session->host)->target;
}

bool osi_is_system(const struct osi_session *session)
{
    return osi_host_facts(session->host)->system;
}

const char *osi_observed(const struct osi_session *session)
{
    const char *program = osi_functions_name(session->functions);

    if (session->guest && osi_linux_kernel(session->guest)) {
        return osi_kernel_path(osi_linux_kernel(session->guest));
    }
    return program ? program : osi_target(session);
}

const struct osi_arch *osi_arch(const struct osi_session *session)
{
    return session->arch;
}

bool osi_is_user_code(const struct osi_session *session, uint64_t address)
{
    return session->arch && osi_kernel_known(session) && !session->arch->is_kernel(address);
}

/* ---- time ---- */
enum osi_clock_kind osi_clock_kind(const struct osi_session *session)
{
    return session->clock.kind;
}

const char *osi_clock_text(const struct osi_session *session)
{
    static const char *const names[] = { "guest", "insn", "host" };

    return names[session->clock.kind];
}

const char *osi_clock_unit(const struct osi_session *session)
{
    return session->clock.kind == OSI_CLOCK_INSN ? "insn" : "ns";
}

uint64_t osi_now_at(struct osi_session *session, unsigned vcpu, unsigned remaining, bool *exact)
{
    struct osi_vcpu *v = osi_vcpu(session, vcpu);
    bool sure;
    uint64_t time = osi_clock_at(&session->clock, &v->clock,
                                 osi_insn_count(session, v, remaining), osi_host_time(), &sure);

    if (exact) {
        *exact = sure;
    }
    return time;
}

uint64_t osi_now(struct osi_session *session, unsigned vcpu, bool *exact)
{
    return osi_now_at(session, vcpu, osi_vcpu(session, vcpu)->remaining, exact);
}

uint64_t osi_end_time(const struct osi_session *session, unsigned vcpu)
{
    struct osi_vcpu *v = osi_vcpu(session, vcpu);
    uint64_t time;
    bool exact;

    if (!v || session->finished) {
        return v ? v->end_time : 0;
    }
    time = osi_clock_at(&session->clock, &v->clock, osi_insn_count(session, v, 0), osi_host_time(),
                        &exact);
    return MAX(time, v->last_time);
}

/* ---- looking into the guest ---- */
int osi_register(struct osi_session *session, unsigned vcpu, const char *name, uint64_t *value)
{
    return osi_host_register(session->host, vcpu, name, value);
}

int osi_general_register(struct osi_session *session, unsigned vcpu, unsigned number,
                         uint64_t *value)
{
    (void)vcpu;
    if (number >= G_N_ELEMENTS(session->general) || !session->general[number]) {
        return -ENOENT;
    }
    return osi_host_read_register(session->general[number], value);
}

int osi_argument(struct osi_session *session, unsigned vcpu, unsigned number, uint64_t *value)
{
    (void)vcpu;
    if (number >= OSI_MAX_ARGUMENTS || !session->arguments[number]) {
        return -ENOENT;
    }
    return osi_host_read_register(session->arguments[number], value);
}

int osi_read(struct osi_session *session, uint64_t address, void *to, size_t size)
{
    return osi_host_read_memory(session->host, address, to, size);
}

int osi_read_string(struct osi_session *session, uint64_t address, char *to, size_t size)
{
    size_t done = 0;

    /* Never past a page in one go: the string may end right before one that isn't mapped. */
    while (done + 1 < size) {
        size_t chunk = MIN(size - 1 - done, 64 - ((address + done) & 63));
        int rc = osi_host_read_memory(session->host, address + done, to + done, chunk);

        if (rc) {
            to[done] = '\0';
            return done ? 0 : rc;
        }
        if (memchr(to + done, '\0', chunk)) {
            return 0;
        }
        done += chunk;
    }
    to[done] = '\0';
    return 0;
}

const struct osi_task *osi_current(const struct osi_session *session, unsigned vcpu)
{
    struct osi_vcpu *v = osi_vcpu(session, vcpu);

    return v ? atomic_load_explicit(&v->guest.current, memory_order_acquire) : NULL;
}

void osi_exceptions(const struct osi_session *session, unsigned vcpu,
                    uint64_t counts[OSI_EXCEPTIONS])
{
    static const struct osi_irq_vcpu none;
    const struct osi_vcpu *v = osi_vcpu(session, vcpu);

    memcpy(counts, v ? v->irq.exceptions : none.exceptions, sizeof(none.exceptions));
}

/* ---- switching ---- */
void osi_hook_enable(struct osi_hook *hook, bool on)
{
    atomic_store_explicit(&hook->enabled, on, memory_order_relaxed);
}

void osi_events_enable(struct osi_session *session, unsigned events, bool on)
{
    if (on) {
        atomic_fetch_or(&session->events, events);
    } else {
        atomic_fetch_and(&session->events, ~events);
    }
}
