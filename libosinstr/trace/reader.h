/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the trace reader share: the reader and its cursors.
 *
 * Bytes on disk are never trusted. What is damaged is passed over and counted;
 * what is returned has passed a checksum. */
#ifndef OSI_TRACE_READER_H
#define OSI_TRACE_READER_H

#include "block.h"
#include "frame.h"
#include "window.h"

/* Where lines about damage go; `fn` may be NULL. */
struct osi_report {
    void (*fn)(void *data, const char *line);
    void *data;
};

void osi_report_line(const struct osi_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Records recovered from the staging file of a stream. */
struct osi_staged {
    bool present;
    uint64_t seq, drops;
    uint64_t next_seq; /* block that would go on covering the records */
    uint64_t covered; /* records that turned out to be in blocks, from the first on */
    bool apart;       /* the blocks do not join on: nobody knows which records they hold */
    size_t n;
    uint32_t *at;
    uint64_t *words;
};

/* A walk over one stream. */
struct osi_cursor {
    struct osi_trace_reader *reader;
    uint32_t number;
    struct osi_window file;
    struct osi_staged staged;
    struct osi_report report;
    uint64_t first_block, offset; /* in the file */
    uint64_t next_seq, unexplained; /* damaged stretches whose seq is unknown */
    enum { OSI_CURSOR_BLOCKS, OSI_CURSOR_STAGE, OSI_CURSOR_END } phase;
    struct osi_trace_health health; /* of what was walked over so far */
    struct osi_block *block;
    size_t next_event; /* in the block */
    uint32_t taken[OSI_TRACE_MAX_TYPES];
};

struct osi_trace_reader {
    int dir;
    char *path;
    struct osi_schema schema;
    GHashTable *tasks, *strings;
    GPtrArray *info; /* key, value, … */
    bool complete;
    uint64_t unstreamed_lost; /* lost events that belong to no stream */
    struct osi_stream_totals totals[OSI_MAX_STREAMS]; /* of the close record */
    bool exists[OSI_MAX_STREAMS];                     /* has a file */
    unsigned n_streams;
    uint64_t bytes;
    /* Damage met while opening, reported by osi_trace_check(). */
    uint64_t bad_records;
    GPtrArray *damage;

    struct osi_cursor *cursors[OSI_MAX_STREAMS]; /* opened when first needed */
    struct osi_cursor *heap[OSI_MAX_STREAMS];
    unsigned n_heap;
    bool merging;
    uint64_t row[OSI_TRACE_MAX_FIELDS];
};

/* ---- reader-meta.c: fills schema, definitions, facts; finds streams. 0 or -errno. */
int osi_reader_load(struct osi_trace_reader *reader, struct osi_error *err);

/* ---- cursor.c. The stream need not have any file. NULL, -errno: out of descriptors. */
int osi_cursor_new(struct osi_trace_reader *reader, uint32_t number, struct osi_report report,
                   struct osi_cursor **cursor);
void osi_cursor_free(struct osi_cursor *cursor); /* NULL is allowed */
void osi_cursor_rewind(struct osi_cursor *cursor);
/* Decodes the next good block into cursor->block; false at the end. */
bool osi_cursor_next_block(struct osi_cursor *cursor);
/* Makes cursor->next_event an event that can be shown; false at the end. */
bool osi_cursor_settle(struct osi_cursor *cursor);

/* ---- staged.c: reads `cpuN.open`; true when something in it is damaged. */
bool osi_staged_load(struct osi_staged *staged, int dir, uint32_t stream,
                     const struct osi_schema *schema, const struct osi_report *report);
void osi_staged_clear(struct osi_staged *staged);

#endif
