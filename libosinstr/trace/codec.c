/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of codecs, and the one that leaves bytes as they are. */
#include "codec.h"

#include <string.h>

static bool copy(const void *from, size_t stored, void *to, size_t length)
{
    if (stored != length)
        return false;
    memcpy(to, from, length);
    return true;
}

/* Never asked to compress: a block that does not shrink is stored under this number. */
static const struct osi_codec codec_none = {
    .name = "none", .id = 0, .built = true, .expand = copy,
};

static const struct osi_codec *const codecs[] = {&codec_none, &osi_codec_lz4, &osi_codec_zstd};
#define N_CODECS (sizeof codecs / sizeof codecs[0])

const struct osi_codec *osi_codec_by_name(const char *name)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (!strcmp(codecs[i]->name, name))
            return codecs[i];
    return NULL;
}

const struct osi_codec *osi_codec_by_id(uint8_t id)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i]->id == id)
            return codecs[i];
    return NULL;
}
