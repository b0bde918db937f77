/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event types of a trace, owned copies, and their form on disk. */
#ifndef OSI_TRACE_SCHEMA_H
#define OSI_TRACE_SCHEMA_H

#include <glib.h>

#include <osinstr/trace.h>

struct osi_schema_type {
    struct osi_event_type type; /* name and fields point into this struct */
    struct osi_field fields[OSI_TRACE_MAX_FIELDS];
    bool known;     /* false: its definition was lost or is not ours to read */
    bool decodable; /* false: uses a prediction that a newer version added */
};

struct osi_schema {
    size_t n_types;
    struct osi_schema_type types[OSI_TRACE_MAX_TYPES];
};

/* Copies and checks the caller's types: 0 or -EINVAL with the reason. On
 * failure nothing is left to clear. */
int osi_schema_init(struct osi_schema *schema, const struct osi_event_type *types, size_t n_types,
                    struct osi_error *err);
void osi_schema_clear(struct osi_schema *schema);

/* Appends the payload of an event-type frame. */
void osi_schema_put(const struct osi_schema *schema, size_t type, GByteArray *payload);
/* Takes such a payload in, unless its type is known already. False: malformed. */
bool osi_schema_get(struct osi_schema *schema, const uint8_t *payload, size_t length);

#endif
