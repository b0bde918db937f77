/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake host from inside.
 *
 *   release.c    which QEMU this is: exported functions, version text
 *   loader.c     -plugin: load, install, uninstall, exit
 *   api-*.c      what plugins call
 *   score.c      scoreboards
 *   memory.c     guest memory and code
 *   vcpu.c       vCPUs, their registers and threads
 *   time.c       the host's and the guest's clock
 *   run.c        translation and execution
 *   bare.c       a guest without an operating system, that takes interrupts
 *   spawn.c      the test's side: start such a process, look at what it left
 *   sanitizers.c what the sanitizers must know
 *   main.c       the command line
 */
#ifndef FAKEHOST_INTERNAL_H
#define FAKEHOST_INTERNAL_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "fakehost.h"
#include "host/qemu-abi.h"

#define FAKE_API __attribute__((visibility("default")))

/* ---- release.c ---- */
struct fake_release {
    const char *name;
    int number; /* major * 10 + minor, for comparing */
    int min, cur;
};
extern const struct fake_release *fake_release;
void fake_become(const char *name);
bool fake_at_least(int number);

/* ---- what a thread is doing ---- */
enum fake_moment {
    FAKE_OUTSIDE,    /* of any callback */
    FAKE_INSTALLING,
    FAKE_STARTING,   /* vcpu_init, vcpu_exit */
    FAKE_TRANSLATING,
    FAKE_EXECUTING,
    FAKE_ACCESSING,  /* memory callback */
    FAKE_DISCONTINUITY,
    FAKE_EXITING,
};

struct fake_plugin;
struct fake_vcpu;

struct fake_context {
    enum fake_moment moment;
    struct fake_vcpu *vcpu;
    struct fake_plugin *plugin;
    struct qp_tb *tb; /* being translated */
    bool registers;   /* may be read */
    uint32_t access;
    uint64_t access_vaddr, access_data;
    const char *access_device;
};
extern __thread struct fake_context fake_context;

/* ---- loader.c ---- */
enum fake_event {
    FAKE_EV_INIT,
    FAKE_EV_EXIT_VCPU,
    FAKE_EV_TRANSLATE,
    FAKE_EV_ATEXIT,
    FAKE_EV_DISCON,
    FAKE_EVENTS
};

struct fake_plugin {
    qp_id id;
    char *path;
    GPtrArray *args;
    void *handle;
    struct {
        void *fn, *data;
        int kinds;
    } callbacks[FAKE_EVENTS];
    bool installing, uninstalling, gone;
    void *done, *done_data;
};
extern GPtrArray *fake_plugins; /* also those that are gone */
extern pthread_rwlock_t fake_exclusive; /* held for reading while guest code runs */

void fake_add_plugin(const char *option);
int fake_load_plugins(void);
struct fake_plugin *fake_plugin_of(qp_id id);
void fake_call_vcpu(struct fake_plugin *plugin, enum fake_event event, struct fake_vcpu *vcpu);
void fake_call_translate(struct fake_plugin *plugin, struct fake_vcpu *vcpu, struct qp_tb *tb);
void fake_call_discon(struct fake_plugin *plugin, struct fake_vcpu *vcpu, int kind, uint64_t from,
                      uint64_t to);
void fake_call_exit(void);
bool fake_userdata(void); /* callbacks of version 7 */

/* ---- code under observation ---- */
enum fake_op_kind { FAKE_CALL, FAKE_CALL_IF, FAKE_INLINE };

/* One thing that a plugin attached. */
struct fake_op {
    enum fake_op_kind kind;
    struct fake_plugin *plugin;
    void *fn, *data;
    int flags, cond, op, rw;
    struct qp_u64 cell;
    uint64_t value;
};

struct qp_insn {
    struct qp_tb *tb;
    uint64_t vaddr;
    uint8_t bytes[4];
    GArray *ops, *access_ops; /* struct fake_op */
};

struct qp_tb {
    uint64_t vaddr;
    size_t n;
    bool open; /* the translate callbacks are under way */
    GArray *ops;
    struct qp_insn insns[];
};
extern atomic_ullong fake_n_callbacks, fake_n_translations;

/* ---- score.c ---- */
void fake_score_grow(unsigned vcpus); /* exclusively */
void fake_score_apply(struct qp_u64 cell, unsigned vcpu, int op, uint64_t value);
uint64_t fake_score_read(struct qp_u64 cell, unsigned vcpu);

/* ---- memory.c ---- */
size_t fake_block_length(uint64_t address);
bool fake_read_as(const struct fake_vcpu *vcpu, uint64_t address, void *to, size_t size);
void *fake_host_address(uint64_t address);

/* ---- vcpu.c ---- */
#define FAKE_MAX_REGISTERS 64

struct fake_vcpu {
    unsigned index, el;
    bool started;
    struct fake_thread *thread;
    uint64_t registers[FAKE_MAX_REGISTERS];
    uint64_t insns;
    uint64_t asleep; /* icount: ns of virtual time beyond the instructions */
    struct qp_tb *executing;
};

extern struct fake_vcpu *fake_vcpus[FAKE_MAX_VCPUS];
extern atomic_uint fake_n_vcpus;
struct fake_vcpu *fake_vcpu_at(unsigned index);
const char *const *fake_register_names(void);
int fake_register_number(const char *name); /* -1: none */
size_t fake_register_size(unsigned number);

/* ---- sanitizers.c ---- */
void fake_link_sanitizers(void); /* does nothing, but makes the linker take the file */

#endif
