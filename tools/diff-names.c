/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that mean the same in two runs. */
#include <string.h>

#include "diff.h"

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Workers of a pool are numbered as they are made, and which of them does some work is chance:
 * kworker/0:1H is kworker/0:*H. The numbers of pools that belong to no CPU depend on the machine:
 * kworker/u4:2 is kworker/u*:*. */
char *diff_task_name(const char *comm)
{
    const char *prefix = "kworker/", *pool = comm + strlen(prefix), *at = pool;
    bool unbound;

    if (!g_str_has_prefix(comm, prefix)) {
        return g_strdup(comm);
    }
    unbound = *at == 'u';
    at += unbound;
    if (!digits(at) || at[digits(at)] != ':' || !digits(at + digits(at) + 1)) {
        return g_strdup(comm);
    }
    at += digits(at) + 1;
    return unbound ? g_strdup_printf("%su*:*%s", prefix, at + digits(at))
                   : g_strdup_printf("%.*s*%s", (int)(at - comm), comm, at + digits(at));
}

char *diff_numbered_task_name(const char *name)
{
    const char *dash = strrchr(name, '-');
    size_t length = dash && digits(dash + 1) && !dash[1 + digits(dash + 1)] ? (size_t)(dash - name)
                                                                           : strlen(name);
    char *comm = g_strndup(name, length), *result = diff_task_name(comm);

    g_free(comm);
    return result;
}

/* "init-126 [user]" is all that tasks of this name did in user mode. */
char *diff_heat_name(const char *row, const char *module)
{
    const char *suffix = " [user]";
    char *task, *name, *result;

    if (strcmp(module, "[user]") != 0 || !g_str_has_suffix(row, suffix)) {
        return g_strdup(row);
    }
    task = g_strndup(row, strlen(row) - strlen(suffix));
    name = diff_numbered_task_name(task);
    result = g_strconcat(name, suffix, NULL);
    g_free(task);
    g_free(name);
    return result;
}
