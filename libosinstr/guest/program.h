/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user program or library, for its symbols.
 *
 * Immutable once it is there: any thread may ask. */
#ifndef OSINSTR_PROGRAM_H
#define OSINSTR_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct osi_symtab;
struct osi_program;

/* An ELF file; NULL if it is none, or can't be read. One without symbols is still a program. */
struct osi_program *osi_program_new(const char *path);
void osi_program_free(struct osi_program *program); /* NULL is allowed */

const char *osi_program_name(const struct osi_program *program); /* the file's, without its folder */
const char *osi_program_path(const struct osi_program *program);
/* Addresses are those in the file. */
const struct osi_symtab *osi_program_symbols(const struct osi_program *program);
/* The address in the file of the byte at this offset of it; false if it is not loaded. */
bool osi_program_address(const struct osi_program *program, uint64_t offset, uint64_t *address);

/* The file that is mapped at an address of this process, its first byte there and how far it
 * goes. False if there is none. A line of /proc/self/maps; free the path with g_free(). */
struct osi_mapping {
    uint64_t start, end; /* of this process's memory */
    uint64_t offset;     /* in the file, of start */
    char *path;
};
bool osi_mapping_find(const void *address, struct osi_mapping *mapping);

#endif
