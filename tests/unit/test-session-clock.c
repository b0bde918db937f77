/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of events under the guest's and the host's clock, with scripted counters and host time.
 *
 * The counter ticks every 16 ns. Without icount the guest's time is the host's less a distance;
 * with icount it is instructions << shift plus what the vCPU slept. Instructions as in
 * test-session-sched.c.
 */
#include <inttypes.h>

#include "fakehost/suite.h"

#define AT FAKE_TASK_AT
#define TO_INIT \
    " sched_switch prev=swapper/0/0 next=init/1 prev_state=R+ prev_prio=120 next_prio=120\n"
#define TO_IDLE \
    " sched_switch prev=init/1 next=swapper/0/0 prev_state=R+ prev_prio=120 next_prio=120\n"
#define START " kernel_start base=0xffff800080000000\n"
#define SECOND 1000000000ull

static struct fake_task idle = { AT(0), "swapper/0", 0, 0, 120, 0, 0, 0, 0, 0 };
static struct fake_task init = { AT(2), "init", 1, 1, 120, 0, 0, 0, 40, 7 };

static void boot(void)
{
    fake_start_all();
    fake_linux_boot(FAKE_LINK_BASE); /* 12 instructions */
    fake_task_store(&idle);
    fake_task_store(&init);
}

static void there_and_back(uint64_t first, uint64_t second)
{
    fake_set_host_time(first);
    fake_preempt(0, &idle, &init);
    fake_set_host_time(second);
    fake_preempt(0, &init, &idle);
}

/* ---- the host's clock ---- */
static void scenario_host(void)
{
    fake_set_host_time(7 * SECOND);
    boot();
    there_and_back(7 * SECOND + 123, 8 * SECOND);
}

START_TEST(host)
{
    fake_check_sched("host", "-release 10.0", ",clock=host,quiet=on",
        "0 7000000000" START
        "0 7000000123" TO_INIT
        "0 8000000000" TO_IDLE);
}
END_TEST

/* ---- the guest's clock, calibrated on its reads ---- */
static void scenario_reads(void)
{
    fake_set_host_time(5 * SECOND);
    fake_set_distance(SECOND);
    boot();
    there_and_back(5 * SECOND + 1, 5 * SECOND + 2);                 /* no read yet */
    fake_set_host_time(5 * SECOND + 1600);
    fake_read_counter(0, 500);                                      /* seen 500 ns late */
    there_and_back(5 * SECOND + 3500, 5 * SECOND + 4501);
    fake_set_host_time(5 * SECOND + 8000);
    fake_read_counter_last(0);                                      /* seen at once */
    there_and_back(5 * SECOND + 9000, 5 * SECOND + 9001);
    fake_read_counter(0, 9000000);                                  /* seen much too late */
    there_and_back(6 * SECOND, 6 * SECOND + 7);
}

#define READS \
    "0 0" START \
    "0 0" TO_INIT \
    "0 0" TO_IDLE \
    "0 4000003000" TO_INIT \
    "0 4000004001" TO_IDLE \
    "0 4000009000" TO_INIT \
    "0 4000009001" TO_IDLE \
    "0 5000000000" TO_INIT \
    "0 5000000007" TO_IDLE

START_TEST(reads)
{
    char *summary;

    fake_check_sched("reads", "-release 10.0", ",clock=guest,quiet=on", READS);
    summary = fake_read_file(fake_path("out/summary.json"));
    ck_assert_ptr_nonnull(strstr(summary, " events have an estimated time"));
    g_free(summary);
    fake_check_sched("reads", "-release 11.1", ",quiet=on", READS); /* the default clock */
}
END_TEST

/* The machine was stopped for a second: guest time stood still, and is found again. */
static void scenario_stopped(void)
{
    uint64_t now = 5 * SECOND;

    fake_set_host_time(now);
    fake_set_distance(SECOND);
    boot();
    fake_read_counter(0, 0);
    there_and_back(now + 16, now + 32);
    now += 2 * SECOND;
    fake_set_distance(2 * SECOND);
    for (unsigned i = 0; i < 200; i++) {
        fake_set_host_time(now += 1600);
        fake_read_counter(0, 0);
    }
    there_and_back(now + 16, now + 32);
}

START_TEST(stopped)
{
    char *summary;

    fake_check_sched("stopped", "-release 10.0", ",quiet=on",
        "0 0" START
        "0 4000000016" TO_INIT
        "0 4000000032" TO_IDLE
        "0 5000320016" TO_INIT
        "0 5000320032" TO_IDLE);
    summary = fake_read_file(fake_path("out/summary.json"));
    ck_assert_ptr_nonnull(strstr(summary, "guest time jumped 1 times"));
    g_free(summary);
}
END_TEST

/* ---- icount: placed by counting instructions, also back over an idle stretch ---- */
static void scenario_icount(void)
{
    boot();                        /* 12 instructions of 4 ns */
    fake_work(0, 90);              /* 102 */
    fake_preempt(0, &idle, &init); /* 102, 112: seen at 113 */
    fake_read_counter_last(0);     /* 122: read at 124, a whole tick */
    fake_work(0, 25);              /* 125 */
    fake_preempt(0, &init, &idle); /* 150, 160 */
    fake_idle(0, 1000000);         /* 170 */
    fake_preempt(0, &idle, &init); /* 172, 182: its time is known only later */
    fake_work(0, 2);               /* 192 */
    fake_read_counter_last(0);     /* 194: read at 196 */
    fake_preempt(0, &init, &idle); /* 197, 207 */
}

START_TEST(icount)
{
    char *summary;

    fake_check_sched("icount", "-icount shift=2 -release 10.0", ",quiet=on",
        "0 48" START
        "0 452" TO_INIT
        "0 644" TO_IDLE
        "0 1000732" TO_INIT
        "0 1000832" TO_IDLE);
    summary = fake_read_file(fake_path("out/summary.json"));
    ck_assert_ptr_null(strstr(summary, "estimated"));
    g_free(summary);
}
END_TEST

/* The same at random, the truth on stdout. */
static void say_truth(void)
{
    uint64_t insns = fake_insns(0) + FAKE_FUNCTION + 1; /* at the first one of cpu_switch_to() */

    printf("%" PRIu64 "\n", fake_guest_time(0) + ((insns - fake_insns(0)) << fake_machine.shift));
}

static void scenario_random(void)
{
    GRand *rand = g_rand_new_with_seed(4711);
    bool running = false;

    boot();
    fake_work(0, 100);
    fake_read_counter_last(0);
    for (unsigned i = 0; i < 3000; i++) {
        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            say_truth();
            fake_preempt(0, running ? &init : &idle, running ? &idle : &init);
            running = !running;
            break;
        case 1:
            fake_work(0, (unsigned)g_rand_int_range(rand, 1, 400));
            break;
        case 2:
            fake_read_counter_last(0);
            break;
        case 3: /* the kernel reads the counter before it sleeps */
            fake_read_counter_last(0);
            fake_idle(0, (uint64_t)g_rand_int_range(rand, 0, 5000000));
            break;
        }
    }
    fake_read_counter_last(0);
    g_rand_free(rand);
}

static void compare(const char *truth, const char *trace)
{
    char **real = g_strsplit(truth, "\n", -1), **seen = g_strsplit(trace, "\n", -1);
    unsigned n = 0;

    for (char **line = seen; *line; line++) {
        if (strstr(*line, "sched_switch")) {
            int64_t at = g_ascii_strtoll(*line + 2, NULL, 10);
            int64_t should = g_ascii_strtoll(real[n], NULL, 10);

            ck_assert_msg(ABS(at - should) < FAKE_TICK_NS, "switch %u at %" PRId64 ", really %"
                          PRId64, n, at, should);
            n++;
        }
    }
    ck_assert_uint_eq(n, fake_count_lines(truth, NULL));
    ck_assert_uint_gt(n, 600);
    g_strfreev(real);
    g_strfreev(seen);
}

START_TEST(within_a_tick)
{
    for (unsigned shift = 0; shift < 8; shift += 3) {
        struct fake_result r;
        char *trace;

        fake_linux_write(fake_path("vmlinux"), 0);
        r = fake_spawn("random", "-icount shift=%u -release 10.0 -plugin %s,symbols=%s,out=%s,"
                       "quiet=on", shift, fake_plugin("sched"), fake_path("vmlinux"),
                       fake_path("out"));
        ck_assert_int_eq(r.status, 0);
        trace = fake_trace_text(fake_path("out"));
        compare(r.output, trace);
        g_free(trace);
        fake_result_clear(&r);
    }
}
END_TEST

/* Between two sleeps nobody looked at the counter: the time of what happened there can't be told,
 * and the report says so. */
static void scenario_two_sleeps(void)
{
    boot();                        /* 12 */
    fake_work(0, 90);              /* 102 */
    fake_read_counter_last(0);     /* read at 104 of 4 ns */
    fake_idle(0, 1600);            /* 105 */
    fake_preempt(0, &idle, &init); /* 107, 117: seen at 118; it is 2072 */
    fake_idle(0, 16000);           /* 127 */
    fake_work(0, 1);               /* 129 */
    fake_read_counter_last(0);     /* 130: read at 132 */
}

START_TEST(two_sleeps)
{
    char *summary, *text;

    g_free(fake_run_sched("two_sleeps", "-icount shift=2 -release 10.0", ",quiet=on"));
    text = fake_trace_text(fake_path("out"));
    summary = fake_read_file(fake_path("out/summary.json"));
    ck_assert_msg(strstr(text, "0 2072" TO_INIT) || strstr(summary, "1 events have an estimated"),
                  "neither exact nor noted: %s", text);
    g_free(summary);
    g_free(text);
}
END_TEST

/* The first read is less than a tick away from the events before it: time 0 is the least. */
static void scenario_early(void)
{
    boot();                        /* 12 */
    fake_read_counter_last(0);     /* at 14 of 1 ns: the counter shows 0 */
    fake_preempt(0, &idle, &init); /* 15, 25 */
}

START_TEST(before_the_first_tick)
{
    fake_check_sched("early", "-icount shift=0 -release 10.0", ",quiet=on",
        "0 0" START
        "0 12" TO_INIT);
}
END_TEST

/* ---- several vCPUs share the distance, and no time goes back ---- */
static void scenario_two(void)
{
    struct fake_task other = { AT(7), "other", 5, 5, 120, 0, 0, 1, 0, 0 };
    struct fake_task idle1 = { AT(8), "swapper/1", 0, 0, 120, 0, 0, 1, 0, 0 };

    fake_set_host_time(5 * SECOND);
    fake_set_distance(SECOND);
    boot();
    fake_task_store(&other);
    fake_task_store(&idle1);
    fake_read_counter(1, 160);
    fake_set_host_time(5 * SECOND + 1168);
    fake_preempt(0, &idle, &init);
    fake_preempt(1, &idle1, &other);
    fake_read_counter(0, 0);
    fake_preempt(1, &other, &idle1);
    fake_set_host_time(5 * SECOND + 1100); /* the host's clock doesn't, but the sum may */
    fake_preempt(1, &idle1, &other);
}

START_TEST(two_vcpus)
{
    char *text;

    g_free(fake_run_sched("two", "-smp 2 -release 10.0", ",quiet=on"));
    text = fake_trace_text(fake_path("out"));
    ck_assert_ptr_nonnull(strstr(text, "0 4000001008" TO_INIT));
    ck_assert_ptr_nonnull(strstr(text, "1 4000001008 sched_switch prev=swapper/1/0 next=other/5"));
    ck_assert_ptr_nonnull(strstr(text, "1 4000001168 sched_switch prev=other/5 next=swapper/1/0"));
    ck_assert_uint_eq(fake_count_lines(text, "1 4000001168 sched_switch"), 2);
    g_free(text);
}
END_TEST

static const struct fake_scenario scenarios[] = {
    { "host", scenario_host },     { "reads", scenario_reads },   { "stopped", scenario_stopped },
    { "icount", scenario_icount }, { "random", scenario_random }, { "two", scenario_two },
    { "early", scenario_early },   { "two_sleeps", scenario_two_sleeps }, { NULL, NULL },
};

static int run_tests(void)
{
    const TTest *const tests[] = { host, reads, stopped, icount, within_a_tick,
                                   before_the_first_tick, two_sleeps, two_vcpus, NULL };

    return fake_suite("session-clock", tests);
}

int main(int argc, char **argv)
{
    return fake_main(argc, argv, scenarios, run_tests);
}
