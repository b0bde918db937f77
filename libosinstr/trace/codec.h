/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressors of block payloads. One that the build lacks is still known by
 * name and number, so that a reader can say what is missing. */
#ifndef OSI_TRACE_CODEC_H
#define OSI_TRACE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct osi_codec {
    const char *name;
    uint8_t id; /* as in the block header */
    bool built; /* false: the functions below are NULL */
    void *(*context_new)(void); /* one per stream; NULL member: none needed */
    void (*context_free)(void *context);
    /* Bytes written to `to`, 0 when they would not fit. */
    size_t (*compress)(void *context, const void *from, size_t length, void *to, size_t room);
    /* True when exactly `length` bytes came out. */
    bool (*expand)(const void *from, size_t stored, void *to, size_t length);
};

extern const struct osi_codec osi_codec_lz4;
extern const struct osi_codec osi_codec_zstd;

/* NULL: unknown name or number. */
const struct osi_codec *osi_codec_by_name(const char *name);
const struct osi_codec *osi_codec_by_id(uint8_t id);

#endif
