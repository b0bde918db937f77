/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks: a run of raw records becomes columns behind a header with checksums,
 * and the other way round. */
#ifndef OSI_TRACE_BLOCK_H
#define OSI_TRACE_BLOCK_H

#include "codec.h"
#include "column.h"
#include "predict.h"
#include "schema.h"

/* ---- header ---------------------------------------------------------------- */
struct osi_block_header {
    uint16_t length; /* of the header itself */
    uint8_t codec;
    uint32_t stream, n_events;
    uint64_t seq, first_time, last_time, drops;
    uint32_t stored_length, raw_length, payload_crc;
};

/* Writes OSI_BLOCK_HEADER bytes, checksum included. */
void osi_block_header_put(const struct osi_block_header *header, uint8_t *to);
/* False when `available` bytes hold no whole, sound header. */
bool osi_block_header_get(struct osi_block_header *header, const uint8_t *from, size_t available);

/* ---- encoding ---------------------------------------------------------------- */
/* Most that columns can need: every record word as 8 bytes, and the columns'
 * own overhead if every type of the largest schema occurs. */
#define OSI_BLOCK_SCRATCH \
    (OSI_STAGE_BYTES + (2 + OSI_TRACE_MAX_TYPES * OSI_TRACE_MAX_FIELDS) * OSI_COLUMN_BOUND(0))

/* Work space of one stream, about half a megabyte. */
struct osi_encoder {
    const struct osi_schema *schema;
    const struct osi_codec *codec;
    void *codec_context;
    bool compresses; /* that was smaller at the last trial */
    unsigned trials;
    struct osi_keyed keyed;
    /* Filled by the caller: where each record begins, in words, and its type once more. */
    uint32_t at[OSI_BLOCK_MAX_EVENTS];
    uint8_t types[OSI_BLOCK_MAX_EVENTS];
    uint64_t types_seen; /* a bit for each that occurs */
    uint32_t sorted[OSI_BLOCK_MAX_EVENTS]; /* `at`, grouped by type */
    uint64_t values[OSI_BLOCK_MAX_EVENTS];
    uint8_t plain[OSI_BLOCK_HEADER + OSI_BLOCK_SCRATCH + OSI_COLUMN_SLACK];
    uint8_t packed[OSI_BLOCK_HEADER + OSI_BLOCK_MAX_PAYLOAD];
};

struct osi_encoder *osi_encoder_new(const struct osi_schema *schema, const struct osi_codec *codec);
void osi_encoder_free(struct osi_encoder *encoder); /* NULL is allowed */

/* Encodes the `n` records from number `first` on into one block: its bytes
 * (header with stream, seq and drops of *header, payload), valid until the next
 * call. NULL when the columns exceed OSI_BLOCK_MAX_PAYLOAD: take fewer records. */
const uint8_t *osi_encoder_block(struct osi_encoder *encoder, const uint64_t *words, size_t first,
                                 size_t n, struct osi_block_header *header, size_t *length);

/* ---- decoding ---------------------------------------------------------------- */
struct osi_block {
    size_t n_events;
    uint64_t times[OSI_BLOCK_MAX_EVENTS];
    uint8_t types[OSI_BLOCK_MAX_EVENTS];
    uint32_t counts[OSI_TRACE_MAX_TYPES]; /* events of each type */
    bool skipped[OSI_TRACE_MAX_TYPES];    /* not decodable by this version */
    uint64_t *columns[OSI_TRACE_MAX_TYPES][OSI_TRACE_MAX_FIELDS]; /* into `values` */
    uint64_t *values;
    size_t n_values; /* allocated */
    struct osi_keyed keyed;
    uint64_t work[OSI_BLOCK_MAX_EVENTS];
    uint8_t expanded[OSI_BLOCK_MAX_PAYLOAD + OSI_COLUMN_SLACK];
};

struct osi_block *osi_block_new(void);
void osi_block_free(struct osi_block *block); /* NULL is allowed */

/* Decodes a payload whose checksum was right. `stored` has OSI_COLUMN_SLACK
 * readable bytes behind it. 0, or -errno with the reason in *err: the block is
 * malformed (-EILSEQ) or needs a codec that is missing here (-ENOTSUP). */
int osi_block_decode(struct osi_block *block, const struct osi_schema *schema,
                     const struct osi_block_header *header, const uint8_t *stored,
                     struct osi_error *err);

/* Makes a block out of `n` staged records. */
void osi_block_from_records(struct osi_block *block, const struct osi_schema *schema,
                            const uint64_t *words, const uint32_t *at, size_t n);

#endif
