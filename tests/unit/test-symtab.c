/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The symbol table: names with and without suffixes, duplicates, and what an address belongs to. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/symname.h"
#include "guest/symtab.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    uint64_t address;
    char type;
    const char *name;
} kernel[] = {
    /* Not sorted, on purpose. */
    { 0x10800, 'T', "vectors" },
    { 0x10000, 'T', "_stext" },
    { 0x10000, 'T', "__irqentry_text_start" },
    { 0x10000, 't', "gic_handle_irq" },
    { 0x10160, 't', "gic_handle_irq" },
    { 0x20000, 't', "finish_task_switch.isra.0" },
    { 0x20100, 't', "do_thing" },
    { 0x20200, 'T', "do_thing" },
    { 0x20300, 't', "do_thing" },
    { 0x21000, 't', "split.part.0" },
    { 0x21100, 't', "split.constprop.0.isra.0" },
    { 0x22000, 'T', "whole" },
    { 0x22100, 't', "whole.part.0" },
    { 0x22200, 't', "whole.cold" },
    { 0x23000, 't', "icy.cold" },
    { 0x24000, 'T', "__pi_memcpy" },
    { 0x24000, 'T', "memcpy" },
    { 0x24000, 'W', "amemcpy" },
    { 0x24000, 't', "$x" },
    { 0x24010, 't', "$d.17" },
    { 0x24020, 't', "__kvm_nvhe_$d" },
    { 0x24030, 't', ".L14472\002" },
    { 0x25000, 't', "twins" },
    { 0x25000, 't', "twins" },
    { 0x40, 'A', "absolute" },
    { 0x30000, 'A', "far_absolute" },
};

static struct osi_symtab *make(void)
{
    struct osi_symtab *tab = osi_symtab_new();

    for (size_t i = 0; i < COUNT(kernel); i++) {
        osi_symtab_add(tab, kernel[i].address, kernel[i].type, kernel[i].name);
    }
    osi_symtab_finish(tab);
    return tab;
}

static const struct {
    const char *name;
    uint64_t address; /* 0: none, or several */
    size_t all;
} lookups[] = {
    { "vectors", 0x10800, 1 },
    { "finish_task_switch", 0x20000, 1 },
    { "finish_task_switch.isra.0", 0x20000, 1 },
    { "finish_task_switc", 0, 0 },
    { "finish_task_switch.isra", 0, 0 },
    { "gic_handle_irq", 0, 2 },
    { "do_thing", 0x20200, 3 }, /* the only global one */
    { "split", 0, 2 },
    { "split.constprop.0", 0, 0 },
    { "whole", 0x22000, 2 }, /* exact before suffixed; .cold is no entry */
    { "whole.cold", 0x22200, 1 },
    { "icy", 0, 0 },
    { "twins", 0x25000, 1 },
    { "absolute", 0x40, 1 },
    { "", 0, 0 },
    { "no_such_symbol", 0, 0 },
};

START_TEST(test_lookup)
{
    struct osi_symtab *tab = make();
    uint64_t address = 0;
    bool found = osi_symtab_lookup(tab, lookups[_i].name, &address);

    ck_assert_msg(found == (lookups[_i].address != 0), "%s", lookups[_i].name);
    ck_assert_msg(address == lookups[_i].address, "%s is at %#lx", lookups[_i].name, address);
    ck_assert_msg(osi_symtab_lookup_all(tab, lookups[_i].name, NULL, 0) == lookups[_i].all, "%s",
                  lookups[_i].name);
    osi_symtab_free(tab);
}
END_TEST

START_TEST(test_lookup_all_is_sorted_and_bounded)
{
    struct osi_symtab *tab = make();
    uint64_t at[4] = { 0 };

    ck_assert_uint_eq(osi_symtab_lookup_all(tab, "do_thing", at, 2), 3);
    ck_assert_uint_eq(at[0], 0x20100);
    ck_assert_uint_eq(at[1], 0x20200);
    ck_assert_uint_eq(at[2], 0);
    osi_symtab_free(tab);
}
END_TEST

static const struct {
    uint64_t address;
    const char *name; /* NULL: none */
    uint64_t offset, size;
} addresses[] = {
    { 0xffff, NULL, 0, 0 },
    { 0x10000, "gic_handle_irq", 0, 0x160 }, /* a function beats marks */
    { 0x1015f, "gic_handle_irq", 0x15f, 0x160 },
    { 0x10160, "gic_handle_irq", 0, 0x6a0 },
    { 0x10804, "vectors", 4, 0xf800 },
    { 0x22204, "whole.cold", 4, 0xe00 },
    { 0x24000, "memcpy", 0, 0x1000 },    /* global, few underscores */
    { 0x24020, "memcpy", 0x20, 0x1000 }, /* nothing of the assembler's in between */
    { 0x25000, "twins", 0, 0x1000 },
    { 0x25fff, "twins", 0xfff, 0x1000 },
    { 0x26000, NULL, 0, 0 },
    { 0x30000, NULL, 0, 0 }, /* absolute symbols are not places */
    { 0x40, NULL, 0, 0 },
    { UINT64_MAX, NULL, 0, 0 },
};

START_TEST(test_resolve)
{
    struct osi_symtab *tab = make();
    uint64_t offset = 0, size = 0;
    const char *name = osi_symtab_resolve(tab, addresses[_i].address, &offset, &size);

    ck_assert_pstr_eq(name, addresses[_i].name);
    ck_assert_uint_eq(offset, addresses[_i].offset);
    ck_assert_uint_eq(size, addresses[_i].size);
    ck_assert_pstr_eq(osi_symtab_resolve(tab, addresses[_i].address, NULL, NULL), name);
    osi_symtab_free(tab);
}
END_TEST

START_TEST(test_rebase)
{
    struct osi_symtab *tab = osi_symtab_new();
    const uint64_t text = 0xffffc20b87200000;
    uint64_t address, size;

    osi_symtab_add(tab, text - 8, 'T', "below");
    osi_symtab_add(tab, text, 'T', "_text");
    osi_symtab_add(tab, text + 0x100, 'T', "inside");
    osi_symtab_add(tab, text + 0x1000, 'T', "_end");
    osi_symtab_add(tab, 0x20, 'A', "absolute");
    osi_symtab_rebase(tab, text, 0x1000);
    osi_symtab_finish(tab);
    ck_assert_uint_eq(osi_symtab_count(tab), 2);
    ck_assert(osi_symtab_lookup(tab, "inside", &address));
    ck_assert_uint_eq(address, 0x100);
    ck_assert_str_eq(osi_symtab_resolve(tab, 0xfff, NULL, &size), "inside");
    ck_assert_uint_eq(size, 0xf00);
    ck_assert_ptr_null(osi_symtab_resolve(tab, 0x1000, NULL, NULL));
    osi_symtab_free(tab);
}
END_TEST

START_TEST(test_last_addresses)
{
    struct osi_symtab *tab = osi_symtab_new();

    osi_symtab_add(tab, UINT64_MAX - 16, 'T', "last");
    osi_symtab_finish(tab);
    ck_assert_str_eq(osi_symtab_resolve(tab, UINT64_MAX - 1, NULL, NULL), "last");
    osi_symtab_free(tab);
}
END_TEST

START_TEST(test_empty)
{
    struct osi_symtab *tab = osi_symtab_new();
    uint64_t address;

    osi_symtab_finish(tab);
    ck_assert_uint_eq(osi_symtab_count(tab), 0);
    ck_assert(!osi_symtab_lookup(tab, "x", &address));
    ck_assert_ptr_null(osi_symtab_resolve(tab, 0, NULL, NULL));
    osi_symtab_free(tab);
    osi_symtab_free(NULL);
}
END_TEST

struct seen {
    unsigned count, stop;
    uint64_t last;
};

static bool see(void *data, uint64_t address, char type, const char *name)
{
    struct seen *seen = data;

    ck_assert(type == 'T' || type == 't');
    ck_assert_ptr_nonnull(name);
    ck_assert_uint_ge(address, seen->last);
    seen->last = address;
    return ++seen->count != seen->stop;
}

START_TEST(test_match)
{
    struct osi_symtab *tab = make();
    struct seen all = { 0, 0, 0 }, some = { 0, 2, 0 }, none = { 0, 0, 0 };

    ck_assert_uint_eq(osi_symtab_match(tab, "do_*", see, &all), 3);
    ck_assert_uint_eq(all.count, 3);
    ck_assert_uint_eq(osi_symtab_match(tab, "d[a-o]_thin?", see, &some), 2);
    ck_assert_uint_eq(osi_symtab_match(tab, "do", see, &none), 0);
    osi_symtab_free(tab);
}
END_TEST

START_TEST(test_stems)
{
    ck_assert_uint_eq(osi_symname_stem("plain"), 5);
    ck_assert_uint_eq(osi_symname_stem("foo.isra.0"), 3);
    ck_assert_uint_eq(osi_symname_stem("foo.isra.0.part.12"), 3);
    ck_assert_uint_eq(osi_symname_stem("foo.constprop.0.cold"), 3);
    ck_assert_uint_eq(osi_symname_stem("foo.llvm.8372364"), 3);
    ck_assert_uint_eq(osi_symname_stem("descriptor.1"), 12);
    ck_assert_uint_eq(osi_symname_stem("foo.isra.0.tail"), 15);
    ck_assert_uint_eq(osi_symname_stem("foo.isra.0descriptor"), 20);
}
END_TEST

/* Many symbols in scrambled order: each must be found again by name and by address. */
START_TEST(test_many)
{
    struct osi_symtab *tab = osi_symtab_new();
    const unsigned count = 20011; /* prime */
    char name[32];

    for (unsigned i = 0; i < count; i++) {
        unsigned scrambled = (uint64_t)i * 7919 % count;

        snprintf(name, sizeof(name), scrambled % 3 ? "f%u" : "f%u.isra.0", scrambled);
        osi_symtab_add(tab, scrambled * 16, 't', name);
    }
    osi_symtab_finish(tab);
    ck_assert_uint_eq(osi_symtab_count(tab), count);
    for (unsigned i = 0; i < count; i++) {
        uint64_t address, offset;

        snprintf(name, sizeof(name), "f%u", i);
        ck_assert(osi_symtab_lookup(tab, name, &address));
        ck_assert_uint_eq(address, i * 16);
        snprintf(name, sizeof(name), i % 3 ? "f%u" : "f%u.isra.0", i);
        ck_assert_str_eq(osi_symtab_resolve(tab, i * 16 + 15, &offset, NULL), name);
        ck_assert_uint_eq(offset, 15);
    }
    osi_symtab_free(tab);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("symtab");
    TCase *tcase = tcase_create("symtab");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, test_lookup, 0, COUNT(lookups));
    tcase_add_test(tcase, test_lookup_all_is_sorted_and_bounded);
    tcase_add_loop_test(tcase, test_resolve, 0, COUNT(addresses));
    tcase_add_test(tcase, test_rebase);
    tcase_add_test(tcase, test_last_addresses);
    tcase_add_test(tcase, test_empty);
    tcase_add_test(tcase, test_match);
    tcase_add_test(tcase, test_stems);
    tcase_add_test(tcase, test_many);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
