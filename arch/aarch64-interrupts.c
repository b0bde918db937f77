/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AArch64: how interrupts and exceptions are taken, masked and returned from.
 *
 * Facts are from the Arm Architecture Reference Manual: the vector table (D1.3), PSTATE's bits,
 * the exception classes of ESR_ELx.EC, and from the Base System Architecture: the timers' INTIDs.
 */
#include "arch-internal.h"

/* Four entries each for: own level with SP_EL0, own level, lower level in AArch64, in AArch32. */
#define GROUP(name, is_user) \
    { name "_sync", OSI_VECTOR_EXCEPTION, is_user }, { name "_irq", OSI_VECTOR_IRQ, is_user }, \
    { name "_fiq", OSI_VECTOR_FIQ, is_user }, { name "_error", OSI_VECTOR_ERROR, is_user }

static const struct osi_vector vectors[] = {
    GROUP("el1t_64", false),
    GROUP("el1h_64", false),
    GROUP("el0t_64", true),
    GROUP("el0t_32", true),
};

#define STATUS_32 (1u << 4)   /* AArch32 */
#define STATUS_LEVEL 0xcu
#define STATUS_HANDLER 1u     /* SP_ELx, not SP_EL0 */

/* The saved mode says where the exception came from: this level with SP_EL0 or its own stack, or a
 * lower one. */
static bool fits(unsigned entry, uint64_t saved, unsigned at_level)
{
    unsigned from = (unsigned)(saved & STATUS_LEVEL) >> 2;

    switch (entry / 4) {
    case 0:
        return !(saved & STATUS_32) && from == at_level && !(saved & STATUS_HANDLER);
    case 1:
        return !(saved & STATUS_32) && from == at_level && (saved & STATUS_HANDLER);
    case 2:
        return !(saved & STATUS_32) && from < at_level;
    default:
        return saved & STATUS_32;
    }
}

static unsigned level(uint64_t status)
{
    return status >> 2 & 3;
}

#define STATUS_I (1u << 7)
#define STATUS_ALLINT (1u << 13)

static unsigned masks(uint64_t status)
{
    return (status & STATUS_I ? OSI_MASK_STATUS : 0) | (status & STATUS_ALLINT ? OSI_MASK_ALL : 0);
}

static enum osi_exception classify(uint64_t syndrome)
{
    switch (syndrome >> 26 & 0x3f) {
    case 0x11: case 0x15:
        return OSI_EXCEPTION_SYSCALL;   /* SVC, AArch32 and AArch64 */
    case 0x20: case 0x21: case 0x24: case 0x25:
        return OSI_EXCEPTION_PAGE_FAULT;
    case 0x07: case 0x19: case 0x1d:
        return OSI_EXCEPTION_FP;        /* FP and SIMD, SVE, SME */
    case 0x00: case 0x01: case 0x03: case 0x05: case 0x0d: case 0x18: case 0x1b:
        return OSI_EXCEPTION_UNDEFINED; /* and trapped WFI, system registers, BTI */
    case 0x30: case 0x31: case 0x32: case 0x33: case 0x34: case 0x35: case 0x38: case 0x3c:
        return OSI_EXCEPTION_DEBUG;
    case 0x22: case 0x26:
        return OSI_EXCEPTION_ALIGNMENT;
    default:
        return OSI_EXCEPTION_OTHER;
    }
}

/* Instruction aborts, and a program counter that is not aligned. */
static bool fetch(uint64_t syndrome)
{
    unsigned class = syndrome >> 26 & 0x3f;

    return class == 0x20 || class == 0x21 || class == 0x22;
}

/* Linux with pseudo-NMI masks with 0x60 (until 6.11) or 0xc0 and unmasks with 0xe0 or 0xf0; the
 * priorities of its interrupts are 0xa0 or 0xc0 (include/linux/irqchip/arm-gic-v3.h and
 * arm-gic-v3-prio.h). A GIC takes what is strictly below the mask. */
#define PRIORITY_MASKS_UP_TO 0xc0

static unsigned writes(const struct osi_decoded *insn, uint64_t value, unsigned *change)
{
    switch (insn->kind) {
    case OSI_INSN_MASK_SET:
        *change = insn->imm & 2 ? OSI_MASK_STATUS : 0;
        return *change;
    case OSI_INSN_MASK_CLEAR:
        *change = insn->imm & 2 ? OSI_MASK_STATUS : 0;
        return 0;
    case OSI_INSN_MASK_WRITE:
        *change = OSI_MASK_STATUS;
        return masks(value) & OSI_MASK_STATUS;
    case OSI_INSN_PRIORITY_WRITE:
        *change = OSI_MASK_PRIORITY;
        return (value & 0xff) <= PRIORITY_MASKS_UP_TO ? OSI_MASK_PRIORITY : 0;
    case OSI_INSN_ALLINT_WRITE:
        *change = OSI_MASK_ALL;
        if (insn->reg == OSI_NO_REG) {
            return insn->imm & 1 ? OSI_MASK_ALL : 0;
        }
        return masks(value) & OSI_MASK_ALL;
    default:
        *change = 0;
        return 0;
    }
}

static const struct osi_arch_timer timers[] = {
    [OSI_TIMER_VIRTUAL] = { 27, "CNTV_CVAL_EL0", "CNTV_CTL_EL0" },
    [OSI_TIMER_PHYSICAL] = { 30, "CNTP_CVAL_EL0", "CNTP_CTL_EL0" },
    [OSI_TIMER_HYP_PHYSICAL] = { 26, "CNTHP_CVAL_EL2", "CNTHP_CTL_EL2" },
    [OSI_TIMER_HYP_VIRTUAL] = { 28, "CNTHV_CVAL_EL2", "CNTHV_CTL_EL2" },
    [OSI_TIMER_EL02_VIRTUAL] = { 0, NULL, NULL },
};

/* In EL2 a kernel that names CNTP or CNTV is a VHE one, and gets the timers of EL2; the names with
 * 02 are then those of EL1. */
static enum osi_timer timer(enum osi_timer named, unsigned at_level)
{
    switch (named) {
    case OSI_TIMER_VIRTUAL:
        return at_level == 2 ? OSI_TIMER_HYP_VIRTUAL : named;
    case OSI_TIMER_PHYSICAL:
        return at_level == 2 ? OSI_TIMER_HYP_PHYSICAL : named;
    case OSI_TIMER_EL02_VIRTUAL:
        return OSI_TIMER_VIRTUAL;
    case OSI_TIMER_EL02_PHYSICAL:
        return OSI_TIMER_PHYSICAL;
    default:
        return named;
    }
}

const struct osi_arch_interrupts osi_interrupts_aarch64 = {
    .table = 0x800,
    .entry = 0x80,
    .vectors = vectors,
    .fits = fits,
    .status = "cpsr",
    .level = level,
    .masks = masks,
    .return_address = { NULL, "ELR_EL1", "ELR_EL2", NULL },
    .saved_status = { NULL, "SPSR_EL1", "SPSR_EL2", NULL },
    .syndrome = { NULL, "ESR_EL1", "ESR_EL2", NULL },
    .classify = classify,
    .fetch = fetch,
    .writes = writes,
    .controller = "gic_cpu",      /* GICv2's CPU interface */
    .acknowledge = { 0x0c, 0x20 }, /* GICC_IAR, GICC_AIAR */
    .end = { 0x10, 0x24 },         /* GICC_EOIR, GICC_AEOIR */
    .number = 0x3ff,
    .timers = timers,
    .timer = timer,
};
