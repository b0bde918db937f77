/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling statistics of random streams on 70 CPUs: against an account made
 * another way, and from shards merged in random order. */
#include <check.h>
#include <glib.h>
#include <osinstr/schedstat.h>
#include <osinstr/table.h>
#include <stdlib.h>

#define CPUS 70
#define TASKS 200
#define EVENTS 30000
#define END (EVENTS * UINT64_C(11))

struct world {
    struct osi_task tasks[TASKS], idle[CPUS];
    struct osi_event events[EVENTS];
};

static uint32_t below(GRand *random, uint32_t n)
{
    return (uint32_t)g_rand_int_range(random, 0, (gint32)n);
}

static void make_tasks(struct world *world)
{
    for (uint32_t i = 0; i < TASKS; i++)
        world->tasks[i] = (struct osi_task){.id = i + 1, .key = i + 1, .pid = i / 2 + 1};
    for (uint32_t i = 0; i < CPUS; i++)
        world->idle[i] = (struct osi_task){.id = 1000 + i, .key = 1000 + i};
}

/* A task that runs nowhere, or this CPU's idle task. */
static const struct osi_task *pick(const struct world *world, const bool *running, uint32_t vcpu,
                                   GRand *random)
{
    uint32_t task = below(random, TASKS * 5 / 4);

    return task < TASKS && !running[task] ? &world->tasks[task] : &world->idle[vcpu];
}

static void make_events(struct world *world, GRand *random)
{
    static const uint32_t states[] = {OSI_STATE_RUNNING, OSI_STATE_INTERRUPTIBLE,
                                      OSI_STATE_PREEMPTED, OSI_STATE_UNKNOWN};
    const struct osi_task *current[CPUS];
    bool running[TASKS] = {false};
    uint64_t time = 1;

    for (uint32_t i = 0; i < CPUS; i++)
        current[i] = &world->idle[i];
    for (size_t i = 0; i < EVENTS; i++) {
        uint32_t vcpu = below(random, CPUS);
        const struct osi_task *prev = current[vcpu], *next = pick(world, running, vcpu, random);

        time += below(random, 11);
        world->events[i] = (struct osi_event){
            .kind = OSI_EVENT_SCHED_SWITCH, .vcpu = vcpu, .time = time,
            .sched_switch = {.prev = prev, .next = next, .prev_state = states[below(random, 4)],
                             .next_waited = below(random, 2), .wait = below(random, 500)}};
        if (prev->pid)
            running[prev->id - 1] = false;
        if (next->pid)
            running[next->id - 1] = true;
        current[vcpu] = next;
    }
}

/* ---- the account the plain way: each event looks for the next of its CPU ---- */
struct account {
    uint64_t run[TASKS], runs[TASKS], longest[TASKS], longest_at[TASKS];
    uint64_t waits[TASKS], wait_sum[TASKS], wait_max[TASKS], wait_max_at[TASKS];
    uint64_t busy[CPUS], idle[CPUS];
};

static uint64_t next_on(const struct world *world, size_t from, uint32_t vcpu)
{
    for (size_t i = from; i < EVENTS; i++)
        if (world->events[i].vcpu == vcpu)
            return world->events[i].time;
    return END;
}

/* Events come in order of time, so the first of equal ones is the earliest. */
static void account_task(struct account *account, const struct osi_event *event, uint64_t length)
{
    uint32_t task = event->sched_switch.next->id - 1;

    account->run[task] += length;
    if (account->runs[task]++ == 0 || length > account->longest[task]) {
        account->longest[task] = length;
        account->longest_at[task] = event->time;
    }
    if (!event->sched_switch.next_waited)
        return;
    if (account->waits[task]++ == 0 || event->sched_switch.wait > account->wait_max[task]) {
        account->wait_max[task] = event->sched_switch.wait;
        account->wait_max_at[task] = event->time;
    }
    account->wait_sum[task] += event->sched_switch.wait;
}

static struct account *make_account(const struct world *world)
{
    struct account *account = g_new0(struct account, 1);

    for (uint32_t i = 0; i < CPUS; i++)
        account->idle[i] = next_on(world, 0, i);
    for (size_t i = 0; i < EVENTS; i++) {
        const struct osi_event *event = &world->events[i];
        uint64_t length = next_on(world, i + 1, event->vcpu) - event->time;

        if (event->sched_switch.next->pid) {
            account_task(account, event, length);
            account->busy[event->vcpu] += length;
        } else {
            account->idle[event->vcpu] += length;
        }
    }
    return account;
}

static void assert_row(const struct account *account, const struct osi_sched_task_stat *row)
{
    uint32_t task = row->task.id - 1;

    ck_assert_uint_eq(row->run, account->run[task]);
    ck_assert_uint_eq(row->runs, account->runs[task]);
    ck_assert_uint_eq(row->longest, account->longest[task]);
    ck_assert_uint_eq(row->longest_at, account->longest_at[task]);
    ck_assert_uint_eq(row->switches, row->runs); /* each is idle at the end or was switched out */
    ck_assert_uint_eq(osi_histogram_count(row->wait), account->waits[task]);
    ck_assert_uint_eq(osi_histogram_sum(row->wait), account->wait_sum[task]);
    ck_assert_uint_eq(osi_histogram_max(row->wait), account->wait_max[task]);
    ck_assert_uint_eq(row->wait_max_at, account->wait_max_at[task]);
}

static void assert_tasks(const struct account *account, const struct osi_schedstat *stat)
{
    struct osi_sched_totals totals;
    size_t n;
    const struct osi_sched_task_stat **rows = osi_schedstat_tasks(stat, &n);
    uint64_t run = 0;

    ck_assert_uint_eq(n, TASKS);
    for (size_t i = 0; i < n; i++) {
        assert_row(account, rows[i]);
        run += rows[i]->run;
    }
    osi_schedstat_totals(stat, &totals);
    ck_assert_uint_eq(run + totals.idle, CPUS * END);
    ck_assert_uint_eq(totals.gaps, 0);
    free(rows);
}

static void assert_cpus(const struct account *account, const struct osi_schedstat *stat)
{
    size_t n;
    const struct osi_sched_cpu_stat **cpus = osi_schedstat_cpus(stat, &n);

    ck_assert_uint_eq(n, CPUS);
    for (uint32_t i = 0; i < CPUS; i++) {
        ck_assert_uint_eq(cpus[i]->vcpu, i);
        ck_assert_uint_eq(cpus[i]->idle, account->idle[i]);
        ck_assert_uint_eq(cpus[i]->busy, account->busy[i]);
        ck_assert_uint_eq(cpus[i]->span, END);
        ck_assert_uint_eq(cpus[i]->idle + cpus[i]->busy, END);
    }
    free(cpus);
}

/* ---- feeding ---- */
/* At END every CPU goes idle, so that the last slices are switched out, too. */
static struct osi_schedstat *feed(const struct world *world, uint32_t first, uint32_t n)
{
    struct osi_schedstat *stat = osi_schedstat_new();
    const struct osi_task *current[CPUS];

    for (uint32_t i = first; i < first + n; i++)
        osi_schedstat_begin(stat, i, 0, current[i] = &world->idle[i]);
    for (size_t i = 0; i < EVENTS; i++) {
        const struct osi_event *event = &world->events[i];

        if (event->vcpu < first || event->vcpu >= first + n)
            continue;
        osi_schedstat_event(stat, event);
        current[event->vcpu] = event->sched_switch.next;
    }
    for (uint32_t i = first; i < first + n; i++) {
        osi_schedstat_event(stat, &(struct osi_event){
            .kind = OSI_EVENT_SCHED_SWITCH, .vcpu = i, .time = END,
            .sched_switch = {.prev = current[i], .next = &world->idle[i]}});
        osi_schedstat_end(stat, i, END);
    }
    return stat;
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

static void shuffle(uint32_t *order, uint32_t n, GRand *random)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = below(random, i + 1);

        order[i] = order[k];
        order[k] = i;
    }
}

static void assert_merges_to(const char *expected, struct osi_schedstat *const *shards,
                             GRand *random)
{
    struct osi_schedstat *all = osi_schedstat_new();
    uint32_t order[CPUS];
    char *report;

    shuffle(order, CPUS, random);
    for (uint32_t i = 0; i < CPUS; i++)
        osi_schedstat_merge(all, shards[order[i]]);
    report = report_of(all);
    ck_assert_str_eq(report, expected);
    free(report);
    osi_schedstat_free(all);
}

START_TEST(adds_up_and_merges_in_any_order)
{
    GRand *random = g_rand_new_with_seed((guint32)_i);
    struct world *world = g_new0(struct world, 1);
    struct osi_schedstat *whole, *shards[CPUS];
    struct account *account;
    char *expected;

    make_tasks(world);
    make_events(world, random);
    account = make_account(world);
    whole = feed(world, 0, CPUS);
    assert_tasks(account, whole);
    assert_cpus(account, whole);
    expected = report_of(whole);
    for (uint32_t i = 0; i < CPUS; i++)
        shards[i] = feed(world, i, 1);
    for (int i = 0; i < 5; i++)
        assert_merges_to(expected, shards, random);
    for (uint32_t i = 0; i < CPUS; i++)
        osi_schedstat_free(shards[i]);
    free(expected);
    g_free(account);
    osi_schedstat_free(whole);
    g_free(world);
    g_rand_free(random);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("schedstat-random");
    Suite *suite = suite_create("schedstat-random");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, adds_up_and_merges_in_any_order, 1, 6);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
