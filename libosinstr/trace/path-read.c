/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a path back.
 *
 * How much of a block was executed is known when it is known what came next. So one block is always
 * pending; whatever else happened meanwhile waits behind it.
 */
#include <glib.h>
#include <string.h>

#include "bytes.h"
#include "path.h"

#define PREVIOUS_OF_NOTHING 0

/* A step that waits, with what it points to. */
struct waiting {
    struct osi_path_step step;
    uint64_t fields[OSI_TRACE_MAX_FIELDS];
};

struct osi_path {
    struct osi_trace_reader *reader;
    unsigned stream;
    int type;

    /* What writer and reader both remember. */
    struct osi_path_pair *successors; /* by id */
    struct osi_path_code **codes; /* by id */
    uint32_t n_ids;               /* of both */
    uint32_t previous;
    uint64_t address;             /* of the block defined last */
    struct osi_path_code *orphan; /* of before the last reset, still in use */

    /* The event under way. */
    uint8_t bytes[OSI_PATH_ROOM];
    unsigned used, at;
    uint64_t number; /* of the next event */
    bool resets;     /* it begins with one */
    bool lost;       /* nothing makes sense until the next reset */
    bool missed;     /* something was lost since the last */
    bool ended;

    /* The token under way: `run` blocks as foreseen, then the other one or `block`. */
    uint64_t run, block;
    bool has_block, other;

    struct osi_path_step pending; /* code NULL: none */
    uint64_t insn;                /* instructions executed up to the pending block's end, if whole */
    uint64_t counted;             /* the writer's clock */
    GQueue ready, held;           /* struct waiting: before and behind the pending block */
    struct waiting *shown;
};

/* ---- what waits ---- */
static struct waiting *wait_for(struct osi_path *path, enum osi_path_kind kind)
{
    struct waiting *waiting = g_new0(struct waiting, 1);
    waiting->step.kind = kind;
    waiting->step.insn = path->insn;
    g_queue_push_tail(path->pending.code ? &path->held : &path->ready, waiting);
    return waiting;
}

static void hold_event(struct osi_path *path, const struct osi_trace_event *event)
{
    struct waiting *waiting = wait_for(path, OSI_PATH_EVENT);
    unsigned n = osi_trace_type(path->reader, event->type)->n_fields;
    waiting->step.event = *event;
    memcpy(waiting->fields, event->fields, n * sizeof(*event->fields));
    waiting->step.event.fields = waiting->fields;
}

/* The pending block is over after `n` instructions. True: it is in *step. */
static bool resolve(struct osi_path *path, uint32_t n, struct osi_path_step *step)
{
    const struct osi_path_code *code = path->pending.code;
    if (!code)
        return false;
    *step = path->pending;
    step->n = MIN(n, code->n);
    path->insn -= code->n - step->n;
    path->pending.code = NULL;
    for (struct waiting *waiting; (waiting = g_queue_pop_head(&path->held));) {
        waiting->step.insn = path->insn;
        g_queue_push_tail(&path->ready, waiting);
    }
    return step->n > 0;
}

/* ---- events ---- */
static void forget(struct osi_path *path)
{
    const struct osi_path_code *pending = path->pending.code;
    if (path->orphan != pending)
        g_free(path->orphan);
    for (uint32_t i = 0; i < path->n_ids; i++) {
        if (path->codes[i] != pending)
            g_free(path->codes[i]);
        path->codes[i] = NULL;
    }
    path->orphan = (struct osi_path_code *)pending;
    memset(path->successors, 0, path->n_ids * sizeof(*path->successors));
    path->previous = PREVIOUS_OF_NOTHING;
    path->address = 0;
}

/* A token that the end cuts off is no loss: the run was killed there. */
static void lose(struct osi_path *path)
{
    path->lost = true;
    path->missed |= !path->ended;
    path->run = 0;
    path->has_block = false;
    if (!path->resets)
        path->at = path->used;
}

/* The next event with bytes; others wait in their place. False: the end. */
static bool fetch(struct osi_path *path)
{
    struct osi_trace_event event;
    while (osi_trace_stream_next(path->reader, path->stream, &event)) {
        if (event.type != (unsigned)path->type) {
            hold_event(path, &event);
            continue;
        }
        uint64_t head = event.fields[0];
        path->used = head & OSI_PATH_USED;
        path->at = 0;
        path->resets = head & OSI_PATH_RESET;
        if (path->number != head >> OSI_PATH_NUMBER_SHIFT || path->used > OSI_PATH_ROOM)
            lose(path);
        if (path->used > OSI_PATH_ROOM)
            path->used = 0;
        path->at = 0;
        path->number = (head >> OSI_PATH_NUMBER_SHIFT) + 1;
        for (unsigned i = 0; i < OSI_PATH_WORDS; i++)
            osi_put64(path->bytes + 8 * i, event.fields[i + 1]);
        return true;
    }
    path->ended = true;
    return false;
}

/* Behind the end of an event the bytes go on in the next, if that is really the next. */
static uint8_t take_byte(struct osi_path *path)
{
    while (path->at == path->used) {
        if (path->lost || path->ended || !fetch(path) || path->lost || path->resets) {
            path->lost = true;
            return 0;
        }
    }
    return path->bytes[path->at++];
}

static uint64_t take(struct osi_path *path)
{
    uint64_t value = 0;
    uint8_t byte;
    unsigned shift = 0;
    do {
        byte = take_byte(path);
        if (shift > 63) {
            path->lost = true;
            return 0;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

/* ---- blocks ---- */
static void make_room(struct osi_path *path, uint32_t id)
{
    uint32_t n = MAX(1024, path->n_ids);
    if (id < path->n_ids)
        return;
    while (n <= id)
        n *= 2;
    path->codes = g_renew(struct osi_path_code *, path->codes, n);
    path->successors = g_renew(struct osi_path_pair, path->successors, n);
    memset(path->codes + path->n_ids, 0, (n - path->n_ids) * sizeof(*path->codes));
    memset(path->successors + path->n_ids, 0, (n - path->n_ids) * sizeof(*path->successors));
    path->n_ids = n;
}

static bool lengths_fit(const struct osi_path_code *code, const uint8_t *lengths)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < code->n; i++)
        sum += lengths[i];
    return sum == code->size;
}

static struct osi_path_code *define(struct osi_path *path, uint32_t id)
{
    uint8_t lengths[OSI_PATH_MAX_INSNS];
    uint64_t flags = take(path);
    struct osi_path_code code = {.id = id, .loops = flags & OSI_PATH_LOOPS}, *made;
    code.address = path->address += osi_unzigzag(take(path));
    uint64_t n = take(path), size = take(path);
    if (path->lost || n == 0 || n > OSI_PATH_MAX_INSNS || size < n || size > n * 16 ||
        (!(flags & OSI_PATH_HAS_LENGTHS) && size % n))
        return NULL;
    code.n = (uint32_t)n;
    code.size = (uint32_t)size;
    size_t extra = flags & OSI_PATH_HAS_LENGTHS ? n : 0;
    for (size_t i = 0; i < extra; i++)
        lengths[i] = take_byte(path);
    if (extra && !lengths_fit(&code, lengths))
        return NULL;
    made = g_malloc(sizeof(code) + extra + size);
    uint8_t *bytes = (uint8_t *)(made + 1);
    memcpy(bytes, lengths, extra);
    code.lengths = extra ? bytes : NULL;
    code.bytes = bytes + extra;
    for (size_t i = 0; i < size; i++)
        bytes[extra + i] = take_byte(path);
    if (flags & OSI_PATH_HAS_FUNCTION) {
        code.function = (uint32_t)take(path);
        code.offset = (uint32_t)take(path);
    }
    *made = code;
    if (path->lost) {
        g_free(made);
        return NULL;
    }
    return path->codes[id] = made;
}

static bool was_cut(const struct osi_path_code *code, uint64_t next)
{
    return !code->loops && osi_path_inside(code, next);
}

/* A block begins, and so the pending one is over. True: that is in *step. */
static bool execute(struct osi_path *path, struct osi_path_code *code, struct osi_path_step *step)
{
    const struct osi_path_code *last = path->pending.code;
    uint32_t n = UINT32_MAX;
    if (last && was_cut(last, code->address))
        n = osi_path_insns_before(last, code->address - last->address);
    bool got = resolve(path, n, step);
    path->pending = (struct osi_path_step){.kind = OSI_PATH_BLOCK, .code = code, .n = code->n,
                                           .insn = path->insn};
    path->insn += code->n;
    path->counted += code->n;
    path->previous = code->id;
    return got;
}

static bool execute_foreseen(struct osi_path *path, struct osi_path_step *step)
{
    uint32_t id = path->successors[path->previous].last;
    if (!id) {
        lose(path);
        return false;
    }
    path->run--;
    return execute(path, path->codes[id], step);
}

static void learn(struct osi_path *path, uint32_t id)
{
    struct osi_path_pair *pair = &path->successors[path->previous];
    *pair = (struct osi_path_pair){id, pair->last};
}

static bool execute_other(struct osi_path *path, struct osi_path_step *step)
{
    uint32_t id = path->successors[path->previous].other;
    path->has_block = false;
    if (!id) {
        lose(path);
        return false;
    }
    learn(path, id);
    return execute(path, path->codes[id], step);
}

static bool execute_new(struct osi_path *path, struct osi_path_step *step)
{
    uint64_t id = path->previous + osi_unzigzag(path->block - 1);
    path->has_block = false;
    if (id == 0 || id >= OSI_PATH_MAX_CODES) {
        lose(path);
        return false;
    }
    make_room(path, (uint32_t)id);
    struct osi_path_code *code = path->codes[id];
    if (!code && !(code = define(path, (uint32_t)id))) {
        lose(path);
        return false;
    }
    const struct osi_path_code *last = path->pending.code;
    if (!last || path->previous == PREVIOUS_OF_NOTHING || !last->loops ||
        !osi_path_inside(last, code->address))
        learn(path, (uint32_t)id);
    return execute(path, code, step);
}

/* ---- escapes ---- */
static bool take_exception(struct osi_path *path, struct osi_path_step *step)
{
    uint64_t base = path->pending.code && path->previous ? path->pending.code->address : 0;
    uint8_t what = take_byte(path);
    uint64_t pc = base + osi_unzigzag(take(path)), kept = take(path);
    if (path->lost)
        return false;
    bool got = resolve(path, path->previous ? (uint32_t)MIN(kept, UINT32_MAX) : UINT32_MAX, step);
    struct osi_path_step *exception = &wait_for(path, OSI_PATH_EXCEPTION)->step;
    exception->irq = what & OSI_PATH_IRQ;
    exception->exception = (enum osi_exception)(what >> OSI_PATH_CLASS_SHIFT);
    exception->pc = pc;
    path->previous = PREVIOUS_OF_NOTHING;
    return got;
}

static bool take_escape(struct osi_path *path, struct osi_path_step *step)
{
    uint64_t escape = take(path), value;
    bool got = false;
    path->has_block = false;
    switch (path->lost ? OSI_ESCAPE_FLUSH : escape) {
    case OSI_ESCAPE_FLUSH:
        break;
    case OSI_ESCAPE_EXCEPTION:
        got = take_exception(path, step);
        break;
    case OSI_ESCAPE_CUT:
    case OSI_ESCAPE_OFF:
        value = take(path);
        if (!path->lost)
            got = resolve(path, (uint32_t)MIN(value, UINT32_MAX), step);
        path->previous = PREVIOUS_OF_NOTHING;
        break;
    case OSI_ESCAPE_ON:
        value = take(path);
        if (!path->lost && value) {
            wait_for(path, OSI_PATH_GAP)->step.missing = value;
            path->insn += value;
            path->counted += value;
        }
        break;
    default:
        path->lost = path->missed = true;
        break;
    }
    if (path->lost)
        lose(path);
    return got;
}

/* ---- steps ---- */
/* Nothing from before is needed any more, but the pending block, whose end may still be to come. */
static bool begin_anew(struct osi_path *path, struct osi_path_step *step)
{
    bool missed = path->missed, first = !path->counted && !path->pending.code, got = false;
    forget(path);
    if (missed)
        got = resolve(path, UINT32_MAX, step);
    path->lost = path->missed = path->resets = false;
    uint64_t counted = take(path), missing = counted - path->counted;
    if (path->lost) {
        lose(path);
        return got;
    }
    if (missed)
        wait_for(path, OSI_PATH_LOST)->step.missing = missing;
    if (missed || first) {
        path->insn += missing;
        path->counted = counted;
    }
    return got;
}

/* At the end of an event and of a token. */
static bool between_events(struct osi_path *path, struct osi_path_step *step)
{
    if (!path->resets && !fetch(path))
        return false;
    if (path->resets)
        return begin_anew(path, step);
    if (path->lost) {
        lose(path);
        return resolve(path, UINT32_MAX, step);
    }
    return false;
}

static bool advance(struct osi_path *path, struct osi_path_step *step)
{
    if (path->run)
        return execute_foreseen(path, step);
    if (path->has_block && path->other)
        return execute_other(path, step);
    if (path->has_block)
        return path->block ? execute_new(path, step) : take_escape(path, step);
    if (path->resets || path->at == path->used)
        return between_events(path, step);
    path->run = take(path);
    path->other = path->run & OSI_TOKEN_OTHER;
    path->run >>= OSI_TOKEN_RUN_SHIFT;
    path->block = path->other ? 0 : take(path);
    path->has_block = !path->lost;
    if (path->lost)
        lose(path);
    return false;
}

static bool finish(struct osi_path *path, struct osi_path_step *step)
{
    if (path->missed) {
        path->missed = false;
        wait_for(path, OSI_PATH_LOST)->step.missing = UINT64_MAX;
    }
    return resolve(path, UINT32_MAX, step);
}

int osi_path_next(struct osi_path *path, struct osi_path_step *step)
{
    g_free(path->shown);
    path->shown = NULL;
    for (;;) {
        if (G_UNLIKELY(path->ready.length)) {
            path->shown = g_queue_pop_head(&path->ready);
            *step = path->shown->step;
            return 1;
        }
        if (path->ended ? finish(path, step) : advance(path, step))
            return 1;
        if (path->ended && !path->missed && !path->pending.code && !path->ready.length)
            return 0;
    }
}

bool osi_path_in(const struct osi_trace_reader *reader)
{
    int type = osi_trace_find_type(reader, OSI_PATH_TYPE);
    return type >= 0 && osi_trace_type(reader, (size_t)type)->n_fields == OSI_TRACE_MAX_FIELDS;
}

struct osi_path *osi_path_new(struct osi_trace_reader *reader, unsigned stream)
{
    struct osi_path *path;
    if (!osi_path_in(reader))
        return NULL;
    path = g_new0(struct osi_path, 1);
    path->reader = reader;
    path->stream = stream;
    path->type = osi_trace_find_type(reader, OSI_PATH_TYPE);
    path->lost = true; /* until the first reset */
    make_room(path, 0);
    g_queue_init(&path->ready);
    g_queue_init(&path->held);
    return path;
}

void osi_path_free(struct osi_path *path)
{
    if (!path)
        return;
    path->pending.code = NULL;
    forget(path);
    g_free(path->codes);
    g_free(path->successors);
    g_queue_clear_full(&path->ready, g_free);
    g_queue_clear_full(&path->held, g_free);
    g_free(path->shown);
    g_free(path);
}
