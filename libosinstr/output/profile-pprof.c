/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile for pprof: one message of protocol buffers, in gzip's format.
 *
 * Field numbers are those of pprof's profile.proto. Each function has one location, each module one
 * mapping, and their ids are their place here plus 1. A node with instructions or calls is a sample.
 * Strings stand at the end; where each will be is settled by its number:
 *
 *   0 to 4              "" and the FIXED ones
 *   5 + 2 f, 6 + 2 f    function f: how it is shown, and its name
 *   then                modules
 *
 * Values are signed there; a larger one is recorded as INT64_MAX. Nothing tells when or by whom the
 * file was made, so that equal profiles give equal files.
 */
#include "profile.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum profile_field {
    SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, PERIOD_TYPE = 11, PERIOD, COMMENT,
    DEFAULT_SAMPLE_TYPE,
};
enum { VALUE_TYPE = 1, VALUE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_STRING };
enum { MAPPING_ID = 1, MAPPING_FILENAME = 5, MAPPING_HAS_FUNCTIONS = 7 };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1 };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME };

enum { S_EMPTY, S_INSTRUCTIONS, S_COUNT, S_CALLS, S_TASK, S_FUNCTIONS };
static const char *const FIXED[S_FUNCTIONS] = { "", "instructions", "count", "calls", "task" };

struct writer {
    const struct osi_profile *profile;
    struct osi_profile_names names;
    uint32_t *module_of; /* of each function: id of its mapping, 0: it has no module */
    GPtrArray *modules;
    z_stream deflate;
    FILE *stream;
    int code; /* of the first error */
};

/* ---- gzip ---- */
static void squeeze(struct writer *w, const void *data, size_t size, int flush)
{
    uint8_t out[16384];
    size_t length;

    w->deflate.next_in = (Bytef *)data;
    w->deflate.avail_in = (uInt)size;
    do {
        w->deflate.next_out = out;
        w->deflate.avail_out = sizeof(out);
        deflate(&w->deflate, flush);
        length = sizeof(out) - w->deflate.avail_out;
        errno = 0;
        if (!w->code && fwrite(out, 1, length, w->stream) != length)
            w->code = errno ? -errno : -EIO;
    } while (w->deflate.avail_out == 0 && !w->code);
}

/* ---- protocol buffers ---- */
static void put_varint(GByteArray *out, uint64_t value)
{
    uint8_t bytes[10];
    guint n = 0;

    for (; value > 0x7f; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    g_byte_array_append(out, bytes, n);
}

static void put_number(GByteArray *out, unsigned field, uint64_t value)
{
    if (value) { /* 0 is what a field that isn't there means */
        put_varint(out, field << 3);
        put_varint(out, value);
    }
}

static void put_bytes(GByteArray *out, unsigned field, const void *data, size_t size)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, size);
    g_byte_array_append(out, data, (guint)size);
}

static void put_message(GByteArray *out, unsigned field, GByteArray *message)
{
    put_bytes(out, field, message->data, message->len);
    g_byte_array_set_size(message, 0);
}

/* A field of the profile itself: written at once. */
static void emit(struct writer *w, enum profile_field field, const void *data, size_t size)
{
    g_autoptr(GByteArray) head = g_byte_array_new();

    put_varint(head, (uint64_t)field << 3 | 2);
    put_varint(head, size);
    squeeze(w, head->data, head->len, Z_NO_FLUSH);
    squeeze(w, data, size, Z_NO_FLUSH);
}

static void emit_message(struct writer *w, enum profile_field field, GByteArray *message)
{
    emit(w, field, message->data, message->len);
    g_byte_array_set_size(message, 0);
}

static void emit_number(struct writer *w, enum profile_field field, uint64_t value)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    put_number(out, field, value);
    squeeze(w, out->data, out->len, Z_NO_FLUSH);
}

static void emit_type(struct writer *w, enum profile_field field, unsigned type)
{
    g_autoptr(GByteArray) message = g_byte_array_new();

    put_number(message, VALUE_TYPE, type);
    put_number(message, VALUE_UNIT, S_COUNT);
    emit_message(w, field, message);
}

/* ---- samples ---- */
/* The locations, the innermost first; returns the task's node, 0 if this is the root. */
static size_t put_path(GByteArray *out, const struct writer *w, size_t node)
{
    size_t task;

    do {
        put_varint(out, (uint64_t)osi_profile_function_of(&w->names, node) + 1);
        task = node;
        node = w->profile->nodes[node].parent;
    } while (node);
    return task;
}

static void emit_samples(struct writer *w)
{
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_autoptr(GByteArray) sample = g_byte_array_new();

    for (size_t i = 0; i < w->profile->n_nodes && !w->code; i++) {
        const struct osi_profile_node *node = &w->profile->nodes[i];
        size_t task;

        if (!node->self && (i == 0 || !node->calls))
            continue;
        task = put_path(part, w, i);
        put_message(sample, SAMPLE_LOCATION, part);
        put_varint(part, MIN(node->self, INT64_MAX));
        put_varint(part, MIN(node->calls, INT64_MAX));
        put_message(sample, SAMPLE_VALUE, part);
        if (task) {
            put_number(part, LABEL_KEY, S_TASK);
            put_number(part, LABEL_STRING,
                       S_FUNCTIONS + 2 * (uint64_t)osi_profile_function_of(&w->names, task));
            put_message(sample, SAMPLE_LABEL, part);
        }
        emit_message(w, SAMPLE, sample);
    }
}

/* ---- functions and modules ---- */
static void find_modules(struct writer *w)
{
    GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < w->profile->n_functions; i++) {
        const char *module = w->profile->functions[i].module;
        guint id = GPOINTER_TO_UINT(g_hash_table_lookup(ids, module));

        if (!id && *module && w->names.used[i]) {
            g_ptr_array_add(w->modules, (char *)module);
            id = w->modules->len;
            g_hash_table_insert(ids, (char *)module, GUINT_TO_POINTER(id));
        }
        w->module_of[i] = id;
    }
    g_hash_table_destroy(ids);
}

static void emit_modules(struct writer *w)
{
    g_autoptr(GByteArray) mapping = g_byte_array_new();

    for (guint i = 0; i < w->modules->len; i++) {
        put_number(mapping, MAPPING_ID, i + 1);
        put_number(mapping, MAPPING_FILENAME, S_FUNCTIONS + 2 * w->profile->n_functions + i);
        put_number(mapping, MAPPING_HAS_FUNCTIONS, 1);
        emit_message(w, MAPPING, mapping);
    }
}

static void emit_functions(struct writer *w)
{
    g_autoptr(GByteArray) line = g_byte_array_new();
    g_autoptr(GByteArray) message = g_byte_array_new();

    for (size_t i = 0; i < w->profile->n_functions; i++) {
        if (!w->names.used[i])
            continue;
        put_number(message, LOCATION_ID, i + 1);
        put_number(message, LOCATION_MAPPING, w->module_of[i]);
        put_number(message, LOCATION_ADDRESS, w->profile->functions[i].address);
        put_number(line, LINE_FUNCTION, i + 1);
        put_message(message, LOCATION_LINE, line);
        emit_message(w, LOCATION, message);
        put_number(message, FUNCTION_ID, i + 1);
        put_number(message, FUNCTION_NAME, S_FUNCTIONS + 2 * i);
        put_number(message, FUNCTION_SYSTEM_NAME, S_FUNCTIONS + 2 * i + 1);
        emit_message(w, FUNCTION, message);
    }
}

static void emit_string(struct writer *w, GString *string)
{
    emit(w, STRING, string->str, string->len);
    g_string_truncate(string, 0);
}

static void emit_strings(struct writer *w)
{
    GString *string = g_string_new(NULL);
    size_t n = w->profile->n_functions;

    for (size_t i = 0; i < S_FUNCTIONS; i++)
        emit(w, STRING, FIXED[i], strlen(FIXED[i]));
    for (size_t i = 0; i < n; i++) {
        if (w->names.used[i])
            osi_profile_label(string, &w->names, (uint32_t)i, false);
        emit_string(w, string);
        if (w->names.used[i])
            osi_profile_escape(string, w->profile->functions[i].name);
        emit_string(w, string);
    }
    for (guint i = 0; i < w->modules->len; i++) {
        osi_profile_escape(string, g_ptr_array_index(w->modules, i));
        emit_string(w, string);
    }
    osi_profile_origin(string, w->profile);
    emit_string(w, string);
    g_string_free(string, TRUE);
}

static void emit_profile(struct writer *w)
{
    emit_type(w, SAMPLE_TYPE, S_INSTRUCTIONS);
    emit_type(w, SAMPLE_TYPE, S_CALLS);
    emit_samples(w);
    emit_modules(w);
    emit_functions(w);
    emit_strings(w);
    emit_type(w, PERIOD_TYPE, S_INSTRUCTIONS);
    emit_number(w, PERIOD, 1);
    emit_number(w, COMMENT, S_FUNCTIONS + 2 * w->profile->n_functions + w->modules->len);
    emit_number(w, DEFAULT_SAMPLE_TYPE, S_INSTRUCTIONS);
}

int osi_profile_pprof(const struct osi_profile *profile, FILE *stream)
{
    enum { GZIP = 16, WINDOW_BITS = 15, MEMORY = 8 };
    struct writer w = { .profile = profile, .stream = stream };

    if (deflateInit2(&w.deflate, Z_BEST_SPEED, Z_DEFLATED, GZIP + WINDOW_BITS, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    w.module_of = g_new0(uint32_t, profile->n_functions);
    w.modules = g_ptr_array_new();
    osi_profile_names_init(&w.names, profile);
    find_modules(&w);
    emit_profile(&w);
    squeeze(&w, NULL, 0, Z_FINISH);
    deflateEnd(&w.deflate);
    osi_profile_names_clear(&w.names);
    g_ptr_array_free(w.modules, TRUE);
    g_free(w.module_of);
    return osi_profile_finish(g_string_new(NULL), stream, w.code);
}
