/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake host itself, seen by a plugin that uses nothing of the library. */
#include "fakehost/suite.h"

#define CODE 0x400000u

/* ---- scenarios ---- */
static void scenario_block(void)
{
    static const uint32_t words[] = { 0xd503201f, 0xd503201f, 0xf9400001 };
    struct fake_effect effects[] = {
        { .insn = 2, .kind = FAKE_LOAD, .value = 0xffff00000001000, .shift = 3 },
        { .insn = 2, .kind = FAKE_STORE, .value = 0x9000000, .shift = 2, .io = true },
        { .insn = 0, .kind = FAKE_SET, .value = 0x55, .name = "x1" },
    };

    fake_start_all();
    fake_code(CODE, words, 3);
    fake_set_register(0, "x1", 0x11);
    fake_exec_with(0, CODE, effects, 3);
    fake_exec(0, CODE);
}

static void scenario_leave(void)
{
    static const uint32_t words[] = { 0xd503201f, 0xd503201f, 0xf9400001 };
    struct fake_effect leave = { .insn = 2, .kind = FAKE_LEAVE };

    fake_start_all();
    fake_code(CODE, words, 3);
    fake_exec_with(0, CODE, &leave, 1);
    fake_discontinuity(0, 1, CODE + 8, 0x800);
}

static void scenario_many(void)
{
    static const uint32_t words[] = { 0xd503201f };

    fake_start_all();
    fake_code(CODE, words, 1);
    for (unsigned i = 0; i < fake_machine.vcpus; i += 20) {
        fake_exec(i, CODE);
    }
    fake_exec(0, CODE);
}

static void run_code(unsigned vcpu, void *data)
{
    (void)data;
    for (unsigned i = 0; i < 1000; i++) {
        fake_exec(vcpu, CODE);
    }
}

static void scenario_threads(void)
{
    static const uint32_t words[] = { 0xd503201f };

    fake_start_all();
    fake_code(CODE, words, 1);
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_go(i, run_code, NULL);
    }
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_wait(i);
    }
}

static const struct fake_scenario scenarios[] = {
    { "block", scenario_block },     { "leave", scenario_leave }, { "many", scenario_many },
    { "threads", scenario_threads }, { NULL, NULL },
};

/* ---- tests ---- */
#define EXECUTED \
    "translate 400000 n 3 last f9400001\n" \
    "block 0 a count 3\n" \
    "insn 0 c x1 55\n" \
    "load 0 d 8 bytes at ffff00000001000 phys 1000\n" \
    "store 0 d 4 bytes at 9000000 phys 9000000 io\n"

static void check_block(const char *release, const char *head, const char *second)
{
    struct fake_result r;
    char *expected;

    g_setenv("RAW_VERSION", g_str_equal(release, "11.1") ? "7" : "2", TRUE);
    r = fake_spawn("block", "-release %s -plugin %s,name=a,,b,flag", release, fake_plugin("raw"));
    expected =
        g_strdup_printf("argument name=a,b\nargument flag=on\n%sinit 0 data\n%s%sexit data\n", head,
                        EXECUTED, second);
    ck_assert_str_eq(r.errors, "");
    ck_assert_str_eq(r.output, expected);
    ck_assert_int_eq(r.status, 0);
    g_free(expected);
    fake_result_clear(&r);
}

#define SECOND "block 0 a count 6\ncondition 0 b\ninsn 0 c x1 55\n"

START_TEST(families)
{
    check_block("9.1", "api 3 aarch64 system 1/1 cond 1 read 0 discon 0\n", SECOND);
    check_block("10.0", "api 4 aarch64 system 1/1 cond 1 read 1 discon 0\n", SECOND);
    check_block("10.2", "api 5 aarch64 system 1/1 cond 1 read 1 discon 1\n", SECOND);
    check_block("11.0", "api 6 aarch64 system 1/1 cond 1 read 1 discon 1\n", SECOND);
    check_block("11.1", "api 7 aarch64 system 1/1 cond 1 read 1 discon 1\n", SECOND);
}
END_TEST

/* 9.0 gives insn_data as a pointer, has no conditions, and adds after it called. */
START_TEST(oldest)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("block", "-release 9.0 -plugin %s", fake_plugin("raw"));
    ck_assert_str_eq(r.output,
                     "api 2 aarch64 system 1/1 cond 0 read 0 discon 0\n"
                     "init 0 data\n"
                     "translate 400000 n 3 last f9400001\n"
                     "block 0 a count 0\n"
                     "insn 0 c x1 55\n"
                     "load 0 d 8 bytes at ffff00000001000 phys 1000\n"
                     "store 0 d 4 bytes at 9000000 phys 9000000 io\n"
                     "block 0 a count 3\n"
                     "insn 0 c x1 55\n"
                     "exit data\n");
    ck_assert_int_eq(r.status, 0);
    fake_result_clear(&r);
}
END_TEST

static void check_refused(const char *release, const char *version, const char *why)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", version, TRUE);
    r = fake_spawn("block", "-release %s -plugin %s", release, fake_plugin("raw"));
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.errors, why));
    ck_assert_str_eq(r.output, "");
    fake_result_clear(&r);
}

START_TEST(versions)
{
    check_refused("11.1", "2", "declares version 2, accepted are 7 to 7");
    check_refused("11.0", "7", "declares version 7, accepted are 2 to 6");
    check_refused("7.2", "2", "declares version 2, accepted are 0 to 1");
}
END_TEST

static void check_misuse(const char *scenario, const char *what, int status, const char *why)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn(scenario, "-release 10.1 -plugin %s,do=%s", fake_plugin("raw"), what);
    ck_assert_int_eq(r.status, status);
    ck_assert_ptr_nonnull(strstr(r.errors, why));
    fake_result_clear(&r);
}

START_TEST(misuse)
{
    check_misuse("block", "regs", FAKE_MISUSE, "without rights to registers");
    check_misuse("block", "late", FAKE_MISUSE, "outside of its translation");
    check_misuse("block", "wild", FAKE_MISUSE, "offset 4096 of an element of 128 bytes");
    check_misuse("block", "exitread", FAKE_MISUSE, "without a current vCPU");
    check_misuse("block", "refuse", 1, "install function returned an error");
}
END_TEST

START_TEST(lenient)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("block", "-lenient -release 10.0 -plugin %s,do=regs", fake_plugin("raw"));
    ck_assert_ptr_nonnull(strstr(r.output, "x1 addeaddeaddeadde\n"));
    fake_result_clear(&r);
    r = fake_spawn("block", "-lenient -release 11.0 -plugin %s,do=regs", fake_plugin("raw"));
    ck_assert_ptr_nonnull(strstr(r.output, "unreadable 0\n"));
    fake_result_clear(&r);
}
END_TEST

START_TEST(left_early)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("leave", "-release 10.0 -plugin %s", fake_plugin("raw"));
    ck_assert_ptr_nonnull(strstr(r.output, "block 0 a count 3\nexit data\n"));
    fake_result_clear(&r);
}
END_TEST

/* Growing beyond 16 keeps what was counted, and drops the blocks. */
START_TEST(many_vcpus)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("many", "-smp 100 -release 10.0 -plugin %s", fake_plugin("raw"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_uint_eq(fake_count_lines(r.output, "init "), 100);
    ck_assert_uint_eq(fake_count_lines(r.output, "block "), 6);
    ck_assert_ptr_nonnull(strstr(r.output, "block 80 a count 1\n"));
    ck_assert_ptr_nonnull(strstr(r.output, "block 0 a count 2\n"));
    fake_result_clear(&r);
}
END_TEST

START_TEST(threads)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("threads", "-smp 4 -release 10.0 -plugin %s", fake_plugin("raw"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_uint_eq(fake_count_lines(r.output, "block "), 4000);
    ck_assert_uint_eq(fake_count_lines(r.output, "count 1000"), 4);
    fake_result_clear(&r);
}
END_TEST

/* After the uninstallation nothing of the plugin is called, exit included. */
START_TEST(uninstalled)
{
    struct fake_result r;

    g_setenv("RAW_VERSION", "2", TRUE);
    r = fake_spawn("block", "-release 10.0 -plugin %s,do=uninstall", fake_plugin("raw"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_uint_eq(fake_count_lines(r.output, "block "), 1);
    ck_assert_uint_eq(fake_count_lines(r.output, "exit "), 0);
    fake_result_clear(&r);
}
END_TEST

static int run_tests(void)
{
    const TTest *const tests[] = { families,   oldest,     versions, misuse,      lenient,
                                   left_early, many_vcpus, threads,  uninstalled, NULL };

    return fake_suite("fake host", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
