/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public view of a block under translation: thin, so that a tool's hot code goes straight to
 * the host. */
#include <stdlib.h>
#include <string.h>

#include "session/block-internal.h"

uint64_t osi_block_address(const struct osi_block *block)
{
    return block->address;
}

size_t osi_block_length(const struct osi_block *block)
{
    return block->n;
}

static struct osi_host_insn *host_insn(const struct osi_block *block, size_t insn)
{
    return osi_host_block_insn(block->host, insn);
}

uint64_t osi_insn_address(const struct osi_block *block, size_t insn)
{
    return osi_host_insn_vaddr(host_insn(block, insn));
}

unsigned osi_insn_remaining(const struct osi_block *block, size_t insn)
{
    return (unsigned)(block->counted_to[insn] - insn);
}

const struct osi_decoded *osi_insn_decoded(const struct osi_block *block, size_t insn)
{
    return &block->decoded[insn];
}

/* A 32-bit processor on a target that has 64-bit ones lacks their registers, and has other
 * instructions. (So have 32-bit programs of a 64-bit kernel, which this does not tell.) */
static bool knows_processor(const struct osi_session *session)
{
    return session->arch && session->general[0];
}

enum osi_remap osi_insn_remaps(const struct osi_block *block, size_t insn)
{
    const struct osi_arch *arch = block->session->arch;

    return knows_processor(block->session) && arch->remaps
               ? arch->remaps(block->bytes + block->at[insn], osi_block_insn_size(block, insn))
               : OSI_REMAP_UNKNOWN;
}

bool osi_insn_operand(const struct osi_block *block, size_t insn, struct osi_operand *operand)
{
    const struct osi_arch *arch = block->session->arch;

    return knows_processor(block->session) && arch->operand &&
           arch->operand(block->bytes + block->at[insn], osi_block_insn_size(block, insn), operand);
}

uint32_t osi_insn_written(const struct osi_block *block, size_t insn)
{
    const struct osi_arch *arch = block->session->arch;

    return knows_processor(block->session) && arch->written
               ? arch->written(block->bytes + block->at[insn], osi_block_insn_size(block, insn))
               : UINT32_MAX;
}

size_t osi_insn_bytes(const struct osi_block *block, size_t insn, void *bytes, size_t size)
{
    size_t length = osi_block_insn_size(block, insn);

    if (size) { /* else it may be NULL */
        memcpy(bytes, block->bytes + block->at[insn], MIN(length, size));
    }
    return length;
}

char *osi_insn_text(const struct osi_block *block, size_t insn)
{
    char *text = osi_host_insn_text(host_insn(block, insn));
    char *copy = text ? strdup(text) : NULL; /* callers without GLib free() it */

    g_free(text);
    return copy;
}

static enum osi_host_regs host_regs(enum osi_regs regs)
{
    return regs == OSI_REGS_READ ? OSI_HOST_READ_REGS : OSI_HOST_NO_REGS;
}

void osi_block_call(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs, void *data)
{
    osi_host_block_call(block->host, fn, host_regs(regs), data);
}

void osi_insn_call(struct osi_block *block, size_t insn, osi_exec_fn fn, enum osi_regs regs,
                   void *data)
{
    osi_host_insn_call(host_insn(block, insn), fn, host_regs(regs), data);
}

void osi_block_call_unless(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs,
                           struct osi_cells *cells, size_t index, uint64_t value, void *data)
{
    if (!osi_host_block_call_if(block->host, fn, host_regs(regs), OSI_HOST_IS_NOT, cells, index, value,
                                data)) {
        osi_host_block_call(block->host, fn, host_regs(regs), data);
    }
}

void osi_block_call_at_least(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs,
                             struct osi_cells *cells, size_t index, uint64_t value, void *data)
{
    if (!osi_host_block_call_if(block->host, fn, host_regs(regs), OSI_HOST_IS_AT_LEAST, cells, index,
                                value, data)) {
        osi_host_block_call(block->host, fn, host_regs(regs), data);
    }
}

void osi_insn_observe(struct osi_block *block, size_t insn, bool loads, bool stores,
                      osi_access_fn fn, void *data)
{
    osi_host_insn_observe(host_insn(block, insn), loads, stores, fn, OSI_HOST_NO_REGS, data);
}

unsigned osi_access_size(uint32_t access)
{
    return osi_host_access_size(access);
}

bool osi_access_is_store(uint32_t access)
{
    return osi_host_access_is_store(access);
}

bool osi_access_physical(uint32_t access, uint64_t address, uint64_t *physical, bool *is_io)
{
    return osi_host_access_phys(access, address, physical, is_io);
}

const char *osi_access_device(uint32_t access, uint64_t address, uint64_t *physical)
{
    return osi_host_access_device(access, address, physical);
}

/* ---- cells ---- */
struct osi_cells *osi_cells_new(struct osi_session *session, size_t n)
{
    struct osi_cells *cells = osi_host_cells_new(n);

    osi_host_cells_keep(cells, &session->uninstrumented);
    return cells;
}

void osi_cells_free(struct osi_cells *cells)
{
    osi_host_cells_free(cells);
}

uint64_t osi_cell(struct osi_cells *cells, size_t index, unsigned vcpu)
{
    return osi_host_cells_of(cells, vcpu)[index];
}

uint64_t *osi_cells_of(struct osi_cells *cells, unsigned vcpu)
{
    return osi_host_cells_of(cells, vcpu);
}

void osi_cell_set(struct osi_cells *cells, size_t index, unsigned vcpu, uint64_t value)
{
    osi_host_cells_of(cells, vcpu)[index] = value;
}

uint64_t osi_cell_sum(struct osi_session *session, struct osi_cells *cells, size_t index)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < osi_n_vcpus(session); i++) {
        sum += osi_cell(cells, index, i);
    }
    return sum;
}

void osi_block_add(struct osi_block *block, struct osi_cells *cells, size_t index, uint64_t amount)
{
    osi_host_block_add(block->host, cells, index, amount);
}

void osi_block_store(struct osi_block *block, struct osi_cells *cells, size_t index, uint64_t value)
{
    osi_host_block_store(block->host, cells, index, value);
}

void osi_insn_add(struct osi_block *block, size_t insn, struct osi_cells *cells, size_t index,
                  uint64_t amount)
{
    osi_host_insn_add(host_insn(block, insn), cells, index, amount);
}

void osi_insn_store(struct osi_block *block, size_t insn, struct osi_cells *cells, size_t index,
                    uint64_t value)
{
    osi_host_insn_store(host_insn(block, insn), cells, index, value);
}

void osi_insn_count_accesses(struct osi_block *block, size_t insn, bool loads, bool stores,
                             struct osi_cells *cells, size_t index, uint64_t amount)
{
    osi_host_insn_count_accesses(host_insn(block, insn), loads, stores, cells, index, amount);
}
