/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the path's bytes, for writer and reader; docs/TRACE-FORMAT.md says what they mean. */
#ifndef OSI_TRACE_PATH_H
#define OSI_TRACE_PATH_H

#include <osinstr/path.h>

#define OSI_PATH_TYPE "path"
#define OSI_PATH_WORDS (OSI_TRACE_MAX_FIELDS - 1)
#define OSI_PATH_ROOM (OSI_PATH_WORDS * 8) /* bytes in an event */

/* The field in front of the bytes: used bytes, a flag, the event's number. */
#define OSI_PATH_USED 0x7f
#define OSI_PATH_RESET 0x80
#define OSI_PATH_NUMBER_SHIFT 8

/* What a zero in place of a block is followed by. */
enum osi_path_escape {
    OSI_ESCAPE_FLUSH = 0,
    OSI_ESCAPE_EXCEPTION = 1,
    OSI_ESCAPE_CUT = 2,
    OSI_ESCAPE_OFF = 3,
    OSI_ESCAPE_ON = 4,
};

/* The byte of an exception. */
enum { OSI_PATH_IRQ = 1, OSI_PATH_CLASS_SHIFT = 1 };

/* A token: the run of blocks as foreseen, and whether the other successor came then; else a varint with
 * the block follows. */
enum { OSI_TOKEN_OTHER = 1, OSI_TOKEN_RUN_SHIFT = 1 };

/* Flags of a block's definition. */
enum { OSI_PATH_LOOPS = 1, OSI_PATH_HAS_LENGTHS = 2, OSI_PATH_HAS_FUNCTION = 4 };

/* Does `next` begin inside `code`? Then its first part was cut off, unless it loops. */
static inline bool osi_path_inside(const struct osi_path_code *code, uint64_t next)
{
    return next > code->address && next - code->address < code->size;
}

#endif
