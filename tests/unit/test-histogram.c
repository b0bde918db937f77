/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histogram against a sorted array of the same values. */
#include <check.h>
#include <glib.h>
#include <math.h>
#include <osinstr/histogram.h>
#include <stdlib.h>

#define N_VALUES 20011

static uint64_t state;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t small(size_t i) { (void)i; return random64() % 300; }
static uint64_t latency(size_t i) { return 2000 + i % 997 * (random64() % 5000); }
static uint64_t any_magnitude(size_t i) { (void)i; return random64() >> random64() % 64; }
static uint64_t whole_range(size_t i) { (void)i; return random64(); }
static uint64_t constant(size_t i) { (void)i; return 123457; }
static uint64_t edges(size_t i) { return (UINT64_C(1) << i % 64) + random64() % 3 - 1; }
static uint64_t rising(size_t i) { return (uint64_t)i * i; }
static uint64_t rare_outlier(size_t i) { return i % 1000 ? 1000 + i % 7 : UINT64_MAX - i; }

static uint64_t (*const distributions[])(size_t) = {
    small, latency, any_magnitude, whole_range, constant, edges, rising, rare_outlier,
};

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* The bucket by the words of the header: 128 to an octave, singles below 256. */
static void bucket(uint64_t value, uint64_t *low, uint64_t *high)
{
    uint64_t width = 1;

    while (value / width >= 256)
        width *= 2;
    *low = value / width * width;
    *high = *low + (width - 1);
}

static void fill(struct osi_histogram *histogram, uint64_t *values, size_t n, int distribution)
{
    state = 88172645463325252u + (unsigned)distribution;
    for (size_t i = 0; i < n; i++) {
        values[i] = distributions[distribution](i);
        osi_histogram_record(histogram, values[i]);
    }
    qsort(values, n, sizeof(*values), compare);
}

START_TEST(agrees_with_a_sorted_array)
{
    struct osi_histogram *histogram = osi_histogram_new();
    uint64_t *values = g_new(uint64_t, N_VALUES), max, sum = 0;
    bool overflow = false;

    fill(histogram, values, N_VALUES, _i);
    max = values[N_VALUES - 1];
    for (size_t i = 0; i < N_VALUES; i++)
        overflow |= __builtin_add_overflow(sum, values[i], &sum);
    ck_assert_uint_eq(osi_histogram_count(histogram), N_VALUES);
    ck_assert_uint_eq(osi_histogram_min(histogram), values[0]);
    ck_assert_uint_eq(osi_histogram_max(histogram), max);
    ck_assert_uint_eq(osi_histogram_sum(histogram), overflow ? UINT64_MAX : sum);
    for (unsigned mille = 0; mille <= 1000; mille++) {
        size_t rank = MAX((N_VALUES * (size_t)mille + 999) / 1000, 1);
        uint64_t exact = values[rank - 1], low, high;
        uint64_t shown = osi_histogram_percentile(histogram, mille / 10.0);

        bucket(exact, &low, &high);
        ck_assert_uint_eq(shown, MIN(high, max));
        ck_assert_uint_le(shown - exact, exact / 128);
    }
    g_free(values);
    osi_histogram_free(histogram);
}
END_TEST

START_TEST(walk_gives_every_value_once)
{
    struct osi_histogram *histogram = osi_histogram_new();
    uint64_t *values = g_new(uint64_t, N_VALUES), low, high, count;
    size_t iterator = 0, i = 0;

    fill(histogram, values, N_VALUES, _i);
    while (osi_histogram_next(histogram, &iterator, &low, &high, &count)) {
        uint64_t expected_low, expected_high;

        ck_assert_uint_lt(i, N_VALUES);
        bucket(values[i], &expected_low, &expected_high);
        ck_assert_uint_eq(low, expected_low);
        ck_assert_uint_eq(high, expected_high);
        for (; i < N_VALUES && values[i] <= high; i++)
            count--;
        ck_assert_uint_eq(count, 0);
    }
    ck_assert_uint_eq(i, N_VALUES);
    ck_assert(!osi_histogram_next(histogram, &iterator, &low, &high, &count));
    g_free(values);
    osi_histogram_free(histogram);
}
END_TEST

static void assert_same(const struct osi_histogram *a, const struct osi_histogram *b)
{
    uint64_t low_a, low_b, count_a, count_b;
    size_t at_a = 0, at_b = 0;

    ck_assert_uint_eq(osi_histogram_count(a), osi_histogram_count(b));
    ck_assert_uint_eq(osi_histogram_sum(a), osi_histogram_sum(b));
    ck_assert_uint_eq(osi_histogram_min(a), osi_histogram_min(b));
    ck_assert_uint_eq(osi_histogram_max(a), osi_histogram_max(b));
    while (osi_histogram_next(a, &at_a, &low_a, NULL, &count_a)) {
        ck_assert(osi_histogram_next(b, &at_b, &low_b, NULL, &count_b));
        ck_assert_uint_eq(low_a, low_b);
        ck_assert_uint_eq(count_a, count_b);
    }
    ck_assert(!osi_histogram_next(b, &at_b, &low_b, NULL, &count_b));
}

START_TEST(merge_equals_whole_in_any_order)
{
    struct osi_histogram *whole = osi_histogram_new(), *parts[4];
    struct osi_histogram *up = osi_histogram_new(), *down = osi_histogram_new();

    state = 42;
    for (int i = 0; i < 4; i++)
        parts[i] = osi_histogram_new(); /* the last one stays empty */
    for (size_t i = 0; i < N_VALUES; i++) {
        uint64_t value = distributions[_i](i);

        osi_histogram_record(whole, value);
        osi_histogram_record(parts[i % 3], value);
    }
    for (int i = 0; i < 4; i++) {
        osi_histogram_merge(up, parts[i]);
        osi_histogram_merge(down, parts[3 - i]);
    }
    assert_same(up, whole);
    assert_same(down, whole);
    for (int i = 0; i < 4; i++)
        osi_histogram_free(parts[i]);
    osi_histogram_free(down);
    osi_histogram_free(up);
    osi_histogram_free(whole);
}
END_TEST

START_TEST(empty_and_reset)
{
    struct osi_histogram *histogram = osi_histogram_new();
    size_t iterator;

    for (int round = 0; round < 2; round++) {
        iterator = 0;
        ck_assert_uint_eq(osi_histogram_count(histogram), 0);
        ck_assert_uint_eq(osi_histogram_sum(histogram), 0);
        ck_assert_uint_eq(osi_histogram_min(histogram), 0);
        ck_assert_uint_eq(osi_histogram_max(histogram), 0);
        ck_assert_uint_eq(osi_histogram_percentile(histogram, 50), 0);
        ck_assert(!osi_histogram_next(histogram, &iterator, NULL, NULL, NULL));
        osi_histogram_record(histogram, 0);
        osi_histogram_record(histogram, UINT64_MAX);
        ck_assert_uint_eq(osi_histogram_percentile(histogram, 50), 0);
        ck_assert_uint_eq(osi_histogram_percentile(histogram, 51), UINT64_MAX);
        osi_histogram_reset(histogram);
    }
    osi_histogram_free(histogram);
    osi_histogram_free(NULL);
}
END_TEST

/* Alone in its power of two, at either end of it. */
START_TEST(lonely_values_are_found)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t less = 0; less < 2; less++) {
            struct osi_histogram *histogram = osi_histogram_new();
            uint64_t value = (UINT64_C(1) << bit) - less, low, high, count;
            size_t iterator = 0;

            osi_histogram_record(histogram, value);
            ck_assert(osi_histogram_next(histogram, &iterator, &low, &high, &count));
            ck_assert(low <= value && value <= high && count == 1);
            ck_assert_uint_eq(osi_histogram_percentile(histogram, 50), value);
            osi_histogram_free(histogram);
        }
    }
}
END_TEST

START_TEST(many_at_once)
{
    struct osi_histogram *one = osi_histogram_new(), *many = osi_histogram_new();

    for (int i = 0; i < 1000; i++)
        osi_histogram_record(one, 77777);
    osi_histogram_record_n(many, 77777, 1000);
    osi_histogram_record_n(many, 5, 0);
    assert_same(one, many);
    osi_histogram_record_n(many, 77777, UINT64_MAX);
    osi_histogram_record(many, 1);
    osi_histogram_merge(many, one);
    ck_assert_uint_eq(osi_histogram_count(many), UINT64_MAX);
    ck_assert_uint_eq(osi_histogram_sum(many), UINT64_MAX);
    ck_assert_uint_eq(osi_histogram_percentile(many, 0), 1);
    ck_assert_uint_eq(osi_histogram_percentile(many, 100), 77777);
    osi_histogram_free(many);
    osi_histogram_free(one);
}
END_TEST

START_TEST(percentile_counts_exactly)
{
    struct osi_histogram *histogram = osi_histogram_new();

    for (uint64_t i = 1; i <= 1000; i++)
        osi_histogram_record(histogram, i > 999 ? 200 : i > 990 ? 150 : 100);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, 99), 100);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, 99.0001), 150);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, 99.9), 150);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, 99.99), 200);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, 1e9), 200);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, -1), 100);
    ck_assert_uint_eq(osi_histogram_percentile(histogram, (double)NAN), 100);
    osi_histogram_free(histogram);
}
END_TEST

int main(void)
{
    int n = G_N_ELEMENTS(distributions);
    TCase *tests = tcase_create("histogram");
    Suite *suite = suite_create("histogram");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, agrees_with_a_sorted_array, 0, n);
    tcase_add_loop_test(tests, walk_gives_every_value_once, 0, n);
    tcase_add_loop_test(tests, merge_equals_whole_in_any_order, 0, n);
    tcase_add_test(tests, empty_and_reset);
    tcase_add_test(tests, lonely_values_are_found);
    tcase_add_test(tests, many_at_once);
    tcase_add_test(tests, percentile_counts_exactly);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
