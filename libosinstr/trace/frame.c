/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads file heads and the framed records of `meta`. */
#include "frame.h"

#include <string.h>

#include "bytes.h"
#include "crc32c.h"

void osi_head_put(uint8_t *to, uint32_t length, uint32_t stream)
{
    memcpy(to, OSI_HEAD_MAGIC, 8);
    osi_put16(to + OSI_HEAD_MAJOR, OSI_FORMAT_MAJOR);
    osi_put16(to + OSI_HEAD_MINOR, OSI_FORMAT_MINOR);
    osi_put32(to + OSI_HEAD_LENGTH, length);
    osi_put32(to + OSI_HEAD_STREAM, stream);
    osi_put32(to + OSI_HEAD_CRC, osi_crc32c(0, to, OSI_HEAD_CRC));
}

bool osi_head_get(struct osi_head *head, const uint8_t *from, size_t available)
{
    if (available < OSI_HEAD_SIZE || memcmp(from, OSI_HEAD_MAGIC, 8) ||
        osi_get32(from + OSI_HEAD_CRC) != osi_crc32c(0, from, OSI_HEAD_CRC))
        return false;
    head->major = osi_get16(from + OSI_HEAD_MAJOR);
    head->minor = osi_get16(from + OSI_HEAD_MINOR);
    head->length = osi_get32(from + OSI_HEAD_LENGTH);
    head->stream = osi_get32(from + OSI_HEAD_STREAM);
    return head->length >= OSI_HEAD_SIZE;
}

void osi_frame_append(GByteArray *to, enum osi_frame_type type, const void *payload, size_t length)
{
    uint8_t head[OSI_FRAME_SIZE] = {OSI_FRAME_MAGIC, (uint8_t)type};
    g_assert(length <= OSI_FRAME_MAX_PAYLOAD);
    osi_put16(head + OSI_FRAME_LENGTH, (uint16_t)length);
    osi_put32(head + OSI_FRAME_CRC,
              osi_crc32c(osi_crc32c(0, head, OSI_FRAME_CRC), payload, length));
    g_byte_array_append(to, head, sizeof head);
    g_byte_array_append(to, payload, (guint)length);
}

size_t osi_frame_parse(struct osi_frame *frame, const uint8_t *from, size_t available)
{
    if (available < OSI_FRAME_SIZE || from[0] != OSI_FRAME_MAGIC)
        return 0;
    frame->type = from[OSI_FRAME_TYPE];
    frame->length = osi_get16(from + OSI_FRAME_LENGTH);
    frame->payload = from + OSI_FRAME_SIZE;
    if (frame->length > available - OSI_FRAME_SIZE)
        return 0;
    uint32_t crc = osi_crc32c(osi_crc32c(0, from, OSI_FRAME_CRC), frame->payload, frame->length);
    return crc == osi_get32(from + OSI_FRAME_CRC) ? OSI_FRAME_SIZE + (size_t)frame->length : 0;
}

/* ---- payloads ------------------------------------------------------------------ */

struct input {
    const uint8_t *at, *end;
    bool good;
};

static struct input input_of(const struct osi_frame *frame)
{
    return (struct input){frame->payload, frame->payload + frame->length, true};
}

static uint64_t take(struct input *in)
{
    uint64_t value = 0;
    const uint8_t *next = in->good ? osi_get_varint(in->at, in->end, &value) : NULL;
    in->good = next != NULL;
    in->at = next ? next : in->at;
    return value;
}

static uint32_t take32(struct input *in)
{
    uint64_t value = take(in);
    in->good = in->good && value <= UINT32_MAX;
    return (uint32_t)value;
}

/* The rest of the payload as an owned string. */
static char *take_text(struct input *in)
{
    return g_strndup((const char *)in->at, (gsize)(in->end - in->at));
}

/* key NUL value; both cut so that the frame holds them */
void osi_frame_append_info(GByteArray *to, const char *key, const char *value)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    size_t key_length = MIN(strlen(key), OSI_MAX_NAME);
    size_t room = OSI_FRAME_MAX_PAYLOAD - key_length - 1;
    g_byte_array_append(payload, (const guint8 *)key, (guint)key_length);
    g_byte_array_append(payload, (const guint8 *)"", 1);
    g_byte_array_append(payload, (const guint8 *)value, (guint)MIN(strlen(value), room));
    osi_frame_append(to, OSI_FRAME_INFO, payload->data, payload->len);
}

bool osi_frame_get_info(const struct osi_frame *frame, char **key, char **value)
{
    const uint8_t *nul = memchr(frame->payload, 0, frame->length);
    if (!nul || nul == frame->payload)
        return false;
    struct input in = {nul + 1, frame->payload + frame->length, true};
    *key = g_strdup((const char *)frame->payload);
    *value = take_text(&in);
    return true;
}

void osi_frame_append_string(GByteArray *to, uint32_t id, const char *text)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    uint8_t number[OSI_VARINT_MAX];
    size_t length = (size_t)(osi_put_varint(number, id) - number);
    g_byte_array_append(payload, number, (guint)length);
    g_byte_array_append(payload, (const guint8 *)text,
                        (guint)MIN(strlen(text), OSI_FRAME_MAX_PAYLOAD - length));
    osi_frame_append(to, OSI_FRAME_STRING, payload->data, payload->len);
}

bool osi_frame_get_string(const struct osi_frame *frame, uint32_t *id, char **text)
{
    struct input in = input_of(frame);
    *id = take32(&in);
    if (in.good)
        *text = take_text(&in);
    return in.good;
}

/* flags, id, [previous], [pid, [tgid], u64 address], comm */
void osi_frame_append_task(GByteArray *to, const struct osi_task_def *task,
                           const struct osi_task_def *parent)
{
    uint8_t payload[1 + 4 * OSI_VARINT_MAX + 8 + sizeof task->comm], *at = payload + 1;
    bool inherits = parent && parent->pid == task->pid && parent->tgid == task->tgid &&
                    parent->address == task->address;
    at = osi_put_varint(at, task->id);
    if (task->previous)
        at = osi_put_varint(at, task->previous);
    if (!inherits) {
        at = osi_put_varint(at, task->pid);
        if (task->tgid != task->pid)
            at = osi_put_varint(at, task->tgid);
        osi_put64(at, task->address);
        at += 8;
    }
    size_t comm = strnlen(task->comm, sizeof task->comm - 1);
    memcpy(at, task->comm, comm);
    payload[0] = (uint8_t)((task->tgid == task->pid ? OSI_TASK_SAME_TGID : 0) |
                           (task->previous ? OSI_TASK_HAS_PREVIOUS : 0) |
                           (inherits ? OSI_TASK_INHERITS : 0));
    osi_frame_append(to, OSI_FRAME_TASK, payload, (size_t)(at + comm - payload));
}

bool osi_frame_get_task(const struct osi_frame *frame, struct osi_task_def *task, bool *inherits)
{
    struct input in = input_of(frame);
    memset(task, 0, sizeof *task);
    if (!frame->length)
        return false;
    unsigned flags = *in.at++;
    *inherits = flags & OSI_TASK_INHERITS;
    task->id = take32(&in);
    if (flags & OSI_TASK_HAS_PREVIOUS)
        task->previous = take32(&in);
    if (!*inherits) {
        task->pid = task->tgid = take32(&in);
        if (!(flags & OSI_TASK_SAME_TGID))
            task->tgid = take32(&in);
        if (!in.good || in.end - in.at < 8)
            return false;
        task->address = osi_get64(in.at);
        in.at += 8;
    }
    size_t comm = (size_t)(in.end - in.at);
    if (!in.good || !task->id || comm >= sizeof task->comm)
        return false;
    memcpy(task->comm, in.at, comm);
    return true;
}

/* number of streams, then four varints each */
void osi_frame_append_close(GByteArray *to, const struct osi_stream_totals *totals, size_t n)
{
    g_autofree uint8_t *payload = g_malloc((4 * n + 1) * OSI_VARINT_MAX);
    uint8_t *at = osi_put_varint(payload, n);
    for (size_t i = 0; i < n; i++) {
        at = osi_put_varint(at, totals[i].stream);
        at = osi_put_varint(at, totals[i].blocks);
        at = osi_put_varint(at, totals[i].events);
        at = osi_put_varint(at, totals[i].lost);
    }
    osi_frame_append(to, OSI_FRAME_CLOSE, payload, (size_t)(at - payload));
}

bool osi_frame_get_close(const struct osi_frame *frame,
                         void (*each)(void *data, const struct osi_stream_totals *totals),
                         void *data)
{
    struct input in = input_of(frame);
    uint64_t n = take(&in);
    for (; in.good && n; n--) {
        struct osi_stream_totals totals = {.stream = take32(&in)};
        totals.blocks = take(&in);
        totals.events = take(&in);
        totals.lost = take(&in);
        if (in.good)
            each(data, &totals);
    }
    return in.good;
}
