/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs suites, and scenarios with sched. */
#include "fakehost/suite.h"

int fake_suite(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    for (; *tests; tests++) {
        tcase_add_test(tcase, *tests);
    }
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

char *fake_run_sched(const char *scenario, const char *host, const char *options)
{
    struct fake_result r;

    if (!fake_exists(fake_path("vmlinux"))) {
        fake_linux_write(fake_path("vmlinux"), 0);
    }
    r = fake_spawn(scenario, "%s -plugin %s,symbols=%s,out=%s%s", host, fake_plugin("sched"),
                   fake_path("vmlinux"), fake_path("out"), options);
    ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", scenario, r.status, r.errors);
    g_free(r.output);
    return r.errors;
}

void fake_check_sched(const char *scenario, const char *host, const char *options,
                      const char *expected)
{
    char *text;

    g_free(fake_run_sched(scenario, host, options));
    text = fake_trace_text(fake_path("out"));
    ck_assert_str_eq(text, expected);
    g_free(text);
}
