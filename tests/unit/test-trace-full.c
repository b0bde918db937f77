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

#define SKIP 77

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
    ck_assert_uint_eq(test_count_originals(reader, 0, emitted), health.events);
    osi_trace_reader_free(reader);
    g_string_free(lines, TRUE);
}

/* Runs `body` in a process that may be limited or have a file system of its own. */
static void in_child(int (*body)(const char *dir))
{
    char *dir = test_fast_directory();
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid)
        _exit(body(dir));
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == SKIP)
        fprintf(stderr, "skipped: no right to mount a file system\n");
    else
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    test_remove(dir);
}

static void mount_small(const char *dir, const char *size)
{
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", dir, "tmpfs", 0, size))
        _exit(SKIP);
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
static int full_then_room(const char *dir)
{
    struct warnings warnings = {0};
    mount_small(dir, "size=1m");
    g_autofree char *filler = g_build_filename(dir, "filler", NULL);
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    test_emit(writer, 0, 0, 20000);
    ck_assert_uint_eq(osi_trace_lost(writer), 0);
    fill(filler);
    test_emit(writer, 0, 20000, 60000);
    uint32_t id = osi_trace_define_string(writer, "while full");
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
    ck_assert_str_eq(osi_trace_string(reader, id), "while full");
    osi_trace_reader_free(reader);
    return umount(dir);
}

/* Full to the end: close says so, and what is staged stays readable. */
static int full_to_the_end(const char *dir)
{
    struct warnings warnings = {0};
    struct osi_error err = {""};
    mount_small(dir, "size=400k");
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    test_emit(writer, 0, 0, 300000);
    uint64_t lost = osi_trace_lost(writer);
    ck_assert_int_eq(osi_trace_writer_close(writer, &err), -ENOSPC);
    ck_assert_uint_gt(strlen(err.text), 0);
    expect_balance(dir, 300000, lost, false);
    return umount(dir);
}

/* No room even for the stage: memory instead, and no SIGBUS. */
static int no_room_for_stage(const char *dir)
{
    struct warnings warnings = {0};
    mount_small(dir, "size=64k");
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    g_autofree char *stage = g_build_filename(dir, "cpu0.open", NULL);
    ck_assert(g_access(stage, F_OK) != 0);
    test_emit(writer, 0, 0, 100000);
    osi_trace_flush(writer);
    uint64_t lost = osi_trace_lost(writer);
    osi_trace_writer_close(writer, NULL);
    expect_balance(dir, 100000, lost, true);
    return umount(dir);
}

/* A limit on the size of each file, as `ulimit -f` sets it. */
static int limited_file_size(const char *dir)
{
    struct warnings warnings = {0};
    struct rlimit limit = {200000, 200000};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct osi_trace_writer *writer = warned_writer(dir, &warnings);
    test_emit(writer, 0, 0, 300000);
    osi_trace_flush(writer);
    uint64_t lost = osi_trace_lost(writer);
    ck_assert_uint_eq(warnings.n, 1);
    ck_assert_int_eq(osi_trace_writer_close(writer, NULL), 0);
    expect_balance(dir, 300000, lost, true);
    test_empty(dir);
    return 0;
}

START_TEST(test_full_then_room)
{
    in_child(full_then_room);
}
END_TEST

START_TEST(test_full_to_the_end)
{
    in_child(full_to_the_end);
}
END_TEST

START_TEST(test_no_room_for_stage)
{
    in_child(no_room_for_stage);
}
END_TEST

START_TEST(test_limited_file_size)
{
    in_child(limited_file_size);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace-full");
    TCase *tests = tcase_create("full");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_full_then_room);
    tcase_add_test(tests, test_full_to_the_end);
    tcase_add_test(tests, test_no_room_for_stage);
    tcase_add_test(tests, test_limited_file_size);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
