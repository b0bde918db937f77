/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a CSV file. */
#include <errno.h>
#include <string.h>

#include "output/csv.h"

void osi_csv_text(FILE *stream, const char *text)
{
    if (!text || !strpbrk(text, ",\"\r\n")) {
        fputs(text ? text : "", stream);
        return;
    }
    putc('"', stream);
    for (; *text; text++) {
        if (*text == '"') {
            putc('"', stream);
        }
        putc(*text, stream);
    }
    putc('"', stream);
}

int osi_csv_end(FILE *stream)
{
    errno = 0;
    if (fflush(stream) || ferror(stream)) {
        return errno ? -errno : -EIO;
    }
    return 0;
}
