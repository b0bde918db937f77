/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is jumped about in all the time, and may be large. */
#ifndef OSINSTR_LARGE_H
#define OSINSTR_LARGE_H

#include <glib.h>
#include <sys/mman.h>

#define OSI_HUGE_PAGE ((size_t)1 << 21)

/* Not cleared, at a cache line's start. From 2 MiB on it asks the kernel for huge pages, which Linux by default
 * gives to those only who ask: small ones of a tree of a boot's calls are more than the processor remembers the
 * places of. Whether they come changes nothing but speed. */
static inline void *osi_large_alloc(size_t n, size_t size)
{
    bool large = n >= OSI_HUGE_PAGE / size;
    void *memory = g_aligned_alloc(n, size, large ? OSI_HUGE_PAGE : 64);

    if (large) {
        madvise(memory, n * size, MADV_HUGEPAGE);
    }
    return memory;
}

static inline void osi_large_free(void *memory)
{
    g_aligned_free(memory);
}

#endif
