/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the path of a vCPU. What the inline part in path.h foresaw never comes here.
 *
 *   off -- on --> recording -- RESET_BYTES written: reset --> recording
 *    ^------ off ----'
 */
#include <glib.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bytes.h"
#include "path.h"

#define RESET_BYTES (4u << 20)
/* What goes on as foreseen is written at least so often, should the run be killed. */
#define FLUSH_INSNS (16u << 20)

static const struct osi_field fields[OSI_TRACE_MAX_FIELDS] = {
    {"head", OSI_FIELD_UINT, OSI_PREDICT_SAME, 0}, {"b0", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
    {"b1", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},    {"b2", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
    {"b3", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},    {"b4", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
    {"b5", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},    {"b6", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
    {"b7", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},    {"b8", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
    {"b9", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},    {"b10", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0},
};

const struct osi_event_type *osi_path_types(size_t *n)
{
    static const struct osi_event_type type = {OSI_PATH_TYPE, fields, OSI_TRACE_MAX_FIELDS};
    *n = 1;
    return &type;
}

enum { DEFINED = 1, LOOPS = 2 };

struct writer {
    struct osi_path_writer hot;
    const struct osi_path_client *client;
    void *data;
    uint8_t *known;         /* by id, since the last reset: DEFINED, LOOPS */
    uint32_t highest;       /* id used since then */
    uint64_t address;       /* of the block defined last */
    uint64_t first, last;   /* limits */
    atomic_bool poked;      /* by any thread */
    atomic_bool ended;
    bool wanted;            /* as the caller says */
    bool recording;         /* wanted, and within the limits */
    bool began;             /* there was a reset: else there is nothing to read yet */
    bool reset;             /* the event under way begins with one */
    uint32_t under_way;     /* the block that began last, also when off */
    uint64_t number;        /* of the event under way */
    uint64_t paused;        /* insns where recording stopped */
    uint64_t since_reset, bytes, blocks;
    uint8_t buffer[OSI_PATH_ROOM];
};

uint32_t osi_path_insns_before(const struct osi_path_code *code, uint64_t offset)
{
    uint32_t n = 0;
    if (!code->lengths)
        return (uint32_t)MIN(code->n, (offset + code->size / code->n - 1) / (code->size / code->n));
    for (uint64_t at = 0; n < code->n && at < offset; n++)
        at += code->lengths[n];
    return n;
}

/* ---- bytes ---- */
static void emit(struct writer *w)
{
    uint64_t row[OSI_TRACE_MAX_FIELDS];
    unsigned used = (unsigned)(w->hot.at - w->buffer);
    row[0] = w->number++ << OSI_PATH_NUMBER_SHIFT | (w->reset ? OSI_PATH_RESET : 0) | used;
    memset(w->buffer + used, 0, OSI_PATH_ROOM - used);
    for (unsigned i = 0; i < OSI_PATH_WORDS; i++)
        row[i + 1] = osi_get64(w->buffer + 8 * i);
    w->client->emit(w->data, w->hot.insns, row);
    w->bytes += used;
    w->since_reset += used;
    w->hot.at = w->buffer;
    w->reset = false;
}

static inline void put_byte(struct writer *w, uint8_t byte)
{
    *w->hot.at++ = byte;
    if (G_UNLIKELY(w->hot.at > w->hot.end))
        emit(w);
}

static inline void put(struct writer *w, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        put_byte(w, (uint8_t)(value | 0x80));
    put_byte(w, (uint8_t)value);
}

static struct osi_path_code code_of(const struct writer *w, uint32_t id)
{
    struct osi_path_code code = {.id = id};
    w->client->code(w->data, id, &code);
    return code;
}

static inline void put_run(struct writer *w, unsigned other)
{
    put(w, w->hot.run << OSI_TOKEN_RUN_SHIFT | other);
    w->hot.foreseen += w->hot.run;
    w->hot.run = 0;
}

static void put_escape(struct writer *w, enum osi_path_escape escape)
{
    put_run(w, 0);
    put(w, 0);
    put(w, escape);
}

static void define(struct writer *w, const struct osi_path_code *code)
{
    w->known[code->id] = DEFINED | (code->loops ? LOOPS : 0);
    put(w, (code->loops ? OSI_PATH_LOOPS : 0) | (code->lengths ? OSI_PATH_HAS_LENGTHS : 0) |
               (code->function ? OSI_PATH_HAS_FUNCTION : 0));
    put(w, osi_zigzag(code->address - w->address));
    w->address = code->address;
    put(w, code->n);
    put(w, code->size);
    for (uint32_t i = 0; code->lengths && i < code->n; i++)
        put_byte(w, code->lengths[i]);
    for (uint32_t i = 0; i < code->size; i++)
        put_byte(w, code->bytes[i]);
    if (code->function) {
        put(w, code->function);
        put(w, code->offset);
    }
}

/* ---- resets, on and off ---- */
/* The reader knows nothing from here on. */
static void reset(struct writer *w, uint64_t insns)
{
    memset(w->hot.successors, 0, ((size_t)w->highest + 1) * sizeof(*w->hot.successors));
    memset(w->known, 0, (size_t)w->highest + 1);
    w->highest = 0;
    w->address = 0;
    w->since_reset = 0;
    w->reset = w->began = true;
    put(w, insns);
}

/* Whoever pokes does the same two stores in the other order: one of both sees the other's. */
static void set_check(struct writer *w)
{
    uint64_t check = w->recording ? MIN(w->last, w->hot.insns + FLUSH_INSNS) : 0;
    __atomic_store_n(&w->hot.check, check, __ATOMIC_SEQ_CST);
    if (atomic_load(&w->poked) || atomic_load(&w->ended))
        __atomic_store_n(&w->hot.check, 0, __ATOMIC_SEQ_CST);
}

void osi_path_poke(struct osi_path_writer *writer)
{
    atomic_store(&((struct writer *)writer)->poked, true);
    __atomic_store_n(&writer->check, 0, __ATOMIC_SEQ_CST);
}

static void stop(struct writer *w, uint32_t kept)
{
    put_escape(w, OSI_ESCAPE_OFF);
    put(w, kept);
    emit(w);
    w->recording = false;
    w->hot.previous = 0;
    set_check(w);
}

/* `insns`: executed before the block that comes. */
static void go_on(struct writer *w, uint64_t insns)
{
    w->recording = true;
    if (!w->began) {
        reset(w, insns);
    } else {
        put_escape(w, OSI_ESCAPE_ON);
        put(w, insns - w->paused);
    }
    set_check(w);
}

/* Recording or not, as the limits say; `insns` as above. */
static void look_at_limits(struct writer *w, uint64_t insns)
{
    if (atomic_exchange(&w->poked, false) && w->client->wanted)
        w->wanted = w->client->wanted(w->data);
    bool record = w->wanted && insns >= w->first && insns < w->last;
    if (record && !w->recording) {
        go_on(w, insns);
    } else if (!record && w->recording) {
        w->paused = insns;
        stop(w, UINT32_MAX);
    } else if (record) {
        osi_path_flush(&w->hot);
        set_check(w);
    }
}

/* ---- blocks ---- */
/* A block that begins inside the last one is what a device access in mid-block leaves; or a jump, which
 * only that of a block that loops can be. Such pairs are never foreseen. */
static bool learn(struct writer *w, uint32_t last, const struct osi_path_code *next, uint64_t insns)
{
    struct osi_path_code code;
    if (!last)
        return true;
    code = code_of(w, last);
    if (!code.loops || !osi_path_inside(&code, next->address))
        return true;
    if (w->hot.complete != insns) {
        put_escape(w, OSI_ESCAPE_CUT);
        put(w, osi_path_insns_before(&code, next->address - code.address));
        w->hot.previous = 0;
    }
    return w->hot.previous == 0;
}

static void begin_anew(struct writer *w, uint64_t insns)
{
    put_escape(w, OSI_ESCAPE_FLUSH);
    emit(w);
    reset(w, insns);
    w->hot.previous = 0;
}

/* Neither of the two that came before. */
static void write_block(struct writer *w, uint32_t id, uint64_t insns)
{
    uint32_t last = w->hot.previous;
    bool learns = true, loops = w->known[last] & LOOPS;
    if (G_UNLIKELY(w->since_reset >= RESET_BYTES))
        begin_anew(w, insns);
    if (G_UNLIKELY(loops)) {
        struct osi_path_code code = code_of(w, id);
        learns = learn(w, last, &code, insns);
    }
    put_run(w, 0);
    put(w, osi_zigzag((uint64_t)id - w->hot.previous) + 1);
    if (G_UNLIKELY(!w->known[id])) {
        struct osi_path_code code = code_of(w, id);
        define(w, &code);
    }
    if (learns) {
        struct osi_path_pair *pair = &w->hot.successors[w->hot.previous];
        *pair = (struct osi_path_pair){id, pair->last};
    }
    w->highest = MAX(w->highest, id);
    w->hot.previous = id;
    w->blocks++;
}

void osi_path_miss(struct osi_path_writer *writer, uint32_t id, uint32_t n)
{
    struct writer *w = (struct writer *)writer;
    uint64_t insns = writer->insns - n;
    w->under_way = id;
    if (G_UNLIKELY(writer->insns >= writer->check))
        look_at_limits(w, insns);
    if (!w->recording)
        return;
    struct osi_path_pair *pair = &writer->successors[writer->previous];
    if (pair->other != id) {
        write_block(w, id, insns);
        return;
    }
    put_run(w, OSI_TOKEN_OTHER);
    *pair = (struct osi_path_pair){id, pair->last};
    writer->previous = id;
    w->blocks++;
}

/* How much of the last block was executed. Its address may be another one by whole pages. */
static uint32_t executed(const struct writer *w, const struct osi_path_code *code, uint64_t pc,
                         bool fault)
{
    uint64_t offset = pc - code->address;
    if (fault) {
        offset &= 0xfff;
        return offset < code->size ? osi_path_insns_before(code, offset + 1) : code->n;
    }
    if (!osi_path_inside(code, pc) || (code->loops && w->hot.complete == w->hot.insns))
        return code->n;
    return osi_path_insns_before(code, offset);
}

void osi_path_exception(struct osi_path_writer *writer, uint64_t pc, bool irq, bool fault,
                        enum osi_exception exception)
{
    struct writer *w = (struct writer *)writer;
    struct osi_path_code code = {0};
    if (!w->recording)
        return;
    if (writer->previous)
        code = code_of(w, writer->previous);
    put_escape(w, OSI_ESCAPE_EXCEPTION);
    put_byte(w, (uint8_t)((irq ? OSI_PATH_IRQ : 0) | exception << OSI_PATH_CLASS_SHIFT));
    put(w, osi_zigzag(pc - code.address));
    put(w, code.n ? executed(w, &code, pc, fault) : 0);
    writer->previous = 0;
}

/* ---- for the caller ---- */
void osi_path_off(struct osi_path_writer *writer, uint64_t before)
{
    struct writer *w = (struct writer *)writer;
    uint32_t kept = UINT32_MAX;
    w->wanted = false;
    if (w->recording) {
        if (before && writer->previous) {
            struct osi_path_code code = code_of(w, writer->previous);
            if (before - code.address < code.size)
                kept = osi_path_insns_before(&code, before - code.address);
        }
        w->paused = writer->insns;
        stop(w, kept);
    }
    set_check(w);
}

void osi_path_on(struct osi_path_writer *writer, uint64_t from)
{
    struct writer *w = (struct writer *)writer;
    struct osi_path_code code;
    if (w->recording)
        return;
    w->wanted = true;
    if (!from || !w->under_way)
        return;
    code = code_of(w, w->under_way);
    if (code.address == from) {
        look_at_limits(w, writer->insns - code.n);
        if (w->recording)
            write_block(w, code.id, writer->insns - code.n);
    }
}

void osi_path_flush(struct osi_path_writer *writer)
{
    struct writer *w = (struct writer *)writer;
    if (w->recording && writer->run)
        put_escape(w, OSI_ESCAPE_FLUSH);
    if (w->hot.at > w->buffer)
        emit(w);
}

void osi_path_limit(struct osi_path_writer *writer, uint64_t first, uint64_t last)
{
    struct writer *w = (struct writer *)writer;
    w->first = first;
    w->last = last;
    set_check(w);
}

/* A vCPU that does not see the new limit yet has said that it is busy, for the barrier makes all threads
 * pass one. Where it is forbidden, a while does. */
void osi_path_end(struct osi_path_writer *writer)
{
    atomic_store(&((struct writer *)writer)->ended, true);
    __atomic_store_n(&writer->check, 0, __ATOMIC_SEQ_CST);
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
        g_usleep(10000);
    for (unsigned i = 0; i < 1000 && __atomic_load_n(&writer->busy, __ATOMIC_ACQUIRE); i++)
        g_usleep(50);
}

uint64_t osi_path_blocks(const struct osi_path_writer *writer)
{
    return ((const struct writer *)writer)->blocks + writer->foreseen + writer->others + writer->run;
}

uint64_t osi_path_bytes(const struct osi_path_writer *writer)
{
    const struct writer *w = (const struct writer *)writer;
    return w->bytes + (uint64_t)(w->hot.at - w->buffer);
}

/* The tables are as large as they can get, but only what is used of them becomes memory. */
struct osi_path_writer *osi_path_writer_new(const struct osi_path_client *client, void *data)
{
    struct writer *w = g_aligned_alloc0(1, sizeof(*w), 256);
    w->client = client;
    w->data = data;
    w->hot.successors = calloc(OSI_PATH_MAX_CODES, sizeof(*w->hot.successors));
    w->known = calloc(OSI_PATH_MAX_CODES, 1);
    if (!w->hot.successors || !w->known) {
        osi_path_writer_free(&w->hot);
        return NULL;
    }
    w->hot.at = w->buffer;
    w->hot.end = w->buffer + OSI_PATH_ROOM - 1;
    w->last = UINT64_MAX;
    w->wanted = true;
    return &w->hot;
}

void osi_path_writer_free(struct osi_path_writer *writer)
{
    struct writer *w = (struct writer *)writer;
    if (!w)
        return;
    free(w->hot.successors);
    free(w->known);
    g_aligned_free(w);
}
