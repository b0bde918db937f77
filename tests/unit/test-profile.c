/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small profiles whose files are known by heart. */
#include <errno.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <osinstr/table.h>

#include "unit/test-profile.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define PROFILE(f, n)                                                                               \
    { .tool = "hotpath", .command = "a program", .functions = f, .nodes = n, .n_functions = N(f),  \
      .n_nodes = N(n) }

/* A task that calls a kernel function twice, and an interrupt. */
static const struct osi_profile_function plain_functions[] = {
    { "all", "", 0 },
    { "sh-123", "[task]", 0 },
    { "sys_read", "[kernel]", 0xffff800010080000 },
    { "copy", "[kernel]", 0xffff800010080100 },
    { "[irq 27]", "[irq]", 0 },
    { "unused", "[kernel]", 1 },
};
static const struct osi_profile_node plain_nodes[] = {
    { 0, 0, 0, 0 },                        /* all */
    { 0, 1, 7, 1 },                        /* sh-123 */
    { 1, 2, 10, 2 },                       /* sh-123, sys_read */
    { 2, 3, 100, 5 },                      /* sh-123, sys_read, copy */
    { 2, 4, 0, 1 },                        /* sh-123, sys_read, irq */
    { 4, 3, 1000, 1 },                     /* sh-123, sys_read, irq, copy */
};
static const struct osi_profile plain = PROFILE(plain_functions, plain_nodes);

/* f, g, f, g, g, h, f: calls of itself, at once and on the way round. */
static const struct osi_profile_function round_functions[] = {
    { "all", "", 0 }, { "t", "[task]", 0 }, { "f", "m", 16 }, { "g", "m", 32 }, { "h", "m", 48 },
};
static const struct osi_profile_node round_nodes[] = {
    { 0, 0, 0, 0 },     { 0, 1, 0, 1 },      { 1, 2, 1, 1 },       { 2, 3, 10, 2 },
    { 3, 2, 100, 3 },   { 4, 3, 1000, 4 },   { 5, 3, 10000, 5 },   { 6, 4, 100000, 6 },
    { 7, 2, 1000000, 7 },
};
static const struct osi_profile recursive = PROFILE(round_functions, round_nodes);

static const struct osi_profile_function odd_functions[] = {
    { "all", "", 0 },          { " t;1 ", "[task]", 0 },  { "two\nlines", "m;", 1 },
    { "back\\slash", "m;", 2 }, { "stray\xff", "m;", 3 },  { "a b", "m;", 4 },
    { "a 12", "m;", 5 },        { "operator new", " ", 6 }, { "#x", "", 7 },
};
static const struct osi_profile_node odd_nodes[] = {
    { 0, 0, 5, 0 }, { 0, 1, 1, 1 }, { 1, 2, 2, 1 }, { 1, 3, 3, 1 }, { 1, 4, 4, 1 },
    { 1, 5, 5, 1 }, { 5, 6, 6, 1 }, { 1, 7, 7, 1 }, { 1, 8, 8, 1 },
};
static const struct osi_profile odd = PROFILE(odd_functions, odd_nodes);

/* One name in two modules, one name at two addresses, and the same function listed twice. */
static const struct osi_profile_function alike_functions[] = {
    { "all", "", 0 },        { "t", "[task]", 0 },    { "init", "a", 0x10 }, { "init", "b", 0x20 },
    { "init", "b", 0x30 },   { "probe", "a", 0x40 },  { "probe", "a", 0x50 }, { "once", "a", 0x60 },
    { "once", "a", 0x60 },
};
static const struct osi_profile_node alike_nodes[] = {
    { 0, 0, 0, 0 }, { 0, 1, 0, 1 }, { 1, 2, 1, 1 }, { 1, 3, 2, 1 }, { 1, 4, 3, 1 },
    { 1, 5, 4, 1 }, { 1, 6, 5, 1 }, { 1, 7, 6, 1 }, { 1, 8, 7, 1 }, { 8, 7, 8, 1 },
};
static const struct osi_profile alike = PROFILE(alike_functions, alike_nodes);

/* Two tasks with equal totals; the second has more of its own. */
static const struct osi_profile_node tied_nodes[] = {
    { 0, 0, 0, 0 }, { 0, 4, 1, 1 }, { 0, 1, 3, 1 }, { 1, 2, 1, 1 }, { 1, 3, 1, 1 }, { 2, 2, 0, 1 } };
static const struct osi_profile tied = PROFILE(plain_functions, tied_nodes);

static const struct osi_profile_function lone_function[] = { { "all", "", 0 } };
static const struct osi_profile_node lone_node[] = { { 0, 0, 0, 0 } };
static const struct osi_profile empty = PROFILE(lone_function, lone_node);

/* ---- totals ---- */
START_TEST(totals_add_up)
{
    const uint64_t expected[] = { 1117, 1117, 1110, 100, 1000, 1000 };
    uint64_t totals[N(plain_nodes)];

    osi_profile_totals(&plain, totals);
    for (size_t i = 0; i < N(totals); i++)
        ck_assert_uint_eq(totals[i], expected[i]);
}
END_TEST

/* ---- folded and callgrind: the whole file ---- */
static const char plain_callgrind[] =
    "# callgrind format\nversion: 1\ncreator: osinstr hotpath\ncmd: a program\npositions: line\n"
    "events: Ir\nsummary: 1117\n"
    "\nob=(1) [task]\nfl=(1) [task]\nfn=(2) sh-123\n0 7\n"
    "cob=(2) [kernel]\ncfl=(2) [kernel]\ncfn=(3) sys_read\ncalls=2 0\n0 1110\n"
    "\nob=(2)\nfl=(2)\nfn=(3)\n0 10\n"
    "cob=(2)\ncfl=(2)\ncfn=(4) copy\ncalls=5 0\n0 100\n"
    "cob=(3) [irq]\ncfl=(3) [irq]\ncfn=(5) [irq 27]\ncalls=1 0\n0 1000\n"
    "\nob=(2)\nfl=(2)\nfn=(4)\n0 1100\n"
    "\nob=(3)\nfl=(3)\nfn=(5)\n0 0\n"
    "cob=(2)\ncfl=(2)\ncfn=(4)\ncalls=1 0\n0 1000\n"
    "\ntotals: 1117\n";

/* Costs of calls: f 1111111 from t, g 1111110 from f, h 1100000 from g; all others are inside. */
static const char recursive_callgrind[] =
    "# callgrind format\nversion: 1\ncreator: osinstr hotpath\ncmd: a program\npositions: line\n"
    "events: Ir\nsummary: 1111111\n"
    "\nob=(1) [task]\nfl=(1) [task]\nfn=(2) t\n0 0\n"
    "cob=(2) m\ncfl=(2) m\ncfn=(3) f\ncalls=1 0\n0 1111111\n"
    "\nob=(2)\nfl=(2)\nfn=(3)\n0 1000101\n"
    "cob=(2)\ncfl=(2)\ncfn=(4) g\ncalls=6 0\n0 1111110\n"
    "\nob=(2)\nfl=(2)\nfn=(4)\n0 11010\n"
    "cob=(2)\ncfl=(2)\ncfn=(3)\ncalls=3 0\n0 0\n"
    "cob=(2)\ncfl=(2)\ncfn=(4)\ncalls=5 0\n0 0\n"
    "cob=(2)\ncfl=(2)\ncfn=(5) h\ncalls=6 0\n0 1100000\n"
    "\nob=(2)\nfl=(2)\nfn=(5)\n0 100000\n"
    "cob=(2)\ncfl=(2)\ncfn=(3)\ncalls=7 0\n0 0\n"
    "\ntotals: 1111111\n";

static const struct {
    const struct osi_profile *profile;
    int (*write)(const struct osi_profile *, FILE *);
    const char *expected;
} texts[] = {
    { &plain, osi_profile_folded,
      "sh-123;sys_read 10\nsh-123;sys_read;copy 100\nsh-123;sys_read;[irq 27];copy 1000\n"
      "sh-123 7\n" },
    { &plain, osi_profile_callgrind, plain_callgrind },
    { &recursive, osi_profile_folded,
      "t;f 1\nt;f;g 10\nt;f;g;f 100\nt;f;g;f;g 1000\nt;f;g;f;g;g 10000\nt;f;g;f;g;g;h 100000\n"
      "t;f;g;f;g;g;h;f 1000000\n" },
    { &recursive, osi_profile_callgrind, recursive_callgrind },
    { &odd, osi_profile_folded,
      "\\x20t\\x3b1\\x20;two\\nlines 2\n\\x20t\\x3b1\\x20;back\\\\slash 3\n"
      "\\x20t\\x3b1\\x20;stray\\xff 4\n\\x20t\\x3b1\\x20;a b 5\n\\x20t\\x3b1\\x20;a b;a\\x2012 6\n"
      "\\x20t\\x3b1\\x20;operator new 7\n\\x20t\\x3b1\\x20;\\x23x 8\nall 5\n"
      "\\x20t\\x3b1\\x20 1\n" },
    { &alike, osi_profile_folded,
      "t;init@a 1\nt;init@b@0x20 2\nt;init@b@0x30 3\nt;probe@0x40 4\nt;probe@0x50 5\nt;once 6\n"
      "t;once 7\nt;once;once 8\n" },
    { &empty, osi_profile_folded, "" },
    { &empty, osi_profile_callgrind,
      "# callgrind format\nversion: 1\ncreator: osinstr hotpath\ncmd: a program\npositions: line\n"
      "events: Ir\nsummary: 0\n\ntotals: 0\n" },
};

START_TEST(text_is_exact)
{
    size_t length;
    char *text = written(texts[_i].write, texts[_i].profile, &length);

    ck_assert_str_eq(text, texts[_i].expected);
    ck_assert_uint_eq(length, strlen(texts[_i].expected));
    free(text);
}
END_TEST

START_TEST(callgrind_keeps_names_apart)
{
    static const char *const blocks[] = {
        "cob=(3) b\ncfl=(3) b\ncfn=(4) init@0x20\n", "cfn=(5) init@0x30\n", "cfn=(3) init\n",
        "cfn=(6) probe@0x40\n", "\nfn=(8)\n0 21\ncob=(2)\ncfl=(2)\ncfn=(8)\ncalls=1 0\n0 0\n",
        "cfn=(8) once\ncalls=2 0\n0 21\n",
    };
    size_t length;
    char *text = written(osi_profile_callgrind, &alike, &length);

    for (size_t i = 0; i < N(blocks); i++)
        ck_assert_msg(strstr(text, blocks[i]) != NULL, "%s is not in\n%s", blocks[i], text);
    ck_assert_ptr_null(strstr(text, "(9)"));
    free(text);
}
END_TEST

START_TEST(callgrind_escapes)
{
    size_t length;
    char *text = written(osi_profile_callgrind, &odd, &length);

    ck_assert_ptr_nonnull(strstr(text, "\nob=(1) ???\nfl=(1) ???\nfn=(1) all\n0 5\n"));
    ck_assert_ptr_nonnull(strstr(text, "fn=(2) \\x20t;1\\x20\n"));
    ck_assert_ptr_nonnull(strstr(text, "cfn=(3) two\\nlines\n"));
    ck_assert_ptr_nonnull(strstr(text, "cob=(4) \\x20\ncfl=(4) \\x20\ncfn=(8) operator new\n"));
    ck_assert_ptr_nonnull(strstr(text, "summary: 41\n"));
    free(text);
}
END_TEST

/* Readers would take the cost of a call that was never counted for the caller's own. */
START_TEST(callgrind_counts_each_call)
{
    static const struct osi_profile_node nodes[] = { { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 1, 2, 3, 0 } };
    static const struct osi_profile uncounted = PROFILE(plain_functions, nodes);
    size_t length;
    char *text = written(osi_profile_callgrind, &uncounted, &length);

    ck_assert_ptr_nonnull(strstr(text, "calls=1 0\n0 3\n"));
    free(text);
}
END_TEST

/* ---- pprof ---- */
static void check_type(const struct pprof *p, struct bytes type, const char *name)
{
    ck_assert_str_eq(string_of(p, number_in(type, 1)), name);
    ck_assert_str_eq(string_of(p, number_in(type, 2)), "count");
}

static void check_head(const struct pprof *p, const char *comment)
{
    ck_assert_str_eq(string_of(p, 0), "");
    ck_assert_uint_eq(p->types->len, 2);
    check_type(p, g_array_index(p->types, struct bytes, 0), "instructions");
    check_type(p, g_array_index(p->types, struct bytes, 1), "calls");
    check_type(p, p->period_type, "instructions");
    ck_assert_uint_eq(p->period, 1);
    ck_assert_str_eq(string_of(p, p->default_type), "instructions");
    ck_assert_str_eq(string_of(p, p->comment), comment);
}

static const struct {
    const struct osi_profile *profile;
    const char *task;
    const char *samples; /* innermost first, then both values */
} protos[] = {
    { &plain, "sh-123",
      "sh-123 7 1\nsys_read<sh-123 10 2\ncopy<sys_read<sh-123 100 5\n[irq 27]<sys_read<sh-123 0 1\n"
      "copy<[irq 27]<sys_read<sh-123 1000 1\n" },
    { &recursive, "t",
      "t 0 1\nf<t 1 1\ng<f<t 10 2\nf<g<f<t 100 3\ng<f<g<f<t 1000 4\ng<g<f<g<f<t 10000 5\n"
      "h<g<g<f<g<f<t 100000 6\nf<h<g<g<f<g<f<t 1000000 7\n" },
    { &alike, "t",
      "t 0 1\ninit@a<t 1 1\ninit@b@0x20<t 2 1\ninit@b@0x30<t 3 1\nprobe@0x40<t 4 1\n"
      "probe@0x50<t 5 1\nonce<t 6 1\nonce<t 7 1\nonce<once<t 8 1\n" },
    { &odd, "\\x20t;1\\x20",
      "all 5 0\n\\x20t;1\\x20 1 1\ntwo\\nlines<\\x20t;1\\x20 2 1\nback\\\\slash<\\x20t;1\\x20 3 1\n"
      "stray\\xff<\\x20t;1\\x20 4 1\na b<\\x20t;1\\x20 5 1\na 12<a b<\\x20t;1\\x20 6 1\n"
      "operator new<\\x20t;1\\x20 7 1\n#x<\\x20t;1\\x20 8 1\n" },
    { &empty, "", "" },
};

START_TEST(pprof_is_exact)
{
    size_t length;
    char *file = written(osi_profile_pprof, protos[_i].profile, &length);
    struct pprof p = decode_pprof(file, length);
    GString *got = g_string_new(NULL);

    check_head(&p, "hotpath: a program");
    for (guint i = 0; i < p.samples->len; i++) {
        struct sample s = decode_sample(&p, g_array_index(p.samples, struct bytes, i));
        const char *separator = "", *outermost = NULL;

        while (s.locations.at < s.locations.end) {
            outermost = function_name(&p, next_varint(&s.locations), 2);
            g_string_append_printf(got, "%s%s", separator, outermost);
            separator = "<";
        }
        g_string_append_printf(got, " %" PRIu64 " %" PRIu64 "\n", s.values[0], s.values[1]);
        if (strcmp(outermost, "all") == 0)
            ck_assert_ptr_null(s.task);
        else
            ck_assert_str_eq(s.task, protos[_i].task);
    }
    ck_assert_str_eq(got->str, protos[_i].samples);
    g_string_free(got, TRUE);
    free_pprof(&p);
    free(file);
}
END_TEST

START_TEST(pprof_has_modules)
{
    static const char *const modules[] = { "", "[task]", "[kernel]", "[kernel]", "[irq]" };
    size_t length;
    char *file = written(osi_profile_pprof, &plain, &length);
    struct pprof p = decode_pprof(file, length);

    ck_assert_uint_eq(g_hash_table_size(p.maps), 3);
    ck_assert_uint_eq(g_hash_table_size(p.locations), 4);
    ck_assert_uint_eq(g_hash_table_size(p.functions), 4);
    for (uint64_t id = 2; id <= 5; id++) {
        struct bytes location = by_id(p.locations, id);
        struct bytes map = by_id(p.maps, number_in(location, 2));

        ck_assert_str_eq(string_of(&p, number_in(map, 5)), modules[id - 1]);
        ck_assert_uint_eq(number_in(map, 7), 1);
        ck_assert_uint_eq(number_in(location, 3), plain_functions[id - 1].address);
        ck_assert_str_eq(function_name(&p, id, 3), plain_functions[id - 1].name);
    }
    free_pprof(&p);
    free(file);
}
END_TEST

START_TEST(pprof_is_the_same_each_time)
{
    size_t first_length, second_length;
    char *first = written(osi_profile_pprof, &plain, &first_length);
    char *second;

    g_usleep(1100000); /* a time of day would show */
    second = written(osi_profile_pprof, &plain, &second_length);
    ck_assert_uint_eq(first_length, second_length);
    ck_assert_mem_eq(first, second, first_length);
    ck_assert_mem_eq(first, "\x1f\x8b\x08\0\0\0\0\0", 8); /* no name, no time */
    free(first);
    free(second);
}
END_TEST

START_TEST(pprof_values_are_signed)
{
    static const struct osi_profile_node nodes[] = {
        { 0, 0, 0, 0 }, { 0, 1, UINT64_MAX, (uint64_t)INT64_MAX + 1 } };
    static const struct osi_profile huge = PROFILE(plain_functions, nodes);
    size_t length;
    char *file = written(osi_profile_pprof, &huge, &length);
    struct pprof p = decode_pprof(file, length);
    struct sample s = decode_sample(&p, g_array_index(p.samples, struct bytes, 0));

    ck_assert_uint_eq(s.values[0], INT64_MAX);
    ck_assert_uint_eq(s.values[1], INT64_MAX);
    free_pprof(&p);
    free(file);
}
END_TEST

/* ---- report ---- */
/* Table `key` of the report's JSON, a row a line, cells joined by blanks; to be freed. */
static char *rows_of(const struct osi_profile *profile, const char *key, const char *const *columns)
{
    struct osi_report *report = osi_report_new("hotpath");
    JsonParser *parser = json_parser_new();
    GString *out = g_string_new(NULL);
    char *json = NULL;
    JsonArray *rows;
    size_t length;
    FILE *stream = open_memstream(&json, &length);

    osi_profile_report(profile, report, 1);
    ck_assert_int_eq(osi_report_json(report, stream), 0);
    fclose(stream);
    ck_assert(json_parser_load_from_data(parser, json, -1, NULL));
    rows = json_object_get_array_member(json_node_get_object(json_parser_get_root(parser)), key);
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);

        for (const char *const *column = columns; *column; column++) {
            g_autofree char *cell = json_to_string(json_object_get_member(row, *column), FALSE);

            g_string_append_printf(out, "%s%s", column == columns ? "" : " ", cell);
        }
        g_string_append_c(out, '\n');
    }
    g_object_unref(parser);
    free(json);
    osi_report_free(report);
    return g_string_free(out, FALSE);
}

static const char *const function_columns[] = { "function", "module", "address", "self", "total",
                                                "calls", NULL };
static const char *const share_columns[] = { "self_share", "total_share", NULL };
static const char *const task_columns[] = { "task", "total", "share", NULL };
static const char *const path_columns[] = { "depth", "function", "module", "address", "total",
                                            "parent_share", "self", NULL };
static const struct {
    const struct osi_profile *profile;
    const char *table;
    const char *const *columns;
    const char *expected;
} reports[] = {
    { &plain, "functions", function_columns,
      "\"copy\" \"[kernel]\" \"0xffff800010080100\" 1100 1100 6\n"
      "\"sys_read\" \"[kernel]\" \"0xffff800010080000\" 10 1110 2\n"
      "\"sh-123\" \"[task]\" null 7 1117 1\n\"[irq 27]\" \"[irq]\" null 0 1000 1\n" },
    { &alike, "functions", share_columns,
      "0.58333333333333337 0.58333333333333337\n0.1388888888888889 0.1388888888888889\n"
      "0.1111111111111111 0.1111111111111111\n0.083333333333333329 0.083333333333333329\n"
      "0.055555555555555552 0.055555555555555552\n0.027777777777777776 0.027777777777777776\n"
      "0.0 1.0\n" },
    { &plain, "tasks", task_columns, "\"sh-123\" 1117 1.0\n" },
    { &recursive, "functions", function_columns,
      "\"f\" \"m\" \"0x0000000000000010\" 1000101 1111111 11\n"
      "\"h\" \"m\" \"0x0000000000000030\" 100000 1100000 6\n"
      "\"g\" \"m\" \"0x0000000000000020\" 11010 1111110 11\n\"t\" \"[task]\" null 0 1111111 1\n" },
    { &alike, "functions", function_columns,
      "\"once\" \"a\" \"0x0000000000000060\" 21 21 3\n\"probe\" \"a\" \"0x0000000000000050\" 5 5 1\n"
      "\"probe\" \"a\" \"0x0000000000000040\" 4 4 1\n\"init\" \"b\" \"0x0000000000000030\" 3 3 1\n"
      "\"init\" \"b\" \"0x0000000000000020\" 2 2 1\n\"init\" \"a\" \"0x0000000000000010\" 1 1 1\n"
      "\"t\" \"[task]\" null 0 36 1\n" },
    { &plain, "hottest_path", path_columns,
      "1 \"sh-123\" \"[task]\" null 1117 1.0 7\n"
      "2 \"sys_read\" \"[kernel]\" \"0xffff800010080000\" 1110 0.99373321396598036 10\n"
      "3 \"[irq 27]\" \"[irq]\" null 1000 0.90090090090090091 0\n"
      "4 \"copy\" \"[kernel]\" \"0xffff800010080100\" 1000 1.0 1000\n" },
    { &tied, "hottest_path", path_columns,
      "1 \"[irq 27]\" \"[irq]\" null 3 0.5 1\n"
      "2 \"sys_read\" \"[kernel]\" \"0xffff800010080000\" 1 0.33333333333333331 1\n" },
    { &tied, "tasks", task_columns, "\"[irq 27]\" 3 0.5\n\"sh-123\" 3 0.5\n" },
    { &empty, "functions", function_columns, "" },
    { &empty, "functions", share_columns, "" },
    { &empty, "tasks", task_columns, "" },
    { &empty, "hottest_path", path_columns, "" },
};

START_TEST(report_is_exact)
{
    g_autofree char *rows = rows_of(reports[_i].profile, reports[_i].table, reports[_i].columns);

    ck_assert_str_eq(rows, reports[_i].expected);
}
END_TEST

START_TEST(report_text_stops)
{
    struct osi_report *report = osi_report_new("hotpath");
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    osi_profile_report(&alike, report, 2);
    ck_assert_int_eq(osi_report_text(report, stream), 0);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "5 more"));
    ck_assert_ptr_null(strstr(text, "0x"));
    free(text);
    osi_report_free(report);
}
END_TEST

/* ---- a full disk ---- */
static int (*const writers[])(const struct osi_profile *, FILE *) = {
    osi_profile_folded, osi_profile_callgrind, osi_profile_pprof };

START_TEST(full_disk_is_an_error)
{
    for (int buffered = 0; buffered < 2; buffered++) {
        FILE *full = fopen("/dev/full", "we");

        ck_assert_ptr_nonnull(full);
        setvbuf(full, NULL, buffered ? _IOFBF : _IONBF, buffered ? 65536 : 0);
        ck_assert_int_eq(writers[_i](&plain, full), -ENOSPC);
        fclose(full);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, totals_add_up);
    tcase_add_loop_test(tcase, text_is_exact, 0, N(texts));
    tcase_add_test(tcase, callgrind_keeps_names_apart);
    tcase_add_test(tcase, callgrind_escapes);
    tcase_add_test(tcase, callgrind_counts_each_call);
    tcase_add_loop_test(tcase, pprof_is_exact, 0, N(protos));
    tcase_add_test(tcase, pprof_has_modules);
    tcase_add_test(tcase, pprof_is_the_same_each_time);
    tcase_add_test(tcase, pprof_values_are_signed);
    tcase_add_loop_test(tcase, report_is_exact, 0, N(reports));
    tcase_add_test(tcase, report_text_stops);
    tcase_add_loop_test(tcase, full_disk_is_an_error, 0, N(writers));
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
