/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers questions about the kernel's types from BTF. Built on libbpf, which no other file knows.
 *
 * Immutable after osi_types_new(): any thread may ask. An answer costs about a millisecond (libbpf
 * searches names one by one), so ask at start and keep it. */
#ifndef OSI_GUEST_TYPES_H
#define OSI_GUEST_TYPES_H

#include <stddef.h>
#include <stdint.h>

struct osi_types;

/* Copies the blob, which must have passed osi_btf_check(). NULL if libbpf does not like it. */
struct osi_types *osi_types_new(const uint8_t *blob, size_t length);
void osi_types_free(struct osi_types *types); /* accepts NULL */

/* Without type 0, void. */
uint32_t osi_types_count(const struct osi_types *types);

/* Offset and size in bytes of a member, from the start of struct, union or typedef `type`. `path`
 * names members as C does: "comm", "thread_info.cpu", "mem[1].base". Members of anonymous structs
 * and unions are found as if they were the outer one's. `size` may be NULL. -ENOENT if type or
 * member does not exist, -EINVAL for a bitfield, for a path through a pointer and for a malformed
 * path. */
int osi_types_offset(const struct osi_types *types, const char *type, const char *path,
                     uint32_t *offset, uint32_t *size);

/* Size in bytes of a struct, union, enum, int or typedef. -ENOENT if there is none. */
int osi_types_size(const struct osi_types *types, const char *type, uint32_t *size);

/* Offset of a per-CPU variable from the start of the per-CPU section. -ENOENT if there is none. */
int osi_types_percpu(const struct osi_types *types, const char *variable, uint32_t *offset);

/* Number of arguments of a function, -ENOENT if it is not known (it may still have a symbol). */
int osi_types_arguments(const struct osi_types *types, const char *function);

#endif
