/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page: its panels in one object of JSON, then everything that encloses them. */
#include "config.h"

#include "html.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "export/export.h"
#include "out.h"
#include "tool.h"

/* ---- panels ---- */
static void put_runs(struct html_page *page, const struct html_run *runs, size_t n)
{
    g_string_append(page->json, "{\"version\":\"" PACKAGE_VERSION "\",\"runs\":[");
    for (size_t i = 0; i < n; i++) {
        g_string_append(page->json, i ? ",{\"dir\":" : "{\"dir\":");
        html_put_string(page->json, runs[i].dir);
        g_string_append(page->json, ",\"summary\":");
        html_put_json(page->json, runs[i].summary);
        g_string_append_c(page->json, '}');
    }
    g_string_append_c(page->json, ']');
}

static int put_flame(struct html_page *page, const struct html_run *run, struct osi_error *err)
{
    struct html_tree *tree = html_tree_new();
    char *path = g_build_filename(run->dir, "profile.pb.gz", NULL);
    int rc = g_file_test(path, G_FILE_TEST_EXISTS) ? html_read_pprof(tree, run->dir, err)
                                                   : html_read_folded(tree, run->dir, err);

    if (!rc) {
        g_string_append(page->json, "{\"dir\":");
        html_put_string(page->json, run->dir);
        g_string_append_c(page->json, ',');
        html_tree_put(tree, page);
        g_string_append_c(page->json, '}');
    }
    html_tree_free(tree);
    g_free(path);
    return rc;
}

typedef int (*put_fn)(struct html_page *page, const struct html_run *run, struct osi_error *err);
typedef bool (*has_fn)(const struct html_run *run);

static bool has_latency(const struct html_run *run)
{
    return run->histograms != NULL;
}

static bool has_flame(const struct html_run *run)
{
    return run->profile;
}

static bool has_heat(const struct html_run *run)
{
    return run->heat;
}

/* "key":[a panel for each run that has one]. */
static bool put_panels(struct html_page *page, const struct html_run *runs, size_t n,
                       const char *key, has_fn has, put_fn put)
{
    struct osi_error err = { "" };
    bool any = false;

    g_string_append_printf(page->json, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        if (has(&runs[i])) {
            g_string_append(page->json, any ? "," : "");
            any = true;
            if (put(page, &runs[i], &err)) {
                complain("%s", err.text);
                return false;
            }
        }
    }
    g_string_append_c(page->json, ']');
    return true;
}

static bool fill(struct html_page *page, struct html_run *runs, size_t n,
                 const struct html_options *options)
{
    put_runs(page, runs, n);
    if (!html_put_timeline(page, runs, n, options) ||
        !put_panels(page, runs, n, "latency", has_latency, html_put_latency) ||
        !put_panels(page, runs, n, "flame", has_flame, put_flame) ||
        !put_panels(page, runs, n, "heat", has_heat, html_put_heat)) {
        return false;
    }
    g_string_append_c(page->json, '}');
    return true;
}

/* ---- the whole ---- */
static void put_file(struct out *out, const struct html_file *file)
{
    out_bytes(out, (const char *)file->bytes, file->length);
}

static void write_page(struct out *out, const struct html_page *page)
{
    GString *text = g_string_new(NULL);

    put_file(out, &html_head);
    out_text(out, "<style>\n");
    put_file(out, &html_style);
    out_text(out, "</style>\n</head>\n");
    put_file(out, &html_body);
    out_text(out, "<script type=\"application/json\" id=\"page\">");
    out_bytes(out, page->json->str, page->json->len);
    out_text(out, "</script>\n");
    for (guint i = 0; i < page->blobs->len; i++) {
        out_text(out, "<script type=\"application/json\" id=\"blob");
        out_dec(out, i);
        out_text(out, "\">\"");
        g_string_truncate(text, 0);
        html_put_base64(text, page->blobs->pdata[i]);
        out_bytes(out, text->str, text->len);
        out_text(out, "\"</script>\n");
    }
    out_text(out, "<script>\n\"use strict\";\n");
    put_file(out, &html_script);
    out_text(out, "</script>\n</body>\n</html>\n");
    g_string_free(text, TRUE);
}

/* The whole, or nothing: a file gets its name when all is written. */
static int write_out(const char *name, const struct html_page *page)
{
    struct export_target *target;
    struct osi_error err = { "" };
    int rc = export_target_new(name ? name : "-", false, &target, &err);

    if (!rc) {
        write_page(export_target_out(target), page);
        rc = export_target_end(target, 0, &err);
    }
    return rc ? complain("%s", err.text) : EXIT_FINE;
}

static int open_runs(struct html_run *runs, char **dirs, size_t n)
{
    struct osi_error err = { "" };

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(dirs[k], dirs[i]) == 0) {
                return complain("%s is given twice", dirs[i]);
            }
        }
        if (html_run_open(&runs[i], dirs[i], &err)) {
            return complain("%s", err.text);
        }
    }
    return EXIT_FINE;
}

int html_report(char **dirs, size_t n, const struct html_options *options)
{
    struct html_page page = {
        .json = g_string_new(NULL),
        .blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref),
    };
    struct html_run *runs = g_new0(struct html_run, n);
    int status = open_runs(runs, dirs, n);

    if (status == EXIT_FINE) {
        status = fill(&page, runs, n, options) ? write_out(options->output, &page) : EXIT_TROUBLE;
    }
    for (size_t i = 0; i < n; i++) {
        html_run_clear(&runs[i]);
    }
    g_free(runs);
    g_string_free(page.json, TRUE);
    g_ptr_array_unref(page.blobs);
    return status;
}
