/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns that a stack follows at once (osi_flow_follow()) leave the tree that the tool's hook makes of
 * them, on hosts of all versions. With room for 17 vCPUs nothing is followed: that run is the witness, and the scenario
 * itself keeps count. */
#include "fakehost/bare.h"
#include "fakehost/suite.h"

#define BLR_X1 ((int)0xd63f0020)
#define BR_X1 ((int)0xd61f0020)

enum { FUNCTIONS = 8, LEAVES = 20, ROUNDS = 400, DEEPEST = 12, BOOT_INSNS = 4 };

/* A function calls twice, then returns or jumps: blocks at 0, 8, 20, 0x80. More leaves than a node remembers. */
#define FUNCTION_AT(i) (0x40200000ull + (uint64_t)(i) * 0x1040)
#define LEAF_AT(i) (0x40300000ull + (uint64_t)(i) * 0x2010)

static unsigned total;

static void block(uint64_t address, const int *words, size_t n)
{
    total += (unsigned)n;
    bare_run(0, address, words, n);
}
#define BLOCK(address, ...) \
    block(address, (const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static unsigned any(unsigned n)
{
    static uint64_t state = 42;

    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % n;
}

/* Some are interrupted before their first instruction. */
static void leaf(void)
{
    unsigned i = any(LEAVES);

    if (any(9) == 0) {
        bare_interrupt(0, LEAF_AT(i), BARE_KERNEL, 30);
        total += 9;
    }
    BLOCK(LEAF_AT(i), NOP, NOP, RET);
}

/* `jumps`: control does not come back here, but to who called this (longjmp). */
static void function(unsigned i, unsigned depth)
{
    BLOCK(FUNCTION_AT(i), NOP, BLR_X1);
    if (depth < DEEPEST && any(3)) {
        function(any(FUNCTIONS), depth + 1);
    } else {
        leaf();
    }
    if (depth && any(12) == 0) {
        return; /* what was called last returned to this one's caller */
    }
    BLOCK(FUNCTION_AT(i) + 8, NOP, NOP, BLR_X1);
    leaf();
    if (any(7) == 0) {
        BLOCK(FUNCTION_AT(i) + 0x80, NOP, BR_X1); /* a tail call */
        leaf();
    } else {
        BLOCK(FUNCTION_AT(i) + 20, NOP, RET);
    }
}

static void walk(void)
{
    fake_start_all();
    bare_boot(0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        function(any(FUNCTIONS), 0);
    }
    printf("%u\n", BOOT_INSNS + total);
}

static uint64_t sum_of(const char *folded)
{
    char **lines = g_strsplit(folded, "\n", -1);
    uint64_t sum = 0;

    for (char **line = lines; **line; line++) {
        sum += strtoull(strrchr(*line, ' '), NULL, 10);
    }
    g_strfreev(lines);
    return sum;
}

enum { STACKS, CALLGRIND, REPORT, FILES };

struct outcome {
    uint64_t ran; /* instructions, as the scenario counted them */
    char *files[FILES];
};

static struct outcome walk_on(const char *host, const char *more)
{
    static const char *const names[FILES] = { "out/stacks.folded", "out/callgrind.out", "out/report.txt" };
    struct fake_result r = fake_spawn("walk", "%s%s -plugin %s,mode=calls,quiet=on,out=%s", host, more,
                                      fake_plugin("hotpath"), fake_path("out"));
    struct outcome outcome = { .ran = strtoull(r.output, NULL, 10) };

    ck_assert_msg(r.status == 0, "%s%s: status %d: %.1500s", host, more, r.status, r.errors);
    fake_result_clear(&r);
    for (unsigned i = 0; i < FILES; i++) {
        outcome.files[i] = fake_read_file(fake_path("%s", names[i]));
        ck_assert_ptr_nonnull(outcome.files[i]);
    }
    return outcome;
}

START_TEST(what_is_followed_is_what_is_told)
{
    static const char *const hosts[] = { "-release 9.0", "-release 9.1", "-release 10.0", "-release 10.2",
                                         "-release 11.1", NULL };

    for (size_t i = 0; hosts[i]; i++) {
        struct outcome followed = walk_on(hosts[i], ""), told = walk_on(hosts[i], " -smp 1,maxcpus=17");

        for (unsigned file = 0; file < FILES; file++) {
            ck_assert_str_eq(followed.files[file], told.files[file]);
        }
        ck_assert_uint_eq(followed.ran, told.ran);
        ck_assert_uint_eq(sum_of(followed.files[STACKS]), followed.ran);
        ck_assert_uint_gt(fake_count_lines(followed.files[STACKS], NULL), 500);
        for (unsigned file = 0; file < FILES; file++) {
            g_free(followed.files[file]);
            g_free(told.files[file]);
        }
    }
}
END_TEST

static int run_tests(void)
{
    const TTest *const tests[] = { what_is_followed_is_what_is_told, NULL };

    return fake_suite("session-follow", tests);
}

int main(int argc, char **argv)
{
    static const struct fake_scenario scenarios[] = { { "walk", walk }, { NULL, NULL } };

    return fake_main(argc, argv, scenarios, run_tests);
}
