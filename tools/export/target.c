/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output that appears when it is complete: written beside its place under another name, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export.h"

struct file {
    char *name; /* for messages */
    struct out *out;
};

struct export_target {
    char *path;      /* as it is to be called; "-" */
    char *temporary; /* as it is called now; NULL: standard output */
    bool directory;
    GArray *files;   /* struct file */
};

static void fail(struct osi_error *err, const char *what, const char *path, int rc)
{
    g_snprintf(err->text, sizeof(err->text), "can't %s %s: %s", what, path, g_strerror(-rc));
}

static struct out *add_file(struct export_target *target, const char *name, int fd)
{
    struct file file = { g_strdup(name), out_new(fd) };

    g_array_append_val(target->files, file);
    return file.out;
}

/* A name beside the wanted one, so that the rename stays in its file system. */
static int make_temporary(struct export_target *target, struct osi_error *err)
{
    mode_t mask = umask(0);
    int fd = -1;

    umask(mask);
    target->temporary = g_strdup_printf("%s.XXXXXX", target->path);
    if (target->directory) {
        if (g_mkdtemp_full(target->temporary, (int)(0777 & ~mask)) == NULL) {
            fd = -errno;
        } else {
            return 0;
        }
    } else {
        fd = g_mkstemp_full(target->temporary, O_WRONLY | O_CLOEXEC, (int)(0666 & ~mask));
        fd = fd < 0 ? -errno : fd;
    }
    if (fd < 0) {
        fail(err, "make", target->path, fd);
        return fd;
    }
    add_file(target, target->path, fd);
    return 0;
}

static void target_free(struct export_target *target)
{
    g_array_free(target->files, TRUE);
    g_free(target->path);
    g_free(target->temporary);
    g_free(target);
}

static int open_in_place(struct export_target *target, struct osi_error *err)
{
    int fd = open(target->path, O_WRONLY | O_CLOEXEC), rc = -errno;

    if (fd < 0) {
        fail(err, "write", target->path, rc);
        return rc;
    }
    add_file(target, target->path, fd);
    return 0;
}

/* A file that is there is replaced, also one that a link leads to. A directory could be anything, so it is
 * not; a pipe or device can't be renamed to, and is written to as it is. */
static int open_place(struct export_target *target, struct osi_error *err)
{
    struct stat st;
    char *real;

    if (stat(target->path, &st)) {
        if (lstat(target->path, &st) == 0) {
            g_snprintf(err->text, sizeof(err->text), "can't make %s: it is a link to nowhere", target->path);
            return -ENOENT;
        }
        return make_temporary(target, err);
    }
    if (target->directory || S_ISDIR(st.st_mode)) {
        fail(err, "make", target->path, -EEXIST);
        return -EEXIST;
    }
    if (!S_ISREG(st.st_mode)) {
        return open_in_place(target, err);
    }
    real = realpath(target->path, NULL);
    if (real) {
        g_free(target->path);
        target->path = g_strdup(real);
        free(real);
    }
    return make_temporary(target, err);
}

int export_target_new(const char *path, bool directory, struct export_target **result,
                      struct osi_error *err)
{
    struct export_target *target = g_new0(struct export_target, 1);
    size_t length = strlen(path);
    int rc = 0;

    while (directory && length > 1 && path[length - 1] == '/') {
        length--;
    }
    target->path = g_strndup(path, length);
    target->directory = directory;
    target->files = g_array_new(FALSE, FALSE, sizeof(struct file));
    if (strcmp(path, "-") != 0) {
        rc = open_place(target, err);
    } else if (directory) {
        g_snprintf(err->text, sizeof(err->text),
                   "this format is a directory, which standard output can't be: give --output a name");
        rc = -EINVAL;
    } else {
        add_file(target, "standard output", STDOUT_FILENO);
    }
    if (rc) {
        target_free(target);
        return rc;
    }
    *result = target;
    return 0;
}

bool export_target_in_place(const struct export_target *target)
{
    return !target->temporary;
}

struct out *export_target_out(struct export_target *target)
{
    return g_array_index(target->files, struct file, 0).out;
}

struct out *export_out(struct export *export)
{
    return export_target_out(export->target);
}

const char *export_path(const struct export *export)
{
    return export->target->temporary;
}

struct out *export_create(struct export *export, const char *name, struct osi_error *err)
{
    char *path = g_build_filename(export->target->temporary, name, NULL);
    char *folder = g_path_get_dirname(path);
    struct out *out = NULL;
    int fd;

    g_mkdir_with_parents(folder, 0777);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        fail(err, "make", path, -errno);
    } else {
        char *shown = g_build_filename(export->target->path, name, NULL);

        out = add_file(export->target, shown, fd);
        g_free(shown);
    }
    g_free(folder);
    g_free(path);
    return out;
}

bool export_failed(const struct export *export)
{
    const GArray *files = export->target->files;

    for (guint i = 0; i < files->len; i++) {
        if (out_failed(g_array_index(files, struct file, i).out)) {
            return true;
        }
    }
    return false;
}

/* Closes all files; the first error of any. A reader of standard output that went away had enough. */
static int close_files(struct export_target *target, struct osi_error *err)
{
    int first = 0;

    for (guint i = 0; i < target->files->len; i++) {
        struct file *file = &g_array_index(target->files, struct file, i);
        int fd = file->out->fd, rc = out_free(file->out);

        if (fd != STDOUT_FILENO && close(fd) && !rc) {
            rc = -errno;
        }
        if (rc && rc != -EPIPE && !first) {
            first = rc;
            fail(err, "write", file->name, rc);
        }
        g_free(file->name);
    }
    return first;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int export_target_end(struct export_target *target, int rc, struct osi_error *err)
{
    struct osi_error writing = { "" };
    int closed = close_files(target, &writing);

    if (rc == -EPIPE && !target->temporary && !err->text[0]) { /* its reader had enough, too */
        rc = 0;
    }
    if (closed && (!rc || !err->text[0])) { /* why a format gave up is most often this */
        rc = closed;
        *err = writing;
    }
    if (target->temporary && !rc && rename(target->temporary, target->path)) {
        rc = -errno;
        fail(err, "make", target->path, rc);
    }
    if (target->temporary && rc) {
        nftw(target->temporary, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    target_free(target);
    return rc;
}
