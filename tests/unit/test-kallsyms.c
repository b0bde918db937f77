/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms in every layout, whole, cut short and damaged. Run it under ASan: the buffers end where
 * the bytes end. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include <glib.h>

#include "guest/kallsyms.h"
#include "tests/data/guest/fake-kallsyms.h"

#define SYMBOLS 600
#define BEFORE 4096

static struct fake_symbol *symbols;
static const uint64_t kernel_half = 0xffff800080000000;

/* Digits, aliases, a name of more than 127 tokens, control characters, more than two markers. */
static void make_symbols(void)
{
    symbols = g_new0(struct fake_symbol, SYMBOLS);
    for (unsigned i = 0; i < SYMBOLS; i++) {
        symbols[i].value = i / 3 * 0x40;
        symbols[i].type = i % 5 ? 't' : 'T';
        symbols[i].name = i == 300 ? g_strnfill(300, 'x')
                                   : g_strdup_printf("func_%u_irq%s", i, i % 7 ? "" : ".isra.0");
    }
}

static GByteArray *noise(unsigned length)
{
    GRand *random = g_rand_new_with_seed(17);
    GByteArray *out = g_byte_array_new();

    for (unsigned i = 0; i < length; i++) {
        fake_put(out, g_rand_int(random), 1);
    }
    g_rand_free(random);
    return out;
}

static struct fake_kallsyms fake_of(enum fake_layout layout)
{
    /* The farthest that 32 bits reach. */
    symbols[SYMBOLS - 1].value = layout == FAKE_SELF_RELATIVE ? 0x7ffffff0 : 0xfffffff0;
    return (struct fake_kallsyms){ .layout = layout, .symbols = symbols, .count = SYMBOLS };
}

/* A table between noise and a decoy that has the digits and nothing else. */
static GByteArray *make(struct fake_kallsyms *fake)
{
    GByteArray *out = noise(BEFORE);

    g_byte_array_append(out, (const guint8 *)"0\0001\0002\0003\0004\0005\0006\0007\0008\0009", 20);
    fake_kallsyms_append(out, fake);
    return out;
}

/* What was in the heap ends with it, so that ASan sees one byte too many. */
static int find_in_copy(const uint8_t *bytes, size_t size, struct osi_kallsyms *found)
{
    uint8_t *copy = g_memdup2(bytes, size);
    struct osi_error err;
    int rc = osi_kallsyms_find(copy, size, found, &err);

    g_free(copy);
    return rc;
}

struct reading {
    const struct fake_kallsyms *fake;
    unsigned index;
};

static void compare(void *data, int64_t value, char type, const char *name)
{
    struct reading *reading = data;
    const struct fake_symbol *symbol = &reading->fake->symbols[reading->index++];

    ck_assert_int_eq(value, symbol->value);
    ck_assert_int_eq(type, symbol->type);
    ck_assert_str_eq(name, symbol->name);
}

static void check_whole(struct fake_kallsyms *fake)
{
    GByteArray *bytes = make(fake);
    struct reading reading = { .fake = fake };
    struct osi_kallsyms found;

    ck_assert_int_eq(osi_kallsyms_find(bytes->data, bytes->len, &found, NULL), 0);
    ck_assert_int_eq((int)found.layout, (int)fake->layout);
    ck_assert_uint_eq(found.count, fake->count);
    ck_assert_uint_eq(found.names, fake->at_names);
    ck_assert_uint_eq(found.tokens, fake->at_tokens);
    ck_assert_uint_eq(found.token_index, fake->at_index);
    ck_assert_uint_eq(found.offsets, fake->at_offsets);
    ck_assert_uint_eq(found.base_slot, fake->at_base);
    ck_assert_uint_eq(found.base, fake->base);
    osi_kallsyms_read(bytes->data, &found, compare, &reading);
    ck_assert_uint_eq(reading.index, fake->count);
    ck_assert_ptr_nonnull(osi_kallsyms_layout_name(found.layout));
    g_byte_array_unref(bytes);
}

START_TEST(test_layout)
{
    struct fake_kallsyms fake = fake_of(_i);

    check_whole(&fake);
    if (fake.layout != FAKE_SELF_RELATIVE) {
        fake.base = kernel_half;
        check_whole(&fake);
    }
}
END_TEST

START_TEST(test_absolute_percpu)
{
    const struct fake_symbol percpu[] = {
        { 0, 'A', "cpu_0123456789" }, { 0x1000, 'A', "cpu_task" }, { 0, 'T', "_text" },
        { 0x100, 'T', "sys_read" },   { 0x200, 'T', "sys_write" },
    };
    struct fake_kallsyms fake = {
        .layout = _i, .symbols = percpu, .count = 5, .base = kernel_half, .percpu = true
    };

    check_whole(&fake);
}
END_TEST

/* A handful of symbols leaves little to check against: it must still come out right. */
START_TEST(test_few_symbols)
{
    struct fake_kallsyms fake = fake_of(_i);

    fake.count = 2;
    fake.symbols = (struct fake_symbol[]){ { 0x1000, 'T', "one_1234567890" },
                                           { 0x2000, 't', "two" } };
    check_whole(&fake);
}
END_TEST

START_TEST(test_every_truncation)
{
    struct fake_kallsyms fake = fake_of(_i);
    GByteArray *bytes = make(&fake);
    struct osi_kallsyms found;

    for (size_t size = 0; size < fake.end; size++) {
        ck_assert_int_eq(find_in_copy(bytes->data, size, &found), -ENOENT);
    }
    ck_assert_int_eq(find_in_copy(bytes->data, fake.end, &found), 0);
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_every_truncated_start)
{
    struct fake_kallsyms fake = fake_of(_i);
    GByteArray *bytes = make(&fake);
    size_t first = _i <= FAKE_OLD_SEQUENCED ? fake.at_offsets : fake.at_count;
    struct osi_kallsyms found;

    for (size_t skip = first + 1; skip <= bytes->len; skip++) {
        ck_assert_int_eq(find_in_copy(bytes->data + skip, bytes->len - skip, &found), -ENOENT);
    }
    g_byte_array_unref(bytes);
}
END_TEST

static void ignore(void *data, int64_t value, char type, const char *name)
{
    uint64_t *sum = data;

    *sum += value + type + strlen(name);
}

/* Whatever is found in damaged bytes can be read without leaving them. */
START_TEST(test_random_damage)
{
    struct fake_kallsyms fake = fake_of(_i);
    GByteArray *bytes = make(&fake);
    GRand *random = g_rand_new_with_seed(4711 + _i);
    unsigned refused = 0;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 3000; round++) {
        uint8_t *copy = g_memdup2(bytes->data, bytes->len);
        struct osi_kallsyms found;

        for (int flips = g_rand_int_range(random, 1, 9); flips > 0; flips--) {
            copy[g_rand_int_range(random, BEFORE, bytes->len)] = g_rand_int(random);
        }
        if (osi_kallsyms_find(copy, bytes->len, &found, NULL)) {
            refused++;
        } else {
            osi_kallsyms_read(copy, &found, ignore, &sum);
        }
        g_free(copy);
    }
    ck_assert_uint_gt(refused, 300);
    g_rand_free(random);
    g_byte_array_unref(bytes);
}
END_TEST

/* Each part is held against the others: one wrong number anywhere and the table is none. */
static const struct {
    const char *what;
    size_t place, distance; /* offset of a member of struct fake_kallsyms, and how far behind */
    uint8_t xor ;
} damages[] = {
    { "count", offsetof(struct fake_kallsyms, at_count), 0, 1 },
    { "a name's length", offsetof(struct fake_kallsyms, at_names), 0, 1 },
    { "a marker", offsetof(struct fake_kallsyms, at_markers), 4, 1 },
    { "the last marker", offsetof(struct fake_kallsyms, at_markers), 9, 1 },
    { "a token", offsetof(struct fake_kallsyms, at_tokens), 33 + 2 * 20, 0x41 ^ 0 },
    { "the token index", offsetof(struct fake_kallsyms, at_index), 400, 1 },
    { "an offset", offsetof(struct fake_kallsyms, at_offsets), 4 * 90 + 2, 0x10 },
    { "the base", offsetof(struct fake_kallsyms, at_base), 0, 1 },
};

START_TEST(test_one_wrong_byte)
{
    enum fake_layout layout = _i % FAKE_LAYOUTS;
    unsigned which = _i / FAKE_LAYOUTS;
    struct fake_kallsyms fake = fake_of(layout);
    GByteArray *bytes = make(&fake);
    size_t at = G_STRUCT_MEMBER(size_t, &fake, damages[which].place);
    struct osi_kallsyms found;

    if (at) { /* one layout has no base */
        bytes->data[at + damages[which].distance] ^= damages[which].xor ;
        ck_assert_msg(osi_kallsyms_find(bytes->data, bytes->len, &found, NULL) == -ENOENT,
                      "%s, layout %d", damages[which].what, layout);
    }
    g_byte_array_unref(bytes);
}
END_TEST

START_TEST(test_nothing)
{
    GByteArray *bytes = noise(100000);
    struct osi_kallsyms found;
    struct osi_error err = { "" };

    ck_assert_int_eq(osi_kallsyms_find(bytes->data, bytes->len, &found, &err), -ENOENT);
    ck_assert_str_ne(err.text, "");
    ck_assert_int_eq(osi_kallsyms_find(bytes->data, 0, &found, NULL), -ENOENT);
    memset(bytes->data, 0, bytes->len);
    ck_assert_int_eq(osi_kallsyms_find(bytes->data, bytes->len, &found, NULL), -ENOENT);
    g_byte_array_unref(bytes);
}
END_TEST

/* Bytes made to look like the start of many tables must not take for ever. */
START_TEST(test_hostile_bytes_end)
{
    struct fake_kallsyms fake = fake_of(FAKE_OLD);
    GByteArray *bytes = g_byte_array_new(), *table = make(&fake);
    struct osi_kallsyms found;

    for (unsigned i = 0; i < 1 << 21; i++) {
        fake_put(bytes, 0x00206103, 4); /* as a number a count, as bytes a name of three tokens */
    }
    g_byte_array_append(bytes, table->data + fake.at_tokens, table->len - fake.at_tokens);
    ck_assert_int_eq(osi_kallsyms_find(bytes->data, bytes->len, &found, NULL), -ENOENT);
    g_byte_array_unref(bytes);
    g_byte_array_unref(table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kallsyms");
    TCase *tcase = tcase_create("kallsyms");
    SRunner *runner;
    int failed;

    make_symbols();
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_layout, 0, FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_absolute_percpu, FAKE_OLD, FAKE_SELF_RELATIVE);
    tcase_add_loop_test(tcase, test_few_symbols, 0, FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_every_truncation, 0, FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_every_truncated_start, 0, FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_random_damage, 0, FAKE_LAYOUTS);
    tcase_add_loop_test(tcase, test_one_wrong_byte, 0, G_N_ELEMENTS(damages) * FAKE_LAYOUTS);
    tcase_add_test(tcase, test_nothing);
    tcase_add_test(tcase, test_hostile_bytes_end);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
