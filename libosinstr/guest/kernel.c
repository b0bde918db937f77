/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps and answers what is known of a kernel. */
#include "guest/kernel.h"

#include <errno.h>
#include <string.h>

#include "guest/btf.h"
#include "guest/kernel-internal.h"

struct osi_kernel *osi_kernel_new(const char *path, const char *symbol_source)
{
    struct osi_kernel *kernel = g_new0(struct osi_kernel, 1);

    kernel->symbols = osi_symtab_new();
    kernel->path = g_strdup(path);
    kernel->symbol_source = g_strdup(symbol_source);
    kernel->banner_offset = OSI_KERNEL_NO_OFFSET;
    return kernel;
}

void osi_kernel_free(struct osi_kernel *kernel)
{
    if (!kernel) {
        return;
    }
    osi_symtab_free(kernel->symbols);
    osi_types_free(kernel->types);
    g_free(kernel->banner);
    g_free(kernel->release);
    g_free(kernel->symbol_source);
    g_free(kernel->path);
    g_free(kernel->types_path);
    g_free(kernel->provenance);
    if (kernel->bytes) {
        g_bytes_unref(kernel->bytes);
    }
    g_free(kernel);
}

/* Filling */

void osi_kernel_set_banner(struct osi_kernel *kernel, char *banner, uint64_t offset)
{
    /* "Linux version " and the release, up to a blank. */
    const char *release = banner ? banner + strlen("Linux version ") : NULL;

    if (release) {
        kernel->banner = banner;
        kernel->banner_offset = offset;
        kernel->release = g_strndup(release, strcspn(release, " "));
    }
}

void osi_kernel_set_types(struct osi_kernel *kernel, const uint8_t *blob, size_t size)
{
    struct osi_btf_place place;

    if (blob && osi_btf_check(blob, size, &place)) {
        kernel->types = osi_types_new(blob, place.length);
        kernel->types_path = g_strdup(kernel->path);
    }
}

static void describe(struct osi_kernel *kernel)
{
    GString *text = g_string_new(NULL);
    bool apart = kernel->types && strcmp(kernel->path, kernel->types_path);

    g_string_printf(text, "%s (%zu symbols)", kernel->symbol_source,
                    osi_symtab_count(kernel->symbols));
    if (apart) {
        g_string_append_printf(text, " from %s", kernel->path);
    }
    if (kernel->types) {
        g_string_append_printf(text, " and BTF (%u types)", osi_types_count(kernel->types));
    }
    g_string_append_printf(text, " from %s", apart ? kernel->types_path : kernel->path);
    g_free(kernel->provenance);
    kernel->provenance = g_string_free(text, FALSE);
}

int osi_kernel_finish(struct osi_kernel *kernel, struct osi_error *err)
{
    osi_symtab_finish(kernel->symbols);
    if (!osi_symtab_count(kernel->symbols)) {
        return osi_fail(err, -ENOENT, "%s has no usable symbols", kernel->path);
    }
    describe(kernel);
    return 0;
}

/* Asking */

const char *osi_kernel_path(const struct osi_kernel *kernel)
{
    return kernel->path;
}

bool osi_kernel_is_linux(const struct osi_kernel *kernel)
{
    return kernel->is_linux;
}

uint64_t osi_kernel_link_base(const struct osi_kernel *kernel)
{
    return kernel->link_base;
}

uint64_t osi_kernel_image_size(const struct osi_kernel *kernel)
{
    return kernel->image_size;
}

const struct osi_symtab *osi_kernel_symbols(const struct osi_kernel *kernel)
{
    return kernel->symbols;
}

const char *osi_kernel_banner(const struct osi_kernel *kernel, uint64_t *offset)
{
    if (offset) {
        *offset = kernel->banner_offset;
    }
    return kernel->banner;
}

const char *osi_kernel_release(const struct osi_kernel *kernel)
{
    return kernel->release;
}

const char *osi_kernel_provenance(const struct osi_kernel *kernel)
{
    return kernel->provenance;
}

const uint8_t *osi_kernel_bytes(const struct osi_kernel *kernel, uint64_t offset, size_t size)
{
    const uint8_t *bytes;
    size_t length;

    if (kernel->is_elf) {
        return osi_elf_bytes(&kernel->elf, kernel->link_base + offset, size);
    }
    if (!kernel->bytes) {
        return NULL;
    }
    bytes = g_bytes_get_data(kernel->bytes, &length);
    return offset <= length && size <= length - offset ? bytes + offset : NULL;
}

/* Types */

bool osi_kernel_has_types(const struct osi_kernel *kernel)
{
    return kernel->types != NULL;
}

int osi_kernel_offset(const struct osi_kernel *kernel, const char *type, const char *path,
                      uint32_t *offset, uint32_t *size)
{
    return kernel->types ? osi_types_offset(kernel->types, type, path, offset, size) : -ENODATA;
}

int osi_kernel_type_size(const struct osi_kernel *kernel, const char *type, uint32_t *size)
{
    return kernel->types ? osi_types_size(kernel->types, type, size) : -ENODATA;
}

int osi_kernel_percpu(const struct osi_kernel *kernel, const char *variable, uint32_t *offset)
{
    return kernel->types ? osi_types_percpu(kernel->types, variable, offset) : -ENODATA;
}

int osi_kernel_arguments(const struct osi_kernel *kernel, const char *function)
{
    return kernel->types ? osi_types_arguments(kernel->types, function) : -ENODATA;
}

int osi_kernel_adopt_types(struct osi_kernel *into, struct osi_kernel *from)
{
    if (!from->types) {
        return -ENODATA;
    }
    if (into->banner && from->banner && strcmp(into->banner, from->banner)) {
        return -EINVAL;
    }
    osi_types_free(into->types);
    g_free(into->types_path);
    into->types = g_steal_pointer(&from->types);
    into->types_path = g_steal_pointer(&from->types_path);
    describe(into);
    describe(from);
    return 0;
}
