/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of Perfetto: a sequence of packets, which may be packed into deflated ones. */
#include <zlib.h>

#include "perfetto.h"

enum { TRACE_PACKET = 1, PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_COMPRESSED = 50 };

/* Readers expand such a packet at once, and want less than 512 KiB. */
#define CHUNK (256 * 1024)

struct pf_file {
    struct out *out;
    struct proto packets; /* that were not written yet */
    size_t packet;        /* proto_begin() of the one under way */
    bool compress, failed;
    z_stream stream;
    struct proto small, head;
};

struct pf_file *pf_file_new(struct out *out, bool compress)
{
    struct pf_file *file = g_new0(struct pf_file, 1);

    file->out = out;
    file->compress = compress;
    /* More effort gains a tenth and takes twice the time. */
    file->failed = compress && deflateInit(&file->stream, Z_BEST_SPEED) != Z_OK;
    return file;
}

/* Puts what is pending, deflated, into `small`. */
static bool deflate_packets(struct pf_file *file)
{
    struct proto *small = &file->small;

    small->used = 0;
    proto_room(small, deflateBound(&file->stream, file->packets.used));
    file->stream.next_in = file->packets.bytes;
    file->stream.avail_in = (uInt)file->packets.used;
    file->stream.next_out = small->bytes;
    file->stream.avail_out = (uInt)small->size;
    if (deflate(&file->stream, Z_FINISH) != Z_STREAM_END) {
        return false;
    }
    small->used = small->size - file->stream.avail_out;
    return deflateReset(&file->stream) == Z_OK;
}

/* A packet whose only field is what was deflated; its head is made apart, to save a copy. */
static void write_deflated(struct pf_file *file)
{
    struct proto field = { NULL }, *head = &file->head;

    proto_room(&field, PROTO_NUMBER);
    proto_varint(&field, PACKET_COMPRESSED << 3 | 2);
    proto_varint(&field, file->small.used);
    head->used = 0;
    proto_room(head, 2 * PROTO_NUMBER);
    proto_varint(head, TRACE_PACKET << 3 | 2);
    proto_varint(head, field.used + file->small.used);
    out_bytes(file->out, (char *)head->bytes, head->used);
    out_bytes(file->out, (char *)field.bytes, field.used);
    out_bytes(file->out, (char *)file->small.bytes, file->small.used);
    g_free(field.bytes);
}

static void flush(struct pf_file *file)
{
    if (file->packets.used > 0 && !file->failed) {
        if (!file->compress) {
            out_bytes(file->out, (char *)file->packets.bytes, file->packets.used);
        } else if (deflate_packets(file)) {
            write_deflated(file);
        } else {
            file->failed = true;
        }
    }
    file->packets.used = 0;
}

bool pf_file_free(struct pf_file *file)
{
    bool fine;

    flush(file);
    fine = !file->failed;
    if (file->compress) {
        deflateEnd(&file->stream);
    }
    g_free(file->packets.bytes);
    g_free(file->small.bytes);
    g_free(file->head.bytes);
    g_free(file);
    return fine;
}

struct proto *pf_packet(struct pf_file *file)
{
    file->packet = proto_begin(&file->packets, TRACE_PACKET);
    return &file->packets;
}

void pf_packet_end(struct pf_file *file)
{
    proto_end(&file->packets, file->packet);
    if (file->packets.used >= CHUNK) {
        flush(file);
    }
}

struct proto *pf_packet_at(struct pf_file *file, uint64_t time, uint32_t sequence)
{
    struct proto *packet = pf_packet(file);

    proto_number(packet, PACKET_TIMESTAMP, time);
    proto_number(packet, PACKET_SEQUENCE, sequence);
    return packet;
}
