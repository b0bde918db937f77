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

static bool is_number_like(const char *rest)
{
    return rest[strspn(rest, "0123456789. ")] == '\0';
}

static void add_frame(struct osi_profile_paths *paths, const struct osi_profile_names *names,
                      uint32_t function, GString *label, GString *frame)
{
    g_string_truncate(label, 0);
    g_string_truncate(frame, 0);
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
    g_string_append_c(frame, ';');
    osi_profile_paths_piece(paths, frame->str, frame->len);
}

static void add_frames(struct osi_profile_paths *paths, const struct osi_profile *profile)
{
    GString *label = g_string_new(NULL), *frame = g_string_new(NULL);
    struct osi_profile_names names;

    osi_profile_names_init(&names, profile);
    for (size_t i = 0; i < profile->n_functions; i++)
        add_frame(paths, &names, (uint32_t)i, label, frame);
    osi_profile_names_clear(&names);
    g_string_free(label, TRUE);
    g_string_free(frame, TRUE);
}

static bool has_caller(const struct osi_profile *profile, size_t node)
{
    return node && profile->nodes[node].parent;
}

static void put_paths(struct osi_profile_out *out, struct osi_profile_paths *paths,
                      bool with_caller)
{
    const struct osi_profile *profile = paths->profile;

    for (size_t i = 0; i < profile->n_nodes && !out->code; i++) {
        if (profile->nodes[i].self && has_caller(profile, i) == with_caller) {
            size_t length;
            const char *path = osi_profile_path(paths, i, &length);

            osi_profile_out_bytes(out, path, length - 1); /* without the last ';' */
            osi_profile_out_bytes(out, " ", 1);
            osi_profile_out_count(out, profile->nodes[i].self);
            osi_profile_out_bytes(out, "\n", 1);
        }
    }
}

int osi_profile_folded(const struct osi_profile *profile, FILE *stream)
{
    struct osi_profile_paths paths;
    struct osi_profile_out out;

    osi_profile_paths_init(&paths, profile, false);
    osi_profile_out_init(&out, stream);
    add_frames(&paths, profile);
    put_paths(&out, &paths, true);
    put_paths(&out, &paths, false);
    osi_profile_paths_clear(&paths);
    return osi_profile_out_finish(&out);
}
