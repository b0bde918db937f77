/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The meter against a plain account of the same run: each step of a random run belongs to a task or to
 * nobody; both must know the same counts of each cell and each task. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/meter.h>

#define CELLS 9000 /* more than a chunk */
#define TASKS 5

/* A vCPU's cells, in chunks as the meter wants them, and the account of it. */
struct run {
    uint64_t cells[OSI_METER_KINDS][2 * OSI_METER_CHUNK];
    uint64_t counted[OSI_METER_KINDS][2 * OSI_METER_CHUNK];
    size_t used;
    uint64_t tasks[TASKS + 1][OSI_METER_KINDS];
    unsigned task; /* 0: none yet */
    bool wanted, open;
    struct osi_meter *meter;
};

static uint64_t state = 88172645463325252ull;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static size_t cells_of(void *data, enum osi_meter_kind kind, size_t chunk, const uint64_t **cells)
{
    struct run *run = data;

    *cells = &run->cells[kind][chunk * OSI_METER_CHUNK];
    return run->used > chunk * OSI_METER_CHUNK
               ? MIN(run->used - chunk * OSI_METER_CHUNK, OSI_METER_CHUNK) : 0;
}

static void execute(struct run *run, unsigned steps)
{
    while (steps--) {
        unsigned kind = random64() % 2, cell = random64() % run->used, n = 1 + random64() % 9;

        run->cells[kind][cell] += n;
        if (run->wanted && run->open) {
            run->counted[kind][cell] += n;
            run->tasks[run->task][kind] += n;
        }
    }
}

static const struct osi_task tasks[TASKS + 1] = {
    { 0 }, { .id = 1 }, { .id = 2 }, { .id = 3 }, { .id = 4 }, { .id = 5 },
};

static void step(struct run *run, bool filter, bool windows)
{
    execute(run, random64() % 50);
    run->used = MIN(run->used + random64() % 40, CELLS);
    if (random64() % 3 || !windows) {
        run->task = 1 + random64() % TASKS;
        run->wanted = !filter || run->task <= 2;
        osi_meter_task(run->meter, &tasks[run->task], run->wanted);
    } else {
        run->open = random64() % 2;
        osi_meter_window(run->meter, run->open);
    }
}

static void compare(struct run *run)
{
    const struct osi_meter_account *account;
    uint64_t sum = 0, all = 0, seen = 0;

    for (unsigned kind = 0; kind < OSI_METER_KINDS; kind++) {
        for (size_t i = 0; i < run->used; i++) {
            ck_assert_uint_eq(osi_meter_counted(run->meter, kind, i), run->counted[kind][i]);
            sum += run->counted[kind][i];
        }
    }
    for (size_t i = 0; (account = osi_meter_account(run->meter, i)); i++) {
        unsigned id = account->task ? account->task->id : 0;

        ck_assert_uint_eq(account->counted[0], run->tasks[id][0]);
        ck_assert_uint_eq(account->counted[1], run->tasks[id][1]);
        all += account->counted[0] + account->counted[1];
        seen++;
    }
    ck_assert_uint_gt(sum, 0);
    ck_assert_uint_eq(sum, all);
    ck_assert_uint_ge(seen, 2);
}

/* Bit 0: a filter of tasks, bit 1: windows. */
START_TEST(agrees_with_a_plain_account)
{
    struct run *run = g_new0(struct run, 1);
    bool filter = _i & 1, windows = _i & 2;

    run->used = 10;
    run->wanted = !filter;
    run->open = !windows;
    run->meter = osi_meter_new(cells_of, run, run->wanted, run->open);
    for (unsigned i = 0; i < 2000; i++) {
        step(run, filter, windows);
    }
    ck_assert_uint_gt(run->used, OSI_METER_CHUNK);
    osi_meter_end(run->meter);
    execute(run, 0);
    compare(run);
    osi_meter_free(run->meter);
    g_free(run);
}
END_TEST

START_TEST(nothing_counts_after_the_end)
{
    struct run *run = g_new0(struct run, 1);

    run->used = 4;
    run->wanted = run->open = true;
    run->meter = osi_meter_new(cells_of, run, true, true);
    execute(run, 10);
    osi_meter_task(run->meter, &tasks[1], true);
    run->task = 1;
    execute(run, 10);
    osi_meter_end(run->meter);
    run->wanted = false;
    execute(run, 10);
    osi_meter_end(run->meter);
    compare(run);
    osi_meter_free(run->meter);
    g_free(run);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("meter");
    Suite *suite = suite_create("meter");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, agrees_with_a_plain_account, 0, 4);
    tcase_add_test(all, nothing_counts_after_the_end);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
