/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tool attaches to blocks, on hosts of all versions: its own account, word for word. */
#include "fakehost/suite.h"

#define CODE 0x400000u
#define TRANSLATED \
    "translated 400000, 3 instructions: 400000/4/1f/other/.word 0xd503201f/3 " \
    "400004/4/41/other/.word 0xf9400041/2 400008/4/c0/return/.word 0xd65f03c0/1\n"

static void code(void)
{
    static const uint32_t words[] = { 0xd503201f, 0xf9400041, 0xd65f03c0 };

    fake_code(CODE, words, 3);
}

static void scenario_block(void)
{
    struct fake_effect effects[] = {
        { .insn = 2, .kind = FAKE_LOAD, .value = 0xff0000001000, .shift = 3 },
        { .insn = 2, .kind = FAKE_STORE, .value = 0x9000000, .shift = 2, .io = true },
        { .insn = 1, .kind = FAKE_STORE, .value = 0x8000000, .shift = 2 }, /* of another one */
    };
    struct fake_effect leave = { .insn = 1, .kind = FAKE_LEAVE };

    fake_start_all();
    code();
    fake_exec_with(0, CODE, effects, 3);
    fake_exec_alias(0, CODE, 0x7fc000);
    fake_exec_with(fake_machine.vcpus - 1, CODE, &leave, 1);
}

static struct fake_result run(const char *scenario, const char *host, const char *options)
{
    struct fake_result r = fake_spawn(scenario, "%s -plugin %s,quiet=on,out=%s%s", host,
                                      fake_plugin("probe-block"), fake_path("out"), options);

    ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", host, r.status, r.errors);
    return r;
}

static void check(const char *host, const char *options, const char *expected)
{
    struct fake_result r = run("block", host, options);

    ck_assert_msg(strcmp(r.output, expected) == 0, "%s: %s instead of %s", host, r.output,
                  expected);
    fake_result_clear(&r);
}

#define START "start on aarch64, shards (nil), directory known\n"
#define ACCESSES \
    "load vcpu 0 8 bytes at ff0000001000 physical 1000\n" \
    "store vcpu 0 4 bytes at 9000000 physical 9000000 io\n"

START_TEST(everything)
{
    static const char *const hosts[] = { "-release 9.1", "-release 9.2", "-release 10.0",
                                         "-release 10.1", "-release 10.2", "-release 11.0",
                                         "-release 11.1" };

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        char *host = g_strconcat(hosts[i], " -smp 2", NULL);

        check(host, "", START TRANSLATED
            "unless vcpu 0 last 0\n"
            "block vcpu 0 pc 400000 so far 1\n"
            "insn vcpu 0 last 7\n"
            ACCESSES
            "block vcpu 0 pc 7fc000 so far 2\n"
            "insn vcpu 0 last 7\n"
            "unless vcpu 1 last 0\n"
            "block vcpu 1 pc 400000 so far 1\n"
            "end vcpu 0: 2 6 7 10 3\n"
            "end vcpu 1: 1 0 7 0 3\n"
            "sum of blocks 3\n"
            "stop\n");
        g_free(host);
    }
}
END_TEST

/* 9.0: no conditions, so `unless` is always called; additions follow the calls; no stores. */
START_TEST(oldest)
{
    check("-release 9.0", ",stores=off", START TRANSLATED
        "unless vcpu 0 last 0\n"
        "block vcpu 0 pc 400000 so far 0\n"
        "insn vcpu 0 last 0\n"
        ACCESSES
        "unless vcpu 0 last 0\n"
        "block vcpu 0 pc 7fc000 so far 1\n"
        "insn vcpu 0 last 0\n"
        "unless vcpu 0 last 0\n"
        "block vcpu 0 pc 400000 so far 2\n"
        "end vcpu 0: 3 6 0 10 0\n"
        "sum of blocks 3\n"
        "stop\n");
}
END_TEST

/* Stores came with 9.1. A tool that stores must not bring an older QEMU down. */
START_TEST(stores_on_the_oldest)
{
    struct fake_result r = fake_spawn("block", "-release 9.0 -plugin %s,quiet=on,out=%s",
                                      fake_plugin("probe-block"), fake_path("out"));

    ck_assert_msg(r.status != FAKE_MISUSE, "%s", r.errors);
    fake_result_clear(&r);
}
END_TEST

START_TEST(user_mode)
{
    struct fake_result r = run("block", "-user -release 10.0", "");

    ck_assert_ptr_nonnull(strstr(r.output, "load vcpu 0 8 bytes at ff0000001000 unknown 0\n"));
    fake_result_clear(&r);
    r = run("block", "-user -release 11.1", "");
    ck_assert_ptr_nonnull(strstr(r.output, "load vcpu 0 8 bytes at ff0000001000 unknown 0\n"));
    fake_result_clear(&r);
}
END_TEST

/* ---- ISAs of which only the control flow is known ---- */
static void scenario_isa(void)
{
    static const uint32_t x86_64[] = { 0x10488b48, 0xd0ff4166, 0xc3666666 };
    static const uint32_t riscv64[] = { 0x0085b503, 0x000780e7, 0x00008067 };

    fake_start_all();
    fake_code(CODE, strcmp(fake_machine.target, "x86_64") == 0 ? x86_64 : riscv64, 3);
    fake_exec(0, CODE);
}

START_TEST(other_isas)
{
    struct fake_result r = run("isa", "-target x86_64 -release 10.0", "");

    ck_assert_ptr_nonnull(strstr(r.output, " 400000/4/48/other/"));
    ck_assert_ptr_nonnull(strstr(r.output, " 400004/4/66/call-indirect/"));
    ck_assert_ptr_nonnull(strstr(r.output, " 400008/4/66/return/"));
    fake_result_clear(&r);
    r = run("isa", "-target riscv64 -release 10.0", "");
    ck_assert_ptr_nonnull(strstr(r.output, " 400000/4/03/other/"));
    ck_assert_ptr_nonnull(strstr(r.output, " 400004/4/e7/call-indirect/"));
    ck_assert_ptr_nonnull(strstr(r.output, " 400008/4/67/return/"));
    fake_result_clear(&r);
}
END_TEST

/* OSI_NEED_EXACT where nothing tells which instructions access memory, and where something does. */
START_TEST(exact_on_other_isas)
{
    static const char *const targets[] = { "x86_64", "riscv64" };

    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        struct fake_result r = fake_spawn("isa", "-target %s -release 10.0 -icount shift=0 "
                                          "-plugin %s,quiet=on,clock=insn,out=%s", targets[i],
                                          fake_plugin("marks"), fake_path("out"));

        ck_assert_msg(r.status == 0, "%s: status %d: %.1500s", targets[i], r.status, r.errors);
        fake_result_clear(&r);
    }
}
END_TEST

/* ---- cells stay right while scoreboards move ---- */
static void scenario_grow(void)
{
    code();
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_start(i);
        fake_exec(i / 2, CODE);
        fake_exec(i, CODE);
    }
}

START_TEST(growing)
{
    struct fake_result r = run("grow", "-smp 70 -release 10.2", "");

    ck_assert_ptr_nonnull(strstr(r.output, "end vcpu 0: 3 9 7 0 3\n"));
    ck_assert_ptr_nonnull(strstr(r.output, "end vcpu 34: 3 9 7 0 3\n"));
    ck_assert_ptr_nonnull(strstr(r.output, "end vcpu 69: 1 3 7 0 3\n"));
    ck_assert_ptr_nonnull(strstr(r.output, "sum of blocks 140\n"));
    ck_assert_uint_eq(fake_count_lines(r.output, "unless"), 70);
    fake_result_clear(&r);
}
END_TEST

/* vCPUs that never started leave gaps. */
static void scenario_gaps(void)
{
    code();
    fake_start(0);
    fake_start(5);
    fake_exec(5, CODE);
}

START_TEST(gaps)
{
    struct fake_result r = run("gaps", "-smp 1,maxcpus=8 -release 10.0", "");

    ck_assert_uint_eq(fake_count_lines(r.output, "end vcpu"), 2);
    ck_assert_ptr_nonnull(strstr(r.output, "end vcpu 5: 1 3 7 0 3\n"));
    ck_assert_ptr_nonnull(strstr(r.output, "sum of blocks 1\n"));
    fake_result_clear(&r);
}
END_TEST

/* ---- histograms in the report become files ---- */
START_TEST(histograms)
{
    struct fake_result r = run("gaps", "-smp 1,maxcpus=8 -release 10.0", "");
    char *csv = fake_read_file(fake_path("out/histograms.csv"));
    char *log = fake_read_file(fake_path("out/histograms.hlog"));

    ck_assert_str_eq(strchr(csv, '\n') + 1, "blocks_of_a_vCPU,0,0,1\nblocks_of_a_vCPU,1,1,1\n");
    ck_assert(g_str_has_prefix(log, "#[osinstr probe-block: "));
    ck_assert_ptr_nonnull(strstr(log, "\nTag=blocks_of_a_vCPU,0.000,2.000,0.000,HISTF"));
    ck_assert(!fake_exists(fake_path("out/histograms.csv.part")));
    ck_assert(!fake_exists(fake_path("out/histograms.hlog.part")));
    g_free(log);
    g_free(csv);
    fake_result_clear(&r);
}
END_TEST

/* ---- osi_stop(): the report is written while the guest goes on, then nothing is called ---- */
static void scenario_stop(void)
{
    fake_start_all();
    code();
    for (unsigned i = 0; i < 10; i++) {
        fake_exec(0, CODE);
    }
    printf("plugins left %u, translations %u\n", fake_n_plugins(), (unsigned)fake_translations());
}

START_TEST(stopping)
{
    static const char *const hosts[] = { "-release 9.1", "-release 10.0", "-release 11.1" };

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        struct fake_result r = run("stop", hosts[i], ",until=4");
        char *summary = fake_read_file(fake_path("out/summary.json"));

        ck_assert_uint_eq(fake_count_lines(r.output, "block vcpu"), 4);
        ck_assert_ptr_nonnull(
            strstr(r.output, "sum of blocks 4\nstop\nplugins left 0, translations 2\n"));
        ck_assert_ptr_nonnull(strstr(summary, "\"blocks\": 4"));
        g_free(summary);
        fake_result_clear(&r);
    }
}
END_TEST

/* The same while other vCPUs run. */
static atomic_int ran_on;

static void run_on(unsigned vcpu, void *data)
{
    (void)data;
    while (atomic_load(&ran_on) < 1000) {
        fake_exec(vcpu, CODE);
        atomic_fetch_add(&ran_on, fake_n_plugins() == 0);
    }
}

static void scenario_stop_running(void)
{
    fake_start_all();
    code();
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_go(i, run_on, NULL);
    }
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_wait(i);
    }
    printf("plugins left %u\n", fake_n_plugins());
}

START_TEST(stopping_while_others_run)
{
    struct fake_result r = run("stop_running", "-smp 4 -release 10.0", ",until=50");

    ck_assert_uint_eq(fake_count_lines(r.output, "stop"), 1);
    ck_assert_ptr_nonnull(strstr(r.output, "plugins left 0\n"));
    fake_result_clear(&r);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "block", scenario_block }, { "isa", scenario_isa },   { "grow", scenario_grow },
    { "gaps", scenario_gaps },   { "stop", scenario_stop },
    { "stop_running", scenario_stop_running },              { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = {
        everything, oldest,   stores_on_the_oldest,      user_mode, growing,
        gaps,       histograms, stopping, stopping_while_others_run,
        other_isas, exact_on_other_isas, NULL
    };

    return fake_suite("session-block", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
