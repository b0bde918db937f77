/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds small kernels: a flat arm64 Image with header, banners, symbols, types and a relocation,
 * and ELF files of both classes. Include it in one file of a test. */
#ifndef OSI_TESTS_FAKE_IMAGE_H
#define OSI_TESTS_FAKE_IMAGE_H

#include <elf.h>

#include <bpf/btf.h>

#include "tests/data/guest/fake-kallsyms.h"

#define FAKE_LINK_BASE UINT64_C(0xffff800080000000)
#define FAKE_STEXT 0x10000
#define FAKE_VECTORS 0x10800
#define FAKE_ENTRY 0x14000
#define FAKE_END 0x40000
#define FAKE_BANNER                                                                                \
    "Linux version 6.12.99-fake (me@here) (gcc 12) #1 SMP PREEMPT Mon Jan 1 00:00:00 UTC 2024"

/* Offsets from the image's start; the maker makes them relative to the base. */
static const struct fake_symbol fake_image_symbols[] = {
    { 0x10000, 'T', "_stext" },          { 0x10100, 't', "gic_handle_irq" },
    { 0x10200, 't', "gic_handle_irq" },  { FAKE_VECTORS, 'T', "vectors" },
    { 0x11000, 'T', "cpu_switch_to" },   { 0x11800, 't', "finish_task_switch.isra.0" },
    { 0x12000, 'T', "func_0123456789" }, { FAKE_ENTRY, 'T', "primary_entry" },
};

/* struct task_struct of a small kernel. All offsets are stated in the test that asks for them. */
static struct btf *fake_btf(void)
{
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "unsigned int", 4, 0), u64 = btf__add_int(btf, "long", 8, 0);
    int ch = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
    int comm = btf__add_array(btf, u32, ch, 16), inner, info, anonymous, pairs, pointer, proto;

    btf__add_struct(btf, "pair", 16);
    btf__add_field(btf, "first", u64, 0, 0);
    btf__add_field(btf, "second", u64, 64, 0);
    inner = btf__add_typedef(btf, "pair_t", (int)btf__type_cnt(btf) - 1);
    pairs = btf__add_array(btf, u32, inner, 3);
    info = btf__add_struct(btf, "thread_info", 24);
    btf__add_field(btf, "flags", u64, 0, 0);
    btf__add_field(btf, "cpu", u32, 128, 0);
    anonymous = btf__add_union(btf, NULL, 8);
    btf__add_field(btf, "exit_state", u32, 0, 0);
    btf__add_field(btf, "exit_word", u64, 0, 0);
    pointer = btf__add_ptr(btf, btf__add_const(btf, info));
    btf__add_struct(btf, "task_struct", 128);
    btf__add_field(btf, "thread_info", info, 0, 0);
    btf__add_field(btf, "__state", u32, 192, 0);
    btf__add_field(btf, "flag", u32, 224, 1);
    btf__add_field(btf, NULL, anonymous, 256, 0);
    btf__add_field(btf, "stack", pointer, 320, 0);
    btf__add_field(btf, "pairs", pairs, 384, 0);
    btf__add_field(btf, "comm", comm, 768, 0);
    proto = btf__add_func_proto(btf, u32);
    btf__add_func_param(btf, "p", pointer);
    btf__add_func_param(btf, "state", u32);
    btf__add_func(btf, "try_to_wake_up", BTF_FUNC_STATIC, proto);
    btf__add_var(btf, "runqueues", BTF_VAR_GLOBAL_ALLOCATED, u64);
    btf__add_datasec(btf, ".data..percpu", 64);
    btf__add_datasec_var_info(btf, (int)btf__type_cnt(btf) - 2, 48, 8);
    return btf;
}

static void fake_text_at(GByteArray *out, size_t at, const char *text)
{
    memcpy(out->data + at, text, strlen(text));
}

static void fake_word_at(GByteArray *out, size_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        out->data[at + i] = value >> (8 * i);
    }
}

static void fake_header(GByteArray *out)
{
    fake_word_at(out, 0, 0xfa405a4d, 4);
    fake_word_at(out, 4, 0x14000000 | (FAKE_ENTRY - 4) / 4, 4);
    fake_word_at(out, 16, FAKE_END, 8);
    fake_text_at(out, 56, "ARM\x64");
}

struct fake_image {
    enum fake_layout layout;
    bool stext_is_base; /* as in 6.1; else _text */
    struct fake_kallsyms table;
    size_t at_btf, btf_length;
};

static GByteArray *fake_image_make(struct fake_image *image)
{
    struct fake_symbol symbols[G_N_ELEMENTS(fake_image_symbols)];
    uint64_t base = image->stext_is_base ? FAKE_STEXT : 0;
    GByteArray *out = g_byte_array_new();
    struct btf *btf = fake_btf();
    const void *blob;
    uint32_t length;

    g_byte_array_set_size(out, 0x20000);
    memset(out->data, 0, out->len);
    fake_header(out);
    fake_text_at(out, 0x18003, "Linux version %s (%s)\n");
    fake_text_at(out, 0x18103, "Linux version 6.12.99-fake (me@here) (gcc 12) # SMP PREEMPT\n");
    fake_text_at(out, 0x18203, FAKE_BANNER "\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(symbols); i++) {
        symbols[i] = fake_image_symbols[i];
        symbols[i].value -= image->layout == FAKE_SELF_RELATIVE ? 0 : base;
    }
    image->table = (struct fake_kallsyms){ .layout = image->layout,
                                           .symbols = symbols,
                                           .count = G_N_ELEMENTS(symbols) };
    fake_kallsyms_append(out, &image->table);
    fake_put(out, 0, 3); /* BTF has no alignment */
    blob = btf__raw_data(btf, &length);
    image->at_btf = out->len;
    image->btf_length = length;
    g_byte_array_append(out, blob, length);
    btf__free(btf);
    fake_put(out, 0, 8 - out->len % 8);
    fake_put(out, FAKE_LINK_BASE + 0x18, 8); /* a relocation of something else */
    fake_put(out, R_AARCH64_RELATIVE, 8);
    fake_put(out, FAKE_LINK_BASE + FAKE_STEXT, 8);
    fake_put(out, FAKE_LINK_BASE + image->table.at_base, 8);
    fake_put(out, R_AARCH64_RELATIVE, 8);
    fake_put(out, FAKE_LINK_BASE + base, 8);
    return out;
}

/* ELF */

struct fake_elf_symbol {
    const char *name;
    uint64_t value;
    unsigned info, section; /* 1 is .text, 2 is .bss */
};

static void fake_section(GByteArray *out, bool is64, const uint64_t fields[10])
{
    static const uint8_t wide[] = { 4, 4, 8, 8, 8, 8, 4, 4, 8, 8 };

    for (unsigned i = 0; i < 10; i++) {
        fake_put(out, fields[i], is64 ? wide[i] : 4);
    }
}

static void fake_elf_symbol(GByteArray *out, bool is64, uint32_t name,
                            const struct fake_elf_symbol *symbol)
{
    fake_put(out, name, 4);
    if (!is64) {
        fake_put(out, symbol->value, 4);
        fake_put(out, 0, 4);
    }
    fake_put(out, symbol->info, 1);
    fake_put(out, 0, 1);
    fake_put(out, symbol->section, 2);
    if (is64) {
        fake_put(out, symbol->value, 8);
        fake_put(out, 0, 8);
    }
}

/* A program at `text`, with 64 bytes of code, bss behind it, and the symbols. */
static GByteArray *fake_elf_make(bool is64, unsigned type, uint64_t text,
                                 const struct fake_elf_symbol *symbols, unsigned count)
{
    static const char section_names[] = "\0.text\0.bss\0.symtab\0.strtab";
    GByteArray *out = g_byte_array_new(), *strings = g_byte_array_new();
    unsigned each = is64 ? 24 : 16, header = is64 ? 64 : 52, program = is64 ? 56 : 32;
    unsigned section = is64 ? 64 : 40;
    unsigned code = 128, symtab = 192, strtab = symtab + each * (count + 1), names, table;

    g_byte_array_set_size(out, symtab);
    memset(out->data, 0, symtab);
    memset(out->data + code, 0xc0, 64);
    fake_put(strings, 0, 1);
    fake_elf_symbol(out, is64, 0, &(struct fake_elf_symbol){ 0 });
    for (unsigned i = 0; i < count; i++) {
        fake_elf_symbol(out, is64, strings->len, &symbols[i]);
        g_byte_array_append(strings, (const guint8 *)symbols[i].name, strlen(symbols[i].name) + 1);
    }
    names = strtab + strings->len;
    g_byte_array_append(out, strings->data, strings->len);
    g_byte_array_append(out, (const guint8 *)section_names, sizeof(section_names));
    table = out->len;
    fake_section(out, is64, (uint64_t[10]){ 0 });
    fake_section(out, is64,
                 (uint64_t[10]){ 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, code, 64 });
    fake_section(out, is64,
                 (uint64_t[10]){ 7, SHT_NOBITS, SHF_ALLOC | SHF_WRITE, text + 64, code, 1 << 20 });
    fake_section(out, is64,
                 (uint64_t[10]){ 12, SHT_SYMTAB, 0, 0, symtab, each * (count + 1), 4, 0, 8, each });
    fake_section(out, is64, (uint64_t[10]){ 20, SHT_STRTAB, 0, 0, strtab, strings->len });
    fake_section(out, is64, (uint64_t[10]){ 20, SHT_STRTAB, 0, 0, names, sizeof(section_names) });
    fake_text_at(out, 0, ELFMAG);
    out->data[EI_CLASS] = is64 ? ELFCLASS64 : ELFCLASS32;
    out->data[EI_DATA] = ELFDATA2LSB;
    fake_word_at(out, 16, type, 2);
    fake_word_at(out, is64 ? 32 : 28, header, is64 ? 8 : 4);
    fake_word_at(out, is64 ? 40 : 32, table, is64 ? 8 : 4);
    fake_word_at(out, is64 ? 54 : 42, program, 2);
    fake_word_at(out, is64 ? 56 : 44, 1, 2);
    fake_word_at(out, is64 ? 58 : 46, section, 2);
    fake_word_at(out, is64 ? 60 : 48, 6, 2);
    fake_word_at(out, is64 ? 62 : 50, 5, 2);
    fake_word_at(out, header, PT_LOAD, 4);
    fake_word_at(out, header + (is64 ? 8 : 4), code, is64 ? 8 : 4);
    fake_word_at(out, header + (is64 ? 16 : 8), text, is64 ? 8 : 4);
    fake_word_at(out, header + (is64 ? 32 : 16), 64, is64 ? 8 : 4);
    g_byte_array_unref(strings);
    return out;
}

#endif
