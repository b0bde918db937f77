/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects what a tool states, with units and keys settled. */
#include "report.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static void table_free(void *data)
{
    struct osi_report_table *table = data;

    g_array_free(table->cells, TRUE);
    g_free(table->columns);
    g_free(table);
}

static void histogram_free(void *data)
{
    osi_histogram_free(((struct osi_report_histogram *)data)->values);
}

static GHashTable *key_set(void)
{
    return g_hash_table_new(g_str_hash, g_str_equal);
}

struct osi_report *osi_report_new(const char *name)
{
    struct osi_report *report = g_new0(struct osi_report, 1);

    report->strings = g_string_chunk_new(4096);
    report->name = g_string_chunk_insert(report->strings, name);
    report->unit = "ns";
    report->keys = key_set();
    g_hash_table_add(report->keys, (char *)"report");
    g_hash_table_add(report->keys, (char *)"unit");
    g_hash_table_add(report->keys, (char *)"notes");
    report->facts = g_array_new(FALSE, FALSE, sizeof(struct osi_fact));
    report->tables = g_ptr_array_new_with_free_func(table_free);
    report->notes = g_ptr_array_new();
    report->tags = key_set();
    report->histograms = g_array_new(FALSE, FALSE, sizeof(struct osi_report_histogram));
    g_array_set_clear_func(report->histograms, histogram_free);
    return report;
}

void osi_report_free(struct osi_report *report)
{
    if (!report)
        return;
    g_array_free(report->histograms, TRUE);
    g_hash_table_destroy(report->tags);
    g_ptr_array_free(report->notes, TRUE);
    g_ptr_array_free(report->tables, TRUE);
    g_array_free(report->facts, TRUE);
    g_hash_table_destroy(report->keys);
    g_string_chunk_free(report->strings);
    g_free(report);
}

void osi_report_unit(struct osi_report *report, const char *unit)
{
    g_return_if_fail(report->facts->len == 0 && report->tables->len == 0);
    report->unit = g_string_chunk_insert(report->strings, unit);
}

const char *osi_report_unit_of(const struct osi_report *report)
{
    return report->unit;
}

static bool is_time(enum osi_column_kind kind)
{
    return kind == OSI_COL_TIME || kind == OSI_COL_STAMP || kind == OSI_COL_TIME_CHANGE;
}

static bool counts_ns(const struct osi_report *report)
{
    return strcmp(report->unit, "ns") == 0;
}

static enum osi_column_kind kind_in_unit(const struct osi_report *report, enum osi_column_kind kind)
{
    if (!is_time(kind) || counts_ns(report))
        return kind;
    return kind == OSI_COL_TIME_CHANGE ? OSI_COL_CHANGE : OSI_COL_COUNT;
}

/* The key without "_ns" if it is that of a time; to be freed. */
static char *bare_key(const char *key, enum osi_column_kind kind)
{
    size_t length = strlen(key);

    if (is_time(kind) && g_str_has_suffix(key, "_ns"))
        length -= strlen("_ns");
    return g_strndup(key, length);
}

const char *osi_claim_key(struct osi_report *report, GHashTable *used, const char *key,
                          enum osi_column_kind kind)
{
    g_autofree char *bare = bare_key(key, kind);
    g_autofree char *suffix = is_time(kind) ? g_strconcat("_", report->unit, NULL) : g_strdup("");
    g_autofree char *full = g_strconcat(bare, suffix, NULL);
    const char *claimed;

    for (unsigned n = 2; g_hash_table_contains(used, full); n++) {
        g_free(full);
        full = g_strdup_printf("%s_%u%s", bare, n, suffix);
    }
    claimed = g_string_chunk_insert(report->strings, full);
    g_hash_table_add(used, (char *)claimed);
    return claimed;
}

/* "wait_max_ns" reads as "wait max" where the value shows its unit; counts of
 * instructions don't, so those keep it. */
static const char *label_of(struct osi_report *report, const char *key, enum osi_column_kind kind)
{
    g_autofree char *label = bare_key(key, kind);

    g_strdelimit(label, "_", ' ');
    return g_string_chunk_insert(report->strings, label);
}

static void add_fact(struct osi_report *report, const char *key, enum osi_column_kind kind,
                     union osi_value value)
{
    struct osi_fact fact = {
        .key = osi_claim_key(report, report->keys, key, kind),
        .kind = kind_in_unit(report, kind),
        .value = value,
    };

    fact.label = label_of(report, fact.key, fact.kind);
    g_array_append_val(report->facts, fact);
}

static const char *copy_string(struct osi_report *report, const char *string)
{
    return string ? g_string_chunk_insert_const(report->strings, string) : NULL;
}

void osi_report_string(struct osi_report *report, const char *key, const char *value)
{
    add_fact(report, key, OSI_COL_STRING,
             (union osi_value){.string = copy_string(report, value)});
}

void osi_report_count(struct osi_report *report, const char *key, uint64_t value)
{
    add_fact(report, key, OSI_COL_COUNT, (union osi_value){.count = value});
}

void osi_report_time(struct osi_report *report, const char *key, uint64_t time)
{
    add_fact(report, key, OSI_COL_TIME, (union osi_value){.count = time});
}

void osi_report_stamp(struct osi_report *report, const char *key, uint64_t time)
{
    add_fact(report, key, OSI_COL_STAMP, (union osi_value){.count = time});
}

void osi_report_ratio(struct osi_report *report, const char *key, double ratio)
{
    add_fact(report, key, OSI_COL_RATIO, (union osi_value){.ratio = ratio});
}

/* QEMU's display code may have set the user's locale, where 0.5 is 0,5. */
static char *format_in_c_locale(const char *format, va_list args)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t former = uselocale(plain);
    char *text = g_strdup_vprintf(format, args);

    uselocale(former);
    freelocale(plain);
    return text;
}

void osi_report_note(struct osi_report *report, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = format_in_c_locale(format, args);
    va_end(args);
    g_ptr_array_add(report->notes, g_string_chunk_insert(report->strings, text));
}

static const char *table_title(struct osi_report *report, const char *title,
                               const struct osi_column *columns, size_t n)
{
    g_autofree char *with_unit = NULL;
    bool timed = false;

    for (size_t i = 0; i < n; i++)
        timed = timed || is_time(columns[i].kind);
    if (timed && !counts_ns(report))
        with_unit = g_strdup_printf("%s (times in %s)", title, report->unit);
    return g_string_chunk_insert(report->strings, with_unit ? with_unit : title);
}

void osi_report_table(struct osi_report *report, const char *key, const char *title,
                      const struct osi_column *columns, size_t n)
{
    struct osi_report_table *table = g_new0(struct osi_report_table, 1);
    GHashTable *used = key_set();

    table->key = osi_claim_key(report, report->keys, key, OSI_COL_STRING);
    table->title = table_title(report, title, columns, n);
    table->columns = g_new0(struct osi_column, n);
    table->n_columns = n;
    table->cells = g_array_new(FALSE, FALSE, sizeof(union osi_value));
    for (size_t i = 0; i < n; i++) {
        table->columns[i].key = osi_claim_key(report, used, columns[i].key, columns[i].kind);
        table->columns[i].title = copy_string(report, columns[i].title);
        table->columns[i].kind = kind_in_unit(report, columns[i].kind);
    }
    g_hash_table_destroy(used);
    g_ptr_array_add(report->tables, table);
}

static struct osi_report_table *current_table(struct osi_report *report)
{
    return report->tables->len ? g_ptr_array_index(report->tables, report->tables->len - 1) : NULL;
}

void osi_report_row(struct osi_report *report, ...)
{
    struct osi_report_table *table = current_table(report);
    va_list args;

    g_return_if_fail(table);
    va_start(args, report);
    for (size_t i = 0; i < table->n_columns; i++) {
        union osi_value value;

        switch (table->columns[i].kind) {
        case OSI_COL_STRING:
            value.string = copy_string(report, va_arg(args, const char *));
            break;
        case OSI_COL_INT:
        case OSI_COL_CHANGE:
        case OSI_COL_TIME_CHANGE:
            value.integer = va_arg(args, int64_t);
            break;
        case OSI_COL_RATIO:
        case OSI_COL_RATIO_CHANGE:
        case OSI_COL_PROBABILITY:
            value.ratio = va_arg(args, double);
            break;
        default:
            value.count = va_arg(args, uint64_t);
        }
        g_array_append_val(table->cells, value);
    }
    va_end(args);
}

void osi_report_limit(struct osi_report *report, size_t n)
{
    struct osi_report_table *table = current_table(report);

    g_return_if_fail(table);
    table->limit = n;
}

size_t osi_table_n_rows(const struct osi_report_table *table)
{
    return table->n_columns ? table->cells->len / table->n_columns : 0;
}

const union osi_value *osi_table_row(const struct osi_report_table *table, size_t row)
{
    return &g_array_index(table->cells, union osi_value, row * table->n_columns);
}

bool osi_value_is_none(enum osi_column_kind kind, const union osi_value *value)
{
    switch (kind) {
    case OSI_COL_STRING:
        return !value->string;
    case OSI_COL_INT:
    case OSI_COL_CHANGE:
    case OSI_COL_TIME_CHANGE:
        return value->integer == INT64_MIN;
    case OSI_COL_RATIO:
    case OSI_COL_RATIO_CHANGE:
    case OSI_COL_PROBABILITY:
        return !isfinite(value->ratio);
    default:
        return value->count == OSI_NONE;
    }
}

/* One write: a report is small, and its error is then known to be its own. */
int osi_write_whole(GString *text, FILE *stream)
{
    int code = 0;

    errno = 0;
    if (fwrite(text->str, 1, text->len, stream) != text->len || fflush(stream) != 0)
        code = errno ? -errno : -EIO;
    g_string_free(text, TRUE);
    return code;
}
