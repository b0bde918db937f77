/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of all tools' reports that two runs are compared by: what a row is called, what is
 * compared of it. A table of this list is one table of the output. */
#include <inttypes.h>
#include <string.h>

#include "diff.h"

/* ---- what rows are called ---- */
/* Of a member that is there: a copy, "-" for null. */
static char *named(JsonObject *row, const char *key)
{
    const char *text = diff_text(row, key);

    return g_strdup(text ? text : "-");
}

static char *numbered(const struct diff_run *run, JsonObject *row, const char *key)
{
    uint64_t number = diff_count(run, row, key);

    return number == OSI_NONE ? g_strdup("-") : g_strdup_printf("%" PRIu64, number);
}

static void by_comm(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    const char *comm = diff_text(row, "comm");

    (void)run, (void)of;
    *name = diff_task_name(comm ? comm : "-");
}

/* With by=task they have their pids. */
static void by_task(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    const char *task = diff_text(row, "task");

    (void)of;
    task = task ? task : "-";
    *name = g_strcmp0(diff_option(run, "by"), "task") == 0 ? diff_numbered_task_name(task)
                                                          : diff_task_name(task);
}

static void by_cpu(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)of;
    *name = numbered(run, row, "cpu");
}

static void by_masked_cpu(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)run, (void)of;
    *name = named(row, "cpu");
}

/* "27 arch_timer" */
static void by_number(const struct diff_run *run, JsonObject *row, const char *key, char **name,
                      char **of)
{
    char *number = numbered(run, row, key), *action = named(row, "name");

    *name = g_strdup_printf("%s %s", number, action);
    *of = named(row, "cpu");
    g_free(number);
    g_free(action);
}

static void by_interrupt(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    by_number(run, row, "hwirq", name, of);
}

static void by_softirq(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    by_number(run, row, "vec", name, of);
}

static void by_exception(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    *name = named(row, "class");
    *of = numbered(run, row, "cpu");
}

static void by_places(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)run;
    *name = named(row, "from");
    *of = named(row, "to");
}

/* The address is left out: the kernel's changes with each boot. Functions of one name in one module are
 * added up. What stands for a task (with by=task) is one, too. */
static void by_function(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    char *function = named(row, "function");

    *of = named(row, "module");
    if (strcmp(*of, "[task]") != 0) {
        *name = function;
        return;
    }
    *name = g_strcmp0(diff_option(run, "by"), "task") == 0 ? diff_numbered_task_name(function)
                                                          : diff_task_name(function);
    g_free(function);
}

static void by_module(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)run, (void)of;
    *name = named(row, "module");
}

static void by_kind(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)run, (void)of;
    *name = named(row, "kind");
}

static void by_device(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    (void)run;
    *name = named(row, "device");
    *of = named(row, "address");
}

static void by_heat_row(const struct diff_run *run, JsonObject *row, char **name, char **of)
{
    const char *text = diff_text(row, "row");

    (void)run;
    *of = named(row, "module");
    *name = diff_heat_name(text ? text : "-", *of);
}

/* ---- where histograms are ---- */
static char *task_tag(const struct diff_spec *spec, JsonObject *row)
{
    JsonNode *key = json_object_get_member(row, "key");

    (void)spec;
    return key && JSON_NODE_HOLDS_VALUE(key) ? g_strdup_printf("task.%" PRId64, json_node_get_int(key))
                                             : NULL;
}

/* As the library writes them to histograms.csv. */
static char *clean(char *tag)
{
    for (char *c = tag; *c; c++) {
        *c = !g_ascii_isgraph(*c) || *c == ',' || *c == '"' ? '_' : *c;
    }
    return tag;
}

static char *interval_tag(const struct diff_spec *spec, JsonObject *row)
{
    JsonNode *hwirq = json_object_get_member(row, "hwirq");
    const char *name = diff_text(row, "name"), *cpu = diff_text(row, "cpu");
    char *irq = hwirq && JSON_NODE_HOLDS_VALUE(hwirq)
                    ? g_strdup_printf("irq%" PRId64, json_node_get_int(hwirq)) : g_strdup("irq-");
    char *tag = g_strdup_printf("%s.%s.%s.cpu_%s", spec->source, irq, name ? name : "-", cpu ? cpu : "");

    g_free(irq);
    return clean(tag);
}

static char *softirq_tag(const struct diff_spec *spec, JsonObject *row)
{
    const char *name = diff_text(row, "name"), *cpu = diff_text(row, "cpu");

    return clean(g_strdup_printf("%s.%s.cpu_%s", spec->source, name ? name : "-", cpu ? cpu : ""));
}

static char *masked_tag(const struct diff_spec *spec, JsonObject *row)
{
    const char *cpu = diff_text(row, "cpu");

    return clean(g_strdup_printf("%s.cpu_%s", spec->source, cpu ? cpu : ""));
}

/* ---- the tables ---- */
#define PERCENTILES                                                                                \
    { { "p50", "p50", DIFF_PERCENTILE, 50 }, { "p90", "p90", DIFF_PERCENTILE, 90 },                \
      { "p99", "p99", DIFF_PERCENTILE, 99 }, { "p99_9", "p99.9", DIFF_PERCENTILE, 99.9 },          \
      { "max", "max", DIFF_MAX, 100 } }
#define LATENCY(source_key, words, who, ident, where, tags)                                        \
    { .report = "irq-latency", .source = source_key, .key = source_key, .title = words,            \
      .name = who, .of = where, .kind = DIFF_TIME, .identify = ident, .tag = tags,                 \
      .measures = PERCENTILES }
#define COUNTS(source_key, table, words, who, ident, where)                                        \
    { .report = "irq-latency", .source = source_key, .key = table, .title = words, .name = who,    \
      .of = where, .kind = DIFF_COUNT, .identify = ident, .measures = { { "count", "count", DIFF_SUM, 0 } } }

const struct diff_spec diff_specs[] = {
    { "sched", "tasks", "task_run", "CPU time of tasks", "task", NULL, DIFF_TIME, by_comm, NULL, false,
      { { "run", "run", DIFF_SUM, 0 } } },
    { "sched", "tasks", "task_switches", "switches of tasks", "task", NULL, DIFF_COUNT, by_comm, NULL,
      false,
      { { "voluntary", "voluntary", DIFF_SUM, 0 }, { "involuntary", "involuntary", DIFF_SUM, 0 },
        { "waits", "waits", DIFF_SUM, 0 } } },
    { "sched", "tasks", "task_waits", "waits of tasks", "task", NULL, DIFF_TIME, by_comm, task_tag, true,
      { { "wait_p50", "p50", DIFF_PERCENTILE, 50 }, { "wait_p90", "p90", DIFF_PERCENTILE, 90 },
        { "wait_p99", "p99", DIFF_PERCENTILE, 99 }, { "wait_max", "max", DIFF_MAX, 100 } } },
    { "sched", "cpus", "cpu_time", "CPUs", "cpu", NULL, DIFF_TIME, by_cpu, NULL, false,
      { { "busy", "busy", DIFF_SUM, 0 }, { "idle", "idle", DIFF_SUM, 0 } } },
    { "sched", "cpus", "cpu_switches", "switches of CPUs", "cpu", NULL, DIFF_COUNT, by_cpu, NULL, false,
      { { "switches", "switches", DIFF_SUM, 0 } } },

    COUNTS("irqs", "interrupt_counts", "interrupts by number", "interrupt", by_interrupt, "cpu"),
    LATENCY("assert_to_entry", "assert to entry (timers)", "interrupt", by_interrupt, "cpu", interval_tag),
    LATENCY("entry_to_handler", "entry to handler", "interrupt", by_interrupt, "cpu", interval_tag),
    LATENCY("handler", "handler", "interrupt", by_interrupt, "cpu", interval_tag),
    LATENCY("entry_to_exit", "entry to exit", "interrupt", by_interrupt, "cpu", interval_tag),
    LATENCY("entry_to_thread", "entry to the woken thread", "interrupt", by_interrupt, "cpu",
            interval_tag),
    LATENCY("assert_to_thread", "assert to the woken thread (timers)", "interrupt", by_interrupt, "cpu",
            interval_tag),
    LATENCY("masked", "interrupts masked", "cpu", by_masked_cpu, NULL, masked_tag),
    COUNTS("masked", "masked_count", "how often interrupts were masked", "cpu", by_masked_cpu, NULL),
    LATENCY("softirq", "softirqs", "softirq", by_softirq, "cpu", softirq_tag),
    COUNTS("softirq", "softirq_count", "softirqs run", "softirq", by_softirq, "cpu"),
    { "irq-latency", "masked_by", "masked_by", "who masks most", "masked_by", "unmasked_by", DIFF_TIME,
      by_places, NULL, false,
      { { "total", "total", DIFF_SUM, 0 }, { "max", "max", DIFF_MAX, 0 } } },
    { "irq-latency", "cpus", "cpu_masked", "time masked", "cpu", NULL, DIFF_TIME, by_cpu, NULL, false,
      { { "masked_time", "masked", DIFF_SUM, 0 } } },
    COUNTS("exceptions", "exception_count", "exceptions", "exception", by_exception, "cpu"),

    { "hotpath", "functions", "function_self", "functions by instructions of their own", "function",
      "module", DIFF_COUNT, by_function, NULL, false,
      { { "self", "self", DIFF_SUM, 0 } } },
    { "hotpath", "functions", "function_total", "functions by instructions with all they call",
      "function", "module", DIFF_COUNT, by_function, NULL, false,
      { { "total", "total", DIFF_SUM, 0 } } },
    { "hotpath", "functions", "function_calls", "calls of functions", "function", "module", DIFF_COUNT,
      by_function, NULL, false,
      { { "calls", "calls", DIFF_SUM, 0 } } },
    { "hotpath", "tasks", "task_total", "tasks by instructions", "task", NULL, DIFF_COUNT, by_task, NULL,
      false, { { "total", "total", DIFF_SUM, 0 } } },
    { "hotpath", "functions", "function_instructions", "functions by instructions", "function", "module",
      DIFF_COUNT, by_function, NULL, false,
      { { "instructions", "instructions", DIFF_SUM, 0 } } },
    { "hotpath", "functions", "function_blocks", "blocks run in functions", "function", "module",
      DIFF_COUNT, by_function, NULL, false,
      { { "executions", "blocks run", DIFF_SUM, 0 } } },
    { "hotpath", "modules", "module_instructions", "modules by instructions", "module", NULL, DIFF_COUNT,
      by_module, NULL, false, { { "instructions", "instructions", DIFF_SUM, 0 } } },
    { "hotpath", "tasks", "task_instructions", "tasks by instructions", "task", NULL, DIFF_COUNT, by_comm,
      NULL, false,
      { { "kernel", "kernel", DIFF_SUM, 0 }, { "user", "user", DIFF_SUM, 0 } } },
    { "hotpath", "kinds", "edge_kinds", "edges by kind", "kind", NULL, DIFF_COUNT, by_kind, NULL, false,
      { { "count", "count", DIFF_SUM, 0 } } },

    { "heatmap", "rows", "rows", "rows, by what they have in total", "row", "module", DIFF_COUNT,
      by_heat_row, NULL, false, { { "total", "total", DIFF_SUM, 0 } } },
    { "heatmap", "devices", "devices", "accesses of devices", "device", "address", DIFF_COUNT, by_device,
      NULL, false,
      { { "reads", "reads", DIFF_SUM, 0 }, { "writes", "writes", DIFF_SUM, 0 } } },
    { .key = NULL },
};

size_t diff_n_measures(const struct diff_spec *spec)
{
    size_t n = 0;

    while (spec->measures[n].key) {
        n++;
    }
    return n;
}
