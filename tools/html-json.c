/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text and numbers on their way into a page. */
#include <string.h>

#include "html.h"

/* U+2028 and U+2029 end a line in JavaScript; the others end or begin elements and comments. */
static void put_char(GString *json, gunichar c)
{
    if (c == '"' || c == '\\') {
        g_string_append_c(json, '\\');
        g_string_append_c(json, (char)c);
    } else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == 0x2028 ||
               c == 0x2029) {
        g_string_append_printf(json, "\\u%04x", c);
    } else {
        g_string_append_unichar(json, c);
    }
}

void html_put_string(GString *json, const char *text)
{
    char *valid;

    if (!text) {
        g_string_append(json, "null");
        return;
    }
    valid = g_utf8_make_valid(text, -1);
    g_string_append_c(json, '"');
    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        put_char(json, g_utf8_get_char(c));
    }
    g_string_append_c(json, '"');
    g_free(valid);
}

void html_put_json(GString *json, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '&') {
            g_string_append_printf(json, "\\u%04x", (unsigned char)*c);
        } else {
            g_string_append_c(json, *c);
        }
    }
}

void html_put_varint(GByteArray *bytes, uint64_t value)
{
    guint8 out[10];
    guint n = 0;

    while (value >= 0x80) {
        out[n++] = (guint8)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (guint8)value;
    g_byte_array_append(bytes, out, n);
}

void html_put_blob(struct html_page *page, GByteArray *bytes)
{
    g_string_append_printf(page->json, "%u", page->blobs->len);
    g_ptr_array_add(page->blobs, bytes);
}

void html_put_base64(GString *out, const GByteArray *bytes)
{
    size_t before = out->len;
    gint state = 0, save = 0;
    gsize length;

    g_string_set_size(out, before + (bytes->len / 3 + 1) * 4 + 4);
    length = g_base64_encode_step(bytes->data, bytes->len, FALSE, out->str + before, &state, &save);
    length += g_base64_encode_close(FALSE, out->str + before + length, &state, &save);
    g_string_set_size(out, before + length);
}
