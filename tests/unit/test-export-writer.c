/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes traces for tests of export that no guest gives.
 *
 *   test-export-writer KIND DIR
 *
 * odd    names of all bytes, long strings, 50 types, times that lie apart as far as headers can count and
 *        farther, many at once
 * lost   a disk that is full for a while: how many events were lost is printed
 * none   no event */
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <osinstr/trace.h>

#include "trace/record.h"

#define N_OWN 32      /* types besides the library's */
#define N_NAMED 300   /* tasks with names of all bytes */
#define LONG_TEXT 60000

static const struct osi_field own_fields[] = {
    { "number", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
    { "first text", OSI_FIELD_STRING, OSI_PREDICT_NONE, 0 },
    { "who", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 },
    { "enum", OSI_FIELD_STRING, OSI_PREDICT_NONE, 0 },
    { "int", OSI_FIELD_INT, OSI_PREDICT_NONE, 0 },
};

static struct osi_trace_writer *open_writer(const char *dir)
{
    static const char *const info[] = { "tool", "test", "say \"it\"\n", "a\\b\n\"c\"\xff", NULL };
    static char names[N_OWN][16];
    struct osi_event_type types[OSI_EVENT_KINDS + N_OWN];
    struct osi_trace_config config = { .types = types, .n_streams = 2, .clock = "guest",
                                       .clock_unit = "ns", .codec = "none", .info = info };
    struct osi_trace_writer *writer;
    struct osi_error err = { "" };

    memcpy(types, osi_record_types(&config.n_types), sizeof(types[0]) * OSI_EVENT_KINDS);
    for (unsigned i = 0; i < N_OWN; i++) {
        g_snprintf(names[i], sizeof(names[i]), "own \"type\" %u", i);
        types[config.n_types++] =
            (struct osi_event_type){ names[i], own_fields, G_N_ELEMENTS(own_fields) };
    }
    g_mkdir_with_parents(dir, 0777);
    if (osi_trace_writer_new(dir, &config, &writer, &err)) {
        fprintf(stderr, "test-export-writer: %s\n", err.text);
        return NULL;
    }
    return writer;
}

static void define_task(struct osi_trace_writer *writer, uint32_t id, uint32_t pid, const char *comm)
{
    struct osi_task_def task = { .id = id, .pid = pid, .tgid = pid, .address = id };

    g_strlcpy(task.comm, comm, sizeof(task.comm));
    osi_trace_define_task(writer, &task);
}

/* 15 bytes that take turns through all values. */
static void define_tasks(struct osi_trace_writer *writer)
{
    define_task(writer, 1, 0, "swapper/0");
    for (uint32_t i = 0; i < N_NAMED; i++) {
        char comm[16] = "";

        for (unsigned k = 0; k < 15; k++) {
            comm[k] = (char)(1 + (i * 15 + k) % 255);
        }
        define_task(writer, 2 + i, 1000 + i, comm);
    }
    define_task(writer, 2 + N_NAMED, 5000, "");
    define_task(writer, 3 + N_NAMED, 5001, "%s%n${x} `y`");
}

static void emit_switch(struct osi_trace_writer *writer, unsigned cpu, uint64_t time, uint64_t prev,
                        uint64_t next)
{
    uint64_t fields[] = { prev, next, 1, 120, 139 };

    osi_trace_emit(writer, cpu, OSI_EVENT_SCHED_SWITCH, time, fields);
}

static void emit_odd(struct osi_trace_writer *writer)
{
    static const uint64_t gaps[] = { 0, 1, (1 << 27) - 1, 1 << 27, (1 << 27) + 1, UINT64_C(1) << 32,
                                     UINT64_C(1) << 40, 0, 0 };
    char *text = g_strnfill(LONG_TEXT, 'x');
    uint64_t time = 5, current = 1;
    uint32_t long_text, empty;

    define_tasks(writer);
    long_text = osi_trace_define_string(writer, text);
    empty = osi_trace_define_string(writer, "");
    for (uint64_t i = 0; i < 4000; i++) {
        uint64_t next = 1 + i % (N_NAMED + 3);
        uint64_t fields[] = { i, i % 100 == 0 ? long_text : empty, next, empty, -i };

        time += gaps[i % G_N_ELEMENTS(gaps)];
        emit_switch(writer, 0, time, current, next);
        osi_trace_emit(writer, i % 2, OSI_EVENT_KINDS + i % N_OWN, time, fields);
        current = next;
    }
    g_free(text);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void emit_lost(struct osi_trace_writer *writer)
{
    define_task(writer, 1, 0, "swapper/0");
    define_task(writer, 2, 1, "init");
    signal(SIGXFSZ, SIG_IGN);
    for (uint64_t i = 0; i < 200000; i++) {
        if (i == 80000) {
            limit_files(4096);
        } else if (i == 150000) {
            limit_files(RLIM_INFINITY);
        }
        emit_switch(writer, 0, i * 1000, 1 + i % 2, 2 - i % 2);
        if (i % 1000 == 0) {
            emit_switch(writer, 1, i * 1000, 1 + i / 1000 % 2, 2 - i / 1000 % 2);
        }
    }
    printf("%" PRIu64 "\n", osi_trace_lost(writer));
}

int main(int argc, char **argv)
{
    struct osi_trace_writer *writer = argc == 3 ? open_writer(argv[2]) : NULL;
    struct osi_error err = { "" };

    if (!writer) {
        return 2;
    }
    if (strcmp(argv[1], "odd") == 0) {
        emit_odd(writer);
    } else if (strcmp(argv[1], "lost") == 0) {
        emit_lost(writer);
    }
    return osi_trace_writer_close(writer, &err) ? 2 : 0;
}
