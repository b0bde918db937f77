/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of a profile on its way out: large pieces, the first error is kept. */
#include "profile.h"

#include <errno.h>

void osi_profile_out_init(struct osi_profile_out *out, FILE *stream)
{
    *out = (struct osi_profile_out){ .stream = stream, .bytes = g_malloc(OSI_PROFILE_PIECE) };
}

void osi_profile_out_flush(struct osi_profile_out *out)
{
    errno = 0;
    if (!out->code && fwrite(out->bytes, 1, out->length, out->stream) != out->length)
        out->code = errno ? -errno : -EIO;
    out->length = 0;
}

/* All pieces but the last are full, however the bytes came: stdio then writes them without a copy. */
void osi_profile_out_slow(struct osi_profile_out *out, const void *bytes, size_t n)
{
    while (n) {
        size_t part = MIN(n, OSI_PROFILE_PIECE - out->length);

        memcpy(out->bytes + out->length, bytes, part);
        out->length += part;
        bytes = (const char *)bytes + part;
        n -= part;
        if (out->length == OSI_PROFILE_PIECE)
            osi_profile_out_flush(out);
    }
}

void osi_profile_out_count(struct osi_profile_out *out, uint64_t count)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count);
    osi_profile_out_bytes(out, digits + at, sizeof(digits) - at);
}

int osi_profile_out_finish(struct osi_profile_out *out)
{
    osi_profile_out_flush(out);
    errno = 0;
    if (!out->code && fflush(out->stream) != 0)
        out->code = errno ? -errno : -EIO;
    g_free(out->bytes);
    return out->code;
}
