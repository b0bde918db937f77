/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap of functions, modules and tasks.
 *
 * Each block adds its number of instructions to the counter of its function, without a call. When a bucket
 * ends the vCPU's counters are looked at: what they grew by belongs to it. User code under a kernel,
 * and all code if tasks are the rows, is counted together by the library, and goes to the task that ran when another
 * one does. What counters are called is asked at the end: early code is known before its symbols. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "heatmap-names.h"

#define CHUNK 8192u
#define CHUNKS 64u
/* Code without a function: counters of its own, and pages that more of it is in. */
#define NAMELESS_OWN 16384u
#define NAMELESS_PAGES 131072u
#define NAMELESS_TRIES 64u

/* The first counters. */
enum { IDLE, REST, FIRST_OWN };

struct chunk {
    struct osi_cells *cells;
    struct heatmap_subject subjects[CHUNK];
};

static _Atomic(struct chunk *) chunks[CHUNKS];
static atomic_uint n_counters = FIRST_OWN;
static struct osi_heatmap *map;
/* By number of function; under the lock of the code hook. */
static uint32_t *of_function;
static size_t n_functions;

struct shard {
    struct osi_heatlane *lane;
    uint64_t *counts; /* a copy of all */
    size_t n_counts;
    uint32_t task;    /* counter of the task that runs */
    uint64_t counted; /* of osi_counted(), what tasks have been given */
};

/* A code object's own. */
struct place {
    uint32_t counter;
};

/* A context's own. */
struct run {
    uint32_t counter; /* 0: none yet */
    uint32_t stage;
};

/* ---- counters ---- */
static struct chunk *chunk_of(struct osi_session *session, uint32_t counter)
{
    struct chunk *known = atomic_load(&chunks[counter / CHUNK]), *made;

    if (!known) {
        made = calloc(1, sizeof(*made));
        made->cells = osi_cells_new(session, CHUNK);
        if (atomic_compare_exchange_strong(&chunks[counter / CHUNK], &known, made)) {
            return made;
        }
        osi_cells_free(made->cells);
        free(made);
    }
    return known;
}

/* Tasks that come when all counters are in use share one. */
static uint32_t add_counter(struct osi_session *session, const struct heatmap_subject *subject)
{
    uint32_t counter = atomic_load(&n_counters);

    do {
        if (counter == CHUNKS * CHUNK) {
            return REST;
        }
    } while (!atomic_compare_exchange_weak(&n_counters, &counter, counter + 1));
    chunk_of(session, counter)->subjects[counter % CHUNK] = *subject;
    return counter;
}

static uint64_t *cell_of(struct osi_session *session, uint32_t counter, unsigned vcpu)
{
    return osi_cells_of(chunk_of(session, counter)->cells, vcpu) + counter % CHUNK;
}

/* What was counted together belongs to the task that ran. */
static void settle(struct osi_session *session, struct shard *shard, unsigned vcpu)
{
    uint64_t counted = osi_counted(session, vcpu);

    *cell_of(session, shard->task, vcpu) += counted - shard->counted;
    shard->counted = counted;
}

static void copy_counts(struct shard *shard, unsigned vcpu)
{
    size_t n = atomic_load(&n_counters);

    if (n > shard->n_counts) {
        shard->n_counts = (n + CHUNK - 1) / CHUNK * CHUNK;
        shard->counts = realloc(shard->counts, shard->n_counts * sizeof(shard->counts[0]));
    }
    for (size_t i = 0; i < shard->n_counts; i += CHUNK) {
        struct chunk *chunk = atomic_load(&chunks[i / CHUNK]);

        if (chunk) {
            memcpy(shard->counts + i, osi_cells_of(chunk->cells, vcpu), CHUNK * sizeof(shard->counts[0]));
        } else { /* another vCPU is about to make it */
            memset(shard->counts + i, 0, CHUNK * sizeof(shard->counts[0]));
        }
    }
}

static struct shard *shard_of(struct osi_session *session, unsigned vcpu)
{
    struct shard *shard = osi_shard(session, vcpu);

    if (shard && !shard->lane) {
        shard->lane = osi_heatmap_lane(map, vcpu);
        osi_heatlane_mark(shard->lane, NULL, 0); /* it may start late */
        shard->task = REST;
    }
    return shard;
}

/* ---- while the guest runs ---- */
static uint64_t on_tick(struct osi_session *session, unsigned vcpu, uint64_t time)
{
    struct shard *shard = shard_of(session, vcpu);

    settle(session, shard, vcpu);
    copy_counts(shard, vcpu);
    if (time == OSI_NONE) {
        osi_heatlane_mark(shard->lane, shard->counts, shard->n_counts);
    } else {
        osi_heatlane_at(shard->lane, time, shard->counts, shard->n_counts);
    }
    return osi_heatlane_next(shard->lane);
}

static void on_idle(struct osi_session *session, unsigned vcpu, uint64_t from, uint64_t to)
{
    osi_heatlane_span(shard_of(session, vcpu)->lane, IDLE, from, to);
}

static void on_run(struct osi_session *session, unsigned vcpu, struct osi_context *prev,
                   struct osi_context *next)
{
    struct shard *shard = shard_of(session, vcpu);
    struct run *run = next->data;

    (void)prev;
    settle(session, shard, vcpu);
    if (!run->counter || run->stage != next->stage) {
        run->counter = add_counter(session, &(struct heatmap_subject){ .task = next->name });
        run->stage = next->stage;
    }
    shard->task = run->counter;
}

/* Code whose function may become known has a counter of its own, as long as it is not too much; more shares
 * one by page, which is its name then. */
static uint32_t counter_of_nameless(struct osi_session *session, uint64_t address)
{
    static struct {
        uint64_t page; /* number + 1, 0: none */
        uint32_t counter;
    } pages[NAMELESS_PAGES];
    static uint32_t n_own;
    uint64_t page = address / HEATMAP_PAGE + 1;
    size_t at = (size_t)(page * 0x9e3779b97f4a7c15u >> 32);

    if (n_own < NAMELESS_OWN) {
        n_own++;
        return add_counter(session, &(struct heatmap_subject){ .address = address });
    }
    for (size_t i = 0; i < NAMELESS_TRIES; i++, at++) {
        if (!pages[at % NAMELESS_PAGES].page) {
            pages[at % NAMELESS_PAGES].page = page;
            pages[at % NAMELESS_PAGES].counter =
                add_counter(session, &(struct heatmap_subject){ .address = address });
        }
        if (pages[at % NAMELESS_PAGES].page == page) {
            return pages[at % NAMELESS_PAGES].counter;
        }
    }
    return REST;
}

static uint32_t counter_of(struct osi_session *session, const struct osi_code *code)
{
    if (code->function == 0) {
        return counter_of_nameless(session, code->address);
    }
    if (code->function >= n_functions) {
        size_t n = code->function * 2;

        of_function = realloc(of_function, n * sizeof(of_function[0]));
        memset(of_function + n_functions, 0, (n - n_functions) * sizeof(of_function[0]));
        n_functions = n;
    }
    if (!of_function[code->function]) {
        of_function[code->function] =
            add_counter(session, &(struct heatmap_subject){ .function = code->function });
    }
    return of_function[code->function];
}

static void on_code(struct osi_session *session, const struct osi_code *code)
{
    struct place *place = code->data;

    place->counter = counter_of(session, code);
}

static void on_block(struct osi_session *session, struct osi_block *block)
{
    const struct osi_code *code;
    uint32_t counter = REST;

    if (osi_block_is_counted(block)) {
        return;
    }
    code = osi_block_code(block);
    if (code) {
        counter = ((const struct place *)code->data)->counter;
    }
    osi_block_add(block, chunk_of(session, counter)->cells, counter % CHUNK, osi_block_length(block));
}

/* ---- the end ---- */
static void end_lanes(struct osi_session *session)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct shard *shard = shard_of(session, i);

        if (shard) {
            settle(session, shard, i);
            copy_counts(shard, i);
            osi_heatlane_end(shard->lane, shard->counts, shard->n_counts);
        }
    }
    osi_heatmap_finish(map);
}

static void report_rows(struct osi_session *session, struct osi_report *out, const char *of,
                        heatmap_row_fn row_of)
{
    struct osi_heatrows *rows = osi_heatrows_new("instructions");
    uint32_t n, *to;

    end_lanes(session);
    n = atomic_load(&n_counters); /* at least as many as were counted */
    to = calloc(n, sizeof(to[0]));
    to[IDLE] = osi_heatrows_row(rows, "[idle]", NULL);
    osi_heatrows_set_time(rows, to[IDLE], osi_clock_unit(session));
    to[REST] = osi_heatrows_row(rows, "[rest]", NULL);
    for (uint32_t i = FIRST_OWN; i < n; i++) {
        to[i] = row_of(session, rows, &chunk_of(session, i)->subjects[i % CHUNK]);
    }
    osi_heatmap_regroup(map, to, n);
    free(to);
    heatmap_report(session, out, map, rows, of, "instructions", 0);
    osi_heatrows_free(rows);
}

static void report_functions(struct osi_session *session, struct osi_report *out)
{
    report_rows(session, out, "functions", heatmap_row_of_function);
}

static void report_modules(struct osi_session *session, struct osi_report *out)
{
    report_rows(session, out, "modules", heatmap_row_of_module);
}

static void report_tasks(struct osi_session *session, struct osi_report *out)
{
    report_rows(session, out, "tasks", heatmap_row_of_task);
}

/* ---- life ---- */
static int start(struct osi_session *session, struct osi_error *err)
{
    static const char *const texts[] = { "from", "to", "range", "pages" };
    static const char *const counts[] = { "page", "devices" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (osi_option_text(session, texts[i])) {
            return osi_fail(err, -EINVAL, "%s= is for of=pages", texts[i]);
        }
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (osi_option_count(session, counts[i])) {
            return osi_fail(err, -EINVAL, "%s= is for of=pages", counts[i]);
        }
    }
    if (osi_option_count(session, "sample") != 1 || osi_option_count(session, "seed") != 1) {
        return osi_fail(err, -EINVAL, "sample= and seed= are for of=pages");
    }
    map = heatmap_new(session, err);
    return map ? 0 : -EINVAL;
}

static void stop(struct osi_session *session)
{
    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        struct shard *shard = osi_shard(session, i);

        free(shard ? shard->counts : NULL);
    }
    for (unsigned i = 0; i < CHUNKS && chunks[i]; i++) {
        osi_cells_free(chunks[i]->cells);
        free(chunks[i]);
    }
    free(of_function);
    osi_heatmap_free(map);
}

#define OF_CODE \
    HEATMAP_TOOL, .shard_size = sizeof(struct shard), .context_size = sizeof(struct run), \
    .start = start, .run = on_run, .tick = on_tick, .idle = on_idle, .stop = stop

const struct osi_tool heatmap_functions = {
    OF_CODE, .needs = OSI_NEED_FUNCTIONS | OSI_NEED_CLOCK | OSI_NEED_COUNT_USER,
    .code_size = sizeof(struct place),
    .code = on_code, .block = on_block, .report = report_functions,
};

const struct osi_tool heatmap_modules = {
    OF_CODE, .needs = OSI_NEED_FUNCTIONS | OSI_NEED_CLOCK | OSI_NEED_COUNT_USER,
    .code_size = sizeof(struct place),
    .code = on_code, .block = on_block, .report = report_modules,
};

const struct osi_tool heatmap_tasks = {
    OF_CODE, .needs = OSI_NEED_FUNCTIONS | OSI_NEED_CLOCK | OSI_NEED_COUNT_ALL,
    .report = report_tasks,
};
