/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large profiles: all files say the same of each function, and depth needs no stack. */
#include <json-glib/json-glib.h>
#include <osinstr/table.h>
#include <sys/resource.h>

#include "unit/random-profile.h"
#include "unit/test-profile.h"

/* With sanitizers a million nodes take ten minutes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NODES 50000
#else
#define NODES 1000000
#endif
enum { FUNCTIONS = 800, TASKS = 20, DEPTH = 100000 };

/* What a file says of each function, by the name it shows. */
struct found {
    uint64_t self, total, calls;
    size_t seen; /* the path it was last on */
};

static GHashTable *names_found(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static struct found *found_at(GHashTable *names, const char *name)
{
    struct found *found = g_hash_table_lookup(names, name);

    if (!found) {
        found = g_new0(struct found, 1);
        g_hash_table_insert(names, g_strdup(name), found);
    }
    return found;
}

static void compare(const struct random_profile *p, GHashTable *names, gboolean folded,
                    gboolean with_calls)
{
    for (size_t i = 1; i < p->profile.n_functions; i++) {
        g_autofree char *label = random_label(p, i, folded, FALSE);
        const struct found *found = g_hash_table_lookup(names, label);

        ck_assert_msg(found != NULL, "%s is missing", label);
        ck_assert_uint_eq(found->self, p->self[i]);
        ck_assert_uint_eq(found->total, p->total[i]);
        if (with_calls)
            ck_assert_uint_eq(found->calls, p->calls[i]);
    }
    ck_assert_uint_eq(g_hash_table_size(names), p->profile.n_functions - 1);
    g_hash_table_destroy(names);
}

/* ---- readers ---- */
static void read_folded(const struct random_profile *p)
{
    size_t length, lines = 0;
    char *text = written(osi_profile_folded, &p->profile, &length), *end, *save;
    GHashTable *names = names_found();

    for (char *line = text; *line; line = end + 1) {
        char *blank;
        uint64_t count;
        struct found *found = NULL;

        end = strchr(line, '\n');
        *end = '\0';
        blank = strrchr(line, ' ');
        *blank = '\0';
        count = g_ascii_strtoull(blank + 1, NULL, 10);
        lines++;
        for (char *name = strtok_r(line, ";", &save); name; name = strtok_r(NULL, ";", &save)) {
            found = found_at(names, name);
            found->total += found->seen == lines ? 0 : count;
            found->seen = lines;
        }
        found->self += count;
    }
    compare(p, names, TRUE, FALSE);
    free(text);
}

static void read_pprof(const struct random_profile *p)
{
    size_t length;
    char *file = written(osi_profile_pprof, &p->profile, &length);
    struct pprof decoded = decode_pprof(file, length);
    GHashTable *names = names_found();

    for (guint i = 0; i < decoded.samples->len; i++) {
        struct sample s = decode_sample(&decoded, g_array_index(decoded.samples, struct bytes, i));
        struct found *found = NULL;
        gboolean innermost = TRUE;

        while (s.locations.at < s.locations.end) {
            found = found_at(names, function_name(&decoded, next_varint(&s.locations), 2));
            if (innermost) {
                found->self += s.values[0];
                found->calls += s.values[1];
            }
            innermost = FALSE;
            found->total += found->seen == i + 1 ? 0 : s.values[0];
            found->seen = i + 1;
        }
        require(found == found_at(names, s.task));
    }
    compare(p, names, FALSE, TRUE);
    free_pprof(&decoded);
    free(file);
}

/* Tasks are called by nobody: their total is their own and that of their calls. */
static void read_callgrind(const struct random_profile *p)
{
    size_t length;
    char *text = written(osi_profile_callgrind, &p->profile, &length);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    struct found *found = g_new0(struct found, p->profile.n_functions);
    uint64_t caller = 0, callee = 0, calls = 0, value, summary = 0, totals = 0;
    uint8_t *seen = g_new0(uint8_t, p->profile.n_functions * p->profile.n_functions);

    for (char **line = lines; *line; line++) {
        if (sscanf(*line, "fn=(%" SCNu64 ")", &value) == 1) {
            caller = value - 1;
        } else if (sscanf(*line, "cfn=(%" SCNu64 ")", &value) == 1) {
            callee = value - 1;
            require(!seen[caller * p->profile.n_functions + callee]++); /* all calls in one place */
        } else if (sscanf(*line, "calls=%" SCNu64, &calls) == 1) {
            require(sscanf(*++line, "0 %" SCNu64, &value) == 1);
            found[callee].total += value;
            found[callee].calls += calls;
            found[caller].total += caller <= p->n_tasks ? value : 0;
        } else if (sscanf(*line, "0 %" SCNu64, &value) == 1) {
            found[caller].self += value;
            found[caller].total += caller <= p->n_tasks ? value : 0;
        }
        sscanf(*line, "summary: %" SCNu64, &summary);
        sscanf(*line, "totals: %" SCNu64, &totals);
    }
    for (size_t i = 1; i < p->profile.n_functions; i++) {
        ck_assert_uint_eq(found[i].self, p->self[i]);
        ck_assert_uint_eq(found[i].total, p->total[i]);
        if (i > p->n_tasks)
            ck_assert_uint_eq(found[i].calls, p->calls[i]);
    }
    ck_assert_uint_eq(summary, p->all);
    ck_assert_uint_eq(totals, p->all);
    g_free(seen);
    g_free(found);
    free(text);
}

static void read_report(const struct random_profile *p)
{
    struct osi_report *report = osi_report_new("hotpath");
    JsonParser *parser = json_parser_new();
    char *json = NULL;
    size_t length, n = p->profile.n_functions;
    FILE *stream = open_memstream(&json, &length);
    JsonArray *rows;
    int64_t before = INT64_MAX;

    osi_profile_report(&p->profile, report, 10);
    ck_assert_int_eq(osi_report_json(report, stream), 0);
    fclose(stream);
    ck_assert(json_parser_load_from_data(parser, json, -1, NULL));
    rows = json_object_get_array_member(json_node_get_object(json_parser_get_root(parser)),
                                        "functions");
    ck_assert_uint_eq(json_array_get_length(rows), n - 1);
    for (guint row = 0; row + 1 < n; row++) {
        JsonObject *object = json_array_get_object_element(rows, row);
        const char *name = json_object_get_string_member(object, "function");
        int64_t self = json_object_get_int_member(object, "self");
        size_t i = 1;

        while (i < n && (strcmp(p->functions[i].name, name) != 0 || (int64_t)p->self[i] != self))
            i++;
        ck_assert_uint_lt(i, n);
        ck_assert_int_eq(json_object_get_int_member(object, "total"), (int64_t)p->total[i]);
        ck_assert_int_eq(json_object_get_int_member(object, "calls"), (int64_t)p->calls[i]);
        ck_assert_int_le(self, before);
        before = self;
    }
    g_object_unref(parser);
    free(json);
    osi_report_free(report);
}

static void (*const readers[])(const struct random_profile *) = { read_folded, read_pprof,
                                                                  read_callgrind, read_report };

START_TEST(files_agree)
{
    struct random_profile *p = random_profile_new(1, TASKS, FUNCTIONS, NODES);
    size_t recursive = 0;

    for (size_t i = TASKS + 1; i < NODES; i++)
        recursive += p->nodes[i].function == p->nodes[p->nodes[i].parent].function;
    ck_assert_uint_gt(recursive, NODES / 50);
    readers[_i](p);
    random_profile_free(p);
}
END_TEST

/* One path, with instructions at each thousandth node; the stack would hold 16 bytes a node. */
START_TEST(depth_needs_no_stack)
{
    static const struct osi_profile_function functions[] = {
        { "all", "", 0 }, { "t", "[task]", 0 }, { "f", "m", 1 }, { "g", "m", 2 } };
    struct osi_profile_node *nodes = g_new0(struct osi_profile_node, DEPTH);
    struct osi_profile deep = { "hotpath", "", functions, nodes, 4, DEPTH };
    struct rlimit limit = { 16 * DEPTH, 16 * DEPTH };
    struct osi_report *report = osi_report_new("hotpath");
    FILE *null = fopen("/dev/null", "we");
    uint64_t *totals = g_new(uint64_t, DEPTH);

    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
    for (uint32_t i = 1; i < DEPTH; i++)
        nodes[i] = (struct osi_profile_node){ i - 1, i == 1 ? 1 : 2 + i % 2, i % 1000 == 0, 1 };
    osi_profile_totals(&deep, totals);
    ck_assert_uint_eq(totals[0], DEPTH / 1000 - 1);
    ck_assert_int_eq(osi_profile_folded(&deep, null), 0);
    ck_assert_int_eq(osi_profile_callgrind(&deep, null), 0);
    for (uint32_t i = 1; i < DEPTH; i++)
        nodes[i].calls = nodes[i].self; /* else each node is a sample, with its path */
    ck_assert_int_eq(osi_profile_pprof(&deep, null), 0);
    osi_profile_report(&deep, report, 10);
    ck_assert_int_eq(osi_report_text(report, null), 0);
    osi_report_free(report);
    fclose(null);
    g_free(totals);
    g_free(nodes);
}
END_TEST

/* Long paths: of two tasks in turns, each a part of the task's next. */
START_TEST(long_paths_are_whole)
{
    enum { LONG = 30000, STEP = 1000 };
    struct random_profile *p = random_profile_new(2, 2, FUNCTIONS, LONG);
    size_t length;
    struct pprof decoded;
    char *file;
    guint n = 0;

    for (uint32_t i = 1; i < LONG; i++) {
        p->nodes[i].parent = i <= 2 ? 0 : i - 2;
        p->nodes[i].calls = p->nodes[i].self = i % STEP < 2 ? i : 0;
    }
    file = written(osi_profile_pprof, &p->profile, &length);
    decoded = decode_pprof(file, length);
    for (uint32_t i = 1; i < LONG; i++) {
        struct sample s;
        uint32_t at = i;

        if (!p->nodes[i].self)
            continue;
        ck_assert_uint_lt(n, decoded.samples->len);
        s = decode_sample(&decoded, g_array_index(decoded.samples, struct bytes, n++));
        for (; s.locations.at < s.locations.end; at = p->nodes[at].parent) {
            require(at != 0);
            require(next_varint(&s.locations) == p->nodes[at].function + UINT64_C(1));
        }
        require(at == 0);
    }
    ck_assert_uint_eq(n, decoded.samples->len);
    free_pprof(&decoded);
    random_profile_free(p);
    free(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile-large");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, files_agree, 0, G_N_ELEMENTS(readers));
    tcase_add_test(tcase, depth_needs_no_stack);
    tcase_add_test(tcase, long_paths_are_whole);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
