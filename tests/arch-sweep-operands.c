/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares what the AArch64 decoder says of loads' and stores' addresses, and of the registers that instructions write,
 * with capstone: on a kernel, on random loads and stores, and on random words.
 *
 *     arch-sweep-operands [Image]      default: $OSINSTR_KERNEL_IMAGE
 *
 * An address must be what capstone's text says, no more and no fewer; written registers may be too many. Exits with 1 on
 * any disagreement and 77 without an Image.
 */
#include <capstone.h>
#include <stdlib.h>
#include <string.h>

#include "arch-sweep.h"

#define RANDOM_WORDS 3000000u
#define SP 31u

struct sweep {
    const struct osi_arch *arch;
    csh capstone;
    cs_insn *insn;
    uint64_t words, operands, writers, freed, disagreements;
};

/* 0 to 31, 31 being the stack pointer; NONE: not a general register, or the zero register. */
static uint8_t register_of(const char *name)
{
    char *end;
    unsigned long number;

    if (strncmp(name, "sp", 2) == 0 || strncmp(name, "wsp", 3) == 0)
        return SP;
    if ((name[0] != 'x' && name[0] != 'w') || name[1] < '0' || name[1] > '9')
        return NONE;
    number = strtoul(name + 1, &end, 10);
    return number <= 30 ? (uint8_t)number : NONE;
}

/* Of what is moved, by mnemonic and first register; 0: none of the instructions that are meant. */
static uint8_t size_of(const char *mnemonic, const char *operands)
{
    static const struct { const char *name; uint8_t size; } named[] = {
        { "ldrb", 1 }, { "ldrsb", 1 }, { "strb", 1 }, { "ldurb", 1 }, { "ldursb", 1 }, { "sturb", 1 },
        { "ldrh", 2 }, { "ldrsh", 2 }, { "strh", 2 }, { "ldurh", 2 }, { "ldursh", 2 }, { "sturh", 2 },
        { "ldrsw", 4 }, { "ldursw", 4 }, { "ldpsw", 8 },
    };
    static const char *const by_register[] = { "ldr", "str", "ldur", "stur", "ldp", "stp", "ldnp", "stnp" };
    static const char letters[] = "bhsdq";
    const char *letter = strchr(letters, operands[0]);
    bool pair;

    for (size_t i = 0; i < COUNT(named); i++) {
        if (strcmp(mnemonic, named[i].name) == 0)
            return named[i].size;
    }
    for (size_t i = 0; i < COUNT(by_register); i++) {
        if (strcmp(mnemonic, by_register[i]) != 0)
            continue;
        pair = mnemonic[strlen(mnemonic) - 1] == 'p';
        if (operands[0] == 'x' || operands[0] == 'w')
            return (uint8_t)((operands[0] == 'x' ? 8 : 4) << pair);
        return letter && *letter && !pair ? (uint8_t)(1 << (letter - letters)) : 0;
    }
    return 0;
}

/* capstone 4 prints a negative step as an unsigned number of 64 bits. */
static int64_t number_of(const char *text)
{
    return text[0] == '-' ? strtoll(text, NULL, 0) : (int64_t)strtoull(text, NULL, 0);
}

/* "x0, [x1, #8]", "x0, [x1, #8]!", "x0, [x1], #8"; a second register in the brackets is none of them. */
static bool witness(const cs_insn *insn, struct osi_operand *want)
{
    const char *open = strchr(insn->op_str, '['), *close = strchr(insn->op_str, ']'), *hash;
    int32_t constant = 0;

    *want = (struct osi_operand){ .size = size_of(insn->mnemonic, insn->op_str), .store = insn->mnemonic[0] == 's' };
    if (!want->size || !open || !close)
        return false;
    want->base = register_of(open + 1);
    hash = strchr(open, '#');
    if (hash)
        constant = (int32_t)number_of(hash + 1);
    if (strchr(open, ',') && (!hash || strchr(open, ',') + 2 != hash))
        return false;
    if (hash && hash > close)
        want->step = constant;
    else
        want->distance = constant;
    if (close[1] == '!')
        want->step = constant;
    return true;
}

static bool same_operand(const struct osi_operand *a, const struct osi_operand *b)
{
    return a->base == b->base && a->size == b->size && a->store == b->store && a->distance == b->distance &&
           a->step == b->step;
}

static bool disassemble(struct sweep *sweep, const uint8_t *bytes)
{
    const uint8_t *next = bytes;
    size_t left = 4;
    uint64_t address = 0x10000000;

    return cs_disasm_iter(sweep->capstone, &next, &left, &address, sweep->insn);
}

static void complain(struct sweep *sweep, const uint8_t *bytes, const char *what)
{
    if (sweep->disagreements++ < SHOWN)
        printf("%02x%02x%02x%02x %s %s: %s\n", bytes[3], bytes[2], bytes[1], bytes[0], sweep->insn->mnemonic,
               sweep->insn->op_str, what);
}

/* capstone 4 says that comparisons write their first operand. */
static bool only_compares(const char *mnemonic)
{
    static const char *const names[] = { "cmp", "cmn", "tst", "ccmp", "ccmn" };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(mnemonic, names[i]) == 0)
            return true;
    }
    return false;
}

/* A register that is loaded twice, or whose step collides with what is moved: allocated, but Arm does not say what happens,
 * and capstone does not show them. */
static bool is_unpredictable(uint32_t word, const struct osi_operand *operand)
{
    unsigned rt = word & 31, rt2 = word >> 10 & 31;
    bool pair = (word & 0x3a000000) == 0x28000000;

    return (pair && !operand->store && rt == rt2) || rt == operand->base || (pair && rt2 == operand->base);
}

static void compare_written(struct sweep *sweep, const uint8_t *bytes, const struct osi_operand *operand)
{
    uint32_t written = sweep->arch->written(bytes, 4);
    bool steps = strstr(sweep->insn->op_str, "]!") || strstr(sweep->insn->op_str, "], #");
    cs_regs reads, writes;
    uint8_t n_reads, n_writes;

    sweep->freed += written != UINT32_MAX;
    if (only_compares(sweep->insn->mnemonic))
        return;
    if (cs_regs_access(sweep->capstone, sweep->insn, reads, &n_reads, writes, &n_writes) != CS_ERR_OK)
        return;
    for (unsigned i = 0; i < n_writes; i++) {
        uint8_t reg = register_of(cs_reg_name(sweep->capstone, writes[i]));

        if (reg == NONE || (operand && reg == operand->base && steps))
            continue;
        sweep->writers++;
        if (!(written >> reg & 1))
            complain(sweep, bytes, cs_reg_name(sweep->capstone, writes[i]));
    }
}

static void compare(struct sweep *sweep, const uint8_t *bytes)
{
    struct osi_operand got, want;
    bool has = sweep->arch->operand(bytes, 4, &got), wanted;

    sweep->words++;
    if (!disassemble(sweep, bytes)) { /* not allocated, or younger than capstone */
        sweep->insn->mnemonic[0] = sweep->insn->op_str[0] = '\0';
        if (has && !is_unpredictable(bytes[0] | bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24, &got))
            complain(sweep, bytes, "has no operand, capstone does not know it");
        return;
    }
    wanted = witness(sweep->insn, &want);
    sweep->operands += wanted;
    if (has != wanted || (has && !same_operand(&got, &want)))
        complain(sweep, bytes, "another operand");
    compare_written(sweep, bytes, has ? &got : NULL);
}

static uint64_t finish(const struct sweep *sweep, const char *part)
{
    printf("%s: %llu words, %llu operands, %llu written registers, %llu words that do not write all, %llu disagreements\n",
           part, (unsigned long long)sweep->words, (unsigned long long)sweep->operands,
           (unsigned long long)sweep->writers, (unsigned long long)sweep->freed,
           (unsigned long long)sweep->disagreements);
    fflush(stdout);
    return sweep->disagreements + !sweep->operands + !sweep->writers + !sweep->freed;
}

static uint64_t sweep_random(const struct sweep *tools, const char *part, uint32_t mask, uint32_t fixed)
{
    struct sweep sweep = *tools;
    uint64_t state = 20261122;

    for (uint32_t i = 0; i < RANDOM_WORDS; i++) {
        uint32_t word = (next_random(&state) & ~mask) | fixed;
        const uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };

        compare(&sweep, bytes);
    }
    return finish(&sweep, part);
}

static int sweep_image(const struct sweep *tools, const char *path)
{
    struct sweep sweep = *tools;
    FILE *file = path ? fopen(path, "rb") : NULL;
    uint8_t bytes[4];

    if (!file) {
        printf("SKIPPED: no kernel Image: give a path or set OSINSTR_KERNEL_IMAGE\n");
        return SKIPPED;
    }
    while (fread(bytes, sizeof(bytes), 1, file) == 1)
        compare(&sweep, bytes);
    fclose(file);
    return finish(&sweep, "Image") != 0;
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
    cs_option(tools.capstone, CS_OPT_DETAIL, CS_OPT_ON);
    tools.insn = cs_malloc(tools.capstone);
    disagreements = sweep_random(&tools, "random loads and stores", 0x0a000000, 0x08000000) +
                    sweep_random(&tools, "random", 0, 0);
    result = sweep_image(&tools, argc > 1 ? argv[1] : getenv("OSINSTR_KERNEL_IMAGE"));
    cs_free(tools.insn, 1);
    cs_close(&tools.capstone);
    return disagreements ? EXIT_FAILURE : result;
}
