/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles come back from their files as they were, and damaged files are refused. */
#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "profile-read.h"
#include "unit/random-profile.h"
#include "unit/test-profile.h"

enum { TASKS = 8, FUNCTIONS = 120, NODES = 3000 };

static char *path;

static void use_file(void)
{
    int fd = g_file_open_tmp("test-profile-read-XXXXXX", &path, NULL);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_file(void)
{
    g_unlink(path);
    g_free(path);
}

static void put(const void *bytes, size_t length)
{
    ck_assert(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

static void write_profile(const struct osi_profile *profile)
{
    size_t length;
    char *file = written(osi_profile_pprof, profile, &length);

    put(file, length);
    free(file);
}

static struct osi_profile *read_again(void)
{
    struct osi_profile *profile;
    struct osi_error err = { "" };

    ck_assert_msg(profile_read(path, &profile, &err) == 0, "%s", err.text);
    return profile;
}

static void refused(const char *why)
{
    struct osi_profile *profile;
    struct osi_error err = { "" };

    ck_assert_int_lt(profile_read(path, &profile, &err), 0);
    ck_assert_ptr_null(profile);
    ck_assert_msg(strstr(err.text, path) && strstr(err.text, why), "%s", err.text);
}

/* ---- what a profile says, whatever the order of its nodes ---- */
struct spent {
    uint64_t self, calls;
};

static char *path_of(const struct osi_profile *profile, size_t node)
{
    GString *text = g_string_new(NULL);

    for (; node; node = profile->nodes[node].parent) {
        const struct osi_profile_function *f = &profile->functions[profile->nodes[node].function];

        g_string_append_printf(text, "%s\x01%s\x01%" PRIx64 "\x02", f->name, f->module, f->address);
    }
    return g_string_free(text, FALSE);
}

static GHashTable *paths_of(const struct osi_profile *profile)
{
    GHashTable *paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (size_t i = 0; i < profile->n_nodes; i++) {
        const struct osi_profile_node *node = &profile->nodes[i];
        g_autofree char *key = path_of(profile, i);
        struct spent *spent = g_hash_table_lookup(paths, key);

        if (i == 0)
            ck_assert_uint_eq(node->parent, 0);
        else
            require(node->parent < i);
        if (!node->self && (i == 0 || !node->calls))
            continue;
        if (!spent) {
            spent = g_new0(struct spent, 1);
            g_hash_table_insert(paths, g_strdup(key), spent);
        }
        spent->self += MIN(node->self, INT64_MAX);
        spent->calls += i ? MIN(node->calls, INT64_MAX) : 0;
    }
    return paths;
}

static void compare(const struct osi_profile *a, const struct osi_profile *b)
{
    GHashTable *before = paths_of(a), *after = paths_of(b);
    GHashTableIter iter;
    void *key, *value;

    ck_assert_uint_eq(g_hash_table_size(before), g_hash_table_size(after));
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const struct spent *x = value, *y = g_hash_table_lookup(after, key);

        ck_assert_msg(y != NULL, "lost: %s", (char *)key);
        require(x->self == y->self);
        require(x->calls == y->calls);
    }
    ck_assert_str_eq(a->tool, b->tool);
    ck_assert_str_eq(a->command, b->command);
    g_hash_table_destroy(before);
    g_hash_table_destroy(after);
}

START_TEST(round_trip)
{
    struct random_profile *p = random_profile_new((uint32_t)_i, TASKS, FUNCTIONS, NODES);
    struct osi_profile *again;

    p->nodes[0].self = _i % 2 ? 77 : 0;
    p->nodes[5].self = _i % 3 ? 5 : UINT64_MAX;
    write_profile(&p->profile);
    again = read_again();
    compare(&p->profile, again);
    ck_assert_str_eq(again->functions[again->nodes[0].function].name, "all");
    profile_free(again);
    random_profile_free(p);
}
END_TEST

START_TEST(odd_names)
{
    static const struct osi_profile_function functions[] = {
        { "all", "", 0 },         { " a b ", "[task]", 0 },      { "\\x41\\", "m;\n", 1 },
        { "\t\x01\xff", "", 2 },  { "\xc2\x85\xe2\x80\xae", "m", 3 }, { "t\xf0\x9f\x92\xa9", "m", 4 },
    };
    static const struct osi_profile_node nodes[] = {
        { 0, 0, 3, 0 }, { 0, 1, 0, 0 }, { 1, 2, 7, 0 }, { 2, 3, 0, 2 }, { 3, 4, 1, 1 }, { 1, 5, 0, 9 },
    };
    const struct osi_profile profile = { "hot path", "a: \\b\n", functions, nodes,
                                         G_N_ELEMENTS(functions), G_N_ELEMENTS(nodes) };
    struct osi_profile *again;

    write_profile(&profile);
    again = read_again();
    compare(&profile, again);
    ck_assert_uint_eq(again->n_nodes, G_N_ELEMENTS(nodes));
    profile_free(again);
}
END_TEST

START_TEST(empty_profile)
{
    static const struct osi_profile_function function = { "all", "", 0 };
    static const struct osi_profile_node node = { 0, 0, 0, 0 };
    const struct osi_profile profile = { "hotpath", "nothing", &function, &node, 1, 1 };
    struct osi_profile *again;

    write_profile(&profile);
    again = read_again();
    ck_assert_uint_eq(again->n_nodes, 1);
    ck_assert_uint_eq(again->nodes[0].self, 0);
    profile_free(again);
}
END_TEST

/* ---- files that are none ---- */
START_TEST(other_files)
{
    put("", 0);
    refused("empty");
    put("hello", 5);
    refused("no compressed profile");
    g_unlink(path);
    refused("can't read");
    ck_assert_int_eq(g_mkdir(path, 0700), 0);
    refused("");
    g_rmdir(path);
    put("", 0);
}
END_TEST

static void put_zipped(const char *bytes, size_t length)
{
    gzFile gz = gzopen(path, "w");

    ck_assert_int_eq(gzwrite(gz, bytes, (unsigned)length), (int)length);
    gzclose(gz);
}

#define MESSAGE(text) text, sizeof(text) - 1
START_TEST(broken_messages)
{
    put_zipped(MESSAGE("\x12\x7f"));
    refused("fields are broken");
    put_zipped(MESSAGE("\x12\x03\x0a\x01\x01"));
    refused("a sample is broken");
    put_zipped(MESSAGE("\x12\x07\x0a\x01\x80\x12\x02\x01\x01"));
    refused("a path is broken");
    put_zipped(MESSAGE("\x12\x07\x0a\x01\x01\x12\x02\x01\x01"));
    refused("another program's");
    put_zipped(MESSAGE("\x12\x07\x0a\x01\x09\x12\x02\x01\x01\x0a\x04\x08\x01\x10\x00\x0a\x04\x08\x02"
                       "\x10\x00\x32\x00\x32\x0cinstructions\x32\x05" "calls"));
    refused("location that is missing");
}
END_TEST

/* Wherever it ends, and whatever byte is another, there is a profile or a reason, never a crash. */
START_TEST(damage)
{
    struct random_profile *p = random_profile_new(7, 3, 20, 60);
    size_t length, plain_length;
    char *file = written(osi_profile_pprof, &p->profile, &length);
    GByteArray *plain = unzipped(file, length);

    for (size_t n = 0; n < length; n++) {
        put(file, n);
        refused("");
    }
    plain_length = plain->len;
    for (size_t i = 0; i < plain_length * 3; i++) {
        struct osi_profile *profile;
        uint8_t *byte = &plain->data[i / 3], was = *byte;

        *byte = (uint8_t)(i % 3 == 0 ? was ^ 1 : i % 3 == 1 ? 0xff : was + 64);
        put_zipped((char *)plain->data, plain_length);
        *byte = was;
        if (profile_read(path, &profile, NULL) == 0)
            profile_free(profile);
    }
    g_byte_array_unref(plain);
    random_profile_free(p);
    free(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile-read");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, use_file, remove_file);
    tcase_add_loop_test(tcase, round_trip, 0, 20);
    tcase_add_test(tcase, odd_names);
    tcase_add_test(tcase, empty_profile);
    tcase_add_test(tcase, other_files);
    tcase_add_test(tcase, broken_messages);
    tcase_add_test(tcase, damage);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
