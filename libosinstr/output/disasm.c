/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capstone, opened by name. */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <glib.h>
#include <string.h>

#include "output/disasm.h"

#define LIBRARY "libcapstone.so." G_STRINGIFY(CS_API_MAJOR)

/* Its calls to itself must not go to another release that came first. Sanitizers can't stand
 * the flag; their programs load no other release. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BIND RTLD_LOCAL
#else
#define BIND (RTLD_LOCAL | RTLD_DEEPBIND)
#endif

struct osi_disasm {
    void *library;
    csh handle;
    cs_insn *insn;
    size_t unit; /* bytes of what is no instruction */
    unsigned (*version)(int *, int *);
    cs_err (*open)(cs_arch, cs_mode, csh *);
    cs_err (*close)(csh *);
    cs_insn *(*make)(csh);
    void (*drop)(cs_insn *, size_t);
    bool (*next)(csh, const uint8_t **, size_t *, uint64_t *, cs_insn *);
};

struct target {
    const char *name;
    cs_arch arch;
    cs_mode mode;
    size_t unit;
};

static const struct target targets[] = {
    { "aarch64", CS_ARCH_ARM64, CS_MODE_ARM, 4 },
    { "x86_64", CS_ARCH_X86, CS_MODE_64, 1 },
#if CS_API_MAJOR >= 5
    { "riscv64", CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, 2 },
#endif
};

static bool resolve(struct osi_disasm *disasm)
{
    struct { const char *name; void *place; } names[] = {
        { "cs_version", &disasm->version }, { "cs_open", &disasm->open },
        { "cs_close", &disasm->close },     { "cs_malloc", &disasm->make },
        { "cs_free", &disasm->drop },       { "cs_disasm_iter", &disasm->next },
    };
    int major = 0, minor = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        *(void **)names[i].place = dlsym(disasm->library, names[i].name);
        if (!*(void **)names[i].place) {
            return false;
        }
    }
    disasm->version(&major, &minor);
    return major == CS_API_MAJOR;
}

struct osi_disasm *osi_disasm_open(const char *target)
{
    struct osi_disasm *disasm = g_new0(struct osi_disasm, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        if (strcmp(targets[i].name, target) == 0) {
            disasm->unit = targets[i].unit;
            disasm->library = dlopen(LIBRARY, RTLD_NOW | BIND);
            if (disasm->library && resolve(disasm) &&
                disasm->open(targets[i].arch, targets[i].mode, &disasm->handle) == CS_ERR_OK) {
                disasm->insn = disasm->make(disasm->handle);
                return disasm;
            }
        }
    }
    if (disasm->library) {
        dlclose(disasm->library);
    }
    g_free(disasm);
    return NULL;
}

void osi_disasm_close(struct osi_disasm *disasm)
{
    if (disasm) {
        disasm->drop(disasm->insn, 1);
        disasm->close(&disasm->handle);
        dlclose(disasm->library);
        g_free(disasm);
    }
}

static size_t no_insn(const uint8_t *bytes, size_t n, char *text, size_t text_size)
{
    GString *all = g_string_new(".byte");

    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(all, "%s0x%02x", i ? ", " : " ", bytes[i]);
    }
    g_strlcpy(text, all->str, text_size);
    g_string_free(all, TRUE);
    return n;
}

size_t osi_disasm(struct osi_disasm *disasm, uint64_t address, const uint8_t *bytes, size_t size,
                  char *text, size_t text_size)
{
    const uint8_t *at = bytes;
    size_t left = size;

    if (size && disasm->next(disasm->handle, &at, &left, &address, disasm->insn)) {
        g_snprintf(text, text_size, "%s%s%s", disasm->insn->mnemonic,
                   *disasm->insn->op_str ? " " : "", disasm->insn->op_str);
        return disasm->insn->size;
    }
    return no_insn(bytes, MIN(size, disasm->unit), text, text_size);
}
