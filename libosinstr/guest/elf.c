/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads ELF files of 32 and 64 bits through records of its own, which hold the larger of both. */
#include "guest/elf.h"

#include <errno.h>
#include <string.h>

#include <elf.h>
#include <glib.h>

struct section {
    uint32_t name, type, link;
    uint64_t flags, address, offset, size;
};

struct segment {
    uint32_t type;
    uint64_t offset, address, size;
};

struct symbol {
    uint32_t name;
    uint8_t info;
    uint16_t section;
    uint64_t value, size;
};

/* `count` elements of `each` bytes at `offset` are in the file. */
static bool holds(const struct osi_elf *elf, uint64_t offset, uint64_t count, uint64_t each)
{
    return offset <= elf->size && (!each || count <= (elf->size - offset) / each);
}

/* Copies one record of the file's own class and takes the members over. */
#define READ(elf, at, record, type32, type64, ...)                                                 \
    do {                                                                                           \
        if ((elf)->is64) {                                                                         \
            type64 raw;                                                                            \
            memcpy(&raw, (elf)->bytes + (at), sizeof(raw));                                        \
            *(record) = (__typeof__(*(record))){ __VA_ARGS__ };                                    \
        } else {                                                                                   \
            type32 raw;                                                                            \
            memcpy(&raw, (elf)->bytes + (at), sizeof(raw));                                        \
            *(record) = (__typeof__(*(record))){ __VA_ARGS__ };                                    \
        }                                                                                          \
    } while (0)

static size_t section_size(const struct osi_elf *elf)
{
    return elf->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

static bool get_section(const struct osi_elf *elf, uint32_t index, struct section *section)
{
    if (index >= elf->section_count) {
        return false;
    }
    READ(elf, elf->sections + index * section_size(elf), section, Elf32_Shdr, Elf64_Shdr,
         .name = raw.sh_name, .type = raw.sh_type, .link = raw.sh_link, .flags = raw.sh_flags,
         .address = raw.sh_addr, .offset = raw.sh_offset, .size = raw.sh_size);
    /* A section without bits may claim any size. */
    return section->type == SHT_NOBITS || holds(elf, section->offset, section->size, 1);
}

static size_t segment_size(const struct osi_elf *elf)
{
    return elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static void get_segment(const struct osi_elf *elf, uint32_t index, struct segment *segment)
{
    READ(elf, elf->segments + index * segment_size(elf), segment, Elf32_Phdr, Elf64_Phdr,
         .type = raw.p_type, .offset = raw.p_offset, .address = raw.p_vaddr, .size = raw.p_filesz);
}

bool osi_elf_recognise(const uint8_t *bytes, size_t size)
{
    return size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

struct header {
    uint16_t type;
    uint64_t sections, segments;
    uint16_t section_count, segment_count, names, section_size, segment_size;
};

static bool tables_hold(const struct osi_elf *elf, const struct header *h)
{
    return (!h->section_count || h->section_size == section_size(elf)) &&
           (!h->segment_count || h->segment_size == segment_size(elf)) &&
           holds(elf, h->sections, h->section_count, section_size(elf)) &&
           holds(elf, h->segments, h->segment_count, segment_size(elf));
}

int osi_elf_open(const uint8_t *bytes, size_t size, const char *path, struct osi_elf *elf,
                 struct osi_error *err)
{
    struct header h;

    *elf = (struct osi_elf){ .bytes = bytes, .size = size };
    if (size < sizeof(Elf64_Ehdr)) {
        return osi_fail(err, -EINVAL, "%s: the ELF file is cut short", path);
    }
    if (bytes[EI_DATA] != ELFDATA2LSB || bytes[EI_CLASS] < ELFCLASS32 ||
        bytes[EI_CLASS] > ELFCLASS64) {
        return osi_fail(err, -EINVAL,
                        "%s: only little-endian ELF files of 32 and 64 bits are supported", path);
    }
    elf->is64 = bytes[EI_CLASS] == ELFCLASS64;
    READ(elf, 0, &h, Elf32_Ehdr, Elf64_Ehdr, .type = raw.e_type, .sections = raw.e_shoff,
         .segments = raw.e_phoff, .section_count = raw.e_shnum, .segment_count = raw.e_phnum,
         .names = raw.e_shstrndx, .section_size = raw.e_shentsize, .segment_size = raw.e_phentsize);
    if (h.type != ET_EXEC && h.type != ET_DYN) {
        return osi_fail(
            err, -EINVAL,
            "%s: not a linked program (an object file or kernel module has no addresses)", path);
    }
    if (!tables_hold(elf, &h)) {
        return osi_fail(err, -EINVAL, "%s: the ELF file is damaged or cut short", path);
    }
    elf->sections = h.sections;
    elf->section_count = h.section_count;
    elf->segments = h.segments;
    elf->segment_count = h.segment_count;
    elf->names = h.names;
    return 0;
}

/* The string at `index` of a string section, NULL if it does not end inside. */
static const char *string_at(const struct osi_elf *elf, const struct section *strings,
                             uint64_t index)
{
    const uint8_t *text = elf->bytes + strings->offset + index;

    if (strings->type != SHT_STRTAB || index >= strings->size ||
        !memchr(text, 0, strings->size - index)) {
        return NULL;
    }
    return (const char *)text;
}

/* nm's letter for a symbol in a section of the file. */
static char section_letter(const struct section *section)
{
    if (section->flags & SHF_EXECINSTR) {
        return 't';
    }
    if (section->type == SHT_NOBITS) {
        return 'b';
    }
    return section->flags & SHF_WRITE ? 'd' : 'r';
}

/* 0 for what has no place in a table: undefined and local to the linker. */
static char letter(const struct osi_elf *elf, const struct symbol *symbol)
{
    unsigned kind = ELF64_ST_TYPE(symbol->info), bind = ELF64_ST_BIND(symbol->info);
    struct section section;
    char lower;

    if (symbol->section == SHN_UNDEF || kind == STT_SECTION || kind == STT_FILE ||
        kind == STT_TLS) {
        return 0;
    }
    if (symbol->section == SHN_ABS) {
        return bind == STB_LOCAL ? 'a' : 'A';
    }
    if (!get_section(elf, symbol->section, &section) || !(section.flags & SHF_ALLOC)) {
        return 0;
    }
    if (bind == STB_WEAK) {
        return kind == STT_OBJECT ? 'V' : 'W';
    }
    lower = section_letter(&section);
    return bind == STB_LOCAL ? lower : g_ascii_toupper(lower);
}

static void read_symbols(const struct osi_elf *elf, const struct section *table,
                         const struct section *strings, osi_elf_sized_symbol found, void *data)
{
    size_t each = elf->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

    for (uint64_t i = 1; i < table->size / each; i++) {
        struct symbol symbol;
        const char *name;
        char type;

        READ(elf, table->offset + i * each, &symbol, Elf32_Sym, Elf64_Sym, .name = raw.st_name,
             .info = raw.st_info, .section = raw.st_shndx, .value = raw.st_value,
             .size = raw.st_size);
        type = letter(elf, &symbol);
        name = type ? string_at(elf, strings, symbol.name) : NULL;
        if (name && *name) {
            found(data, symbol.value, symbol.size, type, name);
        }
    }
}

static int symbols_of(const struct osi_elf *elf, uint32_t type, osi_elf_sized_symbol symbol,
                      void *data)
{
    struct section table, strings;

    for (uint32_t i = 1; i < elf->section_count; i++) {
        if (get_section(elf, i, &table) && table.type == type &&
            get_section(elf, table.link, &strings)) {
            read_symbols(elf, &table, &strings, symbol, data);
            return 0;
        }
    }
    return -ENOENT;
}

struct unsized {
    osi_elf_symbol found;
    void *data;
};

static void leave_out_size(void *data, uint64_t address, uint64_t size, char type, const char *name)
{
    const struct unsized *unsized = data;

    (void)size;
    unsized->found(unsized->data, address, type, name);
}

int osi_elf_symbols(const struct osi_elf *elf, osi_elf_symbol symbol, void *data)
{
    struct unsized unsized = { symbol, data };

    return symbols_of(elf, SHT_SYMTAB, leave_out_size, &unsized);
}

int osi_elf_dynamic_symbols(const struct osi_elf *elf, osi_elf_sized_symbol symbol, void *data)
{
    return symbols_of(elf, SHT_DYNSYM, symbol, data);
}

const uint8_t *osi_elf_section(const struct osi_elf *elf, const char *name, size_t *size)
{
    struct section names, section;

    if (!get_section(elf, elf->names, &names)) {
        return NULL;
    }
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const char *its_name;

        if (!get_section(elf, i, &section) || section.type == SHT_NOBITS ||
            section.flags & SHF_COMPRESSED) {
            continue;
        }
        its_name = string_at(elf, &names, section.name);
        if (its_name && !strcmp(its_name, name) && section.size) {
            *size = section.size;
            return elf->bytes + section.offset;
        }
    }
    return NULL;
}

void osi_elf_code_sections(const struct osi_elf *elf, osi_elf_symbol found, void *data)
{
    struct section names, section;

    if (!get_section(elf, elf->names, &names)) {
        return;
    }
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const char *name;

        if (get_section(elf, i, &section) && (section.flags & SHF_ALLOC) &&
            (section.flags & SHF_EXECINSTR)) {
            name = string_at(elf, &names, section.name);
            if (name && *name) {
                found(data, section.address, 't', name);
            }
        }
    }
}

bool osi_elf_address(const struct osi_elf *elf, uint64_t offset, uint64_t *address)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        struct segment segment;

        get_segment(elf, i, &segment);
        if (segment.type == PT_LOAD && offset >= segment.offset &&
            offset - segment.offset < segment.size) {
            *address = segment.address + (offset - segment.offset);
            return true;
        }
    }
    return false;
}

const uint8_t *osi_elf_bytes(const struct osi_elf *elf, uint64_t address, size_t size)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        struct segment segment;

        get_segment(elf, i, &segment);
        if (segment.type == PT_LOAD && holds(elf, segment.offset, segment.size, 1) &&
            address >= segment.address && address - segment.address <= segment.size &&
            size <= segment.size - (address - segment.address)) {
            return elf->bytes + segment.offset + (address - segment.address);
        }
    }
    return NULL;
}
