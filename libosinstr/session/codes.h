/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of code objects. */
#ifndef OSINSTR_CODES_H
#define OSINSTR_CODES_H

#include <osinstr/code.h>

#define OSI_MAX_CODES 0x3fffffu

struct osi_codes;

struct osi_codes *osi_codes_new(void);
void osi_codes_free(struct osi_codes *codes); /* NULL is allowed */

#endif
