/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plugin without the library, straight on the interface: shows what the fake host does, one line
 * on stdout for each callback. Argument "do=WORD" makes it misbehave in one way.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/qemu-abi.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 2;

#define DECLARE(name, ret, params, needed) static ret(*name) params;
QP_FUNCTIONS(DECLARE)
static void *insn_data;

static qp_id own_id;
static int api;
static char word[32];
static struct qp_scoreboard *score;
static __thread struct qp_tb *kept; /* vCPUs translate at the same time */
static struct qp_register *x1_handle;

static bool is(const char *what)
{
    return strcmp(word, what) == 0;
}

static void find_register(void)
{
    GArray *list = get_registers();

    for (guint i = 0; i < list->len; i++) {
        const struct qp_reg_descriptor *d =
            (const void *)(list->data + (size_t)i * g_array_get_element_size(list));

        if (strcmp(d->name, "x1") == 0) {
            x1_handle = d->handle;
        }
    }
    g_array_unref(list);
}

static uint64_t x1(void)
{
    GByteArray *bytes = g_byte_array_new();
    uint64_t value = 0;
    int rc = read_register(x1_handle, bytes);

    if (bytes->len != 8) {
        printf("unreadable %d\n", api >= 6 ? rc & 0xff : rc);
    } else {
        memcpy(&value, bytes->data, 8);
    }
    g_byte_array_unref(bytes);
    return value;
}

/* ---- callbacks ---- */
static void on_init_7(unsigned vcpu, void *data)
{
    find_register();
    printf("init %u %s\n", vcpu, data == &own_id ? "data" : "no data");
}

static void on_init_2(qp_id id, unsigned vcpu)
{
    on_init_7(vcpu, id == own_id ? &own_id : NULL);
}

static void on_block(unsigned vcpu, void *data)
{
    printf("block %u %s count %" PRIu64 "\n", vcpu, (const char *)data,
           *(uint64_t *)scoreboard_find(score, vcpu));
    if (is("regs")) {
        printf("x1 %" PRIx64 "\n", x1());
    } else if (is("late")) {
        tb_n_insns(kept);
    } else if (is("uninstall")) {
        uninstall(own_id, NULL, NULL);
    }
}

static void on_condition(unsigned vcpu, void *data)
{
    printf("condition %u %s\n", vcpu, (const char *)data);
}

static void on_insn(unsigned vcpu, void *data)
{
    printf("insn %u %s x1 %" PRIx64 "\n", vcpu, (const char *)data, x1());
}

static void on_access(unsigned vcpu, uint32_t info, uint64_t vaddr, void *data)
{
    const void *hwaddr = get_hwaddr(info, vaddr);

    printf("%s %u %s %u bytes at %" PRIx64 " phys %" PRIx64 "%s\n",
           mem_is_store(info) ? "store" : "load", vcpu, (const char *)data,
           1u << mem_size_shift(info), vaddr, hwaddr ? hwaddr_phys_addr(hwaddr) : 0,
           hwaddr && hwaddr_is_io(hwaddr) ? " io" : "");
}

static uint32_t word_of(const struct qp_insn *insn)
{
    uint32_t value = 0;

    if (api >= 3) {
        ((qp3_insn_data_fn)insn_data)(insn, &value, sizeof(value));
    } else {
        memcpy(&value, ((qp2_insn_data_fn)insn_data)(insn), sizeof(value));
    }
    return value;
}

static void on_translate_7(struct qp_tb *tb, void *data)
{
    struct qp_insn *insn = tb_get_insn(tb, tb_n_insns(tb) - 1);
    struct qp_u64 cell = { score, is("wild") ? 4096 : 0 };

    (void)data;
    kept = tb;
    printf("translate %" PRIx64 " n %zu last %08x\n", tb_vaddr(tb), tb_n_insns(tb), word_of(insn));
    register_vcpu_tb_exec_inline_per_vcpu(tb, QP_INLINE_ADD_U64, cell, tb_n_insns(tb));
    register_vcpu_tb_exec_cb(tb, on_block, QP_CB_NO_REGS, "a");
    if (register_vcpu_tb_exec_cond_cb) {
        register_vcpu_tb_exec_cond_cb(tb, on_condition, QP_CB_NO_REGS, QP_COND_GE, cell, 6, "b");
    }
    register_vcpu_insn_exec_cb(insn, on_insn, QP_CB_R_REGS, "c");
    register_vcpu_mem_cb(insn, on_access, QP_CB_NO_REGS, QP_MEM_RW, "d");
}

static void on_translate_2(qp_id id, struct qp_tb *tb)
{
    (void)id;
    on_translate_7(tb, NULL);
}

static void on_exit_7(void *data)
{
    GByteArray *bytes = g_byte_array_new();

    printf("exit %s\n", data == &own_id ? "data" : "no data");
    if (is("exitread")) {
        read_memory_vaddr(0, bytes, 8);
    }
    g_byte_array_unref(bytes);
}

static void on_exit_2(qp_id id, void *data)
{
    (void)id;
    on_exit_7(data);
}

static void resolve(void)
{
#define RESOLVE(name, ret, params, needed) \
    *(void **)&name = dlsym(RTLD_DEFAULT, "qemu_plugin_" #name);
    QP_FUNCTIONS(RESOLVE)
    insn_data = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_data");
}

__attribute__((constructor)) static void choose(void)
{
    const char *version = getenv("RAW_VERSION");

    if (version) {
        qemu_plugin_version = atoi(version);
    }
}

__attribute__((visibility("default")))
int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv);
int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv)
{
    bool ud = info->version.cur >= 7;

    setvbuf(stdout, NULL, _IOLBF, 0);
    resolve();
    own_id = id;
    api = info->version.cur;
    for (int i = 0; i < argc; i++) {
        printf("argument %s\n", argv[i]);
        sscanf(argv[i], "do=%31s", word);
    }
    printf("api %d %s %s %d/%d cond %d read %d discon %d\n", api, info->target_name,
           info->system_emulation ? "system" : "user", info->system.smp_vcpus,
           info->system.max_vcpus, register_vcpu_tb_exec_cond_cb != NULL,
           read_memory_vaddr != NULL, register_vcpu_discon_cb != NULL);
    if (is("refuse")) {
        return 3;
    }
    score = scoreboard_new(128);
    register_vcpu_init_cb(id, ud ? (void *)on_init_7 : (void *)on_init_2, &own_id);
    register_vcpu_tb_trans_cb(id, ud ? (void *)on_translate_7 : (void *)on_translate_2, &own_id);
    register_atexit_cb(id, ud ? (void *)on_exit_7 : (void *)on_exit_2, &own_id);
    return 0;
}
