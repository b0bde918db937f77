/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of export ctf share: packets of a CPU's stream, and the text that describes them.
 *
 * All numbers are little-endian and begin at a byte, but for the 5 and 27 bits of a compact header.
 */
#ifndef TOOLS_EXPORT_CTF_H
#define TOOLS_EXPORT_CTF_H

#include "shape.h"

#define CTF_MAGIC 0xc1fc1fc1u
#define CTF_UUID_SIZE 16
#define CTF_EXTENDED 31u        /* the id that says: a whole id and a whole time follow */
#define CTF_TIME_BITS 27        /* of a time in a compact header */
#define CTF_PACKET_SIZE 65536   /* a packet ends with the event that reaches this size */
#define CTF_MAX_TEXT 16384      /* of a string in the metadata, in bytes */

/* One CPU. What a packet says of itself is known at its end: until then it is in memory. */
struct ctf_stream {
    struct out *out; /* NULL: no event yet */
    uint8_t *data;   /* the packet: its head, then events */
    size_t used, size;
    uint64_t begin, last; /* times of the packet's first event and of the stream's last one */
    uint64_t n_packets;
    uint64_t lost;      /* events discarded up to this packet */
    uint64_t lost_next; /* and up to the next event */
    bool any;           /* the packet has events */
    uint32_t cpu;
    const uint8_t *uuid;
};

void ctf_stream_begin(struct ctf_stream *stream, struct out *out, uint32_t cpu, const uint8_t *uuid);
/* Writes the last packet and frees the memory, not the stream itself. */
void ctf_stream_end(struct ctf_stream *stream);

/* An event: its header, its fields in order, its end. */
void ctf_event(struct ctf_stream *stream, uint32_t id, uint64_t time);
void ctf_number(struct ctf_stream *stream, uint64_t value, size_t size);
void ctf_string(struct ctf_stream *stream, const char *text, size_t length); /* with its 0 */
void ctf_event_end(struct ctf_stream *stream);

/* ---- ctf-metadata.c */
/* The same for the same run and selection, so that an export can be compared with another one. */
void ctf_make_uuid(const struct export *export, uint8_t *uuid);
void ctf_print_metadata(struct out *out, const struct export *export, const struct shapes *shapes,
                        uint32_t statedump_id, const uint8_t *uuid);

#endif
