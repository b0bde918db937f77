/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the spelling of a symbol tells. */
#include "guest/symname.h"

#include <glib.h>
#include <string.h>

bool osi_symname_is_noise(const char *name)
{
    const char *dollar = strrchr(name, '$');

    /* RISC-V's $x may name the instruction set: $xrv64i2p1_… */
    if (dollar && dollar[1] && strchr("adtx", dollar[1]) &&
        (!dollar[2] || dollar[2] == '.' || !strncmp(dollar, "$xrv", 4))) {
        return true;
    }
    for (const char *c = name; *c; c++) {
        if (g_ascii_iscntrl(*c)) {
            return true;
        }
    }
    return !strncmp(name, ".L", 2);
}

static size_t suffix_length(const char *at_dot)
{
    static const char *const known[] = { ".isra.", ".constprop.", ".part.",
                                         ".cold",  ".llvm.",      ".lto_priv." };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        size_t length = strlen(known[i]);

        if (!strncmp(at_dot, known[i], length)) {
            return length + strspn(at_dot + length, "0123456789.");
        }
    }
    return 0;
}

size_t osi_symname_stem(const char *name)
{
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        const char *rest = dot;
        size_t length;

        while (*rest == '.' && (length = suffix_length(rest))) {
            /* A number swallows the dot that starts the next suffix: give it back. */
            rest += length - (rest[length] && rest[length - 1] == '.');
        }
        if (!*rest) {
            return dot - name;
        }
    }
    return strlen(name);
}

bool osi_symname_is_cold(const char *name)
{
    return strstr(name, ".cold") != NULL;
}

bool osi_symname_is_global(char type)
{
    return g_ascii_isupper(type) && type != 'W' && type != 'V';
}

static bool is_mark(const char *name)
{
    static const char *const endings[] = { "_start", "_end", "_begin", "text" };

    for (size_t i = 0; *name == '_' && i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(name, endings[i])) {
            return true;
        }
    }
    return false;
}

unsigned osi_symname_badness(const char *name, char type)
{
    return is_mark(name) * 1000 + !osi_symname_is_global(type) * 100 + MIN(strspn(name, "_"), 99);
}
