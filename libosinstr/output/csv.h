/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a CSV file (RFC 4180, lines end in \n). */
#ifndef OSI_OUTPUT_CSV_H
#define OSI_OUTPUT_CSV_H

#include <glib.h>
#include <stdio.h>

/* Quoted where it must be; NULL is an empty field. */
void osi_csv_append(GString *field, const char *text);
void osi_csv_text(FILE *stream, const char *text);
/* Flushes; 0 or -errno of this or an earlier write. */
int osi_csv_end(FILE *stream);

#endif
