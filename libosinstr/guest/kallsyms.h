/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads the kernel's own symbol table (kallsyms) in the bytes of a kernel image.
 *
 * Nothing marks the table, its place is not written anywhere, and its layout changed three times
 * without a version number. So it is recognised by its structure: a candidate counts only if all
 * its parts agree with one another. All functions are pure and never read outside of the bytes
 * given.
 */
#ifndef OSI_GUEST_KALLSYMS_H
#define OSI_GUEST_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

/* The parts stand in this order, each aligned to 8 bytes:
 *
 *   before 6.4: offsets, base, count, names, markers, (sequence numbers), token table, token index
 *   since 6.4:  count, names, markers, token table, token index, offsets, base, sequence numbers
 *   since 7.0:  the same, but aligned to 4 bytes, each offset relative to its own place, no base
 *
 * x86 before 6.15 writes per-CPU symbols as absolute values, all others as base - 1 - offset. */
enum osi_kallsyms_layout {
    OSI_KALLSYMS_OLD,           /* offsets before the names */
    OSI_KALLSYMS_OLD_SEQUENCED, /* the same, with sequence numbers (backported to 6.1.y) */
    OSI_KALLSYMS_NEW,           /* offsets behind the tokens */
    OSI_KALLSYMS_SELF_RELATIVE, /* the same, without a base */
};

/* Where the parts are: offsets in the bytes. */
struct osi_kallsyms {
    enum osi_kallsyms_layout layout;
    uint32_t count; /* symbols */
    size_t names, tokens, token_index, offsets;
    size_t base_slot;    /* of the u64 that holds the base; 0 in layouts without one */
    uint64_t base;       /* its value: 0 in an arm64 Image, which relocations fill when it boots */
    int absolute_percpu; /* x86's way of writing values */
};

/* -ENOENT when there is none. */
int osi_kallsyms_find(const uint8_t *bytes, size_t size, struct osi_kallsyms *found,
                      struct osi_error *err);

/* Calls `symbol` for each entry in the order of the table, which is ascending by value. `value` is
 * relative to the base, or to the first byte in the self-relative layout; negative values are
 * possible only there. Type 'A' and 'a' are absolute. `name` is valid during the call only. `table`
 * must come from osi_kallsyms_find() on the same bytes. */
typedef void (*osi_kallsyms_symbol)(void *data, int64_t value, char type, const char *name);
void osi_kallsyms_read(const uint8_t *bytes, const struct osi_kallsyms *table,
                       osi_kallsyms_symbol symbol, void *data);

const char *osi_kallsyms_layout_name(enum osi_kallsyms_layout layout);

#endif
