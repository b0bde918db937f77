/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of the guest irq, which read the counter at a known place and before ERET.
 *
 * Two tables: one reads the counter first, into x28, which nothing else uses; the other reads it
 * two instructions later, as a kernel stores something first. exception() in irq.c knows which is
 * in use. FRAME is the size of its struct frame, EXIT_DISTANCE the way from the last read to ERET.
 */
    .equ FRAME, 224

    .macro unexpected
    .balign 128
    b .
    .endm

    .macro early offset
    .balign 128
    mrs x28, cntvct_el0
    sub sp, sp, #FRAME
    stp x0, x1, [sp]
    mov x0, #\offset
    b common
    .endm

    .macro late offset
    .balign 128
    sub sp, sp, #FRAME
    stp x0, x1, [sp]
    mrs x28, cntvct_el0
    mov x0, #\offset
    b common
    .endm

    .macro table kind
    unexpected                  /* EL1t: only interrupts */
    \kind 0x080
    unexpected
    unexpected
    \kind 0x200                 /* EL1h */
    \kind 0x280
    unexpected
    unexpected
    \kind 0x400                 /* EL0 */
    \kind 0x480
    unexpected
    unexpected
    .endm

    .text
    .balign 2048
    .global vectors_early
vectors_early:
    table early
    .balign 2048
    .global vectors_late
vectors_late:
    table late

    .balign 128
common:
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x29, [sp, #144]
    mrs x1, elr_el1
    stp x30, x1, [sp, #160]
    mrs x1, spsr_el1
    stp x1, x28, [sp, #176]
    str x0, [sp, #192]
    mov x0, sp
    bl exception
    ldp x30, x1, [sp, #160]
    msr elr_el1, x1
    ldr x1, [sp, #176]
    msr spsr_el1, x1
    ldp x18, x29, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #208]
    mrs x0, cntvct_el0
    str x0, [x2]
    str x0, [x3]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #FRAME
    .global exception_return
exception_return:
    eret

/* void to_user(uint64_t *counter, const void *entry, uint64_t argument): runs ENTRY at EL0 until it
 * does `svc #0`, which comes back by user_back with interrupts unmasked. */
    .global to_user
to_user:
    stp x29, x30, [sp, #-16]!
    mrs x3, cntvct_el0
    str x3, [x0]
    .global user_mask
user_mask:
    msr daifset, #2
    msr elr_el1, x1
    msr spsr_el1, xzr
    mov x0, x2
    .global user_eret
user_eret:
    eret
    .global user_back
user_back:
    ldp x29, x30, [sp], #16
    ret

    .global user_loop
user_loop:
    subs x0, x0, #1
    b.ne user_loop
    svc #0
    b .
