/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC32C (Castagnoli, reflected, as in iSCSI), by instruction where there is one. */
#ifndef OSI_TRACE_CRC32C_H
#define OSI_TRACE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc`; start with 0. The check value of "123456789" is 0xE3069283. */
uint32_t osi_crc32c(uint32_t crc, const void *data, size_t length);

typedef uint32_t osi_crc32c_fn(uint32_t crc, const void *data, size_t length);

/* The two ways, for the test that compares them. The second is NULL on a
 * machine without the instruction. */
osi_crc32c_fn osi_crc32c_table;
osi_crc32c_fn *osi_crc32c_hardware(void);

#endif
