/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes the entries of a kallsyms table: a name is a string of tokens, a value is a 32-bit
 * offset. */
#include "guest/kallsyms-names.h"

#include <string.h>

#include <glib.h>

size_t osi_kallsyms_name_length(const uint8_t *bytes, size_t *at, size_t limit)
{
    size_t length;

    if (*at >= limit) {
        return 0;
    }
    length = bytes[(*at)++];
    if (!(length & 0x80)) {
        return length;
    }
    /* Since 6.1 the top bit announces a second byte; before, no name was that long. */
    if (*at >= limit) {
        return 0;
    }
    return (length & 0x7f) | (size_t)bytes[(*at)++] << 7;
}

static const char *token(const uint8_t *bytes, const struct osi_kallsyms *table, uint8_t code)
{
    const uint8_t *index = bytes + table->token_index + 2 * code;

    return (const char *)bytes + table->tokens + (index[0] | index[1] << 8);
}

bool osi_kallsyms_expand(const uint8_t *bytes, const struct osi_kallsyms *table, size_t *at,
                         char name[OSI_KALLSYMS_MAX_NAME])
{
    size_t length = osi_kallsyms_name_length(bytes, at, table->tokens), used = 0;

    for (size_t i = 0; i < length; i++) {
        for (const char *c = token(bytes, table, bytes[*at + i]); *c; c++) {
            if (g_ascii_isspace(*c) || used == OSI_KALLSYMS_MAX_NAME - 1) {
                return false;
            }
            name[used++] = *c;
        }
    }
    name[used] = '\0';
    *at += length;
    return used > 1 && g_ascii_isalpha(name[0]);
}

static int32_t raw(const uint8_t *bytes, const struct osi_kallsyms *table, uint32_t index)
{
    uint32_t value;

    memcpy(&value, bytes + table->offsets + 4 * (size_t)index, sizeof(value));
    return (int32_t)GUINT32_FROM_LE(value);
}

static int64_t value_of(const uint8_t *bytes, const struct osi_kallsyms *table, uint32_t index)
{
    int32_t value = raw(bytes, table, index);

    if (table->layout == OSI_KALLSYMS_SELF_RELATIVE) {
        return (int64_t)(table->offsets + 4 * (size_t)index) + value;
    }
    if (table->absolute_percpu) {
        return value < 0 ? -1 - (int64_t)value : value;
    }
    return (uint32_t)value;
}

uint64_t osi_kallsyms_order(const uint8_t *bytes, const struct osi_kallsyms *table, uint32_t index)
{
    /* Per-CPU values, which are absolute, come before all addresses. */
    bool address = !table->absolute_percpu || raw(bytes, table, index) < 0;

    return (uint64_t)value_of(bytes, table, index) + (address ? UINT64_C(1) << 62 : 0);
}

void osi_kallsyms_read(const uint8_t *bytes, const struct osi_kallsyms *table,
                       osi_kallsyms_symbol symbol, void *data)
{
    char name[OSI_KALLSYMS_MAX_NAME];
    size_t at = table->names;

    for (uint32_t i = 0; i < table->count && osi_kallsyms_expand(bytes, table, &at, name); i++) {
        symbol(data, value_of(bytes, table, i), name[0], name + 1);
    }
}

const char *osi_kallsyms_layout_name(enum osi_kallsyms_layout layout)
{
    static const char *const names[] = {
        [OSI_KALLSYMS_OLD] = "before 6.4",
        [OSI_KALLSYMS_OLD_SEQUENCED] = "before 6.4 with sequence numbers",
        [OSI_KALLSYMS_NEW] = "since 6.4",
        [OSI_KALLSYMS_SELF_RELATIVE] = "since 7.0",
    };

    return names[layout];
}
