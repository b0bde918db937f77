/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LZ4 blocks (no frame: length and checksum are in our block header). */
#include <lz4.h>

#include "codec.h"

static size_t compress(void *context, const void *from, size_t length, void *to, size_t room)
{
    (void)context;
    int written = LZ4_compress_default(from, to, (int)length, (int)room);
    return written > 0 ? (size_t)written : 0;
}

static bool expand(const void *from, size_t stored, void *to, size_t length)
{
    return LZ4_decompress_safe(from, to, (int)stored, (int)length) == (int)length;
}

const struct osi_codec osi_codec_lz4 = {
    .name = "lz4", .id = 1, .built = true, .compress = compress, .expand = expand,
};
