/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps through blocks, as lists of block ids and the edges that they must give. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/edges.h>

/* A small program: a loop that calls, an interrupt's handler in a vector table at 0x8800. */
static const struct osi_edge_code codes[] = {
    { 0 },
    { 1, 2, OSI_END_NEXT, 0x1000, 0x1008, 0 },         /* entry */
    { 2, 2, OSI_END_BRANCH, 0x1008, 0x1010, 0x1008 },  /* loop on itself */
    { 3, 1, OSI_END_CALL, 0x1010, 0x1014, 0x2000 },
    { 4, 4, OSI_END_BRANCH, 0x1014, 0x1024, 0x1008 },  /* behind the call */
    { 5, 2, OSI_END_RETURN, 0x1024, 0x102c, 0 },
    { 6, 4, OSI_END_RETURN, 0x2000, 0x2010, 0 },       /* callee */
    { 7, 4, OSI_END_JUMP, 0x8880, 0x8890, 0x9000 },    /* vector */
    { 8, 4, OSI_END_EXCEPTION_RETURN, 0x9000, 0x9010, 0 },
    { 9, 1, OSI_END_SYSCALL, 0x3010, 0x3014, 0 },
    { 10, 1, OSI_END_JUMP_INDIRECT, 0x3014, 0x3018, 0 },
    { 11, 2, OSI_END_RETURN, 0x2008, 0x2010, 0 },      /* the callee's second half */
    { 12, 2, OSI_END_NEXT, 0x5000, 0x5008, 0 },        /* nothing leads here */
    { 13, 1, OSI_END_CALL, 0x1018, 0x101c, 0x1000 },   /* calls itself */
    { 14, 1, OSI_END_JUMP, 0x101c, 0x1020, 0x1024 },
    { 15, 1, OSI_END_JUMP, 0x1020, 0x1024, 0x7000 },   /* a call in its place */
    { 16, 2, OSI_END_NEXT, 0x7f001008, 0x7f001010, 0 },/* block 2, seen elsewhere */
    { 17, 1, OSI_END_NEXT, 0x700c, 0x7010, 0 },        /* its second half, once more elsewhere */
    { 18, 3, OSI_END_RETURN, 0x6000, 0x600c, 0 },      /* behind a call of itself */
};

static const struct osi_edge_code *describe(void *data, uint32_t id)
{
    ck_assert_ptr_eq(data, codes);
    ck_assert_uint_ge(id, 1);
    ck_assert_uint_lt(id, G_N_ELEMENTS(codes));
    return &codes[id];
}

struct found {
    uint64_t count[G_N_ELEMENTS(codes)][G_N_ELEMENTS(codes)][OSI_EDGE_KINDS];
    uint64_t all, into[G_N_ELEMENTS(codes)], out[G_N_ELEMENTS(codes)];
};

static void note(void *data, uint32_t from, uint32_t to, enum osi_edge_kind kind, uint64_t count)
{
    struct found *found = data;

    found->count[from][to][kind] += count;
    found->all += count;
    found->into[to] += count;
    found->out[from] += kind == OSI_EDGE_EXCEPTION ? 0 : count;
}

static struct osi_edges_world *world;
static struct osi_edges *edges;
static struct found *found;

static void begin(uint64_t function, bool part)
{
    struct osi_edges_config config = {
        .code = describe, .data = (void *)codes, .vector_table = 0x800, .vector_entry = 0x80,
        .function = function, .function_end = function + 0x30, .part = part,
    };

    world = osi_edges_world_new(&config);
    edges = osi_edges_new(world, true, true);
    found = g_new0(struct found, 1);
}

static void run(const char *ids)
{
    for (char *end; *ids; ids = end) {
        osi_edges_step(edges, (uint32_t)strtoul(ids, &end, 10));
    }
}

static void look(void)
{
    memset(found, 0, sizeof(*found));
    osi_edges_each(edges, note, found);
}

static void end(void)
{
    osi_edges_free(edges);
    osi_edges_world_free(world);
    g_free(found);
}

#define EDGE(from, to, kind, n) ck_assert_uint_eq(found->count[from][to][OSI_EDGE_##kind], n)

START_TEST(each_kind_by_what_led_there)
{
    begin(0, false);
    run("1 2 2 2 3 6 4 2 3 6 4 5 9 10 12");
    look();
    EDGE(0, 1, START, 1);
    EDGE(1, 2, NEXT, 1);
    EDGE(2, 2, TAKEN, 2);
    EDGE(2, 3, NEXT, 2);
    EDGE(3, 6, CALL, 2);
    EDGE(6, 4, RETURN, 2);
    EDGE(4, 2, TAKEN, 1);
    EDGE(4, 5, NEXT, 1);
    EDGE(5, 9, RETURN, 1);
    EDGE(9, 10, NEXT, 1);
    EDGE(10, 12, JUMP_INDIRECT, 1);
    ck_assert_uint_eq(found->all, 15);
    end();
}
END_TEST

/* The interrupted block's own edge is counted; the vector's is an exception; also between the two parts
 * of a system call, and for a block that can lead anywhere once the vector is known. */
START_TEST(exceptions_come_between)
{
    begin(0, false);
    run("1 7 8 2 7 8 2 3 6 7 8 4 9 7 8 10 7 8 12");
    look();
    EDGE(1, 7, EXCEPTION, 1);
    EDGE(1, 2, NEXT, 1);
    EDGE(2, 7, EXCEPTION, 1);
    EDGE(2, 2, TAKEN, 1);
    EDGE(6, 7, EXCEPTION, 1);
    EDGE(6, 4, RETURN, 1);
    EDGE(9, 7, EXCEPTION, 1);
    EDGE(9, 10, NEXT, 1);
    EDGE(10, 7, EXCEPTION, 1);
    EDGE(10, 12, JUMP_INDIRECT, 1);
    EDGE(7, 8, JUMP, 5);
    /* 4 can't lead to 9, and 9 is no vector. */
    EDGE(4, 9, OTHER, 1);
    ck_assert_uint_eq(found->all, 19);
    end();
}
END_TEST

START_TEST(exceptions_nest)
{
    begin(0, false);
    run("1 7 7 8 8 2"); /* a vector interrupted at once; 8 goes on to 8, as 7 would have */
    look();
    EDGE(1, 7, EXCEPTION, 1);
    EDGE(7, 7, EXCEPTION, 1);
    EDGE(7, 8, JUMP, 2);
    EDGE(1, 2, NEXT, 1);
    end();
}
END_TEST

/* Taken for a jump's successor until it is known as a vector; then not any more. */
START_TEST(a_vector_is_learned_late)
{
    begin(0, false);
    run("10 7 8 12 2 7 8 2");
    look();
    EDGE(10, 7, JUMP_INDIRECT, 0);
    EDGE(10, 7, EXCEPTION, 1);
    EDGE(2, 7, EXCEPTION, 1);
    end();
    begin(0, false);
    run("10 1 10 3 10 7 8 10 7 8 10 12 2 7 8 10 7 8 12"); /* no place at the block is free */
    look();
    EDGE(10, 7, JUMP_INDIRECT, 0);
    EDGE(10, 7, EXCEPTION, 3);
    EDGE(10, 12, JUMP_INDIRECT, 2);
    end();
}
END_TEST

START_TEST(a_fault_in_the_middle)
{
    begin(0, false);
    run("3 6 7 8 11 4 6 11"); /* 6 faults and goes on at its second half; then leaves without */
    look();
    EDGE(6, 11, RESTART, 1);
    EDGE(11, 4, RETURN, 1);
    run("7 8 11 11");
    end();
}
END_TEST

START_TEST(a_return_to_its_own_start)
{
    begin(0, false);
    run("6 18 18 18 4");
    look();
    EDGE(18, 18, RETURN, 2);
    end();
}
END_TEST

START_TEST(returns_to_where_nothing_came_from)
{
    begin(0, false);
    run("8 5 1 7 8 5");
    look();
    EDGE(8, 5, EXCEPTION_RETURN, 2);
    end();
}
END_TEST

/* Task 1 is interrupted in 1, task 2 in 2; each goes on where it was, in the other order. */
START_TEST(tasks_have_their_own)
{
    begin(0, false);
    run("1 7");
    osi_edges_task(edges, 1, 2, true);
    run("8 2 7");
    osi_edges_task(edges, 2, 1, true);
    run("8 2");
    look();
    EDGE(8, 2, EXCEPTION_RETURN, 1);
    EDGE(1, 2, NEXT, 1);
    EDGE(2, 7, EXCEPTION, 1);
    end();
}
END_TEST

START_TEST(elsewhere_in_memory)
{
    begin(0, false);
    run("1 16 17");
    look();
    EDGE(1, 16, NEXT, 1);
    EDGE(16, 17, RESTART, 1);
    end();
}
END_TEST

START_TEST(window_and_tasks_that_do_not_count)
{
    begin(0, false);
    osi_edges_window(edges, false, true);
    run("1 2 2");
    osi_edges_window(edges, true, true);
    run("2 2 2");
    osi_edges_window(edges, false, true);
    run("2 3");
    look();
    EDGE(0, 2, START, 1);
    EDGE(2, 2, TAKEN, 2);
    ck_assert_uint_eq(found->all, 3);
    osi_edges_window(edges, true, true);
    osi_edges_task(edges, 1, 2, false);
    run("2 2");
    osi_edges_task(edges, 2, 1, true);
    run("3");
    look();
    EDGE(0, 3, START, 1);
    ck_assert_uint_eq(found->all, 4);
    end();
}
END_TEST

/* More successors than a block has places for. */
START_TEST(many_successors)
{
    begin(0, false);
    for (unsigned i = 0; i < 1000; i++) {
        run("10 1 10 2 10 3 10 9");
        run("10 12");
    }
    look();
    EDGE(10, 1, JUMP_INDIRECT, 1000);
    EDGE(10, 2, JUMP_INDIRECT, 1000);
    EDGE(10, 3, JUMP_INDIRECT, 1000);
    EDGE(10, 9, JUMP_INDIRECT, 1000);
    EDGE(10, 12, JUMP_INDIRECT, 1000);
    ck_assert_uint_eq(found->all, 10000);
    end();
}
END_TEST

START_TEST(one_function)
{
    begin(0x1000, false);
    run("1 2 2 3 4 5 1 2 3 4 5");
    look();
    EDGE(0, 1, START, 2);
    EDGE(3, 4, AROUND, 2);
    EDGE(5, 0, EXIT, 2); /* the last of them only just */
    EDGE(2, 2, TAKEN, 1);
    EDGE(4, 5, NEXT, 2);
    end();
}
END_TEST

START_TEST(a_function_that_calls_itself)
{
    begin(0x1000, false);
    run("1 13 1 13 1 5 14 5 14 5 1 5");
    look();
    EDGE(0, 1, START, 4);
    EDGE(13, 14, AROUND, 2);
    EDGE(14, 5, JUMP, 2);
    EDGE(5, 0, EXIT, 4);
    end();
}
END_TEST

START_TEST(a_function_left_by_a_jump)
{
    begin(0x1000, false);
    run("1 15 1 15 1 5");
    look();
    EDGE(0, 1, START, 3);
    EDGE(15, 0, EXIT, 2);
    EDGE(5, 0, EXIT, 1);
    end();
}
END_TEST

/* Two tasks in the same function, neither disturbs the other. */
START_TEST(a_function_of_two_tasks)
{
    begin(0x1000, false);
    run("1 2 3");
    osi_edges_task(edges, 1, 2, true);
    run("1 2");
    osi_edges_task(edges, 2, 1, true);
    run("4 5");
    osi_edges_task(edges, 1, 2, true);
    run("2 3 4 5");
    look();
    osi_edges_world_each(world, note, found);
    EDGE(0, 1, START, 2);
    EDGE(2, 2, TAKEN, 1);
    EDGE(3, 4, AROUND, 2);
    EDGE(5, 0, EXIT, 2);
    ck_assert_uint_eq(found->into[5], found->out[5]);
    end();
}
END_TEST

START_TEST(a_part_of_all_code)
{
    begin(0, true);
    run("1 2 3 4 12 3 6 4");
    look();
    EDGE(3, 4, AROUND, 1);
    EDGE(3, 6, CALL, 1);
    EDGE(4, 12, OTHER, 1);
    EDGE(12, 3, OTHER, 1);
    end();
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("edges");
    Suite *suite = suite_create("edges");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, all);
    tcase_add_test(all, each_kind_by_what_led_there);
    tcase_add_test(all, exceptions_come_between);
    tcase_add_test(all, exceptions_nest);
    tcase_add_test(all, a_vector_is_learned_late);
    tcase_add_test(all, a_fault_in_the_middle);
    tcase_add_test(all, a_return_to_its_own_start);
    tcase_add_test(all, returns_to_where_nothing_came_from);
    tcase_add_test(all, tasks_have_their_own);
    tcase_add_test(all, elsewhere_in_memory);
    tcase_add_test(all, window_and_tasks_that_do_not_count);
    tcase_add_test(all, many_successors);
    tcase_add_test(all, one_function);
    tcase_add_test(all, a_function_that_calls_itself);
    tcase_add_test(all, a_function_left_by_a_jump);
    tcase_add_test(all, a_function_of_two_tasks);
    tcase_add_test(all, a_part_of_all_code);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
