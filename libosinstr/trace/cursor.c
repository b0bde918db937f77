/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the blocks of one stream, over damage, and then what is staged.
 *
 *   BLOCKS -- end of file --> STAGE -- records handed out, or none --> END
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crc32c.h"
#include "reader.h"

void osi_report_line(const struct osi_report *report, const char *format, ...)
{
    if (!report->fn)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    report->fn(report->data, line);
}

/* Blocks begin where a sound head says; else they are searched for. */
static uint64_t find_first_block(struct osi_cursor *cursor)
{
    const uint8_t *data;
    struct osi_head head;
    size_t available = osi_window_at(&cursor->file, 0, OSI_HEAD_SIZE, &data);
    return osi_head_get(&head, data, available) ? head.length : 0;
}

int osi_cursor_new(struct osi_trace_reader *reader, uint32_t number, struct osi_report report,
                   struct osi_cursor **result)
{
    char name[32];
    struct osi_cursor *cursor = g_new0(struct osi_cursor, 1);
    snprintf(name, sizeof name, "cpu%u.trace", number);
    int rc = osi_window_open(&cursor->file, reader->dir, name);
    if (rc == -EMFILE || rc == -ENFILE) {
        g_free(cursor);
        return rc;
    }
    cursor->reader = reader;
    cursor->number = number;
    cursor->report = report;
    cursor->block = osi_block_new();
    cursor->first_block = find_first_block(cursor);
    osi_cursor_rewind(cursor);
    *result = cursor;
    return 0;
}

void osi_cursor_free(struct osi_cursor *cursor)
{
    if (!cursor)
        return;
    osi_window_close(&cursor->file);
    osi_staged_clear(&cursor->staged);
    osi_block_free(cursor->block);
    g_free(cursor);
}

void osi_cursor_rewind(struct osi_cursor *cursor)
{
    memset(&cursor->health, 0, sizeof cursor->health);
    cursor->offset = cursor->first_block;
    cursor->next_seq = cursor->unexplained = 0;
    cursor->phase = OSI_CURSOR_BLOCKS;
    cursor->block->n_events = cursor->next_event = 0;
    osi_staged_clear(&cursor->staged);
    cursor->health.bad_records += osi_staged_load(&cursor->staged, cursor->reader->dir,
                                                  cursor->number, &cursor->reader->schema,
                                                  &cursor->report);
}

/* Blocks up to `seq` that were neither seen nor lie in a damaged stretch. */
static void count_gap(struct osi_cursor *cursor, uint64_t seq)
{
    uint64_t gap = seq > cursor->next_seq ? seq - cursor->next_seq : 0;
    if (gap > cursor->unexplained) {
        gap -= cursor->unexplained;
        cursor->health.missing_blocks += gap;
        osi_report_line(&cursor->report, "cpu%u.trace: before offset %" PRIu64 ": %" PRIu64
                        " blocks are missing", cursor->number, cursor->offset, gap);
    }
    cursor->unexplained = 0;
}

static void count_bad(struct osi_cursor *cursor, const char *reason)
{
    cursor->health.bad_blocks++;
    osi_report_line(&cursor->report, "cpu%u.trace: offset %" PRIu64 ": %s", cursor->number,
                    cursor->offset, reason);
}

/* Offset of the next sound block header behind `offset`, UINT64_MAX if none. */
static uint64_t find_header(struct osi_cursor *cursor, uint64_t offset)
{
    const uint8_t *data;
    struct osi_block_header header;
    for (;;) {
        size_t available = osi_window_at(&cursor->file, offset, OSI_BLOCK_MAX_HEADER, &data);
        if (available < OSI_BLOCK_HEADER)
            return UINT64_MAX;
        const uint8_t *hit = memchr(data, OSI_BLOCK_MAGIC & 0xff, available);
        if (!hit) {
            offset += available;
            continue;
        }
        offset += (uint64_t)(hit - data);
        available = osi_window_at(&cursor->file, offset, OSI_BLOCK_MAX_HEADER, &data);
        if (osi_block_header_get(&header, data, available) && header.stream == cursor->number)
            return offset;
        offset++;
    }
}

/* A part of a block at the end is no damage when the stage still has all of it:
 * the run was killed while it wrote. */
static bool stage_covers_tail(const struct osi_cursor *cursor)
{
    return cursor->staged.present && cursor->staged.n &&
           cursor->staged.seq <= cursor->next_seq;
}

static void resync(struct osi_cursor *cursor, const char *reason)
{
    uint64_t next = find_header(cursor, cursor->offset + 1);
    if (next == UINT64_MAX && stage_covers_tail(cursor)) {
        cursor->offset = next;
        return;
    }
    if (cursor->offset || next == UINT64_MAX) { /* the damaged file head is counted elsewhere */
        count_bad(cursor, reason);
        cursor->unexplained++;
    }
    cursor->offset = next;
}

/* The stage holds the records of blocks from staged.seq on, in order; those
 * that are in blocks already are not shown twice. */
static void note_covered(struct osi_cursor *cursor, const struct osi_block_header *header)
{
    struct osi_staged *staged = &cursor->staged;
    if (!staged->present || header->seq < staged->seq)
        return;
    if (header->seq != staged->next_seq)
        staged->apart = true;
    staged->next_seq = header->seq + 1;
    staged->covered += header->n_events;
}

static bool decode(struct osi_cursor *cursor, const struct osi_block_header *header,
                   const uint8_t *payload)
{
    struct osi_error err;
    if (osi_crc32c(0, payload, header->stored_length) != header->payload_crc) {
        g_autofree char *reason = g_strdup_printf("block %" PRIu64 " with %u events: wrong "
                                                  "checksum", header->seq, header->n_events);
        count_bad(cursor, reason);
        return false;
    }
    if (osi_block_decode(cursor->block, &cursor->reader->schema, header, payload, &err)) {
        count_bad(cursor, err.text);
        return false;
    }
    note_covered(cursor, header);
    cursor->health.blocks++;
    return true;
}

/* The sound header at the offset, its whole block in the window; NULL: *reason. */
static const uint8_t *whole_block(struct osi_cursor *cursor, struct osi_block_header *header,
                                  const char **reason)
{
    const uint8_t *data;
    size_t available = osi_window_at(&cursor->file, cursor->offset, OSI_BLOCK_MAX_HEADER, &data);
    *reason = available < OSI_BLOCK_HEADER ? "cut off inside a block header"
                                           : "no sound block header, searching for the next";
    if (!osi_block_header_get(header, data, available) || header->stream != cursor->number)
        return NULL;
    size_t length = (size_t)header->length + header->stored_length;
    *reason = "cut off inside a block";
    return osi_window_at(&cursor->file, cursor->offset, length, &data) >= length ? data : NULL;
}

/* Tries the block at the offset and moves behind it; true when it decodes. */
static bool try_block(struct osi_cursor *cursor)
{
    struct osi_block_header header;
    const char *reason;
    const uint8_t *data = whole_block(cursor, &header, &reason);
    bool good = false;
    if (!data) {
        resync(cursor, reason);
        return false;
    }
    if (header.seq < cursor->next_seq) {
        count_bad(cursor, "a block of an earlier part, skipped");
    } else {
        count_gap(cursor, header.seq);
        cursor->health.lost_events += header.drops;
        good = decode(cursor, &header, data + header.length);
        cursor->next_seq = header.seq + 1;
    }
    cursor->offset += (uint64_t)header.length + header.stored_length;
    return good;
}

static bool take_staged(struct osi_cursor *cursor)
{
    struct osi_staged *staged = &cursor->staged;
    const struct osi_stream_totals *totals = &cursor->reader->totals[cursor->number];
    cursor->phase = OSI_CURSOR_END;
    count_gap(cursor, MAX(totals->blocks, staged->present ? staged->seq : 0));
    if (!staged->covered)
        cursor->health.lost_events += staged->drops;
    cursor->health.lost_events = MAX(cursor->health.lost_events, totals->lost);
    if (staged->apart && staged->n) {
        cursor->health.bad_records++;
        osi_report_line(&cursor->report, "cpu%u.open: its records do not join on to the damaged "
                        "end of the stream, skipped", cursor->number);
    }
    if (staged->apart || staged->covered >= staged->n)
        return false;
    size_t n = staged->n - (size_t)staged->covered;
    osi_block_from_records(cursor->block, &cursor->reader->schema, staged->words,
                           staged->at + staged->covered, n);
    cursor->health.staged_events += n;
    return true;
}

static void start_block(struct osi_cursor *cursor)
{
    const struct osi_block *block = cursor->block;
    struct osi_trace_health *health = &cursor->health;
    uint64_t unknown = 0;
    for (size_t t = 0; t < cursor->reader->schema.n_types; t++)
        unknown += block->skipped[t] ? block->counts[t] : 0;
    if (!health->events && !health->unknown_events)
        health->first_time = block->times[0];
    health->last_time = block->times[block->n_events - 1];
    health->unknown_events += unknown;
    health->events += block->n_events - unknown;
    cursor->next_event = 0;
    memset(cursor->taken, 0, sizeof cursor->taken);
}

bool osi_cursor_next_block(struct osi_cursor *cursor)
{
    const uint8_t *data;
    while (cursor->phase == OSI_CURSOR_BLOCKS) {
        if (cursor->offset == UINT64_MAX ||
            !osi_window_at(&cursor->file, cursor->offset, 1, &data)) {
            cursor->phase = OSI_CURSOR_STAGE;
        } else if (try_block(cursor)) {
            start_block(cursor);
            return true;
        }
    }
    if (cursor->phase == OSI_CURSOR_STAGE && take_staged(cursor)) {
        start_block(cursor);
        return true;
    }
    cursor->block->n_events = cursor->next_event = 0;
    return false;
}

bool osi_cursor_settle(struct osi_cursor *cursor)
{
    for (;;) {
        const struct osi_block *block = cursor->block;
        for (; cursor->next_event < block->n_events; cursor->next_event++)
            if (G_LIKELY(!block->skipped[block->types[cursor->next_event]]))
                return true;
        if (!osi_cursor_next_block(cursor))
            return false;
    }
}
