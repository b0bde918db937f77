/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The staging file of a stream: records that are not in a block yet, in memory
 * that outlives the process.
 *
 * A stage goes around these states; a kill between any two stores leaves one
 * that a reader can tell:
 *
 *   filling  -- record stored, then `used` --> filling
 *   filling  -- block written -------------> filling, block there: reader skips its events
 *            -- generation++, used = 0 ----> empty (old records fail their check)
 *            -- drops = 0, seq++ ----------> empty, for the next block
 */
#ifndef OSI_TRACE_STAGE_H
#define OSI_TRACE_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

#include "format.h"

struct osi_stage {
    uint8_t *map;      /* OSI_STAGE_HEADER bytes, then the records */
    uint64_t *records; /* little endian words */
    bool in_file;      /* false: plain memory, because the disk is full */
};

/* Creates and maps `name` in directory `dir`; falls back to memory when the
 * disk has no room. 0 or -errno. */
int osi_stage_open(struct osi_stage *stage, int dir, const char *name, uint32_t stream,
                   struct osi_error *err);
void osi_stage_close(struct osi_stage *stage);

static inline void osi_stage_store(struct osi_stage *stage, unsigned offset, uint64_t value)
{
    atomic_store_explicit((_Atomic uint64_t *)(void *)(stage->map + offset),
                          GUINT64_TO_LE(value), memory_order_release);
}

#endif
