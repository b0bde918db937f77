/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's own command line says that no plugin call does. */
#ifndef OSINSTR_COMMAND_LINE_H
#define OSINSTR_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct osi_command_line {
    char *kernel;      /* -kernel FILE, or -machine kernel=FILE; NULL if not given */
    bool icount;       /* instruction counting is on */
    int icount_shift;  /* -1: auto */
    char *icount_text; /* the option as given; NULL: counting is off */
    bool single_thread;/* -accel tcg,thread=single: all vCPUs on one thread */
};

/* Reads the words of a command line, NUL-separated as in /proc/self/cmdline. */
void osi_command_line_parse(const char *words, size_t size, struct osi_command_line *out);
/* This process's own. Everything is unset if it can't be read. */
void osi_command_line_read(struct osi_command_line *out);
void osi_command_line_clear(struct osi_command_line *line);

#endif
