/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognises BTF by its header and by all that follows from it. */
#include "guest/btf.h"

#include <string.h>

#include <glib.h>
#include <linux/btf.h>

#define TYPE_SIZE 12
/* Room for what later versions put between types and strings. */
#define MAX_GAP 4096

static const uint8_t magic[] = { 0x9f, 0xeb, BTF_VERSION, 0 };

/* The three words of a type and what belongs to its kind. */
struct shape {
    bool refers;       /* the third word is a type, not a size */
    uint8_t fixed;     /* bytes that follow */
    uint8_t each;      /* bytes per element that follow */
    int8_t name, type; /* where an element holds a name and a type; -1: nowhere */
};

static const struct shape shapes[] = {
    [BTF_KIND_INT] = { false, 4, 0, -1, -1 },
    [BTF_KIND_PTR] = { true, 0, 0, -1, -1 },
    [BTF_KIND_ARRAY] = { false, 12, 0, -1, -1 },
    [BTF_KIND_STRUCT] = { false, 0, 12, 0, 4 },
    [BTF_KIND_UNION] = { false, 0, 12, 0, 4 },
    [BTF_KIND_ENUM] = { false, 0, 8, 0, -1 },
    [BTF_KIND_FWD] = { false, 0, 0, -1, -1 },
    [BTF_KIND_TYPEDEF] = { true, 0, 0, -1, -1 },
    [BTF_KIND_VOLATILE] = { true, 0, 0, -1, -1 },
    [BTF_KIND_CONST] = { true, 0, 0, -1, -1 },
    [BTF_KIND_RESTRICT] = { true, 0, 0, -1, -1 },
    [BTF_KIND_FUNC] = { true, 0, 0, -1, -1 }, /* its length field holds the linkage */
    [BTF_KIND_FUNC_PROTO] = { true, 0, 8, 0, 4 },
    [BTF_KIND_VAR] = { true, 4, 0, -1, -1 },
    [BTF_KIND_DATASEC] = { false, 0, 12, -1, 0 },
    [BTF_KIND_FLOAT] = { false, 0, 0, -1, -1 },
    [BTF_KIND_DECL_TAG] = { true, 4, 0, -1, -1 },
    [BTF_KIND_TYPE_TAG] = { true, 0, 0, -1, -1 },
    [BTF_KIND_ENUM64] = { false, 0, 12, 0, -1 },
};

struct blob {
    const uint8_t *types;
    uint32_t types_length, strings_length;
    uint32_t count; /* of types, with void */
};

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

/* Bytes of the type at `at`, 0 if it is none or does not fit. */
static uint32_t type_length(const struct blob *blob, uint32_t at)
{
    uint32_t left = blob->types_length - at, info, kind, length;

    if (left < TYPE_SIZE) {
        return 0;
    }
    info = get32(blob->types + at + 4);
    kind = BTF_INFO_KIND(info);
    if (kind == BTF_KIND_UNKN || kind >= G_N_ELEMENTS(shapes)) {
        return 0;
    }
    length = TYPE_SIZE + shapes[kind].fixed + shapes[kind].each * BTF_INFO_VLEN(info);
    return length <= left ? length : 0;
}

static bool count_types(struct blob *blob)
{
    blob->count = 1;
    for (uint32_t at = 0; at < blob->types_length;) {
        uint32_t length = type_length(blob, at);

        if (!length) {
            return false;
        }
        at += length;
        blob->count++;
    }
    return blob->count > 1;
}

static bool name_holds(const struct blob *blob, const uint8_t *at)
{
    return get32(at) < blob->strings_length;
}

static bool type_holds(const struct blob *blob, const uint8_t *at)
{
    return get32(at) < blob->count;
}

static bool references_hold(const struct blob *blob, const uint8_t *type)
{
    uint32_t info = get32(type + 4);
    const struct shape *shape = &shapes[BTF_INFO_KIND(info)];

    if (!name_holds(blob, type) || (shape->refers && !type_holds(blob, type + 8))) {
        return false;
    }
    if (BTF_INFO_KIND(info) == BTF_KIND_ARRAY) {
        return type_holds(blob, type + TYPE_SIZE) && type_holds(blob, type + TYPE_SIZE + 4);
    }
    for (uint32_t i = 0; shape->each && i < BTF_INFO_VLEN(info); i++) {
        const uint8_t *element = type + TYPE_SIZE + i * shape->each;

        if ((shape->name >= 0 && !name_holds(blob, element + shape->name)) ||
            (shape->type >= 0 && !type_holds(blob, element + shape->type))) {
            return false;
        }
    }
    return true;
}

static bool all_references_hold(const struct blob *blob)
{
    for (uint32_t at = 0; at < blob->types_length; at += type_length(blob, at)) {
        if (!references_hold(blob, blob->types + at)) {
            return false;
        }
    }
    return true;
}

/* The header's numbers, as 64 bits so that sums cannot wrap. */
struct header {
    uint64_t length, types, types_length, strings, strings_length, end;
};

static bool read_header(const uint8_t *bytes, size_t size, struct header *h)
{
    if (size < sizeof(struct btf_header) || memcmp(bytes, magic, sizeof(magic))) {
        return false;
    }
    h->length = get32(bytes + 4);
    h->types = get32(bytes + 8);
    h->types_length = get32(bytes + 12);
    h->strings = get32(bytes + 16);
    h->strings_length = get32(bytes + 20);
    h->end = h->length + h->strings + h->strings_length;
    return h->length >= sizeof(struct btf_header) && h->length <= MAX_GAP && h->length % 4 == 0 &&
           h->types == 0 && h->strings >= h->types_length &&
           h->strings - h->types_length <= MAX_GAP && h->strings_length && h->end <= size &&
           !bytes[h->length + h->strings] && !bytes[h->end - 1];
}

bool osi_btf_check(const uint8_t *bytes, size_t size, struct osi_btf_place *place)
{
    struct header header;
    struct blob blob;

    if (!read_header(bytes, size, &header)) {
        return false;
    }
    blob = (struct blob){
        .types = bytes + header.length,
        .types_length = header.types_length,
        .strings_length = header.strings_length,
    };
    if (!count_types(&blob) || !all_references_hold(&blob)) {
        return false;
    }
    *place = (struct osi_btf_place){ .length = header.end, .types = blob.count - 1 };
    return true;
}

/* memchr() for a byte that is rare in code is many times as fast as memmem(). */
static const uint8_t *find_magic(const uint8_t *bytes, size_t size)
{
    const uint8_t *hit = bytes, *end = bytes + size;

    while ((hit = memchr(hit, magic[0], (size_t)(end - hit)))) {
        if ((size_t)(end - hit) < sizeof(magic)) {
            return NULL;
        }
        if (memcmp(hit, magic, sizeof(magic)) == 0) {
            return hit;
        }
        hit++;
    }
    return NULL;
}

bool osi_btf_find(const uint8_t *bytes, size_t size, struct osi_btf_place *place)
{
    struct osi_btf_place found;
    const uint8_t *hit;
    bool any = false;

    for (size_t at = 0; at < size && (hit = find_magic(bytes + at, size - at)); at++) {
        at = hit - bytes;
        if (osi_btf_check(hit, size - at, &found) && (!any || found.types > place->types)) {
            *place = found;
            place->offset = at;
            any = true;
            /* What is inside of a blob is not another one. */
            at += found.length - 1;
        }
    }
    return any;
}
