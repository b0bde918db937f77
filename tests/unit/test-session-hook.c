/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tool that hooks a kernel function and takes events: what it is told, word for word. */
#include "fakehost/suite.h"

#define AT FAKE_TASK_AT
#define HEAD \
    "start, kernel unknown, hook refused: the guest's kernel is not known yet: hook from the " \
    "ready hook\n" \
    "ready, hook made, the kernel has no function vfs_write (it may be inlined)\n" \
    "kernel_start\n"

static struct fake_task idle = { AT(0), "swapper/0", 0, 0, 120, 0, 0, 0, 0, 0 };
static struct fake_task init = { AT(2), "init", 1, 1, 120, 0, 0, 0, 40, 7 };

static void boot(void)
{
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE); /* 12 instructions */
    fake_task_store(&idle);
    fake_task_store(&init);
}

static struct fake_result run(const char *scenario, const char *host, const char *options)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn(scenario, "%s -plugin %s,symbols=%s,clock=insn,quiet=on,out=%s%s", host,
                   fake_plugin("probe-guest"), fake_path("vmlinux"), fake_path("out"), options);
    ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", host, r.status, r.errors);
    return r;
}

static void check(const char *scenario, const char *host, const char *options, const char *expected)
{
    struct fake_result r = run(scenario, host, options);

    ck_assert_str_eq(r.output, expected);
    fake_result_clear(&r);
}

/* ---- looking around ---- */
static void scenario_look(void)
{
    static const char text[] = "hello";
    uint64_t end = 0xffff000008001000ull; /* of mapped memory */
    uint64_t at = end - sizeof(text);

    boot();
    fake_map(end - FAKE_PAGE, FAKE_PAGE);
    fake_poke(at, text, sizeof(text));
    fake_preempt(0, &idle, &init);        /* 12, 22 */
    fake_set_register(0, "x30", 0x3030);
    fake_set_register(0, "cpsr", 0x1111222260000005ull); /* 32 bits count */
    fake_call(0, "vfs_read", at, 0x51);   /* 32 */
    fake_call(0, "vfs_read", at, 0x51);
}

START_TEST(looking)
{
    static const char *const hosts[] = { "-release 9.2", "-release 10.1", "-release 11.0",
                                         "-release 11.1" };

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        check("look", hosts[i], "", HEAD
            "idle_exit\n"
            "switch swapper/0/0 to init/1 R+\n"
            "data of the hook\n"
            "hook vcpu 0 time 33 exact task init/1\n"
            "at vfs_read+4, symbol 0 here, missing 1, cpu 0 20 4, no member 1\n"
            "arguments ffff000008000ffa 51, x30 3030, cpsr 60000005, no register 1 1 1\n"
            "string 0 'hello', bytes 0 'ell', nothing 1 1 ''\n"
            "report: 2 calls, 3 events\n");
    }
}
END_TEST

/* ---- switching off and on ---- */
static void scenario_calls(void)
{
    boot();
    for (unsigned i = 0; i < 10; i++) {
        fake_call(0, "vfs_read", 0, 0);
    }
}

START_TEST(disabling)
{
    check("calls", "-release 10.0", ",do=disable,at=3", HEAD "report: 3 calls, 1 events\n");
    check("calls", "-release 10.0", ",do=disable,at=100", HEAD "report: 10 calls, 1 events\n");
}
END_TEST

static void scenario_events(void)
{
    struct fake_task other = { AT(3), "other", 5, 5, 120, 1, 0, 0, 0, 0 };

    boot();
    fake_wake(0, &other);                  /* 12: not wanted yet, but the wait counts */
    fake_preempt(0, &idle, &other);        /* 22, 32 */
    fake_call(0, "vfs_read", 0, 0);        /* no switches from here on, but wakeups */
    fake_preempt(0, &other, &init);
    other.state = 1;
    fake_wake(0, &other);
    fake_preempt(0, &init, &idle);
}

START_TEST(events)
{
    check("events", "-release 10.0", ",do=events", HEAD
        "idle_exit\n"
        "switch swapper/0/0 to other/5 R+ waited 20\n"
        "sched_wakeup\n"
        "idle_enter\n"
        "report: 1 calls, 5 events\n");
}
END_TEST

/* The host's clock does not go back, but what it is corrected by may; a tool never sees that. */
static void scenario_back(void)
{
    fake_set_host_time(2000);
    boot();
    fake_preempt(0, &idle, &init);
    fake_set_host_time(1000);
    fake_preempt(0, &init, &idle);
}

START_TEST(time_never_goes_back)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn("back", "-release 10.0 -plugin %s,symbols=%s,clock=host,quiet=on,out=%s",
                   fake_plugin("probe-guest"), fake_path("vmlinux"), fake_path("out"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_uint_eq(fake_count_lines(r.output, "switch "), 2);
    ck_assert_uint_eq(fake_count_lines(r.output, "time went back"), 0);
    fake_result_clear(&r);
}
END_TEST

/* ---- stopping from a hook ---- */
static void scenario_stop(void)
{
    uint64_t translated, called;

    scenario_calls();
    translated = fake_translations();
    called = fake_callbacks();
    fake_call(0, "vfs_read", 0, 0);
    printf("plugins %u, translated %u, called %u\n", fake_n_plugins(),
           (unsigned)(fake_translations() - translated), (unsigned)(fake_callbacks() - called));
    fake_preempt(0, &idle, &init);
}

START_TEST(stopping)
{
    check("stop", "-release 10.0", ",do=stop,at=4", HEAD
        "report: 4 calls, 1 events\n"
        "plugins 0, translated 0, called 0\n");
    check("stop", "-release 11.1", ",do=stop,at=4", HEAD
        "report: 4 calls, 1 events\n"
        "plugins 0, translated 0, called 0\n");
}
END_TEST

/* A hook ends the process from inside: the report is written, and it does not hang. */
START_TEST(exiting)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn("calls",
                   "-release 10.0 -plugin %s,symbols=%s,clock=insn,quiet=on,out=%s,do=exit,at=4",
                   fake_plugin("probe-guest"), fake_path("vmlinux"), fake_path("out"));
    ck_assert_int_eq(r.status, 5);
    ck_assert_str_eq(r.output, HEAD "report: 4 calls, 1 events\n");
    fake_result_clear(&r);
}
END_TEST

/* One of two plugins stops, the other goes on. */
START_TEST(one_of_two_stops)
{
    const char *kernel = fake_path("vmlinux");
    struct fake_result r;
    char *text;

    fake_linux_write(kernel, 0);
    r = fake_spawn("stop",
                   "-release 10.0 -plugin %s,symbols=%s,clock=insn,quiet=on,out=%s,do=stop,at=4 "
                   "-plugin %s,symbols=%s,clock=insn,quiet=on,out=%s",
                   fake_plugin("probe-guest"), kernel, fake_path("one"), fake_plugin("sched"),
                   kernel, fake_path("two"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.output, "report: 4 calls"));
    ck_assert_ptr_nonnull(strstr(r.output, "plugins 1, translated 0, called 0\n"));
    text = fake_trace_text(fake_path("two"));
    ck_assert_uint_eq(fake_count_lines(text, "0 133 sched_switch"), 1);
    g_free(text);
    fake_result_clear(&r);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "look", scenario_look }, { "calls", scenario_calls }, { "events", scenario_events },
    { "stop", scenario_stop }, { "back", scenario_back }, { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { looking, disabling, events, time_never_goes_back,
                                   stopping, exiting, one_of_two_stops, NULL };

    return fake_suite("session-hook", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
