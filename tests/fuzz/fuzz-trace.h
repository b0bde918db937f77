/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace reader under arbitrary bytes: shared by the fuzzers and the unit test.
 *
 * One input stands for a whole trace: per file a u32 length (little endian) and
 * the bytes, in the order meta, cpu0.trace, cpu0.open, cpu1.trace, cpu1.open. */
#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include <osinstr/trace.h>

#include "../../libosinstr/trace/bytes.h"
#include "../../libosinstr/trace/crc32c.h"
#include "../../libosinstr/trace/format.h"

#define FUZZ_FILES 5
static const char *const fuzz_names[FUZZ_FILES] = {"meta", "cpu0.trace", "cpu0.open",
                                                   "cpu1.trace", "cpu1.open"};

struct fuzz_trace {
    char *dir;
    uint64_t sink; /* keeps the reading of every value alive */
};

static inline struct fuzz_trace *fuzz_trace_new(void)
{
    struct fuzz_trace *fuzz = g_new0(struct fuzz_trace, 1);
    const char *base = g_access("/dev/shm", 2) ? g_get_tmp_dir() : "/dev/shm";
    fuzz->dir = g_strdup_printf("%s/osi-fuzz-XXXXXX", base);
    if (!g_mkdtemp(fuzz->dir))
        g_error("cannot create %s", fuzz->dir);
    return fuzz;
}

static inline void fuzz_put_file(struct fuzz_trace *fuzz, unsigned file, const void *bytes,
                                 size_t length)
{
    g_autofree char *path = g_build_filename(fuzz->dir, fuzz_names[file], NULL);
    if (!length) {
        g_unlink(path);
        return;
    }
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, length, out) != length || fclose(out))
        g_error("cannot write %s", path);
}

static inline void fuzz_trace_free(struct fuzz_trace *fuzz)
{
    for (unsigned file = 0; file < FUZZ_FILES; file++)
        fuzz_put_file(fuzz, file, NULL, 0);
    g_rmdir(fuzz->dir);
    g_free(fuzz->dir);
    g_free(fuzz);
}

/* Calls everything that a reader of a trace would call. */
static inline void fuzz_read(struct fuzz_trace *fuzz)
{
    struct osi_trace_reader *reader;
    struct osi_trace_event event;
    struct osi_trace_health health;
    struct osi_error err;
    const char *key, *value;
    uint64_t n = 0;
    if (osi_trace_reader_new(fuzz->dir, &reader, &err))
        return;
    while (osi_trace_next(reader, &event)) {
        const struct osi_event_type *type = osi_trace_type(reader, event.type);
        for (unsigned f = 0; f < type->n_fields; f++)
            fuzz->sink += event.fields[f];
        fuzz->sink += osi_trace_task(reader, (uint32_t)event.time) != NULL;
        n++;
    }
    osi_trace_check(reader, &health, NULL, NULL);
    if (health.events != n)
        g_error("next gives %" G_GUINT64_FORMAT " events, check %" G_GUINT64_FORMAT, n,
                health.events);
    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++)
        fuzz->sink += strlen(key) + strlen(value);
    osi_trace_rewind(reader);
    for (unsigned s = 0; s < osi_trace_n_streams(reader); s++)
        while (osi_trace_stream_next(reader, s, &event))
            fuzz->sink += event.time;
    osi_trace_reader_free(reader);
}

static inline void fuzz_trace_one(struct fuzz_trace *fuzz, const uint8_t *data, size_t size)
{
    for (unsigned file = 0; file < FUZZ_FILES; file++) {
        size_t length = size >= 4 ? MIN(osi_get32(data), size - 4) : 0;
        fuzz_put_file(fuzz, file, size >= 4 ? data + 4 : data, length);
        data += MIN(size, length + 4);
        size -= MIN(size, length + 4);
    }
    fuzz_read(fuzz);
}

/* ---- mutation of sound traces ------------------------------------------------ */

static inline uint64_t fuzz_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline void fuzz_mutate(uint8_t *bytes, size_t *length, uint64_t *state)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, 0xb5, 'O', 64};
    for (unsigned edits = 1 + fuzz_random(state) % 6; edits && *length; edits--) {
        size_t at = fuzz_random(state) % *length, from = fuzz_random(state) % *length;
        size_t left = *length - MAX(at, from), run = fuzz_random(state) % 24;
        run = MIN(run, left);
        switch (fuzz_random(state) % 6) {
        case 0:
            bytes[at] ^= (uint8_t)(1 << fuzz_random(state) % 8);
            break;
        case 1:
            bytes[at] = telling[fuzz_random(state) % sizeof telling];
            break;
        case 2:
            bytes[at] = (uint8_t)fuzz_random(state);
            break;
        case 3:
            memmove(bytes + at, bytes + from, run);
            break;
        case 4:
            memset(bytes + at, (int)fuzz_random(state), run);
            break;
        default:
            if (fuzz_random(state) % 8 == 0)
                *length = at;
        }
    }
}

static inline void fuzz_repair_frame(uint8_t *bytes, size_t left)
{
    size_t length = osi_get16(bytes + OSI_FRAME_LENGTH);
    if (length + OSI_FRAME_SIZE > left)
        return;
    uint32_t crc = osi_crc32c(0, bytes, OSI_FRAME_CRC);
    osi_put32(bytes + OSI_FRAME_CRC, osi_crc32c(crc, bytes + OSI_FRAME_SIZE, length));
}

static inline void fuzz_repair_block(uint8_t *bytes, size_t left)
{
    size_t header = osi_get16(bytes + OSI_BLOCK_HEADER_LENGTH);
    size_t stored = osi_get32(bytes + OSI_BLOCK_STORED);
    if (header < OSI_BLOCK_HEADER || header > left)
        return;
    if (stored <= left - header)
        osi_put32(bytes + OSI_BLOCK_PAYLOAD_CRC, osi_crc32c(0, bytes + header, stored));
    osi_put32(bytes + header - 4, osi_crc32c(0, bytes, header - 4));
}

/* Makes checksums right again wherever something looks like a frame or a block,
 * so that the code behind the checksums is reached. */
static inline void fuzz_repair(uint8_t *bytes, size_t length)
{
    if (length >= OSI_HEAD_SIZE)
        osi_put32(bytes + OSI_HEAD_CRC, osi_crc32c(0, bytes, OSI_HEAD_CRC));
    for (size_t at = OSI_HEAD_SIZE; at + OSI_BLOCK_HEADER <= length; at++) {
        if (bytes[at] == OSI_FRAME_MAGIC)
            fuzz_repair_frame(bytes + at, length - at);
        if (osi_get32(bytes + at) == OSI_BLOCK_MAGIC)
            fuzz_repair_block(bytes + at, length - at);
    }
}

/* A record's check for whatever the words say now. */
static inline void fuzz_repair_stage(uint8_t *bytes, size_t length)
{
    static const size_t fields[] = {5, 2, 0}; /* of the types in tests/unit/test-trace.h */
    if (length < OSI_STAGE_HEADER)
        return;
    uint64_t seed = osi_stage_seed(osi_get64(bytes + OSI_STAGE_SEQ),
                                   osi_get64(bytes + OSI_STAGE_GENERATION));
    for (size_t at = OSI_STAGE_HEADER; at + 16 <= length;) {
        uint64_t type = osi_get32(bytes + at), hash = osi_stage_mix(seed, type);
        size_t n = type < 3 ? fields[type] + 1 : 1;
        for (size_t i = 1; i <= n && at + 8 * i + 8 <= length; i++)
            hash = osi_stage_mix(hash, osi_get64(bytes + at + 8 * i));
        osi_put32(bytes + at + 4, (uint32_t)(hash >> 32));
        at += 8 * (n + 1);
    }
}

/* Reads a mutation of the trace in `sound`; the same for the same seed. */
static inline void fuzz_trace_mutated(struct fuzz_trace *fuzz, const char *sound, uint64_t seed)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (unsigned file = 0; file < FUZZ_FILES; file++) {
        g_autofree char *path = g_build_filename(sound, fuzz_names[file], NULL);
        char *bytes = NULL;
        gsize length = 0;
        if (g_file_get_contents(path, &bytes, &length, NULL) && fuzz_random(&state) % 2) {
            bool is_stage = file == 2 || file == 4;
            length = is_stage ? MIN(length, 2048) : length;
            fuzz_mutate((uint8_t *)bytes, &length, &state);
            if (is_stage)
                fuzz_repair_stage((uint8_t *)bytes, length);
            else if (fuzz_random(&state) % 4)
                fuzz_repair((uint8_t *)bytes, length);
        }
        fuzz_put_file(fuzz, file, bytes, length);
        g_free(bytes);
    }
    fuzz_read(fuzz);
}

#endif
