/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct osi_block: a block of guest code at the moment QEMU translates it.
 *
 * A tool's block hook looks at the instructions and attaches to them. What it
 * attaches runs each time the block is executed, until QEMU drops the block; the
 * block itself is only valid during the hook. The same code is translated many
 * times and on any vCPU's thread: key by address, keep no pointers.
 *
 * Limits that come from QEMU: a block can execute at another virtual address than
 * it was translated at (the low 12 bits hold); calls run before their instruction;
 * a block that is left early (a fault, device access) has been counted whole.
 */
#ifndef OSINSTR_BLOCK_H
#define OSINSTR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/arch.h>
#include <osinstr/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct osi_block;
struct osi_cells;

/* ---- looking ---- */
uint64_t osi_block_address(const struct osi_block *block);
size_t osi_block_length(const struct osi_block *block); /* instructions, at least 1 */
/* Does the library count the block (OSI_NEED_COUNT_USER: user code under a known kernel, OSI_NEED_COUNT_ALL: all), as
 * osi_counted() tells? */
bool osi_block_is_counted(const struct osi_block *block);
uint64_t osi_insn_address(const struct osi_block *block, size_t insn);
/* Instructions from this one on that are counted before it runs: for osi_now_at(), osi_timed(). */
unsigned osi_insn_remaining(const struct osi_block *block, size_t insn);
/* What the instruction does; valid during the hook. */
const struct osi_decoded *osi_insn_decoded(const struct osi_block *block, size_t insn);
/* What the instruction can do to where addresses lead; OSI_REMAP_UNKNOWN too if this processor isn't known
 * enough to tell. */
enum osi_remap osi_insn_remaps(const struct osi_block *block, size_t insn);
/* Its one access, if it makes one whose address is a register and a constant; false for others, and where ISA or
 * processor are not known enough. */
bool osi_insn_operand(const struct osi_block *block, size_t insn, struct osi_operand *operand);
/* General registers that the instruction may write, a bit for each number, but for its operand's step. */
uint32_t osi_insn_written(const struct osi_block *block, size_t insn);
/* Copies at most `size` bytes; returns the instruction's length. */
size_t osi_insn_bytes(const struct osi_block *block, size_t insn, void *bytes, size_t size);
/* Disassembly by QEMU, about 3 us: not for every instruction. free() it. */
char *osi_insn_text(const struct osi_block *block, size_t insn);

/* ---- calling: fn runs on the vCPU's thread, before the block or the instruction ---- */
typedef void (*osi_exec_fn)(unsigned vcpu, void *data);
/* After a successful access; `access` is decoded by the osi_access_ calls. */
typedef void (*osi_access_fn)(unsigned vcpu, uint32_t access, uint64_t address, void *data);

enum osi_regs {
    OSI_REGS_NONE, /* cheapest */
    OSI_REGS_READ, /* osi_register() and osi_read() work in fn */
};

void osi_block_call(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs, void *data);
void osi_insn_call(struct osi_block *block, size_t insn, osi_exec_fn fn, enum osi_regs regs,
                   void *data);
/* fn runs at the block's start unless cell `index` of the vCPU holds `value` then; the test runs
 * without a call. Where QEMU is too old to test (9.0), fn is always called. */
void osi_block_call_unless(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs,
                           struct osi_cells *cells, size_t index, uint64_t value, void *data);
/* The same, while the cell holds `value` or more. */
void osi_block_call_at_least(struct osi_block *block, osi_exec_fn fn, enum osi_regs regs,
                             struct osi_cells *cells, size_t index, uint64_t value, void *data);
void osi_insn_observe(struct osi_block *block, size_t insn, bool loads, bool stores,
                      osi_access_fn fn, void *data);

unsigned osi_access_size(uint32_t access); /* bytes */
bool osi_access_is_store(uint32_t access);
/* Guest physical address of the access just made; false if there is none. Only in fn. */
bool osi_access_physical(uint32_t access, uint64_t address, uint64_t *physical, bool *is_io);
/* QEMU's name of the device ("pl011") that the access went to, interned text, and the physical address;
 * NULL: it went to memory, or nobody knows. Only in fn. */
const char *osi_access_device(uint32_t access, uint64_t address, uint64_t *physical);

/* ---- counting without a call ---- */
/* `n` zeroed 64-bit cells for each vCPU; vCPUs share no cache line. Freed by the caller after the
 * tool's report, or in stop; where vCPUs may still run then, as when QEMU ends, their memory stays. */
struct osi_cells *osi_cells_new(struct osi_session *session, size_t n);
void osi_cells_free(struct osi_cells *cells);
/* Cell `index` of one vCPU; the sum over all vCPUs. Exact for the own vCPU, or when none runs. */
uint64_t osi_cell(struct osi_cells *cells, size_t index, unsigned vcpu);
uint64_t osi_cell_sum(struct osi_session *session, struct osi_cells *cells, size_t index);
/* All cells of a vCPU as an array, for those who look at many. Valid until another vCPU starts. */
uint64_t *osi_cells_of(struct osi_cells *cells, unsigned vcpu);
void osi_cell_set(struct osi_cells *cells, size_t index, unsigned vcpu, uint64_t value);

void osi_block_add(struct osi_block *block, struct osi_cells *cells, size_t index, uint64_t amount);
void osi_block_store(struct osi_block *block, struct osi_cells *cells, size_t index,
                     uint64_t value);
void osi_insn_add(struct osi_block *block, size_t insn, struct osi_cells *cells, size_t index,
                  uint64_t amount);
void osi_insn_store(struct osi_block *block, size_t insn, struct osi_cells *cells, size_t index,
                    uint64_t value);
void osi_insn_count_accesses(struct osi_block *block, size_t insn, bool loads, bool stores,
                             struct osi_cells *cells, size_t index, uint64_t amount);

#ifdef __cplusplus
}
#endif
#endif
