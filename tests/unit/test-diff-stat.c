/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test of distributions against the definition, and names of tasks. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

enum { MOST = 60 };

struct sample {
    unsigned n;
    uint64_t values[MOST];
};

static struct osi_histogram *histogram_of(const struct sample *sample)
{
    struct osi_histogram *histogram = osi_histogram_new();

    for (unsigned i = 0; i < sample->n; i++)
        osi_histogram_record(histogram, sample->values[i]);
    return histogram;
}

static double test_of(const struct sample *a, const struct sample *b)
{
    struct osi_histogram *x = histogram_of(a), *y = histogram_of(b);
    double p = diff_mann_whitney(x, y), other = diff_mann_whitney(y, x);

    ck_assert(isnan(p) ? isnan(other) : fabs(p - other) < 1e-12);
    osi_histogram_free(x);
    osi_histogram_free(y);
    return p;
}

/* Every pair is looked at. */
static double by_pairs(const struct sample *a, const struct sample *b)
{
    double u = 0, ties = 0, n = a->n + b->n, variance;
    uint64_t all[2 * MOST];

    memcpy(all, a->values, a->n * sizeof(*all));
    memcpy(all + a->n, b->values, b->n * sizeof(*all));
    for (unsigned i = 0; i < a->n; i++)
        for (unsigned j = 0; j < b->n; j++)
            u += a->values[i] < b->values[j] ? 1 : a->values[i] == b->values[j] ? 0.5 : 0;
    for (unsigned i = 0; i < a->n + b->n; i++) {
        double same = 0;

        for (unsigned j = 0; j < a->n + b->n; j++)
            same += all[i] == all[j];
        ties += same * same - 1; /* (t^3 - t) / t, t times */
    }
    variance = a->n * (double)b->n / 12 * (n + 1 - ties / (n * (n - 1)));
    return variance > 0 ? erfc(fmax(fabs(u - a->n * (double)b->n / 2) - 0.5, 0) / sqrt(2 * variance)) : 1;
}

START_TEST(known_values)
{
    struct sample a = { .n = 10 }, b = { .n = 10 };

    for (unsigned i = 0; i < 10; i++) {
        a.values[i] = i + 1;
        b.values[i] = i + 6;
    }
    /* R: wilcox.test(1:10, 6:15), W = 12.5 */
    ck_assert_double_eq_tol(test_of(&a, &b), 0.005075392315273931, 1e-12);
    ck_assert_double_eq_tol(test_of(&a, &a), 1, 1e-12);
}
END_TEST

START_TEST(random_samples)
{
    GRand *random = g_rand_new_with_seed((guint32)_i);
    struct sample a = { .n = (unsigned)g_rand_int_range(random, DIFF_FEW, MOST) };
    struct sample b = { .n = (unsigned)g_rand_int_range(random, DIFF_FEW, MOST) };
    int range = g_rand_int_range(random, 1, 250), shift = g_rand_int_range(random, 0, 6);

    /* Up to 255 each value has its own bucket. */
    for (unsigned i = 0; i < a.n; i++)
        a.values[i] = (uint64_t)g_rand_int_range(random, 0, range);
    for (unsigned i = 0; i < b.n; i++)
        b.values[i] = (uint64_t)(g_rand_int_range(random, 0, range) + shift);
    ck_assert_double_eq_tol(test_of(&a, &b), by_pairs(&a, &b), 1e-9);
    g_rand_free(random);
}
END_TEST

START_TEST(too_few)
{
    struct sample few = { .n = DIFF_FEW - 1 }, enough = { .n = DIFF_FEW };
    struct osi_histogram *some = histogram_of(&enough);

    ck_assert(isnan(test_of(&few, &enough)));
    ck_assert(isnan(diff_mann_whitney(NULL, some)));
    ck_assert(isnan(diff_mann_whitney(some, NULL)));
    ck_assert_double_eq(test_of(&enough, &enough), 1); /* all are equal */
    osi_histogram_free(some);
}
END_TEST

/* Counts of a long run: nothing overflows. */
START_TEST(large_counts)
{
    struct osi_histogram *a = osi_histogram_new(), *b = osi_histogram_new();

    for (uint64_t i = 0; i < 1000; i++) {
        osi_histogram_record_n(a, i * 1000, 10000000);
        osi_histogram_record_n(b, i * 1000, 10000000);
    }
    ck_assert_double_eq(diff_mann_whitney(a, b), 1);
    osi_histogram_record_n(b, 999000, 1000000000);
    ck_assert_double_lt(diff_mann_whitney(a, b), 1e-9);
    osi_histogram_free(a);
    osi_histogram_free(b);
}
END_TEST

/* ---- names ---- */
static const struct {
    const char *name, *same;
} task_names[] = {
    { "sh", "sh" },
    { "kworker/0:1", "kworker/0:*" },
    { "kworker/12:0H", "kworker/12:*H" },
    { "kworker/u4:2", "kworker/u*:*" },
    { "kworker/u16:37H", "kworker/u*:*H" },
    { "kworker/R-rcu_g", "kworker/R-rcu_g" },
    { "kworker/", "kworker/" },
    { "kworker/u", "kworker/u" },
    { "kworker/1:", "kworker/1:" },
    { "kworker/:1", "kworker/:1" },
    { "kworkers/0:1", "kworkers/0:1" },
    { "ksoftirqd/1", "ksoftirqd/1" },
    { "", "" },
};

START_TEST(names_of_tasks)
{
    char *name = diff_task_name(task_names[_i].name);

    ck_assert_str_eq(name, task_names[_i].same);
    g_free(name);
}
END_TEST

static void same_number(const char *name, const char *same)
{
    char *made = diff_numbered_task_name(name);

    ck_assert_str_eq(made, same);
    g_free(made);
}

static void same_row(const char *row, const char *module, const char *same)
{
    char *made = diff_heat_name(row, module);

    ck_assert_str_eq(made, same);
    g_free(made);
}

START_TEST(names_with_numbers)
{
    same_number("sh-12", "sh");
    same_number("a-b", "a-b");
    same_number("a-1b", "a-1b");
    same_number("a-b-3", "a-b");
    same_number("kworker/u4:2-40", "kworker/u*:*");
    same_number("sh-", "sh-");
    same_row("init-126 [user]", "[user]", "init [user]");
    same_row("init-126 [user]", "[kernel]", "init-126 [user]");
    same_row("f-1", "[user]", "f-1");
    same_row("schedule", "[kernel]", "schedule");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diff-stat");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, known_values);
    tcase_add_loop_test(tcase, random_samples, 0, 200);
    tcase_add_test(tcase, too_few);
    tcase_add_test(tcase, large_counts);
    tcase_add_loop_test(tcase, names_of_tasks, 0, G_N_ELEMENTS(task_names));
    tcase_add_test(tcase, names_with_numbers);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
