/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Member offsets, sizes, per-CPU variables and prototypes from BTF, by libbpf. */
#include "guest/types.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <glib.h>

/* Typedefs of typedefs, and anonymous structs in anonymous structs: real ones are less than ten
 * deep. */
#define MAX_DEPTH 16
/* Members looked at in one search: bounds what a type that contains itself can cost. */
#define BUDGET 100000

struct osi_types {
    struct btf *btf;
};

/* A place inside of a type. */
struct place {
    const struct btf_type *type;
    uint32_t id;
    uint64_t bits; /* from the start of the outermost struct */
    bool bitfield;
};

struct osi_types *osi_types_new(const uint8_t *blob, size_t length)
{
    struct btf *btf = length <= UINT32_MAX ? btf__new(blob, length) : NULL;
    struct osi_types *types;

    if (!btf) {
        return NULL;
    }
    types = g_new0(struct osi_types, 1);
    types->btf = btf;
    return types;
}

void osi_types_free(struct osi_types *types)
{
    if (types) {
        btf__free(types->btf);
        g_free(types);
    }
}

uint32_t osi_types_count(const struct osi_types *types)
{
    return btf__type_cnt(types->btf) - 1;
}

/* The id of the type without names and qualifiers; 0 if it leads nowhere. */
static uint32_t strip(const struct btf *btf, uint32_t id)
{
    const struct btf_type *type = btf__type_by_id(btf, id);

    for (int i = 0; type && (btf_is_mod(type) || btf_is_typedef(type)); i++) {
        if (i == MAX_DEPTH) {
            return 0;
        }
        id = type->type;
        type = btf__type_by_id(btf, id);
    }
    return type ? id : 0;
}

static uint32_t find_type(const struct btf *btf, const char *name)
{
    static const uint32_t kinds[] = {
        BTF_KIND_STRUCT, BTF_KIND_UNION,  BTF_KIND_TYPEDEF,
        BTF_KIND_ENUM,   BTF_KIND_ENUM64, BTF_KIND_INT,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        int id = btf__find_by_name_kind(btf, name, kinds[i]);

        if (id > 0) {
            return strip(btf, id);
        }
    }
    return 0;
}

static bool enter(const struct btf *btf, uint32_t id, struct place *place)
{
    place->id = strip(btf, id);
    place->type = place->id ? btf__type_by_id(btf, place->id) : NULL;
    return place->type != NULL;
}

/* Moves `place` to the member `name` of the struct it is at. */
static bool find_member(const struct btf *btf, struct place *place, const char *name, int depth,
                        int *budget)
{
    const struct btf_type *outer = place->type;

    if (!btf_is_composite(outer) || depth == MAX_DEPTH) {
        return false;
    }
    for (uint32_t i = 0; i < btf_vlen(outer) && (*budget)-- > 0; i++) {
        const struct btf_member *member = &btf_members(outer)[i];
        const char *member_name = btf__name_by_offset(btf, member->name_off);
        struct place inner = {
            .bits = place->bits + btf_member_bit_offset(outer, i),
            .bitfield = btf_member_bitfield_size(outer, i) != 0,
        };

        if (!member_name || !enter(btf, member->type, &inner)) {
            continue;
        }
        if (*member_name ? !strcmp(member_name, name)
                         : find_member(btf, &inner, name, depth + 1, budget)) {
            *place = inner;
            return true;
        }
    }
    return false;
}

/* Moves `place` to element `index` of the array it is at. */
static bool find_element(const struct btf *btf, struct place *place, uint32_t index)
{
    const struct btf_array *array;
    int64_t size;

    if (!btf_is_array(place->type)) {
        return false;
    }
    array = btf_array(place->type);
    size = btf__resolve_size(btf, array->type);
    if (index >= array->nelems || size < 0) {
        return false;
    }
    place->bits += (uint64_t)index * size * 8;
    return enter(btf, array->type, place);
}

/* Follows the [1][2] behind a member. */
static int follow_indices(const struct btf *btf, struct place *place, char *text)
{
    while (*text) {
        char *end;
        unsigned long index = strtoul(text + 1, &end, 10);

        if (*text != '[' || !g_ascii_isdigit(text[1]) || *end != ']') {
            return -EINVAL;
        }
        if (index > UINT32_MAX || !find_element(btf, place, index)) {
            return -ENOENT;
        }
        text = end + 1;
    }
    return 0;
}

/* One name of a path, with its indices. */
static int follow(const struct btf *btf, struct place *place, char *step)
{
    char *bracket = strchr(step, '[');
    char *indices = bracket ? g_strdup(bracket) : NULL;
    int budget = BUDGET, rc;

    if (bracket) {
        *bracket = '\0';
    }
    if (!*step || btf_is_ptr(place->type)) {
        rc = -EINVAL;
    } else if (!find_member(btf, place, step, 0, &budget)) {
        rc = -ENOENT;
    } else {
        rc = indices ? follow_indices(btf, place, indices) : 0;
    }
    g_free(indices);
    return rc;
}

int osi_types_offset(const struct osi_types *types, const char *type, const char *path,
                     uint32_t *offset, uint32_t *size)
{
    struct place place = { 0 };
    char **steps;
    int64_t bytes;
    int rc = 0;

    if (!enter(types->btf, find_type(types->btf, type), &place)) {
        return -ENOENT;
    }
    steps = g_strsplit(path, ".", -1);
    rc = *steps ? 0 : -EINVAL;
    for (char **step = steps; *step && !rc; step++) {
        rc = follow(types->btf, &place, *step);
    }
    g_strfreev(steps);
    if (rc) {
        return rc;
    }
    bytes = btf__resolve_size(types->btf, place.id);
    if (place.bitfield || place.bits % 8 || place.bits / 8 > UINT32_MAX || bytes < 0) {
        return -EINVAL;
    }
    *offset = place.bits / 8;
    if (size) {
        *size = bytes;
    }
    return 0;
}

int osi_types_size(const struct osi_types *types, const char *type, uint32_t *size)
{
    uint32_t id = find_type(types->btf, type);
    int64_t bytes = id ? btf__resolve_size(types->btf, id) : -1;

    if (bytes < 0 || bytes > UINT32_MAX) {
        return -ENOENT;
    }
    *size = bytes;
    return 0;
}

int osi_types_percpu(const struct osi_types *types, const char *variable, uint32_t *offset)
{
    int id = btf__find_by_name_kind(types->btf, ".data..percpu", BTF_KIND_DATASEC);
    const struct btf_type *section = id > 0 ? btf__type_by_id(types->btf, id) : NULL;

    for (uint32_t i = 0; section && i < btf_vlen(section); i++) {
        const struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];
        const struct btf_type *var = btf__type_by_id(types->btf, info->type);
        const char *name = var ? btf__name_by_offset(types->btf, var->name_off) : NULL;

        if (name && !strcmp(name, variable)) {
            *offset = info->offset;
            return 0;
        }
    }
    return -ENOENT;
}

int osi_types_arguments(const struct osi_types *types, const char *function)
{
    int id = btf__find_by_name_kind(types->btf, function, BTF_KIND_FUNC);
    const struct btf_type *func = id > 0 ? btf__type_by_id(types->btf, id) : NULL;
    const struct btf_type *proto = func ? btf__type_by_id(types->btf, func->type) : NULL;

    return proto && btf_is_func_proto(proto) ? btf_vlen(proto) : -ENOENT;
}
