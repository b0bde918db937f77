/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A column: a run of 64-bit values in whichever encoding is smallest for them. */
#ifndef OSI_TRACE_COLUMN_H
#define OSI_TRACE_COLUMN_H

#include <stddef.h>
#include <stdint.h>

/* Upper bound of what osi_column_encode() writes, scratch behind the end included. */
#define OSI_COLUMN_BOUND(n) (8 * (size_t)(n) + 48)

/* Encodings move 64-bit words; every buffer that is encoded into or decoded
 * from needs this many bytes of its own behind its end. */
#define OSI_COLUMN_SLACK 16

/* Whether a compressor comes after: then values stay on byte boundaries, where
 * it finds repetitions. */
enum osi_column_grain { OSI_GRAIN_BIT = 1, OSI_GRAIN_BYTE = 8 };

/* A column to be encoded. Its producer knows bounds of the values for free. */
struct osi_column {
    const uint64_t *values;
    size_t n;
    uint64_t low, high; /* low <= every value; value - low has no more bits than high - low */
};

/* Returns the first byte behind the column. */
uint8_t *osi_column_encode(uint8_t *to, const struct osi_column *column,
                           enum osi_column_grain grain);

/* Decodes `n` values from the body (without its header). 0; -EILSEQ: malformed;
 * -ENOTSUP: an encoding of a newer version. Never reads more than
 * OSI_COLUMN_SLACK bytes behind from + length. */
int osi_column_decode(unsigned encoding, const uint8_t *from, size_t length, uint64_t *values,
                      size_t n);

#endif
