/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of one kernel build: its symbols, its types, its name and its bytes.
 *
 * It is learned from a file or from a copy of guest memory, and never changes afterwards (but for
 * osi_kernel_adopt_types()): any thread may ask.
 *
 * Places are offsets from the first byte of the image, the symbol _text, whatever they were learned
 * from, so that the address in the guest is the run-time address of _text plus the offset, with
 * KASLR and without. A program that is not Linux keeps its absolute addresses.
 *
 * Some versions (6.1) unmap what lies between _text and _stext, the header: do not count on finding
 * it in a running guest. The banner stays readable, and so does the code, but the kernel patches
 * that as it boots.
 */
#ifndef OSI_GUEST_KERNEL_H
#define OSI_GUEST_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

#include "guest/symtab.h"

#define OSI_KERNEL_NO_OFFSET UINT64_MAX

struct osi_kernel;

/* Recognises by content: an arm64 Image, plain, as .gz or in an EFI zboot; an ELF file; System.map,
 * the output of nm, or a saved /proc/kallsyms. A text file has no types and no bytes. The file is
 * mapped until osi_kernel_free(): it may be replaced, but must not be cut short meanwhile. One
 * clear line that names the file on failure. */
int osi_kernel_from_file(const char *path, struct osi_kernel **kernel, struct osi_error *err);

/* The same from a copy of a running kernel's memory that begins at _text, whose run-time address is
 * `runtime_text`; zeros may stand for what could not be read, such as the header. The bytes may be
 * freed afterwards. */
int osi_kernel_from_memory(const uint8_t *bytes, size_t size, uint64_t runtime_text,
                           struct osi_kernel **kernel, struct osi_error *err);

void osi_kernel_free(struct osi_kernel *kernel); /* accepts NULL */

/* Of the file; "guest memory". */
const char *osi_kernel_path(const struct osi_kernel *kernel);

bool osi_kernel_is_linux(const struct osi_kernel *kernel);

/* Address of _text: as linked, or as it was in a saved /proc/kallsyms, which looks the same. 0 if
 * not known. */
uint64_t osi_kernel_link_base(const struct osi_kernel *kernel);

/* Bytes from _text to _end, bss included. 0 if not known. */
uint64_t osi_kernel_image_size(const struct osi_kernel *kernel);

/* Never NULL; lives as long as the kernel. */
const struct osi_symtab *osi_kernel_symbols(const struct osi_kernel *kernel);

/* "Linux version …", without the newline, and where it stands in the image, or
 * OSI_KERNEL_NO_OFFSET. NULL (and no offset) if it is not known. `offset` may be NULL. */
const char *osi_kernel_banner(const struct osi_kernel *kernel, uint64_t *offset);

/* "6.12.88+deb12-arm64"; NULL if not known. */
const char *osi_kernel_release(const struct osi_kernel *kernel);

/* The `size` bytes at `offset` of the image, as in the file. NULL if they are not there: bss, a
 * text file, and all but the first 4 KiB of a copy of memory, which need not be compared with
 * itself. */
const uint8_t *osi_kernel_bytes(const struct osi_kernel *kernel, uint64_t offset, size_t size);

/* For people: "kallsyms (50336 symbols) and BTF (100562 types) from /path/Image". */
const char *osi_kernel_provenance(const struct osi_kernel *kernel);

/* Types. All give -ENODATA if there are none; see types.h for the other answers and for what they
 * cost. */
bool osi_kernel_has_types(const struct osi_kernel *kernel);
int osi_kernel_offset(const struct osi_kernel *kernel, const char *type, const char *path,
                      uint32_t *offset, uint32_t *size);
int osi_kernel_type_size(const struct osi_kernel *kernel, const char *type, uint32_t *size);
int osi_kernel_percpu(const struct osi_kernel *kernel, const char *variable, uint32_t *offset);

/* Number of arguments of a function. */
int osi_kernel_arguments(const struct osi_kernel *kernel, const char *function);

/* Moves the types of `from` to `into`, which loses its own: for symbols from a text file and types
 * from the image. -ENODATA if `from` has none, -EINVAL if the two banners show different builds. */
int osi_kernel_adopt_types(struct osi_kernel *into, struct osi_kernel *from);

#endif
