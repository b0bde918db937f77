/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads lists of symbols: System.map, the output of nm, and what /proc/kallsyms showed. */
#ifndef OSI_GUEST_SYMFILE_H
#define OSI_GUEST_SYMFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <osinstr/error.h>

/* Whether it begins like one: hexadecimal digits, a blank, a letter, a blank. */
bool osi_symfile_recognise(const char *text, size_t size);

/* Calls `symbol` for each line. Symbols of modules ("name<tab>[module]") are left out: they are
 * gone after the next boot, and modules lie elsewhere each time. `name` is valid during the call
 * only. `path` is for the error: -EINVAL for a line that is none, -EACCES for a list of zeros,
 * which is what /proc/kallsyms shows to the unprivileged. */
typedef void (*osi_symfile_symbol)(void *data, uint64_t address, char type, const char *name);
int osi_symfile_read(const char *text, size_t size, const char *path, osi_symfile_symbol symbol,
                     void *data, struct osi_error *err);

#endif
