/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metadata of a CTF trace: its layout in TSDL, in the words of LTTng's kernel tracer.
 *
 * Analyses of kernel traces go by these words: that the domain is the kernel, who traced, the names of
 * events and fields. Names have a '_' before them, which readers take away: they can't be keywords then.
 */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "ctf.h"
#include "tool.h"

static const char types[] =
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
    "typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; base = 16; } := xint64_t;\n"
    "typealias integer { size = 5; align = 1; signed = false; } := uint5_t;\n\n";

static const char clock_types[] =
    "typealias integer {\n"
    "\tsize = 27; align = 1; signed = false; map = clock.monotonic.value;\n"
    "} := uint27_clock_monotonic_t;\n\n"
    "typealias integer {\n"
    "\tsize = 64; align = 8; signed = false; map = clock.monotonic.value;\n"
    "} := uint64_clock_monotonic_t;\n\n";

static const char stream[] =
    "struct packet_context {\n"
    "\tuint64_clock_monotonic_t timestamp_begin;\n"
    "\tuint64_clock_monotonic_t timestamp_end;\n"
    "\tuint64_t content_size;\n"
    "\tuint64_t packet_size;\n"
    "\tuint64_t packet_seq_num;\n"
    "\tuint64_t events_discarded;\n"
    "\tuint32_t cpu_id;\n"
    "};\n\n"
    "struct event_header_compact {\n"
    "\tenum : uint5_t { compact = 0 ... 30, extended = 31 } id;\n"
    "\tvariant <id> {\n"
    "\t\tstruct {\n"
    "\t\t\tuint27_clock_monotonic_t timestamp;\n"
    "\t\t} compact;\n"
    "\t\tstruct {\n"
    "\t\t\tuint32_t id;\n"
    "\t\t\tuint64_clock_monotonic_t timestamp;\n"
    "\t\t} extended;\n"
    "\t} v;\n"
    "} align(8);\n\n"
    "stream {\n"
    "\tid = 0;\n"
    "\tevent.header := struct event_header_compact;\n"
    "\tpacket.context := struct packet_context;\n"
    "};\n\n";

static void add_text(GChecksum *sum, const char *text)
{
    text = text ? text : "";
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

void ctf_make_uuid(const struct export *export, uint8_t *uuid)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_MD5);
    char *path = g_canonicalize_filename(export->dir, NULL);
    gsize length = CTF_UUID_SIZE;
    const char *key, *value;

    add_text(sum, path);
    for (size_t i = 0; osi_trace_info_at(export->reader, i, &key, &value); i++) {
        add_text(sum, key);
        add_text(sum, value);
    }
    add_text(sum, export->task);
    g_checksum_update(sum, (const guchar *)&export->min_duration, sizeof(export->min_duration));
    g_checksum_update(sum, (const guchar *)&export->selection.from, sizeof(export->selection.from));
    g_checksum_update(sum, (const guchar *)&export->selection.to, sizeof(export->selection.to));
    g_checksum_update(sum, (const guchar *)export->selection.types, sizeof(export->selection.types));
    g_checksum_update(sum, (const guchar *)export->selection.streams,
                      (gssize)(export->selection.n_streams * sizeof(*export->selection.streams)));
    g_checksum_get_digest(sum, uuid, &length);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x30); /* version 3: made of a name by MD5 */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    g_checksum_free(sum);
    g_free(path);
}

static void print_uuid(struct out *out, const uint8_t *uuid)
{
    char text[3];

    for (unsigned i = 0; i < CTF_UUID_SIZE; i++) {
        snprintf(text, sizeof(text), "%02x", uuid[i]);
        out_text(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
        out_text(out, text);
    }
}

/* In quotes. Control characters could not be told from an error in the text. */
static void print_string(struct out *out, const char *text)
{
    char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, CTF_MAX_TEXT));

    out_char(out, '"');
    for (const char *c = valid; *c; c++) {
        if (*c == '"' || *c == '\\') {
            out_char(out, '\\');
        }
        out_char(out, (unsigned char)*c < ' ' || *c == 127 ? '?' : *c);
    }
    out_char(out, '"');
    g_free(valid);
}

static void print_trace(struct out *out, const uint8_t *uuid)
{
    out_text(out, "trace {\n\tmajor = 1;\n\tminor = 8;\n\tuuid = \"");
    print_uuid(out, uuid);
    out_text(out, "\";\n\tbyte_order = le;\n\tpacket.header := struct {\n\t\tuint32_t magic;\n"
                  "\t\tuint8_t uuid[16];\n\t\tuint32_t stream_id;\n\t};\n};\n\n");
}

static void print_fact(struct out *out, const char *key, const char *value)
{
    char *name = g_strconcat("osinstr_", key, NULL);

    g_strcanon(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_", '_');
    out_char(out, '\t');
    out_text(out, name);
    out_text(out, " = ");
    print_string(out, value);
    out_text(out, ";\n");
    g_free(name);
}

/* What the recorder noted; a key that it noted several times has its last value. */
static void print_environment(struct out *out, const struct osi_trace_reader *reader)
{
    const char *key, *value;

    out_text(out, "env {\n\thostname = \"guest\";\n\tdomain = \"kernel\";\n\tsysname = \"Linux\";\n"
                  "\ttracer_name = \"lttng-modules\";\n\ttracer_major = 2;\n\ttracer_minor = 11;\n"
                  "\ttracer_patchlevel = 0;\n");
    if (strcmp(trace_unit(reader), "ns") != 0) {
        out_text(out, "\tosinstr_time = \"a nanosecond here is an instruction\";\n");
    }
    for (size_t i = 0; osi_trace_info_at(reader, i, &key, &value); i++) {
        if (osi_trace_info(reader, key) == value) {
            print_fact(out, key, value);
        }
    }
    out_text(out, "};\n\n");
}

static void print_clock(struct out *out, const struct osi_trace_reader *reader)
{
    const char *unit = trace_unit(reader);

    out_text(out, "clock {\n\tname = \"monotonic\";\n\tdescription = ");
    print_string(out, strcmp(unit, "ns") == 0 ? "time of the guest, ns"
                                              : "instructions of the guest, not nanoseconds");
    out_text(out, ";\n\tfreq = 1000000000;\n\toffset = 0;\n};\n\n");
}

static const char *type_of(const struct shape_field *field)
{
    switch (field->as) {
    case SHAPE_COMM:
    case SHAPE_STRING:
        return "string";
    case SHAPE_HEX:
        return "xint64_t";
    default:
        return field->size == 8 ? field->is_signed ? "int64_t" : "uint64_t"
               : field->is_signed ? "int32_t"
                                  : "uint32_t";
    }
}

static void print_head(struct out *out, const char *name, uint32_t id)
{
    out_text(out, "event {\n\tname = ");
    print_string(out, name);
    out_text(out, ";\n\tid = ");
    out_dec(out, id);
    out_text(out, ";\n\tstream_id = 0;\n\tfields := struct {\n");
}

static void print_shape(struct out *out, const struct shape *shape)
{
    print_head(out, shape->name, shape->id);
    for (unsigned i = 0; i < shape->n; i++) {
        out_text(out, "\t\t");
        out_text(out, type_of(&shape->fields[i]));
        out_text(out, " _");
        out_text(out, shape->fields[i].name);
        out_text(out, ";\n");
    }
    out_text(out, "\t};\n};\n\n");
}

void ctf_print_metadata(struct out *out, const struct export *export, const struct shapes *shapes,
                        uint32_t statedump_id, const uint8_t *uuid)
{
    const struct shape *shape;

    out_text(out, "/* CTF 1.8 */\n\n");
    out_text(out, types);
    print_trace(out, uuid);
    print_environment(out, export->reader);
    print_clock(out, export->reader);
    out_text(out, clock_types);
    out_text(out, stream);
    for (size_t i = 0; (shape = shapes_at(shapes, i)); i++) {
        print_shape(out, shape);
    }
    print_head(out, "lttng_statedump_process_state", statedump_id);
    out_text(out, "\t\tint32_t _tid;\n\t\tint32_t _pid;\n\t\tint32_t _ppid;\n\t\tstring _name;\n"
                  "\t\tint32_t _status;\n\t};\n};\n");
}
