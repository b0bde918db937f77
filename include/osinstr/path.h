/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The path of a vCPU: each block of code that it executed, in order, in a fraction of a byte each.
 *
 * Writer and reader remember which two blocks followed each the last times. As long as it is the last
 * one again, the writer only counts; what is written is how long that went well and what came instead.
 * The bytes, and each block's code at its first use, go into events of the type "path" of the
 * vCPU's stream; docs/TRACE-FORMAT.md has every byte.
 *
 * Every few megabytes both forget everything, so that a reader can begin there, and go on there after
 * damage.
 */
#ifndef OSINSTR_PATH_H
#define OSINSTR_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>
#include <osinstr/event.h>
#include <osinstr/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OSI_PATH_MAX_INSNS 512       /* in a block */
#define OSI_PATH_MAX_CODES 16777216u /* ids of blocks are below */

/* The code of a block. */
struct osi_path_code {
    uint64_t address;
    const uint8_t *bytes;
    const uint8_t *lengths; /* of each instruction, bytes; NULL: all are size / n */
    uint32_t id;            /* 1 to OSI_PATH_MAX_CODES - 1 */
    uint32_t n;             /* instructions, 1 to OSI_PATH_MAX_INSNS */
    uint32_t size;          /* bytes */
    uint32_t function;      /* number of a string: the function that it is in, 0: not known */
    uint32_t offset;        /* bytes from that function's start */
    bool loops;             /* its last instruction may jump to behind its first one */
};

/* Instructions of the code that begin before `offset` bytes. */
uint32_t osi_path_insns_before(const struct osi_path_code *code, uint64_t offset);

/* ---- writing: all calls on the vCPU's thread ---- */
/* The event type, for a trace's schema; *n is 1. */
const struct osi_event_type *osi_path_types(size_t *n);

struct osi_path_client {
    /* Takes an event of this type. */
    void (*emit)(void *data, uint64_t time, const uint64_t *fields);
    /* Tells the code of a block. */
    void (*code)(void *data, uint32_t id, struct osi_path_code *code);
    /* Is it to be recorded now? Asked after osi_path_poke(). May be NULL. */
    bool (*wanted)(void *data);
};

/* What followed a block: the last time, and the last time that it was another. */
struct osi_path_pair {
    uint32_t last, other;
};

/* The hot part of a writer; the rest is behind it. */
struct osi_path_writer {
    struct osi_path_pair *successors; /* by id */
    uint64_t run;         /* blocks that came as foreseen since something was written */
    uint64_t insns;       /* of all blocks, each counted whole: the path's clock */
    uint64_t check;       /* at this many something must be looked at */
    uint64_t complete;    /* insns, when the last instruction of a block that loops was reached */
    uint32_t previous;
    bool busy;            /* the vCPU is about to write a byte; osi_path_end() waits */
    uint8_t *at, *end;    /* where the next byte goes, and the last one of an event */
    uint64_t others;      /* blocks that came as the other one */
    uint64_t foreseen;    /* blocks in runs that were written */
};

/* Records from the start; osi_path_off() before the first block otherwise. NULL: no memory. */
struct osi_path_writer *osi_path_writer_new(const struct osi_path_client *client, void *data);
/* Writes nothing: osi_path_flush() before. NULL is allowed. */
void osi_path_writer_free(struct osi_path_writer *writer);
/* Record only while insns is in this range. */
void osi_path_limit(struct osi_path_writer *writer, uint64_t first, uint64_t last);

/* The block that came before the last one: a byte, if it is the run's end and not the event's. */
static inline bool osi_path_other(struct osi_path_writer *writer, struct osi_path_pair *pair,
                                  uint32_t id)
{
    bool done = false;

    if (pair->other != id || writer->run > 63) {
        return false;
    }
    __atomic_store_n(&writer->busy, true, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (writer->insns < __atomic_load_n(&writer->check, __ATOMIC_RELAXED) &&
        writer->at < writer->end) {
        *writer->at++ = (uint8_t)(writer->run << 1 | 1);
        writer->foreseen += writer->run;
        writer->others++;
        writer->run = 0;
        writer->previous = id;
        pair->other = pair->last;
        pair->last = id;
        done = true;
    }
    __atomic_store_n(&writer->busy, false, __ATOMIC_RELEASE);
    return done;
}

/* A block of `n` instructions begins. False: osi_path_miss() must be told. */
static inline bool osi_path_foreseen(struct osi_path_writer *writer, uint32_t id, uint32_t n)
{
    struct osi_path_pair *pair = &writer->successors[writer->previous];

    writer->insns += n;
    if (__builtin_expect(pair->last == id && writer->insns < writer->check, 1)) {
        writer->run++;
        writer->previous = id;
        return true;
    }
    return osi_path_other(writer, pair, id);
}

void osi_path_miss(struct osi_path_writer *writer, uint32_t id, uint32_t n);

/* A block that loops got to its last instruction. */
static inline void osi_path_complete(struct osi_path_writer *writer)
{
    writer->complete = writer->insns;
}

/* An exception was taken, and will go on at `pc`. `fault`: by the instruction there; else it came
 * between two instructions. */
void osi_path_exception(struct osi_path_writer *writer, uint64_t pc, bool irq, bool fault,
                        enum osi_exception exception);
/* What comes is not recorded; `before`: also not what the block under way does from this address on
 * (0: the block counts). */
void osi_path_off(struct osi_path_writer *writer, uint64_t before);
/* Recorded again; `from`: with the block under way, if it begins at this address. */
void osi_path_on(struct osi_path_writer *writer, uint64_t from);
/* Asks client->wanted() at the next block. Any thread. */
void osi_path_poke(struct osi_path_writer *writer);
/* Emits what is not yet, so that an event of another type comes in its place, or at the end. */
void osi_path_flush(struct osi_path_writer *writer);

/* No more from this writer: from now on every block is missed. Any thread. */
void osi_path_end(struct osi_path_writer *writer);

/* In all: blocks and bytes recorded. */
uint64_t osi_path_blocks(const struct osi_path_writer *writer);
uint64_t osi_path_bytes(const struct osi_path_writer *writer);

/* ---- reading ---- */
struct osi_path;

enum osi_path_kind {
    OSI_PATH_BLOCK,     /* `n` instructions of `code` were executed; the last one may have failed */
    OSI_PATH_EXCEPTION, /* taken here; goes on at `pc` */
    OSI_PATH_GAP,       /* nothing was recorded for about `missing` instructions */
    OSI_PATH_LOST,      /* the same, but because of damage; UINT64_MAX: nobody knows how many */
    OSI_PATH_EVENT,     /* an event of another type */
};

struct osi_path_step {
    enum osi_path_kind kind;
    bool irq;
    enum osi_exception exception;
    uint32_t n;
    const struct osi_path_code *code; /* valid until the next step */
    uint64_t insn; /* instructions that the vCPU executed before */
    uint64_t pc, missing;
    struct osi_trace_event event; /* its fields are valid until the next step */
};

/* Does the trace have paths? */
bool osi_path_in(const struct osi_trace_reader *reader);
/* The path of a stream, from its start. Uses osi_trace_stream_next(): one path at a time for a
 * stream. NULL: there are no paths in this trace. */
struct osi_path *osi_path_new(struct osi_trace_reader *reader, unsigned stream);
void osi_path_free(struct osi_path *path); /* NULL is allowed */
/* 1: got a step; 0: the end. */
int osi_path_next(struct osi_path *path, struct osi_path_step *step);

#ifdef __cplusplus
}
#endif
#endif
