/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plugins register: callbacks on events, and operations on the code being translated.
 *
 * In the older family a registration has one argument less; the third one is then
 * whatever the register holds, and must not be looked at.
 */
#include <string.h>

#include "api.h"

/* ---- events: a second callback replaces the first ---- */
static void set_callback(qp_id id, enum fake_event event, void *fn, void *data)
{
    struct fake_plugin *plugin = fake_plugin_of(id);

    if (__atomic_load_n(&plugin->uninstalling, __ATOMIC_ACQUIRE)) {
        return;
    }
    plugin->callbacks[event].fn = fn;
    plugin->callbacks[event].data = data;
}

static void *data_of_7(void *data)
{
    return fake_userdata() ? data : NULL;
}

FAKE_API void qemu_plugin_register_vcpu_init_cb(qp_id id, void *fn, void *data)
{
    set_callback(id, FAKE_EV_INIT, fn, data_of_7(data));
}

FAKE_API void qemu_plugin_register_vcpu_exit_cb(qp_id id, void *fn, void *data)
{
    set_callback(id, FAKE_EV_EXIT_VCPU, fn, data_of_7(data));
}

FAKE_API void qemu_plugin_register_vcpu_tb_trans_cb(qp_id id, void *fn, void *data)
{
    set_callback(id, FAKE_EV_TRANSLATE, fn, data_of_7(data));
}

FAKE_API void qemu_plugin_register_atexit_cb(qp_id id, void *fn, void *data)
{
    set_callback(id, FAKE_EV_ATEXIT, fn, data);
}

FAKE_API void qemu_plugin_register_vcpu_discon_cb(qp_id id, int kinds, void *fn, void *data)
{
    set_callback(id, FAKE_EV_DISCON, fn, data_of_7(data));
    fake_plugin_of(id)->callbacks[FAKE_EV_DISCON].kinds = kinds;
}

FAKE_API void qemu_plugin_uninstall(qp_id id, void *fn, void *data)
{
    struct fake_plugin *plugin = fake_plugin_of(id);

    if (plugin->installing) {
        fake_die("uninstall called from install");
    }
    if (__atomic_load_n(&plugin->uninstalling, __ATOMIC_ACQUIRE)) {
        return;
    }
    plugin->done = fn;
    plugin->done_data = data_of_7(data);
    __atomic_store_n(&plugin->uninstalling, true, __ATOMIC_RELEASE);
}

/* ---- operations ---- */
static void check_flags(int flags)
{
    if (flags < QP_CB_NO_REGS || flags > (fake_at_least(110) ? 3 : QP_CB_RW_REGS)) {
        fake_die("callback flags %d are not known to this release", flags);
    }
}

static void check_cell(struct qp_u64 cell)
{
    if (!cell.score || cell.offset % sizeof(uint64_t)) {
        fake_die("an inline operation has no proper cell");
    }
    fake_score_read(cell, 0); /* dies if it lies outside of the element */
}

static void add_op(GArray *to, struct fake_op op)
{
    if (op.kind != FAKE_INLINE) {
        check_flags(op.flags);
    } else if (op.op == QP_INLINE_STORE_U64 && !fake_at_least(91)) {
        fake_die("inline stores came with 9.1");
    }
    if (op.kind != FAKE_CALL) {
        check_cell(op.cell);
    }
    op.plugin = fake_context.plugin;
    g_array_append_val(to, op);
}

FAKE_API void qemu_plugin_register_vcpu_tb_exec_cb(struct qp_tb *tb, qp_exec_fn fn, int flags,
                                                   void *data)
{
    add_op(fake_open_tb(tb)->ops, (struct fake_op){
        .kind = FAKE_CALL, .fn = (void *)fn, .flags = flags, .data = data });
}

FAKE_API void qemu_plugin_register_vcpu_insn_exec_cb(struct qp_insn *insn, qp_exec_fn fn, int flags,
                                                     void *data)
{
    add_op(fake_open_insn(insn)->ops, (struct fake_op){
        .kind = FAKE_CALL, .fn = (void *)fn, .flags = flags, .data = data });
}

FAKE_API void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qp_tb *tb, qp_exec_fn fn, int flags,
                                                        int cond, struct qp_u64 cell,
                                                        uint64_t value, void *data)
{
    add_op(fake_open_tb(tb)->ops, (struct fake_op){
        .kind = FAKE_CALL_IF, .fn = (void *)fn, .flags = flags, .data = data, .cond = cond,
        .cell = cell, .value = value });
}

FAKE_API void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qp_insn *insn, qp_exec_fn fn,
                                                          int flags, int cond, struct qp_u64 cell,
                                                          uint64_t value, void *data)
{
    add_op(fake_open_insn(insn)->ops, (struct fake_op){
        .kind = FAKE_CALL_IF, .fn = (void *)fn, .flags = flags, .data = data, .cond = cond,
        .cell = cell, .value = value });
}

FAKE_API void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qp_tb *tb, int op,
                                                                struct qp_u64 cell, uint64_t value)
{
    add_op(fake_open_tb(tb)->ops, (struct fake_op){
        .kind = FAKE_INLINE, .op = op, .cell = cell, .value = value });
}

FAKE_API void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qp_insn *insn, int op,
                                                                  struct qp_u64 cell,
                                                                  uint64_t value)
{
    add_op(fake_open_insn(insn)->ops, (struct fake_op){
        .kind = FAKE_INLINE, .op = op, .cell = cell, .value = value });
}

FAKE_API void qemu_plugin_register_vcpu_mem_cb(struct qp_insn *insn, qp_mem_fn fn, int flags,
                                               int rw, void *data)
{
    add_op(fake_open_insn(insn)->access_ops, (struct fake_op){
        .kind = FAKE_CALL, .fn = (void *)fn, .flags = flags, .rw = rw, .data = data });
}

FAKE_API void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qp_insn *insn, int rw, int op,
                                                            struct qp_u64 cell, uint64_t value)
{
    add_op(fake_open_insn(insn)->access_ops, (struct fake_op){
        .kind = FAKE_INLINE, .op = op, .rw = rw, .cell = cell, .value = value });
}
