/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of QEMU's plugin interface that osinstr uses, versions 2 to 7.
 *
 * No distribution packages qemu-plugin.h, and one header could not describe all
 * versions at once. The function types below are written from the interface's
 * documented behaviour; where a version differs, both types are here and
 * qemu.c chooses by the version the host reports. Included by qemu.c and by the
 * fake host of the tests only.
 */
#ifndef OSINSTR_QEMU_ABI_H
#define OSINSTR_QEMU_ABI_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t qp_id;

struct qp_tb;
struct qp_insn;
struct qp_scoreboard;
struct qp_register;

/* Argument of qemu_plugin_install; the same in all versions. */
struct qp_info {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    struct {
        int smp_vcpus;
        int max_vcpus;
    } system; /* valid in system emulation */
};

/* A cell of a scoreboard; passed by value. */
struct qp_u64 {
    struct qp_scoreboard *score;
    size_t offset;
};

/* Element of the array that get_registers returns: 24 bytes until version 5,
 * 32 from version 6 on. The stride is the array's element size. */
struct qp_reg_descriptor {
    struct qp_register *handle;
    const char *name;
    const char *feature;
};

enum qp_cb_flags { QP_CB_NO_REGS, QP_CB_R_REGS, QP_CB_RW_REGS };
enum qp_mem_rw { QP_MEM_R = 1, QP_MEM_W, QP_MEM_RW };
enum qp_op { QP_INLINE_ADD_U64 = 0, QP_INLINE_STORE_U64 = 1 };
enum qp_cond { QP_COND_NEVER, QP_COND_ALWAYS, QP_COND_EQ, QP_COND_NE, QP_COND_LT, QP_COND_LE,
               QP_COND_GT, QP_COND_GE };
enum qp_discon { QP_DISCON_INTERRUPT = 1, QP_DISCON_EXCEPTION = 2, QP_DISCON_HOSTCALL = 4 };

/* Callbacks, versions 2 to 6: the plugin's id comes first, no user data. */
typedef void (*qp2_id_fn)(qp_id id);
typedef void (*qp2_vcpu_fn)(qp_id id, unsigned vcpu);
typedef void (*qp2_tb_fn)(qp_id id, struct qp_tb *tb);
typedef void (*qp2_exit_fn)(qp_id id, void *data);
typedef void (*qp2_discon_fn)(qp_id id, unsigned vcpu, int type, uint64_t from, uint64_t to);

/* Callbacks, version 7: no id, user data last. */
typedef void (*qp7_fn)(void *data);
typedef void (*qp7_vcpu_fn)(unsigned vcpu, void *data);
typedef void (*qp7_tb_fn)(struct qp_tb *tb, void *data);
typedef void (*qp7_discon_fn)(unsigned vcpu, int type, uint64_t from, uint64_t to, void *data);

/* Callbacks, the same in all versions. */
typedef void (*qp_exec_fn)(unsigned vcpu, void *data);
typedef void (*qp_mem_fn)(unsigned vcpu, uint32_t info, uint64_t vaddr, void *data);

/* The value that an access moved; returned by value. */
struct qp_mem_value {
    int type; /* log2 of the size in bytes */
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        uint64_t u128[2];
    } data;
};

/* X(name, return type, parameters, needed): every host function by name.
 * Functions that take a callback of either family take it as `void *` here. */
#define QP_FUNCTIONS(X) \
    X(register_vcpu_init_cb, void, (qp_id, void *, void *), 1) \
    X(register_vcpu_exit_cb, void, (qp_id, void *, void *), 1) \
    X(register_vcpu_tb_trans_cb, void, (qp_id, void *, void *), 1) \
    X(register_atexit_cb, void, (qp_id, void *, void *), 1) \
    X(register_vcpu_discon_cb, void, (qp_id, int, void *, void *), 0) \
    X(uninstall, void, (qp_id, void *, void *), 1) \
    X(tb_n_insns, size_t, (const struct qp_tb *), 1) \
    X(tb_vaddr, uint64_t, (const struct qp_tb *), 1) \
    X(tb_get_insn, struct qp_insn *, (const struct qp_tb *, size_t), 1) \
    X(insn_vaddr, uint64_t, (const struct qp_insn *), 1) \
    X(insn_size, size_t, (const struct qp_insn *), 1) \
    X(insn_symbol, const char *, (const struct qp_insn *), 1) \
    X(insn_disas, char *, (const struct qp_insn *), 1) \
    X(insn_haddr, void *, (const struct qp_insn *), 1) \
    X(register_vcpu_tb_exec_cb, void, (struct qp_tb *, qp_exec_fn, int, void *), 1) \
    X(register_vcpu_insn_exec_cb, void, (struct qp_insn *, qp_exec_fn, int, void *), 1) \
    X(register_vcpu_tb_exec_cond_cb, void, \
      (struct qp_tb *, qp_exec_fn, int, int, struct qp_u64, uint64_t, void *), 0) \
    X(register_vcpu_insn_exec_cond_cb, void, \
      (struct qp_insn *, qp_exec_fn, int, int, struct qp_u64, uint64_t, void *), 0) \
    X(register_vcpu_tb_exec_inline_per_vcpu, void, \
      (struct qp_tb *, int, struct qp_u64, uint64_t), 1) \
    X(register_vcpu_insn_exec_inline_per_vcpu, void, \
      (struct qp_insn *, int, struct qp_u64, uint64_t), 1) \
    X(register_vcpu_mem_cb, void, (struct qp_insn *, qp_mem_fn, int, int, void *), 1) \
    X(register_vcpu_mem_inline_per_vcpu, void, \
      (struct qp_insn *, int, int, struct qp_u64, uint64_t), 1) \
    X(mem_size_shift, unsigned, (uint32_t), 1) \
    X(mem_is_store, bool, (uint32_t), 1) \
    X(get_hwaddr, void *, (uint32_t, uint64_t), 1) \
    X(hwaddr_is_io, bool, (const void *), 1) \
    X(hwaddr_phys_addr, uint64_t, (const void *), 1) \
    X(hwaddr_device_name, const char *, (const void *), 0) \
    X(mem_get_value, struct qp_mem_value, (uint32_t), 0) \
    X(scoreboard_new, struct qp_scoreboard *, (size_t), 1) \
    X(scoreboard_free, void, (struct qp_scoreboard *), 1) \
    X(scoreboard_find, void *, (struct qp_scoreboard *, unsigned), 1) \
    X(num_vcpus, int, (void), 1) \
    X(get_registers, GArray *, (void), 1) \
    X(read_register, int, (struct qp_register *, GByteArray *), 1) \
    X(read_memory_vaddr, bool, (uint64_t, GByteArray *, size_t), 0) \
    X(read_memory_hwaddr, int, (uint64_t, GByteArray *, size_t), 0) \
    X(outs, void, (const char *), 1)

/* insn_data changed in version 3: it returned a pointer, then copied. */
typedef const void *(*qp2_insn_data_fn)(const struct qp_insn *insn);
typedef size_t (*qp3_insn_data_fn)(const struct qp_insn *insn, void *dest, size_t size);

#endif
