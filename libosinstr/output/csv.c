/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a CSV file. */
#include <errno.h>
#include <string.h>

#include "output/csv.h"

void osi_csv_append(GString *field, const char *text)
{
    if (!text || !strpbrk(text, ",\"\r\n")) {
        g_string_append(field, text ? text : "");
        return;
    }
    g_string_append_c(field, '"');
    for (; *text; text++) {
        if (*text == '"') {
            g_string_append_c(field, '"');
        }
        g_string_append_c(field, *text);
    }
    g_string_append_c(field, '"');
}

void osi_csv_text(FILE *stream, const char *text)
{
    GString *field = g_string_new(NULL);

    osi_csv_append(field, text);
    fwrite(field->str, 1, field->len, stream);
    g_string_free(field, TRUE);
}

int osi_csv_end(FILE *stream)
{
    errno = 0;
    if (fflush(stream) || ferror(stream)) {
        return errno ? -errno : -EIO;
    }
    return 0;
}
