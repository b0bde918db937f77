/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stacks.folded as a tree: "task;function;function count" a line. It names no modules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "tool.h"

struct reader {
    struct html_tree *tree;
    GHashTable *known; /* frame -> index plus 1 */
    GArray *path;
};

/* The first is a task; what is below tells user code from the kernel's. */
static uint32_t frame_of(struct reader *reader, const char *frame, bool first)
{
    guint index = first ? 0 : GPOINTER_TO_UINT(g_hash_table_lookup(reader->known, frame));

    if (!index) {
        bool user = strcmp(frame, "[user]") == 0, special = frame[0] == '[';

        index = html_tree_function(reader->tree, frame, first ? "[task]" : user ? "[user]"
                                   : special ? "[exception]" : "") + 1;
        if (!first) {
            g_hash_table_insert(reader->known, g_strdup(frame), GUINT_TO_POINTER(index));
        }
    }
    return index - 1;
}

static bool take_line(struct reader *reader, char *line)
{
    char *blank = strrchr(line, ' '), *frame, *next;
    uint64_t self;

    if (!blank || blank == line || !parse_number(blank + 1, &self)) {
        return false;
    }
    *blank = '\0';
    g_array_set_size(reader->path, 0);
    for (frame = line; frame; frame = next) {
        uint32_t function;

        next = strchr(frame, ';');
        if (next) {
            *next++ = '\0';
        }
        function = frame_of(reader, frame, reader->path->len == 0);
        g_array_append_val(reader->path, function);
    }
    html_tree_add(reader->tree, (const uint32_t *)(void *)reader->path->data, reader->path->len,
                  self);
    return true;
}

static int take_lines(struct reader *reader, FILE *file, const char *path, struct osi_error *err)
{
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t length;
    int rc = 0;

    while (!rc && (length = getline(&line, &room, file)) > 0) {
        number++;
        if (line[length - 1] != '\n') {
            rc = osi_fail(err, -EINVAL, "%s is cut off", path);
        } else {
            line[length - 1] = '\0';
            if (strlen(line) != (size_t)length - 1 || !take_line(reader, line)) {
                rc = osi_fail(err, -EINVAL, "%s is damaged: line %zu is no stack", path, number);
            }
        }
    }
    if (!rc && ferror(file)) {
        rc = osi_fail(err, -EIO, "can't read %s", path);
    }
    free(line);
    return rc;
}

int html_read_folded(struct html_tree *tree, const char *dir, struct osi_error *err)
{
    char *path = g_build_filename(dir, "stacks.folded", NULL);
    FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "re") : NULL;
    struct reader reader = { .tree = tree };
    int rc;

    if (file) {
        reader.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        reader.path = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        rc = take_lines(&reader, file, path, err);
        g_hash_table_destroy(reader.known);
        g_array_free(reader.path, TRUE);
        fclose(file);
    } else {
        rc = osi_fail(err, -ENOENT, "%s can't be opened, or is no file", path);
    }
    g_free(path);
    return rc;
}
