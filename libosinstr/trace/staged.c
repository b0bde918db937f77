/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads back what a killed run had staged: every record that passes its check,
 * up to the first that does not. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "crc32c.h"
#include "reader.h"

static bool header_is_sound(const uint8_t *header, size_t available, uint32_t stream)
{
    return available >= OSI_STAGE_HEADER && !memcmp(header, OSI_STAGE_MAGIC, 8) &&
           osi_get32(header + OSI_STAGE_CRC) == osi_crc32c(0, header, OSI_STAGE_CRC) &&
           osi_get16(header + OSI_STAGE_MAJOR) == OSI_FORMAT_MAJOR &&
           osi_get32(header + OSI_STAGE_STREAM) == stream &&
           osi_get32(header + OSI_STAGE_LENGTH) >= OSI_STAGE_HEADER &&
           osi_get32(header + OSI_STAGE_LENGTH) <= OSI_BLOCK_MAX_HEADER;
}

/* Words of the record at `at`, 0 when there is no sound one. */
static size_t record_words(const uint64_t *words, size_t at, size_t n_words,
                           const struct osi_schema *schema, uint64_t seed)
{
    if (n_words - at < OSI_RECORD_HEAD)
        return 0;
    uint64_t head = GUINT64_FROM_LE(words[at]), type = head & UINT32_MAX;
    if (type >= schema->n_types || !schema->types[type].known)
        return 0;
    size_t length = OSI_RECORD_HEAD + (size_t)schema->types[type].type.n_fields;
    if (n_words - at < length)
        return 0;
    uint64_t hash = osi_stage_mix(seed, type);
    for (size_t i = 1; i < length; i++)
        hash = osi_stage_mix(hash, GUINT64_FROM_LE(words[at + i]));
    return hash >> 32 == head >> 32 ? length : 0;
}

/* `used` is not needed to find the records, only to tell the end from damage. */
static size_t find_records(struct osi_staged *staged, size_t n_words,
                           const struct osi_schema *schema, uint64_t seed)
{
    size_t at = 0, length;
    while (staged->n < OSI_BLOCK_MAX_EVENTS &&
           (length = record_words(staged->words, at, n_words, schema, seed))) {
        staged->at[staged->n++] = (uint32_t)at;
        at += length;
    }
    return at * 8;
}

static bool load(struct osi_staged *staged, struct osi_window *file, const char *name,
                 uint32_t stream, const struct osi_schema *schema, const struct osi_report *report)
{
    const uint8_t *data;
    size_t available = osi_window_at(file, 0, OSI_STAGE_HEADER, &data);
    if (!header_is_sound(data, available, stream)) {
        osi_report_line(report, "%s: offset 0: damaged header, staged events are lost", name);
        return true;
    }
    uint32_t header = osi_get32(data + OSI_STAGE_LENGTH);
    uint64_t generation = osi_get64(data + OSI_STAGE_GENERATION);
    uint64_t used = osi_get64(data + OSI_STAGE_USED);
    staged->present = true;
    staged->seq = staged->next_seq = osi_get64(data + OSI_STAGE_SEQ);
    staged->drops = osi_get64(data + OSI_STAGE_DROPS);

    available = osi_window_at(file, header, OSI_STAGE_BYTES, &data);
    size_t n_words = MIN(available, OSI_STAGE_BYTES) / 8;
    staged->words = g_memdup2(data, n_words * 8);
    staged->at = g_new(uint32_t, OSI_BLOCK_MAX_EVENTS);
    size_t found =
        find_records(staged, n_words, schema, osi_stage_seed(staged->seq, generation));
    if (found >= used)
        return false;
    osi_report_line(report, "%s: offset %zu: damaged record, %" G_GUINT64_FORMAT
                    " bytes of staged events are lost", name, header + found, used - found);
    return true;
}

bool osi_staged_load(struct osi_staged *staged, int dir, uint32_t stream,
                     const struct osi_schema *schema, const struct osi_report *report)
{
    char name[32];
    struct osi_window file;
    memset(staged, 0, sizeof *staged);
    snprintf(name, sizeof name, "cpu%u.open", stream);
    bool damaged = !osi_window_open(&file, dir, name) &&
                   load(staged, &file, name, stream, schema, report);
    osi_window_close(&file);
    return damaged;
}

void osi_staged_clear(struct osi_staged *staged)
{
    g_free(staged->at);
    g_free(staged->words);
    memset(staged, 0, sizeof *staged);
}
