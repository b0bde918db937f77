/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a tool is called that asked for a time, on hosts of all versions, and what it is told of
 * waiting. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define B_BACK ((int)0x17ffffff) /* to the instruction before */
#define MRS_X0_CNTVCT ((int)0xd53be040)
#define LOOP 0x40800000ull
#define WAIT 0x40801000ull
#define READ 0x40802000ull
#define CALL 0x40803000ull
#define SVC ((int)0xd4000001)
#define SECOND 1000000000ull

static const char *const all[] = { "-release 9.0", "-release 9.1", "-release 9.2", "-release 10.0",
                                   "-release 11.1", NULL };

static void check_from(const char *const *hosts, const char *scenario, const char *more,
                       const char *options, const char *expected)
{
    for (size_t i = 0; hosts[i]; i++) {
        struct fake_result r = fake_spawn(scenario, "%s%s -plugin %s,quiet=on,out=%s%s", hosts[i], more,
                                          fake_plugin("probe-tick"), fake_path("out"), options);

        ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", hosts[i], r.status, r.errors);
        ck_assert_msg(strcmp(r.output, expected) == 0, "%s: %s instead of %s", hosts[i], r.output,
                      expected);
        fake_result_clear(&r);
    }
}

static void check(const char *scenario, const char *more, const char *options, const char *expected)
{
    check_from(all, scenario, more, options, expected);
}

/* ---- clocks that count instructions: the very block ---- */
static void scenario_blocks(void)
{
    fake_start_all();
    for (unsigned i = 0; i < 4; i++) {
        bare_work(0, 4);
    }
    bare_work(0, 25);
    bare_work(0, 1);
    bare_work(0, 9);
    bare_work(0, 1);
}

START_TEST(instructions)
{
    check("blocks", "", ",clock=insn",
          "0 time 0 at 0\n"
          "0 time 12 at 12\n"
          "0 time 41 at 41\n"
          "0 time 51 at 51\n");
}
END_TEST

START_TEST(each_vcpu_has_its_own)
{
    check("blocks", " -smp 2", ",clock=insn",
          "0 time 0 at 0\n"
          "0 time 12 at 12\n"
          "0 time 41 at 41\n"
          "0 time 51 at 51\n");
}
END_TEST

/* Virtual time begins at 0, also as long as the guest has not looked at its counter. */
START_TEST(icount)
{
    check("blocks", " -icount shift=2,sleep=off", ",step=40",
          "0 time 0 at 0\n"
          "0 time 48 at 12\n"
          "0 time 164 at 41\n"
          "0 time 204 at 51\n");
}
END_TEST

/* ---- waiting ---- */
/* How long is known when the guest looks at its counter; what came before that look is told apart. */
static void scenario_wait(void)
{
    fake_start_all();
    bare_work(0, 5);
    RUN(0, WAIT, NOP, WFI);    /* 5: ends at 7 */
    fake_sleep(0, 1600);
    bare_work(0, 3);           /* 7 */
    RUN(0, READ, MRS_X0_CNTVCT);
    RUN(0, READ + 4, NOP);     /* 11 */
    bare_work(0, 5);           /* 12 */
    bare_work(0, 4);           /* 17 */
    RUN(0, WAIT, NOP, WFI);    /* 21: no time passes */
    RUN(0, READ, MRS_X0_CNTVCT);
    RUN(0, READ + 4, NOP);
    bare_work(0, 1);
}

START_TEST(waits)
{
    /* Before 9.2 the look is not seen: it ends a block, and memory can't be read. */
    check_from(all + 2, "wait", " -icount shift=4,sleep=off", ",step=1000",
          "0 time 0 at 0\n"
          "0 unknown time at 7\n"
          "0 idle 112 to 1712\n"
          "0 time 1776 at 11\n"
          "0 unknown time at 23\n"
          "0 time 1984 at 24\n"
          "0 time 2000 at 25\n");
}
END_TEST

/* It never looks: at some time the tool is told what is likely, and from then on. */
static void scenario_no_look(void)
{
    fake_start_all();
    RUN(0, WAIT, NOP, WFI);
    fake_sleep(0, 1000);
    for (unsigned i = 0; i < 2250; i++) {
        bare_work(0, 500);
    }
}

START_TEST(never_looks)
{
    check("nolook", " -icount shift=0,sleep=off", ",step=100000",
          "0 time 0 at 0\n"
          "0 unknown time at 2\n"
          "0 time 1049002 at 1049002\n"
          "0 time 1100002 at 1100002\n");
}
END_TEST

/* ---- the host's time ---- */
static void loop(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        RUN(0, LOOP, NOP, B_BACK);
    }
}

/* Blocks that can't begin a loop once more are not even looked at. */
static void scenario_host(void)
{
    fake_set_host_time(7 * SECOND);
    fake_start_all();
    loop(1);
    fake_set_host_time(7 * SECOND + 1000);
    bare_work(0, 3);
    loop(1);
    loop(20);
    fake_set_host_time(8 * SECOND);
    loop(100);
    fake_set_host_time(8 * SECOND + 5);
    RUN(0, WAIT, NOP, WFI);
    fake_set_host_time(8 * SECOND + 1005);
    bare_work(0, 1);
    loop(1);
    RUN(0, WAIT, NOP, WFI);
    fake_set_host_time(9 * SECOND);
}

START_TEST(host)
{
    check("host", "", ",clock=host,step=500",
          "0 time 0 at 0\n"
          "0 time 1000 at 35\n"
          "0 time 1000000000 at 67\n"
          "0 idle 1000000005 to 1000001005\n"
          "0 time 1000001005 at 250\n"
          "0 idle 1000001005 to 2000000000\n");
}
END_TEST

/* A loop takes a ns each time, but while the clock that was set back has not come as far again. How much ran then says
 * nothing of how much runs in the time by which it is further. */
static void scenario_back(void)
{
    uint64_t now = 7 * SECOND;

    fake_start_all();
    for (unsigned i = 0; i < 20000; i++, now++) {
        fake_set_host_time(now);
        loop(1);
        now -= i == 5000 ? 2950 : 0;
    }
}

START_TEST(clock_goes_back)
{
    check("back", "", ",clock=host,step=2000",
          "0 time 0 at 0\n"
          "0 time 2001 at 4002\n"
          "0 time 4000 at 8000\n"
          "0 time 6002 at 17904\n"
          "0 time 8000 at 21900\n"
          "0 time 10000 at 25900\n"
          "0 time 12000 at 29900\n"
          "0 time 14000 at 33900\n"
          "0 time 16000 at 37900\n");
}
END_TEST

/* A program sleeps in a system call. */
static void scenario_sleep(void)
{
    fake_set_host_time(7 * SECOND);
    fake_start_all();
    loop(6);
    RUN(0, CALL, NOP, SVC);
    fake_set_host_time(7 * SECOND + 1000);
    bare_work(0, 3);
    loop(100);
}

START_TEST(sleeps)
{
    check("sleep", " -user", ",step=500",
          "0 time 0 at 0\n"
          "0 time 1000 at 17\n");
}
END_TEST

/* ---- a tool that looks itself ---- */
static void scenario_own(void)
{
    fake_set_host_time(7 * SECOND);
    fake_start_all();
    loop(1);                  /* 0, and not CALL */
    RUN(0, CALL, NOP, NOP);   /* 2: here time begins */
    fake_set_host_time(7 * SECOND + 700);
    loop(100);                /* 4: no block is tested */
    RUN(0, CALL, NOP, NOP);   /* 204 */
    fake_set_host_time(7 * SECOND + 900);
    RUN(0, CALL, NOP, NOP);   /* 206: too early */
    RUN(0, WAIT + 4, NOP, WFI);
    fake_set_host_time(7 * SECOND + 1900);
    loop(10);                 /* 210 */
    RUN(0, CALL, NOP, NOP);   /* 230 */
}

START_TEST(looks_itself)
{
    check("own", "", ",clock=host,step=500,own=on",
          "0 time 0 at 4\n"
          "0 time 700 at 206\n"
          "0 hurry\n"
          "0 idle 900 to 1900\n"
          "0 time 1900 at 232\n");
}
END_TEST

/* What counts instructions needs no looks, and gets no others. */
static void scenario_own_insns(void)
{
    fake_start_all();
    bare_work(0, 4);
    RUN(0, CALL, NOP, NOP);
    for (unsigned i = 0; i < 4; i++) {
        bare_work(0, 3); /* 6, 9, 12, 15 */
    }
}

START_TEST(own_looks_with_instructions)
{
    check("own-insns", "", ",clock=insn,own=on",
          "0 time 0 at 0\n"
          "0 time 12 at 12\n");
}
END_TEST

/* ---- blocks that are counted together ---- */
/* The count is the test's, too: as many ticks as without, at the same blocks. */
START_TEST(counted_instructions)
{
    check("blocks", "", ",clock=insn,counted=all",
          "0 time 0 at 0 of 0\n"
          "0 time 12 at 12 of 12\n"
          "0 time 41 at 41 of 41\n"
          "0 time 51 at 51 of 51\n");
    check("blocks", " -icount shift=2,sleep=off", ",step=40,counted=all",
          "0 time 0 at 0 of 0\n"
          "0 time 48 at 12 of 12\n"
          "0 time 164 at 41 of 41\n"
          "0 time 204 at 51 of 51\n");
}
END_TEST

/* 128 instructions at least between two looks. */
START_TEST(counted_host)
{
    check("host", "", ",clock=host,step=500,counted=all",
          "0 time 0 at 0 of 0\n"
          "0 time 1000000000 at 129 of 129\n"
          "0 idle 1000000005 to 1000001005\n"
          "0 time 1000001005 at 250 of 250\n"
          "0 idle 1000001005 to 2000000000\n");
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "blocks", scenario_blocks }, { "wait", scenario_wait }, { "nolook", scenario_no_look },
    { "host", scenario_host },     { "sleep", scenario_sleep },   { "own", scenario_own },
    { "own-insns", scenario_own_insns }, { "back", scenario_back },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { instructions, each_vcpu_has_its_own, icount, waits, never_looks, host,
                                   clock_goes_back, sleeps, looks_itself, own_looks_with_instructions, counted_instructions,
                                   counted_host, NULL };

    return fake_suite("session-ticks", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
