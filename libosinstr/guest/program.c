/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User programs: user-mode QEMU maps them like any process, so /proc/self/maps tells which file it is. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "guest/elf.h"
#include "guest/program.h"
#include "guest/symname.h"
#include "guest/symtab.h"

struct osi_program {
    char *path, *name;
    GMappedFile *file; /* symbol names stay valid with the table, which copies them; segments are read here */
    struct osi_elf elf;
    struct osi_symtab *symbols;
};

/* Symbols on their way into the table. */
struct pour {
    struct osi_symtab *symbols;
    GHashTable *addresses; /* that have a name */
    GArray *extents;       /* struct extent, of .dynsym */
};

struct extent {
    uint64_t start, end;
};

/* Code only: a variable behind the last function would else swallow what follows it. */
static void add_symbol(void *data, uint64_t address, char type, const char *name)
{
    struct pour *pour = data;

    if (strchr("tTwWi", type) && !osi_symname_is_noise(name)) {
        osi_symtab_add(pour->symbols, address, type, name);
        g_hash_table_add(pour->addresses, g_memdup2(&address, sizeof(address)));
    }
}

static void add_sized_symbol(void *data, uint64_t address, uint64_t size, char type,
                             const char *name)
{
    struct pour *pour = data;
    struct extent extent = { address, address + size };

    add_symbol(data, address, type, name);
    if (size && g_hash_table_contains(pour->addresses, &address)) {
        g_array_append_val(pour->extents, extent);
    }
}

static int by_start(gconstpointer left, gconstpointer right)
{
    const struct extent *a = left, *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

/* Functions that nobody else may use have no name there; they are not the function before them. */
static void add_gaps(struct pour *pour)
{
    uint64_t end = 0;

    g_array_sort(pour->extents, by_start);
    for (guint i = 0; i <= pour->extents->len; i++) {
        const struct extent *next = i < pour->extents->len
                                        ? &g_array_index(pour->extents, struct extent, i) : NULL;

        if (end && (!next || next->start > end) &&
            !g_hash_table_contains(pour->addresses, &end)) {
            osi_symtab_add(pour->symbols, end, 't', "[unnamed]");
            g_hash_table_add(pour->addresses, g_memdup2(&end, sizeof(end)));
        }
        end = next ? MAX(end, next->end) : end;
    }
}

/* The stubs of a .plt have no names; without this they would be the function before them. */
static void add_section(void *data, uint64_t address, char type, const char *name)
{
    struct pour *pour = data;

    if (!g_hash_table_contains(pour->addresses, &address)) {
        osi_symtab_add(pour->symbols, address, type, name);
    }
}

static void read_symbols(struct osi_program *program)
{
    struct pour pour = {
        program->symbols, g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        g_array_new(FALSE, FALSE, sizeof(struct extent)),
    };

    if (osi_elf_symbols(&program->elf, add_symbol, &pour) &&
        osi_elf_dynamic_symbols(&program->elf, add_sized_symbol, &pour) == 0) {
        add_gaps(&pour);
    }
    osi_elf_code_sections(&program->elf, add_section, &pour);
    osi_symtab_finish(program->symbols);
    g_hash_table_destroy(pour.addresses);
    g_array_unref(pour.extents);
}

static bool open_elf(struct osi_program *program)
{
    size_t size;
    const uint8_t *bytes;

    program->file = g_mapped_file_new(program->path, FALSE, NULL);
    if (!program->file) {
        return false;
    }
    size = g_mapped_file_get_length(program->file);
    bytes = (const uint8_t *)g_mapped_file_get_contents(program->file);
    return osi_elf_recognise(bytes, size) &&
           osi_elf_open(bytes, size, program->path, &program->elf, NULL) == 0;
}

struct osi_program *osi_program_new(const char *path)
{
    struct osi_program *program = g_new0(struct osi_program, 1);

    program->path = g_strdup(path);
    program->name = g_path_get_basename(path);
    program->symbols = osi_symtab_new();
    if (!open_elf(program)) {
        osi_program_free(program);
        return NULL;
    }
    read_symbols(program);
    return program;
}

void osi_program_free(struct osi_program *program)
{
    if (program) {
        osi_symtab_free(program->symbols);
        if (program->file) {
            g_mapped_file_unref(program->file);
        }
        g_free(program->path);
        g_free(program->name);
        g_free(program);
    }
}

const char *osi_program_name(const struct osi_program *program)
{
    return program->name;
}

const char *osi_program_path(const struct osi_program *program)
{
    return program->path;
}

const struct osi_symtab *osi_program_symbols(const struct osi_program *program)
{
    return program->symbols;
}

bool osi_program_address(const struct osi_program *program, uint64_t offset, uint64_t *address)
{
    return osi_elf_address(&program->elf, offset, address);
}

/* ---- which file is mapped here ---- */
static bool parse_line(const char *line, uint64_t address, struct osi_mapping *mapping)
{
    unsigned long long start, end, offset;
    int path = 0;

    if (sscanf(line, "%llx-%llx %*4s %llx %*s %*s %n", &start, &end, &offset, &path) != 3 ||
        address < start || address >= end || line[path] != '/') {
        return false;
    }
    *mapping = (struct osi_mapping){ start, end, offset, g_strndup(line + path, strcspn(line + path, "\n")) };
    return true;
}

bool osi_mapping_find(const void *address, struct osi_mapping *mapping)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (maps && !found && getline(&line, &room, maps) > 0) {
        found = parse_line(line, (uint64_t)(uintptr_t)address, mapping);
    }
    free(line);
    if (maps) {
        fclose(maps);
    }
    return found;
}
