/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large arrays. What is large is mapped from the kernel, at an address that huge pages can have. */
#include "aggregate/large.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)1 << 21)
#define LINE 64

static bool is_large(size_t size)
{
    return size >= HUGE_PAGE;
}

static void *map(size_t size)
{
    uint8_t *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before;

    if (memory == MAP_FAILED) {
        g_error("no memory for %" G_GSIZE_FORMAT " bytes", size); /* as g_malloc() */
    }
    before = -(uintptr_t)memory & (HUGE_PAGE - 1);
    if (before) {
        munmap(memory, before);
    }
    munmap(memory + before + size, HUGE_PAGE - before);
    madvise(memory + before, size, MADV_HUGEPAGE);
    return memory + before;
}

void *osi_large_alloc(size_t size, bool zeroed)
{
    if (is_large(size)) {
        return map(size); /* clear as it comes */
    }
    return zeroed ? g_aligned_alloc0(1, size, LINE) : g_aligned_alloc(1, size, LINE);
}

/* What was mapped as one piece grows as one piece: before Linux 6.17 two that lie side by side can't be moved at once. */
void *osi_large_double(void *memory, size_t size)
{
    void *larger = osi_large_alloc(size * 2, false);

    if (is_large(size)) {
        if (mremap(memory, size, size * 2, MREMAP_MAYMOVE | MREMAP_FIXED, larger) == larger) {
            return larger;
        }
        larger = map(size * 2); /* the failure may have unmapped it, and another thread may be there now */
    }
    memcpy(larger, memory, size);
    osi_large_free(memory, size);
    return larger;
}

void osi_large_free(void *memory, size_t size)
{
    if (memory && is_large(size)) {
        munmap(memory, size);
    } else {
        g_aligned_free(memory);
    }
}
