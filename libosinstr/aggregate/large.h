/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that are jumped about in all the time, and may be large. */
#ifndef OSINSTR_LARGE_H
#define OSINSTR_LARGE_H

#include <stdbool.h>
#include <stddef.h>

/* `size` bytes, a power of two; begins at a cache line's start; `zeroed`: cleared. From 2 MiB on it asks the kernel for
 * huge pages, which Linux by default gives to those only who ask: small ones of a tree of a boot's calls are more than
 * the processor remembers the places of. Whether they come changes nothing but speed. */
void *osi_large_alloc(size_t size, bool zeroed);
/* The same content with room for twice as much; nothing is copied once it is large. */
void *osi_large_double(void *memory, size_t size);
void osi_large_free(void *memory, size_t size); /* NULL is allowed */

#endif
