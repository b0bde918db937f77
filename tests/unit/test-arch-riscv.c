/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RISC-V decoder, against instructions that an assembler encoded (riscv64-linux-gnu-as 2.40);
 * what that does not encode is told in words. arch-sweep-riscv.c compares it with a disassembler at
 * large.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "osinstr/arch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE OSI_NO_REG
#define NOWHERE INT64_MIN /* no branch target */

struct encoding {
    const char *text;
    size_t size;
    uint32_t word;
    enum osi_insn_kind kind;
    uint8_t reg;
    int64_t displacement;
};

#define ROW(text, size, word, kind, reg, displacement) \
    { text, size, word, OSI_INSN_##kind, reg, displacement }

static const struct encoding encodings[] = {
    ROW("jal ra, .", 4, 0x000000ef, CALL, NONE, 0),
    ROW("jal ra, .+0xffffe", 4, 0x7ffff0ef, CALL, NONE, 0xffffe),
    ROW("jal ra, .-0x100000", 4, 0x800000ef, CALL, NONE, -0x100000),
    ROW("jal t0, .+0x800", 4, 0x001002ef, CALL, NONE, 0x800),
    ROW("jal ra, .-2", 4, 0xfffff0ef, CALL, NONE, -2),
    ROW("jal ra, .+0x554", 4, 0x554000ef, CALL, NONE, 0x554),
    ROW("jal ra, .+0xaaaaa", 4, 0x2abaa0ef, CALL, NONE, 0xaaaaa),
    ROW("jal zero, .+0x1000", 4, 0x0000106f, JUMP, NONE, 0x1000),
    ROW("jal zero, .-0x1000", 4, 0x800ff06f, JUMP, NONE, -0x1000),
    ROW("jal t1, .+8", 4, 0x0080036f, JUMP, NONE, 8),
    ROW("jal a0, .-8", 4, 0xff9ff56f, JUMP, NONE, -8),
    ROW("jalr ra, 0(a5)", 4, 0x000780e7, CALL_INDIRECT, 15, NOWHERE),
    ROW("jalr ra, -2048(t1)", 4, 0x800300e7, CALL_INDIRECT, 6, NOWHERE),
    ROW("jalr t0, 16(t0)", 4, 0x010282e7, CALL_INDIRECT, 5, NOWHERE),
    ROW("jalr ra, 0(ra)", 4, 0x000080e7, CALL_INDIRECT, 1, NOWHERE),
    ROW("jalr t0, 0(t6)", 4, 0x000f82e7, CALL_INDIRECT, 31, NOWHERE),
    ROW("jalr ra, 0(t0)", 4, 0x000280e7, CALL_INDIRECT, 5, NOWHERE),
    ROW("jalr t0, 0(ra)", 4, 0x000082e7, CALL_INDIRECT, 1, NOWHERE),
    ROW("jalr ra, 8(zero)", 4, 0x008000e7, CALL_INDIRECT, 0, NOWHERE),
    ROW("jalr zero, 0(ra)", 4, 0x00008067, RETURN, 1, NOWHERE),
    ROW("jalr zero, 4(ra)", 4, 0x00408067, RETURN, 1, NOWHERE),
    ROW("jalr zero, 0(t0)", 4, 0x00028067, RETURN, 5, NOWHERE),
    ROW("jalr t1, 0(ra)", 4, 0x00008367, RETURN, 1, NOWHERE),
    ROW("jalr zero, 0(t1)", 4, 0x00030067, JUMP_INDIRECT, 6, NOWHERE),
    ROW("jalr zero, 2047(t6)", 4, 0x7fff8067, JUMP_INDIRECT, 31, NOWHERE),
    ROW("jalr t1, 0(t3)", 4, 0x000e0367, JUMP_INDIRECT, 28, NOWHERE),
    ROW("jalr zero, 0(zero)", 4, 0x00000067, JUMP_INDIRECT, 0, NOWHERE),
    ROW("beq a0, a1, .", 4, 0x00b50063, BRANCH, NONE, 0),
    ROW("bne a0, zero, .+0xffe", 4, 0x7e051fe3, BRANCH, NONE, 0xffe),
    ROW("blt s0, s1, .-0x1000", 4, 0x80944063, BRANCH, NONE, -0x1000),
    ROW("bge t0, t6, .+0x554", 4, 0x55f2da63, BRANCH, NONE, 0x554),
    ROW("bltu a0, a1, .+0xaaa", 4, 0x2ab565e3, BRANCH, NONE, 0xaaa),
    ROW("bgeu a0, a1, .-2", 4, 0xfeb57fe3, BRANCH, NONE, -2),
    ROW("beq zero, zero, .+4", 4, 0x00000263, BRANCH, NONE, 4),
    ROW("ecall", 4, 0x00000073, SYSCALL, NONE, NOWHERE),
    ROW("ebreak", 4, 0x00100073, TRAP, NONE, NOWHERE),
    ROW("unimp", 4, 0xc0001073, TRAP, NONE, NOWHERE),
    ROW("sret", 4, 0x10200073, EXCEPTION_RETURN, NONE, NOWHERE),
    ROW("mret", 4, 0x30200073, EXCEPTION_RETURN, NONE, NOWHERE),
    ROW("dret", 4, 0x7b200073, EXCEPTION_RETURN, NONE, NOWHERE),
    ROW("mnret", 4, 0x70200073, EXCEPTION_RETURN, NONE, NOWHERE),
    ROW("wfi", 4, 0x10500073, WAIT_INTERRUPT, NONE, NOWHERE),
    ROW("wrs.nto", 4, 0x00d00073, WAIT_EVENT, NONE, NOWHERE),
    ROW("wrs.sto", 4, 0x01d00073, WAIT_EVENT, NONE, NOWHERE),
    ROW("c.j .", 2, 0xa001, JUMP, NONE, 0),
    ROW("c.j .+0x7fe", 2, 0xaffd, JUMP, NONE, 0x7fe),
    ROW("c.j .-0x800", 2, 0xb001, JUMP, NONE, -0x800),
    ROW("c.j .+0x554", 2, 0xab91, JUMP, NONE, 0x554),
    ROW("c.j .+0x2aa", 2, 0xa46d, JUMP, NONE, 0x2aa),
    ROW("c.j .-2", 2, 0xbffd, JUMP, NONE, -2),
    ROW("c.beqz a0, .+0xfe", 2, 0xcd7d, BRANCH, 10, 0xfe),
    ROW("c.beqz s0, .-0x100", 2, 0xd001, BRANCH, 8, -0x100),
    ROW("c.bnez a5, .+0x54", 2, 0xebb1, BRANCH, 15, 0x54),
    ROW("c.bnez s1, .+0xaa", 2, 0xe4cd, BRANCH, 9, 0xaa),
    ROW("c.bnez a0, .-2", 2, 0xfd7d, BRANCH, 10, -2),
    ROW("c.jr ra", 2, 0x8082, RETURN, 1, NOWHERE),
    ROW("c.jr t0", 2, 0x8282, RETURN, 5, NOWHERE),
    ROW("c.jr a5", 2, 0x8782, JUMP_INDIRECT, 15, NOWHERE),
    ROW("c.jr t6", 2, 0x8f82, JUMP_INDIRECT, 31, NOWHERE),
    ROW("c.jalr a5", 2, 0x9782, CALL_INDIRECT, 15, NOWHERE),
    ROW("c.jalr ra", 2, 0x9082, CALL_INDIRECT, 1, NOWHERE),
    ROW("c.jalr t0", 2, 0x9282, CALL_INDIRECT, 5, NOWHERE),
    ROW("c.ebreak", 2, 0x9002, TRAP, NONE, NOWHERE),
    ROW("c.unimp", 2, 0x0000, TRAP, NONE, NOWHERE),
};

static const struct {
    const char *text;
    size_t size;
    uint32_t word;
    bool accesses;
} others[] = {
    { "c.nop", 2, 0x0001, false },
    { "c.mv a0, ra", 2, 0x8506, false },
    { "c.mv ra, a0", 2, 0x80aa, false },
    { "c.add a0, ra", 2, 0x9506, false },
    { "c.add t0, ra", 2, 0x9286, false },
    { "c.jr without a register: reserved", 2, 0x8002, false },
    { "c.fsdsp fa0, 0(sp)", 2, 0xa02a, true },
    { "c.fsdsp ft1, 504(sp)", 2, 0xbf86, true },
    { "cm.popret without the D extension", 2, 0xbe02, true },
    { "cm.jt without the D extension", 2, 0xa002, true },
    { "c.addiw a0, 1", 2, 0x2505, false },
    { "c.ldsp ra, 0(sp)", 2, 0x6082, true },
    { "c.sdsp ra, 0(sp)", 2, 0xe006, true },
    { "c.addi4spn a0, sp, 4", 2, 0x0048, false },
    { "c.addi4spn s0, sp, 512", 2, 0x0400, false },
    { "c.fld fa0, 0(a0)", 2, 0x2108, true },
    { "c.ld a0, 0(a0)", 2, 0x6108, true },
    { "c.lui a0, 1", 2, 0x6505, false },
    { "c.li a0, 0", 2, 0x4501, false },
    { "c.andi a0, 0", 2, 0x8901, false },
    { "addi zero, zero, 0", 4, 0x00000013, false },
    { "lui ra, 0x12345", 4, 0x123450b7, false },
    { "auipc ra, 0x12345", 4, 0x12345097, false },
    { "ld ra, 8(sp)", 4, 0x00813083, true },
    { "sd ra, 8(sp)", 4, 0x00113423, true },
    { "lr.d a0, (a0)", 4, 0x1005352f, true },
    { "amoadd.w a0, a1, (a0)", 4, 0x00b5252f, true },
    { "flw fa0, 0(a0)", 4, 0x00052507, true },
    { "fsd fa0, 0(a0)", 4, 0x00a53027, true },
    { "fence", 4, 0x0ff0000f, false },
    { "pause", 4, 0x0100000f, false },
    { "fence.i", 4, 0x0000100f, false },
    { "csrr a0, time", 4, 0xc0102573, false },
    { "csrrw a0, sscratch, a0", 4, 0x14051573, false },
    { "csrrwi zero, sstatus, 2", 4, 0x10015073, false },
    { "csrrs ra, cycle, zero", 4, 0xc00020f3, false },
    { "csrrw zero, cycle, ra", 4, 0xc0009073, false },
    { "csrrs zero, cycle, zero", 4, 0xc0002073, false },
    { "sfence.vma", 4, 0x12000073, false },
    { "hlv.w a0, (a0)", 4, 0x68054573, true },
    { "hsv.w a0, (a0)", 4, 0x6aa54073, true },
    { "uret, withdrawn", 4, 0x00200073, false },
    { "ecall with rd: reserved", 4, 0x000000f3, false },
    { "ecall with rs1: reserved", 4, 0x00008073, false },
    { "reserved", 4, 0x00300073, false },
    { "wfi with rd: reserved", 4, 0x10500173, false },
    { "jalr with a function: reserved", 4, 0x00009067, false },
    { "branch with function 2: reserved", 4, 0x0000a063, false },
    { "branch with function 3: reserved", 4, 0x0000b063, false },
    { "reserved", 4, 0x00f5006b, false },
};

static void to_bytes(uint32_t word, uint8_t *bytes)
{
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> 8 * i);
}

static enum osi_insn_kind decode(uint32_t word, size_t size, struct osi_decoded *out)
{
    uint8_t bytes[4];

    to_bytes(word, bytes);
    memset(out, 0xa5, sizeof(*out)); /* what a decoder forgets to set shows */
    return osi_arch_find("riscv64")->decode(bytes, size, out);
}

static bool accesses(uint32_t word, size_t size)
{
    uint8_t bytes[4];

    to_bytes(word, bytes);
    return osi_arch_find("riscv64")->accesses_memory(bytes, size);
}

static void check_other(const char *text, uint32_t word, size_t size)
{
    struct osi_decoded got;

    ck_assert_msg(decode(word, size, &got) == OSI_INSN_OTHER, "%s (%x) is %s", text, word,
                  osi_insn_kind_name(got.kind));
    ck_assert_int_eq(got.kind, OSI_INSN_OTHER);
    ck_assert_uint_eq(got.reg, NONE);
    ck_assert(!got.conditional && !got.has_target);
    ck_assert_int_eq(got.displacement, 0);
}

START_TEST(test_encoding)
{
    const struct encoding *want = &encodings[_i];
    bool has_target = want->displacement != NOWHERE;
    struct osi_decoded got;

    ck_assert_msg(decode(want->word, want->size, &got) == want->kind, "%s (%x) is %s", want->text,
                  want->word, osi_insn_kind_name(got.kind));
    ck_assert_int_eq(got.kind, want->kind);
    ck_assert_uint_eq(got.reg, want->reg);
    ck_assert_uint_eq(got.imm, 0);
    ck_assert(got.has_target == has_target);
    ck_assert_int_eq(got.displacement, has_target ? want->displacement : 0);
    ck_assert(got.conditional == (want->kind == OSI_INSN_BRANCH));
    ck_assert(!accesses(want->word, want->size));
}
END_TEST

START_TEST(test_other)
{
    check_other(others[_i].text, others[_i].word, others[_i].size);
    ck_assert_msg(accesses(others[_i].word, others[_i].size) == others[_i].accesses, "%s",
                  others[_i].text);
}
END_TEST

START_TEST(test_wrong_size)
{
    for (size_t i = 0; i < COUNT(encodings); i++) {
        static const size_t sizes[] = { 0, 1, 3 };

        for (size_t j = 0; j < COUNT(sizes); j++) {
            check_other("wrong size", encodings[i].word, sizes[j]);
            ck_assert(!accesses(encodings[i].word, sizes[j]));
        }
        check_other("half or twice", encodings[i].word, 6 - encodings[i].size);
    }
}
END_TEST

START_TEST(test_every_kind)
{
    for (int kind = OSI_INSN_CALL; kind <= OSI_INSN_WAIT_EVENT; kind++) {
        bool seen = kind == OSI_INSN_HYPERCALL; /* has none of its own */

        for (size_t i = 0; i < COUNT(encodings); i++)
            seen |= (int)encodings[i].kind == kind;
        ck_assert_msg(seen, "%s has no encoding", osi_insn_kind_name(kind));
    }
}
END_TEST

START_TEST(test_remaps)
{
    static const struct {
        uint32_t word;
        enum osi_remap remap;
    } words[] = {
        { 0x12000073, OSI_REMAP_OWN },  /* sfence.vma */
        { 0x12b50073, OSI_REMAP_OWN },  /* sfence.vma a0, a1 */
        { 0x16000073, OSI_REMAP_OWN },  /* sinval.vma */
        { 0x22000073, OSI_REMAP_OWN },  /* hfence.vvma */
        { 0x62000073, OSI_REMAP_OWN },  /* hfence.gvma */
        { 0x18051073, OSI_REMAP_OWN },  /* csrw satp, a0 */
        { 0x28051073, OSI_REMAP_OWN },  /* csrw vsatp, a0 */
        { 0x68051073, OSI_REMAP_OWN },  /* csrw hgatp, a0 */
        { 0x14051073, OSI_REMAP_NONE }, /* csrw sscratch, a0 */
        { 0x10200073, OSI_REMAP_NONE }, /* sret */
        { 0x10500073, OSI_REMAP_NONE }, /* wfi */
        { 0x00000073, OSI_REMAP_NONE }, /* ecall */
        { 0x00053503, OSI_REMAP_NONE }, /* ld a0, 0(a0) */
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        uint8_t bytes[4];

        to_bytes(words[i].word, bytes);
        ck_assert_msg(osi_arch_find("riscv64")->remaps(bytes, 4) == words[i].remap, "%x", words[i].word);
        ck_assert_int_eq(osi_arch_find("riscv64")->remaps(bytes, 2), OSI_REMAP_NONE);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arch-riscv");
    TCase *tcase = tcase_create("decoding");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tcase, test_encoding, 0, COUNT(encodings));
    tcase_add_loop_test(tcase, test_other, 0, COUNT(others));
    tcase_add_test(tcase, test_wrong_size);
    tcase_add_test(tcase, test_every_kind);
    tcase_add_test(tcase, test_remaps);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
