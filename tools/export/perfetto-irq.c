/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts and masked sections, on a track of each CPU's own each, because they overlap: a
 * section begins in an interrupt and ends behind it, or the other way round.
 *
 * An interrupt's name is its number, which comes after its beginning: the beginning waits for
 * it. A masked section is told at its end, with its length. Sections of a CPU are one behind the
 * other.
 */
#include "perfetto.h"

/* Numbers of names: those of labels are even. */
#define NAME_UNKNOWN 1
#define NAME_SPURIOUS 3
#define NAME_OF_IRQ(hwirq) (2 * (hwirq) + 5)

static struct pf_sequence *begun(struct perfetto *perfetto, struct pf_sequence *sequence,
                                 enum pf_family family, uint32_t cpu, const char *what)
{
    if (!sequence->id) {
        char *name = g_strdup_printf("%s CPU %u", what, cpu);
        uint32_t number = pf_number(family, cpu);

        pf_sequence_begin(sequence, perfetto->file, number, number, name);
        g_free(name);
    }
    return sequence;
}

static struct pf_sequence *irqs_of(struct perfetto *perfetto, uint32_t cpu)
{
    return begun(perfetto, &perfetto->cpus[cpu].irqs, PF_IRQS, cpu, "Interrupts");
}

/* ---- what is under way ---- */
static void begin(struct pf_cpu *cpu, enum pf_event type, uint64_t time)
{
    pf_event_begin(&cpu->irqs, cpu->irqs.track, type, time);
}

static bool push(struct pf_cpu *cpu, enum osi_event_kind kind)
{
    if (cpu->depth == PF_MAX_IRQS) {
        cpu->lost++;
        return false;
    }
    cpu->stack[cpu->depth++] = kind;
    return true;
}

static void pop(struct pf_cpu *cpu, uint64_t time)
{
    cpu->depth--;
    begin(cpu, PF_END, time);
    pf_event_end(&cpu->irqs);
}

/* Ends what lies above the last beginning of this kind: it lost its end. False: there is none. */
static bool settle(struct pf_cpu *cpu, enum osi_event_kind kind, uint64_t time)
{
    unsigned depth = cpu->depth;

    if (cpu->lost) {
        cpu->lost--;
        return false;
    }
    while (depth > 0 && cpu->stack[depth - 1] != kind) {
        depth--;
    }
    while (depth > 0 && cpu->depth > depth) {
        pop(cpu, time);
    }
    return depth > 0;
}

/* ---- interrupts ---- */
static void name_irq(struct pf_cpu *cpu, const struct osi_event *ack)
{
    if (!ack) {
        pf_event_name(&cpu->irqs, NAME_UNKNOWN, "interrupt");
    } else if (ack->irq_ack.spurious) {
        pf_event_name(&cpu->irqs, NAME_SPURIOUS, "spurious");
    } else {
        char name[16];

        g_snprintf(name, sizeof(name), "irq %u", ack->irq_ack.origin.hwirq);
        pf_event_name(&cpu->irqs, NAME_OF_IRQ(ack->irq_ack.origin.hwirq), name);
        pf_event_number(&cpu->irqs, PF_ARG_HWIRQ, ack->irq_ack.origin.hwirq);
        if (ack->irq_ack.delay != OSI_UNKNOWN_TIME) {
            pf_event_number(&cpu->irqs, PF_ARG_DELAY, ack->irq_ack.delay);
        }
    }
}

/* Writes the beginning that waits, if one does; `ack` is NULL if its number will not come. */
static void write_entry(struct pf_cpu *cpu, const struct osi_event *ack)
{
    if (cpu->entered && push(cpu, OSI_EVENT_IRQ_ENTER)) {
        begin(cpu, PF_BEGIN, cpu->entry.time);
        name_irq(cpu, ack);
        if (cpu->entry.irq_enter.user) {
            pf_event_flag(&cpu->irqs, PF_ARG_USER);
        }
        pf_event_end(&cpu->irqs);
    }
    cpu->entered = false;
}

void pf_irq_flush(struct perfetto *perfetto, uint32_t cpu)
{
    write_entry(&perfetto->cpus[cpu], NULL);
}

/* Another number in the same entry, as drivers of a GICv2 take it, is a mark; that there is none
 * left says nothing. */
static void put_ack(struct pf_cpu *cpu, const struct osi_event *event)
{
    if (cpu->entered) {
        write_entry(cpu, event);
    } else if (!event->irq_ack.spurious) {
        begin(cpu, PF_INSTANT, event->time);
        name_irq(cpu, event);
        pf_event_end(&cpu->irqs);
    }
}

static void put_exit(struct pf_cpu *cpu, const struct osi_event *event)
{
    write_entry(cpu, NULL);
    if (settle(cpu, OSI_EVENT_IRQ_ENTER, event->time)) {
        cpu->depth--;
        begin(cpu, PF_END, event->time);
        if (event->irq_exit.resched) {
            pf_event_flag(&cpu->irqs, PF_ARG_SWITCHED);
        }
        pf_event_end(&cpu->irqs);
    }
}

/* How many it interrupts is told: what is deeper here lost its end. */
static void put_enter(struct pf_cpu *cpu, const struct osi_event *event)
{
    unsigned under_way = 0;

    write_entry(cpu, NULL);
    for (unsigned i = 0; i < cpu->depth; i++) {
        if (cpu->stack[i] == OSI_EVENT_IRQ_ENTER && under_way++ == event->irq_enter.depth) {
            while (cpu->depth > i) {
                pop(cpu, event->time);
            }
        }
    }
    cpu->entered = true;
    cpu->entry = *event;
}

/* Handlers and softirqs: of kernels that Perfetto has no own tracks for. */
static void put_begin(struct pf_cpu *cpu, const struct osi_event *event,
                      const struct osi_label *label)
{
    write_entry(cpu, NULL);
    if (push(cpu, event->kind)) {
        begin(cpu, PF_BEGIN, event->time);
        pf_event_name(&cpu->irqs, label ? 2 * label->id : NAME_UNKNOWN,
                      label ? label->text : "interrupt");
        if (event->kind == OSI_EVENT_IRQ_HANDLER_ENTRY) {
            pf_event_number(&cpu->irqs, PF_ARG_IRQ, event->irq_handler.irq);
        }
        pf_event_end(&cpu->irqs);
    }
}

static void put_end(struct pf_cpu *cpu, const struct osi_event *event, enum osi_event_kind kind)
{
    write_entry(cpu, NULL);
    if (settle(cpu, kind, event->time)) {
        pop(cpu, event->time);
    }
}

/* ---- masked sections ---- */
static void put_label(struct pf_sequence *to, enum pf_arg arg, const struct osi_label *label)
{
    if (label) {
        pf_event_text(to, arg, 2 * label->id, label->text);
    }
}

/* They can't overlap, but their times are rounded, and raised if a clock would go back. */
static void put_masked(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_cpu *cpu = &perfetto->cpus[event->vcpu];
    struct pf_sequence *to = begun(perfetto, &cpu->masked, PF_MASKED, event->vcpu,
                                   "Interrupts masked");
    const struct osi_label *from = event->irqs_masked.from;
    uint64_t begin_time = event->time - MIN(event->time, event->irqs_masked.duration);

    pf_event_begin(to, to->track, PF_BEGIN, MAX(begin_time, cpu->masked_until));
    pf_event_name(to, from ? 2 * from->id : NAME_UNKNOWN, from ? from->text : "masked");
    put_label(to, PF_ARG_MASKED_AT, from);
    put_label(to, PF_ARG_UNMASKED_AT, event->irqs_masked.to);
    if (event->irqs_masked.idle) {
        pf_event_flag(to, PF_ARG_IDLE);
    }
    pf_event_end(to);
    pf_event_begin(to, to->track, PF_END, event->time);
    pf_event_end(to);
    cpu->masked_until = event->time;
}

bool pf_irq_event(struct perfetto *perfetto, const struct osi_event *event)
{
    struct pf_cpu *cpu = &perfetto->cpus[event->vcpu];

    if (event->kind == OSI_EVENT_IRQS_MASKED) {
        put_masked(perfetto, event);
        return true;
    }
    if (!(OSI_EVENT_BIT(event->kind) & OSI_IRQ_EVENTS) || event->kind == OSI_EVENT_IRQ_EOI) {
        return false;
    }
    irqs_of(perfetto, event->vcpu);
    switch (event->kind) {
    case OSI_EVENT_IRQ_ENTER:
        put_enter(cpu, event);
        return true;
    case OSI_EVENT_IRQ_ACK:
        put_ack(cpu, event);
        return true;
    case OSI_EVENT_IRQ_EXIT:
        put_exit(cpu, event);
        return true;
    case OSI_EVENT_IRQ_HANDLER_ENTRY:
        put_begin(cpu, event, event->irq_handler.action);
        return true;
    case OSI_EVENT_SOFTIRQ_ENTRY:
        put_begin(cpu, event, event->softirq.action);
        return true;
    case OSI_EVENT_IRQ_HANDLER_EXIT:
        put_end(cpu, event, OSI_EVENT_IRQ_HANDLER_ENTRY);
        return true;
    case OSI_EVENT_SOFTIRQ_EXIT:
        put_end(cpu, event, OSI_EVENT_SOFTIRQ_ENTRY);
        return true;
    default:
        return false;
    }
}
