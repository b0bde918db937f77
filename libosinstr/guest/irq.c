/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts taken, masked and left; see irq.h for the model. */
#include <glib.h>

#include "guest/irq.h"

#define LEVELS 4

typedef const struct osi_host_register *reg_handle;

struct osi_irq {
    struct osi_session *session;
    struct osi_host *host;
    const struct osi_arch *arch;
    const struct osi_arch_interrupts *is;
    const struct osi_irq_client *client;
    bool masks;
    /* Found once: a search by name costs as much as a read. NULL: the machine lacks it. */
    reg_handle status, return_address[LEVELS], saved_status[LEVELS], syndrome[LEVELS];
    reg_handle deadlines[OSI_MAX_TIMERS];
};

/* What one call works on. */
struct scene {
    struct osi_irq *irq;
    struct osi_irq_vcpu *vcpu;
    unsigned index;
};

static struct scene scene_of(struct osi_irq *irq, unsigned index)
{
    return (struct scene){ irq, irq->client->vcpu(irq->session, index), index };
}

struct osi_irq *osi_irq_new(struct osi_session *session, struct osi_host *host,
                            const struct osi_arch *arch, const struct osi_irq_client *client,
                            bool masks)
{
    struct osi_irq *irq = g_new0(struct osi_irq, 1);

    irq->session = session;
    irq->host = host;
    irq->arch = arch;
    irq->is = arch->interrupts;
    irq->client = client;
    irq->masks = masks;
    return irq;
}

void osi_irq_free(struct osi_irq *irq)
{
    g_free(irq);
}

void osi_irq_reset(struct osi_irq_vcpu *vcpu)
{
    *vcpu = (struct osi_irq_vcpu){ .masks = OSI_MASK_STATUS };
}

void osi_irq_find_registers(struct osi_irq *irq, unsigned vcpu)
{
    const struct osi_arch_interrupts *is = irq->is;
    const struct {
        reg_handle *handle;
        const char *const *names;
    } by_level[] = {
        { irq->return_address, is->return_address },
        { irq->saved_status, is->saved_status },
        { irq->syndrome, is->syndrome },
    };

    irq->status = osi_host_find_register(irq->host, vcpu, is->status);
    for (unsigned i = 0; i < G_N_ELEMENTS(by_level) * LEVELS; i++) {
        const char *name = by_level[i / LEVELS].names[i % LEVELS];

        by_level[i / LEVELS].handle[i % LEVELS] =
            name ? osi_host_find_register(irq->host, vcpu, name) : NULL;
    }
    for (unsigned i = 0; i < OSI_MAX_TIMERS && is->timers[i].deadline; i++) {
        irq->deadlines[i] = osi_host_find_register(irq->host, vcpu, is->timers[i].deadline);
    }
}

static uint64_t read_register(reg_handle handle)
{
    uint64_t value = 0;

    if (handle) {
        osi_host_read_register(handle, &value);
    }
    return value;
}

unsigned osi_irq_level(struct osi_irq *irq)
{
    return irq->is->level(read_register(irq->status)) % LEVELS;
}

static void happened(const struct scene *s, struct osi_event *event)
{
    s->irq->client->happened(s->irq->session, s->index, event);
}

/* ---- masked sections ---- */
static void open_section(const struct scene *s, const struct osi_label *from, bool idle)
{
    s->vcpu->open = true;
    s->vcpu->idle = idle;
    s->vcpu->from = from;
    s->vcpu->since = s->irq->client->moment(s->irq->session, s->index);
}

static void close_section(const struct scene *s, const struct osi_label *to)
{
    struct osi_event event = { .kind = OSI_EVENT_IRQS_MASKED };
    struct osi_moment now = s->irq->client->moment(s->irq->session, s->index);

    s->vcpu->open = false;
    event.irqs_masked.duration = osi_clock_between(s->irq->client->clock(s->irq->session),
                                                   &s->vcpu->since, &now);
    event.irqs_masked.from = s->vcpu->from;
    event.irqs_masked.to = to;
    event.irqs_masked.task = osi_current(s->irq->session, s->index);
    event.irqs_masked.idle = s->vcpu->idle;
    happened(s, &event);
}

/* The masks are `masks` from here on. */
static void set_masks(const struct scene *s, unsigned masks, const struct osi_label *label)
{
    unsigned before = s->vcpu->masks;

    s->vcpu->masks = masks;
    if (!s->irq->masks) {
        return;
    }
    if (!before && masks) {
        open_section(s, label, false);
    } else if (before && !masks && s->vcpu->open) {
        close_section(s, label);
    }
}

void osi_irq_masks(struct osi_irq *irq, unsigned index, const struct osi_decoded *insn,
                   const struct osi_label *label)
{
    struct scene s = scene_of(irq, index);
    uint64_t value = 0;
    unsigned change, masks;

    if (insn->reg != OSI_NO_REG && insn->reg < 31 &&
        osi_general_register(irq->session, index, insn->reg, &value)) {
        return;
    }
    masks = irq->is->writes(insn, value, &change);
    s.vcpu->uses_all |= change == OSI_MASK_ALL;
    set_masks(&s, (s.vcpu->masks & ~change) | masks, label);
}

void osi_irq_waits(struct osi_irq *irq, unsigned index, const struct osi_label *label)
{
    struct scene s = scene_of(irq, index);

    s.vcpu->waiting = true;
    if (s.vcpu->open) {
        close_section(&s, label);
    }
}

void osi_irq_woke(struct osi_irq *irq, unsigned index, const struct osi_label *label)
{
    struct scene s = scene_of(irq, index);

    if (s.vcpu->waiting) {
        s.vcpu->waiting = false;
        if (s.vcpu->masks) {
            open_section(&s, label, true);
        }
    }
}

/* ---- exceptions ---- */
static unsigned interrupts_below(const struct osi_irq_vcpu *vcpu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < vcpu->depth; i++) {
        n += vcpu->frames[i].irq;
    }
    return n;
}

static void push(struct osi_irq_vcpu *vcpu, uint64_t pc, bool irq)
{
    if (vcpu->depth == OSI_MAX_FRAMES) { /* a system that never returns from its first ones */
        for (unsigned i = 1; i < OSI_MAX_FRAMES; i++) {
            vcpu->frames[i - 1] = vcpu->frames[i];
        }
        vcpu->depth--;
    }
    vcpu->frames[vcpu->depth++] = (struct osi_irq_frame){ pc, irq };
}

static enum osi_exception count_exception(const struct scene *s, const struct osi_vector *vector,
                                          unsigned level, bool *fetch)
{
    enum osi_exception class = OSI_EXCEPTION_ERROR;

    if (vector->kind == OSI_VECTOR_EXCEPTION) {
        uint64_t syndrome = read_register(s->irq->syndrome[level]);

        class = s->irq->is->classify(syndrome);
        *fetch = s->irq->is->fetch(syndrome);
    }
    s->vcpu->exceptions[class]++;
    return class;
}

/* Is this the beginning of an exception? The processor has masked interrupts then, the saved status
 * fits the entry, and an interrupt comes only where it was not masked. */
static bool is_taken(const struct scene *s, const struct osi_vector *vector, uint64_t status,
                     unsigned level)
{
    const struct osi_arch_interrupts *is = s->irq->is;
    uint64_t saved;

    if (!(is->masks(status) & OSI_MASK_STATUS)) {
        return false;
    }
    saved = read_register(s->irq->saved_status[level]);
    return is->fits((unsigned)(vector - is->vectors), saved, level) &&
           (vector->kind == OSI_VECTOR_EXCEPTION || vector->kind == OSI_VECTOR_ERROR ||
            !(is->masks(saved) & OSI_MASK_STATUS));
}

static void report_entry(const struct scene *s, const struct osi_vector *vector, uint64_t from)
{
    struct osi_event event = { .kind = OSI_EVENT_IRQ_ENTER };

    event.irq_enter.task = osi_current(s->irq->session, s->index);
    event.irq_enter.pc = from;
    event.irq_enter.user = vector->user;
    event.irq_enter.depth = interrupts_below(s->vcpu);
    happened(s, &event);
}

void osi_irq_taken(struct osi_irq *irq, unsigned index, const struct osi_vector *vector,
                   const struct osi_label *label, const uint64_t *pc)
{
    struct scene s = scene_of(irq, index);
    bool is_irq = vector->kind == OSI_VECTOR_IRQ || vector->kind == OSI_VECTOR_FIQ, fetch = false;
    uint64_t status = read_register(irq->status), from;
    enum osi_exception class = OSI_EXCEPTION_OTHER;
    unsigned level = irq->is->level(status) % LEVELS;

    if (!pc && !is_taken(&s, vector, status, level)) {
        return;
    }
    from = pc ? *pc : read_register(irq->return_address[level]);
    s.vcpu->waiting = false;
    if (is_irq) {
        report_entry(&s, vector, from);
    } else {
        class = count_exception(&s, vector, level, &fetch);
    }
    irq->client->entered(irq->session, index, vector, class, fetch, from);
    push(s.vcpu, from, is_irq);
    if (is_irq && s.vcpu->masks) {
        /* It could be taken, so what we took for a reason is none (a priority that lets it pass). */
        set_masks(&s, 0, label);
    }
    set_masks(&s, s.vcpu->masks | OSI_MASK_STATUS, label);
}

static void leave_interrupt(const struct scene *s, bool resched)
{
    struct osi_event event = { .kind = OSI_EVENT_IRQ_EXIT };

    event.irq_exit.resched = resched;
    happened(s, &event);
}

/* Pops the last exception. A return to elsewhere is still its return (a signal, a fixup), unless an
 * earlier one fits: then those above were left without one. */
static void pop(const struct scene *s, uint64_t to)
{
    struct osi_irq_vcpu *vcpu = s->vcpu;
    unsigned i = vcpu->depth;

    if (i == 0) {
        return; /* the first return to a task, after a switch */
    }
    while (i && vcpu->frames[i - 1].pc != to) {
        i--;
    }
    vcpu->unmatched += i != vcpu->depth;
    if (i == 0) {
        i = vcpu->depth;
    }
    while (vcpu->depth >= i) {
        if (vcpu->frames[--vcpu->depth].irq) {
            leave_interrupt(s, false);
        }
    }
}

void osi_irq_returns(struct osi_irq *irq, unsigned index, unsigned level,
                     const struct osi_label *label)
{
    struct scene s = scene_of(irq, index);
    unsigned saved = irq->masks ? irq->is->masks(read_register(irq->saved_status[level])) : 0; /* reading is dear */
    uint64_t to;

    /* The processor sets ALLINT at each entry, but it masks only where SCTLR_ELx.NMI says so. */
    saved &= s.vcpu->uses_all ? ~0u : ~(unsigned)OSI_MASK_ALL;
    to = read_register(irq->return_address[level]);
    irq->client->leaving(irq->session, index, to);
    pop(&s, to);
    set_masks(&s, (s.vcpu->masks & OSI_MASK_PRIORITY) | saved, label);
}

void osi_irq_switched(struct osi_irq *irq, unsigned index)
{
    struct scene s = scene_of(irq, index);

    while (s.vcpu->depth) {
        if (s.vcpu->frames[--s.vcpu->depth].irq) {
            leave_interrupt(&s, true);
        }
    }
}

/* ---- interrupt controller and timers ---- */
static const struct osi_arch_timer *timer_at(const struct osi_irq *irq, unsigned number)
{
    const struct osi_arch_timer *timer = &irq->is->timers[number];

    return number < OSI_MAX_TIMERS && timer->deadline ? timer : NULL;
}

#define CONTROL_ENABLE 1u
#define CONTROL_MASKED 2u

/* The acknowledged interrupt is a timer's if its number and what the guest programmed say so. */
static void find_deadline(const struct scene *s, struct osi_event *event)
{
    const struct osi_clock *clock = s->irq->client->clock(s->irq->session);
    const struct osi_arch_timer *timer;

    event->irq_ack.timer = OSI_NO_TIMER;
    event->irq_ack.origin.asserted = OSI_UNKNOWN_TIME;
    for (unsigned i = 0; (timer = timer_at(s->irq, i)); i++) {
        if (timer->hwirq == event->irq_ack.origin.hwirq &&
            (s->vcpu->timers[i].control & (CONTROL_ENABLE | CONTROL_MASKED)) == CONTROL_ENABLE) {
            event->irq_ack.timer = i;
            event->irq_ack.origin.asserted = osi_clock_of_ticks(clock,
                                                                s->vcpu->timers[i].deadline);
        }
    }
}

void osi_irq_acked(struct osi_irq *irq, unsigned index, uint32_t hwirq)
{
    struct scene s = scene_of(irq, index);
    struct osi_event event = { .kind = OSI_EVENT_IRQ_ACK };

    irq->client->acked(irq->session, index, hwirq);
    event.irq_ack.origin.hwirq = hwirq;
    event.irq_ack.delay = OSI_UNKNOWN_TIME;
    event.irq_ack.spurious = osi_irq_is_spurious(hwirq);
    find_deadline(&s, &event);
    happened(&s, &event);
}

void osi_irq_ended(struct osi_irq *irq, unsigned index, uint32_t hwirq)
{
    struct scene s = scene_of(irq, index);
    struct osi_event event = { .kind = OSI_EVENT_IRQ_EOI, .irq_eoi = { hwirq } };

    happened(&s, &event);
}

void osi_irq_timer(struct osi_irq *irq, unsigned index, const struct osi_decoded *insn,
                   unsigned level)
{
    struct scene s = scene_of(irq, index);
    enum osi_timer number = irq->is->timer((enum osi_timer)insn->imm, level);
    const struct osi_arch_timer *timer = timer_at(irq, number);
    struct osi_event event = { .kind = OSI_EVENT_TIMER_SET };
    uint64_t value = 0;

    if (!timer || (insn->reg < 31 &&
                   osi_general_register(irq->session, index, insn->reg, &value))) {
        return;
    }
    event.timer_set.deadline = OSI_UNKNOWN_TIME;
    if (insn->kind == OSI_INSN_TIMER_CONTROL) {
        s.vcpu->timers[number].control = (uint32_t)value;
    } else {
        if (insn->kind == OSI_INSN_TIMER_RELATIVE) {
            value = read_register(irq->deadlines[number]);
        }
        s.vcpu->timers[number].deadline = value;
        event.timer_set.deadline = osi_clock_of_ticks(irq->client->clock(irq->session), value);
    }
    event.timer_set.timer = number;
    event.timer_set.on = (s.vcpu->timers[number].control & (CONTROL_ENABLE | CONTROL_MASKED)) ==
                         CONTROL_ENABLE;
    happened(&s, &event);
}
