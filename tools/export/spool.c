/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks of lanes in a temporary file. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "spool.h"

#define CHUNK 65536

struct lane {
    uint8_t *chunk; /* NULL: nothing yet */
    size_t used;
    GArray *places; /* uint64_t: where its full chunks are in the file */
};

struct spool {
    int fd, error;
    uint64_t size;
    unsigned n_lanes;
    struct lane *lanes;
};

static int open_file(const char *folder)
{
    char *name = g_build_filename(folder, ".osinstr-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600), error = errno;

    if (fd >= 0) {
        g_unlink(name);
    }
    g_free(name);
    return fd >= 0 ? fd : -error;
}

int spool_new(const char *folder, unsigned n_lanes, struct spool **result, struct osi_error *err)
{
    int fd = open_file(folder);
    struct spool *spool;

    if (fd < 0) {
        g_snprintf(err->text, sizeof(err->text), "can't make a temporary file in %s: %s", folder,
                   g_strerror(-fd));
        return fd;
    }
    spool = g_new0(struct spool, 1);
    spool->fd = fd;
    spool->n_lanes = n_lanes;
    spool->lanes = g_new0(struct lane, n_lanes + 1);
    *result = spool;
    return 0;
}

void spool_free(struct spool *spool)
{
    if (!spool) {
        return;
    }
    for (unsigned i = 0; i < spool->n_lanes; i++) {
        g_free(spool->lanes[i].chunk);
        if (spool->lanes[i].places) {
            g_array_free(spool->lanes[i].places, TRUE);
        }
    }
    close(spool->fd);
    g_free(spool->lanes);
    g_free(spool);
}

static void write_chunk(struct spool *spool, struct lane *lane)
{
    size_t done = 0;

    while (done < CHUNK && !spool->error) {
        ssize_t n = pwrite(spool->fd, lane->chunk + done, CHUNK - done, (off_t)(spool->size + done));

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            spool->error = -errno;
        }
    }
    g_array_append_val(lane->places, spool->size);
    spool->size += CHUNK;
    lane->used = 0;
}

void spool_write(struct spool *spool, unsigned number, const void *data, size_t length)
{
    struct lane *lane = &spool->lanes[number];
    const uint8_t *from = data;

    if (!lane->chunk) {
        lane->chunk = g_malloc(CHUNK);
        lane->places = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    }
    while (length > 0) {
        size_t part = MIN(length, CHUNK - lane->used);

        memcpy(lane->chunk + lane->used, from, part);
        lane->used += part;
        from += part;
        length -= part;
        if (lane->used == CHUNK) {
            write_chunk(spool, lane);
        }
    }
}

uint64_t spool_length(const struct spool *spool, unsigned number)
{
    const struct lane *lane = &spool->lanes[number];

    return lane->places ? (uint64_t)lane->places->len * CHUNK + lane->used : 0;
}

static void read_chunk(struct spool *spool, uint64_t place, uint8_t *chunk)
{
    size_t done = 0;

    while (done < CHUNK && !spool->error) {
        ssize_t n = pread(spool->fd, chunk + done, CHUNK - done, (off_t)(place + done));

        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            spool->error = n == 0 ? -EIO : -errno;
        }
    }
}

void spool_print(struct spool *spool, unsigned number, struct out *out)
{
    struct lane *lane = &spool->lanes[number];
    uint8_t *chunk;

    if (!lane->places) {
        return;
    }
    chunk = g_malloc0(CHUNK);
    for (guint i = 0; i < lane->places->len && !spool->error && !out_failed(out); i++) {
        read_chunk(spool, g_array_index(lane->places, uint64_t, i), chunk);
        out_bytes(out, (const char *)chunk, CHUNK);
    }
    g_free(chunk);
    out_bytes(out, (const char *)lane->chunk, lane->used);
}

int spool_error(const struct spool *spool)
{
    return spool->error;
}
