/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports against golden files, and read back by a JSON parser.
 *
 * A case NAME is compared with tests/golden/report-NAME.txt and .json;
 * OSI_GOLDEN_UPDATE=1 writes these instead, to be read before they are believed.
 */
#include <check.h>
#include <errno.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <osinstr/schedstat.h>
#include <osinstr/table.h>
#include <stdlib.h>
#include <string.h>

static char *print_with(int (*emit)(const struct osi_report *, FILE *),
                        const struct osi_report *report)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(emit(report, stream), 0);
    fclose(stream);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

/* The object that the JSON form parses to; unref the parser when done. */
static JsonObject *parse(const char *json, JsonParser **parser)
{
    GError *error = NULL;

    *parser = json_parser_new();
    ck_assert_msg(json_parser_load_from_data(*parser, json, -1, &error), "%s",
                  error ? error->message : "");
    return json_node_get_object(json_parser_get_root(*parser));
}

/* ---- golden cases ---- */
static void build_empty(struct osi_report *report)
{
    (void)report;
}

static const struct osi_column basic_columns[] = {
    {"name", "name", OSI_COL_STRING},      {"calls", "calls", OSI_COL_COUNT},
    {"delta", "delta", OSI_COL_INT},       {"run", "run", OSI_COL_TIME},
    {"at_ns", "at", OSI_COL_STAMP},        {"share", "share", OSI_COL_RATIO},
    {"pc", "pc", OSI_COL_ADDRESS},         {"hidden", NULL, OSI_COL_COUNT},
    {"module", "module", OSI_COL_STRING},
};

static void build_basic(struct osi_report *report)
{
    osi_report_string(report, "kernel", "Linux 6.12");
    osi_report_count(report, "switches", 1234567);
    osi_report_time(report, "span", 12345678901);
    osi_report_time(report, "idle_ns", 999960);
    osi_report_stamp(report, "wait_max_at", 1234567);
    osi_report_ratio(report, "busy_share", 0.125);
    osi_report_count(report, "nothing", OSI_NONE);
    osi_report_table(report, "functions", "functions by run time", basic_columns,
                     G_N_ELEMENTS(basic_columns));
    osi_report_limit(report, 3);
    osi_report_row(report, "schedule", (uint64_t)12, (int64_t)-5, (uint64_t)1234567,
                   (uint64_t)1500000499, 0.5, UINT64_C(0xffff800080010000), (uint64_t)1, "vmlinux");
    osi_report_row(report, "f", (uint64_t)123456789, INT64_C(7), (uint64_t)999,
                   (uint64_t)1500000500, 0.00125, UINT64_C(0x4000), (uint64_t)2, NULL);
    osi_report_row(report, NULL, OSI_NONE, INT64_MIN, OSI_NONE, OSI_NONE, (double)NAN, OSI_NONE,
                   OSI_NONE, "ext4");
    osi_report_row(report, "cut", (uint64_t)INT64_MAX + 1, INT64_MAX, (uint64_t)0, (uint64_t)0, 1.0,
                   (uint64_t)0, (uint64_t)INT64_MAX, "");
    osi_report_table(report, "none", "nothing here", basic_columns, 2);
    osi_report_note(report, "%d of %d blocks were lost (%.1f %%)", 3, 100, 2.5);
    osi_report_note(report, "two\nlines");
}

static const struct osi_column change_columns[] = {
    {"calls", "calls", OSI_COL_CHANGE},       {"run", "run", OSI_COL_TIME_CHANGE},
    {"grew", "by", OSI_COL_RATIO_CHANGE},     {"p", "p", OSI_COL_PROBABILITY},
};

static void state_changes(struct osi_report *report)
{
    osi_report_table(report, "changes", "changes", change_columns, G_N_ELEMENTS(change_columns));
    osi_report_row(report, INT64_C(12), INT64_C(1234567), 0.5, 0.05);
    osi_report_row(report, INT64_C(-12), INT64_C(-1234567), -0.12345, 0.0009);
    osi_report_row(report, INT64_C(0), INT64_C(0), 0.0, 1.0);
    osi_report_row(report, INT64_MIN + 1, INT64_MIN + 1, 1e6, 0.0);
    osi_report_row(report, INT64_MIN, INT64_MIN, (double)NAN, (double)NAN);
}

static void build_changes(struct osi_report *report)
{
    state_changes(report);
}

static void build_insn_changes(struct osi_report *report)
{
    osi_report_unit(report, "insn");
    state_changes(report);
}

static const struct osi_column name_columns[] = {
    {"comm", "comm", OSI_COL_STRING},
    {"pid", "pid", OSI_COL_COUNT},
};

static const char *const odd_names[] = {
    "plain",        "quo\"te",      "back\\slash",  "new\nline\ttab", "bell\x07\x1b[31m",
    "\x01\x1f\x7f", "größer",       "日本語",       "e\xcc\x81t",     "stray\xff\xc3",
    "bidi\xe2\x80\xaetxt", "c1\xc2\x9b", "\xf0\x9f\x98\x80", "", " pad ",
};

static void build_names(struct osi_report *report)
{
    osi_report_table(report, "tasks", "tasks", name_columns, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(odd_names); i++)
        osi_report_row(report, odd_names[i], (uint64_t)i);
}

static void build_insn(struct osi_report *report)
{
    osi_report_unit(report, "insn");
    osi_report_time(report, "span_ns", 12345678901);
    osi_report_stamp(report, "wait_max_at", 1234567);
    osi_report_table(report, "functions", "functions", basic_columns, 6);
    osi_report_row(report, "f", (uint64_t)1, INT64_C(2), (uint64_t)1234567, (uint64_t)89, 0.5);
    osi_report_table(report, "names", "names", name_columns, 2);
}

static void build_twice(struct osi_report *report)
{
    static const struct osi_column columns[] = {
        {"run", "run", OSI_COL_TIME}, {"run_ns", "again", OSI_COL_TIME},
        {"run", "count", OSI_COL_COUNT}};

    osi_report_count(report, "report", 1);
    osi_report_count(report, "tasks", 2);
    osi_report_time(report, "idle", 3);
    osi_report_time(report, "idle", 4);
    osi_report_table(report, "tasks", "one", columns, 3);
    osi_report_row(report, (uint64_t)1, (uint64_t)2, (uint64_t)3);
    osi_report_table(report, "tasks", "two", columns, 0);
}

static struct osi_event on_cpu(uint64_t time, const struct osi_task *prev, uint32_t state,
                               const struct osi_task *next, uint64_t wait)
{
    return (struct osi_event){.kind = OSI_EVENT_SCHED_SWITCH, .time = time,
                              .sched_switch = {.prev = prev, .next = next, .prev_state = state,
                                               .next_waited = wait != 0, .wait = wait}};
}

static void build_sched(struct osi_report *report)
{
    static const struct osi_task idle = {1, 1, 0, 0, 0xffff800081000000, "swapper/0"};
    static const struct osi_task sh = {2, 2, 100, 100, 0xffff000001000000, "sh"};
    static const struct osi_task ls = {4, 2, 100, 100, 0xffff000001000000, "ls \"-l\"\n"};
    static const struct osi_task kworker = {3, 3, 7, 7, 0xffff000002000000, "kworker/0:1"};
    struct osi_event events[] = {
        {.kind = OSI_EVENT_SCHED_WAKEUP, .time = 900000, .sched_wakeup = {.task = &sh}},
        on_cpu(1000000, &idle, OSI_STATE_RUNNING, &sh, 100000),
        on_cpu(3500000, &sh, OSI_STATE_PREEMPTED, &kworker, 12345),
        on_cpu(3600000, &kworker, OSI_STATE_IDLE, &ls, 0),
        on_cpu(5000000, &ls, OSI_STATE_INTERRUPTIBLE, NULL, 0),
        on_cpu(5000100, NULL, OSI_STATE_UNKNOWN, &idle, 0),
    };
    struct osi_schedstat *stat = osi_schedstat_new();

    osi_schedstat_begin(stat, 0, 0, &idle);
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        osi_schedstat_event(stat, &events[i]);
    osi_schedstat_end(stat, 0, 10000000);
    osi_schedstat_report(stat, report, 2);
    osi_schedstat_free(stat);
}

static void build_sched_insn(struct osi_report *report)
{
    osi_report_unit(report, "insn");
    build_sched(report);
}

static const struct {
    const char *name;
    void (*build)(struct osi_report *report);
} cases[] = {
    {"empty", build_empty}, {"basic", build_basic}, {"changes", build_changes},
    {"insn-changes", build_insn_changes}, {"names", build_names},
    {"insn", build_insn},   {"twice", build_twice}, {"sched", build_sched},
    {"sched-insn", build_sched_insn},
};

static void compare_golden(const char *name, const char *suffix, const char *text)
{
    const char *root = g_getenv("srcdir");
    g_autofree char *path = g_strdup_printf("%s/tests/golden/report-%s.%s", root ? root : ".", name,
                                            suffix);
    g_autofree char *expected = NULL;

    if (g_getenv("OSI_GOLDEN_UPDATE"))
        ck_assert(g_file_set_contents(path, text, -1, NULL));
    ck_assert_msg(g_file_get_contents(path, &expected, NULL, NULL), "cannot read %s", path);
    ck_assert_msg(strcmp(text, expected) == 0, "%s differs; now:\n%s", path, text);
}

START_TEST(equals_golden_files)
{
    struct osi_report *report = osi_report_new(cases[_i].name);
    char *text, *json;
    JsonParser *parser;

    cases[_i].build(report);
    text = print_with(osi_report_text, report);
    json = print_with(osi_report_json, report);
    compare_golden(cases[_i].name, "txt", text);
    compare_golden(cases[_i].name, "json", json);
    ck_assert(g_utf8_validate(text, -1, NULL));
    ck_assert(g_utf8_validate(json, -1, NULL));
    ck_assert_ptr_null(strstr(text, " \n"));
    for (const char *c = text; *c; c++)
        ck_assert((unsigned char)*c >= 0x20 || *c == '\n');
    for (const char *c = json; *c; c++)
        ck_assert((unsigned char)*c >= 0x20 || *c == '\n');
    ck_assert_str_eq(json_object_get_string_member(parse(json, &parser), "report"), cases[_i].name);
    g_object_unref(parser);
    free(json);
    free(text);
    osi_report_free(report);
}
END_TEST

/* ---- what JSON gives back ---- */
START_TEST(json_keeps_values)
{
    struct osi_report *report = osi_report_new("basic");
    JsonParser *parser;
    JsonObject *root, *row;
    JsonArray *rows;
    char *json;

    build_basic(report);
    json = print_with(osi_report_json, report);
    root = parse(json, &parser);
    ck_assert_int_eq(json_object_get_int_member(root, "span_ns"), 12345678901);
    ck_assert_int_eq(json_object_get_int_member(root, "idle_ns"), 999960);
    ck_assert(json_object_get_double_member(root, "busy_share") == 0.125);
    ck_assert(json_object_get_null_member(root, "nothing"));
    rows = json_object_get_array_member(root, "functions");
    ck_assert_uint_eq(json_array_get_length(rows), 4); /* text stops after 3 */
    row = json_array_get_object_element(rows, 0);
    ck_assert_int_eq(json_object_get_int_member(row, "delta"), -5);
    ck_assert_int_eq(json_object_get_int_member(row, "run_ns"), 1234567);
    ck_assert_str_eq(json_object_get_string_member(row, "pc"), "0xffff800080010000");
    row = json_array_get_object_element(rows, 2);
    for (size_t i = 0; i + 1 < G_N_ELEMENTS(basic_columns); i++)
        ck_assert(json_object_get_null_member(
            row, basic_columns[i].kind == OSI_COL_TIME ? "run_ns" : basic_columns[i].key));
    row = json_array_get_object_element(rows, 3);
    ck_assert_str_eq(json_object_get_string_member(row, "calls"), "9223372036854775808");
    ck_assert_int_eq(json_object_get_int_member(row, "hidden"), INT64_MAX);
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "notes")), 2);
    g_object_unref(parser);
    free(json);
    osi_report_free(report);
}
END_TEST

START_TEST(json_keeps_names)
{
    struct osi_report *report = osi_report_new("names");
    JsonParser *parser;
    JsonArray *rows;
    char *json;

    build_names(report);
    json = print_with(osi_report_json, report);
    rows = json_object_get_array_member(parse(json, &parser), "tasks");
    for (guint i = 0; i < G_N_ELEMENTS(odd_names); i++) {
        g_autofree char *valid = g_utf8_make_valid(odd_names[i], -1);
        JsonObject *row = json_array_get_object_element(rows, i);

        ck_assert_str_eq(json_object_get_string_member(row, "comm"), valid);
    }
    g_object_unref(parser);
    free(json);
    osi_report_free(report);
}
END_TEST

/* Any bytes at all as a name: both forms stay well-formed. */
START_TEST(any_bytes_are_a_name)
{
    GRand *random = g_rand_new_with_seed(7);

    for (int round = 0; round < 300; round++) {
        struct osi_report *report = osi_report_new("bytes");
        char name[16] = "", *text, *json;
        JsonParser *parser;

        for (int i = 0; i < 15; i++)
            name[i] = (char)g_rand_int_range(random, 1, 256);
        osi_report_string(report, "name", name);
        osi_report_note(report, "%s", name);
        text = print_with(osi_report_text, report);
        json = print_with(osi_report_json, report);
        ck_assert(g_utf8_validate(text, -1, NULL));
        parse(json, &parser);
        g_object_unref(parser);
        for (const char *c = json; *c; c++)
            ck_assert((unsigned char)*c >= 0x20 || *c == '\n');
        free(json);
        free(text);
        osi_report_free(report);
    }
    g_rand_free(random);
}
END_TEST

START_TEST(full_disk_is_an_error)
{
    struct osi_report *report = osi_report_new("full");
    FILE *full = fopen("/dev/full", "w");

    if (full) {
        ck_assert_int_eq(osi_report_text(report, full), -ENOSPC);
        ck_assert_int_eq(osi_report_json(report, full), -ENOSPC);
        fclose(full);
    }
    osi_report_free(report);
    osi_report_free(NULL);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("report");
    Suite *suite = suite_create("report");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, equals_golden_files, 0, G_N_ELEMENTS(cases));
    tcase_add_test(tests, json_keeps_values);
    tcase_add_test(tests, json_keeps_names);
    tcase_add_test(tests, any_bytes_are_a_name);
    tcase_add_test(tests, full_disk_is_an_error);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
