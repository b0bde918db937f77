/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heatmap: which row a counter of code belongs to. */
#ifndef HEATMAP_NAMES_H
#define HEATMAP_NAMES_H

#include "heatmap.h"

/* Code without a function is named by its page. */
#define HEATMAP_PAGE 4096u

/* What a counter counts. */
struct heatmap_subject {
    uint32_t function;
    uint64_t address; /* of code without a function, 0: none */
    const char *task; /* NULL: none */
};

typedef uint32_t (*heatmap_row_fn)(struct osi_session *session, struct osi_heatrows *rows,
                                   const struct heatmap_subject *subject);

uint32_t heatmap_row_of_function(struct osi_session *session, struct osi_heatrows *rows,
                                 const struct heatmap_subject *subject);
uint32_t heatmap_row_of_task(struct osi_session *session, struct osi_heatrows *rows,
                             const struct heatmap_subject *subject);
/* A section of the kernel, the file of a program. */
uint32_t heatmap_row_of_module(struct osi_session *session, struct osi_heatrows *rows,
                               const struct heatmap_subject *subject);

#endif
