/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies, checks, writes and reads event types.
 *
 * CHAIN may only follow a field that is NONE or SAME, and KEYED only a field
 * that is not KEYED. So three passes over the columns always decode a block,
 * each pass a plain loop over one or two arrays. */
#include "schema.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "format.h"

static bool prediction_is_sound(const struct osi_field *fields, unsigned n, unsigned f)
{
    const struct osi_field *field = &fields[f];
    if (field->predict == OSI_PREDICT_NONE || field->predict == OSI_PREDICT_SAME)
        return true;
    if (field->chain >= n || field->chain == f)
        return false;
    enum osi_predict target = fields[field->chain].predict;
    if (field->predict == OSI_PREDICT_CHAIN)
        return target == OSI_PREDICT_NONE || target == OSI_PREDICT_SAME;
    return target <= OSI_PREDICT_CHAIN;
}

static bool name_is_sound(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    return length > 0 && length <= OSI_MAX_NAME;
}

static int check_type(const struct osi_event_type *type, size_t number, struct osi_error *err)
{
    if (!name_is_sound(type->name))
        return osi_fail(err, -EINVAL, "event type %zu has no name of 1 to %d bytes", number,
                        OSI_MAX_NAME);
    if (type->n_fields > OSI_TRACE_MAX_FIELDS)
        return osi_fail(err, -EINVAL, "event type %s has %u fields, more than %d", type->name,
                        type->n_fields, OSI_TRACE_MAX_FIELDS);
    for (unsigned f = 0; f < type->n_fields; f++) {
        const struct osi_field *field = &type->fields[f];
        if (!name_is_sound(field->name))
            return osi_fail(err, -EINVAL, "field %u of event type %s has no name of 1 to %d bytes",
                            f, type->name, OSI_MAX_NAME);
        if ((unsigned)field->kind > OSI_FIELD_TASK_STATE ||
            (unsigned)field->predict > OSI_PREDICT_KEYED ||
            !prediction_is_sound(type->fields, type->n_fields, f))
            return osi_fail(err, -EINVAL, "field %s of event type %s: kind %u, prediction %u from "
                            "field %u is not possible", field->name, type->name,
                            (unsigned)field->kind, (unsigned)field->predict, field->chain);
    }
    return 0;
}

static void copy_type(struct osi_schema_type *copy, const struct osi_event_type *type)
{
    copy->type.name = g_strdup(type->name);
    copy->type.fields = copy->fields;
    copy->type.n_fields = type->n_fields;
    for (unsigned f = 0; f < type->n_fields; f++) {
        copy->fields[f] = type->fields[f];
        copy->fields[f].name = g_strdup(type->fields[f].name);
    }
    copy->known = copy->decodable = true;
}

int osi_schema_init(struct osi_schema *schema, const struct osi_event_type *types, size_t n_types,
                    struct osi_error *err)
{
    memset(schema, 0, sizeof *schema);
    if (!n_types || n_types > OSI_TRACE_MAX_TYPES)
        return osi_fail(err, -EINVAL, "a trace has 1 to %d event types, not %zu",
                        OSI_TRACE_MAX_TYPES, n_types);
    for (size_t i = 0; i < n_types; i++) {
        int rc = check_type(&types[i], i, err);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < n_types; i++)
        copy_type(&schema->types[i], &types[i]);
    schema->n_types = n_types;
    return 0;
}

void osi_schema_clear(struct osi_schema *schema)
{
    for (size_t i = 0; i < schema->n_types; i++) {
        struct osi_schema_type *type = &schema->types[i];
        if (!type->known)
            continue;
        g_free((char *)type->type.name);
        for (unsigned f = 0; f < type->type.n_fields; f++)
            g_free((char *)type->fields[f].name);
    }
    memset(schema, 0, sizeof *schema);
}

/* ---- on disk: u8 type, name, u8 fields, then per field u8 length of the rest,
 * u8 kind, u8 prediction, u8 chain, name. A name is u8 length and bytes. ------ */

static void put_u8(GByteArray *to, unsigned value)
{
    guint8 byte = (guint8)value;
    g_byte_array_append(to, &byte, 1);
}

static void put_name(GByteArray *to, const char *name)
{
    size_t length = strlen(name);
    put_u8(to, (unsigned)length);
    g_byte_array_append(to, (const guint8 *)name, (guint)length);
}

void osi_schema_put(const struct osi_schema *schema, size_t type, GByteArray *payload)
{
    const struct osi_event_type *event = &schema->types[type].type;
    put_u8(payload, (unsigned)type);
    put_name(payload, event->name);
    put_u8(payload, event->n_fields);
    for (unsigned f = 0; f < event->n_fields; f++) {
        const struct osi_field *field = &event->fields[f];
        put_u8(payload, 4 + (unsigned)strlen(field->name));
        put_u8(payload, field->kind);
        put_u8(payload, field->predict);
        put_u8(payload, field->chain);
        put_name(payload, field->name);
    }
}

struct input {
    const uint8_t *at, *end;
};

/* An owned string, NULL when it is not all there. A NUL inside ends it early. */
static char *take_name(struct input *in)
{
    if (in->at == in->end || *in->at > in->end - in->at - 1)
        return NULL;
    char *name = g_strndup((const char *)in->at + 1, *in->at);
    in->at += 1 + *in->at;
    return name;
}

static bool take_field(struct input *in, struct osi_field *field)
{
    if (in->at == in->end || *in->at < 4 || *in->at > in->end - in->at - 1)
        return false;
    struct input body = {in->at + 1, in->at + 1 + *in->at};
    field->kind = (enum osi_field_kind)body.at[0];
    field->predict = (enum osi_predict)body.at[1];
    field->chain = body.at[2];
    body.at += 3;
    in->at = body.end; /* what a newer version added to a field is passed over */
    field->name = take_name(&body);
    return field->name != NULL;
}

static bool predictions_are_known(const struct osi_event_type *type)
{
    for (unsigned f = 0; f < type->n_fields; f++)
        if ((unsigned)type->fields[f].predict > OSI_PREDICT_KEYED)
            return false;
    return true;
}

static bool predictions_are_sound(const struct osi_event_type *type)
{
    for (unsigned f = 0; f < type->n_fields; f++)
        if (!prediction_is_sound(type->fields, type->n_fields, f))
            return false;
    return true;
}

static bool take_type(struct input *in, struct osi_schema_type *type)
{
    type->type.name = take_name(in);
    type->type.fields = type->fields;
    type->type.n_fields = 0;
    type->known = true; /* from here on osi_schema_clear() frees what there is */
    if (!type->type.name || in->at == in->end || *in->at > OSI_TRACE_MAX_FIELDS)
        return false;
    unsigned n = *in->at++;
    while (type->type.n_fields < n) {
        if (!take_field(in, &type->fields[type->type.n_fields]))
            return false;
        type->type.n_fields++;
    }
    type->decodable = predictions_are_known(&type->type);
    return !type->decodable || predictions_are_sound(&type->type);
}

bool osi_schema_get(struct osi_schema *schema, const uint8_t *payload, size_t length)
{
    struct input in = {payload, payload + length};
    if (!length || payload[0] >= OSI_TRACE_MAX_TYPES)
        return false;
    unsigned number = *in.at++;
    if (schema->types[number].known)
        return true;
    struct osi_schema single = {.n_types = 1};
    if (!take_type(&in, &single.types[0])) {
        osi_schema_clear(&single);
        return false;
    }
    schema->types[number] = single.types[0];
    schema->types[number].type.fields = schema->types[number].fields;
    for (; schema->n_types <= number; schema->n_types++)
        if (!schema->types[schema->n_types].known)
            schema->types[schema->n_types].type.name = "?";
    return true;
}
