/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_blockstat: how often each block ran, summed by function, module and task.
 *
 * Pure: it is told the counts of a run and states them. A block that begins in one function and runs
 * into the next counts for the first. Belongs to one thread. Names are not copied: they must live as
 * long as the object.
 */
#ifndef OSINSTR_BLOCKSTAT_H
#define OSINSTR_BLOCKSTAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_blockstat;
struct osi_report;

struct osi_blockstat_block {
    uint32_t id;
    uint64_t address;
    uint32_t size;      /* bytes */
    uint32_t insns;     /* instructions, at least 1 */
    uint32_t function;  /* number of its function; 0: not known */
    const char *symbol; /* name of the function; NULL: not known */
    const char *module; /* NULL: not known */
    uint64_t offset;    /* from the function's start */
    uint64_t executions;
};

struct osi_blockstat *osi_blockstat_new(void);
void osi_blockstat_free(struct osi_blockstat *stat); /* NULL is allowed */

/* Blocks that never ran are left out. */
void osi_blockstat_block(struct osi_blockstat *stat, const struct osi_blockstat_block *block);
/* Instructions of code whose blocks were not told apart, as a function and module of this name. */
void osi_blockstat_lump(struct osi_blockstat *stat, const char *name, uint64_t instructions);
/* Instructions of a task; those with the same pid and name are one row. pid OSI_NONE: none. */
void osi_blockstat_task(struct osi_blockstat *stat, uint64_t pid, const char *name, uint64_t kernel,
                        uint64_t user);

/* Blocks, functions, modules and tasks; `top` rows of each are printed (0: all). The JSON has all, but of
 * blocks, which can be a hundred thousand, also only these. */
void osi_blockstat_report(struct osi_blockstat *stat, struct osi_report *report, size_t top);
/* The block with the n-th most instructions, from 0; NULL beyond the last. */
const struct osi_blockstat_block *osi_blockstat_hottest(struct osi_blockstat *stat, size_t n);
/* One line per block: "id,address,symbol,offset,module,insns,bytes,executions,instructions", in order
 * of their addresses. 0 or -errno; the stream is flushed and stays open. */
int osi_blockstat_csv(struct osi_blockstat *stat, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
