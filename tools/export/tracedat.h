/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of export tracedat share: how records are laid out, pages of them, the file's head. */
#ifndef TOOLS_EXPORT_TRACEDAT_H
#define TOOLS_EXPORT_TRACEDAT_H

#include "shape.h"
#include "spool.h"

#define DAT_PAGE 4096
#define DAT_COMMON 8      /* bytes that all records begin with: type, flags, PID */
#define DAT_MAX_RECORD 4000

/* Where the fields of an event are in its record. */
struct dat_layout {
    const struct shape *shape;
    uint16_t offset[SHAPE_MAX_FIELDS];
    uint16_t fixed;      /* length without strings */
    uint16_t max_string; /* with its 0, so that the record fits into a page */
};

void dat_layout(struct dat_layout *layout, const struct shape *shape);
/* ---- tracedat-formats.c: the events that trace-cmd knows; the description of one. */
extern const struct shape_known dat_table[];
GString *dat_format(const struct dat_layout *layout);

/* ---- tracedat-pages.c: one CPU's page of the ring buffer under way. */
struct dat_page {
    uint8_t data[DAT_PAGE];
    size_t used;      /* of the data behind the page's head */
    uint64_t last;    /* time of the last event */
    uint64_t lost, lost_next; /* events before this page, before the next event */
    uint64_t missed;  /* between this page and the one before */
    bool any;
};

/* Adds a record to a page; full ones go to the spool. */
void dat_add(struct dat_page *page, struct spool *spool, unsigned lane, uint64_t time,
             const uint8_t *record, size_t length);
void dat_end_page(struct dat_page *page, struct spool *spool, unsigned lane);

/* ---- tracedat-head.c: all that stands before the pages. */
struct dat_head {
    const struct dat_layout *layouts;
    size_t n_layouts;
    GHashTable *comms; /* PID -> name, as last seen */
    const char *clock; /* as the kernel's trace_clock has it */
    const struct spool *spool;
    unsigned n_cpus;
};

void dat_print_head(struct out *out, const struct dat_head *head);

#endif
