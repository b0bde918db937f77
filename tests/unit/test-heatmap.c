/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heatmaps: what grew when, however often buckets are joined; and their files. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/heatmap.h>

static const char *letter(void *data, uint32_t row)
{
    static const char *const names[] = { "a", "b", "c, \"d\"" };

    (void)data;
    return names[row % 3];
}

/* What a writer writes; to be freed. */
static char *csv_of(const struct osi_heatmap *map)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(osi_heatmap_csv(map, letter, NULL, stream), 0);
    fclose(stream);
    return text;
}

static void ck_csv(const struct osi_heatmap *map, const char *wanted)
{
    char *text = csv_of(map), *whole = g_strconcat("t_ns,vcpu,row,value\n", wanted, NULL);

    ck_assert_str_eq(text, whole);
    free(text);
    g_free(whole);
}

START_TEST(one_then_the_other)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 100);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 0);
    uint64_t counts[2] = { 0 };

    ck_assert_ptr_eq(osi_heatmap_lane(map, 0), lane);
    ck_assert_uint_eq(osi_heatlane_next(lane), 10);
    counts[0] = 7;
    osi_heatlane_at(lane, 9, counts, 2); /* still the first bucket */
    counts[0] = 9;
    osi_heatlane_at(lane, 10, counts, 2);
    ck_assert_uint_eq(osi_heatlane_next(lane), 20);
    counts[1] = 5;
    osi_heatlane_at(lane, 35, counts, 2); /* what grew belongs to where it began */
    counts[0]++, counts[1]++;
    osi_heatlane_at(lane, 12, counts, 2); /* time does not go back */
    osi_heatlane_end(lane, counts, 2);
    osi_heatmap_finish(map);
    ck_assert_uint_eq(osi_heatmap_buckets(map), 4);
    ck_assert_uint_eq(osi_heatmap_vcpus(map), 1);
    ck_assert_uint_eq(osi_heatmap_doubled(map), 0);
    ck_csv(map, "0,0,a,9\n10,0,b,5\n30,0,a,1\n30,0,b,1\n");
    osi_heatmap_free(map);
}
END_TEST

START_TEST(buckets_are_joined)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 4);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 1);
    uint64_t counts[2] = { 0 };

    for (uint64_t time = 0; time < 80; time += 10) {
        osi_heatlane_at(lane, time, counts, 2);
        counts[time / 10 % 2] += 1 + time;
    }
    osi_heatlane_end(lane, counts, 2);
    osi_heatmap_finish(map);
    ck_assert_uint_eq(osi_heatmap_width(map), 20);
    ck_assert_uint_eq(osi_heatmap_doubled(map), 1);
    ck_assert_uint_eq(osi_heatmap_vcpus(map), 2);
    ck_csv(map, "0,1,a,1\n0,1,b,11\n20,1,a,21\n20,1,b,31\n40,1,a,41\n40,1,b,51\n60,1,a,61\n60,1,b,71\n");
    osi_heatmap_free(map);
}
END_TEST

/* A vCPU that ended early has narrow buckets until all are brought to one width; rows come late. */
START_TEST(lanes_get_one_width)
{
    struct osi_heatmap *map = osi_heatmap_new(1, 2);
    struct osi_heatlane *early = osi_heatmap_lane(map, 0), *late = osi_heatmap_lane(map, 2);
    uint64_t counts[3] = { 1, 0, 0 };

    osi_heatlane_at(early, 1, counts, 1);
    counts[0] = 3;
    osi_heatlane_end(early, counts, 1);
    counts[0] = 0;
    osi_heatlane_at(late, 1000, counts, 1);
    counts[2] = 4;
    osi_heatlane_at(late, 2000, counts, 3);
    osi_heatlane_end(late, counts, 3);
    osi_heatmap_finish(map);
    ck_assert_uint_eq(osi_heatmap_width(map), 1024);
    ck_assert_uint_eq(osi_heatmap_doubled(map), 10);
    ck_csv(map, "0,0,a,3\n0,2,\"c, \"\"d\"\"\",4\n");
    ck_assert_uint_eq(osi_heatmap_value(map, 1, 0, 0), 0);
    ck_assert_uint_eq(osi_heatmap_value(map, 7, 0, 0), 0);
    ck_assert_uint_eq(osi_heatmap_value(map, 0, 7, 0), 0);
    osi_heatmap_free(map);
}
END_TEST

START_TEST(the_end_of_time)
{
    struct osi_heatmap *map = osi_heatmap_new(3, 4);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 0);
    uint64_t count = 1;

    osi_heatlane_at(lane, UINT64_MAX, &count, 1);
    ck_assert_uint_eq(osi_heatlane_next(lane), UINT64_MAX);
    count = 3;
    osi_heatlane_end(lane, &count, 1);
    osi_heatmap_finish(map);
    ck_assert_uint_le(osi_heatmap_buckets(map), 4);
    ck_assert_uint_eq(osi_heatmap_value(map, 0, 0, 0), 1);
    ck_assert_uint_eq(osi_heatmap_value(map, 0, osi_heatmap_buckets(map) - 1, 0), 2);
    osi_heatmap_free(map);
}
END_TEST

/* Against a map that keeps each of the first buckets. */
enum { VCPUS = 3, ROWS = 40, FINE = 3000 };

START_TEST(random_growth)
{
    static uint64_t fine[VCPUS][FINE][ROWS];
    GRand *rand = g_rand_new_with_seed((guint32)_i);
    unsigned max = 2 * (unsigned)g_rand_int_range(rand, 1, 60);
    struct osi_heatmap *map = osi_heatmap_new(5, max);
    uint64_t sums[ROWS] = { 0 }, seen[ROWS] = { 0 }, width;

    memset(fine, 0, sizeof(fine));
    for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++) {
        struct osi_heatlane *lane = osi_heatmap_lane(map, vcpu);
        uint64_t counts[ROWS] = { 0 }, time = 0, end = (uint64_t)g_rand_int_range(rand, 1, 5 * FINE);
        unsigned rows = 0;

        for (; time < end; time += (uint64_t)g_rand_int_range(rand, 0, 40)) {
            unsigned more = (unsigned)g_rand_int_range(rand, 0, ROWS + 1);

            rows = MAX(rows, more);
            osi_heatlane_at(lane, time, counts, rows);
            for (int i = 0; i < 3 && rows; i++) {
                unsigned row = (unsigned)g_rand_int_range(rand, 0, (gint32)rows);
                uint64_t n = (uint64_t)g_rand_int_range(rand, 0, 3);

                counts[row] += n;
                sums[row] += n;
                fine[vcpu][time / 5][row] += n;
            }
        }
        osi_heatlane_end(lane, counts, ROWS);
    }
    osi_heatmap_finish(map);
    width = osi_heatmap_width(map) / 5;
    ck_assert_uint_le(osi_heatmap_buckets(map), max);
    for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++) {
        for (size_t bucket = 0; bucket * width < FINE; bucket++) {
            for (uint32_t row = 0; row < ROWS; row++) {
                uint64_t wanted = 0;

                for (size_t k = bucket * width; k < MIN((bucket + 1) * width, FINE); k++)
                    wanted += fine[vcpu][k][row];
                if (wanted != osi_heatmap_value(map, vcpu, bucket, row))
                    ck_abort_msg("vCPU %u, bucket %zu, row %u", vcpu, bucket, row);
            }
        }
    }
    osi_heatmap_sums(map, seen, ROWS);
    ck_assert_mem_eq(seen, sums, sizeof(sums));
    osi_heatmap_free(map);
    g_rand_free(rand);
}
END_TEST

/* What grows from a mark on belongs to the bucket of the time that is told next. */
START_TEST(marks)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 100);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 0);
    uint64_t counts[2] = { 3, 0 };

    osi_heatlane_mark(lane, counts, 2);
    counts[1] = 5;
    osi_heatlane_at(lane, 42, counts, 2);
    counts[0] = 4;
    osi_heatlane_mark(lane, counts, 2);
    counts[0] = 6;
    osi_heatlane_at(lane, 43, counts, 2); /* the same bucket: as if there had been no mark */
    counts[1] = 6;
    osi_heatlane_at(lane, 55, counts, 2);
    counts[0] = 7;
    osi_heatlane_mark(lane, counts, 2);
    counts[0] = 9;
    osi_heatlane_end(lane, counts, 2); /* no time came any more */
    osi_heatmap_finish(map);
    ck_csv(map, "0,0,a,3\n40,0,a,3\n40,0,b,6\n50,0,a,3\n");
    osi_heatmap_free(map);
}
END_TEST

START_TEST(spans)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 4);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 0);
    uint64_t count = 2;

    osi_heatlane_span(lane, 1, 7, 7);
    osi_heatlane_span(lane, 1, 7, 32);
    osi_heatlane_span(lane, 1, 33, 40); /* bucket 4 begins there: wider ones */
    osi_heatlane_at(lane, 41, &count, 1);
    osi_heatlane_span(lane, 1, 80, 81);
    osi_heatlane_end(lane, &count, 1);
    osi_heatmap_finish(map);
    ck_assert_uint_eq(osi_heatmap_width(map), 40);
    ck_csv(map, "0,0,a,2\n0,0,b,32\n80,0,b,1\n");
    osi_heatmap_free(map);
}
END_TEST

/* Rows change their numbers, and some become one. */
START_TEST(rows_become_others)
{
    static const uint32_t to[] = { 2, 0, 2, 1 };
    struct osi_heatmap *map = osi_heatmap_new(10, 4);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 1);
    uint64_t counts[4] = { 1, 2, 4, 8 };

    osi_heatlane_at(lane, 10, counts, 4);
    counts[0] += 16;
    osi_heatlane_end(lane, counts, 4);
    osi_heatmap_finish(map);
    osi_heatmap_regroup(map, to, 4);
    ck_csv(map, "0,1,a,2\n0,1,b,8\n0,1,\"c, \"\"d\"\"\",5\n10,1,\"c, \"\"d\"\"\",16\n");
    ck_assert_uint_eq(osi_heatmap_value(map, 1, 0, 2), 5);
    osi_heatmap_free(map);
}
END_TEST

START_TEST(small_numbers)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 8);
    uint64_t count = UINT32_MAX;
    static const uint32_t wanted = UINT32_MAX;
    char *bytes = NULL;
    size_t length;
    FILE *stream = open_memstream(&bytes, &length);

    osi_heatlane_end(osi_heatmap_lane(map, 0), &count, 1);
    osi_heatmap_finish(map);
    ck_assert_int_eq(osi_heatmap_npy(map, 1, stream), 0);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(bytes + 10, "'descr': '<u4'"));
    ck_assert_mem_eq(bytes + length - 4, &wanted, 4);
    ck_assert_uint_eq(length % 64, 4);
    free(bytes);
    osi_heatmap_free(map);
}
END_TEST

START_TEST(numpy_array)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 8);
    struct osi_heatlane *lane = osi_heatmap_lane(map, 1);
    uint64_t counts[3] = { 0, 0, 1ull << 40 }, values[2 * 3 * 2];
    static const uint64_t wanted[2 * 3 * 2] = { 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 1ull << 40, 0 };
    char *bytes = NULL;
    size_t length, head;
    FILE *stream = open_memstream(&bytes, &length);

    osi_heatlane_at(lane, 10, counts, 3);
    counts[0] = 6;
    osi_heatlane_end(lane, counts, 3);
    osi_heatmap_finish(map);
    ck_assert_int_eq(osi_heatmap_npy(map, 3, stream), 0);
    fclose(stream);
    ck_assert_mem_eq(bytes, "\x93NUMPY\1\0", 8);
    head = 10 + (uint8_t)bytes[8] + 256 * (size_t)(uint8_t)bytes[9];
    ck_assert_uint_eq(head % 64, 0);
    ck_assert_int_eq(bytes[head - 1], '\n');
    ck_assert_ptr_nonnull(strstr(bytes + 10, "'descr': '<u8'"));
    ck_assert_ptr_nonnull(strstr(bytes + 10, "'shape': (2, 3, 2)"));
    ck_assert_uint_eq(length, head + sizeof(values));
    memcpy(values, bytes + head, sizeof(values));
    ck_assert_mem_eq(values, wanted, sizeof(values));
    free(bytes);
    osi_heatmap_free(map);
}
END_TEST

START_TEST(nothing_at_all)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 8);

    osi_heatmap_finish(map);
    ck_assert_uint_eq(osi_heatmap_buckets(map), 0);
    ck_csv(map, "");
    osi_heatmap_free(map);
    osi_heatmap_free(NULL);
}
END_TEST

START_TEST(a_full_disk)
{
    struct osi_heatmap *map = osi_heatmap_new(10, 8);
    uint64_t count = 1;
    FILE *stream = fopen("/dev/full", "w");

    osi_heatlane_end(osi_heatmap_lane(map, 0), &count, 1);
    osi_heatmap_finish(map);
    ck_assert_int_lt(osi_heatmap_csv(map, letter, NULL, stream), 0);
    ck_assert_int_lt(osi_heatmap_npy(map, 1, stream), 0);
    fclose(stream);
    osi_heatmap_free(map);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("heatmap");
    Suite *suite = suite_create("heatmap");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, one_then_the_other);
    tcase_add_test(all, buckets_are_joined);
    tcase_add_test(all, lanes_get_one_width);
    tcase_add_test(all, the_end_of_time);
    tcase_add_loop_test(all, random_growth, 0, 30);
    tcase_add_test(all, marks);
    tcase_add_test(all, spans);
    tcase_add_test(all, rows_become_others);
    tcase_add_test(all, small_numbers);
    tcase_add_test(all, numpy_array);
    tcase_add_test(all, nothing_at_all);
    tcase_add_test(all, a_full_disk);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
