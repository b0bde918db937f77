/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which QEMU is this, and which interface version should a plugin declare?
 *
 * QEMU reads `qemu_plugin_version` once, after the plugin's constructors ran, and
 * refuses what lies outside its range: 2…6 for QEMU 9.0 to 11.0, 7… from 11.1 on.
 * Exported functions tell releases apart up to 11.0; 11.1 added none, so there the
 * release is read from the "QEMU emulator version X.Y" text in the main program.
 * OSINSTR_QEMU_API overrides the guess for development builds of QEMU.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osinstr/plugin.h>

#include "host/qemu.h"

static struct qp_functions functions;
static const char *missing;
static char refusal[160];

static void *host_symbol(const char *name)
{
    char full[64];

    snprintf(full, sizeof(full), "qemu_plugin_%s", name);
    return dlsym(RTLD_DEFAULT, full);
}

static void resolve(void)
{
    static bool resolved;

    if (resolved) {
        return;
    }
    resolved = true;
#define QP_RESOLVE(fn, ret, params, needed) \
    *(void **)&functions.fn = host_symbol(#fn); \
    if (needed && !functions.fn && !missing) { \
        missing = #fn; \
    }
    QP_FUNCTIONS(QP_RESOLVE)
#undef QP_RESOLVE
    functions.insn_data = host_symbol("insn_data");
}

const struct qp_functions *osi_qemu_functions(void)
{
    resolve();
    return &functions;
}

const char *osi_qemu_missing(void)
{
    resolve();
    return missing;
}

struct release {
    int major, minor;
};

/* "qemu-aarch64" right before `at`: what user-mode QEMU calls itself. Other texts speak of versions
 * as well (licences do). The segment is read as it lies in memory, where the address sanitizer minds
 * what is between two objects. */
__attribute__((no_sanitize_address))
static bool follows_program_name(const char *start, const char *at)
{
    const char *name = at;

    while (name > start && (g_ascii_isalnum(name[-1]) || name[-1] == '_') && at - name < 32) {
        name--;
    }
    return name - start >= 5 && memcmp(name - 5, "qemu-", 5) == 0;
}

static bool parse_release(const char *start, size_t size, const char *marker, bool named,
                          struct release *out)
{
    const char *end = start + size;
    const char *from = start;
    const char *at;

    while ((at = memmem(from, (size_t)(end - from), marker, strlen(marker)))) {
        const char *number = at + strlen(marker);

        if ((!named || follows_program_name(start, at)) && number + 8 < end &&
            sscanf(number, "%d.%d", &out->major, &out->minor) == 2) {
            return true;
        }
        from = at + 1;
    }
    return false;
}

/* The first object is the main program; its version text stands in a read-only segment. */
static int search_main_program(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const char *start = (const char *)(info->dlpi_addr + segment->p_vaddr);

        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) || !(segment->p_flags & PF_R)) {
            continue;
        }
        if (parse_release(start, segment->p_memsz, "QEMU emulator version ", false, data) ||
            parse_release(start, segment->p_memsz, " version ", true, data)) {
            return 1;
        }
    }
    return 1; /* never look at libraries */
}

bool osi_qemu_release(int *major, int *minor)
{
    struct release release = { 0, 0 };

    dl_iterate_phdr(search_main_program, &release);
    *major = release.major;
    *minor = release.minor;
    return release.major >= 2;
}

static bool at_least_11_1(void)
{
    int major, minor;

    /* set_pc came with 11.0, so without it the text need not be searched. */
    if (!host_symbol("set_pc")) {
        return false;
    }
    return osi_qemu_release(&major, &minor) && (major > 11 || (major == 11 && minor >= 1));
}

int osi_plugin_declare_version(void)
{
    const char *override = getenv("OSINSTR_QEMU_API");

    if (override && *override) {
        return atoi(override);
    }
    return at_least_11_1() ? 7 : 2;
}

const char *osi_plugin_check_host(void)
{
    int major, minor;

    if (host_symbol("scoreboard_new")) {
        return NULL;
    }
    if (osi_qemu_release(&major, &minor)) {
        snprintf(refusal, sizeof(refusal),
                 "osinstr needs QEMU 9.0 or later (9.2 to know a guest's tasks); this is QEMU %d.%d",
                 major, minor);
    } else {
        snprintf(refusal, sizeof(refusal),
                 "osinstr needs QEMU 9.0 or later (9.2 to know a guest's tasks); "
                 "this host has no per-vCPU counters (qemu_plugin_scoreboard_new)");
    }
    return refusal;
}
