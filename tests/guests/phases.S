/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that execute a known number of instructions. x0: how often. */
    .text
    .macro function name
    .balign 64
    .global \name
    .type \name, %function
\name:
    .endm
    .macro end name
    .size \name, . - \name
    .endm

/* 4 n + 1 */
function phase_a
    subs x0, x0, #1
    nop
    nop
    b.ne phase_a
    ret
end phase_a

/* 7 n + 1, in two blocks */
function phase_b
    nop
    b 1f
    udf #0
1:  nop
    nop
    nop
    subs x0, x0, #1
    b.ne phase_b
    ret
end phase_b
