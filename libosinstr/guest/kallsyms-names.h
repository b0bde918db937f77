/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How one entry of kallsyms is written. */
#ifndef OSI_GUEST_KALLSYMS_NAMES_H
#define OSI_GUEST_KALLSYMS_NAMES_H

#include <stdbool.h>

#include "guest/kallsyms.h"

/* The kernel's own limit is 512, with the type letter and the NUL. */
#define OSI_KALLSYMS_MAX_NAME 1024

/* Reads the length of a compressed name and moves `at` behind it. 0 if it does not stand before
 * `limit`. */
size_t osi_kallsyms_name_length(const uint8_t *bytes, size_t *at, size_t limit);

/* Expands the entry at `at` into type letter and name, and moves `at` to the next one. False if it
 * is too long for `name`, has no letter as type, or holds white space. The entry must stand before
 * the tokens; the tokens must be terminated and their index right. */
bool osi_kallsyms_expand(const uint8_t *bytes, const struct osi_kallsyms *table, size_t *at,
                         char name[OSI_KALLSYMS_MAX_NAME]);

/* A number that ascends over a well-formed table. */
uint64_t osi_kallsyms_order(const uint8_t *bytes, const struct osi_kallsyms *table, uint32_t index);

#endif
