/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zstandard frames at level 1: higher levels cost the guest time and gain little on 64 KiB. */
#include <zstd.h>

#include "codec.h"

static void *context_new(void)
{
    return ZSTD_createCCtx();
}

static void context_free(void *context)
{
    ZSTD_freeCCtx(context);
}

static size_t compress(void *context, const void *from, size_t length, void *to, size_t room)
{
    if (!context)
        return 0;
    size_t written = ZSTD_compressCCtx(context, to, room, from, length, 1);
    return ZSTD_isError(written) ? 0 : written;
}

static bool expand(const void *from, size_t stored, void *to, size_t length)
{
    size_t written = ZSTD_decompress(to, length, from, stored);
    return !ZSTD_isError(written) && written == length;
}

const struct osi_codec osi_codec_zstd = {
    .name = "zstd", .id = 2, .built = true, .context_new = context_new,
    .context_free = context_free, .compress = compress, .expand = expand,
};
