/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the test programs share.
 *
 * Each program computes the same on every machine, prints the result and ends with a status of its
 * own. Nothing depends on time, addresses, the environment or chance, so two runs execute the same
 * instructions.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdint.h>

/* A function that the compiler leaves one. */
#define KEPT __attribute__((noinline, noclone))

/* The same sequence everywhere; not random, only mixed. */
static inline uint32_t next_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#endif
