/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sliding view of a file: plain reads, so that a file that shrinks meanwhile
 * is an end of file and not a signal, and a bounded buffer whatever its size. */
#ifndef OSI_TRACE_WINDOW_H
#define OSI_TRACE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define OSI_WINDOW_SIZE (128 << 10) /* more than the longest block or frame */

struct osi_window {
    int fd; /* -1: there is no file, every read finds its end */
    uint64_t start;
    size_t length;
    uint8_t *buffer; /* with OSI_COLUMN_SLACK behind it */
};

/* 0 or -errno; the window can be used and closed either way. */
int osi_window_open(struct osi_window *window, int dir, const char *name);
void osi_window_close(struct osi_window *window);

/* Points *data at the bytes at `offset`, valid until the next call; returns how
 * many there are: less than `needed` (at most OSI_WINDOW_SIZE) only at the end of the file. */
size_t osi_window_at(struct osi_window *window, uint64_t offset, size_t needed,
                     const uint8_t **data);

uint64_t osi_window_file_size(const struct osi_window *window);

#endif
