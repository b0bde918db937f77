/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and offsets of the trace format, version 1.0; docs/TRACE-FORMAT.md
 * says what they mean. Everything on disk is little endian. Numbers are only
 * ever added: what a released version wrote stays readable. */
#ifndef OSI_TRACE_FORMAT_H
#define OSI_TRACE_FORMAT_H

#include <stdint.h>

#define OSI_FORMAT_MAJOR 1
#define OSI_FORMAT_MINOR 0

#define OSI_MAX_STREAMS 1024
#define OSI_MAX_NAME 255

/* Head of `meta` and of every `cpuN.trace`. */
#define OSI_HEAD_MAGIC "OSITRACE"
#define OSI_HEAD_SIZE 24
#define OSI_META_STREAM UINT32_MAX
enum {
    OSI_HEAD_MAJOR = 8,   /* u16 */
    OSI_HEAD_MINOR = 10,  /* u16 */
    OSI_HEAD_LENGTH = 12, /* u32: up to the first block; frames in between */
    OSI_HEAD_STREAM = 16, /* u32 */
    OSI_HEAD_CRC = 20,    /* u32, of the bytes before */
};

/* A record of `meta` and of the heads. */
#define OSI_FRAME_MAGIC 0xb5
#define OSI_FRAME_SIZE 8 /* in front of the payload */
#define OSI_FRAME_MAX_PAYLOAD 65535
enum {
    OSI_FRAME_TYPE = 1,   /* u8 */
    OSI_FRAME_LENGTH = 2, /* u16: of the payload */
    OSI_FRAME_CRC = 4,    /* u32: of the four bytes before and of the payload */
};
enum osi_frame_type {
    OSI_FRAME_INFO = 1,
    OSI_FRAME_EVENT_TYPE = 2,
    OSI_FRAME_STRING = 3,
    OSI_FRAME_TASK = 4,
    OSI_FRAME_CLOSE = 5,
};
enum {
    OSI_TASK_SAME_TGID = 1,    /* tgid == pid, not stored */
    OSI_TASK_HAS_PREVIOUS = 2, /* `previous` is stored */
    OSI_TASK_INHERITS = 4,     /* pid, tgid and address are those of `previous` */
};

/* A block: header, then `stored_length` bytes. */
#define OSI_BLOCK_MAGIC 0x3142534fu /* "OSB1" */
#define OSI_BLOCK_HEADER 64
#define OSI_BLOCK_MAX_HEADER 1024
#define OSI_BLOCK_MAX_PAYLOAD 65536
#define OSI_BLOCK_MAX_EVENTS 8192
enum {
    OSI_BLOCK_HEADER_LENGTH = 4, /* u16 */
    OSI_BLOCK_CODEC = 6,         /* u8 */
    OSI_BLOCK_STREAM = 8,        /* u32 */
    OSI_BLOCK_EVENTS = 12,       /* u32 */
    OSI_BLOCK_SEQ = 16,          /* u64 */
    OSI_BLOCK_FIRST_TIME = 24,   /* u64 */
    OSI_BLOCK_LAST_TIME = 32,    /* u64 */
    OSI_BLOCK_STORED = 40,       /* u32 */
    OSI_BLOCK_RAW = 44,          /* u32 */
    OSI_BLOCK_DROPS = 48,        /* u64: events lost since the block before */
    OSI_BLOCK_PAYLOAD_CRC = 56,  /* u32: of the stored bytes */
    OSI_BLOCK_HEADER_CRC = 60,   /* u32: the last four bytes of the header, of those before */
};

/* A column: u8 encoding, u24 length, then `length` bytes. */
#define OSI_COLUMN_HEADER 4
enum osi_column_encoding {
    OSI_COLUMN_PACKED = 0,
    OSI_COLUMN_VARINT = 1,
    OSI_COLUMN_DICTIONARY = 2,
};
#define OSI_DICTIONARY_MAX 256

/* OSI_PREDICT_KEYED remembers one value per slot. Dense keys below the number
 * of slots never collide; a collision only predicts worse. */
#define OSI_KEYED_SLOTS 1024
static inline unsigned osi_keyed_slot(uint64_t key)
{
    return (unsigned)((key ^ key >> 10 ^ key >> 20) & (OSI_KEYED_SLOTS - 1));
}

/* The staging file `cpuN.open`: header, then records of whole 64-bit words
 * {type | check << 32, time, fields…}. */
#define OSI_STAGE_MAGIC "OSISTAGE"
#define OSI_STAGE_HEADER 128
#define OSI_STAGE_BYTES 131072 /* of records: 8192 of the shortest */
#define OSI_STAGE_WORDS (OSI_STAGE_BYTES / 8)
#define OSI_RECORD_HEAD 2 /* words in front of the fields */
enum {
    OSI_STAGE_MAJOR = 8,   /* u16 */
    OSI_STAGE_MINOR = 10,  /* u16 */
    OSI_STAGE_LENGTH = 12, /* u32: where the records begin */
    OSI_STAGE_STREAM = 16, /* u32 */
    OSI_STAGE_SIZE = 20,   /* u32: bytes of records that fit */
    OSI_STAGE_CRC = 24,    /* u32, of the bytes before */
    /* These four change while the trace is written. */
    OSI_STAGE_SEQ = 64,        /* u64: of the block that the records will become */
    OSI_STAGE_GENERATION = 72, /* u64: counts how often the stage was emptied */
    OSI_STAGE_DROPS = 80,      /* u64: events lost since the last block */
    OSI_STAGE_USED = 88,       /* u64: bytes of complete records */
};

/* A record's check is the upper half of a hash over its words, seeded by what
 * the stage holds at the moment: a record of an earlier filling, a torn one and
 * one with any flipped bit are told apart from a good one. Odd multipliers
 * keep every bit of every word in play; a CRC would cost more than all the rest. */
#define OSI_STAGE_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)
static inline uint64_t osi_stage_seed(uint64_t seq, uint64_t generation)
{
    return ((seq + 1) * OSI_STAGE_MULTIPLIER + generation) * OSI_STAGE_MULTIPLIER;
}

static inline uint64_t osi_stage_mix(uint64_t hash, uint64_t word)
{
    return (hash + word) * OSI_STAGE_MULTIPLIER;
}

#endif
