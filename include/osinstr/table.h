/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_report: what a tool found, stated once and printed in several forms.
 *
 * A tool states facts (key and value), tables (columns, then rows), notes and
 * histograms; it never formats. The report can then be written as aligned text
 * for people and as JSON for programs, from the same rows. Histograms are in
 * neither: a run writes them to files of their own.
 *
 * Times are integers of the report's clock: nanoseconds unless
 * osi_report_unit() says otherwise. Text shows ns, us, ms or s as fits; JSON has
 * the integer under a key that ends in "_ns". Under a clock that counts
 * instructions the same calls give plain counts and keys that end in "_insn".
 * The suffix is added to a key that has none, so "run" and "run_ns" mean the same.
 *
 * JSON is one object: "report" (the name), "unit", the facts, the tables as
 * arrays of objects, "notes". Keys are never lost: one that is in use already
 * gets _2, _3 …. Counts above 9223372036854775807 do not fit a JSON integer of
 * json-glib and are written as decimal strings. Bytes that are not UTF-8 are
 * U+FFFD in JSON and \xNN in text, where control characters are escaped too.
 *
 * A report belongs to one thread. Strings are copied.
 */
#ifndef OSINSTR_TABLE_H
#define OSINSTR_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "No value" for a count, a time or a stamp: "-" in text, null in JSON. A NULL
 * string, INT64_MIN and a ratio or probability that is not finite mean the same. */
#define OSI_NONE UINT64_MAX

struct osi_histogram;
struct osi_report;

struct osi_report *osi_report_new(const char *name); /* name: "sched" */
void osi_report_free(struct osi_report *report);     /* NULL is allowed */

/* What a time is counted in: "ns" (the default) or "insn". Before the first fact
 * and the first table. */
void osi_report_unit(struct osi_report *report, const char *unit);
const char *osi_report_unit_of(const struct osi_report *report);

/* Single facts; in JSON members of the top-level object, in text "key words  value". */
void osi_report_string(struct osi_report *report, const char *key, const char *value);
void osi_report_count(struct osi_report *report, const char *key, uint64_t value);
void osi_report_time(struct osi_report *report, const char *key, uint64_t time);
void osi_report_stamp(struct osi_report *report, const char *key, uint64_t time);
void osi_report_ratio(struct osi_report *report, const char *key, double ratio); /* 0..1; text: % */

/* A remark for the reader (a limit, a loss): a line of text; in JSON an element of "notes".
 * Numbers are formatted as in the C locale. */
void osi_report_note(struct osi_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum osi_column_kind {
    OSI_COL_STRING,  /* left-aligned text */
    OSI_COL_COUNT,   /* uint64_t */
    OSI_COL_INT,     /* int64_t */
    OSI_COL_TIME,    /* uint64_t: a duration, text shows four digits and a unit: 1.234 ms */
    OSI_COL_STAMP,   /* uint64_t: a point in time, text shows seconds with 6 digits, like ftrace */
    OSI_COL_RATIO,   /* double 0..1 */
    OSI_COL_ADDRESS, /* uint64_t, hexadecimal; in JSON the same text, as numbers lose such bits */
    OSI_COL_CHANGE,       /* int64_t: a difference of counts; text shows its sign */
    OSI_COL_TIME_CHANGE,  /* int64_t: a difference of durations, likewise: +1.234 ms */
    OSI_COL_RATIO_CHANGE, /* double: of a value, by how much it grew; text: +12.34% */
    OSI_COL_PROBABILITY,  /* double 0..1; text has three digits: 0.012, <0.001 */
};

struct osi_column {
    const char *key;   /* JSON member, e.g. "run" */
    const char *title; /* text heading, e.g. "run"; NULL: the column is only in JSON */
    enum osi_column_kind kind;
};

/* Begins a table; ends with the next table or the end of the report.
 * `columns` has `n` entries and is copied. `title` heads the table in text;
 * `key` names the array of objects in JSON. */
void osi_report_table(struct osi_report *report, const char *key, const char *title,
                      const struct osi_column *columns, size_t n);

/* Adds one row: the cells in column order, typed as the columns say:
 * const char *, uint64_t, int64_t, double. The compiler can't check them: cast
 * whatever is not of that very type, literals too. */
void osi_report_row(struct osi_report *report, ...);

/* Text shows at most `n` rows of the current table and a line "… N more" (JSON has all).
 * 0: no limit. */
void osi_report_limit(struct osi_report *report, size_t n);

/* Adds a copy of the histogram; its values are in the report's unit. A run whose report has
 * histograms leaves histograms.csv and histograms.hlog in its directory.
 *
 * `tag` is the name in both, e.g. "handler.irq27.arch_timer.cpu_0". What is not printable
 * ASCII, and the blank, comma and double quote, become '_' in it; a tag that is in use
 * already gets _2, _3 .... An empty histogram is ignored and takes no tag. */
void osi_report_histogram(struct osi_report *report, const char *tag,
                          const struct osi_histogram *histogram);

/* The stretch of time, in the report's unit, in which the histograms were recorded:
 * histograms.hlog has it. Without it, or with an end before the start, its length is 0. */
void osi_report_span(struct osi_report *report, uint64_t start, uint64_t end);

/* Both return 0 or -errno; the stream is flushed and stays open. */
int osi_report_text(const struct osi_report *report, FILE *stream);
int osi_report_json(const struct osi_report *report, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
