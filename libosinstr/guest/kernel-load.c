/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learns a kernel from a file, by what is in it, or from memory. */
#include "guest/kernel.h"

#include <errno.h>
#include <string.h>

#include "guest/btf.h"
#include "guest/image.h"
#include "guest/kallsyms.h"
#include "guest/kernel-internal.h"
#include "guest/marks.h"
#include "guest/symfile.h"
#include "guest/unpack.h"

/* What a copy of memory leaves behind: enough to compare the first instructions. */
#define KEPT_OF_MEMORY 4096

struct source {
    const char *path;
    GBytes *owner;
    const uint8_t *bytes;
    size_t size;
};

/* What symbols are poured into while they are read. */
struct pour {
    struct osi_symtab *tab;
    struct osi_marks marks;
};

static void pour_symbol(void *data, uint64_t address, char type, const char *name)
{
    struct pour *pour = data;

    osi_symtab_add(pour->tab, address, type, name);
    osi_marks_note(&pour->marks, address, type, name);
}

/* Frees what could not be finished. */
static int settle(int rc, struct osi_kernel *made, struct osi_kernel **kernel,
                  struct osi_error *err)
{
    if (!rc) {
        rc = osi_kernel_finish(made, err);
    }
    if (rc) {
        osi_kernel_free(made);
        return rc;
    }
    *kernel = made;
    return 0;
}

/* Makes addresses relative to the image's start. */
static void rebase(struct osi_kernel *kernel, const struct osi_marks *marks, uint64_t origin)
{
    kernel->is_linux = true;
    kernel->link_base = origin;
    kernel->image_size = osi_marks_size(marks, origin);
    osi_symtab_rebase(kernel->symbols, origin, kernel->image_size);
}

/* Flat images, from a file or from memory */

static int image_symbols(const struct source *source, uint64_t runtime_text,
                         struct osi_kernel *kernel, struct osi_error *err)
{
    struct osi_error why = { "" };
    struct osi_kallsyms table;
    uint64_t base_offset;
    int rc;

    rc = osi_kallsyms_find(source->bytes, source->size, &table, &why);
    if (!rc) {
        rc = osi_image_symbols(source->bytes, source->size, &table, runtime_text, kernel->symbols,
                               &base_offset, &why);
    }
    if (rc) {
        return osi_fail(err, rc, "%s: %s", source->path, why.text);
    }
    /* Relocations that are small enough are kept in the place that they fill. */
    kernel->link_base = table.base && !runtime_text
                            ? table.base - base_offset
                            : osi_image_link_base(source->bytes, source->size, &table, base_offset);
    return 0;
}

static int load_image(const struct source *source, uint64_t runtime_text,
                      struct osi_kernel **kernel, struct osi_error *err)
{
    struct osi_kernel *made = osi_kernel_new(source->path, "kallsyms");
    struct osi_btf_place btf;
    uint64_t offset;
    char *banner;
    int rc;

    made->is_linux = true;
    made->image_size = osi_image_size(source->bytes, source->size);
    made->bytes = source->owner ? g_bytes_ref(source->owner)
                                : g_bytes_new(source->bytes, MIN(source->size, KEPT_OF_MEMORY));
    rc = image_symbols(source, runtime_text, made, err);
    if (!rc && osi_btf_find(source->bytes, source->size, &btf)) {
        osi_kernel_set_types(made, source->bytes + btf.offset, btf.length);
    }
    banner = rc ? NULL : osi_image_banner(source->bytes, source->size, &offset);
    if (banner) {
        osi_kernel_set_banner(made, banner, offset);
    }
    return settle(rc, made, kernel, err);
}

static int load_packed(const struct source *source, struct osi_kernel **kernel,
                       struct osi_error *err)
{
    GBytes *unpacked = osi_unpack(source->bytes, source->size, source->path, err);
    struct source inner = { .path = source->path, .owner = unpacked };
    int rc;

    if (!unpacked) {
        return -EINVAL;
    }
    inner.bytes = g_bytes_get_data(unpacked, &inner.size);
    if (osi_image_recognise(inner.bytes, inner.size)) {
        rc = load_image(&inner, 0, kernel, err);
    } else {
        rc = osi_fail(err, -EINVAL, "%s: what is packed inside is not an arm64 kernel Image",
                      source->path);
    }
    g_bytes_unref(unpacked);
    return rc;
}

/* ELF files */

/* Linux has types of its own, or a banner and a first task; a bare-metal program may well have a
 * _text. */
static bool is_linux_elf(const struct osi_elf *elf, const struct osi_marks *marks)
{
    size_t size;

    return osi_elf_section(elf, ".BTF", &size) ||
           (osi_marks_have(marks, OSI_MARK_BANNER) && osi_marks_have(marks, OSI_MARK_INIT_TASK));
}

static void elf_banner(struct osi_kernel *kernel, const struct osi_marks *marks)
{
    uint64_t offset = marks->value[OSI_MARK_BANNER] - kernel->link_base, at;
    const uint8_t *bytes = NULL;

    /* How long it is shows only by looking; less than this is not a banner. */
    for (size_t size = 512; osi_marks_have(marks, OSI_MARK_BANNER) && !bytes && size >= 32;
         size /= 2) {
        bytes = osi_kernel_bytes(kernel, offset, size);
        if (bytes) {
            osi_kernel_set_banner(kernel, osi_image_banner(bytes, size, &at), offset);
        }
    }
}

static int load_elf(const struct source *source, struct osi_kernel **kernel, struct osi_error *err)
{
    struct osi_kernel *made = osi_kernel_new(source->path, "ELF symbols");
    struct pour pour = { .tab = made->symbols };
    const uint8_t *btf;
    uint64_t origin;
    size_t size;
    int rc;

    made->bytes = g_bytes_ref(source->owner);
    rc = osi_elf_open(source->bytes, source->size, source->path, &made->elf, err);
    if (!rc && osi_elf_symbols(&made->elf, pour_symbol, &pour)) {
        rc = osi_fail(err, -ENOENT, "%s has no symbols (stripped)", source->path);
    }
    made->is_elf = true;
    if (!rc && is_linux_elf(&made->elf, &pour.marks) && osi_marks_origin(&pour.marks, &origin)) {
        rebase(made, &pour.marks, origin);
        btf = osi_elf_section(&made->elf, ".BTF", &size);
        osi_kernel_set_types(made, btf, btf ? size : 0);
        elf_banner(made, &pour.marks);
    }
    return settle(rc, made, kernel, err);
}

/* Text files */

static int load_text(const struct source *source, struct osi_kernel **kernel, struct osi_error *err)
{
    struct osi_kernel *made = osi_kernel_new(source->path, "symbol list");
    struct pour pour = { .tab = made->symbols };
    uint64_t origin;
    int rc;

    rc = osi_symfile_read((const char *)source->bytes, source->size, source->path, pour_symbol,
                          &pour, err);
    if (!rc && !osi_marks_origin(&pour.marks, &origin)) {
        rc = osi_fail(
            err, -EINVAL,
            "%s: neither _text nor _stext is in the list, so that its addresses mean nothing",
            source->path);
    }
    if (!rc) {
        rebase(made, &pour.marks, origin);
    }
    return settle(rc, made, kernel, err);
}

/* Recognition */

static bool is_x86_boot_image(const struct source *source)
{
    return source->size > 0x206 && !memcmp(source->bytes + 0x202, "HdrS", 4);
}

static int load(const struct source *source, struct osi_kernel **kernel, struct osi_error *err)
{
    const uint8_t *bytes = source->bytes;
    size_t size = source->size;

    if (!size) {
        return osi_fail(err, -EINVAL, "%s is empty", source->path);
    }
    if (osi_elf_recognise(bytes, size)) {
        return load_elf(source, kernel, err);
    }
    if (osi_image_recognise(bytes, size)) {
        return load_image(source, 0, kernel, err);
    }
    if (osi_unpack_recognise(bytes, size)) {
        return load_packed(source, kernel, err);
    }
    if (is_x86_boot_image(source)) {
        return osi_fail(
            err, -EINVAL,
            "%s is a packed x86 kernel (bzImage), which hides its symbols: give vmlinux or "
            "System.map",
            source->path);
    }
    if (osi_symfile_recognise((const char *)bytes, size)) {
        return load_text(source, kernel, err);
    }
    return osi_fail(
        err, -EINVAL,
        "%s is none of these: arm64 kernel Image, ELF file, System.map, saved /proc/kallsyms",
        source->path);
}

int osi_kernel_from_file(const char *path, struct osi_kernel **kernel, struct osi_error *err)
{
    struct source source = { .path = path };
    GError *error = NULL;
    GMappedFile *file;
    int rc;

    *kernel = NULL;
    file = g_mapped_file_new(path, FALSE, &error);
    if (!file) {
        rc = osi_fail(err, -EIO, "cannot read the kernel: %s", error->message);
        g_error_free(error);
        return rc;
    }
    source.owner = g_mapped_file_get_bytes(file);
    g_mapped_file_unref(file);
    source.bytes = g_bytes_get_data(source.owner, &source.size);
    rc = load(&source, kernel, err);
    g_bytes_unref(source.owner);
    return rc;
}

int osi_kernel_from_memory(const uint8_t *bytes, size_t size, uint64_t runtime_text,
                           struct osi_kernel **kernel, struct osi_error *err)
{
    struct source source = { .path = "guest memory", .bytes = bytes, .size = size };

    *kernel = NULL;
    return load_image(&source, runtime_text, kernel, err);
}
