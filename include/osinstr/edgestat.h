/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_edgestat: the edges of all vCPUs, stated.
 *
 * Pure; belongs to one thread. Names are not copied: they must live as long as the object.
 */
#ifndef OSINSTR_EDGESTAT_H
#define OSINSTR_EDGESTAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <osinstr/edges.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_edgestat;
struct osi_report;

/* Where a block begins. */
struct osi_edgestat_place {
    uint64_t address, offset;
    const char *symbol; /* NULL: not known */
};

struct osi_edgestat_edge {
    uint32_t from, to; /* ids of blocks; 0: none */
    enum osi_edge_kind kind;
    uint64_t count;
};

typedef void (*osi_edgestat_place_fn)(void *data, uint32_t id, struct osi_edgestat_place *place);

struct osi_edgestat *osi_edgestat_new(osi_edgestat_place_fn place, void *data);
void osi_edgestat_free(struct osi_edgestat *stat); /* NULL is allowed */

void osi_edgestat_add(struct osi_edgestat *stat, uint32_t from, uint32_t to,
                      enum osi_edge_kind kind, uint64_t count);
/* How often a block ran: what leads to it, together. */
uint64_t osi_edgestat_executions(const struct osi_edgestat *stat, uint32_t id);
/* In order: most frequent first, then by addresses. NULL beyond the last. */
const struct osi_edgestat_edge *osi_edgestat_edge(struct osi_edgestat *stat, size_t n);

/* Kinds, and the first `top` edges (0: all). */
void osi_edgestat_report(struct osi_edgestat *stat, struct osi_report *report, size_t top);
/* One line per edge: "from_id,from,from_symbol,from_offset,to_id,to,to_symbol,to_offset,kind,count".
 * 0 or -errno; the stream is flushed and stays open. */
int osi_edgestat_csv(struct osi_edgestat *stat, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
