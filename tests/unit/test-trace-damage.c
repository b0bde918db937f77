/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damaged traces: cut anywhere, any bit flipped, files missing, newer versions.
 * The reader says so, goes on, and never shows an event that was not there. */
#include <errno.h>
#include <sys/stat.h>

#include "../../libosinstr/trace/bytes.h"
#include "../../libosinstr/trace/crc32c.h"
#include "../../libosinstr/trace/format.h"
#include "../fuzz/fuzz-trace.h"
#include "test-trace.h"

#define N_STREAMS 2
#define N_EVENTS n_events()
#define STAGED 20

/* Compression pays only in longer blocks. */
static uint64_t n_events(void)
{
    return test_period ? 1200 : 120;
}

static const struct osi_task_def task_one = {1, 10, 10, 0, 0x1234, "init"};
static const struct osi_task_def task_two = {2, 10, 10, 1, 0x1234, "sh"};

/* Two streams of three blocks, definitions, and (open) some staged events. */
static void make_trace(const char *dir, bool open, const char *codec)
{
    pid_t pid = open ? fork() : 0;
    ck_assert_int_ge(pid, 0);
    if (pid) {
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        return;
    }
    struct osi_trace_writer *writer = test_writer(dir, N_STREAMS, codec);
    osi_trace_define_task(writer, &task_one);
    osi_trace_define_string(writer, "timer");
    for (unsigned b = 0; b < 3; b++) {
        for (unsigned s = 0; s < N_STREAMS; s++)
            test_emit(writer, s, b * N_EVENTS / 3, (b + 1) * N_EVENTS / 3);
        osi_trace_flush(writer);
    }
    osi_trace_define_task(writer, &task_two);
    if (open) {
        for (unsigned s = 0; s < N_STREAMS; s++)
            test_emit(writer, s, N_EVENTS, N_EVENTS + STAGED);
        _exit(0);
    }
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
}

/* A stage without the part that no record has reached. */
static void trim_stage(const char *dir, const char *name)
{
    gsize length;
    g_autofree char *bytes = test_read_file(dir, name, &length);
    test_write_file(dir, name, bytes, OSI_STAGE_HEADER + osi_get64(bytes + OSI_STAGE_USED));
}

static void expect_true_definitions(struct osi_trace_reader *reader)
{
    const struct osi_task_def *one = osi_trace_task(reader, 1), *two = osi_trace_task(reader, 2);
    const char *text = osi_trace_string(reader, 1), *kernel = osi_trace_info(reader, "kernel");
    test_assert(!one || !memcmp(one, &task_one, sizeof *one), "task 1 differs");
    test_assert(!two || !memcmp(two, &task_two, sizeof *two), "task 2 differs");
    test_assert(!text || !strcmp(text, "timer"), "string 1 is %s", text);
    test_assert(!kernel || !strcmp(kernel, "6.1.0 arm64"), "kernel is %s", kernel);
    for (uint32_t id = 3; id < 300; id++)
        test_assert(!osi_trace_task(reader, id) && !osi_trace_string(reader, id), "id %u", id);
}

struct outcome {
    bool opened, damaged, all_definitions;
    uint64_t events;
    struct osi_trace_health health;
};

/* Reads everything; what is there must be true. */
static struct outcome read_damaged(const char *dir, uint64_t n_events)
{
    struct osi_trace_reader *reader = NULL;
    struct osi_error err = {""};
    struct outcome outcome = {0};
    int rc = osi_trace_reader_new(dir, &reader, &err);
    if (rc) {
        test_assert(rc < 0 && err.text[0] && !strchr(err.text, '\n'), "no reason given");
        return outcome;
    }
    outcome.opened = true;
    for (unsigned s = 0; s < N_STREAMS; s++)
        outcome.events += test_count_originals(reader, s, n_events);
    expect_true_definitions(reader);
    outcome.all_definitions =
        osi_trace_task(reader, 1) && osi_trace_task(reader, 2) && osi_trace_string(reader, 1) &&
        osi_trace_info(reader, "kernel") && osi_trace_n_types(reader) == 3;
    GString *lines = g_string_new(NULL);
    rc = osi_trace_check(reader, &outcome.health, test_print_line, lines);
    test_assert(rc >= 0, "check failed");
    test_assert((rc == 1) == (lines->len > 0), "damage %d, but the report is: %s", rc, lines->str);
    test_assert(outcome.health.events == outcome.events, "check counts other events");
    outcome.damaged = rc;
    g_string_free(lines, TRUE);
    osi_trace_reader_free(reader);
    return outcome;
}

static void flip_all_bits(bool open, const char *codec)
{
    char *dir = test_fast_directory();
    uint64_t n = N_EVENTS + (open ? STAGED : 0);
    make_trace(dir, open, codec);
    const char *names[] = {"meta", "cpu0.trace", "cpu1.trace", open ? "cpu1.open" : NULL};
    if (open) {
        trim_stage(dir, "cpu0.open");
        trim_stage(dir, "cpu1.open");
    }
    ck_assert_uint_eq(read_damaged(dir, n).events, N_STREAMS * n);
    for (unsigned file = 0; file < 4 && names[file]; file++) {
        gsize length;
        g_autofree char *bytes = test_read_file(dir, names[file], &length);
        for (gsize bit = 0; bit < 8 * length; bit++) {
            bytes[bit / 8] ^= (char)(1 << bit % 8);
            test_write_file(dir, names[file], bytes, length);
            struct outcome outcome = read_damaged(dir, n);
            /* The count of losses in a stage has no check of its own. */
            bool noticed = outcome.damaged || (file == 3 && outcome.health.lost_events);
            test_assert(!outcome.opened || noticed ||
                        (outcome.events == N_STREAMS * n && outcome.all_definitions &&
                         !outcome.health.lost_events),
                        "%s: flipping bit %" G_GSIZE_FORMAT " loses something unnoticed",
                        names[file], bit);
            test_assert(outcome.opened, "%s: bit %" G_GSIZE_FORMAT " makes it unreadable",
                        names[file], bit);
            bytes[bit / 8] ^= (char)(1 << bit % 8);
        }
        test_write_file(dir, names[file], bytes, length);
    }
    test_remove(dir);
}

START_TEST(test_flips)
{
    flip_all_bits(false, "none");
}
END_TEST

START_TEST(test_flips_staged)
{
    flip_all_bits(true, "none");
}
END_TEST

/* The codec of the first block, so that the tests below test what they are meant to. */
static unsigned codec_of(const char *dir)
{
    gsize length;
    g_autofree char *bytes = test_read_file(dir, "cpu0.trace", &length);
    return (uint8_t)bytes[osi_get32(bytes + OSI_HEAD_LENGTH) + OSI_BLOCK_CODEC];
}

START_TEST(test_flips_compressed)
{
    const char *codec = _i == 1 ? "lz4" : "zstd";
    test_period = 12;
    char *dir = test_fast_directory();
    make_trace(dir, false, codec);
    ck_assert_int_eq(codec_of(dir), _i);
    test_remove(dir);
    flip_all_bits(false, codec);
}
END_TEST

/* Cut at every byte: the blocks before the cut are there, the cut is reported. */
START_TEST(test_truncation)
{
    char *dir = test_fast_directory();
    gsize length;
    make_trace(dir, false, "none");
    g_autofree char *bytes = test_read_file(dir, "cpu0.trace", &length);
    uint64_t last = 0, seen = 0;
    for (gsize cut = 0; cut <= length; cut++) {
        test_write_file(dir, "cpu0.trace", bytes, cut);
        struct outcome outcome = read_damaged(dir, N_EVENTS);
        test_assert(outcome.opened && outcome.events >= last, "cut at %" G_GSIZE_FORMAT, cut);
        test_assert(outcome.damaged == (cut < length), "cut at %" G_GSIZE_FORMAT, cut);
        test_assert(outcome.events % (N_EVENTS / 3) == 0, "half a block");
        seen += outcome.events != last;
        last = outcome.events;
    }
    ck_assert_uint_eq(last, N_STREAMS * N_EVENTS);
    ck_assert_uint_eq(seen, 4); /* the other stream, then three blocks */
    test_remove(dir);
}
END_TEST

START_TEST(test_truncated_meta)
{
    char *dir = test_fast_directory();
    gsize length;
    make_trace(dir, false, "none");
    g_autofree char *bytes = test_read_file(dir, "meta", &length);
    for (gsize cut = 0; cut < length; cut++) {
        test_write_file(dir, "meta", bytes, cut);
        struct outcome outcome = read_damaged(dir, N_EVENTS);
        test_assert(outcome.opened && !outcome.health.complete &&
                    outcome.events == N_STREAMS * N_EVENTS, "cut at %" G_GSIZE_FORMAT, cut);
    }
    test_remove(dir);
}
END_TEST

static void remove_file(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    ck_assert_int_eq(g_unlink(path), 0);
}

/* One stream file and nothing else still has its schema. */
START_TEST(test_lone_stream)
{
    char *dir = test_fast_directory();
    make_trace(dir, false, "none");
    remove_file(dir, "meta");
    remove_file(dir, "cpu0.trace");
    struct outcome outcome = read_damaged(dir, N_EVENTS);
    ck_assert(outcome.opened && outcome.damaged && !outcome.health.complete);
    ck_assert_uint_eq(outcome.events, N_EVENTS);
    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_str_eq(osi_trace_type(reader, 0)->fields[3].name, "prev_prio");
    osi_trace_reader_free(reader);
    test_remove(dir);
}
END_TEST

START_TEST(test_missing_stream)
{
    char *dir = test_fast_directory();
    make_trace(dir, false, "none");
    remove_file(dir, "cpu1.trace");
    struct outcome outcome = read_damaged(dir, N_EVENTS);
    ck_assert(outcome.opened && outcome.damaged && outcome.health.complete);
    ck_assert_uint_eq(outcome.health.missing_blocks, 3);
    test_remove(dir);
}
END_TEST

/* Offset and length of block `wanted` of a stream file. */
static gsize find_block(const char *bytes, unsigned wanted, gsize *length)
{
    gsize at = osi_get32(bytes + OSI_HEAD_LENGTH);
    for (;; at += *length) {
        *length = OSI_BLOCK_HEADER + osi_get32(bytes + at + OSI_BLOCK_STORED);
        if (osi_get64(bytes + at + OSI_BLOCK_SEQ) == wanted)
            return at;
    }
}

/* A block cut out, twice, or moved: counted, and never out of order. */
START_TEST(test_missing_block)
{
    char *dir = test_fast_directory();
    gsize length, block;
    make_trace(dir, false, "none");
    g_autofree char *bytes = test_read_file(dir, "cpu0.trace", &length);
    gsize at = find_block(bytes, 1, &block);
    GByteArray *changed = g_byte_array_new();
    g_byte_array_append(changed, (guint8 *)bytes, (guint)at);
    g_byte_array_append(changed, (guint8 *)bytes + at + block, (guint)(length - at - block));
    test_write_file(dir, "cpu0.trace", changed->data, changed->len);
    struct outcome outcome = read_damaged(dir, N_EVENTS);
    ck_assert_uint_eq(outcome.health.missing_blocks, 1);
    ck_assert_uint_eq(outcome.health.bad_blocks, 0);
    ck_assert_uint_eq(outcome.health.blocks, 5);

    g_byte_array_append(changed, (guint8 *)bytes + at, (guint)block); /* at the end instead */
    test_write_file(dir, "cpu0.trace", changed->data, changed->len);
    outcome = read_damaged(dir, N_EVENTS);
    ck_assert_uint_eq(outcome.health.bad_blocks, 1);
    ck_assert_uint_eq(outcome.health.blocks, 5);
    g_byte_array_unref(changed);
    test_remove(dir);
}
END_TEST

/* Noise between two blocks: found the next one again. */
START_TEST(test_resync)
{
    char *dir = test_fast_directory();
    gsize length, block;
    make_trace(dir, false, "none");
    g_autofree char *bytes = test_read_file(dir, "cpu0.trace", &length);
    gsize at = find_block(bytes, 1, &block);
    for (unsigned noise = 1; noise < 300000; noise = noise * 3 + 1) {
        GByteArray *changed = g_byte_array_new();
        g_byte_array_append(changed, (guint8 *)bytes, (guint)at);
        for (unsigned i = 0; i < noise; i++)
            g_byte_array_append(changed, (const guint8 *)"OSB1" + i % 4, 1);
        g_byte_array_append(changed, (guint8 *)bytes + at, (guint)(length - at));
        test_write_file(dir, "cpu0.trace", changed->data, changed->len);
        struct outcome outcome = read_damaged(dir, N_EVENTS);
        ck_assert_uint_eq(outcome.events, N_STREAMS * N_EVENTS);
        ck_assert_uint_eq(outcome.health.bad_blocks, 1);
        ck_assert_uint_eq(outcome.health.missing_blocks, 0);
        g_byte_array_unref(changed);
    }
    test_remove(dir);
}
END_TEST

static void set_version(const char *dir, const char *name, uint16_t major, uint16_t minor)
{
    gsize length;
    g_autofree char *bytes = test_read_file(dir, name, &length);
    osi_put16(bytes + OSI_HEAD_MAJOR, major);
    osi_put16(bytes + OSI_HEAD_MINOR, minor);
    osi_put32(bytes + OSI_HEAD_CRC, osi_crc32c(0, bytes, OSI_HEAD_CRC));
    test_write_file(dir, name, bytes, length);
}

START_TEST(test_versions)
{
    char *dir = test_fast_directory();
    struct osi_trace_reader *reader = NULL;
    struct osi_error err = {""};
    make_trace(dir, false, "none");
    set_version(dir, "meta", 1, 9);
    ck_assert(!read_damaged(dir, N_EVENTS).damaged);
    set_version(dir, "meta", 2, 0);
    ck_assert_int_eq(osi_trace_reader_new(dir, &reader, &err), -ENOTSUP);
    ck_assert_str_eq(err.text, "meta: written in format 2.0, and this osinstr reads format 1");
    ck_assert_ptr_null(reader);
    set_version(dir, "meta", 1, 0);
    set_version(dir, "cpu1.trace", 3, 1);
    ck_assert_int_eq(osi_trace_reader_new(dir, &reader, &err), -ENOTSUP);
    test_remove(dir);
}
END_TEST

/* What a newer 1.x may add: an encoding, record types, bytes at the end of headers. */
START_TEST(test_newer_minor)
{
    char *dir = test_fast_directory();
    gsize length, block, meta_length;
    make_trace(dir, false, "none");
    g_autofree char *bytes = test_read_file(dir, "cpu0.trace", &length);
    gsize at = find_block(bytes, 2, &block);
    uint8_t *payload = (uint8_t *)bytes + at + OSI_BLOCK_HEADER;
    gsize stored = block - OSI_BLOCK_HEADER;
    uint8_t *column = payload; /* types, times, first value of prev, then its column */
    for (unsigned skip = 0; skip < 2; skip++)
        column += OSI_COLUMN_HEADER + (osi_get32(column) >> 8);
    column += osi_varint_size(column[0]);
    column[0] = 77; /* encoding of the column */
    osi_put32(bytes + at + OSI_BLOCK_PAYLOAD_CRC, osi_crc32c(0, payload, stored));
    osi_put32(bytes + at + OSI_BLOCK_HEADER_CRC, osi_crc32c(0, bytes + at, OSI_BLOCK_HEADER_CRC));
    test_write_file(dir, "cpu0.trace", bytes, length);

    g_autofree char *meta = test_read_file(dir, "meta", &meta_length);
    static const uint8_t frame[] = {OSI_FRAME_MAGIC, 200, 3, 0};
    GByteArray *changed = g_byte_array_new();
    uint8_t crc[4];
    g_byte_array_append(changed, (guint8 *)meta, (guint)meta_length);
    osi_put32(crc, osi_crc32c(osi_crc32c(0, frame, 4), "new", 3));
    g_byte_array_append(changed, frame, 4);
    g_byte_array_append(changed, crc, 4);
    g_byte_array_append(changed, (const guint8 *)"new", 3);
    test_write_file(dir, "meta", changed->data, changed->len);

    struct outcome outcome = read_damaged(dir, N_EVENTS);
    ck_assert(!outcome.damaged);
    ck_assert_uint_gt(outcome.health.unknown_events, 10);
    ck_assert_uint_eq(outcome.health.unknown_events + outcome.events, N_STREAMS * N_EVENTS);
    g_byte_array_unref(changed);
    test_remove(dir);
}
END_TEST

START_TEST(test_no_trace)
{
    char *dir = test_fast_directory();
    struct osi_trace_reader *reader = NULL;
    struct osi_error err = {""};
    ck_assert_int_eq(osi_trace_reader_new("/nonexistent", &reader, &err), -ENOENT);
    ck_assert_int_eq(osi_trace_reader_new(dir, &reader, &err), -ENOENT);
    ck_assert(strstr(err.text, "no trace"));
    test_write_file(dir, "meta", "something else entirely", 23);
    ck_assert_int_eq(osi_trace_reader_new(dir, &reader, &err), -EINVAL);
    test_write_file(dir, "cpu0.trace", "", 0);
    test_write_file(dir, "cpu5000.trace", "x", 1);
    test_write_file(dir, "cpu07.trace", "x", 1);
    ck_assert_int_eq(osi_trace_reader_new(dir, &reader, &err), -EINVAL);
    ck_assert_ptr_null(reader);
    test_remove(dir);
}
END_TEST

/* The fuzzer's mutations with a fixed seed, for a few seconds. */
START_TEST(test_mutations)
{
    struct fuzz_trace *fuzz = fuzz_trace_new();
    char *dir = test_fast_directory();
    test_period = _i % 3 ? 12 : 0;
    static const char *const codecs[] = {"none", "lz4", "zstd"};
    make_trace(dir, _i == 3, codecs[_i % 3]);
    gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC;
    for (uint64_t seed = (uint64_t)_i << 32; g_get_monotonic_time() < end; seed++)
        fuzz_trace_mutated(fuzz, dir, seed);
    fuzz_trace_free(fuzz);
    test_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-damage");
    TCase *tests = tcase_create("damage");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, test_flips);
    tcase_add_test(tests, test_flips_staged);
    tcase_add_loop_test(tests, test_flips_compressed, 1, 3);
    tcase_add_test(tests, test_truncation);
    tcase_add_test(tests, test_truncated_meta);
    tcase_add_test(tests, test_lone_stream);
    tcase_add_test(tests, test_missing_stream);
    tcase_add_test(tests, test_missing_block);
    tcase_add_test(tests, test_resync);
    tcase_add_test(tests, test_versions);
    tcase_add_test(tests, test_newer_minor);
    tcase_add_test(tests, test_no_trace);
    tcase_add_loop_test(tests, test_mutations, 0, 4);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
