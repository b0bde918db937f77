/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks a whole trace to say what is in it and what is wrong with it. */
#include "reader.h"

static void add_stream(struct osi_trace_health *sum, const struct osi_trace_health *part)
{
    if (part->events || part->unknown_events) {
        bool first = !sum->events && !sum->unknown_events;
        sum->first_time = first ? part->first_time : MIN(sum->first_time, part->first_time);
        sum->last_time = MAX(sum->last_time, part->last_time);
    }
    sum->blocks += part->blocks;
    sum->bad_blocks += part->bad_blocks;
    sum->missing_blocks += part->missing_blocks;
    sum->bad_records += part->bad_records;
    sum->events += part->events;
    sum->staged_events += part->staged_events;
    sum->lost_events += part->lost_events;
    sum->unknown_events += part->unknown_events;
}

static int check_stream(struct osi_trace_reader *reader, unsigned number, struct osi_report report,
                        struct osi_trace_health *sum)
{
    struct osi_cursor *cursor;
    int rc = osi_cursor_new(reader, number, report, &cursor);
    if (rc)
        return rc;
    while (osi_cursor_next_block(cursor))
        ;
    add_stream(sum, &cursor->health);
    osi_cursor_free(cursor);
    return 0;
}

int osi_trace_check(struct osi_trace_reader *reader, struct osi_trace_health *health,
                    void (*report)(void *data, const char *line), void *data)
{
    *health = (struct osi_trace_health){
        .complete = reader->complete, .bytes = reader->bytes,
        .bad_records = reader->bad_records, .lost_events = reader->unstreamed_lost};
    for (guint i = 0; report && i < reader->damage->len; i++)
        report(data, reader->damage->pdata[i]);
    for (unsigned i = 0; i < reader->n_streams; i++) {
        int rc = check_stream(reader, i, (struct osi_report){report, data}, health);
        if (rc)
            return rc;
    }
    return health->bad_blocks || health->missing_blocks || health->bad_records;
}
