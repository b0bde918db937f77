/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and names as a report shows them. */
#include "../../libosinstr/output/format.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    uint64_t ns;
    const char *time, *stamp;
} times[] = {
    {0, "0 ns", "0.000000"},
    {999, "999 ns", "0.000001"},
    {1000, "1.000 us", "0.000001"},
    {9999, "9.999 us", "0.000010"},
    {10004, "10.00 us", "0.000010"},
    {10005, "10.01 us", "0.000010"},
    {999949, "999.9 us", "0.001000"},
    {999950, "1.000 ms", "0.001000"},
    {1234567, "1.235 ms", "0.001235"},
    {98765432, "98.77 ms", "0.098765"},
    {999950000, "1.000 s", "0.999950"},
    {12345678901, "12.35 s", "12.345679"},
    {999949999999, "999.9 s", "999.950000"},
    {999950000000, "1000 s", "999.950000"},
    {1234567890123, "1235 s", "1234.567890"},
    {UINT64_MAX - 1, "18446744074 s", "18446744073.709552"},
};

START_TEST(times_have_four_digits)
{
    g_autoptr(GString) time = g_string_new(NULL);
    g_autoptr(GString) stamp = g_string_new(NULL);

    osi_format_time(time, times[_i].ns);
    osi_format_stamp(stamp, times[_i].ns);
    ck_assert_str_eq(time->str, times[_i].time);
    ck_assert_str_eq(stamp->str, times[_i].stamp);
}
END_TEST

START_TEST(ratios_are_per_cent)
{
    g_autoptr(GString) out = g_string_new(NULL);

    osi_format_ratio(out, 0.123456);
    g_string_append_c(out, ' ');
    osi_format_ratio(out, 0.999999);
    g_string_append_c(out, ' ');
    osi_format_ratio(out, 0);
    ck_assert_str_eq(out->str, "12.35% 100.00% 0.00%");
}
END_TEST

START_TEST(width_is_that_of_a_terminal)
{
    ck_assert_uint_eq(osi_format_width(""), 0);
    ck_assert_uint_eq(osi_format_width("größer"), 6);
    ck_assert_uint_eq(osi_format_width("日本"), 4);
    ck_assert_uint_eq(osi_format_width("e\xcc\x81"), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("format");
    Suite *suite = suite_create("format");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, times_have_four_digits, 0, G_N_ELEMENTS(times));
    tcase_add_test(tests, ratios_are_per_cent);
    tcase_add_test(tests, width_is_that_of_a_terminal);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
