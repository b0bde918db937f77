/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host seam on QEMU: blocks under translation, what is attached to them, and per-vCPU cells. */
#include <stdatomic.h>
#include <string.h>

#include "host/host.h"
#include "host/qemu.h"

#define QP osi_qemu_functions()

struct osi_cells {
    struct qp_scoreboard *score;
    const bool *until; /* NULL: they may go at any time */
    struct osi_cells *next; /* of those that could not go */
};

static _Atomic(struct osi_cells *) kept;

#define TB(block) ((struct qp_tb *)(block))
#define INSN(insn) ((struct qp_insn *)(insn))

size_t osi_host_block_size(const struct osi_host_block *block)
{
    return QP->tb_n_insns((const struct qp_tb *)block);
}

uint64_t osi_host_block_vaddr(const struct osi_host_block *block)
{
    return QP->tb_vaddr((const struct qp_tb *)block);
}

struct osi_host_insn *osi_host_block_insn(const struct osi_host_block *block, size_t index)
{
    return (struct osi_host_insn *)QP->tb_get_insn((const struct qp_tb *)block, index);
}

uint64_t osi_host_insn_vaddr(const struct osi_host_insn *insn)
{
    return QP->insn_vaddr((const struct qp_insn *)insn);
}

size_t osi_host_insn_bytes(const struct osi_host_insn *insn, void *bytes, size_t size)
{
    const struct qp_insn *qp_insn = (const struct qp_insn *)insn;
    size_t length = QP->insn_size(qp_insn);
    size_t n = MIN(length, size);

    if (osi_qemu_copies_insn_data) {
        ((qp3_insn_data_fn)QP->insn_data)(qp_insn, bytes, n);
    } else {
        memcpy(bytes, ((qp2_insn_data_fn)QP->insn_data)(qp_insn), n);
    }
    return length;
}

const void *osi_host_insn_memory(const struct osi_host_insn *insn)
{
    return QP->insn_haddr((const struct qp_insn *)insn);
}

const char *osi_host_insn_symbol(const struct osi_host_insn *insn)
{
    return QP->insn_symbol((const struct qp_insn *)insn);
}

char *osi_host_insn_text(const struct osi_host_insn *insn)
{
    return QP->insn_disas((const struct qp_insn *)insn);
}

static int flags_of(enum osi_host_regs regs)
{
    return regs == OSI_HOST_READ_REGS ? QP_CB_R_REGS : QP_CB_NO_REGS;
}

void osi_host_block_call(struct osi_host_block *block, osi_host_exec_fn fn, enum osi_host_regs regs,
                         void *data)
{
    QP->register_vcpu_tb_exec_cb(TB(block), fn, flags_of(regs), data);
}

void osi_host_insn_call(struct osi_host_insn *insn, osi_host_exec_fn fn, enum osi_host_regs regs,
                        void *data)
{
    QP->register_vcpu_insn_exec_cb(INSN(insn), fn, flags_of(regs), data);
}

static struct qp_u64 cell_of(struct osi_cells *cells, size_t index)
{
    return (struct qp_u64){ cells->score, index * sizeof(uint64_t) };
}

void osi_host_block_add(struct osi_host_block *block, struct osi_cells *cells, size_t index,
                        uint64_t amount)
{
    QP->register_vcpu_tb_exec_inline_per_vcpu(TB(block), QP_INLINE_ADD_U64, cell_of(cells, index),
                                              amount);
}

void osi_host_insn_add(struct osi_host_insn *insn, struct osi_cells *cells, size_t index,
                       uint64_t amount)
{
    QP->register_vcpu_insn_exec_inline_per_vcpu(INSN(insn), QP_INLINE_ADD_U64,
                                                cell_of(cells, index), amount);
}

/* QEMU 9.0 has no inline store: a call does it. What it needs lives as long as the block may, which
 * is for ever. */
struct store {
    struct osi_cells *cells;
    size_t index;
    uint64_t value;
};

static void store_by_call(unsigned vcpu, void *data)
{
    const struct store *store = data;

    osi_host_cells_of(store->cells, vcpu)[store->index] = store->value;
}

static struct store *store_new(struct osi_cells *cells, size_t index, uint64_t value)
{
    struct store *store = g_new(struct store, 1);

    *store = (struct store){ cells, index, value };
    return store;
}

/* Conditional callbacks came with the same release. */
static bool has_inline_store(void)
{
    return QP->register_vcpu_tb_exec_cond_cb != NULL;
}

void osi_host_block_store(struct osi_host_block *block, struct osi_cells *cells, size_t index,
                          uint64_t value)
{
    if (!has_inline_store()) {
        osi_host_block_call(block, store_by_call, OSI_HOST_NO_REGS, store_new(cells, index, value));
        return;
    }
    QP->register_vcpu_tb_exec_inline_per_vcpu(TB(block), QP_INLINE_STORE_U64,
                                              cell_of(cells, index), value);
}

void osi_host_insn_store(struct osi_host_insn *insn, struct osi_cells *cells, size_t index,
                         uint64_t value)
{
    if (!has_inline_store()) {
        osi_host_insn_call(insn, store_by_call, OSI_HOST_NO_REGS, store_new(cells, index, value));
        return;
    }
    QP->register_vcpu_insn_exec_inline_per_vcpu(INSN(insn), QP_INLINE_STORE_U64,
                                                cell_of(cells, index), value);
}

bool osi_host_block_call_if(struct osi_host_block *block, osi_host_exec_fn fn,
                            enum osi_host_regs regs, enum osi_host_test test, struct osi_cells *cells,
                            size_t index, uint64_t value, void *data)
{
    if (!QP->register_vcpu_tb_exec_cond_cb) {
        return false;
    }
    QP->register_vcpu_tb_exec_cond_cb(TB(block), fn, flags_of(regs),
                                      test == OSI_HOST_IS_NOT ? QP_COND_NE : QP_COND_GE,
                                      cell_of(cells, index), value, data);
    return true;
}

static int rw_of(bool loads, bool stores)
{
    return (loads ? QP_MEM_R : 0) | (stores ? QP_MEM_W : 0);
}

void osi_host_insn_observe(struct osi_host_insn *insn, bool loads, bool stores, osi_host_mem_fn fn,
                           enum osi_host_regs regs, void *data)
{
    QP->register_vcpu_mem_cb(INSN(insn), fn, flags_of(regs), rw_of(loads, stores), data);
}

void osi_host_insn_count_accesses(struct osi_host_insn *insn, bool loads, bool stores,
                                  struct osi_cells *cells, size_t index, uint64_t amount)
{
    QP->register_vcpu_mem_inline_per_vcpu(INSN(insn), rw_of(loads, stores), QP_INLINE_ADD_U64,
                                          cell_of(cells, index), amount);
}

/* ---- cells ---- */

/* QEMU lays the elements out one after the other: a power of two of at least two
 * cache lines keeps vCPUs apart and makes the index a shift. */
static size_t padded(size_t bytes)
{
    size_t size = 128;

    while (size < bytes) {
        size *= 2;
    }
    return size;
}

struct osi_cells *osi_host_cells_new(size_t n)
{
    struct osi_cells *cells = g_new0(struct osi_cells, 1);

    cells->score = QP->scoreboard_new(padded(n * sizeof(uint64_t)));
    return cells;
}

void osi_host_cells_keep(struct osi_cells *cells, const bool *until)
{
    cells->until = until;
}

void osi_host_cells_free(struct osi_cells *cells)
{
    if (cells && cells->until && !*cells->until) {
        cells->next = atomic_load(&kept);
        while (!atomic_compare_exchange_weak(&kept, &cells->next, cells)) {
        }
    } else if (cells) {
        QP->scoreboard_free(cells->score);
        g_free(cells);
    }
}

uint64_t *osi_host_cells_of(struct osi_cells *cells, unsigned vcpu)
{
    return QP->scoreboard_find(cells->score, vcpu);
}
