/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in a profile's files, as they were before osi_format_escaped(). */
#ifndef TOOLS_PPROF_TEXT_H
#define TOOLS_PPROF_TEXT_H

#include <glib.h>
#include <stddef.h>
#include <string.h>

/* Digits behind \x, \u, \U; 0: another escape. */
static inline unsigned pprof_escape_digits(char kind)
{
    return kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
}

/* The escape behind the backslash at `at`, of which `length` bytes are left; what it takes. An escape that
 * isn't one stays as it is. */
static inline size_t pprof_unescape(GString *out, const char *at, size_t length)
{
    unsigned n = length ? pprof_escape_digits(at[0]) : 0;
    guint64 value = 0;

    if (length && (at[0] == '\\' || at[0] == 'n' || at[0] == 't')) {
        g_string_append_c(out, at[0] == 'n' ? '\n' : at[0] == 't' ? '\t' : '\\');
        return 1;
    }
    for (unsigned i = 1; i <= n; i++) {
        if (i >= length || !g_ascii_isxdigit(at[i])) {
            n = 0;
        } else {
            value = value << 4 | (guint64)g_ascii_xdigit_value(at[i]);
        }
    }
    if (n == 0 || value == 0 || (n > 2 && (value > 0x10ffff || !g_unichar_validate((gunichar)value)))) {
        g_string_append_c(out, '\\');
        return 0;
    }
    if (n == 2) {
        g_string_append_c(out, (char)value); /* a byte */
    } else {
        g_string_append_unichar(out, (gunichar)value);
    }
    return n + 1;
}

static inline char *pprof_unescaped(const char *text, size_t length)
{
    GString *out = g_string_sized_new(length);

    for (size_t i = 0; i < length && text[i]; i++) {
        if (text[i] == '\\') {
            i += pprof_unescape(out, text + i + 1, length - i - 1);
        } else {
            g_string_append_c(out, text[i]);
        }
    }
    return g_string_free(out, FALSE);
}

#endif
