/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA descriptions, against instructions that an assembler encoded.
 *
 * The words come from aarch64-linux-gnu-as (2.40, armv8.8-a); the text beside each is what
 * was assembled. arch-sweep.c compares the same decoder with a disassembler at large.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "osinstr/arch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE OSI_NO_REG
#define NOWHERE INT64_MIN /* no branch target */
#define TIMER(name) OSI_TIMER_##name

struct encoding {
    const char *text;
    uint32_t word;
    enum osi_insn_kind kind;
    uint8_t reg;
    uint16_t imm;
    int64_t displacement;
};

#define ROW(text, word, kind, reg, imm, displacement) \
    { text, word, OSI_INSN_##kind, reg, imm, displacement }

static const struct encoding encodings[] = {
    ROW("bl .", 0x94000000, CALL, NONE, 0, 0),
    ROW("bl .+4", 0x94000001, CALL, NONE, 0, 4),
    ROW("bl .-4", 0x97ffffff, CALL, NONE, 0, -4),
    ROW("bl .+0x7fffffc", 0x95ffffff, CALL, NONE, 0, 0x7fffffc),
    ROW("bl .-0x8000000", 0x96000000, CALL, NONE, 0, -0x8000000),
    ROW("b .+8", 0x14000002, JUMP, NONE, 0, 8),
    ROW("b .-0x1000", 0x17fffc00, JUMP, NONE, 0, -0x1000),
    ROW("b .+0x7fffffc", 0x15ffffff, JUMP, NONE, 0, 0x7fffffc),
    ROW("b .-0x8000000", 0x16000000, JUMP, NONE, 0, -0x8000000),
    ROW("b.al .+16", 0x5400008e, JUMP, NONE, 0, 16),
    ROW("b.nv .-16", 0x54ffff8f, JUMP, NONE, 0, -16),
    ROW("bc.al .+16", 0x5400009e, JUMP, NONE, 0, 16),
    ROW("b.eq .+8", 0x54000040, BRANCH, NONE, 0, 8),
    ROW("b.ne .-8", 0x54ffffc1, BRANCH, NONE, 0, -8),
    ROW("b.hi .+0xffffc", 0x547fffe8, BRANCH, NONE, 0, 0xffffc),
    ROW("b.le .-0x100000", 0x5480000d, BRANCH, NONE, 0, -0x100000),
    ROW("bc.eq .+8", 0x54000050, BRANCH, NONE, 0, 8),
    ROW("bc.lt .-8", 0x54ffffdb, BRANCH, NONE, 0, -8),
    ROW("cbz x3, .+32", 0xb4000103, BRANCH, 3, 0, 32),
    ROW("cbz w30, .-32", 0x34ffff1e, BRANCH, 30, 0, -32),
    ROW("cbnz x0, .+0xffffc", 0xb57fffe0, BRANCH, 0, 0, 0xffffc),
    ROW("cbnz wzr, .-0x100000", 0x3580001f, BRANCH, 31, 0, -0x100000),
    ROW("tbz x5, #63, .+0x7ffc", 0xb6fbffe5, BRANCH, 5, 0, 0x7ffc),
    ROW("tbz w9, #0, .-0x8000", 0x36040009, BRANCH, 9, 0, -0x8000),
    ROW("tbnz w1, #31, .+4", 0x37f80021, BRANCH, 1, 0, 4),
    ROW("tbnz x28, #32, .-4", 0xb707fffc, BRANCH, 28, 0, -4),
    ROW("blr x0", 0xd63f0000, CALL_INDIRECT, 0, 0, NOWHERE),
    ROW("blr x30", 0xd63f03c0, CALL_INDIRECT, 30, 0, NOWHERE),
    ROW("blraa x3, x7", 0xd73f0867, CALL_INDIRECT, 3, 0, NOWHERE),
    ROW("blraa x30, sp", 0xd73f0bdf, CALL_INDIRECT, 30, 0, NOWHERE),
    ROW("blrab x4, sp", 0xd73f0c9f, CALL_INDIRECT, 4, 0, NOWHERE),
    ROW("blraaz x5", 0xd63f08bf, CALL_INDIRECT, 5, 0, NOWHERE),
    ROW("blrabz x6", 0xd63f0cdf, CALL_INDIRECT, 6, 0, NOWHERE),
    ROW("br x16", 0xd61f0200, JUMP_INDIRECT, 16, 0, NOWHERE),
    ROW("br xzr", 0xd61f03e0, JUMP_INDIRECT, 31, 0, NOWHERE),
    ROW("braa x17, x16", 0xd71f0a30, JUMP_INDIRECT, 17, 0, NOWHERE),
    ROW("brab x1, sp", 0xd71f0c3f, JUMP_INDIRECT, 1, 0, NOWHERE),
    ROW("braaz x2", 0xd61f085f, JUMP_INDIRECT, 2, 0, NOWHERE),
    ROW("brabz x29", 0xd61f0fbf, JUMP_INDIRECT, 29, 0, NOWHERE),
    ROW("ret", 0xd65f03c0, RETURN, 30, 0, NOWHERE),
    ROW("ret x15", 0xd65f01e0, RETURN, 15, 0, NOWHERE),
    ROW("retaa", 0xd65f0bff, RETURN, 30, 0, NOWHERE),
    ROW("retab", 0xd65f0fff, RETURN, 30, 0, NOWHERE),
    ROW("eret", 0xd69f03e0, EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("eretaa", 0xd69f0bff, EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("eretab", 0xd69f0fff, EXCEPTION_RETURN, NONE, 0, NOWHERE),
    ROW("svc #0", 0xd4000001, SYSCALL, NONE, 0, NOWHERE),
    ROW("svc #0xffff", 0xd41fffe1, SYSCALL, NONE, 0xffff, NOWHERE),
    ROW("hvc #1", 0xd4000022, HYPERCALL, NONE, 1, NOWHERE),
    ROW("smc #0x8000", 0xd4100003, HYPERCALL, NONE, 0x8000, NOWHERE),
    ROW("brk #0x800", 0xd4210000, TRAP, NONE, 0x800, NOWHERE),
    ROW("hlt #0xf000", 0xd45e0000, TRAP, NONE, 0xf000, NOWHERE),
    ROW("udf #0", 0x00000000, TRAP, NONE, 0, NOWHERE),
    ROW("udf #0xffff", 0x0000ffff, TRAP, NONE, 0xffff, NOWHERE),
    ROW("wfi", 0xd503207f, WAIT_INTERRUPT, NONE, 0, NOWHERE),
    ROW("wfit x4", 0xd5031024, WAIT_INTERRUPT, 4, 0, NOWHERE),
    ROW("wfe", 0xd503205f, WAIT_EVENT, NONE, 0, NOWHERE),
    ROW("wfet x30", 0xd503101e, WAIT_EVENT, 30, 0, NOWHERE),
    ROW("msr sp_el0, x0", 0xd5184100, SET_TASK, 0, 0, NOWHERE),
    ROW("msr sp_el0, x28", 0xd518411c, SET_TASK, 28, 0, NOWHERE),
    ROW("msr sp_el0, xzr", 0xd518411f, SET_TASK, 31, 0, NOWHERE),
    ROW("msr vbar_el1, x8", 0xd518c008, SET_VECTORS, 8, 0, NOWHERE),
    ROW("msr vbar_el2, x9", 0xd51cc009, SET_VECTORS, 9, 0, NOWHERE),
    ROW("msr vbar_el12, x10", 0xd51dc00a, SET_VECTORS, 10, 0, NOWHERE),
    ROW("msr tpidr_el1, x11", 0xd518d08b, SET_PERCPU, 11, 0, NOWHERE),
    ROW("msr tpidr_el2, x12", 0xd51cd04c, SET_PERCPU, 12, 0, NOWHERE),
    ROW("msr ttbr0_el1, x13", 0xd518200d, SET_SPACE, 13, 0, NOWHERE),
    ROW("msr ttbr1_el1, x14", 0xd518202e, SET_SPACE, 14, 0, NOWHERE),
    ROW("msr contextidr_el1, x15", 0xd518d02f, SET_SPACE, 15, 0, NOWHERE),
    ROW("msr daifset, #0", 0xd50340df, MASK_SET, NONE, 0, NOWHERE),
    ROW("msr daifset, #1", 0xd50341df, MASK_SET, NONE, 1, NOWHERE),
    ROW("msr daifset, #2", 0xd50342df, MASK_SET, NONE, 2, NOWHERE),
    ROW("msr daifset, #3", 0xd50343df, MASK_SET, NONE, 3, NOWHERE),
    ROW("msr daifset, #4", 0xd50344df, MASK_SET, NONE, 4, NOWHERE),
    ROW("msr daifset, #8", 0xd50348df, MASK_SET, NONE, 8, NOWHERE),
    ROW("msr daifset, #15", 0xd5034fdf, MASK_SET, NONE, 15, NOWHERE),
    ROW("msr daifclr, #0", 0xd50340ff, MASK_CLEAR, NONE, 0, NOWHERE),
    ROW("msr daifclr, #2", 0xd50342ff, MASK_CLEAR, NONE, 2, NOWHERE),
    ROW("msr daifclr, #3", 0xd50343ff, MASK_CLEAR, NONE, 3, NOWHERE),
    ROW("msr daifclr, #5", 0xd50345ff, MASK_CLEAR, NONE, 5, NOWHERE),
    ROW("msr daifclr, #15", 0xd5034fff, MASK_CLEAR, NONE, 15, NOWHERE),
    ROW("msr daif, x16", 0xd51b4230, MASK_WRITE, 16, 0, NOWHERE),
    ROW("mrs x17, daif", 0xd53b4231, MASK_READ, 17, 0, NOWHERE),
    ROW("msr icc_pmr_el1, x18", 0xd5184612, PRIORITY_WRITE, 18, 0, NOWHERE),
    ROW("mrs x19, icc_pmr_el1", 0xd5384613, PRIORITY_READ, 19, 0, NOWHERE),
    ROW("msr allint, #0", 0xd501401f, ALLINT_WRITE, NONE, 0, NOWHERE),
    ROW("msr allint, #1", 0xd501411f, ALLINT_WRITE, NONE, 1, NOWHERE),
    ROW("msr allint, x20", 0xd5184314, ALLINT_WRITE, 20, 0, NOWHERE),
    ROW("mrs x21, icc_iar0_el1", 0xd538c815, IRQ_ACK, 21, 0, NOWHERE),
    ROW("mrs x22, icc_iar1_el1", 0xd538cc16, IRQ_ACK, 22, 0, NOWHERE),
    ROW("mrs x23, icc_nmiar1_el1", 0xd538c9b7, IRQ_ACK, 23, 0, NOWHERE),
    ROW("msr icc_eoir0_el1, x24", 0xd518c838, IRQ_EOI, 24, 0, NOWHERE),
    ROW("msr icc_eoir1_el1, x25", 0xd518cc39, IRQ_EOI, 25, 0, NOWHERE),
    ROW("msr icc_dir_el1, x26", 0xd518cb3a, IRQ_DEACTIVATE, 26, 0, NOWHERE),
    ROW("msr icc_sgi0r_el1, x27", 0xd518cbfb, IRQ_SEND, 27, 0, NOWHERE),
    ROW("msr icc_sgi1r_el1, x28", 0xd518cbbc, IRQ_SEND, 28, 0, NOWHERE),
    ROW("msr icc_asgi1r_el1, x29", 0xd518cbdd, IRQ_SEND, 29, 0, NOWHERE),
    ROW("mrs x30, cntvct_el0", 0xd53be05e, COUNTER_READ, 30, 0, NOWHERE),
    ROW("mrs x0, cntvctss_el0", 0xd53be0c0, COUNTER_READ, 0, 0, NOWHERE),
    ROW("mrs xzr, cntvct_el0", 0xd53be05f, COUNTER_READ, 31, 0, NOWHERE),
    ROW("mrs x1, cntpct_el0", 0xd53be021, COUNTER_READ_PHYS, 1, 0, NOWHERE),
    ROW("mrs x2, cntpctss_el0", 0xd53be0a2, COUNTER_READ_PHYS, 2, 0, NOWHERE),
    ROW("mrs x3, cntfrq_el0", 0xd53be003, COUNTER_FREQ, 3, 0, NOWHERE),
    ROW("msr cntv_cval_el0, x4", 0xd51be344, TIMER_DEADLINE, 4, TIMER(VIRTUAL), NOWHERE),
    ROW("msr cntv_tval_el0, x5", 0xd51be305, TIMER_RELATIVE, 5, TIMER(VIRTUAL), NOWHERE),
    ROW("msr cntv_ctl_el0, x6", 0xd51be326, TIMER_CONTROL, 6, TIMER(VIRTUAL), NOWHERE),
    ROW("msr cntp_cval_el0, x7", 0xd51be247, TIMER_DEADLINE, 7, TIMER(PHYSICAL), NOWHERE),
    ROW("msr cntp_tval_el0, x8", 0xd51be208, TIMER_RELATIVE, 8, TIMER(PHYSICAL), NOWHERE),
    ROW("msr cntp_ctl_el0, x9", 0xd51be229, TIMER_CONTROL, 9, TIMER(PHYSICAL), NOWHERE),
    ROW("msr cnthp_cval_el2, x10", 0xd51ce24a, TIMER_DEADLINE, 10, TIMER(HYP_PHYSICAL), NOWHERE),
    ROW("msr cnthp_tval_el2, x11", 0xd51ce20b, TIMER_RELATIVE, 11, TIMER(HYP_PHYSICAL), NOWHERE),
    ROW("msr cnthp_ctl_el2, x12", 0xd51ce22c, TIMER_CONTROL, 12, TIMER(HYP_PHYSICAL), NOWHERE),
    ROW("msr cnthv_cval_el2, x13", 0xd51ce34d, TIMER_DEADLINE, 13, TIMER(HYP_VIRTUAL), NOWHERE),
    ROW("msr cnthv_tval_el2, x14", 0xd51ce30e, TIMER_RELATIVE, 14, TIMER(HYP_VIRTUAL), NOWHERE),
    ROW("msr cnthv_ctl_el2, x15", 0xd51ce32f, TIMER_CONTROL, 15, TIMER(HYP_VIRTUAL), NOWHERE),
    ROW("msr cntv_cval_el02, x16", 0xd51de350, TIMER_DEADLINE, 16, TIMER(EL02_VIRTUAL), NOWHERE),
    ROW("msr cntv_tval_el02, x17", 0xd51de311, TIMER_RELATIVE, 17, TIMER(EL02_VIRTUAL), NOWHERE),
    ROW("msr cntv_ctl_el02, x18", 0xd51de332, TIMER_CONTROL, 18, TIMER(EL02_VIRTUAL), NOWHERE),
    ROW("msr cntp_cval_el02, x19", 0xd51de253, TIMER_DEADLINE, 19, TIMER(EL02_PHYSICAL), NOWHERE),
    ROW("msr cntp_tval_el02, x20", 0xd51de214, TIMER_RELATIVE, 20, TIMER(EL02_PHYSICAL), NOWHERE),
    ROW("msr cntp_ctl_el02, x21", 0xd51de235, TIMER_CONTROL, 21, TIMER(EL02_PHYSICAL), NOWHERE),
};

struct other {
    const char *text;
    uint32_t word;
};

/* Each differs in one bit from one of the encodings above. */
static const struct other near_misses[] = {
    { "mrs x28, sp_el0", 0xd538411c },
    { "mrs x8, vbar_el1", 0xd538c008 },
    { "mrs x11, tpidr_el1", 0xd538d08b },
    { "mrs x13, ttbr0_el1", 0xd538200d },
    { "mrs x20, allint", 0xd5384314 },
    { "mrs x24, icc_eoir0_el1", 0xd538c838 },
    { "mrs x4, cntv_cval_el0", 0xd53be344 },
    { "mrs x6, cntv_ctl_el0", 0xd53be326 },
    { "mrs x9, cntp_ctl_el0", 0xd53be229 },
    { "msr s3_3_c14_c0_2, x30", 0xd51be05e },
    { "msr cntfrq_el0, x3", 0xd51be003 },
    { "msr s3_0_c12_c12_0, x22", 0xd518cc16 },
    { "msr s3_0_c12_c8_3, x24", 0xd518c878 },
    { "msr sp_el1, x0", 0xd51c4100 },
    { "msr spsr_el1, x0", 0xd5184000 },
    { "msr ttbr0_el2, x13", 0xd51c200d },
    { "msr contextidr_el2, x15", 0xd51cd02f },
    { "msr nzcv, x16", 0xd51b4210 },
    { "msr dit, x16", 0xd51b42b0 },
    { "mrs x17, nzcv", 0xd53b4211 },
    { "msr vbar_el3, x9", 0xd51ec009 },
    { "msr isr_el1, x8", 0xd518c108 },
    { "msr cntps_cval_el1, x7", 0xd51fe247 },
    { "msr tco, #0x1", 0xd503419f },
    { "smstart sm", 0xd503437f },
    { "mrs x21, icc_hppir0_el1", 0xd538c855 },
    { "mrs x22, icc_eoir1_el1", 0xd538cc36 },
    { "mrs x19, s3_0_c4_c6_1", 0xd5384633 },
    { "nop", 0xd503201f },
    { "yield", 0xd503203f },
    { "hint #6", 0xd50320df },
    { "adr x0, .", 0x10000000 },
    { "drps", 0xd6bf03e0 },
    { "undefined", 0xd65f03c1 },
    { "undefined", 0xd65f03d0 },
    { "undefined", 0xd65f07c0 },
    { "undefined", 0xd65f0bfe },
    { "undefined", 0xd65b0bff },
    { "undefined", 0xd63f0001 },
    { "undefined", 0xd63f0400 },
    { "undefined", 0xd63f0800 },
    { "undefined", 0xd63f08be },
    { "undefined", 0xd61f0201 },
    { "undefined", 0xd61f0600 },
    { "undefined", 0xd69f03e1 },
    { "undefined", 0xd69f03c0 },
    { "undefined", 0xd69f0bfe },
    { "undefined", 0xd69f0fef },
    { "undefined", 0xd6df03e0 },
    { "undefined", 0xd4000000 },
    { "undefined", 0xd4000005 },
    { "undefined", 0xd4200001 },
    { "undefined", 0xd4400001 },
    { "undefined", 0x00010000 },
    { "undefined", 0x80000000 },
    { "hint #0xb", 0xd503217f },
    { "msr s0_3_c2_c0_3, x30", 0xd503207e },
    { "msr s0_3_c4_c2_6, x30", 0xd50342de },
    { "msr s0_3_c5_c2_6, xzr", 0xd50352df },
    { "msr s0_3_c4_c2_7, x27", 0xd50342fb },
    { "msr s0_1_c4_c2_0, xzr", 0xd501421f },
    { "msr s0_1_c4_c0_0, x30", 0xd501401e },
    { "ldr s2, .", 0x1c000002 },
    { "sys #0, C4, C1, #0, x0", 0xd5084100 },
    { "msr s2_0_c4_c1_0, x0", 0xd5104100 },
};

static const struct other others[] = {
    { "msr icc_hppir1_el1, x22", 0xd518cc56 },
    { "msr elr_el1, x0", 0xd5184020 },
    { "msr spsel, #0", 0xd50040bf },
    { "msr tpidr_el0, x11", 0xd51bd04b },
    { "msr tpidrro_el0, x11", 0xd51bd06b },
    { "msr actlr_el1, x13", 0xd518102d },
    { "msr ttbr0_el12, x13", 0xd51d200d },
    { "msr ttbr0_el3, x13", 0xd51e200d },
    { "msr contextidr_el12, x15", 0xd51dd02f },
    { "msr cnthctl_el2, x10", 0xd51ce10a },
    { "msr cntkctl_el1, x13", 0xd518e10d },
    { "msr cnthps_cval_el2, x10", 0xd51ce54a },
    { "msr s3_4_c14_c4_2, x13", 0xd51ce44d },
    { "msr pan, #1", 0xd500419f },
    { "msr uao, #1", 0xd500417f },
    { "mrs x22, icc_bpr1_el1", 0xd538cc76 },
    { "sev", 0xd503209f },
    { "sevl", 0xd50320bf },
    { "dcps1", 0xd4a00001 },
    { "dcps2", 0xd4a00002 },
    { "dcps3", 0xd4a00003 },
    { "add x0, x0, #1", 0x91000400 },
    { "ldr x0, .+8", 0x58000040 },
    { "movz x0, #1", 0xd2800020 },
    { "undefined", 0xd71f0211 },
    { "tcancel #0", 0xd4600000 },
    { "undefined", 0xd400000a },
    { "msr s0_3_c1_c0_2, x0", 0xd5031040 },
    { "msr s0_3_c0_c0_1, x0", 0xd5030020 },
    { "adr x3, .+9", 0x30000043 },
    { "undefined", 0x74000020 },
    { "stur b3, [x2]", 0x3c000043 },
    { "add z0.b, p0/m, z0.b, z2.b", 0x04000040 },
    { "sysl x0, #0, C4, C1, #0", 0xd5284100 },
    { "mrs x0, s3_3_c6_c2_1", 0xd53b6220 },
};

static enum osi_insn_kind decode(uint32_t word, struct osi_decoded *out)
{
    const uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };

    /* What a decoder forgets to set shows. */
    memset(out, 0xa5, sizeof(*out));
    return osi_arch_find("aarch64")->decode(bytes, sizeof(bytes), out);
}

static void check_other(const struct other *other)
{
    struct osi_decoded got;

    ck_assert_msg(decode(other->word, &got) == OSI_INSN_OTHER, "%s (%08x) is taken for %s",
                  other->text, other->word, osi_insn_kind_name(got.kind));
    ck_assert_int_eq(got.kind, OSI_INSN_OTHER);
    ck_assert_uint_eq(got.reg, OSI_NO_REG);
    ck_assert_uint_eq(got.imm, 0);
    ck_assert_int_eq(got.displacement, 0);
    ck_assert(!got.conditional);
    ck_assert(!got.has_target);
}

static bool is_near(uint32_t word)
{
    for (size_t i = 0; i < COUNT(encodings); i++) {
        if (__builtin_popcount(word ^ encodings[i].word) == 1)
            return true;
    }
    return false;
}

START_TEST(test_encoding)
{
    const struct encoding *want = &encodings[_i];
    bool has_target = want->displacement != NOWHERE;
    struct osi_decoded got;

    ck_assert_msg(decode(want->word, &got) == want->kind, "%s (%08x) is %s", want->text,
                  want->word, osi_insn_kind_name(got.kind));
    ck_assert_int_eq(got.kind, want->kind);
    ck_assert_uint_eq(got.reg, want->reg);
    ck_assert_uint_eq(got.imm, want->imm);
    ck_assert(got.has_target == has_target);
    ck_assert_int_eq(got.displacement, has_target ? want->displacement : 0);
    ck_assert(got.conditional == (want->kind == OSI_INSN_BRANCH));
}
END_TEST

START_TEST(test_near_miss)
{
    ck_assert_msg(is_near(near_misses[_i].word), "%s is not near", near_misses[_i].text);
    check_other(&near_misses[_i]);
}
END_TEST

START_TEST(test_other)
{
    check_other(&others[_i]);
}
END_TEST

START_TEST(test_every_kind_is_encoded)
{
    bool seen[OSI_INSN_KINDS] = { [OSI_INSN_OTHER] = true };

    for (size_t i = 0; i < COUNT(encodings); i++)
        seen[encodings[i].kind] = true;
    for (int kind = 0; kind < OSI_INSN_KINDS; kind++)
        ck_assert_msg(seen[kind], "%s has no encoding", osi_insn_kind_name(kind));
}
END_TEST

START_TEST(test_wrong_size)
{
    static const uint8_t call[] = { 1, 0, 0, 0x94, 0 };
    const struct osi_arch *arch = osi_arch_find("aarch64");
    struct osi_decoded got;

    ck_assert_int_eq(arch->decode(call, 4, &got), OSI_INSN_CALL);
    ck_assert_int_eq(arch->decode(call, 0, &got), OSI_INSN_OTHER);
    ck_assert_int_eq(arch->decode(call, 2, &got), OSI_INSN_OTHER);
    ck_assert_int_eq(arch->decode(call, 5, &got), OSI_INSN_OTHER);
    ck_assert_uint_eq(got.reg, OSI_NO_REG);
}
END_TEST

START_TEST(test_kind_names)
{
    for (int kind = 0; kind < OSI_INSN_KINDS; kind++) {
        const char *name = osi_insn_kind_name(kind);

        ck_assert_ptr_nonnull(name);
        ck_assert_str_ne(name, "");
        ck_assert_str_ne(name, "unknown");
        for (int other = 0; other < kind; other++)
            ck_assert_str_ne(name, osi_insn_kind_name(other));
    }
    ck_assert_str_eq(osi_insn_kind_name(OSI_INSN_CALL), "call");
    ck_assert_str_eq(osi_insn_kind_name(OSI_INSN_EXCEPTION_RETURN), "exception-return");
    ck_assert_str_eq(osi_insn_kind_name(OSI_INSN_KINDS), "unknown");
    ck_assert_str_eq(osi_insn_kind_name((enum osi_insn_kind)1000), "unknown");
}
END_TEST

START_TEST(test_find)
{
    ck_assert_str_eq(osi_arch_find("aarch64")->name, "aarch64");
    ck_assert_str_eq(osi_arch_find("x86_64")->name, "x86_64");
    ck_assert_str_eq(osi_arch_find("riscv64")->name, "riscv64");
    ck_assert_ptr_null(osi_arch_find("aarch64_be"));
    ck_assert_ptr_null(osi_arch_find("aarch6"));
    ck_assert_ptr_null(osi_arch_find(""));
    ck_assert_ptr_null(osi_arch_find(NULL));
}
END_TEST

START_TEST(test_features_text)
{
    char text[128];

    ck_assert_str_eq(osi_arch_features_text(OSI_ARCH_DECODE, text, sizeof(text)),
                     "instruction decoding");
    ck_assert_str_eq(osi_arch_features_text(OSI_ARCH_LINUX | OSI_ARCH_DECODE, text, sizeof(text)),
                     "instruction decoding and Linux tasks");
    ck_assert_str_eq(osi_arch_features_text(~0u, text, sizeof(text)),
                     "instruction decoding, argument registers, Linux tasks, the guest's clock, "
                     "interrupts");
    ck_assert_str_eq(osi_arch_features_text(31, text, sizeof(text)),
                     "instruction decoding, argument registers, Linux tasks, the guest's clock and "
                     "interrupts");
    ck_assert_str_eq(osi_arch_features_text(15, text, sizeof(text)),
                     "instruction decoding, argument registers, Linux tasks and the guest's clock");
    ck_assert_str_eq(osi_arch_features_text(0, text, sizeof(text)), "nothing");
    ck_assert_str_eq(osi_arch_features_text(1u << 30, text, sizeof(text)), "unknown features");
}
END_TEST

START_TEST(test_features_text_is_cut)
{
    char text[16];

    memset(text, 'z', sizeof(text));
    ck_assert_str_eq(osi_arch_features_text(~0u, text, 8), "instruc");
    ck_assert_int_eq(text[8], 'z');
    ck_assert_str_eq(osi_arch_features_text(~0u, text, 1), "");
    ck_assert_str_eq(osi_arch_features_text(~0u, text, 0), "");
}
END_TEST

static void check_general(const struct osi_arch *arch, size_t count)
{
    size_t i = 0;

    while (arch->general[i])
        i++;
    ck_assert_uint_eq(i, count);
}

START_TEST(test_aarch64)
{
    const struct osi_arch *arch = osi_arch_find("aarch64");

    ck_assert_uint_eq(arch->features, OSI_ARCH_DECODE | OSI_ARCH_REGISTERS | OSI_ARCH_LINUX |
                                          OSI_ARCH_COUNTER | OSI_ARCH_INTERRUPTS);
    ck_assert_ptr_nonnull(arch->interrupts);
    ck_assert_uint_eq(arch->min_insn, 4);
    ck_assert_uint_eq(arch->max_insn, 4);
    check_general(arch, 31);
    ck_assert_str_eq(arch->general[0], "x0");
    ck_assert_str_eq(arch->general[30], "x30");
    ck_assert_str_eq(arch->arguments[7], "x7");
    ck_assert_ptr_null(arch->arguments[8]);
    ck_assert_str_eq(arch->result, "x0");
    ck_assert_str_eq(arch->stack, "sp");
    ck_assert_str_eq(arch->pc, "pc");
    ck_assert_str_eq(arch->vectors[0], "VBAR_EL1");
    ck_assert_str_eq(arch->vectors[1], "VBAR");
    ck_assert_str_eq(arch->vectors[2], "VBAR_EL2");
    ck_assert_ptr_null(arch->vectors[3]);
    ck_assert_str_eq(arch->counter_freq, "CNTFRQ_EL0");
}
END_TEST

START_TEST(test_aarch64_kernel_half)
{
    bool (*is_kernel)(uint64_t) = osi_arch_find("aarch64")->is_kernel;

    ck_assert(is_kernel(0xffff800008010000));
    ck_assert(is_kernel(0xfff0000000000000)); /* 52-bit addresses */
    ck_assert(is_kernel(0xf5ff000012345678)); /* tagged by KASAN */
    ck_assert(is_kernel(UINT64_MAX));
    ck_assert(!is_kernel(0));
    ck_assert(!is_kernel(0x0000ffffffffffff));
    ck_assert(!is_kernel(0x000fffffffffffff));
    ck_assert(!is_kernel(0xb400007123456789)); /* tagged by a user's allocator */
}
END_TEST

/* Return addresses with a signature in the bits that translation does not look at. */
START_TEST(test_aarch64_code_address)
{
    uint64_t (*code_address)(uint64_t) = osi_arch_find("aarch64")->code_address;

    ck_assert_uint_eq(code_address(0xffff800080010000), 0xffff800080010000);
    ck_assert_uint_eq(code_address(0x00b5800080010000 | 1ull << 55), 0xffff800080010000);
    ck_assert_uint_eq(code_address(0xff80800080010000), 0xffff800080010000);
    ck_assert_uint_eq(code_address(0x0000aaaabbbb0004), 0x0000aaaabbbb0004);
    ck_assert_uint_eq(code_address(0xff7faaaabbbb0004), 0x0000aaaabbbb0004);
    ck_assert_uint_eq(code_address(0x0012aaaabbbb0004), 0x0000aaaabbbb0004);
    ck_assert_str_eq(osi_arch_find("aarch64")->link, "x30");
    ck_assert_str_eq(osi_arch_find("aarch64")->frame, "x29");
}
END_TEST

/* What can move memory, and what stands next to it in the encoding. */
START_TEST(test_aarch64_remaps)
{
    static const struct {
        uint32_t word;
        enum osi_remap remap;
    } words[] = {
        { 0xd5182000, OSI_REMAP_OWN },     /* msr ttbr0_el1, x0 */
        { 0xd5182021, OSI_REMAP_OWN },     /* msr ttbr1_el1, x1 */
        { 0xd5182042, OSI_REMAP_OWN },     /* msr tcr_el1, x2 */
        { 0xd5181000, OSI_REMAP_OWN },     /* msr sctlr_el1, x0 */
        { 0xd518d020, OSI_REMAP_OWN },     /* msr contextidr_el1, x0 */
        { 0xd51c1100, OSI_REMAP_OWN },     /* msr hcr_el2, x0 */
        { 0xd51c2100, OSI_REMAP_OWN },     /* msr vttbr_el2, x0 */
        { 0xd51e1100, OSI_REMAP_OWN },     /* msr scr_el3, x0 */
        { 0xd51d2000, OSI_REMAP_OWN },     /* msr ttbr0_el12, x0 */
        { 0xd5582000, OSI_REMAP_OWN },     /* msrr ttbr0_el1, x0, x1 */
        { 0xd4000002, OSI_REMAP_OWN },     /* hvc #0 */
        { 0xd4000003, OSI_REMAP_OWN },     /* smc #0 */
        { 0xd508871f, OSI_REMAP_FLUSH },   /* tlbi vmalle1 */
        { 0xd5088320, OSI_REMAP_FLUSH },   /* tlbi vae1is, x0 */
        { 0xd50c8000, OSI_REMAP_FLUSH },   /* tlbi ipas2e1is, x0 */
        { 0xd5089320, OSI_REMAP_FLUSH },   /* tlbi vae1isnxs, x0 */
        { 0xd5033b9f, OSI_REMAP_BARRIER }, /* dsb ish */
        { 0xd5033f9f, OSI_REMAP_BARRIER }, /* dsb sy */
        { 0xd503323f, OSI_REMAP_BARRIER }, /* dsb oshnxs */
        { 0xd5182100, OSI_REMAP_NONE },    /* msr apiakeylo_el1, x0 */
        { 0xd518a200, OSI_REMAP_NONE },    /* msr mair_el1, x0 */
        { 0xd518d080, OSI_REMAP_NONE },    /* msr tpidr_el1, x0 */
        { 0xd5184100, OSI_REMAP_NONE },    /* msr sp_el0, x0 */
        { 0xd5382000, OSI_REMAP_NONE },    /* mrs x0, ttbr0_el1 */
        { 0xd50b7420, OSI_REMAP_NONE },    /* dc zva, x0 */
        { 0xd508751f, OSI_REMAP_NONE },    /* ic iallu */
        { 0xd5033fdf, OSI_REMAP_NONE },    /* isb */
        { 0xd5033bbf, OSI_REMAP_NONE },    /* dmb ish */
        { 0xd4000001, OSI_REMAP_NONE },    /* svc #0 */
        { 0xd69f03e0, OSI_REMAP_NONE },    /* eret */
        { 0xf9400000, OSI_REMAP_NONE },    /* ldr x0, [x0] */
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        uint32_t word = words[i].word;
        uint8_t bytes[] = { word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24 };

        ck_assert_msg(osi_arch_find("aarch64")->remaps(bytes, 4) == words[i].remap, "%x", word);
        ck_assert_int_eq(osi_arch_find("aarch64")->remaps(bytes, 2), OSI_REMAP_NONE);
    }
}
END_TEST

START_TEST(test_x86_64)
{
    const struct osi_arch *arch = osi_arch_find("x86_64");

    ck_assert_uint_eq(arch->features, OSI_ARCH_DECODE | OSI_ARCH_REGISTERS);
    ck_assert_ptr_nonnull(arch->decode);
    ck_assert_ptr_null(arch->accesses_memory);
    ck_assert_ptr_null(arch->interrupts);
    check_general(arch, 16);
    ck_assert_str_eq(arch->general[1], "rcx"); /* by number, not as listed */
    ck_assert_str_eq(arch->arguments[3], "rcx");
    ck_assert_ptr_null(arch->vectors[0]);
    ck_assert_ptr_null(arch->counter_freq);
    ck_assert(arch->is_kernel(0xffffffff81000000));
    ck_assert(!arch->is_kernel(0x00007fffffffffff));
}
END_TEST

START_TEST(test_riscv64)
{
    const struct osi_arch *arch = osi_arch_find("riscv64");

    ck_assert_uint_eq(arch->features, OSI_ARCH_DECODE | OSI_ARCH_REGISTERS);
    ck_assert_ptr_nonnull(arch->decode);
    ck_assert_ptr_nonnull(arch->accesses_memory);
    ck_assert_ptr_null(arch->interrupts);
    check_general(arch, 32);
    ck_assert_str_eq(arch->general[10], arch->arguments[0]);
    ck_assert_str_eq(arch->general[8], "fp");
    ck_assert_str_eq(arch->vectors[0], "stvec");
    ck_assert(arch->is_kernel(0xffffffff80000000));
    ck_assert(!arch->is_kernel(0x0000003fffffffff));
}
END_TEST

static TCase *decoding_case(void)
{
    TCase *tcase = tcase_create("decoding");

    tcase_add_loop_test(tcase, test_encoding, 0, COUNT(encodings));
    tcase_add_loop_test(tcase, test_near_miss, 0, COUNT(near_misses));
    tcase_add_loop_test(tcase, test_other, 0, COUNT(others));
    tcase_add_test(tcase, test_every_kind_is_encoded);
    tcase_add_test(tcase, test_wrong_size);
    return tcase;
}

static TCase *description_case(void)
{
    TCase *tcase = tcase_create("description");

    tcase_add_test(tcase, test_kind_names);
    tcase_add_test(tcase, test_find);
    tcase_add_test(tcase, test_features_text);
    tcase_add_test(tcase, test_features_text_is_cut);
    tcase_add_test(tcase, test_aarch64);
    tcase_add_test(tcase, test_aarch64_kernel_half);
    tcase_add_test(tcase, test_aarch64_code_address);
    tcase_add_test(tcase, test_aarch64_remaps);
    tcase_add_test(tcase, test_x86_64);
    tcase_add_test(tcase, test_riscv64);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("arch");
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, decoding_case());
    suite_add_tcase(suite, description_case());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
