/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of symbols: names to addresses and back.
 *
 * Fill it with osi_symtab_add(), close it with osi_symtab_finish(), and from then on it never
 * changes: every query is safe from any thread without a lock. What an address means (absolute, or
 * an offset from the start of a kernel image) is the business of whoever fills the table.
 *
 * Compilers rename functions: foo may only exist as foo.isra.0, foo.constprop.0 or foo.part.0.
 * Queries by name know those suffixes. foo.cold is the unlikely part of a function and never its
 * entry, so it is found by its full name only.
 */
#ifndef OSI_GUEST_SYMTAB_H
#define OSI_GUEST_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct osi_symtab;

/* Never returns NULL. Free with osi_symtab_free(), which accepts NULL. */
struct osi_symtab *osi_symtab_new(void);
void osi_symtab_free(struct osi_symtab *tab);

/* Adds one symbol; the name is copied. `type` is nm's letter: t T text, d D data, b B bss, r R
 * read-only, w W v V weak, A absolute; upper case is global. What assemblers leave behind ($x, $d,
 * .L17 …) is dropped. */
void osi_symtab_add(struct osi_symtab *tab, uint64_t address, char type, const char *name);

/* Makes what is there relative to `origin`, for kernels: drops absolute symbols and those outside
 * of [origin, origin + size). A size of 0 means that the end is not known. Call before
 * osi_symtab_finish(). */
void osi_symtab_rebase(struct osi_symtab *tab, uint64_t origin, uint64_t size);

/* Sorts and indexes. Duplicates stay. */
void osi_symtab_finish(struct osi_symtab *tab);

size_t osi_symtab_count(const struct osi_symtab *tab);

/* The one address that `name` stands for: the exact name first (the only global one, if a name is
 * used many times), else the only symbol that is `name` plus compiler suffixes. False when there is
 * none, and when there are several different ones, because hooking a wrong one is worse than
 * hooking none: osi_symtab_lookup_all() tells the two apart. */
bool osi_symtab_lookup(const struct osi_symtab *tab, const char *name, uint64_t *address);

/* All different addresses of `name` and of `name` plus compiler suffixes, in ascending order.
 * Stores at most `max` and returns how many there are, which may be more. `addresses` may be NULL
 * if `max` is 0. */
size_t osi_symtab_lookup_all(const struct osi_symtab *tab, const char *name, uint64_t *addresses,
                             size_t max);

/* The symbol that holds `address`: the greatest one not above it. Among names of the same address a
 * function beats a section mark (_stext, __sched_text_start), a global beats a local and a weak
 * one, few underscores beat many. `offset` gets the distance from the symbol, `size` the distance
 * from there to the next one; both may be NULL. The name lives as long as the table. Absolute
 * symbols are never an answer. NULL below the first symbol and from the end on, which is the size
 * given to osi_symtab_rebase(), or else 4 KiB behind the last symbol. */
const char *osi_symtab_resolve(const struct osi_symtab *tab, uint64_t address, uint64_t *offset,
                               uint64_t *size);

/* Calls `found` for each symbol whose name matches the shell pattern (*, ?, [a-z]), in ascending
 * order of address, until it returns false. Returns the number of calls. */
typedef bool (*osi_symtab_found)(void *data, uint64_t address, char type, const char *name);
size_t osi_symtab_match(const struct osi_symtab *tab, const char *pattern, osi_symtab_found found,
                        void *data);

#endif
