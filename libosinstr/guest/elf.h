/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what is needed of a little-endian ELF program: symbols, one section, and bytes by address.
 *
 * It looks at the bytes in place and copies nothing. Damaged files give errors or nothing, never a
 * read outside.
 */
#ifndef OSI_GUEST_ELF_H
#define OSI_GUEST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

/* Plain data; valid as long as the bytes. */
struct osi_elf {
    const uint8_t *bytes;
    size_t size;
    bool is64;
    uint64_t sections, segments; /* where the tables are */
    uint32_t section_count, segment_count, names;
};

bool osi_elf_recognise(const uint8_t *bytes, size_t size);

/* `path` is for the error: -EINVAL for a damaged file and for one that is no linked program (an
 * object, a module). */
int osi_elf_open(const uint8_t *bytes, size_t size, const char *path, struct osi_elf *elf,
                 struct osi_error *err);

/* Calls `symbol` for each defined symbol of .symtab, in the order of the file, with nm's letter as
 * type. `name` lives as long as the bytes. -ENOENT if there are none (stripped). */
typedef void (*osi_elf_symbol)(void *data, uint64_t address, char type, const char *name);
int osi_elf_symbols(const struct osi_elf *elf, osi_elf_symbol symbol, void *data);

/* The contents of the section `name`; NULL if it is absent, empty or compressed. */
const uint8_t *osi_elf_section(const struct osi_elf *elf, const char *name, size_t *size);

/* The same for .dynsym, which stripped programs and libraries still have. It has only what others
 * may use, so what is between two of its functions need not belong to the first: `size` tells. */
typedef void (*osi_elf_sized_symbol)(void *data, uint64_t address, uint64_t size, char type,
                                     const char *name);
int osi_elf_dynamic_symbols(const struct osi_elf *elf, osi_elf_sized_symbol symbol, void *data);

/* Calls `found` for each section with code: its address and name. */
void osi_elf_code_sections(const struct osi_elf *elf, osi_elf_symbol found, void *data);

/* The address at which the byte at `offset` of the file is loaded; false if it is not. */
bool osi_elf_address(const struct osi_elf *elf, uint64_t offset, uint64_t *address);

/* The `size` bytes that are loaded at `address`; NULL if they are not in the file. */
const uint8_t *osi_elf_bytes(const struct osi_elf *elf, uint64_t address, size_t size);

#endif
