/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions by address: the guest's kernel, a bare-metal program, the files of a user program.
 *
 * A function is known by where its symbol stands in what tells it, so that it is one function
 * before and after the kernel turns on the MMU. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/kernel.h"
#include "guest/program.h"
#include "session/functions.h"
#include "session/internal.h"

/* Symbols, and where they are in the guest. */
struct image {
    uint64_t start, end; /* guest addresses that belong to it */
    uint64_t bias;       /* guest address of the symbols' address 0 */
    const struct osi_symtab *symbols;
    const char *module;
};

struct osi_functions {
    GMutex lock;
    struct osi_kernel *program;
    char *program_name;
    _Atomic uint64_t early; /* where _text is while the MMU is off; 0: not known */
    GArray *mapped;         /* struct image, of user programs */
    GHashTable *programs;   /* struct osi_program by path */
    GHashTable *by_symbol;  /* struct known by (symbols, offset) */
    GHashTable *by_name;    /* number by "module\nname" */
    GStringChunk *texts;
    GPtrArray *by_number;
};

/* The key of by_symbol: a function with what it takes to find it again. */
struct known {
    struct osi_function function;
    const struct osi_symtab *symbols;
    uint64_t offset;
};

static guint known_hash(gconstpointer key)
{
    const struct known *known = key;

    return (guint)((known->offset * 0x9e3779b97f4a7c15ull) >> 32) ^ g_direct_hash(known->symbols);
}

static gboolean known_equal(gconstpointer a, gconstpointer b)
{
    const struct known *x = a, *y = b;

    return x->symbols == y->symbols && x->offset == y->offset;
}

static void free_program(void *program)
{
    osi_program_free(program);
}

struct osi_functions *osi_functions_new(void)
{
    struct osi_functions *functions = g_new0(struct osi_functions, 1);

    g_mutex_init(&functions->lock);
    functions->mapped = g_array_new(FALSE, FALSE, sizeof(struct image));
    functions->programs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_program);
    functions->by_symbol = g_hash_table_new_full(known_hash, known_equal, g_free, NULL);
    functions->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    functions->texts = g_string_chunk_new(4096);
    functions->by_number = g_ptr_array_new();
    return functions;
}

void osi_functions_free(struct osi_functions *functions)
{
    if (functions) {
        g_ptr_array_unref(functions->by_number);
        g_hash_table_destroy(functions->by_symbol);
        g_hash_table_destroy(functions->by_name);
        g_string_chunk_free(functions->texts);
        g_hash_table_destroy(functions->programs);
        g_array_unref(functions->mapped);
        osi_kernel_free(functions->program);
        g_free(functions->program_name);
        g_mutex_clear(&functions->lock);
        g_free(functions);
    }
}

void osi_functions_set_program(struct osi_functions *functions, struct osi_kernel *kernel)
{
    functions->program = kernel;
    functions->program_name = g_path_get_basename(osi_kernel_path(kernel));
}

const struct osi_kernel *osi_functions_program(const struct osi_functions *functions)
{
    return functions->program;
}

const char *osi_functions_name(const struct osi_functions *functions)
{
    if (functions->mapped->len) {
        return g_array_index(functions->mapped, struct image, 0).module;
    }
    return functions->program_name;
}

void osi_functions_set_early(struct osi_functions *functions, uint64_t text)
{
    atomic_store_explicit(&functions->early, text, memory_order_release);
}

/* ---- user programs ---- */
static struct osi_program *program_of(struct osi_functions *functions, const char *path)
{
    struct osi_program *program = NULL;

    if (!g_hash_table_lookup_extended(functions->programs, path, NULL, (void **)&program)) {
        program = osi_program_new(path);
        if (program) {
            g_hash_table_insert(functions->programs, g_strdup(path), program);
        }
    }
    return program;
}

static const struct image *mapped_at(const struct osi_functions *functions, uint64_t address)
{
    for (guint i = functions->mapped->len; i-- > 0;) {
        const struct image *image = &g_array_index(functions->mapped, struct image, i);

        if (address >= image->start && address < image->end) {
            return image;
        }
    }
    return NULL;
}

static void learn(struct osi_functions *functions, uint64_t address, const void *host)
{
    uint64_t there = (uint64_t)(uintptr_t)host, in_file = 0;
    struct osi_mapping mapping;
    struct osi_program *program;
    struct image image;

    if (!osi_mapping_find(host, &mapping)) {
        return;
    }
    program = program_of(functions, mapping.path);
    if (program && osi_program_address(program, mapping.offset + (there - mapping.start), &in_file)) {
        image = (struct image){ address - (there - mapping.start), address + (mapping.end - there),
                                address - in_file, osi_program_symbols(program),
                                osi_program_name(program) };
        g_array_append_val(functions->mapped, image);
    }
    g_free(mapping.path);
}

void osi_functions_learn(struct osi_functions *functions, uint64_t address, const void *host)
{
    g_mutex_lock(&functions->lock);
    if (host && !mapped_at(functions, address)) {
        learn(functions, address, host);
    }
    g_mutex_unlock(&functions->lock);
}

int osi_functions_address(struct osi_functions *functions, const char *name, uint64_t *address)
{
    bool found = false;
    uint64_t offset;

    g_mutex_lock(&functions->lock);
    if (functions->program) {
        found = osi_symtab_lookup(osi_kernel_symbols(functions->program), name, &offset);
        *address = osi_kernel_link_base(functions->program) + offset;
    }
    for (guint i = 0; i < functions->mapped->len && !found; i++) {
        const struct image *image = &g_array_index(functions->mapped, struct image, i);

        found = osi_symtab_lookup(image->symbols, name, &offset);
        *address = image->bias + offset;
    }
    g_mutex_unlock(&functions->lock);
    return found ? 0 : -ENOENT;
}

/* ---- asking ---- */
/* What the address belongs to; the lock is held. */
static bool image_of(const struct osi_session *session, uint64_t address, struct image *image)
{
    const struct osi_functions *functions = session->functions;
    const struct osi_kernel *kernel = session->guest ? osi_linux_kernel(session->guest) : NULL;
    uint64_t early = atomic_load_explicit(&functions->early, memory_order_acquire), base;
    const struct image *mapped = mapped_at(functions, address);

    if (mapped) {
        *image = *mapped;
        return true;
    }
    if (functions->program) {
        *image = (struct image){ 0, UINT64_MAX, osi_kernel_link_base(functions->program),
                                 osi_kernel_symbols(functions->program), functions->program_name };
        return true;
    }
    if (!kernel) {
        return false;
    }
    *image = (struct image){ .symbols = osi_kernel_symbols(kernel), .module = "[kernel]" };
    if (osi_linux_base(session->guest, &base) && address >= base) {
        image->bias = base;
        return true;
    }
    /* Later such an address is a user program's. */
    image->bias = early;
    return early && !osi_linux_located(session->guest, NULL) && address >= early &&
           address - early < osi_kernel_image_size(kernel);
}

static uint32_t intern(struct osi_functions *functions, const struct known *wanted)
{
    struct known *known = g_hash_table_lookup(functions->by_symbol, wanted);

    if (!known) {
        known = g_memdup2(wanted, sizeof(*wanted));
        g_ptr_array_add(functions->by_number, known);
        known->function.number = functions->by_number->len;
        g_hash_table_add(functions->by_symbol, known);
    }
    return known->function.number;
}

uint32_t osi_function_find(struct osi_session *session, uint64_t address, uint64_t *offset)
{
    struct osi_functions *functions = session->functions;
    uint32_t number = 0;
    struct known known = { .offset = 0 };
    struct image image;
    uint64_t size;

    *offset = 0;
    g_mutex_lock(&functions->lock);
    if (image_of(session, address, &image)) {
        known.function.name = osi_symtab_resolve(image.symbols, address - image.bias, offset, &size);
        if (known.function.name) {
            known.symbols = image.symbols;
            known.offset = address - image.bias - *offset;
            known.function.module = image.module;
            known.function.address = address - *offset;
            known.function.size = size;
            number = intern(functions, &known);
            if (known.function.name[0] == '.' && strstr(known.function.name, "plt")) {
                *offset = 0; /* a section of stubs: each instruction can be a function's first */
            }
        }
    }
    g_mutex_unlock(&functions->lock);
    return number;
}

uint32_t osi_function_unnamed(struct osi_session *session, uint64_t address)
{
    struct osi_functions *functions = session->functions;
    struct known known = { .offset = address };
    char name[24];
    uint32_t number;

    snprintf(name, sizeof(name), "0x%" G_GINT64_MODIFIER "x", address);
    g_mutex_lock(&functions->lock);
    known.function = (struct osi_function){ g_string_chunk_insert_const(functions->texts, name), "",
                                            address, 0, 0 };
    number = intern(functions, &known);
    g_mutex_unlock(&functions->lock);
    return number;
}

uint32_t osi_function_named(struct osi_session *session, const char *name, const char *module)
{
    struct osi_functions *functions = session->functions;
    char *both = g_strconcat(module, "\n", name, NULL);
    struct known *known;
    uint32_t number;

    g_mutex_lock(&functions->lock);
    number = GPOINTER_TO_UINT(g_hash_table_lookup(functions->by_name, both));
    if (!number) {
        known = g_new0(struct known, 1);
        known->function.name = g_string_chunk_insert_const(functions->texts, name);
        known->function.module = g_string_chunk_insert_const(functions->texts, module);
        known->offset = UINT64_MAX - functions->by_number->len; /* no other has it */
        known->symbols = (const void *)functions;
        g_ptr_array_add(functions->by_number, known);
        number = known->function.number = functions->by_number->len;
        g_hash_table_add(functions->by_symbol, known);
        g_hash_table_insert(functions->by_name, g_string_chunk_insert(functions->texts, both),
                            GUINT_TO_POINTER(number));
    }
    g_mutex_unlock(&functions->lock);
    g_free(both);
    return number;
}

uint32_t osi_function_at(struct osi_session *session, uint64_t address)
{
    uint64_t offset;

    return osi_function_find(session, address, &offset);
}

/* Found while the MMU was off: its address is another one now. */
static uint64_t address_now(const struct osi_session *session, const struct known *known)
{
    const struct osi_kernel *kernel = session->guest ? osi_linux_kernel(session->guest) : NULL;
    uint64_t base;

    return kernel && known->symbols == osi_kernel_symbols(kernel) &&
                   osi_linux_base(session->guest, &base)
               ? base + known->offset
               : known->function.address;
}

bool osi_function(struct osi_session *session, uint32_t number, struct osi_function *function)
{
    struct osi_functions *functions = session->functions;
    const struct known *known = NULL;

    g_mutex_lock(&functions->lock);
    if (number && number <= functions->by_number->len) {
        known = g_ptr_array_index(functions->by_number, number - 1);
        *function = known->function;
        function->address = address_now(session, known);
    }
    g_mutex_unlock(&functions->lock);
    return known != NULL;
}
