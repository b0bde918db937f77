/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kill -9 at any moment: every event that was acknowledged is there, once. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "../../libosinstr/trace/bytes.h"
#include "../../libosinstr/trace/format.h"
#include "test-trace.h"

#define ROUNDS 200

struct progress {
    _Atomic uint64_t started, events[2], strings;
};

static struct progress *shared_progress(void)
{
    struct progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(progress != MAP_FAILED);
    return progress;
}

/* Writes until killed; publishes what has returned. */
static void write_for_ever(const char *dir, const char *codec, struct progress *progress)
{
    struct osi_trace_writer *writer = test_writer(dir, 2, codec);
    atomic_store(&progress->started, 1);
    for (uint64_t i = 0;; i++) {
        for (unsigned s = 0; s < 2; s++) {
            struct test_event event = test_event_at(s, i);
            osi_trace_emit(writer, s, event.type, event.time, event.fields);
            atomic_store(&progress->events[s], i + 1);
        }
        if (i % 1000 == 0) {
            char text[32];
            g_snprintf(text, sizeof text, "string %" PRIu64, i);
            atomic_store(&progress->strings, osi_trace_define_string(writer, text));
        }
    }
}

static void run_and_kill(const char *dir, const char *codec, uint64_t delay,
                         struct progress *progress)
{
    memset((void *)progress, 0, sizeof *progress);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        write_for_ever(dir, codec, progress);
        _exit(1);
    }
    while (!atomic_load(&progress->started))
        g_usleep(20);
    g_usleep(delay);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void expect_all(const char *dir, struct progress *progress)
{
    struct osi_trace_reader *reader = test_reader(dir);
    struct osi_trace_health health = test_expect_sound(reader, false);
    uint64_t sum = 0;
    for (unsigned s = 0; s < 2; s++) {
        struct osi_trace_event event;
        uint64_t n = 0;
        for (; osi_trace_stream_next(reader, s, &event); n++) {
            struct test_event want = test_event_at(s, n);
            test_assert(test_same(reader, &event, &want), "event %" PRIu64 " differs", n);
        }
        uint64_t acknowledged = atomic_load(&progress->events[s]);
        ck_assert_msg(n == acknowledged || n == acknowledged + 1,
                      "%" PRIu64 " events for %" PRIu64 " acknowledged", n, acknowledged);
        sum += n;
    }
    ck_assert_uint_eq(health.events, sum);
    for (uint32_t id = 1; id <= atomic_load(&progress->strings); id++)
        ck_assert_ptr_nonnull(osi_trace_string(reader, id));
    osi_trace_reader_free(reader);
}

START_TEST(test_kill)
{
    static const char *const codecs[] = {"none", "none", "none", "lz4", "zstd"};
    struct progress *progress = shared_progress();
    char *dir = test_fast_directory();
    for (uint64_t round = 0; round < ROUNDS; round++) {
        run_and_kill(dir, codecs[round % 5], test_hash(round) % 1500, progress);
        expect_all(dir, progress);
        test_empty(dir);
    }
    test_remove(dir);
    munmap((void *)progress, sizeof *progress);
}
END_TEST

/* A run that ends without closing, `extra` events staged. */
static void leave_open(const char *dir, uint64_t blocks, uint64_t extra)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        struct osi_trace_writer *writer = test_writer(dir, 1, "none");
        for (uint64_t b = 0; b < blocks; b++) {
            test_emit(writer, 0, b * 50, b * 50 + 50);
            osi_trace_flush(writer);
        }
        test_emit(writer, 0, blocks * 50, blocks * 50 + extra);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void fill_stage(const char *dir, const struct osi_event_type *type, uint64_t n)
{
    struct osi_trace_config config = {.types = type, .n_types = 1, .n_streams = 1};
    struct osi_trace_writer *writer = NULL;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        if (osi_trace_writer_new(dir, &config, &writer, NULL))
            _exit(1);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t row[OSI_TRACE_MAX_FIELDS];
            for (unsigned f = 0; f < type->n_fields; f++)
                row[f] = i * 100 + f;
            osi_trace_emit(writer, 0, 0, i, row);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void expect_rows(const char *dir, uint64_t n)
{
    struct osi_trace_event event;
    struct osi_trace_reader *reader = test_reader(dir);
    unsigned n_fields = osi_trace_type(reader, 0)->n_fields;
    test_expect_sound(reader, false);
    for (uint64_t i = 0; i < n; i++) {
        test_assert(osi_trace_next(reader, &event) == 1 && event.time == i, "event %" PRIu64, i);
        for (unsigned f = 0; f < n_fields; f++)
            test_assert(event.fields[f] == i * 100 + f, "event %" PRIu64, i);
    }
    ck_assert_int_eq(osi_trace_next(reader, &event), 0);
    osi_trace_reader_free(reader);
}

/* Killed with a stage that is just full, with records of every length. */
START_TEST(test_kill_with_full_stage)
{
    struct osi_field fields[OSI_TRACE_MAX_FIELDS];
    char *dir = test_fast_directory();
    for (unsigned f = 0; f < OSI_TRACE_MAX_FIELDS; f++)
        fields[f] = (struct osi_field){"field", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0};
    for (unsigned n_fields = 0; n_fields <= OSI_TRACE_MAX_FIELDS; n_fields++) {
        struct osi_event_type type = {"type", fields, (uint8_t)n_fields};
        uint64_t room = OSI_STAGE_WORDS / (OSI_RECORD_HEAD + n_fields);
        for (uint64_t n = room - 1; n <= room + 1; n++) {
            fill_stage(dir, &type, n);
            expect_rows(dir, n);
            test_empty(dir);
        }
    }
    test_remove(dir);
}
END_TEST

/* Killed between the write of a block and the emptying of the stage: the same
 * events are in both, and in part in one, for every length of the part. */
START_TEST(test_kill_between_write_and_reset)
{
    char *dir = test_fast_directory();
    gsize staged_length, before, after;
    leave_open(dir, 2, 50);
    g_autofree char *staged = test_read_file(dir, "cpu0.open", &staged_length);
    g_free(test_read_file(dir, "cpu0.trace", &before));
    test_empty(dir);
    leave_open(dir, 3, 0);
    g_autofree char *trace = test_read_file(dir, "cpu0.trace", &after);
    ck_assert_uint_gt(after, before);
    test_write_file(dir, "cpu0.open", staged, staged_length);
    for (gsize length = before; length <= after; length++) {
        test_write_file(dir, "cpu0.trace", trace, length);
        struct osi_trace_reader *reader = test_reader(dir);
        struct osi_trace_health health = test_expect_sound(reader, false);
        ck_assert_uint_eq(health.staged_events, length < after ? 50 : 0);
        test_expect_first(reader, 0, 150);
        osi_trace_reader_free(reader);
    }
    test_remove(dir);
}
END_TEST

/* A stage that became two blocks, killed after the first: the rest is still staged. */
START_TEST(test_kill_between_halves)
{
    char *dir = test_fast_directory();
    gsize length;
    leave_open(dir, 2, 80);
    g_autofree char *staged = test_read_file(dir, "cpu0.open", &length);
    test_empty(dir);
    leave_open(dir, 3, 0); /* its third block has the first 50 of them */
    test_write_file(dir, "cpu0.open", staged, length);
    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_uint_eq(test_expect_sound(reader, false).staged_events, 30);
    test_expect_first(reader, 0, 180);
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

/* Killed between two stores of the emptying; each step alone is played back. */
START_TEST(test_kill_within_reset)
{
    char *dir = test_fast_directory();
    gsize length;
    leave_open(dir, 2, 50);
    g_autofree char *staged = test_read_file(dir, "cpu0.open", &length);
    test_empty(dir);
    leave_open(dir, 3, 0);
    uint64_t generation = osi_get64(staged + OSI_STAGE_GENERATION);
    for (unsigned step = 0; step < 4; step++) {
        if (step == 1)
            osi_put64(staged + OSI_STAGE_GENERATION, generation + 1);
        if (step == 2)
            osi_put64(staged + OSI_STAGE_USED, 0);
        if (step == 3)
            osi_put64(staged + OSI_STAGE_SEQ, 3);
        test_write_file(dir, "cpu0.open", staged, length);
        struct osi_trace_reader *reader = test_reader(dir);
        test_expect_first(reader, 0, 150);
        struct osi_trace_health health;
        osi_trace_check(reader, &health, NULL, NULL);
        ck_assert_uint_eq(health.events, 150);
        ck_assert_uint_eq(health.bad_blocks + health.missing_blocks, 0);
        osi_trace_reader_free(reader);
    }
    test_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-crash");
    TCase *tests = tcase_create("crash");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, test_kill);
    tcase_add_test(tests, test_kill_between_write_and_reset);
    tcase_add_test(tests, test_kill_with_full_stage);
    tcase_add_test(tests, test_kill_between_halves);
    tcase_add_test(tests, test_kill_within_reset);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
