/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V, QEMU's virt, M-mode: entry and exceptions of flow.c. */
    .macro function name
    .balign 4
    .global \name
    .type \name, %function
\name:
    .endm
    .macro end_of name
    .size \name, . - \name
    .endm

    .section .text.start, "ax"
function _start
    la sp, stack_top
    la t0, trap_entry
    csrw mtvec, t0
    call main
    call end
end_of _start

    .text
function refused
    .word 0xffffffff
    ret
end_of refused

function asked
    ecall
    ret
end_of asked

function filled
    beqz a2, 2f
1:  sb a1, 0(a0)
    addi a0, a0, 1
    addi a2, a2, -1
    bnez a2, 1b
2:  ret
end_of filled

/* A device access that is not its block's last instruction is done in a block of its own, and what followed
 * it counts twice. These are the last of a page, where each block ends. */
    .balign 4096
    .space 4096 - 4
function read64
    .option push
    .option norvc
    ld a0, 0(a0)
    .option pop
    ret
end_of read64

    .balign 4096
    .space 4096 - 4
function write64
    .option push
    .option norvc
    sd a1, 0(a0)
    .option pop
    ret
end_of write64

    .balign 4096
    .space 4096 - 4
function write32
    .option push
    .option norvc
    sw a1, 0(a0)
    .option pop
    ret
end_of write32

function trap_entry
    addi sp, sp, -128
    sd ra, 0(sp)
    sd t0, 8(sp)
    sd t1, 16(sp)
    sd t2, 24(sp)
    sd a0, 32(sp)
    sd a1, 40(sp)
    sd a2, 48(sp)
    sd a3, 56(sp)
    sd a4, 64(sp)
    sd a5, 72(sp)
    sd a6, 80(sp)
    sd a7, 88(sp)
    sd t3, 96(sp)
    sd t4, 104(sp)
    sd t5, 112(sp)
    sd t6, 120(sp)
    csrr a0, mcause
    call handle_trap
    ld ra, 0(sp)
    ld t0, 8(sp)
    ld t1, 16(sp)
    ld t2, 24(sp)
    ld a0, 32(sp)
    ld a1, 40(sp)
    ld a2, 48(sp)
    ld a3, 56(sp)
    ld a4, 64(sp)
    ld a5, 72(sp)
    ld a6, 80(sp)
    ld a7, 88(sp)
    ld t3, 96(sp)
    ld t4, 104(sp)
    ld t5, 112(sp)
    ld t6, 120(sp)
    addi sp, sp, 128
    mret
end_of trap_entry

    .bss
    .balign 16
    .space 16384
stack_top:
    .section .note.GNU-stack, "", %progbits
