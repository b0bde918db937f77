/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written is read back: kinds, predictions, types, streams, definitions, threads. */
#include <errno.h>

#include "../../libosinstr/trace/format.h"
#include "test-trace.h"

static const uint64_t edges[] = {0, 1, 2, 127, 128, 255, 256, 16383, 16384, INT32_MAX,
                                 UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63,
                                 (uint64_t)-1, (uint64_t)-2, (uint64_t)-128, (uint64_t)-129,
                                 (uint64_t)INT32_MIN};
#define N_EDGES G_N_ELEMENTS(edges)

static uint64_t edge(uint64_t i)
{
    return edges[test_hash(i) % N_EDGES];
}

/* Writes one event per row of `rows` (n_fields of the type each), reads them back. */
static void round_trip(const struct osi_event_type *type, const uint64_t *rows, size_t n,
                       const char *codec)
{
    char *dir = test_fast_directory();
    struct osi_trace_writer *writer;
    struct osi_trace_event event;
    struct osi_error err = {""};
    struct osi_trace_config config = {.types = type, .n_types = 1, .n_streams = 1,
                                      .clock = "insn", .clock_unit = "insn", .codec = codec};
    ck_assert_msg(!osi_trace_writer_new(dir, &config, &writer, &err), "%s", err.text);
    for (size_t i = 0; i < n; i++)
        osi_trace_emit(writer, 0, 0, i, rows + i * type->n_fields);
    ck_assert_int_eq(osi_trace_writer_close(writer, &err), 0);
    struct osi_trace_reader *reader = test_reader(dir);
    for (size_t i = 0; i < n; i++) {
        test_assert(osi_trace_next(reader, &event) == 1 && event.time == i, "event %zu", i);
        test_assert(!memcmp(event.fields, rows + i * type->n_fields, 8u * type->n_fields),
                    "fields of event %zu", i);
    }
    ck_assert_int_eq(osi_trace_next(reader, &event), 0);
    ck_assert_uint_eq(test_expect_sound(reader, true).events, n);
    osi_trace_reader_free(reader);
    test_remove(dir);
}

/* Each kind with each prediction, over values at the edges of 64 bits. */
START_TEST(test_kinds)
{
    enum osi_field_kind kind = (enum osi_field_kind)_i;
    const struct osi_field fields[] = {
        {"none", kind, OSI_PREDICT_NONE, 0},   {"same", kind, OSI_PREDICT_SAME, 0},
        {"chain", kind, OSI_PREDICT_CHAIN, 0}, {"keyed", kind, OSI_PREDICT_KEYED, 0},
        {"by chain", kind, OSI_PREDICT_KEYED, 2}, {"chain same", kind, OSI_PREDICT_CHAIN, 1},
    };
    const struct osi_event_type type = {"edges", fields, 6};
    static uint64_t rows[5000 * 6];
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        rows[i] = i % 7 ? edge(i) : test_hash(i);
    for (size_t n = 0; n < 4; n++)
        round_trip(&type, rows, n, "none");
    round_trip(&type, rows, 5000, "none");
    round_trip(&type, rows, 5000, "lz4");
    round_trip(&type, rows, 5000, "zstd");
}
END_TEST

/* Keys that share a slot, that recur, that never do. */
START_TEST(test_keyed)
{
    const struct osi_field fields[] = {{"key", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0},
                                       {"value", OSI_FIELD_INT, OSI_PREDICT_KEYED, 0}};
    const struct osi_event_type type = {"keyed", fields, 2};
    static uint64_t rows[20000 * 2];
    for (size_t i = 0; i < 20000; i++) {
        uint64_t h = test_hash(i);
        rows[2 * i] = i < 5000 ? h % 40 : i < 10000 ? h % 40 * OSI_KEYED_SLOTS : h;
        rows[2 * i + 1] = (uint64_t)-(int64_t)(rows[2 * i] % 139);
    }
    round_trip(&type, rows, 20000, "none");
}
END_TEST

/* Columns that do not compress at all: blocks are split to stay within their limit. */
START_TEST(test_incompressible)
{
    struct osi_field fields[OSI_TRACE_MAX_FIELDS];
    static uint64_t rows[9000 * OSI_TRACE_MAX_FIELDS];
    for (unsigned f = 0; f < OSI_TRACE_MAX_FIELDS; f++)
        fields[f] = (struct osi_field){"hash", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0};
    const struct osi_event_type type = {"random", fields, OSI_TRACE_MAX_FIELDS};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        rows[i] = test_hash(i);
    round_trip(&type, rows, 9000, "none");
    round_trip(&type, rows, 9000, "zstd");
}
END_TEST

/* Blocks that are exactly full, and one event more or less. */
START_TEST(test_block_boundaries)
{
    const struct osi_field field = {"n", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0};
    const struct osi_event_type with = {"counter", &field, 1}, without = {"tick", NULL, 0};
    static uint64_t rows[3 * OSI_BLOCK_MAX_EVENTS];
    size_t full = OSI_STAGE_BYTES / 24;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        rows[i] = i;
    for (size_t blocks = 1; blocks < 3; blocks++)
        for (int off = -1; off < 3; off++) {
            round_trip(&with, rows, blocks * full + (size_t)off, "none");
            round_trip(&without, rows, blocks * OSI_BLOCK_MAX_EVENTS + (size_t)off, "none");
        }
}
END_TEST

/* 64 types of different lengths, mixed; the last type and field are in use. */
START_TEST(test_many_types)
{
    static struct osi_event_type types[OSI_TRACE_MAX_TYPES];
    static char names[OSI_TRACE_MAX_TYPES][16];
    static struct osi_field fields[OSI_TRACE_MAX_FIELDS];
    char *dir = test_fast_directory();
    struct osi_trace_writer *writer;
    struct osi_trace_event event;
    for (unsigned f = 0; f < OSI_TRACE_MAX_FIELDS; f++)
        fields[f] = (struct osi_field){"field", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0};
    for (unsigned t = 0; t < OSI_TRACE_MAX_TYPES; t++) {
        g_snprintf(names[t], sizeof names[t], "type-%u", t);
        types[t] = (struct osi_event_type){names[t], fields,
                                           (uint8_t)(t % (OSI_TRACE_MAX_FIELDS + 1))};
    }
    struct osi_trace_config config = {.types = types, .n_types = OSI_TRACE_MAX_TYPES,
                                      .n_streams = 1};
    ck_assert_int_eq(osi_trace_writer_new(dir, &config, &writer, NULL), 0);
    for (uint64_t i = 0; i < 30000; i++) {
        uint64_t row[OSI_TRACE_MAX_FIELDS];
        for (unsigned f = 0; f < OSI_TRACE_MAX_FIELDS; f++)
            row[f] = test_hash(i) >> f;
        osi_trace_emit(writer, 0, (unsigned)(test_hash(i) % 64), i * 3, row);
    }
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_uint_eq(osi_trace_n_types(reader), 64);
    ck_assert_int_eq(osi_trace_find_type(reader, "type-63"), 63);
    ck_assert_int_eq(osi_trace_find_type(reader, "type-64"), -1);
    for (uint64_t i = 0; i < 30000; i++) {
        test_assert(osi_trace_next(reader, &event) == 1 && event.time == i * 3 &&
                    event.type == test_hash(i) % 64, "event %" PRIu64, i);
        for (unsigned f = 0; f < types[event.type].n_fields; f++)
            test_assert(event.fields[f] == test_hash(i) >> f, "event %" PRIu64, i);
    }
    ck_assert_int_eq(osi_trace_next(reader, &event), 0);
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

/* More than 64 streams, some not announced, one at the very end of the range;
 * merged by time, ties by stream. */
START_TEST(test_many_streams)
{
    char *dir = test_fast_directory();
    static const unsigned late[] = {70, 71, 1023};
    struct osi_trace_event event, last = {0};
    struct osi_trace_writer *writer = test_writer(dir, 70, "none");
    for (unsigned i = 0; i < 3000; i++)
        for (unsigned s = 0; s < 70; s++)
            osi_trace_emit(writer, s, 2, i / 2, NULL);
    for (unsigned s = 0; s < 3; s++)
        test_emit(writer, late[s], 0, 100);
    osi_trace_emit(writer, 1024, 2, 0, NULL); /* impossible: counted, not stored */
    osi_trace_emit(writer, 0, 3, 0, NULL);
    ck_assert_uint_eq(osi_trace_lost(writer), 2);
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);

    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_uint_eq(osi_trace_n_streams(reader), 1024);
    uint64_t n = 0;
    for (; osi_trace_next(reader, &event); n++, last = event)
        test_assert(!n || event.time > last.time ||
                    (event.time == last.time && event.stream >= last.stream),
                    "event %" PRIu64 " is out of order", n);
    ck_assert_uint_eq(n, 70 * 3000 + 300);
    osi_trace_rewind(reader);
    for (unsigned s = 0; s < 3; s++)
        test_expect_first(reader, late[s], 100);
    struct osi_trace_health health;
    ck_assert_int_eq(osi_trace_check(reader, &health, NULL, NULL), 0);
    ck_assert_uint_eq(health.lost_events, 2);
    ck_assert_uint_eq(health.events, n);
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

START_TEST(test_times)
{
    static const uint64_t times[] = {5, 3, 5, UINT64_MAX - 1, 7, UINT64_MAX, UINT64_MAX};
    static const uint64_t want[] = {5, 5, 5, UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX,
                                    UINT64_MAX};
    char *dir = test_fast_directory();
    struct osi_trace_event event;
    struct osi_trace_writer *writer = test_writer(dir, 1, "none");
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
        osi_trace_emit(writer, 0, 2, times[i], NULL);
    ck_assert_int_eq(osi_trace_flush(writer), 0);
    osi_trace_emit(writer, 0, 2, 1, NULL); /* also in the next block */
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    struct osi_trace_reader *reader = test_reader(dir);
    for (size_t i = 0; i <= G_N_ELEMENTS(times); i++) {
        ck_assert_int_eq(osi_trace_next(reader, &event), 1);
        ck_assert_uint_eq(event.time, i < G_N_ELEMENTS(times) ? want[i] : UINT64_MAX);
    }
    struct osi_trace_health health = test_expect_sound(reader, true);
    ck_assert_uint_eq(health.first_time, 5);
    ck_assert_uint_eq(health.last_time, UINT64_MAX);
    ck_assert_uint_eq(health.blocks, 2);
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

START_TEST(test_definitions)
{
    char *dir = test_fast_directory();
    const char *key, *value;
    struct osi_trace_writer *writer = test_writer(dir, 1, "none");
    struct osi_task_def first = {1, 10, 10, 0, UINT64_C(0xffff000012345678), "sh"};
    struct osi_task_def thread = {2, 11, 10, 0, 99, "fifteen chars.."};
    struct osi_task_def renamed = {3, 10, 10, 1, UINT64_C(0xffff000012345678), "ls"};
    struct osi_task_def moved = {300, UINT32_MAX, 7, 3, UINT64_MAX, ""};
    g_autofree char *big = g_strnfill(100000, 'x');
    osi_trace_define_task(writer, &first);
    osi_trace_define_task(writer, &thread);
    osi_trace_define_task(writer, &renamed);
    osi_trace_define_task(writer, &moved);
    ck_assert_uint_eq(osi_trace_define_string(writer, "timer"), 1);
    ck_assert_uint_eq(osi_trace_define_string(writer, ""), 2);
    ck_assert_uint_eq(osi_trace_define_string(writer, "timer"), 1);
    ck_assert_uint_eq(osi_trace_define_string(writer, big), 3);
    osi_trace_note(writer, "kernel", "corrected");
    osi_trace_note(writer, "empty", "");
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);

    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_mem_eq(osi_trace_task(reader, 1), &first, sizeof first);
    ck_assert_mem_eq(osi_trace_task(reader, 2), &thread, sizeof first);
    ck_assert_mem_eq(osi_trace_task(reader, 3), &renamed, sizeof first);
    ck_assert_mem_eq(osi_trace_task(reader, 300), &moved, sizeof first);
    ck_assert_ptr_null(osi_trace_task(reader, 0));
    ck_assert_ptr_null(osi_trace_task(reader, 4));
    ck_assert_str_eq(osi_trace_string(reader, 1), "timer");
    ck_assert_str_eq(osi_trace_string(reader, 2), "");
    ck_assert_uint_gt(strlen(osi_trace_string(reader, 3)), 65000);
    ck_assert_ptr_null(osi_trace_string(reader, 4));
    ck_assert_str_eq(osi_trace_info(reader, "clock"), "guest");
    ck_assert_str_eq(osi_trace_info(reader, "clock.unit"), "ns");
    ck_assert_str_eq(osi_trace_info(reader, "tool"), "test");
    ck_assert_str_eq(osi_trace_info(reader, "kernel"), "corrected");
    ck_assert_str_eq(osi_trace_info(reader, "empty"), "");
    ck_assert_ptr_null(osi_trace_info(reader, "nothing"));
    size_t n = 0;
    while (osi_trace_info_at(reader, n, &key, &value))
        n++;
    ck_assert_uint_eq(n, 7);
    for (size_t t = 0; t < G_N_ELEMENTS(test_types); t++) {
        const struct osi_event_type *got = osi_trace_type(reader, t), *want = &test_types[t];
        ck_assert_str_eq(got->name, want->name);
        ck_assert_uint_eq(got->n_fields, want->n_fields);
        for (unsigned f = 0; f < got->n_fields; f++) {
            ck_assert_str_eq(got->fields[f].name, want->fields[f].name);
            ck_assert_int_eq(got->fields[f].kind, want->fields[f].kind);
            ck_assert_int_eq(got->fields[f].predict, want->fields[f].predict);
        }
    }
    ck_assert_ptr_null(osi_trace_type(reader, 3));
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

struct job {
    struct osi_trace_writer *writer;
    unsigned stream;
};

static void *work(void *data)
{
    struct job *job = data;
    for (unsigned i = 0; i < 20000; i += 100) {
        char text[16];
        g_snprintf(text, sizeof text, "string %u", i);
        test_emit(job->writer, job->stream, i, i + 100);
        uint32_t id = osi_trace_define_string(job->writer, text);
        osi_trace_define_task(job->writer, &(struct osi_task_def){.id = id, .pid = i});
        osi_trace_lost(job->writer);
        osi_trace_bytes(job->writer);
    }
    return NULL;
}

/* Two threads, two streams that appear while both run, definitions from both. */
START_TEST(test_threads)
{
    char *dir = test_fast_directory();
    struct osi_trace_writer *writer = test_writer(dir, 0, "none");
    struct job jobs[] = {{writer, 0}, {writer, 1}};
    GThread *threads[2];
    for (unsigned i = 0; i < 2; i++)
        threads[i] = g_thread_new("stream", work, &jobs[i]);
    for (unsigned i = 0; i < 2; i++)
        g_thread_join(threads[i]);
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    struct osi_trace_reader *reader = test_reader(dir);
    test_expect_sound(reader, true);
    for (unsigned s = 0; s < 2; s++)
        test_expect_first(reader, s, 20000);
    for (uint32_t id = 1; id <= 200; id++)
        ck_assert_ptr_nonnull(osi_trace_string(reader, id));
    ck_assert_ptr_null(osi_trace_string(reader, 201));
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

/* After a flush another reader sees everything, though the writer goes on. */
START_TEST(test_flush)
{
    char *dir = test_fast_directory();
    struct osi_trace_writer *writer = test_writer(dir, 2, "lz4");
    for (unsigned round = 1; round < 5; round++) {
        test_emit(writer, 0, (round - 1) * 100, round * 100);
        ck_assert_int_eq(osi_trace_flush(writer), 0);
        struct osi_trace_reader *reader = test_reader(dir);
        test_expect_sound(reader, false);
        test_expect_first(reader, 0, round * 100);
        test_expect_first(reader, 1, 0);
        osi_trace_reader_free(reader);
    }
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    struct osi_trace_reader *reader = test_reader(dir);
    test_expect_sound(reader, true);
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

static void expect_refusal(const char *dir, const struct osi_trace_config *config, int code,
                           const char *reason)
{
    struct osi_error err = {""};
    struct osi_trace_writer *writer = NULL;
    ck_assert_int_eq(osi_trace_writer_new(dir, config, &writer, &err), code);
    ck_assert_msg(strstr(err.text, reason), "\"%s\" does not say \"%s\"", err.text, reason);
    ck_assert_ptr_null(writer);
}

START_TEST(test_refusals)
{
    char *dir = test_fast_directory();
    const struct osi_field loop[] = {{"a", OSI_FIELD_UINT, OSI_PREDICT_CHAIN, 1},
                                     {"b", OSI_FIELD_UINT, OSI_PREDICT_CHAIN, 0}};
    const struct osi_event_type bad[] = {{"loop", loop, 2}, {"", NULL, 0}, {"many", loop, 13}};
    struct osi_trace_config config = {.types = test_types, .n_types = 3, .n_streams = 1};
    struct osi_trace_config broken = config;
    for (unsigned i = 0; i < 3; i++) {
        broken.types = &bad[i];
        broken.n_types = 1;
        expect_refusal(dir, &broken, -EINVAL, i == 0 ? "field a" : "event type");
    }
    broken.n_types = 65;
    expect_refusal(dir, &broken, -EINVAL, "65");
    broken = config;
    broken.codec = "rar";
    expect_refusal(dir, &broken, -EINVAL, "rar");
    broken = config;
    broken.n_streams = 1025;
    expect_refusal(dir, &broken, -EINVAL, "1025");
    expect_refusal("/nonexistent", &config, -ENOENT, "/nonexistent");

    /* Nothing above left a file behind, or this would fail. */
    struct osi_trace_writer *writer = test_writer(dir, 1, NULL);
    expect_refusal(dir, &config, -EEXIST, "meta");
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    expect_refusal(dir, &config, -EEXIST, "meta");
    struct osi_trace_reader *reader = test_reader(dir);
    test_expect_sound(reader, true);
    osi_trace_reader_free(reader);

    /* A stray stream file is not overwritten, and what was created goes again. */
    test_empty(dir);
    test_write_file(dir, "cpu0.trace", "mine", 4);
    expect_refusal(dir, &config, -EEXIST, "cpu0.trace");
    gsize length;
    g_autofree char *kept = test_read_file(dir, "cpu0.trace", &length);
    ck_assert_uint_eq(length, 4);
    test_remove(dir);
    ck_assert_int_eq(osi_trace_writer_close(NULL, NULL), 0);
    osi_trace_reader_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-roundtrip");
    TCase *tests = tcase_create("roundtrip");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_kinds, OSI_FIELD_UINT, OSI_FIELD_TASK_STATE + 1);
    tcase_add_test(tests, test_keyed);
    tcase_add_test(tests, test_incompressible);
    tcase_add_test(tests, test_block_boundaries);
    tcase_add_test(tests, test_many_types);
    tcase_add_test(tests, test_many_streams);
    tcase_add_test(tests, test_times);
    tcase_add_test(tests, test_definitions);
    tcase_add_test(tests, test_threads);
    tcase_add_test(tests, test_flush);
    tcase_add_test(tests, test_refusals);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
