/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host seam: what the library asks of whatever runs the guest.
 *
 * Only qemu*.c implement it, and only there does the name qemu_plugin_ appear.
 * A host reports to its client (the session) through struct osi_host_client;
 * the client instruments blocks through the calls below, from inside its
 * translate callback only.
 *
 * Threads: exit comes on any thread; the other client callbacks and all exec and
 * memory callbacks come on the thread that runs the vCPU, several vCPUs at once.
 */
#ifndef OSINSTR_HOST_H
#define OSINSTR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

struct osi_host;
struct osi_host_block; /* a block being translated; valid during the translate callback */
struct osi_host_insn;  /* an instruction of it; same life */
struct osi_cells;

struct osi_host_facts {
    const char *target;  /* "aarch64" */
    bool system;         /* a whole machine, not one program */
    unsigned vcpus;      /* at start */
    unsigned max_vcpus;
    int api;             /* the interface version in force */
    bool can_read_memory;/* guest virtual memory */
    bool has_discontinuity;
    bool adds_late;      /* QEMU 9.0: what is added at a block's start comes after the calls there */
    char version[32];    /* "QEMU 10.0", as far as known */
};

enum osi_host_discontinuity { OSI_HOST_INTERRUPT = 1, OSI_HOST_EXCEPTION = 2 };

struct osi_host_client {
    void (*vcpu_start)(void *data, unsigned vcpu);
    void (*vcpu_stop)(void *data, unsigned vcpu);
    void (*translate)(void *data, struct osi_host_block *block);
    void (*discontinuity)(void *data, unsigned vcpu, int kind, uint64_t from, uint64_t to);
    void (*exit)(void *data);
};

/* `id` and `info` are the arguments of the install entry point. 0 or -errno. */
int osi_host_new(uint64_t id, const void *info, const struct osi_host_client *client, void *data,
                 struct osi_host **host, struct osi_error *err);
void osi_host_free(struct osi_host *host);
const struct osi_host_facts *osi_host_facts(const struct osi_host *host);

/* From here on the client's callbacks come. */
void osi_host_start(struct osi_host *host);
void osi_host_watch_discontinuities(struct osi_host *host);
/* Takes all instrumentation out, then calls done(data) once no callback can come any more. */
void osi_host_stop(struct osi_host *host, void (*done)(void *data), void *data);

/* ---- at translation ------------------------------------------------------ */
enum osi_host_regs { OSI_HOST_NO_REGS, OSI_HOST_READ_REGS };
typedef void (*osi_host_exec_fn)(unsigned vcpu, void *data);
typedef void (*osi_host_mem_fn)(unsigned vcpu, uint32_t access, uint64_t vaddr, void *data);

size_t osi_host_block_size(const struct osi_host_block *block); /* instructions */
uint64_t osi_host_block_vaddr(const struct osi_host_block *block);
struct osi_host_insn *osi_host_block_insn(const struct osi_host_block *block, size_t index);
uint64_t osi_host_insn_vaddr(const struct osi_host_insn *insn);
/* Copies up to `size` bytes, returns the instruction's length. */
size_t osi_host_insn_bytes(const struct osi_host_insn *insn, void *bytes, size_t size);
/* Where the instruction stands in this process's memory; NULL if it doesn't (device memory). */
const void *osi_host_insn_memory(const struct osi_host_insn *insn);
const char *osi_host_insn_symbol(const struct osi_host_insn *insn); /* may be NULL; not owned */
char *osi_host_insn_text(const struct osi_host_insn *insn);         /* g_free() */

/* Runs fn before the block / the instruction, with or without registers readable. */
void osi_host_block_call(struct osi_host_block *block, osi_host_exec_fn fn, enum osi_host_regs regs,
                         void *data);
void osi_host_insn_call(struct osi_host_insn *insn, osi_host_exec_fn fn, enum osi_host_regs regs,
                        void *data);
/* Adds to / stores into cell `index` of the running vCPU, without a call. */
void osi_host_block_add(struct osi_host_block *block, struct osi_cells *cells, size_t index,
                        uint64_t amount);
void osi_host_insn_add(struct osi_host_insn *insn, struct osi_cells *cells, size_t index,
                       uint64_t amount);
void osi_host_block_store(struct osi_host_block *block, struct osi_cells *cells, size_t index,
                          uint64_t value);
void osi_host_insn_store(struct osi_host_insn *insn, struct osi_cells *cells, size_t index,
                         uint64_t value);
/* Calls fn at the block's start only while the cell is not `value`, or at least that. False: the host
 * can't. */
enum osi_host_test { OSI_HOST_IS_NOT, OSI_HOST_IS_AT_LEAST };
bool osi_host_block_call_if(struct osi_host_block *block, osi_host_exec_fn fn,
                            enum osi_host_regs regs, enum osi_host_test test, struct osi_cells *cells,
                            size_t index, uint64_t value, void *data);
/* Runs fn after each successful access of the instruction. */
void osi_host_insn_observe(struct osi_host_insn *insn, bool loads, bool stores, osi_host_mem_fn fn,
                           enum osi_host_regs regs, void *data);
void osi_host_insn_count_accesses(struct osi_host_insn *insn, bool loads, bool stores,
                                  struct osi_cells *cells, size_t index, uint64_t amount);

/* ---- cells: per-vCPU counters ------------------------------------------------ */
/* `n` zeroed 64-bit cells per vCPU; vCPUs never share a cache line. */
struct osi_cells *osi_host_cells_new(size_t n);
void osi_host_cells_free(struct osi_cells *cells);
/* They are not freed as long as *until is false: translated code that may still run adds to them. */
void osi_host_cells_keep(struct osi_cells *cells, const bool *until);
uint64_t *osi_host_cells_of(struct osi_cells *cells, unsigned vcpu);

/* ---- while the guest runs, on a vCPU's thread ---------------------------------- */
/* A register of the running vCPU by QEMU's name; 0 or -errno (-ENOENT: no such register). Only in
 * callbacks that asked for registers, and in vcpu_start. About 40 ns once the name was seen. */
int osi_host_register(struct osi_host *host, unsigned vcpu, const char *name, uint64_t *value);
/* A handle for repeated reads; NULL if the target has no such register. */
struct osi_host_register;
const struct osi_host_register *osi_host_find_register(struct osi_host *host, unsigned vcpu,
                                                       const char *name);
/* 0 or -errno; -ENOENT for NULL. */
int osi_host_read_register(const struct osi_host_register *reg, uint64_t *value);
/* Guest virtual memory as the running vCPU sees it now. 0 or -errno. */
int osi_host_read_memory(struct osi_host *host, uint64_t vaddr, void *to, size_t size);

unsigned osi_host_access_size(uint32_t access); /* bytes */
bool osi_host_access_is_store(uint32_t access);
/* Guest physical address of the access just made; false if there is none. Only in memory callbacks. */
bool osi_host_access_phys(uint32_t access, uint64_t vaddr, uint64_t *phys, bool *is_io);
/* QEMU's name of the device's memory region ("gic_cpu"), NULL if the access went to RAM. */
const char *osi_host_access_device(uint32_t access, uint64_t vaddr, uint64_t *phys);
/* What was loaded or stored, the low 64 bits. 0 or -ENOSYS (QEMU before 9.2). */
int osi_host_access_value(uint32_t access, uint64_t *value);

#endif
