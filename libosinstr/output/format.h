/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and names as people read them in a report; the same in every locale. */
#ifndef OSI_OUTPUT_FORMAT_H
#define OSI_OUTPUT_FORMAT_H

#include <glib.h>
#include <stdint.h>

/* Append to `out`. */
void osi_format_time(GString *out, uint64_t ns);  /* four digits: "12 ns", "1.234 ms", "1234 s" */
void osi_format_stamp(GString *out, uint64_t ns); /* "12.345678", rounded like ftrace's */
void osi_format_ratio(GString *out, double ratio); /* "12.34%" */

/* Text that is safe on a terminal and stays on its line: what can't be printed
 * as itself is escaped as \n, \\, \x07, \xff (a stray byte) or \u202e. */
void osi_format_escaped(GString *out, const char *text);

/* Columns that UTF-8 text takes on a terminal. */
size_t osi_format_width(const char *text);

#endif
