/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for codec-zstd.c in a build without libzstd. */
#include "codec.h"

const struct osi_codec osi_codec_zstd = {.name = "zstd", .id = 2};
