/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffered standard output. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "tool.h"

struct out *out_new(int fd)
{
    struct out *out = g_new(struct out, 1);

    out->fd = fd;
    out->error = 0;
    out->used = 0;
    return out;
}

void out_flush(struct out *out)
{
    size_t done = 0;

    while (done < out->used && !out->error) {
        ssize_t n = write(out->fd, out->buffer + done, out->used - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            out->error = errno;
        }
    }
    out->used = 0;
}

int out_free(struct out *out)
{
    int error;

    out_flush(out);
    error = out->error;
    g_free(out);
    return -error;
}

int out_close(struct out *out)
{
    return written(out_free(out));
}

void out_bytes(struct out *out, const char *bytes, size_t length)
{
    while (length > OUT_SIZE - out->used) {
        size_t part = OUT_SIZE - out->used;

        memcpy(out->buffer + out->used, bytes, part);
        out->used = OUT_SIZE;
        out_flush(out);
        bytes += part;
        length -= part;
    }
    memcpy(out->buffer + out->used, bytes, length);
    out->used += length;
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

void out_blanks(struct out *out, size_t n)
{
    while (n--) {
        out_char(out, ' ');
    }
}

/* Digits are made from the last to the first, at the end of a field of the longest number. */
void out_padded(struct out *out, uint64_t value, unsigned width, char fill)
{
    char digits[24];
    char *end = digits + sizeof(digits), *at = end;

    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (at > digits && (size_t)(end - at) < width) {
        *--at = fill;
    }
    out_bytes(out, at, (size_t)(end - at));
}

void out_left(struct out *out, uint64_t value, unsigned width)
{
    unsigned digits = 1;

    for (uint64_t rest = value / 10; rest; rest /= 10) {
        digits++;
    }
    out_padded(out, value, 1, '0');
    out_blanks(out, digits < width ? width - digits : 0);
}

void out_dec(struct out *out, uint64_t value)
{
    out_padded(out, value, 1, '0');
}

void out_signed(struct out *out, int64_t value)
{
    if (value < 0) {
        out_char(out, '-');
    }
    out_dec(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void out_hex(struct out *out, uint64_t value, unsigned width)
{
    char digits[18];
    char *end = digits + sizeof(digits), *at = end;

    do {
        *--at = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value || (size_t)(end - at) < MIN(width, 16));
    *--at = 'x';
    *--at = '0';
    out_bytes(out, at, (size_t)(end - at));
}
