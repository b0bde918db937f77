/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of the guest whose accesses are known: a fault gets the page that `fault_entry` and `fault_page` say. With
 * TPIDR_EL1 set it is somebody else's page, that comes back in a moment. */
    .text
    .macro unexpected
    .balign 128
    b .
    .endm

    .balign 2048
    .global fault_vectors
fault_vectors:
    unexpected
    unexpected
    unexpected
    unexpected
    .balign 128                 /* EL1h: synchronous */
    stp x0, x1, [sp, #-16]!
    mrs x0, tpidr_el1
    cbnz x0, 1f
    adrp x0, fault_entry
    ldr x0, [x0, :lo12:fault_entry]
    adrp x1, fault_page
    ldr x1, [x1, :lo12:fault_page]
    str x1, [x0]
    dsb ishst
    isb
1:  ldp x0, x1, [sp], #16
    eret
    unexpected
    unexpected
    unexpected
    .balign 2048
