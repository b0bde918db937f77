/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace of every released format version stays readable, for ever.
 *
 * tests/golden/trace-VERSION/ is the trace, tests/golden/trace-VERSION.txt what it says.
 *
 *   test-trace-golden --print DIR   prints what a trace says: a new expectation
 *   test-trace-golden --make DIR    writes the golden content in today's format
 */
#include "test-trace.h"

/* $srcdir is set by `make check`. */
static char *golden_path(const char *name)
{
    const char *srcdir = g_getenv("srcdir");
    return g_build_filename(srcdir ? srcdir : ".", "tests", "golden", name, NULL);
}

static void print_schema(struct osi_trace_reader *reader, GString *out)
{
    for (size_t t = 0; t < osi_trace_n_types(reader); t++) {
        const struct osi_event_type *type = osi_trace_type(reader, t);
        g_string_append_printf(out, "type %zu %s\n", t, type->name);
        for (unsigned f = 0; f < type->n_fields; f++)
            g_string_append_printf(out, "  field %s kind %u prediction %u chain %u\n",
                                   type->fields[f].name, (unsigned)type->fields[f].kind,
                                   (unsigned)type->fields[f].predict, type->fields[f].chain);
    }
}

static void print_definitions(struct osi_trace_reader *reader, GString *out)
{
    const char *key, *value;
    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++)
        g_string_append_printf(out, "info %s = %s\n", key, value);
    for (uint32_t id = 0; id < 1000; id++) {
        const struct osi_task_def *task = osi_trace_task(reader, id);
        if (task)
            g_string_append_printf(out, "task %u pid %u tgid %u previous %u at 0x%" PRIx64
                                   " \"%s\"\n", task->id, task->pid, task->tgid, task->previous,
                                   task->address, task->comm);
    }
    for (uint32_t id = 0; id < 1000; id++)
        if (osi_trace_string(reader, id))
            g_string_append_printf(out, "string %u \"%s\"\n", id, osi_trace_string(reader, id));
}

static void print_events(struct osi_trace_reader *reader, GString *out)
{
    struct osi_trace_event event;
    while (osi_trace_next(reader, &event)) {
        const struct osi_event_type *type = osi_trace_type(reader, event.type);
        g_string_append_printf(out, "%" PRIu64 " cpu%u %s", event.time, event.stream, type->name);
        for (unsigned f = 0; f < type->n_fields; f++)
            g_string_append_printf(out, " %" PRIu64, event.fields[f]);
        g_string_append_c(out, '\n');
    }
}

static GString *print_trace(const char *dir)
{
    GString *out = g_string_new(NULL);
    struct osi_trace_reader *reader = test_reader(dir);
    struct osi_trace_health health;
    print_schema(reader, out);
    print_definitions(reader, out);
    print_events(reader, out);
    int rc = osi_trace_check(reader, &health, test_print_line, out);
    g_string_append_printf(out, "check %d complete %d blocks %" PRIu64 " bad %" PRIu64 " missing %"
                           PRIu64 " records %" PRIu64 "\n", rc, health.complete, health.blocks,
                           health.bad_blocks, health.missing_blocks, health.bad_records);
    g_string_append_printf(out, "events %" PRIu64 " staged %" PRIu64 " lost %" PRIu64
                           " unknown %" PRIu64 " bytes %" PRIu64 " from %" PRIu64 " to %" PRIu64
                           "\n", health.events, health.staged_events, health.lost_events,
                           health.unknown_events, health.bytes, health.first_time,
                           health.last_time);
    osi_trace_reader_free(reader);
    return out;
}

static void expect_golden(const char *name)
{
    g_autofree char *dir = golden_path(name), *file = g_strconcat(dir, ".txt", NULL);
    g_autofree char *want = NULL;
    ck_assert_msg(g_file_get_contents(file, &want, NULL, NULL), "no %s", file);
    GString *got = print_trace(dir);
    size_t at = 0, line = 0;
    for (; got->str[at] && got->str[at] == want[at]; at++)
        line = got->str[at] == '\n' ? at + 1 : line;
    ck_assert_msg(!strcmp(got->str, want), "%s says %.60s, and should say %.60s", name,
                  got->str + line, want + line);
    g_string_free(got, TRUE);
}

/* Every trace that lies there, so that a new version only needs its files. */
START_TEST(test_golden)
{
    const char *name;
    unsigned n = 0;
    g_autofree char *path = golden_path("");
    GDir *dir = g_dir_open(path, 0, NULL);
    ck_assert_msg(dir != NULL, "no %s", path);
    while ((name = g_dir_read_name(dir))) {
        if (!g_str_has_prefix(name, "trace-") || g_str_has_suffix(name, ".txt"))
            continue;
        expect_golden(name);
        n++;
    }
    ck_assert_uint_ge(n, 2);
    g_dir_close(dir);
}
END_TEST

/* One column of each encoding, all predictions, extreme values, a rename, and
 * (killed) a stage of a run that never closed. */
static void make_golden(const char *dir, const char *codec, bool killed)
{
    struct osi_trace_writer *writer = test_writer(dir, 2, codec);
    osi_trace_define_task(writer, &(struct osi_task_def){1, 0, 0, 0, 0xffff800081a3c040, "idle"});
    osi_trace_define_task(writer, &(struct osi_task_def){2, 7, 7, 0, 0xffff000001234500, "sh"});
    osi_trace_define_task(writer, &(struct osi_task_def){3, 7, 7, 2, 0xffff000001234500, "ls"});
    osi_trace_define_task(writer, &(struct osi_task_def){4, 9, 7, 0, UINT64_MAX, "worker/0:1"});
    osi_trace_define_string(writer, "arch_timer");
    osi_trace_define_string(writer, "uart-pl011 \xc3\xa9");
    test_emit(writer, 0, 0, 300);
    test_emit(writer, 1, 0, 3);
    osi_trace_flush(writer);
    osi_trace_note(writer, "clock.frequency", "62500000");
    test_emit(writer, 0, 300, 340);
    static const uint64_t extremes[] = {UINT64_MAX, 0, (uint64_t)INT64_MIN, (uint64_t)-1, 1};
    osi_trace_emit(writer, 1, 0, UINT64_MAX - 1, extremes);
    if (killed)
        _exit(0);
    test_assert(!osi_trace_writer_close(writer, NULL), "cannot close");
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--print")) {
        GString *text = print_trace(argv[2]);
        fputs(text->str, stdout);
        return EXIT_SUCCESS;
    }
    if (argc >= 3 && !strcmp(argv[1], "--make")) {
        test_period = argc > 3 && strcmp(argv[3], "none") ? 12 : 0;
        make_golden(argv[2], argc > 3 ? argv[3] : "none", argc > 4);
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("trace-golden");
    TCase *tests = tcase_create("golden");
    tcase_add_test(tests, test_golden);
    suite_add_tcase(suite, tests);
    return test_run(suite);
}
