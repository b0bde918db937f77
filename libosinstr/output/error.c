/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats the one sentence that explains a failed call. */
#include <osinstr/error.h>

#include <stdarg.h>
#include <stdio.h>

int osi_fail(struct osi_error *err, int code, const char *format, ...)
{
    if (err) {
        va_list args;

        va_start(args, format);
        vsnprintf(err->text, sizeof(err->text), format, args);
        va_end(args);
    }
    return code;
}
