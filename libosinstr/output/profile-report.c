/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile as a report: the hottest functions, the tasks, and the hottest path. */
#include "profile.h"

#include <osinstr/table.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const struct osi_profile_function *function;
    uint64_t self, total, calls;
};

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static int by_name(const struct osi_profile_function *a, const struct osi_profile_function *b)
{
    int result = strcmp(a->name, b->name);

    if (!result)
        result = strcmp(a->module, b->module);
    return result ? result : (a->address > b->address) - (a->address < b->address);
}

static int by_self(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int result = (a->self < b->self) - (a->self > b->self);

    return result ? result : by_name(a->function, b->function);
}

static int by_total(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int result = (a->total < b->total) - (a->total > b->total);

    return result ? result : by_name(a->function, b->function);
}

static uint64_t address_of(const struct osi_profile_function *function)
{
    return function->address ? function->address : OSI_NONE;
}

static void report_functions(const struct osi_profile_names *names,
                             const struct osi_profile_sums *sums, struct osi_report *report,
                             size_t top)
{
    static const struct osi_column columns[] = {
        { "function", "function", OSI_COL_STRING },  { "module", "module", OSI_COL_STRING },
        { "address", NULL, OSI_COL_ADDRESS },        { "self", "self", OSI_COL_COUNT },
        { "self_share", "self %", OSI_COL_RATIO },   { "total", "total", OSI_COL_COUNT },
        { "total_share", "total %", OSI_COL_RATIO }, { "calls", "calls", OSI_COL_COUNT },
    };
    const uint64_t all = sums->node_total[0];
    size_t n = 0;
    struct row *rows = g_new(struct row, names->profile->n_functions);

    for (size_t i = 0; i < names->profile->n_functions; i++)
        if (names->used[i])
            rows[n++] = (struct row){ &names->profile->functions[i], sums->self[i], sums->total[i],
                                      sums->calls[i] };
    qsort(rows, n, sizeof(*rows), by_self);
    osi_report_table(report, "functions", "functions by instructions of their own", columns,
                     G_N_ELEMENTS(columns));
    osi_report_limit(report, top);
    for (size_t i = 0; i < n; i++)
        osi_report_row(report, rows[i].function->name, rows[i].function->module,
                       address_of(rows[i].function), rows[i].self, share(rows[i].self, all),
                       rows[i].total, share(rows[i].total, all), rows[i].calls);
    g_free(rows);
}

static void report_tasks(const struct osi_profile_names *names, const struct osi_profile_sums *sums,
                         struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "task", "task", OSI_COL_STRING },
        { "total", "total", OSI_COL_COUNT },
        { "share", "total %", OSI_COL_RATIO },
    };
    const struct osi_profile *profile = names->profile;
    struct row *tasks = g_new0(struct row, profile->n_functions);
    size_t n = 0;

    for (size_t i = 1; i < profile->n_nodes; i++) {
        uint32_t function = osi_profile_function_of(names, i);

        if (!profile->nodes[i].parent) {
            tasks[function].function = &profile->functions[function];
            tasks[function].total += sums->node_total[i];
        }
    }
    for (size_t i = 0; i < profile->n_functions; i++)
        if (tasks[i].function)
            tasks[n++] = tasks[i];
    qsort(tasks, n, sizeof(*tasks), by_total);
    osi_report_table(report, "tasks", "tasks by instructions", columns, G_N_ELEMENTS(columns));
    osi_report_limit(report, top);
    for (size_t i = 0; i < n; i++)
        osi_report_row(report, tasks[i].function->name, tasks[i].total,
                       share(tasks[i].total, sums->node_total[0]));
    g_free(tasks);
}

/* For each node the child with the greatest total, the first of equals; 0: none has any. */
static uint32_t *hottest_children(const struct osi_profile *profile, const uint64_t *totals)
{
    uint32_t *hottest = g_new0(uint32_t, profile->n_nodes);

    for (size_t i = 1; i < profile->n_nodes; i++) {
        uint32_t *best = &hottest[profile->nodes[i].parent];

        if (totals[i] > (*best ? totals[*best] : 0))
            *best = (uint32_t)i;
    }
    return hottest;
}

static void report_path(const struct osi_profile *profile, const struct osi_profile_sums *sums,
                        struct osi_report *report)
{
    static const struct osi_column columns[] = {
        { "depth", "depth", OSI_COL_COUNT },        { "function", "function", OSI_COL_STRING },
        { "module", "module", OSI_COL_STRING },     { "address", NULL, OSI_COL_ADDRESS },
        { "total", "total", OSI_COL_COUNT },        { "parent_share", "of caller", OSI_COL_RATIO },
        { "self", "self", OSI_COL_COUNT },
    };
    enum { LONGEST = 100 }; /* in text: a path that is longer recurses */
    uint32_t *hottest = hottest_children(profile, sums->node_total);
    uint64_t depth = 1;

    osi_report_table(report, "hottest_path", "hottest path", columns, G_N_ELEMENTS(columns));
    osi_report_limit(report, LONGEST);
    for (uint32_t i = hottest[0]; i; i = hottest[i], depth++) {
        const struct osi_profile_node *node = &profile->nodes[i];
        const struct osi_profile_function *function = &profile->functions[node->function];

        osi_report_row(report, depth, function->name, function->module, address_of(function),
                       sums->node_total[i],
                       share(sums->node_total[i], sums->node_total[node->parent]), node->self);
    }
    g_free(hottest);
}

void osi_profile_report(const struct osi_profile *profile, struct osi_report *report, size_t top)
{
    struct osi_profile_names names;
    struct osi_profile_sums sums;

    osi_profile_names_init(&names, profile);
    osi_profile_sums_init(&sums, &names);
    report_functions(&names, &sums, report, top);
    report_tasks(&names, &sums, report, top);
    report_path(profile, &sums, report);
    osi_profile_sums_clear(&sums);
    osi_profile_names_clear(&names);
}
