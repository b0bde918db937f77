/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt handlers and softirqs of a Linux guest, at the calls that the kernel itself reports as
 * irq_handler_entry and softirq_entry.
 *
 * Both are indirect calls inside few functions of the kernel (kernel/irq/handle.c, kernel/irq/chip.c,
 * kernel/softirq.c). Each such call is looked at before it is made: its target tells whether it is the
 * handler of one of the interrupt's actions, or the action of a softirq. The instruction after it is
 * where the kernel is back.
 */
#include <string.h>

#include "guest/linux-internal.h"

#define MAX_ACTIONS 32    /* that share one interrupt */
#define MAX_NAME 64
#define MAX_SPAN 512

/* Functions with the descriptor as first argument that call handlers. Which of them contain the call
 * depends on what the compiler inlined. */
static const char *const irq_functions[] = {
    "__handle_irq_event_percpu", "handle_irq_event_percpu", "handle_irq_event",
    "handle_percpu_irq", "handle_percpu_devid_irq", "handle_fasteoi_nmi",
    "handle_percpu_devid_fasteoi_nmi",
};

static const char *const softirq_functions[] = { "handle_softirqs", "__do_softirq" };

/* The functions that the kernel registers with open_softirq(), by vector; and what older or newer
 * kernels call them. */
static const struct {
    uint32_t vec;
    const char *function;
} softirqs[] = {
    { 0, "tasklet_hi_action" }, { 1, "run_timer_softirq" }, { 2, "net_tx_action" },
    { 3, "net_rx_action" }, { 4, "blk_done_softirq" }, { 5, "irq_poll_softirq" },
    { 6, "tasklet_action" }, { 7, "run_rebalance_domains" }, { 7, "sched_balance_softirq" },
    { 8, "hrtimer_run_softirq" }, { 9, "rcu_core_si" },
};

/* An indirect call, with what its callbacks must know. */
struct call_site {
    struct osi_linux *guest;
    uint64_t back; /* where it returns to */
    uint8_t reg;   /* that holds the target */
};

/* ---- open calls ---- */
static void push(struct osi_linux_vcpu *vcpu, const struct osi_linux_call *call)
{
    if (vcpu->n_calls < OSI_MAX_CALLS) {
        vcpu->calls[vcpu->n_calls++] = *call;
    }
}

/* The call that returns here; what was opened after it will not come back. */
static bool pop(struct osi_linux_vcpu *vcpu, uint64_t back, struct osi_linux_call *call)
{
    for (unsigned i = vcpu->n_calls; i-- > 0;) {
        if (vcpu->calls[i].back == back) {
            *call = vcpu->calls[i];
            vcpu->n_calls = i;
            return true;
        }
    }
    return false;
}

static void report_call(const struct osi_scene *s, const struct osi_linux_call *call, bool exit,
                        bool handled)
{
    struct osi_event event = { .kind = call->softirq
                                           ? exit ? OSI_EVENT_SOFTIRQ_EXIT : OSI_EVENT_SOFTIRQ_ENTRY
                                       : exit ? OSI_EVENT_IRQ_HANDLER_EXIT
                                              : OSI_EVENT_IRQ_HANDLER_ENTRY };

    if (call->softirq) {
        event.softirq.vec = call->number;
        event.softirq.action = call->action;
    } else {
        event.irq_handler.irq = call->number;
        event.irq_handler.action = call->action;
        event.irq_handler.handled = handled;
    }
    osi_scene_happened(s, &event);
}

/* The function of a call returned: what it was is known since it was made. */
static void on_back(struct osi_session *session, unsigned index, void *data)
{
    const struct call_site *site = data;
    struct osi_scene s = osi_scene(site->guest, session, index);
    struct osi_linux_call call;
    uint64_t result = 0;

    if (!pop(s.vcpu, site->back, &call)) {
        return;
    }
    s.vcpu->desc = call.desc; /* a handler may have handled other interrupts meanwhile */
    if (!call.softirq) {
        osi_register(session, index, s.guest->arch->result, &result);
    }
    report_call(&s, &call, true, (uint32_t)result != 0);
}

/* ---- handlers ---- */
static void on_flow(struct osi_session *session, unsigned index, void *data)
{
    struct osi_scene s = osi_scene(data, session, index);

    if (!osi_scene_argument(&s, 0, &s.vcpu->desc)) {
        s.vcpu->desc = 0;
    }
}

/* One read of the kernel's memory for several members. */
static bool read_span(const struct osi_scene *s, uint64_t address, const uint32_t *members,
                      unsigned n, uint64_t *values)
{
    uint32_t first = UINT32_MAX, last = 0;
    uint8_t bytes[MAX_SPAN];

    for (unsigned i = 0; i < n; i++) {
        first = MIN(first, members[i]);
        last = MAX(last, members[i] + 8);
    }
    if (last - first > sizeof(bytes) ||
        osi_host_read_memory(s->guest->host, address + first, bytes, last - first)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        memcpy(&values[i], bytes + members[i] - first, sizeof(values[i]));
    }
    return true;
}

static const struct osi_label *action_label(const struct osi_scene *s, uint64_t name)
{
    const struct osi_label **slot = &s->vcpu->names[name / 8 % G_N_ELEMENTS(s->vcpu->names)];
    char text[MAX_NAME];

    if (osi_read_string(s->guest->session, name, text, sizeof(text)) || !text[0]) {
        strcpy(text, "?");
    }
    /* By content: a driver that went may have left its place to another's name. */
    if (!*slot || strcmp((*slot)->text, text) != 0) {
        *slot = s->guest->client->label(s->guest->session, text);
    }
    return *slot;
}

/* Is this the call of a handler of the interrupt under way? */
static bool is_handler(const struct osi_scene *s, uint64_t target, struct osi_linux_call *call)
{
    const struct osi_irq_offsets *at = &s->guest->irq_at;
    uint64_t desc[2], action[3], argument;

    if (!s->vcpu->desc || !osi_scene_argument(s, 0, &argument) ||
        !read_span(s, s->vcpu->desc, (uint32_t[]){ at->desc_irq, at->desc_action }, 2, desc) ||
        (uint32_t)argument != (uint32_t)desc[0]) {
        return false;
    }
    for (unsigned i = 0; desc[1] && i < MAX_ACTIONS; i++, desc[1] = action[1]) {
        if (!read_span(s, desc[1], (uint32_t[]){ at->handler, at->next, at->name }, 3, action)) {
            return false;
        }
        if (action[0] == target) {
            *call = (struct osi_linux_call){ .desc = s->vcpu->desc, .number = (uint32_t)desc[0],
                                             .action = action_label(s, action[2]) };
            return true;
        }
    }
    return false;
}

static void on_irq_call(struct osi_session *session, unsigned index, void *data)
{
    const struct call_site *site = data;
    struct osi_scene s = osi_scene(site->guest, session, index);
    struct osi_linux_call call;
    uint64_t target;

    if (osi_general_register(session, index, site->reg, &target) == 0 &&
        is_handler(&s, target, &call)) {
        call.back = site->back;
        push(s.vcpu, &call);
        report_call(&s, &call, false, false);
    }
}

/* ---- softirqs ---- */
static void on_softirq_call(struct osi_session *session, unsigned index, void *data)
{
    const struct call_site *site = data;
    struct osi_scene s = osi_scene(site->guest, session, index);
    uint64_t target;

    if (osi_general_register(session, index, site->reg, &target)) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(softirqs); i++) {
        if (s.guest->softirqs[i] == target) {
            struct osi_linux_call call = {
                .back = site->back, .desc = s.vcpu->desc, .softirq = true,
                .number = softirqs[i].vec,
                .action = s.guest->client->label(session, osi_softirq_name(softirqs[i].vec)),
            };

            push(s.vcpu, &call);
            report_call(&s, &call, false, false);
            return;
        }
    }
}

/* ---- attaching ---- */
/* Hooks the indirect calls of a function, in the code as it is in memory now. */
static unsigned attach_calls(struct osi_linux *guest, const char *function, osi_linux_hook *fn)
{
    uint64_t base = atomic_load(&guest->base), offset, size;
    struct osi_decoded insn;
    uint8_t bytes[4];
    unsigned found = 0;

    if (!osi_symtab_lookup(osi_kernel_symbols(guest->kernel), function, &offset) ||
        !osi_symtab_resolve(osi_kernel_symbols(guest->kernel), offset, NULL, &size)) {
        return 0;
    }
    for (uint64_t at = base + offset; at < base + offset + size; at += guest->arch->min_insn) {
        if (osi_host_read_memory(guest->host, at, bytes, sizeof(bytes)) == 0 &&
            guest->arch->decode(bytes, sizeof(bytes), &insn) == OSI_INSN_CALL_INDIRECT) {
            struct call_site *site = g_new(struct call_site, 1);

            *site = (struct call_site){ guest, at + guest->arch->min_insn, insn.reg };
            g_ptr_array_add(guest->sites, site);
            guest->client->hook(guest->session, &at, 1, fn, site);
            guest->client->hook(guest->session, &site->back, 1, on_back, site);
            found++;
        }
    }
    return found;
}

static bool learn(struct osi_linux *guest)
{
    struct osi_irq_offsets *at = &guest->irq_at;
    const struct {
        const char *type, *member;
        uint32_t *offset;
    } members[] = {
        { "irq_desc", "irq_data.irq", &at->desc_irq }, { "irq_desc", "action", &at->desc_action },
        { "irqaction", "handler", &at->handler }, { "irqaction", "next", &at->next },
        { "irqaction", "name", &at->name },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++) {
        if (osi_kernel_offset(guest->kernel, members[i].type, members[i].member, members[i].offset,
                              NULL)) {
            return false;
        }
    }
    return true;
}

void osi_linux_attach_irqs(struct osi_linux *guest)
{
    const struct osi_symtab *symbols = osi_kernel_symbols(guest->kernel);
    uint64_t base = atomic_load(&guest->base), offset;
    unsigned irq_calls = 0, softirq_calls = 0;
    bool known = learn(guest);

    for (unsigned i = 0; known && i < G_N_ELEMENTS(irq_functions); i++) {
        if (attach_calls(guest, irq_functions[i], on_irq_call) &&
            osi_symtab_lookup(symbols, irq_functions[i], &offset)) {
            offset += base;
            guest->client->hook(guest->session, &offset, 1, on_flow, guest);
            irq_calls++;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(softirqs); i++) {
        guest->softirqs[i] = osi_symtab_lookup(symbols, softirqs[i].function, &offset)
                                 ? base + offset : 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(softirq_functions); i++) {
        softirq_calls += attach_calls(guest, softirq_functions[i], on_softirq_call);
    }
    if (!irq_calls || !softirq_calls) {
        osi_say(guest->session, "the kernel's symbols or types do not tell where it calls %s: those "
                "events will be missing", irq_calls ? "softirqs" : "interrupt handlers");
    }
}
