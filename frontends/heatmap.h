/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap's modes: one file each. */
#ifndef HEATMAP_H
#define HEATMAP_H

#include <osinstr/osinstr.h>

extern const struct osi_option heatmap_options[];
extern const struct osi_tool heatmap_pages;

#define HEATMAP_TOOL \
    .name = "heatmap", .summary = "what is hot when", .options = heatmap_options

#endif
