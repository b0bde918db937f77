/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory by pages, and where the guest's blocks of code begin. */
#include <string.h>

#include "internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *pages;  /* page number -> FAKE_PAGE bytes */
static GHashTable *blocks; /* address -> instructions */

static gpointer key_of(uint64_t value)
{
    G_STATIC_ASSERT(sizeof(gpointer) == sizeof(uint64_t));
    return (gpointer)(uintptr_t)value;
}

static uint8_t *page_at(uint64_t address)
{
    return pages ? g_hash_table_lookup(pages, key_of(address / FAKE_PAGE)) : NULL;
}

void fake_map(uint64_t address, size_t size)
{
    uint64_t last = (address + size - 1) / FAKE_PAGE;

    pthread_mutex_lock(&lock);
    if (!pages) {
        pages = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
    for (uint64_t page = address / FAKE_PAGE; page <= last; page++) {
        if (!g_hash_table_contains(pages, key_of(page))) {
            g_hash_table_insert(pages, key_of(page), g_malloc0(FAKE_PAGE));
        }
    }
    pthread_mutex_unlock(&lock);
}

void fake_unmap(uint64_t address, size_t size)
{
    uint64_t last = (address + size - 1) / FAKE_PAGE;

    pthread_mutex_lock(&lock);
    for (uint64_t page = address / FAKE_PAGE; pages && page <= last; page++) {
        g_hash_table_remove(pages, key_of(page));
    }
    pthread_mutex_unlock(&lock);
}

static bool copy(uint64_t address, void *out, const void *in, size_t size)
{
    size_t done = 0;

    while (done < size) {
        uint64_t at = address + done;
        size_t chunk = MIN(size - done, FAKE_PAGE - at % FAKE_PAGE);
        uint8_t *page = page_at(at);

        if (!page) {
            return false;
        }
        page += at % FAKE_PAGE;
        if (in) {
            memcpy(page, (const uint8_t *)in + done, chunk);
        } else {
            memcpy((uint8_t *)out + done, page, chunk);
        }
        done += chunk;
    }
    return true;
}

void fake_poke(uint64_t address, const void *bytes, size_t size)
{
    bool ok;

    pthread_mutex_lock(&lock);
    ok = copy(address, NULL, bytes, size);
    pthread_mutex_unlock(&lock);
    if (!ok) {
        fake_die("the script writes where no memory is: 0x%" G_GINT64_MODIFIER "x", address);
    }
}

bool fake_peek(uint64_t address, void *bytes, size_t size)
{
    bool ok;

    pthread_mutex_lock(&lock);
    ok = copy(address, bytes, NULL, size);
    pthread_mutex_unlock(&lock);
    return ok;
}

bool fake_read_as(const struct fake_vcpu *vcpu, uint64_t address, void *to, size_t size)
{
    bool kernel = address >> 55 & 1;

    return (!kernel || vcpu->el > 0) && fake_peek(address, to, size);
}

void *fake_host_address(uint64_t address)
{
    uint8_t *page;

    pthread_mutex_lock(&lock);
    page = page_at(address);
    pthread_mutex_unlock(&lock);
    return page ? page + address % FAKE_PAGE : NULL;
}

/* ---- code ---- */
void fake_code(uint64_t address, const uint32_t *words, size_t n)
{
    fake_map(address, n * sizeof(*words));
    fake_poke(address, words, n * sizeof(*words));
    pthread_mutex_lock(&lock);
    if (!blocks) {
        blocks = g_hash_table_new(NULL, NULL);
    }
    g_hash_table_insert(blocks, key_of(address), GSIZE_TO_POINTER(n));
    pthread_mutex_unlock(&lock);
}

static size_t length_at(uint64_t address)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = blocks ? GPOINTER_TO_SIZE(g_hash_table_lookup(blocks, key_of(address))) : 0;
    pthread_mutex_unlock(&lock);
    return n;
}

bool fake_is_block(uint64_t address)
{
    return length_at(address) != 0;
}

size_t fake_block_length(uint64_t address)
{
    size_t n = length_at(address);

    if (!n || n > FAKE_MAX_BLOCK) {
        fake_die("the script runs what is no block: 0x%" G_GINT64_MODIFIER "x", address);
    }
    return n;
}
