/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a run, with vCPUs that run free: exit() from anywhere, and no end at all. */
#include <json-glib/json-glib.h>
#include <osinstr/trace.h>
#include <signal.h>
#include <unistd.h>

#include "fakehost/suite.h"

#define MAX_VCPUS 8

static struct fake_task idles[MAX_VCPUS], tasks[MAX_VCPUS], sleepers[MAX_VCPUS];
static char names[MAX_VCPUS][16];
static atomic_uint rounds;

static void boot(void)
{
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE);
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        snprintf(names[i], sizeof(names[i]), "task-%u", i);
        tasks[i] = (struct fake_task){
            FAKE_TASK_AT(2 * i), names[i], 100 + i, 100 + i, 120, 0, 0, i, 0, 0
        };
        idles[i] =
            (struct fake_task){ FAKE_TASK_AT(2 * i + 1), "swapper", 0, 0, 120, 0, 0, i, 0, 0 };
        sleepers[i] = (struct fake_task){
            FAKE_TASK_AT(100 + i), "sleeper", 200 + i, 200, 120, 1, 0, i, 0, 0
        };
        fake_task_store(&sleepers[i]);
        fake_task_store(&tasks[i]);
        fake_task_store(&idles[i]);
    }
}

static void switch_round(unsigned vcpu)
{
    fake_preempt(vcpu, &idles[vcpu], &tasks[vcpu]);
    fake_work(vcpu, 1 + atomic_fetch_add(&rounds, 1) % 100);
    sleepers[vcpu].state = 1;
    fake_wake(vcpu, &sleepers[vcpu]);
    fake_block_on(vcpu, &tasks[vcpu], &idles[vcpu], 1);
}

static void switch_for_ever(unsigned vcpu, void *data)
{
    (void)data;
    for (;;) {
        switch_round(vcpu);
    }
}

static void exit_soon(unsigned vcpu, void *data)
{
    unsigned n = GPOINTER_TO_UINT(data);

    while (atomic_load(&rounds) < n) {
        switch_round(vcpu);
    }
    exit(7);
}

/* Semihosting's SYS_EXIT: the vCPU's thread calls exit() while the others go on. */
static void scenario_exit_from_vcpu(void)
{
    boot();
    for (unsigned i = 0; i + 1 < fake_machine.vcpus; i++) {
        fake_go(i, switch_for_ever, NULL);
    }
    fake_go(fake_machine.vcpus - 1, exit_soon, GUINT_TO_POINTER(500));
    fake_wait(fake_machine.vcpus - 1);
}

/* QEMU's main thread ends the process while vCPUs go on. */
static void scenario_exit_from_main(void)
{
    boot();
    for (unsigned i = 0; i < fake_machine.vcpus; i++) {
        fake_go(i, switch_for_ever, NULL);
    }
    while (atomic_load(&rounds) < 500) {
        g_usleep(100);
    }
}

static void scenario_killed(void)
{
    scenario_exit_from_main();
    kill(getpid(), SIGKILL);
}

static void scenario_plain(void)
{
    boot();
    for (unsigned i = 0; i < 200; i++) {
        switch_round(i % fake_machine.vcpus);
    }
}

/* ---- looking at what is left ---- */
static uint64_t member(const char *file, const char *name)
{
    JsonParser *parser = json_parser_new();
    GError *error = NULL;
    uint64_t value;

    ck_assert_msg(json_parser_load_from_file(parser, file, &error), "%s",
                  error ? error->message : "");
    value = (uint64_t)json_object_get_int_member(json_node_get_object(json_parser_get_root(parser)),
                                                 name);
    g_object_unref(parser);
    return value;
}

/* Each vCPU's switches form a chain, whatever was going on at the end. */
static uint64_t check_chains(const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    char *next[MAX_VCPUS] = { NULL };
    uint64_t n = 0;

    for (char **line = lines; *line; line++) {
        unsigned vcpu = (unsigned)strtoul(*line, NULL, 10);
        char *prev = strstr(*line, " prev="), *to = strstr(*line, " next=");

        if (prev && to) {
            prev += strlen(" prev=");
            to += strlen(" next=");
            *strchr(prev, ' ') = '\0';
            *strchr(to, ' ') = '\0';
            ck_assert_msg(!next[vcpu] || strcmp(next[vcpu], prev) == 0, "vCPU %u: %s, then %s",
                          vcpu, next[vcpu], prev);
            next[vcpu] = to;
            n++;
        }
    }
    g_strfreev(lines);
    return n;
}

static struct osi_trace_health health_of(const char *directory)
{
    struct osi_trace_health health;
    struct osi_trace_reader *reader;
    struct osi_error err = { "" };

    ck_assert_msg(osi_trace_reader_new(directory, &reader, &err) == 0, "%s", err.text);
    ck_assert_int_eq(osi_trace_check(reader, &health, NULL, NULL), 0);
    osi_trace_reader_free(reader);
    return health;
}

static void check_end(const char *scenario, const char *clock, int status)
{
    struct osi_trace_health health;
    struct fake_result r;
    uint64_t switches;
    char *text;

    fake_linux_write(fake_path("vmlinux"), 0);
    r = fake_spawn(scenario, "-smp 4 -release 10.0 -plugin %s,symbols=%s,quiet=on,out=%s,clock=%s",
                   fake_plugin("sched"), fake_path("vmlinux"), fake_path("out"), clock);
    ck_assert_msg(r.status == status, "status %d: %.1500s", r.status, r.errors);
    text = fake_trace_text(fake_path("out"));
    switches = check_chains(text);
    ck_assert_uint_ge(switches, 400);
    health = health_of(fake_path("out"));
    ck_assert_uint_eq(health.bad_blocks + health.missing_blocks + health.lost_events, 0);
    ck_assert_int_eq(health.complete, status >= 0);
    if (status >= 0) {
        ck_assert_uint_eq(member(fake_path("out/summary.json"), "switches"), switches);
    }
    g_free(text);
    fake_result_clear(&r);
}

START_TEST(exit_from_vcpu)
{
    check_end("exit_from_vcpu", "host", 7);
    check_end("exit_from_vcpu", "insn", 7);
}
END_TEST

START_TEST(exit_from_main)
{
    check_end("exit_from_main", "host", 0);
    check_end("exit_from_main", "insn", 0);
}
END_TEST

START_TEST(killed)
{
    check_end("killed", "insn", -SIGKILL);
}
END_TEST

START_TEST(quiet_end)
{
    check_end("plain", "insn", 0);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "exit_from_vcpu", scenario_exit_from_vcpu }, { "exit_from_main", scenario_exit_from_main },
    { "killed", scenario_killed },                 { "plain", scenario_plain },
    { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { exit_from_vcpu, exit_from_main, killed, quiet_end, NULL };

    return fake_suite("session-end", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
