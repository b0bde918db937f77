/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export sqlite: a database with a table for each type of event, and what the trace defines: info, tasks.
 *
 * Columns are those of osinstr csv; times and numbers are integers, addresses texts. Everything happens in
 * one transaction without a journal: the file has its name only when it is complete.
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "columns.h"
#include "formats.h"
#include "tool.h"

struct table {
    struct columns *columns;
    sqlite3_stmt *insert; /* NULL: no such event is wanted */
};

struct database {
    sqlite3 *handle;
    struct names *names;
    struct table tables[OSI_TRACE_MAX_TYPES];
};

static int failed(const struct database *db, struct osi_error *err)
{
    g_snprintf(err->text, sizeof(err->text), "SQLite: %s",
               db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
    return -EIO;
}

static int execute(struct database *db, const char *sql, struct osi_error *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(db, err);
}

/* Names of types and fields are what a trace says; as quoted identifiers they can be anything. */
static void add_column(GString *sql, const char *name, const char *type)
{
    char *quoted = sqlite3_mprintf(", \"%w\" %s", name, type);

    g_string_append(sql, quoted);
    sqlite3_free(quoted);
}

static const char *sql_type(const struct column *column)
{
    switch (column->kind) {
    case OSI_FIELD_TASK:
        return column->part == COLUMN_PID ? "INTEGER" : "TEXT";
    case OSI_FIELD_HEX:
    case OSI_FIELD_ADDRESS:
    case OSI_FIELD_STRING:
    case OSI_FIELD_TASK_STATE:
        return "TEXT";
    default:
        return "INTEGER";
    }
}

static int make_table(struct database *db, struct table *table, const struct osi_event_type *type,
                      const char *unit, struct osi_error *err)
{
    char *name = sqlite3_mprintf("\"%w\"", type->name);
    GString *sql = g_string_new(NULL);
    int rc;

    table->columns = columns_new(type, COLUMN_CSV);
    g_string_printf(sql, "CREATE TABLE %s (ts_%s INTEGER, cpu INTEGER", name, unit);
    for (size_t i = 0; i < table->columns->n; i++) {
        add_column(sql, table->columns->column[i].name, sql_type(&table->columns->column[i]));
    }
    g_string_append(sql, ")");
    rc = execute(db, sql->str, err);
    g_string_printf(sql, "INSERT INTO %s VALUES (?, ?", name);
    for (size_t i = 0; i < table->columns->n; i++) {
        g_string_append(sql, ", ?");
    }
    g_string_append(sql, ")");
    if (!rc && sqlite3_prepare_v2(db->handle, sql->str, -1, &table->insert, NULL) != SQLITE_OK) {
        rc = failed(db, err);
    }
    g_string_free(sql, TRUE);
    sqlite3_free(name);
    return rc;
}

static void bind_text(sqlite3_stmt *insert, int at, const char *text, size_t length)
{
    sqlite3_bind_text(insert, at, text, (int)length, SQLITE_STATIC);
}

static void bind_hex(sqlite3_stmt *insert, int at, uint64_t value, int width)
{
    char text[24];
    int length = g_snprintf(text, sizeof(text), "0x%0*" G_GINT64_MODIFIER "x", width, value);

    sqlite3_bind_text(insert, at, text, length, SQLITE_TRANSIENT);
}

static void bind_value(struct database *db, sqlite3_stmt *insert, int at, const struct column *column,
                       uint64_t value)
{
    const struct name *name;
    char state[32];

    switch (column->kind) {
    case OSI_FIELD_TASK:
        name = name_of_task(db->names, value);
        if (column->part == COLUMN_PID) {
            sqlite3_bind_int64(insert, at, name->pid);
        } else {
            bind_text(insert, at, name->text, name->length);
        }
        return;
    case OSI_FIELD_STRING:
        name = name_of_string(db->names, value);
        bind_text(insert, at, name->text, name->length);
        return;
    case OSI_FIELD_HEX:
        bind_hex(insert, at, value, 1);
        return;
    case OSI_FIELD_ADDRESS:
        bind_hex(insert, at, value, 16);
        return;
    case OSI_FIELD_TASK_STATE:
        sqlite3_bind_text(insert, at, osi_task_state_text((uint32_t)value, state), -1,
                          SQLITE_TRANSIENT);
        return;
    default:
        sqlite3_bind_int64(insert, at, (sqlite3_int64)value);
    }
}

static int insert_event(struct database *db, const struct table *table,
                        const struct export_event *event, struct osi_error *err)
{
    const struct columns *columns = table->columns;

    sqlite3_bind_int64(table->insert, 1, (sqlite3_int64)event->time);
    sqlite3_bind_int64(table->insert, 2, event->cpu);
    for (size_t i = 0; i < columns->n; i++) {
        bind_value(db, table->insert, (int)i + 3, &columns->column[i],
                   event->fields[columns->column[i].field]);
    }
    return sqlite3_step(table->insert) == SQLITE_DONE && sqlite3_reset(table->insert) == SQLITE_OK
               ? 0
               : failed(db, err);
}

static int insert_row(struct database *db, const char *sql, const char *text, const char *more,
                      const uint64_t *numbers, int n, struct osi_error *err)
{
    sqlite3_stmt *insert = NULL;
    char *valid = g_utf8_make_valid(text, -1), *second = more ? g_utf8_make_valid(more, -1) : NULL;
    bool done = sqlite3_prepare_v2(db->handle, sql, -1, &insert, NULL) == SQLITE_OK;

    if (done) {
        bind_text(insert, 1, valid, strlen(valid));
        if (second) {
            bind_text(insert, 2, second, strlen(second));
        }
        for (int i = 0; i < n; i++) {
            sqlite3_bind_int64(insert, i + 2, (sqlite3_int64)numbers[i]);
        }
        done = sqlite3_step(insert) == SQLITE_DONE;
    }
    sqlite3_finalize(insert);
    g_free(valid);
    g_free(second);
    return done ? 0 : failed(db, err);
}

/* A key that was noted several times is there as often, in order. */
static int write_info(struct database *db, const struct osi_trace_reader *reader,
                      struct osi_error *err)
{
    const char *key, *value;
    int rc = execute(db, "CREATE TABLE info (key TEXT, value TEXT)", err);

    for (size_t i = 0; !rc && osi_trace_info_at(reader, i, &key, &value); i++) {
        rc = insert_row(db, "INSERT INTO info VALUES (?, ?)", key, value, NULL, 0, err);
    }
    return rc;
}

static int write_tasks(struct database *db, const struct osi_trace_reader *reader,
                       struct osi_error *err)
{
    int rc = execute(db, "CREATE TABLE tasks (comm TEXT, pid INTEGER, tgid INTEGER, id INTEGER PRIMARY KEY, "
                         "former_id INTEGER)", err);
    size_t n;
    uint32_t *ids = osi_trace_task_ids(reader, &n);

    for (size_t i = 0; !rc && i < n; i++) {
        const struct osi_task_def *task = osi_trace_task(reader, ids[i]);
        const uint64_t numbers[] = { task->pid, task->tgid, task->id, task->previous };

        rc = insert_row(db, "INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", task->comm, NULL, numbers, 4,
                        err);
    }
    free(ids);
    return rc;
}

static int write_events(struct export *export, struct database *db, struct osi_error *err)
{
    struct export_event event;
    int rc = 0;

    while (!rc && export_next(export, &event)) {
        rc = insert_event(db, &db->tables[event.type], &event, err);
        export->written++;
    }
    return rc;
}

static int write_all(struct export *export, struct database *db, struct osi_error *err)
{
    int rc = execute(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN", err);

    rc = rc ? rc : write_info(db, export->reader, err);
    rc = rc ? rc : write_tasks(db, export->reader, err);
    for (size_t i = 0; !rc && i < osi_trace_n_types(export->reader); i++) {
        if (export->selection.types[i]) {
            rc = make_table(db, &db->tables[i], osi_trace_type(export->reader, i),
                            trace_unit(export->reader), err);
        }
    }
    rc = rc ? rc : write_events(export, db, err);
    return rc ? rc : execute(db, "COMMIT", err);
}

static int write_sqlite(struct export *export, struct osi_error *err)
{
    struct database db = { NULL };
    int rc;

    if (!export_path(export)) {
        g_snprintf(err->text, sizeof(err->text), "a database can't be written to standard output: give "
                   "--output a name");
        return -EINVAL;
    }
    db.names = names_new(export->reader, NAME_UTF8);
    rc = sqlite3_open(export_path(export), &db.handle) == SQLITE_OK ? write_all(export, &db, err)
                                                                    : failed(&db, err);
    for (size_t i = 0; i < OSI_TRACE_MAX_TYPES; i++) {
        sqlite3_finalize(db.tables[i].insert);
        columns_free(db.tables[i].columns);
    }
    if (sqlite3_close(db.handle) != SQLITE_OK && !rc) {
        rc = failed(&db, err);
    }
    names_free(db.names);
    return rc;
}

const struct export_format export_sqlite = {
    .name = "sqlite",
    .summary = "a database: a table for each type of event, info, tasks",
    .suffix = ".sqlite",
    .things = "events",
    .needs = EXPORT_TRACE,
    .write = write_sqlite,
};
