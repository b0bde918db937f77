/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as stated, between the calls that fill it and the emitters.
 *
 * Units are settled when something is stated: under an instruction clock a time
 * is a count here already, so an emitter sees only what it has to print.
 */
#ifndef OSI_OUTPUT_REPORT_H
#define OSI_OUTPUT_REPORT_H

#include <glib.h>
#include <osinstr/histogram.h>
#include <osinstr/table.h>
#include <stdbool.h>

union osi_value {
    const char *string;
    uint64_t count;
    int64_t integer;
    double ratio;
};

struct osi_fact {
    const char *key, *label;
    enum osi_column_kind kind;
    union osi_value value;
};

struct osi_report_table {
    const char *key, *title;
    struct osi_column *columns;
    size_t n_columns;
    GArray *cells; /* union osi_value, row after row */
    size_t limit;  /* rows in text, 0: all */
};

struct osi_report_histogram {
    const char *tag;
    struct osi_histogram *values; /* never empty */
};

struct osi_report {
    GStringChunk *strings; /* owns every string above */
    const char *name, *unit;
    GHashTable *keys;    /* in use at the top level */
    GArray *facts;       /* struct osi_fact */
    GPtrArray *tables;   /* struct osi_report_table */
    GPtrArray *notes;    /* const char * */
    GHashTable *tags;    /* in use among the histograms */
    GArray *histograms;  /* struct osi_report_histogram */
    uint64_t start, end; /* when they were recorded */
};

/* The report's own copy of the key, completed by the unit if it is that of a time, and made
 * unique in `used`. */
const char *osi_claim_key(struct osi_report *report, GHashTable *used, const char *key,
                          enum osi_column_kind kind);

size_t osi_table_n_rows(const struct osi_report_table *table);
const union osi_value *osi_table_row(const struct osi_report_table *table, size_t row);
bool osi_value_is_none(enum osi_column_kind kind, const union osi_value *value);

/* The histograms in two forms; as osi_report_json(). The first says how many there are. */
size_t osi_report_n_histograms(const struct osi_report *report);
int osi_report_histograms_csv(const struct osi_report *report, FILE *stream);
int osi_report_histograms_hlog(const struct osi_report *report, FILE *stream);

/* Writes and frees the text; flushes. Returns 0 or -errno. */
int osi_write_whole(GString *text, FILE *stream);

#endif
