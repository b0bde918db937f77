/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.pb.gz as a tree. What a sample refers to stands behind it, so the whole message is in memory
 * and gone through twice: functions, then samples. Field numbers are those of pprof's profile.proto. */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "html.h"

enum { SAMPLE = 2, MAPPING, LOCATION, FUNCTION, STRING };
enum { LIMIT = 1 << 30, PIECE = 1 << 20, MAX_FRAMES = 1 << 20 };

struct text {
    const char *bytes;
    size_t length;
};

struct parts {
    const uint8_t *at, *end;
};

/* A field: a number, or bytes. */
struct field {
    uint32_t number;
    bool is_bytes;
    uint64_t value;
    struct parts bytes;
};

struct profile {
    struct html_tree *tree;
    GArray *strings;   /* struct text */
    GHashTable *mapping, *function_name, *location; /* id -> a number plus 1 */
    GHashTable *location_function, *location_mapping;
    GArray *path;      /* uint32_t */
};

/* ---- messages ---- */
static bool number(struct parts *parts, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; parts->at < parts->end && shift < 64; shift += 7) {
        uint8_t byte = *parts->at++;

        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* 1: got one; 0: the end; -1: damage. Our files have no fields of fixed size. */
static int next_field(struct parts *parts, struct field *field)
{
    uint64_t head;

    if (parts->at == parts->end) {
        return 0;
    }
    if (!number(parts, &head) || !number(parts, &field->value) || head >> 3 > 1000) {
        return -1;
    }
    field->number = (uint32_t)(head >> 3);
    field->is_bytes = (head & 7) == 2;
    if (field->is_bytes) {
        if (field->value > (uint64_t)(parts->end - parts->at)) {
            return -1;
        }
        field->bytes = (struct parts){ parts->at, parts->at + field->value };
        parts->at = field->bytes.end;
    }
    return field->is_bytes || (head & 7) == 0 ? 1 : -1;
}

/* Numbers of a message, those that are not there 0. */
static bool numbers(struct parts parts, uint64_t *values, unsigned n)
{
    struct field field;
    int got;

    memset(values, 0, n * sizeof(*values));
    while ((got = next_field(&parts, &field)) > 0) {
        if (!field.is_bytes && field.number < n) {
            values[field.number] = field.value;
        }
    }
    return got == 0;
}

/* ---- what samples refer to ---- */
static void keep(GHashTable *table, uint64_t id, uint64_t value)
{
    if (id < UINT32_MAX && value < UINT32_MAX) {
        g_hash_table_insert(table, GUINT_TO_POINTER((guint)id), GUINT_TO_POINTER((guint)value + 1));
    }
}

static bool lookup(GHashTable *table, uint64_t id, uint32_t *value)
{
    guint found = id < UINT32_MAX
                      ? GPOINTER_TO_UINT(g_hash_table_lookup(table, GUINT_TO_POINTER((guint)id)))
                      : 0;

    *value = found - 1;
    return found != 0;
}

static bool take_location(struct profile *profile, struct parts parts)
{
    uint64_t values[3], line[2] = { 0 };
    struct parts rest = parts;
    struct field field;

    if (!numbers(parts, values, G_N_ELEMENTS(values))) {
        return false;
    }
    while (next_field(&rest, &field) > 0) {
        if (field.is_bytes && field.number == 4 && !numbers(field.bytes, line, 2)) {
            return false;
        }
    }
    keep(profile->location_function, values[1], line[1]);
    keep(profile->location_mapping, values[1], values[2]);
    return true;
}

static bool take_definition(struct profile *profile, const struct field *field)
{
    uint64_t values[6];
    struct text text = { (const char *)field->bytes.at, (size_t)field->value };

    switch (field->number) {
    case STRING:
        g_array_append_val(profile->strings, text);
        return true;
    case MAPPING:
        if (!numbers(field->bytes, values, 6)) {
            return false;
        }
        keep(profile->mapping, values[1], values[5]);
        return true;
    case FUNCTION:
        if (!numbers(field->bytes, values, 3)) {
            return false;
        }
        keep(profile->function_name, values[1], values[2]);
        return true;
    case LOCATION:
        return take_location(profile, field->bytes);
    default:
        return true;
    }
}

static char *string_of(const struct profile *profile, GHashTable *table, uint32_t id)
{
    const struct text *text;
    uint32_t index;

    if (!lookup(table, id, &index) || index >= profile->strings->len) {
        return NULL;
    }
    text = &g_array_index(profile->strings, struct text, index);
    return g_strndup(text->bytes, text->length);
}

/* The tree's number of a location's function. */
static bool function_of(struct profile *profile, uint64_t location, uint32_t *function)
{
    uint32_t id = 0, mapping = 0;
    char *name, *module;

    if (lookup(profile->location, location, function)) {
        return true;
    }
    if (!lookup(profile->location_function, location, &id)) {
        return false;
    }
    name = string_of(profile, profile->function_name, id);
    if (!name) {
        return false;
    }
    module = lookup(profile->location_mapping, location, &mapping) && mapping
                 ? string_of(profile, profile->mapping, mapping) : NULL;
    *function = html_tree_function(profile->tree, name, module ? module : "");
    keep(profile->location, location, *function);
    g_free(name);
    g_free(module);
    return true;
}

/* ---- samples ---- */
/* Locations, the innermost first; values, of which the first counts instructions. */
static bool take_sample(struct profile *profile, struct parts parts)
{
    struct field field;
    uint64_t value = 0, location;
    uint32_t function;
    int got;

    g_array_set_size(profile->path, 0);
    while ((got = next_field(&parts, &field)) > 0) {
        if (field.is_bytes && field.number == 2 && !number(&field.bytes, &value)) {
            return false;
        }
        while (field.is_bytes && field.number == 1 && field.bytes.at < field.bytes.end) {
            if (!number(&field.bytes, &location) || profile->path->len == MAX_FRAMES ||
                !function_of(profile, location, &function)) {
                return false;
            }
            g_array_append_val(profile->path, function);
        }
    }
    if (got < 0) {
        return false;
    }
    for (guint i = 0; i < profile->path->len / 2; i++) {
        uint32_t *a = &g_array_index(profile->path, uint32_t, i);
        uint32_t *b = &g_array_index(profile->path, uint32_t, profile->path->len - 1 - i);
        uint32_t c = *a;

        *a = *b;
        *b = c;
    }
    html_tree_add(profile->tree, (const uint32_t *)(void *)profile->path->data, profile->path->len,
                  value);
    return true;
}

static bool take_all(struct profile *profile, struct parts all)
{
    struct parts again = all;
    struct field field;
    int got;

    while ((got = next_field(&all, &field)) > 0) {
        if (field.is_bytes && !take_definition(profile, &field)) {
            return false;
        }
    }
    while (got == 0 && (got = next_field(&again, &field)) > 0) {
        if (field.is_bytes && field.number == SAMPLE && !take_sample(profile, field.bytes)) {
            return false;
        }
        got = 0;
    }
    return got == 0;
}

static bool parse(struct html_tree *tree, const GByteArray *bytes)
{
    struct profile profile = {
        .tree = tree,
        .strings = g_array_new(FALSE, FALSE, sizeof(struct text)),
        .path = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .mapping = g_hash_table_new(NULL, NULL), .function_name = g_hash_table_new(NULL, NULL),
        .location = g_hash_table_new(NULL, NULL),
        .location_function = g_hash_table_new(NULL, NULL),
        .location_mapping = g_hash_table_new(NULL, NULL),
    };
    bool fine = take_all(&profile, (struct parts){ bytes->data, bytes->data + bytes->len }) &&
                profile.strings->len;

    g_array_free(profile.strings, TRUE);
    g_array_free(profile.path, TRUE);
    g_hash_table_destroy(profile.mapping);
    g_hash_table_destroy(profile.function_name);
    g_hash_table_destroy(profile.location);
    g_hash_table_destroy(profile.location_function);
    g_hash_table_destroy(profile.location_mapping);
    return fine;
}

/* ---- the file ---- */
/* gzip's own checksum tells whether all is there. */
static GByteArray *unpack(const char *path)
{
    gzFile file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? gzopen(path, "rbe") : NULL;
    GByteArray *bytes = g_byte_array_new();
    int got = file && !gzdirect(file) ? 1 : -1;

    while (got > 0 && bytes->len < LIMIT) {
        guint before = bytes->len;

        g_byte_array_set_size(bytes, before + PIECE);
        got = gzread(file, bytes->data + before, PIECE);
        g_byte_array_set_size(bytes, before + (got > 0 ? (guint)got : 0));
    }
    if ((file && gzclose(file) != Z_OK) || got != 0) {
        g_byte_array_unref(bytes);
        return NULL;
    }
    return bytes;
}

int html_read_pprof(struct html_tree *tree, const char *dir, struct osi_error *err)
{
    char *path = g_build_filename(dir, "profile.pb.gz", NULL);
    GByteArray *bytes = unpack(path);
    int rc = 0;

    if (!bytes || !parse(tree, bytes)) {
        rc = osi_fail(err, -EINVAL, "%s is damaged, cut off or no profile", path);
    }
    if (bytes) {
        g_byte_array_unref(bytes);
    }
    g_free(path);
    return rc;
}
