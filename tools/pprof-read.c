/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what libosinstr/output/profile-pprof.c writes; that file tells the format.
 *
 * Samples stand before the tables that they refer to, so paths are first trees of locations' ids, and
 * these become functions at the end. Nothing in the file is trusted.
 */
#include "profile-read.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "pprof-wire.h"
#include "profile-tree.h"
#include "pprof-text.h"

enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, COMMENT = 13 };
enum { TYPE_NAME = 1 };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { ID = 1, MAPPING_FILENAME = 5 };
enum { LOCATION_MAPPING = 2, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1 };
enum { FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME };
enum { N_VALUES = 2 }; /* instructions, calls */

/* Rows of the tables; all numbers are as the file has them. */
struct location {
    uint64_t id, mapping, address, function;
};

struct named {
    uint64_t id, name, other_name;
};

struct reading {
    const char *file;
    struct osi_error *err;
    GByteArray *bytes;
    GArray *strings;    /* struct wire */
    GArray *types;      /* uint64_t: names of the values */
    GArray *locations, *functions, *mappings;
    GArray *path, *values;
    uint64_t comment;
    struct profile_tree tree;
};

struct whole {
    struct osi_profile profile; /* first: this is what the caller has */
    GStringChunk *strings;
};

static int damaged(const struct reading *r, const char *what)
{
    return osi_fail(r->err, -EINVAL, "%s is damaged: %s", r->file, what);
}

/* ---- the file ---- */
static int inflate_part(struct reading *r, gzFile gz, bool *more)
{
    enum { PART = 1 << 20 };
    guint length = r->bytes->len;
    int n, code;

    if (length > G_MAXUINT / 2) {
        return osi_fail(r->err, -EFBIG, "%s is too large", r->file);
    }
    g_byte_array_set_size(r->bytes, length + PART);
    n = gzread(gz, r->bytes->data + length, PART);
    g_byte_array_set_size(r->bytes, length + (guint)MAX(n, 0));
    *more = n == PART;
    gzerror(gz, &code);
    return code == Z_OK || code == Z_STREAM_END ? 0
           : code == Z_ERRNO ? osi_fail(r->err, -errno, "can't read %s: %s", r->file, g_strerror(errno))
                             : damaged(r, "it can't be uncompressed");
}

/* O_NONBLOCK: a pipe of this name must not stop us. */
static int read_bytes(struct reading *r)
{
    int fd = open(r->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
    bool more = true;
    gzFile gz;

    if (fd < 0) {
        return osi_fail(r->err, -errno, "can't read %s: %s", r->file, g_strerror(errno));
    }
    gz = gzdopen(fd, "r");
    if (!gz) {
        close(fd);
        return -ENOMEM;
    }
    gzbuffer(gz, 1 << 17);
    while (more && !rc) {
        rc = inflate_part(r, gz, &more);
    }
    if (!rc && gzdirect(gz)) {
        rc = osi_fail(r->err, -EINVAL, "%s is %s", r->file,
                      r->bytes->len ? "no compressed profile" : "empty");
    }
    gzclose(gz);
    return rc;
}

/* ---- samples ---- */
static void take_numbers(GArray *into, const struct wire_field *field)
{
    struct wire bytes = field->bytes;

    if (!field->is_bytes) {
        g_array_append_val(into, field->value);
    }
    while (bytes.at < bytes.end) {
        uint64_t value = wire_varint(&bytes);

        g_array_append_val(into, value);
    }
}

static bool take_locations(struct reading *r, const struct wire_field *field)
{
    struct wire bytes = field->bytes;

    if (!field->is_bytes) {
        return false;
    }
    while (bytes.at < bytes.end) {
        uint64_t value = wire_varint(&bytes);
        uint32_t id = (uint32_t)value;

        if (value == 0 || value > G_MAXUINT32) {
            return false;
        }
        g_array_append_val(r->path, id);
    }
    return !bytes.broken;
}

static int take_sample(struct reading *r, struct wire message)
{
    struct wire_field field;
    bool labelled = false;
    struct osi_profile_node *node;
    uint32_t at;

    g_array_set_size(r->path, 0);
    g_array_set_size(r->values, 0);
    while (wire_next(&message, &field)) {
        if (field.number == SAMPLE_LOCATION && !take_locations(r, &field)) {
            return damaged(r, "a path is broken");
        } else if (field.number == SAMPLE_VALUE) {
            take_numbers(r->values, &field);
        }
        labelled |= field.number == SAMPLE_LABEL;
    }
    if (message.broken || r->values->len != N_VALUES || !r->path->len) {
        return damaged(r, "a sample is broken");
    }
    /* Only the root itself belongs to no task. */
    at = labelled || r->path->len > 1
             ? profile_tree_path(&r->tree, (uint32_t *)(void *)r->path->data, r->path->len) : 0;
    node = &g_array_index(r->tree.nodes, struct osi_profile_node, at);
    node->function = g_array_index(r->path, uint32_t, 0);
    node->self += g_array_index(r->values, uint64_t, 0);
    node->calls += g_array_index(r->values, uint64_t, 1);
    return 0;
}

/* ---- tables ---- */
static void take_type(struct reading *r, struct wire message)
{
    struct wire_field field;
    uint64_t name = 0;

    while (wire_next(&message, &field)) {
        name = field.number == TYPE_NAME ? field.value : name;
    }
    g_array_append_val(r->types, name);
}

static void take_location(struct reading *r, struct wire message)
{
    struct location location = { .id = 0 };
    struct wire_field field, line;

    while (wire_next(&message, &field)) {
        switch (field.number) {
        case ID:
            location.id = field.value;
            break;
        case LOCATION_MAPPING:
            location.mapping = field.value;
            break;
        case LOCATION_ADDRESS:
            location.address = field.value;
            break;
        case LOCATION_LINE:
            while (wire_next(&field.bytes, &line)) {
                location.function = line.number == LINE_FUNCTION ? line.value : location.function;
            }
            break;
        }
    }
    g_array_append_val(r->locations, location);
}

/* The name a function has, as opposed to how it is shown. */
static void take_named(GArray *into, struct wire message, uint32_t name, uint32_t other_name)
{
    struct named named = { .id = 0 };
    struct wire_field field;

    while (wire_next(&message, &field)) {
        named.id = field.number == ID ? field.value : named.id;
        named.name = field.number == name ? field.value : named.name;
        named.other_name = field.number == other_name ? field.value : named.other_name;
    }
    g_array_append_val(into, named);
}

static int take_field(struct reading *r, const struct wire_field *field)
{
    switch (field->number) {
    case SAMPLE_TYPE:
        take_type(r, field->bytes);
        return 0;
    case SAMPLE:
        return take_sample(r, field->bytes);
    case MAPPING:
        take_named(r->mappings, field->bytes, MAPPING_FILENAME, MAPPING_FILENAME);
        return 0;
    case LOCATION:
        take_location(r, field->bytes);
        return 0;
    case FUNCTION:
        take_named(r->functions, field->bytes, FUNCTION_SYSTEM_NAME, FUNCTION_NAME);
        return 0;
    case STRING:
        g_array_append_val(r->strings, field->bytes);
        return 0;
    case COMMENT:
        r->comment = field->value;
        return 0;
    default:
        return 0;
    }
}

/* ---- from numbers to functions ---- */
static char *text_at(const struct reading *r, uint64_t string)
{
    const struct wire *bytes = string < r->strings->len
                                   ? &g_array_index(r->strings, struct wire, string) : NULL;

    return pprof_unescaped(bytes ? (const char *)bytes->at : "",
                           bytes ? (size_t)(bytes->end - bytes->at) : 0);
}

static const char *keep(const struct reading *r, struct whole *whole, uint64_t string)
{
    char *text = text_at(r, string);
    const char *kept = g_string_chunk_insert_const(whole->strings, text);

    g_free(text);
    return kept;
}

/* Both tables of names begin with the id. */
static GHashTable *by_id(GArray *table)
{
    GHashTable *ids = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < table->len; i++) {
        struct named *row = &g_array_index(table, struct named, i);

        g_hash_table_insert(ids, &row->id, row);
    }
    return ids;
}

/* All functions; `numbers` tells which is which location's. Function 0 is the root's. */
static int take_functions(struct reading *r, struct whole *whole, GHashTable *numbers)
{
    struct osi_profile_function *functions = g_new0(struct osi_profile_function,
                                                    r->locations->len + 1);
    GHashTable *names = by_id(r->functions), *modules = by_id(r->mappings);
    int rc = 0;

    functions[0] = (struct osi_profile_function){ "all", "", 0 };
    for (guint i = 0; i < r->locations->len && !rc; i++) {
        struct location *location = &g_array_index(r->locations, struct location, i);
        const struct named *name = g_hash_table_lookup(names, &location->function);
        const struct named *module = g_hash_table_lookup(modules, &location->mapping);

        functions[i + 1] = (struct osi_profile_function){
            .name = name ? keep(r, whole, name->name ? name->name : name->other_name) : "",
            .module = module ? keep(r, whole, module->name) : "",
            .address = location->address,
        };
        rc = *functions[i + 1].name ? 0 : damaged(r, "a function has no name");
        g_hash_table_insert(numbers, GUINT_TO_POINTER((guint)location->id), GUINT_TO_POINTER(i + 1));
    }
    g_hash_table_destroy(names);
    g_hash_table_destroy(modules);
    whole->profile.functions = functions;
    whole->profile.n_functions = r->locations->len + 1;
    return rc;
}

static int take_nodes(struct reading *r, struct whole *whole, GHashTable *numbers)
{
    struct osi_profile_node *nodes = (struct osi_profile_node *)(void *)r->tree.nodes->data;
    struct osi_profile_function *functions = (struct osi_profile_function *)whole->profile.functions;
    size_t n = r->tree.nodes->len;

    for (size_t i = 0; i < n; i++) {
        guint number = GPOINTER_TO_UINT(g_hash_table_lookup(numbers,
                                                            GUINT_TO_POINTER(nodes[i].function)));

        if (nodes[i].function && !number) {
            return damaged(r, "a path has a location that is missing");
        }
        nodes[i].function = number;
    }
    if (nodes[0].function) { /* the file has the root */
        functions[0] = functions[nodes[0].function];
        nodes[0].function = 0;
    }
    whole->profile.nodes = (struct osi_profile_node *)(void *)g_array_free(r->tree.nodes, FALSE);
    whole->profile.n_nodes = n;
    r->tree.nodes = NULL;
    return 0;
}

/* "hotpath: a program" */
static void take_origin(struct reading *r, struct whole *whole)
{
    char *text = text_at(r, r->comment), *colon = strstr(text, ": ");

    if (colon) {
        *colon = '\0';
    }
    whole->profile.tool = g_string_chunk_insert(whole->strings, text);
    whole->profile.command = g_string_chunk_insert(whole->strings, colon ? colon + 2 : "");
    g_free(text);
}

static bool is_ours(const struct reading *r)
{
    bool same = r->types->len == N_VALUES;

    for (guint i = 0; i < r->types->len && same; i++) {
        char *name = text_at(r, g_array_index(r->types, uint64_t, i));

        same = strcmp(name, i ? "calls" : "instructions") == 0;
        g_free(name);
    }
    return same;
}

/* ---- all of it ---- */
static int take_all(struct reading *r, struct whole *whole)
{
    struct wire wire = { .at = r->bytes->data, .end = r->bytes->data + r->bytes->len };
    GHashTable *numbers = g_hash_table_new(NULL, NULL);
    struct wire_field field;
    int rc = 0;

    while (!rc && wire_next(&wire, &field)) {
        rc = take_field(r, &field);
    }
    if (!rc && wire.broken) {
        rc = damaged(r, "its fields are broken");
    }
    if (!rc && !is_ours(r)) {
        rc = osi_fail(r->err, -EINVAL, "%s has no instructions and calls: another program's profile",
                      r->file);
    }
    if (!rc) {
        take_origin(r, whole);
        rc = take_functions(r, whole, numbers);
    }
    if (!rc) {
        rc = take_nodes(r, whole, numbers);
    }
    g_hash_table_destroy(numbers);
    return rc;
}

int profile_read(const char *file, struct osi_profile **profile, struct osi_error *err)
{
    struct whole *whole = g_new0(struct whole, 1);
    struct reading r = {
        .file = file,
        .err = err,
        .bytes = g_byte_array_new(),
        .strings = g_array_new(FALSE, FALSE, sizeof(struct wire)),
        .types = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
        .locations = g_array_new(FALSE, FALSE, sizeof(struct location)),
        .functions = g_array_new(FALSE, FALSE, sizeof(struct named)),
        .mappings = g_array_new(FALSE, FALSE, sizeof(struct named)),
        .path = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .values = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
    };
    GArray *const arrays[] = { r.strings, r.types, r.locations, r.functions, r.mappings, r.path, r.values };
    int rc;

    whole->strings = g_string_chunk_new(1 << 16);
    profile_tree_init(&r.tree);
    rc = read_bytes(&r);
    if (!rc) {
        rc = take_all(&r, whole);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_array_unref(arrays[i]);
    }
    g_byte_array_unref(r.bytes);
    profile_tree_clear(&r.tree);
    *profile = &whole->profile;
    if (rc) {
        profile_free(*profile);
        *profile = NULL;
    }
    return rc;
}

void profile_free(struct osi_profile *profile)
{
    struct whole *whole = (struct whole *)(void *)profile;

    if (whole) {
        g_free((void *)profile->functions);
        g_free((void *)profile->nodes);
        g_string_chunk_free(whole->strings);
        g_free(whole);
    }
}
