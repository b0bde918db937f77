/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes kallsyms tables in every layout, from the description of the layouts and not from the code
 * that reads them. Include it in one file of a test. */
#ifndef OSI_TESTS_FAKE_KALLSYMS_H
#define OSI_TESTS_FAKE_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

enum fake_layout { FAKE_OLD, FAKE_OLD_SEQUENCED, FAKE_NEW, FAKE_SELF_RELATIVE, FAKE_LAYOUTS };

struct fake_symbol {
    uint64_t value; /* from the base; from the start of the image if self-relative */
    char type;
    const char *name;
};

struct fake_kallsyms {
    enum fake_layout layout;
    const struct fake_symbol *symbols;
    unsigned count;
    uint64_t base;  /* what the base's slot holds */
    bool percpu;    /* x86's way: type A is absolute, all others are below the base */
    size_t at_base; /* written: where the slot is */
    /* Written: where parts begin, so that a test can break them. */
    size_t at_count, at_names, at_markers, at_tokens, at_index, at_offsets, end;
};

/* Tokens of more than one character, with codes from 0x80 on; 0xf0 stands for one of 60. */
static const char *const fake_pairs[] = { "sys_", "func_", "tT", "_irq", "task" };

#define FAKE_LONG 0xf0
#define FAKE_LONG_LENGTH 60

static void fake_put(GByteArray *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = value >> (8 * i);

        g_byte_array_append(out, &byte, 1);
    }
}

static void fake_align(GByteArray *out, const struct fake_kallsyms *fake)
{
    while (out->len % (fake->layout == FAKE_SELF_RELATIVE ? 4 : 8)) {
        fake_put(out, 0, 1);
    }
}

static void fake_token(char text[FAKE_LONG_LENGTH + 1], unsigned code)
{
    memset(text, 0, FAKE_LONG_LENGTH + 1);
    if (code > ' ' && code < 127) {
        text[0] = code;
    } else if (code >= 0x80 && code < 0x80 + G_N_ELEMENTS(fake_pairs)) {
        strcpy(text, fake_pairs[code - 0x80]);
    } else if (code == FAKE_LONG) {
        memset(text, 'L', FAKE_LONG_LENGTH);
    }
}

/* Greedy compression of type and name. */
static void fake_compress(GByteArray *out, const struct fake_symbol *symbol)
{
    GString *text = g_string_new(NULL), *packed = g_string_new(NULL);

    g_string_printf(text, "%c%s", symbol->type, symbol->name);
    for (size_t at = 0; at < text->len;) {
        char code = text->str[at];
        size_t length = 1;

        for (unsigned i = 0; i < G_N_ELEMENTS(fake_pairs); i++) {
            if (g_str_has_prefix(text->str + at, fake_pairs[i])) {
                code = 0x80 + i;
                length = strlen(fake_pairs[i]);
            }
        }
        g_string_append_c(packed, code);
        at += length;
    }
    if (packed->len < 128) {
        fake_put(out, packed->len, 1);
    } else {
        fake_put(out, (packed->len & 0x7f) | 0x80, 1);
        fake_put(out, packed->len >> 7, 1);
    }
    g_byte_array_append(out, (const guint8 *)packed->str, packed->len);
    g_string_free(text, TRUE);
    g_string_free(packed, TRUE);
}

static void fake_offsets(GByteArray *out, struct fake_kallsyms *fake)
{
    fake_align(out, fake);
    fake->at_offsets = out->len;
    for (unsigned i = 0; i < fake->count; i++) {
        const struct fake_symbol *symbol = &fake->symbols[i];
        uint64_t value = symbol->value;

        if (fake->layout == FAKE_SELF_RELATIVE) {
            value -= out->len;
        } else if (fake->percpu && symbol->type != 'A') {
            value = -1 - value;
        }
        fake_put(out, value, 4);
    }
    fake_align(out, fake);
    if (fake->layout != FAKE_SELF_RELATIVE) {
        fake->at_base = out->len;
        fake_put(out, fake->base, 8);
    }
}

static void fake_names(GByteArray *out, struct fake_kallsyms *fake)
{
    GArray *markers = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    fake_align(out, fake);
    fake->at_count = out->len;
    fake_put(out, fake->count, 4);
    fake_align(out, fake);
    fake->at_names = out->len;
    for (unsigned i = 0; i < fake->count; i++) {
        if (i % 256 == 0) {
            uint32_t marker = out->len - fake->at_names;

            g_array_append_val(markers, marker);
        }
        fake_compress(out, &fake->symbols[i]);
    }
    fake_align(out, fake);
    fake->at_markers = out->len;
    for (unsigned i = 0; i < markers->len; i++) {
        fake_put(out, g_array_index(markers, uint32_t, i), 4);
    }
    g_array_free(markers, TRUE);
}

static void fake_sequence(GByteArray *out, const struct fake_kallsyms *fake)
{
    fake_align(out, fake);
    for (unsigned i = 0; i < fake->count; i++) {
        fake_put(out, GUINT32_SWAP_LE_BE(fake->count - 1 - i) >> 8, 3);
    }
}

static void fake_tokens(GByteArray *out, struct fake_kallsyms *fake)
{
    uint16_t places[256];

    fake_align(out, fake);
    fake->at_tokens = out->len;
    for (unsigned code = 0; code < 256; code++) {
        char text[FAKE_LONG_LENGTH + 1];

        fake_token(text, code);
        places[code] = out->len - fake->at_tokens;
        g_byte_array_append(out, (const guint8 *)text, strlen(text) + 1);
    }
    fake_align(out, fake);
    fake->at_index = out->len;
    for (unsigned code = 0; code < 256; code++) {
        fake_put(out, places[code], 2);
    }
}

/* Appends the table to what is in `out`, whose first byte is the first byte of the image. */
static void fake_kallsyms_append(GByteArray *out, struct fake_kallsyms *fake)
{
    bool old = fake->layout <= FAKE_OLD_SEQUENCED;

    if (old) {
        fake_offsets(out, fake);
    }
    fake_names(out, fake);
    if (fake->layout == FAKE_OLD_SEQUENCED) {
        fake_sequence(out, fake);
    }
    fake_tokens(out, fake);
    if (!old) {
        fake_offsets(out, fake);
    }
    fake->end = out->len;
    if (!old) {
        fake_sequence(out, fake);
    }
}

#endif
