/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the suites on the fake host have in common. */
#ifndef FAKEHOST_SUITE_H
#define FAKEHOST_SUITE_H

#include <check.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakehost/fakehost.h"
#include "fakehost/linux.h"
#include "fakehost/spawn.h"

/* Address of the n-th task structure; a slab object, so well aligned. */
#define FAKE_TASK_AT(n) (0xffff000004000000ull + (n) * 0x4000u)

/* Runs the tests, NULL-terminated; the exit status of the program. */
int fake_suite(const char *name, const TTest *const *tests);

/* Runs a scenario with the sched plugin on a fresh fake kernel, must succeed, and must leave this
 * trace. `host` is the command line but for the plugin; `options` begins with a comma. */
void fake_check_sched(const char *scenario, const char *host, const char *options,
                      const char *expected);
/* The same without a look at the trace; stderr, to be freed with g_free(). The run is in
 * fake_path("out"), the kernel file in fake_path("vmlinux"). */
char *fake_run_sched(const char *scenario, const char *host, const char *options);

#endif
