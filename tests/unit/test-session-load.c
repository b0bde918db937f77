/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused, and how: one clear line, before the guest runs, and nothing left behind. */
#include "fakehost/suite.h"

/* It must not come so far. */
static void scenario_run(void)
{
    fake_start_all();
    puts("the guest runs");
}

struct refusal {
    const char *host;    /* command line */
    const char *options; /* of sched, "%s" is the kernel's file */
    const char *why;     /* a part of the line */
};

static void check_refusal(const struct refusal *refusal)
{
    const char *kernel = fake_path("vmlinux");
    char *options = g_strdup_printf(refusal->options, kernel);
    struct fake_result r = fake_spawn("run", "%s -plugin %s%s,out=%s", refusal->host,
                                      fake_plugin("sched"), options, fake_path("out"));

    ck_assert_msg(r.status == 1, "%s %s: status %d: %.1500s", refusal->host, options, r.status,
                  r.errors);
    ck_assert_str_eq(r.output, "");
    ck_assert_msg(strstr(r.errors, refusal->why), "%s %s: '%s' is not in '%s'", refusal->host,
                  options, refusal->why, r.errors);
    /* Ours, and the host's own remark on it. */
    ck_assert_msg(fake_count_lines(r.errors, "osinstr sched: ") <= 1, "%s", r.errors);
    ck_assert_msg(fake_count_lines(r.errors, NULL) <= 2, "%s", r.errors);
    ck_assert_msg(!fake_exists(fake_path("out")), "%s left its directory", options);
    g_free(options);
    fake_result_clear(&r);
}

static void check_refusals(const struct refusal *refusals, size_t n)
{
    fake_linux_write(fake_path("vmlinux"), 0);
    for (size_t i = 0; i < n; i++) {
        check_refusal(&refusals[i]);
    }
}

START_TEST(hosts)
{
    static const struct refusal refusals[] = {
        { "-release 7.2", ",symbols=%s",
          "needs QEMU 9.0 or later (9.2 to know a guest's tasks); this "
          "is QEMU 7.2" },
        { "-release 8.2", ",symbols=%s", "this is QEMU 8.2" },
        { "-release 9.0", ",symbols=%s", "which QEMU offers from 9.2 on; this is QEMU 9.0" },
        { "-release 9.1", ",symbols=%s", "this is QEMU 9.1" },
        { "-release 11.0.50", ",symbols=%s", "declares version 2, accepted are 7 to 7" },
        { "-user -release 10.0", ",symbols=%s",
          "needs a whole machine (qemu-system-aarch64); this is "
          "user-mode QEMU" },
        { "-target x86_64 -release 10.0", ",symbols=%s",
          "target x86_64 is not supported yet: it lacks Linux tasks and the guest's clock" },
        { "-target riscv64 -release 11.1", ",symbols=%s",
          "target riscv64 is not supported yet: it lacks Linux tasks and the guest's clock" },
        { "-target sparc -release 10.0", ",symbols=%s", "target sparc is not supported" },
        { "-smp 2 -icount shift=3 -release 10.0", ",symbols=%s", "several vCPUs on one thread" },
        { "-smp 1,maxcpus=2 -icount shift=3 -release 10.0", ",symbols=%s",
          "several vCPUs on one thread" },
        { "-smp 4 -accel tcg,thread=single -release 11.1", ",symbols=%s",
          "several vCPUs on one thread" },
    };

    check_refusals(refusals, G_N_ELEMENTS(refusals));
}
END_TEST

START_TEST(options)
{
    static const struct refusal refusals[] = {
        { "", ",symbols=%s,colour=red", "unknown option 'colour'" },
        { "", ",symbols=%s,clock=sun",
          "bad value 'sun' for option 'clock': expected guest|insn|host" },
        { "", ",symbols=%s,trace=maybe",
          "bad value 'maybe' for option 'trace': expected on or off" },
        { "", ",symbols=%s,top=many", "bad value 'many' for option 'top': expected a number" },
        { "", ",symbols=%s,top=-1", "bad value '-1' for option 'top'" },
        { "", ",symbols=%s,top=99999999999999999999", "bad value '99999999999999999999'" },
        { "", ",symbols=%s,compress=zip", "expected none|lz4|zstd" },
        { "", ",symbols=", "bad value '' for option 'symbols'" },
        { "", ",symbols=/nowhere/vmlinux", "/nowhere/vmlinux" },
        { "", ",symbols=/dev/null", "/dev/null" },
        { "", ",symbols=/proc/self/exe", "/proc/self/exe" },
    };

    check_refusals(refusals, G_N_ELEMENTS(refusals));
}
END_TEST

/* A kernel's file that lacks what is needed is refused at once if it is known then. */
START_TEST(kernels)
{
    static const struct refusal no_types = { "", ",symbols=%s",
                                             "no type information for task_struct." };

    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_NO_BTF);
    check_refusal(&no_types);
}
END_TEST

START_TEST(directories)
{
    static const struct {
        const char *out, *why;
    } cases[] = {
        { "/dev/null", "out=/dev/null exists and is no directory" },
        { "/proc/nowhere", "can't make out=/proc/nowhere" },
        { "/dev/null/deeper", "can't make out=/dev/null/deeper" },
    };

    fake_linux_write(fake_path("vmlinux"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct fake_result r = fake_spawn("run", "-plugin %s,symbols=%s,out=%s",
                                          fake_plugin("sched"), fake_path("vmlinux"), cases[i].out);

        ck_assert_int_eq(r.status, 1);
        ck_assert_str_eq(r.output, "");
        ck_assert_msg(strstr(r.errors, cases[i].why), "%s", r.errors);
        ck_assert_uint_eq(fake_count_lines(r.errors, "osinstr sched: "), 1);
        fake_result_clear(&r);
    }
}
END_TEST

START_TEST(help)
{
    struct fake_result r = fake_spawn("run", "-plugin %s,help", fake_plugin("sched"));

    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.output, "sched: which task runs when"));
    ck_assert_ptr_nonnull(strstr(r.output, "\n  top=N "));
    ck_assert_ptr_nonnull(strstr(r.output, "\n  out=TEXT "));
    ck_assert_uint_eq(fake_count_lines(r.output, "the guest runs"), 0);
    ck_assert_uint_eq(fake_count_lines(r.errors, "osinstr"), 0);
    fake_result_clear(&r);
}
END_TEST

/* The command line does not show that all vCPUs share a thread (a config file may say so): then the
 * second one is the moment to stop, before any code of it runs. */
START_TEST(round_robin_at_run_time)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn("run", "-roundrobin -smp 2 -plugin %s,symbols=%s,out=%s", fake_plugin("sched"),
                   fake_path("vmlinux"), fake_path("out"));
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.output, "");
    ck_assert_ptr_nonnull(strstr(r.errors, "several vCPUs on one thread"));
    fake_result_clear(&r);
    /* One vCPU alone may well run so. */
    r = fake_spawn("run", "-roundrobin -smp 1 -plugin %s,symbols=%s,out=%s", fake_plugin("sched"),
                   fake_path("vmlinux"), fake_path("out"));
    ck_assert_int_eq(r.status, 0);
    fake_result_clear(&r);
}
END_TEST

/* An earlier run is kept. */
START_TEST(earlier_run)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    for (unsigned i = 0; i < 3; i++) {
        r = fake_spawn("run", "-plugin %s,symbols=%s,out=%s/", fake_plugin("sched"),
                       fake_path("vmlinux"), fake_path("out"));
        ck_assert_int_eq(r.status, 0);
        ck_assert_uint_eq(fake_count_lines(r.errors, "is kept as"), i > 0);
        fake_result_clear(&r);
    }
    ck_assert(fake_exists(fake_path("out.1/summary.json")));
    ck_assert(fake_exists(fake_path("out.2/summary.json")));
    ck_assert(fake_exists(fake_path("out/summary.json")));
}
END_TEST

/* The default clock, no option but out: what users type. The kernel comes from -kernel. */
START_TEST(kernel_of_the_command_line)
{
    struct fake_result r;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn("run", "-M virt -kernel %s -plugin %s,out=%s", fake_path("vmlinux"),
                   fake_plugin("sched"), fake_path("out"));
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.errors, "kernel: ELF symbols"));
    fake_result_clear(&r);
}
END_TEST

static const struct fake_scenario scenarios[] = { { "run", scenario_run }, { NULL, NULL } };

static int run_tests(void)
{
    const TTest *const tests[] = { hosts,       options,
                                   kernels,     directories,
                                   help,        round_robin_at_run_time,
                                   earlier_run, kernel_of_the_command_line,
                                   NULL };

    return fake_suite("session-load", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
