/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the trace tests: directories, a schema, events that follow from their number. */
#ifndef TEST_TRACE_H
#define TEST_TRACE_H

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <osinstr/trace.h>

static const struct osi_field switch_fields[] = {
    {"prev", OSI_FIELD_TASK, OSI_PREDICT_CHAIN, 1},
    {"next", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0},
    {"prev_state", OSI_FIELD_TASK_STATE, OSI_PREDICT_NONE, 0},
    {"prev_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0},
    {"next_prio", OSI_FIELD_INT, OSI_PREDICT_KEYED, 1},
};
static const struct osi_field irq_fields[] = {
    {"address", OSI_FIELD_ADDRESS, OSI_PREDICT_SAME, 0},
    {"handler", OSI_FIELD_STRING, OSI_PREDICT_NONE, 0},
};
static const struct osi_event_type test_types[] = {
    {"sched_switch", switch_fields, 5},
    {"irq_entry", irq_fields, 2},
    {"tick", NULL, 0},
};
static const char *const test_info[] = {"tool", "test", "kernel", "6.1.0 arm64", NULL};

/* As ck_assert_msg(), which writes to a file each time it holds: too slow per
 * event, and not possible outside of a test. */
#define test_assert(condition, ...) \
    do { \
        if (!(condition)) \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

struct test_event {
    unsigned type;
    uint64_t time, fields[OSI_TRACE_MAX_FIELDS];
};

/* Splitmix64: any number, but the same for the same input. */
static inline uint64_t test_hash(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Above zero: the events repeat after so many, which a compressor likes. */
static uint64_t test_period;

static inline uint64_t test_event_hash(unsigned stream, uint64_t i)
{
    return test_hash((test_period ? i % test_period : i) * 1024 + stream);
}

/* Event `i` of a stream; all times of a stream differ. */
static inline struct test_event test_event_at(unsigned stream, uint64_t i)
{
    uint64_t h = test_event_hash(stream, i);
    uint64_t before = test_event_hash(stream, i + test_period - 1);
    uint64_t next = 1 + h % 17, prev = 1 + before % 17;
    struct test_event event = {.type = h % 10 < 7 ? 0 : h % 10 < 9 ? 1 : 2,
                               .time = i * 1000 + h % 900};
    if (event.type == 0) {
        event.fields[0] = prev;
        event.fields[1] = next;
        event.fields[2] = h >> 20 & 3;
        event.fields[3] = 100 + prev;
        event.fields[4] = h % 97 ? 100 + next : 7;
    } else if (event.type == 1) {
        event.fields[0] = UINT64_C(0xffff800008010000) + h % 4096 * 4;
        event.fields[1] = 1 + h % 3;
    }
    return event;
}

static inline char *test_directory(const char *base)
{
    char *dir = g_strdup_printf("%s/osi-trace-XXXXXX", base);
    ck_assert_ptr_nonnull(g_mkdtemp(dir));
    return dir;
}

/* Memory, where there is some: the tests make thousands of files. */
static inline char *test_fast_directory(void)
{
    return test_directory(g_access("/dev/shm", W_OK) ? g_get_tmp_dir() : "/dev/shm");
}

static inline void test_empty(const char *path)
{
    const char *name;
    GDir *dir = g_dir_open(path, 0, NULL);
    ck_assert_ptr_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        ck_assert_int_eq(g_unlink(file), 0);
    }
    g_dir_close(dir);
}

static inline void test_remove(char *path)
{
    test_empty(path);
    ck_assert_int_eq(g_rmdir(path), 0);
    g_free(path);
}

static inline struct osi_trace_writer *test_writer(const char *dir, unsigned n_streams,
                                                   const char *codec)
{
    struct osi_error err = {""};
    struct osi_trace_writer *writer = NULL;
    struct osi_trace_config config = {
        .types = test_types, .n_types = G_N_ELEMENTS(test_types), .n_streams = n_streams,
        .clock = "guest", .clock_unit = "ns", .codec = codec, .info = test_info};
    int rc = osi_trace_writer_new(dir, &config, &writer, &err);
    test_assert(rc == 0, "%s", err.text);
    return writer;
}

static inline void test_emit(struct osi_trace_writer *writer, unsigned stream, uint64_t from,
                             uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct test_event event = test_event_at(stream, i);
        osi_trace_emit(writer, stream, event.type, event.time, event.fields);
    }
}

static inline struct osi_trace_reader *test_reader(const char *dir)
{
    struct osi_error err = {""};
    struct osi_trace_reader *reader = NULL;
    int rc = osi_trace_reader_new(dir, &reader, &err);
    test_assert(rc == 0, "%s", err.text);
    return reader;
}

static inline bool test_same(const struct osi_trace_reader *reader,
                             const struct osi_trace_event *got, const struct test_event *want)
{
    return got->type == want->type && got->time == want->time &&
           !memcmp(got->fields, want->fields,
                   8 * (size_t)osi_trace_type(reader, got->type)->n_fields);
}

/* Reads stream `stream` and finds each event among the first `n` originals, in
 * order; returns how many there were. Anything else is a failure. */
static inline uint64_t test_count_originals(struct osi_trace_reader *reader, unsigned stream,
                                            uint64_t n)
{
    uint64_t count = 0, i = 0;
    struct osi_trace_event got;
    while (osi_trace_stream_next(reader, stream, &got)) {
        struct test_event want = {0};
        for (; i < n; i++) {
            want = test_event_at(stream, i);
            if (want.time >= got.time)
                break;
        }
        test_assert(i < n && test_same(reader, &got, &want),
                    "stream %u: event %" PRIu64 " at time %" PRIu64 " was never emitted", stream,
                    count, got.time);
        i++;
        count++;
    }
    return count;
}

/* Stream `stream` is exactly the first `n` events. */
static inline void test_expect_first(struct osi_trace_reader *reader, unsigned stream, uint64_t n)
{
    struct osi_trace_event got;
    for (uint64_t i = 0; i < n; i++) {
        struct test_event want = test_event_at(stream, i);
        test_assert(osi_trace_stream_next(reader, stream, &got) == 1,
                    "stream %u ends at event %" PRIu64, stream, i);
        test_assert(test_same(reader, &got, &want), "stream %u: event %" PRIu64 " differs",
                    stream, i);
    }
    ck_assert_int_eq(osi_trace_stream_next(reader, stream, &got), 0);
}

static inline void test_print_line(void *data, const char *line)
{
    g_string_append_printf(data, "%s\n", line);
}

/* A sound trace: nothing damaged, missing or lost. */
static inline struct osi_trace_health test_expect_sound(struct osi_trace_reader *reader,
                                                        bool complete)
{
    struct osi_trace_health health;
    GString *lines = g_string_new(NULL);
    int rc = osi_trace_check(reader, &health, test_print_line, lines);
    ck_assert_msg(rc == 0 && lines->len == 0, "check returned %d: %s", rc, lines->str);
    ck_assert_int_eq(health.complete, complete);
    ck_assert_uint_eq(health.lost_events, 0);
    g_string_free(lines, TRUE);
    return health;
}

static inline char *test_read_file(const char *dir, const char *name, gsize *length)
{
    char *bytes;
    g_autofree char *path = g_build_filename(dir, name, NULL);
    ck_assert(g_file_get_contents(path, &bytes, length, NULL));
    return bytes;
}

/* In place: g_file_set_contents() would sync to disk each time. */
static inline void test_write_file(const char *dir, const char *name, const void *bytes,
                                   gsize length)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

static inline int test_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
