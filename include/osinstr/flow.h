/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_flow: control goes from one function to another.
 *
 * A tool that states OSI_NEED_FLOW gets these at its flow hook, on the vCPU's thread, in order. Where
 * a call or return leads to is known when it has arrived, also for indirect ones; it is reported at
 * the start of the block it led to. Exceptions come between.
 *
 * The kinds:
 *   CALL    a call instruction led to `to`; it will return to the end of `from`
 *   RETURN  a return instruction led to `to`
 *   JUMP    a jump or branch, or running on over a function's end, led to `to`: another function, or
 *           a function's first instruction; each indirect jump. `from` is 0 where nothing visible
 *           led there: a signal handler in user-mode QEMU
 *   RESUME  user-mode QEMU: a system call did not return to where it was made
 *   ENTER   an exception or interrupt is taken; `pc` is where the interrupted code goes on
 *   ACK     the number of the interrupt that was entered last is known now
 *   LEAVE   an exception returns to `pc`
 *
 * Where the target's exceptions are not known in detail (x86_64, riscv64), ENTER tells only whether it
 * is an interrupt, and only from QEMU 10.2 on; `pc` of LEAVE may be OSI_FLOW_UNKNOWN.
 */
#ifndef OSINSTR_FLOW_H
#define OSINSTR_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/code.h>
#include <osinstr/context.h>
#include <osinstr/event.h>

#ifdef __cplusplus
extern "C" {
#endif

enum osi_flow_kind {
    OSI_FLOW_CALL,
    OSI_FLOW_RETURN,
    OSI_FLOW_JUMP,
    OSI_FLOW_RESUME,
    OSI_FLOW_ENTER,
    OSI_FLOW_ACK,
    OSI_FLOW_LEAVE,
};

#define OSI_FLOW_UNKNOWN UINT64_MAX

struct osi_calls;

struct osi_flow {
    enum osi_flow_kind kind;
    uint32_t vcpu;
    uint64_t insns; /* that the vCPU executed before this */
    struct osi_context *context; /* that runs */
    bool counting;  /* osi_counting(), and the context is wanted */
    /* CALL, RETURN, JUMP, RESUME: ids of the code that control came from (0: nothing visible led
     * there) and went to. osi_code() looks them up, which costs a cache miss or two each; what is
     * needed at each call and return is here. */
    uint32_t from, to;
    uint32_t from_function;    /* of the code's start; 0: not known, or no `from` */
    uint32_t to_called;        /* CALL, JUMP: osi_code_called() of `to` */
    uint64_t place;            /* CALL: where it will return to, for osi_flow_address() */
    uint16_t to_offset;        /* RETURN: low 12 bits of the address that control went to */
    bool to_entry;             /* JUMP: as in struct osi_code */
    uint32_t to_function;      /* JUMP: as in struct osi_code */
    enum osi_insn_kind last;   /* JUMP: that led here, if `from` is set */
    /* ENTER, LEAVE */
    uint64_t pc;
    bool irq;       /* ENTER: an interrupt */
    bool user;      /* ENTER: user code was interrupted, as far as the target tells */
    enum osi_exception exception; /* ENTER: its class, if not an interrupt */
    bool fetch;     /* ENTER: the instruction at `pc` could not even be fetched */
    uint32_t hwirq; /* ACK */
    uint64_t arriving; /* ENTER: a call, return or jump was done and had not arrived; see below */
};

/* ENTER: the code whose call, return or jump had not arrived; NULL: none. */
const struct osi_code *osi_flow_arriving(const struct osi_session *session,
                                         const struct osi_flow *flow);

/* For the flow hook, at a LEAVE: the exception returns to where the one returned that was entered with
 * this `arriving`, so the call under way then goes on. */
void osi_flow_resume(struct osi_session *session, unsigned vcpu, uint64_t arriving);

/* The address of a place. `session` is a struct osi_session: this is as osi_calltree_set_places() wants it. */
uint64_t osi_flow_address(void *session, uint64_t place);

/* For the run hook: calls and returns of this vCPU go straight to this stack from here on, if they are as plain as nearly
 * all are; the rest, and all else, comes to the flow hook, which does the same to it. NULL: all comes to the hook, as it
 * also does in a run with a window, of a program in user mode, of more than 16 vCPUs, or where membarrier(2) is refused.
 * The stack's tree must have osi_flow_address() for its places (osi_calltree_set_places()); the stack stays until another
 * one, or NULL, is named or the session has ended. */
void osi_flow_follow(struct osi_session *session, unsigned vcpu, struct osi_calls *calls);

/* Instructions that the vCPU executed before the place of the hook that runs, for event hooks of
 * tools with OSI_NEED_FLOW. vCPU thread. */
uint64_t osi_insns(struct osi_session *session, unsigned vcpu);
/* In all; for report hooks. */
uint64_t osi_insns_total(const struct osi_session *session, unsigned vcpu);

/* From the start hook: leave out the flow in user code of a guest with an operating system. */
void osi_flow_kernel_only(struct osi_session *session);

#ifdef __cplusplus
}
#endif
#endif
