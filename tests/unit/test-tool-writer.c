/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes traces for tests/tool.test: every event and every name is known there.
 *
 *   test-tool-writer KIND DIR [EVENTS]
 *
 * plain   two CPUs, names that need care, a type with a field of each kind, notes at the end
 * insn    a clock that counts instructions
 * hostile names that a page must not take for its own text
 * killed  as plain, but the process ends without closing the trace
 * many    EVENTS events of two CPUs, two thirds of them switches
 * busy    EVENTS switches of two CPUs between tasks, none of them idle */
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <osinstr/trace.h>

#include "trace/record.h"

enum { IDLE0 = 1, IDLE1, SHELL, LOUD, RENAMED, KWORKER, QUOTE, NEWLINE };

static const struct osi_task_def tasks[] = {
    { IDLE0, 0, 0, 0, 0xffff000000001000, "swapper/0" },
    { IDLE1, 0, 0, 0, 0xffff000000002000, "swapper/1" },
    { SHELL, 100, 100, 0, 0xffff000000003000, "sh" },
    { LOUD, 101, 101, 0, 0xffff000000004000, "a,\"b\"\nc" },
    { RENAMED, 100, 100, SHELL, 0xffff000000003000, "lock holder" },
    { KWORKER, 17, 17, 0, 0xffff000000005000, "kworker/0:1" },
    { QUOTE, 102, 102, 0, 0xffff000000006000, "x\"y" },
    { NEWLINE, 103, 103, 0, 0xffff000000007000, "x\ny\xff" },
};

enum { ENDS_SCRIPT = 20, COMMENT, QUOTES, ESCAPE, BAD_UTF8 };
static const struct osi_task_def hostile[] = {
    { ENDS_SCRIPT, 200, 200, 0, 0xffff000000010000, "</script><b>" },
    { COMMENT, 201, 201, 0, 0xffff000000011000, "<!--<script>" },
    { QUOTES, 202, 202, 0, 0xffff000000012000, "'\"&lt;`${1}" },
    { ESCAPE, 203, 203, 0, 0xffff000000013000, "\33[2J\1" },
    { BAD_UTF8, 204, 204, 0, 0xffff000000014000, "x\xff\xc3\xe2\x80\xa8\xed\xa0\x80" },
};

static const struct osi_field zoo_fields[] = {
    { "count", OSI_FIELD_UINT, OSI_PREDICT_NONE, 0 },
    { "delta", OSI_FIELD_INT, OSI_PREDICT_NONE, 0 },
    { "flags", OSI_FIELD_HEX, OSI_PREDICT_NONE, 0 },
    { "ip", OSI_FIELD_ADDRESS, OSI_PREDICT_NONE, 0 },
    { "owner", OSI_FIELD_TASK, OSI_PREDICT_NONE, 0 },
    { "handler", OSI_FIELD_STRING, OSI_PREDICT_NONE, 0 },
    { "length", OSI_FIELD_NS, OSI_PREDICT_NONE, 0 },
    { "where", OSI_FIELD_CPU, OSI_PREDICT_NONE, 0 },
    { "state", OSI_FIELD_TASK_STATE, OSI_PREDICT_NONE, 0 },
};

static int fail(const char *what)
{
    fprintf(stderr, "test-tool-writer: %s\n", what);
    return 2;
}

static struct osi_trace_writer *open_writer(const char *dir, const char *clock, const char *unit)
{
    static const char *const info[] = { "tool", "sched", "target", "aarch64", "host", "QEMU 10.0",
                                        "options", "out=x,top=2", "kernel", "made by hand", NULL };
    struct osi_event_type types[OSI_EVENT_KINDS + 1];
    struct osi_trace_config config = { .types = types, .n_streams = 2, .clock = clock,
                                       .clock_unit = unit, .codec = "none", .info = info };
    struct osi_trace_writer *writer;
    struct osi_error err = { "" };

    memcpy(types, osi_record_types(&config.n_types), sizeof(types) - sizeof(types[0]));
    types[config.n_types++] =
        (struct osi_event_type){ "zoo", zoo_fields, G_N_ELEMENTS(zoo_fields) };
    g_mkdir_with_parents(dir, 0777);
    if (osi_trace_writer_new(dir, &config, &writer, &err)) {
        fail(err.text);
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tasks); i++) {
        osi_trace_define_task(writer, &tasks[i]);
    }
    return writer;
}

static void emit_switch(struct osi_trace_writer *writer, unsigned cpu, uint64_t time, uint64_t prev,
                        uint64_t next, uint64_t state)
{
    uint64_t fields[] = { prev, next, state, 120, prev == KWORKER ? (uint64_t)-1 : 98 };

    osi_trace_emit(writer, cpu, OSI_EVENT_SCHED_SWITCH, time, fields);
}

static void emit_wakeup(struct osi_trace_writer *writer, unsigned cpu, uint64_t time, uint64_t task)
{
    uint64_t fields[] = { task, 120, 1, task == LOUD };

    osi_trace_emit(writer, cpu, OSI_EVENT_SCHED_WAKEUP, time, fields);
}

/* 13 events, those of CPU 0 first. Task 99 was never defined. */
static void emit_story(struct osi_trace_writer *writer)
{
    uint64_t handler = osi_trace_define_string(writer, "timer, \"arch\"");
    uint64_t zoo[] = { UINT64_MAX, (uint64_t)-5, 0x1f, 0xffff800008010000, SHELL, handler, 1500,
                       1, OSI_STATE_UNINTERRUPTIBLE };
    uint64_t exec[] = { SHELL, RENAMED }, quit[] = { RENAMED };
    uint64_t fork[] = { QUOTE, NEWLINE };

    emit_wakeup(writer, 0, 1000, SHELL);
    emit_switch(writer, 0, 2000, IDLE0, SHELL, 0);
    emit_wakeup(writer, 0, 2500, LOUD);
    osi_trace_emit(writer, 0, OSI_EVENT_KINDS, 3000, zoo);
    osi_trace_emit(writer, 0, OSI_EVENT_TASK_RENAME, 4000, exec);
    emit_switch(writer, 0, 5000, RENAMED, KWORKER, OSI_STATE_INTERRUPTIBLE);
    emit_switch(writer, 0, 12345678901, KWORKER, RENAMED, OSI_STATE_PREEMPTED);
    osi_trace_emit(writer, 0, OSI_EVENT_TASK_EXIT, 12345679000, quit);
    emit_switch(writer, 1, 3000, IDLE1, LOUD, 0);
    emit_switch(writer, 1, 3500, LOUD, 99, OSI_STATE_UNKNOWN);
    zoo[4] = 99;
    zoo[5] = 0;
    osi_trace_emit(writer, 1, OSI_EVENT_KINDS, 3600, zoo);
    emit_switch(writer, 1, 4500, 99, IDLE1, OSI_STATE_DEAD);
    osi_trace_emit(writer, 1, OSI_EVENT_TASK_NEW, 4500, fork);
}

/* Each task runs; facts and remarks are no better than names. */
static void emit_hostile(struct osi_trace_writer *writer)
{
    uint64_t current = IDLE0;

    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        osi_trace_define_task(writer, &hostile[i]);
        emit_switch(writer, 0, 1000 * (i + 1), current, hostile[i].id, 1);
        current = hostile[i].id;
    }
    osi_trace_note(writer, "note", "</script><script>window.hostile = 1</script><img src=x>\xff");
}

static void emit_many(struct osi_trace_writer *writer, uint64_t n)
{
    uint64_t current[2] = { IDLE0, IDLE1 };
    uint32_t random = 1;

    for (uint64_t i = 0; i < n; i++) {
        unsigned cpu = i & 1;

        random = random * 1664525 + 1013904223;
        if (i % 6 < 2) {
            emit_wakeup(writer, cpu, 1000 * i, SHELL + (random >> 30));
        } else {
            uint64_t next = current[cpu] <= IDLE1 ? SHELL + (random >> 30) : IDLE0 + cpu;

            emit_switch(writer, cpu, 1000 * i + random % 700, current[cpu], next, random >> 31);
            current[cpu] = next;
        }
    }
}

static void emit_busy(struct osi_trace_writer *writer, uint64_t n)
{
    uint64_t current[2] = { SHELL, QUOTE };

    for (uint64_t i = 0; i < n; i++) {
        uint64_t next = SHELL + (current[i & 1] - SHELL + 1 + i % 5) % (NEWLINE - SHELL + 1);

        emit_switch(writer, i & 1, 1000 * i, current[i & 1], next, i % 3 ? 1 : 0);
        current[i & 1] = next;
    }
}

int main(int argc, char **argv)
{
    const char *kind = argc > 2 ? argv[1] : "";
    bool insn = strcmp(kind, "insn") == 0;
    struct osi_trace_writer *writer;
    struct osi_error err = { "" };

    if (argc < 3) {
        return fail("usage: test-tool-writer plain|insn|hostile|killed|many|busy DIR [EVENTS]");
    }
    writer = open_writer(argv[2], insn ? "insn" : "guest", insn ? "insn" : "ns");
    if (!writer) {
        return 2;
    }
    if (strcmp(kind, "many") == 0 || strcmp(kind, "busy") == 0) {
        uint64_t n = g_ascii_strtoull(argc > 3 ? argv[3] : "100000", NULL, 10);

        (strcmp(kind, "many") == 0 ? emit_many : emit_busy)(writer, n);
    } else if (strcmp(kind, "hostile") == 0) {
        emit_hostile(writer);
    } else {
        emit_story(writer);
    }
    if (strcmp(kind, "killed") == 0) {
        _exit(0);
    }
    osi_trace_note(writer, "end_time.0", "12345680000");
    if (insn) {
        osi_trace_note(writer, "note", "each CPU counts its own instructions, so waits are left out");
    }
    osi_trace_note(writer, "end_time.1", "12345690000");
    osi_trace_note(writer, "note", "a remark of the recorder");
    return osi_trace_writer_close(writer, &err) ? fail(err.text) : 0;
}
