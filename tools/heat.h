/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of the plugin heatmap, as the tool reads it: summary.json, rows.csv and heatmap.npy. They
 * are believed only as far as they agree with each other. */
#ifndef TOOLS_HEAT_H
#define TOOLS_HEAT_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/heatview.h>

#define HEAT_ALL_CPUS UINT64_MAX
#define HEAT_SUMMARY_LIMIT ((size_t)64 << 20)

/* What osinstr report was asked for, as text; NULL: not said. */
struct heat_options {
    char *color, *rows, *order, *cpu;
    gboolean svg, json;
};

struct heat_run_row {
    char *name, *module; /* NULL: no such row was read yet */
    bool is_time;
    uint64_t total;
};

/* Zeroed before it is first used. */
struct heat_run {
    const char *dir;
    char *summary; /* the file as it is */
    size_t summary_length;
    uint64_t bucket, buckets, vcpus;
    char *unit, *value_unit;
    GPtrArray *notes; /* char * */
    GArray *rows;     /* struct heat_run_row */
};

/* Whether the directory has a heatmap and no trace. */
bool heat_is_run(const char *dir);

/* In this order; each returns 0, or a negative errno and a sentence that says which file is wrong
 * in what. */
int heat_read_summary(struct heat_run *run, const char *dir, struct osi_error *err);
int heat_read_rows(struct heat_run *run, struct osi_error *err);
/* The view of one CPU, or of all; the caller frees it. */
int heat_read_values(const struct heat_run *run, uint64_t cpu, struct osi_heatview **view,
                     struct osi_error *err);
void heat_clear(struct heat_run *run);

/* A regular file of at most `limit` bytes, whole, with a 0 behind. The caller calls free(). */
int heat_read_file(const char *dir, const char *name, size_t limit, char **text, size_t *length,
                   struct osi_error *err);

/* JSON of a file that nobody vouches for; NULL if it is no object. */
JsonParser *heat_parse(const char *text, size_t length);

/* osinstr report of such a run: the exit status. */
int heat_report(const char *dir, const struct heat_options *options);

#endif
