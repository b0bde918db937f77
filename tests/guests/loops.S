/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions whose every block runs a known number of times. x0: how often. */
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

/* One block that leads to itself, then the return. */
function count_down
    subs x0, x0, #1
    b.ne count_down
    ret
end count_down

/* The loop's body is translated with the entry, and once more alone. */
function count_inside
    mov x1, x0
    mov x2, #0
1:  add x2, x2, #1
    subs x1, x1, #1
    b.ne 1b
    mov x0, x2
    ret
end count_inside

/* Every fourth time one way, else the other. */
function diamond
    mov x1, #0
1:  tst x0, #3
    b.eq 2f
    add x1, x1, #1
    b 3f
2:  add x1, x1, #2
3:  subs x0, x0, #1
    b.ne 1b
    mov x0, x1
    ret
end diamond

/* Calls itself x0 times. */
function recurse
    cbz x0, 1f
    stp x29, x30, [sp, #-16]!
    sub x0, x0, #1
    bl recurse
    add x0, x0, #1
    ldp x29, x30, [sp], #16
1:  ret
end recurse

/* Calls through a pointer, x0 times. */
function calls
    stp x29, x30, [sp, #-32]!
    str x19, [sp, #16]
    mov x19, x0
1:  mov x0, #5
    adr x1, count_down
    blr x1
    subs x19, x19, #1
    b.ne 1b
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    ret
end calls

/* A loop across the end of a page. */
    .balign 4096
    .space 4096 - 12
    .global over_page
    .type over_page, %function
over_page:
    nop
1:  nop
    nop
    nop
    subs x0, x0, #1
    b.ne 1b
    ret
end over_page
