/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile as folded stacks: a line for each path that has instructions of its own.
 *
 * Readers know no escapes: they split at ';' and take the number behind the last blank. So a ';' in a
 * name is written as \x3b; as some readers look for a second number, a blank with only digits behind
 * it as \x20; and a '#' that begins a name, which would begin a comment, as \x23. Beyond that names are
 * as in the other files: a backslash is \\, a new line \n, a blank at an end \x20.
 *
 * Lines are in the order of nodes, but those without a ';' come last: Perfetto recognises the format by
 * the first three lines, each of which must have one.
 */
#include "profile.h"

#include <inttypes.h>
#include <string.h>

static bool is_number_like(const char *rest)
{
    return rest[strspn(rest, "0123456789. ")] == '\0';
}

static char *frame_of(const struct osi_profile_names *names, uint32_t function)
{
    GString *label = g_string_new(NULL), *frame = g_string_new(NULL);

    osi_profile_label(label, names, function, false);
    for (const char *c = label->str; *c; c++) {
        if (*c == ';')
            g_string_append(frame, "\\x3b");
        else if (*c == ' ' && is_number_like(c + 1))
            g_string_append(frame, "\\x20");
        else if (*c == '#' && c == label->str)
            g_string_append(frame, "\\x23");
        else
            g_string_append_c(frame, *c);
    }
    g_string_free(label, TRUE);
    return g_string_free(frame, FALSE);
}

/* Paths can be longer than memory should hold twice: written as they get long. */
static int put_path(GString *out, char *const *frames, const struct osi_profile *profile,
                    size_t node, GArray *path, FILE *stream)
{
    int code = 0;

    g_array_set_size(path, 0);
    g_array_append_val(path, profile->nodes[node].function);
    for (size_t i = node; i && profile->nodes[i].parent;) {
        i = profile->nodes[i].parent;
        g_array_append_val(path, profile->nodes[i].function);
    }
    for (guint i = path->len; i-- > 0 && !code;) {
        g_string_append(out, frames[g_array_index(path, uint32_t, i)]);
        if (i)
            g_string_append_c(out, ';');
        code = osi_profile_put_some(out, stream);
    }
    g_string_append_printf(out, " %" PRIu64 "\n", profile->nodes[node].self);
    return code;
}

static bool has_caller(const struct osi_profile *profile, size_t node)
{
    return node && profile->nodes[node].parent;
}

static int put_paths(GString *out, char *const *frames, const struct osi_profile *profile,
                     bool with_caller, FILE *stream)
{
    GArray *path = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    int code = 0;

    for (size_t i = 0; i < profile->n_nodes && !code; i++)
        if (profile->nodes[i].self && has_caller(profile, i) == with_caller)
            code = put_path(out, frames, profile, i, path, stream);
    g_array_free(path, TRUE);
    return code;
}

int osi_profile_folded(const struct osi_profile *profile, FILE *stream)
{
    char **frames = g_new0(char *, profile->n_functions);
    GString *out = g_string_new(NULL);
    struct osi_profile_names names;
    int code;

    osi_profile_names_init(&names, profile);
    for (size_t i = 0; i < profile->n_functions; i++)
        frames[i] = frame_of(&names, (uint32_t)i);
    osi_profile_names_clear(&names);
    code = put_paths(out, frames, profile, true, stream);
    if (!code)
        code = put_paths(out, frames, profile, false, stream);
    for (size_t i = 0; i < profile->n_functions; i++)
        g_free(frames[i]);
    g_free(frames);
    return osi_profile_finish(out, stream, code);
}
