/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code objects by content, for translation, and by id, for callbacks, which take no lock. */
#include <string.h>

#include "aggregate/large.h"
#include "session/block-internal.h"
#include "session/codes.h"
#include "session/functions.h"
#include "session/texts.h"

#define CHUNK 1024u
#define CHUNKS (OSI_MAX_CODES / CHUNK + 1) /* beyond, a block is not known */
#define DATA_ALIGN 16
#define LINE 64
#define ARENA (2u << 20) /* a huge page: objects are made for as long as new code runs */

struct osi_codes {
    GMutex lock;
    GHashTable *by_content;
    GPtrArray *arenas; /* memory of objects, which live as long as this */
    size_t left;       /* in the last one */
    _Atomic(const struct osi_code **) chunks[CHUNKS];
    atomic_uint n; /* ids are 1 to n */
};

static guint hash_code(gconstpointer key)
{
    const struct osi_code *code = key;
    uint64_t hash = code->address * 0x9e3779b97f4a7c15ull + code->n;
    uint64_t word;

    for (uint32_t i = 0; i + sizeof(word) <= code->size; i += sizeof(word)) {
        memcpy(&word, code->bytes + i, sizeof(word));
        hash = (hash ^ word) * 0xff51afd7ed558ccdull;
    }
    return (guint)(hash >> 32);
}

static gboolean same_code(gconstpointer a, gconstpointer b)
{
    const struct osi_code *x = a, *y = b;

    return x->address == y->address && x->n == y->n && x->size == y->size &&
           memcmp(x->bytes, y->bytes, x->size) == 0;
}

static void free_arena(void *arena)
{
    osi_large_free(arena, ARENA);
}

struct osi_codes *osi_codes_new(void)
{
    struct osi_codes *codes = g_new0(struct osi_codes, 1);

    g_mutex_init(&codes->lock);
    codes->by_content = g_hash_table_new(hash_code, same_code);
    codes->arenas = g_ptr_array_new_with_free_func(free_arena);
    return codes;
}

void osi_codes_free(struct osi_codes *codes)
{
    if (codes) {
        g_hash_table_destroy(codes->by_content);
        g_ptr_array_unref(codes->arenas);
        for (unsigned i = 0; i < CHUNKS && codes->chunks[i]; i++) {
            g_free(codes->chunks[i]);
        }
        g_mutex_clear(&codes->lock);
        g_free(codes);
    }
}

/* Cleared, at a cache line's start. */
static uint8_t *take(struct osi_codes *codes, size_t size)
{
    uint8_t *arena;

    size = (size + LINE - 1) / LINE * LINE;
    if (size > codes->left) {
        g_assert(size <= ARENA);
        codes->left = ARENA;
        g_ptr_array_add(codes->arenas, osi_large_alloc(ARENA, true));
    }
    arena = g_ptr_array_index(codes->arenas, codes->arenas->len - 1);
    codes->left -= size;
    return arena + codes->left;
}

/* In one piece: the object, the tool's data, the bytes. */
static struct osi_code *copy(struct osi_codes *codes, const struct osi_code *code, size_t data_size)
{
    size_t head = (sizeof(*code) + DATA_ALIGN - 1) / DATA_ALIGN * DATA_ALIGN;
    uint8_t *memory = take(codes, head + data_size + code->size);
    struct osi_code *made = (struct osi_code *)memory;

    *made = *code;
    made->data = data_size ? memory + head : NULL;
    made->bytes = memcpy(memory + head + data_size, code->bytes, code->size);
    return made;
}

static void publish(struct osi_codes *codes, struct osi_code *code)
{
    unsigned index = atomic_load_explicit(&codes->n, memory_order_relaxed);
    const struct osi_code **chunk = codes->chunks[index / CHUNK];

    if (!chunk) {
        chunk = g_new0(const struct osi_code *, CHUNK);
        atomic_store_explicit(&codes->chunks[index / CHUNK], chunk, memory_order_release);
    }
    code->id = index + 1;
    chunk[index % CHUNK] = code;
    g_hash_table_add(codes->by_content, code);
    atomic_store_explicit(&codes->n, index + 1, memory_order_release);
}

static const struct osi_code *intern(struct osi_session *session, struct osi_code *code)
{
    struct osi_codes *codes = session->codes;
    struct osi_code *known;

    g_mutex_lock(&codes->lock);
    known = g_hash_table_lookup(codes->by_content, code);
    if (!known && codes->n < OSI_MAX_CODES) {
        uint64_t offset;

        code->function = osi_function_find(session, code->address, &offset);
        code->called = code->function;
        code->entry = code->function && offset == 0;
        code->offset = (uint32_t)offset;
        known = copy(codes, code, session->tool->code_size);
        publish(codes, known);
        if (session->tool->code) {
            session->tool->code(session, known);
        }
    }
    g_mutex_unlock(&codes->lock);
    return known;
}

const struct osi_code *osi_block_code(struct osi_block *block)
{
    struct osi_code code = { .session = block->session, .address = block->address,
                             .n = (uint32_t)block->n, .bytes = block->bytes, .size = block->at[block->n],
                             .last = block->decoded[block->n - 1] };

    if (block->code) {
        return block->code;
    }
    code.last_address = osi_insn_address(block, block->n - 1);
    block->code = intern(block->session, &code);
    if (block->code && block->session->texts) {
        osi_texts_keep(block->session->texts, block);
    }
    return block->code;
}

/* Everybody finds the same, so it does not matter who stores it. */
uint32_t osi_code_called_slow(const struct osi_code *code)
{
    uint32_t called = osi_function_at(code->session, code->address);

    if (!called) {
        called = osi_function_unnamed(code->session, code->address);
    }
    __atomic_store_n(&((struct osi_code *)code)->called, called, __ATOMIC_RELAXED);
    return called;
}

const struct osi_code *osi_code(const struct osi_session *session, uint32_t id)
{
    struct osi_codes *codes = session->codes;

    if (id == 0 || id > atomic_load_explicit(&codes->n, memory_order_acquire)) {
        return NULL;
    }
    return atomic_load_explicit(&codes->chunks[(id - 1) / CHUNK],
                                memory_order_acquire)[(id - 1) % CHUNK];
}

uint32_t osi_n_codes(const struct osi_session *session)
{
    return atomic_load_explicit(&session->codes->n, memory_order_acquire) + 1;
}
