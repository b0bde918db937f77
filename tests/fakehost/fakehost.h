/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU without QEMU: loads real plugins and runs a scripted guest for them.
 *
 * A test program is its own fake QEMU. Run without arguments it runs its Check
 * suite; a test starts the same program again with a command line like QEMU's
 * (spawn.h), and that process becomes a host of the release asked for, loads the
 * plugins and runs one scenario: a C function that scripts the guest with the
 * calls below. So exit, stderr, the command line and threads are the real thing.
 *
 * Each vCPU has a thread of its own. A call that names a vCPU runs there, and the
 * caller waits: scripts are deterministic. fake_go() lets vCPUs run free.
 *
 * What a plugin must not do ends the process with status FAKE_MISUSE and one line.
 */
#ifndef FAKEHOST_H
#define FAKEHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_MISUSE 99
#define FAKE_PAGE 4096u
#define FAKE_MAX_VCPUS 256
#define FAKE_MAX_BLOCK 512

/* What the command line asked for. */
struct fake_machine {
    const char *release; /* "10.0" */
    const char *target;  /* "aarch64" */
    const char *scenario;
    unsigned vcpus, max_vcpus;
    bool user;        /* user mode: no machine */
    bool round_robin; /* all vCPUs on one thread */
    bool icount;      /* a counter read ends its block, and virtual time counts instructions */
    unsigned shift;
    bool lenient;     /* reads without rights give stale values, as before QEMU 10.1 */
};
extern struct fake_machine fake_machine;

struct fake_scenario {
    const char *name;
    void (*run)(void);
};

/* The main() of a test program: NULL-terminated scenarios; `tests` runs the suite. */
int fake_main(int argc, char **argv, const struct fake_scenario *scenarios, int (*tests)(void));

void fake_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- guest memory: little-endian, sparse, shared by all vCPUs ---- */
void fake_map(uint64_t address, size_t size); /* zeroed */
void fake_unmap(uint64_t address, size_t size);
void fake_poke(uint64_t address, const void *bytes, size_t size); /* must be mapped */
bool fake_peek(uint64_t address, void *bytes, size_t size);

/* A block of code: maps and writes the words, and makes `address` the start of a block. */
void fake_code(uint64_t address, const uint32_t *words, size_t n);
bool fake_is_block(uint64_t address);

/* ---- vCPUs ---- */
void fake_start(unsigned vcpu); /* the vCPU's first moment: plugins hear of it */
void fake_start_all(void);
void fake_unplug(unsigned vcpu); /* vcpu_exit; the thread ends */

/* Runs fn on the vCPU's thread, and waits; or lets it run, and waits later. */
void fake_run(unsigned vcpu, void (*fn)(unsigned vcpu, void *data), void *data);
void fake_go(unsigned vcpu, void (*fn)(unsigned vcpu, void *data), void *data);
void fake_wait(unsigned vcpu);

void fake_set_register(unsigned vcpu, const char *name, uint64_t value);
uint64_t fake_register(unsigned vcpu, const char *name);
void fake_set_level(unsigned vcpu, unsigned el); /* at 0 kernel memory can't be read */
uint64_t fake_insns(unsigned vcpu); /* executed so far: the truth to compare with */

/* What an instruction of a block does besides; `insn` is its index. */
struct fake_effect {
    unsigned insn;
    enum { FAKE_LOAD, FAKE_STORE, FAKE_SET, FAKE_LEAVE, FAKE_DELAY } kind;
    uint64_t value;      /* address of the access; value of the register; ns that pass on the host */
    unsigned shift;      /* log2 of the access's size */
    const char *name;    /* FAKE_SET: register */
    bool io;
    uint64_t data;       /* what the access moves */
    const char *device;  /* io: QEMU's name of the region; NULL: "fake-device" */
};

/* Executes the block that starts there. FAKE_LEAVE: ends before that instruction. MRS of the
 * counter sets its register; nothing else is interpreted. */
void fake_exec(unsigned vcpu, uint64_t address);
void fake_exec_with(unsigned vcpu, uint64_t address, const struct fake_effect *effects, size_t n);
/* The same code reached through another virtual address: its translation is reused. */
void fake_exec_alias(unsigned vcpu, uint64_t address, uint64_t alias);
/* An interrupt or exception changed the vCPU's PC. */
void fake_discontinuity(unsigned vcpu, int kind, uint64_t from, uint64_t to);
void fake_flush_blocks(void); /* drops all translations */

/* ---- time ---- */
/* From now on CLOCK_MONOTONIC stands still at `ns`, until set anew; 0 gives the real one back. */
void fake_set_host_time(uint64_t ns);
uint64_t fake_host_time(void);
/* What the guest's counter reads, in ns: virtual time, without icount host time less a distance. */
void fake_set_distance(uint64_t ns);
void fake_sleep(unsigned vcpu, uint64_t ns); /* icount: the vCPU is idle, virtual time passes */
uint64_t fake_guest_time(unsigned vcpu);
#define FAKE_COUNTER_HZ 62500000u
#define FAKE_TICK_NS 16u

/* ---- what the plugins did ---- */
unsigned fake_n_plugins(void);       /* loaded and not uninstalled */
uint64_t fake_callbacks(void);       /* calls into plugins while guest code ran */
uint64_t fake_translations(void);
void fake_settle(void);              /* carries out what plugins asked for between blocks */

#endif
