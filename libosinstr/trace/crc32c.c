/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC32C by table, and the choice between table and instruction. */
#include "crc32c.h"

#include <pthread.h>

#include "bytes.h"

#define POLYNOMIAL 0x82f63b78u

static uint32_t table[8][256]; /* table[k][b]: byte b followed by k zero bytes */

static void fill_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int k = 1; k < 8; k++)
            table[k][byte] = table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 0xff];
}

uint32_t osi_crc32c_table(uint32_t crc, const void *data, size_t length)
{
    static pthread_once_t filled = PTHREAD_ONCE_INIT;
    pthread_once(&filled, fill_table);
    const uint8_t *at = data;
    crc = ~crc;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word = osi_get64(at) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= table[7 - k][word >> 8 * k & 0xff];
    }
    for (; length; at++, length--)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xff];
    return ~crc;
}

uint32_t osi_crc32c(uint32_t crc, const void *data, size_t length)
{
    static osi_crc32c_fn *chosen;
    osi_crc32c_fn *fn = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (G_UNLIKELY(!fn)) {
        fn = osi_crc32c_hardware();
        if (!fn)
            fn = osi_crc32c_table;
        __atomic_store_n(&chosen, fn, __ATOMIC_RELAXED);
    }
    return fn(crc, data, length);
}
