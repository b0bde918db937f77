/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns a block, or staged records, into arrays: times, types and one array per field. */
#include <errno.h>

#include "block.h"
#include "bytes.h"
#include "crc32c.h"

/* The large arrays are left alone: every use writes before it reads. */
struct osi_block *osi_block_new(void)
{
    struct osi_block *block = g_new(struct osi_block, 1);
    block->values = NULL;
    block->n_values = block->n_events = 0;
    memset(block->counts, 0, sizeof block->counts);
    memset(block->skipped, 0, sizeof block->skipped);
    return block;
}

void osi_block_free(struct osi_block *block)
{
    if (block)
        g_free(block->values);
    g_free(block);
}

static bool header_is_plausible(const struct osi_block_header *header)
{
    return header->n_events && header->n_events <= OSI_BLOCK_MAX_EVENTS &&
           header->raw_length <= OSI_BLOCK_MAX_PAYLOAD &&
           header->stored_length <= header->raw_length;
}

bool osi_block_header_get(struct osi_block_header *header, const uint8_t *from, size_t available)
{
    if (available < OSI_BLOCK_HEADER || osi_get32(from) != OSI_BLOCK_MAGIC)
        return false;
    header->length = osi_get16(from + OSI_BLOCK_HEADER_LENGTH);
    if (header->length < OSI_BLOCK_HEADER || header->length > OSI_BLOCK_MAX_HEADER ||
        header->length > available)
        return false;
    size_t covered = header->length - 4u;
    if (osi_get32(from + covered) != osi_crc32c(0, from, covered))
        return false;
    header->codec = from[OSI_BLOCK_CODEC];
    header->stream = osi_get32(from + OSI_BLOCK_STREAM);
    header->n_events = osi_get32(from + OSI_BLOCK_EVENTS);
    header->seq = osi_get64(from + OSI_BLOCK_SEQ);
    header->first_time = osi_get64(from + OSI_BLOCK_FIRST_TIME);
    header->last_time = osi_get64(from + OSI_BLOCK_LAST_TIME);
    header->stored_length = osi_get32(from + OSI_BLOCK_STORED);
    header->raw_length = osi_get32(from + OSI_BLOCK_RAW);
    header->drops = osi_get64(from + OSI_BLOCK_DROPS);
    header->payload_crc = osi_get32(from + OSI_BLOCK_PAYLOAD_CRC);
    return header_is_plausible(header);
}

/* Gives every field of every type that occurs its array. */
static void place_columns(struct osi_block *block, const struct osi_schema *schema)
{
    size_t needed = 0;
    for (size_t t = 0; t < schema->n_types; t++)
        needed += (size_t)block->counts[t] * schema->types[t].type.n_fields;
    if (needed > block->n_values) {
        g_free(block->values);
        block->values = g_new(uint64_t, needed);
        block->n_values = needed;
    }
    uint64_t *next = block->values;
    for (size_t t = 0; t < schema->n_types; t++)
        for (unsigned f = 0; f < schema->types[t].type.n_fields; f++) {
            block->columns[t][f] = next;
            next += block->counts[t];
        }
}

struct input {
    const uint8_t *at, *end;
};

/* Decodes the next column. -ENOTSUP: passed over, encoding of a newer version. */
static int take_column(struct input *in, uint64_t *values, size_t n)
{
    if (in->end - in->at < OSI_COLUMN_HEADER)
        return -EILSEQ;
    uint32_t head = osi_get32(in->at);
    const uint8_t *body = in->at + OSI_COLUMN_HEADER;
    size_t length = head >> 8;
    if (length > (size_t)(in->end - body))
        return -EILSEQ;
    in->at = body + length;
    return osi_column_decode(head & 0xff, body, length, values, n);
}

static int decode_types(struct osi_block *block, const struct osi_schema *schema, struct input *in)
{
    int rc = take_column(in, block->work, block->n_events);
    if (rc)
        return rc;
    memset(block->counts, 0, sizeof block->counts);
    memset(block->skipped, 0, sizeof block->skipped);
    for (size_t i = 0; i < block->n_events; i++) {
        uint64_t type = block->work[i];
        if (type >= schema->n_types || !schema->types[type].known)
            return -EILSEQ;
        block->types[i] = (uint8_t)type;
        block->counts[type]++;
    }
    return 0;
}

static int decode_times(struct osi_block *block, const struct osi_block_header *header,
                        struct input *in)
{
    int rc = take_column(in, block->times + 1, block->n_events - 1);
    uint64_t time = header->first_time;
    block->times[0] = time;
    for (size_t i = 1; !rc && i < block->n_events; i++) {
        if (block->times[i] > header->last_time - time)
            return -EILSEQ;
        block->times[i] = time += block->times[i];
    }
    return rc ? rc : time == header->last_time ? 0 : -EILSEQ;
}

/* The column of a predicted field follows its first value. */
static int take_field(struct input *in, const struct osi_field *field, uint64_t *values, size_t n)
{
    if (!osi_is_predicted(field))
        return take_column(in, values, n);
    in->at = osi_get_varint(in->at, in->end, &values[0]);
    return in->at ? take_column(in, values + 1, n - 1) : -EILSEQ;
}

/* A type with a column that cannot be read is left out as a whole: half an
 * event would be a wrong one. */
static int decode_type(struct osi_block *block, const struct osi_schema_type *type, size_t t,
                       struct input *in)
{
    block->skipped[t] = !type->decodable;
    for (unsigned f = 0; f < type->type.n_fields; f++) {
        int rc = take_field(in, &type->fields[f], block->columns[t][f], block->counts[t]);
        if (rc == -ENOTSUP)
            block->skipped[t] = true;
        else if (rc)
            return rc;
    }
    if (!block->skipped[t])
        osi_predict_decode(&type->type, block->columns[t], block->counts[t], &block->keyed);
    return 0;
}

static int decode_payload(struct osi_block *block, const struct osi_schema *schema,
                          const struct osi_block_header *header, struct input *in)
{
    block->n_events = header->n_events;
    int rc = decode_types(block, schema, in);
    if (!rc)
        rc = decode_times(block, header, in);
    if (rc)
        return rc;
    place_columns(block, schema);
    for (size_t t = 0; !rc && t < schema->n_types; t++)
        if (block->counts[t])
            rc = decode_type(block, &schema->types[t], t, in);
    return rc;
}

static int expand(struct osi_block *block, const struct osi_block_header *header,
                  const uint8_t **payload, struct osi_error *err)
{
    const struct osi_codec *codec = osi_codec_by_id(header->codec);
    if (!codec)
        return osi_fail(err, -ENOTSUP, "compressed with codec %u, which this version does not know",
                        header->codec);
    if (!codec->built)
        return osi_fail(err, -ENOTSUP, "compressed with %s, and osinstr was built without it",
                        codec->name);
    if (header->codec == 0 && header->stored_length == header->raw_length)
        return 0; /* decoded where it lies */
    if (!codec->expand(*payload, header->stored_length, block->expanded, header->raw_length))
        return osi_fail(err, -EILSEQ, "%s cannot expand the payload", codec->name);
    *payload = block->expanded;
    return 0;
}

int osi_block_decode(struct osi_block *block, const struct osi_schema *schema,
                     const struct osi_block_header *header, const uint8_t *stored,
                     struct osi_error *err)
{
    int rc = expand(block, header, &stored, err);
    if (rc)
        return rc;
    struct input in = {stored, stored + header->raw_length};
    rc = decode_payload(block, schema, header, &in);
    if (rc == -ENOTSUP)
        osi_fail(err, rc, "types or times are encoded in a way that this version does not know");
    else if (rc)
        osi_fail(err, rc, "checksum right, but the columns do not fit the schema");
    return rc;
}

void osi_block_from_records(struct osi_block *block, const struct osi_schema *schema,
                            const uint64_t *words, const uint32_t *at, size_t n)
{
    uint32_t seen[OSI_TRACE_MAX_TYPES] = {0};
    memset(block->counts, 0, sizeof block->counts);
    memset(block->skipped, 0, sizeof block->skipped);
    block->n_events = n;
    for (size_t i = 0; i < n; i++) {
        block->types[i] = (uint8_t)GUINT64_FROM_LE(words[at[i]]);
        block->times[i] = GUINT64_FROM_LE(words[at[i] + 1]);
        block->counts[block->types[i]]++;
    }
    place_columns(block, schema);
    for (size_t i = 0; i < n; i++) {
        unsigned type = block->types[i];
        uint32_t k = seen[type]++;
        for (unsigned f = 0; f < schema->types[type].type.n_fields; f++)
            block->columns[type][f][k] = GUINT64_FROM_LE(words[at[i] + OSI_RECORD_HEAD + f]);
    }
}
