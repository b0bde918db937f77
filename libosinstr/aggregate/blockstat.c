/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks, and their sums by function, module and task. */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/blockstat.h>
#include <osinstr/table.h>

#include "output/csv.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* A function, a module or a task. */
struct sum {
    uint64_t number; /* function: its number; task: its pid */
    const char *name, *module;
    uint64_t instructions, executions, user;
    bool lump; /* executions are not known */
};

struct osi_blockstat {
    GArray *blocks; /* struct osi_blockstat_block */
    bool sorted;
    GHashTable *functions, *modules, *tasks; /* struct sum */
    uint64_t instructions, executions;
};

static guint hash_sum(gconstpointer key)
{
    const struct sum *sum = key;

    return (guint)((sum->number * 0x9e3779b97f4a7c15ull) >> 32) ^
           (sum->name ? g_str_hash(sum->name) : 0) ^ (sum->module ? g_str_hash(sum->module) : 0);
}

static gboolean same_sum(gconstpointer a, gconstpointer b)
{
    const struct sum *x = a, *y = b;

    return x->number == y->number && g_strcmp0(x->name, y->name) == 0 &&
           g_strcmp0(x->module, y->module) == 0;
}

struct osi_blockstat *osi_blockstat_new(void)
{
    struct osi_blockstat *stat = g_new0(struct osi_blockstat, 1);

    stat->blocks = g_array_new(FALSE, FALSE, sizeof(struct osi_blockstat_block));
    stat->functions = g_hash_table_new_full(hash_sum, same_sum, g_free, NULL);
    stat->modules = g_hash_table_new_full(hash_sum, same_sum, g_free, NULL);
    stat->tasks = g_hash_table_new_full(hash_sum, same_sum, g_free, NULL);
    return stat;
}

void osi_blockstat_free(struct osi_blockstat *stat)
{
    if (stat) {
        g_array_unref(stat->blocks);
        g_hash_table_destroy(stat->functions);
        g_hash_table_destroy(stat->modules);
        g_hash_table_destroy(stat->tasks);
        g_free(stat);
    }
}

/* ---- adding ---- */
static struct sum *sum_of(GHashTable *table, uint64_t number, const char *name, const char *module)
{
    struct sum key = { .number = number, .name = name, .module = module };
    struct sum *sum = g_hash_table_lookup(table, &key);

    if (!sum) {
        sum = g_memdup2(&key, sizeof(key));
        g_hash_table_add(table, sum);
    }
    return sum;
}

static void add(struct sum *sum, uint64_t instructions, uint64_t executions)
{
    sum->instructions += instructions;
    sum->executions += executions;
}

static const char *or_unknown(const char *name)
{
    return name ? name : "[unknown]";
}

void osi_blockstat_block(struct osi_blockstat *stat, const struct osi_blockstat_block *block)
{
    uint64_t instructions = block->executions * block->insns;
    const char *module = or_unknown(block->module);

    if (!block->executions) {
        return;
    }
    g_array_append_vals(stat->blocks, block, 1);
    stat->sorted = false;
    stat->instructions += instructions;
    stat->executions += block->executions;
    /* Code without symbols is one function of its module. */
    add(sum_of(stat->functions, block->function, block->symbol ? block->symbol : module, module),
        instructions, block->executions);
    add(sum_of(stat->modules, 0, module, NULL), instructions, block->executions);
}

void osi_blockstat_lump(struct osi_blockstat *stat, const char *name, uint64_t instructions)
{
    struct sum *function, *module;

    if (instructions) {
        function = sum_of(stat->functions, 0, name, name);
        module = sum_of(stat->modules, 0, name, NULL);
        function->lump = module->lump = true;
        add(function, instructions, 0);
        add(module, instructions, 0);
        stat->instructions += instructions;
    }
}

void osi_blockstat_task(struct osi_blockstat *stat, uint64_t pid, const char *name, uint64_t kernel,
                        uint64_t user)
{
    struct sum *sum;

    if (kernel || user) {
        sum = sum_of(stat->tasks, pid, name, NULL);
        sum->instructions += kernel;
        sum->user += user;
    }
}

/* ---- order: most instructions first, then by what is always the same ---- */
static int hotter(const void *a, const void *b)
{
    const struct osi_blockstat_block *x = a, *y = b;
    uint64_t m = x->executions * x->insns, n = y->executions * y->insns;

    if (m != n) {
        return m > n ? -1 : 1;
    }
    return x->address != y->address ? (x->address < y->address ? -1 : 1)
                                    : (x->id < y->id ? -1 : x->id > y->id);
}

static int by_address(const void *a, const void *b)
{
    const struct osi_blockstat_block *x = *(const struct osi_blockstat_block *const *)a,
                                     *y = *(const struct osi_blockstat_block *const *)b;

    return x->address != y->address ? (x->address < y->address ? -1 : 1)
                                    : (x->id < y->id ? -1 : x->id > y->id);
}

static int larger(const void *a, const void *b)
{
    const struct sum *x = *(const struct sum *const *)a, *y = *(const struct sum *const *)b;
    uint64_t m = x->instructions + x->user, n = y->instructions + y->user;
    int names;

    if (m != n) {
        return m > n ? -1 : 1;
    }
    names = g_strcmp0(x->name, y->name);
    if (!names) {
        names = g_strcmp0(x->module, y->module);
    }
    return names ? names : (x->number < y->number ? -1 : x->number > y->number);
}

static void sort(struct osi_blockstat *stat)
{
    if (!stat->sorted) {
        qsort(stat->blocks->data, stat->blocks->len, sizeof(struct osi_blockstat_block), hotter);
        stat->sorted = true;
    }
}

const struct osi_blockstat_block *osi_blockstat_hottest(struct osi_blockstat *stat, size_t n)
{
    sort(stat);
    return n < stat->blocks->len ? &g_array_index(stat->blocks, struct osi_blockstat_block, n) : NULL;
}

/* ---- report ---- */
static double share(const struct osi_blockstat *stat, uint64_t instructions)
{
    return stat->instructions ? (double)instructions / (double)stat->instructions : 0.0;
}

static void report_blocks(struct osi_blockstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "instructions", "instructions", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },
        { "executions", "executions", OSI_COL_COUNT },
        { "insns", "insns", OSI_COL_COUNT },
        { "bytes", "bytes", OSI_COL_COUNT },
        { "address", "address", OSI_COL_ADDRESS },
        { "id", NULL, OSI_COL_COUNT },
        { "place", "place", OSI_COL_STRING },
        { "function", NULL, OSI_COL_STRING },
        { "offset", NULL, OSI_COL_COUNT },
        { "module", "module", OSI_COL_STRING },
    };
    const struct osi_blockstat_block *block;

    osi_report_table(report, "hot_blocks", "blocks", columns, N(columns));
    for (size_t i = 0; (!top || i < top) && (block = osi_blockstat_hottest(stat, i)); i++) {
        char *place = block->symbol ? g_strdup_printf("%s+0x%" PRIx64, block->symbol, block->offset)
                                    : NULL;
        uint64_t instructions = block->executions * block->insns;

        osi_report_row(report, instructions, share(stat, instructions), block->executions,
                       (uint64_t)block->insns, (uint64_t)block->size, block->address,
                       (uint64_t)block->id, place, block->symbol,
                       block->symbol ? block->offset : OSI_NONE, block->module);
        g_free(place);
    }
}

static struct sum **sorted(GHashTable *table, guint *n)
{
    struct sum **all = (struct sum **)g_hash_table_get_keys_as_array(table, n);

    qsort(all, *n, sizeof(all[0]), larger);
    return all;
}

static void report_functions(struct osi_blockstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "instructions", "instructions", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },
        { "executions", "blocks run", OSI_COL_COUNT },
        { "function", "function", OSI_COL_STRING },
        { "module", "module", OSI_COL_STRING },
    };
    guint n;
    struct sum **all = sorted(stat->functions, &n);

    osi_report_table(report, "functions", "functions", columns, N(columns));
    osi_report_limit(report, top);
    for (guint i = 0; i < n; i++) {
        osi_report_row(report, all[i]->instructions, share(stat, all[i]->instructions),
                       all[i]->lump ? OSI_NONE : all[i]->executions, all[i]->name, all[i]->module);
    }
    g_free(all);
}

static void report_modules(struct osi_blockstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "instructions", "instructions", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },
        { "executions", "blocks run", OSI_COL_COUNT },
        { "module", "module", OSI_COL_STRING },
    };
    guint n;
    struct sum **all = sorted(stat->modules, &n);

    osi_report_table(report, "modules", "modules", columns, N(columns));
    osi_report_limit(report, top);
    for (guint i = 0; i < n; i++) {
        osi_report_row(report, all[i]->instructions, share(stat, all[i]->instructions),
                       all[i]->lump ? OSI_NONE : all[i]->executions, all[i]->name);
    }
    g_free(all);
}

static void report_tasks(struct osi_blockstat *stat, struct osi_report *report, size_t top)
{
    static const struct osi_column columns[] = {
        { "instructions", "instructions", OSI_COL_COUNT },
        { "share", "share", OSI_COL_RATIO },
        { "kernel", "in the kernel", OSI_COL_COUNT },
        { "user", "in user code", OSI_COL_COUNT },
        { "pid", "pid", OSI_COL_COUNT },
        { "comm", "task", OSI_COL_STRING },
    };
    guint n;
    struct sum **all = sorted(stat->tasks, &n);

    if (n) {
        osi_report_table(report, "tasks", "tasks", columns, N(columns));
        osi_report_limit(report, top);
    }
    for (guint i = 0; i < n; i++) {
        uint64_t instructions = all[i]->instructions + all[i]->user;

        osi_report_row(report, instructions, share(stat, instructions), all[i]->instructions,
                       all[i]->user, all[i]->number, all[i]->name);
    }
    g_free(all);
}

void osi_blockstat_report(struct osi_blockstat *stat, struct osi_report *report, size_t top)
{
    osi_report_count(report, "instructions", stat->instructions);
    osi_report_count(report, "executions", stat->executions);
    osi_report_count(report, "blocks", stat->blocks->len);
    report_functions(stat, report, top);
    report_blocks(stat, report, top);
    report_modules(stat, report, top);
    report_tasks(stat, report, top);
}

/* ---- file ---- */
static void csv_line(const struct osi_blockstat_block *block, FILE *stream)
{
    fprintf(stream, "%" PRIu32 ",0x%" PRIx64 ",", block->id, block->address);
    osi_csv_text(stream, block->symbol);
    if (block->symbol) {
        fprintf(stream, ",0x%" PRIx64 ",", block->offset);
    } else {
        fputs(",,", stream);
    }
    osi_csv_text(stream, block->module);
    fprintf(stream, ",%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 "\n", block->insns, block->size,
            block->executions, block->executions * block->insns);
}

int osi_blockstat_csv(struct osi_blockstat *stat, FILE *stream)
{
    guint n = stat->blocks->len;
    const struct osi_blockstat_block **all = g_new(const struct osi_blockstat_block *, n);

    for (guint i = 0; i < n; i++) {
        all[i] = &g_array_index(stat->blocks, struct osi_blockstat_block, i);
    }
    qsort(all, n, sizeof(all[0]), by_address);
    fputs("id,address,symbol,offset,module,insns,bytes,executions,instructions\n", stream);
    for (guint i = 0; i < n; i++) {
        csv_line(all[i], stream);
    }
    g_free(all);
    return osi_csv_end(stream);
}
