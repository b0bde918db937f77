/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graphs from translated blocks: overlapping ones, ends of pages, restarts; flow is conserved. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/cfg.h>

static struct osi_cfg *cfg;

static void code(uint32_t id, uint64_t start, uint64_t end, enum osi_edge_end ends, uint64_t n)
{
    struct osi_edge_code one = { .id = id, .address = start, .end = end, .ends = ends };

    osi_cfg_code(cfg, &one, n);
}

static void check_block(size_t n, uint64_t start, uint64_t end, uint64_t executions)
{
    const struct osi_cfg_block *block = osi_cfg_block(cfg, n);

    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(block->start, start);
    ck_assert_uint_eq(block->end, end);
    ck_assert_uint_eq(block->executions, executions);
}

static uint64_t count(size_t from, size_t to, enum osi_edge_kind kind)
{
    const struct osi_cfg_edge *edge;
    uint64_t sum = 0;

    for (size_t i = 0; (edge = osi_cfg_edge(cfg, i)); i++) {
        sum += edge->from == from && edge->to == to && edge->kind == kind ? edge->count : 0;
    }
    return sum;
}

/* What comes in is what runs is what goes out. */
static void check_flow(void)
{
    const struct osi_cfg_edge *edge;

    for (size_t n = 0; n < osi_cfg_n_blocks(cfg); n++) {
        uint64_t in = 0, out = 0;

        for (size_t i = 0; (edge = osi_cfg_edge(cfg, i)); i++) {
            in += edge->to == n ? edge->count : 0;
            out += edge->from == n ? edge->count : 0;
        }
        ck_assert_uint_eq(in, osi_cfg_block(cfg, n)->executions);
        ck_assert_uint_eq(out, osi_cfg_block(cfg, n)->executions);
    }
}

/* A loop whose body was translated twice: from the function's start, and from where it branches to. */
START_TEST(a_branch_into_the_middle)
{
    cfg = osi_cfg_new();
    code(1, 0x100, 0x120, OSI_END_BRANCH, 5);
    code(2, 0x110, 0x120, OSI_END_BRANCH, 95);
    code(3, 0x120, 0x124, OSI_END_RETURN, 5);
    osi_cfg_add(cfg, 0, 1, OSI_EDGE_START, 5);
    osi_cfg_add(cfg, 1, 2, OSI_EDGE_TAKEN, 5);
    osi_cfg_add(cfg, 2, 2, OSI_EDGE_TAKEN, 90);
    osi_cfg_add(cfg, 2, 3, OSI_EDGE_NEXT, 5);
    osi_cfg_add(cfg, 3, 0, OSI_EDGE_EXIT, 5);
    osi_cfg_make(cfg);
    ck_assert_uint_eq(osi_cfg_n_blocks(cfg), 3);
    check_block(0, 0x100, 0x110, 5);
    check_block(1, 0x110, 0x120, 100);
    check_block(2, 0x120, 0x124, 5);
    ck_assert_uint_eq(count(0, 1, OSI_EDGE_NEXT), 5);
    ck_assert_uint_eq(count(1, 1, OSI_EDGE_TAKEN), 95);
    ck_assert_uint_eq(count(1, 2, OSI_EDGE_NEXT), 5);
    ck_assert_uint_eq(count(OSI_CFG_OUTSIDE, 0, OSI_EDGE_START), 5);
    check_flow();
    osi_cfg_free(cfg);
}
END_TEST

START_TEST(a_page_ends_in_a_block)
{
    cfg = osi_cfg_new();
    code(7, 0xff0, 0x1000, OSI_END_NEXT, 9);
    code(8, 0x1000, 0x1010, OSI_END_RETURN, 9);
    osi_cfg_add(cfg, 0, 7, OSI_EDGE_START, 9);
    osi_cfg_add(cfg, 7, 8, OSI_EDGE_NEXT, 9);
    osi_cfg_add(cfg, 8, 0, OSI_EDGE_EXIT, 9);
    osi_cfg_make(cfg);
    ck_assert_uint_eq(osi_cfg_n_blocks(cfg), 1);
    check_block(0, 0xff0, 0x1010, 9);
    ck_assert_uint_eq(osi_cfg_n_edges(cfg), 2);
    check_flow();
    osi_cfg_free(cfg);
}
END_TEST

/* A branch that was never taken still ends its block. */
START_TEST(a_branch_ends_a_block)
{
    cfg = osi_cfg_new();
    code(1, 0x100, 0x110, OSI_END_BRANCH, 9);
    code(2, 0x110, 0x120, OSI_END_RETURN, 9);
    osi_cfg_add(cfg, 0, 1, OSI_EDGE_START, 9);
    osi_cfg_add(cfg, 1, 2, OSI_EDGE_NEXT, 9);
    osi_cfg_add(cfg, 2, 0, OSI_EDGE_EXIT, 9);
    osi_cfg_make(cfg);
    ck_assert_uint_eq(osi_cfg_n_blocks(cfg), 2);
    check_flow();
    osi_cfg_free(cfg);
}
END_TEST

/* Of 10 executions 3 faulted in the middle and went on there, 2 at the very start. */
START_TEST(restarts_count_once)
{
    cfg = osi_cfg_new();
    code(1, 0x100, 0x120, OSI_END_RETURN, 12);
    code(2, 0x110, 0x120, OSI_END_RETURN, 3);
    osi_cfg_add(cfg, 0, 1, OSI_EDGE_START, 10);
    osi_cfg_add(cfg, 1, 2, OSI_EDGE_RESTART, 3);
    osi_cfg_add(cfg, 1, 1, OSI_EDGE_RESTART, 2);
    osi_cfg_add(cfg, 1, 0, OSI_EDGE_EXIT, 7);
    osi_cfg_add(cfg, 2, 0, OSI_EDGE_EXIT, 3);
    osi_cfg_make(cfg);
    check_block(0, 0x100, 0x120, 10);
    ck_assert_uint_eq(osi_cfg_n_blocks(cfg), 1);
    check_flow();
    osi_cfg_free(cfg);
}
END_TEST

START_TEST(code_that_never_ran_is_not_there)
{
    cfg = osi_cfg_new();
    code(1, 0x100, 0x110, OSI_END_JUMP, 4);
    code(2, 0x200, 0x210, OSI_END_RETURN, 4);
    osi_cfg_add(cfg, 0, 1, OSI_EDGE_START, 4);
    osi_cfg_add(cfg, 1, 2, OSI_EDGE_JUMP, 4);
    osi_cfg_add(cfg, 2, 0, OSI_EDGE_EXIT, 4);
    osi_cfg_make(cfg);
    ck_assert_uint_eq(osi_cfg_n_blocks(cfg), 2);
    check_block(1, 0x200, 0x210, 4);
    ck_assert_uint_eq(count(0, 1, OSI_EDGE_JUMP), 4);
    check_flow();
    osi_cfg_free(cfg);
}
END_TEST

static size_t text(void *data, uint64_t address, char *out, size_t size)
{
    (void)data;
    g_snprintf(out, size, "say \"%x\\\"", (unsigned)address);
    return 4;
}

START_TEST(the_picture)
{
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    cfg = osi_cfg_new();
    code(1, 0x100, 0x104, OSI_END_RETURN, 7);
    osi_cfg_add(cfg, 0, 1, OSI_EDGE_START, 7);
    osi_cfg_add(cfg, 1, 0, OSI_EDGE_EXIT, 7);
    osi_cfg_make(cfg);
    ck_assert_int_eq(osi_cfg_dot(cfg, "a \"b\"", text, NULL, stream), 0);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(out, "digraph \"a \\\"b\\\"\" {\n"));
    ck_assert_ptr_nonnull(strstr(out, "  b0 [fillcolor=\"0.02 0.700 1.0\", label=\"0x100 - 0x104: 7\\l"
                                      "  100  say \\\"100\\\\\\\"\\l\"];\n"));
    ck_assert_ptr_nonnull(strstr(out, "  entry -> b0 [label=\"7\", penwidth=5.0, "
                                      "color=\"0.02 1.000 0.8\"];\n"));
    ck_assert_ptr_nonnull(strstr(out, "  b0 -> exit [label=\"7\""));
    free(out);
    osi_cfg_free(cfg);
}
END_TEST

START_TEST(a_full_disk)
{
    FILE *stream = fopen("/dev/full", "w");

    cfg = osi_cfg_new();
    code(1, 0x100, 0x104, OSI_END_RETURN, 7);
    osi_cfg_make(cfg);
    ck_assert_int_lt(osi_cfg_dot(cfg, "f", text, NULL, stream), 0);
    fclose(stream);
    osi_cfg_free(cfg);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("cfg");
    Suite *suite = suite_create("cfg");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, a_branch_into_the_middle);
    tcase_add_test(all, a_page_ends_in_a_block);
    tcase_add_test(all, a_branch_ends_a_block);
    tcase_add_test(all, restarts_count_once);
    tcase_add_test(all, code_that_never_ran_is_not_there);
    tcase_add_test(all, the_picture);
    tcase_add_test(all, a_full_disk);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
