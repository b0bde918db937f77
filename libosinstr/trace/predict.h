/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns field values into differences from what the schema predicts, and back. */
#ifndef OSI_TRACE_PREDICT_H
#define OSI_TRACE_PREDICT_H

#include <stddef.h>
#include <stdint.h>

#include <osinstr/trace.h>

#include "column.h"
#include "format.h"

/* State of one column; starts anew with each block. */
struct osi_keyed {
    uint64_t last[OSI_KEYED_SLOTS];
};

/* Column of field `f` of the `n` > 0 records that start at words[at[0]],
 * words[at[1]], …: values into `out`, which *column then names. A predicted
 * field's first value, which nothing predicts, goes to *first instead. */
void osi_predict_encode(const struct osi_field *fields, unsigned f, const uint64_t *words,
                        const uint32_t *at, size_t n, struct osi_keyed *keyed, uint64_t *out,
                        struct osi_column *column, uint64_t *first);

static inline bool osi_is_predicted(const struct osi_field *field)
{
    return field->predict != OSI_PREDICT_NONE;
}

/* In place, over all columns of one type: differences in (the first value of a
 * predicted field as it is), values out. The predictions must be sound (schema.c). */
void osi_predict_decode(const struct osi_event_type *type, uint64_t *const *columns, size_t n,
                        struct osi_keyed *keyed);

#endif
