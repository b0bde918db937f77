/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest modules ask of the session, and the public calls on guest symbols. */
#include <errno.h>
#include <stdio.h>

#include "guest/kernel.h"
#include "session/internal.h"

static void hook(struct osi_session *session, const uint64_t *addresses, size_t n, osi_hook_fn fn,
                 void *data)
{
    osi_hooks_add(session->hooks, addresses, n, fn, data);
}

static void unhook_all(struct osi_session *session)
{
    osi_hooks_clear(session->hooks);
}

static struct osi_linux_vcpu *vcpu_of(struct osi_session *session, unsigned vcpu)
{
    return &osi_vcpu(session, vcpu)->guest;
}

/* The kernel was found: say so once, and let the tool hook its functions. */
static void kernel_located(struct osi_session *session, const struct osi_event *event)
{
    char base[32];

    snprintf(base, sizeof(base), "0x%" G_GINT64_MODIFIER "x", event->kernel.base);
    if (!osi_options_switch(session->options, "quiet")) {
        osi_say(session, "the kernel of %s runs at %s", osi_linux_provenance(session->guest), base);
    }
    if (session->trace) {
        osi_trace_note(session->trace, "kernel", osi_linux_provenance(session->guest));
        osi_trace_note(session->trace, "kernel_base", base);
    }
    if (session->tool->ready) {
        session->tool->ready(session);
    }
}

static void happened(struct osi_session *session, unsigned vcpu, struct osi_event *event)
{
    if (event->kind == OSI_EVENT_KERNEL_START) {
        kernel_located(session, event);
    }
    osi_happened(session, osi_vcpu(session, vcpu), event);
}

static void defined(struct osi_session *session, const struct osi_task *task, uint32_t previous)
{
    struct osi_task_def def = { .id = task->id, .pid = task->pid, .tgid = task->tgid,
                                .previous = previous, .address = task->address };

    if (session->trace) {
        g_strlcpy(def.comm, task->comm, sizeof(def.comm));
        osi_trace_define_task(session->trace, &def);
    }
}

/* An interrupt that ends in a task switch is over. */
static void switching(struct osi_session *session, unsigned vcpu)
{
    if (session->irq) {
        osi_irq_switched(session->irq, vcpu);
    }
}

static bool wants_irqs(struct osi_session *session)
{
    return session->irq != NULL;
}

/* Hooks of what nobody hears of would only cost. */
static bool wants_events(struct osi_session *session)
{
    return session->tool->event || session->tool->events || session->trace;
}

const struct osi_linux_client osi_session_linux_client = {
    hook, unhook_all, vcpu_of, happened, defined, osi_label, switching, wants_irqs, wants_events,
};

/* ---- public ---- */
static const struct osi_kernel *kernel_of(const struct osi_session *session)
{
    return session->guest ? osi_linux_kernel(session->guest) : NULL;
}

bool osi_kernel_known(const struct osi_session *session)
{
    return session->guest && osi_linux_located(session->guest, NULL);
}

/* In the tool's ready hook the base is known although `located` is not yet announced. */
static bool base_of(const struct osi_session *session, uint64_t *base)
{
    return session->guest && osi_linux_base(session->guest, base);
}

int osi_symbol_address(const struct osi_session *session, const char *name, uint64_t *address)
{
    uint64_t base, offset;

    if (!base_of(session, &base) ||
        !osi_symtab_lookup(osi_kernel_symbols(kernel_of(session)), name, &offset)) {
        return osi_functions_address(session->functions, name, address);
    }
    *address = base + offset;
    return 0;
}

const char *osi_symbol_at(const struct osi_session *session, uint64_t address, uint64_t *offset)
{
    uint64_t base;

    if (!base_of(session, &base) || address < base) {
        return NULL;
    }
    return osi_symtab_resolve(osi_kernel_symbols(kernel_of(session)), address - base, offset, NULL);
}

int osi_member_offset(const struct osi_session *session, const char *type, const char *member,
                      uint32_t *offset, uint32_t *size)
{
    const struct osi_kernel *kernel = kernel_of(session);

    return kernel ? osi_kernel_offset(kernel, type, member, offset, size) : -ENOENT;
}

struct osi_hook *osi_hook(struct osi_session *session, const char *symbol, osi_hook_fn fn,
                          void *data, struct osi_error *err)
{
    uint64_t addresses[64], base;
    size_t n;

    if (osi_functions_program(session->functions)) {
        if (osi_functions_address(session->functions, symbol, addresses)) {
            osi_fail(err, -ENOENT, "the program has no function %s", symbol);
            return NULL;
        }
        return osi_hooks_add(session->hooks, addresses, 1, fn, data);
    }
    if (!base_of(session, &base)) {
        osi_fail(err, -EAGAIN, "the guest's kernel is not known yet: hook from the ready hook");
        return NULL;
    }
    n = osi_symtab_lookup_all(osi_kernel_symbols(kernel_of(session)), symbol, addresses,
                              G_N_ELEMENTS(addresses));
    n = MIN(n, G_N_ELEMENTS(addresses));
    if (n == 0) {
        osi_fail(err, -ENOENT, "the kernel has no function %s (it may be inlined)", symbol);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        addresses[i] += base;
    }
    return osi_hooks_add(session->hooks, addresses, n, fn, data);
}
