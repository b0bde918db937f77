/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs at the places of interrupts: each callback learns what its instruction does from its place
 * and the registers, and hands it to guest/irq.c, which knows what it means. */
#include <string.h>

#include "session/flow.h"
#include "session/irq-internal.h"

/* Code runs at one level: asked for once. */
static unsigned level_at(struct osi_irq_place *place)
{
    unsigned level = atomic_load_explicit(&place->level, memory_order_relaxed);

    if (!level) {
        level = osi_irq_level(place->session->irq) + 1;
        atomic_store_explicit(&place->level, (unsigned char)level, memory_order_relaxed);
    }
    return level - 1;
}

static struct osi_vcpu *enter(const struct osi_irq_place *place, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (!vcpu || !osi_enter(vcpu)) {
        return NULL;
    }
    vcpu->remaining = place->remaining;
    return vcpu;
}

void osi_at_mask(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    /* The most frequent of all, and often without effect. */
    if (place->insn.kind == OSI_INSN_MASK_SET && vcpu && (vcpu->irq.masks & OSI_MASK_STATUS)) {
        return;
    }
    if ((vcpu = enter(place, index))) {
        osi_irq_masks(place->session->irq, index, &place->insn,
                      place->helper ? osi_irq_caller(place, vcpu) : place->label);
        osi_leave(vcpu);
    }
}

void osi_at_return(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_returns(place->session->irq, index, level_at(place), place->label);
        osi_leave(vcpu);
    }
}

void osi_at_wait(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_waits(place->session->irq, index, place->label);
        osi_leave(vcpu);
    }
}

void osi_after_wait(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_woke(place->session->irq, index, place->label);
        osi_leave(vcpu);
    }
}

static void take_acknowledge(struct osi_irq_place *place, unsigned index)
{
    struct osi_vcpu *vcpu = enter(place, index);
    uint64_t number;

    if (!vcpu) {
        return;
    }
    /* The read was the instruction before. */
    vcpu->remaining = place->remaining + 1;
    if (osi_general_register(place->session, index, place->insn.reg, &number) == 0) {
        osi_irq_acked(place->session->irq, index, (uint32_t)number & 0xffffff);
    }
    osi_leave(vcpu);
}

void osi_after_acknowledge(unsigned index, void *data)
{
    take_acknowledge(data, index);
}

/* A relative deadline becomes absolute when it is written: it stands in another register then. */
static void take_relative(struct osi_irq_place *place, unsigned index)
{
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        vcpu->remaining = place->remaining + 1;
        osi_irq_timer(place->session->irq, index, &place->insn, level_at(place));
        osi_leave(vcpu);
    }
}

void osi_after_relative(unsigned index, void *data)
{
    take_relative(data, index);
}

void osi_at_relative(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu) {
        vcpu->irq.arming = true;
    }
}

void osi_collect_relative(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu && vcpu->irq.arming) {
        vcpu->irq.arming = false;
        take_relative(place, index);
    }
}

/* The acknowledge ends its block: its value is there when the next one starts. */
void osi_at_acknowledge(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu) {
        vcpu->irq.acking = (uint8_t)(place->insn.reg + 1);
    }
}

void osi_collect_acknowledge(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = osi_vcpu(place->session, index);

    if (vcpu && vcpu->irq.acking == place->insn.reg + 1) {
        vcpu->irq.acking = 0;
        take_acknowledge(place, index);
    }
}

void osi_at_end(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);
    uint64_t number;

    if (vcpu) {
        if (osi_general_register(place->session, index, place->insn.reg, &number) == 0) {
            osi_irq_ended(place->session->irq, index, (uint32_t)number & 0xffffff);
        }
        osi_leave(vcpu);
    }
}

void osi_at_timer(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_timer(place->session->irq, index, &place->insn, level_at(place));
        osi_leave(vcpu);
    }
}

void osi_at_vector(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    struct osi_vcpu *vcpu = enter(place, index);

    if (vcpu) {
        osi_irq_taken(place->session->irq, index, place->vector, place->label, NULL);
        osi_leave(vcpu);
    }
}

/* A write to the vector base register: blocks there are translated after this. */
void osi_at_vectors(unsigned index, void *data)
{
    struct osi_irq_place *place = data;
    uint64_t base;

    (void)index;
    if (osi_general_register(place->session, index, place->insn.reg, &base) == 0) {
        osi_irq_add_table(place->session->irq_places, base);
    }
}

static bool is_one_of(const uint32_t *offsets, uint64_t offset)
{
    return offset == offsets[0] || offset == offsets[1];
}

/* An access that may be one to a device; most are not the controller's. */
void osi_at_access(unsigned index, uint32_t access, uint64_t address, void *data)
{
    struct osi_session *session = data;
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    bool store = osi_host_access_is_store(access);
    uint64_t physical, value;
    const char *device;

    if (!vcpu || !is_one_of(store ? is->end : is->acknowledge, address & 0xfff)) {
        return; /* whatever it is; the page's offset is the same in all address spaces */
    }
    device = osi_host_access_device(access, address, &physical);
    if (!device || strcmp(device, is->controller) != 0 || osi_host_access_value(access, &value) ||
        !osi_enter(vcpu)) {
        return;
    }
    vcpu->remaining = 1;
    if (store) {
        osi_irq_ended(session->irq, index, (uint32_t)value & is->number);
    } else {
        osi_irq_acked(session->irq, index, (uint32_t)value & is->number);
    }
    osi_leave(vcpu);
}

void osi_discontinuity(struct osi_session *session, unsigned index, uint64_t from, uint64_t to)
{
    const struct osi_arch_interrupts *is = session->arch->interrupts;
    struct osi_vcpu *vcpu = osi_vcpu(session, index);
    unsigned n = (unsigned)(to & (is->table - 1)) / is->entry;

    if (!vcpu || to & (is->entry - 1) || !osi_enter(vcpu)) {
        return;
    }
    vcpu->remaining = OSI_BEFORE_NEXT;
    osi_irq_taken(session->irq, index, &is->vectors[n], session->irq_places->vectors[n], &from);
    osi_leave(vcpu);
}

/* ---- what the tracking asks of the session ---- */
static struct osi_irq_vcpu *vcpu_of(struct osi_session *session, unsigned index)
{
    return &osi_vcpu(session, index)->irq;
}

static void happened(struct osi_session *session, unsigned index, struct osi_event *event)
{
    osi_happened(session, osi_vcpu(session, index), event);
}

static struct osi_moment moment(struct osi_session *session, unsigned index)
{
    struct osi_vcpu *vcpu = osi_vcpu(session, index);

    return (struct osi_moment){
        osi_insn_count(session, vcpu, vcpu->remaining),
        session->clock.shift < 0 && session->clock.icount ? vcpu->clock.last_read
                                                          : osi_callback_time(session, vcpu),
    };
}

static const struct osi_clock *clock_of(struct osi_session *session)
{
    return &session->clock;
}

/* ---- for tools that follow the flow of control ---- */
static void entered(struct osi_session *session, unsigned index, const struct osi_vector *vector,
                    enum osi_exception exception, bool fetch, uint64_t pc)
{
    struct osi_flow what = { .irq = vector->kind == OSI_VECTOR_IRQ || vector->kind == OSI_VECTOR_FIQ,
                             .user = vector->user, .exception = exception, .fetch = fetch,
                             .pc = pc };

    if (session->tool->needs & OSI_NEEDS_ENTER) {
        osi_flow_entered(session, index, &what);
    }
}

static void acked(struct osi_session *session, unsigned index, uint32_t hwirq)
{
    if (session->tool->needs & OSI_NEED_FLOW) {
        osi_flow_acked(session, index, hwirq);
    }
}

static void leaving(struct osi_session *session, unsigned index, uint64_t pc)
{
    if (session->tool->needs & OSI_NEED_FLOW) {
        osi_flow_left(session, index, pc);
    }
}

const struct osi_irq_client osi_session_irq_client = {
    entered, acked, leaving, vcpu_of, happened, moment, clock_of,
};
