/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File heads, and the framed records of `meta`: what they carry and how they are checked. */
#ifndef OSI_TRACE_FRAME_H
#define OSI_TRACE_FRAME_H

#include <glib.h>

#include <osinstr/trace.h>

#include "format.h"

struct osi_head {
    uint16_t major, minor;
    uint32_t length, stream;
};

/* Writes OSI_HEAD_SIZE bytes. */
void osi_head_put(uint8_t *to, uint32_t length, uint32_t stream);
/* False: not a head, or a damaged one. */
bool osi_head_get(struct osi_head *head, const uint8_t *from, size_t available);

struct osi_frame {
    uint8_t type;
    uint16_t length;
    const uint8_t *payload;
};

/* Appends a whole frame; payloads above OSI_FRAME_MAX_PAYLOAD are a bug of the caller. */
void osi_frame_append(GByteArray *to, enum osi_frame_type type, const void *payload,
                      size_t length);
/* Bytes of the sound frame at `from`, 0 if there is none. */
size_t osi_frame_parse(struct osi_frame *frame, const uint8_t *from, size_t available);

/* Payloads. The getters return false for a malformed one. */
void osi_frame_append_info(GByteArray *to, const char *key, const char *value);
bool osi_frame_get_info(const struct osi_frame *frame, char **key, char **value); /* owned */

void osi_frame_append_string(GByteArray *to, uint32_t id, const char *text);
bool osi_frame_get_string(const struct osi_frame *frame, uint32_t *id, char **text);

/* `parent` is the definition that task->previous names, NULL if unknown. */
void osi_frame_append_task(GByteArray *to, const struct osi_task_def *task,
                           const struct osi_task_def *parent);
/* A task that inherits returns its parent's number in task->previous and true in
 * *inherits; the caller fills in pid, tgid and address. */
bool osi_frame_get_task(const struct osi_frame *frame, struct osi_task_def *task, bool *inherits);

/* What a stream had when the trace was closed. */
struct osi_stream_totals {
    uint32_t stream;
    uint64_t blocks, events, lost;
};

void osi_frame_append_close(GByteArray *to, const struct osi_stream_totals *totals, size_t n);
/* Calls `each` per stream; false: malformed. */
bool osi_frame_get_close(const struct osi_frame *frame,
                         void (*each)(void *data, const struct osi_stream_totals *totals),
                         void *data);

#endif
