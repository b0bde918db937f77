/* SPDX-License-Identifier: GPL-2.0-or-later */
/* osinstr report --html: one page that needs nothing else, of the runs of one boot.
 *
 * Everything is read and encoded before the first byte is written. The page has one object of JSON,
 * and blobs that it names: columns of numbers, as variable-length integers in base64. Names come
 * from a guest: whatever they are, html-json.c makes text of them that cannot end a script element. */
#ifndef TOOLS_HTML_H
#define TOOLS_HTML_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/table.h>
#include <osinstr/trace.h>

#include "events.h"
#include "select.h"

struct html_options {
    struct selection selection; /* of the timeline */
    char *slices, *output;
};

/* The exit status. */
int html_report(char **dirs, size_t n, const struct html_options *options);

/* ---- html-files.c, made by the build of tools/html/: how long, and the bytes */
struct html_file {
    const unsigned char *bytes;
    size_t length;
};
extern const struct html_file html_head, html_style, html_body, html_script;

/* ---- html-json.c */
struct html_page {
    GString *json;    /* of all panels; without what encloses it */
    GPtrArray *blobs; /* GByteArray */
};
/* A string with its quotes; NULL is null. */
void html_put_string(GString *json, const char *text);
/* Text of a generator of JSON: only '<' and its like are still to be escaped. */
void html_put_json(GString *json, const char *text);
void html_put_varint(GByteArray *bytes, uint64_t value);
/* Takes the bytes; puts the blob's number. */
void html_put_blob(struct html_page *page, GByteArray *bytes);
void html_put_base64(GString *out, const GByteArray *bytes);

/* ---- html-run.c: a directory */
struct html_run {
    const char *dir;
    struct osi_trace_reader *reader; /* NULL: no trace */
    struct decoder *decoder;
    char *tool, *unit;
    char *summary;    /* JSON, with tables cut to what a page can show */
    char *histograms; /* as histograms.csv; NULL: none */
    size_t histograms_length;
    bool heat, profile;
};
/* 0, or -errno and a sentence. */
int html_run_open(struct html_run *run, const char *dir, struct osi_error *err);
void html_run_clear(struct html_run *run);

/* ---- html-slices.c: stretches of time in lanes that do not overlap */
enum html_lane_kind { HTML_TASKS, HTML_IRQS, HTML_SOFTIRQS, HTML_MASKED, HTML_LANE_KINDS };
struct html_slice {
    uint64_t start, duration;
    uint64_t extra; /* waited before, asserted before; of joined ones: how long they took */
    uint32_t what;  /* 0: several slices joined; else an index plus 1 */
    uint32_t more;  /* state afterwards, where it ended; of joined ones: how many */
};
struct html_lanes;
struct html_lanes *html_lanes_new(uint64_t limit);
void html_lanes_free(struct html_lanes *lanes);
/* Slices of a lane come in order; what overlaps its predecessor is cut. */
void html_lanes_add(struct html_lanes *lanes, unsigned cpu, enum html_lane_kind kind,
                    unsigned depth, const struct html_slice *slice);
bool html_lanes_any(const struct html_lanes *lanes);
/* "lanes":[…],"joined":N,"quantum":N of times since `base`. */
void html_lanes_put(struct html_lanes *lanes, uint64_t base, struct html_page *page);

/* ---- html-timeline.c: slices of traces. Puts a panel if there is something to show. False: a
 * complaint was made, about the options. */
bool html_put_timeline(struct html_page *page, struct html_run *runs, size_t n,
                       const struct html_options *options);

/* ---- html-names.c: what slices refer to */
struct osi_task;
struct html_names;
struct html_names *html_names_new(void);
void html_names_free(struct html_names *names);
/* Indices plus 1. */
uint32_t html_task_index(struct html_names *names, const struct osi_task *task);
uint32_t html_text_index(struct html_names *names, const char *text);
void html_names_put(const struct html_names *names, struct html_page *page);
/* Times at which something was seen at all. */
void html_names_extend(struct html_names *names, uint64_t start, uint64_t end);
void html_names_span(const struct html_names *names, uint64_t *first, uint64_t *last);

/* ---- html-intervals.c: what the events of one trace add to the lanes; `kinds`: bits of lanes. */
void html_take_trace(struct html_lanes *lanes, struct html_names *names, const struct html_run *run,
                     const struct selection *selection, unsigned kinds);

/* ---- html-latency.c */
int html_put_latency(struct html_page *page, const struct html_run *run, struct osi_error *err);

/* ---- html-tree.c: a tree of calls, of whichever file has it */
struct html_tree;
struct html_tree *html_tree_new(void);
void html_tree_free(struct html_tree *tree); /* NULL is allowed */
/* The number of a function, the same for the same pair; `module` may be "". */
uint32_t html_tree_function(struct html_tree *tree, const char *name, const char *module);
/* Adds a path, the outermost function first. */
void html_tree_add(struct html_tree *tree, const uint32_t *path, size_t length, uint64_t self);
/* html-flame.c */
void html_tree_put(struct html_tree *tree, struct html_page *page);
/* html-pprof.c, html-folded.c: 0, or -errno and a sentence. */
int html_read_pprof(struct html_tree *tree, const char *dir, struct osi_error *err);
int html_read_folded(struct html_tree *tree, const char *dir, struct osi_error *err);

/* ---- html-heat.c */
int html_put_heat(struct html_page *page, const struct html_run *run, struct osi_error *err);

#endif
