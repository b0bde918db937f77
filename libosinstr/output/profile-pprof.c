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
#include "profile-message.h"

#include <errno.h>
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
    uint8_t *pending;    /* what is still to be squeezed */
    size_t n_pending;
    struct osi_profile_out out;
};

/* ---- gzip ---- */
enum { PENDING = 65536 };

/* zlib works in the buffer that is written next. */
static void squeeze(struct writer *w, int flush)
{
    size_t room;

    w->deflate.next_in = w->pending;
    w->deflate.avail_in = (uInt)w->n_pending;
    do {
        room = OSI_PROFILE_PIECE - w->out.length;
        w->deflate.next_out = (Bytef *)w->out.bytes + w->out.length;
        w->deflate.avail_out = (uInt)room;
        deflate(&w->deflate, flush);
        w->out.length += room - w->deflate.avail_out;
        if (w->out.length == OSI_PROFILE_PIECE)
            osi_profile_out_flush(&w->out);
    } while (w->deflate.avail_out == 0 && !w->out.code);
    w->n_pending = 0;
}

/* A call of zlib's is dear: it gets much at once. */
static void put(struct writer *w, const void *data, size_t size)
{
    while (size > PENDING - w->n_pending) {
        size_t part = PENDING - w->n_pending;

        memcpy(w->pending + w->n_pending, data, part);
        w->n_pending = PENDING;
        squeeze(w, Z_NO_FLUSH);
        data = (const uint8_t *)data + part;
        size -= part;
    }
    memcpy(w->pending + w->n_pending, data, size);
    w->n_pending += size;
}

/* ---- fields ---- */
/* A field of the profile itself. */
static void emit(struct writer *w, enum profile_field field, const void *data, size_t size)
{
    struct message head = { .length = 0 };

    put_head(&head, field, size);
    put(w, head.bytes, head.length);
    put(w, data, size);
}

static void emit_message(struct writer *w, enum profile_field field, const struct message *message)
{
    emit(w, field, message->bytes, message->length);
}

static void emit_number(struct writer *w, enum profile_field field, uint64_t value)
{
    struct message out = { .length = 0 };

    put_number(&out, field, value);
    put(w, out.bytes, out.length);
}

static void emit_type(struct writer *w, enum profile_field field, unsigned type)
{
    struct message message = { .length = 0 };

    put_number(&message, VALUE_TYPE, type);
    put_number(&message, VALUE_UNIT, S_COUNT);
    emit_message(w, field, &message);
}

/* ---- samples ---- */
/* `task` is the task's function, 0 if this is the root. */
static void emit_sample(struct writer *w, const struct osi_profile_node *node, const char *path,
                        size_t length, uint32_t task)
{
    struct message head, values, label, tail;

    values.length = label.length = tail.length = head.length = 0;
    put_varint(&values, MIN(node->self, INT64_MAX));
    put_varint(&values, MIN(node->calls, INT64_MAX));
    put_message(&tail, SAMPLE_VALUE, &values);
    if (task) {
        put_number(&label, LABEL_KEY, S_TASK);
        put_number(&label, LABEL_STRING, S_FUNCTIONS + 2 * (uint64_t)task);
        put_message(&tail, SAMPLE_LABEL, &label);
    }
    put_head(&head, SAMPLE, 1 + varint_size(length) + length + tail.length);
    put_head(&head, SAMPLE_LOCATION, length);
    put(w, head.bytes, head.length);
    put(w, path, length);
    put(w, tail.bytes, tail.length);
}

/* The locations on a path, the innermost first. */
static void add_locations(struct osi_profile_paths *paths, const struct osi_profile_names *names)
{
    for (size_t i = 0; i < names->profile->n_functions; i++) {
        struct message id = { .length = 0 };

        put_varint(&id, (uint64_t)names->same[i] + 1);
        osi_profile_paths_piece(paths, id.bytes, id.length);
    }
}

static void emit_samples(struct writer *w)
{
    struct osi_profile_paths paths;

    osi_profile_paths_init(&paths, w->profile, true);
    add_locations(&paths, &w->names);
    for (size_t i = 0; i < w->profile->n_nodes && !w->out.code; i++) {
        const struct osi_profile_node *node = &w->profile->nodes[i];

        if (node->self || (i && node->calls)) {
            size_t length;
            const char *path = osi_profile_path(&paths, i, &length);

            emit_sample(w, node, path, length,
                        i ? osi_profile_function_of(&w->names, paths.steps[0].node) : 0);
        }
    }
    osi_profile_paths_clear(&paths);
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
    for (guint i = 0; i < w->modules->len; i++) {
        struct message mapping = { .length = 0 };

        put_number(&mapping, MAPPING_ID, i + 1);
        put_number(&mapping, MAPPING_FILENAME, S_FUNCTIONS + 2 * w->profile->n_functions + i);
        put_number(&mapping, MAPPING_HAS_FUNCTIONS, 1);
        emit_message(w, MAPPING, &mapping);
    }
}

static void emit_function(struct writer *w, size_t i)
{
    struct message line = { .length = 0 }, location = { .length = 0 }, function = { .length = 0 };

    put_number(&location, LOCATION_ID, i + 1);
    put_number(&location, LOCATION_MAPPING, w->module_of[i]);
    put_number(&location, LOCATION_ADDRESS, w->profile->functions[i].address);
    put_number(&line, LINE_FUNCTION, i + 1);
    put_message(&location, LOCATION_LINE, &line);
    emit_message(w, LOCATION, &location);
    put_number(&function, FUNCTION_ID, i + 1);
    put_number(&function, FUNCTION_NAME, S_FUNCTIONS + 2 * i);
    put_number(&function, FUNCTION_SYSTEM_NAME, S_FUNCTIONS + 2 * i + 1);
    emit_message(w, FUNCTION, &function);
}

static void emit_functions(struct writer *w)
{
    for (size_t i = 0; i < w->profile->n_functions; i++)
        if (w->names.used[i])
            emit_function(w, i);
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
    struct writer w = { .profile = profile };

    if (deflateInit2(&w.deflate, Z_BEST_SPEED, Z_DEFLATED, GZIP + WINDOW_BITS, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    osi_profile_out_init(&w.out, stream);
    w.pending = g_malloc(PENDING);
    w.module_of = g_new0(uint32_t, profile->n_functions);
    w.modules = g_ptr_array_new();
    osi_profile_names_init(&w.names, profile);
    find_modules(&w);
    emit_profile(&w);
    squeeze(&w, Z_FINISH);
    deflateEnd(&w.deflate);
    osi_profile_names_clear(&w.names);
    g_ptr_array_free(w.modules, TRUE);
    g_free(w.module_of);
    g_free(w.pending);
    return osi_profile_out_finish(&w.out);
}
