/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions as text. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "output/disasm.h"

static void expect(const char *target, const char *bytes, size_t size, const char *const *texts)
{
    struct osi_disasm *disasm = osi_disasm_open(target);
    char text[64];
    size_t at = 0, length;

    ck_assert_ptr_nonnull(disasm);
    for (; (length = osi_disasm(disasm, 0x1000 + at, (const uint8_t *)bytes + at, size - at, text,
                                sizeof(text))) > 0; at += length) {
        ck_assert_ptr_nonnull(*texts);
        ck_assert_str_eq(text, *texts++);
    }
    ck_assert_uint_eq(at, size);
    ck_assert_ptr_null(*texts);
    osi_disasm_close(disasm);
}

START_TEST(aarch64)
{
    static const char *const texts[] = { "ldr x0, [x1]", ".byte 0x00, 0x00, 0x00, 0x00", "b #0x1000",
                                         ".byte 0x01, 0x02", NULL };

    expect("aarch64", "\x20\x00\x40\xf9" "\0\0\0\0" "\xfe\xff\xff\x17" "\1\2", 14, texts);
}
END_TEST

START_TEST(x86_64)
{
    static const char *const texts[] = { "push rbp", "mov rbp, rsp", ".byte 0x06", "ret", NULL };

    expect("x86_64", "\x55" "\x48\x89\xe5" "\x06" "\xc3", 6, texts);
}
END_TEST

START_TEST(a_short_buffer)
{
    struct osi_disasm *disasm = osi_disasm_open("aarch64");
    char text[4];

    ck_assert_uint_eq(osi_disasm(disasm, 0, (const uint8_t *)"\x20\x00\x40\xf9", 4, text, 4), 4);
    ck_assert_str_eq(text, "ldr");
    osi_disasm_close(disasm);
}
END_TEST

START_TEST(an_unknown_target)
{
    ck_assert_ptr_null(osi_disasm_open("vax"));
    osi_disasm_close(NULL);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("disasm");
    Suite *suite = suite_create("disasm");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, aarch64);
    tcase_add_test(all, x86_64);
    tcase_add_test(all, a_short_buffer);
    tcase_add_test(all, an_unknown_target);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
