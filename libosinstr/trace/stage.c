/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps the staging file of a stream. */
#include <glib.h>

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "crc32c.h"

#define STAGE_SIZE (OSI_STAGE_HEADER + OSI_STAGE_BYTES)

/* Space is taken up front: a store to a page that the disk has no room for
 * would be a SIGBUS, and the end of the guest. */
static int map_file(struct osi_stage *stage, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    int rc = -posix_fallocate(fd, 0, STAGE_SIZE);
    if (!rc) {
        stage->map = mmap(NULL, STAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        rc = stage->map == MAP_FAILED ? -errno : 0;
    }
    if (rc)
        unlinkat(dir, name, 0);
    close(fd);
    stage->in_file = !rc;
    return rc;
}

static int map_memory(struct osi_stage *stage)
{
    stage->map = mmap(NULL, STAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return stage->map == MAP_FAILED ? -errno : 0;
}

static void put_header(uint8_t *to, uint32_t stream)
{
    osi_put16(to + OSI_STAGE_MAJOR, OSI_FORMAT_MAJOR);
    osi_put16(to + OSI_STAGE_MINOR, OSI_FORMAT_MINOR);
    osi_put32(to + OSI_STAGE_LENGTH, OSI_STAGE_HEADER);
    osi_put32(to + OSI_STAGE_STREAM, stream);
    osi_put32(to + OSI_STAGE_SIZE, OSI_STAGE_BYTES);
    memcpy(to, OSI_STAGE_MAGIC, 8);
    osi_put32(to + OSI_STAGE_CRC, osi_crc32c(0, to, OSI_STAGE_CRC));
}

int osi_stage_open(struct osi_stage *stage, int dir, const char *name, uint32_t stream,
                   struct osi_error *err)
{
    int rc = map_file(stage, dir, name);
    if (rc == -EEXIST)
        return osi_fail(err, rc, "%s: is there already", name);
    if (rc)
        rc = map_memory(stage);
    if (rc)
        return osi_fail(err, rc, "%s: no memory for staging: %s", name, g_strerror(-rc));
    put_header(stage->map, stream);
    stage->records = (uint64_t *)(void *)(stage->map + OSI_STAGE_HEADER);
    return 0;
}

void osi_stage_close(struct osi_stage *stage)
{
    if (stage->map)
        munmap(stage->map, STAGE_SIZE);
    stage->map = NULL;
}
