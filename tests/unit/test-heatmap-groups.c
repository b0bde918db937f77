/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accesses of a block are told of together. The block is AArch64 code by the word; what is attached to it is
 * written down as text: "insn" or "insn:distance/size(r|w),…". */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "frontends/heatmap.h"

struct osi_block {
    const uint32_t *words;
    size_t n;
    char *told[64]; /* by instruction */
};

/* ---- instead of the library ---- */
size_t osi_block_length(const struct osi_block *block)
{
    return block->n;
}

static const uint8_t *bytes_of(const struct osi_block *block, size_t insn)
{
    return (const uint8_t *)&block->words[insn];
}

bool osi_insn_operand(const struct osi_block *block, size_t insn, struct osi_operand *operand)
{
    return osi_arch_find("aarch64")->operand(bytes_of(block, insn), 4, operand);
}

uint32_t osi_insn_written(const struct osi_block *block, size_t insn)
{
    return osi_arch_find("aarch64")->written(bytes_of(block, insn), 4);
}

const struct osi_page_group *osi_pagemap_group(struct osi_pagemap *map, const struct osi_page_group *group)
{
    static struct osi_page_group kept[64] __attribute__((aligned(OSI_PAGE_GROUP_ALIGN)));
    static unsigned n;

    (void)map;
    ck_assert_uint_eq(sizeof(kept[0]) % OSI_PAGE_GROUP_ALIGN, 0);
    kept[n % 64] = *group;
    return &kept[n++ % 64];
}

static void one(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    (void)vcpu, (void)access, (void)address, (void)data;
}

static void all(unsigned vcpu, uint32_t access, uint64_t address, void *data)
{
    one(vcpu, access, address, data);
}

/* QEMU drops what is attached to an instruction that accesses nothing; here only those of the group "loads and stores"
 * are asked about. */
void osi_insn_observe(struct osi_block *block, size_t insn, bool loads, bool stores, osi_access_fn fn, void *data)
{
    const struct osi_page_group *group = fn == all ? heatmap_group_of(data) : NULL;
    GString *text = g_string_new(NULL);

    ck_assert(loads && stores);
    ck_assert_msg(!block->told[insn], "instruction %zu is observed twice", insn);
    if (!group) {
        ck_assert_ptr_null(data);
    } else {
        ck_assert_uint_eq(heatmap_group_size(data), group->n);
    }
    for (unsigned i = 0; group && i < group->n; i++) {
        g_string_append_printf(text, "%c%d/%u%c", i ? ',' : ':', group->members[i].distance, group->members[i].size,
                               group->members[i].store ? 'w' : 'r');
    }
    block->told[insn] = g_string_free(text, FALSE);
}

/* ---- */
static void check_words(const uint32_t *words, size_t n, const char *expected)
{
    static const struct heatmap_tell tell = { one, all };
    struct osi_block block = { .words = words, .n = n };
    GString *text = g_string_new(NULL);

    heatmap_groups_attach(NULL, &block, &tell);
    for (size_t i = 0; i < n; i++) {
        bool accesses = (words[i] >> 25 & 5) == 4;

        if (accesses && block.told[i]) {
            g_string_append_printf(text, "%s%zu%s", text->len ? " " : "", i, block.told[i]);
        }
        g_free(block.told[i]);
    }
    ck_assert_str_eq(text->str, expected);
    g_string_free(text, TRUE);
}
#define CHECK_WORDS(expected, ...) \
    check_words((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4, expected)

START_TEST(start_and_end_of_a_function)
{
    CHECK_WORDS("0:0/16w,16/16w,32/8w,32/8r,16/16r,0/16r",
                0xa9bd7bfd,  /* stp x29, x30, [sp, #-48]! */
                0xa90153f3,  /* stp x19, x20, [sp, #16] */
                0xf90013f5,  /* str x21, [sp, #32] */
                0x910003fd,  /* mov x29, sp */
                0xf94013f5,  /* ldr x21, [sp, #32] */
                0xa94153f3,  /* ldp x19, x20, [sp, #16] */
                0xa8c37bfd); /* ldp x29, x30, [sp], #48 */
}
END_TEST

START_TEST(a_register_that_changes)
{
    CHECK_WORDS("0:0/8r,8/4w,8/8r 4", 0xf9400020, /* ldr x0, [x1] */
                0xb9000822,   /* str w2, [x1, #8] */
                0xf9400421,   /* ldr x1, [x1, #8]: the last from this x1 */
                0x91000421,   /* add x1, x1, #1 */
                0xf9400020);  /* ldr x0, [x1] */
}
END_TEST

START_TEST(a_register_that_steps)
{
    CHECK_WORDS("0:0/8r,8/8w,16/1r,10/2r", 0xf8408420, /* ldr x0, [x1], #8 */
                0xf8008422,   /* str x2, [x1], #8 */
                0x39400023,   /* ldrb w3, [x1] */
                0x785fac24);  /* ldrh w4, [x1, #-6]! */
}
END_TEST

START_TEST(registers_side_by_side)
{
    CHECK_WORDS("0:0/8r,8/8r 1:0/4w,-4/4w", 0xf9400020, /* ldr x0, [x1] */
                0xb9000043,   /* str w3, [x2] */
                0xf9400425,   /* ldr x5, [x1, #8] */
                0xb81fc046);  /* stur w6, [x2, #-4] */
}
END_TEST

START_TEST(what_is_told_alone)
{
    CHECK_WORDS("0 1 2 3", 0xf8626820, /* ldr x0, [x1, x2] */
                0xc85f7c20,   /* ldxr x0, [x1] */
                0xad400400,   /* ldp q0, q1, [x0] */
                0xf9400020);  /* ldr x0, [x1] */
}
END_TEST

/* A step of a pair of vector registers, and the stack pointer by a system instruction. */
START_TEST(what_breaks_a_group)
{
    CHECK_WORDS("0 1 2", 0xf9400020,  /* ldr x0, [x1] */
                0xacc10820,   /* ldp q0, q2, [x1], #32 */
                0xf9400023);  /* ldr x3, [x1] */
    CHECK_WORDS("0 2", 0xf94003e0,    /* ldr x0, [sp] */
                0xd50041bf,   /* msr spsel, #1 */
                0xf94003e1);  /* ldr x1, [sp] */
}
END_TEST

START_TEST(far_away)
{
    CHECK_WORDS("0 1", 0xf9400020, /* ldr x0, [x1] */
                0xf9410022);  /* ldr x2, [x1, #512] */
    CHECK_WORDS("0:0/8r,504/8r", 0xf9400020, 0xf940fc22); /* ldr x2, [x1, #504] */
}
END_TEST

START_TEST(more_than_fit)
{
    uint32_t words[20];
    GString *expected = g_string_new("0:0/8r");

    for (unsigned i = 0; i < 20; i++) {
        words[i] = 0xf9400022 | i << 10; /* ldr x2, [x1, #8 i] */
        if (i > 0 && i != OSI_PAGE_GROUP) {
            g_string_append_printf(expected, ",%u/8r", i % OSI_PAGE_GROUP * 8);
        } else if (i) {
            g_string_append_printf(expected, " %u:0/8r", i);
        }
    }
    check_words(words, 20, expected->str);
    g_string_free(expected, TRUE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        start_and_end_of_a_function, a_register_that_changes, a_register_that_steps, registers_side_by_side,
        what_is_told_alone, what_breaks_a_group, far_away, more_than_fit,
    };
    Suite *suite = suite_create("heatmap-groups");
    TCase *all_tests = tcase_create("heatmap-groups");
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        tcase_add_test(all_tests, tests[i]);
    }
    suite_add_tcase(suite, all_tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
