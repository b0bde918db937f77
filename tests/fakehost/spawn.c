/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts this program anew as a fake host. */
#include "spawn.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakehost.h"

/* The blank-separated words of a line; g_strfreev(). */
static char **words_of(const char *line)
{
    GPtrArray *words = g_ptr_array_new();
    char **parts = g_strsplit(line, " ", -1);

    for (char **part = parts; *part; part++) {
        if (**part) {
            g_ptr_array_add(words, g_strdup(*part));
        }
    }
    g_ptr_array_add(words, NULL);
    g_strfreev(parts);
    return (char **)g_ptr_array_free(words, FALSE);
}

static int status_of(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
}

struct fake_result fake_spawn(const char *scenario, const char *format, ...)
{
    struct fake_result result = { 0 };
    GError *error = NULL;
    va_list args;
    char *line, *all;
    char **argv, **environment = g_get_environ();
    int status;

    /* Small objects of GLib's own allocator would hide leaks, and look like races. */
    environment = g_environ_setenv(environment, "G_SLICE", "always-malloc", TRUE);
    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    all = g_strdup_printf("/proc/self/exe -scenario %s %s", scenario, line);
    argv = words_of(all);
    if (!g_spawn_sync(NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &result.output,
                      &result.errors, &status, &error)) {
        fake_die("can't start: %s", error->message);
    }
    result.status = status_of(status);
    g_strfreev(argv);
    g_strfreev(environment);
    g_free(all);
    g_free(line);
    return result;
}

void fake_result_clear(struct fake_result *result)
{
    g_free(result->output);
    g_free(result->errors);
    *result = (struct fake_result){ 0 };
}

/* ---- files ---- */
static char *directory;

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        char *inner = g_build_filename(path, name, NULL);

        remove_tree(inner);
        g_free(inner);
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_remove(path);
}

static void remove_directory(void)
{
    if (!getenv("KEEP")) {
        remove_tree(directory);
    }
}

const char *fake_directory(void)
{
    if (!directory) {
        directory = g_dir_make_tmp("osinstr-fakehost-XXXXXX", NULL);
        if (!directory) {
            fake_die("can't make a directory");
        }
        atexit(remove_directory);
    }
    return directory;
}

const char *fake_path(const char *format, ...)
{
    va_list args;
    char *name, *path;
    const char *kept;

    va_start(args, format);
    name = g_strdup_vprintf(format, args);
    va_end(args);
    path = g_build_filename(fake_directory(), name, NULL);
    kept = g_intern_string(path); /* until the test's process ends */
    g_free(path);
    g_free(name);
    return kept;
}

bool fake_exists(const char *path)
{
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

char *fake_read_file(const char *path)
{
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

const char *fake_plugin(const char *name)
{
    const char *where = getenv("OSINSTR_PLUGINS");
    char *file = g_strconcat(name, ".so", NULL);
    char *path = g_build_filename(where ? where : ".libs", file, NULL);
    char *absolute = g_canonicalize_filename(path, NULL);
    const char *result = g_intern_string(absolute);

    g_free(absolute);
    g_free(path);
    g_free(file);
    return result;
}

unsigned fake_count_lines(const char *text, const char *part)
{
    char **lines = g_strsplit(text, "\n", -1);
    unsigned n = 0;

    for (char **line = lines; *line; line++) {
        n += **line && (!part || strstr(*line, part));
    }
    g_strfreev(lines);
    return n;
}
