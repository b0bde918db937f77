/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becomes the QEMU of a given release, as far as a plugin can tell from outside.
 *
 * Plugins look for functions with dlsym() and for the version text in the main
 * program's read-only segments. This program has all functions and a blank in the
 * text; both are edited in memory before the first plugin is loaded: the name of a
 * function that the release lacks is changed in the table of dynamic symbols, so
 * that no lookup finds it.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api.h"

static const struct fake_release releases[] = {
    { "7.2", 72, 0, 1 },   { "8.2", 82, 0, 1 },   { "9.0", 90, 2, 2 },  { "9.1", 91, 2, 3 },
    { "9.2", 92, 2, 4 },   { "10.0", 100, 2, 4 }, { "10.1", 101, 2, 5 }, { "10.2", 102, 2, 5 },
    { "11.0", 110, 2, 6 }, { "11.1", 111, 7, 7 },
    /* A development build on the way to 11.1: version 7 already, but its text says 11.0.50. */
    { "11.0.50", 111, 7, 7 },
};

/* Functions that came later than 7.2. */
static const struct {
    const char *name;
    int since;
} arrivals[] = {
    { "scoreboard_new", 90 },
    { "scoreboard_free", 90 },
    { "scoreboard_find", 90 },
    { "register_vcpu_tb_exec_inline_per_vcpu", 90 },
    { "register_vcpu_insn_exec_inline_per_vcpu", 90 },
    { "register_vcpu_mem_inline_per_vcpu", 90 },
    { "num_vcpus", 90 },
    { "get_registers", 90 },
    { "read_register", 90 },
    { "register_vcpu_tb_exec_cond_cb", 91 },
    { "register_vcpu_insn_exec_cond_cb", 91 },
    { "read_memory_vaddr", 92 },
    { "mem_get_value", 92 },
    { "read_memory_hwaddr", 101 },
    { "translate_vaddr", 101 },
    { "register_vcpu_discon_cb", 102 },
    { "set_pc", 110 },
};

/* All functions, so that the linker takes them, and to see that plugins can. */
static const struct {
    const char *name;
    void *address;
} functions[] = {
#define ENTRY(name, ret, params, needed) { "qemu_plugin_" #name, (void *)qemu_plugin_##name },
    QP_FUNCTIONS(ENTRY)
#undef ENTRY
    { "qemu_plugin_insn_data", (void *)qemu_plugin_insn_data },
};

/* As in QEMU, a constant in a read-only segment; filled in. */
static const char version_text[] __attribute__((used, aligned(64))) =
    "                                                                \n";

const struct fake_release *fake_release;

bool fake_at_least(int number)
{
    return fake_release->number >= number;
}

static void make_writable(const void *start, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)start & ~(page - 1);

    if (mprotect((void *)from, (uintptr_t)start + size - from, PROT_READ | PROT_WRITE) < 0) {
        fake_die("can't edit the program: mprotect");
    }
}

struct names {
    char *strings;
    size_t size;
};

/* The strings of the dynamic symbols of the main program, which comes first. */
static int find_strings(struct dl_phdr_info *info, size_t size, void *data)
{
    struct names *names = data;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) {
            const ElfW(Dyn) *dyn = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);

            for (; dyn->d_tag != DT_NULL; dyn++) {
                if (dyn->d_tag == DT_STRTAB) {
                    names->strings = (char *)dyn->d_un.d_ptr;
                } else if (dyn->d_tag == DT_STRSZ) {
                    names->size = dyn->d_un.d_val;
                }
            }
        }
    }
    return 1;
}

static void hide(const struct names *names, const char *function)
{
    char full[80];
    char *at;
    size_t n = (size_t)snprintf(full, sizeof(full), "%cqemu_plugin_%s", '\0', function) + 1;

    at = memmem(names->strings, names->size, full, n);
    if (!at) {
        fake_die("%s is not exported by this program: check how it is linked", function);
    }
    at[1] = '-';
}

/* Text that is no version, found before the version in user mode. */
static const char decoy[] __attribute__((used)) = "under the terms of licence version 2.0 or later";

static void write_version(const char *name)
{
    char *text = (char *)version_text;
    int n;

    make_writable(text, sizeof(version_text));
    if (fake_machine.user) {
        n = sprintf(text, "qemu-%s version %s", fake_machine.target, name);
    } else {
        n = sprintf(text, "QEMU emulator version %s", name);
    }
    text[n] = ' ';
}

static void check_exports(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        if (dlsym(RTLD_DEFAULT, functions[i].name) != functions[i].address) {
            fake_die("%s is not exported by this program: check how it is linked",
                     functions[i].name);
        }
    }
}

void fake_become(const char *name)
{
    struct names names = { NULL, 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
        if (strcmp(releases[i].name, name) == 0) {
            fake_release = &releases[i];
        }
    }
    if (!fake_release) {
        fake_die("no such release: %s", name);
    }
    check_exports();
    write_version(name);
    dl_iterate_phdr(find_strings, &names);
    make_writable(names.strings, names.size);
    for (size_t i = 0; i < G_N_ELEMENTS(arrivals); i++) {
        if (!fake_at_least(arrivals[i].since)) {
            hide(&names, arrivals[i].name);
        }
    }
}
