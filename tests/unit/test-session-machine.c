/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sched plugin and the machine around the kernel: where it is found, reboots, many vCPUs,
 * aliases, several plugins. */
#include "fakehost/suite.h"

#define INSN ",clock=insn,quiet=on"
#define AT FAKE_TASK_AT
#define PRIO " prev_prio=120 next_prio=120\n"
#define OTHER_BASE (FAKE_LINK_BASE + 0x1230000)

static struct fake_task idle = { AT(0), "swapper/0", 0, 0, 120, 0, 0, 0, 0, 0 };
static struct fake_task init = { AT(2), "init", 1, 1, 120, 0, 0, 0, 40, 7 };

static void store(void)
{
    fake_task_store(&idle);
    fake_task_store(&init);
}

/* ---- finding the kernel ---- */
static void scenario_kaslr(void)
{
    fake_start_all();
    fake_linux_boot(OTHER_BASE);
    store();
    fake_preempt(0, &idle, &init);
}

START_TEST(kaslr)
{
    fake_check_sched("kaslr", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800081230000\n"
        "0 23 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* VBAR holds nothing, then firmware's, then the trampoline that KPTI maps for user code, at last
 * the kernel's. */
static void scenario_vectors(void)
{
    fake_start_all();
    fake_linux_map(FAKE_LINK_BASE);
    store();
    fake_exec(0, fake_symbol("vfs_read"));           /* 10 */
    fake_linux_vectors(0, 0x8000);
    fake_exec(0, fake_symbol("vfs_read"));           /* 20 */
    fake_map(0xfffffc0000000000ull, FAKE_PAGE);
    fake_linux_vectors(0, 0xfffffc0000000800ull);
    fake_exec(0, fake_symbol("start_kernel"));       /* 30 */
    fake_user_work(0, 10);                           /* 40 */
    fake_linux_vectors(0, FAKE_LINK_BASE + 0x10800);
    fake_work(0, 10);                                /* 50: located here */
    fake_preempt(0, &idle, &init);                   /* 50, 60 */
}

START_TEST(vectors)
{
    fake_check_sched("vectors", "-release 10.0", INSN,
        "0 50 kernel_start base=0xffff800080000000\n"
        "0 61 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* A kernel in EL2 has its vectors in the other register. */
static void scenario_el2(void)
{
    fake_start_all();
    fake_linux_map(FAKE_LINK_BASE);
    store();
    fake_set_register(0, "VBAR_EL2", FAKE_LINK_BASE + 0x10800);
    fake_set_level(0, 2);
    fake_exec(0, fake_symbol("start_kernel"));
    fake_preempt(0, &idle, &init);
}

START_TEST(el2)
{
    fake_check_sched("el2", "-release 10.0", INSN,
        "0 10 kernel_start base=0xffff800080000000\n"
        "0 21 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* Another build runs than the one of the file: no event, and the report says why. */
START_TEST(other_kernel)
{
    char *errors, *report;

    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_OTHER_BANNER);
    errors = fake_run_sched("kaslr", "-release 10.0", ",clock=insn");
    report = fake_read_file(fake_path("out/report.txt"));
    ck_assert_ptr_nonnull(strstr(errors, "no task was seen: the running kernel is not the one of"));
    ck_assert_ptr_nonnull(strstr(report, "no task was seen: the running kernel is not the one of"));
    g_free(errors);
    g_free(report);
}
END_TEST

/* The file is of a kernel that lacks what switches tasks. */
START_TEST(no_switches)
{
    char *errors;

    fake_linux_write(fake_path("vmlinux"), FAKE_LINUX_NO_SWITCH);
    errors = fake_run_sched("kaslr", "-release 10.0", ",clock=insn");
    ck_assert_ptr_nonnull(strstr(errors, "the kernel's symbols lack cpu_switch_to"));
    g_free(errors);
}
END_TEST

/* Nothing but firmware ran. */
static void scenario_firmware(void)
{
    fake_start_all();
    fake_linux_map(FAKE_LINK_BASE);
    for (unsigned i = 0; i < 20; i++) {
        fake_user_work(0, 10);
    }
}

START_TEST(no_kernel)
{
    char *errors = fake_run_sched("firmware", "-release 10.0", ",clock=insn");

    ck_assert_ptr_nonnull(strstr(errors, "the guest never ran at kernel addresses"));
    g_free(errors);
    fake_check_sched("firmware", "-release 10.0", INSN, "");
}
END_TEST

/* ---- reboots ---- */
static void again(uint64_t base)
{
    fake_linux_boot(base);           /* 12 instructions */
    store();
    fake_preempt(0, &idle, &init);   /* 20 */
}

static void scenario_reboot(void)
{
    fake_start_all();
    again(FAKE_LINK_BASE);
    again(OTHER_BASE);
    again(FAKE_LINK_BASE);
}

START_TEST(reboot)
{
    fake_check_sched("reboot", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 23 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO
        "0 44 kernel_start base=0xffff800081230000\n"
        "0 55 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO
        "0 76 kernel_start base=0xffff800080000000\n"
        "0 87 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* Through firmware the image's first instruction never runs; the first code at kernel addresses
 * does. */
static void again_efi(uint64_t base)
{
    fake_flush_blocks();             /* memory was written anew */
    fake_linux_boot_efi(base);       /* 10 instructions */
    fake_exec(0, fake_symbol("start_kernel"));
    store();
    fake_preempt(0, &idle, &init);   /* 20 */
}

static void scenario_reboot_efi(void)
{
    fake_start_all();
    again_efi(FAKE_LINK_BASE);
    again_efi(OTHER_BASE);
    again_efi(OTHER_BASE);
}

START_TEST(reboot_efi)
{
    fake_check_sched("reboot_efi", "-release 10.0", INSN,
        "0 10 kernel_start base=0xffff800080000000\n"
        "0 31 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO
        "0 60 kernel_start base=0xffff800081230000\n"
        "0 71 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO
        "0 100 kernel_start base=0xffff800081230000\n"
        "0 111 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* ---- many vCPUs ---- */
static void scenario_many(void)
{
    struct fake_task tasks[100], idles[100];
    char names[100][16];

    fake_start(0);
    fake_linux_boot(FAKE_LINK_BASE);
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        if (i) {
            fake_start(i); /* as a kernel brings them up, after it runs */
        }
        snprintf(names[i], sizeof(names[i]), "task-%u", i);
        tasks[i] =
            (struct fake_task){ AT(2 * i), names[i], 1000 + i, 1000 + i, 120, 0, 0, i, 0, 0 };
        idles[i] = (struct fake_task){ AT(2 * i + 1), "swapper", 0, 0, 120, 0, 0, i, 0, 0 };
        fake_task_store(&tasks[i]);
        fake_task_store(&idles[i]);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < fake_machine.vcpus; i++) {
            fake_preempt(i, &idles[i], &tasks[i]);
            fake_block_on(i, &tasks[i], &idles[i], 1);
        }
    }
}

START_TEST(many_vcpus)
{
    char *text, *part;

    g_free(fake_run_sched("many", "-smp 100 -release 10.0", INSN));
    text = fake_trace_text(fake_path("out"));
    ck_assert_uint_eq(fake_count_lines(text, "sched_switch"), 600);
    for (unsigned i = 0; i < 100; i++) {
        unsigned at = i ? 0 : 12; /* vCPU 0 booted */

        part = g_strdup_printf("\n%u %u sched_switch prev=task-%u/%u next=swapper/0 prev_state=S",
                               i, at + 111, i, 1000 + i);
        ck_assert_msg(strstr(text, part), "no '%s'", part + 1);
        g_free(part);
    }
    g_free(text);
}
END_TEST

/* ---- the same code at two addresses: hooks are by the address that was translated ---- */
static void scenario_alias(void)
{
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE);
    store();
    fake_set_register(0, "x0", idle.address);
    fake_set_register(0, "x1", init.address);
    fake_exec_alias(0, fake_symbol("cpu_switch_to"), 0x40211300);
}

START_TEST(alias)
{
    fake_check_sched("alias", "-release 10.0", INSN,
        "0 12 kernel_start base=0xffff800080000000\n"
        "0 13 sched_switch prev=swapper/0/0 next=init/1 prev_state=R+" PRIO);
}
END_TEST

/* ---- two plugins in one process ---- */
static void copy_plugin(const char *to)
{
    char *bytes;
    gsize size;

    ck_assert(g_file_get_contents(fake_plugin("sched"), &bytes, &size, NULL));
    ck_assert(g_file_set_contents(to, bytes, (gssize)size, NULL));
    g_free(bytes);
}

START_TEST(two_plugins)
{
    const char *copy = fake_path("copy.so"), *kernel = fake_path("vmlinux");
    struct fake_result r;
    char *one, *two;

    fake_linux_write(kernel, 0);
    copy_plugin(copy);
    r = fake_spawn("kaslr", "-release 10.0 -plugin %s,symbols=%s,out=%s,clock=insn,quiet=on "
                   "-plugin %s,symbols=%s,out=%s,clock=insn,quiet=on", fake_plugin("sched"), kernel,
                   fake_path("one"), copy, kernel, fake_path("two"));
    ck_assert_int_eq(r.status, 0);
    one = fake_trace_text(fake_path("one"));
    two = fake_trace_text(fake_path("two"));
    ck_assert_str_eq(one, two);
    ck_assert_uint_eq(fake_count_lines(one, "sched_switch"), 1);
    g_free(one);
    g_free(two);
    fake_result_clear(&r);
}
END_TEST

START_TEST(one_directory_for_two)
{
    const char *copy = fake_path("copy.so"), *kernel = fake_path("vmlinux");
    struct fake_result r;

    fake_linux_write(kernel, 0);
    copy_plugin(copy);
    r = fake_spawn("kaslr", "-release 10.0 -plugin %s,symbols=%s,out=%s,clock=insn,quiet=on "
                   "-plugin %s,symbols=%s,out=%s,clock=insn,quiet=on", fake_plugin("sched"), kernel,
                   fake_path("same"), copy, kernel, fake_path("same"));
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.errors, "same is being written by a running QEMU or another"));
    fake_result_clear(&r);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "kaslr", scenario_kaslr },
    { "vectors", scenario_vectors },
    { "el2", scenario_el2 },
    { "firmware", scenario_firmware },
    { "reboot", scenario_reboot },
    { "reboot_efi", scenario_reboot_efi },
    { "many", scenario_many },
    { "alias", scenario_alias },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = {
        kaslr,      vectors, el2,         other_kernel,          no_kernel, reboot, reboot_efi,
        many_vcpus, alias,   two_plugins, one_directory_for_two,
        no_switches, NULL
    };

    return fake_suite("session-machine", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
