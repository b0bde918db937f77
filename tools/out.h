/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard output for millions of lines: a buffer, and numbers without printf.
 *
 * The first failed write is remembered and everything after it dropped, so callers
 * print without looking and ask out_failed() once per line, to stop early.
 */
#ifndef TOOLS_OUT_H
#define TOOLS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUT_SIZE 65536

struct out {
    int fd;
    int error; /* errno of the first write that failed; 0: none */
    size_t used;
    char buffer[OUT_SIZE];
};

struct out *out_new(int fd);
/* Writes what is left and frees: 0, or -errno of the first write that failed. */
int out_free(struct out *out);
/* The same for standard output. Returns the exit status: 0, or 2 after saying on stderr what is
 * wrong. A reader that went away (EPIPE) had enough: that is no error. */
int out_close(struct out *out);

void out_flush(struct out *out);
void out_bytes(struct out *out, const char *bytes, size_t length);
void out_text(struct out *out, const char *text);
void out_dec(struct out *out, uint64_t value);
void out_signed(struct out *out, int64_t value);
/* At least `width` characters, filled up on the left. */
void out_padded(struct out *out, uint64_t value, unsigned width, char fill);
/* At least `width` characters, filled up with blanks on the right. */
void out_left(struct out *out, uint64_t value, unsigned width);
void out_hex(struct out *out, uint64_t value, unsigned width); /* with 0x, which is not counted */
void out_blanks(struct out *out, size_t n);

static inline bool out_failed(const struct out *out)
{
    return out->error != 0;
}

static inline void out_char(struct out *out, char c)
{
    if (out->used == OUT_SIZE) {
        out_flush(out);
    }
    out->buffer[out->used++] = c;
}

#endif
