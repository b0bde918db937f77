/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of a plugin: checked against a table, with clear errors and a generated help. */
#ifndef OSINSTR_OPTIONS_H
#define OSINSTR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <osinstr/tool.h>

struct osi_options; /* the values of one run */

/* The options that every tool has; ended by a NULL name. */
extern const struct osi_option osi_common_options[];

/* Parses argv ("name=value" each) against the common table and the tool's own.
 * 0, or -EINVAL with one sentence in *err that names the option. */
int osi_options_new(const struct osi_tool *tool, int argc, char **argv, struct osi_options **out,
                    struct osi_error *err);
void osi_options_free(struct osi_options *options);

/* The program asks for an option that is in no table: our own error, so it ends the program. */
const char *osi_options_text(const struct osi_options *options, const char *name);
/* The same for an option that not all tools have: NULL then. */
const char *osi_options_find(const struct osi_options *options, const char *name);
uint64_t osi_options_count(const struct osi_options *options, const char *name);
bool osi_options_switch(const struct osi_options *options, const char *name);
bool osi_options_help_wanted(const struct osi_options *options);
/* "out=boot,clock=guest,…": all values in force, for the record; g_free(). */
char *osi_options_summary(const struct osi_options *options);

void osi_options_help(const struct osi_tool *tool, FILE *stream);

#endif
