/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq-latency on machines that it does not serve, and its options. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define PC 0x40001000ull

/* ---- refusals: one line, and QEMU does not start ---- */
static void scenario_none(void)
{
}

static const struct {
    const char *host, *options, *says;
} refusals[] = {
    { "-target x86_64", "", "irq-latency: target x86_64 is not supported yet: it lacks Linux tasks, "
                            "the guest's clock and interrupts" },
    { "-target riscv64", ",clock=insn",
      "irq-latency: target riscv64 is not supported yet: it lacks Linux tasks and interrupts" },
    { "-target sparc", "", "irq-latency: target sparc is not supported" },
    { "-user", "", "irq-latency: needs a whole machine (qemu-system-aarch64); this is user-mode" },
    { "-release 9.1", "", "irq-latency: needs to read guest memory, which QEMU offers from 9.2" },
    { "-smp 2 -icount shift=0", "", "irq-latency: several vCPUs on one thread" },
    { "", ",threshold=", "irq-latency: bad value '' for option 'threshold': expected a time" },
    { "", ",threshold=50m", "irq-latency: bad value '50m' for option 'threshold': expected a" },
    { "", ",threshold=-1", "irq-latency: bad value '-1' for option 'threshold'" },
    { "", ",threshold=1us,threshold=2us", "irq-latency: option 'threshold' is given twice" },
    { "", ",irq=", "irq-latency: bad value '' for option 'irq'" },
    { "", ",irqs=3", "irq-latency: unknown option 'irqs'" },
};

START_TEST(refused)
{
    struct fake_result r = fake_spawn("none", "%s -plugin %s,out=%s%s", refusals[_i].host,
                                      fake_plugin("irq-latency"), fake_path("out"),
                                      refusals[_i].options);

    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.errors, refusals[_i].says), "%s", r.errors);
    ck_assert_uint_eq(fake_count_lines(r.errors, "irq-latency: "), 1);
    ck_assert(!fake_exists(fake_path("out")));
    fake_result_clear(&r);
}
END_TEST

/* ---- threshold= ---- */
static void scenario_some(void)
{
    fake_start_all();
    bare_boot(0);                           /* 1 */
    bare_interrupt(0, PC, BARE_KERNEL, 27); /* 5 to 13 */
    bare_interrupt(0, PC, BARE_KERNEL, 33); /* 14 to 22 */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);/* 23 */
    bare_work(0, 20);                       /* 25 */
    bare_acknowledge(0, 27);                /* 45 */
    bare_return(0);                         /* 48, 49 */
}

static void check_lines(const char *options, const char *const *lines, unsigned n)
{
    for (size_t i = 0; bare_hosts[i]; i++) {
        char *errors = bare_spawn("some", bare_hosts[i], options);

        ck_assert_msg(fake_count_lines(errors, "over threshold") == n, "%s", errors);
        for (unsigned k = 0; k < n; k++) {
            ck_assert_msg(fake_count_lines(errors, lines[k]) == 1, "%s: %s", lines[k], errors);
        }
        g_free(errors);
    }
}

START_TEST(threshold)
{
    static const char *const lines[] = {
        "irq-latency: over threshold at 49 insn: CPU 0 irq 27: entry_to_exit 26 insn",
        "irq-latency: over threshold at 49 insn: CPU 0: masked 26 insn",
    };

    check_lines(",clock=insn,threshold=8", lines, 2); /* above, not at */
    check_lines(",clock=insn,threshold=25", lines, 2);
    check_lines(",clock=insn,threshold=26", lines, 0);
    check_lines(",clock=insn", lines, 0);
    check_lines(",clock=insn,threshold=0", lines, 0);
    check_lines(",clock=insn,threshold=8,irq=33", lines + 1, 1); /* masked sections are of none */
}
END_TEST

/* ---- irq= ---- */
#define ROW(number, count, value, at) \
    "{\"hwirq\":" #number ",\"name\":null,\"cpu\":\"all\",\"count\":" #count \
    ",\"p50_insn\":8,\"p90_insn\":" #value ",\"p99_insn\":" #value ",\"p99_9_insn\":" #value \
    ",\"max_insn\":" #value ",\"max_at_insn\":" #at "}"

START_TEST(only_some)
{
    bare_check_summary("some", ",clock=insn",
                       "\"entry_to_exit\": [\n" ROW(27, 2, 26, 49) ",\n" ROW(33, 1, 8, 22) "\n]");
    bare_check_summary("some", ",clock=insn,irq=33",
                       "\"entry_to_exit\": [\n" ROW(33, 1, 8, 22) "\n]");
    bare_check_summary("some", ",clock=insn,irq=27",
                       "\"entry_to_exit\": [\n" ROW(27, 2, 26, 49) "\n]");
    bare_check_summary("some", ",clock=insn,irq=33,irq=27,irq=none",
                       "\"entry_to_exit\": [\n" ROW(27, 2, 26, 49) ",\n" ROW(33, 1, 8, 22) "\n]");
    bare_check_summary("some", ",clock=insn,irq=33", "\"irqs\": [\n"
                       "{\"hwirq\":33,\"irq\":null,\"name\":null,\"cpu\":\"all\",\"count\":1,"
                       "\"rate\":null}\n],");
    /* Those that nobody asked for are counted all the same. */
    bare_check_summary("some", ",clock=insn,irq=no-such",
                       "\"interrupts\": 3,\n\"nested\": 0,\n\"spurious\": 0,\n"
                       "\"left_by_switch\": 0,\n\"irqs\": [],");
}
END_TEST

/* ---- what is missing is said ---- */
static void scenario_silent(void)
{
    fake_start_all();
    bare_boot(0);
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);
    bare_return(0);
}

START_TEST(notes)
{
    bare_check_summary("silent", ",clock=insn",
                       "\"the interrupt controller is not understood (no GICv2 or GICv3 was asked "
                       "for a number): interrupts are without numbers\"");
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "none", scenario_none },     { "some", scenario_some },
    { "silent", scenario_silent }, { NULL, NULL },
};

static int run_tests(void)
{
    TCase *tcase = tcase_create("irq-latency");
    Suite *suite = suite_create("session-irq-load");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, refused, 0, G_N_ELEMENTS(refusals));
    tcase_add_test(tcase, threshold);
    tcase_add_test(tcase, only_some);
    tcase_add_test(tcase, notes);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
