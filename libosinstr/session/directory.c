/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output directories: locked while a run writes them, renamed when the next run comes. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/directory.h"

static int lock(struct osi_directory *directory, struct osi_error *err)
{
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0) {
        return osi_fail(err, -errno, "can't use out=%s: %s", directory->path, g_strerror(errno));
    }
    if (flock(directory->fd, LOCK_EX | LOCK_NB) < 0) {
        return osi_fail(err, -EBUSY,
                        "out=%s is being written by a running QEMU or another plugin of this one: "
                        "give each its own", directory->path);
    }
    return 0;
}

static bool is_empty(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    bool empty = dir && !g_dir_read_name(dir);

    if (dir) {
        g_dir_close(dir);
    }
    return empty;
}

/* DIR becomes DIR.1, or the next number that is free. */
static int keep(struct osi_directory *directory, struct osi_error *err)
{
    for (unsigned i = 1; i < 1000000; i++) {
        char *name = g_strdup_printf("%s.%u", directory->path, i);

        if (!g_file_test(name, G_FILE_TEST_EXISTS)) {
            if (rename(directory->path, name) == 0) {
                directory->kept = name;
                return 0;
            }
            if (errno != EEXIST && errno != ENOTEMPTY) {
                int rc = osi_fail(err, -errno, "can't rename the earlier %s to %s: %s",
                                  directory->path, name, g_strerror(errno));

                g_free(name);
                return rc;
            }
        }
        g_free(name);
    }
    return osi_fail(err, -EEXIST, "too many earlier runs of %s", directory->path);
}

static int make(struct osi_directory *directory, struct osi_error *err)
{
    if (g_mkdir_with_parents(directory->path, 0777) < 0) {
        return osi_fail(err, -errno, "can't make out=%s: %s", directory->path, g_strerror(errno));
    }
    if (access(directory->path, W_OK | X_OK) < 0) {
        return osi_fail(err, -errno, "can't write to out=%s: %s", directory->path,
                        g_strerror(errno));
    }
    return lock(directory, err);
}

int osi_directory_open(struct osi_directory *directory, const char *path, struct osi_error *err)
{
    struct stat st;
    int rc;

    *directory = (struct osi_directory){ .path = g_strdup(path), .fd = -1 };
    while (strlen(directory->path) > 1 && g_str_has_suffix(directory->path, "/")) {
        directory->path[strlen(directory->path) - 1] = '\0';
    }
    if (stat(directory->path, &st) == 0) {
        if (!S_ISDIR(st.st_mode)) {
            return osi_fail(err, -ENOTDIR, "out=%s exists and is no directory", directory->path);
        }
        rc = lock(directory, err);
        if (rc) {
            return rc;
        }
        rc = is_empty(directory->path) ? 0 : keep(directory, err);
        close(directory->fd);
        directory->fd = -1;
        if (rc) {
            return rc;
        }
    }
    return make(directory, err);
}

void osi_directory_close(struct osi_directory *directory)
{
    if (directory->fd >= 0) {
        close(directory->fd);
    }
    g_free(directory->path);
    g_free(directory->kept);
    *directory = (struct osi_directory){ .fd = -1 };
}
