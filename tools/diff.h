/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr diff: what two runs have in common, side by side.
 *
 * A run is its report in JSON: summary.json, or the same made from the trace of a run that was cut off.
 * Tables of it are described by struct diff_spec; their rows are joined by name (diff-rows.c), compared
 * (diff-compare.c) and stated (diff-report.c).
 */
#ifndef TOOLS_DIFF_H
#define TOOLS_DIFF_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/histogram.h>
#include <osinstr/table.h>

#define DIFF_MEASURES 6

struct diff_run {
    const char *dir;
    JsonParser *parser;
    JsonObject *summary;      /* of the parser */
    const char *tool, *unit;  /* of the summary */
    char **options;           /* "name=value" */
    bool exact;               /* executed with icount, on a clock that nothing outside moves */
    GHashTable *histograms;   /* tag -> struct osi_histogram */
    GPtrArray *notes;         /* char *: what was said of the run, each once */
};

/* ---- diff-run.c ---- */
/* `run` is zeroed. 0, or a negative errno and a sentence. */
int diff_run_read(struct diff_run *run, const char *dir, struct osi_error *err);
void diff_run_clear(struct diff_run *run);
/* From now on the run is its trace's account of tasks and CPUs; false: it has no such trace, and stays
 * what it was. */
bool diff_run_as_sched(struct diff_run *run);
/* Keeps a copy, unless it was said before. */
void diff_run_note(struct diff_run *run, const char *note);
bool diff_run_has_note(const struct diff_run *run, const char *note);

/* ---- diff-members.c ---- */
/* The value of an option, NULL: it has none. */
const char *diff_option(const struct diff_run *run, const char *name);
/* Members of JSON; NULL, OSI_NONE: there is none such. A time's key is given without its unit. */
const char *diff_text(JsonObject *object, const char *key);
uint64_t diff_count(const struct diff_run *run, JsonObject *object, const char *key);
JsonArray *diff_array(JsonObject *object, const char *key);

/* ---- diff-trace.c ---- */
/* Takes the report of a run without summary.json, and histograms, from its trace. */
int diff_trace_report(struct diff_run *run, char **json, struct osi_error *err);
/* The waits of each task: "task.KEY"; and what the trace lacks, as notes. */
int diff_trace_waits(struct diff_run *run, struct osi_error *err);
/* As `sched` would report it, and the waits; of whatever tool's trace, if it has task switches. To be
 * freed; NULL: it has none, or is not readable. */
char *diff_trace_sched(struct diff_run *run);

/* ---- diff-histograms.c ---- */
GHashTable *diff_histograms_new(void);
/* Of histograms.csv. Values are the ends of their buckets. */
int diff_histograms_read(GHashTable *histograms, const char *text);
struct osi_histogram *diff_histogram_of(GHashTable *histograms, const char *tag); /* made if need be */

/* ---- diff-stat.c ---- */
/* How probable it is that two samples of one distribution lie apart like this: the two-sided
 * Mann-Whitney test, with its correction for ties and the normal approximation. NAN: one is NULL or
 * has less than DIFF_FEW values. */
#define DIFF_FEW 8
double diff_mann_whitney(const struct osi_histogram *before, const struct osi_histogram *after);

/* ---- diff-names.c ---- */
/* What is compared with what; all to be freed. */
char *diff_task_name(const char *comm);
char *diff_numbered_task_name(const char *name); /* "sh-123" */
char *diff_heat_name(const char *row, const char *module); /* a row of a heatmap */

/* ---- diff-specs.c ---- */
enum diff_kind { DIFF_COUNT, DIFF_TIME };
enum diff_how {
    DIFF_SUM,        /* rows of one name are added up */
    DIFF_MAX,
    DIFF_PERCENTILE, /* joined rows: of their common histogram */
};

struct diff_measure {
    const char *key;   /* member of a row */
    const char *title;
    enum diff_how how;
    double percentile;
};

struct diff_spec {
    const char *report;     /* which tool's */
    const char *source;     /* its table */
    const char *key, *title; /* of the table of differences */
    const char *name, *of;  /* columns that name a row; `of` may be NULL */
    enum diff_kind kind;
    /* Strings to be freed; *of may stay NULL. */
    void (*identify)(const struct diff_run *run, JsonObject *row, char **name, char **of);
    /* Tag of the row's histogram; NULL: there are none. To be freed. */
    char *(*tag)(const struct diff_spec *spec, JsonObject *row);
    bool whole;             /* a row "[all]" of all others */
    struct diff_measure measures[DIFF_MEASURES + 1]; /* ends with a NULL key */
};

extern const struct diff_spec diff_specs[]; /* ends with a NULL key */
size_t diff_n_measures(const struct diff_spec *spec);

/* ---- diff-rows.c ---- */
struct diff_row {
    char *name, *of;
    uint64_t values[DIFF_MEASURES]; /* OSI_NONE: has none */
    struct osi_histogram *histogram; /* NULL: has none */
    guint joined;                   /* rows of the report */
};

/* The rows of one table by name and `of`; NULL: the run has no such table. */
GHashTable *diff_rows(const struct diff_run *run, const struct diff_spec *spec);
/* The single facts of a kind, as rows with one value. */
GHashTable *diff_facts(const struct diff_run *run, enum diff_kind kind);

/* ---- diff-compare.c ---- */
struct diff_line {
    const char *name, *of;
    unsigned measure;
    uint64_t before, after; /* OSI_NONE: there is no such row, or it has none such */
    int64_t difference;     /* INT64_MIN: none can be told */
    double change;          /* of the value before; NAN */
    double p;               /* NAN */
    const char *status;     /* "new", "gone", NULL */
    bool notable;
};

struct diff_lines {
    GArray *lines;          /* struct diff_line, the greatest difference first */
    guint n_different, n_notable;
};

/* The lines refer to the rows. */
void diff_compare(struct diff_lines *lines, const struct diff_spec *spec, GHashTable *before,
                  GHashTable *after, bool exact);
void diff_lines_clear(struct diff_lines *lines);
int64_t diff_difference(uint64_t before, uint64_t after);
/* Of runs that don't repeat exactly. `whole`: what all rows have together. */
bool diff_is_notable_sum(uint64_t before, uint64_t after, double whole);

/* ---- diff-report.c ---- */
struct diff_options {
    gboolean all, json;
    uint64_t top; /* rows in text, 0: all */
};

/* What is compared and how: facts, and the table "setup" of what differs between the runs; how many rows
 * that has. */
unsigned diff_state_setup(struct osi_report *report, const struct diff_run *before,
                          const struct diff_run *after);
/* All tables of lines; how many rows are listed. */
unsigned diff_state_tables(struct osi_report *report, const struct diff_run *before,
                           const struct diff_run *after, const struct diff_options *options);

/* ---- diff-heat.c ---- */
/* When the rows of two heatmaps differ most; adds the rows of its table to *listed. */
int diff_state_heat(struct osi_report *report, const struct diff_run *before,
                    const struct diff_run *after, const struct diff_options *options,
                    unsigned *listed, struct osi_error *err);

#endif
