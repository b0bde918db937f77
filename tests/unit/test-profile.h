/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of profiles: trees made by hand, and a decoder of pprof's files that shares nothing
 * with the encoder. */
#ifndef OSI_TEST_PROFILE_H
#define OSI_TEST_PROFILE_H

#include <check.h>
#include <glib.h>
#include <osinstr/profile.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ck_assert() writes to a file even if all is well, which is too slow for millions. */
#define require(what)                                                                              \
    do {                                                                                           \
        if (!(what))                                                                               \
            ck_abort_msg("%s", #what);                                                             \
    } while (0)

/* What a writer writes; to be freed. */
static inline char *written(int (*write)(const struct osi_profile *, FILE *),
                            const struct osi_profile *profile, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);

    ck_assert_int_eq(write(profile, stream), 0);
    fclose(stream);
    return text;
}

/* ---- gzip and protocol buffers ---- */
static inline GByteArray *unzipped(const char *data, size_t length)
{
    GByteArray *out = g_byte_array_new();
    z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)length };
    uint8_t part[65536];
    int rc;

    require(inflateInit2(&z, 16 + 15) == Z_OK);
    do {
        z.next_out = part;
        z.avail_out = sizeof(part);
        rc = inflate(&z, Z_NO_FLUSH);
        require(rc == Z_OK || rc == Z_STREAM_END);
        g_byte_array_append(out, part, (guint)(sizeof(part) - z.avail_out));
    } while (rc != Z_STREAM_END);
    require(z.avail_in == 0);
    inflateEnd(&z);
    return out;
}

struct bytes {
    const uint8_t *at, *end;
};

struct field {
    unsigned number;
    uint64_t value;    /* of a varint */
    struct bytes body; /* of a string or message */
};

static inline uint64_t next_varint(struct bytes *in)
{
    uint64_t value = 0;

    for (unsigned shift = 0;; shift += 7) {
        require(in->at < in->end && shift < 64);
        value |= (uint64_t)(*in->at & 0x7f) << shift;
        if (!(*in->at++ & 0x80))
            return value;
    }
}

static inline gboolean next_field(struct bytes *in, struct field *field)
{
    uint64_t tag;

    if (in->at == in->end)
        return FALSE;
    tag = next_varint(in);
    *field = (struct field){ .number = (unsigned)(tag >> 3) };
    require((tag & 7) == 0 || (tag & 7) == 2);
    field->value = next_varint(in);
    if ((tag & 7) == 2) {
        require(field->value <= (uint64_t)(in->end - in->at));
        field->body = (struct bytes){ in->at, in->at + field->value };
        in->at += field->value;
    }
    return TRUE;
}

/* The value of a varint field in a message, 0 if it isn't there. */
static inline uint64_t number_in(struct bytes message, unsigned number)
{
    struct field field;

    while (next_field(&message, &field))
        if (field.number == number)
            return field.value;
    return 0;
}

/* ---- pprof ---- */
struct pprof {
    GByteArray *raw;
    GPtrArray *strings;
    GArray *samples;                          /* struct bytes */
    GHashTable *locations, *functions, *maps; /* id to struct bytes */
    GArray *types;                            /* struct bytes */
    uint64_t period, comment, default_type;
    struct bytes period_type;
};

static inline void keep_by_id(GHashTable *table, struct bytes body)
{
    uint64_t id = number_in(body, 1);

    require(id);
    require(g_hash_table_insert(table, GSIZE_TO_POINTER(id), g_memdup2(&body, sizeof(body))));
}

static inline struct bytes by_id(GHashTable *table, uint64_t id)
{
    const struct bytes *found = g_hash_table_lookup(table, GSIZE_TO_POINTER(id));

    require(found);
    return *found;
}

static inline void keep_field(struct pprof *p, const struct field *field)
{
    switch (field->number) {
    case 1: g_array_append_val(p->types, field->body); break;
    case 2: g_array_append_val(p->samples, field->body); break;
    case 3: keep_by_id(p->maps, field->body); break;
    case 4: keep_by_id(p->locations, field->body); break;
    case 5: keep_by_id(p->functions, field->body); break;
    case 6:
        g_ptr_array_add(p->strings, g_strndup((const char *)field->body.at,
                                              (gsize)(field->body.end - field->body.at)));
        break;
    case 11: p->period_type = field->body; break;
    case 12: p->period = field->value; break;
    case 13: p->comment = field->value; break;
    case 14: p->default_type = field->value; break;
    default: ck_abort_msg("field %u", field->number);
    }
}

static inline struct pprof decode_pprof(const char *file, size_t length)
{
    struct pprof p = {
        .raw = unzipped(file, length),
        .strings = g_ptr_array_new_with_free_func(g_free),
        .samples = g_array_new(FALSE, FALSE, sizeof(struct bytes)),
        .types = g_array_new(FALSE, FALSE, sizeof(struct bytes)),
        .locations = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .functions = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .maps = g_hash_table_new_full(NULL, NULL, NULL, g_free),
    };
    struct bytes in = { p.raw->data, p.raw->data + p.raw->len };
    struct field field;

    while (next_field(&in, &field))
        keep_field(&p, &field);
    return p;
}

static inline void free_pprof(struct pprof *p)
{
    g_byte_array_free(p->raw, TRUE);
    g_ptr_array_free(p->strings, TRUE);
    g_array_free(p->samples, TRUE);
    g_array_free(p->types, TRUE);
    g_hash_table_destroy(p->locations);
    g_hash_table_destroy(p->functions);
    g_hash_table_destroy(p->maps);
}

static inline const char *string_of(const struct pprof *p, uint64_t index)
{
    require(index < p->strings->len);
    return g_ptr_array_index(p->strings, index);
}

/* The name of a location's function, field 2 (shown) or 3 (system). */
static inline const char *function_name(const struct pprof *p, uint64_t location, unsigned which)
{
    struct bytes body = by_id(p->locations, location);
    struct field field;

    while (next_field(&body, &field))
        if (field.number == 4)
            return string_of(p, number_in(by_id(p->functions, number_in(field.body, 1)), which));
    ck_abort_msg("location without a line");
}

struct sample {
    struct bytes locations; /* varints, the innermost first */
    uint64_t values[2];
    const char *task; /* NULL: no label */
};

static inline struct sample decode_sample(const struct pprof *p, struct bytes in)
{
    struct sample sample = { .task = NULL };
    struct field field;

    while (next_field(&in, &field)) {
        if (field.number == 1)
            sample.locations = field.body;
        for (unsigned i = 0; field.number == 2 && field.body.at < field.body.end; i++) {
            require(i < 2);
            sample.values[i] = next_varint(&field.body);
        }
        if (field.number == 3) {
            require(strcmp(string_of(p, number_in(field.body, 1)), "task") == 0);
            sample.task = string_of(p, number_in(field.body, 2));
        }
    }
    return sample;
}

#endif
