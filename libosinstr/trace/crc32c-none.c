/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for crc32c-x86.c where the compiler's target has no CRC32C instruction that we use. */
#include "crc32c.h"

osi_crc32c_fn *osi_crc32c_hardware(void)
{
    return NULL;
}
