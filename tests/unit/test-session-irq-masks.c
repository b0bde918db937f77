/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections in which a scripted guest masks interrupts: where each begins and ends, and why.
 *
 * With clock=insn an instruction's time is its number. A block here is one instruction of interest
 * and a return, so two are executed.
 */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define PC 0x40001000ull
#define CODE(n) (BARE_CODE + 0x20000u + (n) * 0x100u)
#define MASKED "irqs_masked duration="

enum { A, B, C, D, E, F }; /* CODE(A) is 0x40120000, CODE(B) 0x40120100 … */
#define AT_A "0x40120000"
#define AT_B "0x40120100"
#define AT_C "0x40120200"
#define AT_D "0x40120300"
#define AT_E "0x40120400"

static void write_register(uint64_t address, int word, uint64_t value)
{
    fake_set_register(0, "x0", value);
    RUN(0, address, word, RET);
}

/* ---- PSTATE.I ---- */
static void scenario_status(void)
{
    fake_start_all();
    fake_set_register(0, "cpsr", BARE_KERNEL | BARE_MASKED);
    RUN(0, CODE(B), UNMASK, RET);               /* 1: since when is nobody's business */
    RUN(0, CODE(A), MASK, RET);                 /* 3 */
    RUN(0, CODE(C), MASK, RET);                 /* 5: masked already */
    RUN(0, CODE(D), MASK_FIQ, RET);             /* 7: not interrupts */
    RUN(0, CODE(B), UNMASK, RET);               /* 9 */
    RUN(0, CODE(B), UNMASK, RET);               /* 11: unmasked already */
    RUN(0, CODE(D), MASK_FIQ, RET);             /* 13 */
    write_register(CODE(E), MSR_DAIF_X0, 0xc0); /* 15 */
    write_register(CODE(E), MSR_DAIF_X0, 0x80); /* 17 */
    write_register(CODE(E), MSR_DAIF_X0, 0x40); /* 19 */
    RUN(0, CODE(A), MASK, RET);                 /* 21 */
    write_register(CODE(E), MSR_DAIF_X0, 0);    /* 23 */
    RUN(0, CODE(F), NOP, MASK, NOP, NOP, UNMASK, RET); /* 25 */
    RUN(0, CODE(A), MASK, RET);                 /* 31: never ends */
}

START_TEST(status)
{
    bare_check("status",
        "0 9 " MASKED "6 from=" AT_A " to=" AT_B " idle=0\n"
        "0 19 " MASKED "4 from=" AT_E " to=" AT_E " idle=0\n"
        "0 23 " MASKED "2 from=" AT_A " to=" AT_E " idle=0\n"
        "0 29 " MASKED "3 from=0x40120504 to=0x40120510 idle=0\n");
}
END_TEST

/* ---- the controller's priority mask ---- */
static void scenario_priority(void)
{
    fake_start_all();
    bare_boot(0);                               /* 1 */
    write_register(CODE(A), MSR_PMR_X0, 0xc0);  /* 5 */
    write_register(CODE(A), MSR_PMR_X0, 0x60);  /* 7 */
    write_register(CODE(B), MSR_PMR_X0, 0xe0);  /* 9 */
    write_register(CODE(A), MSR_PMR_X0, 0x60);  /* 11: both reasons, one section */
    RUN(0, CODE(C), MASK, RET);                 /* 13 */
    write_register(CODE(B), MSR_PMR_X0, 0xf0);  /* 15 */
    RUN(0, CODE(D), UNMASK, RET);               /* 17 */
    RUN(0, CODE(C), MASK, RET);                 /* 19 */
    write_register(CODE(A), MSR_PMR_X0, 0xa0);  /* 21 */
    RUN(0, CODE(D), UNMASK, RET);               /* 23 */
    write_register(CODE(B), MSR_PMR_X0, 0xff);  /* 25 */
}

START_TEST(priority)
{
    bare_check("priority",
        "0 9 " MASKED "4 from=" AT_A " to=" AT_B " idle=0\n"
        "0 17 " MASKED "6 from=" AT_A " to=" AT_D " idle=0\n"
        "0 25 " MASKED "6 from=" AT_C " to=" AT_B " idle=0\n");
}
END_TEST

/* FreeRTOS masks with whatever it calls its highest priority: an interrupt that comes nonetheless
 * shows that what was taken for a reason is none. */
static void scenario_passes(void)
{
    fake_start_all();
    bare_boot(0);                               /* 1 */
    write_register(CODE(A), MSR_PMR_X0, 0xb0);  /* 5 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);     /* 7, 15 */
    RUN(0, CODE(C), MASK, RET);                 /* 16 */
    RUN(0, CODE(D), UNMASK, RET);               /* 18 */
}

START_TEST(a_priority_that_lets_pass)
{
    bare_check("passes",
        "0 7 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 7 " MASKED "2 from=" AT_A " to=[el1h_64_irq] idle=0\n"
        "0 9 irq_ack hwirq=27 delay=-1\n"
        "0 12 irq_eoi hwirq=27\n"
        "0 15 irq_exit resched=0\n"
        "0 15 " MASKED "8 from=[el1h_64_irq] to=0x40110004 idle=0\n"
        "0 18 " MASKED "2 from=" AT_C " to=" AT_D " idle=0\n");
}
END_TEST

/* ---- PSTATE.ALLINT: each entry sets it, which means nothing to who never writes it ---- */
#define ALLINT 0x2000u

static void scenario_allint(void)
{
    fake_start_all();
    bare_boot(0);                                        /* 1 */
    bare_take(0, BARE_SYNC, PC, BARE_KERNEL);            /* 5 */
    bare_return_to(0, PC, BARE_KERNEL | ALLINT);         /* 7: unmasked */
    RUN(0, CODE(A), MASK_ALL, RET);                      /* 9 */
    RUN(0, CODE(C), MASK, RET);                          /* 11 */
    RUN(0, CODE(B), UNMASK_ALL, RET);                    /* 13 */
    RUN(0, CODE(D), UNMASK, RET);                        /* 15 */
    bare_take(0, BARE_SYNC, PC, BARE_KERNEL);            /* 17 */
    bare_return_to(0, PC, BARE_KERNEL | ALLINT);         /* 19: now it masks */
    RUN(0, CODE(B), UNMASK_ALL, RET);                    /* 21 */
}

START_TEST(all)
{
    bare_check("allint",
        "0 8 " MASKED "3 from=[el1h_64_sync] to=0x40110004 idle=0\n"
        "0 15 " MASKED "6 from=" AT_A " to=" AT_D " idle=0\n"
        "0 21 " MASKED "4 from=[el1h_64_sync] to=" AT_B " idle=0\n");
}
END_TEST

/* ---- exceptions mask ---- */
static void scenario_syscall(void)
{
    fake_start_all();
    bare_boot(0);                                        /* 1 */
    bare_take(0, BARE_USER_SYNC, 0x400004, BARE_USER);   /* 5 */
    RUN(0, CODE(D), UNMASK, RET);                        /* 7 */
    RUN(0, CODE(C), MASK, RET);                          /* 9 */
    bare_return(0);                                      /* 11 */
    bare_take(0, BARE_SYNC, PC, BARE_KERNEL | BARE_MASKED); /* 13 */
    bare_return(0);                                      /* 15: where it came from is masked */
    RUN(0, CODE(D), UNMASK, RET);                        /* 17 */
}

START_TEST(exceptions)
{
    bare_check("syscall",
        "0 7 " MASKED "2 from=[el0t_64_sync] to=" AT_D " idle=0\n"
        "0 12 " MASKED "3 from=" AT_C " to=0x40110004 idle=0\n"
        "0 17 " MASKED "4 from=[el1h_64_sync] to=" AT_D " idle=0\n");
}
END_TEST

/* ---- waiting ---- */
static void scenario_wait(void)
{
    fake_start_all();
    bare_boot(0);                               /* 1 */
    RUN(0, CODE(A), MASK, RET);                 /* 5 */
    RUN(0, CODE(E), NOP, WFI);                  /* 7: it is asleep from 8 on */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 9: it woke, masked still */
    RUN(0, CODE(D), UNMASK, RET);               /* 11 */
    RUN(0, CODE(E), NOP, WFI);                  /* 13: not masked */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 15 */
    RUN(0, CODE(A), MASK, RET);                 /* 17 */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 19: no wait leads here */
    RUN(0, CODE(E), NOP, WFI);                  /* 21 */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 23 */
    bare_take(0, BARE_SYNC, PC, BARE_KERNEL | BARE_MASKED); /* 25 */
    bare_return(0);                             /* 27 */
    RUN(0, CODE(D), UNMASK, RET);               /* 29 */
    RUN(0, CODE(E), NOP, WFI);                  /* 31: interrupted where it waits */
    bare_interrupt(0, CODE(E) + 8, BARE_KERNEL, 27); /* 33, 41 */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 42 */
    RUN(0, CODE(E), NOP, WFI);                  /* 44 */
    bare_take(0, BARE_SYNC, CODE(E) + 8, BARE_KERNEL); /* 46: that ends the wait */
    bare_return_to(0, CODE(E) + 8, BARE_KERNEL | BARE_MASKED); /* 48 */
    RUN(0, CODE(E) + 8, NOP, RET);              /* 50 */
    RUN(0, CODE(D), UNMASK, RET);               /* 52 */
}

START_TEST(waiting)
{
    bare_check("wait",
        "0 8 " MASKED "3 from=" AT_A " to=0x40120404 idle=0\n"
        "0 11 " MASKED "2 from=0x40120408 to=" AT_D " idle=1\n"
        "0 22 " MASKED "5 from=" AT_A " to=0x40120404 idle=0\n"
        "0 29 " MASKED "6 from=0x40120408 to=" AT_D " idle=1\n"
        "0 33 irq_enter task=- pc=0x40120408 user=0 depth=0\n"
        "0 35 irq_ack hwirq=27 delay=-1\n"
        "0 38 irq_eoi hwirq=27\n"
        "0 41 irq_exit resched=0\n"
        "0 41 " MASKED "8 from=[el1h_64_irq] to=0x40110004 idle=0\n"
        "0 52 " MASKED "6 from=[el1h_64_sync] to=" AT_D " idle=0\n");
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "status", scenario_status },   { "priority", scenario_priority },
    { "passes", scenario_passes },   { "allint", scenario_allint },
    { "syscall", scenario_syscall }, { "wait", scenario_wait },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { status, priority, a_priority_that_lets_pass, all, exceptions,
                                   waiting, NULL };

    return fake_suite("session-irq-masks", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
