/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sched plugin on a scripted Linux: every event, its time and its fields, exactly.
 *
 * With clock=insn times are arithmetic: a function of the fake kernel has FAKE_FUNCTION
 * instructions, and a hook on its first one happens at the instructions before it plus one.
 */
#include "fakehost/suite.h"

#define INSN ",clock=insn,quiet=on"
#define AT FAKE_TASK_AT

static struct fake_task idle = { AT(0), "swapper/0", 0, 0, 120, 0, 0, 0, 0, 0 };
static struct fake_task init = { AT(2), "init", 1, 1, 120, 0, 0, 0, 40, 7 };
static struct fake_task shell = { AT(3), "sh", 77, 77, 120, 0, 0, 0, 0, 0 };
static struct fake_task worker = { AT(4), "kworker/0:1", 9, 9, 100, 0, 0, 0, 3, 3 };
static struct fake_task rt = { AT(5), "irq/47-eth0", 33, 33, 49, 0, 0, 3, 0, 0 };

static void boot(uint64_t base)
{
    fake_linux_boot(base); /* 12 instructions */
    fake_task_store(&idle);
    fake_task_store(&init);
    fake_task_store(&shell);
    fake_task_store(&worker);
    fake_task_store(&rt);
}

/* ---- a life: fork, exec, exit ---- */
static void scenario_life(void)
{
    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_work(0, 88);                           /* 12 */
    fake_preempt(0, &idle, &init);              /* 100: __schedule, 110: switch */
    fake_work(0, 80);                           /* 120 */
    fake_fork(0, &shell);                       /* 200: new, 210: wakeup */
    fake_block_on(0, &init, &shell, 1);         /* 220, 230 */
    fake_rename(0, &shell, "a-15-byte-comm.");  /* 240, 250 */
    fake_rename(0, &shell, "a-15-byte-comm.");  /* 260, 270: nothing new */
    fake_wake(0, &init);                        /* 280 */
    fake_preempt(0, &shell, &init);             /* 290, 300 */
    fake_yield(0, &init, &shell);               /* 310, 320 */
    fake_exit_task(0);                          /* 330 */
    shell.exit_state = 0x20;
    fake_block_on(0, &shell, &init, 0x80);      /* 340, 350 */
    fake_block_on(0, &init, &idle, 1);          /* 360, 370 */
    fake_work(0, 40);                           /* 380 */
}

#define PRIO " prev_prio=120 next_prio=120\n"
#define LIFE \
    "0 12 kernel_start base=0xffff800080000000\n" \
    "0 111 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO \
    "0 201 task_new task=sh/77 parent=init/1\n" \
    "0 211 sched_wakeup task=sh/77 prio=120 target_cpu=0 first=1\n" \
    "0 231 sched_switch prev=init/1 next=sh/77 prev_state=S" PRIO \
    "0 251 task_rename former=sh/77 task=a-15-byte-comm./77\n" \
    "0 281 sched_wakeup task=init/1 prio=120 target_cpu=0 first=0\n" \
    "0 301 sched_switch prev=a-15-byte-comm./77 next=init/1 prev_state=R+" PRIO \
    "0 321 sched_switch prev=init/1 next=a-15-byte-comm./77 prev_state=R" PRIO \
    "0 331 task_exit task=a-15-byte-comm./77\n" \
    "0 351 sched_switch prev=a-15-byte-comm./77 next=init/1 prev_state=Z" PRIO \
    "0 371 sched_switch prev=init/1 next=swapper/0/0 prev_state=S" PRIO

START_TEST(life)
{
    fake_check_sched("life", "-release 10.0", INSN, LIFE);
}
END_TEST

START_TEST(releases)
{
    fake_check_sched("life", "-release 9.2", INSN, LIFE);
    fake_check_sched("life", "-release 10.1", INSN, LIFE);
    fake_check_sched("life", "-release 10.2", INSN, LIFE);
    fake_check_sched("life", "-release 11.0", INSN, LIFE);
    fake_check_sched("life", "-release 11.1", INSN, LIFE);
    g_setenv("OSINSTR_QEMU_API", "7", TRUE);
    fake_check_sched("life", "-release 11.0.50", INSN, LIFE);
}
END_TEST

START_TEST(older_wakeup_function)
{
    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_OLD_WAKEUP);
    fake_check_sched("life", "-release 10.0", INSN, LIFE);
}
END_TEST

/* ---- prev_state ---- */
static void leave(uint32_t state, uint32_t exit_state)
{
    init.exit_state = exit_state;
    fake_block_on(0, &init, &idle, state);
    init.state = init.exit_state = 0;
    fake_yield(0, &idle, &init);
}

/* The same with a change of state between __schedule() and the switch. */
static void leave_woken(uint32_t state, uint32_t then, bool counted)
{
    init.state = state;
    fake_task_store(&init);
    fake_call(0, "__schedule", 0, 0);
    init.state = then;
    init.nvcsw += counted;
    fake_task_store(&init);
    fake_call(0, "cpu_switch_to", init.address, idle.address);
    init.state = 0;
    fake_yield(0, &idle, &init);
}

static void scenario_states(void)
{
    static const uint32_t states[] = { 1, 2, 4, 8, 0x40, 0x102, 0x402, 0x1000, 0x8000, 0x2002 };

    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_yield(0, &idle, &init);
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        leave(states[i], 0);
    }
    leave(0x80, 0x10);
    leave(0x80, 0x20);
    leave_woken(1, 0x200, true);  /* another CPU wakes it: TASK_WAKING */
    leave_woken(1, 0, true);      /* a signal was pending */
}

/* Only the switches away from init, and of them only the state. */
static char *states_seen(void)
{
    char *text = fake_trace_text(fake_path("out"));
    char **lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        char *at = strstr(*line, "prev=init/1") ? strstr(*line, "prev_state=") : NULL;

        if (at) {
            at += strlen("prev_state=");
            g_string_append_printf(out, "%.*s ", (int)strcspn(at, " "), at);
        }
    }
    g_strfreev(lines);
    g_free(text);
    return g_string_free(out, FALSE);
}

static void check_states(unsigned kernel, const char *expected)
{
    char *seen;

    fake_linux_write(fake_path("vmlinux"), kernel);
    g_free(fake_run_sched("states", "-release 10.0", INSN));
    seen = states_seen();
    ck_assert_str_eq(seen, expected);
    g_free(seen);
}

START_TEST(states)
{
    check_states(0, "S D T t P D I D D D X Z S S ");
    check_states(FAKE_LINUX_DELAYED, "S D T t P D I D D D X Z S R ");
}
END_TEST

/* ---- the first switch that is seen has no __schedule() before it ---- */
static void scenario_first(void)
{
    fake_start_all();
    boot(FAKE_LINK_BASE);
    init.state = 0x200;
    fake_task_store(&init);
    fake_call(0, "cpu_switch_to", init.address, shell.address);
    shell.state = 2;
    fake_task_store(&shell);
    fake_call(0, "cpu_switch_to", shell.address, worker.address);
    fake_call(0, "cpu_switch_to", worker.address, AT(99)); /* no memory there */
    fake_call(0, "cpu_switch_to", worker.address, rt.address);
}

START_TEST(first_sight)
{
    char *summary;

    fake_check_sched("first", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 13 sched_switch prev=init/1 next=sh/77 prev_state=?" PRIO
        "0 23 sched_switch prev=sh/77 next=kworker/0:1/9 prev_state=D prev_prio=120 next_prio=100\n"
        "0 43 sched_switch prev=kworker/0:1/9 next=irq/47-eth0/33 prev_state=R+ prev_prio=100 "
        "next_prio=49\n");
    summary = fake_read_file(fake_path("out/summary.json"));
    ck_assert_ptr_nonnull(strstr(summary, "the state of the task could not be told: 1"));
    ck_assert_ptr_nonnull(strstr(summary, "1 switches are missing"));
    ck_assert(!fake_exists(fake_path("out/histograms.csv"))); /* this tool has none */
    ck_assert(!fake_exists(fake_path("out/histograms.hlog")));
    g_free(summary);
}
END_TEST

/* The first switch on a vCPU comes from a task that was never switched to. */
static void scenario_start(void)
{
    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_yield(0, &idle, &init);
}

START_TEST(first_of_vcpu)
{
    fake_check_sched("start", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_switch prev=swapper/0/0 next=init/1 prev_state=R" PRIO);
}
END_TEST

/* ---- wakeups ---- */
static void scenario_wakeups(void)
{
    uint8_t delayed = 1;

    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_call(0, "wakeup_preempt", 0, rt.address);   /* 12: load balancing: it runs already */
    rt.state = 1;
    fake_wake(0, &rt);                               /* 22 */
    rt.state = 1;
    fake_task_store(&rt);
    fake_poke(rt.address + FAKE_AT_DELAYED, &delayed, 1);
    fake_call(0, "wakeup_preempt", 0, rt.address);   /* 32: still asleep, with 6.12 */
}

START_TEST(wakeups)
{
    fake_check_sched("wakeups", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_wakeup task=irq/47-eth0/33 prio=49 target_cpu=3 first=0\n"
        "0 33 sched_wakeup task=irq/47-eth0/33 prio=49 target_cpu=3 first=0\n");
    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_DELAYED);
    fake_check_sched("wakeups", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_wakeup task=irq/47-eth0/33 prio=49 target_cpu=3 first=0\n");
}
END_TEST

/* Where the kernel's own places of reporting are found, they count and nothing else. */
static void scenario_exact(void)
{
    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_wake_exact(0, &rt, true);      /* 12: wakeup_preempt, 22: the store at 27 */
    fake_wake_exact(0, &worker, false); /* 32: the store at 37 */
    fake_fork(0, &shell);               /* 42: new, 52: wakeup_preempt */
}

START_TEST(exact_wakeups)
{
    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_EXACT);
    fake_check_sched("exact", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 28 sched_wakeup task=irq/47-eth0/33 prio=49 target_cpu=3 first=0\n"
        "0 38 sched_wakeup task=kworker/0:1/9 prio=100 target_cpu=0 first=0\n"
        "0 43 task_new task=sh/77 parent=-\n"
        "0 53 sched_wakeup task=sh/77 prio=120 target_cpu=0 first=1\n");
}
END_TEST

/* ---- a task structure is freed and given to a new task ---- */
static void scenario_reuse(void)
{
    struct fake_task again = { AT(3), "second", 78, 78, 120, 0, 0, 0, 0, 0 };

    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_preempt(0, &init, &shell);    /* 12, 22 */
    fake_exit_task(0);                 /* 32 */
    shell.exit_state = 0x10;
    fake_block_on(0, &shell, &init, 0x80); /* 42, 52 */
    fake_fork(0, &again);              /* 62, 72 */
    fake_block_on(0, &init, &again, 2);/* 82, 92 */
    fake_rename(0, &again, "third");   /* 102, 112 */
    fake_preempt(0, &again, &init);    /* 122, 132 */
}

START_TEST(reuse)
{
    fake_check_sched("reuse", "-release 11.1", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_switch prev=init/1 next=sh/77 prev_state=R+" PRIO
        "0 33 task_exit task=sh/77\n"
        "0 53 sched_switch prev=sh/77 next=init/1 prev_state=X" PRIO
        "0 63 task_new task=second/78 parent=init/1\n"
        "0 73 sched_wakeup task=second/78 prio=120 target_cpu=0 first=1\n"
        "0 93 sched_switch prev=init/1 next=second/78 prev_state=D" PRIO
        "0 113 task_rename former=second/78 task=third/78\n"
        "0 133 sched_switch prev=third/78 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* ---- a task is switched away in the middle of its renaming ---- */
static void scenario_renaming(void)
{
    fake_start_all();
    boot(FAKE_LINK_BASE);
    fake_preempt(0, &init, &shell);        /* 12, 22 */
    fake_rename_begin(0, &shell, "cat");   /* 32 */
    fake_preempt(0, &shell, &init);        /* 42, 52: still "sh" */
    fake_preempt(0, &init, &shell);        /* 62, 72 */
    shell.comm = "cat";
    fake_preempt(0, &shell, &init);        /* 82, 92 */
    fake_preempt(0, &init, &shell);        /* 102, 112 */
    fake_rename_end(0, &shell);            /* 122 */
}

START_TEST(renaming)
{
    fake_check_sched("renaming", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_switch prev=init/1 next=sh/77 prev_state=R+" PRIO
        "0 53 sched_switch prev=sh/77 next=init/1 prev_state=R+" PRIO
        "0 73 sched_switch prev=init/1 next=sh/77 prev_state=R+" PRIO
        "0 93 task_rename former=sh/77 task=cat/77\n"
        "0 93 sched_switch prev=cat/77 next=init/1 prev_state=R+" PRIO
        "0 113 sched_switch prev=init/1 next=cat/77 prev_state=R+" PRIO);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "life", scenario_life },       { "states", scenario_states }, { "first", scenario_first },
    { "wakeups", scenario_wakeups }, { "reuse", scenario_reuse },
    { "start", scenario_start },     { "renaming", scenario_renaming },
    { "exact", scenario_exact },     { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { life,        releases, older_wakeup_function, states,
                                   first_sight, first_of_vcpu, wakeups, reuse,
                                   renaming,    exact_wakeups, NULL };

    return fake_suite("session-sched", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
