/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control does, on hosts of all versions: calls, returns, jumps, and exceptions between a call and
 * where it leads to. The blocks of bare.c end with RET, so each is followed by a return. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define BL ((int)0x94000000)
#define BLR_X1 ((int)0xd63f0020)
#define BR_X1 ((int)0xd61f0020)

#define MAIN 0x40200000ull
#define CALLED 0x40201000ull
#define OTHER 0x40202000ull

/* bare_boot(), and the return that leads to MAIN. */
#define BOOT "0 2 return 40113004 40114000\n" "0 4 return 40114004 40200000\n"

static const char *const hosts[] = { "-release 9.0", "-release 9.1", "-release 9.2", "-release 10.0",
                                     "-release 10.1", "-release 10.2", "-release 11.0", "-release 11.1",
                                     NULL };

static void check_on(const char *const *list, const char *scenario, const char *expected)
{
    for (size_t i = 0; list[i]; i++) {
        struct fake_result r = fake_spawn(scenario, "%s -plugin %s,quiet=on,out=%s", list[i],
                                          fake_plugin("probe-flow"), fake_path("out"));

        ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", list[i], r.status, r.errors);
        ck_assert_msg(strcmp(r.output, expected) == 0, "%s: %s instead of %s", list[i], r.output,
                      expected);
        fake_result_clear(&r);
    }
}

static void begin(void)
{
    fake_start_all();
    bare_boot(0);                   /* instructions 0 to 3 */
}

/* ---- ways ---- */
static void scenario_ways(void)
{
    begin();
    RUN(0, MAIN, NOP, BL);          /* 4 */
    RUN(0, CALLED, NOP, RET);       /* 6 */
    RUN(0, MAIN + 8, BLR_X1);       /* 8 */
    RUN(0, CALLED, NOP, RET);       /* 9 */
    RUN(0, MAIN + 12, NOP, BR_X1);  /* 11 */
    RUN(0, OTHER, NOP);             /* 13 */
    RUN(0, OTHER + 4, NOP, NOP);    /* 14: nothing led here but the way itself */
    RUN(0, MAIN, NOP, BL);          /* 16 */
    RUN(0, MAIN, NOP, BL);          /* 18: recursion */
    RUN(0, OTHER, NOP);             /* 20 */
}

START_TEST(ways)
{
    check_on(hosts, "ways", BOOT
             "0 6 call 40200004 40201000\n"
             "0 8 return 40201004 40200008\n"
             "0 9 call 40200008 40201000\n"
             "0 11 return 40201004 4020000c\n"
             "0 13 jump 40200010 40202000\n"
             "0 18 call 40200004 40200000\n"
             "0 20 call 40200004 40202000\n");
}
END_TEST

/* ---- exceptions ---- */
/* Between the call and its target: the call goes on when the interrupt is over, and what the interrupt does
 * is not taken for it. */
static void scenario_between(void)
{
    begin();
    RUN(0, MAIN, NOP, BL);                           /* 4 */
    bare_interrupt(0, CALLED, BARE_KERNEL, 27);      /* 6 to 14 */
    RUN(0, CALLED, NOP, RET);                        /* 15 */
    bare_interrupt(0, MAIN + 8, BARE_KERNEL, 28);    /* 17 to 25 */
    RUN(0, MAIN + 8, BLR_X1);                        /* 26 */
    RUN(0, CALLED, NOP, RET);                        /* 27 */
}

START_TEST(between_a_call_and_its_target)
{
    check_on(bare_hosts, "between", BOOT
             "0 6 enter 40201000 irq arriving from 40200004\n"
             "0 8 return 40080284 40111000\n"
             "0 8 ack 27\n"
             "0 11 return 40111008 40112000\n"
             "0 13 return 40112004 40110000\n"
             "0 15 leave 40201000\n"
             "0 15 call 40200004 40201000\n"
             "0 17 enter 40200008 irq arriving from 40201004\n"
             "0 19 return 40080284 40111000\n"
             "0 19 ack 28\n"
             "0 22 return 40111008 40112000\n"
             "0 24 return 40112004 40110000\n"
             "0 26 leave 40200008\n"
             "0 26 return 40201004 40200008\n"
             "0 27 call 40200008 40201000\n");
}
END_TEST

/* The call itself faults, and is done again: one call. */
static void scenario_fault(void)
{
    begin();
    RUN(0, MAIN, NOP, BL);                           /* 4 */
    bare_take(0, BARE_SYNC, MAIN + 4, BARE_KERNEL);  /* 6 */
    bare_return(0);                                  /* 8 */
    RUN(0, MAIN + 4, BL);                            /* 10 */
    RUN(0, CALLED, NOP, RET);                        /* 11 */
    RUN(0, MAIN + 8, BLR_X1);                        /* 13 */
    bare_take(0, BARE_SYNC, MAIN + 8, BARE_KERNEL);  /* 14 */
    bare_return_to(0, OTHER, BARE_KERNEL);           /* 16: fixed up elsewhere */
    RUN(0, OTHER, NOP);                              /* 18 */
}

START_TEST(the_call_itself_faults)
{
    check_on(bare_hosts, "fault", BOOT
             "0 6 enter 40200004\n"
             "0 8 return 40080204 40110000\n"
             "0 10 leave 40200004\n"
             "0 11 call 40200004 40201000\n"
             "0 13 return 40201004 40200008\n"
             "0 14 enter 40200008\n"
             "0 16 return 40080204 40110000\n"
             "0 18 leave 40202000\n");
}
END_TEST

/* From user code, and one in another. */
static void scenario_nested(void)
{
    begin();
    RUN(0, MAIN, NOP, NOP);                               /* 4 */
    bare_take(0, BARE_USER_SYNC, MAIN + 8, BARE_USER);    /* 6 */
    bare_interrupt(0, OTHER, BARE_KERNEL, 30);            /* 8 to 16 */
    RUN(0, OTHER, NOP);                                   /* 17 */
    bare_return_to(0, MAIN + 8, BARE_USER);               /* 18 */
    RUN(0, MAIN + 8, NOP, BR_X1);                         /* 20 */
    RUN(0, OTHER, NOP);                                   /* 22 */
}

START_TEST(nested)
{
    check_on(bare_hosts, "nested", BOOT
             "0 6 enter 40200008 user\n"
             "0 8 enter 40202000 irq arriving from 40080404\n"
             "0 10 return 40080284 40111000\n"
             "0 10 ack 30\n"
             "0 13 return 40111008 40112000\n"
             "0 15 return 40112004 40110000\n"
             "0 17 leave 40202000\n"
             "0 17 return 40080404 40202000\n"
             "0 20 leave 40200008\n"
             "0 22 jump 4020000c 40202000\n");
}
END_TEST

/* ---- two vCPUs ---- */
/* What is under way on one is nothing to the other. */
static void scenario_two(void)
{
    fake_start_all();
    RUN(0, MAIN, NOP, BL);
    RUN(1, OTHER, NOP);
    RUN(1, CALLED, NOP, RET);
    RUN(0, CALLED, NOP, RET);
    RUN(1, MAIN, NOP, BL);
}

START_TEST(two_vcpus)
{
    const char *const two[] = { "-release 9.2 -smp 2", "-release 10.0 -smp 2", "-release 11.1 -smp 2",
                                NULL };

    check_on(two, "two", "0 2 call 40200004 40201000\n" "1 3 return 40201004 40200000\n");
}
END_TEST

static int run_tests(void)
{
    const TTest *const tests[] = { ways, between_a_call_and_its_target, the_call_itself_faults, nested,
                                   two_vcpus, NULL };

    return fake_suite("session-flow", tests);
}

int main(int argc, char **argv)
{
    static const struct fake_scenario scenarios[] = {
        { "ways", scenario_ways }, { "between", scenario_between }, { "fault", scenario_fault },
        { "nested", scenario_nested }, { "two", scenario_two }, { NULL, NULL },
    };

    return fake_main(argc, argv, scenarios, run_tests);
}
