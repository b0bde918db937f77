/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line: the kernel's file, instruction counting, threading.
 *
 * Options are accepted with one or two dashes, as QEMU does; the last one wins.
 * A value "a,,b" escapes a comma.
 */
#include <glib.h>
#include <string.h>

#include "host/command-line.h"

/* Value of `key` in "first,key=value,…"; g_free(). The first part may stand without a key. */
static char *property(const char *text, const char *key, const char *implied)
{
    char *result = NULL;
    GString *part = g_string_new(NULL);
    bool first = true;

    for (const char *p = text;; p++) {
        if (p[0] == ',' && p[1] == ',') {
            g_string_append_c(part, ',');
            p++;
            continue;
        }
        if (*p && *p != ',') {
            g_string_append_c(part, *p);
            continue;
        }
        char *equals = strchr(part->str, '=');

        if (equals) {
            *equals = '\0';
            if (strcmp(part->str, key) == 0) {
                g_free(result);
                result = g_strdup(equals + 1);
            }
        } else if (first && implied && strcmp(implied, key) == 0) {
            g_free(result);
            result = g_strdup(part->str);
        }
        first = false;
        g_string_truncate(part, 0);
        if (!*p) {
            break;
        }
    }
    g_string_free(part, TRUE);
    return result;
}

static void take_icount(const char *value, struct osi_command_line *out)
{
    char *shift = property(value, "shift", "shift");

    /* Without a shift QEMU leaves counting off, whatever else the option says. */
    out->icount = shift != NULL;
    out->icount_shift = -1;
    g_free(out->icount_text);
    out->icount_text = shift ? g_strdup(value) : NULL;
    if (shift && strcmp(shift, "auto") != 0) {
        out->icount_shift = (int)g_ascii_strtoll(shift, NULL, 0);
    }
    g_free(shift);
}

/* True if the option is one whose value must not be taken for an option. */
static bool take(const char *option, const char *value, struct osi_command_line *out)
{
    if (strcmp(option, "kernel") == 0) {
        g_free(out->kernel);
        out->kernel = g_strdup(value);
    } else if (strcmp(option, "icount") == 0) {
        take_icount(value, out);
    } else if (strcmp(option, "machine") == 0 || strcmp(option, "M") == 0) {
        char *kernel = property(value, "kernel", NULL);

        if (kernel) {
            g_free(out->kernel);
            out->kernel = kernel;
        }
    } else if (strcmp(option, "accel") == 0) {
        char *thread = property(value, "thread", NULL);

        if (thread) {
            out->single_thread = strcmp(thread, "single") == 0;
        }
        g_free(thread);
    } else {
        return strcmp(option, "append") == 0;
    }
    return true;
}

void osi_command_line_parse(const char *words, size_t size, struct osi_command_line *out)
{
    const char *end = words + size;
    const char *word = words;

    *out = (struct osi_command_line){ .icount_shift = -1 };
    while (word < end) {
        const char *next = word + strnlen(word, (size_t)(end - word)) + 1;

        if (word[0] == '-' && next < end &&
            take(word + (word[1] == '-' ? 2 : 1), next, out)) {
            next += strnlen(next, (size_t)(end - next)) + 1;
        }
        word = next;
    }
}

void osi_command_line_read(struct osi_command_line *out)
{
    char *words = NULL;
    gsize size = 0;

    if (!g_file_get_contents("/proc/self/cmdline", &words, &size, NULL)) {
        *out = (struct osi_command_line){ .icount_shift = -1 };
        return;
    }
    osi_command_line_parse(words, size, out);
    g_free(words);
}

void osi_command_line_clear(struct osi_command_line *line)
{
    g_free(line->kernel);
    g_free(line->icount_text);
    line->kernel = line->icount_text = NULL;
}
