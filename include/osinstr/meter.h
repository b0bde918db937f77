/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_meter: which share of a vCPU's counters counts, and for which task.
 *
 * Code counts without a pause into cells that only grow (osinstr/block.h). The meter looks at all of
 * them when something changes: a task switch, a window that opens or closes. So what runs between
 * costs nothing more, and the sum over the tasks is the sum over the cells, to the instruction.
 *
 * Two kinds of cells are told apart in each task's account: those of kernel code and of user code.
 *
 * Any thread may call: each call holds the meter's lock. A thread that looks at the cells of another
 * vCPU while that runs sees them as of some moment of the look.
 */
#ifndef OSINSTR_METER_H
#define OSINSTR_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_meter;

enum osi_meter_kind { OSI_METER_KERNEL, OSI_METER_USER, OSI_METER_KINDS };

/* The vCPU's cells come in chunks of 8192, so that they can become more while the guest runs. */
#define OSI_METER_CHUNK 8192u
/* How many cells of this kind's chunk are in use, and where they are; 0: there is no such chunk. */
typedef size_t (*osi_meter_cells_fn)(void *data, enum osi_meter_kind kind, size_t chunk,
                                     const uint64_t **cells);

/* The account of a task; `task` is NULL for what ran before the first switch. */
struct osi_meter_account {
    const struct osi_task *task;
    uint64_t counted[OSI_METER_KINDS];
};

/* All cells are 0 then. `counts`: is this the task's account that is asked for; `open`: is the window
 * open? What runs counts while both hold. */
struct osi_meter *osi_meter_new(osi_meter_cells_fn cells, void *data, bool counts, bool open);
void osi_meter_free(struct osi_meter *meter); /* NULL is allowed */

/* From now on this task runs. */
void osi_meter_task(struct osi_meter *meter, const struct osi_task *task, bool counts);
/* From now on nothing counts, or again. */
void osi_meter_window(struct osi_meter *meter, bool open);
/* The run is over: the numbers below are final. */
void osi_meter_end(struct osi_meter *meter);

/* Of a cell, after the end. */
uint64_t osi_meter_counted(const struct osi_meter *meter, enum osi_meter_kind kind, size_t index);
/* Accounts, in order of the tasks' ids; NULL beyond the last. After the end. */
const struct osi_meter_account *osi_meter_account(const struct osi_meter *meter, size_t n);

#ifdef __cplusplus
}
#endif
#endif
