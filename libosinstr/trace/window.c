/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a file through a buffer of fixed size. */
#include "window.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "column.h"

int osi_window_open(struct osi_window *window, int dir, const char *name)
{
    struct stat st;
    *window = (struct osi_window){.fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (window->fd < 0)
        return -errno;
    if (!fstat(window->fd, &st) && S_ISREG(st.st_mode))
        return 0;
    close(window->fd); /* a pipe or a device could keep the reader for ever */
    window->fd = -1;
    return -EINVAL;
}

void osi_window_close(struct osi_window *window)
{
    if (window->fd >= 0)
        close(window->fd);
    g_free(window->buffer);
    *window = (struct osi_window){.fd = -1};
}

static void read_all(struct osi_window *window, uint64_t offset)
{
    while (window->fd >= 0 && offset <= INT64_MAX - OSI_WINDOW_SIZE &&
           window->length < OSI_WINDOW_SIZE) {
        ssize_t n = pread(window->fd, window->buffer + window->length,
                          OSI_WINDOW_SIZE - window->length, (off_t)(offset + window->length));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        window->length += (size_t)n;
    }
}

static void refill(struct osi_window *window, uint64_t offset)
{
    if (!window->buffer)
        window->buffer = g_malloc(OSI_WINDOW_SIZE + OSI_COLUMN_SLACK);
    window->start = offset;
    window->length = 0;
    read_all(window, offset);
    memset(window->buffer + window->length, 0, OSI_COLUMN_SLACK);
}

size_t osi_window_at(struct osi_window *window, uint64_t offset, size_t needed,
                     const uint8_t **data)
{
    uint64_t skip = offset - window->start;
    if (offset < window->start || skip > window->length || window->length - skip < needed) {
        refill(window, offset);
        skip = 0;
    }
    *data = window->buffer + skip;
    return window->length - (size_t)skip;
}

uint64_t osi_window_file_size(const struct osi_window *window)
{
    struct stat st;
    return window->fd >= 0 && !fstat(window->fd, &st) ? (uint64_t)st.st_size : 0;
}
