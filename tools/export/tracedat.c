/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export tracedat: a trace.dat, version 6, as trace-cmd records it, for trace-cmd report and KernelShark.
 *
 * The head says where the pages of each CPU are, so they are collected first.
 */
#include <errno.h>
#include <string.h>

#include "formats.h"
#include "notes.h"
#include "tool.h"
#include "tracedat.h"

#define FIRST_ID 300 /* the kernel's own types of records have small numbers */

struct dat {
    struct export *export;
    struct shapes *shapes;
    struct shape_names *names;
    struct dat_layout *layouts; /* by id, from FIRST_ID on */
    size_t n_layouts;
    GHashTable *comms;
    struct spool *spool;
    struct dat_page **pages; /* by CPU; NULL: no event yet */
    unsigned n_cpus;
};

static void put(uint8_t *to, uint64_t value, size_t size)
{
    value = GUINT64_TO_LE(value);
    memcpy(to, &value, size);
}

/* A PID has one name in trace-cmd: the last. */
static void note_comm(struct dat *dat, const struct shape_name *name)
{
    const char *known = g_hash_table_lookup(dat->comms, GINT_TO_POINTER(name->pid));

    if (name->pid > 0 && (!known || strcmp(known, name->comm) != 0)) {
        g_hash_table_insert(dat->comms, GINT_TO_POINTER(name->pid), g_strdup(name->comm));
    }
}

/* Puts a string behind the record and says where it is; returns the record's new length. */
static size_t add_string(const struct dat_layout *layout, uint8_t *record, size_t at, size_t length,
                         const struct shape_name *name)
{
    size_t n = MIN(name->length, layout->max_string);

    memcpy(record + length, name->text, n);
    record[length + n - 1] = 0;
    put(record + at, length | n << 16, 4);
    return length + n;
}

static int32_t running_pid(const struct dat *dat, const struct export_event *event)
{
    if (!event->running) {
        return 0; /* before a CPU's first switch: the task that boots it */
    }
    return export_wants_task(dat->export, event->running) ? (int32_t)event->running->pid
                                                          : EXPORT_OTHER_PID;
}

static size_t make_record(struct dat *dat, const struct dat_layout *layout,
                          const struct export_event *event, uint8_t *record)
{
    const struct shape *shape = layout->shape;
    size_t length = layout->fixed;

    memset(record, 0, layout->fixed);
    put(record, shape->id, 2);
    put(record + 4, (uint64_t)running_pid(dat, event), 4);
    for (unsigned i = 0; i < shape->n; i++) {
        const struct shape_field *field = &shape->fields[i];
        uint64_t value = event->fields[field->at];
        uint8_t *to = record + layout->offset[i];
        const struct shape_name *name;

        switch (field->as) {
        case SHAPE_COMM:
            name = shape_task(dat->names, value);
            memcpy(to, name->comm, sizeof(name->comm));
            note_comm(dat, name);
            break;
        case SHAPE_STRING:
            length = add_string(layout, record, layout->offset[i], length,
                                shape_string(dat->names, value));
            break;
        case SHAPE_PID:
            put(to, (uint64_t)shape_task(dat->names, value)->pid, 4);
            break;
        case SHAPE_TGID:
            put(to, (uint64_t)shape_task(dat->names, value)->tgid, 4);
            break;
        case SHAPE_NUMBER:
        case SHAPE_HEX:
            put(to, value, field->size);
            break;
        }
    }
    while (length % 4) {
        record[length++] = 0;
    }
    return length;
}

static struct dat_page *page_of(struct dat *dat, uint32_t cpu)
{
    if (!dat->pages[cpu]) {
        dat->pages[cpu] = g_new0(struct dat_page, 1);
        dat->pages[cpu]->lost_next = osi_trace_stream_lost(dat->export->reader, cpu);
    }
    return dat->pages[cpu];
}

static int collect(struct dat *dat)
{
    struct export *export = dat->export;
    struct export_event event;
    uint8_t record[DAT_PAGE];

    while (!spool_error(dat->spool) && export_next(export, &event)) {
        struct dat_page *page = page_of(dat, event.cpu);
        const struct shape *shape;
        size_t length;

        if (export->task) {
            shape_others(osi_trace_type(export->reader, event.type), &event);
        }
        shape = shape_of(dat->shapes, &event);
        length = make_record(dat, &dat->layouts[shape->id - FIRST_ID], &event, record);
        dat_add(page, dat->spool, event.cpu, event.time, record, length);
        page->lost_next = osi_trace_stream_lost(export->reader, event.cpu);
        export->written++;
    }
    for (unsigned i = 0; i < dat->n_cpus; i++) {
        if (dat->pages[i]) {
            dat_end_page(dat->pages[i], dat->spool, i);
        }
    }
    return spool_error(dat->spool);
}

static int join(struct dat *dat, struct osi_error *err)
{
    const struct dat_head head = {
        .layouts = dat->layouts, .n_layouts = dat->n_layouts, .comms = dat->comms,
        .clock = strcmp(trace_unit(dat->export->reader), "ns") ? "[counter]" : "[mono]",
        .spool = dat->spool, .n_cpus = dat->n_cpus,
    };
    struct out *out = export_out(dat->export);
    int rc;

    dat_print_head(out, &head);
    for (unsigned i = 0; i < dat->n_cpus && !export_interrupted(); i++) {
        spool_print(dat->spool, i, out);
    }
    rc = spool_error(dat->spool);
    if (rc) {
        g_snprintf(err->text, sizeof(err->text), "can't use the temporary file: %s", g_strerror(-rc));
    }
    return rc;
}

static int collect_and_join(struct dat *dat, struct osi_error *err)
{
    const char *path = export_path(dat->export);
    char *folder = path ? g_path_get_dirname(path) : g_strdup(g_get_tmp_dir());
    int rc = spool_new(folder, dat->n_cpus, &dat->spool, err);

    g_free(folder);
    if (!rc) {
        collect(dat);
        rc = join(dat, err);
    }
    return rc;
}

static void add_layouts(struct dat *dat)
{
    while (shapes_at(dat->shapes, dat->n_layouts)) {
        dat->n_layouts++;
    }
    dat->layouts = g_new0(struct dat_layout, dat->n_layouts + 1);
    for (size_t i = 0; i < dat->n_layouts; i++) {
        dat_layout(&dat->layouts[i], shapes_at(dat->shapes, i));
    }
}

static int write_tracedat(struct export *export, struct osi_error *err)
{
    struct dat dat = { .export = export };
    int rc;

    dat.shapes = shapes_new(export->reader, dat_table, "", FIRST_ID);
    dat.names = shape_names_new(export->reader, true);
    dat.comms = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    dat.n_cpus = MAX(osi_trace_n_streams(export->reader), n_vcpus(export->reader));
    dat.pages = g_new0(struct dat_page *, dat.n_cpus + 1);
    add_layouts(&dat);
    rc = collect_and_join(&dat, err);
    for (unsigned i = 0; i < dat.n_cpus; i++) {
        g_free(dat.pages[i]);
    }
    spool_free(dat.spool);
    g_free(dat.pages);
    g_free(dat.layouts);
    g_hash_table_destroy(dat.comms);
    shape_names_free(dat.names);
    shapes_free(dat.shapes);
    return rc;
}

const struct export_format export_tracedat = {
    .name = "tracedat",
    .summary = "a trace.dat for trace-cmd and KernelShark",
    .suffix = ".dat",
    .things = "events",
    .states = true,
    .needs = EXPORT_TRACE,
    .write = write_tracedat,
};
