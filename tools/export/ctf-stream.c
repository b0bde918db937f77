/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of CTF 1.8: whole, in order, each with its times and with what was lost before it.
 *
 * Readers refuse a whole trace for one packet that is cut off, and for a time that goes back.
 */
#include <string.h>

#include "ctf.h"

enum {
    AT_MAGIC = 0,
    AT_UUID = 4,
    AT_STREAM = 20, /* u32: the description that events of this file follow */
    AT_BEGIN = 24,
    AT_END = 32,
    AT_CONTENT = 40, /* sizes are in bits */
    AT_SIZE = 48,
    AT_SEQUENCE = 56,
    AT_DISCARDED = 64,
    AT_CPU = 72, /* u32 */
    HEAD_SIZE = 76,
};

static void put(uint8_t *to, uint64_t value, size_t size)
{
    value = GUINT64_TO_LE(value);
    memcpy(to, &value, size);
}

static void reserve(struct ctf_stream *stream, size_t n)
{
    if (G_UNLIKELY(stream->used + n > stream->size)) {
        stream->size = MAX(2 * stream->size, stream->used + n);
        stream->data = g_realloc(stream->data, stream->size);
    }
}

void ctf_stream_begin(struct ctf_stream *stream, struct out *out, uint32_t cpu, const uint8_t *uuid)
{
    *stream = (struct ctf_stream){ .out = out, .cpu = cpu, .uuid = uuid, .used = HEAD_SIZE };
    reserve(stream, CTF_PACKET_SIZE + 4096);
}

static void write_packet(struct ctf_stream *stream, uint64_t begin)
{
    uint8_t *head = stream->data;

    put(head + AT_MAGIC, CTF_MAGIC, 4);
    memcpy(head + AT_UUID, stream->uuid, CTF_UUID_SIZE);
    put(head + AT_STREAM, 0, 4);
    put(head + AT_BEGIN, begin, 8);
    put(head + AT_END, stream->last, 8);
    put(head + AT_CONTENT, 8 * stream->used, 8);
    put(head + AT_SIZE, 8 * stream->used, 8);
    put(head + AT_SEQUENCE, stream->n_packets++, 8);
    put(head + AT_DISCARDED, stream->lost, 8);
    put(head + AT_CPU, stream->cpu, 4);
    out_bytes(stream->out, (const char *)head, stream->used);
    stream->used = HEAD_SIZE;
    stream->any = false;
}

/* Readers take the growth of the count from one packet to the next. So what was lost before the first
 * event needs a packet without events before it, and what was lost after the last one such behind. */
static void tell_losses(struct ctf_stream *stream)
{
    if (stream->any || stream->n_packets == 0) {
        write_packet(stream, stream->any ? stream->begin : stream->last);
    }
    stream->lost = stream->lost_next;
}

void ctf_event(struct ctf_stream *stream, uint32_t id, uint64_t time)
{
    if (G_UNLIKELY(!stream->any && stream->n_packets == 0)) {
        stream->last = time;
    }
    time = MAX(time, stream->last);
    if (G_UNLIKELY(stream->lost_next != stream->lost)) {
        tell_losses(stream);
    }
    if (!stream->any) {
        stream->any = true;
        stream->begin = stream->last = time;
    }
    reserve(stream, 16);
    if (G_LIKELY(id < CTF_EXTENDED && time - stream->last < UINT64_C(1) << CTF_TIME_BITS)) {
        put(stream->data + stream->used, id | time << (32 - CTF_TIME_BITS), 4);
        stream->used += 4;
    } else {
        stream->data[stream->used] = CTF_EXTENDED;
        put(stream->data + stream->used + 1, id, 4);
        put(stream->data + stream->used + 5, time, 8);
        stream->used += 13;
    }
    stream->last = time;
}

void ctf_number(struct ctf_stream *stream, uint64_t value, size_t size)
{
    reserve(stream, 8);
    put(stream->data + stream->used, value, size);
    stream->used += size;
}

void ctf_string(struct ctf_stream *stream, const char *text, size_t length)
{
    reserve(stream, length);
    memcpy(stream->data + stream->used, text, length);
    stream->used += length;
}

void ctf_event_end(struct ctf_stream *stream)
{
    if (stream->used >= CTF_PACKET_SIZE) {
        write_packet(stream, stream->begin);
    }
}

void ctf_stream_end(struct ctf_stream *stream)
{
    if (stream->lost_next != stream->lost) {
        tell_losses(stream);
        write_packet(stream, stream->last);
    } else if (stream->any || stream->n_packets == 0) {
        write_packet(stream, stream->any ? stream->begin : stream->last);
    }
    g_free(stream->data);
}
