/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a flat arm64 kernel image: a file as a boot loader takes it, or a copy of the running one.
 * Pure functions. */
#ifndef OSI_GUEST_IMAGE_H
#define OSI_GUEST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

#include "guest/kallsyms.h"
#include "guest/symtab.h"

/* Whether the header of an arm64 Image stands at the start. */
bool osi_image_recognise(const uint8_t *bytes, size_t size);

/* Bytes from _text to _end, bss included, as the header tells, but never less than there are. */
uint64_t osi_image_size(const uint8_t *bytes, size_t size);

/* "Linux version …" without the newline, and where it stands. The text is to be freed with
 * g_free(). NULL if absent. */
char *osi_image_banner(const uint8_t *bytes, size_t size, uint64_t *offset);

/* Adds all symbols of `table`, as offsets from the first byte, to `tab`, which it leaves
 * unfinished. `runtime_text` is the address of the first byte if the bytes are a copy of a running
 * kernel, else 0. `base_offset` gets the place of the table's base in the image. -EINVAL if the
 * symbols contradict one another or the header, or nothing tells where they belong. */
int osi_image_symbols(const uint8_t *bytes, size_t size, const struct osi_kallsyms *table,
                      uint64_t runtime_text, struct osi_symtab *tab, uint64_t *base_offset,
                      struct osi_error *err);

/* The address of the first byte as linked, from the relocation that fills the table's base when the
 * kernel boots. 0 if it is not known. */
uint64_t osi_image_link_base(const uint8_t *bytes, size_t size, const struct osi_kallsyms *table,
                             uint64_t base_offset);

#endif
