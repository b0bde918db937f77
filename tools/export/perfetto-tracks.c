/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events on tracks of our own.
 *
 * A sequence has a clock whose times are differences to the packet before, and numbers for the
 * texts that it told: an event is some ten bytes then.
 */
#include "perfetto.h"

enum {
    PACKET_CLOCKS = 6, PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_EVENT = 11,
    PACKET_INTERNED = 12, PACKET_FLAGS = 13, PACKET_CLOCK = 58, PACKET_DEFAULTS = 59,
    PACKET_TRACK = 60,
    FLAG_CLEARED = 1, FLAG_NEEDS_STATE = 2,
    CLOCKS_CLOCK = 1, CLOCK_ID = 1, CLOCK_TIME = 2, CLOCK_INCREMENTAL = 3,
    BOOTTIME = 6, OWN_CLOCK = 64,
    DEFAULTS_CLOCK = 58, DEFAULTS_EVENT = 11,
    TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT = 5,
    EVENT_ARG = 4, EVENT_TYPE = 9, EVENT_NAME = 10, EVENT_TRACK = 11,
    ARG_NAME = 1, ARG_BOOL = 2, ARG_UINT = 3, ARG_TEXT = 17,
    INTERNED_NAMES = 2, INTERNED_ARGS = 3, INTERNED_TEXTS = 29,
};

static const char *const arg_names[PF_ARGS] = {
    [PF_ARG_HWIRQ] = "hwirq",
    [PF_ARG_DELAY] = "assert_to_entry_ns",
    [PF_ARG_USER] = "user",
    [PF_ARG_SWITCHED] = "ended_in_task_switch",
    [PF_ARG_MASKED_AT] = "masked_at",
    [PF_ARG_UNMASKED_AT] = "unmasked_at",
    [PF_ARG_IDLE] = "began_idle",
    [PF_ARG_IRQ] = "irq",
    [PF_ARG_FOUND] = "call_not_seen",
};

/* Numbers are dense, unless a trace is damaged: to tell something twice does no harm. */
#define MAX_NUMBER (1u << 24)

static bool first_time(GByteArray *bits, uint32_t number)
{
    uint8_t bit = (uint8_t)(1 << (number & 7));

    if (number > MAX_NUMBER) {
        return true;
    }
    if (number >> 3 >= bits->len) {
        guint old = bits->len;

        g_byte_array_set_size(bits, (guint)MAX((number >> 3) + 1, old * 2));
        memset(bits->data + old, 0, bits->len - old);
    }
    if (bits->data[number >> 3] & bit) {
        return false;
    }
    bits->data[number >> 3] |= bit;
    return true;
}

bool pf_has_name(const struct pf_sequence *sequence, uint32_t number)
{
    const GByteArray *bits = sequence->names;

    return number <= MAX_NUMBER && number >> 3 < bits->len &&
           bits->data[number >> 3] & 1 << (number & 7);
}

void pf_track(struct pf_sequence *sequence, uint64_t track, const char *name)
{
    struct proto *packet = pf_packet(sequence->file);
    char *valid = g_utf8_make_valid(name, -1);
    size_t message;

    proto_number(packet, PACKET_SEQUENCE, sequence->id);
    message = proto_begin(packet, PACKET_TRACK);
    proto_number(packet, TRACK_UUID, track);
    proto_text(packet, TRACK_NAME, valid);
    if (track != sequence->track) {
        proto_number(packet, TRACK_PARENT, sequence->track);
    }
    proto_end(packet, message);
    pf_packet_end(sequence->file);
    g_free(valid);
}

static void put_clock(struct proto *packet, unsigned id, bool incremental)
{
    size_t clock = proto_begin(packet, CLOCKS_CLOCK);

    proto_number(packet, CLOCK_ID, id);
    proto_number(packet, CLOCK_TIME, 0);
    if (incremental) {
        proto_number(packet, CLOCK_INCREMENTAL, 1);
    }
    proto_end(packet, clock);
}

/* The clock of differences begins at the trace's time 0. */
static void put_state(struct pf_sequence *sequence)
{
    struct proto *packet = pf_packet(sequence->file);
    size_t message, event;

    proto_number(packet, PACKET_SEQUENCE, sequence->id);
    proto_number(packet, PACKET_FLAGS, FLAG_CLEARED);
    message = proto_begin(packet, PACKET_DEFAULTS);
    proto_number(packet, DEFAULTS_CLOCK, OWN_CLOCK);
    event = proto_begin(packet, DEFAULTS_EVENT);
    proto_number(packet, EVENT_TRACK, sequence->track);
    proto_end(packet, event);
    proto_end(packet, message);
    message = proto_begin(packet, PACKET_CLOCKS);
    put_clock(packet, BOOTTIME, false);
    put_clock(packet, OWN_CLOCK, true);
    proto_end(packet, message);
    pf_packet_end(sequence->file);
}

void pf_sequence_begin(struct pf_sequence *sequence, struct pf_file *file, uint32_t id,
                       uint64_t track, const char *name)
{
    *sequence = (struct pf_sequence){ .file = file, .id = id, .track = track };
    sequence->names = g_byte_array_new();
    sequence->texts = g_byte_array_new();
    sequence->args = g_byte_array_new();
    put_state(sequence);
    pf_track(sequence, track, name);
}

void pf_sequence_clear(struct pf_sequence *sequence)
{
    if (sequence->id) {
        g_byte_array_free(sequence->names, TRUE);
        g_byte_array_free(sequence->texts, TRUE);
        g_byte_array_free(sequence->args, TRUE);
        g_free(sequence->new_data.bytes);
    }
}

/* Going back in time, as the tracks of a sequence may among each other, takes the clock itself. */
void pf_event_begin(struct pf_sequence *sequence, uint64_t track, enum pf_event type, uint64_t time)
{
    struct proto *packet = sequence->packet = pf_packet(sequence->file);

    if (time >= sequence->time) {
        proto_number(packet, PACKET_TIMESTAMP, time - sequence->time);
        sequence->time = time;
    } else {
        proto_number(packet, PACKET_TIMESTAMP, time);
        proto_number(packet, PACKET_CLOCK, BOOTTIME);
    }
    proto_number(packet, PACKET_SEQUENCE, sequence->id);
    proto_number(packet, PACKET_FLAGS, FLAG_NEEDS_STATE);
    sequence->event = proto_begin(packet, PACKET_EVENT);
    proto_number(packet, EVENT_TYPE, type);
    if (track != sequence->track) {
        proto_number(packet, EVENT_TRACK, track);
    }
}

/* A text that is told with this packet. */
static void tell(struct pf_sequence *sequence, unsigned field, uint32_t number, const char *text)
{
    struct proto *data = &sequence->new_data;
    char *valid = g_utf8_make_valid(text, -1);
    size_t message = proto_begin(data, field);

    proto_number(data, 1, number);
    proto_text(data, 2, valid);
    proto_end(data, message);
    g_free(valid);
}

void pf_event_name(struct pf_sequence *sequence, uint32_t number, const char *name)
{
    proto_number(sequence->packet, EVENT_NAME, number);
    if (first_time(sequence->names, number)) {
        tell(sequence, INTERNED_NAMES, number, name);
    }
}

static size_t begin_arg(struct pf_sequence *sequence, enum pf_arg arg)
{
    size_t message = proto_begin(sequence->packet, EVENT_ARG);

    proto_number(sequence->packet, ARG_NAME, arg);
    if (first_time(sequence->args, arg)) {
        tell(sequence, INTERNED_ARGS, arg, arg_names[arg]);
    }
    return message;
}

void pf_event_number(struct pf_sequence *sequence, enum pf_arg arg, uint64_t value)
{
    size_t message = begin_arg(sequence, arg);

    proto_number(sequence->packet, ARG_UINT, value);
    proto_end(sequence->packet, message);
}

void pf_event_flag(struct pf_sequence *sequence, enum pf_arg arg)
{
    size_t message = begin_arg(sequence, arg);

    proto_number(sequence->packet, ARG_BOOL, 1);
    proto_end(sequence->packet, message);
}

void pf_event_text(struct pf_sequence *sequence, enum pf_arg arg, uint32_t number, const char *text)
{
    size_t message = begin_arg(sequence, arg);

    proto_number(sequence->packet, ARG_TEXT, number);
    proto_end(sequence->packet, message);
    if (first_time(sequence->texts, number)) {
        tell(sequence, INTERNED_TEXTS, number, text);
    }
}

void pf_event_end(struct pf_sequence *sequence)
{
    struct proto *data = &sequence->new_data;

    proto_end(sequence->packet, sequence->event);
    if (data->used) {
        proto_bytes(sequence->packet, PACKET_INTERNED, data->bytes, data->used);
        data->used = 0;
    }
    sequence->packet = NULL;
    pf_packet_end(sequence->file);
}
