/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How AArch64 takes, masks and classifies interrupts, against the architecture manual's tables. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "osinstr/arch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct osi_arch_interrupts *is;

static void find_interrupts(void)
{
    is = osi_arch_find("aarch64")->interrupts;
}

/* ---- the vector table ---- */
static const struct {
    uint32_t offset;
    struct osi_vector vector;
} entries[] = {
    { 0x000, { "el1t_64_sync", OSI_VECTOR_EXCEPTION, false } },
    { 0x080, { "el1t_64_irq", OSI_VECTOR_IRQ, false } },
    { 0x100, { "el1t_64_fiq", OSI_VECTOR_FIQ, false } },
    { 0x180, { "el1t_64_error", OSI_VECTOR_ERROR, false } },
    { 0x200, { "el1h_64_sync", OSI_VECTOR_EXCEPTION, false } },
    { 0x280, { "el1h_64_irq", OSI_VECTOR_IRQ, false } },
    { 0x300, { "el1h_64_fiq", OSI_VECTOR_FIQ, false } },
    { 0x380, { "el1h_64_error", OSI_VECTOR_ERROR, false } },
    { 0x400, { "el0t_64_sync", OSI_VECTOR_EXCEPTION, true } },
    { 0x480, { "el0t_64_irq", OSI_VECTOR_IRQ, true } },
    { 0x500, { "el0t_64_fiq", OSI_VECTOR_FIQ, true } },
    { 0x580, { "el0t_64_error", OSI_VECTOR_ERROR, true } },
    { 0x600, { "el0t_32_sync", OSI_VECTOR_EXCEPTION, true } },
    { 0x680, { "el0t_32_irq", OSI_VECTOR_IRQ, true } },
    { 0x700, { "el0t_32_fiq", OSI_VECTOR_FIQ, true } },
    { 0x780, { "el0t_32_error", OSI_VECTOR_ERROR, true } },
};

START_TEST(vectors)
{
    ck_assert_uint_eq(is->table / is->entry, COUNT(entries));
    for (unsigned i = 0; i < COUNT(entries); i++) {
        const struct osi_vector *vector = &is->vectors[entries[i].offset / is->entry];

        ck_assert_str_eq(vector->name, entries[i].vector.name);
        ck_assert_uint_eq(vector->kind, entries[i].vector.kind);
        ck_assert_uint_eq(vector->user, entries[i].vector.user);
    }
}
END_TEST

/* M[4:0] of a saved status, and the group of four entries that it fits at each level. */
enum { ELSEWHERE = 4 };

static const struct {
    uint64_t saved;
    unsigned at_el1, at_el2;
} saved[] = {
    { 0x00, 2, 2 },         /* EL0t */
    { 0x04, 0, 2 },         /* EL1t */
    { 0x05, 1, 2 },         /* EL1h */
    { 0x08, ELSEWHERE, 0 }, /* EL2t */
    { 0x09, ELSEWHERE, 1 }, /* EL2h */
    { 0x0d, ELSEWHERE, ELSEWHERE }, /* EL3h */
    { 0x10, 3, 3 },         /* AArch32 User */
    { 0x1f, 3, 3 },         /* AArch32 System */
};

START_TEST(saved_status_fits)
{
    const uint64_t flags = 0xf02003c0; /* conditions and masks say nothing */

    for (size_t i = 0; i < COUNT(saved); i++) {
        for (unsigned entry = 0; entry < 16; entry++) {
            bool el1 = saved[i].at_el1 == entry / 4, el2 = saved[i].at_el2 == entry / 4;

            ck_assert_msg(is->fits(entry, saved[i].saved, 1) == el1 &&
                          is->fits(entry, saved[i].saved | flags, 1) == el1 &&
                          is->fits(entry, saved[i].saved, 2) == el2 &&
                          is->fits(entry, saved[i].saved | flags, 2) == el2,
                          "%#x at entry %u", (unsigned)saved[i].saved, entry);
        }
    }
}
END_TEST

START_TEST(levels)
{
    ck_assert_uint_eq(is->level(0x000), 0);
    ck_assert_uint_eq(is->level(0x3c4), 1);
    ck_assert_uint_eq(is->level(0x3c5), 1);
    ck_assert_uint_eq(is->level(0x609), 2);
    ck_assert_uint_eq(is->level(0x60d), 3);
    ck_assert_str_eq(is->return_address[1], "ELR_EL1");
    ck_assert_str_eq(is->saved_status[2], "SPSR_EL2");
    ck_assert_str_eq(is->syndrome[1], "ESR_EL1");
    ck_assert_ptr_null(is->return_address[0]); /* nothing is taken to EL0 */
}
END_TEST

/* ---- masks ---- */
START_TEST(masks)
{
    ck_assert_uint_eq(is->masks(0), 0);
    ck_assert_uint_eq(is->masks(0x80), OSI_MASK_STATUS);
    ck_assert_uint_eq(is->masks(0x40), 0);  /* F */
    ck_assert_uint_eq(is->masks(0x340), 0); /* D, A, F */
    ck_assert_uint_eq(is->masks(0x3c0), OSI_MASK_STATUS);
    ck_assert_uint_eq(is->masks(0x2000), OSI_MASK_ALL);
    ck_assert_uint_eq(is->masks(0x2085), OSI_MASK_ALL | OSI_MASK_STATUS);
    ck_assert_uint_eq(is->masks(~UINT64_C(0x2080)), 0);
}
END_TEST

#define S OSI_MASK_STATUS
#define P OSI_MASK_PRIORITY
#define A OSI_MASK_ALL
#define NO OSI_NO_REG

static const struct {
    const char *text;
    struct osi_decoded insn;
    uint64_t value;
    unsigned change, masks;
} written[] = {
    { "daifset #2", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 2 }, 0, S, S },
    { "daifset #15", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 15 }, 0, S, S },
    { "daifset #3", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 3 }, ~0ull, S, S },
    { "daifset #1", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 1 }, 0, 0, 0 },
    { "daifset #4", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 4 }, ~0ull, 0, 0 },
    { "daifset #13", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 13 }, 0, 0, 0 },
    { "daifset #0", { .kind = OSI_INSN_MASK_SET, .reg = NO, .imm = 0 }, 0, 0, 0 },
    { "daifclr #2", { .kind = OSI_INSN_MASK_CLEAR, .reg = NO, .imm = 2 }, 0, S, 0 },
    { "daifclr #15", { .kind = OSI_INSN_MASK_CLEAR, .reg = NO, .imm = 15 }, 0, S, 0 },
    { "daifclr #8", { .kind = OSI_INSN_MASK_CLEAR, .reg = NO, .imm = 8 }, 0, 0, 0 },
    { "daifclr #13", { .kind = OSI_INSN_MASK_CLEAR, .reg = NO, .imm = 13 }, 0, 0, 0 },
    { "daif, 0xc0", { .kind = OSI_INSN_MASK_WRITE, .reg = 0 }, 0xc0, S, S },
    { "daif, 0x80", { .kind = OSI_INSN_MASK_WRITE, .reg = 0 }, 0x80, S, S },
    { "daif, 0x40", { .kind = OSI_INSN_MASK_WRITE, .reg = 0 }, 0x40, S, 0 },
    { "daif, 0x2000", { .kind = OSI_INSN_MASK_WRITE, .reg = 0 }, 0x2000, S, 0 }, /* not ALLINT */
    { "pmr, 0", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0x00, P, P },
    { "pmr, 0x60", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0x60, P, P },
    { "pmr, 0xa0", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xa0, P, P },
    { "pmr, 0xc0", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xc0, P, P },
    { "pmr, 0xe0", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xe0, P, 0 },
    { "pmr, 0xf0", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xf0, P, 0 },
    { "pmr, 0xff", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xff, P, 0 },
    { "pmr, 0xff60", { .kind = OSI_INSN_PRIORITY_WRITE, .reg = 1 }, 0xff60, P, P },
    { "allint #1", { .kind = OSI_INSN_ALLINT_WRITE, .reg = NO, .imm = 1 }, 0, A, A },
    { "allint #0", { .kind = OSI_INSN_ALLINT_WRITE, .reg = NO, .imm = 0 }, 0x2000, A, 0 },
    { "allint, 0x2000", { .kind = OSI_INSN_ALLINT_WRITE, .reg = 4 }, 0x2000, A, A },
    { "allint, 0x80", { .kind = OSI_INSN_ALLINT_WRITE, .reg = 4, .imm = 1 }, 0x80, A, 0 },
};

START_TEST(writes)
{
    unsigned change = ~0u, now = is->writes(&written[_i].insn, written[_i].value, &change);

    ck_assert_msg(change == written[_i].change && now == written[_i].masks,
                  "%s: changes %u to %u", written[_i].text, change, now);
}
END_TEST

START_TEST(other_instructions_write_none)
{
    for (unsigned kind = 0; kind < OSI_INSN_KINDS; kind++) {
        struct osi_decoded insn = { .kind = (enum osi_insn_kind)kind, .imm = 15, .reg = 3 };
        unsigned change = ~0u, now = is->writes(&insn, 0xff80, &change);
        bool writer = false;

        for (size_t i = 0; i < COUNT(written); i++) {
            writer |= written[i].insn.kind == insn.kind;
        }
        ck_assert_msg(writer || (change == 0 && now == 0), "%s", osi_insn_kind_name(insn.kind));
        ck_assert_uint_eq(now & ~change, 0);
    }
}
END_TEST

/* ---- exceptions ---- */
/* ESR_ELx.EC in the manual's order: s syscall, p page fault, f FP, u undefined, d debug,
 * a alignment, . other (traps of hypervisors, reserved values). */
static const char *const classes =
    "uu.u.u.f.....u.."  /* 0x00 */
    ".s...s..uf.u.f.."  /* 0x10 */
    "ppa.ppa........."  /* 0x20 */
    "dddddd..d...d..."; /* 0x30 */

START_TEST(classify)
{
    static const char letters[] = "spfuda.";
    static const enum osi_exception meant[] = {
        OSI_EXCEPTION_SYSCALL,   OSI_EXCEPTION_PAGE_FAULT, OSI_EXCEPTION_FP,
        OSI_EXCEPTION_UNDEFINED, OSI_EXCEPTION_DEBUG,      OSI_EXCEPTION_ALIGNMENT,
        OSI_EXCEPTION_OTHER,
    };

    ck_assert_uint_eq(strlen(classes), 64);
    for (uint64_t ec = 0; ec < 64; ec++) {
        enum osi_exception class = meant[strchr(letters, classes[ec]) - letters];
        /* IL, ISS and ISS2 around it say nothing. */
        uint64_t noise = 0x00ffffff03ffffffull;

        ck_assert_msg(is->classify(ec << 26) == class, "EC %#x", (unsigned)ec);
        ck_assert_msg(is->classify(ec << 26 | noise) == class, "EC %#x with noise", (unsigned)ec);
    }
}
END_TEST

START_TEST(exception_names)
{
    ck_assert_str_eq(osi_exception_name(OSI_EXCEPTION_SYSCALL), "syscall");
    ck_assert_str_eq(osi_exception_name(OSI_EXCEPTION_PAGE_FAULT), "page fault");
    for (unsigned i = 0; i < OSI_EXCEPTIONS; i++) {
        for (unsigned k = 0; k < i; k++) {
            ck_assert_str_ne(osi_exception_name((enum osi_exception)i),
                             osi_exception_name((enum osi_exception)k));
        }
    }
    ck_assert_ptr_nonnull(osi_exception_name(OSI_EXCEPTIONS));
}
END_TEST

/* ---- controller and timers ---- */
START_TEST(controller)
{
    ck_assert_str_eq(is->controller, "gic_cpu");
    ck_assert_uint_eq(is->acknowledge[0], 0x0c);
    ck_assert_uint_eq(is->acknowledge[1], 0x20);
    ck_assert_uint_eq(is->end[0], 0x10);
    ck_assert_uint_eq(is->end[1], 0x24);
    ck_assert_uint_eq(is->number, 0x3ff);
}
END_TEST

static const struct {
    enum osi_timer named, at_el1, at_el2;
} timers[] = {
    { OSI_TIMER_VIRTUAL, OSI_TIMER_VIRTUAL, OSI_TIMER_HYP_VIRTUAL },
    { OSI_TIMER_PHYSICAL, OSI_TIMER_PHYSICAL, OSI_TIMER_HYP_PHYSICAL },
    { OSI_TIMER_HYP_PHYSICAL, OSI_TIMER_HYP_PHYSICAL, OSI_TIMER_HYP_PHYSICAL },
    { OSI_TIMER_HYP_VIRTUAL, OSI_TIMER_HYP_VIRTUAL, OSI_TIMER_HYP_VIRTUAL },
    { OSI_TIMER_EL02_VIRTUAL, OSI_TIMER_VIRTUAL, OSI_TIMER_VIRTUAL },
    { OSI_TIMER_EL02_PHYSICAL, OSI_TIMER_PHYSICAL, OSI_TIMER_PHYSICAL },
};

START_TEST(timer_by_level)
{
    static const struct osi_arch_timer wired[] = {
        { 27, "CNTV_CVAL_EL0", "CNTV_CTL_EL0" },
        { 30, "CNTP_CVAL_EL0", "CNTP_CTL_EL0" },
        { 26, "CNTHP_CVAL_EL2", "CNTHP_CTL_EL2" },
        { 28, "CNTHV_CVAL_EL2", "CNTHV_CTL_EL2" },
    };

    for (size_t i = 0; i < COUNT(timers); i++) {
        ck_assert_uint_eq(is->timer(timers[i].named, 1), timers[i].at_el1);
        ck_assert_uint_eq(is->timer(timers[i].named, 2), timers[i].at_el2);
    }
    for (size_t i = 0; i < COUNT(wired); i++) {
        ck_assert_uint_eq(is->timers[i].hwirq, wired[i].hwirq);
        ck_assert_str_eq(is->timers[i].deadline, wired[i].deadline);
        ck_assert_str_eq(is->timers[i].control, wired[i].control);
    }
    ck_assert_ptr_null(is->timers[COUNT(wired)].deadline);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arch-irq");
    TCase *tcase = tcase_create("aarch64");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, find_interrupts, NULL);
    tcase_add_test(tcase, vectors);
    tcase_add_test(tcase, saved_status_fits);
    tcase_add_test(tcase, levels);
    tcase_add_test(tcase, masks);
    tcase_add_loop_test(tcase, writes, 0, COUNT(written));
    tcase_add_test(tcase, other_instructions_write_none);
    tcase_add_test(tcase, classify);
    tcase_add_test(tcase, exception_names);
    tcase_add_test(tcase, controller);
    tcase_add_test(tcase, timer_by_level);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
