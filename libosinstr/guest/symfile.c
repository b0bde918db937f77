/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses "address type name" lines. */
#include "guest/symfile.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#define MAX_NAME 1024

struct line {
    uint64_t address;
    char type;
    char name[MAX_NAME];
    bool of_module;
};

/* The address and the type; returns where the name begins, NULL if it is not such a line. */
static const char *parse_head(const char *text, const char *end, struct line *line)
{
    const char *at = text;

    line->address = 0;
    while (at < end && at - text < 17 && g_ascii_isxdigit(*at)) {
        line->address = line->address << 4 | g_ascii_xdigit_value(*at++);
    }
    if (at == text || at - text > 16 || end - at < 4 || at[0] != ' ' || !g_ascii_isgraph(at[1]) ||
        at[2] != ' ') {
        return NULL;
    }
    line->type = at[1];
    return at + 3;
}

static bool parse_line(const char *text, const char *end, struct line *line)
{
    const char *name = parse_head(text, end, line), *at = name;
    size_t length;

    if (!name) {
        return false;
    }
    /* Labels of the assembler hold control characters, and do appear in System.map. */
    while (at < end && *at && !g_ascii_isspace(*at)) {
        at++;
    }
    length = at - name;
    if (!length || length >= MAX_NAME) {
        return false;
    }
    memcpy(line->name, name, length);
    line->name[length] = '\0';
    line->of_module = end - at > 2 && at[0] == '\t' && at[1] == '[';
    return at == end || line->of_module;
}

bool osi_symfile_recognise(const char *text, size_t size)
{
    struct line line;

    return parse_head(text, text + size, &line) != NULL;
}

static int bad_line(const char *text, const char *end, unsigned number, const char *path,
                    struct osi_error *err)
{
    /* Debian ships a one-line System.map that says where the real one is. */
    if (memmem(text, end - text, "real System.map", 15)) {
        return osi_fail(
            err, -EINVAL,
            "%s is only a placeholder: the real System.map is in the kernel's -dbg package", path);
    }
    return osi_fail(err, -EINVAL, "%s: line %u is not \"address type name\"", path, number);
}

int osi_symfile_read(const char *text, size_t size, const char *path, osi_symfile_symbol symbol,
                     void *data, struct osi_error *err)
{
    const char *limit = text + size;
    uint64_t any_bits = 0;
    struct line line;

    for (unsigned number = 1; text < limit; number++) {
        const char *newline = memchr(text, '\n', limit - text), *end = newline ? newline : limit;
        const char *last = end > text && end[-1] == '\r' ? end - 1 : end;

        if (last > text && !parse_line(text, last, &line)) {
            return bad_line(text, last, number, path, err);
        }
        if (last > text && !line.of_module) {
            any_bits |= line.address;
            symbol(data, line.address, line.type, line.name);
        }
        text = end + (newline != NULL);
    }
    if (!any_bits) {
        return osi_fail(err, -EACCES,
                        "%s has only zero addresses: the guest hides them (kptr_restrict), "
                        "read /proc/kallsyms there as root",
                        path);
    }
    return 0;
}
