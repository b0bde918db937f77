/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath, mode=calls: from the trees to the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hotpath-calls.h"

/* Code at a user address without a symbol is another function in each program. */
static bool resolve(void *data, uint32_t number, uint32_t root, struct osi_profile_function *as)
{
    struct osi_session *session = data;
    struct osi_function function, task;
    char module[64];
    bool own;

    osi_function(session, number, &function);
    *as = (struct osi_profile_function){ function.name, function.module, function.address };
    own = !function.module[0] && osi_kernel_known(session) &&
          !osi_arch(session)->is_kernel(function.address);
    if (own) {
        osi_function(session, root, &task);
        snprintf(module, sizeof(module), "[%s]", task.name);
        osi_function(session, osi_function_named(session, function.name, module), &function);
        as->module = function.module;
    } else if (!function.module[0]) {
        as->module = "[unknown]";
    }
    return own;
}

static int write_folded(const void *profile, FILE *stream)
{
    return osi_profile_folded(profile, stream);
}

static int write_callgrind(const void *profile, FILE *stream)
{
    return osi_profile_callgrind(profile, stream);
}

static int write_pprof(const void *profile, FILE *stream)
{
    return osi_profile_pprof(profile, stream);
}

static void add_health(struct osi_calls_health *sum, const struct osi_calls_health *one)
{
    sum->returns += one->returns;
    sum->unwound += one->unwound;
    sum->unmatched += one->unmatched;
    sum->deep += one->deep;
}

static void state_health(struct osi_report *out, const struct osi_calls_health *health,
                         uint64_t merged)
{
    osi_report_count(out, "returns", health->returns);
    osi_report_count(out, "returns_unwound", health->unwound);
    osi_report_count(out, "returns_unmatched", health->unmatched);
    osi_report_count(out, "calls_other", merged);
    if (merged) {
        osi_report_note(out, "the limit of nodes was reached: %llu calls are counted as [other]; "
                        "nodes=COUNT sets it", (unsigned long long)merged);
    }
    if (health->deep) {
        osi_report_note(out, "%llu calls were deeper than the stack that is kept",
                        (unsigned long long)health->deep);
    }
}

/* What was executed since the last look; returns the sum over all vCPUs. */
static uint64_t pause_all(struct osi_session *session)
{
    uint64_t insns = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        const struct osi_context *context = osi_context(session, i);

        if (context) {
            osi_calls_pause(thread_of(context)->calls, osi_insns_total(session, i));
        }
        insns += osi_insns_total(session, i);
    }
    return insns;
}

static int by_insns(const void *a, const void *b)
{
    const struct osi_context *const *x = a, *const *y = b;
    uint64_t left = osi_calls_insns(thread_of(*x)->calls);
    uint64_t right = osi_calls_insns(thread_of(*y)->calls);

    return left != right ? (left < right) - (left > right) : (*x)->number < (*y)->number ? -1 : 1;
}

static void state_threads(struct osi_session *session, struct osi_report *out)
{
    static const struct osi_column columns[] = {
        { "name", "task", OSI_COL_STRING },
        { "instructions", "instructions", OSI_COL_COUNT },
    };
    unsigned n = osi_n_contexts(session), n_ran = 0;
    struct osi_context **ran = calloc(n + 1, sizeof(*ran));

    for (unsigned i = 0; i < n; i++) {
        struct osi_context *context = osi_context_at(session, i);

        if (thread_of(context)->calls && osi_calls_insns(thread_of(context)->calls)) {
            ran[n_ran++] = context;
        }
    }
    qsort(ran, n_ran, sizeof(*ran), by_insns);
    osi_report_table(out, "threads", "each task", columns, sizeof(columns) / sizeof(columns[0]));
    osi_report_limit(out, osi_option_count(session, "top"));
    for (unsigned i = 0; i < n_ran; i++) {
        osi_report_row(out, ran[i]->name, osi_calls_insns(thread_of(ran[i])->calls));
    }
    free(ran);
}

void hotpath_calls_report(struct osi_session *session, struct osi_report *out)
{
    struct hotpath *hotpath = osi_data(session);
    struct osi_profile profile = { .tool = "hotpath", .command = osi_observed(session) };
    struct osi_calls_health health = { 0 };
    uint64_t insns = pause_all(session);

    for (unsigned i = 0; i < osi_n_contexts(session); i++) {
        struct osi_calls *calls = thread_of(osi_context_at(session, i))->calls;

        if (calls) {
            add_health(&health, osi_calls_health(calls));
        }
    }
    osi_calltree_profile(hotpath->tree, resolve, session, &profile);
    osi_report_count(out, "instructions", insns);
    osi_report_count(out, "nodes", profile.n_nodes);
    state_health(out, &health, osi_calltree_merged(hotpath->tree));
    osi_calltree_free(hotpath->tree); /* the files can take its place in memory */
    hotpath->tree = NULL;
    osi_profile_report(&profile, out, osi_option_count(session, "top"));
    state_threads(session, out);
    osi_write_file(session, "stacks.folded", write_folded, &profile);
    osi_write_file(session, "callgrind.out", write_callgrind, &profile);
    osi_write_file(session, "profile.pb.gz", write_pprof, &profile);
    free((void *)profile.functions);
    free((void *)profile.nodes);
}
