/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window of a run: two functions that open and close it, and which tasks are wanted. */
#include <stdio.h>
#include <string.h>

#include "session/block-internal.h"

bool osi_counting(const struct osi_session *session)
{
    return atomic_load_explicit(&session->window.open, memory_order_relaxed);
}

static void set_window(const struct osi_site *site, unsigned index, bool open)
{
    struct osi_session *session = site->session;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    g_mutex_lock(&session->window.lock); /* the tool hears of changes in the order in which they come */
    if (atomic_exchange(&session->window.open, open) != open) {
        atomic_fetch_add(&session->window.changes, 1);
        if (session->tool->window && vcpu && osi_enter(vcpu)) {
            vcpu->remaining = site->remaining;
            session->tool->window(session, index, open);
            osi_leave(vcpu);
        }
    }
    g_mutex_unlock(&session->window.lock);
}

static void at_from(unsigned index, void *data)
{
    set_window(data, index, true);
}

static void at_to(unsigned index, void *data)
{
    set_window(data, index, false);
}

void osi_window_init(struct osi_session *session)
{
    struct osi_window *window = &session->window;

    window->from = osi_options_find(session->options, "from");
    window->to = osi_options_find(session->options, "to");
    window->task = osi_options_find(session->options, "task");
    atomic_init(&window->open, !window->from);
}

/* Where the function begins, if that is known by now. */
static void attach(struct osi_session *session, struct osi_block *block, const char *name,
                   osi_host_exec_fn fn)
{
    uint64_t address;

    if (!name || osi_symbol_address(session, name, &address) || address < block->address ||
        address > osi_insn_address(block, block->n - 1)) {
        return;
    }
    for (size_t i = 0; i < block->n; i++) {
        if (osi_insn_address(block, i) == address) {
            osi_host_insn_call(osi_host_block_insn(block->host, i), fn, OSI_HOST_READ_REGS,
                               osi_site(session, 0, osi_insn_remaining(block, i)));
        }
    }
}

void osi_instrument_window(struct osi_session *session, struct osi_block *block)
{
    attach(session, block, session->window.from, at_from);
    attach(session, block, session->window.to, at_to);
}

bool osi_task_wanted(const struct osi_session *session, const struct osi_task *task)
{
    char **patterns;
    char pid[16];
    bool wanted = false;

    if (!session->window.task || !task) {
        return !session->window.task;
    }
    snprintf(pid, sizeof(pid), "%u", task->pid);
    patterns = g_strsplit(session->window.task, ",", -1);
    for (unsigned i = 0; patterns[i] && !wanted; i++) {
        wanted = strcmp(patterns[i], pid) == 0 || g_pattern_match_simple(patterns[i], task->comm);
    }
    g_strfreev(patterns);
    return wanted;
}
