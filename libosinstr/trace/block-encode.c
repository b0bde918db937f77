/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns raw records into a block: types, times, then every field of every type that occurs. */
#include <stdlib.h>

#include "block.h"
#include "bytes.h"
#include "crc32c.h"

struct osi_encoder *osi_encoder_new(const struct osi_schema *schema, const struct osi_codec *codec)
{
    struct osi_encoder *encoder = g_new(struct osi_encoder, 1);
    encoder->schema = schema;
    encoder->codec = codec;
    encoder->compresses = false;
    encoder->trials = 0;
    encoder->codec_context = codec->context_new ? codec->context_new() : NULL;
    return encoder;
}

void osi_encoder_free(struct osi_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->codec->context_free)
        encoder->codec->context_free(encoder->codec_context);
    g_free(encoder);
}

static uint64_t time_of(const uint64_t *words, uint32_t at)
{
    return GUINT64_FROM_LE(words[at + 1]);
}

/* Nothing to look at when the caller has seen only one type. */
static bool single_type(const struct osi_encoder *encoder)
{
    return !(encoder->types_seen & (encoder->types_seen - 1));
}

static uint8_t *encode_types(struct osi_encoder *encoder, const uint8_t *types, size_t n,
                             uint8_t *to, enum osi_column_grain grain)
{
    struct osi_column column = {encoder->values, n, types[0], types[0]};
    if (single_type(encoder))
        return osi_column_encode(to, &column, grain);
    for (size_t i = 0; i < n; i++) {
        encoder->values[i] = types[i];
        column.low = MIN(column.low, types[i]);
        column.high = MAX(column.high, types[i]);
    }
    return osi_column_encode(to, &column, grain);
}

/* The first time is in the header, so the column has one value less. */
static uint8_t *encode_times(struct osi_encoder *encoder, const uint64_t *words,
                             const uint32_t *at, size_t n, uint8_t *to,
                             enum osi_column_grain grain)
{
    uint64_t last = time_of(words, at[0]), low = UINT64_MAX, high = 0;
    for (size_t i = 1; i < n; i++) {
        uint64_t time = time_of(words, at[i]), delta = time - last;
        encoder->values[i - 1] = delta;
        low = MIN(low, delta);
        high = MAX(high, delta);
        last = time;
    }
    struct osi_column column = {encoder->values, n - 1, MIN(low, high), high};
    return osi_column_encode(to, &column, grain);
}

/* One pass per type that occurs, without a branch or a counter in memory: traces
 * have few types, and a pass is cheap. */
static void place_by_type(uint32_t *sorted, const uint8_t *types, const uint32_t *at,
                          const uint32_t starts[OSI_TRACE_MAX_TYPES + 1])
{
    for (unsigned t = 0; t < OSI_TRACE_MAX_TYPES; t++) {
        size_t next = starts[t];
        for (size_t i = 0; next < starts[t + 1]; i++) {
            sorted[next] = at[i];
            next += types[i] == t;
        }
    }
}

/* Events of a type stay in their order. starts[t] .. starts[t + 1]
 * are type t's in the returned array. */
static const uint32_t *group_by_type(struct osi_encoder *encoder, const uint8_t *types,
                                     const uint32_t *at, size_t n,
                                     uint32_t starts[OSI_TRACE_MAX_TYPES + 1])
{
    uint32_t even[OSI_TRACE_MAX_TYPES] = {0}, odd[OSI_TRACE_MAX_TYPES] = {0};
    if (single_type(encoder)) {
        for (unsigned t = 0; t <= OSI_TRACE_MAX_TYPES; t++)
            starts[t] = t > types[0] ? (uint32_t)n : 0;
        return at;
    }
    for (size_t i = 0; i + 1 < n; i += 2) {
        even[types[i]]++;
        odd[types[i + 1]]++;
    }
    even[types[n - 1]] += n & 1;
    starts[0] = 0;
    for (unsigned t = 0; t < OSI_TRACE_MAX_TYPES; t++)
        starts[t + 1] = starts[t] + even[t] + odd[t];
    place_by_type(encoder->sorted, types, at, starts);
    return encoder->sorted;
}

static uint8_t *encode_field(struct osi_encoder *encoder, const struct osi_event_type *type,
                             unsigned f, const uint64_t *words, const uint32_t *at, size_t n,
                             uint8_t *to, enum osi_column_grain grain)
{
    struct osi_column column;
    uint64_t first;
    osi_predict_encode(type->fields, f, words, at, n, &encoder->keyed, encoder->values, &column,
                       &first);
    if (osi_is_predicted(&type->fields[f]))
        to = osi_put_varint(to, first);
    return osi_column_encode(to, &column, grain);
}

static uint8_t *encode_fields(struct osi_encoder *encoder, const uint64_t *words,
                              const uint32_t *sorted, const uint32_t *starts, uint8_t *to,
                              enum osi_column_grain grain)
{
    for (unsigned t = 0; t < encoder->schema->n_types; t++) {
        const struct osi_event_type *type = &encoder->schema->types[t].type;
        size_t n = starts[t + 1] - starts[t];
        for (unsigned f = 0; n && f < type->n_fields; f++)
            to = encode_field(encoder, type, f, words, sorted + starts[t], n, to, grain);
    }
    return to;
}

static size_t encode_columns(struct osi_encoder *encoder, const uint64_t *words, size_t start,
                             size_t n, enum osi_column_grain grain)
{
    uint8_t *payload = encoder->plain + OSI_BLOCK_HEADER;
    const uint32_t *at = encoder->at + start;
    const uint8_t *types = encoder->types + start;
    uint32_t starts[OSI_TRACE_MAX_TYPES + 1];
    uint8_t *to = encode_types(encoder, types, n, payload, grain);
    to = encode_times(encoder, words, at, n, to, grain);
    const uint32_t *sorted = group_by_type(encoder, types, at, n, starts);
    to = encode_fields(encoder, words, sorted, starts, to, grain);
    return (size_t)(to - payload);
}

void osi_block_header_put(const struct osi_block_header *header, uint8_t *to)
{
    memset(to, 0, OSI_BLOCK_HEADER);
    osi_put32(to, OSI_BLOCK_MAGIC);
    osi_put16(to + OSI_BLOCK_HEADER_LENGTH, OSI_BLOCK_HEADER);
    to[OSI_BLOCK_CODEC] = header->codec;
    osi_put32(to + OSI_BLOCK_STREAM, header->stream);
    osi_put32(to + OSI_BLOCK_EVENTS, header->n_events);
    osi_put64(to + OSI_BLOCK_SEQ, header->seq);
    osi_put64(to + OSI_BLOCK_FIRST_TIME, header->first_time);
    osi_put64(to + OSI_BLOCK_LAST_TIME, header->last_time);
    osi_put32(to + OSI_BLOCK_STORED, header->stored_length);
    osi_put32(to + OSI_BLOCK_RAW, header->raw_length);
    osi_put64(to + OSI_BLOCK_DROPS, header->drops);
    osi_put32(to + OSI_BLOCK_PAYLOAD_CRC, header->payload_crc);
    osi_put32(to + OSI_BLOCK_HEADER_CRC, osi_crc32c(0, to, OSI_BLOCK_HEADER_CRC));
}

/* Columns on byte boundaries, compressed into encoder->packed; 0 when that does
 * not make them smaller. */
static size_t encode_compressed(struct osi_encoder *encoder, const uint64_t *words, size_t first,
                                size_t n, struct osi_block_header *header)
{
    size_t raw = encode_columns(encoder, words, first, n, OSI_GRAIN_BYTE);
    if (raw > OSI_BLOCK_MAX_PAYLOAD)
        return 0;
    size_t stored = encoder->codec->compress(
        encoder->codec_context, encoder->plain + OSI_BLOCK_HEADER, raw,
        encoder->packed + OSI_BLOCK_HEADER, raw - 1);
    header->codec = encoder->codec->id;
    header->raw_length = (uint32_t)raw;
    header->stored_length = (uint32_t)stored;
    return stored;
}

/* Events with little repetition are smaller in single bits than compressed; both
 * are tried now and then, and the better one is kept up in between. */
#define TRIAL_EVERY 16

static uint8_t *choose_payload(struct osi_encoder *encoder, const uint64_t *words, size_t first,
                               size_t n, struct osi_block_header *header)
{
    bool trial = encoder->codec->compress && encoder->trials++ % TRIAL_EVERY == 0;
    size_t packed = 0;
    if (trial || encoder->compresses)
        packed = encode_compressed(encoder, words, first, n, header);
    if (packed && !trial)
        return encoder->packed;
    size_t raw = encode_columns(encoder, words, first, n, OSI_GRAIN_BIT);
    encoder->compresses = packed && packed < raw;
    if (encoder->compresses)
        return encoder->packed;
    header->codec = 0;
    header->raw_length = header->stored_length = (uint32_t)raw;
    return raw <= OSI_BLOCK_MAX_PAYLOAD ? encoder->plain : NULL;
}

const uint8_t *osi_encoder_block(struct osi_encoder *encoder, const uint64_t *words, size_t first,
                                 size_t n, struct osi_block_header *header, size_t *length)
{
    const uint32_t *at = encoder->at + first;
    uint8_t *block = choose_payload(encoder, words, first, n, header);
    if (!block)
        return NULL;
    header->n_events = (uint32_t)n;
    header->first_time = time_of(words, at[0]);
    header->last_time = time_of(words, at[n - 1]);
    header->payload_crc = osi_crc32c(0, block + OSI_BLOCK_HEADER, header->stored_length);
    osi_block_header_put(header, block);
    *length = OSI_BLOCK_HEADER + header->stored_length;
    return block;
}
