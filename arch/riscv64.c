/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V 64: registers only. There is no decoder yet, so tools that need one are refused. */
#include "arch-internal.h"

/* QEMU names x8 "fp", not "s0". */
static const char *const general[] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3",
    "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
    "t3", "t4", "t5", "t6", NULL,
};

static const char *const arguments[] = {
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", NULL,
};

/* Linux runs in S-mode; an RTOS without firmware below it runs in M-mode. */
static const char *const vectors[] = { "stvec", "mtvec", NULL };

static bool is_kernel(uint64_t address)
{
    return address >> 63;
}

const struct osi_arch osi_arch_riscv64 = {
    .name = "riscv64",
    .features = OSI_ARCH_REGISTERS,
    .min_insn = 2,
    .max_insn = 4,
    .general = general,
    .arguments = arguments,
    .result = "a0",
    .stack = "sp",
    .pc = "pc",
    .vectors = vectors,
    .is_kernel = is_kernel,
};
