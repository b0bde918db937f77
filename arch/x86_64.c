/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64: recognises control flow by the first opcode byte.
 *
 * The length of the instruction is known, so only prefixes, opcode and ModRM are looked at, and a
 * relative target is what follows the opcode: one, two or four bytes. That settles what processors
 * disagree about, near branches with a 66 prefix in 64-bit code: four bytes follow on Intel's, two
 * on AMD's. QEMU has done both, depending on its release; none cut the target to 16 bits.
 *
 * 16- and 32-bit code gets the same answers: there 40 to 4F are instructions and not prefixes, but
 * then no opcode follows in the same instruction. Only the displacement of a branch that wraps
 * around the end of its segment is not the one that is taken.
 *
 * VEX, EVEX and XOP have no control flow. REX2 has, but QEMU does not translate it.
 */
#include "arch-internal.h"

struct insn {
    const uint8_t *opcode; /* behind the prefixes */
    size_t size;           /* of what is left, opcode included */
    size_t whole;          /* of the instruction */
    uint8_t rex;           /* 0: none */
};

static bool is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: /* segments, notrack */
    case 0x66: case 0x67:                                             /* sizes */
    case 0xf0: case 0xf2: case 0xf3:                                  /* lock, bnd, rep */
        return true;
    default:
        return (byte & 0xf0) == 0x40; /* REX */
    }
}

static void set_kind(struct osi_decoded *out, enum osi_insn_kind kind, bool complete)
{
    if (complete)
        out->kind = kind;
}

/* The target follows `length` bytes of opcode. */
static void set_relative(struct osi_decoded *out, enum osi_insn_kind kind, const struct insn *insn,
                         size_t length, bool is_short)
{
    const uint8_t *at = insn->opcode + length;
    size_t left = insn->size - length;
    int32_t distance;

    if (left != 1 && left != 2 && left != 4)
        return;
    if (is_short != (left == 1))
        return;
    if (left == 1)
        distance = (int8_t)at[0];
    else if (left == 2)
        distance = (int16_t)(at[0] | at[1] << 8);
    else
        distance = (int32_t)(at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24);
    out->kind = kind;
    out->conditional = kind == OSI_INSN_BRANCH;
    out->has_target = true;
    out->displacement = (int64_t)distance + (int64_t)insn->whole;
}

/* FF: calls and jumps through memory or a register; far ones only through memory. */
static void decode_ff(const struct insn *insn, struct osi_decoded *out)
{
    uint8_t modrm = insn->size > 1 ? insn->opcode[1] : 0;
    bool in_register = modrm >> 6 == 3;

    switch (modrm >> 3 & 7) {
    case 2: out->kind = OSI_INSN_CALL_INDIRECT; break;
    case 3: set_kind(out, OSI_INSN_CALL_INDIRECT, !in_register); break;
    case 4: out->kind = OSI_INSN_JUMP_INDIRECT; break;
    case 5: set_kind(out, OSI_INSN_JUMP_INDIRECT, !in_register); break;
    }
    if (in_register && out->kind)
        out->reg = (modrm & 7) | (insn->rex & 1) << 3;
}

/* 0F 01 with a ModRM that names no memory. Entering a virtual machine is to its hypervisor what
 * returning from an exception is to a kernel. */
static void decode_0f01(const struct insn *insn, struct osi_decoded *out)
{
    if (insn->size != 3)
        return;
    switch (insn->opcode[2]) {
    case 0xc1: /* VMCALL */
    case 0xd9: /* VMMCALL */
        out->kind = OSI_INSN_HYPERCALL;
        break;
    case 0xc2: /* VMLAUNCH */
    case 0xc3: /* VMRESUME */
    case 0xd8: /* VMRUN */
    case 0xec: /* UIRET */
        out->kind = OSI_INSN_EXCEPTION_RETURN;
        break;
    case 0xc9: /* MWAIT */
    case 0xfb: /* MWAITX */
        out->kind = OSI_INSN_WAIT_INTERRUPT;
        break;
    }
}

static void decode_0f(const struct insn *insn, struct osi_decoded *out)
{
    uint8_t second = insn->size > 1 ? insn->opcode[1] : 0;

    if ((second & 0xf0) == 0x80) { /* Jcc */
        set_relative(out, OSI_INSN_BRANCH, insn, 2, false);
        return;
    }
    switch (second) {
    case 0x01:
        decode_0f01(insn, out);
        break;
    case 0x05: /* SYSCALL */
    case 0x34: /* SYSENTER */
        set_kind(out, OSI_INSN_SYSCALL, insn->size == 2);
        break;
    case 0x07: /* SYSRET */
    case 0x35: /* SYSEXIT */
    case 0xaa: /* RSM */
        set_kind(out, OSI_INSN_EXCEPTION_RETURN, insn->size == 2);
        break;
    case 0x0b: /* UD2 */
    case 0xb9: /* UD1; may have operands */
    case 0xff: /* UD0; may have operands */
        out->kind = OSI_INSN_TRAP;
        break;
    }
}

/* INT3 and INT1 have no number in the instruction. */
static void decode_int(const struct insn *insn, struct osi_decoded *out)
{
    if (insn->size != 2)
        return;
    out->kind = insn->opcode[1] == 0x80 ? OSI_INSN_SYSCALL : OSI_INSN_TRAP;
    out->imm = insn->opcode[1];
}

static void decode_opcode(const struct insn *insn, struct osi_decoded *out)
{
    switch (insn->opcode[0]) {
    case 0x0f:
        decode_0f(insn, out);
        break;
    case 0x70: case 0x71: case 0x72: case 0x73: case 0x74: case 0x75: case 0x76: case 0x77:
    case 0x78: case 0x79: case 0x7a: case 0x7b: case 0x7c: case 0x7d: case 0x7e: case 0x7f:
        /* Jcc */
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: /* LOOPNE, LOOPE, LOOP, JRCXZ */
        set_relative(out, OSI_INSN_BRANCH, insn, 1, true);
        break;
    case 0x9a: /* CALL to segment and offset; not in 64-bit code */
        set_kind(out, OSI_INSN_CALL_INDIRECT, insn->size > 4);
        break;
    case 0xc7: /* XBEGIN: where the transaction goes on when it fails */
        if (insn->size > 1 && insn->opcode[1] == 0xf8)
            set_relative(out, OSI_INSN_BRANCH, insn, 2, false);
        break;
    case 0xc2: /* RET */
    case 0xca: /* RETF */
        set_kind(out, OSI_INSN_RETURN, insn->size == 3);
        break;
    case 0xc3:
    case 0xcb:
        set_kind(out, OSI_INSN_RETURN, insn->size == 1);
        break;
    case 0xcc: /* INT3 */
    case 0xce: /* INTO; not in 64-bit code */
    case 0xf1: /* INT1 */
        set_kind(out, OSI_INSN_TRAP, insn->size == 1);
        break;
    case 0xcd:
        decode_int(insn, out);
        break;
    case 0xcf: /* IRET */
        set_kind(out, OSI_INSN_EXCEPTION_RETURN, insn->size == 1);
        break;
    case 0xe8:
        set_relative(out, OSI_INSN_CALL, insn, 1, false);
        break;
    case 0xe9:
        set_relative(out, OSI_INSN_JUMP, insn, 1, false);
        break;
    case 0xea: /* JMP to segment and offset; not in 64-bit code */
        set_kind(out, OSI_INSN_JUMP_INDIRECT, insn->size > 4);
        break;
    case 0xeb:
        set_relative(out, OSI_INSN_JUMP, insn, 1, true);
        break;
    case 0xf4: /* HLT */
        set_kind(out, OSI_INSN_WAIT_INTERRUPT, insn->size == 1);
        break;
    case 0xff:
        decode_ff(insn, out);
        break;
    }
}

static enum osi_insn_kind decode(const uint8_t *bytes, size_t size, struct osi_decoded *out)
{
    size_t prefixes = 0;

    *out = (struct osi_decoded){ .reg = OSI_NO_REG };
    while (prefixes < size && is_prefix(bytes[prefixes]))
        prefixes++;
    if (prefixes == size)
        return OSI_INSN_OTHER;

    /* REX counts only right before the opcode. */
    uint8_t last = prefixes ? bytes[prefixes - 1] : 0;
    struct insn insn = {
        .opcode = bytes + prefixes,
        .size = size - prefixes,
        .whole = size,
        .rex = (last & 0xf0) == 0x40 ? last : 0,
    };
    decode_opcode(&insn, out);
    return out->kind;
}

/* REP with a string instruction: INS, OUTS, MOVS, CMPS, STOS, LODS, SCAS. */
static bool repeats(const uint8_t *bytes, size_t size)
{
    bool rep = false;
    size_t i = 0;

    for (; i < size && is_prefix(bytes[i]); i++)
        rep |= bytes[i] == 0xf2 || bytes[i] == 0xf3;
    if (!rep || i == size)
        return false;
    return (bytes[i] >= 0x6c && bytes[i] <= 0x6f) || (bytes[i] >= 0xa4 && bytes[i] <= 0xa7) ||
           (bytes[i] >= 0xaa && bytes[i] <= 0xaf);
}

/* 0F 01: VMRUN leads to a guest that comes back without an instruction of its own; INVLPG names memory. */
static enum osi_remap remaps_0f01(uint8_t modrm)
{
    if (modrm == 0xd8)
        return OSI_REMAP_UNKNOWN;
    return modrm >> 6 != 3 && (modrm >> 3 & 7) == 7 ? OSI_REMAP_OWN : OSI_REMAP_NONE;
}

/* Writes of control registers, INVLPG, INVPCID, the end of system management mode, and output to ports, which can move
 * memory (PAM, A20) or enter that mode. Processors flush for themselves, asked by the others. */
static enum osi_remap remaps(const uint8_t *bytes, size_t size)
{
    size_t i = 0;

    while (i < size && is_prefix(bytes[i]))
        i++;
    if (i == size)
        return OSI_REMAP_NONE;
    switch (bytes[i]) {
    case 0xe6: case 0xe7: case 0xee: case 0xef: case 0x6e: case 0x6f: /* OUT, OUTS */
        return OSI_REMAP_FLUSH;
    case 0x0f:
        break;
    default:
        return OSI_REMAP_NONE;
    }
    if (size - i < 2)
        return OSI_REMAP_NONE;
    switch (bytes[i + 1]) {
    case 0x01:
        return size - i > 2 ? remaps_0f01(bytes[i + 2]) : OSI_REMAP_NONE;
    case 0x22: /* MOV to CR */
    case 0xaa: /* RSM */
        return OSI_REMAP_OWN;
    case 0x38: /* INVPCID */
        return size - i > 2 && bytes[i + 2] == 0x82 ? OSI_REMAP_OWN : OSI_REMAP_NONE;
    default:
        return OSI_REMAP_NONE;
    }
}

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
    .features = OSI_ARCH_DECODE | OSI_ARCH_REGISTERS,
    .min_insn = 1,
    .max_insn = 15,
    .general = general,
    .arguments = arguments,
    .result = "rax",
    .stack = "rsp",
    .pc = "rip",
    .vectors = vectors,
    .decode = decode,
    .remaps = remaps,
    .repeats = repeats,
    .syscall_jumps = true,
    .is_kernel = is_kernel,
};
