/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpacks kernels that are shipped compressed: gzip files (Image.gz) and EFI programs that unpack
 * themselves (zboot). */
#ifndef OSI_GUEST_UNPACK_H
#define OSI_GUEST_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>
#include <osinstr/error.h>

/* Whether the bytes are packed in a way that is known by name, even if it cannot be unpacked here.
 */
bool osi_unpack_recognise(const uint8_t *bytes, size_t size);

/* The unpacked bytes, to be released with g_bytes_unref(); NULL with the reason if they are
 * damaged, packed with something else than gzip, or more than 1 GiB. `path` is for the error. */
GBytes *osi_unpack(const uint8_t *bytes, size_t size, const char *path, struct osi_error *err);

#endif
