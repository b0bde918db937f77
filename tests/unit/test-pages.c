/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages: what is counted where, when the answer is asked for again, samples, several vCPUs at
 * once. */
#include <check.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/pages.h>

enum { READ1 = 0x10000, READ8 = 0x10030, WRITE4 = 0x20020, RANDOM_PAGES = 3000 };

/* A machine: a page is where `offset` puts it; from DEVICES on are devices, from NOWHERE on
 * nothing is known. */
#define DEVICES 0x900000000ull
#define NOWHERE 0xa00000000ull

static uint64_t offset;
static unsigned asked; /* only of tests with one thread */

static void place(void *data, uint32_t access, uint64_t address, struct osi_page_place *to)
{
    __atomic_fetch_add((unsigned *)data, 1, __ATOMIC_RELAXED);
    to->size = 1u << (access >> 4 & 7);
    to->store = access & 0x20000;
    to->known = address >> 32 != NOWHERE >> 32;
    to->address = address + __atomic_load_n(&offset, __ATOMIC_RELAXED);
    if (address >> 32 == DEVICES >> 32) {
        to->device = address & 0x1000 ? "uart" : "net, \"0\"";
        to->physical = to->address = address;
    }
}

static struct osi_pages *pages_new(void)
{
    return g_malloc0(sizeof(struct osi_pages));
}

static struct osi_pagemap *map;

static struct osi_pagemap *make(struct osi_pages_config config)
{
    offset = 0;
    asked = 0;
    config.place = place;
    config.data = config.data ? config.data : &asked;
    config.page_size = config.page_size ? config.page_size : 4096;
    map = osi_pagemap_new(&config);
    return map;
}

static void touch(struct osi_pages *pages, uint32_t access, uint64_t address, unsigned n)
{
    while (n--) {
        if (!osi_pages_known(pages, access, address)) {
            osi_pages_miss(map, pages, 0, access, address, address / 2);
        }
    }
}

static char *text_of(int (*write)(struct osi_pagemap *, FILE *))
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(write(map, stream), 0);
    fclose(stream);
    return text;
}

/* Ends everything. */
static void ck_files(const char *pages, const char *devices)
{
    char *text;

    osi_pagemap_finish(map);
    text = text_of(osi_pagemap_csv);
    ck_assert_str_eq(text, pages);
    free(text);
    text = text_of(osi_pagemap_devices_csv);
    ck_assert_str_eq(text, devices);
    free(text);
    osi_pagemap_free(map);
}

#define PAGES "page,reads,reads_error,writes,writes_error,bytes\n"
#define DEVICE "device,address,pc,reads,reads_error,writes,writes_error\n"

START_TEST(one_question_per_page)
{
    struct osi_pages *pages = pages_new();
    const uint64_t *counts;
    size_t n;

    make((struct osi_pages_config){ 0 });
    counts = osi_pages_counts(pages, &n);
    ck_assert_uint_eq(n, 0);
    touch(pages, READ8, 0x5008, 3);
    touch(pages, READ8, 0x5ff8, 4);
    ck_assert_uint_eq(asked, 1);
    touch(pages, READ1, 0x5000, 1);
    touch(pages, WRITE4, 0x2004, 5);
    touch(pages, WRITE4, 0xfffffffffffff000, 2);
    ck_assert_uint_eq(asked, 4);
    counts = osi_pages_counts(pages, &n);
    ck_assert_uint_gt(n, 3);
    ck_assert_uint_eq(counts[0], 0);
    ck_assert_uint_eq(counts[1], 8);
    ck_assert_uint_eq(counts[2], 5);
    touch(pages, READ8, 0x5008, 1);
    counts = osi_pages_counts(pages, &n);
    ck_assert_uint_eq(counts[1], 9);
    ck_assert_uint_eq(asked, 4);
    ck_assert_uint_eq(osi_pagemap_rows(map), 4);
    ck_assert_str_eq(osi_pagemap_row_name(map, 1), "0x5000 read");
    ck_assert_str_eq(osi_pagemap_row_name(map, 2), "0x2000 write");
    ck_files(PAGES "0x2000,0,0,5,0,20\n0x5000,9,0,0,0,65\n0xfffffffffffff000,0,0,2,0,8\n", DEVICE);
    g_free(pages);
}
END_TEST

START_TEST(an_answer_is_for_an_epoch)
{
    struct osi_pages *one = pages_new(), *two = pages_new();

    make((struct osi_pages_config){ 0 });
    touch(one, READ1, 0x1000, 1);
    touch(two, READ1, 0x1000, 1);
    offset = 0x10000;
    touch(one, READ1, 0x1000, 10);
    osi_pages_moved(one);
    touch(one, READ1, 0x1000, 100);
    touch(two, READ1, 0x1000, 1000);
    ck_assert_uint_eq(asked, 3);
    offset = 0x20000;
    osi_pagemap_moved(map);
    touch(one, READ1, 0x1000, 10000);
    touch(two, READ1, 0x1000, 20000);
    ck_assert_uint_eq(asked, 5);
    ck_files(PAGES "0x1000,1012,0,0,0,1012\n0x11000,100,0,0,0,100\n0x21000,30000,0,0,0,30000\n",
             DEVICE);
    g_free(one);
    g_free(two);
}
END_TEST

/* Others may look between the flush and its end, and what they see then is old. */
START_TEST(a_flush_ends_at_its_barrier)
{
    struct osi_pages *one = pages_new(), *two = pages_new();

    make((struct osi_pages_config){ 0 });
    touch(one, READ1, 0x1000, 1);
    touch(two, READ1, 0x1000, 1);
    osi_pages_barrier(map, one); /* of something else */
    touch(two, READ1, 0x1000, 1);
    ck_assert_uint_eq(asked, 2);
    osi_pages_flush(map, one);
    touch(two, READ1, 0x1000, 1);
    ck_assert_uint_eq(asked, 3);
    offset = 0x10000;
    osi_pages_barrier(map, one);
    touch(two, READ1, 0x1000, 5);
    touch(one, READ1, 0x1000, 7);
    ck_assert_uint_eq(asked, 5);
    osi_pages_barrier(map, one);
    touch(two, READ1, 0x1000, 1);
    ck_assert_uint_eq(asked, 5);
    ck_files(PAGES "0x1000,4,0,0,0,4\n0x11000,13,0,0,0,13\n", DEVICE);
    g_free(one);
    g_free(two);
}
END_TEST

START_TEST(devices_are_asked_for)
{
    struct osi_pages *one = pages_new(), *two = pages_new();

    make((struct osi_pages_config){ 0 });
    touch(one, READ1, 0x1000, 1);
    touch(two, READ1, 0x1000, 1);
    touch(one, READ8, DEVICES + 0x1010, 5);
    touch(one, READ8, DEVICES + 0x1008, 5);
    touch(one, READ8, DEVICES + 0x2000, 1);
    ck_assert_uint_eq(asked, 13);
    touch(two, READ1, 0x1000, 1);
    ck_assert_uint_eq(asked, 13);
    offset = 0x10000;
    touch(one, WRITE4, DEVICES + 0x1010, 1); /* moves memory */
    touch(one, READ1, 0x1000, 2);
    touch(two, READ1, 0x1000, 3);
    ck_assert_uint_eq(asked, 16);
    ck_assert_str_eq(osi_pagemap_row_name(map, 2), "[uart] read");
    ck_assert_str_eq(osi_pagemap_row_name(map, 4), "[uart] write");
    ck_files(PAGES "0x1000,3,0,0,0,3\n0x11000,5,0,0,0,5\n",
             DEVICE "\"net, \"\"0\"\"\",0x900002000,,1,0,0,0\nuart,0x900001008,,10,0,1,0\n");
    g_free(one);
    g_free(two);
}
END_TEST

START_TEST(devices_by_place)
{
    struct osi_pages *pages = pages_new();
    bool pc = _i;

    make((struct osi_pages_config){ .devices = pc ? OSI_DEVICES_PC : OSI_DEVICES_ADDRESS });
    touch(pages, READ8, DEVICES + 0x1010, 5);
    touch(pages, READ8, DEVICES + 0x1008, 4);
    touch(pages, WRITE4, DEVICES + 0x1008, 3);
    ck_files(PAGES, pc ? DEVICE "uart,0x900001008,0x480000804,4,0,3,0\n"
                                "uart,0x900001010,0x480000808,5,0,0,0\n"
                       : DEVICE "uart,0x900001008,,4,0,3,0\nuart,0x900001010,,5,0,0,0\n");
    g_free(pages);
}
END_TEST

START_TEST(a_part)
{
    struct osi_pages *pages = pages_new();

    make((struct osi_pages_config){ .from = 0x1800, .to = 0x3008 });
    for (uint64_t at = 0; at < 0x5000; at += 8) {
        touch(pages, READ8, at, 1);
    }
    touch(pages, READ8, NOWHERE, 3); /* who knows */
    ck_assert_str_eq(osi_pagemap_row_name(map, (uint32_t)osi_pagemap_rows(map) - 1),
                     "[unknown] read");
    ck_files(PAGES "0x1000,256,0,0,0,2048\n0x2000,512,0,0,0,4096\n0x3000,1,0,0,0,8\n", DEVICE);
    g_free(pages);
}
END_TEST

START_TEST(part_of_a_page)
{
    struct osi_pages *pages = pages_new();

    make((struct osi_pages_config){ .from = 0x1800, .to = 0x1808 });
    for (uint64_t at = 0x800; at < 0x2800; at += 8) {
        touch(pages, READ8, at, 1);
    }
    ck_files(PAGES "0x1000,1,0,0,0,8\n", DEVICE);
    g_free(pages);
}
END_TEST

START_TEST(a_window)
{
    struct osi_pages *pages = pages_new(), *late = pages_new();

    make((struct osi_pages_config){ .closed = true });
    touch(pages, READ1, 0x1000, 1);
    touch(pages, WRITE4, DEVICES, 1);
    ck_assert_uint_eq(asked, 0);
    osi_pagemap_window(map, true);
    touch(pages, READ1, 0x1000, 10);
    osi_pagemap_window(map, false);
    touch(pages, READ1, 0x1000, 100);
    touch(late, READ1, 0x1000, 100);
    osi_pagemap_window(map, true);
    touch(pages, READ1, 0x1000, 1000);
    touch(late, READ1, 0x1000, 1000);
    ck_assert_uint_eq(asked, 3 /* what moved meanwhile nobody saw */);
    ck_files(PAGES "0x1000,2010,0,0,0,2010\n", DEVICE);
    g_free(pages);
    g_free(late);
}
END_TEST

START_TEST(nobody_tells)
{
    struct osi_pages *pages = pages_new();

    make((struct osi_pages_config){ .ask = _i == 0 });
    if (_i) {
        touch(pages, READ1, 0x1000, 1);
        osi_pagemap_ask(map);
    }
    touch(pages, READ1, 0x1000, 1);
    offset = 0x10000;
    touch(pages, READ1, 0x1000, 7);
    ck_files(_i ? PAGES "0x1000,2,0,0,0,2\n0x11000,7,0,0,0,7\n"
                : PAGES "0x1000,1,0,0,0,1\n0x11000,7,0,0,0,7\n", DEVICE);
    g_free(pages);
}
END_TEST

START_TEST(large_pages)
{
    struct osi_pages *pages = pages_new();

    make((struct osi_pages_config){ .page_size = 65536 });
    for (uint64_t at = 0xf000; at < 0x31000; at += 0x1000) {
        touch(pages, READ1, at, 1);
    }
    ck_files(PAGES "0x0,1,0,0,0,1\n0x10000,16,0,0,0,16\n0x20000,16,0,0,0,16\n0x30000,1,0,0,0,1\n",
             DEVICE);
    g_free(pages);
}
END_TEST

/* ---- many pages, several vCPUs ---- */
struct worker {
    struct osi_pages *pages;
    uint64_t reads[RANDOM_PAGES], writes[RANDOM_PAGES];
    unsigned asked, number;
};

/* A vCPU that accesses pages, and now and then stores to a device or flushes. */
static void *work(void *data)
{
    struct worker *worker = data;
    GRand *rand = g_rand_new_with_seed(worker->number);

    for (unsigned i = 0; i < 300000; i++) {
        int pages = g_rand_boolean(rand) ? 20 : RANDOM_PAGES;
        unsigned page = (unsigned)g_rand_int_range(rand, 0, pages);
        bool write = g_rand_boolean(rand);
        uint32_t access = write ? WRITE4 : READ8;

        if (i % 1000 == 0) {
            osi_pages_flush(map, worker->pages);
            osi_pages_barrier(map, worker->pages);
        }
        if (!osi_pages_known(worker->pages, access, page * 4096ull + 8)) {
            osi_pages_miss(map, worker->pages, worker->number, access, page * 4096ull + 8, 0);
        }
        (write ? worker->writes : worker->reads)[page]++;
    }
    g_rand_free(rand);
    return NULL;
}

static void ck_row(uint64_t page, uint64_t reads, uint64_t writes, const char **text)
{
    char wanted[128];

    g_snprintf(wanted, sizeof(wanted), "0x%llx,%llu,0,%llu,0,%llu\n", (unsigned long long)page,
               (unsigned long long)reads, (unsigned long long)writes,
               (unsigned long long)(8 * reads + 4 * writes));
    if (reads + writes) {
        if (strncmp(*text, wanted, strlen(wanted)) != 0)
            ck_abort_msg("wanted %s, not %.60s", wanted, *text);
        *text += strlen(wanted);
    }
}

START_TEST(vcpus_at_once)
{
    enum { N = 4 };
    static struct worker workers[N];
    static unsigned anybody; /* place() counts, and nobody looks */
    GThread *threads[N];
    char *text;
    const char *at;

    memset(workers, 0, sizeof(workers));
    make((struct osi_pages_config){ .data = &anybody });
    for (unsigned i = 0; i < N; i++) {
        workers[i].number = i;
        workers[i].pages = pages_new();
        threads[i] = g_thread_new(NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < N; i++) {
        g_thread_join(threads[i]);
    }
    osi_pagemap_finish(map);
    text = text_of(osi_pagemap_csv);
    at = strchr(text, '\n') + 1;
    for (unsigned page = 0; page < RANDOM_PAGES; page++) {
        uint64_t reads = 0, writes = 0;

        for (unsigned i = 0; i < N; i++) {
            reads += workers[i].reads[page];
            writes += workers[i].writes[page];
        }
        ck_row(page * 4096ull, reads, writes, &at);
    }
    ck_assert_str_eq(at, "");
    free(text);
    osi_pagemap_free(map);
    for (unsigned i = 0; i < N; i++) {
        g_free(workers[i].pages);
    }
}
END_TEST

/* ---- samples ---- */
static int64_t left;

static void touch_sampled(struct osi_pages *pages, uint32_t access, uint64_t address, unsigned n)
{
    while (n--) {
        if (!osi_pages_passed(&left)) {
            left = osi_pages_miss(map, pages, 0, access, address, 0);
        }
    }
}

/* The estimates of a run with two pages that are accessed in turn, in step with the mean distance. */
static void sampled(uint64_t seed, uint64_t estimates[2])
{
    struct osi_pages *pages = pages_new();
    const uint64_t *counts;
    size_t n;

    left = 0;
    make((struct osi_pages_config){ .sample = 10, .seed = seed });
    for (unsigned i = 0; i < 1000; i++) {
        touch_sampled(pages, READ8, 0x1000, 1);
        touch_sampled(pages, READ8, 0x2000, 9);
    }
    counts = osi_pages_counts(pages, &n);
    estimates[0] = estimates[1] = 0;
    for (uint32_t row = 1; row < osi_pagemap_rows(map); row++) {
        estimates[strcmp(osi_pagemap_row_name(map, row), "0x2000 read") == 0] = counts[row];
    }
    ck_assert_uint_eq(asked, (estimates[0] + estimates[1]) / 10);
    osi_pagemap_finish(map);
    osi_pagemap_free(map);
    g_free(pages);
}

/* The mean of many is right, and they scatter as the header says. */
START_TEST(samples_are_unbiased)
{
    enum { RUNS = 2000 };
    static const double truth[2] = { 1000, 9000 };
    double sums[2] = { 0 }, squares[2] = { 0 };

    for (uint64_t seed = 0; seed < RUNS; seed++) {
        uint64_t estimates[2];

        sampled(seed, estimates);
        for (unsigned i = 0; i < 2; i++) {
            double off = (double)estimates[i] - truth[i];

            sums[i] += off;
            squares[i] += off * off;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        double error = sqrt(truth[i] * 9);

        ck_assert_double_lt(fabs(sums[i] / RUNS), 4 * error / sqrt(RUNS));
        ck_assert_double_gt(squares[i] / RUNS, 0.85 * error * error);
        ck_assert_double_lt(squares[i] / RUNS, 1.15 * error * error);
    }
}
END_TEST

START_TEST(a_seed_is_a_choice)
{
    uint64_t one[2], again[2], other[2];

    sampled(7, one);
    sampled(7, again);
    sampled(8, other);
    ck_assert_mem_eq(one, again, sizeof(one));
    ck_assert_mem_ne(one, other, sizeof(one));
}
END_TEST

START_TEST(errors_of_samples)
{
    struct osi_pages *pages = pages_new();
    char *text;
    unsigned long long reads, error, writes, write_error, bytes;

    left = 0;
    make((struct osi_pages_config){ .sample = 100, .seed = 1 });
    touch_sampled(pages, READ8, 0x1000, 100000);
    touch_sampled(pages, WRITE4, 0x1000, 5000);
    osi_pagemap_finish(map);
    text = text_of(osi_pagemap_csv);
    ck_assert_int_eq(sscanf(text, PAGES "0x1000,%llu,%llu,%llu,%llu,%llu\n", &reads, &error, &writes,
                            &write_error, &bytes), 5);
    ck_assert_uint_eq(reads % 100, 0);
    ck_assert_uint_eq(error, (unsigned long long)llround(sqrt((double)reads * 99)));
    ck_assert_uint_eq(write_error, (unsigned long long)llround(sqrt((double)writes * 99)));
    ck_assert_uint_eq(bytes, 8 * reads + 4 * writes);
    ck_assert_double_lt(fabs((double)reads - 100000), 4 * (double)error);
    free(text);
    osi_pagemap_free(map);
    g_free(pages);
}
END_TEST

/* Two groups and a single access, again and again; the end of the second group is on the next page. */
static char *of_groups(uint64_t every, bool together)
{
    static const struct osi_page_group group = { 3, { { 0, 8, false }, { 8, 4, true }, { 0x20, 1, false } } };
    static const uint32_t accesses[] = { READ8, WRITE4, READ1 };
    struct osi_pages *pages = pages_new();
    char *text;

    left = 0;
    make((struct osi_pages_config){ .sample = every, .seed = 3 });
    for (unsigned i = 0; i < 30000; i++) {
        uint64_t address = i % 2 ? 0x1000 : 0x2ff0;

        if (together && !osi_pages_passed_all(&left, group.n)) {
            left = osi_pages_miss_group(map, pages, 0, READ8, address, &group, left);
        }
        for (unsigned member = 0; member < group.n && !together; member++) {
            bool beyond = address == 0x2ff0 && member == 2;

            touch_sampled(pages, beyond ? READ8 : accesses[member],
                          beyond ? address : address + (uint64_t)group.members[member].distance, 1);
        }
        touch_sampled(pages, WRITE4, 0x5000, 1);
    }
    osi_pagemap_finish(map);
    text = text_of(osi_pagemap_csv);
    osi_pagemap_free(map);
    g_free(pages);
    return text;
}

/* Also where several samples fall into one group. */
START_TEST(a_group_is_as_its_members)
{
    static const uint64_t every[] = { 2, 3, 10, 1000 };
    char *together = of_groups(every[_i], true), *singly = of_groups(every[_i], false);

    ck_assert_str_eq(together, singly);
    ck_assert_ptr_nonnull(strstr(singly, "0x2000"));
    free(together);
    free(singly);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tests = tcase_create("pages");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, one_question_per_page);
    tcase_add_test(tests, an_answer_is_for_an_epoch);
    tcase_add_test(tests, a_flush_ends_at_its_barrier);
    tcase_add_test(tests, devices_are_asked_for);
    tcase_add_loop_test(tests, devices_by_place, 0, 2);
    tcase_add_test(tests, a_part);
    tcase_add_test(tests, part_of_a_page);
    tcase_add_test(tests, a_window);
    tcase_add_loop_test(tests, nobody_tells, 0, 2);
    tcase_add_test(tests, large_pages);
    tcase_add_test(tests, vcpus_at_once);
    tcase_add_test(tests, samples_are_unbiased);
    tcase_add_test(tests, a_seed_is_a_choice);
    tcase_add_test(tests, errors_of_samples);
    tcase_add_loop_test(tests, a_group_is_as_its_members, 0, 4);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
