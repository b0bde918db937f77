/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotpath's modes: one file each. */
#ifndef HOTPATH_H
#define HOTPATH_H

#include <osinstr/osinstr.h>

extern const struct osi_option hotpath_options[];
extern const struct osi_tool hotpath_calls, hotpath_blocks, hotpath_edges, hotpath_trace;

/* Fills in what names a block: its function, module and offset. */
struct osi_blockstat_block;
void hotpath_name(const struct osi_code *code, bool user, struct osi_blockstat_block *block);

/* What all modes are. */
#define HOTPATH_TOOL \
    .name = "hotpath", .summary = "where the time goes, and how it got there", \
    .options = hotpath_options

#endif
