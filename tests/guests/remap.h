/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guests remap-* have in common, and what each ISA's file gives. */
#ifndef REMAP_H
#define REMAP_H

#include <stdint.h>

#define SPACES 2

extern uint64_t window[SPACES][512]; /* the last level of tables: 512 pages from WINDOW on */

/* In remap-ISA.c */
extern const uint64_t WINDOW, PAGES; /* the virtual addresses that change; memory for them */
uint64_t entry_of(uint64_t physical);
void start_translation(void); /* of space 0 */
void set_space(unsigned space);
void flush(uint64_t address);

#endif
