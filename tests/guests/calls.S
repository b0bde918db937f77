/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest calls needs to be exact: functions of known length, jumps of a known kind, its own
 * setjmp, tasks and vectors. */

    .macro function name
    .balign 16
    .global \name
    .type \name, %function
\name:
    .endm

    .macro end name
    .size \name, . - \name
    .endm

    .text
/* ---- functions of known length: 5 and 12 instructions ---- */
function leaf5
    .rept 4
    nop
    .endr
    ret
end leaf5

function leaf12
    .rept 11
    nop
    .endr
    ret
end leaf12

/* ---- tail calls ---- */
function tail_first             /* 2: a direct one */
    nop
    b tail_second
end tail_first

function tail_second            /* 3: an indirect one */
    adr x1, tail_third
    nop
    br x1
end tail_second

function tail_third             /* 4 */
    .rept 3
    nop
    .endr
    ret
end tail_third

function tail_self              /* 3 for each of x0 rounds, and 3 */
    subs x0, x0, #1
    b.lo 1f
    b tail_self
1:  ret
end tail_self

function ping                   /* jumps to pong, which jumps back, x0 times in all: 3 each, 3 at the end */
    subs x0, x0, #1
    b.lo 1f
    b pong
1:  ret
end ping

function pong
    subs x0, x0, #1
    b.lo 1f
    b ping
1:  ret
end pong

/* Runs on over its end, where a block ends: 2, then leaf_below's 3. */
function falls
    nop
    cbnz xzr, .
end falls
    .global leaf_below
    .type leaf_below, %function
leaf_below:
    nop
    nop
    ret
end leaf_below

/* ---- setjmp and longjmp ---- */
function set_jump
    stp x19, x20, [x0]
    stp x21, x22, [x0, #16]
    stp x23, x24, [x0, #32]
    stp x25, x26, [x0, #48]
    stp x27, x28, [x0, #64]
    stp x29, x30, [x0, #80]
    mov x1, sp
    str x1, [x0, #96]
    mov x0, #0
    ret
end set_jump

    .macro restore_jump
    ldp x19, x20, [x0]
    ldp x21, x22, [x0, #16]
    ldp x23, x24, [x0, #32]
    ldp x25, x26, [x0, #48]
    ldp x27, x28, [x0, #64]
    ldp x29, x30, [x0, #80]
    ldr x1, [x0, #96]
    mov sp, x1
    mov x0, #1
    .endm

function jump_back              /* by a branch, as glibc's longjmp */
    restore_jump
    br x30
end jump_back

function return_back            /* by a return, as the kernel's and most others' */
    restore_jump
    ret
end return_back

/* ---- exceptions on purpose ---- */
function make_syscall           /* 3 */
    nop
    svc #0
    ret
end make_syscall

function make_fault             /* 3: the address is beyond all that the processor has */
    mov x0, #0x1000000000000
    ldr x0, [x0]
    ret
end make_fault

/* ---- tasks: a struct begins with the saved stack pointer ---- */
function switch_to
    stp x19, x20, [sp, #-96]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mov x2, sp
    str x2, [x0]
    ldr x2, [x1]
    mov sp, x2
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #96
    ret
end switch_to

/* ---- vectors ---- */
    .macro unexpected
    .balign 128
    b .
    .endm

    .macro entry target
    .balign 128
    sub sp, sp, #192
    b \target
    .endm

    .balign 2048
    .global call_vectors
    .type call_vectors, %function
call_vectors:
    .rept 4
    unexpected
    .endr
    entry enter_exception
    entry enter_irq
    .rept 10
    unexpected
    .endr
end call_vectors

    .macro save
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x30, [sp, #144]
    mrs x0, elr_el1
    mrs x1, spsr_el1
    stp x0, x1, [sp, #160]
    .endm

    .macro back
    ldp x0, x1, [sp, #160]
    msr elr_el1, x0
    msr spsr_el1, x1
    ldp x18, x30, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #192
    eret
    .endm

function enter_exception
    save
    add x0, sp, #160            /* where it returns to */
    bl on_exception
    back
end enter_exception

function enter_irq
    save
    bl on_irq
    back
end enter_irq
