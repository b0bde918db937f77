/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export perfetto: a file for ui.perfetto.dev and its trace processor. */
#include <errno.h>
#include <string.h>

#include <osinstr/path.h>

#include "formats.h"
#include "perfetto.h"
#include "tool.h"

enum {
    PACKET_CLOCKS = 6, PACKET_SEQUENCE = 10, PACKET_SYSTEM = 45,
    CLOCKS_CLOCK = 1, CLOCK_ID = 1, CLOCK_TIME = 2, MONOTONIC = 3, BOOTTIME = 6,
    SYSTEM_UTSNAME = 1, UTSNAME_SYSNAME = 1, UTSNAME_VERSION, UTSNAME_RELEASE, UTSNAME_MACHINE,
};

/* The trace's clock is the guest's, from its start on. */
static void write_clocks(struct perfetto *perfetto)
{
    static const unsigned clocks[] = { BOOTTIME, MONOTONIC };
    struct proto *packet = pf_packet(perfetto->file);
    size_t message;

    proto_number(packet, PACKET_SEQUENCE, pf_number(PF_META, 0));
    message = proto_begin(packet, PACKET_CLOCKS);
    for (size_t i = 0; i < G_N_ELEMENTS(clocks); i++) {
        size_t clock = proto_begin(packet, CLOCKS_CLOCK);

        proto_number(packet, CLOCK_ID, clocks[i]);
        proto_number(packet, CLOCK_TIME, 0);
        proto_end(packet, clock);
    }
    proto_end(packet, message);
    pf_packet_end(perfetto->file);
}

/* What prev_state's bits mean for Perfetto depends on the release: ours are those of 4.14 and
 * later. */
#define SOME_RELEASE "4.14.0 or later"

/* "Linux version 6.1.0-1-arm64 (…" -> "6.1.0-1-arm64"; NULL: not known. */
static char *release_of(const struct osi_trace_reader *reader)
{
    static const char before[] = "Linux version ";
    const char *key, *value;

    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++) {
        if (g_str_has_prefix(value, before)) {
            value += strlen(before);
            return g_strndup(value, strcspn(value, " "));
        }
    }
    return NULL;
}

static void put_text(struct proto *packet, unsigned field, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);

    proto_text(packet, field, valid);
    g_free(valid);
}

static void write_system(struct perfetto *perfetto)
{
    const struct osi_trace_reader *reader = perfetto->export->reader;
    const char *kernel = osi_trace_info(reader, "kernel");
    const char *target = osi_trace_info(reader, "target");
    char *release = release_of(reader);
    struct proto *packet = pf_packet(perfetto->file);
    size_t system, names;

    proto_number(packet, PACKET_SEQUENCE, pf_number(PF_META, 0));
    system = proto_begin(packet, PACKET_SYSTEM);
    names = proto_begin(packet, SYSTEM_UTSNAME);
    put_text(packet, UTSNAME_SYSNAME, perfetto->generic ? "guest" : "Linux");
    put_text(packet, UTSNAME_VERSION, kernel ? kernel : "unknown");
    if (release || !perfetto->generic) {
        put_text(packet, UTSNAME_RELEASE, release ? release : SOME_RELEASE);
    }
    put_text(packet, UTSNAME_MACHINE, target ? target : "unknown");
    proto_end(packet, names);
    proto_end(packet, system);
    pf_packet_end(perfetto->file);
    g_free(release);
}

static void write_event(struct perfetto *perfetto, const struct osi_event *event)
{
    bool written = perfetto->generic ? pf_generic_event(perfetto, event)
                                     : pf_linux_event(perfetto, event);

    perfetto->export->written += written || pf_irq_event(perfetto, event);
}

static void write_events(struct perfetto *perfetto)
{
    struct export_event event;

    while (export_next(perfetto->export, &event)) {
        if (event.known && event.cpu < perfetto->n_cpus) {
            write_event(perfetto, &event.event);
        }
    }
}

static void end_cpus(struct perfetto *perfetto)
{
    for (uint32_t i = 0; i < perfetto->n_cpus; i++) {
        struct pf_cpu *cpu = &perfetto->cpus[i];

        pf_linux_flush(perfetto, i);
        pf_irq_flush(perfetto, i);
        pf_sequence_clear(&cpu->irqs);
        pf_sequence_clear(&cpu->masked);
        g_free(cpu->bundle.bytes);
    }
    g_free(perfetto->cpus);
}

/* A kernel's place in memory is noted when it was recognised; without a file of it, nothing else
 * tells. */
static bool is_linux(const struct osi_trace_reader *reader)
{
    const char *kernel = osi_trace_info(reader, "kernel");

    return osi_trace_info(reader, "kernel_base") ||
           (kernel && strcmp(kernel, "to be read from guest memory") != 0);
}

static int write_perfetto(struct export *export, struct osi_error *err)
{
    struct perfetto perfetto = {
        .export = export,
        .file = pf_file_new(export_out(export), !export->uncompressed),
        .n_cpus = osi_trace_n_streams(export->reader),
        .generic = export->generic || !is_linux(export->reader),
    };
    int rc = 0;

    perfetto.cpus = g_new0(struct pf_cpu, perfetto.n_cpus + 1);
    pf_tasks_init(&perfetto.tasks);
    write_clocks(&perfetto);
    write_system(&perfetto);
    if (osi_path_in(export->reader)) {
        rc = pf_write_paths(&perfetto, err);
    } else {
        write_events(&perfetto);
    }
    end_cpus(&perfetto);
    pf_tasks_clear(&perfetto.tasks);
    if (!pf_file_free(perfetto.file) && !rc) {
        g_snprintf(err->text, sizeof(err->text), "can't compress: no memory");
        rc = -ENOMEM;
    }
    return rc;
}

const struct export_format export_perfetto = {
    .name = "perfetto",
    .summary = "for ui.perfetto.dev: tasks, interrupts, masked sections, function calls of a path",
    .suffix = ".pftrace",
    .things = "events",
    .states = true,
    .needs = EXPORT_TRACE,
    .write = write_perfetto,
};
