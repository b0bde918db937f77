/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel object, for the files that fill it. */
#ifndef OSI_GUEST_KERNEL_INTERNAL_H
#define OSI_GUEST_KERNEL_INTERNAL_H

#include <glib.h>

#include "guest/elf.h"
#include "guest/kernel.h"
#include "guest/types.h"

struct osi_kernel {
    bool is_linux;
    uint64_t link_base, image_size;
    struct osi_symtab *symbols;
    struct osi_types *types; /* NULL: none */
    char *banner, *release;  /* NULL: not known */
    uint64_t banner_offset;
    char *symbol_source; /* "kallsyms", "System.map" … */
    char *path, *types_path;
    char *provenance;
    GBytes *bytes; /* the flat image or the ELF file; NULL for text */
    bool is_elf;
    struct osi_elf elf;
};

/* With an empty table, not yet finished. */
struct osi_kernel *osi_kernel_new(const char *path, const char *symbol_source);

/* Takes `banner` over, and the release out of it. */
void osi_kernel_set_banner(struct osi_kernel *kernel, char *banner, uint64_t offset);

/* Tries to; a kernel without types is allowed. The blob is copied. */
void osi_kernel_set_types(struct osi_kernel *kernel, const uint8_t *blob, size_t size);

/* To be called when all is known. -ENOENT if there is not a single symbol. */
int osi_kernel_finish(struct osi_kernel *kernel, struct osi_error *err);

#endif
