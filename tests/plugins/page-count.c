/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference that counts of memory accesses are compared with: QEMU is asked at every access, and everything
 * is counted in hash tables under one lock.
 *
 *   out=FILE  where the counts go at the end: lines
 *               physical PAGE READS WRITES BYTES    of 4 KiB of memory
 *               virtual PAGE READS WRITES BYTES     the same accesses by virtual address
 *               device NAME READS WRITES BYTES
 *               address NAME@ADDRESS READS WRITES BYTES, pc NAME@PC READS WRITES BYTES   of a device's
 *               unknown 0 READS WRITES BYTES        memory whose physical address QEMU did not tell
 *
 * It stands on QEMU's interface directly; only which version to declare is asked of the library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/qemu-abi.h"

#include <osinstr/plugin.h>

OSI_PLUGIN_VERSION_

#define DECLARE(name, ret, params, needed) static ret(*name) params;
QP_FUNCTIONS(DECLARE)

struct count {
    uint64_t reads, writes, bytes;
};

static GMutex lock;
static GHashTable *physical, *virtual_, *named; /* struct count by page; by text */
static struct count unknown;
static const char *out_name;
static bool is_system;

static struct count *of_page(GHashTable *table, uint64_t address)
{
    uint64_t page = address >> 12;
    struct count *count = g_hash_table_lookup(table, &page);

    if (!count) {
        count = g_new0(struct count, 1);
        g_hash_table_insert(table, g_memdup2(&page, sizeof(page)), count);
    }
    return count;
}

static struct count *of_text(const char *kind, const char *name, const uint64_t *at)
{
    char text[256];
    struct count *count;

    if (at) {
        g_snprintf(text, sizeof(text), "%s %s@0x%" PRIx64, kind, name, *at);
    } else {
        g_snprintf(text, sizeof(text), "%s %s", kind, name);
    }
    count = g_hash_table_lookup(named, text);
    if (!count) {
        count = g_new0(struct count, 1);
        g_hash_table_insert(named, g_strdup(text), count);
    }
    return count;
}

static void add(struct count *count, uint32_t info)
{
    *(mem_is_store(info) ? &count->writes : &count->reads) += 1;
    count->bytes += 1ull << mem_size_shift(info);
}

static void on_access(unsigned vcpu, uint32_t info, uint64_t vaddr, void *data)
{
    const void *hwaddr = is_system ? get_hwaddr(info, vaddr) : NULL;
    uint64_t pc = (uint64_t)(uintptr_t)data, phys = hwaddr ? hwaddr_phys_addr(hwaddr) : 0;
    bool is_io = hwaddr && hwaddr_is_io(hwaddr);
    const char *name = is_io ? hwaddr_device_name(hwaddr) : NULL;

    (void)vcpu;
    g_mutex_lock(&lock);
    if (is_io) {
        add(of_text("device", name, NULL), info);
        add(of_text("address", name, &phys), info);
        add(of_text("pc", name, &pc), info);
    } else {
        add(of_page(virtual_, vaddr), info);
        if (is_system) {
            add(hwaddr ? of_page(physical, phys) : &unknown, info);
        }
    }
    g_mutex_unlock(&lock);
}

static void on_translate_7(struct qp_tb *tb, void *data)
{
    (void)data;
    for (size_t i = 0; i < tb_n_insns(tb); i++) {
        struct qp_insn *insn = tb_get_insn(tb, i);

        register_vcpu_mem_cb(insn, on_access, QP_CB_NO_REGS, QP_MEM_RW,
                             (void *)(uintptr_t)insn_vaddr(insn));
    }
}

static void on_translate_2(qp_id id, struct qp_tb *tb)
{
    (void)id;
    on_translate_7(tb, NULL);
}

static void print(FILE *out, const char *kind, const char *what, const struct count *count)
{
    fprintf(out, "%s%s%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", kind, *kind ? " " : "", what,
            count->reads, count->writes, count->bytes);
}

static void print_pages(FILE *out, const char *kind, GHashTable *table)
{
    GHashTableIter iter;
    gpointer key, value;
    char text[32];

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_snprintf(text, sizeof(text), "0x%" PRIx64, *(const uint64_t *)key << 12);
        print(out, kind, text, value);
    }
}

static void on_exit_7(void *data)
{
    FILE *out = fopen(out_name, "w");
    GHashTableIter iter;
    gpointer key, value;

    (void)data;
    if (!out) {
        fprintf(stderr, "page-count: %s: %s\n", out_name, strerror(errno));
        _Exit(3); /* a reference that lost something is none */
    }
    g_mutex_lock(&lock); /* and never let go: what other vCPUs still do is not counted */
    print_pages(out, "physical", physical);
    print_pages(out, "virtual", virtual_);
    g_hash_table_iter_init(&iter, named);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        print(out, "", key, value);
    }
    print(out, "unknown", "0", &unknown);
    if (fclose(out) != 0) {
        fprintf(stderr, "page-count: %s: %s\n", out_name, strerror(errno));
        _Exit(3);
    }
}

static void on_exit_2(qp_id id, void *data)
{
    (void)id;
    on_exit_7(data);
}

__attribute__((constructor)) static void choose(void)
{
    qemu_plugin_version = osi_plugin_declare_version();
}

OSI_EXPORT int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv);
OSI_EXPORT int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv)
{
    bool ud = info->version.cur >= 7;

    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
        fputs("page-count: out=FILE is wanted\n", stderr);
        return 1;
    }
    out_name = g_strdup(argv[0] + 4);
    is_system = info->system_emulation;
    physical = g_hash_table_new(g_int64_hash, g_int64_equal);
    virtual_ = g_hash_table_new(g_int64_hash, g_int64_equal);
    named = g_hash_table_new(g_str_hash, g_str_equal);
#define RESOLVE(name, ret, params, needed) \
    *(void **)&name = dlsym(RTLD_DEFAULT, "qemu_plugin_" #name);
    QP_FUNCTIONS(RESOLVE)
    register_vcpu_tb_trans_cb(id, ud ? (void *)on_translate_7 : (void *)on_translate_2, NULL);
    register_atexit_cb(id, ud ? (void *)on_exit_7 : (void *)on_exit_2, NULL);
    return 0;
}
