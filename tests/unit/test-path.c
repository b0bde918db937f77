/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths: random ones come back as they were written, over resets, gaps and other events; what is lost
 * is noticed, and what is shown after that is true. */
#include <osinstr/path.h>

#include "test-trace.h"

#define N_CODES 300
#define TICK 1 /* number of the type of other events */

static const struct osi_field tick_fields[] = {{"count", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0}};

/* What is executed follows from random numbers; what must come back is written down here. */
struct model {
    struct osi_trace_writer *trace;
    struct osi_path_writer *path;
    GArray *steps; /* struct expected */
    uint64_t random, insns;
    struct osi_path_code codes[N_CODES + 1];
    uint8_t bytes[N_CODES + 1][64], lengths[N_CODES + 1][16];
    uint64_t lose_from, lose_to; /* events that never arrive */
    uint64_t events;
};

struct expected {
    enum osi_path_kind kind;
    uint32_t id, n;
    uint64_t value; /* pc, count, missing */
    uint64_t insn;
};

static uint64_t pick(struct model *m, uint64_t n)
{
    m->random = test_hash(m->random);
    return m->random % n;
}

static void emit(void *data, uint64_t time, const uint64_t *fields)
{
    struct model *m = data;
    uint64_t number = m->events++;
    if (number < m->lose_from || number >= m->lose_to)
        osi_trace_emit(m->trace, 0, 0, time, fields);
}

static void tell(void *data, uint32_t id, struct osi_path_code *code)
{
    *code = ((struct model *)data)->codes[id];
}

static const struct osi_path_client client = {emit, tell, NULL};

/* Code 2k + 1 is the rest of code 2k from its second instruction on: what a device access leaves. */
static void make_codes(struct model *m)
{
    for (uint32_t id = 1; id <= N_CODES; id++) {
        struct osi_path_code *code = &m->codes[id], *whole = code - 1;
        bool rest = id > 1 && id % 2;
        code->id = id;
        code->n = rest ? whole->n - 1 : 2 + (uint32_t)pick(m, 10);
        code->address = rest ? whole->address + (whole->lengths ? whole->lengths[0] : 4)
                             : 0xffff800000000000 + (uint64_t)id * 0x100;
        code->bytes = rest ? whole->bytes + (code->address - whole->address) : m->bytes[id];
        code->lengths = rest ? (whole->lengths ? whole->lengths + 1 : NULL)
                             : id % 5 == 0 ? m->lengths[id] : NULL;
        code->size = code->n * 4;
        code->function = id % 3;
        code->offset = code->function ? id : 0;
        code->loops = rest ? false : id % 4 == 0;
        for (unsigned i = 0; !rest && i < sizeof m->bytes[id]; i++)
            m->bytes[id][i] = (uint8_t)pick(m, 256);
        for (unsigned i = 0; code->lengths && !rest && i < code->n; i++)
            m->lengths[id][i] = i % 2 ? 5 : 3;
        if (code->lengths) {
            code->size = 0;
            for (unsigned i = 0; i < code->n; i++)
                code->size += code->lengths[i];
        }
    }
}

static void expect(struct model *m, enum osi_path_kind kind, uint32_t id, uint32_t n,
                   uint64_t value)
{
    struct expected step = {kind, id, n, value, m->insns};
    g_array_append_val(m->steps, step);
    m->insns += n;
}

static void execute(struct model *m, uint32_t id, uint32_t n)
{
    const struct osi_path_code *code = &m->codes[id];
    if (!osi_path_foreseen(m->path, id, code->n))
        osi_path_miss(m->path, id, code->n);
    if (code->loops && n == code->n)
        osi_path_complete(m->path);
    expect(m, OSI_PATH_BLOCK, id, n, 0);
}

static uint64_t address_in(const struct osi_path_code *code, uint32_t insn)
{
    uint64_t at = code->address;
    for (uint32_t i = 0; i < insn; i++)
        at += code->lengths ? code->lengths[i] : 4;
    return at;
}

static void fault(struct model *m, uint32_t id)
{
    const struct osi_path_code *code = &m->codes[id];
    uint32_t at = (uint32_t)pick(m, code->n);
    /* QEMU may have translated it at another page. */
    uint64_t pc = address_in(code, at) + (pick(m, 2) ? 0x5000 : 0);
    execute(m, id, at + 1);
    osi_path_exception(m->path, pc, false, true, OSI_EXCEPTION_PAGE_FAULT);
    expect(m, OSI_PATH_EXCEPTION, 0, 0, pc);
}

static void interrupt(struct model *m, uint32_t id, bool inside)
{
    const struct osi_path_code *code = &m->codes[id];
    uint64_t pc = inside ? address_in(code, 1) : 0x1234;
    execute(m, id, inside ? 1 : code->n);
    osi_path_exception(m->path, pc, true, false, OSI_EXCEPTION_OTHER);
    expect(m, OSI_PATH_EXCEPTION, 0, 0, pc);
}

static void pause_for(struct model *m, uint64_t blocks)
{
    osi_path_off(m->path, 0);
    for (uint64_t i = 0; i < blocks; i++) {
        uint32_t id = 1 + (uint32_t)pick(m, N_CODES);
        if (!osi_path_foreseen(m->path, id, m->codes[id].n))
            osi_path_miss(m->path, id, m->codes[id].n);
    }
    osi_path_on(m->path, 0);
}

/* Its number tells where it belongs. */
static void tick(struct model *m)
{
    uint64_t count = m->steps->len;
    osi_path_flush(m->path);
    osi_trace_emit(m->trace, 0, TICK, 0, &count);
    expect(m, OSI_PATH_EVENT, 0, 0, count);
}

static struct model *model_new(const char *dir, uint64_t seed)
{
    static struct osi_event_type types[2];
    struct osi_error err = {""};
    size_t n;
    struct model *m = g_new0(struct model, 1);
    types[0] = *osi_path_types(&n);
    types[1] = (struct osi_event_type){"tick", tick_fields, 1};
    struct osi_trace_config config = {.types = types, .n_types = 2, .n_streams = 1,
                                      .clock = "insn", .clock_unit = "insn", .codec = "none"};
    ck_assert_int_eq(osi_trace_writer_new(dir, &config, &m->trace, &err), 0);
    m->random = seed;
    m->lose_from = m->lose_to = UINT64_MAX;
    m->steps = g_array_new(FALSE, FALSE, sizeof(struct expected));
    m->path = osi_path_writer_new(&client, m);
    make_codes(m);
    return m;
}

static void close_trace(struct model *m)
{
    osi_path_flush(m->path);
    ck_assert_int_eq(osi_trace_writer_close(m->trace, NULL), 0);
}

static void model_free(struct model *m)
{
    osi_path_writer_free(m->path);
    g_array_unref(m->steps);
    g_free(m);
}

/* Blocks follow each other as a program's do: mostly the same way, in loops. */
static void run_wild(struct model *m, uint64_t steps, unsigned wild)
{
    uint32_t id = 2;
    for (uint64_t i = 0; i < steps; i++) {
        const struct osi_path_code *code = &m->codes[id];
        uint64_t what = pick(m, 1000);
        if (what < 5) {
            fault(m, id);
        } else if (what < 10) {
            interrupt(m, id, what < 8 && id % 2 == 0);
        } else if (what < 12) {
            tick(m);
        } else if (what < 40 && id % 2 == 0) {
            execute(m, id, 1); /* the device access is its first instruction */
            execute(m, id + 1, code->n - 1);
        } else if (what < 60 && id % 4 == 0) {
            execute(m, id, code->n); /* it jumps to its second instruction */
            execute(m, id + 1, code->n - 1);
        } else {
            execute(m, id, code->n);
        }
        /* An odd one after its even one would be what an access leaves. */
        id = pick(m, wild) ? 2 + id / 2 * 7 % (N_CODES / 2 - 1) * 2
                           : 2 + (uint32_t)pick(m, N_CODES / 2 - 1) * 2;
    }
}

static void run(struct model *m, uint64_t steps)
{
    run_wild(m, steps, 10);
}

static uint64_t value_of(const struct osi_path_step *step)
{
    switch (step->kind) {
    case OSI_PATH_EXCEPTION:
        return step->pc;
    case OSI_PATH_EVENT:
        return step->event.fields[0];
    case OSI_PATH_GAP:
    case OSI_PATH_LOST:
        return step->missing;
    default:
        return 0;
    }
}

static void compare_code(const struct model *m, const struct osi_path_code *got)
{
    const struct osi_path_code *want = &m->codes[got->id];
    test_assert(got->address == want->address && got->n == want->n && got->size == want->size &&
                    !memcmp(got->bytes, want->bytes, want->size) &&
                    got->function == want->function && got->offset == want->offset &&
                    got->loops == want->loops && !got->lengths == !want->lengths &&
                    (!got->lengths || !memcmp(got->lengths, want->lengths, want->n)),
                "code %u differs", got->id);
}

static bool same(const struct osi_path_step *got, const struct expected *want)
{
    return got->kind == want->kind && got->insn == want->insn && value_of(got) == want->value &&
           (got->kind != OSI_PATH_BLOCK || (got->code->id == want->id && got->n == want->n));
}

static void expect_all(const struct model *m, const char *dir)
{
    struct osi_trace_reader *reader = test_reader(dir);
    struct osi_path *path = osi_path_new(reader, 0);
    struct osi_path_step got;
    for (guint i = 0; i < m->steps->len; i++) {
        const struct expected *want = &g_array_index(m->steps, struct expected, i);
        test_assert(osi_path_next(path, &got) == 1, "the path ends at step %u", i);
        test_assert(same(&got, want), "step %u: kind %d for %d, insn %" PRIu64 " for %" PRIu64
                    ", block %u for %u, n %u for %u, value %" PRIx64 " for %" PRIx64, i, got.kind,
                    want->kind, got.insn, want->insn,
                    got.kind == OSI_PATH_BLOCK ? got.code->id : 0, want->id, got.n, want->n,
                    value_of(&got), want->value);
        if (got.kind == OSI_PATH_BLOCK)
            compare_code(m, got.code);
    }
    ck_assert_int_eq(osi_path_next(path, &got), 0);
    ck_assert_int_eq(osi_path_next(path, &got), 0);
    osi_path_free(path);
    osi_trace_reader_free(reader);
}

START_TEST(random_paths)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        char *dir = test_fast_directory();
        struct model *m = model_new(dir, (uint64_t)_i * 100 + seed);
        run(m, 20000);
        close_trace(m);
        expect_all(m, dir);
        model_free(m);
        test_remove(dir);
    }
}
END_TEST

/* Enough for some resets; a reader must stay in step over them. */
START_TEST(resets)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 7);
    run_wild(m, 6000000, 2);
    ck_assert_uint_gt(osi_path_bytes(m->path), 9u << 20);
    close_trace(m);
    expect_all(m, dir);
    model_free(m);
    test_remove(dir);
}
END_TEST

/* Off and on: what is missing is said, and the numbers of instructions go on. */
START_TEST(pauses)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 3);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t before;
        run(m, 300);
        before = m->path->insns;
        pause_for(m, 20);
        expect(m, OSI_PATH_GAP, 0, 0, m->path->insns - before);
        m->insns += m->path->insns - before;
        execute(m, 2, m->codes[2].n); /* only now it is seen that there was a gap */
    }
    run(m, 10);
    close_trace(m);
    expect_all(m, dir);
    model_free(m);
    test_remove(dir);
}
END_TEST

START_TEST(limits)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 3);
    struct osi_trace_reader *reader;
    struct osi_path_step step;
    struct osi_path *path;
    uint64_t first = 0, end = 0;
    osi_path_limit(m->path, 1000, 2000);
    run(m, 3000);
    close_trace(m);
    reader = test_reader(dir);
    path = osi_path_new(reader, 0);
    while (osi_path_next(path, &step)) {
        if (step.kind == OSI_PATH_BLOCK) {
            first = first ? first : step.insn;
            end = step.insn;
        }
    }
    ck_assert_uint_ge(first, 1000);
    ck_assert_uint_lt(first, 1020);
    ck_assert_uint_lt(end, 2000);
    ck_assert_uint_gt(end, 1900);
    osi_path_free(path);
    osi_trace_reader_free(reader);
    model_free(m);
    test_remove(dir);
}
END_TEST

/* Everything shown was expected just there; behind a loss that can be told from the next tick on. */
static void expect_true_parts(const struct model *m, const char *dir, uint64_t *compared,
                              uint64_t *losses, bool *end)
{
    struct osi_trace_reader *reader = test_reader(dir);
    struct osi_path *path = osi_path_new(reader, 0);
    struct osi_path_step got;
    bool torn = false, doubtful = false; /* how much of the last block before a loss was executed */
    uint64_t i = 0;
    *compared = *losses = 0;
    while (osi_path_next(path, &got)) {
        if (got.kind == OSI_PATH_LOST) {
            (*losses)++;
            torn = true;
            doubtful = false;
        } else if (got.kind == OSI_PATH_EVENT) {
            torn = false;
            i = got.event.fields[0] + 1;
        } else if (!torn) {
            test_assert(i < m->steps->len, "a step that never was");
            const struct expected *want = &g_array_index(m->steps, struct expected, i++);
            test_assert(!doubtful && want->kind == got.kind &&
                            (got.kind == OSI_PATH_BLOCK ? want->id == got.code->id
                                                        : want->value == value_of(&got)),
                        "step %" PRIu64 " is another", i - 1);
            doubtful = got.kind == OSI_PATH_BLOCK && want->n != got.n;
            (*compared)++;
        }
    }
    *end = !torn && i == m->steps->len;
    osi_path_free(path);
    osi_trace_reader_free(reader);
}

/* Events that never got to the disk: nothing false until the next reset, and all after it. */
START_TEST(lost_events)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 11);
    uint64_t compared, losses;
    bool end;
    m->lose_from = 1000 + (uint64_t)_i;
    m->lose_to = m->lose_from + 1 + (uint64_t)_i;
    run_wild(m, 4000000, 2);
    close_trace(m);
    expect_true_parts(m, dir, &compared, &losses, &end);
    ck_assert_uint_eq(losses, 1);
    ck_assert(end);
    ck_assert_uint_gt(compared, 1000000);
    ck_assert_uint_lt(compared, 4000000);
    model_free(m);
    test_remove(dir);
}
END_TEST

/* Without the end nobody can say how much is missing. */
START_TEST(lost_tail)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 12);
    struct osi_trace_reader *reader;
    struct osi_path_step step = {.kind = OSI_PATH_BLOCK}, last = step;
    struct osi_path *path;
    m->lose_from = 100;
    m->lose_to = 101;
    run(m, 100000);
    close_trace(m);
    reader = test_reader(dir);
    path = osi_path_new(reader, 0);
    while (osi_path_next(path, &step)) {
        if (step.kind != OSI_PATH_EVENT)
            last = step;
    }
    ck_assert_int_eq(last.kind, OSI_PATH_LOST);
    ck_assert(last.missing == UINT64_MAX);
    osi_path_free(path);
    osi_trace_reader_free(reader);
    model_free(m);
    test_remove(dir);
}
END_TEST

/* Any nonsense in the bytes ends in a loss, never in a crash; run with the sanitizers. */
START_TEST(nonsense)
{
    char *dir = test_fast_directory();
    struct model *m = model_new(dir, 13);
    struct osi_trace_reader *reader;
    struct osi_path_step step;
    struct osi_path *path;
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t row[OSI_TRACE_MAX_FIELDS];
        row[0] = i << 8 | (pick(m, 4) ? 0 : 0x80) | pick(m, pick(m, 20) ? 89 : 128);
        for (unsigned f = 1; f < OSI_TRACE_MAX_FIELDS; f++)
            row[f] = pick(m, 2) ? test_hash(pick(m, UINT64_MAX)) & 0x0303030303030303
                                : test_hash(pick(m, UINT64_MAX)) & 0x7f7f7f7f7f7f7f7f;
        osi_trace_emit(m->trace, 0, 0, i, row);
    }
    ck_assert_int_eq(osi_trace_writer_close(m->trace, NULL), 0);
    reader = test_reader(dir);
    path = osi_path_new(reader, 0);
    for (unsigned i = 0; i < 10000000 && osi_path_next(path, &step); i++) {
        if (step.kind == OSI_PATH_BLOCK)
            ck_assert(step.n <= step.code->n && step.code->size <= step.code->n * 16);
    }
    osi_path_free(path);
    osi_trace_reader_free(reader);
    model_free(m);
    test_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("path");
    TCase *tcase = tcase_create("path");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, random_paths, 0, 5);
    tcase_add_test(tcase, resets);
    tcase_add_test(tcase, pauses);
    tcase_add_test(tcase, limits);
    tcase_add_loop_test(tcase, lost_events, 0, 4);
    tcase_add_test(tcase, lost_tail);
    tcase_add_test(tcase, nonsense);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
