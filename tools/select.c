/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that choose events, checked against what the trace has. */
#include <string.h>

#include "select.h"
#include "tool.h"

/* "12": each digit shifts what is there. */
static bool scale_whole(const char *digits, size_t length, uint64_t scale, uint64_t *time)
{
    *time = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t part = (uint64_t)(digits[i] - '0') * scale;

        if (__builtin_mul_overflow(*time, 10, time) || __builtin_add_overflow(*time, part, time)) {
            return false;
        }
    }
    return true;
}

/* "12.5" in units of `scale` ns, as a double has too few digits; those below a ns are cut off. */
static bool scale_decimal(const char *text, size_t length, uint64_t scale, uint64_t *time)
{
    size_t whole = strspn(text, "0123456789"), i = whole;
    uint64_t fraction = 0;

    if (!whole || !scale_whole(text, whole, scale, time)) {
        return false;
    }
    if (i < length && text[i] == '.') {
        for (i++; i < length && g_ascii_isdigit(text[i]); i++) {
            scale /= 10;
            fraction += (uint64_t)(text[i] - '0') * scale;
        }
    }
    return i == length && !__builtin_add_overflow(*time, fraction, time);
}

bool parse_time(const char *text, const char *unit, uint64_t *time)
{
    static const struct {
        const char *suffix;
        uint64_t scale;
    } units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
    size_t length = strspn(text, "0123456789.");

    if (!text[length]) {
        return parse_number(text, time);
    }
    for (size_t i = 0; strcmp(unit, "ns") == 0 && i < G_N_ELEMENTS(units); i++) {
        if (strcmp(text + length, units[i].suffix) == 0) {
            return scale_decimal(text, length, units[i].scale, time);
        }
    }
    return false;
}

static bool resolve_time(const char *option, const char *text, const char *unit, uint64_t *time)
{
    if (!text || parse_time(text, unit, time)) {
        return true;
    }
    complain("--%s %s is no time: %s", option, text,
             strcmp(unit, "ns") ? "this trace counts instructions, so give a whole number of them"
                                : "write 1500000 (ns), 1500us, 1.5ms or 12.345678s");
    return false;
}

static bool unknown_type(const struct osi_trace_reader *reader, const char *dir, const char *name)
{
    GString *known = g_string_new(NULL);

    for (size_t i = 0; i < osi_trace_n_types(reader); i++) {
        g_string_append_printf(known, "%s%s", i ? ", " : "", osi_trace_type(reader, i)->name);
    }
    complain("%s has no event type '%s'; it has %s", dir, name, known->str);
    g_string_free(known, TRUE);
    return false;
}

static bool resolve_types(struct selection *selection, const struct osi_trace_reader *reader,
                          const char *dir)
{
    for (size_t i = 0; i < OSI_TRACE_MAX_TYPES; i++) {
        selection->types[i] = !selection->events;
    }
    for (size_t i = 0; selection->events && selection->events[i]; i++) {
        int type = osi_trace_find_type(reader, selection->events[i]);

        if (type < 0) {
            return unknown_type(reader, dir, selection->events[i]);
        }
        selection->types[type] = true;
    }
    return true;
}

static bool resolve_cpus(struct selection *selection, const char *dir)
{
    for (unsigned i = 0; i < selection->n_streams; i++) {
        selection->streams[i] = !selection->cpus;
    }
    for (size_t i = 0; selection->cpus && selection->cpus[i]; i++) {
        uint64_t cpu;

        if (!parse_number(selection->cpus[i], &cpu)) {
            complain("--cpu %s is no number", selection->cpus[i]);
            return false;
        }
        if (cpu >= selection->n_streams) {
            complain("%s has no CPU %" G_GUINT64_FORMAT "; it has %u, counted from 0", dir, cpu,
                     selection->n_streams);
            return false;
        }
        selection->streams[cpu] = true;
        selection->only_stream = i == 0 ? (int)cpu : -1;
    }
    return true;
}

bool selection_resolve(struct selection *selection, const struct osi_trace_reader *reader,
                       const char *dir)
{
    const char *unit = trace_unit(reader);

    selection->n_streams = osi_trace_n_streams(reader);
    selection->streams = g_new0(bool, selection->n_streams + 1);
    selection->only_stream = -1;
    selection->from = 0;
    selection->to = UINT64_MAX;
    return resolve_time("from", selection->from_text, unit, &selection->from) &&
           resolve_time("to", selection->to_text, unit, &selection->to) &&
           resolve_types(selection, reader, dir) && resolve_cpus(selection, dir);
}

void selection_clear(struct selection *selection)
{
    g_strfreev(selection->events);
    g_strfreev(selection->cpus);
    g_free(selection->from_text);
    g_free(selection->to_text);
    g_free(selection->streams);
}

/* Times never go down, so the first event after --to is the end; the streams of other CPUs need
 * not even be decoded if only one is wanted. */
int selection_next(const struct selection *selection, struct osi_trace_reader *reader,
                   struct osi_trace_event *event)
{
    int more = selection->only_stream < 0
                   ? osi_trace_next(reader, event)
                   : osi_trace_stream_next(reader, (unsigned)selection->only_stream, event);

    return more && event->time <= selection->to;
}
