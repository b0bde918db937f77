/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk that is full: events are lost and counted, nothing else happens, and
 * what comes after there is room again is kept.
 *
 * Twice: on a small tmpfs of its own (needs the right to mount), and under a
 * limit of the file size (anyone). */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "test-trace.h"

struct warnings {
    unsigned n;
    char last[200];
};

static void count_warning(void *data, const char *line)
{
    struct warnings *warnings = data;
    warnings->n++;
    g_strlcpy(warnings->last, line, sizeof warnings->last);
}

static struct osi_trace_writer *warned_writer(const char *dir, struct warnings *warnings)
{
    struct osi_trace_writer *writer = NULL;
    struct osi_error err = {""};
    struct osi_trace_config config = {.types = test_types, .n_types = 3, .n_streams = 1,
                                      .warn = count_warning, .warn_data = warnings};
    ck_assert_msg(!osi_trace_writer_new(dir, &config, &writer, &err), "%s", err.text);
    return writer;
}

/* What was emitted is there or counted; what is there is right. */
static void expect_balance(const char *dir, uint64_t emitted, uint64_t lost, bool complete)
{
    struct osi_trace_reader *reader = test_reader(dir);
    struct osi_trace_health health;
    GString *lines = g_string_new(NULL);
    int rc = osi_trace_check(reader, &health, test_print_line, lines);
    ck_assert_msg(rc == 0, "%s", lines->str);
    ck_assert_int_eq(health.complete, complete);
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_eq(health.lost_events, lost);
    ck_assert_uint_eq(health.events + lost, emitted);
    ck_assert_uint_eq(osi_trace_stream_lost(reader, 0), 0);
    ck_assert_uint_eq(test_count_originals(reader, 0, emitted), health.events);
    ck_assert_uint_eq(osi_trace_stream_lost(reader, 0), lost);
    ck_assert_uint_eq(osi_trace_stream_lost(reader, 99), 0);
    osi_trace_reader_free(reader);
    g_string_free(lines, TRUE);
}

/* Each test is a process of its own, so the mount is seen by nobody else. False:
 * no right to mount. */
static bool mount_small(const char *dir, const char *size)
{
    if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
        !mount("none", dir, "tmpfs", 0, size))
        return true;
    fprintf(stderr, "skipped: no right to mount a file system\n");
    return false;
}

static void unmount(char *dir)
{
    ck_assert_int_eq(umount(dir), 0);
    test_remove(dir);
}

struct text {
    char text[32];
};

static struct text text_of(uint32_t id)
{
    struct text text;
    g_snprintf(text.text, sizeof text.text, "string number %u", id);
    return text;
}

static void fill(const char *path)
{
    static char page[4096];
    FILE *file = fopen(path, "wb");
    while (fwrite(page, 1, sizeof page, file) == sizeof page && !fflush(file))
        ;
    fclose(file);
}

/* Full in the middle, then room again. */
START_TEST(test_full_then_room)
{
    char *dir = test_fast_directory();
    struct warnings warnings = {0};
    if (!mount_small(dir, "size=1m")) {
        test_remove(dir);
        return;
    }
    g_autofree char *filler = g_build_filename(dir, "filler", NULL);
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    test_emit(writer, 0, 0, 20000);
    ck_assert_uint_eq(osi_trace_lost(writer), 0);
    fill(filler);
    test_emit(writer, 0, 20000, 60000);
    for (uint32_t id = 1; id <= 1000; id++) /* more than the rest of a page */
        ck_assert_uint_eq(osi_trace_define_string(writer, text_of(id).text), id);
    uint64_t lost = osi_trace_lost(writer);
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_eq(warnings.n, 1);
    ck_assert(strstr(warnings.last, g_strerror(ENOSPC)));
    g_unlink(filler);
    test_emit(writer, 0, 60000, 100000);
    ck_assert_uint_eq(osi_trace_lost(writer), lost);
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    expect_balance(dir, 100000, lost, true);
    struct osi_trace_reader *reader = test_reader(dir);
    for (uint32_t id = 1; id <= 1000; id++)
        test_assert(!g_strcmp0(osi_trace_string(reader, id), text_of(id).text), "string %u", id);
    osi_trace_reader_free(reader);
    unmount(dir);
}
END_TEST

/* Full to the end: close says so, and what is staged stays readable. */
START_TEST(test_full_to_the_end)
{
    char *dir = test_fast_directory();
    struct warnings warnings = {0};
    struct osi_error err = {""};
    if (!mount_small(dir, "size=400k")) {
        test_remove(dir);
        return;
    }
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    g_autofree char *filler = g_build_filename(dir, "filler", NULL);
    test_emit(writer, 0, 0, 300000);
    osi_trace_flush(writer);
    fill(filler);
    test_emit(writer, 0, 300000, 302000);
    uint64_t lost = osi_trace_lost(writer);
    int rc = osi_trace_writer_close(writer, &err);
    ck_assert_int_eq(rc, -ENOSPC);
    ck_assert_uint_gt(strlen(err.text), 0);
    expect_balance(dir, 302000, lost, false);
    unmount(dir);
}
END_TEST

/* Staged events that were given up do not come back behind those that followed,
 * though both are for the block of the same number. */
START_TEST(test_given_up)
{
    char *dir = test_fast_directory();
    struct warnings warnings = {0};
    struct osi_trace_health health;
    if (!mount_small(dir, "size=400k")) {
        test_remove(dir);
        return;
    }
    g_autofree char *filler = g_build_filename(dir, "filler", NULL);
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    fill(filler);
    for (uint64_t i = 0; i < 8000; i++)
        osi_trace_emit(writer, 0, 2, i * i * i, NULL); /* too much for the rest of a page */
    ck_assert_int_eq(osi_trace_flush(writer), -ENOSPC);
    for (uint64_t i = 0; i < 10; i++)
        osi_trace_emit(writer, 0, 2, UINT64_MAX, NULL);
    struct osi_trace_reader *reader = test_reader(dir);
    ck_assert_int_eq(osi_trace_check(reader, &health, NULL, NULL), 0);
    ck_assert_uint_eq(health.events, 10);
    ck_assert_uint_eq(health.lost_events, 8000);
    osi_trace_reader_free(reader);
    osi_trace_writer_close(writer, NULL);
    unmount(dir);
}
END_TEST

/* No room even for the stage: memory instead, and no SIGBUS. */
START_TEST(test_no_room_for_stage)
{
    char *dir = test_fast_directory();
    struct warnings warnings = {0};
    if (!mount_small(dir, "size=64k")) {
        test_remove(dir);
        return;
    }
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    g_autofree char *stage = g_build_filename(dir, "cpu0.open", NULL);
    ck_assert(g_access(stage, F_OK) != 0);
    test_emit(writer, 0, 0, 100000);
    osi_trace_flush(writer);
    uint64_t lost = osi_trace_lost(writer);
    osi_trace_writer_close(writer, NULL);
    expect_balance(dir, 100000, lost, true);
    unmount(dir);
}
END_TEST

/* A limit on the size of each file, as `ulimit -f` sets it. */
START_TEST(test_limited_file_size)
{
    char *dir = test_fast_directory();
    struct warnings warnings = {0};
    struct rlimit old, limit;
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){200000, old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    test_emit(writer, 0, 0, 300000);
    osi_trace_flush(writer);
    uint64_t lost = osi_trace_lost(writer);
    setrlimit(RLIMIT_FSIZE, &old); /* Check writes files too */
    ck_assert_uint_eq(warnings.n, 1);
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    expect_balance(dir, 300000, lost, true);
    test_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-full");
    TCase *tests = tcase_create("full");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_full_then_room);
    tcase_add_test(tests, test_full_to_the_end);
    tcase_add_test(tests, test_given_up);
    tcase_add_test(tests, test_no_room_for_stage);
    tcase_add_test(tests, test_limited_file_size);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
