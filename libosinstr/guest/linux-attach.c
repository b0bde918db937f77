/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel was located: which of its functions are hooked. */
#include <errno.h>

#include "guest/linux-internal.h"

static const struct {
    const char *symbol, *before; /* name, and the one that older kernels have */
    void (*fn)(struct osi_session *session, unsigned vcpu, void *data);
    bool needed;  /* without it tasks are not understood */
    bool details; /* for events only */
} functions[] = {
    { "cpu_switch_to", NULL, osi_on_switch, true, false },
    { "__schedule", NULL, osi_on_schedule, false, true },
    { "wakeup_preempt", "check_preempt_curr", osi_on_wakeup, false, true },
    { "wake_up_new_task", NULL, osi_on_new, true, false },
    { "__set_task_comm", NULL, osi_on_rename, true, false },
    { "perf_event_comm", NULL, osi_on_renamed, false, false },
    { "do_exit", NULL, osi_on_exit, false, true },
};

int osi_linux_attach(struct osi_linux *guest, unsigned vcpu, struct osi_error *err)
{
    const struct osi_symtab *symbols = osi_kernel_symbols(guest->kernel);
    uint64_t base = atomic_load(&guest->base);
    struct osi_event event = { .kind = OSI_EVENT_KERNEL_START, .kernel = { base } };
    struct osi_scene s = osi_scene(guest, guest->session, vcpu);
    bool events = guest->client->wants_events(guest->session);

    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++) {
        uint64_t offset;

        if (functions[i].details && !events) {
            continue;
        }
        if (!osi_symtab_lookup(symbols, functions[i].symbol, &offset) &&
            !(functions[i].before && osi_symtab_lookup(symbols, functions[i].before, &offset))) {
            if (functions[i].needed) {
                return osi_fail(err, -ENOENT, "the kernel's symbols lack %s", functions[i].symbol);
            }
            osi_say(guest->session, "the kernel's symbols lack %s: some events will be missing",
                    functions[i].symbol);
            continue;
        }
        offset += base;
        guest->client->hook(guest->session, &offset, 1, functions[i].fn, guest);
    }
    if (events) {
        osi_linux_attach_wakeups(guest);
    }
    if (events && guest->client->wants_irqs(guest->session)) {
        osi_linux_attach_irqs(guest);
    }
    osi_scene_happened(&s, &event);
    return 0;
}
