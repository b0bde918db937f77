/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of a heatmap: their names, their order, and what becomes of those that are not kept. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/heatrows.h>

enum { COUNTERS = 6 };

/* Names and counts of the counters; counter 4 is a row of times. */
static const char *const names[COUNTERS] = { "b", "a", "b", "none", "[idle]", "c, d" };
static const char *const modules[COUNTERS] = { "m", "m", "n", NULL, NULL, NULL };

static struct osi_heatmap *some_map(void)
{
    static const uint64_t first[COUNTERS] = { 5, 7, 1, 0, 0, 0 }, second[COUNTERS] = { 6, 7, 7, 0, 0, 9 };
    struct osi_heatmap *map = osi_heatmap_new(10, 8);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 0);

    osi_heatlane_at(lane, 10, first, COUNTERS);
    osi_heatlane_end(lane, second, COUNTERS);
    osi_heatlane_span(lane, 4, 3, 1003); /* more than anything else has */
    osi_heatmap_finish(map);
    return map;
}

static struct osi_heatrows *some_rows(struct osi_heatmap *map, size_t keep)
{
    struct osi_heatrows *rows = osi_heatrows_new("instructions");
    uint32_t to[COUNTERS];

    for (unsigned i = 0; i < COUNTERS; i++) {
        to[i] = osi_heatrows_row(rows, names[i], modules[i]);
        ck_assert_uint_eq(osi_heatrows_row(rows, names[i], modules[i]), to[i]);
    }
    osi_heatrows_set_time(rows, to[4], "ns");
    osi_heatmap_regroup(map, to, COUNTERS);
    osi_heatrows_sort(rows, map, keep);
    return rows;
}

static char *csv_of(const struct osi_heatrows *rows)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(osi_heatrows_csv(rows, stream), 0);
    fclose(stream);
    return text;
}

static void ck_rows(size_t keep, const char *wanted, const uint64_t *sums)
{
    struct osi_heatmap *map = some_map();
    struct osi_heatrows *rows = some_rows(map, keep);
    char *text = csv_of(rows), *whole = g_strconcat("row,name,module,unit,total\n", wanted, NULL);
    uint64_t found[COUNTERS + 1] = { 0 };

    ck_assert_str_eq(text, whole);
    osi_heatmap_sums(map, found, COUNTERS + 1);
    for (size_t i = 0; i < osi_heatrows_n(rows); i++) {
        ck_assert_uint_eq(found[i], sums[i]);
        ck_assert_uint_eq(found[i], osi_heatrows_at(rows, i)->total);
        ck_assert_str_eq(osi_heatrows_name(rows, (uint32_t)i), osi_heatrows_at(rows, i)->name);
    }
    ck_assert_ptr_null(osi_heatrows_at(rows, osi_heatrows_n(rows)));
    free(text);
    g_free(whole);
    osi_heatrows_free(rows);
    osi_heatmap_free(map);
}

/* Most first; of the same total by name; what has nothing is no row. */
START_TEST(all_are_kept)
{
    static const uint64_t sums[] = { 9, 7, 7, 6, 1000 };

    ck_rows(0, "0,\"c, d\",,instructions,9\n1,a,m,instructions,7\n2,b,n,instructions,7\n"
               "3,b,m,instructions,6\n4,[idle],,ns,1000\n", sums);
    ck_rows(4, "0,\"c, d\",,instructions,9\n1,a,m,instructions,7\n2,b,n,instructions,7\n"
               "3,b,m,instructions,6\n4,[idle],,ns,1000\n", sums);
}
END_TEST

START_TEST(some_are_kept)
{
    static const uint64_t sums[] = { 9, 7, 13, 1000 };

    ck_rows(2, "0,\"c, d\",,instructions,9\n1,a,m,instructions,7\n2,[other],,instructions,13\n"
               "3,[idle],,ns,1000\n", sums);
}
END_TEST

START_TEST(nothing)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 8);
    struct osi_heatrows *rows = osi_heatrows_new("accesses");

    osi_heatrows_row(rows, "a", NULL);
    osi_heatmap_finish(map);
    osi_heatrows_sort(rows, map, 1);
    ck_assert_uint_eq(osi_heatrows_n(rows), 0);
    osi_heatrows_free(rows);
    osi_heatrows_free(NULL);
    osi_heatmap_free(map);
}
END_TEST

START_TEST(a_full_disk)
{
    struct osi_heatrows *rows = osi_heatrows_new("accesses");
    FILE *stream = fopen("/dev/full", "w");

    osi_heatrows_row(rows, "a", NULL);
    ck_assert_int_lt(osi_heatrows_csv(rows, stream), 0);
    fclose(stream);
    osi_heatrows_free(rows);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("heatrows");
    Suite *suite = suite_create("heatrows");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, all_are_kept);
    tcase_add_test(all, some_are_kept);
    tcase_add_test(all, nothing);
    tcase_add_test(all, a_full_disk);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
