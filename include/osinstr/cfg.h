/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_cfg: a function's control-flow graph, with how often all of it ran.
 *
 * What QEMU translates are not basic blocks: it begins where control gets to, so a branch into the
 * middle makes another block of the same instructions, and it ends at page boundaries. The graph is
 * made of the pieces between all their starts and ends; a piece ran as often as the translated blocks
 * that cover it together, and pieces that always follow each other are one. An instruction that was
 * begun again (a fault, a device access) counts once.
 *
 * Pure; belongs to one thread.
 */
#ifndef OSINSTR_CFG_H
#define OSINSTR_CFG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <osinstr/edges.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_cfg;

struct osi_cfg_block {
    uint64_t start, end;
    uint64_t executions;
};

#define OSI_CFG_OUTSIDE SIZE_MAX

struct osi_cfg_edge {
    size_t from, to; /* blocks; from OUTSIDE: the function is entered; to OUTSIDE: left */
    enum osi_edge_kind kind;
    uint64_t count;
};

struct osi_cfg *osi_cfg_new(void);
void osi_cfg_free(struct osi_cfg *cfg); /* NULL is allowed */

/* A translated block, by what it is and how often it ran; then edges between those added. */
void osi_cfg_code(struct osi_cfg *cfg, const struct osi_edge_code *code, uint64_t executions);
void osi_cfg_add(struct osi_cfg *cfg, uint32_t from, uint32_t to, enum osi_edge_kind kind,
                 uint64_t count);

/* From here on nothing is added. In order of addresses; edges by (from, to, kind). */
void osi_cfg_make(struct osi_cfg *cfg);
size_t osi_cfg_n_blocks(const struct osi_cfg *cfg);
const struct osi_cfg_block *osi_cfg_block(const struct osi_cfg *cfg, size_t n);
size_t osi_cfg_n_edges(const struct osi_cfg *cfg);
const struct osi_cfg_edge *osi_cfg_edge(const struct osi_cfg *cfg, size_t n);

/* Writes the graph for Graphviz. `text` gives the instruction at an address and returns its length, 0
 * if it is not known. 0 or -errno; the stream is flushed and stays open. */
typedef size_t (*osi_cfg_text_fn)(void *data, uint64_t address, char *text, size_t size);
int osi_cfg_dot(const struct osi_cfg *cfg, const char *title, osi_cfg_text_fn text, void *data,
                FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
