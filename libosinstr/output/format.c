/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and names as people read them in a report. */
#include "format.h"

#include <inttypes.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* Rounds to four significant digits; not for values near UINT64_MAX. */
static uint64_t round_digits(uint64_t value)
{
    uint64_t step = 1;

    while (value / step >= 10000)
        step *= 10;
    return (value + step / 2) / step * step;
}

/* Four digits of a value below 1000 units. */
static void format_scaled(GString *out, uint64_t ns, uint64_t divisor, const char *unit)
{
    uint64_t whole = ns / divisor, rest = ns % divisor;
    int digits = whole >= 100 ? 1 : whole >= 10 ? 2 : 3;

    g_string_append_printf(out, "%" PRIu64 ".", whole);
    for (int i = 0; i < digits; i++) {
        divisor /= 10;
        g_string_append_c(out, (char)('0' + rest / divisor));
        rest %= divisor;
    }
    g_string_append_printf(out, " %s", unit);
}

/* There is no larger unit than the second, so all its digits are shown. */
static void format_seconds(GString *out, uint64_t ns)
{
    g_string_append_printf(out, "%" PRIu64 " s",
                           ns / NS_PER_SECOND + (ns % NS_PER_SECOND >= NS_PER_SECOND / 2));
}

/* Rounding comes before the choice of the unit: 999.96 us is 1.000 ms. */
void osi_format_time(GString *out, uint64_t ns)
{
    uint64_t rounded = ns < 1000 * NS_PER_SECOND ? round_digits(ns) : ns;

    if (rounded < 1000)
        g_string_append_printf(out, "%" PRIu64 " ns", rounded);
    else if (rounded < 1000 * 1000)
        format_scaled(out, rounded, 1000, "us");
    else if (rounded < NS_PER_SECOND)
        format_scaled(out, rounded, 1000 * 1000, "ms");
    else if (rounded < 1000 * NS_PER_SECOND)
        format_scaled(out, rounded, NS_PER_SECOND, "s");
    else
        format_seconds(out, ns);
}

void osi_format_stamp(GString *out, uint64_t ns)
{
    uint64_t us = ns / 1000 + (ns % 1000 >= 500);

    g_string_append_printf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

void osi_format_ratio(GString *out, double ratio)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, "%s%%",
                           g_ascii_formatd(text, sizeof(text), "%.2f", ratio * 100));
}

static void append_escape(GString *out, gunichar c)
{
    if (c == '\n')
        g_string_append(out, "\\n");
    else if (c == '\t')
        g_string_append(out, "\\t");
    else if (c == '\\')
        g_string_append(out, "\\\\");
    else if (c < 0x80)
        g_string_append_printf(out, "\\x%02x", c);
    else if (c < 0x10000)
        g_string_append_printf(out, "\\u%04x", c);
    else
        g_string_append_printf(out, "\\U%08x", c);
}

void osi_format_escaped(GString *out, const char *text)
{
    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(out, "\\x%02x", (unsigned char)*text++);
            continue;
        }
        if (c != '\\' && g_unichar_isprint(c))
            g_string_append_unichar(out, c);
        else
            append_escape(out, c);
        text = g_utf8_next_char(text);
    }
}

size_t osi_format_width(const char *text)
{
    size_t width = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}
