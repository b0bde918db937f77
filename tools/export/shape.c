/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the schema of a trace and a format's table to the events of that format. */
#include <string.h>

#include "columns.h"
#include "shape.h"

struct shapes {
    GPtrArray *all;
    struct {
        const struct shape *shape, *if_set;
        int when; /* field that decides; -1: none */
    } types[OSI_TRACE_MAX_TYPES];
};

/* Letters, digits and '_': a name is what a trace says, and these formats have a grammar. */
static char *identifier(const char *prefix, const char *name)
{
    char *text = g_strconcat(prefix, name, NULL);

    g_strcanon(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_", '_');
    return text;
}

static void add_field(struct shape *shape, char *name, unsigned at, const struct shape_row *row)
{
    shape->fields[shape->n++] = (struct shape_field){
        .name = name, .as = row->as, .at = at, .size = row->size, .is_signed = row->is_signed,
        .add = row->add,
    };
}

/* A task is two columns, called as osinstr csv calls them. */
static void add_task(struct shape *shape, const char *field, unsigned at)
{
    const struct shape_row comm = { .as = SHAPE_COMM };
    const struct shape_row pid = { .as = SHAPE_PID, .size = 4, .is_signed = true };
    char *prefix = strcmp(field, "task") ? identifier(field, "_") : g_strdup("");

    add_field(shape, g_strconcat(prefix, "comm", NULL), at, &comm);
    add_field(shape, g_strconcat(prefix, "pid", NULL), at, &pid);
    g_free(prefix);
}

/* As the schema has it, nothing cut. */
static void add_as_it_is(struct shape *shape, const struct osi_field *field, unsigned at)
{
    struct shape_row row = { .as = SHAPE_NUMBER, .size = 8 };

    switch (field->kind) {
    case OSI_FIELD_TASK:
        add_task(shape, field->name, at);
        return;
    case OSI_FIELD_STRING:
        row.as = SHAPE_STRING;
        break;
    case OSI_FIELD_HEX:
    case OSI_FIELD_ADDRESS:
        row.as = SHAPE_HEX;
        break;
    case OSI_FIELD_INT:
        row.is_signed = true;
        break;
    default:
        break;
    }
    add_field(shape, identifier("", field->name), at, &row);
}

static struct shape *add_shape(struct shapes *shapes, unsigned first_id)
{
    struct shape *shape = g_new0(struct shape, 1);

    shape->id = first_id + shapes->all->len;
    g_ptr_array_add(shapes->all, shape);
    return shape;
}

static bool can_be(const struct shape_known *known, const struct osi_event_type *type)
{
    if (strcmp(known->type, type->name) != 0 || (known->is_set && field_of(type, known->when) < 0)) {
        return false;
    }
    for (const struct shape_row *row = known->rows; row->name; row++) {
        if (field_of(type, row->from) < 0) {
            return false;
        }
    }
    return true;
}

static const struct shape *known_shape(struct shapes *shapes, const struct shape_known *known,
                                       const struct osi_event_type *type, unsigned first_id)
{
    struct shape *shape = add_shape(shapes, first_id);
    uint32_t done = 0;

    shape->name = g_strdup(known->name);
    shape->system = known->system;
    shape->print = known->print;
    for (const struct shape_row *row = known->rows; row->name; row++) {
        int at = field_of(type, row->from);

        add_field(shape, g_strdup(row->name), (unsigned)at, row);
        done |= 1u << at;
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        bool says_name = known->when && field_of(type, known->when) == (int)i;

        if (!(done & 1u << i) && !says_name && shape->n + 2 <= SHAPE_MAX_FIELDS) {
            add_as_it_is(shape, &type->fields[i], i);
            shape->print = NULL; /* does not know of it */
        }
    }
    return shape;
}

static void add_type(struct shapes *shapes, size_t number, const struct osi_event_type *type,
                     const struct shape_known *table, const char *prefix, unsigned first_id)
{
    struct shape *shape;

    shapes->types[number].when = -1;
    for (const struct shape_known *known = table; known->type; known++) {
        if (can_be(known, type)) {
            const struct shape *found = known_shape(shapes, known, type, first_id);

            if (known->when) {
                shapes->types[number].when = field_of(type, known->when);
            }
            *(known->is_set ? &shapes->types[number].if_set : &shapes->types[number].shape) = found;
        }
    }
    if (!shapes->types[number].shape) {
        shape = add_shape(shapes, first_id);
        shape->name = identifier(prefix, type->name);
        for (unsigned i = 0; i < type->n_fields; i++) {
            add_as_it_is(shape, &type->fields[i], i);
        }
        shapes->types[number].shape = shape;
    }
}

static void shape_free(void *data)
{
    struct shape *shape = data;

    for (unsigned i = 0; i < shape->n; i++) {
        g_free(shape->fields[i].name);
    }
    g_free(shape->name);
    g_free(shape);
}

struct shapes *shapes_new(const struct osi_trace_reader *reader, const struct shape_known *table,
                          const char *prefix, unsigned first_id)
{
    struct shapes *shapes = g_new0(struct shapes, 1);

    shapes->all = g_ptr_array_new_with_free_func(shape_free);
    for (size_t i = 0; i < osi_trace_n_types(reader); i++) {
        add_type(shapes, i, osi_trace_type(reader, i), table, prefix, first_id);
    }
    return shapes;
}

void shapes_free(struct shapes *shapes)
{
    g_ptr_array_free(shapes->all, TRUE);
    g_free(shapes);
}

const struct shape *shapes_at(const struct shapes *shapes, size_t i)
{
    return i < shapes->all->len ? g_ptr_array_index(shapes->all, i) : NULL;
}

const struct shape *shape_of(const struct shapes *shapes, const struct export_event *event)
{
    int when = shapes->types[event->type].when;

    return when >= 0 && event->fields[when] && shapes->types[event->type].if_set
               ? shapes->types[event->type].if_set
               : shapes->types[event->type].shape;
}
