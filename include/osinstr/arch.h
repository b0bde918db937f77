/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an instruction does, as far as the analyses care: one answer for all ISAs.
 *
 * An ISA is one `const struct osi_arch` in arch/; its decoder is pure: it keeps
 * no state, allocates nothing and may run on any thread.
 */
#ifndef OSINSTR_ARCH_H
#define OSINSTR_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The examples are A64's; docs/ARCH.md lists what other ISAs have. */
enum osi_insn_kind {
    OSI_INSN_OTHER = 0,
    /* control flow; these end a block */
    OSI_INSN_CALL,          /* BL: direct, target known */
    OSI_INSN_CALL_INDIRECT, /* BLR, BLRA* */
    OSI_INSN_RETURN,        /* RET, RETA* */
    OSI_INSN_JUMP,          /* B */
    OSI_INSN_JUMP_INDIRECT, /* BR, BRA* */
    OSI_INSN_BRANCH,        /* conditional, direct: B.cond, BC.cond, CBZ, CBNZ, TBZ, TBNZ */
    OSI_INSN_SYSCALL,       /* SVC */
    OSI_INSN_HYPERCALL,     /* HVC, SMC */
    OSI_INSN_EXCEPTION_RETURN, /* ERET, ERETAA, ERETAB */
    OSI_INSN_TRAP,          /* BRK, HLT, UDF */
    /* waiting */
    OSI_INSN_WAIT_INTERRUPT, /* WFI, WFIT */
    OSI_INSN_WAIT_EVENT,     /* WFE, WFET */
    /* tasks and address spaces: writes of reg into the register named */
    OSI_INSN_SET_TASK,       /* MSR SP_EL0, Xt */
    OSI_INSN_SET_VECTORS,    /* MSR VBAR_EL1/EL2/EL12, Xt */
    OSI_INSN_SET_PERCPU,     /* MSR TPIDR_EL1/EL2, Xt */
    OSI_INSN_SET_SPACE,      /* MSR TTBR0_EL1/TTBR1_EL1/CONTEXTIDR_EL1, Xt */
    /* interrupt mask */
    OSI_INSN_MASK_SET,       /* MSR DAIFSet, #imm: imm = the bits (2 = I, 1 = F) */
    OSI_INSN_MASK_CLEAR,     /* MSR DAIFClr, #imm */
    OSI_INSN_MASK_WRITE,     /* MSR DAIF, Xt */
    OSI_INSN_MASK_READ,      /* MRS Xt, DAIF */
    OSI_INSN_PRIORITY_WRITE, /* MSR ICC_PMR_EL1, Xt */
    OSI_INSN_PRIORITY_READ,  /* MRS Xt, ICC_PMR_EL1 */
    OSI_INSN_ALLINT_WRITE,   /* MSR ALLINT, #imm or Xt (FEAT_NMI); imm valid if reg == OSI_NO_REG */
    /* interrupt controller */
    OSI_INSN_IRQ_ACK,        /* MRS Xt, ICC_IAR0/IAR1/NMIAR1_EL1 */
    OSI_INSN_IRQ_EOI,        /* MSR ICC_EOIR0/EOIR1_EL1, Xt */
    OSI_INSN_IRQ_DEACTIVATE, /* MSR ICC_DIR_EL1, Xt */
    OSI_INSN_IRQ_SEND,       /* MSR ICC_SGI0R/SGI1R/ASGI1R_EL1, Xt */
    /* time */
    OSI_INSN_COUNTER_READ,   /* MRS Xt, CNTVCT_EL0/CNTVCTSS_EL0 */
    OSI_INSN_COUNTER_READ_PHYS, /* MRS Xt, CNTPCT_EL0/CNTPCTSS_EL0 */
    OSI_INSN_COUNTER_FREQ,   /* MRS Xt, CNTFRQ_EL0 */
    OSI_INSN_TIMER_DEADLINE, /* MSR CNT*_CVAL_*, Xt: imm = enum osi_timer */
    OSI_INSN_TIMER_RELATIVE, /* MSR CNT*_TVAL_*, Xt: imm = enum osi_timer */
    OSI_INSN_TIMER_CONTROL,  /* MSR CNT*_CTL_*, Xt: imm = enum osi_timer */
    OSI_INSN_KINDS
};

/* The register names in the instruction, not where VHE redirects them. */
enum osi_timer {
    OSI_TIMER_VIRTUAL,        /* CNTV_*_EL0 */
    OSI_TIMER_PHYSICAL,       /* CNTP_*_EL0 */
    OSI_TIMER_HYP_PHYSICAL,   /* CNTHP_*_EL2 */
    OSI_TIMER_HYP_VIRTUAL,    /* CNTHV_*_EL2 */
    OSI_TIMER_EL02_VIRTUAL,   /* CNTV_*_EL02 */
    OSI_TIMER_EL02_PHYSICAL,  /* CNTP_*_EL02 */
};

#define OSI_NO_REG 0xff

struct osi_decoded {
    enum osi_insn_kind kind;
    uint8_t reg;      /* general register number read or written, 31 (aarch64) or 0 (riscv64) being
                         the zero register; of a jump through memory, and where none is named,
                         OSI_NO_REG */
    bool conditional; /* may fall through */
    bool has_target;  /* `displacement` is set */
    uint16_t imm;     /* as told at the kind; SVC/HVC/SMC/BRK: the number in the instruction */
    int64_t displacement; /* branch target - address of this instruction */
};

/* What an instruction can do to where addresses lead (page tables and what switches between them). */
enum osi_remap {
    OSI_REMAP_NONE,
    OSI_REMAP_OWN,     /* to those of its own processor: MSR TTBR0_EL1, SCTLR_EL1, …, HVC */
    OSI_REMAP_FLUSH,   /* to those of all, until the barrier that follows: TLBI */
    OSI_REMAP_BARRIER, /* that barrier: DSB */
    OSI_REMAP_UNKNOWN, /* from here on nobody knows when */
};

/* Where a load or store goes whose address is a general register's value and a constant. */
struct osi_operand {
    uint8_t base;     /* the register's number; 31 (aarch64) is the stack pointer */
    uint8_t size;     /* bytes */
    bool store;
    int32_t distance; /* of the address from the register's value before the instruction */
    int32_t step;     /* what the instruction adds to the register */
};

/* What an ISA's description covers; a tool that needs more is refused with one line. */
enum osi_arch_feature {
    OSI_ARCH_DECODE = 1 << 0,   /* the kinds above */
    OSI_ARCH_REGISTERS = 1 << 1,/* argument registers by number */
    OSI_ARCH_LINUX = 1 << 2,    /* where Linux keeps its tasks */
    OSI_ARCH_COUNTER = 1 << 3,  /* the guest's own clock */
    OSI_ARCH_INTERRUPTS = 1 << 4, /* how interrupts are taken, masked and acknowledged */
};

/* What the entries of the exception vector table are for. */
enum osi_vector_kind { OSI_VECTOR_EXCEPTION, OSI_VECTOR_IRQ, OSI_VECTOR_FIQ, OSI_VECTOR_ERROR };

struct osi_vector {
    const char *name; /* as Linux calls it: "el0t_64_irq" */
    enum osi_vector_kind kind;
    bool user;        /* taken from a lower level: user code */
};

/* Independent reasons why no interrupt can be taken. */
enum osi_mask {
    OSI_MASK_STATUS = 1 << 0,   /* PSTATE.I */
    OSI_MASK_PRIORITY = 1 << 1, /* ICC_PMR_EL1: pseudo-NMI kernels, FreeRTOS */
    OSI_MASK_ALL = 1 << 2,      /* PSTATE.ALLINT */
};

/* A timer of the architecture, and its interrupt's number as the base system architecture wires it. */
struct osi_arch_timer {
    uint32_t hwirq;
    const char *deadline, *control; /* registers; control: bit 0 enable, 1 masked, 2 condition met */
};

struct osi_arch_interrupts {
    uint32_t table, entry; /* bytes of the vector table, which is so aligned, and of an entry */
    const struct osi_vector *vectors; /* table / entry of them */
    /* Could the exception that left this saved status have come to this entry at this level? */
    bool (*fits)(unsigned entry, uint64_t saved_status, unsigned level);
    const char *status;    /* register with the level and the mask bits */
    unsigned (*level)(uint64_t status);
    unsigned (*masks)(uint64_t status); /* enum osi_mask, of a status register, saved or current */
    /* By level: where an exception's return address, saved status and cause are kept. */
    const char *return_address[4], *saved_status[4], *syndrome[4];
    enum osi_exception (*classify)(uint64_t syndrome);
    bool (*fetch)(uint64_t syndrome); /* the instruction could not be fetched */
    /* What an instruction that writes masks does, `value` being its register's: sets *change to the
     * enum osi_mask bits that it writes, and returns them as they are then. */
    unsigned (*writes)(const struct osi_decoded *insn, uint64_t value, unsigned *change);
    /* A controller that is read and written like memory: QEMU's name of its region, the offsets in a
     * page at which a load acknowledges and a store ends an interrupt, and where its number is. */
    const char *controller;
    uint32_t acknowledge[2], end[2], number;
    const struct osi_arch_timer *timers; /* by enum osi_timer as far as the level; NULL deadline: end */
    /* The timer that an instruction names means another at this level (VHE). */
    enum osi_timer (*timer)(enum osi_timer named, unsigned level);
};

struct osi_arch {
    const char *name;         /* as QEMU names the target: "aarch64" */
    unsigned features;        /* enum osi_arch_feature */
    uint8_t min_insn, max_insn; /* bytes */
    const char *const *general; /* names of general registers as QEMU lists them, by number; NULL-terminated */
    const char *const *arguments; /* of the C calling convention, first to last; NULL-terminated */
    const char *result;       /* return value register */
    const char *stack;        /* stack pointer */
    const char *pc;           /* program counter */
    const char *const *vectors; /* registers that hold the kernel's vector base, best first */
    const char *counter_freq; /* register with the counter's frequency in Hz */
    const struct osi_arch_interrupts *interrupts; /* NULL without OSI_ARCH_INTERRUPTS */

    /* Decodes one instruction of `size` bytes (guest byte order) into *out and
     * returns its kind; OSI_INSN_OTHER for anything not of interest, and *out is
     * then all zero but for reg = OSI_NO_REG. NULL without OSI_ARCH_DECODE. */
    enum osi_insn_kind (*decode)(const uint8_t *bytes, size_t size, struct osi_decoded *out);

    /* May this instruction load or store? A superset is fine. NULL: not told; blocks with device
     * accesses are then counted less exactly. Needed for OSI_ARCH_INTERRUPTS. */
    bool (*accesses_memory)(const uint8_t *bytes, size_t size);

    /* A superset is fine. NULL: not told. */
    enum osi_remap (*remaps)(const uint8_t *bytes, size_t size);

    /* Does this instruction access memory exactly once, at such an address? Others are false, also those that are not
     * looked at closely. NULL: not told. */
    bool (*operand)(const uint8_t *bytes, size_t size, struct osi_operand *operand);
    /* General registers that it may write, a bit for each number, but for an operand's step; a superset is fine. There
     * with `operand`. */
    uint32_t (*written)(const uint8_t *bytes, size_t size);

    /* Does this instruction store a 32-bit zero at `offset` bytes from a general register? Its number
     * goes to *reg. NULL without OSI_ARCH_LINUX. */
    bool (*stores_zero)(const uint8_t *bytes, size_t size, uint32_t offset, uint8_t *reg);

    /* May QEMU end a block behind this instruction, and lead to it again (x86's REP)? NULL: none. */
    bool (*repeats)(const uint8_t *bytes, size_t size);

    /* The address of code as it stands in a register, without tags and signatures; NULL: as it is. */
    uint64_t (*code_address)(uint64_t value);
    const char *link, *frame; /* registers: return address, frame record (its caller's, then its own
                                 return address) */

    bool syscall_jumps; /* OSI_INSN_SYSCALL goes to the kernel like a jump, not as an exception (x86) */

    /* True if the address belongs to the kernel's half of the address space. */
    bool (*is_kernel)(uint64_t address);
};

/* NULL when the target is not known at all. */
const struct osi_arch *osi_arch_find(const char *target);

/* "call", "exception-return", …; never NULL. */
const char *osi_insn_kind_name(enum osi_insn_kind kind);

/* Names of the features in `missing`, as a phrase for an error line, in `text`. */
const char *osi_arch_features_text(unsigned missing, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
