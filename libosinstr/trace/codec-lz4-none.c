/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for codec-lz4.c in a build without liblz4. */
#include "codec.h"

const struct osi_codec osi_codec_lz4 = {.name = "lz4", .id = 1};
