/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks summed up: rows, order, file. */
#include <check.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/blockstat.h>
#include <osinstr/table.h>

static struct osi_blockstat *stat;

static void block(uint32_t id, uint64_t address, uint32_t insns, uint32_t function,
                  const char *symbol, const char *module, uint64_t executions)
{
    struct osi_blockstat_block one = {
        .id = id, .address = address, .size = 4 * insns, .insns = insns, .function = function,
        .symbol = symbol, .module = module, .offset = address & 0xff, .executions = executions,
    };

    osi_blockstat_block(stat, &one);
}

static void fill(void)
{
    stat = osi_blockstat_new();
    block(1, 0x1000, 4, 1, "main", "a.elf", 10);
    block(2, 0x1010, 2, 1, "main", "a.elf", 100);
    block(3, 0x2000, 3, 2, "main", "b.elf", 50); /* another one of that name */
    block(4, 0x3000, 5, 0, NULL, "[user]", 1);
    block(5, 0x3100, 1, 0, NULL, "[user]", 2);
    block(6, 0x4000, 1, 0, NULL, NULL, 3);
    block(7, 0x5000, 9, 3, "never", "a.elf", 0);
    block(8, 0x900, 10, 4, "odd, \"name\"", "a.elf", 20);
    osi_blockstat_task(stat, 7, "cat", 300, 20);
    osi_blockstat_task(stat, 8, "cat", 1, 0);
    osi_blockstat_task(stat, 7, "cat", 100, 30); /* another vCPU */
    osi_blockstat_task(stat, OSI_NONE, "early", 149, 0);
    osi_blockstat_task(stat, 9, "idle", 0, 0);
}

/* Of each table but that of blocks the JSON has all rows. */
static JsonObject *report(size_t top)
{
    struct osi_report *out = osi_report_new("test");
    JsonParser *parser = json_parser_new();
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    JsonObject *root;

    osi_blockstat_report(stat, out, top);
    ck_assert_int_eq(osi_report_json(out, stream), 0);
    fclose(stream);
    ck_assert(json_parser_load_from_data(parser, text, -1, NULL));
    root = json_object_ref(json_node_get_object(json_parser_get_root(parser)));
    g_object_unref(parser);
    free(text);
    osi_report_free(out);
    return root;
}

static JsonObject *row(JsonObject *root, const char *table, guint n)
{
    return json_array_get_object_element(json_object_get_array_member(root, table), n);
}

static gint64 sum(JsonObject *root, const char *table)
{
    JsonArray *rows = json_object_get_array_member(root, table);
    gint64 all = 0;

    for (guint i = 0; i < json_array_get_length(rows); i++) {
        all += json_object_get_int_member(json_array_get_object_element(rows, i), "instructions");
    }
    return all;
}

START_TEST(sums)
{
    JsonObject *root;

    fill();
    root = report(0);
    ck_assert_int_eq(json_object_get_int_member(root, "instructions"), 600);
    ck_assert_int_eq(json_object_get_int_member(root, "executions"), 186);
    ck_assert_int_eq(json_object_get_int_member(root, "blocks"), 7);
    ck_assert_int_eq(sum(root, "hot_blocks"), 600);
    ck_assert_int_eq(sum(root, "functions"), 600);
    ck_assert_int_eq(sum(root, "modules"), 600);
    ck_assert_int_eq(sum(root, "tasks"), 600);
    json_object_unref(root);
    osi_blockstat_free(stat);
}
END_TEST

START_TEST(rows)
{
    JsonObject *root;

    fill();
    root = report(2);
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "hot_blocks")), 2);
    /* 200 instructions each: the lower address first */
    ck_assert_int_eq(json_object_get_int_member(row(root, "hot_blocks", 0), "id"), 8);
    ck_assert_int_eq(json_object_get_int_member(row(root, "hot_blocks", 1), "id"), 2);
    ck_assert_str_eq(json_object_get_string_member(row(root, "hot_blocks", 1), "place"),
                     "main+0x10");
    ck_assert_str_eq(json_object_get_string_member(row(root, "functions", 0), "module"), "a.elf");
    ck_assert_int_eq(json_object_get_int_member(row(root, "functions", 0), "instructions"), 240);
    ck_assert_int_eq(json_object_get_int_member(row(root, "functions", 0), "executions"), 110);
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "functions")), 5);
    ck_assert_str_eq(json_object_get_string_member(row(root, "functions", 3), "function"), "[user]");
    ck_assert_str_eq(json_object_get_string_member(row(root, "functions", 4), "function"),
                     "[unknown]");
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "modules")), 4);
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "tasks")), 3);
    ck_assert_int_eq(json_object_get_int_member(row(root, "tasks", 0), "kernel"), 400);
    ck_assert_int_eq(json_object_get_int_member(row(root, "tasks", 0), "user"), 50);
    ck_assert(json_object_get_null_member(row(root, "tasks", 1), "pid"));
    json_object_unref(root);
    osi_blockstat_free(stat);
}
END_TEST

START_TEST(a_lump)
{
    JsonObject *root;

    stat = osi_blockstat_new();
    block(1, 0x1000, 4, 1, "main", "a.elf", 10);
    osi_blockstat_lump(stat, "[user]", 77);
    osi_blockstat_lump(stat, "[none]", 0);
    root = report(0);
    ck_assert_int_eq(json_object_get_int_member(root, "instructions"), 117);
    ck_assert_int_eq(sum(root, "functions"), 117);
    ck_assert_int_eq(sum(root, "modules"), 117);
    ck_assert(json_object_get_null_member(row(root, "functions", 0), "executions"));
    ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(root, "functions")), 2);
    json_object_unref(root);
    osi_blockstat_free(stat);
}
END_TEST

START_TEST(the_file)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    fill();
    ck_assert_int_eq(osi_blockstat_csv(stat, stream), 0);
    fclose(stream);
    ck_assert_str_eq(text,
                     "id,address,symbol,offset,module,insns,bytes,executions,instructions\n"
                     "8,0x900,\"odd, \"\"name\"\"\",0x0,a.elf,10,40,20,200\n"
                     "1,0x1000,main,0x0,a.elf,4,16,10,40\n"
                     "2,0x1010,main,0x10,a.elf,2,8,100,200\n"
                     "3,0x2000,main,0x0,b.elf,3,12,50,150\n"
                     "4,0x3000,,,[user],5,20,1,5\n"
                     "5,0x3100,,,[user],1,4,2,2\n"
                     "6,0x4000,,,,1,4,3,3\n");
    free(text);
    stream = fopen("/dev/full", "w");
    ck_assert_int_lt(osi_blockstat_csv(stat, stream), 0);
    fclose(stream);
    osi_blockstat_free(stat);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("blockstat");
    Suite *suite = suite_create("blockstat");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, sums);
    tcase_add_test(all, rows);
    tcase_add_test(all, a_lump);
    tcase_add_test(all, the_file);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
