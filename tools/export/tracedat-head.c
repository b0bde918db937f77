/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of a trace.dat, version 6: trace-cmd.dat.v6(5) has its parts in this order. */
#include <string.h>

#include "tracedat.h"

#define OPTION_CLOCK 4 /* which of the kernel's clocks the times are of */

static const char header_page[] =
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";

static const char header_event[] =
    "# compressed entry header\n"
    "\ttype_len    :    5 bits\n"
    "\ttime_delta  :   27 bits\n"
    "\tarray       :   32 bits\n\n"
    "\tpadding     : type == 29\n"
    "\ttime_extend : type == 30\n"
    "\ttime_stamp : type == 31\n"
    "\tdata max type_len  == 28\n";

static void add_number(GString *head, uint64_t value, size_t size)
{
    value = GUINT64_TO_LE(value);
    g_string_append_len(head, (const char *)&value, (gssize)size);
}

static void add_sized(GString *head, const char *text, size_t length)
{
    add_number(head, length, 8);
    g_string_append_len(head, text, (gssize)length);
}

static const char *system_of(const struct dat_layout *layout)
{
    return layout->shape->system ? layout->shape->system : "osinstr";
}

static void add_system(GString *head, const struct dat_head *from, const char *system)
{
    size_t at, n = 0;

    g_string_append_len(head, system, (gssize)strlen(system) + 1);
    at = head->len;
    add_number(head, 0, 4);
    for (size_t i = 0; i < from->n_layouts; i++) {
        if (strcmp(system_of(&from->layouts[i]), system) == 0) {
            GString *format = dat_format(&from->layouts[i]);

            add_sized(head, format->str, format->len);
            g_string_free(format, TRUE);
            n++;
        }
    }
    memcpy(head->str + at, &(uint32_t){ GUINT32_TO_LE((uint32_t)n) }, 4);
}

static int by_pid(const void *a, const void *b)
{
    return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

/* A line each, "PID name". */
static void add_comms(GString *head, GHashTable *comms)
{
    GString *lines = g_string_new(NULL);
    GList *pids = g_list_sort(g_hash_table_get_keys(comms), by_pid);

    for (GList *pid = pids; pid; pid = pid->next) {
        const char *comm = g_hash_table_lookup(comms, pid->data);

        g_string_append_printf(lines, "%d %s\n", GPOINTER_TO_INT(pid->data), comm[0] ? comm : "?");
    }
    add_sized(head, lines->str, lines->len);
    g_list_free(pids);
    g_string_free(lines, TRUE);
}

static void add_options(GString *head, const struct dat_head *from)
{
    g_string_append_len(head, "options  ", 10);
    add_number(head, OPTION_CLOCK, 2);
    add_number(head, strlen(from->clock) + 1, 4);
    g_string_append_len(head, from->clock, (gssize)strlen(from->clock) + 1);
    add_number(head, 0, 2);
}

/* Where the pages of each CPU are: behind the head, which this ends, on the next whole page. */
static void add_places(GString *head, const struct dat_head *from)
{
    uint64_t at;

    g_string_append_len(head, "flyrecord", 10);
    at = (head->len + 16 * (uint64_t)from->n_cpus + DAT_PAGE - 1) / DAT_PAGE * DAT_PAGE;
    for (unsigned i = 0; i < from->n_cpus; i++) {
        uint64_t length = spool_length(from->spool, i);

        add_number(head, at, 8);
        add_number(head, length, 8);
        at += length;
    }
    while (head->len % DAT_PAGE) {
        g_string_append_c(head, 0);
    }
}

void dat_print_head(struct out *out, const struct dat_head *from)
{
    static const char *const systems[] = { "sched", "irq", "osinstr" };
    GString *head = g_string_new(NULL);

    g_string_append_len(head, "\x17\x08\x44" "tracing6", 12);
    add_number(head, 0, 1); /* little-endian */
    add_number(head, 8, 1); /* size of a long */
    add_number(head, DAT_PAGE, 4);
    g_string_append_len(head, "header_page", 12);
    add_sized(head, header_page, strlen(header_page));
    g_string_append_len(head, "header_event", 13);
    add_sized(head, header_event, strlen(header_event));
    add_number(head, 0, 4); /* events of ftrace's own plugins */
    add_number(head, G_N_ELEMENTS(systems), 4);
    for (size_t i = 0; i < G_N_ELEMENTS(systems); i++) {
        add_system(head, from, systems[i]);
    }
    add_number(head, 0, 4); /* kallsyms */
    add_number(head, 0, 4); /* formats of trace_printk() */
    add_comms(head, from->comms);
    add_number(head, from->n_cpus, 4);
    add_options(head, from);
    add_places(head, from);
    out_bytes(out, head->str, head->len);
    g_string_free(head, TRUE);
}
