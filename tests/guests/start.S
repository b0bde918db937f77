/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry and vectors of the bare-metal test guests (QEMU virt, EL1, one vCPU). */
    .section .text.start, "ax"
    .global _start
_start:
    ldr x0, =stack_top
    mov sp, x0
    ldr x0, =vectors
    msr vbar_el1, x0
    mov x0, #(3 << 20)          /* FP and SIMD, in case the compiler uses them */
    msr cpacr_el1, x0
    isb
    bl main
    /* PSCI SYSTEM_OFF */
    ldr x0, =0x84000008
    hvc #0
1:  wfi
    b 1b

    .global second_entry
    .weak second_main           /* only in guests with two cores */
second_entry:
    mov sp, x0
    mov x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    b second_main

    .macro unexpected
    .balign 128
    b .
    .endm

    .balign 2048
vectors:
    unexpected                  /* EL1t */
    unexpected
    unexpected
    unexpected
    unexpected                  /* EL1h: synchronous */
    .balign 128                 /* EL1h: IRQ */
    sub sp, sp, #256
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x29, [sp, #144]
    str x30, [sp, #160]
    bl irq_handler
    ldr x30, [sp, #160]
    ldp x18, x29, [sp, #144]
    ldp x16, x17, [sp, #128]
    b restore
    unexpected
    unexpected
    .balign 2048                /* what else is in the table would look like a vector */
restore:
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #256
    eret

    .section .bss
    .balign 16
    .space 65536
stack_top:
