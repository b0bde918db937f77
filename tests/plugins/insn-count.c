/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference that counts are compared with: a call at every instruction, no blocks, no inline
 * counters.
 *
 *   out=FILE   where the counts go at the end, stderr if not given: a line "vcpu N COUNT" for each
 *              vCPU that ran, then "total COUNT"
 *   log=FILE   every instruction's address, in order, to FILE.N of vCPU N: uint64, little endian
 *   max=COUNT  log no more than so many of each vCPU; counting goes on
 *   skip=COUNT do not log the first so many of each vCPU; max counts from there
 *
 * An instruction counts when it is about to run, so one that faults and is run again counts twice.
 * It stands on QEMU's interface directly; only which version to declare is asked of the library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/qemu-abi.h"

#include <osinstr/plugin.h>

OSI_PLUGIN_VERSION_

enum { VCPUS = 1024 }; /* the emulated threads of a program, or the CPUs of a machine */

struct cell {
    uint64_t count;
    FILE *log;
} __attribute__((aligned(64))); /* vCPUs run at the same time and write only their own */

#define DECLARE(name, ret, params, needed) static ret(*name) params;
QP_FUNCTIONS(DECLARE)

static struct cell cells[VCPUS];
static char *out_name, *log_name;
static uint64_t max_logged = UINT64_MAX, skipped;

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a callback's data holds an address");

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("insn-count: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _Exit(3); /* a reference that lost something is none */
}

static FILE *log_of(unsigned vcpu)
{
    char name[4096];
    FILE *file;

    snprintf(name, sizeof(name), "%s.%u", log_name, vcpu);
    file = fopen(name, "wb");
    if (!file) {
        die("%s: %s", name, strerror(errno));
    }
    setvbuf(file, NULL, _IOFBF, 1 << 20);
    return file;
}

static void log_address(unsigned vcpu, uint64_t address)
{
    struct cell *cell = &cells[vcpu];
    uint64_t bytes = GUINT64_TO_LE(address);

    if (!cell->log) {
        cell->log = log_of(vcpu);
    }
    if (fwrite(&bytes, sizeof(bytes), 1, cell->log) != 1) {
        die("%s.%u: %s", log_name, vcpu, strerror(errno));
    }
}

static void on_insn(unsigned vcpu, void *data)
{
    if (vcpu >= VCPUS) {
        die("vCPU %u is one too many", vcpu);
    }
    if (log_name && cells[vcpu].count - skipped < max_logged) {
        log_address(vcpu, (uint64_t)(uintptr_t)data);
    }
    cells[vcpu].count++;
}

static void on_translate_7(struct qp_tb *tb, void *data)
{
    (void)data;
    for (size_t i = 0; i < tb_n_insns(tb); i++) {
        struct qp_insn *insn = tb_get_insn(tb, i);

        register_vcpu_insn_exec_cb(insn, on_insn, QP_CB_NO_REGS,
                                   (void *)(uintptr_t)insn_vaddr(insn));
    }
}

static void on_translate_2(qp_id id, struct qp_tb *tb)
{
    (void)id;
    on_translate_7(tb, NULL);
}

/* Other vCPUs may still run. Their logs are flushed, not closed; stdio locks each file. */
static void on_exit_7(void *data)
{
    FILE *out = out_name ? fopen(out_name, "w") : stderr;
    uint64_t total = 0;

    (void)data;
    if (!out) {
        die("%s: %s", out_name, strerror(errno));
    }
    for (unsigned i = 0; i < VCPUS; i++) {
        uint64_t count = cells[i].count;

        if (cells[i].log && fflush(cells[i].log) != 0) {
            die("%s.%u: %s", log_name, i, strerror(errno));
        }
        if (count) {
            fprintf(out, "vcpu %u %" PRIu64 "\n", i, count);
        }
        total += count;
    }
    fprintf(out, "total %" PRIu64 "\n", total);
    if (fflush(out) != 0 || ferror(out)) {
        die("%s: %s", out_name ? out_name : "stderr", strerror(errno));
    }
}

static void on_exit_2(qp_id id, void *data)
{
    (void)id;
    on_exit_7(data);
}

static bool parse_count(const char *text, uint64_t *count)
{
    char *end;

    *count = strtoull(text, &end, 0);
    return end > text && *end == '\0';
}

static bool option(const char *argument)
{
    if (strncmp(argument, "out=", 4) == 0) {
        out_name = strdup(argument + 4);
    } else if (strncmp(argument, "log=", 4) == 0) {
        log_name = strdup(argument + 4);
    } else if (strncmp(argument, "max=", 4) == 0) {
        return parse_count(argument + 4, &max_logged);
    } else if (strncmp(argument, "skip=", 5) == 0) {
        return parse_count(argument + 5, &skipped);
    } else {
        return false;
    }
    return true;
}

__attribute__((constructor)) static void choose(void)
{
    qemu_plugin_version = osi_plugin_declare_version();
}

OSI_EXPORT int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv);
OSI_EXPORT int qemu_plugin_install(qp_id id, const struct qp_info *info, int argc, char **argv)
{
    bool ud = info->version.cur >= 7;

    for (int i = 0; i < argc; i++) {
        if (!option(argv[i])) {
            fprintf(stderr, "insn-count: unknown argument %s\n", argv[i]);
            return 1;
        }
    }
#define RESOLVE(name, ret, params, needed) \
    *(void **)&name = dlsym(RTLD_DEFAULT, "qemu_plugin_" #name);
    QP_FUNCTIONS(RESOLVE)
    register_vcpu_tb_trans_cb(id, ud ? (void *)on_translate_7 : (void *)on_translate_2, NULL);
    register_atexit_cb(id, ud ? (void *)on_exit_7 : (void *)on_exit_2, NULL);
    return 0;
}
