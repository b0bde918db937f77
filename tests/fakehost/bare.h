/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake arm64 guest without an operating system: code by the word, and exceptions as the processor
 * takes them, told to the plugins in the way of the release: by a discontinuity, or not at all. */
#ifndef FAKEHOST_BARE_H
#define FAKEHOST_BARE_H

#include "fakehost/fakehost.h"

enum {
    NOP = (int)0xd503201f,
    RET = (int)0xd65f03c0,
    ERET = (int)0xd69f03e0,
    WFI = (int)0xd503207f,
    MASK = (int)0xd50342df,           /* MSR DAIFSet, #2 */
    UNMASK = (int)0xd50342ff,         /* MSR DAIFClr, #2 */
    MASK_FIQ = (int)0xd50341df,       /* MSR DAIFSet, #1 */
    MSR_DAIF_X0 = (int)0xd51b4220,
    MSR_PMR_X0 = (int)0xd5184600,
    MASK_ALL = (int)0xd501411f,       /* MSR ALLINT, #1 */
    UNMASK_ALL = (int)0xd501401f,
    MSR_VBAR_X1 = (int)0xd518c001,
    MRS_X0_IAR1 = (int)0xd538cc00,
    MSR_EOIR1_X0 = (int)0xd518cc20,
    MSR_CVAL_X2 = (int)0xd51be342,    /* CNTV_CVAL_EL0 */
    MSR_TVAL_X2 = (int)0xd51be302,
    MSR_CTL_X2 = (int)0xd51be322,
    LDR_W0_X1 = (int)0xb9400020,
    STR_W0_X1 = (int)0xb9000020,
};

#define BARE_VECTORS 0x40080000ull
#define BARE_CODE 0x40100000ull
#define BARE_GIC 0x08010000ull /* GICC of QEMU's virt machine */

/* Entries of the vector table. */
#define BARE_SYNC 0x200u
#define BARE_IRQ 0x280u
#define BARE_USER_SYNC 0x400u
#define BARE_USER_IRQ 0x480u

#define BARE_KERNEL 0x5u   /* SPSR: EL1h, nothing masked */
#define BARE_USER 0x0u
#define BARE_MASKED 0x80u  /* I */

/* Runs a block of these words; the same address must always have the same ones. */
void bare_run(unsigned vcpu, uint64_t address, const int *words, size_t n);
#define RUN(vcpu, address, ...) \
    bare_run(vcpu, address, (const int[]){ __VA_ARGS__ }, \
             sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))
/* The same, where instruction `insn` sets a register or accesses a device. */
void bare_run_with(unsigned vcpu, uint64_t address, const int *words, size_t n,
                   struct fake_effect effect);
#define RUN_WITH(effect, vcpu, address, ...) \
    bare_run_with(vcpu, address, (const int[]){ __VA_ARGS__ }, \
                  sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int), effect)
/* n instructions that do nothing. */
void bare_work(unsigned vcpu, unsigned n);

/* Writes the vector base register (one block of two instructions), and unmasks in the next. */
void bare_vectors(unsigned vcpu, uint64_t base);
void bare_boot(unsigned vcpu); /* BARE_VECTORS, then unmasked: four instructions */

/* The exception is taken at `pc` with this saved status, then the entry's block of two instructions
 * runs. The processor is in EL1 with interrupts masked. */
void bare_take(unsigned vcpu, unsigned entry, uint64_t pc, uint64_t saved);
/* ERET, a block of two instructions, to wherever ELR_EL1 points. */
void bare_return(unsigned vcpu);
void bare_return_to(unsigned vcpu, uint64_t pc, uint64_t saved);

/* A whole interrupt with a GICv3: 2 + 3 + 2 + 2 instructions; the number is asked for at the 3rd,
 * ended at the 6th. */
void bare_interrupt(unsigned vcpu, uint64_t pc, uint64_t saved, uint32_t number);
/* Its parts. */
void bare_acknowledge(unsigned vcpu, uint32_t number); /* in mid-block: 3 instructions */
void bare_end(unsigned vcpu, uint32_t number);         /* 2 instructions */

/* ---- the test's side ---- */
/* Runs a scenario with irq-latency, must succeed: stderr, to be freed with g_free(). The run is in
 * fake_path("out"). `options` begins with a comma. */
char *bare_spawn(const char *scenario, const char *host, const char *options);
/* On all releases, with and without discontinuities: the trace must be this. */
void bare_check(const char *scenario, const char *expected); /* clock=insn */
void bare_check_with(const char *scenario, const char *options, const char *expected);
/* On all of them: the summary must have these lines one after the other (blanks don't count). */
void bare_check_summary(const char *scenario, const char *options, const char *lines);
/* NULL-terminated command lines of those releases. */
extern const char *const bare_hosts[];

#endif
