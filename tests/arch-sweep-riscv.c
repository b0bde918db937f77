/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the RISC-V decoder with GNU objdump: on all 16-bit encodings, all system instructions
 * without registers, random words, and a C library.
 *
 *     arch-sweep-riscv [FILE]      default: the one of Debian's package libc6-riscv64-cross
 *
 * objdump's listing is the witness for kinds, registers, targets and memory accesses; what it does
 * not know without a processor's list of extensions is in `gaps`, checked with the assembler in
 * test-arch-riscv.c. Exits with 1 on any disagreement, and 77 without objdump or the library.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch-sweep.h"

#define OBJDUMP "riscv64-linux-gnu-objdump -w -z -M no-aliases,numeric "
#define LIBRARY "/usr/riscv64-linux-gnu/lib/libc.so.6"
#define RANDOM_WORDS 400000u

struct sweep {
    const struct osi_arch *arch;
    uint64_t insns, unknown, by_gap, accesses, disagreements;
    uint64_t kinds[OSI_INSN_KINDS];
};

/* A line of objdump's listing. */
struct line {
    uint64_t address;
    uint32_t word;
    size_t size;
    char mnemonic[24], operands[96];
};

/* ---- the witness ---- */
enum operands { NOTHING, LINK_TARGET, TARGET, REG_TARGET, LINK_REG, JUMP_REG, CALL_REG };

static const struct mnemonic {
    const char *name;
    enum osi_insn_kind kind; /* of JAL and JALR: without a link register */
    enum operands operands;
} mnemonics[] = {
    { "jal", OSI_INSN_JUMP, LINK_TARGET },
    { "jalr", OSI_INSN_JUMP_INDIRECT, LINK_REG },
    { "c.j", OSI_INSN_JUMP, TARGET },
    { "c.jr", OSI_INSN_JUMP_INDIRECT, JUMP_REG },
    { "c.jalr", OSI_INSN_CALL_INDIRECT, CALL_REG },
    { "beq", OSI_INSN_BRANCH, TARGET },
    { "bne", OSI_INSN_BRANCH, TARGET },
    { "blt", OSI_INSN_BRANCH, TARGET },
    { "bge", OSI_INSN_BRANCH, TARGET },
    { "bltu", OSI_INSN_BRANCH, TARGET },
    { "bgeu", OSI_INSN_BRANCH, TARGET },
    { "c.beqz", OSI_INSN_BRANCH, REG_TARGET },
    { "c.bnez", OSI_INSN_BRANCH, REG_TARGET },
    { "ecall", OSI_INSN_SYSCALL, NOTHING },
    { "ebreak", OSI_INSN_TRAP, NOTHING },
    { "c.ebreak", OSI_INSN_TRAP, NOTHING },
    { "c.unimp", OSI_INSN_TRAP, NOTHING },
    { "unimp", OSI_INSN_TRAP, NOTHING },
    { "sret", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "mret", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "dret", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "mnret", OSI_INSN_EXCEPTION_RETURN, NOTHING },
    { "wfi", OSI_INSN_WAIT_INTERRUPT, NOTHING },
    { "wrs.nto", OSI_INSN_WAIT_EVENT, NOTHING },
    { "wrs.sto", OSI_INSN_WAIT_EVENT, NOTHING },
};

static const struct gap {
    uint32_t word;
    enum osi_insn_kind kind;
} gaps[] = {
    { 0x00d00073, OSI_INSN_WAIT_EVENT },       /* wrs.nto */
    { 0x01d00073, OSI_INSN_WAIT_EVENT },       /* wrs.sto */
    { 0x70200073, OSI_INSN_EXCEPTION_RETURN }, /* mnret */
};

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

/* The number of the register that starts at the n-th 'x'. */
static unsigned register_in(const char *operands, unsigned n)
{
    const char *at = strchr(operands, 'x');

    while (at && n--)
        at = strchr(at + 1, 'x');
    return at ? (unsigned)atoi(at + 1) : NONE;
}

/* The address is the last operand; behind it may stand a symbol. */
static void set_target(const struct line *line, struct osi_decoded *want)
{
    const char *comma = strrchr(line->operands, ',');
    uint64_t target = strtoull(comma ? comma + 1 : line->operands, NULL, 16);

    want->conditional = want->kind == OSI_INSN_BRANCH;
    want->has_target = true;
    want->displacement = (int64_t)(target - line->address);
}

static void set_operands(const struct line *line, enum operands operands, struct osi_decoded *want)
{
    unsigned first = register_in(line->operands, 0);

    switch (operands) {
    case NOTHING:
        break;
    case LINK_TARGET:
        if (is_link(first))
            want->kind = OSI_INSN_CALL;
        set_target(line, want);
        break;
    case REG_TARGET:
        want->reg = (uint8_t)first;
        set_target(line, want);
        break;
    case TARGET:
        set_target(line, want);
        break;
    case LINK_REG:
        want->reg = (uint8_t)register_in(line->operands, 1);
        want->kind = is_link(first)       ? OSI_INSN_CALL_INDIRECT
                     : is_link(want->reg) ? OSI_INSN_RETURN
                                          : OSI_INSN_JUMP_INDIRECT;
        break;
    case JUMP_REG:
        want->reg = (uint8_t)first;
        if (is_link(first))
            want->kind = OSI_INSN_RETURN;
        break;
    case CALL_REG:
        want->reg = (uint8_t)first;
        break;
    }
}

static bool expect_gap(const struct line *line, struct osi_decoded *want)
{
    for (size_t i = 0; i < COUNT(gaps); i++) {
        if (line->size == 4 && line->word == gaps[i].word) {
            want->kind = gaps[i].kind;
            return true;
        }
    }
    return false;
}

static bool is_unknown(const struct line *line)
{
    return line->mnemonic[0] == '.'; /* .4byte, .2byte, .insn */
}

static void witness(struct sweep *sweep, const struct line *line, struct osi_decoded *want)
{
    *want = (struct osi_decoded){ .reg = NONE };
    for (size_t i = 0; i < COUNT(mnemonics); i++) {
        if (strcmp(mnemonics[i].name, line->mnemonic) == 0) {
            want->kind = mnemonics[i].kind;
            set_operands(line, mnemonics[i].operands, want);
        }
    }
    if (want->kind == OSI_INSN_OTHER)
        sweep->by_gap += expect_gap(line, want);
}

/* A register in brackets is an address, but in a jump. */
static bool witness_accesses(const struct line *line)
{
    return strstr(line->operands, "(x") && strcmp(line->mnemonic, "jalr") != 0;
}

/* ---- comparing ---- */
static void compare(struct sweep *sweep, const struct line *line)
{
    const uint8_t bytes[] = { line->word & 0xff, line->word >> 8 & 0xff, line->word >> 16 & 0xff,
                              line->word >> 24 };
    bool accesses = sweep->arch->accesses_memory(bytes, line->size);
    struct osi_decoded got, want;

    sweep->arch->decode(bytes, line->size, &got);
    witness(sweep, line, &want);
    sweep->insns++;
    sweep->kinds[want.kind]++;
    sweep->unknown += is_unknown(line);
    sweep->accesses += accesses;
    bool agree = is_unknown(line) || accesses == witness_accesses(line);
    if ((same(&got, &want) && agree) || sweep->disagreements++ >= SHOWN)
        return;
    printf("%0*x %s %s: access %d, %d\n", (int)line->size * 2, line->word, line->mnemonic,
           line->operands, accesses, witness_accesses(line));
    print_decoded("decoder", &got);
    print_decoded("witness", &want);
}

/* "   267a0:\t00100397          \tauipc\tx7,0x100" */
static bool parse(const char *text, struct line *line)
{
    char hex[9] = "";

    memset(line, 0, sizeof(*line));
    if (sscanf(text, " %" G_GINT64_MODIFIER "x:\t%8[0-9a-f] \t%23s\t%95[^\n]", &line->address, hex,
               line->mnemonic, line->operands) < 3)
        return false;
    line->word = (uint32_t)strtoul(hex, NULL, 16);
    line->size = strlen(hex) / 2;
    return line->size == 2 || line->size == 4;
}

static void finish(const struct sweep *sweep, const char *part)
{
    printf("%s: %llu instructions, %llu of interest, %llu accesses, %llu unknown to objdump, "
           "%llu by the list of gaps, %llu disagreements\n",
           part, (unsigned long long)sweep->insns,
           (unsigned long long)(sweep->insns - sweep->kinds[OSI_INSN_OTHER]),
           (unsigned long long)sweep->accesses, (unsigned long long)sweep->unknown,
           (unsigned long long)sweep->by_gap, (unsigned long long)sweep->disagreements);
    print_kinds(sweep->kinds);
    fflush(stdout);
}

/* Returns how many instructions the listing has. */
static uint64_t sweep_listing(const char *part, const char *options, const char *path,
                              uint64_t *disagreements)
{
    struct sweep sweep = { .arch = osi_arch_find("riscv64") };
    char *quoted = g_shell_quote(path), text[512];
    char *command = g_strconcat(OBJDUMP, options, " ", quoted, NULL);
    FILE *listing = popen(command, "r");
    struct line line;

    while (listing && fgets(text, sizeof(text), listing)) {
        if (parse(text, &line))
            compare(&sweep, &line);
    }
    if (!listing || pclose(listing) != 0) {
        printf("%s failed\n", command);
        sweep.disagreements++;
    }
    finish(&sweep, part);
    *disagreements += sweep.disagreements;
    g_free(command);
    g_free(quoted);
    return sweep.insns;
}

/* ---- generated code ---- */
static void put(GByteArray *code, uint32_t word, unsigned size)
{
    const uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };

    g_byte_array_append(code, bytes, size);
}

/* Returns the number of instructions. Lengths that QEMU does not have are left out. */
static uint64_t generate(GByteArray *code)
{
    static const uint8_t opcodes[] = { 0x63, 0x67, 0x6f, 0x73 };
    uint64_t state = 20240229, n = 0;

    for (uint32_t half = 0; half < 0x10000; half++) {
        if ((half & 3) != 3) {
            put(code, half, 2);
            n++;
        }
    }
    for (uint32_t number = 0; number < 0x1000; number++, n += 2) {
        put(code, number << 20 | 0x0073, 4); /* ECALL and the like */
        put(code, number << 20 | 0x1073, 4); /* csrrw x0, number, x0 */
    }
    for (uint32_t i = 0; i < RANDOM_WORDS; i++) {
        uint32_t word = next_random(&state) | 3;

        if (i % 2)
            word = (word & ~0x7fu) | opcodes[i / 2 % COUNT(opcodes)];
        if ((word & 0x1c) != 0x1c) {
            put(code, word, 4);
            n++;
        }
    }
    return n;
}

static uint64_t sweep_generated(void)
{
    GByteArray *code = g_byte_array_new();
    uint64_t disagreements = 0, n = generate(code);
    GError *error = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("arch-sweep-XXXXXX", &path, &error);

    if (fd < 0 || !g_file_set_contents(path, (const char *)code->data, code->len, &error)) {
        printf("no file for the generated code: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    close(fd);
    uint64_t listed = sweep_listing("generated", "-D -b binary -m riscv:rv64", path,
                                    &disagreements);
    if (listed != n) {
        printf("objdump lists %llu of %llu instructions\n", (unsigned long long)listed,
               (unsigned long long)n);
        disagreements++;
    }
    unlink(path);
    g_free(path);
    g_byte_array_unref(code);
    return disagreements;
}

int main(int argc, char **argv)
{
    const char *library = argc > 1 ? argv[1] : LIBRARY;
    char *objdump = g_find_program_in_path("riscv64-linux-gnu-objdump");
    uint64_t disagreements = 0;

    if (!objdump || !g_file_test(library, G_FILE_TEST_EXISTS)) {
        printf("SKIPPED: no %s: install binutils-riscv64-linux-gnu and libc6-riscv64-cross\n",
               objdump ? library : "riscv64-linux-gnu-objdump");
        return SKIPPED;
    }
    g_free(objdump);
    disagreements = sweep_generated();
    if (sweep_listing(library, "-d", library, &disagreements) < 100000) {
        printf("%s is not a library of RISC-V code\n", library);
        disagreements++;
    }
    return disagreements ? EXIT_FAILURE : EXIT_SUCCESS;
}
