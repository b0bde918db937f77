/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of a scripted guest, from the vector to the return: the same trace whether QEMU tells
 * of exceptions or not.
 *
 * With clock=insn times are arithmetic: an instruction's time is its number, counted from 1. In a
 * whole interrupt (bare_interrupt()) the acknowledge is 2 after the vector, its end 5, ERET 8.
 */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define PC 0x40001000ull
#define USER_PC 0x400800ull
#define HERE (BARE_CODE + 0x20000u) /* the code of a scenario */

#define TO_ERET " to=0x40110004 idle=0\n"
#define KERNEL_FROM " from=[el1h_64_irq]"
#define USER_FROM " from=[el0t_64_irq]"

/* ---- one interrupt ---- */
static void scenario_one(void)
{
    fake_start_all();
    bare_boot(0);                                 /* 1 */
    bare_work(0, 10);                             /* 5 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);       /* 15 */
    bare_work(0, 6);                              /* 24 */
    bare_interrupt(0, USER_PC, BARE_USER, 0x10021); /* 30; an LPI */
    bare_work(0, 1);
}

START_TEST(one)
{
    bare_check("one",
        "0 15 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 17 irq_ack hwirq=27 delay=-1\n"
        "0 20 irq_eoi hwirq=27\n"
        "0 23 irq_exit resched=0\n"
        "0 23 irqs_masked duration=8" KERNEL_FROM TO_ERET
        "0 30 irq_enter task=- pc=0x400800 user=1 depth=0\n"
        "0 32 irq_ack hwirq=65569 delay=-1\n"
        "0 35 irq_eoi hwirq=65569\n"
        "0 38 irq_exit resched=0\n"
        "0 38 irqs_masked duration=8" USER_FROM TO_ERET);
}
END_TEST

/* ---- the controller ---- */
/* A device access is the last instruction of its block; these have two. */
static void access_device(uint64_t offset, bool store, const char *device, uint64_t data)
{
    struct fake_effect effect = {
        .insn = 1, .kind = store ? FAKE_STORE : FAKE_LOAD, .value = BARE_GIC + offset, .shift = 2,
        .io = device != NULL, .device = device, .data = data,
    };

    if (store) {
        RUN_WITH(effect, 0, HERE, NOP, STR_W0_X1);
    } else {
        RUN_WITH(effect, 0, HERE + 0x100, NOP, LDR_W0_X1);
    }
}

static void scenario_gicv2(void)
{
    fake_start_all();
    bare_boot(0);                                 /* 1 */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);      /* 5 */
    access_device(0x0c, false, NULL, 0x21);       /* 7: memory */
    access_device(0x0c, false, "pl011", 0x22);    /* 9: another device */
    access_device(0x08, false, "gic_cpu", 0x23);  /* 11: another register */
    access_device(0x0c, true, "gic_cpu", 0x24);   /* 13: a store there means nothing */
    access_device(0x0c, false, "gic_cpu", 0x1c1b);/* 15: an SGI has its sender in bits 10 to 12 */
    access_device(0x10, true, "gic_cpu", 0x1c1b); /* 17 */
    access_device(0x10, false, "gic_cpu", 5);     /* 19: a load there neither */
    access_device(0x100c, false, "gic_cpu", 0x21);/* 21: a page further is an alias */
    access_device(0x24, true, "gic_cpu", 0x21);   /* 23: aliased registers of group 1 */
    access_device(0x20, false, "gic_cpu", 1023);  /* 25: none is left */
    bare_return(0);                               /* 27 */
}

START_TEST(gicv2)
{
    bare_check("gicv2",
        "0 5 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 16 irq_ack hwirq=27 delay=-1\n"
        "0 18 irq_eoi hwirq=27\n"
        "0 22 irq_ack hwirq=33 delay=-1\n"
        "0 24 irq_eoi hwirq=33\n"
        "0 26 irq_ack hwirq=1023 delay=-1\n"
        "0 28 irq_exit resched=0\n"
        "0 28 irqs_masked duration=23" KERNEL_FROM TO_ERET);
}
END_TEST

/* QEMU may end a block behind the acknowledge: its value is there when the next one starts. */
static void scenario_last(void)
{
    struct fake_effect answer = { .insn = 1, .kind = FAKE_SET, .name = "x0", .value = 30 };

    fake_start_all();
    bare_boot(0);                                     /* 1 */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);          /* 5 */
    RUN_WITH(answer, 0, HERE, NOP, MRS_X0_IAR1);      /* 7 */
    RUN(0, HERE + 8, NOP, NOP, RET);                  /* 9 */
    RUN(0, HERE + 8, NOP, NOP, RET);                  /* 12: no acknowledge leads here */
    answer.value = 31;
    RUN_WITH(answer, 0, HERE, NOP, MRS_X0_IAR1);      /* 15 */
    RUN(0, HERE + 8, NOP, NOP, RET);                  /* 17 */
    bare_return(0);                                   /* 20 */
}

START_TEST(acknowledge_ends_its_block)
{
    bare_check("last",
        "0 5 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 8 irq_ack hwirq=30 delay=-1\n"
        "0 16 irq_ack hwirq=31 delay=-1\n"
        "0 21 irq_exit resched=0\n"
        "0 21 irqs_masked duration=16" KERNEL_FROM TO_ERET);
}
END_TEST

/* ---- nesting and returning ---- */
static void scenario_nested(void)
{
    fake_start_all();
    bare_boot(0);                                  /* 1 */
    bare_take(0, BARE_USER_IRQ, USER_PC, BARE_USER); /* 5 */
    bare_acknowledge(0, 40);                       /* 7 */
    RUN(0, HERE, UNMASK, RET);                     /* 10 */
    bare_interrupt(0, PC, BARE_KERNEL, 41);        /* 12 */
    bare_take(0, BARE_SYNC, PC + 4, BARE_KERNEL);  /* 21: a fault in the handler */
    bare_interrupt(0, PC + 8, BARE_KERNEL, 42);    /* 23: its handler had unmasked */
    bare_return_to(0, PC + 4, BARE_KERNEL);        /* 32 */
    bare_return_to(0, USER_PC, BARE_USER);         /* 34 */
}

START_TEST(nested)
{
    bare_check("nested",
        "0 5 irq_enter task=- pc=0x400800 user=1 depth=0\n"
        "0 7 irq_ack hwirq=40 delay=-1\n"
        "0 10 irqs_masked duration=5" USER_FROM " to=0x40120000 idle=0\n"
        "0 12 irq_enter task=- pc=0x40001000 user=0 depth=1\n"
        "0 14 irq_ack hwirq=41 delay=-1\n"
        "0 17 irq_eoi hwirq=41\n"
        "0 20 irq_exit resched=0\n"
        "0 20 irqs_masked duration=8" KERNEL_FROM TO_ERET
        "0 23 irq_enter task=- pc=0x40001008 user=0 depth=1\n"
        "0 23 irqs_masked duration=2 from=[el1h_64_sync] to=[el1h_64_irq] idle=0\n"
        "0 25 irq_ack hwirq=42 delay=-1\n"
        "0 28 irq_eoi hwirq=42\n"
        "0 31 irq_exit resched=0\n"
        "0 31 irqs_masked duration=8" KERNEL_FROM TO_ERET
        "0 35 irq_exit resched=0\n");
}
END_TEST

static void scenario_returns(void)
{
    fake_start_all();
    bare_boot(0);                                  /* 1 */
    bare_return_to(0, PC, BARE_KERNEL);            /* 5: none was taken */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);       /* 7 */
    bare_return_to(0, PC + 0x40, BARE_KERNEL);     /* 9: elsewhere, and still its return */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);       /* 11 */
    RUN(0, HERE, UNMASK, RET);                     /* 13 */
    bare_take(0, BARE_IRQ, PC + 4, BARE_KERNEL);   /* 15 */
    bare_return_to(0, PC, BARE_KERNEL);            /* 17: an earlier one fits; both are over */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);       /* 19 */
    bare_return_to(0, PC, BARE_KERNEL | BARE_MASKED); /* 21: still masked */
    RUN(0, HERE, UNMASK, RET);                     /* 23 */
}

START_TEST(returns)
{
    bare_check("returns",
        "0 7 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 10 irq_exit resched=0\n"
        "0 10 irqs_masked duration=3" KERNEL_FROM TO_ERET
        "0 11 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 13 irqs_masked duration=2" KERNEL_FROM " to=0x40120000 idle=0\n"
        "0 15 irq_enter task=- pc=0x40001004 user=0 depth=1\n"
        "0 18 irq_exit resched=0\n"
        "0 18 irq_exit resched=0\n"
        "0 18 irqs_masked duration=3" KERNEL_FROM TO_ERET
        "0 19 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 22 irq_exit resched=0\n"
        "0 23 irqs_masked duration=4" KERNEL_FROM " to=0x40120000 idle=0\n");
}
END_TEST

/* A system that never returns from its exceptions. */
static void scenario_endless(void)
{
    fake_start_all();
    bare_boot(0);
    for (unsigned i = 0; i < 100; i++) {
        bare_take(0, BARE_USER_SYNC, USER_PC + 4 * i, BARE_USER);
    }
    bare_interrupt(0, PC, BARE_KERNEL, 27); /* 205 */
    bare_return_to(0, USER_PC + 4 * 99, BARE_USER); /* 214 */
    for (unsigned i = 0; i < 100; i++) {
        bare_take(0, BARE_USER_SYNC, USER_PC + 4 * i, BARE_USER); /* 216 */
    }
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);        /* 416 */
    for (unsigned i = 0; i < 15; i++) {
        bare_take(0, BARE_USER_SYNC, USER_PC + 4 * i, BARE_USER); /* 418 */
    }
    bare_return_to(0, PC, BARE_KERNEL);             /* 448: 16 are remembered */
}

START_TEST(never_returned)
{
    bare_check("endless",
        "0 205 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 205 irqs_masked duration=200 from=[el0t_64_sync] to=[el1h_64_irq] idle=0\n"
        "0 207 irq_ack hwirq=27 delay=-1\n"
        "0 210 irq_eoi hwirq=27\n"
        "0 213 irq_exit resched=0\n"
        "0 213 irqs_masked duration=8" KERNEL_FROM TO_ERET
        "0 416 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 416 irqs_masked duration=200 from=[el0t_64_sync] to=[el1h_64_irq] idle=0\n"
        "0 449 irq_exit resched=0\n"
        "0 449 irqs_masked duration=33" KERNEL_FROM TO_ERET);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "one", scenario_one },         { "gicv2", scenario_gicv2 },
    { "last", scenario_last },       { "nested", scenario_nested },
    { "returns", scenario_returns }, { "endless", scenario_endless },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { one, gicv2, acknowledge_ends_its_block, nested, returns,
                                   never_returned, NULL };

    return fake_suite("session-irq", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
