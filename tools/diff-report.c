/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between two runs as a report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

/* ---- how the runs were made ---- */
static unsigned setup_row(struct osi_report *report, const char *what, const char *before,
                          const char *after)
{
    if (g_strcmp0(before, after) == 0) {
        return 0;
    }
    osi_report_row(report, what, before, after);
    return 1;
}

/* Facts that are text, and the number of vCPUs; to be freed. */
static char *fact_text(const struct diff_run *run, const char *key)
{
    const char *text = diff_text(run->summary, key);
    uint64_t count = diff_count(run, run->summary, key);

    return text ? g_strdup(text) : count == OSI_NONE ? NULL : g_strdup_printf("%" PRIu64, count);
}

static unsigned facts_rows(struct osi_report *report, const struct diff_run *before,
                           const struct diff_run *after)
{
    static const char *const keys[] = { "target", "host", "kernel", "clock", "unit", "icount", "vcpus",
                                        "of", "value_unit", "page_size" };
    unsigned n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        char *a = fact_text(before, keys[i]), *b = fact_text(after, keys[i]);

        n += setup_row(report, keys[i], a, b);
        g_free(a);
        g_free(b);
    }
    return n;
}

/* Where and how a run is written has no part in its numbers. */
static bool is_about_output(const char *option)
{
    static const char *const names[] = { "out=", "quiet=", "top=", "compress=", "trace=" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_has_prefix(option, names[i])) {
            return true;
        }
    }
    return false;
}

static unsigned option_rows(struct osi_report *report, const struct diff_run *run,
                            const struct diff_run *other, bool is_after)
{
    unsigned n = 0;

    for (char **option = run->options; *option; option++) {
        char *name = g_strndup(*option, strcspn(*option, "="));
        const char *value = diff_option(run, name), *others = diff_option(other, name);
        char *what = g_strconcat("option ", name, NULL);

        /* Those of both are told once. */
        if (value && !is_about_output(*option) && !(is_after && others)) {
            n += setup_row(report, what, is_after ? NULL : value, is_after ? value : others);
        }
        g_free(what);
        g_free(name);
    }
    return n;
}

unsigned diff_state_setup(struct osi_report *report, const struct diff_run *before,
                          const struct diff_run *after)
{
    static const struct osi_column columns[] = {
        { "what", "what", OSI_COL_STRING },
        { "before", "before", OSI_COL_STRING },
        { "after", "after", OSI_COL_STRING },
    };
    bool exact = before->exact && after->exact;

    osi_report_string(report, "before", before->dir);
    osi_report_string(report, "after", after->dir);
    osi_report_string(report, "runs_of", before->tool);
    osi_report_string(report, "runs_repeat", exact ? "yes" : "no");
    osi_report_table(report, "setup", "how the runs were made: what differs", columns,
                     G_N_ELEMENTS(columns));
    return facts_rows(report, before, after) + option_rows(report, before, after, false) +
           option_rows(report, after, before, true);
}

/* ---- tables ---- */
struct printer {
    struct osi_report *report;
    const struct diff_run *before, *after;
    const struct diff_options *options;
    bool exact;
    unsigned listed, compared, different;
    GString *same; /* titles of tables without a row */
};

static bool has_p(const struct diff_spec *spec)
{
    return spec->tag != NULL;
}

static void begin_table(struct printer *p, const struct diff_spec *spec)
{
    bool is_time = spec->kind == DIFF_TIME, several = diff_n_measures(spec) > 1;
    enum osi_column_kind kind = is_time ? OSI_COL_TIME : OSI_COL_COUNT;
    char *name = g_strdelimit(g_strdup(spec->name), "_", ' ');
    char *of = spec->of ? g_strdelimit(g_strdup(spec->of), "_", ' ') : NULL;
    const struct osi_column columns[] = {
        { spec->name, name, OSI_COL_STRING },
        { spec->of ? spec->of : "of", of, OSI_COL_STRING },
        { "measure", several ? "" : NULL, OSI_COL_STRING },
        { "before", "before", kind },
        { "after", "after", kind },
        { "difference", "difference", is_time ? OSI_COL_TIME_CHANGE : OSI_COL_CHANGE },
        { "change", "change", OSI_COL_RATIO_CHANGE },
        { "p", has_p(spec) && !p->exact ? "p" : NULL, OSI_COL_PROBABILITY },
        { "status", "", OSI_COL_STRING },
    };

    osi_report_table(p->report, spec->key, spec->title, columns, G_N_ELEMENTS(columns));
    osi_report_limit(p->report, p->options->top);
    g_free(name);
    g_free(of);
}

static void print_lines(struct printer *p, const struct diff_spec *spec,
                        const struct diff_lines *lines)
{
    unsigned listed = p->options->all ? lines->lines->len : lines->n_notable;

    p->listed += p->options->all ? lines->n_different : lines->n_notable;
    p->compared += lines->lines->len;
    p->different += lines->n_different;
    if (!listed) {
        g_string_append_printf(p->same, "%s%s", p->same->len ? "; " : "", spec->title);
    }
    if (!listed && !p->options->json) {
        return;
    }
    begin_table(p, spec);
    for (guint i = 0; i < lines->lines->len; i++) {
        const struct diff_line *line = &g_array_index(lines->lines, struct diff_line, i);

        if (p->options->all || line->notable) {
            osi_report_row(p->report, line->name, line->of, spec->measures[line->measure].title,
                           line->before, line->after, line->difference, line->change, line->p,
                           line->status ? line->status : p->options->json ? NULL : "");
        }
    }
}

/* A clock that counts instructions and one of time have no times in common. */
static bool is_comparable(const struct printer *p, const struct diff_spec *spec)
{
    return spec->kind == DIFF_COUNT || strcmp(p->before->unit, p->after->unit) == 0;
}

static void print_rows(struct printer *p, const struct diff_spec *spec, GHashTable *before,
                       GHashTable *after)
{
    struct diff_lines lines;

    if (before && after && is_comparable(p, spec)) {
        diff_compare(&lines, spec, before, after, p->exact);
        print_lines(p, spec, &lines);
        diff_lines_clear(&lines);
    }
    g_clear_pointer(&before, g_hash_table_destroy);
    g_clear_pointer(&after, g_hash_table_destroy);
}

static void print_facts(struct printer *p)
{
    static const struct diff_spec times = { .key = "total_times", .title = "totals: times",
                                            .name = "what", .kind = DIFF_TIME,
                                            .measures = { { "value", "value", DIFF_SUM, 0 } } };
    static const struct diff_spec counts = { .key = "total_counts", .title = "totals: counts",
                                             .name = "what", .kind = DIFF_COUNT,
                                             .measures = { { "value", "value", DIFF_SUM, 0 } } };

    print_rows(p, &times, diff_facts(p->before, DIFF_TIME), diff_facts(p->after, DIFF_TIME));
    print_rows(p, &counts, diff_facts(p->before, DIFF_COUNT), diff_facts(p->after, DIFF_COUNT));
}

/* What the runs' own reports say, of losses above all. */
static void print_notes_of_runs(const struct printer *p)
{
    for (guint i = 0; i < p->before->notes->len; i++) {
        const char *note = g_ptr_array_index(p->before->notes, i);

        osi_report_note(p->report, "%s: %s",
                        diff_run_has_note(p->after, note) ? "both runs" : p->before->dir, note);
    }
    for (guint i = 0; i < p->after->notes->len; i++) {
        const char *note = g_ptr_array_index(p->after->notes, i);

        if (!diff_run_has_note(p->before, note)) {
            osi_report_note(p->report, "%s: %s", p->after->dir, note);
        }
    }
}

static void print_notes(const struct printer *p)
{
    if (p->same->len) {
        osi_report_note(p->report, "%s in: %s",
                        p->exact || p->options->all ? "nothing differs" : "nothing notable", p->same->str);
    }
    osi_report_note(p->report, "%u values compared, %u differ, %u of these are listed", p->compared,
                    p->different, p->listed);
    if (!p->exact) {
        osi_report_note(p->report, "these runs would not repeat exactly (they would with -icount "
                        "shift=N,sleep=off): times and counts vary by chance, by how much two runs of "
                        "one set-up tell");
    }
    if (strcmp(p->before->unit, p->after->unit) != 0) {
        osi_report_note(p->report, "times are not compared: one run has them in %s, the other in %s",
                        p->before->unit, p->after->unit);
    }
    print_notes_of_runs(p);
}

unsigned diff_state_tables(struct osi_report *report, const struct diff_run *before,
                           const struct diff_run *after, const struct diff_options *options)
{
    struct printer p = {
        .report = report,
        .before = before,
        .after = after,
        .options = options,
        .exact = before->exact && after->exact,
        .same = g_string_new(NULL),
    };

    print_facts(&p);
    for (const struct diff_spec *spec = diff_specs; spec->key; spec++) {
        print_rows(&p, spec, diff_rows(before, spec), diff_rows(after, spec));
    }
    print_notes(&p);
    g_string_free(p.same, TRUE);
    return p.listed;
}
