/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where does the kernel run?
 *
 *     kernel unknown ──(vector base in the kernel half; header below it)──▶ read from memory
 *     kernel known   ──(vector base - offset of `vectors`; banner there)──▶ located
 *     located        ──(the kernel's first code runs again)───────────────▶ known
 *
 * The vector base register is set within the first instructions at kernel addresses,
 * so nothing is missed. It can also hold the trampoline that KPTI maps while user code
 * runs: a candidate counts only if the kernel's banner ("Linux version …") is found where
 * it should be, byte by byte.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/linux-internal.h"

#define PAGE 4096u
#define IMAGE_ALIGN 0x10000ull       /* _text lies at least so aligned (arm64: SEGMENT_ALIGN) */
#define SEARCH_BACK (64ull << 20)
#define MAX_IMAGE (256ull << 20)
#define HEADER_SIZE 64
#define HEADER_IMAGE_SIZE 16         /* Documentation/arch/arm64/booting.rst */
#define HEADER_MAGIC 56
#define BANNER_CHECK 64
#define MIN_FIRST 8                  /* a block may end soon */

bool osi_linux_located(const struct osi_linux *guest, uint64_t *base)
{
    bool located = atomic_load_explicit(&guest->located, memory_order_acquire);

    if (located && base) {
        *base = atomic_load_explicit(&guest->base, memory_order_relaxed);
    }
    return located;
}

bool osi_linux_base(const struct osi_linux *guest, uint64_t *base)
{
    *base = atomic_load_explicit(&guest->base, memory_order_acquire);
    return *base != 0;
}

static int read_guest(struct osi_linux *guest, uint64_t address, void *to, size_t size)
{
    return osi_host_read_memory(guest->host, address, to, size);
}

static bool banner_is_at(struct osi_linux *guest, uint64_t base)
{
    const char *banner;
    uint64_t offset;
    char seen[BANNER_CHECK];
    size_t size;

    banner = osi_kernel_banner(guest->kernel, &offset);
    if (!banner || offset == OSI_KERNEL_NO_OFFSET) {
        return true; /* symbols from a text file: nothing to compare with */
    }
    size = MIN(strlen(banner), sizeof(seen));
    return read_guest(guest, base + offset, seen, size) == 0 && memcmp(seen, banner, size) == 0;
}

/* Reads the whole image; what can't be read stays zero. */
static uint8_t *read_image(struct osi_linux *guest, uint64_t base, uint64_t size)
{
    uint8_t *bytes = g_malloc0(size);

    for (uint64_t at = 0; at < size; at += PAGE) {
        read_guest(guest, base + at, bytes + at, MIN(PAGE, size - at));
    }
    return bytes;
}

static bool find_header(struct osi_linux *guest, uint64_t vectors, uint64_t *base, uint64_t *size)
{
    uint8_t header[HEADER_SIZE];

    for (uint64_t at = vectors & ~(IMAGE_ALIGN - 1); vectors - at < SEARCH_BACK;
         at -= IMAGE_ALIGN) {
        if (read_guest(guest, at, header, sizeof(header))) {
            continue;
        }
        if (memcmp(header + HEADER_MAGIC, "ARM\x64", 4) == 0) {
            memcpy(size, header + HEADER_IMAGE_SIZE, sizeof(*size));
            *base = at;
            return *size > HEADER_SIZE && *size <= MAX_IMAGE;
        }
    }
    return false;
}

/* The kernel came from a disk or a firmware: take it from memory. */
static int recover(struct osi_linux *guest, uint64_t vectors, struct osi_error *err)
{
    uint64_t base, size;
    uint8_t *bytes;
    int rc;

    if (!find_header(guest, vectors, &base, &size)) {
        return osi_fail(err, -ENOENT, "no kernel image around its exception vectors");
    }
    bytes = read_image(guest, base, size);
    rc = osi_kernel_from_memory(bytes, size, base, &guest->kernel, err);
    g_free(bytes);
    if (rc == 0) {
        rc = osi_linux_learn(guest, err);
        if (rc) {
            osi_kernel_free(guest->kernel);
            guest->kernel = NULL;
        }
    }
    return rc;
}

/* The first code at kernel addresses, as it is in memory now: behind a firmware's loader it is the
 * only first code there is. */
static void remember_first(struct osi_linux *guest, uint64_t base)
{
    uint64_t offset;

    if (osi_symtab_lookup(osi_kernel_symbols(guest->kernel), "__primary_switched", &offset) &&
        read_guest(guest, base + offset, guest->first, sizeof(guest->first)) == 0) {
        atomic_store_explicit(&guest->first_known, true, memory_order_release);
    }
}

static int try_vectors(struct osi_linux *guest, unsigned vcpu, uint64_t vectors,
                       struct osi_error *err)
{
    uint64_t offset, base;
    int rc;

    if (!guest->kernel) {
        rc = recover(guest, vectors, err);
        if (rc) {
            return rc;
        }
    }
    if (!osi_symtab_lookup(osi_kernel_symbols(guest->kernel), "vectors", &offset)) {
        return osi_fail(err, -ENOENT, "the kernel's symbols lack `vectors`");
    }
    base = vectors - offset;
    if ((base & (PAGE - 1)) || !banner_is_at(guest, base)) {
        return osi_fail(err, -ENOENT, "the running kernel is not the one of %s",
                        osi_linux_provenance(guest));
    }
    atomic_store_explicit(&guest->base, base, memory_order_relaxed);
    rc = osi_linux_attach(guest, vcpu, err);
    if (rc == 0) {
        remember_first(guest, base);
        atomic_store_explicit(&guest->located, true, memory_order_release);
    } else {
        atomic_store_explicit(&guest->base, 0, memory_order_relaxed);
    }
    return rc;
}

void osi_linux_look(struct osi_linux *guest, unsigned vcpu)
{
    struct osi_error err = { "" };
    uint64_t vectors;

    g_mutex_lock(&guest->lock);
    guest->looks++;
    for (const char *const *name = guest->arch->vectors;
         *name && !osi_linux_located(guest, NULL); name++) {
        if (osi_host_register(guest->host, vcpu, *name, &vectors) ||
            !guest->arch->is_kernel(vectors) || vectors == guest->failed_vectors) {
            continue;
        }
        if (try_vectors(guest, vcpu, vectors, &err)) {
            guest->failed_vectors = vectors;
            g_strlcpy(guest->trouble, err.text, sizeof(guest->trouble));
        }
    }
    g_mutex_unlock(&guest->lock);
}

const char *osi_linux_trouble(const struct osi_linux *guest)
{
    if (guest->trouble[0]) {
        return guest->trouble;
    }
    return guest->looks ? "the guest ran in the kernel's half of the address space, but never set "
                          "its exception vectors there"
                        : "the guest never ran at kernel addresses: no Linux kernel, or it did not "
                          "get that far";
}

/* The first instruction of an arm64 Image is the "MZ" of a PE header, a harmless ccmp; an EFI loader
 * enters elsewhere. */
bool osi_linux_is_entry(const struct osi_linux *guest, uint64_t address, const void *bytes,
                        size_t size)
{
    const uint8_t *entry;

    if (guest->arch->is_kernel(address)) {
        return size >= MIN_FIRST && atomic_load_explicit(&guest->first_known, memory_order_acquire) &&
               memcmp(bytes, guest->first, MIN(size, sizeof(guest->first))) == 0;
    }
    entry = guest->kernel ? osi_kernel_bytes(guest->kernel, 0, 4) : NULL;

    return entry && size >= 4 && memcmp(bytes, entry, 4) == 0 && memcmp(bytes, "MZ", 2) == 0;
}

void osi_linux_restart(struct osi_linux *guest, unsigned vcpu)
{
    (void)vcpu;
    g_mutex_lock(&guest->lock);
    if (atomic_exchange(&guest->located, false)) {
        atomic_store_explicit(&guest->base, 0, memory_order_relaxed);
        guest->client->unhook_all(guest->session);
        osi_tasks_forget_all(guest->tasks);
    }
    guest->failed_vectors = 0;
    g_mutex_unlock(&guest->lock);
}
