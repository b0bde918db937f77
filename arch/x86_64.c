/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64: registers only. There is no decoder yet, so tools that need one are refused. */
#include "arch-internal.h"

/* In the order of the encoding, which is not the order in which QEMU lists them. */
static const char *const general[] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", NULL,
};

static const char *const arguments[] = { "rdi", "rsi", "rdx", "rcx", "r8", "r9", NULL };

/* The base of the IDT is not among the registers that QEMU shows. */
static const char *const vectors[] = { NULL };

static bool is_kernel(uint64_t address)
{
    return address >> 63;
}

const struct osi_arch osi_arch_x86_64 = {
    .name = "x86_64",
    .features = OSI_ARCH_REGISTERS,
    .min_insn = 1,
    .max_insn = 15,
    .general = general,
    .arguments = arguments,
    .result = "rax",
    .stack = "rsp",
    .pc = "rip",
    .vectors = vectors,
    .is_kernel = is_kernel,
};
