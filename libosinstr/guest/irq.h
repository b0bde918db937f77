/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts and exceptions of a vCPU, as the architecture shows them: no operating system needed.
 *
 *   taken     at the vector: irq_enter, or a count by class
 *   acked     the interrupt controller told the number
 *   returned  the exception return that matches: irq_exit
 *   masks     whatever makes interrupts impossible: vector, return, DAIF, PMR, ALLINT; one
 *             irqs_masked for each section, at its end
 *
 * A section begins where the first reason to mask appears and ends where the last one goes. Waiting
 * for an interrupt (WFI) is in no section: it ends one, and waking with interrupts masked begins
 * another. Nothing is counted until interrupts have been possible once.
 *
 * Exceptions nest, so the return belongs to the last one taken. A task switch leaves all of them
 * behind: an interrupt that ends in one is over then.
 */
#ifndef OSINSTR_GUEST_IRQ_H
#define OSINSTR_GUEST_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include <osinstr/arch.h>
#include <osinstr/event.h>
#include <osinstr/session.h>

#include "guest/clock.h"
#include "host/host.h"

#define OSI_MAX_FRAMES 16
#define OSI_MAX_VECTORS 16

#define OSI_MAX_TIMERS 4

/* As the guest wrote it. */
struct osi_irq_timer {
    uint64_t deadline; /* ticks */
    uint32_t control;
};

struct osi_irq_frame {
    uint64_t pc; /* interrupted */
    bool irq;
};

/* Of one vCPU; only its own thread touches it. */
struct osi_irq_vcpu {
    unsigned masks;               /* enum osi_mask */
    bool uses_all;                /* it wrote ALLINT: only then the bit means anything */
    bool open;                    /* a section is under way */
    bool idle;                    /* it began with waking */
    bool waiting;                 /* in WFI */
    bool arming;                  /* a relative deadline is being written */
    uint8_t acking;               /* 1 + number of the register that takes an acknowledge */
    struct osi_moment since;      /* of the section */
    const struct osi_label *from;
    struct osi_irq_timer timers[OSI_MAX_TIMERS];
    unsigned depth;
    struct osi_irq_frame frames[OSI_MAX_FRAMES];
    uint64_t exceptions[OSI_EXCEPTIONS];
    uint64_t unmatched;           /* exception returns to another place than the last exception's */
};

struct osi_irq_client {
    /* An exception was taken (`fetch`: before the instruction at `pc` could be fetched); its number is
     * known; it is about to return to `pc`. */
    void (*entered)(struct osi_session *session, unsigned vcpu, const struct osi_vector *vector,
                    enum osi_exception exception, bool fetch, uint64_t pc);
    void (*acked)(struct osi_session *session, unsigned vcpu, uint32_t hwirq);
    void (*leaving)(struct osi_session *session, unsigned vcpu, uint64_t pc);
    struct osi_irq_vcpu *(*vcpu)(struct osi_session *session, unsigned vcpu);
    void (*happened)(struct osi_session *session, unsigned vcpu, struct osi_event *event);
    struct osi_moment (*moment)(struct osi_session *session, unsigned vcpu);
    const struct osi_clock *(*clock)(struct osi_session *session);
};

struct osi_irq;

/* As after a reset: interrupts are masked, and since when is nobody's business. */
void osi_irq_reset(struct osi_irq_vcpu *vcpu);

/* Without `masks` no masked sections are followed. */
struct osi_irq *osi_irq_new(struct osi_session *session, struct osi_host *host,
                            const struct osi_arch *arch, const struct osi_irq_client *client,
                            bool masks);
void osi_irq_free(struct osi_irq *irq); /* NULL is allowed */
/* Before the first vCPU runs. */
void osi_irq_find_registers(struct osi_irq *irq, unsigned vcpu);

/* All on the vCPU's thread with registers readable. `label`: the place, `level`: of the code. */
/* The level that the running vCPU is at. */
unsigned osi_irq_level(struct osi_irq *irq);
/* The vCPU is at the first instruction of a vector. `pc`: interrupted; NULL: it only may be there for
 * an exception, for a table that is not used whole has other code in it. */
void osi_irq_taken(struct osi_irq *irq, unsigned vcpu, const struct osi_vector *vector,
                   const struct osi_label *label, const uint64_t *pc);
/* About to execute: an exception return; an instruction that writes masks; a wait. */
void osi_irq_returns(struct osi_irq *irq, unsigned vcpu, unsigned level,
                     const struct osi_label *label);
void osi_irq_masks(struct osi_irq *irq, unsigned vcpu, const struct osi_decoded *insn,
                   const struct osi_label *label);
void osi_irq_waits(struct osi_irq *irq, unsigned vcpu, const struct osi_label *label);
/* The instruction after a wait. */
void osi_irq_woke(struct osi_irq *irq, unsigned vcpu, const struct osi_label *label);
void osi_irq_acked(struct osi_irq *irq, unsigned vcpu, uint32_t hwirq);
void osi_irq_ended(struct osi_irq *irq, unsigned vcpu, uint32_t hwirq);
/* About to write a timer's register; just written, for a relative deadline. */
void osi_irq_timer(struct osi_irq *irq, unsigned vcpu, const struct osi_decoded *insn,
                   unsigned level);
/* The operating system switches tasks. */
void osi_irq_switched(struct osi_irq *irq, unsigned vcpu);

#endif
