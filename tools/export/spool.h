/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data that comes mixed and is wanted apart: lanes that grow together in one temporary file.
 *
 * Each lane has a chunk in memory. Full chunks are appended to the file, which has no name and is gone with
 * the process. What a lane costs in memory beyond that is a number for each chunk.
 */
#ifndef TOOLS_EXPORT_SPOOL_H
#define TOOLS_EXPORT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

#include "out.h"

struct spool;

/* The file is made in the folder. 0 or -errno and the reason. */
int spool_new(const char *folder, unsigned n_lanes, struct spool **spool, struct osi_error *err);
void spool_free(struct spool *spool); /* NULL is allowed */
void spool_write(struct spool *spool, unsigned lane, const void *data, size_t length);
uint64_t spool_length(const struct spool *spool, unsigned lane);
/* All of a lane, from its start. */
void spool_print(struct spool *spool, unsigned lane, struct out *out);
/* 0, or what went wrong first, -errno. After that nothing is written any more. */
int spool_error(const struct spool *spool);

#endif
