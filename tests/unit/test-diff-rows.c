/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of reports: which are one, what they have together, and what differs notably. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

/* A run from the text of its report. */
static struct diff_run run_of(const char *json)
{
    struct diff_run run = { .dir = "DIR", .parser = json_parser_new() };

    ck_assert(json_parser_load_from_data(run.parser, json, -1, NULL));
    run.summary = json_node_get_object(json_parser_get_root(run.parser));
    run.tool = diff_text(run.summary, "report");
    run.unit = diff_text(run.summary, "unit");
    run.options = g_strsplit(diff_text(run.summary, "options"), ",", -1);
    run.histograms = diff_histograms_new();
    return run;
}

static void clear(struct diff_run *run)
{
    g_object_unref(run->parser);
    g_strfreev(run->options);
    g_hash_table_destroy(run->histograms);
}

static const struct diff_spec *spec_of(const char *report, const char *key)
{
    const struct diff_spec *spec = diff_specs;

    while (spec->key && (strcmp(spec->key, key) != 0 || strcmp(spec->report, report) != 0))
        spec++;
    ck_assert_msg(spec->key != NULL, "%s", key);
    return spec;
}

static const struct diff_row *row_at(GHashTable *rows, const char *name, const char *of)
{
    g_autofree char *key = g_strconcat(name, "\x01", of, NULL);
    const struct diff_row *row = g_hash_table_lookup(rows, key);

    ck_assert_msg(row != NULL, "%s", name);
    return row;
}

#define SCHED(tasks) "{\"report\":\"sched\",\"unit\":\"ns\",\"options\":\"out=a\",\"tasks\":[" tasks "]}"
#define TASK(comm, key, run, wait) \
    "{\"comm\":\"" comm "\",\"key\":" key ",\"run_ns\":" run ",\"voluntary\":1,\"involuntary\":2," \
    "\"waits\":3,\"wait_p50_ns\":" wait ",\"wait_p90_ns\":" wait ",\"wait_p99_ns\":" wait \
    ",\"wait_max_ns\":" wait "}"

START_TEST(tasks_of_one_name)
{
    struct diff_run run = run_of(SCHED(TASK("sh", "1", "10", "5") "," TASK("kworker/0:1", "2", "7", "8")
                                       "," TASK("kworker/0:2", "3", "4", "9")
                                       "," TASK("sh", "4", "1", "null")));
    GHashTable *rows = diff_rows(&run, spec_of("sched", "task_run"));
    const struct diff_row *row;

    ck_assert_uint_eq(g_hash_table_size(rows), 2);
    ck_assert_uint_eq(row_at(rows, "sh", NULL)->values[0], 11);
    ck_assert_uint_eq(row_at(rows, "kworker/0:*", NULL)->values[0], 11);
    g_hash_table_destroy(rows);

    osi_histogram_record(diff_histogram_of(run.histograms, "task.2"), 8);
    osi_histogram_record_n(diff_histogram_of(run.histograms, "task.3"), 9, 3);
    osi_histogram_record(diff_histogram_of(run.histograms, "task.1"), 5);
    rows = diff_rows(&run, spec_of("sched", "task_waits"));
    ck_assert_uint_eq(g_hash_table_size(rows), 3);
    row = row_at(rows, "sh", NULL); /* one of the two never waited */
    ck_assert_uint_eq(row->values[0], 5);
    ck_assert_uint_eq(row->values[3], 5);
    row = row_at(rows, "kworker/0:*", NULL);
    ck_assert_uint_eq(row->values[0], 9); /* of 8 9 9 9 */
    ck_assert_uint_eq(row->values[3], 9);
    ck_assert_uint_eq(osi_histogram_count(row_at(rows, "[all]", NULL)->histogram), 5);
    ck_assert_uint_eq(row_at(rows, "[all]", NULL)->values[3], 9);
    g_hash_table_destroy(rows);
    clear(&run);
}
END_TEST

/* Without a trace percentiles of several tasks are not known. */
START_TEST(no_histograms)
{
    struct diff_run run = run_of(SCHED(TASK("sh", "1", "10", "5") "," TASK("sh", "2", "7", "8")));
    GHashTable *rows = diff_rows(&run, spec_of("sched", "task_waits"));

    ck_assert_uint_eq(row_at(rows, "sh", NULL)->values[0], OSI_NONE);
    ck_assert_uint_eq(row_at(rows, "sh", NULL)->values[3], 8);
    g_hash_table_destroy(rows);
    clear(&run);
}
END_TEST

/* ---- reports that are damaged in a way that JSON allows ---- */
static const char *const strange[] = {
    SCHED("1,null,\"x\",[],{}"),
    SCHED("{\"comm\":1,\"key\":\"x\",\"run_ns\":-1,\"voluntary\":1.5,\"involuntary\":true,\"waits\":{}}"),
    SCHED("{\"comm\":null,\"run_ns\":\"18446744073709551615\"},{\"run_ns\":\"99999999999999999999\"}"),
    SCHED(TASK("sh", "1", "\"18446744073709551614\"", "1") "," TASK("sh", "2", "7", "1")),
    "{\"report\":\"sched\",\"unit\":\"ns\",\"options\":\"\",\"tasks\":{\"comm\":1},\"cpus\":7}",
    "{\"report\":\"irq-latency\",\"unit\":\"ns\",\"options\":\"\",\"handler\":[{\"hwirq\":\"a\",\"name\":7,"
    "\"cpu\":null,\"p50_ns\":1,\"p90_ns\":2,\"p99_ns\":3,\"p99_9_ns\":4,\"max_ns\":5}]}",
    "{\"report\":\"hotpath\",\"unit\":\"ns\",\"options\":\"by=task\",\"functions\":[{\"module\":\"[task]\","
    "\"self\":1,\"total\":2,\"calls\":3}],\"tasks\":[{\"task\":null,\"total\":[]}]}",
};

START_TEST(strange_reports)
{
    struct diff_run run = run_of(strange[_i]);

    for (const struct diff_spec *spec = diff_specs; spec->key; spec++) {
        GHashTable *rows = diff_rows(&run, spec);
        struct diff_lines lines;

        if (rows) {
            diff_compare(&lines, spec, rows, rows, false);
            ck_assert_uint_eq(lines.n_different, 0);
            diff_lines_clear(&lines);
            g_hash_table_destroy(rows);
        }
    }
    clear(&run);
}
END_TEST

/* ---- lines ---- */
static struct diff_lines compare(const char *a, const char *b, const char *key, bool exact,
                                 struct diff_run runs[2], GHashTable *rows[2])
{
    const struct diff_spec *spec = spec_of("sched", key);
    struct diff_lines lines;

    runs[0] = run_of(a);
    runs[1] = run_of(b);
    rows[0] = diff_rows(&runs[0], spec);
    rows[1] = diff_rows(&runs[1], spec);
    diff_compare(&lines, spec, rows[0], rows[1], exact);
    return lines;
}

static void clear_all(struct diff_lines *lines, struct diff_run runs[2], GHashTable *rows[2])
{
    diff_lines_clear(lines);
    for (unsigned i = 0; i < 2; i++) {
        g_hash_table_destroy(rows[i]);
        clear(&runs[i]);
    }
}

START_TEST(differences)
{
    static const struct {
        const char *name, *status;
        int64_t difference;
        bool notable;
    } expected[] = {
        { "gone", "gone", -3000, true }, { "new", "new", 2000, true }, { "large", NULL, 1100, true },
        { "slow", NULL, -600, false },   { "tiny", NULL, 9, false },   { "same", NULL, 0, false },
    };
    struct diff_run runs[2];
    GHashTable *rows[2];
    struct diff_lines lines =
        compare(SCHED(TASK("gone", "1", "3000", "1") "," TASK("large", "2", "9000", "1") ","
                      TASK("slow", "3", "70000", "1") "," TASK("tiny", "4", "1", "1") ","
                      TASK("same", "5", "1", "1")),
                SCHED(TASK("same", "1", "1", "1") "," TASK("tiny", "2", "10", "1") ","
                      TASK("slow", "3", "69400", "1") "," TASK("large", "4", "10100", "1") ","
                      TASK("new", "5", "2000", "1")), "task_run", _i, runs, rows);
    guint notable = 0;

    ck_assert_uint_eq(lines.lines->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < lines.lines->len; i++) {
        const struct diff_line *line = &g_array_index(lines.lines, struct diff_line, i);

        ck_assert_str_eq(line->name, expected[i].name);
        ck_assert_pstr_eq(line->status, expected[i].status);
        ck_assert_int_eq(line->difference, expected[i].difference);
        ck_assert_int_eq(line->notable, _i ? expected[i].difference != 0 : expected[i].notable);
        notable += line->notable;
    }
    ck_assert_uint_eq(lines.n_notable, notable);
    ck_assert_uint_eq(lines.n_different, 5);
    clear_all(&lines, runs, rows);
}
END_TEST

/* Only enough values can be told from chance, and only if they are others: what the reports say of them is in
 * all cases the same. */
START_TEST(distributions)
{
    const struct diff_spec *spec = spec_of("sched", "task_waits");
    struct diff_run a = run_of(SCHED(TASK("sh", "1", "1", "100"))),
                    b = run_of(SCHED(TASK("sh", "1", "1", "200")));
    static const struct { unsigned n, value; bool notable; } cases[] = {
        { 3, 200, false }, { 100, 200, true }, { 1000, 100, false } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        GHashTable *before, *after;
        struct diff_lines lines;

        g_hash_table_remove_all(a.histograms);
        g_hash_table_remove_all(b.histograms);
        osi_histogram_record_n(diff_histogram_of(a.histograms, "task.1"), 100, cases[i].n);
        osi_histogram_record_n(diff_histogram_of(b.histograms, "task.1"), cases[i].value, cases[i].n);
        before = diff_rows(&a, spec);
        after = diff_rows(&b, spec);
        diff_compare(&lines, spec, before, after, false);
        ck_assert_uint_eq(lines.lines->len, 8); /* [all], too */
        ck_assert_uint_eq(lines.n_notable, cases[i].notable ? 8 : 0);
        diff_lines_clear(&lines);
        g_hash_table_destroy(before);
        g_hash_table_destroy(after);
    }
    clear(&a);
    clear(&b);
}
END_TEST

START_TEST(extremes)
{
    ck_assert_int_eq(diff_difference(0, UINT64_MAX - 1), INT64_MAX);
    ck_assert_int_eq(diff_difference(UINT64_MAX - 1, 0), -INT64_MAX);
    ck_assert_int_eq(diff_difference(UINT64_MAX - 1, UINT64_MAX - 2), -1);
    ck_assert(!diff_is_notable_sum(0, 0, 0));
    ck_assert(diff_is_notable_sum(0, 1, 1));
}
END_TEST

/* ---- histograms.csv ---- */
START_TEST(histogram_files)
{
    static const char *const bad[] = { "", "x", "tag,low_ns,high_ns,count",
        "tag,low_ns,high_ns,count\na,1,2\n", "tag,low_ns,high_ns,count\na,1,2,3,4\n",
        "tag,low_ns,high_ns,count\na,2,1,3\n", "tag,low_ns,high_ns,count\na,1,2,0\n",
        "tag,low_ns,high_ns,count\na,1,-2,3\n", "tag,low_ns,high_ns,count\n\n",
        "tag,low_ns,high_ns,count\na,1,2,3" };
    GHashTable *histograms = diff_histograms_new();
    const struct osi_histogram *h;

    ck_assert_int_eq(diff_histograms_read(histograms, "tag,low_ns,high_ns,count\na,1,1,3\nb,1024,1031,2\n"
                                                      "a,7,7,1\n"), 0);
    h = g_hash_table_lookup(histograms, "a");
    ck_assert_uint_eq(osi_histogram_count(h), 4);
    ck_assert_uint_eq(osi_histogram_sum(h), 10);
    ck_assert_uint_eq(osi_histogram_percentile(g_hash_table_lookup(histograms, "b"), 50), 1031);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        ck_assert_msg(diff_histograms_read(histograms, bad[i]) < 0, "%s", bad[i]);
    g_hash_table_destroy(histograms);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diff-rows");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, tasks_of_one_name);
    tcase_add_test(tcase, no_histograms);
    tcase_add_loop_test(tcase, strange_reports, 0, G_N_ELEMENTS(strange));
    tcase_add_loop_test(tcase, differences, 0, 2);
    tcase_add_test(tcase, distributions);
    tcase_add_test(tcase, extremes);
    tcase_add_test(tcase, histogram_files);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
