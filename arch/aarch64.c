/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AArch64: recognises A64 instructions by rows of mask and value.
 *
 * A64 words are little-endian in memory, also when the guest's data is not.
 * Everything of interest but UDF lies in one eighth of the encodings (branches,
 * exceptions, system), so most words are rejected before any row is looked at.
 */
#include "arch-internal.h"

/* Where a row's operands are in the word. */
enum form {
    FORM_PLAIN,    /* none */
    FORM_LINK,     /* x30, not encoded */
    FORM_RN,       /* register in bits 9:5 */
    FORM_RT,       /* register in bits 4:0; imm from the row */
    FORM_IMM16,    /* imm in bits 20:5 */
    FORM_UDF,      /* imm in bits 15:0 */
    FORM_CRM,      /* imm in bits 11:8 */
    FORM_TO26,     /* displacement in bits 25:0 */
    FORM_TO19,     /* displacement in bits 23:5 */
    FORM_TO19_RT,  /* the same, tested register in bits 4:0 */
    FORM_TO14_RT,  /* displacement in bits 18:5, tested register in bits 4:0 */
};

struct row {
    uint32_t mask, value;
    uint8_t kind, form, imm;
};

struct group {
    const struct row *rows;
    size_t count;
};

#define GROUP(rows) { rows, sizeof(rows) / sizeof((rows)[0]) }

static const struct row undefined[] = {
    { 0xffff0000, 0x00000000, OSI_INSN_TRAP, FORM_UDF, 0 }, /* UDF */
};

/* B.AL and B.NV before B.cond and BC.cond: they are always taken. */
static const struct row direct[] = {
    { 0x7e000000, 0x34000000, OSI_INSN_BRANCH, FORM_TO19_RT, 0 }, /* CBZ, CBNZ */
    { 0x7e000000, 0x36000000, OSI_INSN_BRANCH, FORM_TO14_RT, 0 }, /* TBZ, TBNZ */
    { 0xff00000e, 0x5400000e, OSI_INSN_JUMP, FORM_TO19, 0 },      /* B.AL, B.NV, BC.AL, BC.NV */
    { 0xff000000, 0x54000000, OSI_INSN_BRANCH, FORM_TO19, 0 },    /* B.cond, BC.cond */
    { 0xfc000000, 0x94000000, OSI_INSN_CALL, FORM_TO26, 0 },      /* BL */
    { 0xfc000000, 0x14000000, OSI_INSN_JUMP, FORM_TO26, 0 },      /* B */
};

static const struct row exceptions[] = {
    { 0xffe0001f, 0xd4000001, OSI_INSN_SYSCALL, FORM_IMM16, 0 },   /* SVC */
    { 0xffe0001f, 0xd4000002, OSI_INSN_HYPERCALL, FORM_IMM16, 0 }, /* HVC */
    { 0xffe0001f, 0xd4000003, OSI_INSN_HYPERCALL, FORM_IMM16, 0 }, /* SMC */
    { 0xffe0001f, 0xd4200000, OSI_INSN_TRAP, FORM_IMM16, 0 },      /* BRK */
    { 0xffe0001f, 0xd4400000, OSI_INSN_TRAP, FORM_IMM16, 0 },      /* HLT */
};

/* No word matches two of these rows; the most frequent come first. */
static const struct row indirect[] = {
    { 0xfffffc1f, 0xd65f0000, OSI_INSN_RETURN, FORM_RN, 0 },               /* RET */
    { 0xfffffbff, 0xd65f0bff, OSI_INSN_RETURN, FORM_LINK, 0 },             /* RETAA, RETAB */
    { 0xfffffc1f, 0xd63f0000, OSI_INSN_CALL_INDIRECT, FORM_RN, 0 },        /* BLR */
    { 0xfffffc1f, 0xd61f0000, OSI_INSN_JUMP_INDIRECT, FORM_RN, 0 },        /* BR */
    { 0xfffff81f, 0xd63f081f, OSI_INSN_CALL_INDIRECT, FORM_RN, 0 },        /* BLRAAZ, BLRABZ */
    { 0xfffff800, 0xd73f0800, OSI_INSN_CALL_INDIRECT, FORM_RN, 0 },        /* BLRAA, BLRAB */
    { 0xfffff81f, 0xd61f081f, OSI_INSN_JUMP_INDIRECT, FORM_RN, 0 },        /* BRAAZ, BRABZ */
    { 0xfffff800, 0xd71f0800, OSI_INSN_JUMP_INDIRECT, FORM_RN, 0 },        /* BRAA, BRAB */
    { 0xffffffff, 0xd69f03e0, OSI_INSN_EXCEPTION_RETURN, FORM_PLAIN, 0 },  /* ERET */
    { 0xfffffbff, 0xd69f0bff, OSI_INSN_EXCEPTION_RETURN, FORM_PLAIN, 0 },  /* ERETAA, ERETAB */
};

/* No word matches two of these rows. */
static const struct row hints[] = {
    { 0xfffff0ff, 0xd50340df, OSI_INSN_MASK_SET, FORM_CRM, 0 },          /* MSR DAIFSet */
    { 0xfffff0ff, 0xd50340ff, OSI_INSN_MASK_CLEAR, FORM_CRM, 0 },        /* MSR DAIFClr */
    { 0xffffffff, 0xd503207f, OSI_INSN_WAIT_INTERRUPT, FORM_PLAIN, 0 },  /* WFI */
    { 0xffffffff, 0xd503205f, OSI_INSN_WAIT_EVENT, FORM_PLAIN, 0 },      /* WFE */
    { 0xffffffe0, 0xd5031020, OSI_INSN_WAIT_INTERRUPT, FORM_RT, 0 },     /* WFIT */
    { 0xffffffe0, 0xd5031000, OSI_INSN_WAIT_EVENT, FORM_RT, 0 },         /* WFET */
    { 0xfffffeff, 0xd501401f, OSI_INSN_ALLINT_WRITE, FORM_CRM, 0 },      /* MSR ALLINT, #imm */
};

/* The system register S3_<op1>_C<crn>_C<crm>_<op2>, so that rows read like the manual. */
#define SYSREG(op1, crn, crm, op2) ((op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define MSR(op1, crn, crm, op2) 0xffffffe0, 0xd5180000 | SYSREG(op1, crn, crm, op2)
#define MRS(op1, crn, crm, op2) 0xffffffe0, 0xd5380000 | SYSREG(op1, crn, crm, op2)

/* No word matches two of these rows; the most frequent come first. */
static const struct row reads[] = {
    { MRS(3, 4, 2, 1), OSI_INSN_MASK_READ, FORM_RT, 0 },           /* DAIF */
    { MRS(3, 14, 0, 2), OSI_INSN_COUNTER_READ, FORM_RT, 0 },       /* CNTVCT_EL0 */
    { MRS(3, 14, 0, 6), OSI_INSN_COUNTER_READ, FORM_RT, 0 },       /* CNTVCTSS_EL0 */
    { MRS(3, 14, 0, 1), OSI_INSN_COUNTER_READ_PHYS, FORM_RT, 0 },  /* CNTPCT_EL0 */
    { MRS(3, 14, 0, 5), OSI_INSN_COUNTER_READ_PHYS, FORM_RT, 0 },  /* CNTPCTSS_EL0 */
    { MRS(3, 14, 0, 0), OSI_INSN_COUNTER_FREQ, FORM_RT, 0 },       /* CNTFRQ_EL0 */
    { MRS(0, 4, 6, 0), OSI_INSN_PRIORITY_READ, FORM_RT, 0 },       /* ICC_PMR_EL1 */
    { MRS(0, 12, 12, 0), OSI_INSN_IRQ_ACK, FORM_RT, 0 },           /* ICC_IAR1_EL1 */
    { MRS(0, 12, 8, 0), OSI_INSN_IRQ_ACK, FORM_RT, 0 },            /* ICC_IAR0_EL1 */
    { MRS(0, 12, 9, 5), OSI_INSN_IRQ_ACK, FORM_RT, 0 },            /* ICC_NMIAR1_EL1 */
};

/* One timer's three registers are neighbours: TVAL, CTL, CVAL. */
#define TIMER(op1, crm, timer) \
    { MSR(op1, 14, crm, 2), OSI_INSN_TIMER_DEADLINE, FORM_RT, timer }, \
    { MSR(op1, 14, crm, 0), OSI_INSN_TIMER_RELATIVE, FORM_RT, timer }, \
    { MSR(op1, 14, crm, 1), OSI_INSN_TIMER_CONTROL, FORM_RT, timer }

/* No word matches two of these rows; the most frequent come first. */
static const struct row writes[] = {
    { MSR(3, 4, 2, 1), OSI_INSN_MASK_WRITE, FORM_RT, 0 },        /* DAIF */
    { MSR(0, 4, 1, 0), OSI_INSN_SET_TASK, FORM_RT, 0 },          /* SP_EL0 */
    { MSR(0, 4, 6, 0), OSI_INSN_PRIORITY_WRITE, FORM_RT, 0 },    /* ICC_PMR_EL1 */
    { MSR(0, 4, 3, 0), OSI_INSN_ALLINT_WRITE, FORM_RT, 0 },      /* ALLINT */
    { MSR(0, 2, 0, 0), OSI_INSN_SET_SPACE, FORM_RT, 0 },         /* TTBR0_EL1 */
    { MSR(0, 2, 0, 1), OSI_INSN_SET_SPACE, FORM_RT, 0 },         /* TTBR1_EL1 */
    { MSR(0, 13, 0, 1), OSI_INSN_SET_SPACE, FORM_RT, 0 },        /* CONTEXTIDR_EL1 */
    { MSR(0, 12, 0, 0), OSI_INSN_SET_VECTORS, FORM_RT, 0 },      /* VBAR_EL1 */
    { MSR(4, 12, 0, 0), OSI_INSN_SET_VECTORS, FORM_RT, 0 },      /* VBAR_EL2 */
    { MSR(5, 12, 0, 0), OSI_INSN_SET_VECTORS, FORM_RT, 0 },      /* VBAR_EL12 */
    { MSR(0, 13, 0, 4), OSI_INSN_SET_PERCPU, FORM_RT, 0 },       /* TPIDR_EL1 */
    { MSR(4, 13, 0, 2), OSI_INSN_SET_PERCPU, FORM_RT, 0 },       /* TPIDR_EL2 */
    { MSR(0, 12, 12, 1), OSI_INSN_IRQ_EOI, FORM_RT, 0 },         /* ICC_EOIR1_EL1 */
    { MSR(0, 12, 8, 1), OSI_INSN_IRQ_EOI, FORM_RT, 0 },          /* ICC_EOIR0_EL1 */
    { MSR(0, 12, 11, 1), OSI_INSN_IRQ_DEACTIVATE, FORM_RT, 0 },  /* ICC_DIR_EL1 */
    { MSR(0, 12, 11, 5), OSI_INSN_IRQ_SEND, FORM_RT, 0 },        /* ICC_SGI1R_EL1 */
    { MSR(0, 12, 11, 6), OSI_INSN_IRQ_SEND, FORM_RT, 0 },        /* ICC_ASGI1R_EL1 */
    { MSR(0, 12, 11, 7), OSI_INSN_IRQ_SEND, FORM_RT, 0 },        /* ICC_SGI0R_EL1 */
    TIMER(3, 3, OSI_TIMER_VIRTUAL),
    TIMER(3, 2, OSI_TIMER_PHYSICAL),
    TIMER(4, 2, OSI_TIMER_HYP_PHYSICAL),
    TIMER(4, 3, OSI_TIMER_HYP_VIRTUAL),
    TIMER(5, 3, OSI_TIMER_EL02_VIRTUAL),
    TIMER(5, 2, OSI_TIMER_EL02_PHYSICAL),
};

static const struct group *system_group(uint32_t word)
{
    static const struct group for_hints = GROUP(hints);
    static const struct group for_reads = GROUP(reads);
    static const struct group for_writes = GROUP(writes);

    switch (word >> 19) {
    case 0xd500 >> 3: return &for_hints;   /* op0 = 0 */
    case 0xd518 >> 3: return &for_writes;  /* MSR, op0 = 3 */
    case 0xd538 >> 3: return &for_reads;   /* MRS, op0 = 3 */
    default:          return NULL;
    }
}

static const struct group *group_of(uint32_t word)
{
    static const struct group for_undefined = GROUP(undefined);
    static const struct group for_direct = GROUP(direct);
    static const struct group for_exceptions = GROUP(exceptions);
    static const struct group for_indirect = GROUP(indirect);

    if ((word & 0x1c000000) != 0x14000000)
        return word >> 16 ? NULL : &for_undefined;
    switch (word >> 24) {
    case 0xd4: return &for_exceptions;
    case 0xd5: return system_group(word);
    case 0xd6:
    case 0xd7: return &for_indirect;
    default:   return &for_direct;
    }
}

static const struct row *find_row(const struct group *group, uint32_t word)
{
    for (size_t i = 0; i < group->count; i++) {
        if ((word & group->rows[i].mask) == group->rows[i].value)
            return &group->rows[i];
    }
    return NULL;
}

/* Bits high:low of the word, which count instructions, as a signed number of bytes. */
static int64_t displacement(uint32_t word, unsigned high, unsigned low)
{
    int32_t at_top = (int32_t)(word << (31 - high));

    return (int64_t)(at_top >> (31 - high + low)) * 4;
}

static void set_target(struct osi_decoded *out, int64_t distance)
{
    out->conditional = out->kind == OSI_INSN_BRANCH;
    out->has_target = true;
    out->displacement = distance;
}

static void set_operands(struct osi_decoded *out, const struct row *row, uint32_t word)
{
    switch ((enum form)row->form) {
    case FORM_PLAIN:
        break;
    case FORM_LINK:
        out->reg = 30;
        break;
    case FORM_RN:
        out->reg = word >> 5 & 31;
        break;
    case FORM_RT:
        out->reg = word & 31;
        out->imm = row->imm;
        break;
    case FORM_IMM16:
        out->imm = word >> 5 & 0xffff;
        break;
    case FORM_UDF:
        out->imm = word & 0xffff;
        break;
    case FORM_CRM:
        out->imm = word >> 8 & 15;
        break;
    case FORM_TO26:
        set_target(out, displacement(word, 25, 0));
        break;
    case FORM_TO19:
        set_target(out, displacement(word, 23, 5));
        break;
    case FORM_TO19_RT:
        out->reg = word & 31;
        set_target(out, displacement(word, 23, 5));
        break;
    case FORM_TO14_RT:
        out->reg = word & 31;
        set_target(out, displacement(word, 18, 5));
        break;
    }
}

static enum osi_insn_kind decode(const uint8_t *bytes, size_t size, struct osi_decoded *out)
{
    *out = (struct osi_decoded){ .reg = OSI_NO_REG };
    if (size != 4)
        return OSI_INSN_OTHER;

    uint32_t word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    const struct group *group = group_of(word);
    const struct row *row = group ? find_row(group, word) : NULL;
    if (!row)
        return OSI_INSN_OTHER;
    out->kind = row->kind;
    set_operands(out, row, word);
    return out->kind;
}

/* The whole group "loads and stores" (op0 = x1x0), prefetches included. DC ZVA is not in it: nobody
 * clears device memory. */
static bool accesses_memory(const uint8_t *bytes, size_t size)
{
    return size == 4 && (bytes[3] & 0x0a) == 0x08;
}

/* Writes of registers by their number in the encoding: SCTLR, HCR and SCR of all levels, TTBR,
 * TCR, VTTBR and VTCR, CONTEXTIDR. Attributes (MAIR) do not move anything, nor do the keys of
 * pointer authentication, which lie next to TTBR. What level and mode access a page is part of
 * what QEMU tells of an access. */
static bool writes_translation(uint32_t word)
{
    unsigned op1 = word >> 16 & 7, crn = word >> 12 & 15, crm = word >> 8 & 15, op2 = word >> 5 & 7;

    return crn == 1 || (crn == 2 && (crm == 0 || op1 != 0)) || (crn == 13 && crm == 0 && op2 == 1);
}

static enum osi_remap remaps(const uint8_t *bytes, size_t size)
{
    uint32_t word;

    if (size != 4 || (bytes[3] & 0xfe) != 0xd4)
        return OSI_REMAP_NONE;
    word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if ((word & 0xffe0001e) == 0xd4000002) /* HVC, SMC */
        return OSI_REMAP_OWN;
    if ((word & 0xfffff0ff) == 0xd503309f || (word & 0xfffff3ff) == 0xd503323f) /* DSB, DSB nXS */
        return OSI_REMAP_BARRIER;
    switch (word >> 19) {
    case 0xd508 >> 3: /* SYS, op0 = 1: TLBI */
    case 0xd548 >> 3: /* SYSP: TLBIP */
        return (word >> 12 & 14) == 8 ? OSI_REMAP_FLUSH : OSI_REMAP_NONE;
    case 0xd518 >> 3: /* MSR, op0 = 3 */
    case 0xd558 >> 3: /* MSRR */
        return writes_translation(word) ? OSI_REMAP_OWN : OSI_REMAP_NONE;
    default:
        return OSI_REMAP_NONE;
    }
}

/* STR WZR, [Xn, #offset], and its unscaled form STUR for offsets that are no multiple of 4. */
static bool stores_zero(const uint8_t *bytes, size_t size, uint32_t offset, uint8_t *reg)
{
    if (size != 4)
        return false;

    uint32_t word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    bool scaled = offset % 4 == 0 && offset / 4 < 4096 &&
                  (word & 0xfffffc1f) == (0xb900001f | offset / 4 << 10);
    bool unscaled = offset < 256 && (word & 0xfffffc1f) == (0xb800001f | offset << 12);

    *reg = word >> 5 & 31;
    return (scaled || unscaled) && *reg != 31;
}

/* Bit 55 alone selects the half: with tags or pointer authentication the bits above hold
 * other things. A kernel task pointer may carry a tag (KASAN), so bit 63 is not enough. */
static bool is_kernel(uint64_t address)
{
    return address >> 55 & 1;
}

/* With pointer authentication the bits above the address hold a signature: bits 54 to 48, and 63 to 56
 * where there are no tags. Kernel code lies in the upper 48 bits' half also with larger addresses. */
static uint64_t code_address(uint64_t value)
{
    const uint64_t above = ~((1ull << 48) - 1);

    return is_kernel(value) ? value | above : value & ~above;
}

/* Number 31 has no entry: in all kinds it is the zero register. */
static const char *const general[] = {
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
    "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", NULL,
};

static const char *const arguments[] = {
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", NULL,
};

/* QEMU called VBAR_EL1 "VBAR" up to 11.0. A kernel in EL2 (VHE) has its vectors in VBAR_EL2 and leaves
 * the other untouched, so a value outside the kernel's half means: try the next. */
static const char *const vectors[] = { "VBAR_EL1", "VBAR", "VBAR_EL2", NULL };

const struct osi_arch osi_arch_aarch64 = {
    .name = "aarch64",
    .features = OSI_ARCH_DECODE | OSI_ARCH_REGISTERS | OSI_ARCH_LINUX | OSI_ARCH_COUNTER |
                OSI_ARCH_INTERRUPTS,
    .min_insn = 4,
    .max_insn = 4,
    .general = general,
    .arguments = arguments,
    .result = "x0",
    .stack = "sp",
    .pc = "pc",
    .vectors = vectors,
    .counter_freq = "CNTFRQ_EL0",
    .interrupts = &osi_interrupts_aarch64,
    .decode = decode,
    .accesses_memory = accesses_memory,
    .remaps = remaps,
    .operand = osi_aarch64_operand,
    .written = osi_aarch64_written,
    .stores_zero = stores_zero,
    .code_address = code_address,
    .link = "x30",
    .frame = "x29",
    .is_kernel = is_kernel,
};
