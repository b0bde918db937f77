/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test's side: run this program as a fake host, and look at what it left behind. */
#ifndef FAKEHOST_SPAWN_H
#define FAKEHOST_SPAWN_H

#include <stdbool.h>
#include <stddef.h>

struct fake_result {
    int status;  /* of exit; -signal if killed */
    char *output, *errors; /* stdout, stderr */
};

/* Runs "scenario" with a command line of blank-separated words; printf-like. Free with
 * fake_result_clear(). */
struct fake_result fake_spawn(const char *scenario, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void fake_result_clear(struct fake_result *result);

/* A fresh directory for this test, removed at exit of the test's process if it passed. */
const char *fake_directory(void);
/* fake_directory()/name; printf-like; lives until the test ends. */
const char *fake_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool fake_exists(const char *path);
char *fake_read_file(const char *path); /* NULL if there is none; g_free() */

/* Path of a built plugin: in $OSINSTR_PLUGINS, else in .libs. */
const char *fake_plugin(const char *name);

/* Number of lines of `text` that contain `part`; all lines with NULL. */
unsigned fake_count_lines(const char *text, const char *part);

/* A native trace as text, "vcpu time type field=value …" per line in time order; g_free(). A task
 * is shown as comm/pid, a state with its letters. Dies if the trace can't be read. */
char *fake_trace_text(const char *directory);

#endif
