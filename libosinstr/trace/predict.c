/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four predictions. All state begins at the first event of a type in a
 * block, so that each block decodes alone. */
#include "predict.h"

#include "bytes.h"

static inline uint64_t field_of(const uint64_t *words, uint32_t at, unsigned f)
{
    return GUINT64_FROM_LE(words[at + OSI_RECORD_HEAD + f]);
}

/* A slot that has seen no key yet predicts the first value of the column: most
 * tasks have the priority that most tasks have. */
static void keyed_start(struct osi_keyed *keyed, uint64_t first)
{
    for (size_t i = 0; i < OSI_KEYED_SLOTS; i++)
        keyed->last[i] = first;
}

/* Both return the bits that any difference has; differences begin with the second value. */
static uint64_t encode_keyed(const uint64_t *words, const uint32_t *at, size_t n, unsigned f,
                             unsigned key, struct osi_keyed *keyed, uint64_t *out)
{
    uint64_t bits = 0;
    keyed_start(keyed, field_of(words, at[0], f));
    for (size_t k = 1; k < n; k++) {
        uint64_t *last = &keyed->last[osi_keyed_slot(field_of(words, at[k], key))];
        uint64_t value = field_of(words, at[k], f);
        bits |= out[k - 1] = osi_zigzag(value - *last);
        *last = value;
    }
    return bits;
}

/* The value of field `source` one event earlier; SAME and CHAIN differ in nothing else. */
static uint64_t encode_previous(const uint64_t *words, const uint32_t *at, size_t n, unsigned f,
                                unsigned source, uint64_t *out)
{
    uint64_t bits = 0, predicted = field_of(words, at[0], source);
    for (size_t k = 1; k < n; k++) {
        bits |= out[k - 1] = osi_zigzag(field_of(words, at[k], f) - predicted);
        predicted = field_of(words, at[k], source);
    }
    return bits;
}

static void encode_plain(const uint64_t *words, const uint32_t *at, size_t n, unsigned f,
                         uint64_t *out, struct osi_column *column)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t k = 0; k < n; k++) {
        uint64_t value = out[k] = field_of(words, at[k], f);
        low = MIN(low, value);
        high = MAX(high, value);
    }
    *column = (struct osi_column){out, n, low, high};
}

static void encode_signed(const uint64_t *words, const uint32_t *at, size_t n, unsigned f,
                          uint64_t *out, struct osi_column *column)
{
    uint64_t bits = 0;
    for (size_t k = 0; k < n; k++)
        bits |= out[k] = osi_zigzag(field_of(words, at[k], f));
    *column = (struct osi_column){out, n, 0, bits};
}

void osi_predict_encode(const struct osi_field *fields, unsigned f, const uint64_t *words,
                        const uint32_t *at, size_t n, struct osi_keyed *keyed, uint64_t *out,
                        struct osi_column *column, uint64_t *first)
{
    const struct osi_field *field = &fields[f];
    uint64_t bits = 0;
    *first = field_of(words, at[0], f);
    switch (field->predict) {
    case OSI_PREDICT_NONE:
        if (field->kind == OSI_FIELD_INT)
            encode_signed(words, at, n, f, out, column);
        else
            encode_plain(words, at, n, f, out, column);
        return;
    case OSI_PREDICT_SAME:
        bits = encode_previous(words, at, n, f, f, out);
        break;
    case OSI_PREDICT_CHAIN:
        bits = encode_previous(words, at, n, f, field->chain, out);
        break;
    case OSI_PREDICT_KEYED:
        bits = encode_keyed(words, at, n, f, field->chain, keyed, out);
        break;
    }
    *column = (struct osi_column){out, n - 1, 0, bits};
}

static void decode_keyed(uint64_t *values, const uint64_t *keys, size_t n,
                         struct osi_keyed *keyed)
{
    keyed_start(keyed, values[0]);
    for (size_t k = 1; k < n; k++) {
        uint64_t *last = &keyed->last[osi_keyed_slot(keys[k])];
        values[k] = *last += osi_unzigzag(values[k]);
    }
}

static void decode_same(uint64_t *values, size_t n)
{
    uint64_t last = values[0];
    for (size_t k = 1; k < n; k++)
        values[k] = last += osi_unzigzag(values[k]);
}

static void decode_chain(uint64_t *values, const uint64_t *source, size_t n)
{
    for (size_t k = 1; k < n; k++)
        values[k] = source[k - 1] + osi_unzigzag(values[k]);
}

static void decode_signed(uint64_t *values, size_t n)
{
    for (size_t k = 0; k < n; k++)
        values[k] = osi_unzigzag(values[k]);
}

/* One pass per prediction: a source is always decoded in an earlier pass. */
void osi_predict_decode(const struct osi_event_type *type, uint64_t *const *columns, size_t n,
                        struct osi_keyed *keyed)
{
    if (!n)
        return;
    for (unsigned f = 0; f < type->n_fields; f++) {
        if (type->fields[f].predict == OSI_PREDICT_SAME)
            decode_same(columns[f], n);
        else if (type->fields[f].predict == OSI_PREDICT_NONE &&
                 type->fields[f].kind == OSI_FIELD_INT)
            decode_signed(columns[f], n);
    }
    for (unsigned f = 0; f < type->n_fields; f++)
        if (type->fields[f].predict == OSI_PREDICT_CHAIN)
            decode_chain(columns[f], columns[type->fields[f].chain], n);
    for (unsigned f = 0; f < type->n_fields; f++)
        if (type->fields[f].predict == OSI_PREDICT_KEYED)
            decode_keyed(columns[f], columns[type->fields[f].chain], n, keyed);
}
