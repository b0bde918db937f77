/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling statistics: event lists with the totals they must give. */
#include <check.h>
#include <glib.h>
#include <osinstr/schedstat.h>
#include <osinstr/table.h>
#include <stdlib.h>
#include <string.h>

enum { S = OSI_STATE_INTERRUPTIBLE, R = OSI_STATE_RUNNING, P = OSI_STATE_PREEMPTED };

/* id, key, pid, tgid, address, comm */
static const struct osi_task idle0 = {1, 1, 0, 0, 0x1000, "swapper/0"};
static const struct osi_task idle1 = {2, 2, 0, 0, 0x2000, "swapper/1"};
static const struct osi_task a = {3, 3, 10, 10, 0x3000, "a"};
static const struct osi_task b = {4, 4, 11, 10, 0x4000, "b"};
static const struct osi_task a_renamed = {5, 3, 10, 10, 0x3000, "a-exec"};
static const struct osi_task a_reused = {6, 6, 10, 10, 0x5000, "other"};
static const struct osi_task nameless = {0, 0, 99, 99, 0x6000, "ignored"};

static struct osi_event on_cpu(uint32_t vcpu, uint64_t time, const struct osi_task *prev,
                               uint32_t state, const struct osi_task *next)
{
    return (struct osi_event){.kind = OSI_EVENT_SCHED_SWITCH, .vcpu = vcpu, .time = time,
                              .sched_switch = {.prev = prev, .next = next, .prev_state = state}};
}

static struct osi_event waited(struct osi_event event, uint64_t wait)
{
    event.sched_switch.next_waited = true;
    event.sched_switch.wait = wait;
    return event;
}

static struct osi_event woken(uint32_t vcpu, uint64_t time, const struct osi_task *task)
{
    return (struct osi_event){.kind = OSI_EVENT_SCHED_WAKEUP, .vcpu = vcpu, .time = time,
                              .sched_wakeup = {.task = task}};
}

static void feed(struct osi_schedstat *stat, const struct osi_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        osi_schedstat_event(stat, &events[i]);
}

#define FEED(stat, ...)                                                                            \
    do {                                                                                           \
        const struct osi_event events_[] = {__VA_ARGS__};                                          \
        feed(stat, events_, G_N_ELEMENTS(events_));                                                \
    } while (0)

/* NULL if there is no such row; key 0 is the unknown one. */
static const struct osi_sched_task_stat *row_of(const struct osi_schedstat *stat, uint32_t key)
{
    const struct osi_sched_task_stat **rows, *found = NULL;
    size_t n;

    rows = osi_schedstat_tasks(stat, &n);
    for (size_t i = 0; i < n; i++)
        if (rows[i]->task.key == key)
            found = rows[i];
    free(rows);
    return found;
}

static void assert_row(const struct osi_schedstat *stat, uint32_t key, const char *comm,
                       uint64_t run, uint64_t runs, uint64_t voluntary, uint64_t involuntary)
{
    const struct osi_sched_task_stat *row = row_of(stat, key);

    ck_assert_ptr_nonnull(row);
    ck_assert_str_eq(row->task.comm, comm);
    ck_assert_uint_eq(row->run, run);
    ck_assert_uint_eq(row->runs, runs);
    ck_assert_uint_eq(row->voluntary, voluntary);
    ck_assert_uint_eq(row->involuntary, involuntary);
}

static void assert_cpu(const struct osi_schedstat *stat, size_t index, uint32_t vcpu, uint64_t busy,
                       uint64_t idle, uint64_t switches)
{
    size_t n;
    const struct osi_sched_cpu_stat **cpus = osi_schedstat_cpus(stat, &n);

    ck_assert_uint_lt(index, n);
    ck_assert_uint_eq(cpus[index]->vcpu, vcpu);
    ck_assert_uint_eq(cpus[index]->busy, busy);
    ck_assert_uint_eq(cpus[index]->idle, idle);
    ck_assert_uint_eq(cpus[index]->span, busy + idle);
    ck_assert_uint_eq(cpus[index]->switches, switches);
    free(cpus);
}

static char *report_of(const struct osi_schedstat *stat)
{
    struct osi_report *report = osi_report_new("sched");
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    osi_schedstat_report(stat, report, 0);
    ck_assert_int_eq(osi_report_json(report, stream), 0);
    fclose(stream);
    osi_report_free(report);
    return text;
}

/* ---- scenarios ---- */
START_TEST(one_cpu)
{
    struct osi_schedstat *stat = osi_schedstat_new();
    const struct osi_sched_task_stat *row;

    osi_schedstat_begin(stat, 0, 100, &idle0);
    FEED(stat, waited(on_cpu(0, 150, &idle0, R, &a), 30), on_cpu(0, 170, &a, P, &b),
         on_cpu(0, 200, &b, S, &a), on_cpu(0, 290, &a, S, &idle0));
    osi_schedstat_end(stat, 0, 300);
    assert_row(stat, 3, "a", 110, 2, 1, 1);
    assert_row(stat, 4, "b", 30, 1, 1, 0);
    assert_cpu(stat, 0, 0, 140, 60, 4);
    row = row_of(stat, 3);
    ck_assert_uint_eq(row->longest, 90);
    ck_assert_uint_eq(row->longest_at, 200);
    ck_assert_uint_eq(osi_histogram_count(row->wait), 1);
    ck_assert_uint_eq(osi_histogram_max(row->wait), 30);
    ck_assert_uint_eq(row->wait_max_at, 150);
    ck_assert_ptr_null(row_of(stat, 4)->wait);
    ck_assert_ptr_null(row_of(stat, 1)); /* idle is no task */
    osi_schedstat_free(stat);
    osi_schedstat_free(NULL);
}
END_TEST

START_TEST(span_starts_with_the_first_switch)
{
    struct osi_schedstat *stat = osi_schedstat_new();

    FEED(stat, on_cpu(0, 1000, &a, S, &b));
    osi_schedstat_end(stat, 0, 1007);
    osi_schedstat_end(stat, 0, 2000);  /* ended already */
    osi_schedstat_end(stat, 1, 2000);  /* never began */
    osi_schedstat_begin(stat, 0, 3000, &b); /* 1007 to 3000 was not observed */
    osi_schedstat_end(stat, 0, 3001);
    assert_row(stat, 3, "a", 0, 0, 1, 0);
    assert_row(stat, 4, "b", 8, 2, 0, 0);
    assert_cpu(stat, 0, 0, 8, 0, 1);
    ck_assert_uint_eq(row_of(stat, 3)->longest_at, UINT64_MAX);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(renamed_is_one_row_and_reused_pid_is_two)
{
    struct osi_schedstat *stat = osi_schedstat_new();

    osi_schedstat_begin(stat, 0, 0, &idle0);
    FEED(stat, on_cpu(0, 10, &idle0, R, &a), on_cpu(0, 20, &a_renamed, S, &a_reused),
         on_cpu(0, 50, &a_reused, S, &a_renamed), on_cpu(0, 90, &a, OSI_STATE_DEAD, &idle0));
    osi_schedstat_end(stat, 0, 100);
    assert_row(stat, 3, "a-exec", 50, 2, 2, 0);
    assert_row(stat, 6, "other", 30, 1, 1, 0);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(idle_of_each_cpu_is_in_its_account)
{
    struct osi_schedstat *stat = osi_schedstat_new();
    struct osi_sched_totals totals;

    osi_schedstat_begin(stat, 1, 0, &idle1);
    osi_schedstat_begin(stat, 0, 0, &a);
    FEED(stat, waited(on_cpu(0, 10, &a, S, &idle0), 3), woken(0, 20, &a),
         on_cpu(1, 30, &idle1, R, &a));
    osi_schedstat_end(stat, 0, 50);
    osi_schedstat_end(stat, 1, 70);
    assert_cpu(stat, 0, 0, 10, 40, 1);
    assert_cpu(stat, 1, 1, 40, 30, 1);
    osi_schedstat_totals(stat, &totals);
    ck_assert_uint_eq(totals.tasks, 1);
    ck_assert_uint_eq(totals.cpus, 2);
    ck_assert_uint_eq(totals.span, 120);
    ck_assert_uint_eq(totals.idle, 70);
    ck_assert_uint_eq(totals.switches, 2);
    ck_assert_uint_eq(totals.wakeups, 1);
    ck_assert_uint_eq(totals.wait_max_at, UINT64_MAX);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(unknown_tasks_and_gaps)
{
    struct osi_schedstat *stat = osi_schedstat_new();
    struct osi_sched_totals totals;

    osi_schedstat_begin(stat, 0, 0, NULL);
    FEED(stat, on_cpu(0, 10, &a, S, NULL),        /* 10 to a: the begin did not know it */
         waited(on_cpu(0, 30, &nameless, OSI_STATE_UNKNOWN, &b), 5), /* 20 to nobody known */
         on_cpu(0, 60, NULL, OSI_STATE_UNKNOWN, &a),  /* 30 to b: the switch knew it */
         waited(on_cpu(0, 100, &b, S, NULL), 7), /* a became b: 40 of a gap */
         on_cpu(0, 101, &idle0, R, &a));   /* 1 to idle */
    osi_schedstat_end(stat, 0, 103);
    assert_row(stat, 3, "a", 12, 2, 1, 0);
    assert_row(stat, 4, "b", 30, 1, 1, 0);
    assert_row(stat, 0, "", 60, 2, 0, 0);
    assert_cpu(stat, 0, 0, 102, 1, 5);
    osi_schedstat_totals(stat, &totals);
    ck_assert_uint_eq(totals.gaps, 1);
    ck_assert_uint_eq(totals.unknown_states, 2);
    ck_assert_uint_eq(totals.tasks, 2);
    ck_assert_uint_eq(totals.wait_max_at, 100);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(odd_input)
{
    struct osi_schedstat *stat = osi_schedstat_new();
    struct osi_event rename = {.kind = OSI_EVENT_TASK_RENAME, .vcpu = 9, .time = 5};

    osi_schedstat_begin(stat, 0, 100, &a);
    FEED(stat, on_cpu(0, 90, &a, S, &b), /* back in time: counts as 100 */
         on_cpu(0, 110, &b, S, &b),      /* to itself */
         on_cpu(UINT32_MAX, 120, &a, S, &b), rename);
    osi_schedstat_end(stat, 0, 0);
    assert_row(stat, 3, "a", 0, 1, 1, 0);
    assert_row(stat, 4, "b", 10, 2, 1, 0);
    assert_cpu(stat, 0, 0, 10, 0, 2);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(states)
{
    static const struct { uint32_t state; uint64_t voluntary, involuntary; } rows[] = {
        {OSI_STATE_RUNNING, 0, 1}, {OSI_STATE_PREEMPTED, 0, 1},
        {OSI_STATE_INTERRUPTIBLE, 1, 0}, {OSI_STATE_UNINTERRUPTIBLE, 1, 0},
        {OSI_STATE_ZOMBIE, 1, 0}, {OSI_STATE_IDLE, 1, 0}, {OSI_STATE_UNKNOWN, 0, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct osi_schedstat *stat = osi_schedstat_new();

        FEED(stat, on_cpu(0, 1, &a, rows[i].state, &b));
        assert_row(stat, 3, "a", 0, 0, rows[i].voluntary, rows[i].involuntary);
        ck_assert_uint_eq(row_of(stat, 3)->switches, 1);
        osi_schedstat_free(stat);
    }
}
END_TEST

START_TEST(equal_rows_are_ordered)
{
    enum { N = 40 };
    struct osi_schedstat *stat = osi_schedstat_new();
    const struct osi_sched_task_stat **rows;
    size_t n;

    for (uint32_t i = 0; i < N; i++) { /* two tasks to a pid, high pids first, keys mixed up */
        struct osi_task task = {.id = 7 * i % N + 1, .key = 7 * i % N + 1, .pid = 100 - i / 2};

        osi_schedstat_begin(stat, 0, 10 * i, &task);
    }
    osi_schedstat_end(stat, 0, 10 * N);
    rows = osi_schedstat_tasks(stat, &n);
    ck_assert_uint_eq(n, N);
    for (size_t i = 1; i < n; i++) {
        const struct osi_task *left = &rows[i - 1]->task, *right = &rows[i]->task;

        ck_assert_uint_eq(rows[i]->run, 10);
        ck_assert(left->pid < right->pid || (left->pid == right->pid && left->key < right->key));
    }
    free(rows);
    osi_schedstat_free(stat);
}
END_TEST

START_TEST(parts_of_one_cpu_merge)
{
    struct osi_schedstat *early = osi_schedstat_new(), *late = osi_schedstat_new();
    struct osi_sched_totals totals;

    osi_schedstat_begin(early, 0, 100, &a);
    FEED(early, on_cpu(0, 110, &b, S, NULL), woken(0, 111, &a)); /* a gap */
    osi_schedstat_end(early, 0, 120);
    osi_schedstat_begin(late, 0, 500, &a);
    FEED(late, on_cpu(0, 503, &a, S, &idle0), woken(0, 504, &a));
    osi_schedstat_end(late, 0, 550);
    osi_schedstat_merge(late, early);
    assert_cpu(late, 0, 0, 23, 47, 2);
    assert_row(late, 3, "a", 3, 1, 1, 0);
    assert_row(late, 0, "", 20, 2, 0, 0);
    osi_schedstat_totals(late, &totals);
    ck_assert_uint_eq(totals.gaps, 1);
    ck_assert_uint_eq(totals.wakeups, 2);
    ck_assert_uint_eq(totals.span, 70);
    osi_schedstat_free(late);
    osi_schedstat_free(early);
}
END_TEST

START_TEST(longest_and_wait_ties_go_to_the_earlier)
{
    struct osi_schedstat *stat[2] = {osi_schedstat_new(), osi_schedstat_new()};
    struct osi_schedstat *up = osi_schedstat_new(), *down = osi_schedstat_new();
    char *first, *second;

    for (uint32_t i = 0; i < 2; i++) {
        const struct osi_task *idle = i ? &idle1 : &idle0, *task = i ? &a_renamed : &a;
        uint64_t start = 100 * (i + 1);

        osi_schedstat_begin(stat[i], i, 0, idle);
        FEED(stat[i], waited(on_cpu(i, start, idle, R, task), 8),
             on_cpu(i, start + 50, task, S, idle));
        osi_schedstat_end(stat[i], i, 1000);
    }
    osi_schedstat_merge(up, stat[0]);
    osi_schedstat_merge(up, stat[1]);
    osi_schedstat_merge(down, stat[1]);
    osi_schedstat_merge(down, stat[0]);
    assert_row(down, 3, "a-exec", 100, 2, 2, 0);
    ck_assert_uint_eq(row_of(down, 3)->longest_at, 100);
    ck_assert_uint_eq(row_of(down, 3)->wait_max_at, 100);
    first = report_of(up);
    second = report_of(down);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    osi_schedstat_free(down);
    osi_schedstat_free(up);
    osi_schedstat_free(stat[1]);
    osi_schedstat_free(stat[0]);
}
END_TEST

/* ---- waits ---- */
static void assert_wait(struct osi_waits *waits, struct osi_event event, bool has, uint64_t wait)
{
    event.sched_switch.next_waited = true; /* whatever was there is replaced */
    event.sched_switch.wait = 12345;
    ck_assert(osi_waits_event(waits, &event));
    ck_assert(event.sched_switch.next_waited == has);
    ck_assert_uint_eq(event.sched_switch.wait, wait);
}

static bool wake(struct osi_waits *waits, uint64_t time, const struct osi_task *task)
{
    struct osi_event event = woken(0, time, task);

    return osi_waits_event(waits, &event);
}

START_TEST(waits_follow_the_rule)
{
    struct osi_waits *waits = osi_waits_new();

    ck_assert(wake(waits, 100, &a));
    ck_assert(!wake(waits, 110, &a)); /* waits already */
    assert_wait(waits, on_cpu(0, 130, &idle0, R, &a), true, 30);
    ck_assert(!wake(waits, 140, &a)); /* runs */
    assert_wait(waits, on_cpu(0, 150, &a, P, &b), false, 0);
    assert_wait(waits, on_cpu(0, 160, &b, S, &a), false, 0); /* was preempted, not woken */
    assert_wait(waits, on_cpu(0, 170, &a_renamed, S, &idle0), false, 0);
    ck_assert(wake(waits, 180, &a_renamed));
    assert_wait(waits, on_cpu(1, 180, &idle1, R, &a_renamed), true, 0); /* 0 is a wait, too */
    ck_assert(wake(waits, 190, &b));
    assert_wait(waits, on_cpu(0, 195, &b, S, &idle0), false, 0); /* it ran after all: cleared */
    assert_wait(waits, on_cpu(0, 200, &idle0, R, &b), false, 0);
    ck_assert(wake(waits, 210, NULL) && wake(waits, 211, NULL)); /* who knows */
    assert_wait(waits, on_cpu(0, 220, &b, S, NULL), false, 0);
    osi_waits_free(waits);
    osi_waits_free(NULL);
}
END_TEST

START_TEST(moving_at_one_instant)
{
    struct osi_waits *waits = osi_waits_new();

    assert_wait(waits, on_cpu(1, 100, &idle1, R, &a), false, 0);
    assert_wait(waits, on_cpu(0, 200, &idle0, R, &a), false, 0); /* arrives on 0 … */
    assert_wait(waits, on_cpu(1, 200, &a, P, &idle1), false, 0); /* … before it leaves 1 */
    ck_assert(!wake(waits, 210, &a));
    assert_wait(waits, on_cpu(0, 220, &a, S, &idle0), false, 0);
    ck_assert(wake(waits, 230, &a));
    osi_waits_free(waits);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("schedstat");
    Suite *suite = suite_create("schedstat");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, one_cpu);
    tcase_add_test(tests, span_starts_with_the_first_switch);
    tcase_add_test(tests, renamed_is_one_row_and_reused_pid_is_two);
    tcase_add_test(tests, idle_of_each_cpu_is_in_its_account);
    tcase_add_test(tests, unknown_tasks_and_gaps);
    tcase_add_test(tests, odd_input);
    tcase_add_test(tests, states);
    tcase_add_test(tests, equal_rows_are_ordered);
    tcase_add_test(tests, parts_of_one_cpu_merge);
    tcase_add_test(tests, longest_and_wait_ties_go_to_the_earlier);
    tcase_add_test(tests, waits_follow_the_rule);
    tcase_add_test(tests, moving_at_one_instant);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
