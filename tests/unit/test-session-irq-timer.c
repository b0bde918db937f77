/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's timers: what it writes to them, and how long their interrupts waited.
 *
 * The guest's clock without icount: it is the host's, which stands still unless the script sets it.
 * A tick is 16 ns.
 */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define PC 0x40001000ull
#define CODE(n) (BARE_CODE + 0x20000u + (n) * 0x100u)
#define START 1000000ull /* ns */
#define ENABLE 1u
#define MASKED 2u

enum { CVAL, TVAL, TVAL_LAST, CTL, COUNTER };
enum { MRS_X2_CNTVCT = (int)0xd53be042 };

/* ns since the beginning */
static void at(uint64_t ns)
{
    fake_set_host_time(START + ns);
}

/* The guest reads its counter, by which the library learns it. */
static void boot(void)
{
    at(0);
    fake_start_all();
    fake_set_distance(START - 1600);
    bare_boot(0);
    RUN(0, CODE(COUNTER), MRS_X2_CNTVCT, NOP, RET);
}

static void write_deadline(uint64_t ns)
{
    fake_set_register(0, "x2", (ns + 1600) / FAKE_TICK_NS);
    RUN(0, CODE(CVAL), MSR_CVAL_X2, RET);
    fake_set_register(0, "CNTV_CVAL_EL0", (ns + 1600) / FAKE_TICK_NS);
}

/* The processor adds the counter. */
static void write_relative(bool last, uint64_t ticks, uint64_t ns)
{
    struct fake_effect sum = { .insn = 1, .kind = FAKE_SET, .name = "CNTV_CVAL_EL0",
                               .value = (ns + 1600) / FAKE_TICK_NS };

    fake_set_register(0, "x2", ticks);
    if (last) {
        RUN_WITH(sum, 0, CODE(TVAL_LAST), NOP, MSR_TVAL_X2);
        RUN(0, CODE(TVAL_LAST) + 8, NOP, RET);
    } else {
        RUN_WITH(sum, 0, CODE(TVAL), NOP, MSR_TVAL_X2, NOP, RET);
    }
}

static void write_control(uint64_t value)
{
    fake_set_register(0, "x2", value);
    RUN(0, CODE(CTL), MSR_CTL_X2, RET);
}

static void take(uint64_t ns, uint32_t number)
{
    at(ns);
    bare_take(0, BARE_IRQ, PC, BARE_KERNEL);
    at(ns + 100);
    bare_acknowledge(0, number);
    at(ns + 200);
    bare_return(0);
}

/* The trace but for masked sections; guest time begins at 1600. */
static void check(const char *scenario, const char *expected)
{
    for (size_t i = 0; bare_hosts[i]; i++) {
        GString *kept = g_string_new(NULL);
        char *text, **lines;

        g_free(bare_spawn(scenario, bare_hosts[i], ""));
        text = fake_trace_text(fake_path("out"));
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
            if (**line && !strstr(*line, "irqs_masked") && !strstr(*line, "irq_exit") &&
                !strstr(*line, "irq_enter")) {
                g_string_append_printf(kept, "%s\n", *line);
            }
        }
        ck_assert_msg(strcmp(kept->str, expected) == 0, "%s: %s:\n%s", scenario, bare_hosts[i],
                      kept->str);
        g_strfreev(lines);
        g_string_free(kept, TRUE);
        g_free(text);
    }
}

/* ---- an absolute deadline ---- */
static void scenario_deadline(void)
{
    boot();
    at(160);
    write_control(ENABLE);       /* its deadline is 0, as after a reset */
    at(320);
    write_deadline(3200);
    take(4000, 27);              /* 800 ns late */
    take(5000, 30);              /* another timer's interrupt: this one was never switched on */
    take(6000, 33);              /* a device's */
    at(7008);
    write_deadline(6400);        /* in the past: it rises now */
    take(7200, 27);
    at(8000);
    write_control(ENABLE | MASKED);
    take(8200, 27);              /* by whatever, not by a timer that is masked */
    at(9008);
    write_control(ENABLE);
    take(9200, 27);              /* it rose when it was switched on */
    at(9900);
    write_control(0);
    take(10000, 27);
}

START_TEST(deadline)
{
    check("deadline",
        "0 1760 timer_set timer=0 deadline=-1 on=1\n"
        "0 1920 timer_set timer=0 deadline=4800 on=1\n"
        "0 5700 irq_ack hwirq=27 delay=800\n"
        "0 6700 irq_ack hwirq=30 delay=-1\n"
        "0 7700 irq_ack hwirq=33 delay=-1\n"
        "0 8608 timer_set timer=0 deadline=8000 on=1\n"
        "0 8900 irq_ack hwirq=27 delay=192\n"
        "0 9600 timer_set timer=0 deadline=-1 on=0\n"
        "0 9900 irq_ack hwirq=27 delay=-1\n"
        "0 10608 timer_set timer=0 deadline=-1 on=1\n"
        "0 10900 irq_ack hwirq=27 delay=192\n"
        "0 11500 timer_set timer=0 deadline=-1 on=0\n"
        "0 11700 irq_ack hwirq=27 delay=-1\n");
}
END_TEST

/* ---- a relative one: what it comes to stands in the other register ---- */
static void scenario_relative(void)
{
    boot();
    at(160);
    write_control(ENABLE);
    at(320);
    write_relative(false, 100, 320 + 1600);
    take(2000, 27);              /* 80 ns late */
    at(3200);
    write_relative(true, 10, 3360);
    take(3440, 27);
    RUN(0, CODE(TVAL_LAST) + 8, NOP, RET); /* no write leads here */
}

START_TEST(relative)
{
    check("relative",
        "0 1760 timer_set timer=0 deadline=-1 on=1\n"
        "0 1920 timer_set timer=0 deadline=3520 on=1\n"
        "0 3700 irq_ack hwirq=27 delay=80\n"
        "0 4800 timer_set timer=0 deadline=4960 on=1\n"
        "0 5140 irq_ack hwirq=27 delay=80\n");
}
END_TEST

/* ---- at EL2 with VHE the same names mean the timers of EL2 ---- */
static void scenario_vhe(void)
{
    boot();
    fake_set_register(0, "cpsr", 0x9);
    at(160);
    write_control(ENABLE);
    write_deadline(320);
    fake_set_register(0, "SPSR_EL2", 0x9);
    fake_set_register(0, "ELR_EL2", PC);
    take(480, 27); /* the script takes it to EL1: number 27 is not that timer's */
    take(800, 28);
}

START_TEST(vhe)
{
    check("vhe",
        "0 1760 timer_set timer=3 deadline=-1 on=1\n"
        "0 1760 timer_set timer=3 deadline=1920 on=1\n"
        "0 2180 irq_ack hwirq=27 delay=-1\n"
        "0 2500 irq_ack hwirq=28 delay=480\n");
}
END_TEST

/* ---- far away means never ---- */
static void scenario_never(void)
{
    boot();
    fake_set_register(0, "x2", UINT64_MAX);
    RUN(0, CODE(CVAL), MSR_CVAL_X2, RET);
    fake_set_register(0, "x2", INT64_MAX);
    RUN(0, CODE(CVAL), MSR_CVAL_X2, RET);
    write_control(ENABLE);
    take(160, 27);
}

START_TEST(never)
{
    check("never",
        "0 1600 timer_set timer=0 deadline=-1 on=0\n"
        "0 1600 timer_set timer=0 deadline=-1 on=0\n"
        "0 1600 timer_set timer=0 deadline=-1 on=1\n"
        "0 1860 irq_ack hwirq=27 delay=-1\n");
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "deadline", scenario_deadline }, { "relative", scenario_relative },
    { "vhe", scenario_vhe }, { "never", scenario_never }, { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { deadline, relative, vhe, never, NULL };

    return fake_suite("session-irq-timer", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
