/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64, QEMU's pc: entry and exceptions of flow.c. QEMU enters it in 32-bit mode, as the note says. */
    .macro function name
    .balign 16
    .global \name
    .type \name, @function
\name:
    .endm
    .macro end_of name
    .size \name, . - \name
    .endm

    .section .text.start, "ax"
    .code32
function start32
    movl $pml4, %eax
    movl %eax, %cr3
    movl $0x20, %eax            /* CR4.PAE */
    movl %eax, %cr4
    movl $0xc0000080, %ecx      /* EFER: LME */
    rdmsr
    orl $0x101, %eax            /* and SCE */
    wrmsr
    lgdt gdt_pointer
    movl %cr0, %eax
    orl $0x80000000, %eax       /* CR0.PG */
    movl %eax, %cr0
    ljmp $8, $_start
end_of start32

    .code64
function _start
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    leaq stack_top(%rip), %rsp
    lidt idt_pointer(%rip)
    call main
    movl %eax, %edi
    call end
end_of _start

    .text
function refused
    ud2
    ret
end_of refused

function asked
    int3
    ret
end_of asked

function called
    syscall
    ret
end_of called

/* The string instruction stands in the middle of a block. */
function filled
    movl %esi, %eax
    movq %rdx, %rcx
    rep stosb
    xorl %eax, %eax
    ret
end_of filled

    .macro entry name handler
function \name
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    leaq 72(%rsp), %rdi         /* where the address to return to is */
    call \handler
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    iretq
end_of \name
    .endm

    entry refused_entry on_refused
    entry asked_entry on_asked
    entry tick_entry on_tick

/* RCX is where to return to, R11 the flags. SYSRET would return to user mode. */
function call_entry
    movq %rsp, %rdx
    pushq $16
    pushq %rdx
    pushq %r11
    pushq $8
    pushq %rcx
    call handle_call
    iretq
end_of call_entry

    .data
    .balign 4096
pml4:
    .quad pdpt + 3
    .zero 4096 - 8
pdpt:
    .quad directory + 3
    .zero 4096 - 8
directory:                      /* 8 MiB at their own addresses */
    .quad 0x000083, 0x200083, 0x400083, 0x600083
    .zero 4096 - 32
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word 23
    .quad gdt
idt_pointer:
    .word 48 * 16 - 1
    .quad idt

    .bss
    .balign 16
    .global idt
idt:
    .space 48 * 16
    .space 16384
stack_top:

    /* XEN_ELFNOTE_PHYS32_ENTRY: QEMU loads an ELF file of 64 bits only with it */
    .section .note.boot, "a", @note
    .long 4, 8, 18
    .asciz "Xen"
    .quad start32
    .section .note.GNU-stack, "", @progbits
