/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the fake kernel's ELF file. */
#include <bpf/btf.h>
#include <fcntl.h>
#include <gelf.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "fakehost.h"
#include "linux-image.h"
#include "linux.h"

/* ---- types ---- */
static int add_struct(struct btf *btf, const char *name, unsigned size)
{
    return btf__add_struct(btf, name, size);
}

static void add_field(struct btf *btf, const char *name, int type, unsigned bytes)
{
    if (btf__add_field(btf, name, type, bytes * 8, 0)) {
        fake_die("libbpf refuses the member %s", name);
    }
}

static struct btf *make_types(unsigned flags)
{
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "unsigned int", 4, 0);
    int u64 = btf__add_int(btf, "unsigned long", 8, 0);
    int u8 = btf__add_int(btf, "unsigned char", 1, 0);
    int text = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
    int i32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
    int comm = btf__add_array(btf, u32, text, 16);
    int info = add_struct(btf, "thread_info", 24), entity;

    add_field(btf, "flags", u64, 0);
    add_field(btf, "cpu", u32, FAKE_AT_CPU);
    entity = add_struct(btf, "sched_entity", 100);
    add_field(btf, "vruntime", u64, 8);
    if (flags & FAKE_LINUX_DELAYED) {
        add_field(btf, "sched_delayed", u8, FAKE_AT_DELAYED - 140);
    }
    add_struct(btf, "task_struct", FAKE_TASK_SIZE);
    add_field(btf, "thread_info", info, 0);
    add_field(btf, "__state", u32, FAKE_AT_STATE);
    add_field(btf, "prio", i32, FAKE_AT_PRIO);
    add_field(btf, "se", entity, 140);
    add_field(btf, "exit_state", i32, FAKE_AT_EXIT_STATE);
    add_field(btf, "pid", i32, FAKE_AT_PID);
    add_field(btf, "tgid", i32, FAKE_AT_TGID);
    add_field(btf, "nvcsw", u64, FAKE_AT_NVCSW);
    add_field(btf, "nivcsw", u64, FAKE_AT_NIVCSW);
    add_field(btf, "comm", comm, FAKE_AT_COMM);
    return btf;
}

/* ---- sections ---- */
struct section {
    const char *name;
    unsigned type;
    uint64_t flags, address;
    const void *bytes;
    size_t size, entry;
    unsigned link;
};

enum { TEXT = 1, RODATA, SYMBOLS, STRINGS, NAMES, BTF_TYPES, SECTIONS };

static uint32_t add_string(GByteArray *strings, const char *text)
{
    uint32_t at = strings->len;

    g_byte_array_append(strings, (const guint8 *)text, (guint)strlen(text) + 1);
    return at;
}

static bool left_out(const char *name, unsigned flags)
{
    if (strcmp(name, "try_to_wake_up") == 0 || strcmp(name, "ttwu_do_activate") == 0) {
        return !(flags & FAKE_LINUX_EXACT);
    }
    return (flags & FAKE_LINUX_NO_SWITCH) && strcmp(name, "cpu_switch_to") == 0;
}

static void add_symbol(GArray *symbols, GByteArray *strings, const char *name, uint64_t offset,
                       unsigned section)
{
    Elf64_Sym symbol = {
        .st_name = add_string(strings, name),
        .st_info = ELF64_ST_INFO(STB_GLOBAL, section == TEXT ? STT_FUNC : STT_OBJECT),
        .st_shndx = (Elf64_Half)section,
        .st_value = FAKE_LINK_BASE + offset,
    };

    g_array_append_val(symbols, symbol);
}

static void make_symbols(GArray *symbols, GByteArray *strings, unsigned flags)
{
    Elf64_Sym none = { 0 };

    add_string(strings, "");
    g_array_append_val(symbols, none);
    for (size_t i = 0; fake_functions[i].name; i++) {
        const char *name = fake_functions[i].name;

        if (strcmp(name, "wakeup_preempt") == 0 && (flags & FAKE_LINUX_OLD_WAKEUP)) {
            name = "check_preempt_curr";
        }
        if (!left_out(name, flags)) {
            add_symbol(symbols, strings, name, fake_functions[i].offset, TEXT);
        }
    }
    add_symbol(symbols, strings, "linux_banner", FAKE_BANNER_OFFSET, RODATA);
}

static void add_section(Elf *elf, const struct section *from, uint32_t name)
{
    Elf_Scn *section = elf_newscn(elf);
    Elf_Data *data = elf_newdata(section);
    Elf64_Shdr *header = elf64_getshdr(section);

    data->d_buf = (void *)from->bytes;
    data->d_size = from->size;
    data->d_align = from->flags & SHF_ALLOC ? FAKE_PAGE : 8;
    data->d_version = EV_CURRENT;
    header->sh_name = name;
    header->sh_type = from->type;
    header->sh_flags = from->flags;
    header->sh_addr = from->address;
    header->sh_entsize = from->entry;
    header->sh_link = from->link;
    header->sh_info = from->type == SHT_SYMTAB ? 1 : 0;
}

static void set_segment(Elf *elf, Elf64_Phdr *segment, unsigned index, unsigned rights)
{
    const Elf64_Shdr *section = elf64_getshdr(elf_getscn(elf, index));

    segment->p_type = PT_LOAD;
    segment->p_flags = rights;
    segment->p_offset = section->sh_offset;
    segment->p_vaddr = segment->p_paddr = section->sh_addr;
    segment->p_filesz = segment->p_memsz = section->sh_size;
    segment->p_align = FAKE_PAGE;
}

static void write_elf(int fd, const struct section *sections, const uint32_t *names, unsigned n)
{
    Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
    Elf64_Ehdr *header = elf ? elf64_newehdr(elf) : NULL;
    Elf64_Phdr *segments = header ? elf64_newphdr(elf, 2) : NULL;

    if (!segments) {
        fake_die("libelf: %s", elf_errmsg(-1));
    }
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_machine = EM_AARCH64;
    header->e_type = ET_EXEC;
    header->e_version = EV_CURRENT;
    header->e_shstrndx = NAMES;
    for (unsigned i = 1; i < n; i++) {
        add_section(elf, &sections[i], names[i]);
    }
    elf_update(elf, ELF_C_NULL);
    set_segment(elf, &segments[0], TEXT, PF_R | PF_X);
    set_segment(elf, &segments[1], RODATA, PF_R);
    elf_flagphdr(elf, ELF_C_SET, ELF_F_DIRTY);
    if (elf_update(elf, ELF_C_WRITE) < 0) {
        fake_die("libelf: %s", elf_errmsg(-1));
    }
    elf_end(elf);
}

static void name_sections(const struct section *sections, GByteArray *strings, uint32_t *names)
{
    add_string(strings, "");
    for (unsigned i = 1; i < SECTIONS; i++) {
        names[i] = add_string(strings, sections[i].name);
    }
}

void fake_linux_write(const char *path, unsigned flags)
{
    GByteArray *strings = g_byte_array_new(), *section_names = g_byte_array_new();
    GArray *symbols = g_array_new(FALSE, FALSE, sizeof(Elf64_Sym));
    struct btf *btf = make_types(flags);
    uint8_t *image = fake_linux_image(flags & FAKE_LINUX_OTHER_BANNER);
    uint32_t names[SECTIONS] = { 0 }, btf_size;
    const void *types = btf__raw_data(btf, &btf_size);
    struct section sections[SECTIONS] = {
        [TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, FAKE_LINK_BASE, image,
                   FAKE_RODATA_OFFSET, 0, 0 },
        [RODATA] = { ".rodata", SHT_PROGBITS, SHF_ALLOC, FAKE_LINK_BASE + FAKE_RODATA_OFFSET,
                     image + FAKE_RODATA_OFFSET, FAKE_IMAGE_SIZE - FAKE_RODATA_OFFSET, 0, 0 },
        [SYMBOLS] = { ".symtab", SHT_SYMTAB, 0, 0, NULL, 0, sizeof(Elf64_Sym), STRINGS },
        [STRINGS] = { ".strtab", SHT_STRTAB, 0, 0, NULL, 0, 0, 0 },
        [NAMES] = { ".shstrtab", SHT_STRTAB, 0, 0, NULL, 0, 0, 0 },
        [BTF_TYPES] = { ".BTF", SHT_PROGBITS, SHF_ALLOC, FAKE_LINK_BASE + FAKE_IMAGE_SIZE, types,
                        btf_size, 0, 0 },
    };
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

    elf_version(EV_CURRENT);
    make_symbols(symbols, strings, flags);
    name_sections(sections, section_names, names);
    sections[SYMBOLS].bytes = symbols->data;
    sections[SYMBOLS].size = symbols->len * sizeof(Elf64_Sym);
    sections[STRINGS].bytes = strings->data;
    sections[STRINGS].size = strings->len;
    sections[NAMES].bytes = section_names->data;
    sections[NAMES].size = section_names->len;
    write_elf(fd, sections, names, flags & FAKE_LINUX_NO_BTF ? BTF_TYPES : SECTIONS);
    close(fd);
    g_free(image);
    btf__free(btf);
    g_array_unref(symbols);
    g_byte_array_unref(strings);
    g_byte_array_unref(section_names);
}
