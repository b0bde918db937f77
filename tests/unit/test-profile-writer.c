/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a random profile for tests/profile.test, and what a reader must find in it.
 *
 *   test-profile-writer DIR SEED [NODES]
 *
 * makes DIR/stacks.folded, callgrind.out, profile.pb.gz and truth.json. The latter has "total", and
 * for each function its name in each file, its module, and its self, total and calls.
 */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/random-profile.h"

enum { TASKS = 8, FUNCTIONS = 120, NODES = 3000 };

static FILE *open_in(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    FILE *file = fopen(path, "we");

    if (!file)
        g_error("can't write %s", path);
    return file;
}

static void put_string(JsonBuilder *json, const char *key, const char *value)
{
    json_builder_set_member_name(json, key);
    json_builder_add_string_value(json, value);
}

static void put_count(JsonBuilder *json, const char *key, uint64_t value)
{
    json_builder_set_member_name(json, key);
    json_builder_add_int_value(json, (gint64)value);
}

static void put_function(JsonBuilder *json, const struct random_profile *p, size_t i)
{
    g_autofree char *folded = random_label(p, i, TRUE, FALSE);
    g_autofree char *callgrind = random_label(p, i, FALSE, TRUE);
    g_autofree char *pprof = random_label(p, i, FALSE, FALSE);

    json_builder_begin_object(json);
    put_string(json, "folded", folded);
    put_string(json, "callgrind", callgrind);
    put_string(json, "pprof", pprof);
    put_string(json, "module", p->functions[i].module);
    put_count(json, "self", p->self[i]);
    put_count(json, "total", p->total[i]);
    put_count(json, "calls", p->calls[i]);
    json_builder_end_object(json);
}

/* Only what some path has: readers don't know of others. */
static void put_truth(FILE *file, const struct random_profile *p)
{
    JsonBuilder *json = json_builder_new();
    JsonNode *root;
    g_autofree char *text = NULL;

    json_builder_begin_object(json);
    put_count(json, "total", p->all);
    put_count(json, "tasks", p->n_tasks);
    json_builder_set_member_name(json, "functions");
    json_builder_begin_array(json);
    for (size_t i = 1; i < p->profile.n_functions; i++)
        if (p->calls[i])
            put_function(json, p, i);
    json_builder_end_array(json);
    json_builder_end_object(json);
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    fprintf(file, "%s\n", text);
    json_node_unref(root);
    g_object_unref(json);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*write)(const struct osi_profile *, FILE *);
    } files[] = { { "stacks.folded", osi_profile_folded },
                  { "callgrind.out", osi_profile_callgrind },
                  { "profile.pb.gz", osi_profile_pprof } };
    struct random_profile *p;
    FILE *truth;

    if (argc < 3 || argc > 4)
        return 2;
    p = random_profile_new((uint32_t)atoi(argv[2]), TASKS, FUNCTIONS,
                           argc > 3 ? (size_t)atol(argv[3]) : NODES);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        FILE *file = open_in(argv[1], files[i].name);

        if (files[i].write(&p->profile, file) || fclose(file))
            return 1;
    }
    truth = open_in(argv[1], "truth.json");
    put_truth(truth, p);
    random_profile_free(p);
    return fclose(truth) != 0;
}
