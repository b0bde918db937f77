/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the spelling of a symbol tells. Pure functions. */
#ifndef OSI_GUEST_SYMNAME_H
#define OSI_GUEST_SYMNAME_H

#include <stdbool.h>
#include <stddef.h>

/* What assemblers leave behind: where code and data begin ($x, $d.3, __kvm_nvhe_$d), and their
 * local labels, which hold control characters or begin with .L. */
bool osi_symname_is_noise(const char *name);

/* Length of the name without the run of compiler suffixes at its end: 3 for foo.isra.0.part.1. */
size_t osi_symname_stem(const char *name);

/* The unlikely part of a function, split off by the compiler: never an entry. */
bool osi_symname_is_cold(const char *name);

/* By nm's letter: visible everywhere, and not weak. */
bool osi_symname_is_global(char type);

/* How little this name says about its address when it has several: smaller is better. */
unsigned osi_symname_badness(const char *name, char type);

#endif
