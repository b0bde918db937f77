/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is learned from kernel files and memory: images, ELF files, lists of symbols, types, and the
 * sentence for each file that is none of these.
 *
 * OSINSTR_TEST_KERNELS names real kernels, separated by colons. A list of the same kernel's symbols
 * beside it (path.map: its System.map; path.kallsyms: what the guest showed) is the witness.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "guest/btf.h"
#include "guest/elf.h"
#include "guest/kernel.h"
#include "tests/data/guest/fake-image.h"

static char *directory;

static char *write_file(const void *bytes, size_t size)
{
    static unsigned number;
    char *path = g_strdup_printf("%s/file%u", directory, number++);

    ck_assert(g_file_set_contents(path, bytes, size, NULL));
    return path;
}

static int load(const void *bytes, size_t size, struct osi_kernel **kernel, struct osi_error *err)
{
    char *path = write_file(bytes, size);
    int rc = osi_kernel_from_file(path, kernel, err);

    /* Whatever is wrong, one line tells which file. */
    if (rc && err) {
        ck_assert_msg(strstr(err->text, path) != NULL, "%s", err->text);
        ck_assert_ptr_null(strchr(err->text, '\n'));
        ck_assert_ptr_null(*kernel);
    }
    g_unlink(path);
    g_free(path);
    return rc;
}

static struct osi_kernel *load_well(const void *bytes, size_t size)
{
    struct osi_kernel *kernel;
    struct osi_error err = { "" };

    ck_assert_msg(load(bytes, size, &kernel, &err) == 0, "%s", err.text);
    return kernel;
}

static uint64_t address_of(const struct osi_kernel *kernel, const char *name)
{
    uint64_t address = UINT64_MAX;

    ck_assert_msg(osi_symtab_lookup(osi_kernel_symbols(kernel), name, &address), "%s", name);
    return address;
}

/* Images */

static void check_image(const struct osi_kernel *kernel)
{
    uint64_t offset;

    ck_assert(osi_kernel_is_linux(kernel));
    ck_assert_uint_eq(osi_kernel_image_size(kernel), FAKE_END);
    for (size_t i = 0; i < G_N_ELEMENTS(fake_image_symbols); i++) {
        const struct fake_symbol *symbol = &fake_image_symbols[i];

        if (strcmp(symbol->name, "gic_handle_irq")) {
            ck_assert_uint_eq(address_of(kernel, symbol->name), symbol->value);
        }
    }
    ck_assert_uint_eq(osi_symtab_count(osi_kernel_symbols(kernel)),
                      G_N_ELEMENTS(fake_image_symbols));
    ck_assert_str_eq(osi_kernel_banner(kernel, &offset), FAKE_BANNER);
    ck_assert_uint_eq(offset, 0x18203);
    ck_assert_str_eq(osi_kernel_release(kernel), "6.12.99-fake");
    ck_assert(osi_kernel_has_types(kernel));
    ck_assert(g_str_has_prefix(osi_kernel_provenance(kernel), "kallsyms (8 symbols) and BTF ("));
}

START_TEST(test_image)
{
    struct fake_image image = { .layout = _i / 2, .stext_is_base = _i % 2 };
    GByteArray *bytes = fake_image_make(&image);
    struct osi_kernel *kernel = load_well(bytes->data, bytes->len);

    check_image(kernel);
    ck_assert_uint_eq(osi_kernel_link_base(kernel),
                      image.layout == FAKE_SELF_RELATIVE ? 0 : FAKE_LINK_BASE);
    ck_assert_mem_eq(osi_kernel_bytes(kernel, 0, 64), bytes->data, 64);
    ck_assert_mem_eq(osi_kernel_bytes(kernel, bytes->len - 1, 1), bytes->data + bytes->len - 1, 1);
    ck_assert_ptr_null(osi_kernel_bytes(kernel, bytes->len - 1, 2));
    ck_assert_ptr_null(osi_kernel_bytes(kernel, UINT64_MAX, 2));
    osi_kernel_free(kernel);
    g_byte_array_unref(bytes);
}
END_TEST

/* A running kernel: the base is filled, the header may be unmapped. */
START_TEST(test_memory)
{
    struct fake_image image = { .layout = _i / 4, .stext_is_base = _i % 2 };
    GByteArray *bytes = fake_image_make(&image);
    const uint64_t text = 0xffffca8917200000;
    struct osi_kernel *kernel;
    uint8_t first[64];

    if (image.table.at_base) {
        fake_word_at(bytes, image.table.at_base, text + (image.stext_is_base ? FAKE_STEXT : 0), 8);
    }
    if (_i / 2 % 2) {
        memset(bytes->data, 0, FAKE_STEXT);
    }
    g_byte_array_set_size(bytes, FAKE_END);
    memcpy(first, bytes->data, sizeof(first));
    ck_assert_int_eq(osi_kernel_from_memory(bytes->data, bytes->len, text, &kernel, NULL), 0);
    g_byte_array_unref(bytes); /* the kernel keeps what it needs */
    check_image(kernel);
    ck_assert_mem_eq(osi_kernel_bytes(kernel, 0, 64), first, 64);
    ck_assert_ptr_null(osi_kernel_bytes(kernel, 0x10000, 64));
    osi_kernel_free(kernel);
}
END_TEST

/* The header and the symbols must tell the same story. */
START_TEST(test_image_contradictions)
{
    struct fake_image image = { .layout = FAKE_OLD, .stext_is_base = true };
    GByteArray *bytes = fake_image_make(&image);
    const uint64_t text = 0xffffca8917200000;
    struct osi_kernel *kernel;
    struct osi_error err;

    fake_word_at(bytes, 4, 0x14000000 | (FAKE_ENTRY - 4 + 0x10) / 4, 4);
    ck_assert_int_eq(load(bytes->data, bytes->len, &kernel, &err), -EINVAL);
    fake_word_at(bytes, 4, 0xd503201f, 4); /* no branch: nothing left to place them by */
    ck_assert_int_eq(load(bytes->data, bytes->len, &kernel, &err), -EINVAL);
    fake_word_at(bytes, image.table.at_base, text + 0x10, 8);
    ck_assert_int_eq(osi_kernel_from_memory(bytes->data, bytes->len, text, &kernel, &err), -EINVAL);
    fake_word_at(bytes, image.table.at_base, text - 0x10000, 8);
    ck_assert_int_eq(osi_kernel_from_memory(bytes->data, bytes->len, text, &kernel, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "guest memory"));
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_image_without_types)
{
    struct fake_image image = { .layout = FAKE_NEW };
    GByteArray *bytes = fake_image_make(&image);
    struct osi_kernel *kernel;
    uint32_t offset;

    bytes->data[image.at_btf] ^= 1;
    kernel = load_well(bytes->data, bytes->len);
    ck_assert(!osi_kernel_has_types(kernel));
    ck_assert_int_eq(osi_kernel_offset(kernel, "task_struct", "comm", &offset, NULL), -ENODATA);
    ck_assert_int_eq(osi_kernel_type_size(kernel, "task_struct", &offset), -ENODATA);
    ck_assert_int_eq(osi_kernel_percpu(kernel, "runqueues", &offset), -ENODATA);
    ck_assert_int_eq(osi_kernel_arguments(kernel, "try_to_wake_up"), -ENODATA);
    ck_assert(g_str_has_prefix(osi_kernel_provenance(kernel), "kallsyms (8 symbols) from /"));
    osi_kernel_free(kernel);
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_image_damage)
{
    struct fake_image image = { .layout = _i };
    GByteArray *bytes = fake_image_make(&image);
    GRand *random = g_rand_new_with_seed(99 + _i);
    unsigned loaded = 0;

    for (unsigned round = 0; round < 1500; round++) {
        uint8_t *copy = g_memdup2(bytes->data, bytes->len);
        size_t size = round % 3 ? bytes->len : g_rand_int(random) % bytes->len;
        struct osi_kernel *kernel;
        uint32_t offset;

        for (unsigned i = 0; i < 4; i++) {
            copy[g_rand_int_range(random, 0x20000, bytes->len)] = g_rand_int(random);
        }
        copy = g_realloc(copy, size);
        if (!osi_kernel_from_memory(copy, size, 0, &kernel, NULL)) {
            loaded++;
            osi_kernel_offset(kernel, "task_struct", "pairs[2].second", &offset, NULL);
            osi_kernel_percpu(kernel, "runqueues", &offset);
            osi_kernel_arguments(kernel, "try_to_wake_up");
            osi_kernel_free(kernel);
        }
        g_free(copy);
    }
    ck_assert_uint_gt(loaded, 0);
    g_rand_free(random);
    g_byte_array_unref(bytes);
}
END_TEST

/* Types */

static const struct {
    const char *type, *path;
    int rc;
    uint32_t offset, size;
} members[] = {
    { "task_struct", "thread_info", 0, 0, 24 },
    { "task_struct", "thread_info.cpu", 0, 16, 4 },
    { "task_struct", "__state", 0, 24, 4 },
    { "task_struct", "flag", -EINVAL, 0, 0 },  /* a bitfield */
    { "task_struct", "exit_state", 0, 32, 4 }, /* in an anonymous union */
    { "task_struct", "exit_word", 0, 32, 8 },
    { "task_struct", "stack", 0, 40, 8 },
    { "task_struct", "stack.cpu", -EINVAL, 0, 0 }, /* behind a pointer */
    { "task_struct", "pairs", 0, 48, 48 },
    { "task_struct", "pairs[2]", 0, 80, 16 },
    { "task_struct", "pairs[2].second", 0, 88, 8 },
    { "task_struct", "pairs[3].second", -ENOENT, 0, 0 },
    { "task_struct", "pairs.second", -ENOENT, 0, 0 },
    { "task_struct", "pairs[].second", -EINVAL, 0, 0 },
    { "task_struct", "pairs[1", -EINVAL, 0, 0 },
    { "task_struct", "pairs[-1]", -EINVAL, 0, 0 },
    { "task_struct", "comm", 0, 96, 16 },
    { "task_struct", "comm[3]", 0, 99, 1 },
    { "task_struct", "comm.x", -ENOENT, 0, 0 },
    { "task_struct", "pid", -ENOENT, 0, 0 },
    { "task_struct", "", -EINVAL, 0, 0 },
    { "task_struct", "thread_info.", -EINVAL, 0, 0 },
    { "pair_t", "second", 0, 8, 8 }, /* by typedef */
    { "no_struct", "comm", -ENOENT, 0, 0 },
};

static struct osi_kernel *fake_kernel(void)
{
    struct fake_image image = { .layout = FAKE_NEW };
    GByteArray *bytes = fake_image_make(&image);
    struct osi_kernel *kernel = load_well(bytes->data, bytes->len);

    g_byte_array_unref(bytes);
    return kernel;
}

START_TEST(test_member)
{
    struct osi_kernel *kernel = fake_kernel();
    uint32_t offset = 0, size = 0;

    ck_assert_int_eq(osi_kernel_offset(kernel, members[_i].type, members[_i].path, &offset, &size),
                     members[_i].rc);
    ck_assert_uint_eq(offset, members[_i].offset);
    ck_assert_uint_eq(size, members[_i].size);
    osi_kernel_free(kernel);
}
END_TEST

START_TEST(test_other_types)
{
    struct osi_kernel *kernel = fake_kernel();
    uint32_t value;

    ck_assert_int_eq(osi_kernel_type_size(kernel, "task_struct", &value), 0);
    ck_assert_uint_eq(value, 128);
    ck_assert_int_eq(osi_kernel_type_size(kernel, "pair_t", &value), 0);
    ck_assert_uint_eq(value, 16);
    ck_assert_int_eq(osi_kernel_type_size(kernel, "none", &value), -ENOENT);
    ck_assert_int_eq(osi_kernel_percpu(kernel, "runqueues", &value), 0);
    ck_assert_uint_eq(value, 48);
    ck_assert_int_eq(osi_kernel_percpu(kernel, "none", &value), -ENOENT);
    ck_assert_int_eq(osi_kernel_arguments(kernel, "try_to_wake_up"), 2);
    ck_assert_int_eq(osi_kernel_arguments(kernel, "none"), -ENOENT);
    osi_kernel_free(kernel);
}
END_TEST

/* A type that contains itself passes as a reference and must not be followed for ever. */
START_TEST(test_circular_types)
{
    struct fake_image image = { .layout = FAKE_NEW };
    GByteArray *bytes = fake_image_make(&image);
    struct btf *btf = btf__new_empty();
    struct osi_kernel *kernel;
    const void *blob;
    uint32_t length, offset;

    btf__add_struct(btf, "task_struct", 8);
    btf__add_field(btf, NULL, 2, 0, 0);
    btf__add_struct(btf, NULL, 8);
    for (int i = 0; i < 16; i++) {
        btf__add_field(btf, NULL, 2, 0, 0);
    }
    btf__add_typedef(btf, "loop", 3);
    blob = btf__raw_data(btf, &length);
    bytes->data[image.at_btf] ^= 1;
    g_byte_array_append(bytes, blob, length);
    kernel = load_well(bytes->data, bytes->len);
    ck_assert_int_eq(osi_kernel_offset(kernel, "task_struct", "x", &offset, NULL), -ENOENT);
    ck_assert_int_eq(osi_kernel_offset(kernel, "loop", "x", &offset, NULL), -ENOENT);
    ck_assert_int_eq(osi_kernel_type_size(kernel, "loop", &offset), -ENOENT);
    osi_kernel_free(kernel);
    btf__free(btf);
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_btf_truncation)
{
    struct btf *btf = fake_btf();
    struct osi_btf_place place;
    uint32_t length;
    const void *blob = btf__raw_data(btf, &length);

    for (uint32_t size = 0; size < length; size++) {
        uint8_t *copy = g_memdup2(blob, size);

        ck_assert(!osi_btf_find(copy, size, &place));
        g_free(copy);
    }
    ck_assert(osi_btf_check(blob, length, &place));
    ck_assert_uint_eq(place.length, length);
    ck_assert_uint_eq(place.types, btf__type_cnt(btf) - 1);
    btf__free(btf);
}
END_TEST

/* One wrong word anywhere and the blob is none: libbpf would follow it. */
static const struct {
    const char *what;
    unsigned type; /* 0: the header */
    size_t word;
    uint32_t value;
} wrong_words[] = {
    { "header length", 0, 1, 20 },
    { "length of types", 0, 3, 0x10000000 },
    { "place of strings", 0, 4, 8 },
    { "length of strings", 0, 5, 0x10000000 },
    { "kind", 1, 1, 31u << 24 },
    { "name of a type", 1, 0, 0x100000 },
    { "element of an array", 4, 3, 0x100000 },
    { "members", 5, 1, BTF_KIND_STRUCT << 24 | 0xffff },
    { "type of a member", 5, 4, 0x100000 },
    { "name of a member", 5, 3, 0x100000 },
    { "target of a typedef", 6, 2, 0x100000 },
};

/* Where type `id` of fake_btf() starts. */
static size_t type_place(struct btf *btf, unsigned id, const void *blob)
{
    uint32_t length;
    const char *raw = btf__raw_data(btf, &length);
    struct btf *again = btf__new(raw, length);
    const char *own = btf__raw_data(again, &length);
    size_t place = (const char *)btf__type_by_id(again, id) - own;

    ck_assert_ptr_eq(raw, blob);
    btf__free(again);
    return place;
}

START_TEST(test_btf_wrong_word)
{
    struct btf *btf = fake_btf();
    struct osi_btf_place place;
    uint32_t length;
    const void *blob = btf__raw_data(btf, &length);
    uint8_t *copy = g_memdup2(blob, length);
    size_t at = wrong_words[_i].type ? type_place(btf, wrong_words[_i].type, blob) : 0;

    ck_assert(osi_btf_check(copy, length, &place));
    memcpy(copy + at + 4 * wrong_words[_i].word, &wrong_words[_i].value, 4);
    ck_assert_msg(!osi_btf_check(copy, length, &place), "%s", wrong_words[_i].what);
    g_free(copy);
    btf__free(btf);
}
END_TEST

/* The last type must end where the types end, even if what follows would fit it. */
START_TEST(test_btf_last_type)
{
    struct btf *btf = fake_btf();
    struct osi_btf_place place;
    uint32_t length, types;
    const void *blob = btf__raw_data(btf, &length);
    uint8_t *copy = g_memdup2(blob, length);

    memcpy(&types, copy + 12, 4);
    types -= 12;
    memcpy(copy + 12, &types, 4);
    ck_assert(!osi_btf_check(copy, length, &place));
    g_free(copy);
    btf__free(btf);
}
END_TEST

START_TEST(test_btf_damage)
{
    struct btf *btf = fake_btf();
    GRand *random = g_rand_new_with_seed(3);
    struct osi_btf_place place;
    uint32_t length;
    const void *blob = btf__raw_data(btf, &length);

    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = g_memdup2(blob, length);

        for (unsigned i = 0; i < 3; i++) {
            copy[g_rand_int_range(random, 4, length)] = g_rand_int(random);
        }
        osi_btf_check(copy, length, &place);
        g_free(copy);
    }
    g_rand_free(random);
    btf__free(btf);
}
END_TEST

/* The largest one wins, wherever it is. */
START_TEST(test_btf_choice)
{
    struct btf *large = fake_btf(), *small = btf__new_empty();
    GByteArray *bytes = g_byte_array_new();
    struct osi_btf_place place;
    uint32_t length, small_length;
    const void *blob = btf__raw_data(large, &length), *small_blob;

    btf__add_int(small, "int", 4, 0);
    small_blob = btf__raw_data(small, &small_length);
    g_byte_array_append(bytes, small_blob, small_length);
    fake_put(bytes, 0, 1);
    g_byte_array_append(bytes, blob, length);
    g_byte_array_append(bytes, small_blob, small_length);
    ck_assert(osi_btf_find(bytes->data, bytes->len, &place));
    ck_assert_uint_eq(place.offset, small_length + 1);
    ck_assert_uint_eq(place.length, length);
    btf__free(large);
    btf__free(small);
    g_byte_array_unref(bytes);
}
END_TEST

/* Lists of symbols */

static struct osi_kernel *load_text(const char *text)
{
    return load_well(text, strlen(text));
}

START_TEST(test_system_map)
{
    struct osi_kernel *kernel = load_text("0000000000000000 A _kernel_flags_le_hi32\n"
                                          "ffff800080000000 T _text\n"
                                          "ffff800080010000 T _stext\n"
                                          "ffff800080010800 T vectors\n"
                                          "ffff800080011000 t .L14472\002"
                                          "1\n"
                                          "ffff800080020000 B _end\n");
    uint64_t offset;

    ck_assert(osi_kernel_is_linux(kernel));
    ck_assert_uint_eq(address_of(kernel, "vectors"), 0x10800);
    ck_assert_uint_eq(osi_symtab_count(osi_kernel_symbols(kernel)), 3);
    ck_assert_uint_eq(osi_kernel_link_base(kernel), 0xffff800080000000);
    ck_assert_uint_eq(osi_kernel_image_size(kernel), 0x20000);
    ck_assert_ptr_null(osi_kernel_banner(kernel, &offset));
    ck_assert_uint_eq(offset, OSI_KERNEL_NO_OFFSET);
    ck_assert_ptr_null(osi_kernel_release(kernel));
    ck_assert_ptr_null(osi_kernel_bytes(kernel, 0, 1));
    ck_assert(g_str_has_prefix(osi_kernel_provenance(kernel), "symbol list (3 symbols) from /"));
    osi_kernel_free(kernel);
}
END_TEST

/* KASLR, only text symbols, modules, DOS line ends, no newline at the end. */
START_TEST(test_saved_kallsyms)
{
    struct osi_kernel *kernel = load_text("ffffca8917210000 T _stext\r\n"
                                          "ffffca8917210800 T vectors\r\n"
                                          "\r\n"
                                          "ffffca8910000000 t vectors\t[evil_module]\r\n"
                                          "ffffca8917220000 T cpu_switch_to");

    ck_assert_uint_eq(address_of(kernel, "vectors"), 0x10800);
    ck_assert_uint_eq(address_of(kernel, "cpu_switch_to"), 0x20000);
    ck_assert_uint_eq(osi_kernel_image_size(kernel), 0);
    ck_assert_uint_eq(osi_symtab_count(osi_kernel_symbols(kernel)), 3);
    ck_assert_ptr_null(osi_symtab_resolve(osi_kernel_symbols(kernel), 0x300000, NULL, NULL));
    osi_kernel_free(kernel);
}
END_TEST

static const struct {
    const char *bytes;
    int rc;
    const char *says;
} refused[] = {
    { "", -EINVAL, "is empty" },
    { "hello world\n", -EINVAL, "none of these" },
    { "0000000000000000 T _text\n0000000000000000 T _stext\n", -EACCES, "kptr_restrict" },
    { "ffff800080000000 T _text\nrubbish\n", -EINVAL, "line 2 is not" },
    { "ffff800080000000 T _text\nffff8000\n", -EINVAL, "line 2 is not" },
    { "ffff800080000000 T _text\nffff800080000000 T a b\n", -EINVAL, "line 2 is not" },
    { "ffff800080000000 T start\n", -EINVAL, "neither _text nor _stext" },
    { "ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n",
      -EINVAL, "only a placeholder" },
    { "\x7f"
      "ELF",
      -EINVAL, "cut short" },
    { "\x1f\x8b\x08 this is not gzip at all", -EINVAL, "gzip data are damaged" },
};

START_TEST(test_refused)
{
    struct osi_kernel *kernel;
    struct osi_error err = { "" };

    ck_assert_int_eq(load(refused[_i].bytes, strlen(refused[_i].bytes), &kernel, &err),
                     refused[_i].rc);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(test_unreadable)
{
    struct osi_kernel *kernel;
    struct osi_error err = { "" };
    char *missing = g_build_filename(directory, "missing", NULL);

    ck_assert_int_lt(osi_kernel_from_file(missing, &kernel, &err), 0);
    ck_assert_msg(strstr(err.text, missing) != NULL, "%s", err.text);
    ck_assert_int_lt(osi_kernel_from_file(directory, &kernel, &err), 0);
    ck_assert_msg(strstr(err.text, directory) != NULL, "%s", err.text);
    ck_assert_int_lt(osi_kernel_from_file(missing, &kernel, NULL), 0);
    g_free(missing);
}
END_TEST

/* Adopted types */

START_TEST(test_adopt)
{
    struct osi_kernel *list = load_text("ffff800080000000 T _text\nffff800080010800 T vectors\n");
    struct osi_kernel *image = fake_kernel();
    uint32_t offset;

    ck_assert_int_eq(osi_kernel_adopt_types(image, list), -ENODATA);
    ck_assert_int_eq(osi_kernel_adopt_types(list, image), 0);
    ck_assert(!osi_kernel_has_types(image));
    osi_kernel_free(image);
    ck_assert_int_eq(osi_kernel_offset(list, "task_struct", "comm", &offset, NULL), 0);
    ck_assert_uint_eq(offset, 96);
    ck_assert(g_str_has_prefix(osi_kernel_provenance(list), "symbol list (2 symbols) from /"));
    ck_assert_ptr_nonnull(strstr(osi_kernel_provenance(list), " and BTF ("));
    osi_kernel_free(list);
}
END_TEST

START_TEST(test_adopt_refuses_another_build)
{
    struct fake_image image = { .layout = FAKE_NEW };
    GByteArray *bytes = fake_image_make(&image);
    struct osi_kernel *one = load_well(bytes->data, bytes->len), *two;

    memcpy(bytes->data + 0x18203 + strlen("Linux version 6.12."), "98", 2);
    two = load_well(bytes->data, bytes->len);
    ck_assert_int_eq(osi_kernel_adopt_types(one, two), -EINVAL);
    ck_assert(osi_kernel_has_types(two));
    osi_kernel_free(one);
    osi_kernel_free(two);
    g_byte_array_unref(bytes);
}
END_TEST

/* Packed kernels */

static GByteArray *gzip(const GByteArray *in)
{
    GByteArray *out = g_byte_array_new();
    z_stream stream = { .next_in = in->data, .avail_in = in->len };

    ck_assert_int_eq(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    g_byte_array_set_size(out, deflateBound(&stream, in->len));
    stream.next_out = out->data;
    stream.avail_out = out->len;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    g_byte_array_set_size(out, stream.total_out);
    deflateEnd(&stream);
    return out;
}

START_TEST(test_packed)
{
    struct fake_image image = { .layout = FAKE_NEW };
    GByteArray *bytes = fake_image_make(&image), *packed = gzip(bytes), *zboot = gzip(bytes);
    struct osi_kernel *kernel = load_well(packed->data, packed->len);
    struct osi_error err;
    uint8_t head[64] = "MZ\0\0zimg";

    check_image(kernel);
    osi_kernel_free(kernel);
    head[8] = sizeof(head);
    memcpy(head + 12, &(uint32_t){ GUINT32_TO_LE(packed->len) }, 4);
    memcpy(head + 24, "zstd22", 6);
    g_byte_array_prepend(zboot, head, sizeof(head));
    kernel = load_well(zboot->data, zboot->len);
    check_image(kernel);
    osi_kernel_free(kernel);
    ck_assert_int_eq(load(zboot->data, zboot->len - 1, &kernel, &err), -EINVAL);
    zboot->data[sizeof(head)] = 0;
    ck_assert_int_eq(load(zboot->data, zboot->len, &kernel, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "zstd22"));
    for (unsigned size = 20; size < packed->len; size += 97) {
        ck_assert_int_eq(load(packed->data, size, &kernel, &err), -EINVAL);
    }
    bytes->data[56] = 'x';
    g_byte_array_unref(packed);
    packed = gzip(bytes);
    ck_assert_int_eq(load(packed->data, packed->len, &kernel, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "inside is not"));
    g_byte_array_unref(bytes);
    g_byte_array_unref(packed);
    g_byte_array_unref(zboot);
}
END_TEST

/* ELF */

static const struct fake_elf_symbol bare_metal[] = {
    { "_start", 0x40080000, STB_GLOBAL << 4 | STT_FUNC, 1 },
    { "local", 0x40080010, STB_LOCAL << 4 | STT_NOTYPE, 1 },
    { "weak", 0x40080020, STB_WEAK << 4 | STT_FUNC, 1 },
    { "pxCurrentTCB", 0x40080100, STB_GLOBAL << 4 | STT_OBJECT, 2 },
    { "$x", 0x40080000, STB_LOCAL << 4 | STT_NOTYPE, 1 },
    { "main.c", 0, STB_LOCAL << 4 | STT_FILE, SHN_ABS },
    { "outside", 0, STB_GLOBAL << 4 | STT_NOTYPE, SHN_UNDEF },
    { "_heap_size", 0x1000, STB_GLOBAL << 4 | STT_NOTYPE, SHN_ABS },
};

START_TEST(test_bare_metal_elf)
{
    GByteArray *bytes = fake_elf_make(_i, ET_EXEC, 0x40080000, bare_metal,
                                      G_N_ELEMENTS(bare_metal));
    struct osi_kernel *kernel = load_well(bytes->data, bytes->len);
    const struct osi_symtab *symbols = osi_kernel_symbols(kernel);

    ck_assert(!osi_kernel_is_linux(kernel));
    ck_assert_uint_eq(address_of(kernel, "_start"), 0x40080000);
    ck_assert_uint_eq(address_of(kernel, "pxCurrentTCB"), 0x40080100);
    ck_assert_uint_eq(address_of(kernel, "_heap_size"), 0x1000);
    ck_assert_uint_eq(osi_symtab_count(symbols), 5);
    ck_assert_str_eq(osi_symtab_resolve(symbols, 0x40080014, NULL, NULL), "local");
    ck_assert_uint_eq(osi_kernel_bytes(kernel, 0x40080000, 64)[63], 0xc0);
    ck_assert_ptr_null(osi_kernel_bytes(kernel, 0x40080000, 65));
    ck_assert_ptr_null(osi_kernel_bytes(kernel, 0x4007ffff, 1));
    osi_kernel_free(kernel);
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_linux_elf)
{
    static const struct fake_elf_symbol vmlinux[] = {
        { "_text", FAKE_LINK_BASE, STB_GLOBAL << 4 | STT_NOTYPE, 1 },
        { "linux_banner", FAKE_LINK_BASE + 0x10, STB_GLOBAL << 4 | STT_OBJECT, 1 },
        { "init_task", FAKE_LINK_BASE + 0x100, STB_GLOBAL << 4 | STT_OBJECT, 2 },
        { "vectors", FAKE_LINK_BASE + 0x20, STB_GLOBAL << 4 | STT_FUNC, 1 },
        { "_kernel_flags", 0xa, STB_GLOBAL << 4 | STT_NOTYPE, SHN_ABS },
        { "_end", FAKE_LINK_BASE + 0x1000, STB_GLOBAL << 4 | STT_NOTYPE, 2 },
    };
    GByteArray *bytes = fake_elf_make(true, ET_DYN, FAKE_LINK_BASE, vmlinux, G_N_ELEMENTS(vmlinux));
    struct osi_kernel *kernel;
    uint64_t offset;

    fake_text_at(bytes, 128 + 0x10, "Linux version 6.9.9 (a) #3\n");
    kernel = load_well(bytes->data, bytes->len);
    ck_assert(osi_kernel_is_linux(kernel));
    ck_assert_uint_eq(address_of(kernel, "vectors"), 0x20);
    ck_assert_uint_eq(osi_kernel_image_size(kernel), 0x1000);
    ck_assert_uint_eq(osi_kernel_link_base(kernel), FAKE_LINK_BASE);
    ck_assert_uint_eq(osi_symtab_count(osi_kernel_symbols(kernel)), 4);
    ck_assert_str_eq(osi_kernel_banner(kernel, &offset), "Linux version 6.9.9 (a) #3");
    ck_assert_uint_eq(offset, 0x10);
    ck_assert_str_eq(osi_kernel_release(kernel), "6.9.9");
    ck_assert_mem_eq(osi_kernel_bytes(kernel, 0x10, 5), "Linux", 5);
    osi_kernel_free(kernel);
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_unfit_elf)
{
    GByteArray *object = fake_elf_make(true, ET_REL, 0, bare_metal, G_N_ELEMENTS(bare_metal));
    GByteArray *stripped = fake_elf_make(true, ET_EXEC, 0, NULL, 0);
    struct osi_kernel *kernel;
    struct osi_error err;

    ck_assert_int_eq(load(object->data, object->len, &kernel, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "not a linked program"));
    ck_assert_int_eq(load(stripped->data, stripped->len, &kernel, &err), -ENOENT);
    object->data[EI_DATA] = ELFDATA2MSB;
    ck_assert_int_eq(load(object->data, object->len, &kernel, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "little-endian"));
    g_byte_array_unref(object);
    g_byte_array_unref(stripped);
}
END_TEST

static void count_name(void *data, uint64_t address, char type, const char *name)
{
    size_t *sum = data;

    *sum += strlen(name) + type + address;
}

/* A mapped file has zeros behind its end, which hide a read too far; the heap has none. */
static void ask_elf(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = g_memdup2(bytes, size);
    size_t length, sum = 0;
    struct osi_elf elf;

    if (!osi_elf_open(copy, size, "copy", &elf, NULL)) {
        const uint8_t *at = osi_elf_bytes(&elf, 0x40080000, 64);

        osi_elf_symbols(&elf, count_name, &sum);
        sum += at ? at[0] + at[63] : 0;
        at = osi_elf_section(&elf, ".strtab", &length);
        sum += at ? at[0] + at[length - 1] : 0;
    }
    g_free(copy);
}

START_TEST(test_elf_damage)
{
    GByteArray *bytes = fake_elf_make(_i, ET_EXEC, 0x40080000, bare_metal,
                                      G_N_ELEMENTS(bare_metal));
    GRand *random = g_rand_new_with_seed(5);

    for (unsigned size = 0; size < bytes->len; size++) {
        ask_elf(bytes->data, size);
    }
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t *copy = g_memdup2(bytes->data, bytes->len);
        /* Half of the rounds hit the header, where it hurts most. */
        size_t end = round % 2 ? bytes->len : 64;

        for (unsigned i = 0; i < 3; i++) {
            copy[g_rand_int_range(random, EI_DATA + 1, end)] = g_rand_int(random);
        }
        ask_elf(copy, bytes->len);
        g_free(copy);
    }
    g_rand_free(random);
    g_byte_array_unref(bytes);
}
END_TEST

/* Real kernels */

static char **real_kernels;

/* Offsets in task_struct, from the DWARF of the -dbg packages and from 6.1-rt's own code. */
static const struct {
    const char *release, *member;
    uint32_t offset;
} known[] = {
    { "6.1.0-56-arm64", "__state", 0x18 },
    { "6.1.0-56-arm64", "pid", 0x548 },
    { "6.1.0-56-arm64", "comm", 0x778 },
    { "6.1.0-56-arm64", "nvcsw", 0x6a0 },
    { "6.1.0-56-arm64", "thread_info.cpu", 0x10 },
    { "6.1.0-56-rt-arm64", "__state", 0x20 },
    { "6.12.88+deb12-arm64", "pid", 0x560 },
    { "6.12.88+deb12-arm64", "comm", 0x780 },
    { "6.12.88+deb12-rt-arm64", "pid", 0x5c0 },
    { "6.12.88+deb12-rt-arm64", "comm", 0x7e0 },
    { "6.12.117+deb12-arm64", "pid", 0x560 },
    { "6.12.117+deb12-arm64", "comm", 0x780 },
    { "6.12.117+deb12-arm64", "nvcsw", 0x6a8 },
    { "6.12.117+deb12-arm64", "exit_state", 0x4f8 },
    { "6.12.117+deb12-arm64", "se.sched_delayed", 0xd1 },
};

static void check_known(const struct osi_kernel *kernel)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        uint32_t offset;

        if (!g_strcmp0(osi_kernel_release(kernel), known[i].release)) {
            ck_assert_int_eq(
                osi_kernel_offset(kernel, "task_struct", known[i].member, &offset, NULL), 0);
            ck_assert_msg(offset == known[i].offset, "%s: %s is at %#x", known[i].release,
                          known[i].member, offset);
        }
    }
}

struct witness {
    const struct osi_symtab *symbols;
    const char *path;
};

/* Each symbol is where the witness has it; names may be used many times. */
static bool confirm(void *data, uint64_t address, char type, const char *name)
{
    const struct witness *witness = data;
    uint64_t places[512];
    size_t count = osi_symtab_lookup_all(witness->symbols, name, places, G_N_ELEMENTS(places));
    bool there = false;

    for (size_t i = 0; i < MIN(count, G_N_ELEMENTS(places)); i++) {
        there |= places[i] == address;
    }
    /* More than we ask for: too common a name to check this way. */
    ck_assert_msg(there || strstr(name, ".cold") || count > G_N_ELEMENTS(places),
                  "%c %s at %#lx is not in %s", type, name, address, witness->path);
    return true;
}

static void check_against(const struct osi_kernel *kernel, const char *path, const char *ending)
{
    char *list = g_strconcat(path, ending, NULL);
    struct osi_kernel *witness;

    if (g_file_test(list, G_FILE_TEST_EXISTS)) {
        struct osi_error err = { "" };
        struct witness w = { .path = list };

        ck_assert_msg(osi_kernel_from_file(list, &witness, &err) == 0, "%s", err.text);
        w.symbols = osi_kernel_symbols(witness);
        printf("  %zu symbols confirmed by %s\n",
               osi_symtab_match(osi_kernel_symbols(kernel), "*", confirm, &w), list);
        osi_kernel_free(witness);
    }
    g_free(list);
}

START_TEST(test_real)
{
    const char *path = real_kernels[_i];
    struct osi_kernel *kernel;
    struct osi_error err = { "" };
    struct timespec from, to;
    uint64_t offset;
    uint32_t size;

    clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert_msg(osi_kernel_from_file(path, &kernel, &err) == 0, "%s", err.text);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%s, %.0f ms\n", osi_kernel_provenance(kernel),
           (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6);
    ck_assert(osi_kernel_is_linux(kernel));
    ck_assert_uint_gt(osi_symtab_count(osi_kernel_symbols(kernel)), 30000);
    ck_assert_uint_eq(address_of(kernel, "vectors") % 2048, 0);
    ck_assert_uint_eq(address_of(kernel, "_stext") % 4096, 0);
    address_of(kernel, "cpu_switch_to");
    address_of(kernel, "finish_task_switch");
    ck_assert_uint_ne(osi_kernel_link_base(kernel), 0);
    ck_assert_mem_eq(osi_kernel_bytes(kernel, 56, 4), "ARM\x64", 4);
    ck_assert_ptr_nonnull(osi_kernel_banner(kernel, &offset));
    ck_assert_mem_eq(osi_kernel_bytes(kernel, offset, 14), "Linux version ", 14);
    ck_assert(osi_kernel_has_types(kernel));
    ck_assert_int_eq(osi_kernel_type_size(kernel, "task_struct", &size), 0);
    ck_assert_int_eq(osi_kernel_percpu(kernel, "runqueues", &size), 0);
    ck_assert_int_eq(osi_kernel_arguments(kernel, "try_to_wake_up"), 3);
    check_known(kernel);
    check_against(kernel, path, ".map");
    check_against(kernel, path, ".kallsyms");
    fflush(stdout);
    osi_kernel_free(kernel);
}
END_TEST

static TCase *real_case(void)
{
    const char *list = g_getenv("OSINSTR_TEST_KERNELS");
    TCase *tcase = tcase_create("real kernels");

    real_kernels = g_strsplit(list ? list : "", ":", -1);
    if (!*real_kernels) {
        printf("SKIPPED: real kernels (OSINSTR_TEST_KERNELS names none)\n");
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_real, 0, (int)g_strv_length(real_kernels));
    return tcase;
}

static TCase *file_case(void)
{
    TCase *tcase = tcase_create("files");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_image, 0, 2 * FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_memory, 0, 4 * FAKE_LAYOUTS);
    tcase_add_test(tcase, test_image_contradictions);
    tcase_add_test(tcase, test_image_without_types);
    tcase_add_loop_test(tcase, test_image_damage, 0, FAKE_LAYOUTS);
    tcase_add_test(tcase, test_packed);
    tcase_add_test(tcase, test_system_map);
    tcase_add_test(tcase, test_saved_kallsyms);
    tcase_add_loop_test(tcase, test_refused, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, test_unreadable);
    tcase_add_loop_test(tcase, test_bare_metal_elf, 0, 2);
    tcase_add_test(tcase, test_linux_elf);
    tcase_add_test(tcase, test_unfit_elf);
    tcase_add_loop_test(tcase, test_elf_damage, 0, 2);
    return tcase;
}

static TCase *type_case(void)
{
    TCase *tcase = tcase_create("types");

    tcase_add_loop_test(tcase, test_member, 0, G_N_ELEMENTS(members));
    tcase_add_test(tcase, test_other_types);
    tcase_add_test(tcase, test_circular_types);
    tcase_add_test(tcase, test_btf_truncation);
    tcase_add_loop_test(tcase, test_btf_wrong_word, 0, G_N_ELEMENTS(wrong_words));
    tcase_add_test(tcase, test_btf_last_type);
    tcase_add_test(tcase, test_btf_damage);
    tcase_add_test(tcase, test_btf_choice);
    tcase_add_test(tcase, test_adopt);
    tcase_add_test(tcase, test_adopt_refuses_another_build);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("kernel");
    SRunner *runner;
    int failed;

    directory = g_dir_make_tmp("osinstr-kernel-XXXXXX", NULL);
    suite_add_tcase(suite, file_case());
    suite_add_tcase(suite, type_case());
    suite_add_tcase(suite, real_case());
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    g_rmdir(directory);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
