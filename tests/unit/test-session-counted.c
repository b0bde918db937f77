/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User code under a kernel that the library counts together, and ticks while such code and other code run by turns.
 * What the probe prints: a vCPU's number, the time, all its instructions, those that were counted together. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define B_BACK ((int)0x17ffffff) /* to the instruction before */
#define USER 0x400000ull
#define KERNEL (FAKE_LINK_BASE + 0x800000)
#define SECOND 1000000000ull

static void check(const char *scenario, const char *more, const char *options, const char *expected)
{
    static const char *const all[] = { "-release 9.2", "-release 10.0", "-release 11.1", NULL };

    for (size_t i = 0; all[i]; i++) {
        struct fake_result r;

        fake_linux_write(fake_path("vmlinux"), 0);
        r = fake_spawn(scenario, "%s%s -plugin %s,symbols=%s,quiet=on,out=%s,counted=user%s", all[i], more,
                       fake_plugin("probe-tick"), fake_path("vmlinux"), fake_path("out"), options);
        ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", all[i], r.status, r.errors);
        ck_assert_msg(strcmp(r.output, expected) == 0, "%s: %s instead of %s", all[i], r.output, expected);
        fake_result_clear(&r);
    }
}

/* ---- what is counted ---- */
/* What is translated before the kernel is known is not a user's. */
static void scenario_counts(void)
{
    fake_start_all();
    RUN(0, USER, NOP, NOP, NOP);     /* 0 */
    fake_linux_boot(FAKE_LINK_BASE); /* 3 to 15 */
    RUN(0, USER + 0x1000, NOP, NOP); /* 15: counted */
    RUN(0, KERNEL, NOP, NOP, NOP);   /* 17 */
    RUN(0, USER + 0x1000, NOP, NOP); /* 20: counted */
    RUN(0, USER, NOP, NOP, NOP);     /* 22: still not */
    RUN(0, KERNEL, NOP, NOP, NOP);   /* 25 */
    RUN(0, KERNEL, NOP, NOP, NOP);   /* 28 */
}

START_TEST(counts)
{
    check("counts", "", ",clock=insn,step=5",
          "0 time 0 at 0 of 0\n"
          "0 time 5 at 5 of 0\n"
          "0 time 15 at 15 of 0\n"
          "0 time 20 at 20 of 2\n"
          "0 time 25 at 25 of 4\n");
}
END_TEST

/* ---- ticks ---- */
static uint64_t tenths; /* of a ns, since the first loop */

/* Each time takes so many tenths of a ns. */
static void loop(uint64_t address, unsigned n, unsigned cost)
{
    for (unsigned i = 0; i < n; i++) {
        fake_set_host_time(7 * SECOND + tenths / 10);
        RUN(0, address, NOP, B_BACK);
        tenths += cost;
    }
}

/* It is learnt that both take a ns. Then the user, who is slower now, takes its part of the time that is left, and the
 * kernel the other: that this is too much must be seen before it is too late: 16 loops of the kernel's or 64 of the user's. */
static void scenario_turns(void)
{
    fake_set_host_time(7 * SECOND);
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE);
    loop(KERNEL, 24900, 10);
    loop(USER, 15150, 10);
    for (unsigned i = 0; i < 2; i++) {
        loop(USER, 9900, 13);
        loop(KERNEL, 9900, 10);
    }
}

START_TEST(turns)
{
    check("turns", "", ",clock=host,step=20000",
          "0 time 0 at 12 of 0\n"
          "0 time 20015 at 40042 of 0\n"
          "0 time 40059 at 80126 of 30314\n"
          "0 time 60006 at 114084 of 50100\n"
          "0 time 80011 at 148154 of 69900\n");
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "counts", scenario_counts }, { "turns", scenario_turns }, { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { counts, turns, NULL };

    return fake_suite("session-counted", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
