/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RISC-V 64: recognises control flow of RV64GC.
 *
 * One instruction, JALR, is call, return and jump. Which of them follows from its registers, as
 * the ISA manual's hints for the return-address stack have it: x1 and x5 are link registers.
 *
 *     rd    rs1   rd == rs1   hint             kind
 *     -     -                 none             jump
 *     -     link              pop              return
 *     link  -                 push             call
 *     link  link  no          pop, then push   call
 *     link  link  yes         push             call
 *
 * The fourth is meant for coroutines, which hand over to each other, but is found where assembly
 * calls through t0 (x5): it leaves a return address, so it is a call. JAL is a call with a link
 * register as rd, else a jump. A far call, AUIPC and JALR, is an indirect call.
 *
 * CM.POPRET, CM.JT and CM.JALT (Zcmp, Zcmt) share their encodings with C.FSDSP and are taken for
 * that, as RV64GC has it: QEMU translates them only for processors that lack it.
 */
#include "arch-internal.h"

static bool is_link(uint32_t reg)
{
    return reg == 1 || reg == 5;
}

static void set_target(struct osi_decoded *out, enum osi_insn_kind kind, int32_t distance)
{
    out->kind = kind;
    out->conditional = kind == OSI_INSN_BRANCH;
    out->has_target = true;
    out->displacement = distance;
}

/* JALR, C.JALR and C.JR. */
static void set_indirect(struct osi_decoded *out, uint32_t rd, uint32_t rs1)
{
    out->kind = is_link(rd)    ? OSI_INSN_CALL_INDIRECT
                : is_link(rs1) ? OSI_INSN_RETURN
                               : OSI_INSN_JUMP_INDIRECT;
    out->reg = (uint8_t)rs1;
}

/* Where the bits of a displacement are scattered; the sign is moved to its place first. */
static int32_t displacement_jal(uint32_t word)
{
    int32_t sign = (int32_t)(word & 0x80000000) >> 11;

    return sign | (int32_t)((word & 0xff000) | (word >> 9 & 0x800) | (word >> 20 & 0x7fe));
}

static int32_t displacement_branch(uint32_t word)
{
    int32_t sign = (int32_t)(word & 0x80000000) >> 19;

    return sign | (int32_t)((word << 4 & 0x800) | (word >> 20 & 0x7e0) | (word >> 7 & 0x1e));
}

static int32_t displacement_cj(uint32_t half)
{
    int32_t sign = half & 0x1000 ? -0x800 : 0;

    return sign | (int32_t)((half >> 7 & 0x10) | (half >> 1 & 0x300) | (half << 2 & 0x400) |
                            (half >> 1 & 0x40) | (half << 1 & 0x80) | (half >> 2 & 0xe) |
                            (half << 3 & 0x20));
}

static int32_t displacement_cb(uint32_t half)
{
    int32_t sign = half & 0x1000 ? -0x100 : 0;

    return sign | (int32_t)((half >> 7 & 0x18) | (half << 1 & 0xc0) | (half >> 2 & 6) |
                            (half << 3 & 0x20));
}

/* ECALL is a system call also where firmware serves it: the instruction does not tell. */
static enum osi_insn_kind system_kind(uint32_t word)
{
    switch (word) {
    case 0x00000073: return OSI_INSN_SYSCALL;          /* ECALL */
    case 0x00100073: return OSI_INSN_TRAP;             /* EBREAK */
    case 0xc0001073: return OSI_INSN_TRAP;             /* UNIMP: writes a read-only counter */
    case 0x10200073:                                   /* SRET */
    case 0x30200073:                                   /* MRET */
    case 0x70200073:                                   /* MNRET */
    case 0x7b200073: return OSI_INSN_EXCEPTION_RETURN; /* DRET */
    case 0x10500073: return OSI_INSN_WAIT_INTERRUPT;   /* WFI */
    case 0x00d00073:                                   /* WRS.NTO */
    case 0x01d00073: return OSI_INSN_WAIT_EVENT;       /* WRS.STO */
    default:         return OSI_INSN_OTHER;
    }
}

static void decode_word(uint32_t word, struct osi_decoded *out)
{
    uint32_t rd = word >> 7 & 31, function = word >> 12 & 7, rs1 = word >> 15 & 31;

    switch (word & 0x7f) {
    case 0x63: /* BEQ, BNE, BLT, BGE, BLTU, BGEU */
        if (function != 2 && function != 3)
            set_target(out, OSI_INSN_BRANCH, displacement_branch(word));
        break;
    case 0x67:
        if (function == 0)
            set_indirect(out, rd, rs1);
        break;
    case 0x6f:
        set_target(out, is_link(rd) ? OSI_INSN_CALL : OSI_INSN_JUMP, displacement_jal(word));
        break;
    case 0x73:
        out->kind = system_kind(word);
        break;
    }
}

static void decode_half(uint32_t half, struct osi_decoded *out)
{
    uint32_t rs1 = half >> 7 & 31;

    switch (half & 0xe003) {
    case 0x0000: /* C.ADDI4SPN, which adds something: all zero is an invalid instruction */
        out->kind = half ? OSI_INSN_OTHER : OSI_INSN_TRAP;
        break;
    case 0xa001: /* C.J */
        set_target(out, OSI_INSN_JUMP, displacement_cj(half));
        break;
    case 0xc001: /* C.BEQZ */
    case 0xe001: /* C.BNEZ */
        set_target(out, OSI_INSN_BRANCH, displacement_cb(half));
        out->reg = 8 + (rs1 & 7);
        break;
    case 0x8002: /* C.JR, C.JALR, C.EBREAK; with a second register C.MV, C.ADD */
        if (half & 0x7c)
            break;
        if (rs1)
            set_indirect(out, half >> 12 & 1, rs1);
        else if (half == 0x9002)
            out->kind = OSI_INSN_TRAP;
        break;
    }
}

/* The lowest two bits tell whether the instruction has 16 bits or 32. */
static enum osi_insn_kind decode(const uint8_t *bytes, size_t size, struct osi_decoded *out)
{
    *out = (struct osi_decoded){ .reg = OSI_NO_REG };
    if (size == 4)
        decode_word(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24, out);
    else if (size == 2 && (bytes[0] & 3) != 3)
        decode_half(bytes[0] | bytes[1] << 8, out);
    return out->kind;
}

/* Loads and stores by major opcode, vectors and atomics with them; of the system opcode those of
 * hypervisors. CBO.ZERO is not in it: nobody clears device memory. Of 16 bits: quadrant 0 but for
 * C.ADDI4SPN, and those of quadrant 2 that are relative to the stack. */
static bool accesses_memory(const uint8_t *bytes, size_t size)
{
    if (size == 2) {
        unsigned function = bytes[1] >> 5, quadrant = bytes[0] & 3;

        return quadrant != 1 && function != 0 && !(quadrant == 2 && function == 4);
    }
    if (size != 4)
        return false;
    switch (bytes[0] & 0x7f) {
    case 0x03: case 0x07: /* loads */
    case 0x23: case 0x27: /* stores */
    case 0x2f:            /* atomics */
        return true;
    case 0x73:            /* HLV, HSV */
        return (bytes[1] & 0x70) == 0x40;
    default:
        return false;
    }
}

/* SFENCE.VMA, SINVAL.VMA, HFENCE, HINVAL, and writes of satp, vsatp, hgatp. A hart flushes for itself, asked by the
 * others. Whatever ECALL leads to does the same. */
static enum osi_remap remaps(const uint8_t *bytes, size_t size)
{
    uint32_t word;

    if (size != 4 || (bytes[0] & 0x7f) != 0x73)
        return OSI_REMAP_NONE;
    word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if ((word >> 12 & 7) == 0) {
        unsigned function = word >> 25;

        return function == 0x09 || function == 0x0b || function == 0x11 || function == 0x13 ||
               function == 0x31 || function == 0x33 ? OSI_REMAP_OWN : OSI_REMAP_NONE;
    }
    switch (word >> 20) {
    case 0x180: case 0x280: case 0x680:
        return OSI_REMAP_OWN;
    default:
        return OSI_REMAP_NONE;
    }
}

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
    .features = OSI_ARCH_DECODE | OSI_ARCH_REGISTERS,
    .min_insn = 2,
    .max_insn = 4,
    .general = general,
    .arguments = arguments,
    .result = "a0",
    .stack = "sp",
    .pc = "pc",
    .vectors = vectors,
    .decode = decode,
    .accesses_memory = accesses_memory,
    .remaps = remaps,
    .is_kernel = is_kernel,
};
