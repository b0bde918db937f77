/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the AArch64 decoder with capstone: on a kernel, on every system, exception and
 * register-branch opcode, and on random words.
 *
 *     arch-sweep [Image]      default: $OSINSTR_KERNEL_IMAGE
 *
 * capstone's text is the witness; what capstone 4 does not know is in `gaps`, checked with
 * aarch64-linux-gnu-objdump. Exits with 1 on any disagreement and 77 without an Image.
 */
#include <capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch-sweep.h"

#define ADDRESS 0x10000000u
#define RANDOM_WORDS 3000000u

struct sweep {
    const struct osi_arch *arch;
    csh capstone;
    cs_insn *insn;
    uint64_t words, disagreements, by_gap;
    uint64_t kinds[OSI_INSN_KINDS];
};

/* What capstone's mnemonics mean; a condition ("b.eq") is cut off first. */
static const struct mnemonic {
    const char *name;
    enum osi_insn_kind kind;
    enum { NOTHING, REG, REG_OR_X30, X30, IMM, TARGET, REG_TARGET } operand;
} mnemonics[] = {
    { "bl", OSI_INSN_CALL, TARGET },
    { "b", OSI_INSN_JUMP, TARGET },
    { "b.", OSI_INSN_BRANCH, TARGET },
    { "bc.", OSI_INSN_BRANCH, TARGET },
    { "cbz", OSI_INSN_BRANCH, REG_TARGET },
    { "cbnz", OSI_INSN_BRANCH, REG_TARGET },
    { "tbz", OSI_INSN_BRANCH, REG_TARGET },
    { "tbnz", OSI_INSN_BRANCH, REG_TARGET },
    { "blr", OSI_INSN_CALL_INDIRECT, REG },
    { "blraa", OSI_INSN_CALL_INDIRECT, REG },
    { "blrab", OSI_INSN_CALL_INDIRECT, REG },
    { "blraaz", OSI_INSN_CALL_INDIRECT, REG },
    { "blrabz", OSI_INSN_CALL_INDIRECT, REG },
    { "br", OSI_INSN_JUMP_INDIRECT, REG },
    { "braa", OSI_INSN_JUMP_INDIRECT, REG },
    { "brab", OSI_INSN_JUMP_INDIRECT, REG },
    { "braaz", OSI_INSN_JUMP_INDIRECT, REG },
    { "brabz", OSI_INSN_JUMP_INDIRECT, REG },
    { "ret", OSI_INSN_RETURN, REG_OR_X30 },
    { "retaa", OSI_INSN_RETURN, X30 },
    { "retab", OSI_INSN_RETURN, X30 },
    { "eret", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "eretaa", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "eretab", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "svc", OSI_INSN_SYSCALL, IMM },
    { "hvc", OSI_INSN_HYPERCALL, IMM },
    { "smc", OSI_INSN_HYPERCALL, IMM },
    { "brk", OSI_INSN_TRAP, IMM },
    { "hlt", OSI_INSN_TRAP, IMM },
    { "udf", OSI_INSN_TRAP, IMM },
    { "wfi", OSI_INSN_WAIT_INTERRUPT, NOTHING },
    { "wfe", OSI_INSN_WAIT_EVENT, NOTHING },
    { "wfit", OSI_INSN_WAIT_INTERRUPT, REG },
    { "wfet", OSI_INSN_WAIT_EVENT, REG },
};

/* `also` is how capstone 4 prints a register whose name it does not know. */
struct sysreg {
    const char *name, *also;
    enum osi_insn_kind kind;
    uint16_t imm;
};

static const struct sysreg read_sysregs[] = {
    { "daif", NULL, OSI_INSN_MASK_READ, 0 },
    { "icc_pmr_el1", NULL, OSI_INSN_PRIORITY_READ, 0 },
    { "icc_iar0_el1", NULL, OSI_INSN_IRQ_ACK, 0 },
    { "icc_iar1_el1", NULL, OSI_INSN_IRQ_ACK, 0 },
    { "icc_nmiar1_el1", "s3_0_c12_c9_5", OSI_INSN_IRQ_ACK, 0 },
    { "cntvct_el0", NULL, OSI_INSN_COUNTER_READ, 0 },
    { "cntvctss_el0", "s3_3_c14_c0_6", OSI_INSN_COUNTER_READ, 0 },
    { "cntpct_el0", NULL, OSI_INSN_COUNTER_READ_PHYS, 0 },
    { "cntpctss_el0", "s3_3_c14_c0_5", OSI_INSN_COUNTER_READ_PHYS, 0 },
    { "cntfrq_el0", NULL, OSI_INSN_COUNTER_FREQ, 0 },
    { NULL, NULL, OSI_INSN_OTHER, 0 },
};

static const struct sysreg written_sysregs[] = {
    { "sp_el0", NULL, OSI_INSN_SET_TASK, 0 },
    { "vbar_el1", NULL, OSI_INSN_SET_VECTORS, 0 },
    { "vbar_el2", NULL, OSI_INSN_SET_VECTORS, 0 },
    { "vbar_el12", NULL, OSI_INSN_SET_VECTORS, 0 },
    { "tpidr_el1", NULL, OSI_INSN_SET_PERCPU, 0 },
    { "tpidr_el2", NULL, OSI_INSN_SET_PERCPU, 0 },
    { "ttbr0_el1", NULL, OSI_INSN_SET_SPACE, 0 },
    { "ttbr1_el1", NULL, OSI_INSN_SET_SPACE, 0 },
    { "contextidr_el1", NULL, OSI_INSN_SET_SPACE, 0 },
    { "daif", NULL, OSI_INSN_MASK_WRITE, 0 },
    { "daifset", NULL, OSI_INSN_MASK_SET, 0 },
    { "daifclr", NULL, OSI_INSN_MASK_CLEAR, 0 },
    { "allint", "s3_0_c4_c3_0", OSI_INSN_ALLINT_WRITE, 0 },
    { "icc_pmr_el1", NULL, OSI_INSN_PRIORITY_WRITE, 0 },
    { "icc_eoir0_el1", NULL, OSI_INSN_IRQ_EOI, 0 },
    { "icc_eoir1_el1", NULL, OSI_INSN_IRQ_EOI, 0 },
    { "icc_dir_el1", NULL, OSI_INSN_IRQ_DEACTIVATE, 0 },
    { "icc_sgi0r_el1", NULL, OSI_INSN_IRQ_SEND, 0 },
    { "icc_sgi1r_el1", NULL, OSI_INSN_IRQ_SEND, 0 },
    { "icc_asgi1r_el1", NULL, OSI_INSN_IRQ_SEND, 0 },
    { "cntv_cval_el0", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_VIRTUAL },
    { "cntv_tval_el0", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_VIRTUAL },
    { "cntv_ctl_el0", NULL, OSI_INSN_TIMER_CONTROL, OSI_TIMER_VIRTUAL },
    { "cntp_cval_el0", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_PHYSICAL },
    { "cntp_tval_el0", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_PHYSICAL },
    { "cntp_ctl_el0", NULL, OSI_INSN_TIMER_CONTROL, OSI_TIMER_PHYSICAL },
    { "cnthp_cval_el2", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_HYP_PHYSICAL },
    { "cnthp_tval_el2", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_HYP_PHYSICAL },
    { "cnthp_ctl_el2", NULL, OSI_INSN_TIMER_CONTROL, OSI_TIMER_HYP_PHYSICAL },
    { "cnthv_cval_el2", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_HYP_VIRTUAL },
    { "cnthv_tval_el2", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_HYP_VIRTUAL },
    { "cnthv_ctl_el2", NULL, OSI_INSN_TIMER_CONTROL, OSI_TIMER_HYP_VIRTUAL },
    { "cntv_cval_el02", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_EL02_VIRTUAL },
    { "cntv_tval_el02", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_EL02_VIRTUAL },
    { "cntv_ctl_el02", NULL, OSI_INSN_TIMER_CONTROL, OSI_TIMER_EL02_VIRTUAL },
    { "cntp_cval_el02", NULL, OSI_INSN_TIMER_DEADLINE, OSI_TIMER_EL02_PHYSICAL },
    { "cntp_tval_el02", NULL, OSI_INSN_TIMER_RELATIVE, OSI_TIMER_EL02_PHYSICAL },
    { "cntp_ctl_el02", "s3_5_c14_c2_1", OSI_INSN_TIMER_CONTROL, OSI_TIMER_EL02_PHYSICAL },
    { NULL, NULL, OSI_INSN_OTHER, 0 },
};

/* Encodings younger than capstone 4 (Armv8.3 PAuth, 8.7 WFxT, 8.8 NMI and HBC, and UDF).
 * `reg`, `imm`: the operands' bits in the word, 0 = none. */
static const struct gap {
    const char *name;
    uint32_t mask, value;
    enum osi_insn_kind kind;
    uint32_t reg, imm;
} gaps[] = {
    { "udf", 0xffff0000, 0x00000000, OSI_INSN_TRAP, 0, 0xffff },
    { "wfet", 0xffffffe0, 0xd5031000, OSI_INSN_WAIT_EVENT, 0x1f, 0 },
    { "wfit", 0xffffffe0, 0xd5031020, OSI_INSN_WAIT_INTERRUPT, 0x1f, 0 },
    { "msr allint", 0xffffffff, 0xd501401f, OSI_INSN_ALLINT_WRITE, 0, 0xf00 },
    { "msr allint", 0xffffffff, 0xd501411f, OSI_INSN_ALLINT_WRITE, 0, 0xf00 },
    { "blraaz", 0xfffffc1f, 0xd63f081f, OSI_INSN_CALL_INDIRECT, 0x3e0, 0 },
    { "blrabz", 0xfffffc1f, 0xd63f0c1f, OSI_INSN_CALL_INDIRECT, 0x3e0, 0 },
    { "blraa", 0xfffffc00, 0xd73f0800, OSI_INSN_CALL_INDIRECT, 0x3e0, 0 },
    { "blrab", 0xfffffc00, 0xd73f0c00, OSI_INSN_CALL_INDIRECT, 0x3e0, 0 },
    { "braaz", 0xfffffc1f, 0xd61f081f, OSI_INSN_JUMP_INDIRECT, 0x3e0, 0 },
    { "brabz", 0xfffffc1f, 0xd61f0c1f, OSI_INSN_JUMP_INDIRECT, 0x3e0, 0 },
    { "braa", 0xfffffc00, 0xd71f0800, OSI_INSN_JUMP_INDIRECT, 0x3e0, 0 },
    { "brab", 0xfffffc00, 0xd71f0c00, OSI_INSN_JUMP_INDIRECT, 0x3e0, 0 },
    { "eretaa", 0xffffffff, 0xd69f0bff, OSI_INSN_EXCEPTION_RETURN, 0, 0 },
    { "eretab", 0xffffffff, 0xd69f0fff, OSI_INSN_EXCEPTION_RETURN, 0, 0 },
    { "retaa", 0xffffffff, 0xd65f0bff, OSI_INSN_RETURN, 0, 0 },
    { "retab", 0xffffffff, 0xd65f0fff, OSI_INSN_RETURN, 0, 0 },
};

static uint8_t parse_register(const char *text)
{
    if (text[0] != 'x' && text[0] != 'w')
        return NONE;
    return text[1] == 'z' ? 31 : (uint8_t)atoi(text + 1);
}

static int64_t last_number(const char *text)
{
    const char *hash = strrchr(text, '#');

    return hash ? (int64_t)strtoull(hash + 1, NULL, 0) : 0;
}

static const struct mnemonic *find_mnemonic(const char *name)
{
    const char *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) + 1 : strlen(name);

    for (size_t i = 0; i < COUNT(mnemonics); i++) {
        if (strlen(mnemonics[i].name) == length && memcmp(mnemonics[i].name, name, length) == 0)
            return &mnemonics[i];
    }
    return NULL;
}

static void set_target(struct osi_decoded *want, const cs_insn *insn)
{
    const char *condition = strchr(insn->mnemonic, '.');

    if (condition && (strcmp(condition, ".al") == 0 || strcmp(condition, ".nv") == 0))
        want->kind = OSI_INSN_JUMP;
    want->conditional = want->kind == OSI_INSN_BRANCH;
    want->has_target = true;
    want->displacement = last_number(insn->op_str) - ADDRESS;
}

static void expect_mnemonic(struct osi_decoded *want, const struct mnemonic *row,
                            const cs_insn *insn)
{
    want->kind = row->kind;
    if (row->operand == REG || row->operand == REG_OR_X30 || row->operand == REG_TARGET)
        want->reg = parse_register(insn->op_str);
    if (row->operand == X30 || (row->operand == REG_OR_X30 && want->reg == NONE))
        want->reg = 30;
    if (row->operand == IMM)
        want->imm = (uint16_t)last_number(insn->op_str);
    if (row->operand == TARGET || row->operand == REG_TARGET)
        set_target(want, insn);
}

static const struct sysreg *find_sysreg(const struct sysreg *row, const char *name)
{
    for (; row->name; row++) {
        if (strcmp(row->name, name) == 0 || (row->also && strcmp(row->also, name) == 0))
            return row;
    }
    return NULL;
}

static void expect_sysreg(struct osi_decoded *want, const cs_insn *insn)
{
    char first[32] = "", second[32] = "";
    bool is_write = strcmp(insn->mnemonic, "msr") == 0;

    sscanf(insn->op_str, "%31[^,], %31s", first, second);
    const struct sysreg *row = find_sysreg(is_write ? written_sysregs : read_sysregs,
                                           is_write ? first : second);
    if (!row)
        return;
    want->kind = row->kind;
    want->reg = parse_register(is_write ? second : first);
    want->imm = want->reg == NONE ? (uint16_t)last_number(second) : row->imm;
}

static bool expect_gap(struct osi_decoded *want, uint32_t word)
{
    for (size_t i = 0; i < COUNT(gaps); i++) {
        const struct gap *gap = &gaps[i];

        if ((word & gap->mask) != gap->value)
            continue;
        want->kind = gap->kind;
        if (gap->reg)
            want->reg = (word & gap->reg) >> __builtin_ctz(gap->reg);
        else if (gap->kind == OSI_INSN_RETURN)
            want->reg = 30;
        if (gap->imm)
            want->imm = (word & gap->imm) >> __builtin_ctz(gap->imm);
        return true;
    }
    return false;
}

static bool disassemble(struct sweep *sweep, uint32_t word)
{
    const uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };
    const uint8_t *next = bytes;
    size_t left = sizeof(bytes);
    uint64_t address = ADDRESS;

    return cs_disasm_iter(sweep->capstone, &next, &left, &address, sweep->insn);
}

/* BC.cond, unknown to capstone 4, is B.cond with bit 4 set and means the same here. */
static bool disassemble_or_twin(struct sweep *sweep, uint32_t word)
{
    if (disassemble(sweep, word))
        return true;
    if ((word & 0xff000010) != 0x54000010)
        return false;
    sweep->by_gap++;
    return disassemble(sweep, word & ~0x10u);
}

/* capstone 4 prints "s3_…" also where op0 is not 3, so a name counts for op0 = 3 only, or if
 * it is one of the immediate forms (op0 = 0). */
static bool is_named_sysreg(const cs_insn *insn, uint32_t word)
{
    bool is_move = strcmp(insn->mnemonic, "msr") == 0 || strcmp(insn->mnemonic, "mrs") == 0;

    return is_move && ((word >> 19 & 3) == 3 || strncmp(insn->op_str, "daif", 4) == 0 ||
                       strncmp(insn->op_str, "allint", 6) == 0);
}

static void witness(struct sweep *sweep, uint32_t word, struct osi_decoded *want)
{
    *want = (struct osi_decoded){ .reg = NONE };
    if (disassemble_or_twin(sweep, word)) {
        const struct mnemonic *row = find_mnemonic(sweep->insn->mnemonic);

        if (row)
            expect_mnemonic(want, row, sweep->insn);
        else if (is_named_sysreg(sweep->insn, word))
            expect_sysreg(want, sweep->insn);
    } else {
        sweep->insn->mnemonic[0] = sweep->insn->op_str[0] = '\0';
    }
    if (want->kind == OSI_INSN_OTHER && expect_gap(want, word))
        sweep->by_gap++;
}

static void compare_word(struct sweep *sweep, uint32_t word)
{
    const uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };
    struct osi_decoded got, want;

    sweep->arch->decode(bytes, sizeof(bytes), &got);
    witness(sweep, word, &want);
    sweep->words++;
    sweep->kinds[want.kind]++;
    if (same(&got, &want) || sweep->disagreements++ >= SHOWN)
        return;
    printf("%08x %s %s\n", word, sweep->insn->mnemonic, sweep->insn->op_str);
    print_decoded("decoder", &got);
    print_decoded("witness", &want);
}

static void finish(struct sweep *sweep, const char *part)
{
    printf("%s: %llu words, %llu of interest, %llu by the list of gaps, %llu disagreements\n", part,
           (unsigned long long)sweep->words,
           (unsigned long long)(sweep->words - sweep->kinds[OSI_INSN_OTHER]),
           (unsigned long long)sweep->by_gap, (unsigned long long)sweep->disagreements);
    fflush(stdout);
}

static struct sweep begin(const struct sweep *tools)
{
    return (struct sweep){ tools->arch, tools->capstone, tools->insn, 0, 0, 0, { 0 } };
}

/* Every system instruction with three registers. */
static uint64_t sweep_system(const struct sweep *tools)
{
    static const uint32_t registers[] = { 0, 30, 31 };
    struct sweep sweep = begin(tools);

    for (uint32_t opcode = 0; opcode < 1u << 19; opcode++) {
        for (size_t i = 0; i < COUNT(registers); i++)
            compare_word(&sweep, 0xd5000000 | opcode << 5 | registers[i]);
    }
    finish(&sweep, "system");
    return sweep.disagreements;
}

/* Every exception instruction with four numbers. */
static uint64_t sweep_exceptions(const struct sweep *tools)
{
    static const uint32_t numbers[] = { 0, 1, 0xa5c3, 0xffff };
    struct sweep sweep = begin(tools);

    for (uint32_t opcode = 0; opcode < 1u << 8; opcode++) {
        for (size_t i = 0; i < COUNT(numbers); i++)
            compare_word(&sweep, 0xd4000000 | opcode >> 5 << 21 | numbers[i] << 5 | (opcode & 31));
    }
    finish(&sweep, "exceptions");
    return sweep.disagreements;
}

/* Every branch to a register with three registers. */
static uint64_t sweep_indirect(const struct sweep *tools)
{
    static const uint32_t registers[] = { 0, 30, 31 };
    struct sweep sweep = begin(tools);

    for (uint32_t opcode = 0; opcode < 1u << 20; opcode++) {
        for (size_t i = 0; i < COUNT(registers); i++)
            compare_word(&sweep, 0xd6000000 | opcode >> 5 << 10 | registers[i] << 5 |
                                     (opcode & 31));
    }
    finish(&sweep, "indirect");
    return sweep.disagreements;
}

/* All words with `fixed` in the bits of `mask`. */
static uint64_t sweep_random(const struct sweep *tools, const char *part, uint32_t mask,
                             uint32_t fixed)
{
    struct sweep sweep = begin(tools);
    uint64_t state = 20240229;

    for (uint32_t i = 0; i < RANDOM_WORDS; i++)
        compare_word(&sweep, (next_random(&state) & ~mask) | fixed);
    finish(&sweep, part);
    return sweep.disagreements;
}

static uint32_t load_word(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static void time_decoder(const struct osi_arch *arch, const uint8_t *image, size_t size)
{
    struct osi_decoded decoded;
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t at = 0; at + 4 <= size; at += 4)
        arch->decode(image + at, 4, &decoded);
    printf("decoding takes %.1f ns per word\n", nanoseconds_since(&start) / ((double)size / 4));
}

/* The whole file: text, and data that must not be taken for anything else either. */
static uint64_t sweep_image(const struct sweep *tools, const uint8_t *image, size_t size)
{
    struct sweep sweep = begin(tools);

    for (size_t at = 0; at + 4 <= size; at += 4)
        compare_word(&sweep, load_word(image + at));
    finish(&sweep, "Image");
    print_kinds(sweep.kinds);
    time_decoder(tools->arch, image, size);
    return sweep.disagreements;
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long length = 0;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) > 0 &&
        fseek(file, 0, SEEK_SET) == 0)
        data = malloc((size_t)length);
    if (data && fread(data, 1, (size_t)length, file) != (size_t)length) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *size = (size_t)length;
    return data;
}

static int check_image(const struct sweep *tools, const char *path)
{
    size_t size = 0;
    uint8_t *image = path ? read_file(path, &size) : NULL;

    if (!image) {
        printf("SKIPPED: no kernel Image%s%s: give a path or set OSINSTR_KERNEL_IMAGE\n",
               path ? " at " : "", path ? path : "");
        return SKIPPED;
    }
    bool is_image = size >= 64 && memcmp(image + 56, "ARM\x64", 4) == 0;
    if (!is_image)
        printf("%s is not a raw arm64 Image\n", path);
    int result = !is_image || sweep_image(tools, image, size) != 0;
    free(image);
    return result;
}

int main(int argc, char **argv)
{
    struct sweep tools = { .arch = osi_arch_find("aarch64") };
    uint64_t disagreements;
    int result;

    if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &tools.capstone) != CS_ERR_OK) {
        printf("capstone has no ARM64\n");
        return EXIT_FAILURE;
    }
    tools.insn = cs_malloc(tools.capstone);
    disagreements = sweep_exceptions(&tools) + sweep_system(&tools) + sweep_indirect(&tools) +
                    sweep_random(&tools, "random", 0, 0) +
                    sweep_random(&tools, "random branches", 0x1c000000, 0x14000000);
    result = check_image(&tools, argc > 1 ? argv[1] : getenv("OSINSTR_KERNEL_IMAGE"));
    cs_free(tools.insn, 1);
    cs_close(&tools.capstone);
    return disagreements ? EXIT_FAILURE : result;
}
