/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the kernel's own type information (BTF) in the bytes of a kernel image, and checks it.
 *
 * The check is complete: each type, name and reference in a checked blob is in range, so whoever
 * reads it later (libbpf, which trusts much of its input) stays inside. Pure functions. Only
 * little-endian BTF is known.
 */
#ifndef OSI_GUEST_BTF_H
#define OSI_GUEST_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a blob is, and how many types it has (without type 0, void). */
struct osi_btf_place {
    size_t offset, length;
    uint32_t types;
};

/* The blob with the most types among all that hold: an image can carry small ones of modules or
 * tests. No alignment is assumed. False if there is none. */
bool osi_btf_find(const uint8_t *bytes, size_t size, struct osi_btf_place *place);

/* Whether well-formed BTF starts at `bytes`; tells its length and number of types. */
bool osi_btf_check(const uint8_t *bytes, size_t size, struct osi_btf_place *place);

#endif
