/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What begins at a vector, and what only looks so; exceptions by class; two vCPUs at once; a task
 * switch in an interrupt. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define PC 0x40001000ull
#define HERE (BARE_CODE + 0x20000u)
#define OTHER_VECTORS 0x40090000ull
#define TO_ERET " to=0x40110004 idle=0\n"

/* A whole interrupt by bare_interrupt(), as lines. */
#define INTERRUPT(vcpu, t0, t2, t5, t8, pc) \
    #vcpu " " #t0 " irq_enter task=- pc=" #pc " user=0 depth=0\n" \
    #vcpu " " #t2 " irq_ack hwirq=27 delay=-1\n" \
    #vcpu " " #t5 " irq_eoi hwirq=27\n" \
    #vcpu " " #t8 " irq_exit resched=0\n" \
    #vcpu " " #t8 " irqs_masked duration=8 from=[el1h_64_irq]" TO_ERET

/* ---- a table that is not used whole has other code in it ---- */
static void registers(uint64_t status, uint64_t saved)
{
    fake_set_register(0, "cpsr", status);
    fake_set_register(0, "SPSR_EL1", saved);
    fake_set_register(0, "ELR_EL1", PC);
}

static void scenario_ordinary(void)
{
    fake_start_all();
    bare_boot(0);                                    /* 1 */
    registers(BARE_KERNEL, BARE_KERNEL);             /* not masked: no exception */
    RUN(0, BARE_VECTORS + BARE_IRQ, NOP, RET);       /* 5 */
    RUN(0, BARE_VECTORS + BARE_SYNC, NOP, RET);      /* 7 */
    registers(BARE_KERNEL | 0x80, BARE_KERNEL);      /* masked, but the saved level is another */
    RUN(0, BARE_VECTORS + 0x080, NOP, RET);          /* 9: own level with SP_EL0 */
    RUN(0, BARE_VECTORS + 0x680, NOP, RET);          /* 11: AArch32 */
    registers(BARE_KERNEL | 0x80, BARE_KERNEL | 0x80); /* no interrupt where they are masked */
    RUN(0, BARE_VECTORS + BARE_IRQ, NOP, RET);       /* 13 */
    RUN(0, BARE_VECTORS + 0x300, NOP, RET);          /* 15: FIQ */
    registers(BARE_KERNEL | 0x80, BARE_KERNEL);
    RUN(0, BARE_VECTORS + BARE_IRQ + 4, NOP, RET);   /* 17: not at the entry */
    RUN(0, BARE_VECTORS + 0x800, NOP, RET);          /* 19: behind the table */
    RUN(0, OTHER_VECTORS + BARE_IRQ, NOP, RET);      /* 21: no table */
    registers(BARE_KERNEL, 0);
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 23 */
}

START_TEST(ordinary_code)
{
    bare_check("ordinary", INTERRUPT(0, 23, 25, 28, 31, 0x40001000));
}
END_TEST

/* ---- the vector base register is written several times ---- */
static void scenario_tables(void)
{
    fake_start_all();
    bare_boot(0);                                    /* 1 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 5 */
    bare_vectors(0, OTHER_VECTORS);                  /* 14 */
    bare_vectors(0, OTHER_VECTORS);                  /* 16 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 18 */
    bare_vectors(0, BARE_VECTORS);                   /* 27 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 29 */
}

START_TEST(several_tables)
{
    bare_check("tables", INTERRUPT(0, 5, 7, 10, 13, 0x40001000)
                         INTERRUPT(0, 18, 20, 23, 26, 0x40001000)
                         INTERRUPT(0, 29, 31, 34, 37, 0x40001000));
}
END_TEST

/* More than are remembered: the latest ones count. */
static void scenario_many(void)
{
    fake_start_all();
    bare_boot(0);                                    /* 1 */
    for (unsigned i = 0; i < 100; i++) {
        bare_vectors(0, OTHER_VECTORS + 0x800 * i);  /* 5 … 203 */
    }
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 205 */
    bare_vectors(0, OTHER_VECTORS + 0x800 * 50);     /* 214 */
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 216 */
}

START_TEST(many_tables)
{
    bare_check("many", INTERRUPT(0, 205, 207, 210, 213, 0x40001000)
                       INTERRUPT(0, 216, 218, 221, 224, 0x40001000));
}
END_TEST

/* ---- exceptions by class ---- */
static void take_class(unsigned entry, unsigned class, uint64_t saved)
{
    fake_set_register(0, "ESR_EL1", (uint64_t)class << 26 | 0x2000000);
    bare_take(0, entry, PC, saved);
    bare_return(0);
}

static void scenario_classes(void)
{
    fake_start_all();
    bare_boot(0);
    take_class(BARE_USER_SYNC, 0x15, BARE_USER);
    take_class(BARE_USER_SYNC, 0x15, BARE_USER);
    take_class(BARE_USER_SYNC, 0x24, BARE_USER);
    take_class(BARE_SYNC, 0x25, BARE_KERNEL);
    take_class(BARE_SYNC, 0x21, BARE_KERNEL | BARE_MASKED);
    take_class(0x380, 0x15, BARE_KERNEL); /* SError: the syndrome is another kind's */
}

START_TEST(classes)
{
    bare_check_summary("classes", ",clock=insn",
        "\"exceptions\": [\n"
        "{\"cpu\":0,\"class\":\"syscall\",\"count\":2},\n"
        "{\"cpu\":0,\"class\":\"page fault\",\"count\":3},\n"
        "{\"cpu\":0,\"class\":\"serror\",\"count\":1}\n"
        "]");
}
END_TEST

/* ---- two vCPUs on two threads ---- */
#define ROUNDS 2000

static void interrupts(unsigned vcpu, void *data)
{
    (void)data;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bare_interrupt(vcpu, PC + 4 * vcpu, BARE_KERNEL, 27 + vcpu);
        bare_work(vcpu, 1 + i % 5);
    }
}

static void scenario_two(void)
{
    fake_start_all();
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        bare_boot(i);
    }
    fake_go(0, interrupts, NULL);
    fake_go(1, interrupts, NULL);
    fake_wait(0);
    fake_wait(1);
}

START_TEST(two_vcpus)
{
    static const char *const hosts[] = { "-smp 2 -release 10.0", "-smp 2 -release 11.1" };

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        char *text;

        g_free(bare_spawn("two", hosts[i], ",clock=insn"));
        text = fake_trace_text(fake_path("out"));
        ck_assert_uint_eq(fake_count_lines(text, NULL), 2 * 5 * ROUNDS);
        ck_assert_uint_eq(fake_count_lines(text, "pc=0x40001000 user=0 depth=0"), ROUNDS);
        ck_assert_uint_eq(fake_count_lines(text, "pc=0x40001004 user=0 depth=0"), ROUNDS);
        ck_assert_uint_eq(fake_count_lines(text, "irq_ack hwirq=27"), ROUNDS);
        ck_assert_uint_eq(fake_count_lines(text, "irq_ack hwirq=28"), ROUNDS);
        ck_assert_uint_eq(fake_count_lines(text, "duration=8 from=[el1h_64_irq]" ), 2 * ROUNDS);
        g_free(text);
    }
}
END_TEST

/* ---- a task switch in an interrupt ---- */
static void scenario_switch(void)
{
    struct fake_task idle = { FAKE_TASK_AT(0), "swapper/0", 0, 0, 120, 0, 0, 0, 0, 0 };
    struct fake_task init = { FAKE_TASK_AT(2), "init", 1, 1, 120, 0, 0, 0, 40, 7 };

    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE);                 /* 12 instructions, counted from 1 */
    fake_task_store(&idle);
    fake_task_store(&init);
    bare_boot(0);                                    /* 13 */
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);         /* 17 */
    bare_acknowledge(0, 27);                         /* 19 */
    init.state = 1;
    fake_wake(0, &init);                             /* 22 */
    fake_preempt(0, &idle, &init);                   /* 32, 42 */
    bare_return_to(0, PC + 8, BARE_KERNEL);          /* 52: of the other task */
    bare_interrupt(0, PC, BARE_KERNEL, 27);          /* 54, 62 */
    fake_preempt(0, &init, &idle);                   /* 63 */
}

#define SWITCH(prev, next) \
    " sched_switch prev=" prev " next=" next " prev_state=R+ prev_prio=120 next_prio=120\n"

START_TEST(task_switch)
{
    char *options = g_strdup_printf(",clock=insn,symbols=%s", fake_path("vmlinux"));

    fake_linux_write(fake_path("vmlinux"), 0);
    bare_check_with("switch", options,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 17 irq_enter task=- pc=0x40001000 user=0 depth=0\n"
        "0 19 irq_ack hwirq=27 delay=-1\n"
        "0 22 sched_wakeup task=init/1 prio=120 target_cpu=0 first=0\n"
        "0 42 irq_exit resched=1\n"
        "0 42" SWITCH("swapper/0/0", "init/1")
        "0 53 irqs_masked duration=36 from=[el1h_64_irq]" TO_ERET
        "0 54 irq_enter task=init/1 pc=0x40001000 user=0 depth=0\n"
        "0 56 irq_ack hwirq=27 delay=-1\n"
        "0 59 irq_eoi hwirq=27\n"
        "0 62 irq_exit resched=0\n"
        "0 62 irqs_masked duration=8 from=[el1h_64_irq]" TO_ERET
        "0 73" SWITCH("init/1", "swapper/0/0"));
    bare_check_summary("switch", options,
        "\"entry_to_thread\": [\n"
        "{\"hwirq\":27,\"name\":null,\"cpu\":\"all\",\"count\":1,\"p50_insn\":25,"
        "\"p90_insn\":25,\"p99_insn\":25,\"p99_9_insn\":25,\"max_insn\":25,\"max_at_insn\":42}\n]");
    bare_check_summary("switch", options, "\"left_by_switch\": 1,");
    g_free(options);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "ordinary", scenario_ordinary }, { "tables", scenario_tables },
    { "many", scenario_many },         { "classes", scenario_classes },
    { "two", scenario_two },           { "switch", scenario_switch },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { ordinary_code, several_tables, many_tables, classes, two_vcpus,
                                   task_switch, NULL };

    return fake_suite("session-irq-vectors", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
