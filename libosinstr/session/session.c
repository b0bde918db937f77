/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a session: install, vCPUs, end.
 *
 *   install:  options, refusals, the kernel's file, output directory, trace; then callbacks
 *   running:  instrument.c and events.c
 *   end:      QEMU's exit or osi_stop(): no more events, report, trace closed
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/kernel.h"
#include "session/flow.h"
#include "session/internal.h"
#include "session/summary.h"
#include "session/texts.h"
#include <osinstr/irqstat.h>

#define CACHE_LINES 256 /* what two vCPUs must not share, neighbour prefetch included */

static void say(FILE *stream, const char *tool, const char *text)
{
    /* One write per line: other plugins and the guest's console share the terminal. */
    char *line = g_strdup_printf("osinstr %s: %s\n", tool, text);

    fputs(line, stream);
    fflush(stream);
    g_free(line);
}

void osi_say(struct osi_session *session, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    say(session->messages, session->tool->name, text);
    g_free(text);
}

/* ---- vCPUs ---- */
static void *aligned_zero(size_t size)
{
    size_t whole = (size + CACHE_LINES - 1) / CACHE_LINES * CACHE_LINES;
    void *memory = g_aligned_alloc0(1, whole, CACHE_LINES);

    return memory;
}

static void learn_registers(struct osi_session *session, unsigned vcpu)
{
    const struct osi_arch *arch = session->arch;

    for (unsigned i = 0; arch->general && arch->general[i] && i < 32; i++) {
        session->general[i] = osi_host_find_register(session->host, vcpu, arch->general[i]);
    }
    for (unsigned i = 0; arch->arguments && arch->arguments[i] && i < OSI_MAX_ARGUMENTS; i++) {
        session->arguments[i] = osi_host_find_register(session->host, vcpu, arch->arguments[i]);
    }
    session->link = arch->link ? osi_host_find_register(session->host, vcpu, arch->link) : NULL;
    session->frame = arch->frame ? osi_host_find_register(session->host, vcpu, arch->frame) : NULL;
    if (session->irq) {
        osi_irq_find_registers(session->irq, vcpu);
    }
    if (arch->counter_freq) {
        session->counter_freq = osi_host_find_register(session->host, vcpu, arch->counter_freq);
    }
}

/* In round-robin mode QEMU runs all vCPUs on one thread, and bakes the index of the vCPU that
 * translates a block into its callbacks and inline operations, which then corrupts the guest. */
static void check_threads(struct osi_session *session, unsigned index)
{
    if (index == 0) {
        session->first_thread = g_thread_self();
    } else if (osi_host_facts(session->host)->system &&
               session->first_thread == g_thread_self() && getpid() != (pid_t)syscall(SYS_gettid)) {
        osi_abort_run(session, OSI_ROUND_ROBIN_TEXT);
    }
}

/* QEMU makes room for 16 vCPUs at first, and moves all if more come. */
static bool may_keep_cells(const struct osi_session *session)
{
    const struct osi_host_facts *facts = osi_host_facts(session->host);

    return facts->system && facts->max_vcpus <= 16;
}

/* In user-mode QEMU a thread can get the number of one that has ended. */
static void start_flow(struct osi_session *session, unsigned index, bool again)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    if (osi_enter(vcpu)) {
        vcpu->remaining = OSI_BEFORE_NEXT;
        if (session->tool->needs & OSI_NEED_FLOW) {
            osi_flow_start(session, index);
        }
        if (again) {
            osi_ticks_again(session, vcpu);
        }
        osi_contexts_start(session, vcpu);
        osi_leave(vcpu);
    }
}

static void vcpu_start(void *data, unsigned index)
{
    struct osi_session *session = data;
    struct osi_vcpu *vcpu;
    bool again;

    check_threads(session, index);
    if (index >= OSI_MAX_VCPUS) {
        osi_say(session, "vCPU %u is beyond the limit of %u: not observed", index, OSI_MAX_VCPUS);
        return;
    }
    g_mutex_lock(&session->lock);
    again = osi_vcpu(session, index) != NULL;
    if (!again) {
        if (session->arch && atomic_load(&session->n_vcpus) == 0) {
            learn_registers(session, index);
        }
        vcpu = aligned_zero(sizeof(*vcpu));
        vcpu->session = session;
        vcpu->index = index;
        osi_irq_reset(&vcpu->irq);
        if (session->insns && may_keep_cells(session)) {
            vcpu->cells = osi_host_cells_of(session->insns, index);
        }
        osi_ticks_start(session, vcpu);
        vcpu->irqtrack = session->irq ? osi_irqtrack_new() : NULL;
        vcpu->shard = session->tool->shard_size ? aligned_zero(session->tool->shard_size) : NULL;
        session->shards[index] = vcpu->shard;
        atomic_store_explicit(&session->vcpus[index], vcpu, memory_order_release);
        if (index >= atomic_load(&session->n_vcpus)) {
            atomic_store(&session->n_vcpus, index + 1);
        }
    }
    g_mutex_unlock(&session->lock);
    start_flow(session, index, again);
}

static void vcpu_stop(void *data, unsigned index)
{
    (void)data;
    (void)index;
}

static void translate(void *data, struct osi_host_block *block)
{
    struct osi_session *session = data;

    atomic_fetch_add(&session->translating, 1); /* before it is asked: osi_end_events() waits */
    if (!atomic_load(&session->ended)) {
        osi_instrument(session, block);
    }
    atomic_fetch_sub(&session->translating, 1);
}

static void discontinuity(void *data, unsigned vcpu, int kind, uint64_t from, uint64_t to)
{
    struct osi_session *session = data;

    if (session->irq) {
        osi_discontinuity(session, vcpu, from, to); /* the entry in the vector table says more than the kind */
    } else {
        osi_flow_discontinuity(session, vcpu, kind, from, to);
    }
}

/* ---- the end ---- */
/* A program in user-mode QEMU has forked, and this is the child: the folder is its parent's. */
static bool is_fork(const struct osi_session *session)
{
    return !osi_host_facts(session->host)->system && getpid() != session->process;
}

void osi_finish(struct osi_session *session)
{
    if (session->finished) {
        return;
    }
    if (is_fork(session)) {
        atomic_store(&session->ended, true);
        session->finished = true;
        return;
    }
    osi_end_events(session);
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct osi_vcpu *vcpu = osi_vcpu(session, i);

        if (vcpu) {
            vcpu->late += vcpu->n_deferred;
            osi_release_deferred(session, vcpu);
            vcpu->end_time = osi_end_time(session, i); /* once: report and trace must agree */
            osi_ticks_end(session, vcpu);
        }
    }
    session->finished = true;
    osi_write_summary(session);
    if (session->tool->stop) {
        session->tool->stop(session);
    }
    fflush(stderr);
}

static void exiting(void *data)
{
    osi_finish(data);
}

void osi_abort_run(struct osi_session *session, const char *text)
{
    osi_say(session, "%s", text);
    atomic_store(&session->ended, true);
    session->finished = true;
    fflush(NULL);
    _exit(1); /* the machine is half made: QEMU's own exit path would hang on this thread */
}

static void session_free(struct osi_session *session)
{
    if (!session) {
        return;
    }
    for (unsigned i = 0; i < OSI_MAX_VCPUS; i++) {
        struct osi_vcpu *vcpu = osi_vcpu(session, i);

        if (vcpu) {
            g_free(vcpu->deferred);
            osi_irqtrack_free(vcpu->irqtrack);
            g_aligned_free(vcpu->shard);
            g_aligned_free(vcpu);
        }
    }
    osi_trace_writer_close(session->trace, NULL);
    osi_linux_free(session->guest);
    osi_irq_free(session->irq);
    osi_irq_places_free(session->irq_places);
    osi_labels_free(session->labels);
    osi_flow_free(session);
    osi_texts_free(session->texts);
    osi_codes_free(session->codes);
    osi_contexts_free(session->contexts);
    osi_functions_free(session->functions);
    osi_hooks_free(session->hooks);
    osi_host_cells_free(session->insns);
    osi_host_cells_free(session->ticks);
    g_hash_table_unref(session->sites);
    g_hash_table_unref(session->hook_sites);
    osi_directory_close(&session->directory);
    if (session->messages != stderr) {
        fclose(session->messages);
    }
    osi_command_line_clear(&session->command_line);
    osi_options_free(session->options);
    osi_host_free(session->host);
    g_mutex_clear(&session->lock);
    g_free(session);
}

static void stopped(void *data)
{
    struct osi_session *session = data;

    session->uninstrumented = true;
    osi_finish(session);
    session_free(session);
}

void osi_stop(struct osi_session *session)
{
    if (!atomic_exchange(&session->stopping, true)) {
        osi_host_stop(session->host, stopped, session);
    }
}

/* ---- install ---- */
static struct osi_session *session_new(const struct osi_tool *tool)
{
    struct osi_session *session = g_new0(struct osi_session, 1);

    session->tool = tool;
    session->process = getpid();
    session->directory.fd = -1;
    session->messages = stderr;
    g_mutex_init(&session->lock);
    session->hooks = osi_hooks_new();
    session->labels = osi_labels_new();
    session->codes = osi_codes_new();
    session->contexts = osi_contexts_new();
    session->functions = osi_functions_new();
    session->sites = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    session->hook_sites = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    atomic_init(&session->events, tool->events);
    return session;
}

static void announce(struct osi_session *session)
{
    const struct osi_host_facts *facts = osi_host_facts(session->host);

    osi_say(session, "%s, %s%s%s, clock %s, output in %s", facts->version, facts->target,
            session->guest ? ", kernel: " : "",
            session->guest ? osi_linux_provenance(session->guest) : "",
            osi_clock_text(session), session->directory.path);
}

int osi_plugin_install(const struct osi_tool *tool, uint64_t id, const void *info, int argc,
                       char **argv)
{
    static const struct osi_host_client client = { vcpu_start, vcpu_stop, translate, discontinuity,
                                                   exiting };
    struct osi_session *session = session_new(tool);
    struct osi_error err = { "" };
    int rc = osi_options_new(tool, argc, argv, &session->options, &err);

    if (!rc && tool->modes) {
        session->tool = tool->modes[osi_options_count(
            session->options, tool->mode_option ? tool->mode_option : "mode")];
    }
    if (!rc && session->tool->variant) {
        session->tool = session->tool->variant(session);
    }
    atomic_store(&session->events, session->tool->events);
    if (!rc && osi_options_help_wanted(session->options)) {
        osi_options_help(tool, stdout);
        fflush(stdout);
        session_free(session);
        return 1;
    }
    if (!rc) {
        rc = osi_host_new(id, info, &client, session, &session->host, &err);
    }
    if (!rc) {
        rc = osi_set_up(session, &err);
    }
    if (rc) {
        say(stderr, tool->name, err.text);
        session_free(session);
        return 1;
    }
    if (!osi_options_switch(session->options, "quiet")) {
        announce(session);
    }
    osi_host_start(session->host);
    if (session->irq || ((session->tool->needs & OSI_NEEDS_ENTER) &&
                         osi_host_facts(session->host)->system)) {
        osi_host_watch_discontinuities(session->host);
    }
    return 0;
}
