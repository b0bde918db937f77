/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the x86-64 decoder with capstone: on random bytes, on random bytes behind opcodes of
 * interest, and on all code that this program has loaded.
 *
 * capstone's groups, instructions and operands are the witness; what it reads otherwise than QEMU
 * is in is_cut() and is_too_long(). Exits with 1 on any disagreement, and 77 where the host's code
 * is not x86-64.
 */
#include <capstone.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "arch-sweep.h"

#define ADDRESS 0x7000000010000000ull
#define RANDOM_INSNS 2000000u
#define MAX_INSN 15u

struct sweep {
    const struct osi_arch *arch;
    csh capstone;
    cs_insn *insn;
    uint64_t insns, unknown, errors, disagreements;
    uint64_t kinds[OSI_INSN_KINDS];
};

/* ---- the witness ---- */
static bool is_prefix(uint8_t byte)
{
    return byte && (strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", byte) ||
                    (byte & 0xf0) == 0x40);
}

static bool in_group(const cs_insn *insn, uint8_t group)
{
    return insn->detail && memchr(insn->detail->groups, group, insn->detail->groups_count);
}

static enum osi_insn_kind kind_by_id(const cs_insn *insn)
{
    switch (insn->id) {
    case X86_INS_SYSCALL:
    case X86_INS_SYSENTER:
        return OSI_INSN_SYSCALL;
    case X86_INS_VMCALL:
    case X86_INS_VMMCALL:
        return OSI_INSN_HYPERCALL;
    case X86_INS_SYSRET:
    case X86_INS_SYSEXIT:
    case X86_INS_RSM:
    case X86_INS_VMLAUNCH:
    case X86_INS_VMRESUME:
    case X86_INS_VMRUN:
    case X86_INS_IRET:
    case X86_INS_IRETD:
    case X86_INS_IRETQ:
        return OSI_INSN_EXCEPTION_RETURN;
    case X86_INS_INT1:
    case X86_INS_INT3:
    case X86_INS_INTO:
    case X86_INS_UD0:
    case X86_INS_UD2:
    case X86_INS_UD2B:
        return OSI_INSN_TRAP;
    case X86_INS_INT:
        return insn->detail->x86.operands[0].imm == 0x80 ? OSI_INSN_SYSCALL : OSI_INSN_TRAP;
    case X86_INS_HLT:
    case X86_INS_MWAIT:
        return OSI_INSN_WAIT_INTERRUPT;
    case X86_INS_XBEGIN:
        return OSI_INSN_BRANCH;
    default:
        return OSI_INSN_OTHER;
    }
}

static enum osi_insn_kind kind_of(const cs_insn *insn)
{
    bool direct = insn->detail->x86.op_count == 1 &&
                  insn->detail->x86.operands[0].type == X86_OP_IMM;
    enum osi_insn_kind kind = kind_by_id(insn);

    if (kind)
        return kind;
    if (in_group(insn, X86_GRP_CALL))
        return direct ? OSI_INSN_CALL : OSI_INSN_CALL_INDIRECT;
    if (in_group(insn, X86_GRP_RET))
        return OSI_INSN_RETURN;
    if (!in_group(insn, X86_GRP_JUMP) && insn->id != X86_INS_LOOP && insn->id != X86_INS_LOOPE &&
        insn->id != X86_INS_LOOPNE)
        return OSI_INSN_OTHER;
    if (!direct)
        return OSI_INSN_JUMP_INDIRECT;
    return insn->id == X86_INS_JMP ? OSI_INSN_JUMP : OSI_INSN_BRANCH;
}

static uint8_t number_of(unsigned reg)
{
    static const unsigned numbers[] = {
        X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP,
        X86_REG_RSI, X86_REG_RDI, X86_REG_R8,  X86_REG_R9,  X86_REG_R10, X86_REG_R11,
        X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15, X86_REG_AX,  X86_REG_CX,
        X86_REG_DX,  X86_REG_BX,  X86_REG_SP,  X86_REG_BP,  X86_REG_SI,  X86_REG_DI,
        X86_REG_R8W, X86_REG_R9W, X86_REG_R10W, X86_REG_R11W, X86_REG_R12W, X86_REG_R13W,
        X86_REG_R14W, X86_REG_R15W,
    };

    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (numbers[i] == reg)
            return i % 16;
    }
    return NONE;
}

static void witness(const cs_insn *insn, struct osi_decoded *want)
{
    const cs_x86_op *operand = &insn->detail->x86.operands[0];

    *want = (struct osi_decoded){ .kind = kind_of(insn), .reg = NONE };
    switch (want->kind) {
    case OSI_INSN_CALL_INDIRECT:
    case OSI_INSN_JUMP_INDIRECT:
        if (operand->type == X86_OP_REG)
            want->reg = number_of(operand->reg);
        break;
    case OSI_INSN_CALL:
    case OSI_INSN_JUMP:
    case OSI_INSN_BRANCH:
        want->conditional = want->kind == OSI_INSN_BRANCH;
        want->has_target = true;
        want->displacement = operand->imm - (int64_t)insn->address;
        break;
    default:
        if (insn->id == X86_INS_INT)
            want->imm = (uint16_t)operand->imm;
    }
}

/* capstone cuts the target of some near branches to 16 bits: with 66, as AMD's manual has it and
 * QEMU does not; with 66 or 67 and REX.W by mistake. Then only these bits are compared. */
static bool is_cut(const cs_insn *insn, const struct osi_decoded *got, struct osi_decoded *want)
{
    uint64_t target = insn->address + (uint64_t)want->displacement;

    if (!want->has_target || target >> 16 != 0)
        return false;
    if (((insn->address + (uint64_t)got->displacement) & 0xffff) == target)
        want->displacement = got->displacement;
    return true;
}

/* RET and RETF with 66 and REX.W: the number has two bytes, capstone takes four. */
static bool is_too_long(const cs_insn *insn)
{
    size_t opcode = 0;

    while (opcode < insn->size && is_prefix(insn->bytes[opcode]))
        opcode++;
    return opcode < insn->size && (insn->bytes[opcode] & 0xf7) == 0xc2 && insn->size - opcode > 3;
}

/* ---- comparing ---- */
static void show(const cs_insn *insn, const struct osi_decoded *got, const struct osi_decoded *want)
{
    for (size_t i = 0; i < insn->size; i++)
        printf("%02x ", insn->bytes[i]);
    printf(" %s %s\n", insn->mnemonic, insn->op_str);
    print_decoded("decoder", got);
    print_decoded("witness", want);
}

static void compare(struct sweep *sweep)
{
    const cs_insn *insn = sweep->insn;
    struct osi_decoded got, want;

    if (is_too_long(insn)) {
        sweep->errors++;
        return;
    }
    sweep->arch->decode(insn->bytes, insn->size, &got);
    witness(insn, &want);
    sweep->errors += is_cut(insn, &got, &want);
    sweep->insns++;
    sweep->kinds[want.kind]++;
    if (!same(&got, &want) && sweep->disagreements++ < SHOWN)
        show(insn, &got, &want);
}

static uint64_t finish(const struct sweep *sweep, const char *part)
{
    printf("%s: %llu instructions, %llu of interest, %llu disagreements; %llu places are not an "
           "instruction, %llu capstone reads otherwise\n",
           part, (unsigned long long)sweep->insns,
           (unsigned long long)(sweep->insns - sweep->kinds[OSI_INSN_OTHER]),
           (unsigned long long)sweep->disagreements, (unsigned long long)sweep->unknown,
           (unsigned long long)sweep->errors);
    print_kinds(sweep->kinds);
    fflush(stdout);
    return sweep->disagreements;
}

static struct sweep begin(const struct sweep *tools)
{
    return (struct sweep){ .arch = tools->arch, .capstone = tools->capstone, .insn = tools->insn };
}

/* ---- random bytes ---- */
static size_t put_prefixes(uint8_t *bytes, uint64_t *state)
{
    static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                        0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48 };
    uint32_t random = next_random(state);
    size_t n = 0;

    for (; n < 4 && (random & 3) == 0; random >>= 2)
        bytes[n++] = prefixes[next_random(state) % COUNT(prefixes)];
    if (random >> 31)
        bytes[n++] = 0x40 | (random >> 16 & 15);
    return n;
}

static size_t put_opcode(uint8_t *bytes, uint64_t *state)
{
    static const uint8_t one[] = { 0x70, 0x7f, 0xc2, 0xc3, 0xc6, 0xc7, 0xca, 0xcb, 0xcc, 0xcd,
                                   0xcf, 0xe0, 0xe3, 0xe8, 0xe9, 0xeb, 0xf1, 0xf4, 0xfe, 0xff };
    static const uint8_t two[] = { 0x00, 0x01, 0x05, 0x07, 0x0b, 0x34, 0x35, 0x80, 0x8f, 0xaa,
                                   0xae, 0xb9, 0xc7, 0xff };
    uint32_t random = next_random(state);

    if (random & 1) {
        bytes[0] = one[(random >> 8) % COUNT(one)];
        return 1;
    }
    bytes[0] = 0x0f;
    bytes[1] = random & 2 ? (uint8_t)(random >> 8) : two[(random >> 8) % COUNT(two)];
    return 2;
}

static uint64_t sweep_random(const struct sweep *tools, const char *part, bool structured)
{
    struct sweep sweep = begin(tools);
    uint64_t state = 20240229;

    for (uint32_t i = 0; i < RANDOM_INSNS; i++) {
        uint8_t bytes[MAX_INSN + 8];
        size_t n = put_prefixes(bytes, &state), left = MAX_INSN;
        const uint8_t *next = bytes;
        uint64_t address = ADDRESS;

        if (structured)
            n += put_opcode(bytes + n, &state);
        while (n < MAX_INSN)
            bytes[n++] = (uint8_t)next_random(&state);
        if (cs_disasm_iter(sweep.capstone, &next, &left, &address, sweep.insn))
            compare(&sweep);
        else
            sweep.unknown++;
    }
    return finish(&sweep, part);
}

/* ---- the code of this program and its libraries ---- */
static void sweep_segment(struct sweep *sweep, const uint8_t *next, size_t left)
{
    uint64_t address = ADDRESS;

    while (left) {
        if (cs_disasm_iter(sweep->capstone, &next, &left, &address, sweep->insn)) {
            compare(sweep);
        } else {
            sweep->unknown++;
            next++;
            left--;
        }
    }
}

static int sweep_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct sweep *sweep = data;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X))
            sweep_segment(sweep, (const uint8_t *)(info->dlpi_addr + segment->p_vaddr),
                          segment->p_memsz);
    }
    return 0;
}

static int time_object(struct dl_phdr_info *info, size_t size, void *data)
{
    const struct osi_arch *arch = osi_arch_find("x86_64");
    struct osi_decoded decoded;
    uint64_t *n = data;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uint8_t *code = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        for (size_t at = 0; at + 4 <= segment->p_memsz; at += 4, ++*n)
            arch->decode(code + at, 4, &decoded);
    }
    return 0;
}

static uint64_t sweep_loaded(const struct sweep *tools)
{
    struct sweep sweep = begin(tools);
    struct timespec start;
    uint64_t n = 0;

    dl_iterate_phdr(sweep_object, &sweep);
    clock_gettime(CLOCK_MONOTONIC, &start);
    dl_iterate_phdr(time_object, &n);
    printf("decoding takes %.1f ns per four bytes\n", nanoseconds_since(&start) / (double)n);
    return finish(&sweep, "loaded code");
}

int main(void)
{
    struct sweep tools = { .arch = osi_arch_find("x86_64") };
    struct utsname host = { .machine = "" };
    uint64_t disagreements;

    if (cs_open(CS_ARCH_X86, CS_MODE_64, &tools.capstone) != CS_ERR_OK ||
        cs_option(tools.capstone, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
        printf("capstone has no x86 with details\n");
        return EXIT_FAILURE;
    }
    tools.insn = cs_malloc(tools.capstone);
    disagreements = sweep_random(&tools, "random", false) +
                    sweep_random(&tools, "random behind opcodes", true);
    uname(&host);
    bool loaded = strcmp(host.machine, "x86_64") == 0;
    if (loaded)
        disagreements += sweep_loaded(&tools);
    else
        printf("SKIPPED: no x86-64 code in this program\n");
    cs_free(tools.insn, 1);
    cs_close(&tools.capstone);
    return disagreements ? EXIT_FAILURE : loaded ? EXIT_SUCCESS : SKIPPED;
}
