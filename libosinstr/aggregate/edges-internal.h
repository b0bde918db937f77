/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edges from inside: the tables, and where control can go from a block. */
#ifndef OSINSTR_EDGES_INTERNAL_H
#define OSINSTR_EDGES_INTERNAL_H

#include <glib.h>
#include <stdatomic.h>

#include <osinstr/edges.h>

#define OSI_EDGE_CHUNKS 16384u
#define OSI_EDGE_DEPTH 4096u /* blocks kept while something came between; the oldest go first */

/* Open addressing by (from, to, kind); count 0: free. */
struct osi_edge_slot {
    uint32_t from, to, kind;
    uint64_t count;
};

struct osi_edge_table {
    struct osi_edge_slot *slots;
    size_t n, used; /* n: a power of two */
};

/* The kind of an edge that its two blocks tell; it is found out at the end. */
#define OSI_EDGE_PLAIN OSI_EDGE_KINDS

/* NULL: there is none yet. */
struct osi_edge_slot *osi_edge_find(const struct osi_edge_table *table, uint32_t from, uint32_t to,
                                    enum osi_edge_kind kind);
void osi_edge_count(struct osi_edge_table *table, uint32_t from, uint32_t to,
                    enum osi_edge_kind kind, uint64_t count);

struct osi_edges_world {
    struct osi_edges_config config;
    GMutex lock;
    GHashTable *kept; /* GArray of ids by task: unfinished blocks of tasks that don't run */
};

struct osi_edges_all {
    struct osi_edges hot; /* first */
    struct osi_edges_world *world;
    struct osi_edge_node *chunks[OSI_EDGE_CHUNKS];
    struct osi_edge_node none, off; /* before the first block; while nothing counts */
    struct osi_edge_table rest;
    GArray *kept;          /* uint32_t: blocks whose successor is still to come, innermost last */
    GHashTable *vectors;   /* addresses, or of tables */
    bool tasks, counts;
    atomic_bool open;
};

/* Does control go from `from` to `to` without anything between, and how? False: it doesn't. */
bool osi_edge_leads(const struct osi_edge_code *from, const struct osi_edge_code *to,
                    enum osi_edge_kind *kind);
/* As a function is seen that calls others: to the instruction behind. Not with a return. */
bool osi_edge_leads_around(const struct osi_edge_code *from, const struct osi_edge_code *to,
                           enum osi_edge_kind *kind);

#endif
